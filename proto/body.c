#include "proto/body.h"

#include <assert.h>
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define LEVEL 3

/* Making a context costs more than packing a record does: each thread keeps its own. What was packed or opened last
 * stays in there, as it would in memory that was freed. */
static _Thread_local ZSTD_CCtx *packer;
static _Thread_local ZSTD_DCtx *opener;

static enum gmm_err zstd_error(size_t code)
{
    return ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation ? GMM_ENOMEM : GMM_EFORMAT;
}

/* Gives the compressed bytes (seal_free), or *data = NULL where they would not be smaller. */
static enum gmm_err compress(uint8_t **data, size_t *data_len, const void *plain, size_t len)
{
    *data = NULL;
    *data_len = 0;
    if (len < 2)
        return GMM_OK;
    /* a bound of one byte less than the content is the question itself: smaller, or not at all */
    size_t bound = len - 1;
    uint8_t *packed = malloc(bound);
    if (packed == NULL)
        return GMM_ENOMEM;
    if (packer == NULL && (packer = ZSTD_createCCtx()) == NULL) {
        free(packed);
        return GMM_ENOMEM;
    }
    size_t n = ZSTD_compressCCtx(packer, packed, bound, plain, len, LEVEL);
    if (!ZSTD_isError(n)) {
        *data = packed;
        *data_len = n;
        return GMM_OK;
    }
    seal_free(packed, bound);
    return ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall ? GMM_OK : GMM_ENOMEM;
}

static enum gmm_err seal_into(struct buffer *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                              enum seal_compression compression, const void *data, size_t len,
                              const uint8_t node_secret[32], const uint8_t random[32])
{
    size_t size = seal_size(len);
    if (size > LIMIT_BODY_BYTES)
        return GMM_ELIMIT;
    uint8_t *body = buffer_extend(out, size);
    if (body == NULL)
        return out->failed;
    return seal_body(body, epoch_secret, header_prefix, compression, data, len, node_secret, random);
}

enum gmm_err body_pack(struct body_packed *out, const void *plain, size_t len)
{
    *out = (struct body_packed){0};
    return len > BODY_PLAIN_MAX ? GMM_ELIMIT : compress(&out->bytes, &out->len, plain, len);
}

void body_packed_close(struct body_packed *packed)
{
    seal_free(packed->bytes, packed->len);
    *packed = (struct body_packed){0};
}

void body_end_thread(void)
{
    ZSTD_freeCCtx(packer);
    ZSTD_freeDCtx(opener);
    packer = NULL;
    opener = NULL;
}

enum gmm_err body_seal_packed(struct buffer *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                              const void *plain, size_t len, const struct body_packed *packed,
                              const uint8_t node_secret[32], const uint8_t random[32])
{
    return packed->bytes != NULL
               ? seal_into(out, epoch_secret, header_prefix, SEAL_ZSTD, packed->bytes, packed->len, node_secret, random)
               : seal_into(out, epoch_secret, header_prefix, SEAL_PLAIN, plain, len, node_secret, random);
}

enum gmm_err body_seal(struct buffer *out, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       const void *plain, size_t len, const uint8_t node_secret[32], const uint8_t random[32])
{
    struct body_packed packed;
    enum gmm_err err = body_pack(&packed, plain, len);
    if (err == GMM_OK)
        err = body_seal_packed(out, epoch_secret, header_prefix, plain, len, &packed, node_secret, random);
    body_packed_close(&packed);
    return err;
}

static enum gmm_err frame_size(size_t *size, const uint8_t *data, size_t len)
{
    unsigned long long stated = ZSTD_getFrameContentSize(data, len);
    if (stated == ZSTD_CONTENTSIZE_ERROR)
        return GMM_EFORMAT;
    if (stated == ZSTD_CONTENTSIZE_UNKNOWN || stated > BODY_PLAIN_MAX)
        return GMM_ELIMIT;
    /* a skippable frame states zero, and falls here as well */
    if (stated <= len || ZSTD_findFrameCompressedSize(data, len) != len)
        return GMM_EFORMAT;
    *size = (size_t)stated;
    return GMM_OK;
}

static enum gmm_err expand(uint8_t **plain, size_t *plain_len, const uint8_t *data, size_t len)
{
    size_t size = 0;
    enum gmm_err err = frame_size(&size, data, len);
    if (err != GMM_OK)
        return err;
    uint8_t *out = malloc(size);
    if (out == NULL)
        return GMM_ENOMEM;
    if (opener == NULL && (opener = ZSTD_createDCtx()) == NULL) {
        free(out);
        return GMM_ENOMEM;
    }
    size_t n = ZSTD_decompressDCtx(opener, out, size, data, len);
    if (ZSTD_isError(n) || n != size) {
        seal_free(out, size);
        return ZSTD_isError(n) ? zstd_error(n) : GMM_EFORMAT;
    }
    *plain = out;
    *plain_len = size;
    return GMM_OK;
}

/* Takes what the seal held. */
static enum gmm_err unpack(uint8_t **plain, size_t *len, uint8_t *data, size_t data_len,
                           enum seal_compression compression)
{
    enum gmm_err err = GMM_EFORMAT;
    switch (compression) {
    case SEAL_PLAIN:
        *plain = data;
        *len = data_len;
        return GMM_OK;
    case SEAL_ZSTD:
        err = expand(plain, len, data, data_len);
        break;
    }
    seal_free(data, data_len);
    return err;
}

enum gmm_err body_open(uint8_t **plain, size_t *len, const uint8_t epoch_secret[32], const uint8_t header_prefix[192],
                       const void *body, size_t body_len)
{
    uint8_t *data = NULL;
    size_t data_len = 0;
    enum seal_compression compression = SEAL_PLAIN;
    *plain = NULL;
    *len = 0;
    enum gmm_err err = seal_open(&data, &data_len, &compression, epoch_secret, header_prefix, body, body_len);
    return err == GMM_OK ? unpack(plain, len, data, data_len, compression) : err;
}

enum gmm_err body_open_revealed(uint8_t **plain, size_t *len, const uint8_t key[32], const uint8_t header_prefix[192],
                                const void *body, size_t body_len)
{
    uint8_t *data = NULL;
    size_t data_len = 0;
    enum seal_compression compression = SEAL_PLAIN;
    *plain = NULL;
    *len = 0;
    enum gmm_err err = seal_open_revealed(&data, &data_len, &compression, key, header_prefix, body, body_len);
    return err == GMM_OK ? unpack(plain, len, data, data_len, compression) : err;
}
