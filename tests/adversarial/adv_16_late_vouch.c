/* Adversarial test 16: a late vouch restores exactly the vouched prefix. Over seeds, in a partitioned network: by the
 * root, or by two other participants. */
#include "tests/adversarial/stolen.h"

/* A log that the revocation does not name: 2 and 3 hold it. */
static void posts_elsewhere(void)
{
    stolen_posts(STOLEN_THIEF, &thematic, 3 + (unsigned)sim_random(sim, 4));
}

static void by_root(const struct revocation_cut *cut)
{
    const struct keystore *ks = stolen_keys();
    struct revocation_cut copy = *cut;
    struct buffer object;
    const struct vouch v = {.nid = *sim_nid(sim),
                            .pid = ks->pid,
                            .sign_pk = ks->sign_pk,
                            .signer = ks->root_pk,
                            .time_ms = sim_now(sim),
                            .count = 1,
                            .cuts = &copy};
    buffer_init(&object, 65536);
    buffer_put_u8(&object, DIRECTORY_VOUCH);
    assert_int_equal(vouch_make(&object, &v, ks->root_sk), GMM_OK);
    stolen_object((unsigned)sim_random(sim, STOLEN_OTHERS), &object);
}

static void by_record(unsigned office, const struct run_key *log, const struct revocation_cut *cut)
{
    static const struct gmm_id control;
    struct control_cut one = {.log = *log, .seq = cut->seq, .id = cut->id};
    const struct control_vouch vouch = {.sign_pk = log->author, .cuts = {1, &one}};
    struct buffer body;
    struct gmm_id id;
    buffer_init(&body, 4096);
    assert_int_equal(control_vouch_encode(&body, &vouch), GMM_OK);
    assert_true(sim_append(sim, office, &control, HEADER_VOUCH, body.p, body.len, &id));
    buffer_close(&body);
}

static void assert_restored(const struct run_key *log, uint64_t count)
{
    for (unsigned office = 0; office < STOLEN_OTHERS; office++) {
        struct run_key held = {.instance = 0};
        size_t at;
        const struct view *v = engine_view(sim_engine(sim, office));
        assert_int_equal(view_log_end(v, log), count);
        uint64_t holds = stolen_log(office, &log->group, &held, &at);
        assert_true(office < 2 ? holds == count : holds >= count); /* those who had none fetched exactly that */
        assert_true(count == 0 || view_stands(v, log, count - 1, sim_now(sim) << 16, NULL));
        assert_false(view_stands(v, log, count, 0, NULL));
    }
}

static void adv_16_exactly_the_vouched_prefix(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(10, 200); i++) {
        struct run_key log;
        size_t at;
        uint64_t ignored;
        stolen_play(seeds_at(i), posts_elsewhere, &ignored);
        uint64_t count = stolen_log(2, &thematic, &log, &at);
        if (count < 3) { /* the revocation reached them before the thief's posts */
            sim_free(sim);
            continue;
        }
        assert_restored(&log, 0);
        struct revocation_cut cut = {.group = thematic, .instance = log.instance};
        cut.seq = sim_random(sim, count - 1);
        cut.id = *disk_entry_id(sim_disk(sim, 2), at, cut.seq);
        if (sim_random(sim, 3) == 0) {
            by_root(&cut);
        } else {
            struct revocation_cut farther = cut;
            farther.seq = count - 1;
            farther.id = *disk_entry_id(sim_disk(sim, 2), at, count - 1);
            sim_split(sim, 1u << 3);
            by_record(2, &log, &cut);
            by_record(3, &log, &farther);
            sim_run(sim, 3000);
            assert_int_equal(view_log_end(engine_view(sim_engine(sim, 0)), &log), 0); /* one is not enough */
            sim_split(sim, 0);
        }
        sim_run(sim, 30000);
        assert_restored(&log, cut.seq + 1);
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_16_exactly_the_vouched_prefix)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
