#include "node/erasing_delete.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/backlog.h"
#include "node/bundlepark.h"
#include "node/embargoes.h"
#include "node/erasing_chunks.h"
#include "node/partial.h"
#include "node/project.h"
#include "proto/control_erase.h"

/* ---- bytes */

/* One of which something else has been posted meanwhile is shown again, or has been already. */
static enum gmm_err delete_chunks(struct node *node, const struct store_erasure *row)
{
    struct gmm_id *all = NULL, *alone = NULL;
    size_t count = 0, alone_count = 0;
    enum gmm_err err = store_list_erasure_chunks(node->store, &row->id, &all, &count);
    if (err == GMM_OK && count > 0 && (alone = malloc(count * sizeof *alone)) == NULL)
        err = GMM_ENOMEM;
    if (err == GMM_OK && count > 0) {
        memcpy(alone, all, count * sizeof *alone);
        alone_count = count;
        err = erasing_chunks_alone(node, &row->gid, &row->id, alone, &alone_count);
    }
    for (size_t i = 0, k = 0; i < count && err == GMM_OK; i++) {
        bool goes = k < alone_count && id_equal(&all[i], &alone[k]);
        k += goes;
        if (store_chunk_hidden_of(node->store, &row->gid, &all[i]) != STORE_HIDDEN)
            continue;
        if (goes && (err = chunkfile_remove(node->chunks, &all[i])) == GMM_ENOTFOUND)
            err = GMM_OK;
        if (err == GMM_OK)
            err = store_hide_chunk(node->store, &row->gid, &all[i], goes ? STORE_ERASED : STORE_SHOWN);
        if (goes)
            partial_drop(node->home, &all[i]);
    }
    free(all);
    free(alone);
    return err;
}

static enum gmm_err forget_keys(struct node *node, const struct store_entry *entry)
{
    struct record_document doc;
    struct header h;
    uint8_t *plain = NULL;
    size_t len = 0;
    if (entry->body == NULL || bytes_load_u16(entry->header + 2) != HEADER_DOCUMENT)
        return GMM_OK;
    enum gmm_err err = node_open_body(node, entry->header, entry->body, entry->body_len, &h, &plain, &len);
    if (err == GMM_OK)
        err = record_document_decode(&doc, plain, len);
    if (err == GMM_OK) {
        err = embargoes_forget(node, &doc);
        record_document_close(&doc);
    } else if (err != GMM_ENOMEM) {
        err = GMM_OK; /* who cannot open it has no key of it */
    }
    seal_free(plain, len);
    return err;
}

/* A run that waits for what comes before it may hold the body. It comes again from whoever has it, without. */
static enum gmm_err forget_parked(struct node *node, const struct view_erasure *e)
{
    struct bundlepark park = {.node = node};
    char name[STORE_NAME_BYTES] = "";
    struct cargo_item item;
    uint8_t *bytes = NULL;
    enum gmm_err err;
    while ((err = bundlepark_next(&park, name, &bytes, &item)) == GMM_OK) {
        struct run_key key;
        uint64_t first = 0;
        uint32_t count = 0;
        bool holds = item.kind == CARGO_RUN && run_peek(&key, &first, &count, item.payload, item.len) == GMM_OK &&
                     run_key_compare(&key, &e->log) == 0 && e->seq >= first && e->seq - first < count;
        if (holds)
            err = bundlepark_drop(&park, name, item.len + 1);
        free(bytes);
        if (err != GMM_OK)
            return err;
    }
    return err == GMM_ENOTFOUND || err == GMM_ECORRUPT ? GMM_OK : err;
}

enum gmm_err erasing_delete(struct node *node, const struct view_erasure *e, struct store_erasure *row)
{
    struct store_entry entry;
    enum gmm_err err = store_load_hidden(node->store, &e->id, &entry);
    if (err != GMM_OK)
        return err;
    err = store_begin(node->store, true);
    if (err == GMM_OK)
        err = delete_chunks(node, row);
    if (err == GMM_OK)
        err = forget_keys(node, &entry);
    if (err == GMM_OK)
        err = forget_parked(node, e);
    store_entry_close(&entry);
    partial_drop(node->home, &e->id);
    if (err == GMM_OK)
        err = store_drop_erasure(node->store, &e->id); /* its chunks, too */
    if (err == GMM_OK)
        err = store_hide(node->store, &e->id, STORE_ERASED, NULL);
    row->state = STORE_ERASURE_DELETED;
    row->done_ms = node_now_ms();
    return err == GMM_OK ? store_put_erasure(node->store, row) : err;
}

/* ---- what bytes may have left behind */

/* "An older one is copied to `store.db.vN` first and then migrated." */
static enum gmm_err remove_copies(struct node *node)
{
    char pattern[HOME_PATH_MAX + 32];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/" HOME_STORE ".v*", node->home);
    int rc = glob(pattern, GLOB_NOESCAPE, NULL, &found);
    if (rc != 0)
        return rc == GLOB_NOMATCH ? GMM_OK : rc == GLOB_NOSPACE ? GMM_ENOMEM : GMM_EIO;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (unlink(found.gl_pathv[i]) != 0)
            err = GMM_EIO;
    globfree(&found);
    return err;
}

/* The index is made anew, for its words cannot be told apart by whose they are. */
static enum gmm_err purge(struct node *node)
{
    enum gmm_err err = search_reset(node->search);
    backlog_look(node, PROJECT_INDEX);
    if (err == GMM_OK)
        err = chunkfile_sync(node->chunks);
    if (err == GMM_OK)
        err = store_purge(node->store);
    return err == GMM_OK ? remove_copies(node) : err;
}

static enum gmm_err set_purged(struct node *node, struct store_erasure *rows, size_t count)
{
    enum gmm_err err = store_begin(node->store, true);
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        if (rows[i].state != STORE_ERASURE_DELETED)
            continue;
        rows[i].state = STORE_ERASURE_PURGED;
        err = store_put_erasure(node->store, &rows[i]);
    }
    return err == GMM_OK ? node_flush(node) : err;
}

enum gmm_err erasing_purge(struct node *node)
{
    struct store_erasure *rows = NULL;
    size_t count = 0, deleted = 0;
    enum gmm_err err = node_flush(node);
    if (err == GMM_OK)
        err = store_list_erasures(node->store, &rows, &count);
    for (size_t i = 0; i < count; i++)
        deleted += rows[i].state == STORE_ERASURE_DELETED;
    if (err == GMM_OK && deleted > 0)
        err = purge(node);
    if (err == GMM_OK && deleted > 0)
        err = set_purged(node, rows, count);
    free(rows);
    return err;
}

/* ---- said */

struct ours {
    const struct gmm_id *sign_pk;
    bool found;
};

static enum gmm_err on_said(void *arg, const struct run_key *key, uint64_t seq, uint64_t time)
{
    struct ours *ours = arg;
    (void)seq;
    (void)time;
    ours->found = ours->found || id_equal(&key->author, ours->sign_pk);
    return GMM_OK;
}

static bool is_owed(struct node *node, const struct store_erasure *row)
{
    struct ours ours = {.sign_pk = &node->keystore->sign_pk};
    return row->state == STORE_ERASURE_PURGED &&
           projection_each_erased(node->projection, &row->id, on_said, &ours) == GMM_OK && !ours.found;
}

static int by_group(const void *a, const void *b)
{
    const struct store_erasure *x = a, *y = b;
    int order = id_compare(&x->gid, &y->gid);
    return order != 0 ? order : id_compare(&x->id, &y->id);
}

/* Of one group, in the order of ids. */
static enum gmm_err say(struct node *node, const struct store_erasure *rows, size_t count)
{
    const struct view *view = engine_view(node->engine);
    struct buffer body;
    struct gmm_id id, *ids = malloc(count * sizeof *ids);
    if (ids == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        ids[i] = rows[i].id;
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_erased_encode(&body, ids, count);
    /* Who has left the group says nothing there any more. */
    if (err == GMM_OK && view != NULL && view_is_member(view, &rows[0].gid, node_pid(node)))
        err = node_append(node, &rows[0].gid, HEADER_ERASED, body.p, body.len, NULL, &id, NULL);
    buffer_close(&body);
    free(ids);
    return err;
}

enum gmm_err erasing_confirm(struct node *node)
{
    struct store_erasure *rows = NULL;
    size_t count = 0, owed = 0;
    enum gmm_err err = store_list_erasures(node->store, &rows, &count);
    for (size_t i = 0; i < count; i++)
        if (is_owed(node, &rows[i]))
            rows[owed++] = rows[i];
    if (owed > 1)
        qsort(rows, owed, sizeof *rows, by_group);
    for (size_t at = 0, n; at < owed && err == GMM_OK; at += n) {
        for (n = 1; at + n < owed && n < LIMIT_CUTS && id_equal(&rows[at + n].gid, &rows[at].gid); n++)
            ;
        err = say(node, &rows[at], n);
    }
    free(rows);
    return err;
}
