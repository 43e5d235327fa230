/* Adversarial test 15: revoked key with back-dated entries: none beyond the cut appears, in whichever order cut and
 * entries arrive. Over seeds, in a partitioned network. */
#include "tests/adversarial/stolen.h"

static void goes_on(void)
{
    stolen_posts(STOLEN_THIEF, &all, 1 + (unsigned)sim_random(sim, 4));
    if (sim_random(sim, 2) == 0)
        stolen_posts(STOLEN_THIEF, &thematic, 1 + (unsigned)sim_random(sim, 2));
}

static void adv_15_nothing_beyond_the_cut(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < seeds_count(10, 200); i++) {
        uint64_t cut;
        stolen_play(seeds_at(i), goes_on, &cut);
        for (unsigned office = 0; office < STOLEN_OTHERS; office++) {
            struct run_key log;
            size_t at;
            const struct view *v = engine_view(sim_engine(sim, office));
            assert_non_null(v);
            assert_int_equal(view_office(v, &stolen_keys()->sign_pk)->status, VIEW_OFFICE_REVOKED);
            uint64_t count = stolen_log(office, &all, &log, &at);
            assert_int_equal(view_log_end(v, &log), cut);
            assert_true(count >= cut && (office >= 2 || count == cut)); /* and nobody is given more */
            for (uint64_t seq = 0; seq < count; seq++) {
                uint64_t time = bytes_load_u64(disk_entry_header(sim_disk(sim, office), at, seq) + HEADER_TIME_AT);
                assert_int_equal(view_stands(v, &log, seq, time, NULL), seq < cut);
            }
            /* what the revocation does not name is void as a whole */
            if (stolen_log(office, &thematic, &log, &at) > 0) {
                assert_int_equal(view_log_end(v, &log), 0);
                assert_true(office >= 2);
            }
        }
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_15_nothing_beyond_the_cut)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
