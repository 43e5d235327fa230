#include "node/verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/chunk.h"
#include "node/content.h"
#include "node/keyfile.h"
#include "node/sys.h"
#include "proto/record.h"

struct walk {
    struct node *node;
    struct verify_report *report;
    struct gmm_id nid;
    bool has_network, all;
    int null_fd;         /* where opened content goes */
    uint8_t *chunk;      /* room for the largest */
    enum gmm_err failed; /* memory, the disk: no finding */
};

static void fault(struct walk *walk, const char *kind, const struct gmm_id *id, const char *reason)
{
    char hex[GMM_ID_HEX + 1] = "";
    walk->report->fault_count++;
    if (json_array_size(walk->report->faults) >= VERIFY_FAULTS)
        return;
    if (id != NULL)
        id_to_hex(id, hex);
    json_t *item =
        json_pack("{s:o, s:s, s:s}", "id", id == NULL ? json_null() : json_string(hex), "kind", kind, "reason", reason);
    if (item == NULL || json_array_append_new(walk->report->faults, item) != 0)
        walk->failed = GMM_ENOMEM;
}

static void on_store_fault(void *arg, const char *kind, const struct gmm_id *id, const char *reason)
{
    fault(arg, kind, id, reason);
}

static enum gmm_err on_object(void *arg, const void *bytes, size_t len)
{
    struct walk *walk = arg;
    struct charter charter;
    const uint8_t *p = bytes;
    if (len > 1 && p[0] == DIRECTORY_CHARTER && charter_open(&charter, p + 1, len - 1) == GMM_OK) {
        walk->nid = charter.nid;
        walk->has_network = true;
    }
    return GMM_OK;
}

/* "A damaged keystore too: it ends with an unkeyed sum, checked before the passphrase is tried." */
static void check_keystore(struct walk *walk)
{
    char path[HOME_PATH_MAX];
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum keystore_method method;
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = home_join(path, walk->node->home, HOME_KEYSTORE, &msg);
    if (err == GMM_OK)
        err = keyfile_read(&bytes, &len, path, LIMIT_KEYSTORE_BYTES, 1, &msg);
    walk->report->checked++;
    if (err == GMM_ENOMEM)
        walk->failed = err;
    else if (err != GMM_OK)
        fault(walk, "keystore", NULL, msg.text);
    else if ((err = keystore_method(&method, bytes, len)) != GMM_OK)
        fault(walk, "keystore", NULL, gmm_err_text(err));
    keyfile_free(bytes, len);
}

/* ---- chunk files */

static enum gmm_err on_chunk(void *arg, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len)
{
    struct walk *walk = arg;
    struct gmm_id found;
    size_t got = 0, total = 0;
    walk->report->checked++;
    enum gmm_err err =
        chunkfile_read(walk->node->chunks, id, 0, walk->chunk, walk->all ? LIMIT_CHUNK_SEALED : 1, &got, &total);
    if (err == GMM_ENOMEM)
        return err;
    if (err != GMM_OK) {
        fault(walk, "chunk", id, err == GMM_ENOTFOUND ? "stored once, and now missing" : "cannot be read");
        return GMM_OK;
    }
    if (total != len || (walk->all && got != total)) {
        fault(walk, "chunk", id, "of another length than was stored");
        return GMM_OK;
    }
    if (walk->all) {
        chunk_id(&found, &walk->nid, gid, walk->chunk, got);
        if (!id_equal(&found, id))
            fault(walk, "chunk", id, "its bytes were altered");
    }
    return GMM_OK;
}

/* ---- bodies */

static void check_content(struct walk *walk, const struct gmm_id *gid, const struct gmm_id *document,
                          const struct manifest *content)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id *ids = NULL;
    size_t missing = 0, count = 0;
    if (content->inline_bytes != NULL)
        return;
    enum gmm_err err = content_missing(walk->node, gid, content, &ids, &count);
    free(ids);
    if (err == GMM_OK && count > 0) {
        walk->report->not_held += count;
        return;
    }
    if (err == GMM_OK)
        err = content_write(walk->node, gid, content, walk->null_fd, &missing, &msg);
    if (err == GMM_ENOMEM)
        walk->failed = err;
    else if (err == GMM_EABSENT)
        walk->report->not_held += missing;
    else if (err != GMM_OK)
        fault(walk, "content", document, msg.text[0] != '\0' ? msg.text : gmm_err_text(err));
}

static void check_document(struct walk *walk, const struct header *header, const struct gmm_id *id,
                           const uint8_t *plain, size_t len)
{
    struct record_document record;
    enum gmm_err err = record_document_decode(&record, plain, len);
    if (err == GMM_ENOMEM)
        walk->failed = err;
    if (err != GMM_OK)
        return; /* malformed by its author, signed and unaltered all the same */
    check_content(walk, &header->group, id, &record.content);
    for (uint32_t i = 0; i < record.attachment_count; i++)
        check_content(walk, &header->group, id, &record.attachments[i].content);
    record_document_close(&record);
}

static enum gmm_err on_entry(void *arg, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id, const uint8_t *body,
                             size_t body_len)
{
    struct walk *walk = arg;
    struct header header;
    uint8_t *plain = NULL;
    size_t len = 0;
    if (header_decode(&header, bytes) != GMM_OK || header.type < 64)
        return walk->failed; /* store_check has said what is to be said */
    if (body == NULL || walk->node->engine == NULL) {
        walk->report->not_held++;
        return walk->failed;
    }
    enum gmm_err err = node_open_body(walk->node, bytes, body, body_len, &header, &plain, &len);
    if (err == GMM_EUNKNOWN || err == GMM_EABSENT)
        walk->report->not_held++;
    else if (err == GMM_ENOMEM)
        walk->failed = err;
    else if (err != GMM_OK)
        fault(walk, "body", id, "does not open with the key that its header names");
    else if (header.type == HEADER_DOCUMENT)
        check_document(walk, &header, id, plain, len);
    seal_free(plain, len);
    return walk->failed;
}

static enum gmm_err on_log(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                           bool closed)
{
    struct walk *walk = arg;
    (void)head;
    (void)arrival;
    (void)closed;
    enum gmm_err err = store_each_entry(walk->node->store, key, 0, on_entry, walk);
    return err == GMM_ECORRUPT ? GMM_OK : err; /* named by store_check */
}

static enum gmm_err on_wanted(void *arg, const struct gmm_id *gid, const struct gmm_id *chunk)
{
    struct walk *walk = arg;
    (void)gid;
    (void)chunk;
    walk->report->not_held++;
    return GMM_OK;
}

static enum gmm_err check_store(struct walk *walk)
{
    struct node *node = walk->node;
    enum gmm_err err = store_each_object(node->store, on_object, walk);
    if (err == GMM_ECORRUPT)
        err = GMM_OK;
    uint64_t checked = 0;
    if (err == GMM_OK)
        err = store_check(node->store, walk->has_network ? &walk->nid : NULL,
                          node->engine == NULL ? NULL : engine_view(node->engine), &checked, on_store_fault, walk);
    walk->report->checked += checked;
    if (err == GMM_ECORRUPT) {
        fault(walk, "store", NULL, store_error(node->store));
        return GMM_OK;
    }
    if (err == GMM_OK)
        err = store_each_chunk(node->store, on_chunk, walk);
    if (err == GMM_OK && walk->all)
        err = store_each_log(node->store, on_log, walk);
    else if (err == GMM_OK && node->projection != NULL)
        err = projection_each_wanted(node->projection, on_wanted, walk);
    return err == GMM_ECORRUPT ? GMM_OK : err;
}

enum gmm_err verify_run(struct node *node, bool all, struct verify_report *out, struct gmm_msg *msg)
{
    struct walk walk = {.node = node, .report = out, .all = all, .null_fd = -1};
    *out = (struct verify_report){.faults = json_array(), .closed = node->keystore == NULL};
    walk.chunk = malloc(LIMIT_CHUNK_SEALED);
    walk.null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    enum gmm_err err = out->faults == NULL || walk.chunk == NULL ? GMM_ENOMEM : walk.null_fd < 0 ? GMM_EIO : GMM_OK;
    if (err == GMM_OK)
        err = node_flush(node);
    if (err == GMM_OK) {
        check_keystore(&walk);
        err = check_store(&walk);
    }
    if (err == GMM_OK)
        err = walk.failed;
    sys_close(&walk.null_fd);
    free(walk.chunk);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the check could not be carried out: %s", gmm_err_text(err));
}

void verify_report_close(struct verify_report *report)
{
    json_decref(report->faults);
    report->faults = NULL;
}
