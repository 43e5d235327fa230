#include "proto/stores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct core core;
static struct stores *stores;

static int setup(void **state)
{
    (void)state;
    core = (struct core){.effects = effects_new()};
    stores = stores_new();
    return core.effects == NULL || stores == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    stores_free(stores);
    effects_free(core.effects);
    return 0;
}

/* A store of nothing, or of a chunk; its ticket. */
static uint64_t store(bool chunk)
{
    struct effect *effect = core_store(&core);
    assert_non_null(effect);
    uint64_t ticket = effect->ticket;
    effect->as.store.has_chunk = chunk;
    effect->as.store.chunk_id = (struct gmm_id){{(uint8_t)ticket}};
    assert_int_equal(stores_note(stores, &core), GMM_OK);
    return ticket;
}

static void take(uint64_t ticket)
{
    struct stores_item *item = stores_take(stores, ticket);
    assert_true(item != NULL && item->ticket == ticket);
    stores_item_free(item);
}

static void in_their_order(void **state)
{
    (void)state;
    assert_true(stores_oldest(stores) == 0 && stores_take(stores, 1) == NULL && stores_take_any(stores) == NULL);
    uint64_t one = store(false), two = store(false);
    assert_null(stores_take(stores, two)); /* not before the one before it */
    assert_true(stores_oldest(stores) == one);
    take(one);
    assert_null(stores_take(stores, one)); /* once */
    take(two);
    assert_true(stores_oldest(stores) == 0);
}

/* The others wait for none of them, and what is oldest is told truly. */
static void chunks_whenever_they_are_done(void **state)
{
    (void)state;
    uint64_t one = store(true), two = store(false), three = store(true), other = store(false), four = store(true);
    take(three);
    assert_null(stores_take(stores, three));
    assert_null(stores_take(stores, other)); /* two is before it */
    take(two);
    assert_true(stores_oldest(stores) == one);
    take(other);
    take(one);
    assert_true(stores_oldest(stores) == four);
    assert_null(stores_take(stores, four + 1));
    take(four);
    assert_true(stores_oldest(stores) == 0);
}

static void any_for_a_failure(void **state)
{
    (void)state;
    uint64_t one = store(false), two = store(true);
    struct stores_item *item = stores_take_any(stores);
    assert_true(item != NULL && item->ticket == one);
    stores_item_free(item);
    item = stores_take_any(stores);
    assert_true(item != NULL && item->ticket == two && item->has_chunk && item->chunk_id.b[0] == (uint8_t)two);
    stores_item_free(item);
    assert_null(stores_take_any(stores));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(in_their_order),
        TEST(chunks_whenever_they_are_done),
        TEST(any_for_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
