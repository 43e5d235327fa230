#include "proto/rulings.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/twin.h"

#define FORKER 1u /* iom */

static struct twin t; /* world a is where everybody's anchors stand */
static struct forks *forks;
static struct gmm_id all;
static struct run_key forked; /* iom's log in all: 0–2 are common, 3–6 of a, 3–4 of b */

static void more_people(struct world *w)
{
    world_join(w, "unu", IDENTITY_OBSERVER);
    world_join(w, "who", IDENTITY_MEMBER);
}

static void add_proof(const struct buffer *bytes)
{
    struct fork_proof *proof;
    assert_int_equal(fork_open(&proof, &t.a.nid, bytes->p, bytes->len), GMM_OK);
    assert_int_equal(forks_add(forks, proof, NULL), GMM_OK);
    fold_forks(t.a.fold, forks);
}

static void prove(uint64_t first, uint32_t count_a, uint32_t count_b)
{
    struct buffer bytes;
    twin_proof(&t, FORKER, id_is_zero(&forked.group) ? NULL : &forked.group, first, count_a, count_b, &bytes);
    add_proof(&bytes);
    buffer_close(&bytes);
}

/* ilo, iom, wb, unu, who: four others, of which three are more than half. */
static int setup(void **state)
{
    (void)state;
    twin_open(&t);
    more_people(&t.a);
    more_people(&t.b);
    forks = forks_new();
    world_gid_all(&t.a, &all);
    twin_post(&t, FORKER, &all, 3);
    twin_part(&t, FORKER, &all, 4, 2);
    world_log_of(&t.a, FORKER, &all, &forked);
    return forks == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    twin_close(&t);
    forks_free(forks);
    return 0;
}

static struct gmm_id id_at(const struct world *w, uint64_t seq)
{
    for (unsigned i = 0; i < w->entry_count; i++)
        if (run_key_compare(&w->entries[i].log, &forked) == 0 && w->entries[i].seq == seq)
            return w->entries[i].id;
    fail_msg("no such entry");
    return (struct gmm_id){{0}};
}

static struct control_anchor_head head_at(const struct world *w, uint64_t seq)
{
    return (struct control_anchor_head){
        .author = forked.author, .instance = forked.instance, .seq = seq, .id = id_at(w, seq)};
}

/* An office says to hold the forked log up to there, on the branch of one of the worlds. */
static unsigned anchor(unsigned office, const struct world *branch, uint64_t seq)
{
    struct control_anchor_head head = head_at(branch, seq);
    return world_anchor(&t.a, office, id_is_zero(&forked.group) ? NULL : &forked.group, &head, 1);
}

static const struct view_fork *ruling(void)
{
    const struct view_fork *fork = view_fork(world_view(&t.a), &forked);
    assert_non_null(fork);
    assert_int_equal(view_log_end(world_view(&t.a), &forked), fork->end);
    return fork;
}

static void assert_kept(const struct world *branch, uint64_t last)
{
    const struct view_fork *fork = ruling();
    assert_int_equal(fork->end, last + 1);
    struct gmm_id id = id_at(branch, last), first = id_at(branch, fork->first_seq);
    assert_true(fork->last_id.b[0] == id.b[0] && id_equal(&fork->last_id, &id));
    assert_true(fork->kept_count > 0 && fork->kept[0].seq == fork->first_seq && id_equal(&fork->kept[0].id, &first));
    for (uint64_t seq = fork->first_seq; seq <= last; seq++) {
        const struct world *other = branch == &t.a ? &t.b : &t.a;
        struct gmm_id on = id_at(branch, seq);
        assert_true(fold_fits(t.a.fold, fork, seq, &on));
        if (seq <= 4) {
            struct gmm_id off = id_at(other, seq);
            assert_false(fold_fits(t.a.fold, fork, seq, &off));
        }
    }
}

static void assert_nothing_kept(uint64_t first)
{
    const struct view_fork *fork = ruling();
    assert_true(fork->end == first && fork->first_seq == first && fork->kept_count == 0);
    if (first > 0) {
        struct gmm_id before = id_at(&t.a, first - 1);
        assert_true(id_equal(&fork->last_id, &before));
    }
}

static void without_anchors_the_common_part_stands(void **state)
{
    (void)state;
    assert_null(view_fork(world_view(&t.a), &forked));
    prove(0, 7, 5);
    assert_nothing_kept(3);
    struct gmm_msg why = {{0}};
    assert_true(view_stands(world_view(&t.a), &forked, 2, 1, NULL));
    assert_false(view_stands(world_view(&t.a), &forked, 3, UINT64_MAX - 1, &why));
    assert_non_null(strstr(why.text, "two branches"));
}

static void what_more_than_half_anchored_stands(void **state)
{
    (void)state;
    prove(0, 7, 5);
    anchor(0, &t.a, 6);
    anchor(2, &t.a, 4);
    assert_nothing_kept(3);
    anchor(3, &t.a, 5); /* an observer counts like any other that holds it */
    assert_kept(&t.a, 4);
    anchor(4, &t.b, 4);
    assert_kept(&t.a, 4);
    anchor(2, &t.a, 6);
    assert_kept(&t.a, 5);
    assert_true(view_stands(world_view(&t.a), &forked, 5, 1, NULL));
    assert_false(view_stands(world_view(&t.a), &forked, 6, 1, NULL));
}

static void the_other_branch_may_be_the_one(void **state)
{
    (void)state;
    prove(0, 7, 5);
    anchor(0, &t.b, 3);
    anchor(2, &t.b, 4);
    anchor(4, &t.b, 4);
    assert_kept(&t.b, 3);
}

/* Its own word is none: neither the office's nor that of another of its participant. */
static void the_forker_has_no_say(void **state)
{
    (void)state;
    unsigned sister = world_certified(&t.a, t.a.offices[FORKER].participant, "field", 0);
    prove(0, 7, 5);
    anchor(0, &t.a, 6);
    anchor(2, &t.a, 6);
    anchor(sister, &t.a, 6);
    anchor(FORKER, &t.a, 6);
    assert_nothing_kept(3);
    anchor(4, &t.a, 6);
    assert_kept(&t.a, 6);
}

static void who_anchors_both_counts_for_neither(void **state)
{
    (void)state;
    prove(0, 7, 5);
    anchor(0, &t.a, 6);
    anchor(2, &t.a, 6);
    anchor(3, &t.a, 6);
    assert_kept(&t.a, 6);
    anchor(3, &t.b, 3);
    assert_nothing_kept(3);
    anchor(4, &t.a, 5);
    assert_kept(&t.a, 5);
    struct control_anchor_head head = head_at(&t.a, 6);
    head.id.b[9] ^= 1; /* nor who says two things of one entry beyond the proof */
    world_anchor(&t.a, 2, &all, &head, 1);
    assert_nothing_kept(3);
}

/* Anchors that lie beyond what the proof shows count once their authors have said on which branch they are. */
static void anchors_beyond_the_proof(void **state)
{
    (void)state;
    prove(0, 5, 5);
    anchor(0, &t.a, 6);
    anchor(2, &t.a, 5);
    anchor(4, &t.a, 5);
    assert_nothing_kept(3);
    anchor(0, &t.a, 3);
    anchor(2, &t.a, 3);
    assert_nothing_kept(3);
    anchor(4, &t.a, 3);
    assert_kept(&t.a, 5);
    /* a proof that shows more changes nothing */
    prove(0, 7, 5);
    assert_kept(&t.a, 5);
}

/* A second fork further on, of the branch that is kept. */
static void branches_that_part_again(void **state)
{
    (void)state;
    struct twin u;
    struct buffer bytes;
    twin_open(&u);
    more_people(&u.a);
    more_people(&u.b);
    twin_post(&u, FORKER, &all, 3);
    prove(0, 7, 5);
    for (unsigned i = 0; i < 5; i++)
        if (i != FORKER)
            anchor(i, &t.a, 6);
    assert_kept(&t.a, 6);
    /* world u.a goes as t.a did up to 4, then otherwise */
    for (unsigned i = 3; i < 5; i++) {
        for (unsigned k = 0; k < t.a.entry_count; k++) {
            const struct world_entry *e = &t.a.entries[k];
            if (run_key_compare(&e->log, &forked) == 0 && e->seq == i) {
                u.a.now_ms = header_time_ms(bytes_load_u64(e->header + HEADER_TIME_AT)) - 1000;
                world_append(&u.a, FORKER, &all, HEADER_DOCUMENT, e->body, e->len);
            }
        }
    }
    struct gmm_id here = id_at(&t.a, 4), there = id_at(&u.a, 4);
    assert_true(id_equal(&here, &there));
    world_append(&u.a, FORKER, &all, HEADER_DOCUMENT, "another end", 11);
    struct run *a = world_run(&t.a, &forked, 0, 7), *b = world_run(&u.a, &forked, 0, 6);
    buffer_init(&bytes, LIMIT_FORK_BYTES);
    assert_int_equal(fork_make(&bytes, a, b), GMM_OK);
    add_proof(&bytes);
    run_free(a);
    run_free(b);
    /* their anchors of 6 lie on the branch that the new proof shows */
    assert_kept(&t.a, 6);
    assert_int_equal(ruling()->kept_count, 2);
    struct gmm_id off = id_at(&u.a, 5), on = id_at(&t.a, 5);
    assert_false(fold_fits(t.a.fold, ruling(), 5, &off));
    assert_true(fold_fits(t.a.fold, ruling(), 5, &on));
    assert_true(fold_fits(t.a.fold, ruling(), 4, &here));
    /* two change sides there: the kept part ends where the branches part again */
    struct control_anchor_head head = head_at(&u.a, 5);
    world_anchor(&t.a, 0, &all, &head, 1);
    world_anchor(&t.a, 2, &all, &head, 1);
    const struct view_fork *fork = ruling();
    assert_true(fork->end == 3 && fork->kept_count == 0); /* both count for neither */
    buffer_close(&bytes);
    twin_close(&u);
}

/* A circle of the forker's with one other, or nobody. */
static void fork_a_circle(uint8_t number, uint16_t others)
{
    const unsigned wb = t.a.offices[2].participant;
    struct gmm_id circle;
    world_circle(&t.a, FORKER, number, false, &wb, others, &circle);
    t.b.now_ms = t.a.now_ms - 1000;
    world_circle(&t.b, FORKER, number, false, &wb, others, &circle);
    twin_part(&t, FORKER, &circle, 2, 2);
    world_log_of(&t.a, FORKER, &circle, &forked);
    prove(0, 3, 3);
    assert_nothing_kept(1);
    anchor(0, &t.a, 2); /* no member */
    assert_nothing_kept(1);
}

static void where_fewer_than_two_others_are_all_of_them(void **state)
{
    (void)state;
    fork_a_circle(1, 1);
    anchor(2, &t.a, 2);
    assert_int_equal(ruling()->end, 3);
    /* alone in it nobody is there to cover anything */
    fork_a_circle(2, 0);
    anchor(2, &t.a, 2);
    anchor(FORKER, &t.a, 2);
    assert_nothing_kept(1);
}

static void in_internal_the_other_offices_count(void **state)
{
    (void)state;
    struct gmm_id internal;
    unsigned participant = t.a.offices[FORKER].participant, sisters[3];
    world_gid_internal(&t.a, participant, &internal);
    sisters[0] = world_certified(&t.a, participant, "geneva", 0);
    sisters[1] = world_certified(&t.a, participant, "dakar", 0);
    sisters[2] = world_certified(&t.a, participant, "lima", 0);
    twin_part(&t, FORKER, &internal, 3, 3);
    world_log_of(&t.a, FORKER, &internal, &forked);
    prove(0, 3, 3);
    anchor(0, &t.a, 2);
    unsigned main_anchor = anchor(sisters[0], &t.a, 2);
    assert_nothing_kept(0);
    world_report(&t.a, sisters[1], &internal, main_anchor); /* two of three */
    assert_int_equal(ruling()->end, 3);
    world_report(&t.a, sisters[2], &internal, main_anchor);
    assert_int_equal(ruling()->end, 3);
    const struct revocation_cut cut = {.group = internal, .instance = t.a.instance, .seq = 9};
    world_revoke(&t.a, sisters[0], UINT_MAX, &cut, 1);
    world_revoke(&t.a, sisters[1], UINT_MAX, &cut, 1);
    assert_int_equal(ruling()->end, 3); /* the one that is left, of one */
}

/* A forked control log: what it says beyond the fork has effect exactly as far as others anchored it. */
static void records_of_a_forked_log(void **state)
{
    (void)state;
    unsigned joins[2];
    world_log_of(&t.a, 0, NULL, &forked);
    for (unsigned i = 0; i < 2; i++) {
        joins[i] = world_certified(&t.a, world_participant(&t.a, i == 0 ? "oecd" : "undp", IDENTITY_MEMBER), "hq", 0);
        world_admit(&t.a, 0, joins[i]);
    }
    t.b.now_ms = t.a.now_ms;
    world_append(&t.b, 0, NULL, HEADER_WRAPKEY, "other", 5);
    struct buffer bytes;
    twin_proof(&t, 0, NULL, 0, 6, 5, &bytes);
    size_t before = world_view(&t.a)->participant_count;
    add_proof(&bytes);
    buffer_close(&bytes);
    assert_int_equal(ruling()->end, 4);
    assert_int_equal(world_view(&t.a)->participant_count, before - 2);
    /* those whom only the void records admitted have no say on it */
    anchor(joins[0], &t.a, 5);
    anchor(joins[1], &t.a, 5);
    anchor(1, &t.a, 5);
    anchor(2, &t.a, 4);
    assert_int_equal(world_view(&t.a)->participant_count, before - 2);
    anchor(3, &t.a, 4);
    assert_int_equal(ruling()->end, 5);
    assert_int_equal(world_view(&t.a)->participant_count, before - 1);
    anchor(4, &t.a, 5);
    anchor(3, &t.a, 5);
    assert_int_equal(world_view(&t.a)->participant_count, before);
}

static void a_log_that_was_cut_is_read_again(void **state)
{
    (void)state;
    struct gmm_id whole, again;
    prove(0, 7, 5);
    anchor(0, &t.a, 6);
    anchor(2, &t.a, 6);
    anchor(4, &t.a, 5);
    world_view_hash(&whole, world_view(&t.a));
    for (unsigned office = 0; office < 5; office++)
        for (unsigned control = 0; control < 2; control++) {
            struct run_key key;
            world_log_of(&t.a, office, control == 0 ? &all : NULL, &key);
            fold_drop(t.a.fold, &key, 0);
            assert_non_null(world_view(&t.a));
            for (unsigned i = 0; i < t.a.entry_count; i++) {
                const struct world_entry *e = &t.a.entries[i];
                if (run_key_compare(&e->log, &key) == 0 && bytes_load_u16(e->header + 2) < HEADER_DOCUMENT)
                    assert_int_equal(fold_add(t.a.fold, e->header, &e->id, e->body, e->len), GMM_OK);
            }
            world_view_hash(&again, world_view(&t.a));
            assert_true(id_equal(&whole, &again));
        }
}

/* It depends on the set alone: records in any order, with everything twice, proofs in any order. */
static void in_any_order(void **state)
{
    (void)state;
    struct gmm_id want, got;
    unsigned seed = 7;
    prove(0, 7, 5);
    prove(0, 5, 4);
    anchor(0, &t.a, 6);
    anchor(2, &t.b, 4);
    anchor(3, &t.a, 5);
    anchor(4, &t.a, 6);
    world_view_hash(&want, world_view(&t.a));
    assert_kept(&t.a, 5);
    for (unsigned round = 0; round < 30; round++) {
        struct fold *fold = fold_new(t.a.directory);
        struct forks *set = forks_new();
        assert_true(fold != NULL && set != NULL);
        fold_forks(fold, set);
        for (unsigned i = 0; i < 2 * t.a.entry_count; i++) {
            seed = seed * 1103515245u + 12345u;
            const struct world_entry *e = &t.a.entries[(seed >> 8) % t.a.entry_count];
            if (bytes_load_u16(e->header + 2) < HEADER_DOCUMENT)
                assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
            if (i % 11 == 0)
                assert_non_null(fold_view(fold));
        }
        for (size_t i = 0; i < forks_count(forks); i++) {
            const struct fork_proof *from = forks_at(forks, (i + round) % forks_count(forks));
            struct fork_proof *proof;
            assert_int_equal(fork_open(&proof, &t.a.nid, from->bytes, from->len), GMM_OK);
            assert_int_equal(forks_add(set, proof, NULL), GMM_OK);
        }
        fold_forks(fold, set);
        for (unsigned i = t.a.entry_count; i > 0; i--) {
            const struct world_entry *e = &t.a.entries[i - 1];
            if (bytes_load_u16(e->header + 2) < HEADER_DOCUMENT)
                assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
        }
        world_view_hash(&got, fold_view(fold));
        assert_true(id_equal(&want, &got));
        fold_free(fold);
        forks_free(set);
    }
}

static void without_memory(void **state)
{
    (void)state;
    prove(0, 7, 5);
    anchor(0, &t.a, 6);
    anchor(2, &t.a, 6);
    anchor(4, &t.a, 6);
    for (long i = 0;; i++) {
        fold_forks(t.a.fold, forks);
        failmalloc_at(i);
        const struct view *v = fold_view(t.a.fold);
        if (!failmalloc_off()) {
            assert_non_null(v);
            break;
        }
        assert_null(v);
    }
    assert_kept(&t.a, 6);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(without_anchors_the_common_part_stands),
        TEST(what_more_than_half_anchored_stands),
        TEST(the_other_branch_may_be_the_one),
        TEST(the_forker_has_no_say),
        TEST(who_anchors_both_counts_for_neither),
        TEST(anchors_beyond_the_proof),
        TEST(branches_that_part_again),
        TEST(where_fewer_than_two_others_are_all_of_them),
        TEST(in_internal_the_other_offices_count),
        TEST(records_of_a_forked_log),
        TEST(a_log_that_was_cut_is_read_again),
        TEST(in_any_order),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
