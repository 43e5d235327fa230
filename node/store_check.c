#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"
#include "proto/directory.h"
#include "proto/fork.h"

/* One walk over everything; memory stays at one entry. */
struct check {
    struct store *store;
    const struct gmm_id *nid;
    const struct view *view;
    uint64_t *checked;
    store_fault_fn *fn;
    void *arg;
    /* the log under way */
    struct run_key key;
    struct logs_head head;
    struct gmm_id prev;
    uint64_t next_seq, time; /* time 0: of the last entry it is not known */
};

static void fault(struct check *c, const char *kind, const struct gmm_id *id, const char *reason)
{
    c->fn(c->arg, kind, id, reason);
}

static enum gmm_err check_objects(struct check *c)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(c->store, "SELECT hash, bytes FROM object", &err);
    while (store_row(c->store, stmt, &err)) {
        struct gmm_id hash = {{0}}, real;
        size_t len;
        const uint8_t *bytes = store_col_blob(stmt, 1, &len);
        store_col_id(stmt, 0, &hash);
        directory_hash(&real, bytes == NULL ? (const uint8_t *)"" : bytes, len);
        if (!id_equal(&hash, &real))
            fault(c, len > 0 && bytes != NULL && bytes[0] == DIRECTORY_CHARTER ? "charter" : "certificate", &hash,
                  "its bytes do not hash to its name");
        ++*c->checked;
    }
    sqlite3_finalize(stmt);
    return err;
}

/* Of an entry whose header is intact. */
static void check_header(struct check *c, const struct header *header, const struct gmm_id *id, enum gmm_err decoded)
{
    struct run_key key;
    run_key_of(&key, header);
    if (decoded != GMM_OK)
        fault(c, "header", id, gmm_err_text(decoded));
    else if (!id_equal(&header->network, c->nid))
        fault(c, "header", id, "of another network");
    else if (run_key_compare(&key, &c->key) != 0 || header->seq != c->next_seq)
        fault(c, "header", id, "does not belong where it stands");
    else if (!id_equal(&header->prev, &c->prev))
        fault(c, "header", id, "does not follow the entry before it");
    else if (c->next_seq > 0 && header->time <= c->time)
        fault(c, "header", id, "its time does not rise");
    c->time = decoded == GMM_OK ? header->time : 0;
}

/* Columns: key, id8, type, header, sig, body. */
static void check_body(struct check *c, sqlite3_stmt *stmt, const struct header *header, const struct gmm_id *id)
{
    struct gmm_id hash;
    size_t len;
    const uint8_t *body = store_col_blob(stmt, 5, &len);
    if (body == NULL) {
        if (header->type < 64)
            fault(c, "body", id, "is missing");
        return;
    }
    header_body_hash(&hash, body, len);
    if (len != header->body_len || !id_equal(&hash, &header->body_hash))
        fault(c, "body", id, "its bytes do not hash to what the header says");
}

static void check_signature(struct check *c, sqlite3_stmt *stmt, const struct gmm_id *id)
{
    uint8_t sig[HASH_SIG_BYTES];
    bool ends_block = c->next_seq % LIMIT_RUN_ENTRIES == LIMIT_RUN_ENTRIES - 1;
    if (sqlite3_column_type(stmt, 4) == SQLITE_NULL) {
        if (ends_block)
            fault(c, "signature", id, "the head at the end of its block is missing");
        return;
    }
    if (!store_col_bytes(stmt, 4, sig, sizeof sig) || run_head_verify(sig, c->nid, &c->key, c->next_seq, id) != GMM_OK)
        fault(c, "signature", id, "the head over it does not verify");
}

/* The id that an entry must have had: what the entry after it, or the log's head, says. */
static bool id_by_successor(struct check *c, int64_t key, struct gmm_id *id)
{
    enum gmm_err err;
    uint8_t bytes[HEADER_BYTES];
    if (store_key_seq(key) == c->head.seq) {
        *id = c->head.id;
        return true;
    }
    sqlite3_stmt *stmt = store_prepare(c->store, "SELECT header FROM entry WHERE key = ?1", &err);
    bool found = false;
    if (stmt != NULL) {
        sqlite3_bind_int64(stmt, 1, key + 1);
        found = store_row(c->store, stmt, &err) && store_col_bytes(stmt, 0, bytes, sizeof bytes);
    }
    sqlite3_finalize(stmt);
    if (found)
        memcpy(id->b, bytes + 120, sizeof id->b); /* prev */
    return found;
}

/* The column id8 bears witness of what the header was: an altered one is told by its true name, and only once. */
static bool header_is_intact(struct check *c, sqlite3_stmt *stmt, uint8_t bytes[HEADER_BYTES], struct gmm_id *id)
{
    int64_t key = sqlite3_column_int64(stmt, 0);
    uint64_t id8 = store_col_u64(stmt, 1);
    struct gmm_id named = {{0}};
    bool whole = store_col_bytes(stmt, 3, bytes, HEADER_BYTES);
    if (whole)
        header_id(id, bytes);
    if (whole && bytes_load_u64(id->b) == id8)
        return true;
    bool known = id_by_successor(c, key, &named);
    if (whole && known && id_equal(&named, id)) {
        fault(c, "index", id, "the index does not lead to it");
        return true;
    }
    if (known && bytes_load_u64(named.b) == id8)
        *id = named;
    fault(c, "header", id, "altered: its bytes do not hash to its id");
    return false;
}

static void check_entry(struct check *c, sqlite3_stmt *stmt)
{
    uint8_t bytes[HEADER_BYTES];
    struct header header;
    struct gmm_id id = {{0}};
    uint64_t seq = store_key_seq(sqlite3_column_int64(stmt, 0));
    bool gap = seq != c->next_seq;
    ++*c->checked;
    if (gap)
        fault(c, "log", &c->prev, "entries are missing after this one");
    c->next_seq = seq;
    if (!header_is_intact(c, stmt, bytes, &id)) {
        c->time = 0;
    } else {
        enum gmm_err decoded = header_decode(&header, bytes);
        if (gap)
            c->prev = header.prev;
        check_header(c, &header, &id, decoded);
        if (decoded == GMM_OK)
            check_body(c, stmt, &header, &id);
        if (bytes_load_u16(bytes + 2) != store_col_u64(stmt, 2))
            fault(c, "index", &id, "its type is filed wrongly");
        check_signature(c, stmt, &id);
    }
    c->prev = id;
    c->next_seq++;
}

static void check_head(struct check *c)
{
    const struct logs_head *head = &c->head;
    if (c->next_seq != (head->seq == LOGS_NO_SEQ ? 0 : head->seq + 1))
        fault(c, "log", &head->id, "its entries do not reach its head");
    else if (c->next_seq > 0 && !id_equal(&head->id, &c->prev))
        fault(c, "log", &head->id, "its head is not its last entry");
    else if (c->time > 0 && head->time != c->time)
        fault(c, "log", &head->id, "the time of its head is not that of its last entry");
    else if (c->next_seq > 0 && !run_is_signed(head->sig) && c->view != NULL &&
             view_log_end(c->view, &c->key) != UINT64_MAX)
        return; /* what ends it names its last entry */
    else if (c->next_seq > 0 && run_head_verify(head->sig, c->nid, &c->key, head->seq, &head->id) != GMM_OK)
        fault(c, "signature", &head->id, "the head of its log does not verify");
}

static enum gmm_err check_log(struct check *c, int64_t no)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(
        c->store, "SELECT key, id8, type, header, sig, body FROM entry WHERE key BETWEEN ?1 AND ?2 ORDER BY key", &err);
    if (stmt == NULL)
        return err;
    header_log0(&c->prev, c->nid, &c->key.group, &c->key.author, c->key.instance);
    c->next_seq = c->time = 0;
    sqlite3_bind_int64(stmt, 1, store_key(no, 0));
    sqlite3_bind_int64(stmt, 2, store_key(no + 1, 0) - 1);
    while (store_row(c->store, stmt, &err))
        check_entry(c, stmt);
    sqlite3_finalize(stmt);
    if (err == GMM_OK)
        check_head(c);
    return err;
}

/* Entries whose log has no row would be met by nothing else. Steps from log to log, not from entry to entry. */
static enum gmm_err check_orphans(struct check *c)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(c->store,
                                       "WITH RECURSIVE l(no) AS (SELECT min(key) >> 40 FROM entry UNION ALL "
                                       "SELECT (SELECT min(key) >> 40 FROM entry WHERE key >= (no + 1) << 40) FROM l "
                                       "WHERE no IS NOT NULL) "
                                       "SELECT (SELECT header FROM entry WHERE key >= no << 40 ORDER BY key LIMIT 1) "
                                       "FROM l WHERE no IS NOT NULL AND no NOT IN (SELECT no FROM log)",
                                       &err);
    while (store_row(c->store, stmt, &err)) {
        struct gmm_id id = {{0}};
        uint8_t bytes[HEADER_BYTES];
        if (store_col_bytes(stmt, 0, bytes, sizeof bytes))
            header_id(&id, bytes);
        fault(c, "log", &id, "this entry and those after it belong to no log");
    }
    sqlite3_finalize(stmt);
    return err;
}

static enum gmm_err check_logs(struct check *c)
{
    static const struct gmm_id nothing = {{0}};
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(
        c->store, "SELECT no, instance, author, grp, head_seq, head_id, head_time, head_sig FROM log ORDER BY no",
        &err);
    while (store_row(c->store, stmt, &err)) {
        struct logs_head head = {.time = store_col_u64(stmt, 6)};
        int64_t seq = sqlite3_column_int64(stmt, 4);
        head.seq = seq < 0 ? LOGS_NO_SEQ : (uint64_t)seq;
        c->key.instance = store_col_u64(stmt, 1);
        if (store_col_id(stmt, 2, &c->key.author) && store_col_id(stmt, 3, &c->key.group) &&
            store_col_id(stmt, 5, &head.id) && store_col_bytes(stmt, 7, head.sig, sizeof head.sig)) {
            c->head = head;
            err = check_log(c, sqlite3_column_int64(stmt, 0));
        } else
            fault(c, "log", &nothing, "its row is damaged");
    }
    sqlite3_finalize(stmt);
    return err;
}

/* What SQLite says of its own pages: the first lines. */
static enum gmm_err check_pages(struct check *c)
{
    static const struct gmm_id nothing = {{0}};
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(c->store, "PRAGMA integrity_check(10)", &err);
    while (store_row(c->store, stmt, &err)) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        if (text != NULL && strcmp(text, "ok") != 0)
            fault(c, "store", &nothing, text);
    }
    sqlite3_finalize(stmt);
    return err;
}

static enum gmm_err check_proof(void *arg, const struct gmm_id *hash, const void *bytes, size_t len)
{
    struct check *c = arg;
    struct fork_proof *proof = NULL;
    enum gmm_err err = fork_open(&proof, c->nid, bytes, len);
    if (err == GMM_ENOMEM)
        return err;
    if (err != GMM_OK || !id_equal(&proof->hash, hash))
        fault(c, "fork proof", hash, "its bytes prove nothing");
    free(proof);
    ++*c->checked;
    return GMM_OK;
}

enum gmm_err store_check(struct store *store, const struct gmm_id *nid, const struct view *view, uint64_t *checked,
                         store_fault_fn *fn, void *arg)
{
    struct check c = {.store = store, .nid = nid, .view = view, .checked = checked, .fn = fn, .arg = arg};
    enum gmm_err err = check_pages(&c);
    if (err == GMM_OK)
        err = check_objects(&c);
    if (err == GMM_OK && nid != NULL)
        err = check_logs(&c);
    if (err == GMM_OK && nid != NULL)
        err = check_orphans(&c);
    if (err == GMM_OK && nid != NULL)
        err = store_each_proof(store, check_proof, &c);
    if (err == GMM_ECORRUPT) {
        static const struct gmm_id nothing = {{0}};
        fault(&c, "store", &nothing, store_error(store));
        return GMM_OK;
    }
    return err;
}
