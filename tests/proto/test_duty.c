#include "proto/duty.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/forks.h"
#include "proto/stored.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/twin.h"

static struct twin t;
static struct world *w;
static struct gmm_id all;
static struct logs *logs; /* what the asker holds */
static struct duty duty;
static struct forks *forks;

static int setup(void **state)
{
    (void)state;
    twin_open(&t); /* ilo, iom, wb */
    w = &t.a;
    world_gid_all(w, &all);
    logs = NULL;
    duty = (struct duty){0};
    forks = forks_new();
    return forks == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    duty_close(&duty);
    logs_free(logs);
    twin_close(&t);
    forks_free(forks);
    return 0;
}

/* Holds all that was written so far. */
static void hold_all(void)
{
    logs_free(logs);
    logs = logs_new();
    assert_non_null(logs);
    for (unsigned i = 0; i < w->entry_count; i++) {
        const struct world_entry *e = &w->entries[i];
        struct logs_log *log = logs_get(logs, &e->log);
        struct logs_head head = {.seq = e->seq, .id = e->id, .time = bytes_load_u64(e->header + HEADER_TIME_AT)};
        log->end = UINT64_MAX;
        logs_persist(logs, log, &head, i + 1);
    }
}

static enum gmm_err ask_urgent(unsigned office, const struct run_key *urgent, size_t count)
{
    const struct duty_asker asker = {.self = &w->offices[office].sign_pk,
                                     .logs = logs,
                                     .now_ms = w->now_ms,
                                     .urgent = urgent,
                                     .urgent_count = count};
    duty_close(&duty);
    return fold_duty(&duty, w->fold, &asker);
}

static void ask(unsigned office)
{
    hold_all();
    assert_int_equal(ask_urgent(office, NULL, 0), GMM_OK);
}

/* What is owed to a group; nothing: no head, no mark, never due. */
static struct duty_group owed(const struct gmm_id *gid)
{
    for (size_t i = 0; i < duty.group_count; i++)
        if (id_equal(&duty.groups[i].gid, gid))
            return duty.groups[i];
    return (struct duty_group){.due_ms = UINT64_MAX};
}

static bool owes(const struct gmm_id *gid)
{
    return owed(gid).due_ms != UINT64_MAX;
}

static uint8_t mark_of(const struct gmm_id *gid)
{
    return owed(gid).mark_len == 1 ? owed(gid).marks[0] : 0;
}

/* As the engine does. */
static unsigned write_group(unsigned office, const struct gmm_id *gid)
{
    const struct duty_group owing = owed(gid), *group = &owing;
    struct buffer body;
    const struct control_anchor_source source = {.new_holders = group->new_holders,
                                                 .new_count = group->new_count,
                                                 .marks = group->marks,
                                                 .mark_len = group->mark_len,
                                                 .heads = group->heads,
                                                 .count = (uint16_t)group->head_count};
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(control_anchor_encode(&body, &source), GMM_OK);
    unsigned entry = world_append(w, office, gid, HEADER_GROUP_ANCHOR, body.p, body.len);
    buffer_close(&body);
    return entry;
}

static uint64_t ms_of(unsigned entry)
{
    return header_time_ms(bytes_load_u64(w->entries[entry].header + HEADER_TIME_AT));
}

static unsigned post(unsigned office)
{
    return world_append(w, office, &all, HEADER_DOCUMENT, "text", 4);
}

static unsigned sister(const char *name)
{
    return world_certified(w, w->offices[2].participant, name, 0);
}

/* Of two offices of wb's the one with the lower key, and the other. */
static void in_order(unsigned *first, unsigned *second)
{
    unsigned other = sister("annex");
    bool low = id_compare(&w->offices[2].sign_pk, &w->offices[other].sign_pk) < 0;
    *first = low ? 2 : other;
    *second = low ? other : 2;
}

static void only_the_difference(void **state)
{
    (void)state;
    post(1);
    unsigned last = post(1);
    ask(2);
    const struct duty_group owing = owed(&all), *group = &owing;
    assert_int_equal(group->head_count, 1);
    assert_true(id_equal(&group->heads[0].author, &w->offices[1].sign_pk));
    assert_int_equal(group->heads[0].seq, 1);
    assert_true(id_equal(&group->heads[0].id, &w->entries[last].id));
    assert_int_equal(group->due_ms, ms_of(last)); /* the first: at once */
    assert_int_equal(group->new_count + group->mark_len, 0);
    static const struct gmm_id control;
    assert_true(owes(&control)); /* ilo's admissions */
    write_group(2, &all);
    ask(2);
    assert_false(owes(&all));
    /* Its own log it anchors never, and wb's holds nothing but an anchor. */
    ask(1);
    assert_false(owes(&all));
    post(2);
    ask(1);
    assert_int_equal(owed(&all).head_count, 1);
    assert_true(id_equal(&owed(&all).heads->author, &w->offices[2].sign_pk));
}

static void at_most_daily(void **state)
{
    (void)state;
    post(1);
    ask(2);
    unsigned anchor = write_group(2, &all);
    post(1);
    ask(2);
    assert_int_equal(owed(&all).due_ms, ms_of(anchor) + LIMIT_ANCHOR_MS);
    w->now_ms += 3 * LIMIT_ANCHOR_MS;
    unsigned late = post(0);
    ask(2);
    assert_int_equal(owed(&all).head_count, 2);
    assert_true(owed(&all).due_ms <= ms_of(late));
}

static void under_consultation(void **state)
{
    (void)state;
    struct run_key log;
    world_log_of(w, 1, &all, &log);
    post(1);
    ask(2);
    write_group(2, &all);
    unsigned second = post(1);
    hold_all();
    assert_int_equal(ask_urgent(2, &log, 1), GMM_OK);
    assert_true(owed(&all).urgent);
    assert_int_equal(owed(&all).due_ms, ms_of(second));
    world_log_of(w, 0, &all, &log);
    assert_int_equal(ask_urgent(2, &log, 1), GMM_OK);
    assert_false(owed(&all).urgent);
}

static void one_office_of_a_participant(void **state)
{
    (void)state;
    unsigned first, second;
    in_order(&first, &second);
    unsigned said = post(1);
    ask(first);
    assert_int_equal(owed(&all).due_ms, ms_of(said));
    ask(second); /* when the first has let its turn go by */
    assert_int_equal(owed(&all).due_ms, ms_of(said) + LIMIT_ANCHOR_MS);
    hold_all();
    struct run_key log;
    world_log_of(w, 1, &all, &log);
    assert_int_equal(ask_urgent(second, &log, 1), GMM_OK);
    assert_int_equal(owed(&all).due_ms, ms_of(said) + LIMIT_ANCHOR_URGENT_MS);
    ask(first);
    write_group(first, &all);
    ask(second);
    assert_false(owes(&all)); /* its participant has said so */
}

static void sisters_report_and_are_listed(void **state)
{
    (void)state;
    unsigned first, second;
    struct gmm_id internal;
    in_order(&first, &second);
    world_gid_internal(w, w->offices[2].participant, &internal);
    post(1);
    ask(first);
    assert_int_equal(duty.report_count, 0);
    unsigned anchor = write_group(first, &all);
    ask(first);
    assert_int_equal(duty.report_count, 0); /* nobody reports its own */
    ask(second);
    assert_int_equal(duty.report_count, 1);
    assert_true(id_equal(&duty.reports[0], &w->entries[anchor].id) && id_equal(&duty.internal, &internal));
    assert_int_equal(duty.report_due_ms, ms_of(anchor));
    unsigned report = world_report(w, second, &internal, anchor);
    post(1);
    ask(second);
    assert_int_equal(duty.report_count, 0);
    ask(first); /* a number for the sister, and its mark, with what else is due by then */
    assert_int_equal(owed(&all).new_count, 1);
    assert_true(id_equal(owed(&all).new_holders, &w->offices[second].sign_pk));
    assert_true(owed(&all).mark_len == 1 && mark_of(&all) == 1);
    assert_int_equal(owed(&all).due_ms, ms_of(anchor) + LIMIT_ANCHOR_MS);
    unsigned next = write_group(first, &all);
    ask(first);
    assert_false(owes(&all));
    ask(second);
    assert_int_equal(duty.report_count, 1);
    assert_int_equal(duty.report_due_ms, ms_of(report) + LIMIT_ANCHOR_MS);
    world_report(w, second, &internal, next);
    ask(first); /* the mark alone, by its number */
    assert_true(owed(&all).head_count == 0 && owed(&all).new_count == 0 && mark_of(&all) == 1);
    write_group(first, &all);
    ask(first);
    assert_false(owes(&all));
}

/* Receipts: by its own anchor, by its report, by the anchor that lists it. */
static void since_when_it_is_stored(void **state)
{
    (void)state;
    unsigned first, second;
    struct gmm_id internal;
    struct run_key log;
    in_order(&first, &second);
    world_gid_internal(w, w->offices[2].participant, &internal);
    world_log_of(w, 1, &all, &log);
    const struct gmm_id *one = &w->offices[first].sign_pk, *other = &w->offices[second].sign_pk;
    post(1);
    ask(first);
    unsigned anchor = write_group(first, &all);
    assert_int_equal(fold_stored(w->fold, &log, 0, one, &other, 1), ms_of(anchor));
    assert_int_equal(fold_stored(w->fold, &log, 1, one, &other, 1), 0);
    assert_int_equal(fold_stored(w->fold, &log, 0, other, &one, 1), 0);
    unsigned report = world_report(w, second, &internal, anchor);
    assert_int_equal(fold_stored(w->fold, &log, 0, other, &one, 1), ms_of(report));
    ask(first);
    unsigned listed = write_group(first, &all);
    struct run_key reports;
    world_log_of(w, second, &internal, &reports);
    fold_drop(w->fold, &reports, 0); /* as others see it, who are not in `internal` */
    assert_int_equal(fold_stored(w->fold, &log, 0, other, &one, 1), ms_of(listed));
    assert_int_equal(fold_stored(w->fold, &log, 0, other, NULL, 0), 0);
}

static void nothing_that_is_not_held_is_reported(void **state)
{
    (void)state;
    unsigned first, second;
    struct run_key log;
    in_order(&first, &second);
    unsigned held = post(1);
    post(1);
    ask(first);
    write_group(first, &all);
    hold_all();
    world_log_of(w, 1, &all, &log);
    struct logs_head head = {.seq = 0, .id = w->entries[held].id, .time = w->now_ms << 16};
    logs_persist(logs, logs_find(logs, &log), &head, 99);
    assert_int_equal(ask_urgent(second, NULL, 0), GMM_OK);
    assert_int_equal(duty.report_count, 0);
}

/* In `internal` each office counts: the first speaks of the others, the second of the first. */
static void internal_speaks_of_all(void **state)
{
    (void)state;
    unsigned first, second, third = sister("third");
    struct gmm_id internal;
    in_order(&first, &second);
    world_gid_internal(w, w->offices[2].participant, &internal);
    world_append(w, first, &internal, HEADER_DOCUMENT, "text", 4);
    world_append(w, third, &internal, HEADER_DOCUMENT, "text", 4);
    ask(first);
    assert_int_equal(owed(&internal).head_count, 1);
    ask(second);
    assert_int_equal(owed(&internal).head_count, 2);
    ask(0);
    assert_false(owes(&internal));
}

static void prove(uint64_t first, uint32_t count)
{
    struct buffer bytes;
    struct fork_proof *proof;
    twin_proof(&t, 1, &all, first, count, count, &bytes);
    assert_int_equal(fork_open(&proof, &w->nid, bytes.p, bytes.len), GMM_OK);
    assert_int_equal(forks_add(forks, proof, NULL), GMM_OK);
    buffer_close(&bytes);
    fold_forks(w->fold, forks);
}

static void a_forked_log_is_not_anchored(void **state)
{
    (void)state;
    twin_post(&t, 1, &all, 2);
    twin_part(&t, 1, &all, 3, 2);
    prove(2, 2);
    ask(2);
    assert_false(owes(&all));
    assert_int_equal(duty.place_count, 0); /* nothing of it was anchored */
}

/* Its anchors lie behind what the proof shows of either branch: it says on which. */
static void what_was_anchored_is_named(void **state)
{
    (void)state;
    struct run_key log;
    twin_post(&t, 1, &all, 2);
    twin_part(&t, 1, &all, 5, 2);
    ask(2);
    write_group(2, &all);
    world_log_of(w, 1, &all, &log);
    prove(2, 2);
    ask(2);
    assert_false(owes(&all));
    assert_int_equal(duty.place_count, 1);
    assert_true(run_key_compare(&duty.places[0].log, &log) == 0 && duty.places[0].seq == 2);
    assert_int_equal(view_fork(world_view(w), &log)->end, 2);
    unsigned at = 0;
    while (run_key_compare(&w->entries[at].log, &log) != 0 || w->entries[at].seq != 2)
        at++;
    const struct control_anchor_head named = {
        .author = log.author, .id = w->entries[at].id, .instance = log.instance, .seq = 2};
    world_anchor(w, 2, &all, &named, 1);
    ask(2);
    assert_int_equal(duty.place_count, 0);
    ask(0); /* who has anchored nothing has nothing to say */
    assert_int_equal(duty.place_count, 0);
}

static void who_has_no_duty(void **state)
{
    (void)state;
    hold_all();
    unsigned stranger = world_certified(w, world_participant(w, "stranger", IDENTITY_MEMBER), "hq", 0);
    assert_int_equal(ask_urgent(stranger, NULL, 0), GMM_EDENIED);
    world_revoke(w, 2, UINT_MAX, NULL, 0);
    assert_int_equal(ask_urgent(2, NULL, 0), GMM_EDENIED);
    w->now_ms += 4 * WORLD_YEAR_MS;
    assert_int_equal(ask_urgent(1, NULL, 0), GMM_EDENIED);
}

static void without_memory(void **state)
{
    (void)state;
    unsigned first, second;
    in_order(&first, &second);
    post(1);
    ask(first);
    unsigned anchor = write_group(first, &all);
    struct gmm_id internal;
    world_gid_internal(w, w->offices[2].participant, &internal);
    world_report(w, second, &internal, anchor);
    post(1);
    for (unsigned office = first;; office = second) {
        hold_all();
        world_view(w);
        for (long i = 0;; i++) {
            failmalloc_at(i);
            enum gmm_err err = ask_urgent(office, NULL, 0);
            if (!failmalloc_off()) {
                assert_int_equal(err, GMM_OK);
                break;
            }
            assert_int_equal(err, GMM_ENOMEM);
            assert_true(duty.group_count == 0 && duty.groups == NULL);
        }
        if (office == second)
            break;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(only_the_difference),
        TEST(at_most_daily),
        TEST(under_consultation),
        TEST(one_office_of_a_participant),
        TEST(sisters_report_and_are_listed),
        TEST(since_when_it_is_stored),
        TEST(nothing_that_is_not_held_is_reported),
        TEST(internal_speaks_of_all),
        TEST(a_forked_log_is_not_anchored),
        TEST(what_was_anchored_is_named),
        TEST(who_has_no_duty),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
