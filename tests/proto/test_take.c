#include "proto/take.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static const struct gmm_id one = {.b = {1}}, two = {.b = {2}}, three = {.b = {3}};

static void test_set(void **state)
{
    const struct take_group groups[] = {{one, 1000}, {two, TAKE_NOTHING}};
    struct take take = {0};
    (void)state;
    assert_int_equal(take_since(&take, &one), 0);
    assert_false(take_is_metered(&take, &one));
    assert_int_equal(take_set(&take, groups, 2, &three, 1), GMM_OK);
    assert_int_equal(take_since(&take, &one), 1000);
    assert_true(take_since(&take, &two) == TAKE_NOTHING);
    assert_int_equal(take_since(&take, &three), 0);
    assert_true(take_is_metered(&take, &three));
    assert_false(take_is_metered(&take, &one));
    assert_int_equal(take_set(&take, NULL, 0, NULL, 0), GMM_OK);
    assert_int_equal(take_since(&take, &one), 0);
    assert_false(take_is_metered(&take, &three));
    take_close(&take);
}

/* What was there stays when memory ends. */
static void test_memory(void **state)
{
    const struct take_group group = {one, 1000};
    struct take take = {0};
    (void)state;
    assert_int_equal(take_set(&take, &group, 1, NULL, 0), GMM_OK);
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = take_set(&take, NULL, 0, &two, 1);
        if (!failmalloc_off())
            break;
        assert_int_equal(err, GMM_ENOMEM);
        assert_int_equal(take_since(&take, &one), 1000);
    }
    assert_true(take_is_metered(&take, &two));
    take_close(&take);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_set), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
