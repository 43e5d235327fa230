/* Lines that go, and who says that nothing is left (node/projection.h). */
#include "node/projection_private.h"

static enum gmm_err run_by_id(struct projection *p, const char *sql, const struct gmm_id *id)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store, sql, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_drop(struct projection *p, const struct gmm_id *id, projection_chunk_fn *fn, void *arg)
{
    static const char *const steps[] = {"DELETE FROM p_item WHERE id = ?1", "DELETE FROM p_deferred WHERE id = ?1",
                                        "DELETE FROM p_chunk WHERE document = ?1 OR chunk = ?1"};
    enum gmm_err err = projection_begin(p);
    sqlite3_stmt *stmt =
        err == GMM_OK ? store_prepare(p->store, "SELECT gid, chunk FROM p_chunk WHERE document = ?1", &err) : NULL;
    if (stmt != NULL)
        store_bind_id(stmt, 1, id);
    while (store_row(p->store, stmt, &err)) {
        struct gmm_id gid, chunk;
        if (fn != NULL && store_col_id(stmt, 0, &gid) && store_col_id(stmt, 1, &chunk))
            err = fn(arg, &gid, &chunk);
    }
    sqlite3_finalize(stmt);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && err == GMM_OK; i++)
        err = run_by_id(p, steps[i], id);
    return err;
}

enum gmm_err projection_put_erased(struct projection *p, const struct gmm_id *target, const struct header *h)
{
    enum gmm_err err = projection_begin(p);
    sqlite3_stmt *stmt = err == GMM_OK
                             ? store_prepare(p->store,
                                             "INSERT OR IGNORE INTO p_erased(target, office, gid, instance, seq, time) "
                                             "VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
                                             &err)
                             : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, target);
    store_bind_id(stmt, 2, &h->author);
    store_bind_id(stmt, 3, &h->group);
    store_bind_u64(stmt, 4, h->instance);
    store_bind_u64(stmt, 5, h->seq);
    store_bind_u64(stmt, 6, h->time);
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_each_erased(struct projection *p, const struct gmm_id *target, projection_erased_fn *fn,
                                    void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store,
                                       "SELECT gid, office, instance, seq, time FROM p_erased WHERE target = ?1 "
                                       "ORDER BY time, office",
                                       &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, target);
    while (store_row(p->store, stmt, &err)) {
        struct run_key key = {.instance = store_col_u64(stmt, 2)};
        if (store_col_id(stmt, 0, &key.group) && store_col_id(stmt, 1, &key.author))
            err = fn(arg, &key, store_col_u64(stmt, 3), store_col_u64(stmt, 4));
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_wants_chunk(struct projection *p, const struct gmm_id *chunk, bool *wanted)
{
    enum gmm_err err;
    *wanted = false;
    sqlite3_stmt *stmt = store_prepare(p->store, "SELECT 1 FROM p_chunk WHERE chunk = ?1", &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, chunk);
    *wanted = store_row(p->store, stmt, &err);
    sqlite3_finalize(stmt);
    return err;
}
