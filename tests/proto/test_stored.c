#include "proto/stored.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/anchors.h"
#include "proto/state.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/world.h"

static struct world w;
static struct gmm_id all;
static struct run_key key; /* iom's log in all */
static struct offices offices;
static struct state s;
static struct anchors *anchors;
static struct terms terms;

/* The state behind the admissions; anchors are put aside. */
static int setup(void **state)
{
    (void)state;
    static const char *const names[] = {"iom", "wb", "unu"};
    world_open(&w, NULL);
    for (unsigned i = 0; i < 3; i++)
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

static uint64_t anchor(unsigned office, const struct gmm_id *gid, uint64_t seq)
{
    const struct control_anchor_head head = {.author = key.author, .instance = key.instance, .seq = seq};
    const struct world_entry *e = &w.entries[world_anchor(&w, office, gid, &head, 1)];
    struct header h;
    assert_int_equal(header_decode(&h, e->header), GMM_OK);
    assert_int_equal(anchors_add(anchors, &h, &e->id, e->body, e->len), GMM_OK);
    return header_time_ms(h.time);
}

static void who_holds_how_much_since_when(void **state)
{
    (void)state;
    struct stored_holding *list;
    size_t count;
    assert_int_equal(stored_holdings(anchors, &s, &key, &list, &count), GMM_OK);
    assert_int_equal(count, 0);
    free(list);
    anchor(1, &all, 30); /* its own word on itself */
    uint64_t first = anchor(2, &all, 5), second = anchor(2, &all, 9);
    uint64_t other = anchor(0, &all, 7);
    anchor(world_certified(&w, world_participant(&w, "stranger", IDENTITY_MEMBER), "hq", 0), &all, 9);
    assert_int_equal(stored_holdings(anchors, &s, &key, &list, &count), GMM_OK);
    assert_int_equal(count, 3);
    bool seen[3] = {false};
    for (size_t i = 0; i < count; i++) {
        seen[0] = seen[0] || (list[i].seq == 5 && list[i].time_ms == first);
        seen[1] = seen[1] || (list[i].seq == 9 && list[i].time_ms == second);
        seen[2] = seen[2] || (list[i].seq == 7 && list[i].time_ms == other);
        assert_true(list[i].seq == 7 || id_equal(&list[i].pid, &s.participants[2].pid));
    }
    assert_true(seen[0] && seen[1] && seen[2]);
    free(list);
}

static void nobody_of_an_internal_group(void **state)
{
    (void)state;
    struct stored_holding *list;
    size_t count;
    struct run_key inside = key;
    world_gid_internal(&w, 1, &inside.group);
    key = inside;
    anchor(1, &inside.group, 4);
    assert_int_equal(stored_holdings(anchors, &s, &inside, &list, &count), GMM_OK);
    assert_true(count == 0 && list == NULL);
}

static void without_memory(void **state)
{
    (void)state;
    anchor(0, &all, 9);
    for (long at = 0;; at++) {
        struct stored_holding *list;
        size_t count;
        failmalloc_at(at);
        enum gmm_err err = stored_holdings(anchors, &s, &key, &list, &count);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        free(list);
        if (!failed)
            break;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(who_holds_how_much_since_when),
        TEST(nobody_of_an_internal_group),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
