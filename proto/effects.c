#include <stdlib.h>

#include "proto/core.h"
#include "proto/engine.h"

struct effects {
    struct effect *items;
    size_t count, capacity;
};

struct effects *effects_new(void)
{
    return calloc(1, sizeof(struct effects));
}

static void store_close(struct engine_store *store)
{
    for (uint32_t i = 0; i < store->run_count; i++)
        admitted_free(store->runs[i]);
    free(store->runs);
    free(store->arrivals);
    free(store->object_hashes);
    free(store->secret_ids);
    free(store->chunk);
    free(store->proof_hashes);
    free(store->raised);
    free(store->raised_arrivals);
}

void effects_reset(struct effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        struct effect *effect = &effects->items[i];
        free(effect->bytes);
        if (effect->kind == EFFECT_STORE)
            store_close(&effect->as.store);
    }
    effects->count = 0;
}

void effects_free(struct effects *effects)
{
    if (effects == NULL)
        return;
    effects_reset(effects);
    free(effects->items);
    free(effects);
}

size_t effects_count(const struct effects *effects)
{
    return effects->count;
}

struct effect *effects_at(struct effects *effects, size_t index)
{
    return &effects->items[index];
}

struct effect *core_effect(struct core *core, enum effect_kind kind)
{
    struct effects *effects = core->effects;
    if (effects->count == effects->capacity) {
        size_t capacity = effects->capacity == 0 ? 16 : 2 * effects->capacity;
        struct effect *items = realloc(effects->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        effects->items = items;
        effects->capacity = capacity;
    }
    struct effect *effect = &effects->items[effects->count++];
    *effect = (struct effect){.kind = kind};
    return effect;
}
