#include "keys/error.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"

const char *gmm_err_text(enum gmm_err err)
{
    switch (err) {
#define GMM_ERR_TEXT(name, value, text)                                                                                \
    case name:                                                                                                         \
        return text_tr(text);
        GMM_ERRORS(GMM_ERR_TEXT)
#undef GMM_ERR_TEXT
    }
    return _("unknown error");
}

const char *gmm_err_name(enum gmm_err err)
{
    switch (err) {
#define GMM_ERR_NAME(name, value, text)                                                                                \
    case name:                                                                                                         \
        return #name;
        GMM_ERRORS(GMM_ERR_NAME)
#undef GMM_ERR_NAME
    }
    return "unknown error";
}

/* A message cut by its buffer must not end inside a character. */
static void cut_at_character(char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0u) == 0x80u)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t needs = lead >= 0xf0u ? 4 : lead >= 0xe0u ? 3 : lead >= 0xc0u ? 2 : 1;
    if (len - (start - 1) < needs)
        text[start - 1] = '\0';
}

enum gmm_err gmm_fail(struct gmm_msg *msg, enum gmm_err err, const char *format, ...)
{
    if (msg == NULL)
        return err;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(msg->text, sizeof msg->text, text_tr(format), args);
    va_end(args);
    if (n < 0)
        msg->text[0] = '\0';
    else if ((size_t)n >= sizeof msg->text)
        cut_at_character(msg->text, sizeof msg->text - 1);
    return err;
}
