#include "node/bundlepark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "keys/labels.h"

#define ITEMS "parked.item."
#define PIECES "parked.piece."

enum gmm_err bundlepark_open(struct bundlepark *park, struct node *node)
{
    static const char *const prefixes[] = {ITEMS, PIECES};
    enum gmm_err err = GMM_OK;
    *park = (struct bundlepark){.node = node};
    for (size_t i = 0; i < 2 && err == GMM_OK; i++) {
        char name[STORE_NAME_BYTES] = "";
        uint8_t *bytes;
        size_t len;
        while ((err = store_next_value(node->store, prefixes[i], name, name, &bytes, &len)) == GMM_OK) {
            park->bytes += len;
            free(bytes);
        }
        err = err == GMM_ENOTFOUND ? GMM_OK : err;
    }
    return err;
}

static enum gmm_err put(struct bundlepark *park, const char *name, const void *bytes, size_t len)
{
    if (len > LIMIT_PARKED_BYTES || park->bytes > LIMIT_PARKED_BYTES - len)
        return GMM_ELIMIT;
    enum gmm_err err = store_begin(park->node->store, true);
    if (err == GMM_OK)
        err = store_set(park->node->store, name, bytes, len);
    if (err == GMM_OK)
        park->bytes += len;
    return err;
}

static bool is_there(struct bundlepark *park, const char *name)
{
    uint8_t *bytes = NULL;
    size_t len;
    enum gmm_err err = store_get(park->node->store, name, &bytes, &len);
    free(bytes);
    return err == GMM_OK;
}

enum gmm_err bundlepark_put(struct bundlepark *park, const struct cargo_item *item)
{
    uint8_t digest[32];
    char name[STORE_NAME_BYTES] = ITEMS;
    struct gmm_id id;
    struct buffer whole;
    hash_k(digest, park->node->keystore->node, LABEL_PARKED, item->payload, item->len);
    memcpy(id.b, digest, sizeof id.b);
    id_to_hex(&id, name + sizeof ITEMS - 1);
    if (is_there(park, name))
        return GMM_EEXISTS;
    buffer_init(&whole, CARGO_PAYLOAD_MAX + 1);
    buffer_put_u8(&whole, (uint8_t)item->kind);
    buffer_put(&whole, item->payload, item->len);
    enum gmm_err err = whole.failed == GMM_OK ? put(park, name, whole.p, whole.len) : whole.failed;
    buffer_close(&whole);
    return err;
}

enum gmm_err bundlepark_next(struct bundlepark *park, char name[STORE_NAME_BYTES], uint8_t **bytes,
                             struct cargo_item *item)
{
    size_t len;
    enum gmm_err err = store_next_value(park->node->store, ITEMS, name, name, bytes, &len);
    if (err == GMM_OK && cargo_whole(*bytes, len, item) != GMM_OK) {
        free(*bytes);
        *bytes = NULL;
        err = GMM_ECORRUPT;
    }
    return err;
}

enum gmm_err bundlepark_drop(struct bundlepark *park, const char *name, size_t len)
{
    enum gmm_err err = store_begin(park->node->store, true);
    if (err == GMM_OK)
        err = store_unset(park->node->store, name);
    if (err == GMM_OK)
        park->bytes -= len < park->bytes ? len : park->bytes;
    return err;
}

static void piece_prefix(char out[STORE_NAME_BYTES], const struct gmm_id *from, uint64_t number, uint32_t item)
{
    snprintf(out, STORE_NAME_BYTES, PIECES "%016llx.%016llx.%08x.", (unsigned long long)bytes_load_u64(from->b),
             (unsigned long long)number, item);
}

/* Pieces stand in the order of their offsets; those of a part that came twice do not count twice. */
static enum gmm_err join(struct bundlepark *park, const char *prefix, uint32_t total, uint8_t **whole, size_t *len)
{
    char name[STORE_NAME_BYTES] = "";
    uint8_t *bytes;
    size_t n, at = 0, prefix_len = strlen(prefix);
    enum gmm_err err;
    *whole = malloc((size_t)total + 1);
    if (*whole == NULL)
        return GMM_ENOMEM;
    while ((err = store_next_value(park->node->store, prefix, name, name, &bytes, &n)) == GMM_OK) {
        size_t offset = strtoul(name + prefix_len, NULL, 16);
        if (n > 4 && bytes_load_u32(bytes) == total && offset == at && n - 4 <= total - at) {
            memcpy(*whole + at, bytes + 4, n - 4);
            at += n - 4;
        }
        free(bytes);
    }
    err = err == GMM_ENOTFOUND ? GMM_OK : err;
    *len = total;
    if (err != GMM_OK || at < total) {
        free(*whole);
        *whole = NULL;
    }
    return err;
}

enum gmm_err bundlepark_piece(struct bundlepark *park, const struct gmm_id *from, uint64_t number,
                              const struct cargo_fragment *piece, uint8_t **whole, size_t *len)
{
    char prefix[STORE_NAME_BYTES], name[STORE_NAME_BYTES + 16];
    struct buffer bytes;
    enum gmm_err err = GMM_OK;
    *whole = NULL;
    piece_prefix(prefix, from, number, piece->item);
    snprintf(name, sizeof name, "%s%08x", prefix, piece->offset);
    buffer_init(&bytes, CARGO_PAYLOAD_MAX + 8);
    buffer_put_u32(&bytes, piece->total);
    buffer_put(&bytes, piece->data, piece->data_len);
    if (!is_there(park, name))
        err = bytes.failed == GMM_OK ? put(park, name, bytes.p, bytes.len) : bytes.failed;
    buffer_close(&bytes);
    return err == GMM_OK ? join(park, prefix, piece->total, whole, len) : err;
}

enum gmm_err bundlepark_pieces_drop(struct bundlepark *park, const struct gmm_id *from, uint64_t number, uint32_t item)
{
    char prefix[STORE_NAME_BYTES], name[STORE_NAME_BYTES] = "";
    uint8_t *bytes;
    size_t len;
    enum gmm_err err;
    piece_prefix(prefix, from, number, item);
    while ((err = store_next_value(park->node->store, prefix, name, name, &bytes, &len)) == GMM_OK) {
        free(bytes);
        if ((err = bundlepark_drop(park, name, len)) != GMM_OK)
            break;
    }
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}
