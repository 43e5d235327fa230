#include "proto/run.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

#define TAG_TYPE 1u
#define TAG_EPOCH 2u
#define TAG_ABSENT 4u
#define TAG_KNOWN 7u

/* What stands before the entries and after them, and the least that an entry takes: tag, time, length, one byte. */
#define RUN_FIXED_BYTES (32u + 32u + 8u + 8u + 2u + HASH_SIG_BYTES)
#define ENTRY_LEAST_BYTES (1u + 8u + 4u + 1u)

struct verified_run {
    struct run *run;
};

void run_key_of(struct run_key *key, const struct header *header)
{
    key->group = header->group;
    key->author = header->author;
    key->instance = header->instance;
}

int run_key_compare(const struct run_key *a, const struct run_key *b)
{
    int order = id_compare(&a->group, &b->group);
    if (order == 0)
        order = id_compare(&a->author, &b->author);
    if (order == 0)
        order = (a->instance > b->instance) - (a->instance < b->instance);
    return order;
}

void run_head_bytes(uint8_t out[RUN_HEAD_BYTES], const struct run_key *key, uint64_t seq, const struct gmm_id *id)
{
    memcpy(out, key->group.b, GMM_ID_BYTES);
    memcpy(out + 32, key->author.b, GMM_ID_BYTES);
    bytes_store_u64(out + 64, key->instance);
    bytes_store_u64(out + 72, seq);
    memcpy(out + 80, id->b, GMM_ID_BYTES);
}

void run_head_sign(uint8_t sig[HASH_SIG_BYTES], const uint8_t sign_sk[64], const struct gmm_id *nid,
                   const struct run_key *key, uint64_t seq, const struct gmm_id *id)
{
    uint8_t head[RUN_HEAD_BYTES];
    run_head_bytes(head, key, seq, id);
    hash_sign(sig, sign_sk, LABEL_HEAD, nid, head, sizeof head);
}

enum gmm_err run_head_verify(const uint8_t sig[HASH_SIG_BYTES], const struct gmm_id *nid, const struct run_key *key,
                             uint64_t seq, const struct gmm_id *id)
{
    uint8_t head[RUN_HEAD_BYTES];
    run_head_bytes(head, key, seq, id);
    return hash_verify(sig, &key->author, LABEL_HEAD, nid, head, sizeof head);
}

/* LOGS_NO_SEQ is no entry's number. */
static bool count_ok(uint64_t first_seq, uint32_t count)
{
    return count >= 1 && count <= run_room(first_seq) && first_seq <= UINT64_MAX - count;
}

/* Memory for a run and `body_bytes` of bodies behind its entries, in one block. */
static struct run *run_new(uint32_t count, size_t body_bytes, uint8_t **bodies)
{
    size_t entries_bytes = count * sizeof(struct run_entry);
    struct run *run = malloc(sizeof *run + entries_bytes + body_bytes);
    if (run == NULL)
        return NULL;
    memset(run, 0, sizeof *run + entries_bytes);
    run->count = count;
    run->entries = (struct run_entry *)(run + 1);
    *bodies = (uint8_t *)(run->entries + count);
    return run;
}

void run_free(struct run *run)
{
    free(run);
}

static uint8_t tag_of(const struct header *h, const struct header *before, bool absent)
{
    unsigned tag = absent ? TAG_ABSENT : 0;
    if (before == NULL || h->type != before->type || h->flags != before->flags)
        tag |= TAG_TYPE;
    if (before == NULL || !id_equal(&h->epoch, &before->epoch))
        tag |= TAG_EPOCH;
    return (uint8_t)tag;
}

static size_t wire_bytes(const struct header *h, uint8_t tag)
{
    size_t n = 1 + 8 + 4;
    n += (tag & TAG_TYPE) != 0 ? 2 + 4 : 0;
    n += (tag & TAG_EPOCH) != 0 ? GMM_ID_BYTES : 0;
    return n + ((tag & TAG_ABSENT) != 0 ? GMM_ID_BYTES : h->body_len);
}

/* What the rows come to before anything is allocated. */
struct plan {
    struct run_key key;
    uint64_t first_seq;
    size_t body_bytes, wire_bytes;
};

static enum gmm_err plan_row(struct plan *plan, const struct run_source *row, uint32_t i, struct header *before)
{
    struct header h;
    struct run_key key;
    enum gmm_err err = header_decode(&h, row->header);
    if (err != GMM_OK)
        return err;
    run_key_of(&key, &h);
    if (i == 0) {
        plan->key = key;
        plan->first_seq = h.seq;
    }
    if (run_key_compare(&key, &plan->key) != 0 || h.seq != plan->first_seq + i)
        return GMM_EFORMAT;
    if (row->body != NULL) {
        if (row->body_len != h.body_len)
            return GMM_EFORMAT;
        plan->body_bytes += h.body_len;
    }
    plan->wire_bytes += wire_bytes(&h, tag_of(&h, i == 0 ? NULL : before, row->body == NULL));
    *before = h;
    return GMM_OK;
}

static enum gmm_err plan_rows(struct plan *plan, const struct run_source *rows, uint32_t count)
{
    struct header before = {0};
    *plan = (struct plan){.wire_bytes = RUN_FIXED_BYTES};
    if (count < 1 || count > LIMIT_RUN_ENTRIES)
        return GMM_EFORMAT;
    for (uint32_t i = 0; i < count; i++) {
        enum gmm_err err = plan_row(plan, &rows[i], i, &before);
        if (err != GMM_OK)
            return err;
    }
    if (!count_ok(plan->first_seq, count))
        return GMM_EFORMAT;
    return plan->wire_bytes > LIMIT_RUN_BYTES ? GMM_ELIMIT : GMM_OK;
}

enum gmm_err run_make(struct run **out, const struct run_source *entries, uint32_t count,
                      const uint8_t sig[HASH_SIG_BYTES])
{
    *out = NULL;
    struct plan plan;
    enum gmm_err err = plan_rows(&plan, entries, count);
    if (err != GMM_OK)
        return err;
    uint8_t *bodies;
    struct run *run = run_new(count, plan.body_bytes, &bodies);
    if (run == NULL)
        return GMM_ENOMEM;
    run->key = plan.key;
    run->first_seq = plan.first_seq;
    memcpy(run->sig, sig, HASH_SIG_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        struct run_entry *e = &run->entries[i];
        memcpy(e->header, entries[i].header, HEADER_BYTES);
        e->body_len = bytes_load_u32(e->header + HEADER_PREFIX_BYTES);
        header_id(&e->id, e->header);
        if (entries[i].body == NULL)
            continue;
        memcpy(bodies, entries[i].body, e->body_len);
        e->body = bodies;
        bodies += e->body_len;
    }
    *out = run;
    return GMM_OK;
}

static void entry_encode(struct buffer *out, const struct run_entry *e, const struct header *h,
                         const struct header *before)
{
    uint8_t tag = tag_of(h, before, e->body == NULL);
    buffer_put_u8(out, tag);
    if ((tag & TAG_TYPE) != 0) {
        buffer_put_u16(out, h->type);
        buffer_put_u32(out, h->flags);
    }
    buffer_put_u64(out, h->time);
    if ((tag & TAG_EPOCH) != 0)
        buffer_put_id(out, &h->epoch);
    buffer_put_u32(out, h->body_len);
    if (e->body == NULL)
        buffer_put_id(out, &h->body_hash);
    else
        buffer_put(out, e->body, e->body_len);
}

enum gmm_err run_encode(struct buffer *out, const struct run *run)
{
    struct header h, before = {0};
    buffer_put_id(out, &run->key.group);
    buffer_put_id(out, &run->key.author);
    buffer_put_u64(out, run->key.instance);
    buffer_put_u64(out, run->first_seq);
    buffer_put_u16(out, (uint16_t)run->count);
    for (uint32_t i = 0; i < run->count; i++) {
        enum gmm_err err = header_decode(&h, run->entries[i].header);
        if (err != GMM_OK)
            return err;
        entry_encode(out, &run->entries[i], &h, i == 0 ? NULL : &before);
        before = h;
    }
    buffer_put(out, run->sig, HASH_SIG_BYTES);
    return out->failed;
}

static void read_start(struct bytes_in *in, struct run_key *key, uint64_t *first_seq, uint32_t *count)
{
    bytes_get_id(in, &key->group);
    bytes_get_id(in, &key->author);
    key->instance = bytes_get_u64(in);
    *first_seq = bytes_get_u64(in);
    *count = bytes_get_u16(in);
    if (!count_ok(*first_seq, *count))
        bytes_fail(in);
}

enum gmm_err run_peek(struct run_key *key, uint64_t *first_seq, uint32_t *count, const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    read_start(&in, key, first_seq, count);
    return in.failed ? GMM_EFORMAT : GMM_OK;
}

/* Type, flags and epoch: what the tag says, else what stands in h from the entry before. */
static void read_changes(struct bytes_in *in, struct header *h, uint8_t tag, bool first)
{
    if ((tag & ~TAG_KNOWN) != 0 || (first && (tag & (TAG_TYPE | TAG_EPOCH)) != (TAG_TYPE | TAG_EPOCH)))
        bytes_fail(in);
    if ((tag & TAG_TYPE) != 0) {
        uint16_t type = bytes_get_u16(in);
        uint32_t flags = bytes_get_u32(in);
        if (!first && type == h->type && flags == h->flags)
            bytes_fail(in);
        h->type = type;
        h->flags = flags;
    }
    h->time = bytes_get_u64(in);
    if ((tag & TAG_EPOCH) != 0) {
        struct gmm_id epoch;
        bytes_get_id(in, &epoch);
        if (!first && id_equal(&epoch, &h->epoch))
            bytes_fail(in);
        h->epoch = epoch;
    }
}

/* Reads one entry and rebuilds its header; h goes in as the header of the entry before. */
static void entry_decode(struct bytes_in *in, struct run_entry *e, struct header *h, bool first)
{
    uint8_t tag = bytes_get_u8(in);
    read_changes(in, h, tag, first);
    h->body_len = bytes_get_u32(in);
    if (h->body_len == 0 || h->body_len > LIMIT_BODY_BYTES)
        bytes_fail(in);
    if ((tag & TAG_ABSENT) != 0)
        bytes_get_id(in, &h->body_hash);
    else
        e->body = bytes_take(in, h->body_len);
    if (in->failed)
        return;
    e->body_len = h->body_len;
    if (e->body != NULL)
        header_body_hash(&h->body_hash, e->body, e->body_len);
    header_encode(e->header, h);
    header_id(&e->id, e->header);
}

static enum gmm_err decode_entries(struct run *run, const struct gmm_id *nid, const struct gmm_id *prev,
                                   struct bytes_in *in)
{
    struct header h = {.version = HEADER_VERSION, .suite = HEADER_SUITE, .network = *nid};
    h.group = run->key.group;
    h.author = run->key.author;
    h.instance = run->key.instance;
    if (run->first_seq == 0)
        header_log0(&h.prev, nid, &h.group, &h.author, h.instance);
    else
        h.prev = *prev;
    for (uint32_t i = 0; i < run->count && !in->failed; i++) {
        h.seq = run->first_seq + i;
        entry_decode(in, &run->entries[i], &h, i == 0);
        h.prev = run->entries[i].id;
    }
    bytes_get(in, run->sig, HASH_SIG_BYTES);
    return bytes_in_done(in) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err run_decode(struct run **out, const struct gmm_id *nid, const struct gmm_id *prev, const void *bytes,
                        size_t len)
{
    *out = NULL;
    if (len > LIMIT_RUN_BYTES)
        return GMM_ELIMIT;
    struct bytes_in in;
    struct run_key key;
    uint64_t first_seq;
    uint32_t count;
    bytes_in_init(&in, bytes, len);
    read_start(&in, &key, &first_seq, &count);
    if (in.failed || in.left < (size_t)count * ENTRY_LEAST_BYTES + HASH_SIG_BYTES)
        return GMM_EFORMAT;
    uint8_t *copy;
    struct run *run = run_new(count, in.left, &copy);
    if (run == NULL)
        return GMM_ENOMEM;
    /* Bodies stay where they stand in the run's own copy of the wire form. */
    memcpy(copy, in.p, in.left);
    bytes_in_init(&in, copy, in.left);
    run->key = key;
    run->first_seq = first_seq;
    run->rebuilt = true;
    enum gmm_err err = decode_entries(run, nid, prev, &in);
    if (err != GMM_OK) {
        run_free(run);
        return err;
    }
    *out = run;
    return GMM_OK;
}

static bool hashes_ok(const struct run_entry *e, const struct header *h)
{
    struct gmm_id hash;
    header_id(&hash, e->header);
    if (!id_equal(&hash, &e->id))
        return false;
    if (e->body == NULL)
        return true;
    header_body_hash(&hash, e->body, e->body_len);
    return e->body_len == h->body_len && id_equal(&hash, &h->body_hash);
}

/* Checks entry i; *before is the header of the entry before it and becomes this one's. */
static enum gmm_err entry_verify(const struct run *run, uint32_t i, const struct gmm_id *nid, struct header *before)
{
    struct header h;
    struct run_key key;
    struct gmm_id log0;
    enum gmm_err err = header_decode(&h, run->entries[i].header);
    if (err != GMM_OK)
        return err;
    if (!id_equal(&h.network, nid))
        return GMM_ENETWORK;
    run_key_of(&key, &h);
    if (run_key_compare(&key, &run->key) != 0 || h.seq != run->first_seq + i)
        return GMM_EORDER;
    if (h.time == UINT64_MAX || (i > 0 && h.time <= before->time))
        return GMM_EORDER;
    if (i > 0 && !id_equal(&h.prev, &run->entries[i - 1].id))
        return GMM_EORDER;
    if (h.seq == 0) {
        header_log0(&log0, nid, &key.group, &key.author, key.instance);
        if (!id_equal(&h.prev, &log0))
            return GMM_EORDER;
    }
    *before = h;
    return run->rebuilt || hashes_ok(&run->entries[i], &h) ? GMM_OK : GMM_EFORMAT;
}

static enum gmm_err chain_verify(const struct run *run, const struct gmm_id *nid)
{
    struct header before = {0};
    enum gmm_err err = count_ok(run->first_seq, run->count) ? GMM_OK : GMM_EFORMAT;
    for (uint32_t i = 0; i < run->count && err == GMM_OK; i++)
        err = entry_verify(run, i, nid, &before);
    return err;
}

static enum gmm_err take_verified(struct verified_run **out, struct run **run)
{
    struct verified_run *v = malloc(sizeof *v);
    if (v == NULL)
        return GMM_ENOMEM;
    v->run = *run;
    *run = NULL;
    *out = v;
    return GMM_OK;
}

enum gmm_err run_verify(struct verified_run **out, struct run **run, const struct gmm_id *nid)
{
    *out = NULL;
    struct run *r = *run;
    enum gmm_err err = chain_verify(r, nid);
    if (err == GMM_OK)
        err = run_head_verify(r->sig, nid, &r->key, r->first_seq + r->count - 1, &r->entries[r->count - 1].id);
    return err == GMM_OK ? take_verified(out, run) : err;
}

enum gmm_err run_verify_named(struct verified_run **out, struct run **run, const struct gmm_id *nid,
                              const struct gmm_id *last_id)
{
    *out = NULL;
    struct run *r = *run;
    enum gmm_err err = chain_verify(r, nid);
    if (err == GMM_OK && !id_equal(&r->entries[r->count - 1].id, last_id))
        err = GMM_ESIGNATURE;
    if (err != GMM_OK)
        return err;
    memset(r->sig, 0, sizeof r->sig);
    return take_verified(out, run);
}

bool run_is_signed(const uint8_t sig[HASH_SIG_BYTES])
{
    return sodium_is_zero(sig, HASH_SIG_BYTES) == 0;
}

enum gmm_err run_copy(struct run **out, const struct run *run, uint32_t count, bool bodies)
{
    static const uint8_t no_sig[HASH_SIG_BYTES];
    struct run_source sources[LIMIT_RUN_ENTRIES];
    *out = NULL;
    if (count > run->count || count > LIMIT_RUN_ENTRIES)
        return GMM_EFORMAT;
    for (uint32_t i = 0; i < count; i++)
        sources[i] =
            (struct run_source){run->entries[i].header, bodies ? run->entries[i].body : NULL, run->entries[i].body_len};
    return run_make(out, sources, count, count == run->count ? run->sig : no_sig);
}

const struct run *verified_run_view(const struct verified_run *v)
{
    return v->run;
}

void verified_run_free(struct verified_run *v)
{
    if (v == NULL)
        return;
    run_free(v->run);
    free(v);
}
