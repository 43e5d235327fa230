#include "node/exit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const enum gmm_err all[] = {
#define VALUE(name, value, text) name,
    GMM_ERRORS(VALUE)
#undef VALUE
};
#define COUNT (sizeof all / sizeof all[0])

static void test_contract(void **state)
{
    (void)state;
    assert_int_equal(exit_of(GMM_OK), 0);
    assert_int_equal(exit_of(GMM_EFULL), 1);
    assert_int_equal(exit_of(GMM_EIO), 1);
    assert_int_equal(exit_of(GMM_EPASSPHRASE), 1);
    assert_int_equal(exit_of(GMM_EBUSY), 1);
    assert_int_equal(exit_of(GMM_EEXISTS), 1);
    assert_int_equal(exit_of(GMM_EUSAGE), 2);
    assert_int_equal(exit_of(GMM_EAMBIGUOUS), 2);
    assert_int_equal(exit_of(GMM_ENOTFOUND), 3);
    assert_int_equal(exit_of(GMM_EDENIED), 4);
    assert_int_equal(exit_of(GMM_EEXPIRED), 4);
    assert_int_equal(exit_of(GMM_EUNREACHABLE), 5);
    assert_int_equal(exit_of(GMM_ETIMEOUT), 5);
    assert_int_equal(exit_of(GMM_EABSENT), 5);
    assert_int_equal(exit_of(GMM_ECORRUPT), 6);
    assert_int_equal(exit_of(GMM_EFORK), 6);
    assert_int_equal(exit_of(GMM_ESIGNATURE), 6);
}

static void test_every_code_has_its_own_word_and_a_remedy(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_not_equal(exit_code_text(all[i]), "failed");
        assert_int_equal(strspn(exit_code_text(all[i]), "abcdefghijklmnopqrstuvwxyz-"), strlen(exit_code_text(all[i])));
        assert_int_equal(exit_remedy(all[i])[0] == '\0', all[i] == GMM_OK);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(exit_code_text(all[i]), exit_code_text(all[k]));
    }
    assert_string_equal(exit_code_text((enum gmm_err) - 1000), "failed");
    assert_int_equal(exit_of((enum gmm_err) - 1000), 1);
    assert_string_equal(exit_remedy((enum gmm_err) - 1000), "");
}

static void test_back_from_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        if (all[i] != GMM_OK)
            assert_int_equal(exit_err(exit_code_text(all[i]), 1), all[i]);
    for (int status = 1; status <= 6; status++)
        assert_int_equal(exit_of(exit_err("outcome-unknown", status)), status);
    assert_int_equal(exit_err(NULL, 99), GMM_EIO);
    assert_int_equal(exit_err("done", 0), GMM_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contract),
        cmocka_unit_test(test_back_from_words),
        cmocka_unit_test(test_every_code_has_its_own_word_and_a_remedy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
