/* Refusals met by a test program, word by word, and a walk through the sources that shows that none was left out. */
#ifndef GMM_TESTS_REFUSALS_FIXTURE_H
#define GMM_TESTS_REFUSALS_FIXTURE_H

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/error.h"

static char refusals_heard[160][sizeof((struct gmm_msg *)0)->text];
static size_t refusals_count;

/* '#' stands for a digit of a key or an id. */
static inline bool refusals_alike(const char *text, const char *wanted)
{
    for (; *wanted != '\0'; text++, wanted++)
        if (*wanted == '#' ? !isxdigit((unsigned char)*text) : *text != *wanted)
            return false;
    return *text == '\0';
}

/* A refusal was met; wanted: every word of it. */
static inline void refusals_told(const struct gmm_msg *said, const char *wanted)
{
    if (!refusals_alike(said->text, wanted))
        fail_msg("\"%s\"\n  is not \"%s\"", said->text, wanted);
    assert_true(refusals_count < sizeof refusals_heard / sizeof *refusals_heard);
    memcpy(refusals_heard[refusals_count++], said->text, sizeof said->text);
}

/* The literals from `at` on, put together; where they end. */
static inline const char *refusals_literal(const char *at, char *out, size_t size)
{
    size_t n = 0;
    while (*at == '"') {
        for (at++; *at != '"' && *at != '\0' && n + 1 < size; at++)
            out[n++] = *at;
        for (at++; isspace((unsigned char)*at); at++)
            ;
    }
    out[n] = '\0';
    return at;
}

/* Could the format have made the text? Its conversions stand for anything. */
static inline bool refusals_makes(const char *format, const char *text)
{
    char piece[512];
    bool first = true;
    for (;;) {
        size_t n = strcspn(format, "%");
        snprintf(piece, sizeof piece, "%.*s", (int)n, format);
        const char *found = first && n > 0 ? (strncmp(text, piece, n) == 0 ? text : NULL) : strstr(text, piece);
        if (found == NULL)
            return false;
        text = found + n;
        format += n;
        if (*format == '\0')
            return n == 0 || *text == '\0';
        format += strcspn(format, "dsu") + 1;
        first = false;
    }
}

/* Texts that begin at `at` and were never met: one, or those of "condition ? one : another". */
static inline unsigned refusals_missed(const char *at)
{
    char format[1024];
    unsigned missed = 0, texts = 0;
    size_t until_text = *at == '"' ? 0 : strcspn(at, "?:;\"");
    for (at += until_text; *at == '"' || *at == '?' || *at == ':';) {
        if (*at != '"')
            at++;
        at += strspn(at, " \n");
        if (*at != '"')
            break;
        at = refusals_literal(at, format, sizeof format);
        texts++;
        size_t i = 0;
        while (i < refusals_count && !refusals_makes(format, refusals_heard[i]))
            i++;
        if (i == refusals_count) {
            print_error("never met: \"%s\"\n", format);
            missed++;
        }
    }
    if (texts == 0)
        fail_msg("a refusal without a text of its own: %.60s", at);
    return missed;
}

/* refusals: "GMM_EDENIED,", … as they stand in the sources; files: of proto/, without ".c". */
static inline void refusals_none_left_out(const char *const *files, size_t file_count, const char *const *refusals,
                                          size_t refusal_count)
{
    const char *source = getenv("GMM_SOURCE");
    static char path[4096], text[1 << 17];
    unsigned missed = 0;
    if (source == NULL)
        skip(); /* run by ctest, which names the source */
    for (size_t i = 0; i < file_count; i++) {
        snprintf(path, sizeof path, "%s/proto/%s.c", source, files[i]);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        size_t n = fread(text, 1, sizeof text - 1, f);
        fclose(f);
        assert_true(n > 0 && n < sizeof text - 1);
        text[n] = '\0';
        for (size_t r = 0; r < refusal_count; r++)
            for (const char *at = strstr(text, refusals[r]); at != NULL; at = strstr(at, refusals[r])) {
                at += strlen(refusals[r]);
                missed += refusals_missed(at + strspn(at, " \n"));
            }
    }
    assert_int_equal(missed, 0);
}

#endif
