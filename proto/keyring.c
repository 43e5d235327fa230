#include "proto/keyring.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"
#include "keys/secret.h"
#include "proto/leavers.h"

struct slot {
    struct gmm_id id;
    uint8_t *secret; /* guarded; NULL: only counted */
    uint64_t entries;
};
struct choice { /* what keyring_sending found for a group */
    struct gmm_id gid, epoch_id;
    enum sending_state state;
    uint64_t from_ms, until_ms;
};
struct keyring {
    struct slot *slots; /* sorted by id */
    size_t count, capacity;
    struct keyring_closed *closed;
    size_t closed_count, closed_capacity;
    size_t outdated;
    struct choice *choices;
    size_t choice_count, choice_capacity;
    uint64_t choice_serial; /* of the view that the choices are about */
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
    free(ring->closed);
    free(ring->choices);
    free(ring);
}

/* Room for one more behind count of them; NULL when memory ends (the array stays as it was). */
static void *room(void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t more = *capacity == 0 ? 16 : 2 * *capacity;
    void *grown = realloc(array, more * size);
    if (grown != NULL)
        *capacity = more;
    return grown;
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

/* The slot of an epoch, made when there is none. NULL: out of memory. */
static struct slot *slot_of(struct keyring *ring, const struct gmm_id *id)
{
    bool found;
    size_t at = locate(ring, id, &found);
    if (found)
        return &ring->slots[at];
    struct slot *slots = room(ring->slots, ring->count, &ring->capacity, sizeof *slots);
    if (slots == NULL)
        return NULL;
    ring->slots = slots;
    memmove(&slots[at + 1], &slots[at], (ring->count - at) * sizeof *slots);
    slots[at] = (struct slot){.id = *id};
    ring->count++;
    return &slots[at];
}

const uint8_t *keyring_secret(const struct keyring *ring, const struct gmm_id *epoch_id)
{
    bool found;
    size_t at = locate(ring, epoch_id, &found);
    return found ? ring->slots[at].secret : NULL;
}

bool keyring_have(const void *arg, const struct gmm_id *epoch_id)
{
    return keyring_secret(arg, epoch_id) != NULL;
}

enum gmm_err keyring_put(struct keyring *ring, const struct gmm_id *epoch_id, const uint8_t secret[32])
{
    struct slot *slot = slot_of(ring, epoch_id);
    if (slot == NULL)
        return GMM_ENOMEM;
    if (slot->secret != NULL)
        return GMM_OK;
    if ((slot->secret = secret_alloc(SECRET_KEY_BYTES)) == NULL)
        return GMM_ENOMEM;
    memcpy(slot->secret, secret, SECRET_KEY_BYTES);
    ring->choice_count = 0;
    return GMM_OK;
}

void keyring_drop(struct keyring *ring, const struct gmm_id *epoch_id)
{
    bool found;
    size_t at = locate(ring, epoch_id, &found);
    if (!found)
        return;
    secret_free(ring->slots[at].secret);
    ring->slots[at].secret = NULL;
    ring->choice_count = 0;
}

enum gmm_err keyring_count(struct keyring *ring, const struct gmm_id *epoch_id, uint64_t count)
{
    struct slot *slot = slot_of(ring, epoch_id);
    if (slot == NULL)
        return GMM_ENOMEM;
    slot->entries += count;
    return GMM_OK;
}

uint64_t keyring_entries(const struct keyring *ring, const struct gmm_id *epoch_id)
{
    bool found;
    size_t at = locate(ring, epoch_id, &found);
    return found ? ring->slots[at].entries : 0;
}

static struct epoch_context context_of(const struct core *core, const struct view_epoch *epoch)
{
    return (struct epoch_context){.nid = &core->nid, .gid = &epoch->gid, .author = &epoch->author};
}

#define FORMER_KEYS 8

/* What one scan gathers. */
struct scan {
    struct keyring *ring;
    struct core *core;
    const struct view *view;
    struct effect *store;
    uint8_t key_ids[KEYSTORE_WRAPS][8]; /* of our wrap keys */
    struct gmm_id former[FORMER_KEYS];  /* sign keys that this office had before: wraps to them are ours */
    size_t former_count;
};

static void name_keys(struct scan *scan)
{
    const struct keystore *ks = scan->core->keystore;
    for (size_t i = 0; i < ks->wrap_count; i++) {
        struct gmm_id pk;
        crypto_scalarmult_base(pk.b, ks->wraps[i].sk);
        epoch_wrap_id(scan->key_ids[i], &pk);
    }
}

static void name_former(struct scan *scan)
{
    const struct view *view = scan->view;
    const struct view_office *self = view_office(view, core_self(scan->core));
    for (size_t i = 0; self != NULL && i < view->office_count && scan->former_count < FORMER_KEYS; i++) {
        const struct view_office *office = &view->offices[i];
        if (office->status == VIEW_OFFICE_SUPERSEDED && id_equal(&office->pid, &self->pid) &&
            strcmp(office->office, self->office) == 0 && !id_equal(&office->sign_pk, &self->sign_pk))
            scan->former[scan->former_count++] = office->sign_pk;
    }
}

/* The index of the private wrap key that a record names; wrap_count when we have deleted it. */
static size_t key_of(const struct scan *scan, const uint8_t wrap_id[8])
{
    size_t count = scan->core->keystore->wrap_count, i = 0;
    while (i < count && memcmp(scan->key_ids[i], wrap_id, sizeof scan->key_ids[i]) != 0)
        i++;
    return i;
}

/* Whatever stands before this one has a successor in use. */
static void key_used(struct scan *scan, size_t key)
{
    if (key < scan->core->keystore->wrap_count && key > scan->ring->outdated)
        scan->ring->outdated = key;
}

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
static enum gmm_err open_ancestors(struct scan *scan, const struct view_epoch *epoch)
{
    const struct view_epoch *stack[256];
    size_t depth = 0;
    enum gmm_err err = GMM_OK;
    uint8_t secret[32];
    stack[depth++] = epoch;
    while (depth > 0 && err == GMM_OK) {
        const struct view_epoch *child = stack[--depth];
        for (unsigned i = 0; i < child->epoch.parent_count && err == GMM_OK; i++) {
            const struct view_epoch *parent = view_epoch(scan->view, &child->epoch.parents[i]);
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

/* How an epoch came to us: through its own record or a WRAP. */
struct given {
    bool any, broken; /* broken: under a key that we have, and it does not open */
    enum gmm_err opened;
};

static void try_own(struct scan *scan, const struct view_epoch *epoch, const struct gmm_id *self, struct given *given,
                    uint8_t secret[32])
{
    const struct epoch_recipient *recipient = epoch_find(&epoch->epoch, self);
    if (recipient == NULL)
        return;
    given->any = true;
    size_t key = key_of(scan, recipient->wrap_id);
    if (key == scan->core->keystore->wrap_count)
        return;
    struct epoch_context ctx = context_of(scan->core, epoch);
    given->opened = epoch_unwrap(secret, &epoch->epoch, &ctx, self, scan->core->keystore->wraps[key].sk);
    given->broken = given->opened != GMM_OK;
    if (given->opened == GMM_OK)
        key_used(scan, key);
}

static void try_wraps(struct scan *scan, const struct view_epoch *epoch, const struct gmm_id *self, struct given *given,
                      uint8_t secret[32])
{
    const struct view *view = scan->view;
    size_t i = sending_first_wrap(view, epoch, self);
    for (; i < view->wrap_count && given->opened != GMM_OK; i++) {
        const struct view_wrap *wrap = &view->wraps[i];
        uint8_t wrap_id[8];
        if (!id_equal(&wrap->epoch_id, &epoch->id) || !id_equal(&wrap->sign_pk, self))
            return;
        given->any = true;
        if (epoch_rewrap_key(wrap_id, wrap->body, wrap->len) != GMM_OK)
            continue;
        size_t key = key_of(scan, wrap_id);
        if (key == scan->core->keystore->wrap_count)
            continue;
        struct epoch_context ctx = {.nid = &scan->core->nid, .gid = &epoch->gid, .author = &wrap->author};
        given->opened = epoch_rewrap_open(secret, &epoch->epoch, &ctx, self, scan->core->keystore->wraps[key].sk,
                                          wrap->body, wrap->len);
        given->broken = given->broken || given->opened != GMM_OK;
        if (given->opened == GMM_OK)
            key_used(scan, key);
    }
}

/* Under our key; else under one that we had when it was made. What does not open there is not complained of. */
static struct given try_given(struct scan *scan, const struct view_epoch *epoch, uint8_t secret[32])
{
    struct given given = {.opened = GMM_ENOTFOUND};
    try_own(scan, epoch, core_self(scan->core), &given, secret);
    if (given.opened != GMM_OK)
        try_wraps(scan, epoch, core_self(scan->core), &given, secret);
    for (size_t i = 0; i < scan->former_count && given.opened != GMM_OK; i++) {
        struct given before = {.opened = GMM_ENOTFOUND};
        try_own(scan, epoch, &scan->former[i], &before, secret);
        if (before.opened != GMM_OK)
            try_wraps(scan, epoch, &scan->former[i], &before, secret);
        if (before.opened == GMM_OK)
            given = before;
    }
    return given;
}

/* The newest of our keys that an epoch held here was wrapped to: keys before it may go one day. */
static void note_key(struct scan *scan, const struct view_epoch *epoch)
{
    const struct epoch_recipient *recipient = epoch_find(&epoch->epoch, core_self(scan->core));
    if (recipient != NULL)
        key_used(scan, key_of(scan, recipient->wrap_id));
}

static enum gmm_err note_closed(struct scan *scan, const struct view_epoch *epoch)
{
    struct keyring *ring = scan->ring;
    uint8_t secret[32];
    struct given given = try_given(scan, epoch, secret);
    sodium_memzero(secret, sizeof secret);
    if (!given.any || given.opened == GMM_OK)
        return GMM_OK;
    struct keyring_closed *closed =
        room(ring->closed, ring->closed_count, &ring->closed_capacity, sizeof *ring->closed);
    if (closed == NULL)
        return GMM_ENOMEM;
    ring->closed = closed;
    closed[ring->closed_count++] = (struct keyring_closed){epoch->id, given.broken};
    return GMM_OK;
}

static enum gmm_err scan_epoch(struct scan *scan, const struct view_epoch *epoch)
{
    uint8_t secret[32];
    enum gmm_err err = GMM_OK;
    if (keyring_secret(scan->ring, &epoch->id) != NULL)
        note_key(scan, epoch);
    else if (try_given(scan, epoch, secret).opened == GMM_OK)
        err = found(scan, &epoch->id, secret);
    sodium_memzero(secret, sizeof secret);
    if (err == GMM_OK && epoch->epoch.history_count > 0 && keyring_secret(scan->ring, &epoch->id) != NULL)
        err = open_ancestors(scan, epoch);
    return err;
}

enum gmm_err keyring_scan(struct keyring *ring, struct core *core, const struct view *view)
{
    struct scan scan = {.ring = ring, .core = core, .view = view};
    enum gmm_err err = GMM_OK;
    name_keys(&scan);
    name_former(&scan);
    ring->outdated = 0;
    ring->closed_count = 0;
    for (size_t i = 0; i < view->epoch_count && err == GMM_OK; i++)
        if (view->epochs[i].valid)
            err = scan_epoch(&scan, &view->epochs[i]);
    /* What is still closed now that every way was tried. */
    for (size_t i = 0; i < view->epoch_count && err == GMM_OK; i++)
        if (view->epochs[i].valid && keyring_secret(ring, &view->epochs[i].id) == NULL)
            err = note_closed(&scan, &view->epochs[i]);
    return err;
}

const struct keyring_closed *keyring_closed(const struct keyring *ring, size_t *count)
{
    *count = ring->closed_count;
    return ring->closed;
}

size_t keyring_outdated(const struct keyring *ring)
{
    return ring->outdated;
}

/* The current offices of a group as wrap targets: "each at its newest wrap key known, even an expired one". */
static enum gmm_err targets_of(const struct sending *s, struct epoch_target **out)
{
    size_t count = 0;
    struct epoch_target *targets = malloc((s->current_count + 1) * sizeof *targets);
    *out = targets;
    if (targets == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < s->view->office_count; i++)
        if (s->current[i])
            targets[count++] = (struct epoch_target){s->view->offices[i].sign_pk, s->view->offices[i].wrap_pk};
    return GMM_OK;
}

/* What a new epoch follows. */
struct lineage {
    struct gmm_id parents[LIMIT_EPOCH_PARENTS];
    const uint8_t *secrets[LIMIT_EPOCH_PARENTS];
    size_t count;
    uint32_t gen; /* highest */
    enum epoch_domain domain;
};

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

/* Is there a recipient of the new epoch to whom this one must not be given, not even as history? */
static bool from_some(const struct leavers *leavers, const struct sending *s, const struct view_epoch *epoch)
{
    for (size_t i = 0; leavers->count > 0 && i < s->view->office_count; i++)
        if (s->current[i] && !sending_reaches(s->view, epoch, &s->view->offices[i].sign_pk) &&
            leavers_withhold(leavers, epoch, &s->view->offices[i].sign_pk))
            return true;
    return false;
}

/* "The domain is new after a removal": inheriting needs that nobody who can read under a parent, or knows its domain,
 * has left, and that whoever opens the new epoch opens its first parent, and the domain, too. */
static enum gmm_err trace(struct lineage *out, const struct keyring *ring, const struct sending *s,
                          const struct gmm_id *self)
{
    const struct view_epoch *tips[LIMIT_EPOCH_PARENTS];
    struct leavers leavers;
    if (leavers_open(&leavers, s->view, &s->group->gid, self) != GMM_OK)
        return GMM_ENOMEM;
    *out = (struct lineage){.count = sending_tips(s, tips, LIMIT_EPOCH_PARENTS)};
    bool left = false;
    uint8_t conv[32];
    for (size_t i = 0; i < out->count; i++) {
        out->parents[i] = tips[i]->id;
        bool withheld = from_some(&leavers, s, tips[i]);
        out->secrets[i] = withheld ? NULL : keyring_secret(ring, &tips[i]->id);
        left = left || withheld;
        out->gen = tips[i]->epoch.gen > out->gen ? tips[i]->epoch.gen : out->gen;
        left = left || !sending_clean(s, tips[i]);
    }
    bool inherit = out->count > 0 && s->group->history_full && !left && out->secrets[0] != NULL &&
                   keyring_domain(ring, s->view, tips[0], conv) == GMM_OK;
    sodium_memzero(conv, sizeof conv);
    out->domain = inherit ? EPOCH_DOMAIN_INHERITED : EPOCH_DOMAIN_NEW;
    leavers_close(&leavers);
    return GMM_OK;
}

static enum gmm_err make(struct core *core, const struct sending *s, const struct lineage *lineage, struct buffer *body,
                         uint8_t secret[32], uint8_t eph_sk[32])
{
    struct epoch_target *targets = NULL;
    struct epoch made = {0};
    enum gmm_err err = targets_of(s, &targets);
    if (err != GMM_OK)
        return err;
    core_random(core, secret, 32);
    core_random(core, eph_sk, 32);
    struct epoch_context ctx = {.nid = &core->nid, .gid = &s->group->gid, .author = core_self(core)};
    err = epoch_make(&made, &ctx, lineage->gen + 1, lineage->domain, lineage->parents, lineage->secrets, lineage->count,
                     s->group->history_full, targets, s->current_count, secret, eph_sk);
    if (err == GMM_OK)
        err = epoch_encode(body, &made);
    epoch_close(&made);
    free(targets);
    return err;
}

enum gmm_err keyring_make_epoch(struct keyring *ring, struct core *core, const struct view *view,
                                const struct gmm_id *gid, struct buffer *body, uint8_t secret[32])
{
    struct sending s;
    struct lineage lineage;
    enum gmm_err err = sending_open(&s, view, gid, core->now_ms);
    if (err != GMM_OK)
        return err;
    uint8_t *eph_sk = secret_alloc(SECRET_KEY_BYTES);
    if (eph_sk == NULL) {
        err = GMM_ENOMEM;
    } else if (s.group == NULL || s.current_count == 0) {
        err = GMM_EDENIED;
    } else {
        err = trace(&lineage, ring, &s, core_self(core));
        if (err == GMM_OK)
            err = make(core, &s, &lineage, body, secret, eph_sk);
    }
    secret_free(eph_sk);
    sending_close(&s);
    return err;
}

enum gmm_err keyring_make_wrap(const struct keyring *ring, struct core *core, const struct view *view,
                               const struct gmm_id *epoch_id, const struct gmm_id *sign_pk,
                               uint8_t body[EPOCH_REWRAP_BYTES])
{
    const struct view_epoch *epoch = view_epoch(view, epoch_id);
    const struct view_office *office = view_office(view, sign_pk);
    const uint8_t *secret = keyring_secret(ring, epoch_id);
    if (epoch == NULL || office == NULL || secret == NULL)
        return GMM_ENOTFOUND;
    uint8_t *eph_sk = secret_alloc(SECRET_KEY_BYTES);
    if (eph_sk == NULL)
        return GMM_ENOMEM;
    core_random(core, eph_sk, 32);
    struct epoch_context ctx = {.nid = &core->nid, .gid = &epoch->gid, .author = core_self(core)};
    struct epoch_target target = {office->sign_pk, office->wrap_pk};
    enum gmm_err err = epoch_rewrap(body, epoch_id, &epoch->epoch, &ctx, &target, secret, eph_sk);
    secret_free(eph_sk);
    return err;
}

static const struct choice *chosen(const struct keyring *ring, const struct view *view, const struct gmm_id *gid,
                                   uint64_t now_ms)
{
    for (size_t i = 0; ring->choice_serial == view->serial && i < ring->choice_count; i++) {
        const struct choice *choice = &ring->choices[i];
        if (id_equal(&choice->gid, gid) && choice->from_ms <= now_ms && now_ms < choice->until_ms)
            return choice;
    }
    return NULL;
}

/* Not remembering it costs only time. */
static void remember(struct keyring *ring, const struct choice *choice, const struct view *view)
{
    size_t at = 0;
    if (ring->choice_serial != view->serial)
        ring->choice_count = 0;
    ring->choice_serial = view->serial;
    while (at < ring->choice_count && !id_equal(&ring->choices[at].gid, &choice->gid))
        at++;
    struct choice *choices = room(ring->choices, at, &ring->choice_capacity, sizeof *choices);
    if (choices == NULL)
        return;
    ring->choices = choices;
    choices[at] = *choice;
    ring->choice_count += at == ring->choice_count;
}

enum gmm_err keyring_sending(struct keyring *ring, const struct view *view, const struct gmm_id *gid, uint64_t now_ms,
                             const struct view_epoch **epoch, enum sending_state *state)
{
    struct sending s;
    const struct choice *known = chosen(ring, view, gid, now_ms);
    if (known != NULL) {
        *epoch = known->state == SENDING_USABLE ? view_epoch(view, &known->epoch_id) : NULL;
        *state = known->state;
        return GMM_OK;
    }
    *epoch = NULL;
    enum gmm_err err = sending_open(&s, view, gid, now_ms);
    if (err != GMM_OK)
        return err;
    struct choice choice = {.gid = *gid, .from_ms = now_ms, .until_ms = s.until_ms};
    *epoch = sending_choose(&s, keyring_have, ring, &choice.state);
    *state = choice.state;
    if (*epoch != NULL)
        choice.epoch_id = (*epoch)->id;
    remember(ring, &choice, view);
    sending_close(&s);
    return GMM_OK;
}
