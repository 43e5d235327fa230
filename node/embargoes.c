#include "node/embargoes.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/atrest.h"
#include "node/log.h"

#define OURS "embargo."
#define DISCLOSED "disclosed."
#define AGAIN_MS 60000u
#define KEPT_BYTES (8u + 32u + 32u + EMBARGO_KEY_BYTES)

/* u64 until ‖ gid ‖ document (zero: not in the catalogue yet) ‖ key */
struct kept {
    uint64_t until_ms;
    struct gmm_id gid, document;
    uint8_t key[EMBARGO_KEY_BYTES];
};

static void name_of(char out[STORE_NAME_BYTES], const char *prefix, const uint8_t commit[32])
{
    char hex[GMM_ID_HEX + 1];
    struct gmm_id id;
    memcpy(id.b, commit, sizeof id.b);
    id_to_hex(&id, hex);
    snprintf(out, STORE_NAME_BYTES, "%s%s", prefix, hex);
}

static enum gmm_err put_kept(struct node *node, const char *name, const struct kept *kept)
{
    uint8_t plain[KEPT_BYTES];
    struct buffer sealed;
    bytes_store_u64(plain, kept->until_ms);
    memcpy(plain + 8, kept->gid.b, 32);
    memcpy(plain + 40, kept->document.b, 32);
    memcpy(plain + 72, kept->key, sizeof kept->key);
    buffer_init(&sealed, KEPT_BYTES + ATREST_OVERHEAD);
    enum gmm_err err =
        atrest_seal(&sealed, node->keystore->node, LABEL_EMBARGO_KEPT, name, strlen(name), plain, sizeof plain);
    sodium_memzero(plain, sizeof plain);
    if (err == GMM_OK)
        err = store_set(node->store, name, sealed.p, sealed.len);
    buffer_close(&sealed);
    return err;
}

static enum gmm_err open_kept(struct node *node, const char *name, const void *sealed, size_t len, struct kept *out)
{
    uint8_t plain[KEPT_BYTES];
    if (len != KEPT_BYTES + ATREST_OVERHEAD)
        return GMM_ECORRUPT;
    enum gmm_err err = atrest_open(plain, node->keystore->node, LABEL_EMBARGO_KEPT, name, strlen(name), sealed, len);
    if (err == GMM_OK) {
        out->until_ms = bytes_load_u64(plain);
        memcpy(out->gid.b, plain + 8, 32);
        memcpy(out->document.b, plain + 40, 32);
        memcpy(out->key, plain + 72, sizeof out->key);
    }
    sodium_memzero(plain, sizeof plain);
    return err;
}

static enum gmm_err get_kept(struct node *node, const uint8_t commit[32], char name[STORE_NAME_BYTES], struct kept *out)
{
    uint8_t *bytes = NULL;
    size_t len;
    name_of(name, OURS, commit);
    enum gmm_err err = store_get(node->store, name, &bytes, &len);
    if (err == GMM_OK)
        err = open_kept(node, name, bytes, len, out);
    free(bytes);
    return err;
}

static void soonest(struct node *node, uint64_t until_ms)
{
    if (node->embargo_due_ms == 0 || until_ms < node->embargo_due_ms)
        node->embargo_due_ms = until_ms;
}

enum gmm_err embargoes_keep(struct node *node, const struct gmm_id *gid, const uint8_t key[EMBARGO_KEY_BYTES],
                            uint64_t until_ms)
{
    struct kept kept = {.until_ms = until_ms, .gid = *gid};
    struct gmm_id commit;
    char name[STORE_NAME_BYTES];
    memcpy(kept.key, key, sizeof kept.key);
    embargo_commit(&commit, key);
    name_of(name, OURS, commit.b);
    enum gmm_err err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = put_kept(node, name, &kept);
    sodium_memzero(&kept, sizeof kept);
    return err;
}

enum gmm_err embargoes_note(struct node *node, const struct record_document *doc, const struct gmm_id *id)
{
    struct kept kept;
    char name[STORE_NAME_BYTES];
    if (record_embargo_commit(doc) == NULL)
        return GMM_OK;
    enum gmm_err err = get_kept(node, record_embargo_commit(doc), name, &kept);
    if (err == GMM_OK) {
        kept.document = *id;
        err = put_kept(node, name, &kept);
        soonest(node, kept.until_ms);
    }
    sodium_memzero(&kept, sizeof kept);
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

enum gmm_err embargoes_forget(struct node *node, const struct record_document *doc)
{
    static const char *const prefixes[] = {OURS, DISCLOSED};
    enum gmm_err err = record_embargo_commit(doc) == NULL ? GMM_OK : store_begin(node->store, true);
    for (size_t i = 0; err == GMM_OK && record_embargo_commit(doc) != NULL && i < 2; i++) {
        char name[STORE_NAME_BYTES];
        name_of(name, prefixes[i], record_embargo_commit(doc));
        if ((err = store_unset(node->store, name)) == GMM_ENOTFOUND)
            err = GMM_OK;
    }
    return err;
}

/* GMM_ENOTFOUND: no key is here. */
static enum gmm_err find_key(struct node *node, const uint8_t commit[32], uint8_t key[EMBARGO_KEY_BYTES])
{
    char name[STORE_NAME_BYTES];
    struct kept kept;
    uint8_t *bytes = NULL;
    size_t len;
    name_of(name, DISCLOSED, commit);
    enum gmm_err err = store_get(node->store, name, &bytes, &len);
    if (err == GMM_OK && len == EMBARGO_KEY_BYTES) {
        memcpy(key, bytes, EMBARGO_KEY_BYTES);
    } else if (err == GMM_ENOTFOUND || err == GMM_OK) {
        err = get_kept(node, commit, name, &kept);
        if (err == GMM_OK)
            memcpy(key, kept.key, sizeof kept.key);
        sodium_memzero(&kept, sizeof kept);
    }
    free(bytes);
    return err;
}

enum gmm_err embargoes_lift(struct node *node, const struct header *h, struct record_document *doc)
{
    uint8_t key[EMBARGO_KEY_BYTES];
    if (!record_is_covered(doc) || node->engine == NULL || node->keystore == NULL)
        return GMM_OK;
    const struct embargo_place place = {&h->network, &h->group, &h->author};
    enum gmm_err err = find_key(node, record_embargo_commit(doc), key);
    if (err == GMM_OK)
        err = record_document_lift(doc, key, &place);
    sodium_memzero(key, sizeof key);
    /* A key that is no key of it, or an inner document out of form: it stays covered for everybody alike. */
    return err == GMM_ENOTFOUND || err == GMM_EDECRYPT || err == GMM_EFORMAT || err == GMM_ELIMIT ? GMM_OK : err;
}

enum gmm_err embargoes_take(struct node *node, const void *plain, size_t len, struct gmm_id *document)
{
    struct record_disclose r;
    struct gmm_id commit;
    char name[STORE_NAME_BYTES];
    enum gmm_err err = record_disclose_decode(&r, plain, len);
    if (err != GMM_OK)
        return err;
    *document = r.document;
    embargo_commit(&commit, r.key);
    name_of(name, DISCLOSED, commit.b);
    err = store_begin(node->store, false);
    if (err == GMM_OK)
        err = store_set(node->store, name, r.key, sizeof r.key);
    sodium_memzero(&r, sizeof r);
    return err;
}

enum gmm_err embargoes_load(struct node *node)
{
    char name[STORE_NAME_BYTES] = OURS;
    enum gmm_err err = GMM_OK;
    node->embargo_due_ms = 0;
    while (err == GMM_OK && node->keystore != NULL) {
        char next[STORE_NAME_BYTES];
        uint8_t *bytes = NULL;
        size_t len;
        struct kept kept;
        err = store_next_value(node->store, OURS, name, next, &bytes, &len);
        if (err == GMM_OK && open_kept(node, next, bytes, len, &kept) == GMM_OK)
            soonest(node, kept.until_ms);
        sodium_memzero(&kept, sizeof kept);
        free(bytes);
        memcpy(name, next, sizeof name);
    }
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

static enum gmm_err disclose(struct node *node, const struct kept *kept)
{
    struct record_disclose r = {.document = kept->document};
    struct buffer record;
    struct gmm_id id;
    memcpy(r.key, kept->key, sizeof r.key);
    buffer_init(&record, 256);
    enum gmm_err err = record_disclose_encode(&record, &r);
    if (err == GMM_OK)
        err = node_append(node, &kept->gid, HEADER_DISCLOSE, record.p, record.len, NULL, &id, NULL);
    buffer_close_wiped(&record);
    sodium_memzero(&r, sizeof r);
    return err;
}

/* One key: published and, once that is durable, no secret of ours any more. One without a document was never posted.
 * While the document is hidden its key is kept, and given to nobody. */
static enum gmm_err settle_one(struct node *node, const char *name, const struct kept *kept)
{
    enum store_hidden hidden = store_hidden_of(node->store, &kept->document);
    if (hidden == STORE_HIDDEN) {
        soonest(node, node_now_ms() + AGAIN_MS);
        return GMM_OK;
    }
    bool given = id_is_zero(&kept->document) || hidden == STORE_ERASED;
    enum gmm_err err = given ? GMM_OK : disclose(node, kept);
    if (err == GMM_OK)
        err = store_begin(node->store, false);
    return err == GMM_OK ? store_unset(node->store, name) : err;
}

void embargoes_settle(struct node *node)
{
    char name[STORE_NAME_BYTES] = OURS;
    uint64_t now_ms = node_now_ms();
    if (node->embargo_due_ms == 0 || node->embargo_due_ms > now_ms || node->read_only || node->disclosing ||
        node->engine == NULL || node->keystore == NULL)
        return;
    node->disclosing = true;
    node->embargo_due_ms = 0;
    for (;;) {
        char next[STORE_NAME_BYTES];
        uint8_t *bytes = NULL;
        size_t len;
        struct kept kept = {0};
        if (store_next_value(node->store, OURS, name, next, &bytes, &len) != GMM_OK)
            break;
        enum gmm_err err = open_kept(node, next, bytes, len, &kept);
        free(bytes);
        bool due = err == GMM_OK && kept.until_ms <= now_ms;
        if (due && (err = settle_one(node, next, &kept)) != GMM_OK) {
            log_warning("the key of a document under embargo could not be published: %s", gmm_err_text(err));
            soonest(node, now_ms + AGAIN_MS);
        } else if (!due && err == GMM_OK) {
            soonest(node, kept.until_ms);
        }
        sodium_memzero(&kept, sizeof kept);
        memcpy(name, next, sizeof name);
    }
    (void)node_flush(node);
    node->disclosing = false;
}
