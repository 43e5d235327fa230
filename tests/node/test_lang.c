#include "node/lang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *lc_all, *messages, *lang, *language;
static char *get(const char *name)
{
    const char *value = strcmp(name, "LC_ALL") == 0        ? lc_all
                        : strcmp(name, "LC_MESSAGES") == 0 ? messages
                        : strcmp(name, "LANG") == 0        ? lang
                        : strcmp(name, "LANGUAGE") == 0    ? language
                                                           : NULL;
    return (char *)(uintptr_t)value;
}

static void check(enum lang wanted, const char *a, const char *m, const char *l, const char *list)
{
    lc_all = a;
    messages = m;
    lang = l;
    language = list;
    assert_int_equal(lang_of_environment(get), wanted);
}

static void test_environment(void **state)
{
    (void)state;
    check(LANG_EN, NULL, NULL, NULL, NULL);
    check(LANG_FR, NULL, "fr_CH.UTF-8", "en_US.UTF-8", NULL);
    check(LANG_FR, "C.UTF-8", "fr", NULL, NULL);
    check(LANG_FR, "C.UTF-8", NULL, NULL, "de:fr");
    check(LANG_EN, "C", "fr", "fr", "fr");
    check(LANG_EN, "en_GB.UTF-8", "fr", NULL, NULL);
    check(LANG_EN, "de_DE.UTF-8", NULL, NULL, NULL);
    check(LANG_EN, NULL, NULL, "fr_FR.UTF-8", "en");
}

static void test_texts(void **state)
{
    struct gmm_msg msg;
    (void)state;
    assert_int_equal(lang_use(LANG_FR), LANG_EN);
    assert_string_equal(gmm_err_text(GMM_ENOTFOUND), "introuvable");
    assert_int_equal(gmm_fail(&msg, GMM_EUSAGE, "unknown command '%s'", "x"), GMM_EUSAGE);
    assert_string_equal(msg.text, "commande inconnue «\u00a0x\u00a0»");
    assert_string_equal(lang_word("accepted-in-part"), "accepté en partie");
    assert_string_equal(lang_word("somebody's own"), "somebody's own");
    assert_int_equal(lang_use(LANG_EN), LANG_FR);
    assert_string_equal(gmm_err_text(GMM_ENOTFOUND), "not found");
    assert_string_equal(lang_word("objection"), "objection");
}

static void test_names(void **state)
{
    enum lang out;
    (void)state;
    assert_int_equal(lang_parse(&out, "fr-CH"), GMM_OK);
    assert_int_equal(out, LANG_FR);
    assert_int_equal(lang_parse(&out, "EN_us.UTF-8"), GMM_OK);
    assert_int_equal(out, LANG_EN);
    assert_int_equal(lang_parse(&out, "de"), GMM_ENOTFOUND);
    assert_int_equal(lang_parse(&out, "french"), GMM_ENOTFOUND);
    assert_int_equal(lang_parse(&out, ""), GMM_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_environment), cmocka_unit_test(test_texts),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
