#include "proto/manifest.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Fewest bytes of one packed [id, key, len]: array head, two bins of 32, a small number. */
#define CHUNK_PACKED_MIN (1u + 34u + 34u + 1u)

static void fail(struct buffer *out, enum gmm_err err)
{
    if (out->failed == GMM_OK)
        out->failed = err;
}

static enum gmm_err list_verify(const struct manifest_chunk *chunks, uint32_t count)
{
    if (count == 0)
        return GMM_EFORMAT;
    if (count > LIMIT_MANIFEST_CHUNKS)
        return GMM_ELIMIT;
    for (uint32_t i = 0; i < count; i++) {
        if (chunks[i].len == 0)
            return GMM_EFORMAT;
        if (chunks[i].len > LIMIT_CHUNK_MAX)
            return GMM_ELIMIT;
    }
    return GMM_OK;
}

static uint64_t list_bytes(const struct manifest_chunk *chunks, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += chunks[i].len;
    return sum;
}

static enum gmm_err manifest_verify(const struct manifest *m)
{
    if (m->inline_bytes != NULL)
        return m->size > MANIFEST_INLINE_BYTES ? GMM_ELIMIT : GMM_OK;
    enum gmm_err err = list_verify(m->chunks, m->count);
    if (err != GMM_OK)
        return err;
    if (m->size > LIMIT_CONTENT_BYTES)
        return GMM_ELIMIT;
    if (m->level > MANIFEST_LEVEL_MAX || m->size == 0)
        return GMM_EFORMAT;
    if (m->level == 0 && list_bytes(m->chunks, m->count) != m->size)
        return GMM_EFORMAT;
    return GMM_OK;
}

static void list_pack(struct buffer *out, const struct manifest_chunk *chunks, uint32_t count)
{
    packer_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        packer_array(out, 3);
        packer_id(out, &chunks[i].id);
        packer_bin(out, chunks[i].key, sizeof chunks[i].key);
        packer_uint(out, chunks[i].len);
    }
}

void manifest_list_pack(struct buffer *out, const struct manifest_chunk *chunks, uint32_t count)
{
    enum gmm_err err = list_verify(chunks, count);
    if (err != GMM_OK)
        fail(out, err);
    else
        list_pack(out, chunks, count);
}

void manifest_pack(struct buffer *out, const struct manifest *m)
{
    enum gmm_err err = manifest_verify(m);
    if (err != GMM_OK) {
        fail(out, err);
        return;
    }
    if (m->inline_bytes != NULL) {
        packer_bin(out, m->inline_bytes, (size_t)m->size);
        return;
    }
    packer_map(out, 3);
    packer_text(out, "c");
    list_pack(out, m->chunks, m->count);
    packer_text(out, "l");
    packer_uint(out, m->level);
    packer_text(out, "n");
    packer_uint(out, m->size);
}

static void chunk_read(struct reader *r, struct manifest_chunk *chunk)
{
    struct gmm_id key;
    if (reader_array(r, 3) != 3)
        reader_fail(r, GMM_EFORMAT);
    reader_id(r, &chunk->id);
    reader_id(r, &key);
    memcpy(chunk->key, key.b, sizeof chunk->key);
    sodium_memzero(&key, sizeof key);
    uint64_t len = reader_uint(r);
    if (len > LIMIT_CHUNK_MAX)
        reader_fail(r, GMM_ELIMIT);
    chunk->len = r->failed == GMM_OK ? (uint32_t)len : 0;
}

/* Gives an owned list, or NULL and a failed reader. */
static struct manifest_chunk *list_read(struct reader *r, uint32_t *count)
{
    *count = 0;
    uint32_t n = reader_array(r, LIMIT_MANIFEST_CHUNKS);
    if (n == 0 || r->left / CHUNK_PACKED_MIN < n)
        reader_fail(r, GMM_EFORMAT);
    if (r->failed != GMM_OK)
        return NULL;
    struct manifest_chunk *chunks = calloc(n, sizeof *chunks);
    if (chunks == NULL) {
        reader_fail(r, GMM_ENOMEM);
        return NULL;
    }
    for (uint32_t i = 0; i < n && r->failed == GMM_OK; i++)
        chunk_read(r, &chunks[i]);
    if (r->failed == GMM_OK && list_verify(chunks, n) != GMM_OK)
        reader_fail(r, GMM_EFORMAT);
    if (r->failed != GMM_OK) {
        manifest_list_free(chunks, n);
        return NULL;
    }
    *count = n;
    return chunks;
}

static void expect_key(struct reader *r, const char *key)
{
    if (!reader_key(r, key))
        reader_fail(r, GMM_EFORMAT);
}

static void chunked_read(struct reader *r, struct manifest *out)
{
    if (reader_map(r, 3) != 3)
        reader_fail(r, GMM_EFORMAT);
    expect_key(r, "c");
    out->chunks = list_read(r, &out->count);
    expect_key(r, "l");
    uint64_t level = reader_uint(r);
    if (level > MANIFEST_LEVEL_MAX)
        reader_fail(r, GMM_EFORMAT);
    expect_key(r, "n");
    out->size = reader_uint(r);
    if (r->failed != GMM_OK)
        return;
    out->level = (uint8_t)level;
    reader_fail(r, manifest_verify(out));
}

void manifest_read(struct reader *r, struct manifest *out)
{
    memset(out, 0, sizeof *out);
    if (reader_peek(r) == READER_BIN) {
        size_t len;
        out->inline_bytes = reader_bin(r, MANIFEST_INLINE_BYTES, &len);
        out->size = len;
        return;
    }
    chunked_read(r, out);
    if (r->failed != GMM_OK)
        manifest_close(out);
}

void manifest_close(struct manifest *m)
{
    manifest_list_free(m->chunks, m->count);
    memset(m, 0, sizeof *m);
}

enum gmm_err manifest_list_decode(struct manifest_chunk **out, uint32_t *count, const void *plain, size_t len)
{
    struct reader r;
    *out = NULL;
    *count = 0;
    (void)reader_init(&r, plain, len);
    struct manifest_chunk *chunks = list_read(&r, count);
    enum gmm_err err = reader_done(&r);
    if (err != GMM_OK) {
        manifest_list_free(chunks, *count);
        *count = 0;
        return err;
    }
    *out = chunks;
    return GMM_OK;
}

void manifest_list_free(struct manifest_chunk *chunks, uint32_t count)
{
    if (chunks != NULL)
        sodium_memzero(chunks, count * sizeof *chunks);
    free(chunks);
}
