/* What waits for the store, and what a store that fails leaves owed. */
#include "tests/proto/engine_fixture.h"

#define MINUTE_MS 60000u

static unsigned iom, wb;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

/* The answer to a request in the last step; WAITS: none. */
#define WAITS ((enum gmm_err)1)
static enum gmm_err done(struct engine_machine *m, uint64_t request)
{
    for (size_t i = 0; i < effects_count(m->effects); i++) {
        const struct effect *effect = effects_at(m->effects, i);
        if (effect->kind == EFFECT_DONE && effect->request == request)
            return effect->err;
    }
    return WAITS;
}

static uint64_t ticket_of_store(struct engine_machine *m)
{
    const struct effect *store = engine_machine_store(m);
    return store == NULL ? 0 : store->ticket;
}

/* A record of the chair's, which waits for a FLUSH. */
static void append(struct engine_machine *m, uint64_t request, uint64_t now_ms)
{
    struct control_amend amend = {.pid = *pid_of(wb), .kind = IDENTITY_MEMBER};
    snprintf(amend.name, sizeof amend.name, "Bank %llu", (unsigned long long)request);
    control_amend_encode(fresh(), &amend);
    engine_machine_step(
        m,
        (struct engine_event){.kind = ENGINE_APPEND,
                              .request = request,
                              .as.append = {.type = HEADER_AMEND, .body = body.p, .len = body.len, .more = true}},
        now_ms);
}

static void answered_once_it_is_persisted(void **state)
{
    (void)state;
    struct engine_machine m;
    engine_machine_start(&m, 0);
    append(&m, 7, w.now_ms + 1000);
    assert_null(engine_machine_store(&m));
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_FLUSH}, w.now_ms + 2000);
    const uint64_t ticket = ticket_of_store(&m);
    assert_true(ticket != 0 && done(&m, 7) == WAITS);
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_PERSISTED, .ticket = ticket}, w.now_ms + 3000);
    assert_int_equal(done(&m, 7), GMM_OK);
    engine_machine_stop(&m);
}

/* A draft that fills its block is stored before the FLUSH; what is loaded meanwhile has tickets, too. */
static void nobody_waits_for_what_is_no_store(void **state)
{
    (void)state;
    struct engine_machine m;
    uint64_t request = 1, ticket = 0;
    engine_machine_start(&m, 0);
    for (; ticket == 0 && request < 300; request++) {
        append(&m, request, w.now_ms + 1000 * request);
        ticket = ticket_of_store(&m);
    }
    assert_true(ticket != 0);
    m.engine->core.next_ticket++; /* as of a LOAD */
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_FLUSH}, w.now_ms + 1000 * request);
    assert_null(engine_machine_store(&m));
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_PERSISTED, .ticket = ticket},
                        w.now_ms + 1000 * request + 1);
    assert_true(done(&m, 1) == GMM_OK && done(&m, request - 1) == GMM_OK);
    engine_machine_stop(&m);
}

static void a_failure_answers_all(void **state)
{
    (void)state;
    struct engine_machine m;
    engine_machine_start(&m, 0);
    append(&m, 7, w.now_ms + 1000);
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_FLUSH}, w.now_ms + 2000);
    append(&m, 8, w.now_ms + 3000);
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_STORE_FAILED, .err = GMM_EFULL}, w.now_ms + 4000);
    assert_int_equal(done(&m, 7), GMM_EFULL);
    assert_int_equal(done(&m, 8), GMM_EFULL);
    engine_machine_stop(&m);
}

/* The cuts of a term, here, whose ACCEPT did not reach the disk. */
static void what_is_owed_is_tried_again(void **state)
{
    (void)state;
    struct engine_machine m;
    const uint64_t from_ms = w.now_ms + 10 * 24 * 60 * MINUTE_MS;
    const struct control_handover give = {
        .term = 2, .to = *pid_of(iom), .from_ms = from_ms, .until_ms = from_ms + WORLD_YEAR_MS};
    control_handover_encode(fresh(), &give);
    const struct gmm_id handover = w.entries[write_record(0, HEADER_HANDOVER)].id;
    const struct control_accept take = {.subject = handover, .term = 2};
    control_accept_encode(fresh(), &take);
    write_record(iom, HEADER_ACCEPT);
    engine_machine_start(&m, iom);
    uint64_t now_ms = from_ms + 2 * MINUTE_MS;
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_TICK}, from_ms); /* the term begins */
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_TICK}, now_ms);
    assert_non_null(engine_machine_store(&m));
    assert_int_equal(m.engine->named_term, 2);
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_STORE_FAILED, .err = GMM_EFULL}, now_ms);
    assert_int_equal(m.engine->named_term, 0);
    /* not at once, for the disk is still full; and not never */
    assert_true(m.engine->terms_next_ms > now_ms && m.engine->terms_next_ms <= now_ms + MINUTE_MS);
    assert_true(m.engine->anchors.next_ms > now_ms && m.engine->anchors.next_ms <= now_ms + MINUTE_MS);
    now_ms = m.engine->terms_next_ms;
    engine_machine_step(&m, (struct engine_event){.kind = ENGINE_TICK}, now_ms);
    assert_non_null(engine_machine_store(&m));
    assert_int_equal(m.engine->named_term, 2);
    engine_machine_stop(&m);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answered_once_it_is_persisted),
        TEST(nobody_waits_for_what_is_no_store),
        TEST(a_failure_answers_all),
        TEST(what_is_owed_is_tried_again),
    };
    return cmocka_run_group_tests(tests, engine_group_start, engine_group_end);
}
