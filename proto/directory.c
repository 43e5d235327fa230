#include "proto/directory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

#define CERTIFICATES_MAX (8u * LIMIT_OFFICES)
#define REVOCATIONS_MAX (8u * LIMIT_OFFICES)
#define VOUCHES_MAX (8u * LIMIT_OFFICES)
#define ROTATIONS_MAX (LIMIT_PARTICIPANTS * LIMIT_ROOT_ROTATIONS)

/* An object held, with its bytes behind it. */
struct item {
    struct directory_object object;
    uint8_t bytes[];
};

/* A sorted index: by key, then number, then the object's hash. */
struct index_entry {
    struct gmm_id key;
    uint64_t number;
    struct item *item;
};
struct index {
    struct index_entry *entries;
    size_t count, cap;
};

struct directory {
    struct item *charter;
    size_t revocation_count, vouch_count;
    struct index objects;   /* hash, 0 */
    struct index offices;   /* certificates: sign_pk, serial */
    struct index roots;     /* certificates: pid, root_n */
    struct index rotations; /* pid, n */
};

struct directory *directory_new(void)
{
    return calloc(1, sizeof(struct directory));
}

static void item_free(struct item *item)
{
    if (item == NULL)
        return;
    if (item->object.kind == DIRECTORY_REVOCATION)
        revocation_close(&item->object.as.revocation);
    if (item->object.kind == DIRECTORY_VOUCH)
        vouch_close(&item->object.as.vouch);
    free(item);
}

void directory_free(struct directory *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->objects.count; i++)
        item_free(d->objects.entries[i].item);
    free(d->objects.entries);
    free(d->offices.entries);
    free(d->roots.entries);
    free(d->rotations.entries);
    free(d);
}

const struct charter *directory_charter(const struct directory *d)
{
    return d->charter == NULL ? NULL : &d->charter->object.as.charter;
}

void directory_hash(struct gmm_id *out, const void *bytes, size_t len)
{
    hash_h(out, LABEL_OBJECT, bytes, len);
}

static int entry_compare(const struct index_entry *e, const struct gmm_id *key, uint64_t number)
{
    int order = id_compare(&e->key, key);
    return order != 0 ? order : (e->number > number) - (e->number < number);
}

/* The first entry at or behind (key, number), and the first behind it. */
static size_t index_from(const struct index *index, const struct gmm_id *key, uint64_t number)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entry_compare(&index->entries[middle], key, number) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t index_behind(const struct index *index, const struct gmm_id *key, uint64_t number)
{
    size_t i = index_from(index, key, number);
    while (i < index->count && entry_compare(&index->entries[i], key, number) == 0)
        i++;
    return i;
}

static bool index_room(struct index *index)
{
    if (index->count < index->cap)
        return true;
    size_t cap = index->cap == 0 ? 16 : 2 * index->cap;
    struct index_entry *grown = realloc(index->entries, cap * sizeof *grown);
    if (grown == NULL)
        return false;
    index->entries = grown;
    index->cap = cap;
    return true;
}

/* Room was made before. */
static void index_insert(struct index *index, const struct gmm_id *key, uint64_t number, struct item *item)
{
    assert(index->count < index->cap);
    size_t i = index_from(index, key, number);
    while (i < index->count && entry_compare(&index->entries[i], key, number) == 0 &&
           id_compare(&index->entries[i].item->object.hash, &item->object.hash) < 0)
        i++;
    memmove(index->entries + i + 1, index->entries + i, (index->count - i) * sizeof *index->entries);
    index->entries[i] = (struct index_entry){.key = *key, .number = number, .item = item};
    index->count++;
}

static void index_remove(struct index *index, const struct gmm_id *key, uint64_t number, const struct item *item)
{
    size_t i = index_from(index, key, number);
    while (i < index->count && index->entries[i].item != item)
        i++;
    assert(i < index->count);
    memmove(index->entries + i, index->entries + i + 1, (index->count - i - 1) * sizeof *index->entries);
    index->count--;
}

static struct item *item_find(const struct directory *d, const struct gmm_id *hash)
{
    size_t i = index_from(&d->objects, hash, 0);
    return i < d->objects.count && id_equal(&d->objects.entries[i].key, hash) ? d->objects.entries[i].item : NULL;
}

/* "Root 0 of a participant is known from the charter or from any certificate with root_n = 0": with its commitment. */
static const struct gmm_id *first_root(const struct directory *d, const struct gmm_id *pid, struct gmm_id *next_commit)
{
    const struct charter *charter = directory_charter(d);
    if (charter != NULL && id_equal(&charter->founder_pid, pid)) {
        *next_commit = charter->founder_next_commit;
        return &charter->founder_root_pk;
    }
    size_t i = index_from(&d->roots, pid, 0);
    if (i == d->roots.count || entry_compare(&d->roots.entries[i], pid, 0) != 0)
        return NULL;
    const struct certificate *cert = &d->roots.entries[i].item->object.as.certificate;
    *next_commit = cert->next_commit;
    return &cert->root_pk;
}

const struct identity_rotation *directory_rotation(const struct directory *d, const struct gmm_id *pid, uint32_t n)
{
    size_t i = index_from(&d->rotations, pid, n);
    if (i == d->rotations.count || entry_compare(&d->rotations.entries[i], pid, n) != 0)
        return NULL;
    return &d->rotations.entries[i].item->object.as.rotation;
}

const struct gmm_id *directory_root(const struct directory *d, const struct gmm_id *pid, uint32_t n)
{
    struct gmm_id next_commit;
    if (n == 0)
        return first_root(d, pid, &next_commit);
    const struct identity_rotation *rotation = directory_rotation(d, pid, n);
    return rotation == NULL ? NULL : &rotation->root_pk;
}

static enum gmm_err check_certificate(const struct directory *d, const struct certificate *cert)
{
    if (d->offices.count >= CERTIFICATES_MAX)
        return GMM_ELIMIT;
    if (cert->root_n == 0)
        return GMM_OK;
    size_t i = index_from(&d->rotations, &cert->pid, cert->root_n);
    for (; i < d->rotations.count && entry_compare(&d->rotations.entries[i], &cert->pid, cert->root_n) == 0; i++) {
        const struct identity_rotation *rotation = &d->rotations.entries[i].item->object.as.rotation;
        if (id_equal(&rotation->root_pk, &cert->root_pk) && id_equal(&rotation->next_commit, &cert->next_commit))
            return GMM_OK;
    }
    return GMM_EUNKNOWN;
}

/* "Signed by the key to which root n − 1 committed": some root n-1 that is held commits to it. */
static enum gmm_err check_rotation(const struct directory *d, const struct identity_rotation *rotation)
{
    struct gmm_id commit, committed;
    if (rotation->n > LIMIT_ROOT_ROTATIONS || d->rotations.count >= ROTATIONS_MAX)
        return GMM_ELIMIT;
    identity_next_commit(&commit, &rotation->root_pk);
    if (rotation->n == 1) {
        if (first_root(d, &rotation->pid, &committed) == NULL)
            return GMM_EUNKNOWN;
        return id_equal(&commit, &committed) ? GMM_OK : GMM_EKEY;
    }
    uint32_t before = rotation->n - 1;
    size_t i = index_from(&d->rotations, &rotation->pid, before);
    for (; i < d->rotations.count && entry_compare(&d->rotations.entries[i], &rotation->pid, before) == 0; i++)
        if (id_equal(&d->rotations.entries[i].item->object.as.rotation.next_commit, &commit))
            return GMM_OK;
    return GMM_EUNKNOWN;
}

static enum gmm_err open_charter(const struct directory *d, struct directory_object *o)
{
    if (d->charter != NULL)
        return GMM_ENETWORK;
    o->kind = DIRECTORY_CHARTER;
    return charter_open(&o->as.charter, o->bytes + 1, o->len - 1);
}

static enum gmm_err open_certificate(const struct directory *d, const struct gmm_id *nid, struct directory_object *o)
{
    o->kind = DIRECTORY_CERTIFICATE;
    enum gmm_err err = certificate_open(&o->as.certificate, nid, o->bytes + 1, o->len - 1);
    return err == GMM_OK ? check_certificate(d, &o->as.certificate) : err;
}

static enum gmm_err open_revocation(const struct directory *d, const struct gmm_id *nid, struct directory_object *o)
{
    if (d->revocation_count >= REVOCATIONS_MAX)
        return GMM_ELIMIT;
    enum gmm_err err = revocation_open(&o->as.revocation, nid, o->bytes + 1, o->len - 1);
    if (err == GMM_OK)
        o->kind = DIRECTORY_REVOCATION; /* from here on it owns its cuts */
    return err;
}

static enum gmm_err open_vouch(const struct directory *d, const struct gmm_id *nid, struct directory_object *o)
{
    if (d->vouch_count >= VOUCHES_MAX)
        return GMM_ELIMIT;
    enum gmm_err err = vouch_open(&o->as.vouch, nid, o->bytes + 1, o->len - 1);
    if (err == GMM_OK)
        o->kind = DIRECTORY_VOUCH; /* likewise */
    return err;
}

static enum gmm_err open_rotation(const struct directory *d, const struct gmm_id *nid, struct directory_object *o)
{
    o->kind = DIRECTORY_ROTATION;
    enum gmm_err err = identity_rotation_open(&o->as.rotation, nid, o->bytes + 1, o->len - 1);
    return err == GMM_OK ? check_rotation(d, &o->as.rotation) : err;
}

static enum gmm_err object_open(const struct directory *d, struct directory_object *o)
{
    if (o->bytes[0] == DIRECTORY_CHARTER)
        return open_charter(d, o);
    if (o->bytes[0] < DIRECTORY_CHARTER || o->bytes[0] > DIRECTORY_VOUCH)
        return GMM_EFORMAT;
    if (d->charter == NULL)
        return GMM_EUNKNOWN;
    const struct gmm_id *nid = &d->charter->object.as.charter.nid;
    if (o->bytes[0] == DIRECTORY_CERTIFICATE)
        return open_certificate(d, nid, o);
    if (o->bytes[0] == DIRECTORY_VOUCH)
        return open_vouch(d, nid, o);
    return o->bytes[0] == DIRECTORY_REVOCATION ? open_revocation(d, nid, o) : open_rotation(d, nid, o);
}

static void insert(struct directory *d, struct item *item)
{
    const struct directory_object *o = &item->object;
    index_insert(&d->objects, &o->hash, 0, item);
    switch (o->kind) {
    case DIRECTORY_CHARTER:
        d->charter = item;
        break;
    case DIRECTORY_CERTIFICATE:
        index_insert(&d->offices, &o->as.certificate.sign_pk, o->as.certificate.serial, item);
        index_insert(&d->roots, &o->as.certificate.pid, o->as.certificate.root_n, item);
        break;
    case DIRECTORY_REVOCATION:
        d->revocation_count++;
        break;
    case DIRECTORY_VOUCH:
        d->vouch_count++;
        break;
    case DIRECTORY_ROTATION:
        index_insert(&d->rotations, &o->as.rotation.pid, o->as.rotation.n, item);
        break;
    }
}

enum gmm_err directory_add(struct directory *d, const void *bytes, size_t len, const struct directory_object **out)
{
    struct gmm_id hash;
    *out = NULL;
    if (len < 2)
        return GMM_EFORMAT;
    directory_hash(&hash, bytes, len);
    struct item *item = item_find(d, &hash);
    if (item != NULL) {
        *out = &item->object;
        return GMM_EEXISTS;
    }
    if (!index_room(&d->objects) || !index_room(&d->offices) || !index_room(&d->roots) || !index_room(&d->rotations))
        return GMM_ENOMEM;
    item = calloc(1, sizeof *item + len);
    if (item == NULL)
        return GMM_ENOMEM;
    memcpy(item->bytes, bytes, len);
    item->object.hash = hash;
    item->object.bytes = item->bytes;
    item->object.len = len;
    enum gmm_err err = object_open(d, &item->object);
    if (err != GMM_OK) {
        item_free(item);
        return err;
    }
    insert(d, item);
    *out = &item->object;
    return GMM_OK;
}

void directory_remove(struct directory *d, const struct gmm_id *hash)
{
    struct item *item = item_find(d, hash);
    if (item == NULL)
        return;
    const struct directory_object *o = &item->object;
    index_remove(&d->objects, &o->hash, 0, item);
    switch (o->kind) {
    case DIRECTORY_CHARTER:
        d->charter = NULL;
        break;
    case DIRECTORY_CERTIFICATE:
        index_remove(&d->offices, &o->as.certificate.sign_pk, o->as.certificate.serial, item);
        index_remove(&d->roots, &o->as.certificate.pid, o->as.certificate.root_n, item);
        break;
    case DIRECTORY_REVOCATION:
        d->revocation_count--;
        break;
    case DIRECTORY_VOUCH:
        d->vouch_count--;
        break;
    case DIRECTORY_ROTATION:
        index_remove(&d->rotations, &o->as.rotation.pid, o->as.rotation.n, item);
        break;
    }
    item_free(item);
}

const struct directory_object *directory_find(const struct directory *d, const struct gmm_id *hash)
{
    const struct item *item = item_find(d, hash);
    return item == NULL ? NULL : &item->object;
}

size_t directory_count(const struct directory *d)
{
    return d->objects.count;
}

const struct directory_object *directory_at(const struct directory *d, size_t index)
{
    return index < d->objects.count ? &d->objects.entries[index].item->object : NULL;
}

void directory_fingerprint(const struct directory *d, struct gmm_id *out)
{
    if (d->objects.count == 0) {
        memset(out, 0, sizeof *out);
        return;
    }
    struct hash h;
    hash_init(&h, LABEL_OBJECT);
    for (size_t i = 0; i < d->objects.count; i++)
        hash_update(&h, d->objects.entries[i].key.b, GMM_ID_BYTES);
    hash_final(&h, out->b);
}

const struct certificate *directory_author(const struct directory *d, const struct gmm_id *sign_pk)
{
    size_t i = index_behind(&d->offices, sign_pk, UINT64_MAX);
    if (i == 0 || !id_equal(&d->offices.entries[i - 1].key, sign_pk))
        return NULL;
    return &d->offices.entries[i - 1].item->object.as.certificate;
}

static int rank(enum directory_kind kind)
{
    switch (kind) {
    case DIRECTORY_CHARTER:
        return 0;
    case DIRECTORY_ROTATION:
        return 1;
    case DIRECTORY_CERTIFICATE:
        return 2;
    case DIRECTORY_REVOCATION:
        return 3;
    case DIRECTORY_VOUCH:
        return 4;
    }
    return 5;
}

static int by_need(const void *a, const void *b)
{
    const struct directory_object *x = *(const struct directory_object *const *)a;
    const struct directory_object *y = *(const struct directory_object *const *)b;
    if (x->kind != y->kind)
        return rank(x->kind) - rank(y->kind);
    if (x->kind == DIRECTORY_ROTATION && x->as.rotation.n != y->as.rotation.n)
        return x->as.rotation.n < y->as.rotation.n ? -1 : 1;
    return id_compare(&x->hash, &y->hash);
}

enum gmm_err directory_by_need(const struct directory *directory, const struct directory_object ***out)
{
    size_t count = directory_count(directory);
    *out = calloc(count + 1, sizeof **out);
    if (*out == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        (*out)[i] = directory_at(directory, i);
    qsort(*out, count, sizeof **out, by_need);
    return GMM_OK;
}
