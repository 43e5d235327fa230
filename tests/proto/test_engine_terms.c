/* What a new chair owes to its term: an ACCEPT that names where its predecessor's logs end. */
#include "proto/engine_state.h"

#include "tests/proto/engine_fixture.h"

#define DAY_MS UINT64_C(86400000)
#define LATE_MS 60000u /* records of the predecessor that are still on their way come first */

static unsigned iom, wb, handover; /* offices; the entry of the HANDOVER to iom */
static uint64_t from_ms;

static void put_accept(struct control_cut *cut)
{
    struct control_accept r = {.subject = w.entries[handover].id, .term = 2};
    r.cuts = (struct control_cuts){cut == NULL ? 0 : 1, cut};
    control_accept_encode(fresh(), &r);
}

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    from_ms = w.now_ms + 10 * DAY_MS;
    const struct control_handover r = {
        .term = 2, .to = *pid_of(iom), .from_ms = from_ms, .until_ms = from_ms + WORLD_YEAR_MS};
    control_handover_encode(fresh(), &r);
    handover = write_record(0, HEADER_HANDOVER);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

/* The ACCEPT that a STORE of the last step carries: how many logs it names. -1: there is none. */
static int accept_stored(struct engine_machine *m)
{
    int named = -1;
    for (size_t i = 0; i < effects_count(m->effects); i++) {
        const struct effect *effect = effects_at(m->effects, i);
        for (uint32_t k = 0; effect->kind == EFFECT_STORE && k < effect->as.store.run_count; k++) {
            const struct admitted *run = effect->as.store.runs[k];
            for (uint32_t at = 0; at < admitted_count(run); at++) {
                const struct run_entry *e = admitted_entry(run, at);
                struct header h;
                struct control_accept accept;
                assert_int_equal(header_decode(&h, e->header), GMM_OK);
                if (h.type != HEADER_ACCEPT)
                    continue;
                assert_int_equal(named, -1);
                assert_int_equal(control_accept_decode(&accept, e->body, e->body_len), GMM_OK);
                assert_true(id_equal(&accept.subject, &w.entries[handover].id) && accept.term == 2);
                named = (int)accept.cuts.count;
                for (uint16_t c = 0; c < accept.cuts.count; c++)
                    assert_true(id_equal(&accept.cuts.list[c].log.author, &w.offices[0].sign_pk));
                control_cuts_close(&accept.cuts);
            }
        }
    }
    return named;
}

static int tick(struct engine_machine *m, uint64_t now_ms)
{
    engine_machine_step(m, (struct engine_event){.kind = ENGINE_TICK}, now_ms);
    return accept_stored(m);
}

/* Any record of ours: before it the cuts are named, when they are owed. */
static void write_own(struct engine_machine *m, uint64_t now_ms)
{
    const struct control_amend amend = {.pid = *pid_of(wb), .kind = IDENTITY_MEMBER, .name = "Bank"};
    control_amend_encode(fresh(), &amend);
    engine_machine_step(m,
                        (struct engine_event){.kind = ENGINE_APPEND,
                                              .request = 1,
                                              .as.append = {.type = HEADER_AMEND, .body = body.p, .len = body.len}},
                        now_ms);
}

static void named_a_minute_behind_the_beginning(void **state)
{
    (void)state;
    struct engine_machine m;
    put_accept(NULL);
    write_record(iom, HEADER_ACCEPT);
    engine_machine_start(&m, iom);
    assert_int_equal(tick(&m, from_ms - 1000), -1);
    assert_int_equal(tick(&m, from_ms + LATE_MS - 1), -1);
    assert_int_equal(m.engine->terms_next_ms, from_ms + LATE_MS);
    assert_int_equal(tick(&m, from_ms + LATE_MS), 1);
    assert_int_equal(m.engine->named_term, 2);
    assert_int_equal(tick(&m, from_ms + 2 * LATE_MS), -1);
    write_own(&m, from_ms + 3 * LATE_MS);
    assert_int_equal(accept_stored(&m), -1); /* once, though it is not persisted yet */
    engine_machine_stop(&m);
}

/* The first record that we write in the term comes behind them. */
static void named_before_our_next_record(void **state)
{
    (void)state;
    struct engine_machine m;
    put_accept(NULL);
    write_record(iom, HEADER_ACCEPT);
    engine_machine_start(&m, iom);
    write_own(&m, from_ms + 1000);
    assert_int_equal(accept_stored(&m), 1);
    engine_machine_stop(&m);
}

static void nobody_else_owes_them(void **state)
{
    (void)state;
    struct engine_machine m;
    put_accept(NULL);
    write_record(iom, HEADER_ACCEPT);
    const unsigned others[] = {0, wb};
    for (size_t i = 0; i < 2; i++) {
        engine_machine_start(&m, others[i]);
        assert_int_equal(tick(&m, from_ms + 10 * LATE_MS), -1);
        assert_int_equal(m.engine->terms_next_ms, UINT64_MAX);
        engine_machine_stop(&m);
    }
}

static void not_when_they_are_named(void **state)
{
    (void)state;
    struct engine_machine m;
    struct control_cut cut = head_of(0);
    put_accept(&cut);
    write_record(iom, HEADER_ACCEPT);
    engine_machine_start(&m, iom);
    assert_int_equal(tick(&m, from_ms + 10 * LATE_MS), -1);
    assert_int_equal(m.engine->terms_next_ms, UINT64_MAX);
    engine_machine_stop(&m);
}

/* Not accepted: no term, and nothing is owed. */
static void not_before_it_is_accepted(void **state)
{
    (void)state;
    struct engine_machine m;
    engine_machine_start(&m, iom);
    assert_int_equal(tick(&m, from_ms + 10 * LATE_MS), -1);
    assert_int_equal(m.engine->terms_next_ms, UINT64_MAX);
    engine_machine_stop(&m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(named_a_minute_behind_the_beginning),
        TEST(named_before_our_next_record),
        TEST(nobody_else_owes_them),
        TEST(not_when_they_are_named),
        TEST(not_before_it_is_accepted),
    };
    return cmocka_run_group_tests(tests, engine_group_start, engine_group_end);
}
