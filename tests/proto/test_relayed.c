/* How much a relay keeps: counted by group and in all, with what is under way; unknown is no room. */
#include "proto/relayed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "keys/limits.h"
#include "tests/lib/failmalloc.h"

#define ONE ((uint64_t)LIMIT_CHUNK_SEALED)

static const struct gmm_id a = {{1}}, b = {{2}}, c = {{3}};

static void test_bounds(void **state)
{
    (void)state;
    struct relayed r = {.limited = true, .most = 10 * ONE, .group_most = 4 * ONE};
    assert_false(relayed_room(&r, &a, 0)); /* not known yet */
    assert_null(relayed_find(&r, &a));
    assert_int_equal(relayed_put(&r, &a, 3 * ONE), GMM_OK);
    assert_int_equal(relayed_put(&r, &b, 0), GMM_OK);
    assert_true(relayed_room(&r, &a, 0));
    assert_false(relayed_room(&r, &a, 1)); /* it may become room again */
    assert_false(relayed_find(&r, &a)->full);
    relayed_add(&r, &a, 1);
    assert_false(relayed_room(&r, &a, 0));
    assert_true(relayed_find(&r, &a)->full);
    assert_true(relayed_room(&r, &b, 0)); /* of that one group only */
    relayed_add(&r, &c, 100 * ONE);       /* a group that it does not relay */
    assert_true(relayed_room(&r, &b, 0));
    /* In all. */
    assert_int_equal(relayed_put(&r, &c, 6 * ONE), GMM_OK);
    assert_false(relayed_room(&r, &b, 0));
    assert_true(relayed_find(&r, &b)->full);
    assert_int_equal(relayed_put(&r, &c, 5 * ONE - 1), GMM_OK);
    assert_true(relayed_room(&r, &b, 0));
    assert_false(relayed_find(&r, &b)->full);
    relayed_close(&r);
}

static void test_extremes(void **state)
{
    (void)state;
    struct relayed r = {.limited = true, .most = ONE - 1, .group_most = UINT64_MAX};
    assert_int_equal(relayed_put(&r, &a, 0), GMM_OK);
    assert_false(relayed_room(&r, &a, 0)); /* not one of the largest */
    r.most = UINT64_MAX;
    assert_true(relayed_room(&r, &a, UINT64_MAX - ONE));
    assert_false(relayed_room(&r, &a, UINT64_MAX));
    r.limited = false;
    r.most = r.group_most = 0;
    assert_true(relayed_room(&r, &b, UINT64_MAX));
    relayed_close(&r);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    struct relayed r = {.limited = true, .most = UINT64_MAX, .group_most = UINT64_MAX};
    failmalloc_at(0);
    enum gmm_err err = relayed_put(&r, &a, 1);
    failmalloc_off();
    assert_int_equal(err, GMM_ENOMEM);
    assert_false(relayed_room(&r, &a, 0));
    relayed_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
