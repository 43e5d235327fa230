#include "node/store.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "keys/text.h"
#include "node/checkpoint.h"
#include "node/store_private.h"
#include "node/sys.h"

static const char *const statements[] = {
#define STORE_SQL_TEXT(name, sql) sql,
    STORE_STATEMENTS(STORE_SQL_TEXT)
#undef STORE_SQL_TEXT
};

/* A quota or a limit on the size of files is told as an I/O error; what the system said is remembered with each file.
 * That of the WAL's index, and of a file that could not be made, only the connection remembers. */
static bool is_full(sqlite3 *db)
{
    int of_file = 0, of_wal = 0;
    sqlite3_file *wal = NULL;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &of_file);
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) == SQLITE_OK && wal != NULL &&
        wal->pMethods != NULL)
        (void)wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &of_wal);
    return sys_err(of_file) == GMM_EFULL || sys_err(of_wal) == GMM_EFULL ||
           sys_err(sqlite3_system_errno(db)) == GMM_EFULL;
}

/* A file that cannot be made is tried for reading next, which hides what the system said first: its file system is
 * asked.
 */
static bool takes_no_file(sqlite3 *db)
{
    struct statvfs fs;
    const char *path = sqlite3_db_filename(db, "main");
    return path != NULL && statvfs(path, &fs) == 0 && fs.f_files > 0 && fs.f_favail == 0;
}

enum gmm_err store_code(sqlite3 *db, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return GMM_OK;
    case SQLITE_FULL:
        return GMM_EFULL;
    case SQLITE_NOMEM:
        return GMM_ENOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return GMM_EBUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return GMM_ECORRUPT;
    case SQLITE_TOOBIG:
        return GMM_ELIMIT;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return GMM_EDENIED;
    case SQLITE_CONSTRAINT:
        return GMM_EEXISTS;
    case SQLITE_IOERR:
        return is_full(db) ? GMM_EFULL : GMM_EIO;
    case SQLITE_CANTOPEN:
        return is_full(db) || takes_no_file(db) ? GMM_EFULL : GMM_EIO;
    default:
        return GMM_EIO;
    }
}

enum gmm_err store_fault_as(struct store *store, enum gmm_err err, const char *text)
{
    snprintf(store->error, sizeof store->error, _("the store: %s: %s"), gmm_err_text(err), text_tr(text));
    if (store->poison == GMM_OK && store->transaction)
        store->poison = err;
    return err;
}

enum gmm_err store_fault(struct store *store, int rc)
{
    return store_fault_as(store, store_code(store->db, rc), sqlite3_errmsg(store->db));
}

const char *store_error(const struct store *store)
{
    return store->error;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < STORE_SQL_COUNT_ALL; i++)
        sqlite3_finalize(store->stmts[i]);
    if (store->transaction)
        store_rollback(store);
    checkpoint_free(store->checkpoint);
    sqlite3_close_v2(store->db);
    free(store);
}

void store_relax(struct store *store)
{
    (void)sqlite3_db_release_memory(store->db);
    (void)malloc_trim(0);
}

void store_id(const struct store *store, uint8_t out[16])
{
    memcpy(out, store->id, sizeof store->id);
}

struct sqlite3 *store_db(struct store *store)
{
    return store->db;
}

static enum gmm_err execute(struct store *store, const char *sql)
{
    int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? GMM_OK : store_fault(store, rc);
}

bool store_in_transaction(const struct store *store)
{
    return store->transaction;
}

/* synchronous cannot change inside a transaction: it stays NORMAL, and a durable commit synchronises by itself. */
enum gmm_err store_begin(struct store *store, bool durable)
{
    if (store->read_only)
        return store_fault_as(store, GMM_EDENIED, _("opened read-only"));
    enum gmm_err err = store->broken != GMM_OK ? store->broken : store->poison;
    if (err == GMM_OK && !store->transaction) {
        err = execute(store, "BEGIN IMMEDIATE");
        store->transaction = err == GMM_OK;
    }
    if (err == GMM_OK)
        store->durable = store->durable || durable;
    return err;
}

void store_rollback(struct store *store)
{
    if (!store->transaction)
        return;
    store->transaction = store->durable = false;
    store->poison = GMM_OK;
    /* After some errors SQLite has rolled back already. */
    if (sqlite3_get_autocommit(store->db) == 0)
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* With synchronous=NORMAL a commit writes the WAL and does not wait for the disk; a durable one does so here, once for
 * the whole. A failure leaves unknown what the disk holds, and asking again would lie about it (the kernel forgets):
 * nothing more is written until the store is opened anew and shows what is there. */
static enum gmm_err sync_wal(struct store *store)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (rc == SQLITE_OK && file != NULL && file->pMethods != NULL)
        rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (rc != SQLITE_OK)
        store->broken = store_fault_as(store, GMM_EIO, _("what was written did not reach the disk; start again"));
    return store->broken;
}

enum gmm_err store_commit(struct store *store)
{
    if (!store->transaction)
        return store->broken;
    enum gmm_err err = store->poison;
    if (err == GMM_OK && sqlite3_get_autocommit(store->db) != 0)
        err = store_fault_as(store, GMM_EIO, _("the transaction was rolled back"));
    if (err == GMM_OK)
        err = execute(store, "COMMIT");
    if (err != GMM_OK) {
        store_rollback(store);
        return err;
    }
    bool durable = store->durable;
    store->transaction = store->durable = false;
    err = durable ? sync_wal(store) : GMM_OK;
    checkpoint_committed(store->checkpoint);
    return err;
}

/* Statements */

sqlite3_stmt *store_stmt(struct store *store, enum store_sql which, enum gmm_err *err)
{
    *err = store->broken != GMM_OK ? store->broken : store->poison;
    if (*err != GMM_OK)
        return NULL;
    sqlite3_stmt **stmt = &store->stmts[which];
    if (*stmt == NULL) {
        int rc = sqlite3_prepare_v3(store->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
        if (rc != SQLITE_OK) {
            *err = store_fault(store, rc);
            return NULL;
        }
    }
    sqlite3_reset(*stmt);
    sqlite3_clear_bindings(*stmt);
    return *stmt;
}

sqlite3_stmt *store_prepare(struct store *store, const char *sql, enum gmm_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);
    *err = rc == SQLITE_OK ? GMM_OK : store_fault(store, rc);
    return stmt;
}

enum gmm_err store_run_stmt(struct store *store, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    enum gmm_err err = rc == SQLITE_DONE || rc == SQLITE_ROW ? GMM_OK : store_fault(store, rc);
    sqlite3_reset(stmt);
    return err;
}

bool store_row(struct store *store, sqlite3_stmt *stmt, enum gmm_err *err)
{
    if (*err != GMM_OK || stmt == NULL)
        return false;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        *err = store_fault(store, rc);
    return false;
}

void store_bind_blob(sqlite3_stmt *stmt, int at, const void *bytes, size_t len)
{
    if (bytes != NULL)
        sqlite3_bind_blob64(stmt, at, len == 0 ? "" : bytes, len, SQLITE_STATIC);
}

void store_bind_id(sqlite3_stmt *stmt, int at, const struct gmm_id *id)
{
    store_bind_blob(stmt, at, id->b, sizeof id->b);
}

void store_bind_u64(sqlite3_stmt *stmt, int at, uint64_t v)
{
    sqlite3_bind_int64(stmt, at, (sqlite3_int64)v);
}

void store_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

bool store_col_bytes(sqlite3_stmt *stmt, int at, void *out, size_t len)
{
    if (sqlite3_column_type(stmt, at) != SQLITE_BLOB || (size_t)sqlite3_column_bytes(stmt, at) != len)
        return false;
    const void *blob = sqlite3_column_blob(stmt, at);
    if (blob == NULL)
        return len == 0;
    memcpy(out, blob, len);
    return true;
}

bool store_col_id(sqlite3_stmt *stmt, int at, struct gmm_id *out)
{
    return store_col_bytes(stmt, at, out->b, sizeof out->b);
}

const uint8_t *store_col_blob(sqlite3_stmt *stmt, int at, size_t *len)
{
    *len = 0;
    if (sqlite3_column_type(stmt, at) != SQLITE_BLOB)
        return NULL;
    const void *blob = sqlite3_column_blob(stmt, at);
    *len = (size_t)sqlite3_column_bytes(stmt, at);
    return blob == NULL ? (const uint8_t *)"" : blob;
}

uint64_t store_col_u64(sqlite3_stmt *stmt, int at)
{
    return (uint64_t)sqlite3_column_int64(stmt, at);
}
