#include "node/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ITEMS 1000u
#define WINDOW 8u

/* How often each item was made, in a ring as users have it. */
struct made {
    size_t at;
    unsigned times;
};
struct making {
    struct made ring[WINDOW + 1];
    unsigned times[ITEMS];
    size_t next; /* AHEAD_ALONE: goes on where the one before ended */
};

static void make(void *arg, size_t at)
{
    struct making *m = arg;
    m->ring[at % (WINDOW + 1)] = (struct made){at, 1};
    m->times[at]++;
}

static void make_alone(void *arg, size_t at)
{
    struct making *m = arg;
    m->ring[at % (WINDOW + 1)] = (struct made){m->next++, 1};
    m->times[at]++;
}

static void take_all(struct making *m, size_t window, enum ahead_how how, ahead_make_fn *fn)
{
    struct ahead *a = NULL;
    assert_int_equal(ahead_new(&a, ITEMS, window, how, fn, m), GMM_OK);
    for (size_t i = 0; i < ITEMS; i++) {
        ahead_take(a);
        const struct made *made = &m->ring[i % (WINDOW + 1)];
        assert_int_equal(made->at, i);
        assert_int_equal(made->times, 1);
    }
    ahead_free(a);
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(m->times[i], 1);
}

static void test_each_once_and_in_order(void **state)
{
    (void)state;
    for (size_t window = 1; window <= WINDOW; window += WINDOW - 1) {
        struct making both = {.next = 0}, alone = {.next = 0};
        take_all(&both, window, AHEAD_BOTH, make);
        take_all(&alone, window, AHEAD_ALONE, make_alone);
        assert_int_equal(alone.next, ITEMS);
    }
}

/* No more than the window is made ahead, and what is under way at the end is waited for. */
static void test_window(void **state)
{
    struct making m = {.next = 0};
    struct ahead *a = NULL;
    (void)state;
    assert_int_equal(ahead_new(&a, ITEMS, WINDOW, AHEAD_ALONE, make, &m), GMM_OK);
    ahead_take(a);
    ahead_free(a);
    assert_int_equal(m.times[0], 1);
    for (size_t i = WINDOW + 1; i < ITEMS; i++)
        assert_int_equal(m.times[i], 0);
}

static void test_nothing_taken(void **state)
{
    struct making m = {.next = 0};
    struct ahead *a = NULL;
    (void)state;
    assert_int_equal(ahead_new(&a, 0, WINDOW, AHEAD_BOTH, make, &m), GMM_OK);
    ahead_free(a);
    assert_int_equal(ahead_new(&a, ITEMS, WINDOW, AHEAD_BOTH, make, &m), GMM_OK);
    ahead_free(a);
    ahead_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once_and_in_order),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_nothing_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
