#include "proto/vouches.h"

#include <limits.h>

#include "proto/offices.h"
#include "tests/lib/failmalloc.h"
#include "tests/proto/view_fixture.h"

/* wb's key is revoked, and none of its logs is named. */
static struct revocation_cut cut;

static void revoke_wb(void)
{
    world_revoke(&w, wb, UINT_MAX, NULL, 0);
    cut = (struct revocation_cut){.group = all, .instance = w.instance, .seq = 4, .id = w.nid};
}

static uint64_t end_of(const struct gmm_id *gid)
{
    struct run_key key;
    world_log_of(&w, wb, gid, &key);
    return view_log_end(world_view(&w), &key);
}

static enum gmm_err ask(unsigned by)
{
    struct control_cut one = {.log = {.group = cut.group, .author = w.offices[wb].sign_pk, .instance = cut.instance},
                              .seq = cut.seq,
                              .id = cut.id};
    const struct control_vouch vouch = {.sign_pk = w.offices[wb].sign_pk, .cuts = {1, &one}};
    static const struct gmm_id control;
    struct buffer body;
    memset(&why, 0, sizeof why);
    buffer_init(&body, 4096);
    assert_int_equal(control_vouch_encode(&body, &vouch), GMM_OK);
    enum gmm_err err =
        fold_authorize(w.fold, &w.offices[by].sign_pk, &control, HEADER_VOUCH, body.p, body.len, w.now_ms + 1000, &why);
    buffer_close(&body);
    return err;
}

static void two_other_participants(void **state)
{
    (void)state;
    revoke_wb();
    assert_int_equal(end_of(&all), 0);
    assert_int_equal(ask(0), GMM_OK);
    world_vouch(&w, 0, wb, &cut, 1);
    assert_int_equal(end_of(&all), 0);
    world_vouch(&w, 0, wb, &cut, 1); /* twice the same is one */
    assert_int_equal(end_of(&all), 0);
    cut.seq = 9;
    world_vouch(&w, iom, wb, &cut, 1);
    assert_int_equal(end_of(&all), 5); /* what both go up to */
    struct run_key key;
    struct gmm_id last;
    world_log_of(&w, wb, &all, &key);
    assert_true(view_log_last(world_view(&w), &key, &last) && id_equal(&last, &w.nid));
    assert_true(view_stands(world_view(&w), &key, 4, w.now_ms << 16, NULL));
    assert_false(view_stands(world_view(&w), &key, 5, w.now_ms << 16, NULL));
    cut.seq = 7;
    world_vouch(&w, unu, wb, &cut, 1);
    assert_int_equal(end_of(&all), 8);
    assert_int_equal(end_of(NULL), 0); /* exactly that log */
    w.instance++;
    assert_int_equal(end_of(&all), 0);
}

static void the_root_alone(void **state)
{
    (void)state;
    revoke_wb();
    world_vouch_root(&w, wb, &cut, 1);
    assert_int_equal(end_of(&all), 5);
    cut.seq = 2; /* the farthest holds */
    world_vouch_root(&w, wb, &cut, 1);
    assert_int_equal(end_of(&all), 5);
    cut.seq = 6;
    world_vouch(&w, 0, wb, &cut, 1);
    world_vouch(&w, iom, wb, &cut, 1);
    assert_int_equal(end_of(&all), 7);
    assert_int_equal(end_of(NULL), 0);
}

static void a_named_log_stays_cut(void **state)
{
    (void)state;
    cut = (struct revocation_cut){.group = all, .instance = w.instance, .seq = 2};
    world_revoke(&w, wb, UINT_MAX, &cut, 1);
    cut.seq = 8;
    assert_int_equal(ask(0), GMM_EDENIED);
    assert_says("names the log");
    world_vouch(&w, 0, wb, &cut, 1);
    world_vouch(&w, iom, wb, &cut, 1);
    world_vouch_root(&w, wb, &cut, 1);
    assert_int_equal(end_of(&all), 3);
    /* another revocation does not name it: then it is a vouch's */
    world_revoke(&w, wb, UINT_MAX, NULL, 0);
    assert_int_equal(end_of(&all), 9);
}

static void who_may_not(void **state)
{
    (void)state;
    cut = (struct revocation_cut){.group = all, .instance = w.instance, .seq = 4};
    assert_int_equal(ask(0), GMM_ENOTFOUND);
    assert_says("not revoked");
    unsigned annex = world_certified(&w, w.offices[iom].participant, "annex", 0);
    unsigned sister = world_certified(&w, w.offices[wb].participant, "annex", CERTIFICATE_ROLE_DECIDE);
    revoke_wb();
    assert_int_equal(ask(annex), GMM_EDENIED);
    assert_says("only the office that decides for Participant iom");
    assert_int_equal(ask(sister), GMM_EDENIED);
    assert_says("of a key of Participant wb its own root vouches, not its office");
    unsigned stranger =
        world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", CERTIFICATE_ROLE_DECIDE);
    assert_int_equal(ask(stranger), GMM_EDENIED);
    world_vouch(&w, annex, wb, &cut, 1);
    world_vouch(&w, sister, wb, &cut, 1);
    world_vouch(&w, stranger, wb, &cut, 1);
    world_vouch(&w, 0, wb, &cut, 1);
    assert_int_equal(end_of(&all), 0);
    /* a voucher whose own key is revoked, and does not name its control log */
    world_vouch(&w, iom, wb, &cut, 1);
    assert_int_equal(end_of(&all), 5);
    world_revoke(&w, iom, UINT_MAX, NULL, 0);
    assert_int_equal(end_of(&all), 0);
    world_vouch(&w, unu, wb, &cut, 1);
    assert_int_equal(end_of(&all), 5);
}

/* The control log of a revoked key comes to life again: what it decided counts, in whichever order all came. */
static void what_it_decided_counts_again(void **state)
{
    (void)state;
    struct gmm_id wrap_pk = {{9}};
    wrap_pk.b[31] = 0;
    struct buffer body;
    buffer_init(&body, 64);
    assert_int_equal(control_wrapkey_encode(&body, &wrap_pk), GMM_OK);
    unsigned entry = world_append(&w, wb, NULL, HEADER_WRAPKEY, body.p, body.len);
    buffer_close(&body);
    assert_true(id_equal(&view_office(world_view(&w), &w.offices[wb].sign_pk)->wrap_pk, &wrap_pk));
    revoke_wb();
    assert_false(id_equal(&view_office(world_view(&w), &w.offices[wb].sign_pk)->wrap_pk, &wrap_pk));
    cut.group = (struct gmm_id){{0}};
    cut.seq = w.entries[entry].seq;
    world_vouch(&w, 0, wb, &cut, 1);
    world_vouch(&w, iom, wb, &cut, 1);
    assert_true(id_equal(&view_office(world_view(&w), &w.offices[wb].sign_pk)->wrap_pk, &wrap_pk));
    struct gmm_id forwards, backwards;
    world_view_hash(&forwards, world_view(&w));
    struct fold *fold = fold_new(w.directory);
    assert_non_null(fold);
    for (unsigned i = w.entry_count; i > 0; i--) {
        const struct world_entry *e = &w.entries[i - 1];
        assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
    }
    world_view_hash(&backwards, fold_view(fold));
    assert_true(id_equal(&forwards, &backwards));
    fold_free(fold);
}

static void a_dropped_vouch_is_none(void **state)
{
    (void)state;
    struct run_key log;
    revoke_wb();
    world_vouch(&w, 0, wb, &cut, 1);
    unsigned entry = world_vouch(&w, iom, wb, &cut, 1);
    assert_int_equal(end_of(&all), 5);
    world_log_of(&w, iom, NULL, &log);
    fold_drop(w.fold, &log, w.entries[entry].seq);
    assert_int_equal(end_of(&all), 0);
}

static struct buffer cut_body(const struct gmm_id *author, uint64_t seq)
{
    struct control_cut one = {.log = {.author = *author, .instance = w.instance}, .seq = seq, .id = w.nid};
    const struct control_circle_cut r = {.kind = CONTROL_CUT_KEY, .subject = w.offices[wb].sign_pk, .cuts = {1, &one}};
    struct buffer body;
    buffer_init(&body, 4096);
    assert_int_equal(control_circle_cut_encode(&body, &r), GMM_OK);
    return body;
}

static enum gmm_err ask_cut(unsigned by, const struct gmm_id *gid)
{
    struct buffer body = cut_body(&w.offices[wb].sign_pk, 4);
    memset(&why, 0, sizeof why);
    enum gmm_err err =
        fold_authorize(w.fold, &w.offices[by].sign_pk, gid, HEADER_CUT, body.p, body.len, w.now_ms + 1000, &why);
    buffer_close(&body);
    return err;
}

static unsigned put_cut(unsigned by, uint64_t seq)
{
    struct buffer body = cut_body(&w.offices[wb].sign_pk, seq);
    unsigned entry = world_append(&w, by, &circle, HEADER_CUT, body.p, body.len);
    buffer_close(&body);
    return entry;
}

/* CUT of kind 1: where no revocation and no vouch may name a log. */
static void in_a_circle(void **state)
{
    (void)state;
    unsigned sister = world_certified(&w, w.offices[wb].participant, "annex", CERTIFICATE_ROLE_REVOKE);
    unsigned clerk = world_certified(&w, w.offices[wb].participant, "desk", 0);
    assert_int_equal(ask_cut(sister, &circle), GMM_ENOTFOUND);
    revoke_wb();
    assert_int_equal(end_of(&circle), 0);
    assert_int_equal(ask_cut(sister, &circle), GMM_OK);
    assert_int_equal(ask_cut(sister, &all), GMM_EDENIED);
    assert_says("inside circles");
    assert_int_equal(ask_cut(clerk, &circle), GMM_EDENIED);
    assert_says("the role REVOKE");
    assert_int_equal(ask_cut(wb, &circle), GMM_EDENIED); /* not of itself */
    assert_int_equal(ask_cut(unu, &circle), GMM_EDENIED);
    assert_says("only members of the circle");
    put_cut(clerk, 9);
    put_cut(wb, 9);
    put_cut(unu, 9);
    put_cut(0, 9);
    assert_int_equal(end_of(&circle), 0);
    put_cut(iom, 6); /* of others it takes two */
    assert_int_equal(end_of(&circle), 0);
    unsigned entry = put_cut(sister, 4);
    assert_int_equal(end_of(&circle), 5);
    assert_int_equal(end_of(&all), 0);
    struct run_key log;
    world_log_of(&w, sister, &circle, &log);
    fold_drop(w.fold, &log, w.entries[entry].seq);
    assert_int_equal(end_of(&circle), 0);
    world_members(&w, iom, &circle, HEADER_ADD, &w.offices[0].participant, 1);
    assert_int_equal(end_of(&circle), 7); /* the founder belongs to it now: what both name */
    /* of a log that is not the key's it says nothing */
    struct buffer other = cut_body(&w.offices[iom].sign_pk, 3);
    world_append(&w, iom, &circle, HEADER_CUT, other.p, other.len);
    buffer_close(&other);
    assert_int_equal(end_of(&circle), 7);
}

static void without_memory(void **state)
{
    (void)state;
    revoke_wb();
    world_vouch_root(&w, wb, &cut, 1);
    cut.seq = 7;
    world_vouch(&w, 0, wb, &cut, 1);
    world_vouch(&w, iom, wb, &cut, 1);
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
    assert_int_equal(end_of(&all), 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(two_other_participants),
        TEST(the_root_alone),
        TEST(a_named_log_stays_cut),
        TEST(who_may_not),
        TEST(what_it_decided_counts_again),
        TEST(a_dropped_vouch_is_none),
        TEST(in_a_circle),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
