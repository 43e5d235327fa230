/* What anchors cost an office a day, in bytes of runs as they go over the wire, in the two largest networks that the
 * limits allow: `sim_test_anchor_bytes` prints it. GMM_SIM_SEED draws another day. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/duty.h"
#include "tests/lib/world.h"
#include "tests/sim/seeds.h"

static struct world w;
static struct gmm_id all;
static struct duty duty;

static uint64_t random_below(uint64_t *state, uint64_t below)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

/* Everything of other groups than `internal` is held by everybody. */
static struct logs *held(void)
{
    struct logs *logs = logs_new();
    assert_non_null(logs);
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[i];
        struct logs_log *log = logs_get(logs, &e->log);
        struct logs_head head = {.seq = e->seq, .id = e->id, .time = bytes_load_u64(e->header + HEADER_TIME_AT)};
        assert_non_null(log);
        log->end = UINT64_MAX;
        logs_persist(logs, log, &head, i + 1);
    }
    return logs;
}

static void ask(unsigned office)
{
    struct logs *logs = held();
    const struct duty_asker asker = {.self = &w.offices[office].sign_pk, .logs = logs, .now_ms = w.now_ms};
    duty_close(&duty);
    assert_int_equal(fold_duty(&duty, w.fold, &asker), GMM_OK);
    logs_free(logs);
}

/* One entry as a run of its own: what is sent of it. */
static uint64_t wire_bytes(unsigned entry)
{
    struct buffer out;
    const struct world_entry *e = &w.entries[entry];
    struct run *run = world_run(&w, &e->log, e->seq, 1);
    buffer_init(&out, LIMIT_RUN_BYTES);
    assert_int_equal(run_encode(&out, run), GMM_OK);
    uint64_t len = out.len;
    buffer_close(&out);
    run_free(run);
    return len;
}

/* What the office owes to the group, written: its bytes. */
static uint64_t write_anchor(unsigned office, const struct gmm_id *gid)
{
    struct buffer body;
    for (size_t i = 0; i < duty.group_count; i++) {
        const struct duty_group *group = &duty.groups[i];
        const struct control_anchor_source source = {.new_holders = group->new_holders,
                                                     .new_count = group->new_count,
                                                     .marks = group->marks,
                                                     .mark_len = group->mark_len,
                                                     .heads = group->heads,
                                                     .count = (uint16_t)group->head_count};
        if (!id_equal(&group->gid, gid))
            continue;
        buffer_init(&body, LIMIT_BODY_BYTES);
        assert_int_equal(control_anchor_encode(&body, &source), GMM_OK);
        unsigned entry = world_append(&w, office, gid, HEADER_GROUP_ANCHOR, body.p, body.len);
        buffer_close(&body);
        return wire_bytes(entry);
    }
    return 0;
}

static void a_participant_of_many_offices(void **state)
{
    (void)state;
    struct gmm_id internal;
    uint64_t day[2], seed = seeds_at(0);
    world_open(&w, NULL);
    world_gid_all(&w, &all);
    unsigned partner = world_join(&w, "iom", IDENTITY_MEMBER), first = 0;
    for (unsigned i = 0; i < LIMIT_OFFICES - 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "o%u", i);
        unsigned office = world_certified(&w, 0, name, 0);
        if (id_compare(&w.offices[office].sign_pk, &w.offices[first].sign_pk) < 0)
            first = office;
    }
    world_gid_internal(&w, 0, &internal);
    for (unsigned d = 0; d < 2; d++) {
        for (uint64_t posts = 1 + random_below(&seed, 20); posts > 0; posts--)
            world_append(&w, partner, &all, HEADER_DOCUMENT, "text", 4);
        ask(first);
        day[d] = write_anchor(first, &all); /* on the second day with the marks of the first */
        unsigned anchor = w.entry_count - 1;
        for (unsigned office = 0; office < w.office_count; office++)
            if (office != first && office != partner)
                day[d] += wire_bytes(world_report(&w, office, &internal, anchor));
        w.now_ms += LIMIT_ANCHOR_MS;
    }
    printf("2,047 offices of one participant, posts of another: %llu bytes the first day, %llu the second\n",
           (unsigned long long)day[0], (unsigned long long)day[1]);
    assert_true(day[1] < UINT64_C(1) << 20);
    duty_close(&duty);
    world_close(&w);
}

static void a_network_of_many_offices(void **state)
{
    (void)state;
    uint64_t day[2], seed = seeds_at(0);
    world_open(&w, NULL);
    world_gid_all(&w, &all);
    for (unsigned p = 1; p < LIMIT_PARTICIPANTS; p++) {
        char id[16];
        snprintf(id, sizeof id, "p%u", p);
        world_join(&w, id, IDENTITY_MEMBER);
    }
    unsigned hqs = w.office_count;
    for (unsigned p = 0; p < LIMIT_PARTICIPANTS; p++)
        for (unsigned i = 1; i < LIMIT_OFFICES / LIMIT_PARTICIPANTS; i++) {
            char name[16];
            snprintf(name, sizeof name, "o%u", i);
            world_certified(&w, p, name, 0);
        }
    for (unsigned d = 0; d < 2; d++) {
        /* the first day everybody posts to `all`, the second one of eight */
        for (unsigned office = 0; office < w.office_count; office++)
            if (d == 0 || random_below(&seed, 8) == 0)
                world_append(&w, office, &all, HEADER_DOCUMENT, "text", 4);
        ask(hqs / 2);
        day[d] = (LIMIT_PARTICIPANTS - 1) * write_anchor(hqs / 2, &all); /* the others' are as long */
        w.now_ms += LIMIT_ANCHOR_MS;
    }
    printf("2,048 offices of 256 participants: %llu bytes when all post in a day, %llu when one of eight does\n",
           (unsigned long long)day[0], (unsigned long long)day[1]);
    assert_true(day[1] < day[0] / 4);
    duty_close(&duty);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_participant_of_many_offices),
        cmocka_unit_test(a_network_of_many_offices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
