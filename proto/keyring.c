#include "proto/keyring.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"
#include "keys/secret.h"

struct slot {
    struct gmm_id id;
    uint8_t *secret; /* guarded */
};
struct keyring {
    struct slot *slots; /* sorted by id */
    size_t count, capacity;
};

struct keyring *keyring_new(void)
{
    return calloc(1, sizeof(struct keyring));
}

void keyring_free(struct keyring *ring)
{
    if (ring == NULL)
        return;
    for (size_t i = 0; i < ring->count; i++)
        secret_free(ring->slots[i].secret);
    free(ring->slots);
    free(ring);
}

/* Index of the id, or where it would stand. */
static size_t locate(const struct keyring *ring, const struct gmm_id *id, bool *found)
{
    size_t low = 0, high = ring->count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&ring->slots[middle].id, id);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const uint8_t *keyring_secret(const struct keyring *ring, const struct gmm_id *epoch_id)
{
    bool found;
    size_t at = locate(ring, epoch_id, &found);
    return found ? ring->slots[at].secret : NULL;
}

enum gmm_err keyring_put(struct keyring *ring, const struct gmm_id *epoch_id, const uint8_t secret[32])
{
    bool found;
    size_t at = locate(ring, epoch_id, &found);
    if (found)
        return GMM_OK;
    if (ring->count == ring->capacity) {
        size_t capacity = ring->capacity == 0 ? 16 : 2 * ring->capacity;
        struct slot *slots = realloc(ring->slots, capacity * sizeof *slots);
        if (slots == NULL)
            return GMM_ENOMEM;
        ring->slots = slots;
        ring->capacity = capacity;
    }
    uint8_t *copy = secret_alloc(SECRET_KEY_BYTES);
    if (copy == NULL)
        return GMM_ENOMEM;
    memcpy(copy, secret, SECRET_KEY_BYTES);
    memmove(&ring->slots[at + 1], &ring->slots[at], (ring->count - at) * sizeof *ring->slots);
    ring->slots[at] = (struct slot){*epoch_id, copy};
    ring->count++;
    return GMM_OK;
}

void keyring_drop(struct keyring *ring, const struct gmm_id *epoch_id)
{
    bool found;
    size_t at = locate(ring, epoch_id, &found);
    if (!found)
        return;
    secret_free(ring->slots[at].secret);
    ring->count--;
    memmove(&ring->slots[at], &ring->slots[at + 1], (ring->count - at) * sizeof *ring->slots);
}

static struct epoch_context context_of(const struct core *core, const struct view_epoch *epoch)
{
    return (struct epoch_context){.nid = &core->nid, .gid = &epoch->gid, .author = &epoch->author};
}

/* The private wrap key that a recipient record names, or NULL when we have deleted it. */
static const uint8_t *wrap_key(const struct core *core, const uint8_t wrap_id[8])
{
    for (size_t i = 0; i < core->keystore->wrap_count; i++) {
        struct gmm_id pk;
        uint8_t id[8];
        if (crypto_scalarmult_base(pk.b, core->keystore->wraps[i].sk) != 0)
            continue;
        epoch_wrap_id(id, &pk);
        if (memcmp(id, wrap_id, sizeof id) == 0)
            return core->keystore->wraps[i].sk;
    }
    return NULL;
}

/* Tries the wrap to us. GMM_ENOTFOUND: none, or under a key that is gone. */
static enum gmm_err open_own(const struct core *core, const struct view_epoch *epoch, uint8_t secret[32])
{
    const struct epoch_recipient *recipient = epoch_find(&epoch->epoch, core_self(core));
    const uint8_t *sk = recipient == NULL ? NULL : wrap_key(core, recipient->wrap_id);
    if (sk == NULL)
        return GMM_ENOTFOUND;
    struct epoch_context ctx = context_of(core, epoch);
    return epoch_unwrap(secret, &epoch->epoch, &ctx, core_self(core), sk);
}

static enum gmm_err open_wrapped(const struct core *core, const struct view *view, const struct view_epoch *epoch,
                                 uint8_t secret[32])
{
    for (size_t i = 0; i < view->wrap_count; i++) {
        const struct view_wrap *wrap = &view->wraps[i];
        if (!id_equal(&wrap->epoch_id, &epoch->id) || !id_equal(&wrap->sign_pk, core_self(core)))
            continue;
        struct epoch_context ctx = {.nid = &core->nid, .gid = &epoch->gid, .author = &wrap->author};
        for (size_t k = 0; k < core->keystore->wrap_count; k++)
            if (epoch_rewrap_open(secret, &epoch->epoch, &ctx, core_self(core), core->keystore->wraps[k].sk, wrap->body,
                                  wrap->len) == GMM_OK)
                return GMM_OK;
    }
    return GMM_ENOTFOUND;
}

/* What one scan gathers. */
struct scan {
    struct keyring *ring;
    struct core *core;
    struct effect *store;
};

/* A newly opened secret: into the ring and into the scan's STORE. */
static enum gmm_err found(struct scan *scan, const struct gmm_id *epoch_id, const uint8_t secret[32])
{
    if (scan->store == NULL) {
        if ((scan->store = core_store(scan->core)) == NULL)
            return GMM_ENOMEM;
        scan->store->as.store.durable = true;
    }
    struct engine_store *s = &scan->store->as.store;
    struct gmm_id *ids = realloc(s->secret_ids, (s->secret_count + 1u) * sizeof *ids);
    if (ids == NULL)
        return GMM_ENOMEM;
    s->secret_ids = ids;
    enum gmm_err err = keyring_put(scan->ring, epoch_id, secret);
    if (err == GMM_OK)
        s->secret_ids[s->secret_count++] = *epoch_id;
    return err;
}

/* Ancestors through history wraps, as far as they go. `epoch` is held. Bounded: each step opens one that was closed. */
static enum gmm_err open_ancestors(struct scan *scan, const struct view *view, const struct view_epoch *epoch)
{
    const struct view_epoch *stack[256];
    size_t depth = 0;
    enum gmm_err err = GMM_OK;
    uint8_t secret[32];
    stack[depth++] = epoch;
    while (depth > 0 && err == GMM_OK) {
        const struct view_epoch *child = stack[--depth];
        for (unsigned i = 0; i < child->epoch.parent_count && err == GMM_OK; i++) {
            const struct view_epoch *parent = view_epoch(view, &child->epoch.parents[i]);
            if (parent == NULL || !id_equal(&parent->gid, &child->gid) ||
                keyring_secret(scan->ring, &parent->id) != NULL)
                continue;
            const uint8_t *held = keyring_secret(scan->ring, &child->id);
            if (held == NULL || epoch_unwrap_parent(secret, &child->epoch, i, held) != GMM_OK)
                continue;
            struct epoch_context ctx = context_of(scan->core, parent);
            if (epoch_check(&parent->epoch, &ctx, secret) != GMM_OK)
                continue;
            err = found(scan, &parent->id, secret);
            if (depth < sizeof stack / sizeof *stack)
                stack[depth++] = parent;
        }
    }
    sodium_memzero(secret, sizeof secret);
    return err;
}

enum gmm_err keyring_scan(struct keyring *ring, struct core *core, const struct view *view, struct gmm_id *bad,
                          size_t bad_max, size_t *bad_count)
{
    struct scan scan = {.ring = ring, .core = core};
    uint8_t secret[32];
    enum gmm_err err = GMM_OK;
    *bad_count = 0;
    for (size_t i = 0; i < view->epoch_count && err == GMM_OK; i++) {
        const struct view_epoch *epoch = &view->epochs[i];
        if (!epoch->valid)
            continue;
        if (keyring_secret(ring, &epoch->id) == NULL) {
            enum gmm_err opened = open_own(core, epoch, secret);
            if (opened != GMM_OK && open_wrapped(core, view, epoch, secret) == GMM_OK)
                opened = GMM_OK;
            if (opened == GMM_OK)
                err = found(&scan, &epoch->id, secret);
            else if (opened != GMM_ENOTFOUND && !epoch->bad && *bad_count < bad_max)
                bad[(*bad_count)++] = epoch->id;
        }
        if (err == GMM_OK && epoch->epoch.history_count > 0 && keyring_secret(ring, &epoch->id) != NULL)
            err = open_ancestors(&scan, view, epoch);
    }
    sodium_memzero(secret, sizeof secret);
    return err;
}

/* The current offices of a group as wrap targets. */
static enum gmm_err targets_of(const struct view *view, const struct gmm_id *gid, uint64_t now_ms,
                               struct epoch_target **out, size_t *count)
{
    struct epoch_target *targets = malloc((view->office_count + 1) * sizeof *targets);
    if (targets == NULL)
        return GMM_ENOMEM;
    *count = 0;
    for (size_t i = 0; i < view->office_count; i++)
        if (view_office_in_group(view, gid, &view->offices[i], now_ms))
            targets[(*count)++] = (struct epoch_target){view->offices[i].sign_pk, view->offices[i].wrap_pk};
    *out = targets;
    return GMM_OK;
}

/* A removal since the parents were made ends their chunk domain: a parent's recipient is no longer a current office. */
static bool somebody_left(const struct view *view, const struct gmm_id *gid, const struct view_epoch *parent,
                          uint64_t now_ms)
{
    for (uint16_t i = 0; i < parent->epoch.recipient_count; i++) {
        const struct view_office *office = view_office(view, &parent->epoch.recipients[i].sign_pk);
        if (office == NULL || !view_office_in_group(view, gid, office, now_ms))
            return true;
    }
    return false;
}

enum gmm_err keyring_make_epoch(struct keyring *ring, struct core *core, const struct view *view,
                                const struct gmm_id *gid, struct buffer *body, uint8_t secret[32])
{
    const struct view_epoch *tips[LIMIT_EPOCH_PARENTS];
    struct gmm_id parents[LIMIT_EPOCH_PARENTS];
    const uint8_t *secrets[LIMIT_EPOCH_PARENTS];
    struct epoch_target *targets = NULL;
    size_t target_count = 0;
    uint32_t gen = 0;
    struct epoch made = {0};
    uint8_t *eph_sk = NULL;
    const struct view_group *group = view_group(view, gid);
    enum gmm_err err;

    if (group == NULL)
        return GMM_EDENIED;
    size_t parent_count = view_epoch_tips(view, gid, tips, LIMIT_EPOCH_PARENTS);
    bool left = false;
    for (size_t i = 0; i < parent_count; i++) {
        parents[i] = tips[i]->id;
        secrets[i] = keyring_secret(ring, &tips[i]->id);
        gen = tips[i]->epoch.gen > gen ? tips[i]->epoch.gen : gen;
        left = left || somebody_left(view, gid, tips[i], core->now_ms);
    }
    /* Inheriting needs that whoever opens this epoch opens its first parent too. */
    bool inherit = parent_count > 0 && group->history_full && !left && secrets[0] != NULL;
    if ((err = targets_of(view, gid, core->now_ms, &targets, &target_count)) != GMM_OK)
        goto out;
    if (target_count == 0) {
        err = GMM_EDENIED;
        goto out;
    }
    if ((eph_sk = secret_alloc(SECRET_KEY_BYTES)) == NULL) {
        err = GMM_ENOMEM;
        goto out;
    }
    core_random(core, secret, 32);
    core_random(core, eph_sk, 32);
    struct epoch_context ctx = {.nid = &core->nid, .gid = gid, .author = core_self(core)};
    err = epoch_make(&made, &ctx, gen + 1, inherit ? EPOCH_DOMAIN_INHERITED : EPOCH_DOMAIN_NEW, parents, secrets,
                     parent_count, group->history_full, targets, target_count, secret, eph_sk);
    if (err == GMM_OK)
        err = epoch_encode(body, &made);
out:
    epoch_close(&made);
    secret_free(eph_sk);
    free(targets);
    return err;
}

static bool held(const void *arg, const struct gmm_id *epoch_id)
{
    return keyring_secret(arg, epoch_id) != NULL;
}

const struct view_epoch *keyring_for_sending(const struct keyring *ring, const struct view *view,
                                             const struct gmm_id *gid, uint64_t now_ms)
{
    return view_epoch_for_sending(view, gid, now_ms, held, ring);
}

bool keyring_covers(const struct view *view, const struct view_epoch *epoch, uint64_t now_ms)
{
    for (size_t i = 0; i < view->office_count; i++)
        if (view_office_in_group(view, &epoch->gid, &view->offices[i], now_ms) &&
            epoch_find(&epoch->epoch, &view->offices[i].sign_pk) == NULL)
            return false;
    return true;
}

enum gmm_err keyring_domain(const struct keyring *ring, const struct view *view, const struct view_epoch *epoch,
                            uint8_t conv[32])
{
    while (epoch != NULL && epoch->epoch.domain == EPOCH_DOMAIN_INHERITED && epoch->epoch.parent_count > 0) {
        const struct view_epoch *parent = view_epoch(view, &epoch->epoch.parents[0]);
        if (parent == NULL || parent->epoch.gen >= epoch->epoch.gen)
            return GMM_EUNKNOWN;
        epoch = parent;
    }
    const uint8_t *secret = epoch == NULL ? NULL : keyring_secret(ring, &epoch->id);
    if (secret == NULL)
        return GMM_EUNKNOWN;
    chunk_domain(conv, secret, &epoch->gid);
    return GMM_OK;
}
