#include "proto/stores.h"

#include <stdlib.h>
#include <string.h>

struct stores {
    struct stores_item **items; /* oldest first */
    size_t count, capacity;
    uint64_t noted; /* the highest ticket remembered */
};

struct stores *stores_new(void)
{
    return calloc(1, sizeof(struct stores));
}

void stores_item_free(struct stores_item *item)
{
    if (item == NULL)
        return;
    for (size_t i = 0; i < item->plain_count; i++)
        free(item->plains[i].body);
    free(item->plains);
    free(item->tallies);
    free(item->runs);
    free(item->objects);
    free(item->secrets);
    free(item->proofs);
    free(item->raised);
    free(item->raised_arrivals);
    free(item);
}

void stores_free(struct stores *stores)
{
    if (stores == NULL)
        return;
    for (size_t i = 0; i < stores->count; i++)
        stores_item_free(stores->items[i]);
    free(stores->items);
    free(stores);
}

static enum gmm_err note_plain(struct stores_item *item, const struct run_entry *entry)
{
    struct stores_plain *plains = realloc(item->plains, (item->plain_count + 1) * sizeof *plains);
    if (plains == NULL)
        return GMM_ENOMEM;
    item->plains = plains;
    struct stores_plain *plain = &plains[item->plain_count];
    memcpy(plain->header, entry->header, sizeof plain->header);
    plain->id = entry->id;
    plain->len = entry->body_len;
    if ((plain->body = malloc(entry->body_len + 1u)) == NULL)
        return GMM_ENOMEM;
    memcpy(plain->body, entry->body, entry->body_len);
    item->plain_count++;
    return GMM_OK;
}

static enum gmm_err note_sealed(struct stores_item *item, const struct gmm_id *epoch_id)
{
    struct stores_tally *last = item->tally_count == 0 ? NULL : &item->tallies[item->tally_count - 1];
    if (last != NULL && id_equal(&last->epoch_id, epoch_id)) {
        last->count++;
        return GMM_OK;
    }
    struct stores_tally *tallies = realloc(item->tallies, (item->tally_count + 1) * sizeof *tallies);
    if (tallies == NULL)
        return GMM_ENOMEM;
    item->tallies = tallies;
    tallies[item->tally_count++] = (struct stores_tally){*epoch_id, 1};
    return GMM_OK;
}

static enum gmm_err note_run(struct stores_item *item, struct core *core, const struct admitted *run, uint64_t arrival)
{
    struct stores_run *noted = &item->runs[item->run_count++];
    noted->log = logs_find(core->logs, admitted_key(run));
    admitted_head(run, &noted->head);
    noted->first_seq = admitted_first_seq(run);
    noted->last_seq = noted->first_seq + admitted_count(run) - 1;
    noted->arrival = arrival;
    for (uint32_t i = 0; i < admitted_count(run); i++) {
        const struct run_entry *entry = admitted_entry(run, i);
        struct header header;
        enum gmm_err err = GMM_OK;
        if (header_decode(&header, entry->header) != GMM_OK)
            continue;
        noted->gaps += header.type >= 64 && entry->body == NULL;
        if (header.type >= 64)
            err = note_sealed(item, &header.epoch);
        else if (entry->body != NULL)
            err = note_plain(item, entry);
        if (err != GMM_OK)
            return err;
    }
    return GMM_OK;
}

static struct gmm_id *copy_ids(const struct gmm_id *ids, size_t count)
{
    struct gmm_id *copy = malloc((count + 1) * sizeof *copy);
    if (copy != NULL && count > 0)
        memcpy(copy, ids, count * sizeof *copy);
    return copy;
}

static struct stores_item *item_of(struct core *core, const struct effect *effect)
{
    const struct engine_store *s = &effect->as.store;
    struct stores_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return NULL;
    item->ticket = effect->ticket;
    item->runs = calloc(s->run_count + 1u, sizeof *item->runs);
    item->objects = copy_ids(s->object_hashes, s->object_count);
    item->secrets = copy_ids(s->secret_ids, s->secret_count);
    item->proofs = copy_ids(s->proof_hashes, s->proof_count);
    item->raised = calloc(s->raised_count + 1u, sizeof *item->raised);
    item->raised_arrivals = calloc(s->raised_count + 1u, sizeof *item->raised_arrivals);
    if (item->runs == NULL || item->objects == NULL || item->secrets == NULL || item->proofs == NULL ||
        item->raised == NULL || item->raised_arrivals == NULL)
        goto fail;
    item->proof_count = s->proof_count;
    item->has_cut = s->has_cut;
    item->cut = s->cut;
    item->cut_from = s->cut_from;
    item->raised_count = s->raised_count;
    for (uint32_t i = 0; i < s->raised_count; i++) {
        item->raised[i] = s->raised[i];
        item->raised_arrivals[i] = s->raised_arrivals[i];
    }
    item->object_count = s->object_count;
    item->secret_count = s->secret_count;
    for (uint32_t i = 0; i < s->run_count; i++)
        if (note_run(item, core, s->runs[i], s->arrivals[i]) != GMM_OK)
            goto fail;
    item->has_chunk = s->has_chunk;
    item->chunk_gid = s->chunk_gid;
    item->chunk_id = s->chunk_id;
    return item;
fail:
    stores_item_free(item);
    return NULL;
}

enum gmm_err stores_note(struct stores *stores, struct core *core)
{
    for (size_t i = 0; i < effects_count(core->effects); i++) {
        const struct effect *effect = effects_at(core->effects, i);
        if (effect->kind != EFFECT_STORE || effect->ticket <= stores->noted)
            continue;
        stores->noted = effect->ticket;
        if (stores->count == stores->capacity) {
            size_t capacity = stores->capacity == 0 ? 16 : 2 * stores->capacity;
            struct stores_item **items = realloc(stores->items, capacity * sizeof *items);
            if (items == NULL)
                return GMM_ENOMEM;
            stores->items = items;
            stores->capacity = capacity;
        }
        struct stores_item *item = item_of(core, effect);
        if (item == NULL)
            return GMM_ENOMEM;
        stores->items[stores->count++] = item;
    }
    return GMM_OK;
}

uint64_t stores_oldest(const struct stores *stores)
{
    return stores->count == 0 ? 0 : stores->items[0]->ticket;
}

uint64_t stores_newest(const struct stores *stores)
{
    for (size_t i = stores->count; i > 0; i--)
        if (!stores->items[i - 1]->has_chunk)
            return stores->items[i - 1]->ticket;
    return 0;
}

static struct stores_item *take_at(struct stores *stores, size_t at)
{
    struct stores_item *item = stores->items[at];
    stores->count--;
    memmove(&stores->items[at], &stores->items[at + 1], (stores->count - at) * sizeof *stores->items);
    return item;
}

struct stores_item *stores_take_any(struct stores *stores)
{
    if (stores->count == 0)
        return NULL;
    return take_at(stores, 0);
}

struct stores_item *stores_take(struct stores *stores, uint64_t ticket)
{
    bool first = true; /* of those that are carried out in order */
    for (size_t i = 0; i < stores->count && stores->items[i]->ticket <= ticket; i++) {
        bool has_chunk = stores->items[i]->has_chunk;
        if (stores->items[i]->ticket == ticket)
            return first || has_chunk ? take_at(stores, i) : NULL;
        first = first && has_chunk;
    }
    return NULL;
}

bool stores_own_epoch(const struct stores *stores, const struct gmm_id *author, const struct gmm_id *gid,
                      struct gmm_id *id, uint64_t *ticket)
{
    for (size_t i = stores->count; i > 0; i--) {
        const struct stores_item *item = stores->items[i - 1];
        for (size_t k = 0; k < item->plain_count; k++) {
            struct header h;
            if (header_decode(&h, item->plains[k].header) != GMM_OK || h.type != HEADER_EPOCH ||
                !id_equal(&h.author, author) || !id_equal(&h.group, gid))
                continue;
            *id = item->plains[k].id;
            *ticket = item->ticket;
            return true;
        }
    }
    return false;
}
