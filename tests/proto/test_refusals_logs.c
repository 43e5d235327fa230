/* Refusals of whole logs, of posting, and of branches that do not stand, walked as those of the judges are
 * (test_refusals.c): every text of verdict.c and view.c, and each GMM_EFORK of authority.c, is met by its words. */
#include <limits.h>

#include "proto/control_chair.h"
#include "proto/control_roster.h"
#include "proto/forks.h"
#include "tests/lib/twin.h"
#include "tests/proto/refusals_fixture.h"

#define ILO "International Labour Organization"
#define IOM 1u
#define WB 2u

static struct twin t; /* world a is the one that is asked; b what its forker signed besides */
static struct forks *forks;
static struct gmm_id all, circle;
static struct gmm_msg why;

static int setup(void **state)
{
    (void)state;
    twin_open(&t);
    forks = forks_new();
    world_gid_all(&t.a, &all);
    const unsigned in_circle[] = {t.a.offices[WB].participant};
    world_circle(&t.a, IOM, 1, false, in_circle, 1, &circle);
    world_circle(&t.b, IOM, 1, false, in_circle, 1, &circle);
    return forks == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    twin_close(&t);
    forks_free(forks);
    return 0;
}

static const struct gmm_id *pid_of(unsigned office)
{
    return &t.a.participants[t.a.offices[office].participant].pid;
}

/* Why an entry of an office's log, written at a time, does not stand. */
static void void_at(unsigned office, const struct gmm_id *gid, uint64_t seq, uint64_t ms, const char *wanted)
{
    struct run_key log;
    world_log_of(&t.a, office, gid, &log);
    memset(&why, 0, sizeof why);
    if (view_stands(world_view(&t.a), &log, seq, ms << 16, &why))
        fail_msg("it stands: %s", wanted);
    refusals_told(&why, wanted);
}

static void void_from(unsigned office, const struct gmm_id *gid, uint64_t seq, const char *wanted)
{
    struct run_key log;
    world_log_of(&t.a, office, gid, &log);
    if (seq > 0)
        assert_true(view_stands(world_view(&t.a), &log, seq - 1, t.a.now_ms << 16, NULL));
    void_at(office, gid, seq, t.a.now_ms, wanted);
}

static void who_wrote_it(void **state)
{
    (void)state;
    struct certificate cert;
    static const struct gmm_id nowhere = {{9}};
    unsigned stranger = world_certified(&t.a, world_participant(&t.a, "fao", IDENTITY_MEMBER), "hq", 0);
    void_from(stranger, &all, 0, "the author is no office of an admitted participant");
    void_from(0, &circle, 0, ILO ", the author, was never a member of the group");
    void_from(IOM, &nowhere, 0, "the group is not known");
    world_certificate(&t.a, WB, &cert);
    cert.serial = 1;
    cert.roles = 0;
    world_issue(&t.a, t.a.offices[WB].participant, &cert, NULL);
    void_from(WB, NULL, 0,
              "the certificate of the office hq of Participant wb is void: its serial or its key is claimed twice");
}

static void a_revoked_key(void **state)
{
    (void)state;
    const struct revocation_cut cut = {.instance = t.a.instance, .seq = 3};
    world_revoke(&t.a, IOM, UINT_MAX, &cut, 1);
    void_from(IOM, NULL, 4, "the key of the office hq of Participant iom is revoked from entry 4 of this log on");
    void_from(
        IOM, &all, 0,
        "the key of the office hq of Participant iom is revoked, the revocation does not name this log, and nobody "
        "vouches for it");
}

static void remove_wb(uint16_t type)
{
    struct buffer body;
    const struct control_removal r = {.pid = *pid_of(WB), .reason = "a reason"};
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(control_removal_encode(&body, &r), GMM_OK);
    world_append(&t.a, 0, NULL, type, body.p, body.len);
    if (type == HEADER_EXPEL)
        world_append(&t.a, IOM, NULL, type, body.p, body.len);
    buffer_close(&body);
}

static void a_participant_that_was_removed(void **state)
{
    (void)state;
    remove_wb(HEADER_SUSPEND);
    void_from(WB, &all, 0,
              "Participant wb was suspended in term 1: what lies beyond the cut, and is not anchored by two others, is "
              "void");
    remove_wb(HEADER_EXPEL);
    void_from(WB, NULL, 0,
              "Participant wb was expelled in term 1: what lies beyond the cut, and is not anchored by two others, is "
              "void");
}

static void a_time_when_it_was_none(void **state)
{
    (void)state;
    struct buffer body;
    const unsigned wb[] = {t.a.offices[WB].participant};
    world_members(&t.a, IOM, &circle, HEADER_REMOVE, wb, 1);
    void_at(WB, &circle, 0, t.a.now_ms + 1000, "Participant wb had been removed from the group then");
    const struct control_amend observer = {.pid = *pid_of(WB), .kind = IDENTITY_OBSERVER, .name = "Participant wb"};
    buffer_init(&body, LIMIT_BODY_BYTES);
    assert_int_equal(control_amend_encode(&body, &observer), GMM_OK);
    world_append(&t.a, 0, NULL, HEADER_AMEND, body.p, body.len);
    buffer_close(&body);
    void_at(WB, &all, 0, t.a.now_ms + 1000,
            "Participant wb was an observer then: it posts to its own group internal only");
}

static void prove(unsigned office, const struct gmm_id *gid, uint64_t first, uint32_t count_a, uint32_t count_b)
{
    struct buffer bytes;
    struct fork_proof *proof;
    twin_proof(&t, office, gid, first, count_a, count_b, &bytes);
    assert_int_equal(fork_open(&proof, &t.a.nid, bytes.p, bytes.len), GMM_OK);
    assert_int_equal(forks_add(forks, proof, NULL), GMM_OK);
    fold_forks(t.a.fold, forks);
    buffer_close(&bytes);
}

static enum gmm_err on_refusal(void *arg, const struct gmm_id *id, const struct gmm_msg *text)
{
    if (id_equal(id, arg))
        why = *text;
    return GMM_OK;
}

static void two_branches(void **state)
{
    (void)state;
    struct run_key control;
    twin_post(&t, WB, &all, 3);
    twin_part(&t, WB, &all, 2, 1);
    prove(WB, &all, 1, 4, 3);
    void_from(WB, &all, 3,
              "the office hq of Participant wb signed two branches of this log, and nothing of it stands from entry 3 "
              "on");
    /* a record of the branch that is held, where another one stands or nobody knows which */
    world_log_of(&t.a, WB, NULL, &control);
    twin_part(&t, WB, NULL, 1, 1);
    const struct gmm_id other = t.a.entries[t.a.entry_count - 1].id;
    const uint64_t seq = t.a.entries[t.a.entry_count - 1].seq;
    prove(WB, NULL, seq, 1, 1);
    memset(&why, 0, sizeof why);
    assert_int_equal(fold_refusals(t.a.fold, on_refusal, (void *)(uintptr_t)&other), GMM_OK);
    refusals_told(&why, "its office signed two branches of this log, and another one stands");
}

static void who_may_post(void **state)
{
    (void)state;
    static const struct gmm_id nowhere = {{9}};
    unsigned unu = world_join(&t.a, "unu", IDENTITY_OBSERVER);
    const struct view *v = world_view(&t.a);
    assert_true(view_may_post(v, &all, pid_of(WB), &why));
    assert_false(view_may_post(v, &nowhere, pid_of(WB), &why));
    refusals_told(&why, "only admitted participants post, and to groups that exist");
    assert_false(view_may_post(v, &circle, pid_of(0), &why));
    refusals_told(&why, ILO " is not a member of the group: only members post to it");
    assert_false(view_may_post(v, &all, pid_of(unu), &why));
    refusals_told(&why, "Participant unu is an observer: it reads, and posts to its own group internal only");
}

static void none_is_left_out(void **state)
{
    static const char *const denied[] = {"GMM_EDENIED,"}, *const forked[] = {"GMM_EFORK,"};
    static const char *const files[] = {"verdict", "view"}, *const judges[] = {"authority"};
    (void)state;
    refusals_none_left_out(files, 2, denied, 1);
    refusals_none_left_out(judges, 1, forked, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_wrote_it), TEST(a_revoked_key), TEST(a_participant_that_was_removed), TEST(a_time_when_it_was_none),
        TEST(two_branches), TEST(who_may_post),  cmocka_unit_test(none_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
