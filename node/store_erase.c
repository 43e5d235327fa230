/* What is hidden, and what is gone (store.h: Erasures). */
#include <stdlib.h>
#include <string.h>

#include "node/checkpoint.h"
#include "node/store_private.h"

/* A statement with up to three parameters: ids, or numbers in the place of NULL. */
struct value {
    const struct gmm_id *id;
    int64_t number;
};

static void bind(sqlite3_stmt *stmt, const struct value *values, int count)
{
    for (int i = 0; i < count; i++)
        if (values[i].id != NULL)
            store_bind_id(stmt, i + 1, values[i].id);
        else
            sqlite3_bind_int64(stmt, i + 1, values[i].number);
}

static enum gmm_err run(struct store *store, const char *sql, const struct value *values, int count)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, sql, &err);
    if (stmt == NULL)
        return err;
    bind(stmt, values, count);
    err = store_run_stmt(store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_hide(struct store *store, const struct gmm_id *id, enum store_hidden hidden, bool *had_body)
{
    struct store_place place;
    enum gmm_err err = store_find_entry(store, id, &place);
    if (err == GMM_OK && place.hidden == STORE_ERASED && hidden != STORE_ERASED)
        err = GMM_ESTATE;
    if (err != GMM_OK)
        return err;
    if (had_body != NULL)
        *had_body = place.has_body;
    const struct value values[] = {{NULL, place.key}, {NULL, hidden}};
    err = run(store,
              hidden == STORE_ERASED ? "UPDATE entry SET hidden = ?2, body = NULL WHERE key = ?1"
                                     : "UPDATE entry SET hidden = ?2 WHERE key = ?1",
              values, 2);
    if (err == GMM_OK && hidden == STORE_SHOWN && !place.has_body) /* it is missing again */
        err = run(store, "UPDATE log SET closed = closed | 2 WHERE no = ?1 >> 40", values, 1);
    return err;
}

enum store_hidden store_hidden_of(struct store *store, const struct gmm_id *id)
{
    struct store_place place;
    enum gmm_err err = store_find_entry(store, id, &place);
    return err == GMM_OK ? place.hidden : err == GMM_ENOTFOUND ? STORE_SHOWN : STORE_HIDDEN;
}

enum gmm_err store_load_hidden(struct store *store, const struct gmm_id *id, struct store_entry *out)
{
    struct store_place place;
    *out = (struct store_entry){.id = *id};
    enum gmm_err err = store_find_entry(store, id, &place);
    sqlite3_stmt *stmt =
        err == GMM_OK ? store_prepare(store, "SELECT header, body FROM entry WHERE key = ?1", &err) : NULL;
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, place.key);
    if (store_row(store, stmt, &err) && store_col_bytes(stmt, 0, out->header, HEADER_BYTES)) {
        const uint8_t *bytes = store_col_blob(stmt, 1, &out->body_len);
        if (bytes != NULL && (out->body = malloc(out->body_len + 1)) == NULL)
            err = GMM_ENOMEM;
        else if (bytes != NULL)
            memcpy(out->body, bytes, out->body_len);
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_hide_chunk(struct store *store, const struct gmm_id *gid, const struct gmm_id *id,
                              enum store_hidden hidden)
{
    const struct value values[] = {{id, 0}, {gid, 0}, {NULL, hidden}};
    return run(store, "UPDATE chunk SET hidden = ?3 WHERE id = ?1 AND gid = ?2", values, 3);
}

enum gmm_err store_names_chunk(struct store *store, const struct gmm_id *id, enum store_naming *naming)
{
    enum gmm_err err;
    const struct value values[] = {{id, 0}, {NULL, STORE_ERASED}};
    sqlite3_stmt *stmt = store_prepare(store, "SELECT max(hidden <> ?2) FROM chunk WHERE id = ?1", &err);
    if (stmt == NULL)
        return err;
    bind(stmt, values, 2);
    *naming = STORE_NAMED;
    if (store_row(store, stmt, &err) && sqlite3_column_type(stmt, 0) == SQLITE_NULL)
        *naming = STORE_UNNAMED;
    else if (err == GMM_OK && sqlite3_column_int(stmt, 0) == 0)
        *naming = STORE_NAMED_ERASED;
    sqlite3_finalize(stmt);
    return err;
}

enum store_hidden store_chunk_hidden_of(struct store *store, const struct gmm_id *gid, const struct gmm_id *id)
{
    enum gmm_err err;
    enum store_hidden hidden = STORE_SHOWN;
    const struct value values[] = {{id, 0}, {gid, 0}};
    sqlite3_stmt *stmt = store_prepare(store, "SELECT hidden FROM chunk WHERE id = ?1 AND gid = ?2", &err);
    if (stmt == NULL)
        return hidden;
    bind(stmt, values, 2);
    if (store_row(store, stmt, &err))
        hidden = (enum store_hidden)sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return hidden;
}

/* ---- what is to be done, and how far it is */

enum gmm_err store_put_erasure(struct store *store, const struct store_erasure *erasure)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store,
                                       "INSERT INTO erasure(id, gid, seen, state, done) VALUES(?1, ?2, ?3, ?4, ?5) "
                                       "ON CONFLICT(id) DO UPDATE SET state = excluded.state, done = excluded.done",
                                       &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, &erasure->id);
    store_bind_id(stmt, 2, &erasure->gid);
    store_bind_u64(stmt, 3, erasure->seen_ms);
    sqlite3_bind_int(stmt, 4, (int)erasure->state);
    store_bind_u64(stmt, 5, erasure->done_ms);
    err = store_run_stmt(store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

static bool read_row(sqlite3_stmt *stmt, struct store_erasure *out)
{
    *out = (struct store_erasure){.seen_ms = store_col_u64(stmt, 2),
                                  .state = (enum store_erasure_state)sqlite3_column_int(stmt, 3),
                                  .done_ms = store_col_u64(stmt, 4)};
    return store_col_id(stmt, 0, &out->id) && store_col_id(stmt, 1, &out->gid);
}

enum gmm_err store_get_erasure(struct store *store, const struct gmm_id *id, struct store_erasure *out)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT id, gid, seen, state, done FROM erasure WHERE id = ?1", &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    if (!store_row(store, stmt, &err))
        err = err == GMM_OK ? GMM_ENOTFOUND : err;
    else if (!read_row(stmt, out))
        err = store_fault_as(store, GMM_ECORRUPT, "the row of an erasure");
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_drop_erasure(struct store *store, const struct gmm_id *id)
{
    const struct value values[] = {{id, 0}};
    enum gmm_err err = run(store, "DELETE FROM erasure_chunk WHERE id = ?1", values, 1);
    return err == GMM_OK ? run(store, "DELETE FROM erasure WHERE id = ?1", values, 1) : err;
}

enum gmm_err store_list_erasures(struct store *store, struct store_erasure **list, size_t *count)
{
    enum gmm_err err;
    size_t cap = 0;
    *list = NULL;
    *count = 0;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT id, gid, seen, state, done FROM erasure ORDER BY seen, id", &err);
    while (store_row(store, stmt, &err)) {
        if (*count == cap) {
            cap = cap == 0 ? 16 : 2 * cap;
            struct store_erasure *grown = realloc(*list, cap * sizeof *grown);
            if (grown == NULL) {
                err = GMM_ENOMEM;
                break;
            }
            *list = grown;
        }
        if (!read_row(stmt, &(*list)[(*count)++]))
            err = store_fault_as(store, GMM_ECORRUPT, "the row of an erasure");
    }
    sqlite3_finalize(stmt);
    if (err != GMM_OK) {
        free(*list);
        *list = NULL;
        *count = 0;
    }
    return err;
}

enum gmm_err store_put_erasure_chunks(struct store *store, const struct gmm_id *id, const struct gmm_id *chunks,
                                      size_t count)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        const struct value values[] = {{id, 0}, {NULL, (int64_t)i}, {&chunks[i], 0}};
        err = run(store, "INSERT OR REPLACE INTO erasure_chunk(id, no, chunk) VALUES(?1, ?2, ?3)", values, 3);
    }
    return err;
}

enum gmm_err store_list_erasure_chunks(struct store *store, const struct gmm_id *id, struct gmm_id **chunks,
                                       size_t *count)
{
    enum gmm_err err;
    size_t cap = 0;
    *chunks = NULL;
    *count = 0;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT chunk FROM erasure_chunk WHERE id = ?1 ORDER BY no", &err);
    if (stmt != NULL)
        store_bind_id(stmt, 1, id);
    while (store_row(store, stmt, &err)) {
        if (*count == cap) {
            cap = cap == 0 ? 64 : 2 * cap;
            struct gmm_id *grown = realloc(*chunks, cap * sizeof *grown);
            if (grown == NULL) {
                err = GMM_ENOMEM;
                break;
            }
            *chunks = grown;
        }
        if (store_col_id(stmt, 0, &(*chunks)[*count]))
            ++*count;
    }
    sqlite3_finalize(stmt);
    if (err != GMM_OK) {
        free(*chunks);
        *chunks = NULL;
        *count = 0;
    }
    return err;
}

enum gmm_err store_purge(struct store *store)
{
    checkpoint_wait(store->checkpoint);
    int rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return rc == SQLITE_OK ? GMM_OK : store_fault(store, rc);
}
