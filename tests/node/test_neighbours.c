#include "node/neighbours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#define OFFICES 10u
#define NOW 1000u

static struct view_office offices[OFFICES];
static struct view_participant participants[2];
static char addresses[OFFICES][2][LIMIT_ADDRESS_TEXT + 1];
static struct view view;
static bool taken[OFFICES];

static bool is_taken(const void *arg, const struct gmm_id *noise_pk)
{
    return ((const bool *)arg)[noise_pk->b[0]];
}

/* Ten offices: the first is ours, the second has no address, the third is revoked, the fourth's certificate has
 * expired, the fifth is of an expelled participant; five may be dialled. */
static int set_up(void **state)
{
    (void)state;
    memset(taken, 0, sizeof taken);
    for (uint8_t i = 0; i < 2; i++)
        participants[i] = (struct view_participant){.pid = {{i}}, .status = i == 0 ? VIEW_ACTIVE : VIEW_EXPELLED};
    for (uint8_t i = 0; i < OFFICES; i++) {
        snprintf(addresses[i][0], sizeof addresses[i][0], "a%u:7466", i);
        snprintf(addresses[i][1], sizeof addresses[i][1], "b%u:7466", i);
        offices[i] = (struct view_office){.pid = {{i == 4 ? 1 : 0}},
                                          .sign_pk = {{i}},
                                          .noise_pk = {{i}},
                                          .status = i == 2 ? VIEW_OFFICE_REVOKED : VIEW_OFFICE_ACTIVE,
                                          .not_after_ms = i == 3 ? NOW - 1 : NOW,
                                          .address_count = i == 1 ? 0 : 2,
                                          .addresses = (const char(*)[LIMIT_ADDRESS_TEXT + 1]) addresses[i]};
    }
    view = (struct view){
        .offices = offices, .office_count = OFFICES, .participants = participants, .participant_count = 2};
    return 0;
}

static bool choose(uint64_t random, size_t *office, const char **address)
{
    const struct view_office *found = NULL;
    struct gmm_id self = {{0}};
    if (!neighbours_choose(&view, &self, NOW, is_taken, taken, random, &found, address))
        return false;
    *office = (size_t)(found - offices);
    return true;
}

static void test_all_with_the_same_chance(void **state)
{
    size_t seen[OFFICES] = {0}, office = 0, second = 0;
    const char *address = NULL;
    (void)state;
    for (uint64_t n = 0; n < 1000; n++) {
        assert_true(choose(n | n << 32, &office, &address));
        seen[office]++;
        second += address == addresses[office][1];
    }
    for (size_t i = 0; i < OFFICES; i++)
        assert_int_equal(seen[i], i < 5 ? 0 : 200);
    assert_int_equal(second, 500);
}

static void test_until_none_is_left(void **state)
{
    size_t office = 0;
    const char *address = NULL;
    (void)state;
    for (unsigned n = 0; n < 5; n++) {
        assert_true(choose(UINT64_MAX - n, &office, &address));
        assert_false(taken[office]);
        taken[office] = true;
    }
    assert_false(choose(7, &office, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_all_with_the_same_chance, set_up),
                                       cmocka_unit_test_setup(test_until_none_is_left, set_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
