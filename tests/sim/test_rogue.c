/* The chair of term 2 turns, behind a partition: it admits sixty puppets, suspends everybody and makes them observers.
 * The electorate that the record opening its term named replaces it all the same, and all offices come to the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/labels.h"
#include "keys/secret.h"
#include "proto/control_chair.h"
#include "proto/control_roster.h"
#include "tests/lib/world.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_state.h"

#define OFFICES 6u /* as many participants: four are two thirds */
#define PUPPETS 60u
#define ROGUE 1u
#define ELECTED 2u
#define MINUTES(n) ((uint64_t)(n)*60u * 1000u)

static const struct gmm_id control;
static struct sim *sim;

static const struct view *view_of(unsigned office)
{
    const struct view *v = engine_view(sim_engine(sim, office));
    assert_non_null(v);
    return v;
}

static const struct gmm_id *pid_of(unsigned office)
{
    return &sim_keystore(sim, office)->pid;
}

static enum view_status status_at(unsigned office, unsigned whom)
{
    const struct view_participant *p = view_participant(view_of(office), pid_of(whom));
    assert_non_null(p);
    return p->status;
}

static bool append(unsigned office, uint16_t type, struct buffer *body, struct gmm_id *id)
{
    assert_int_equal(body->failed, GMM_OK);
    bool done = sim_append(sim, office, &control, type, body->p, body->len, id);
    buffer_close(body);
    return done;
}

/* Where the office's control log ends on its own disk. */
static struct control_cut head_of(unsigned office)
{
    struct control_cut cut = {.seq = 0};
    const struct disk *disk = sim_disk(sim, office);
    for (size_t at = 0; at < disk_logs(disk); at++) {
        uint64_t count;
        const struct run_key *key = disk_log_key(disk, at, &count);
        if (!id_is_zero(&key->group) || !id_equal(&key->author, &sim_keystore(sim, office)->sign_pk))
            continue;
        cut = (struct control_cut){*key, count - 1, *disk_entry_id(disk, at, count - 1)};
    }
    return cut;
}

/* From the founder to the one that will turn. */
static void hand_over(void)
{
    struct control_handover r = {.term = 2,
                                 .to = *pid_of(ROGUE),
                                 .from_ms = sim_now(sim) + MINUTES(2),
                                 .until_ms = SIM_START_MS + 2 * SIM_YEAR_MS};
    struct control_accept accept = {.term = 2};
    struct buffer body;
    buffer_init(&body, 4096);
    control_handover_encode(&body, &r);
    assert_true(append(0, HEADER_HANDOVER, &body, &accept.subject));
    assert_true(sim_settle(sim, MINUTES(1)));
    buffer_init(&body, 4096);
    control_accept_encode(&body, &accept);
    assert_true(append(ROGUE, HEADER_ACCEPT, &body, NULL));
    sim_run(sim, MINUTES(6));
    assert_true(sim_settle(sim, MINUTES(10)));
    for (unsigned i = 0; i < OFFICES; i++)
        assert_true(view_of(i)->term == 2 && id_equal(&view_of(i)->chair, pid_of(ROGUE)));
}

static void puppet(unsigned n)
{
    struct keystore *ks = sim_must(keystore_new());
    struct gmm_id next_pk;
    struct buffer out;
    sim_random_bytes(sim, ks->node, 32);
    sim_random_bytes(sim, ks->sign_seed, 32);
    sim_random_bytes(sim, ks->noise_sk, 32);
    sim_random_bytes(sim, ks->root_seed, 32);
    sim_random_bytes(sim, ks->next_root_seed, 32);
    ks->root_held = ks->next_root_held = true;
    uint8_t *sk = sim_must(secret_alloc(64));
    identity_pair(&next_pk, sk, ks->next_root_seed);
    secret_free(sk);
    keystore_derive(ks);
    identity_next_commit(&ks->next_commit, &next_pk);
    identity_pid(&ks->pid, &ks->root_pk, &ks->next_commit);
    struct certificate c = {.nid = *sim_nid(sim),
                            .pid = ks->pid,
                            .root_pk = ks->root_pk,
                            .next_commit = ks->next_commit,
                            .sign_pk = ks->sign_pk,
                            .noise_pk = ks->noise_pk,
                            .serial = 1,
                            .not_before_ms = SIM_START_MS - 1,
                            .not_after_ms = SIM_START_MS + SIM_YEAR_MS,
                            .level = IDENTITY_HQ,
                            .roles = CERTIFICATE_ROLES_ALL,
                            .office = "hq"};
    crypto_scalarmult_base(c.wrap_pk.b, ks->node);
    buffer_init(&out, 8192);
    buffer_put_u8(&out, DIRECTORY_CERTIFICATE);
    assert_int_equal(certificate_make(&out, &c, ks->root_sk), GMM_OK);
    sim_add_object(sim, ROGUE, out.p, out.len);
    buffer_close(&out);
    struct control_admit admit = {.pid = ks->pid,
                                  .root_pk = ks->root_pk,
                                  .next_commit = ks->next_commit,
                                  .sign_pk = ks->sign_pk,
                                  .noise_pk = ks->noise_pk,
                                  .kind = IDENTITY_MEMBER};
    snprintf(admit.id, sizeof admit.id, "puppet-%u", n);
    snprintf(admit.name, sizeof admit.name, "Puppet %u", n);
    hash_sign(admit.join_signature, ks->sign_sk, LABEL_JOIN, sim_nid(sim), ks->pid.b, sizeof ks->pid.b);
    buffer_init(&out, 4096);
    control_admit_encode(&out, &admit);
    assert_true(append(ROGUE, HEADER_ADMIT, &out, NULL));
    keystore_free(ks);
}

static void turn(void)
{
    for (unsigned i = 0; i < PUPPETS; i++)
        puppet(i);
    for (unsigned i = 0; i < OFFICES; i++) {
        struct control_amend amend = {.pid = *pid_of(i), .name = "Nobody", .kind = IDENTITY_OBSERVER};
        struct buffer body;
        if (i == ROGUE)
            continue;
        buffer_init(&body, 4096);
        control_amend_encode(&body, &amend);
        assert_true(append(ROGUE, HEADER_AMEND, &body, NULL));
        assert_true(sim_suspend(sim, ROGUE, HEADER_SUSPEND, i));
    }
}

static bool vote(unsigned office, struct control_cut *cut)
{
    struct control_ballot r = {
        .term = 2, .candidate = *pid_of(ELECTED), .until_ms = SIM_START_MS + SIM_YEAR_MS, .cuts = {1, cut}};
    struct buffer body;
    buffer_init(&body, 4096);
    control_ballot_encode(&body, &r);
    return append(office, HEADER_BALLOT, &body, NULL);
}

static void assert_alike(size_t participants)
{
    struct gmm_id first, hash;
    for (unsigned i = 0; i < OFFICES; i++) {
        const struct view *v = view_of(i);
        world_view_hash(&hash, v);
        first = i == 0 ? hash : first;
        assert_true(id_equal(&hash, &first));
        assert_int_equal(v->participant_count, participants);
    }
}

/* undone: the ballots cut the rogue's log before all that, else behind it. */
static void one(uint64_t seed, bool undone)
{
    struct sim_options options = {.seed = seed, .offices = OFFICES, .links = 4, .latency_ms_max = 60};
    const unsigned voters[] = {0, 2, 3, 4};
    sim = sim_new(&options);
    assert_true(sim_settle(sim, MINUTES(2)));
    hand_over();
    struct control_cut cut = head_of(ROGUE);
    sim_split(sim, 1u << ROGUE | sim_random(sim, 1u << OFFICES)); /* who hears of it at once, and who does not */
    turn();
    sim_run(sim, sim_random(sim, 5000));
    sim_split(sim, 0);
    sim_run(sim, MINUTES(1));
    assert_true(sim_settle(sim, MINUTES(10)));
    for (unsigned i = 0; i < OFFICES; i++) {
        const struct view *v = view_of(i);
        assert_true(v->participant_count == OFFICES + PUPPETS && id_equal(&v->chair, pid_of(ROGUE)));
        assert_int_equal(v->terms[1].elector_count, OFFICES);
        assert_int_equal(status_at(i, ELECTED), VIEW_SUSPENDED);
    }
    if (!undone)
        cut = head_of(ROGUE);
    for (unsigned i = 0; i < 4; i++) {
        sim_split(sim, sim_random(sim, 1u << OFFICES));
        sim_run(sim, sim_random(sim, 3000));
        assert_true(vote(voters[i], &cut));
    }
    sim_split(sim, 0);
    sim_run(sim, MINUTES(1));
    assert_true(sim_settle(sim, MINUTES(10)));
    assert_alike(undone ? OFFICES : OFFICES + PUPPETS);
    for (unsigned i = 0; i < OFFICES; i++) {
        const struct view *v = view_of(i);
        assert_true(v->term == 3 && v->terms[2].how == VIEW_TERM_ELECTION && id_equal(&v->chair, pid_of(ELECTED)));
        assert_int_equal(status_at(i, ELECTED), VIEW_ACTIVE); /* the elected one is restored by that */
        assert_int_equal(status_at(i, 3), undone ? VIEW_ACTIVE : VIEW_SUSPENDED);
    }
    /* Its successor puts right what is left; it does nothing any more itself. */
    assert_false(sim_suspend(sim, ROGUE, HEADER_SUSPEND, ELECTED));
    assert_true(undone || sim_suspend(sim, ELECTED, HEADER_RESTORE, 3));
    assert_true(sim_suspend(sim, ELECTED, HEADER_SUSPEND, ROGUE));
    sim_run(sim, MINUTES(1));
    assert_true(sim_settle(sim, MINUTES(10)));
    for (unsigned i = 0; i < OFFICES; i++)
        assert_true(status_at(i, 3) == VIEW_ACTIVE && status_at(i, ROGUE) == VIEW_SUSPENDED);
    sim_free(sim);
}

static void what_it_did_is_undone(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(4, 200); i++)
        one(seeds_at(i), true);
}

static void or_stands_and_is_put_right(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(4, 200); i++)
        one(seeds_at(i), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_did_is_undone),
        cmocka_unit_test(or_stands_and_is_put_right),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
