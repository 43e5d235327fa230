#include "proto/core.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void core_random(struct core *core, void *out, size_t n)
{
    struct {
        uint8_t seed[32];
        uint32_t used;
    } mix;
    uint8_t seed[randombytes_SEEDBYTES];
    memset(&mix, 0, sizeof mix);
    memcpy(mix.seed, core->seed, sizeof mix.seed);
    mix.used = core->seed_used++;
    crypto_generichash(seed, sizeof seed, (const uint8_t *)&mix, sizeof mix, NULL, 0);
    randombytes_buf_deterministic(out, n, seed);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(&mix, sizeof mix);
}

struct effect *core_store(struct core *core)
{
    struct effect *effect = core_effect(core, EFFECT_STORE);
    if (effect != NULL)
        effect->ticket = ++core->next_ticket;
    return effect;
}

enum gmm_err core_store_run(struct core *core, struct effect *store, struct admitted **run)
{
    struct engine_store *s = &store->as.store;
    size_t count = s->run_count + 1u;
    struct admitted **runs = realloc(s->runs, count * sizeof *runs);
    if (runs == NULL)
        return GMM_ENOMEM;
    s->runs = runs;
    uint64_t *arrivals = realloc(s->arrivals, count * sizeof *arrivals);
    if (arrivals == NULL)
        return GMM_ENOMEM;
    s->arrivals = arrivals;
    s->runs[s->run_count] = *run;
    s->arrivals[s->run_count] = ++core->next_arrival;
    s->run_count++;
    *run = NULL;
    return GMM_OK;
}

enum gmm_err core_store_proof(struct effect *store, const struct gmm_id *hash)
{
    struct engine_store *s = &store->as.store;
    struct gmm_id *hashes = realloc(s->proof_hashes, (s->proof_count + 1u) * sizeof *hashes);
    if (hashes == NULL)
        return GMM_ENOMEM;
    s->proof_hashes = hashes;
    hashes[s->proof_count++] = *hash;
    return GMM_OK;
}

void core_done(struct core *core, uint64_t request, enum gmm_err err, const struct gmm_id *id,
               const struct gmm_msg *msg)
{
    struct effect *effect = core_effect(core, EFFECT_DONE);
    if (effect == NULL)
        return;
    effect->request = request;
    effect->err = err;
    if (id != NULL)
        effect->id = *id;
    if (msg != NULL)
        snprintf(effect->text, sizeof effect->text, "%.190s", msg->text);
}

const struct gmm_id *core_self(const struct core *core)
{
    return &core->keystore->sign_pk;
}
