#include "proto/doorkeeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define START 1700000000000ull

static struct doorkeeper d;

/* A gate that differs from those of other numbers. */
static enum gmm_err ask(uint32_t number)
{
    uint8_t gate[DOORKEEPER_GATE_BYTES] = {0};
    memcpy(gate + 12, &number, sizeof number);
    return doorkeeper_ask(&d, gate);
}

static void take_all(uint32_t from)
{
    for (uint32_t i = 0; i < LIMIT_HANDSHAKES_SECOND; i++)
        assert_int_equal(ask(from + i), GMM_OK);
}

static void test_rate(void **state)
{
    (void)state;
    doorkeeper_init(&d, START);
    take_all(0);
    assert_int_equal(ask(100), GMM_ELIMIT);
    doorkeeper_time(&d, START + 1000 / LIMIT_HANDSHAKES_SECOND - 1);
    assert_int_equal(ask(100), GMM_ELIMIT);
    /* Asked in vain it is not remembered: the same message may come again. */
    doorkeeper_time(&d, START + 1000 / LIMIT_HANDSHAKES_SECOND);
    assert_int_equal(ask(100), GMM_OK);
    assert_int_equal(ask(101), GMM_ELIMIT);
    /* However long nobody came, a second's worth and no more. */
    doorkeeper_time(&d, START + 86400000);
    take_all(200);
    assert_int_equal(ask(300), GMM_ELIMIT);
    doorkeeper_time(&d, UINT64_MAX);
    take_all(400);
    assert_int_equal(ask(500), GMM_ELIMIT);
}

static void test_time_in_small_steps(void **state)
{
    (void)state;
    doorkeeper_init(&d, START);
    take_all(0);
    uint32_t passed = 0;
    for (uint64_t ms = 1; ms <= 10000; ms++) {
        doorkeeper_time(&d, START + ms);
        if (ask(1000 + passed) == GMM_OK)
            passed++;
    }
    assert_int_equal(passed, 10 * LIMIT_HANDSHAKES_SECOND);
}

static void test_clock_set_back(void **state)
{
    (void)state;
    doorkeeper_init(&d, START);
    take_all(0);
    doorkeeper_time(&d, START - 3600000);
    assert_int_equal(ask(100), GMM_ELIMIT);
    doorkeeper_time(&d, START - 3600000 + 1000);
    take_all(200);
    assert_int_equal(ask(300), GMM_ELIMIT);
}

static void test_each_once(void **state)
{
    (void)state;
    doorkeeper_init(&d, START);
    assert_int_equal(ask(0), GMM_OK);
    for (unsigned i = 0; i < 10 * LIMIT_HANDSHAKES_SECOND; i++)
        assert_int_equal(ask(0), GMM_EDENIED);
    for (uint32_t i = 1; i < LIMIT_HANDSHAKES_SECOND; i++)
        assert_int_equal(ask(i), GMM_OK); /* the repeated ones took nothing */
    assert_int_equal(ask(0), GMM_EDENIED);
    assert_int_equal(ask(1000), GMM_ELIMIT);
}

/* The ring forgets the oldest, never a newer one. */
static void test_ring(void **state)
{
    (void)state;
    doorkeeper_init(&d, START);
    for (uint32_t i = 0; i < DOORKEEPER_GATES; i++) {
        doorkeeper_time(&d, START + 1000 * (uint64_t)i);
        assert_int_equal(ask(i), GMM_OK);
    }
    assert_int_equal(ask(0), GMM_EDENIED);
    assert_int_equal(ask(DOORKEEPER_GATES), GMM_OK);
    for (uint32_t i = 1; i <= DOORKEEPER_GATES; i++)
        assert_int_equal(ask(i), GMM_EDENIED);
    assert_int_equal(ask(0), GMM_OK);
    assert_int_equal(ask(1), GMM_OK);
    assert_int_equal(ask(3), GMM_EDENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rate), cmocka_unit_test(test_time_in_small_steps),
                                       cmocka_unit_test(test_clock_set_back), cmocka_unit_test(test_each_once),
                                       cmocka_unit_test(test_ring)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
