/* Logs: how far they are projected, and what of them is void (node/projection.h). */
#include "node/projection_private.h"

enum gmm_err projection_begin(struct projection *p)
{
    return store_in_transaction(p->store) ? GMM_OK : store_begin(p->store, false);
}

/* The number that the projection knows a log by: the store's. */
static enum gmm_err log_number(struct projection *p, const struct run_key *key, int64_t *no)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(p->store, STORE_SQL_FIND_LOG, &err);
    if (stmt == NULL)
        return err;
    store_bind_u64(stmt, 1, key->instance);
    store_bind_id(stmt, 2, &key->author);
    store_bind_id(stmt, 3, &key->group);
    if (store_row(p->store, stmt, &err))
        *no = sqlite3_column_int64(stmt, 0);
    else if (err == GMM_OK)
        err = GMM_ENOTFOUND;
    sqlite3_reset(stmt);
    return err;
}

/* GMM_ENOTFOUND: the store does not know the log. */
static enum gmm_err set_next(struct projection *p, const struct run_key *key, const char *sql, uint64_t next)
{
    int64_t no = 0;
    enum gmm_err err = log_number(p, key, &no);
    if (err == GMM_OK)
        err = projection_begin(p);
    sqlite3_stmt *stmt = err == GMM_OK ? store_prepare(p->store, sql, &err) : NULL;
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, no);
    sqlite3_bind_int64(stmt, 2, (int64_t)next);
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_set_done(struct projection *p, const struct run_key *key, uint64_t next_seq)
{
    enum gmm_err err = set_next(p, key,
                                "INSERT INTO p_log(log, next) VALUES(?1, ?2) "
                                "ON CONFLICT(log) DO UPDATE SET next = excluded.next",
                                next_seq);
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

/* GMM_ENOTFOUND: nothing is said of the log yet. */
static enum gmm_err read_next(struct projection *p, const struct run_key *key, uint64_t *next)
{
    int64_t no = 0;
    enum gmm_err err = log_number(p, key, &no);
    sqlite3_stmt *stmt = err == GMM_OK ? store_prepare(p->store, "SELECT next FROM p_log WHERE log = ?1", &err) : NULL;
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, no);
    if (store_row(p->store, stmt, &err))
        *next = store_col_u64(stmt, 0);
    else if (err == GMM_OK)
        err = GMM_ENOTFOUND;
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_get_done(struct projection *p, const struct run_key *key, uint64_t *next_seq)
{
    *next_seq = 0;
    enum gmm_err err = read_next(p, key, next_seq);
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

static int64_t clamp(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static enum gmm_err voids_stand(struct projection *p, int64_t log, const struct view_void *voids, size_t count,
                                bool *same)
{
    enum gmm_err err;
    size_t i = 0;
    sqlite3_stmt *stmt =
        store_prepare(p->store, "SELECT from_seq, from_ms, until_ms FROM p_gap WHERE log = ?1 ORDER BY no", &err);
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, log);
    *same = true;
    while (*same && store_row(p->store, stmt, &err)) {
        *same = i < count && sqlite3_column_int64(stmt, 0) == clamp(voids[i].from_seq) &&
                sqlite3_column_int64(stmt, 1) == clamp(voids[i].from_ms) &&
                sqlite3_column_int64(stmt, 2) == clamp(voids[i].until_ms);
        i++;
    }
    *same = *same && i == count;
    sqlite3_finalize(stmt);
    return err;
}

static enum gmm_err put_void(struct projection *p, int64_t log, size_t no, const struct view_void *v)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(
        p->store, "INSERT INTO p_gap(log, no, from_seq, from_ms, until_ms) VALUES(?1, ?2, ?3, ?4, ?5)", &err);
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, log);
    sqlite3_bind_int64(stmt, 2, clamp(no));
    sqlite3_bind_int64(stmt, 3, clamp(v->from_seq));
    sqlite3_bind_int64(stmt, 4, clamp(v->from_ms));
    sqlite3_bind_int64(stmt, 5, clamp(v->until_ms));
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_set_voids(struct projection *p, const struct run_key *key, const struct view_void *voids,
                                  size_t count)
{
    int64_t no = 0;
    uint64_t next;
    bool same = false;
    enum gmm_err err = log_number(p, key, &no);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    err = read_next(p, key, &next);
    if (err == GMM_ENOTFOUND)
        err = set_next(p, key, "INSERT INTO p_log(log, next) VALUES(?1, ?2)", 0);
    if (err == GMM_OK)
        err = voids_stand(p, no, voids, count, &same);
    if (err != GMM_OK || same)
        return err;
    err = projection_begin(p);
    sqlite3_stmt *stmt = err == GMM_OK ? store_prepare(p->store, "DELETE FROM p_gap WHERE log = ?1", &err) : NULL;
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, no);
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = put_void(p, no, i, &voids[i]);
    return err;
}

/* What it says of erasures, too. */
static enum gmm_err cut_erased(struct projection *p, const struct run_key *key, uint64_t from_seq)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(
        p->store, "DELETE FROM p_erased WHERE office = ?1 AND gid = ?2 AND instance = ?3 AND seq >= ?4", &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, &key->author);
    store_bind_id(stmt, 2, &key->group);
    store_bind_u64(stmt, 3, key->instance);
    sqlite3_bind_int64(stmt, 4, clamp(from_seq));
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_cut(struct projection *p, const struct run_key *key, uint64_t from_seq)
{
    static const char *const steps[] = {"DELETE FROM p_item WHERE log = ?1 AND seq >= ?2",
                                        "UPDATE p_log SET next = min(next, ?2) WHERE log = ?1"};
    int64_t no = 0;
    enum gmm_err err = log_number(p, key, &no);
    if (err == GMM_OK)
        err = projection_begin(p);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && err == GMM_OK; i++) {
        sqlite3_stmt *stmt = store_prepare(p->store, steps[i], &err);
        if (stmt == NULL)
            break;
        sqlite3_bind_int64(stmt, 1, no);
        sqlite3_bind_int64(stmt, 2, clamp(from_seq));
        err = store_run_stmt(p->store, stmt);
        sqlite3_finalize(stmt);
    }
    if (err == GMM_OK)
        err = cut_erased(p, key, from_seq);
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}
