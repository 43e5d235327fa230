#include "proto/fork.h"

#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

#define FORK_VERSION 1u
/* A branch: log, seq, count and head; of each entry tag, type, flags, time, epoch, length and hash. */
#define BRANCH_BYTES_MAX (146u + LIMIT_RUN_ENTRIES * (1u + 6u + 8u + 32u + 4u + 32u))

static_assert(BRANCH_BYTES_MAX <= UINT16_MAX, "a branch has a u16 length");
static_assert(1u + 32u + 2u * (2u + BRANCH_BYTES_MAX) <= LIMIT_FORK_BYTES, "a proof of the longest branches fits");

bool fork_divergence(const struct run *a, const struct run *b, uint64_t *first_seq)
{
    if (run_key_compare(&a->key, &b->key) != 0)
        return false;
    uint64_t seq = a->first_seq > b->first_seq ? a->first_seq : b->first_seq;
    for (; seq - a->first_seq < a->count && seq - b->first_seq < b->count; seq++)
        if (!id_equal(&a->entries[seq - a->first_seq].id, &b->entries[seq - b->first_seq].id)) {
            *first_seq = seq;
            return true;
        }
    return false;
}

/* bytes16: the run's entries from a seq on, without bodies. */
static void put_branch(struct buffer *out, const struct run *run, uint64_t from)
{
    uint32_t skip = (uint32_t)(from - run->first_seq);
    struct run branch = *run;
    struct run_entry entries[LIMIT_RUN_ENTRIES];
    branch.first_seq = from;
    branch.count = run->count - skip;
    branch.entries = entries;
    for (uint32_t i = 0; i < branch.count; i++) {
        entries[i] = run->entries[skip + i];
        entries[i].body = NULL;
    }
    size_t at = out->len;
    buffer_put_u16(out, 0);
    if (run_encode(out, &branch) == GMM_OK)
        bytes_store_u16(out->p + at, (uint16_t)(out->len - at - 2));
}

enum gmm_err fork_make(struct buffer *out, const struct run *a, const struct run *b)
{
    uint64_t first;
    struct header x, y;
    if (!fork_divergence(a, b, &first))
        return GMM_EFORMAT;
    const struct run_entry *at_a = &a->entries[first - a->first_seq], *at_b = &b->entries[first - b->first_seq];
    enum gmm_err err = header_decode(&x, at_a->header);
    if (err == GMM_OK)
        err = header_decode(&y, at_b->header);
    if (err != GMM_OK)
        return err;
    if (!id_equal(&x.prev, &y.prev))
        return GMM_EFORMAT;
    bool swap = id_compare(&at_a->id, &at_b->id) > 0;
    buffer_put_u8(out, FORK_VERSION);
    buffer_put_id(out, &x.prev);
    put_branch(out, swap ? b : a, first);
    put_branch(out, swap ? a : b, first);
    return out->failed;
}

static enum gmm_err get_branch(struct verified_run **out, struct bytes_in *in, const struct gmm_id *nid,
                               const struct gmm_id *prev)
{
    struct run *run = NULL;
    size_t len = bytes_get_u16(in);
    const uint8_t *bytes = bytes_take(in, len);
    if (bytes == NULL)
        return GMM_EFORMAT;
    enum gmm_err err = run_decode(&run, nid, prev, bytes, len);
    for (uint32_t i = 0; err == GMM_OK && i < run->count; i++)
        if (run->entries[i].body != NULL)
            err = GMM_EFORMAT;
    if (err == GMM_OK)
        err = run_verify(out, &run, nid);
    run_free(run);
    return err;
}

/* The branches verify; do they prove a fork, and is this its one form? */
static bool parts(const struct run *a, const struct run *b, const struct gmm_id *nid, const struct gmm_id *prev)
{
    struct gmm_id log0;
    if (run_key_compare(&a->key, &b->key) != 0 || a->first_seq != b->first_seq ||
        id_compare(&a->entries[0].id, &b->entries[0].id) >= 0)
        return false;
    header_log0(&log0, nid, &a->key.group, &a->key.author, a->key.instance);
    return a->first_seq != 0 || id_equal(prev, &log0);
}

static struct fork_proof *keep(const struct run *a, const struct run *b, const struct gmm_id *prev,
                               const uint8_t *bytes, size_t len)
{
    const struct run *runs[2] = {a, b};
    struct fork_proof *proof = malloc(sizeof *proof + ((size_t)a->count + b->count) * sizeof(struct gmm_id) + len);
    if (proof == NULL)
        return NULL;
    struct gmm_id *ids = (struct gmm_id *)(proof + 1);
    *proof = (struct fork_proof){.key = a->key, .first_seq = a->first_seq, .prev = *prev, .len = len};
    for (unsigned k = 0; k < 2; k++) {
        proof->branches[k] = (struct fork_branch){runs[k]->count, ids};
        proof->times[k] = bytes_load_u64(runs[k]->entries[0].header + HEADER_TIME_AT);
        for (uint32_t i = 0; i < runs[k]->count; i++)
            *ids++ = runs[k]->entries[i].id;
    }
    proof->bytes = memcpy(ids, bytes, len);
    hash_h(&proof->hash, LABEL_FORK, bytes, len);
    return proof;
}

enum gmm_err fork_open(struct fork_proof **out, const struct gmm_id *nid, const void *bytes, size_t len)
{
    struct bytes_in in;
    struct gmm_id prev;
    struct verified_run *a = NULL, *b = NULL;
    *out = NULL;
    if (len > LIMIT_FORK_BYTES)
        return GMM_ELIMIT;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    bytes_get_id(&in, &prev);
    if (in.failed)
        return GMM_EFORMAT;
    if (version != FORK_VERSION)
        return GMM_EVERSION;
    enum gmm_err err = get_branch(&a, &in, nid, &prev);
    if (err == GMM_OK)
        err = get_branch(&b, &in, nid, &prev);
    if (err == GMM_OK && (!bytes_in_done(&in) || !parts(verified_run_view(a), verified_run_view(b), nid, &prev)))
        err = GMM_EFORMAT;
    if (err == GMM_OK && (*out = keep(verified_run_view(a), verified_run_view(b), &prev, bytes, len)) == NULL)
        err = GMM_ENOMEM;
    verified_run_free(a);
    verified_run_free(b);
    return err;
}

int fork_branch_of(const struct fork_proof *proof, uint64_t seq, const struct gmm_id *id)
{
    if (seq < proof->first_seq)
        return -1;
    uint64_t at = seq - proof->first_seq;
    for (int k = 0; k < 2; k++)
        if (at < proof->branches[k].count && id_equal(&proof->branches[k].ids[at], id))
            return k;
    return -1;
}
