#include "node/localtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "node/lang.h"

#define DEADLINE_MS UINT64_C(1394812800000) /* 2014-03-14T16:00:00Z */

static void live_in(const char *zone, const char *locale, enum lang lang)
{
    UChar wide[64];
    UErrorCode code = U_ZERO_ERROR;
    u_uastrcpy(wide, zone);
    ucal_setDefaultTimeZone(wide, &code);
    assert_true(U_SUCCESS(code));
    assert_int_equal(setenv("LC_ALL", locale, 1), 0);
    (void)lang_use(lang);
}

static void shows(const char *wanted)
{
    char out[LOCALTIME_BYTES];
    assert_string_equal(localtime_text(DEADLINE_MS, out), wanted);
}

static void has(const char *part)
{
    char out[LOCALTIME_BYTES];
    if (strstr(localtime_text(DEADLINE_MS, out), part) == NULL)
        fail_msg("no '%s' in '%s'", part, out);
}

static void by_zone_and_language(void **state)
{
    (void)state;
    live_in("UTC", "C.UTF-8", LANG_EN);
    shows("");
    live_in("Europe/Paris", "C.UTF-8", LANG_EN);
    has("14 Mar 2014");
    has("17:00");
    live_in("UTC", "fr_CH.UTF-8", LANG_FR);
    has("14 mars 2014");
    has("16:00");
    live_in("Asia/Manila", "fr_FR.UTF-8@euro", LANG_FR);
    has("15 mars 2014");
    has("00:00");
    live_in("America/New_York", "en_US.UTF-8", LANG_EN);
    has("Mar 14, 2014");
    has("12:00");
}

/* The language of messages goes before the locale's own; what is no locale changes nothing. */
static void what_does_not_fit(void **state)
{
    (void)state;
    live_in("Europe/Paris", "de_DE.UTF-8", LANG_FR);
    has("14 mars 2014");
    live_in("Europe/Paris", "fr_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", LANG_FR);
    has("14 mars 2014");
    live_in("Europe/Paris", "", LANG_FR);
    has("14 mars 2014");
    char out[LOCALTIME_BYTES];
    localtime_text(UINT64_MAX, out);
    assert_true(strlen(out) < LOCALTIME_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(by_zone_and_language), cmocka_unit_test(what_does_not_fit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
