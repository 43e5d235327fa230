#include "node/retell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys/text.h"
#include "node/lang.h"

/* What gmm_fail makes of a text in English, told in French, is what it makes in French. */
#define SAME(...)                                                                                                      \
    do {                                                                                                               \
        struct gmm_msg english, french;                                                                                \
        char out[RETELL_BYTES];                                                                                        \
        (void)lang_use(LANG_EN);                                                                                       \
        gmm_fail(&english, GMM_OK, __VA_ARGS__);                                                                       \
        assert_string_equal(retell(english.text, out), english.text);                                                  \
        (void)lang_use(LANG_FR);                                                                                       \
        gmm_fail(&french, GMM_OK, __VA_ARGS__);                                                                        \
        assert_string_not_equal(english.text, french.text);                                                            \
        assert_string_equal(retell(english.text, out), french.text);                                                   \
    } while (0)

static void told_as_it_would_have_been(void **state)
{
    (void)state;
    SAME("closed by the other side");
    SAME("the chair (%s) must admit it: gmm roster add %s", "ilo", "iom");
    SAME("%zu requests wait here already: ask again later", (size_t)64);
    SAME("it is proposed, and supported by %u of %u: the others run gmm roster cosign %s", 2u, 6u, "unu");
    SAME("unknown command '%s'", "a (b) 'c': %d %s");
    SAME("'%s' ends too early; what it has is taken in", "");
}

static void the_inner_one_too(void **state)
{
    char out[RETELL_BYTES];
    (void)state;
    (void)lang_use(LANG_FR);
    const char *told = retell("the request was refused: 64 requests wait here already: ask again later", out);
    assert_non_null(strstr(told, "64 demandes"));
    assert_null(strstr(told, "request"));
}

static void what_is_not_ours_stays(void **state)
{
    static const char *const texts[] = {"",  "a",  "somebody's own words: %s %n",
                                        "%", "%s", "x requests wait here already: ask again later"};
    char out[RETELL_BYTES], longest[3 * RETELL_BYTES];
    (void)state;
    (void)lang_use(LANG_FR);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_string_equal(retell(texts[i], out), texts[i]);
    memset(longest, '\'', RETELL_BYTES - 1); /* made to be slow */
    longest[RETELL_BYTES - 1] = '\0';
    assert_ptr_equal(retell(longest, out), longest);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_ptr_equal(retell(longest, out), longest);
    snprintf(longest, RETELL_BYTES, "the chair (%0900d) must admit it: gmm roster add %060d", 7, 7);
    assert_true(strlen(retell(longest, out)) >= 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(told_as_it_would_have_been),
                                       cmocka_unit_test(the_inner_one_too), cmocka_unit_test(what_is_not_ours_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
