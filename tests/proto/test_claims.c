#include "proto/claims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/world.h"

static struct world w;
static struct gmm_id all;
static struct run_key key; /* iom's log in all */
static struct offices offices;
static struct state s;
static struct anchors *anchors;
static struct terms terms;

/* The state behind the admissions; anchors are put aside, with their times. */
static int setup(void **state)
{
    (void)state;
    static const char *const names[] = {"iom", "wb", "unu", "who"};
    world_open(&w, NULL);
    for (unsigned i = 0; i < 4; i++)
        world_join(&w, names[i], IDENTITY_MEMBER);
    world_gid_all(&w, &all);
    world_log_of(&w, 1, &all, &key);
    anchors = anchors_new();
    terms_found(&terms, directory_charter(w.directory));
    if (anchors == NULL || offices_make(&offices, w.directory) != GMM_OK ||
        state_open(&s, w.directory, &offices, &terms) != GMM_OK)
        return -1;
    for (unsigned i = 0; i < w.entry_count; i++) {
        struct control_admit admit;
        if (control_admit_decode(&admit, &w.nid, w.entries[i].body, w.entries[i].len) != GMM_OK ||
            state_admit(&s, NULL, &admit, true) != GMM_OK)
            return -1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    state_close(&s);
    offices_close(&offices);
    anchors_free(anchors);
    world_close(&w);
    return 0;
}

static uint64_t anchor(unsigned office, uint64_t seq)
{
    const struct control_anchor_head head = {.author = key.author, .instance = key.instance, .seq = seq};
    const struct world_entry *e = &w.entries[world_anchor(&w, office, &all, &head, 1)];
    struct header h;
    assert_int_equal(header_decode(&h, e->header), GMM_OK);
    assert_int_equal(anchors_add(anchors, &h, &e->id, e->body, e->len), GMM_OK);
    return h.time;
}

static uint64_t covered(uint64_t before, unsigned need)
{
    uint64_t seq;
    assert_int_equal(claims_covered(&seq, anchors, &s, &key, before, need), GMM_OK);
    return seq;
}

static void the_second_farthest_of_two(void **state)
{
    (void)state;
    assert_true(covered(UINT64_MAX, 2) == UINT64_MAX);
    anchor(0, 9);
    assert_true(covered(UINT64_MAX, 2) == UINT64_MAX && covered(UINT64_MAX, 1) == 9);
    anchor(0, 20); /* twice the same participant is one */
    assert_true(covered(UINT64_MAX, 2) == UINT64_MAX);
    uint64_t third = anchor(2, 5);
    assert_int_equal(covered(UINT64_MAX, 2), 5);
    anchor(3, 12);
    assert_int_equal(covered(UINT64_MAX, 2), 12);
    assert_int_equal(covered(UINT64_MAX, 3), 5);
    assert_true(covered(third, 2) == UINT64_MAX);
    assert_int_equal(covered(third + 1, 2), 5);
}

static void whose_anchors_count(void **state)
{
    (void)state;
    struct claims c;
    anchor(1, 9); /* its own */
    assert_true(covered(UINT64_MAX, 1) == UINT64_MAX);
    unsigned stranger = world_certified(&w, world_participant(&w, "stranger", IDENTITY_MEMBER), "hq", 0);
    anchor(stranger, 9);
    assert_true(covered(UINT64_MAX, 1) == UINT64_MAX);
    w.now_ms += 4 * WORLD_YEAR_MS;
    anchor(2, 9); /* its certificate had expired */
    assert_true(covered(UINT64_MAX, 1) == UINT64_MAX);
    w.now_ms -= 4 * WORLD_YEAR_MS - 60000;
    w.instance++;
    anchor(2, 9);
    assert_int_equal(covered(UINT64_MAX, 1), 9);
    assert_int_equal(claims_make(&c, anchors, &s, &key, UINT64_MAX), GMM_OK);
    assert_true(c.units == 4 && c.count == 1);
    claims_close(&c);
    /* of a group that nobody knows nothing is claimed */
    struct run_key other = key;
    other.group = w.nid;
    assert_int_equal(claims_make(&c, anchors, &s, &other, UINT64_MAX), GMM_OK);
    assert_true(c.units == 0 && c.count == 0);
    claims_close(&c);
}

static void without_memory(void **state)
{
    (void)state;
    struct claims c;
    anchor(0, 9);
    failmalloc_at(0);
    enum gmm_err err = claims_make(&c, anchors, &s, &key, UINT64_MAX);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    assert_null(c.list);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_second_farthest_of_two),
        TEST(whose_anchors_count),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
