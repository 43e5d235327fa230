/* What a new chair owes to its term: an ACCEPT that names where its predecessor's logs end. */
#include "proto/engine_state.h"

#include "keys/secret.h"
#include "tests/proto/authority_fixture.h"

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

struct machine {
    struct engine *engine;
    struct keystore *keystore;
    struct effects *effects;
};

static void step(struct machine *m, struct engine_event event, uint64_t now_ms)
{
    static uint8_t number;
    event.now_ms = now_ms;
    memset(event.random, ++number, sizeof event.random);
    effects_reset(m->effects);
    assert_int_equal(engine_step(m->engine, &event, m->effects), GMM_OK);
}

static void restore_logs(struct machine *m)
{
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[i];
        struct header h;
        unsigned last = i;
        for (unsigned k = i; k < w.entry_count; k++)
            last = run_key_compare(&w.entries[k].log, &e->log) == 0 ? k : last;
        if (last != i)
            continue;
        assert_int_equal(header_decode(&h, e->header), GMM_OK);
        step(m,
             (struct engine_event){.kind = ENGINE_RESTORE_LOG,
                                   .as.restore_log = {.key = e->log,
                                                      .head = {.seq = e->seq, .id = e->id, .time = h.time},
                                                      .arrival = i + 1}},
             w.now_ms);
    }
}

/* An office with all that the world has written so far. */
static void start(struct machine *m, unsigned office)
{
    *m = (struct machine){.keystore = keystore_new(), .effects = effects_new()};
    assert_true(m->keystore != NULL && m->effects != NULL);
    m->keystore->sign_pk = w.offices[office].sign_pk;
    memcpy(m->keystore->sign_sk, w.offices[office].sign_sk, sizeof m->keystore->sign_sk);
    memcpy(m->keystore->wraps[0].sk, w.offices[office].wrap_sk, 32);
    m->keystore->wraps[0].created_ms = w.now_ms;
    m->keystore->wrap_count = 1;
    const struct engine_config config = {.keystore = m->keystore, .nid = w.nid, .store_id = {7}};
    assert_int_equal(engine_new(&m->engine, &config), GMM_OK);
    for (size_t i = 0; i < directory_count(w.directory); i++) {
        const struct directory_object *o = directory_at(w.directory, i);
        step(m, (struct engine_event){.kind = ENGINE_RESTORE_OBJECT, .bytes = o->bytes, .len = o->len}, w.now_ms);
    }
    restore_logs(m);
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[i];
        step(m, (struct engine_event){.kind = ENGINE_RESTORE_ENTRY, .as.entry = {e->header, e->id, e->body, e->len}},
             w.now_ms);
    }
    step(m, (struct engine_event){.kind = ENGINE_START, .as.floor = 100}, w.now_ms);
}

static void stop(struct machine *m)
{
    engine_free(m->engine);
    effects_free(m->effects);
    keystore_free(m->keystore);
}

/* The ACCEPT that a STORE of the last step carries: how many logs it names. -1: there is none. */
static int accept_stored(struct machine *m)
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

static int tick(struct machine *m, uint64_t now_ms)
{
    step(m, (struct engine_event){.kind = ENGINE_TICK}, now_ms);
    return accept_stored(m);
}

/* Any record of ours: before it the cuts are named, when they are owed. */
static void write_own(struct machine *m, uint64_t now_ms)
{
    const struct control_amend amend = {.pid = *pid_of(wb), .kind = IDENTITY_MEMBER, .name = "Bank"};
    control_amend_encode(fresh(), &amend);
    step(m,
         (struct engine_event){
             .kind = ENGINE_APPEND, .request = 1, .as.append = {.type = HEADER_AMEND, .body = body.p, .len = body.len}},
         now_ms);
}

static void named_a_minute_behind_the_beginning(void **state)
{
    (void)state;
    struct machine m;
    put_accept(NULL);
    write_record(iom, HEADER_ACCEPT);
    start(&m, iom);
    assert_int_equal(tick(&m, from_ms - 1000), -1);
    assert_int_equal(tick(&m, from_ms + LATE_MS - 1), -1);
    assert_int_equal(m.engine->terms_next_ms, from_ms + LATE_MS);
    assert_int_equal(tick(&m, from_ms + LATE_MS), 1);
    assert_int_equal(m.engine->named_term, 2);
    assert_int_equal(tick(&m, from_ms + 2 * LATE_MS), -1);
    write_own(&m, from_ms + 3 * LATE_MS);
    assert_int_equal(accept_stored(&m), -1); /* once, though it is not persisted yet */
    stop(&m);
}

/* The first record that we write in the term comes behind them. */
static void named_before_our_next_record(void **state)
{
    (void)state;
    struct machine m;
    put_accept(NULL);
    write_record(iom, HEADER_ACCEPT);
    start(&m, iom);
    write_own(&m, from_ms + 1000);
    assert_int_equal(accept_stored(&m), 1);
    stop(&m);
}

static void nobody_else_owes_them(void **state)
{
    (void)state;
    struct machine m;
    put_accept(NULL);
    write_record(iom, HEADER_ACCEPT);
    const unsigned others[] = {0, wb};
    for (size_t i = 0; i < 2; i++) {
        start(&m, others[i]);
        assert_int_equal(tick(&m, from_ms + 10 * LATE_MS), -1);
        assert_int_equal(m.engine->terms_next_ms, UINT64_MAX);
        stop(&m);
    }
}

static void not_when_they_are_named(void **state)
{
    (void)state;
    struct machine m;
    struct control_cut cut = head_of(0);
    put_accept(&cut);
    write_record(iom, HEADER_ACCEPT);
    start(&m, iom);
    assert_int_equal(tick(&m, from_ms + 10 * LATE_MS), -1);
    assert_int_equal(m.engine->terms_next_ms, UINT64_MAX);
    stop(&m);
}

/* Not accepted: no term, and nothing is owed. */
static void not_before_it_is_accepted(void **state)
{
    (void)state;
    struct machine m;
    start(&m, iom);
    assert_int_equal(tick(&m, from_ms + 10 * LATE_MS), -1);
    assert_int_equal(m.engine->terms_next_ms, UINT64_MAX);
    stop(&m);
}

static int group_start(void **state)
{
    (void)state;
    return secret_open(SECRET_ALLOW_UNLOCKED, NULL) == GMM_OK ? 0 : 1;
}

static int group_end(void **state)
{
    (void)state;
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
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
    return cmocka_run_group_tests(tests, group_start, group_end);
}
