/* Adversarial test 28, as a simulation: two candidates stand against one chair while the network falls apart again and
 * again; one office votes for both, each time on another side, with a copy of its home. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "proto/control_chair.h"
#include "tests/lib/world.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_state.h"

#define OFFICES 6u /* as many participants: four are two thirds */
#define QUOTA 4u
#define DOUBLE 5u /* votes for both */
#define COPY OFFICES
#define FIRST 1u /* the candidates */
#define SECOND 2u

static struct sim *sim;
static struct control_cut cut;

/* What the chair wrote so far; every ballot names it. */
static void cut_the_chair(void)
{
    const struct disk *disk = sim_disk(sim, 0);
    static const struct gmm_id control;
    for (size_t at = 0; at < disk_logs(disk); at++) {
        uint64_t count;
        cut.log = *disk_log_key(disk, at, &count);
        if (id_equal(&cut.log.group, &control) && id_equal(&cut.log.author, &sim_keystore(sim, 0)->sign_pk)) {
            cut.seq = count - 1;
            cut.id = *disk_entry_id(disk, at, cut.seq);
            return;
        }
    }
    fail_msg("the chair has no log");
}

/* false: the office has heard of a decision, or of its own other vote. */
static bool vote(unsigned office, unsigned candidate)
{
    static const struct gmm_id control;
    const struct control_ballot ballot = {.term = 1,
                                          .candidate = sim_keystore(sim, candidate)->pid,
                                          .until_ms = SIM_START_MS + 2 * SIM_YEAR_MS,
                                          .cuts = {1, &cut}};
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, 4096);
    assert_int_equal(control_ballot_encode(&body, &ballot), GMM_OK);
    bool voted = sim_append(sim, office, &control, HEADER_BALLOT, body.p, body.len, &id);
    buffer_close(&body);
    assert_true(voted || office >= DOUBLE || engine_view(sim_engine(sim, office))->term > 1);
    return voted;
}

/* Who votes when, for whom, on which side; gives the votes of the honest. */
static void play(unsigned votes[3])
{
    unsigned order[OFFICES + 1], candidate[OFFICES + 1];
    votes[FIRST] = votes[SECOND] = 0;
    for (unsigned i = 0; i <= OFFICES; i++) {
        order[i] = i;
        candidate[i] = sim_random(sim, 4) == 0 ? SECOND : FIRST;
    }
    candidate[COPY] = FIRST + SECOND - candidate[DOUBLE];
    for (unsigned i = OFFICES; i > 0; i--) {
        unsigned k = (unsigned)sim_random(sim, i + 1), kept = order[i];
        order[i] = order[k];
        order[k] = kept;
    }
    for (unsigned i = 0; i <= OFFICES; i++) {
        sim_split(sim, sim_random(sim, 1u << (OFFICES + 1)));
        sim_run(sim, sim_random(sim, 3000));
        if (vote(order[i], candidate[order[i]]) && order[i] < DOUBLE)
            votes[candidate[order[i]]]++;
    }
    sim_run(sim, sim_random(sim, 3000));
    sim_split(sim, 0);
}

static void assert_alike(const unsigned votes[3])
{
    struct gmm_id first, hash;
    for (unsigned office = 0; office < DOUBLE; office++) {
        const struct view *v = engine_view(sim_engine(sim, office));
        world_view_hash(&hash, v);
        first = office == 0 ? hash : first;
        assert_true(id_equal(&hash, &first));
        for (unsigned c = FIRST; c <= SECOND; c++) {
            if (votes[c] >= QUOTA)
                assert_true(v->term == 2 && id_equal(&v->chair, &sim_keystore(sim, c)->pid));
            else if (votes[c] + 1 < QUOTA)
                assert_false(id_equal(&v->chair, &sim_keystore(sim, c)->pid));
        }
    }
}

static void adv_28_alike_everywhere(void **state)
{
    (void)state;
    unsigned long seeds = seeds_count(20, 400), elected = 0;
    for (unsigned long i = 0; i < seeds; i++) {
        struct sim_options options = {.seed = seeds_at(i), .offices = OFFICES, .links = 4, .latency_ms_max = 60};
        unsigned votes[3];
        sim = sim_new(&options);
        assert_true(sim_settle(sim, 120000));
        cut_the_chair();
        assert_int_equal(sim_clone(sim, DOUBLE), COPY);
        for (unsigned office = 1; office <= 3; office += 2) {
            sim_unlink(sim, DOUBLE, office); /* a key has one session with an office */
            sim_link(sim, COPY, office);
        }
        play(votes);
        sim_run(sim, 30000);
        assert_alike(votes);
        elected += engine_view(sim_engine(sim, 0))->term > 1;
        sim_free(sim);
    }
    assert_true(seeds == 1 || (elected > 0 && elected < seeds)); /* both come out, at times */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_28_alike_everywhere)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
