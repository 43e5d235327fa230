#include "node/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "keys/text.h"
#include "node/render.h"
#include "node/times.h"

static bool is_open, in_journal;

void log_open(void)
{
    is_open = true;
    in_journal = getenv("JOURNAL_STREAM") != NULL;
}

static void write_line(const char *priority, const char *mark, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
static void write_line(const char *priority, const char *mark, const char *format, va_list args)
{
    char text[1024], stamp[TIMES_TEXT_BYTES];
    struct timespec now = {0};
    vsnprintf(text, sizeof text, text_tr(format), args);
    if (in_journal)
        fputs(priority, stderr);
    else {
        (void)clock_gettime(CLOCK_REALTIME, &now);
        times_format((uint64_t)now.tv_sec * 1000, stamp);
        fprintf(stderr, "%s %s", stamp, mark[0] != '\0' ? text_tr(mark) : "");
    }
    render_text_n(stderr, text, strlen(text));
    fputc('\n', stderr);
}

void log_info(const char *format, ...)
{
    va_list args;
    if (!is_open)
        return;
    va_start(args, format);
    write_line("<6>", "", format, args);
    va_end(args);
}

void log_warning(const char *format, ...)
{
    va_list args;
    if (!is_open)
        return;
    va_start(args, format);
    write_line("<4>", N_("warning: "), format, args);
    va_end(args);
}
