#include "node/verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/chunk.h"
#include "keys/text.h"
#include "node/atrest.h"
#include "node/content.h"
#include "node/embargoes.h"
#include "node/invites.h"
#include "node/keyfile.h"
#include "node/project.h"
#include "node/sys.h"
#include "proto/record.h"

struct walk {
    struct node *node;
    struct verify_report *report;
    struct gmm_id nid;
    bool has_network, all;
    int null_fd;         /* where opened content goes */
    uint8_t *chunk;      /* room for the largest */
    uint64_t projected;  /* of the log under way: the seq after the last one that is in the catalogue */
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
    json_t *item = json_pack("{s:o, s:s, s:s}", "id", id == NULL ? json_null() : json_string(hex), "kind", kind,
                             "reason", text_tr(reason));
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
        fault(walk, "chunk", id, err == GMM_ENOTFOUND ? _("stored once, and now missing") : _("cannot be read"));
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
    if (err == GMM_OK)
        err = embargoes_lift(walk->node, header, &record);
    if (err == GMM_ENOMEM)
        walk->failed = err;
    if (err == GMM_OK && record_is_covered(&record)) {
        walk->report->not_held++;
        record_document_close(&record);
        return;
    }
    if (err != GMM_OK)
        return; /* malformed by its author, signed and unaltered all the same */
    check_content(walk, &header->group, id, &record.content);
    for (uint32_t i = 0; i < record.attachment_count; i++)
        check_content(walk, &header->group, id, &record.attachments[i].content);
    record_document_close(&record);
}

/* Entries that a node which may not write has yet to project have no line, and that is no fault. */
static void check_line(struct walk *walk, const struct header *header, const struct gmm_id *id, const uint8_t *plain,
                       size_t len)
{
    if (header->seq >= walk->projected)
        return;
    enum gmm_err err = project_check(walk->node, header, id, plain, len);
    if (err == GMM_ENOMEM)
        walk->failed = err;
    else if (err == GMM_ENOTFOUND)
        fault(walk, "catalogue", id, "its line is missing: gmm doctor --rebuild makes it anew");
    else if (err == GMM_ECORRUPT)
        fault(walk, "catalogue", id, "its line was altered: gmm doctor --rebuild makes it anew");
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
    else
        check_line(walk, &header, id, plain, len);
    if (err == GMM_OK && header.type == HEADER_DOCUMENT)
        check_document(walk, &header, id, plain, len);
    seal_free(plain, len);
    return walk->failed;
}

static enum gmm_err on_log(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                           bool closed)
{
    struct walk *walk = arg;
    uint64_t end = head->seq == LOGS_NO_SEQ ? 0 : head->seq + 1;
    (void)arrival;
    (void)closed;
    walk->projected = 0;
    if (walk->node->projection != NULL && projection_get_done(walk->node->projection, key, &walk->projected) != GMM_OK)
        walk->projected = 0;
    if (walk->projected > end)
        fault(walk, "catalogue", &head->id, "it claims more of a log than there is: gmm doctor --rebuild");
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

/* ---- what only this office can open */

static enum gmm_err on_secret(void *arg, const struct gmm_id *id, const void *bytes, size_t len)
{
    struct walk *walk = arg;
    uint8_t *secret = secret_alloc(SECRET_KEY_BYTES);
    if (secret == NULL)
        return GMM_ENOMEM;
    walk->report->checked++;
    if (len != SECRET_KEY_BYTES + ATREST_OVERHEAD ||
        atrest_open(secret, walk->node->keystore->node, LABEL_RING, id->b, sizeof id->b, bytes, len) != GMM_OK)
        fault(walk, "secret", id, "the key of this epoch does not open: what was sealed under it cannot be read");
    secret_free(secret);
    return GMM_OK;
}

static enum gmm_err on_invite(void *arg, const struct invites_entry *entry)
{
    struct walk *walk = arg;
    (void)entry;
    walk->report->checked++;
    return GMM_OK;
}

static void check_search(struct walk *walk)
{
    if (walk->node->search != NULL && search_check(walk->node->search) == GMM_ECORRUPT)
        fault(walk, "search", NULL, "the search index is damaged: gmm doctor --rebuild makes it anew");
}

static void check_group_names(struct walk *walk)
{
    const struct view *view = walk->node->engine == NULL ? NULL : engine_view(walk->node->engine);
    for (size_t i = 0; view != NULL && i < view->group_count; i++) {
        char *name;
        enum gmm_err err = projection_get_group_name(walk->node->projection, &view->groups[i].gid, &name);
        if (err == GMM_ENOMEM)
            walk->failed = err;
        else if (err != GMM_OK && err != GMM_ENOTFOUND)
            fault(walk, "catalogue", &view->groups[i].gid, "a group's name was altered: gmm doctor --rebuild");
        free(name);
    }
}

static enum gmm_err check_own(struct walk *walk)
{
    struct node *node = walk->node;
    if (node->keystore == NULL)
        return GMM_OK;
    enum gmm_err err = store_each_secret(node->store, on_secret, walk);
    if (err == GMM_OK)
        err = invites_each(node, on_invite, walk);
    if (err == GMM_ECORRUPT) {
        fault(walk, "invite", NULL, "what is kept of an invite does not open");
        err = GMM_OK;
    }
    if (err == GMM_OK && walk->all && node->projection != NULL) {
        check_search(walk);
        check_group_names(walk);
    }
    return err;
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
        err = check_own(walk);
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
    /* Whatever kept the home from opening is a fault, also one that no check has met. */
    if (err == GMM_OK && node->damage.text[0] != '\0' && out->fault_count == 0)
        fault(&walk, "store", NULL, node->damage.text);
    sys_close(&walk.null_fd);
    free(walk.chunk);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the check could not be carried out: %s", gmm_err_text(err));
}

void verify_report_close(struct verify_report *report)
{
    json_decref(report->faults);
    report->faults = NULL;
}
