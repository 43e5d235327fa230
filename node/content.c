#include "node/content.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/chunk.h"
#include "keys/text.h"
#include "node/sealer.h"
#include "node/sys.h"
#include "proto/chunker.h"

#define READ_BYTES SEALER_SPARE_BYTES
/* Chunks have 256 KiB to 4 MiB; only the last of a content may be shorter. */
#define CHUNKS_MAX (LIMIT_CONTENT_BYTES / LIMIT_CHUNK_MIN + 1u)

static_assert(CHUNKS_MAX <= (unsigned long long)LIMIT_MANIFEST_CHUNKS * LIMIT_MANIFEST_CHUNKS,
              "two levels of manifests hold the largest content");

static const struct gmm_id *network(struct node *node)
{
    return &directory_charter(engine_directory(node->engine))->nid;
}

/* ---- in */

struct new_chunk {
    struct gmm_id id;
    uint32_t sealed_len;
};
struct writing {
    struct node *node;
    const struct gmm_id *gid;
    uint8_t conv[32];
    struct chunker chunker;
    struct sealer *sealer;
    size_t plain_len; /* in the sealer's job that is being filled */
    uint64_t size;
    struct manifest_chunk *chunks;
    size_t count, capacity;
    struct new_chunk *fresh; /* written here, without a row so far */
    size_t fresh_count, fresh_capacity;
};

static enum gmm_err grow(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return GMM_OK;
    size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL)
        return GMM_ENOMEM;
    *items = grown;
    *capacity = wanted;
    return GMM_OK;
}

static enum gmm_err note_fresh(struct writing *w, const struct gmm_id *id, size_t sealed_len)
{
    void *items = w->fresh;
    if (grow(&items, w->fresh_count, &w->fresh_capacity, sizeof *w->fresh) != GMM_OK)
        return GMM_ENOMEM;
    w->fresh = items;
    w->fresh[w->fresh_count++] = (struct new_chunk){*id, (uint32_t)sealed_len};
    return GMM_OK;
}

/* Writes a sealed chunk unless this group's store has it. */
static enum gmm_err put_sealed(struct writing *w, const struct gmm_id *id, const uint8_t *sealed, size_t sealed_len)
{
    uint32_t held = 0;
    enum gmm_err err = store_has_chunk(w->node->store, w->gid, id, &held);
    if (err != GMM_ENOTFOUND)
        return err;
    if ((err = note_fresh(w, id, sealed_len)) != GMM_OK)
        return err;
    return chunkfile_write(w->node->chunks, id, sealed, sealed_len, false);
}

static enum gmm_err note_chunk(struct writing *w, const struct manifest_chunk *chunk)
{
    struct manifest_chunk *more;
    if (w->count == w->capacity) {
        size_t wanted = w->capacity == 0 ? 64 : 2 * w->capacity;
        more = calloc(wanted, sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        if (w->count > 0) {
            memcpy(more, w->chunks, w->count * sizeof *more);
            sodium_memzero(w->chunks, w->count * sizeof *w->chunks);
        }
        free(w->chunks);
        w->chunks = more;
        w->capacity = wanted;
    }
    w->chunks[w->count++] = *chunk;
    return GMM_OK;
}

/* The oldest chunk that is being sealed, once it is. */
static enum gmm_err put_oldest(struct writing *w)
{
    struct sealer_job *job = sealer_take(w->sealer);
    enum gmm_err err = job->err;
    if (err == GMM_OK)
        err = put_sealed(w, &job->chunk.id, job->sealed, job->sealed_len);
    if (err == GMM_OK)
        err = note_chunk(w, &job->chunk);
    sealer_done(w->sealer);
    return err;
}

/* A chunk of so many bytes is whole; what was read behind it begins the next one. */
static enum gmm_err cut_chunk(struct writing *w, size_t len)
{
    struct sealer_job *job = sealer_room(w->sealer), *next;
    size_t rest = w->plain_len - len;
    job->len = len;
    sealer_put(w->sealer);
    while ((next = sealer_room(w->sealer)) == NULL) {
        enum gmm_err err = put_oldest(w);
        if (err != GMM_OK)
            return err;
    }
    memcpy(next->plain, job->plain + len, rest);
    w->plain_len = rest;
    return GMM_OK;
}

/* Cuts what was read since, keeps the rest. */
static enum gmm_err cut_chunks(struct writing *w, size_t fed)
{
    while (fed < w->plain_len) {
        bool cut = false;
        const uint8_t *plain = sealer_room(w->sealer)->plain;
        fed += chunker_feed(&w->chunker, plain + fed, w->plain_len - fed, &cut);
        if (!cut)
            continue;
        enum gmm_err err = cut_chunk(w, fed);
        if (err != GMM_OK)
            return err;
        fed = 0;
    }
    return GMM_OK;
}

/* What is left at the end of the content, and all that is under way. */
static enum gmm_err cut_last(struct writing *w)
{
    enum gmm_err err = w->plain_len == 0 ? GMM_OK : cut_chunk(w, w->plain_len);
    while (err == GMM_OK && sealer_busy(w->sealer))
        err = put_oldest(w);
    return err;
}

static enum gmm_err read_some(int fd, uint64_t at, void *out, size_t max, size_t *got, struct gmm_msg *msg)
{
    ssize_t n;
    do
        n = pread(fd, out, max, (off_t)at);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return gmm_fail(msg, GMM_EIO, "the file cannot be read: %s", sys_text(errno));
    *got = (size_t)n;
    return GMM_OK;
}

static enum gmm_err read_chunks(struct writing *w, int fd, struct gmm_msg *msg)
{
    for (;;) {
        size_t got = 0, fed = w->plain_len;
        enum gmm_err err = read_some(fd, w->size, sealer_room(w->sealer)->plain + w->plain_len, READ_BYTES, &got, msg);
        if (err != GMM_OK)
            return err;
        if (got == 0)
            return cut_last(w);
        w->size += got;
        w->plain_len += got;
        if (w->size > LIMIT_CONTENT_BYTES)
            return gmm_fail(msg, GMM_ELIMIT, "a document or attachment has at most %llu bytes (4 GiB)",
                            (unsigned long long)LIMIT_CONTENT_BYTES);
        if ((err = cut_chunks(w, fed)) != GMM_OK)
            return err;
    }
}

static enum gmm_err put_list(struct writing *w, const struct buffer *list, struct manifest_chunk *chunk)
{
    struct sealer_job *job = sealer_room(w->sealer);
    memcpy(job->plain, list->p, list->len);
    job->len = list->len;
    sealer_put(w->sealer);
    job = sealer_take(w->sealer);
    enum gmm_err err = job->err;
    if (err == GMM_OK)
        err = put_sealed(w, &job->chunk.id, job->sealed, job->sealed_len);
    *chunk = job->chunk;
    sealer_done(w->sealer);
    return err;
}

/* The chunks' own list goes into chunks when it is long. */
static enum gmm_err put_lists(struct writing *w, struct manifest *m)
{
    struct buffer list;
    size_t lists = (w->count + LIMIT_MANIFEST_CHUNKS - 1) / LIMIT_MANIFEST_CHUNKS;
    enum gmm_err err = GMM_OK;
    m->chunks = calloc(lists, sizeof *m->chunks);
    if (m->chunks == NULL)
        return GMM_ENOMEM;
    m->level = 1;
    for (size_t at = 0; at < w->count && err == GMM_OK; m->count++) {
        size_t n = w->count - at < LIMIT_MANIFEST_CHUNKS ? w->count - at : LIMIT_MANIFEST_CHUNKS;
        buffer_init(&list, LIMIT_CHUNK_MAX);
        manifest_list_pack(&list, w->chunks + at, (uint32_t)n);
        err = list.failed;
        if (err == GMM_OK)
            err = put_list(w, &list, &m->chunks[m->count]);
        buffer_close_wiped(&list);
        at += n;
    }
    return err;
}

static enum gmm_err put_rows(struct writing *w)
{
    enum gmm_err err = store_begin(w->node->store, true);
    for (size_t i = 0; i < w->fresh_count && err == GMM_OK; i++)
        err = store_put_chunk(w->node->store, w->gid, &w->fresh[i].id, w->fresh[i].sealed_len);
    return err;
}

static enum gmm_err store_chunks(struct writing *w, const uint8_t *conv, int fd, struct manifest *m,
                                 struct gmm_msg *msg)
{
    enum gmm_err err = node_ensure_epoch(w->node, w->gid, false, msg);
    if (err == GMM_OK && conv != NULL)
        memcpy(w->conv, conv, sizeof w->conv);
    else if (err == GMM_OK)
        err = engine_domain(w->node->engine, w->gid, node_now_ms(), w->conv);
    if (err != GMM_OK)
        return err;
    if ((err = sealer_new(&w->sealer, w->conv, network(w->node), w->gid)) != GMM_OK)
        return err;
    chunker_init(&w->chunker, w->conv);
    err = read_chunks(w, fd, msg);
    chunker_close(&w->chunker);
    m->size = w->size;
    if (err == GMM_OK && w->count > CONTENT_FLAT_CHUNKS) {
        err = put_lists(w, m);
    } else if (err == GMM_OK) {
        m->chunks = w->chunks;
        m->count = (uint32_t)w->count;
        w->chunks = NULL;
    }
    return err == GMM_OK ? put_rows(w) : err;
}

static void writing_close(struct writing *w, bool keep)
{
    for (size_t i = 0; !keep && i < w->fresh_count; i++)
        (void)chunkfile_remove(w->node->chunks, &w->fresh[i].id);
    if (w->chunks != NULL)
        sodium_memzero(w->chunks, w->count * sizeof *w->chunks);
    free(w->chunks);
    free(w->fresh);
    sealer_free(w->sealer);
    sodium_memzero(w->conv, sizeof w->conv);
}

/* GMM_OK with *bytes NULL: longer than max. */
static enum gmm_err read_inline(int fd, size_t max, uint8_t **bytes, size_t *len, struct gmm_msg *msg)
{
    uint8_t *out = malloc(max + 1);
    size_t have = 0, got = 1;
    enum gmm_err err = out == NULL ? GMM_ENOMEM : GMM_OK;
    *bytes = NULL;
    while (err == GMM_OK && got > 0 && have <= max) {
        err = read_some(fd, have, out + have, max + 1 - have, &got, msg);
        have += err == GMM_OK ? got : 0;
    }
    if (err != GMM_OK || have > max) {
        free(out);
        return err;
    }
    *bytes = out;
    *len = have;
    return GMM_OK;
}

enum gmm_err content_store(struct node *node, const struct gmm_id *gid, int fd, size_t inline_max,
                           struct manifest *manifest, uint8_t **inline_bytes, struct gmm_msg *msg)
{
    return content_store_apart(node, gid, NULL, fd, inline_max, manifest, inline_bytes, msg);
}

enum gmm_err content_store_apart(struct node *node, const struct gmm_id *gid, const uint8_t *conv, int fd,
                                 size_t inline_max, struct manifest *manifest, uint8_t **inline_bytes,
                                 struct gmm_msg *msg)
{
    size_t len = 0;
    *manifest = (struct manifest){0};
    enum gmm_err err = read_inline(fd, inline_max, inline_bytes, &len, msg);
    if (err != GMM_OK)
        return err;
    if (*inline_bytes != NULL) {
        manifest->inline_bytes = *inline_bytes;
        manifest->size = len;
        return GMM_OK;
    }
    struct writing w = {.node = node, .gid = gid};
    err = store_chunks(&w, conv, fd, manifest, msg);
    if (err != GMM_OK)
        manifest_close(manifest);
    writing_close(&w, err == GMM_OK);
    return err;
}

/* ---- out */

struct reading {
    struct node *node;
    const struct gmm_id *gid;
    uint8_t *sealed; /* LIMIT_CHUNK_SEALED bytes; opened in place */
    struct gmm_msg *msg;
};
typedef enum gmm_err chunk_fn(struct reading *r, void *arg, const struct manifest_chunk *chunk);

static enum gmm_err chunk_fault(struct reading *r, const struct manifest_chunk *chunk, const char *what)
{
    char hex[GMM_ID_HEX + 1];
    id_to_hex(&chunk->id, hex);
    return gmm_fail(r->msg, GMM_ECORRUPT, "chunk %s %s", hex, text_tr(what));
}

/* The chunk's plaintext at the front of r->sealed. GMM_EABSENT: not held. */
static enum gmm_err open_chunk(struct reading *r, const struct manifest_chunk *chunk)
{
    uint32_t held = 0;
    size_t got = 0, total = 0;
    enum gmm_err err = store_has_chunk(r->node->store, r->gid, &chunk->id, &held);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_EABSENT : err;
    if (held > LIMIT_CHUNK_SEALED || chunk->len > LIMIT_CHUNK_MAX)
        return chunk_fault(r, chunk, "is longer than a chunk may be");
    if (r->sealed == NULL && (r->sealed = malloc(LIMIT_CHUNK_SEALED)) == NULL)
        return GMM_ENOMEM;
    err = chunkfile_read(r->node->chunks, &chunk->id, 0, r->sealed, held, &got, &total);
    if (err == GMM_ENOTFOUND)
        return chunk_fault(r, chunk, "was stored and its file is missing now");
    if (err != GMM_OK)
        return err;
    if (got != held || total != held)
        return chunk_fault(r, chunk, "has another length than when it was stored");
    err = chunk_open(r->sealed, chunk->len, chunk->key, network(r->node), r->gid, r->sealed, held);
    if (err == GMM_EDECRYPT || err == GMM_EFORMAT)
        return chunk_fault(r, chunk, "is damaged, or is not what its author's record says");
    return err;
}

/* One list chunk: its chunks in order. *count and *bytes run over all lists. */
static enum gmm_err each_listed(struct reading *r, const struct manifest *m, const struct manifest_chunk *list,
                                uint64_t *count, uint64_t *bytes, chunk_fn *fn, void *arg)
{
    struct manifest_chunk *chunks = NULL;
    uint32_t n = 0;
    enum gmm_err err = open_chunk(r, list);
    if (err == GMM_OK) {
        err = manifest_list_decode(&chunks, &n, r->sealed, list->len);
        sodium_memzero(r->sealed, list->len);
        if (err == GMM_EFORMAT || err == GMM_ELIMIT)
            err = chunk_fault(r, list, "should list further chunks and does not");
    }
    for (uint32_t i = 0; i < n && err == GMM_OK; i++) {
        *count += 1;
        *bytes += chunks[i].len;
        if (*bytes > m->size || *count > m->size / LIMIT_CHUNK_MIN + 1)
            err = chunk_fault(r, list, "lists more than the content has");
        else
            err = fn(r, arg, &chunks[i]);
    }
    manifest_list_free(chunks, n);
    return err;
}

/* Every chunk of content in order; of both levels. lists_too: fn hears of the lists as well and may be told GMM_EABSENT
 * of them by passing over (skip_absent). */
static enum gmm_err each_chunk(struct reading *r, const struct manifest *m, bool skip_absent, chunk_fn *fn, void *arg)
{
    uint64_t count = 0, bytes = 0;
    bool skipped = false;
    for (uint32_t i = 0; i < m->count; i++) {
        enum gmm_err err =
            m->level == 0 ? fn(r, arg, &m->chunks[i]) : each_listed(r, m, &m->chunks[i], &count, &bytes, fn, arg);
        if (err == GMM_EABSENT && m->level > 0 && skip_absent) {
            skipped = true;
            err = GMM_OK;
        }
        if (err != GMM_OK)
            return err;
    }
    if (m->level > 0 && !skipped && bytes != m->size)
        return gmm_fail(r->msg, GMM_ECORRUPT, "the lists of chunks name %llu bytes of content, the record %llu",
                        (unsigned long long)bytes, (unsigned long long)m->size);
    return GMM_OK;
}

struct missing {
    struct gmm_id *ids;
    size_t count, capacity;
};

static enum gmm_err collect_missing(struct reading *r, void *arg, const struct manifest_chunk *chunk)
{
    struct missing *missing = arg;
    void *items = missing->ids;
    uint32_t held = 0;
    enum gmm_err err = store_has_chunk(r->node->store, r->gid, &chunk->id, &held);
    if (err != GMM_ENOTFOUND)
        return err;
    if (grow(&items, missing->count, &missing->capacity, sizeof *missing->ids) != GMM_OK)
        return GMM_ENOMEM;
    missing->ids = items;
    missing->ids[missing->count++] = chunk->id;
    return GMM_OK;
}

static void reading_close(struct reading *r)
{
    free(r->sealed);
}

static enum gmm_err find_missing(struct reading *r, const struct manifest *m, struct missing *missing)
{
    enum gmm_err err = GMM_OK;
    for (uint32_t i = 0; m->level > 0 && i < m->count && err == GMM_OK; i++)
        err = collect_missing(r, missing, &m->chunks[i]);
    if (err == GMM_OK)
        err = each_chunk(r, m, true, collect_missing, missing);
    if (err == GMM_OK)
        return GMM_OK;
    free(missing->ids);
    *missing = (struct missing){0};
    return err;
}

enum gmm_err content_missing(struct node *node, const struct gmm_id *gid, const struct manifest *manifest,
                             struct gmm_id **ids, size_t *count)
{
    struct reading r = {.node = node, .gid = gid};
    struct missing missing = {0};
    enum gmm_err err = find_missing(&r, manifest, &missing);
    reading_close(&r);
    *ids = missing.ids;
    *count = missing.count;
    return err;
}

static enum gmm_err collect_named(struct reading *r, void *arg, const struct manifest_chunk *chunk)
{
    struct missing *named = arg;
    void *items = named->ids;
    (void)r;
    if (grow(&items, named->count, &named->capacity, sizeof *named->ids) != GMM_OK)
        return GMM_ENOMEM;
    named->ids = items;
    named->ids[named->count++] = chunk->id;
    return GMM_OK;
}

enum gmm_err content_chunks(struct node *node, const struct gmm_id *gid, const struct manifest *manifest,
                            struct gmm_id **ids, size_t *count)
{
    struct reading r = {.node = node, .gid = gid};
    struct missing named = {0};
    enum gmm_err err = each_chunk(&r, manifest, true, collect_named, &named);
    for (uint32_t i = 0; manifest->level > 0 && i < manifest->count && err == GMM_OK; i++)
        err = collect_named(&r, &named, &manifest->chunks[i]);
    reading_close(&r);
    if (err != GMM_OK) {
        free(named.ids);
        named = (struct missing){0};
    }
    *ids = named.ids;
    *count = named.count;
    return err;
}

static enum gmm_err remove_unheld(struct reading *r, void *arg, const struct manifest_chunk *chunk)
{
    uint32_t held = 0;
    (void)arg;
    if (store_has_chunk(r->node->store, r->gid, &chunk->id, &held) == GMM_ENOTFOUND)
        (void)chunkfile_remove(r->node->chunks, &chunk->id);
    return GMM_OK;
}

void content_forget(struct node *node, const struct gmm_id *gid, const struct manifest *manifest)
{
    struct reading r = {.node = node, .gid = gid};
    /* Lists without a row no longer open: what they name stays until the next sweep of chunk files. */
    (void)each_chunk(&r, manifest, true, remove_unheld, NULL);
    for (uint32_t i = 0; i < manifest->count; i++)
        (void)remove_unheld(&r, NULL, &manifest->chunks[i]);
    reading_close(&r);
}

struct output {
    int fd;
    uint8_t *bytes; /* instead of fd */
    size_t len, max;
    crypto_hash_sha256_state *hash; /* instead of both */
};

static enum gmm_err put_out(struct reading *r, struct output *out, const uint8_t *bytes, size_t len)
{
    if (out->hash != NULL) {
        crypto_hash_sha256_update(out->hash, bytes, len);
        return GMM_OK;
    }
    if (out->bytes != NULL) {
        if (len > out->max - out->len)
            return GMM_ELIMIT;
        memcpy(out->bytes + out->len, bytes, len);
        out->len += len;
        return GMM_OK;
    }
    enum gmm_err err = sys_write_all(out->fd, bytes, len);
    return err == GMM_OK ? GMM_OK : gmm_fail(r->msg, err, "the file could not be written: %s", gmm_err_text(err));
}

static enum gmm_err put_out_chunk(struct reading *r, void *arg, const struct manifest_chunk *chunk)
{
    enum gmm_err err = open_chunk(r, chunk);
    return err == GMM_OK ? put_out(r, arg, r->sealed, chunk->len) : err;
}

static enum gmm_err write_content(struct node *node, const struct gmm_id *gid, const struct manifest *m,
                                  struct output *out, size_t *missing_count, struct gmm_msg *msg)
{
    struct reading r = {.node = node, .gid = gid, .msg = msg};
    struct missing missing = {0};
    enum gmm_err err;
    if (missing_count != NULL)
        *missing_count = 0;
    if (m->inline_bytes != NULL)
        return put_out(&r, out, m->inline_bytes, (size_t)m->size);
    err = find_missing(&r, m, &missing);
    if (err == GMM_OK && missing.count > 0)
        err = gmm_fail(msg, GMM_EABSENT, "%zu chunks of the content are not here", missing.count);
    if (missing_count != NULL)
        *missing_count = missing.count;
    if (err == GMM_OK)
        err = each_chunk(&r, m, false, put_out_chunk, out);
    free(missing.ids);
    reading_close(&r);
    return err;
}

enum gmm_err content_write(struct node *node, const struct gmm_id *gid, const struct manifest *manifest, int fd,
                           size_t *missing, struct gmm_msg *msg)
{
    struct output out = {.fd = fd};
    return write_content(node, gid, manifest, &out, missing, msg);
}

enum gmm_err content_sha256(struct node *node, const struct gmm_id *gid, const struct manifest *manifest,
                            char text[CONTENT_SHA256_TEXT], struct gmm_msg *msg)
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    struct output out = {.fd = -1, .hash = &state};
    crypto_hash_sha256_init(&state);
    enum gmm_err err = write_content(node, gid, manifest, &out, NULL, msg);
    crypto_hash_sha256_final(&state, hash);
    sodium_bin2hex(text, CONTENT_SHA256_TEXT, hash, sizeof hash);
    if (err != GMM_OK)
        text[0] = '\0';
    return err;
}

enum gmm_err content_read(struct node *node, const struct gmm_id *gid, const struct manifest *manifest, size_t max,
                          uint8_t **bytes, size_t *len, struct gmm_msg *msg)
{
    *bytes = NULL;
    if (manifest->size > max)
        return gmm_fail(msg, GMM_ELIMIT, "the content has more than %zu bytes", max);
    struct output out = {.fd = -1, .max = (size_t)manifest->size};
    out.bytes = malloc(out.max + 1);
    if (out.bytes == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = write_content(node, gid, manifest, &out, NULL, msg);
    if (err != GMM_OK) {
        free(out.bytes);
        return err;
    }
    out.bytes[out.len] = '\0';
    *bytes = out.bytes;
    *len = out.len;
    return GMM_OK;
}
