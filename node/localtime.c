#include "node/localtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/udat.h>
#include <unicode/ustring.h>

#include "node/lang.h"

#define LOCALE_BYTES 32

/* "fr_CH" from "fr_CH.UTF-8". */
static void find_locale(char out[LOCALE_BYTES])
{
    static const char *const variables[] = {"LC_ALL", "LC_TIME", "LANG"};
    snprintf(out, LOCALE_BYTES, "%s", lang_used() == LANG_EN ? "en_GB" : lang_name(lang_used()));
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        enum lang lang;
        size_t len = value == NULL ? 0 : strcspn(value, ".@");
        if (len < 5 || len >= LOCALE_BYTES || lang_parse(&lang, value) != GMM_OK || lang != lang_used())
            continue;
        snprintf(out, LOCALE_BYTES, "%.*s", (int)len, value);
        return;
    }
}

/* Of the default zone at that time. */
static int32_t offset_ms(double ms, UErrorCode *code)
{
    UCalendar *calendar = ucal_open(NULL, 0, NULL, UCAL_GREGORIAN, code);
    if (U_FAILURE(*code))
        return 0;
    ucal_setMillis(calendar, ms, code);
    int32_t offset = ucal_get(calendar, UCAL_ZONE_OFFSET, code) + ucal_get(calendar, UCAL_DST_OFFSET, code);
    ucal_close(calendar);
    return offset;
}

const char *localtime_text(uint64_t ms, char out[LOCALTIME_BYTES])
{
    char locale[LOCALE_BYTES];
    UChar wide[LOCALTIME_BYTES];
    UErrorCode code = U_ZERO_ERROR;
    int32_t len = 0;
    out[0] = '\0';
    int32_t offset = offset_ms((double)ms, &code);
    if (U_FAILURE(code) || (offset == 0 && lang_used() == LANG_EN))
        return out;
    find_locale(locale);
    UDateFormat *format = udat_open(UDAT_SHORT, UDAT_MEDIUM, locale, NULL, 0, NULL, 0, &code);
    if (U_FAILURE(code))
        return out;
    len = udat_format(format, (double)ms, wide, LOCALTIME_BYTES, NULL, &code);
    udat_close(format);
    u_strToUTF8(out, LOCALTIME_BYTES, &len, wide, len, &code);
    if (U_FAILURE(code) || len >= LOCALTIME_BYTES)
        out[0] = '\0';
    return out;
}
