/* An engine of an office that holds all that the world has written, and the effects of its last step. */
#ifndef GMM_TESTS_PROTO_ENGINE_FIXTURE_H
#define GMM_TESTS_PROTO_ENGINE_FIXTURE_H

#include "keys/secret.h"
#include "proto/engine_state.h"
#include "tests/proto/authority_fixture.h"

struct engine_machine {
    struct engine *engine;
    struct keystore *keystore;
    struct effects *effects;
};

static inline void engine_machine_step(struct engine_machine *m, struct engine_event event, uint64_t now_ms)
{
    static uint8_t number;
    event.now_ms = now_ms;
    memset(event.random, ++number, sizeof event.random);
    effects_reset(m->effects);
    assert_int_equal(engine_step(m->engine, &event, m->effects), GMM_OK);
}

static inline void engine_machine_logs(struct engine_machine *m)
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
        engine_machine_step(
            m,
            (struct engine_event){.kind = ENGINE_RESTORE_LOG,
                                  .as.restore_log = {.key = e->log,
                                                     .head = {.seq = e->seq, .id = e->id, .time = h.time},
                                                     .arrival = i + 1}},
            w.now_ms);
    }
}

/* The STORE of the last step; NULL: none. */
static inline struct effect *engine_machine_store(struct engine_machine *m)
{
    for (size_t i = 0; i < effects_count(m->effects); i++)
        if (effects_at(m->effects, i)->kind == EFFECT_STORE)
            return effects_at(m->effects, i);
    return NULL;
}

/* What the last step stores reaches the disk. */
static inline void engine_machine_persist(struct engine_machine *m, uint64_t now_ms)
{
    uint64_t tickets[16];
    size_t count = 0;
    for (size_t i = 0; i < effects_count(m->effects); i++)
        if (effects_at(m->effects, i)->kind == EFFECT_STORE && count < 16)
            tickets[count++] = effects_at(m->effects, i)->ticket;
    for (size_t i = 0; i < count; i++)
        engine_machine_step(m, (struct engine_event){.kind = ENGINE_PERSISTED, .ticket = tickets[i]}, now_ms);
}

/* An office with all that the world has written so far. */
static inline void engine_machine_start(struct engine_machine *m, unsigned office)
{
    *m = (struct engine_machine){.keystore = keystore_new(), .effects = effects_new()};
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
        engine_machine_step(m, (struct engine_event){.kind = ENGINE_RESTORE_OBJECT, .bytes = o->bytes, .len = o->len},
                            w.now_ms);
    }
    engine_machine_logs(m);
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[i];
        engine_machine_step(
            m, (struct engine_event){.kind = ENGINE_RESTORE_ENTRY, .as.entry = {e->header, e->id, e->body, e->len}},
            w.now_ms);
    }
    engine_machine_step(m, (struct engine_event){.kind = ENGINE_START, .as.floor = 100}, w.now_ms);
    engine_machine_persist(m, w.now_ms);
}

static inline void engine_machine_stop(struct engine_machine *m)
{
    engine_free(m->engine);
    effects_free(m->effects);
    keystore_free(m->keystore);
}

static inline int engine_group_start(void **state)
{
    (void)state;
    return secret_open(SECRET_ALLOW_UNLOCKED, NULL) == GMM_OK ? 0 : 1;
}

static inline int engine_group_end(void **state)
{
    (void)state;
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

#endif
