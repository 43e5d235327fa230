/* Circles whose founding stands in a revoked key's log: who speaks for it, and what everybody makes of that. */
#include <limits.h>

#include "proto/control_roster.h"
#include "proto/offices.h"
#include "tests/lib/failmalloc.h"
#include "tests/proto/view_fixture.h"

/* A circle of iom's with wb, who and the founder; its key is revoked, annex is another office of iom's. */
static unsigned who, annex;
static struct gmm_id big;

static unsigned participant_of(unsigned office)
{
    return w.offices[office].participant;
}

static int found(void **state)
{
    setup(state);
    who = world_join(&w, "who", IDENTITY_MEMBER);
    annex = world_certified(&w, participant_of(iom), "annex", CERTIFICATE_ROLE_REVOKE | CERTIFICATE_ROLE_DECIDE);
    const unsigned named[] = {participant_of(0), participant_of(wb), participant_of(who)};
    world_circle(&w, iom, 2, false, named, 3, &big);
    return 0;
}

static void revoke(void)
{
    assert_non_null(view_group(world_view(&w), &big));
    world_revoke(&w, iom, UINT_MAX, NULL, 0);
    assert_null(view_group(world_view(&w), &big));
}

static struct run_key founding_log(void)
{
    struct run_key log;
    world_log_of(&w, iom, &big, &log);
    return log;
}

/* What `by` says of the founding key's log in the circle. */
static struct buffer cut_body(const struct gmm_id *founding, uint64_t instance, uint64_t seq)
{
    struct control_cut one = {.log = {.author = w.offices[iom].sign_pk, .instance = instance}, .seq = seq};
    const struct control_circle_cut r = {.kind = CONTROL_CUT_KEY, .subject = w.offices[iom].sign_pk, .cuts = {1, &one}};
    struct buffer body;
    one.id = *founding;
    buffer_init(&body, 4096);
    assert_int_equal(control_circle_cut_encode(&body, &r), GMM_OK);
    return body;
}

static struct gmm_id entry_of(uint64_t instance, uint64_t seq)
{
    struct run_key log = founding_log();
    log.instance = instance;
    for (unsigned i = 0; i < w.entry_count; i++)
        if (run_key_compare(&w.entries[i].log, &log) == 0 && w.entries[i].seq == seq)
            return w.entries[i].id;
    return (struct gmm_id){{0}};
}

static uint64_t founded_ms(void)
{
    struct run_key log = founding_log();
    for (unsigned i = 0; i < w.entry_count; i++)
        if (run_key_compare(&w.entries[i].log, &log) == 0)
            return header_time_ms(bytes_load_u64(w.entries[i].header + HEADER_TIME_AT));
    return 0;
}

static unsigned say(unsigned by, uint64_t instance, uint64_t seq)
{
    struct gmm_id id = entry_of(instance, seq);
    struct buffer body = cut_body(&id, instance, seq);
    unsigned entry = world_append(&w, by, &big, HEADER_CUT, body.p, body.len);
    buffer_close(&body);
    return entry;
}

static enum gmm_err ask(unsigned by)
{
    struct gmm_id id = entry_of(w.instance, 0);
    struct buffer body = cut_body(&id, w.instance, 0);
    memset(&why, 0, sizeof why);
    enum gmm_err err =
        fold_authorize(w.fold, &w.offices[by].sign_pk, &big, HEADER_CUT, body.p, body.len, w.now_ms + 1000, &why);
    buffer_close(&body);
    return err;
}

static bool stands(void)
{
    const struct view *v = world_view(&w);
    bool there = view_group(v, &big) != NULL;
    assert_true(there == (view_doubt(v, &big) == NULL));
    return there;
}

static bool is_in(unsigned office)
{
    return view_is_member(world_view(&w), &big, pid_of(office));
}

static bool may_have(unsigned office)
{
    return view_may_have(world_view(&w), &big, pid_of(office));
}

static void same_in_any_order(void)
{
    struct gmm_id here, there;
    world_view_hash(&here, world_view(&w));
    for (unsigned shift = 0; shift < w.entry_count; shift++) {
        struct fold *fold = fold_new(w.directory);
        assert_non_null(fold);
        for (unsigned i = w.entry_count; i > 0; i--) {
            const struct world_entry *e = &w.entries[(i - 1 + shift) % w.entry_count];
            assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
            if (i % 5 == 0)
                assert_non_null(fold_view(fold));
        }
        world_view_hash(&there, fold_view(fold));
        assert_true(id_equal(&here, &there));
        fold_free(fold);
    }
}

static void its_own_participant_speaks(void **state)
{
    (void)state;
    struct run_key log = founding_log();
    unsigned added = participant_of(unu);
    world_members(&w, iom, &big, HEADER_ADD, &added, 1);
    revoke();
    const struct view_doubt *doubt = view_doubt(world_view(&w), &big);
    assert_non_null(doubt);
    assert_true(id_equal(&doubt->owner, pid_of(iom)) && id_equal(&doubt->office, &w.offices[iom].sign_pk));
    assert_int_equal(doubt->member_count, 4); /* whom the founding names, and its owner */
    assert_true(may_have(wb) && may_have(annex) && !may_have(unu));
    assert_true(view_log_end(world_view(&w), &log) == UINT64_MAX);
    assert_false(view_stands(world_view(&w), &log, 0, w.now_ms << 16, NULL));
    assert_int_equal(ask(annex), GMM_OK);
    say(annex, w.instance, 0);
    assert_true(stands() && is_in(wb) && is_in(iom) && !is_in(unu));
    assert_true(view_group(world_view(&w), &big)->vouched);
    assert_int_equal(view_log_end(world_view(&w), &log), 1);
    say(annex, w.instance, 1); /* the farther holds: whom it added is in it */
    assert_true(is_in(unu));
    assert_int_equal(view_log_end(world_view(&w), &log), 2);
    assert_true(view_stands(world_view(&w), &log, 1, w.now_ms << 16, NULL));
    /* and the circle goes on: another office of its owner takes out */
    world_members(&w, annex, &big, HEADER_REMOVE, &added, 1);
    assert_false(is_in(unu));
    same_in_any_order();
}

static void two_of_the_others_speak(void **state)
{
    (void)state;
    revoke();
    assert_int_equal(ask(wb), GMM_OK);
    assert_int_equal(ask(unu), GMM_EDENIED);
    assert_says("only members of the circle of Participant iom");
    say(wb, w.instance, 0);
    say(wb, w.instance, 0);
    assert_false(stands());
    say(unu, w.instance, 0); /* is none of them */
    say(iom, w.instance, 0); /* the revoked key itself */
    assert_false(stands());
    unsigned entry = say(who, w.instance, 3);
    assert_true(stands() && is_in(wb));
    same_in_any_order();
    struct run_key log;
    world_log_of(&w, who, &big, &log);
    fold_drop(w.fold, &log, w.entries[entry].seq);
    assert_false(stands());
}

/* Who stole the key founds circles with it: nobody speaks for them. */
static void a_thief_founds_in_vain(void **state)
{
    (void)state;
    struct gmm_id stolen;
    revoke();
    const unsigned named[] = {participant_of(wb), participant_of(unu)};
    world_circle(&w, iom, 3, true, named, 2, &stolen);
    assert_null(view_group(world_view(&w), &stolen));
    const struct view_doubt *doubt = view_doubt(world_view(&w), &stolen);
    assert_non_null(doubt);
    assert_true(view_may_have(world_view(&w), &stolen, pid_of(wb)));
    /* Only the first entry of a log founds: behind others it is nothing at all. */
    w.instance++;
    world_append(&w, iom, &big, HEADER_WRAPKEY + 40, "x", 1);
    world_circle(&w, iom, 2, true, named, 2, &big);
    w.instance--;
    assert_int_equal(view_doubt(world_view(&w), &big)->member_count, 4);
    same_in_any_order();
}

/* Nor does it take a circle that there is away from its members, with whoever conspires. */
static void a_second_founding_takes_nothing_away(void **state)
{
    (void)state;
    unsigned mine = participant_of(unu), yours = participant_of(wb);
    uint64_t honest = w.instance, before = w.now_ms;
    struct gmm_id gid;
    revoke();
    w.now_ms = founded_ms() - 1500; /* back-dated: it would be the first */
    w.instance = 7;
    world_circle(&w, iom, 2, true, (const unsigned[]){mine, yours}, 2, &gid);
    assert_true(id_equal(&gid, &big));
    w.instance = honest;
    w.now_ms = before;
    /* members are whom both name */
    assert_true(may_have(wb) && may_have(iom) && !may_have(who) && !may_have(unu));
    say(unu, 7, 0);
    say(wb, 7, 0);
    assert_false(stands());
    say(annex, honest, 0);
    assert_true(stands() && is_in(who) && !is_in(unu));
    struct run_key log = founding_log();
    log.instance = 7; /* is had by all, so that all judge alike */
    assert_true(view_log_end(world_view(&w), &log) == UINT64_MAX);
    assert_false(view_stands(world_view(&w), &log, 0, before << 16, NULL));
    same_in_any_order();
}

static void who_was_taken_out_gets_nothing(void **state)
{
    (void)state;
    unsigned out = participant_of(who);
    world_members(&w, iom, &big, HEADER_REMOVE, &out, 1);
    revoke();
    assert_false(may_have(who));
    assert_true(may_have(wb));
    say(annex, w.instance, 1);
    assert_true(stands() && !is_in(who) && view_was_member(world_view(&w), &big, pid_of(who)));
}

static void a_removed_owner_founds_nothing(void **state)
{
    (void)state;
    struct buffer body;
    struct control_removal r = {.pid = *pid_of(iom)};
    buffer_init(&body, 4096);
    assert_int_equal(control_removal_encode(&body, &r), GMM_OK);
    world_append(&w, 0, NULL, HEADER_SUSPEND, body.p, body.len);
    buffer_close(&body);
    world_revoke(&w, iom, UINT_MAX, NULL, 0);
    struct gmm_id late;
    world_circle(&w, iom, 4, true, NULL, 0, &late);
    assert_null(view_doubt(world_view(&w), &late));
    assert_non_null(view_doubt(world_view(&w), &big)); /* it was founded before */
    assert_false(may_have(iom));
}

/* The word comes before the founding does: the log is had up to where it ends, by the name that the word gives. */
static void the_word_comes_first(void **state)
{
    (void)state;
    struct run_key log = founding_log();
    struct gmm_id last, founding = entry_of(w.instance, 0);
    revoke();
    unsigned entry = say(annex, w.instance, 0);
    struct fold *fold = fold_new(w.directory);
    assert_non_null(fold);
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[i];
        if (run_key_compare(&e->log, &log) != 0 && i != entry)
            assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
    }
    assert_true(view_log_end(fold_view(fold), &log) == UINT64_MAX);
    const struct world_entry *e = &w.entries[entry];
    assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
    const struct view *v = fold_view(fold);
    assert_null(view_group(v, &big));
    assert_int_equal(view_log_end(v, &log), 1);
    assert_true(view_log_last(v, &log, &last) && id_equal(&last, &founding));
    fold_free(fold);
}

static void without_memory(void **state)
{
    (void)state;
    revoke();
    say(annex, w.instance, 0);
    for (long i = 0;; i++) {
        fold_touch(w.fold);
        failmalloc_at(i);
        const struct view *v = fold_view(w.fold);
        if (!failmalloc_off()) {
            assert_non_null(v);
            break;
        }
        assert_null(v);
    }
    assert_true(stands());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, found, teardown)
    const struct CMUnitTest tests[] = {
        TEST(its_own_participant_speaks),     TEST(two_of_the_others_speak),
        TEST(a_thief_founds_in_vain),         TEST(a_second_founding_takes_nothing_away),
        TEST(who_was_taken_out_gets_nothing), TEST(a_removed_owner_founds_nothing),
        TEST(the_word_comes_first),           TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
