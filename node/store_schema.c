#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/store_private.h"
#include "node/sys.h"

/* "GMMs": what `file` and our own open know a store by. */
#define APPLICATION_ID 0x474d4d73

/* An entry's key is its log's number and its seq in one integer: entries of a log lie side by side, a run is appended
 * with one descent of the tree, and a leaf page of a rowid table holds whole bodies of up to 16 KiB where one WITHOUT
 * ROWID would push them out at 4 KiB (measured: 100,000 against 86,000 rows a second, and 7 % less file).
 *
 * sig is the signature of a head over this entry: each seq with seq mod 256 = 255 has one, and every other head that
 * once was a log's newest, so that a run can always end at a signed head near by. id8, the first 8 bytes of the id,
 * leads from an id to its entry. */
static const char schema_1[] =
    "CREATE TABLE object(no INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE log(no INTEGER PRIMARY KEY, instance INTEGER NOT NULL, author BLOB NOT NULL, grp BLOB NOT NULL,"
    " head_seq INTEGER NOT NULL, head_id BLOB NOT NULL, head_time INTEGER NOT NULL, head_sig BLOB NOT NULL,"
    " arrival INTEGER NOT NULL, closed INTEGER NOT NULL, UNIQUE(instance, author, grp)) STRICT;"
    "CREATE TABLE entry(key INTEGER PRIMARY KEY, id8 INTEGER NOT NULL, type INTEGER NOT NULL, header BLOB NOT NULL, "
    "sig BLOB,"
    " body BLOB) STRICT;"
    "CREATE INDEX entry_id ON entry(id8);"
    "CREATE INDEX entry_plain ON entry(type) WHERE type < 64;"
    "CREATE TABLE chunk(id BLOB, gid BLOB, len INTEGER NOT NULL, PRIMARY KEY(id, gid)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE secret(epoch BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE cursor(peer BLOB PRIMARY KEY, token BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE value(name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE peer(address TEXT PRIMARY KEY, noise_pk BLOB, last_seen INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE seen(sign_pk BLOB PRIMARY KEY, ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE invite(id BLOB PRIMARY KEY, sealed BLOB NOT NULL, expires INTEGER NOT NULL, state INTEGER NOT NULL,"
    " used_by BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE request(sign_pk BLOB PRIMARY KEY, bytes BLOB NOT NULL, state INTEGER NOT NULL, time INTEGER NOT NULL,"
    " participant TEXT NOT NULL, reason TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE once(key_hash BLOB PRIMARY KEY, id BLOB NOT NULL) STRICT, WITHOUT ROWID;";

/* Entries under an epoch, counted as they come: an epoch with 2^20 of them is due to be replaced. */
static const char schema_2[] =
    "CREATE TABLE tally(epoch BLOB PRIMARY KEY, entries INTEGER NOT NULL) STRICT, WITHOUT ROWID;";

/* Fork proofs: the evidence outlives the branches. */
static const char schema_3[] = "CREATE TABLE proof(hash BLOB PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;";

/* Erasures. An entry that is hidden (1) keeps its body until it is due and shows it to nobody; later (2) it has none
 * and takes none. So a chunk, whose file is gone then. erasure: since when it is known here, and how far it is carried
 * out (node/store.h); erasure_chunk: chunks that nothing else names, in the order in which their files go. */
static const char schema_4[] =
    "ALTER TABLE entry ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE chunk ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE erasure(id BLOB PRIMARY KEY, gid BLOB NOT NULL, seen INTEGER NOT NULL, state INTEGER NOT NULL,"
    " done INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE erasure_chunk(id BLOB, no INTEGER, chunk BLOB NOT NULL, PRIMARY KEY(id, no)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS p_erased(target BLOB, office BLOB, gid BLOB NOT NULL, instance INTEGER, seq INTEGER,"
    " time INTEGER NOT NULL, PRIMARY KEY(target, office, instance, seq)) STRICT, WITHOUT ROWID;";

const char *const store_schema_steps[STORE_SCHEMA] = {schema_1, schema_2, schema_3, schema_4};

static int read_number(sqlite3 *db, const char *sql, int *out)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int(stmt, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(stmt);
    return rc;
}

enum gmm_err store_schema_check(sqlite3 *db, int target, int *version, struct gmm_msg *msg)
{
    int tables = 0, application = 0;
    int rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
    if (rc == SQLITE_OK)
        rc = read_number(db, "PRAGMA application_id", &application);
    if (rc == SQLITE_OK)
        rc = read_number(db, "PRAGMA user_version", version);
    if (rc != SQLITE_OK)
        return gmm_fail(msg, store_code(db, rc), "the store cannot be read: %s", sqlite3_errmsg(db));
    if (tables == 0 && *version == 0)
        return GMM_OK;
    if (application != APPLICATION_ID || *version < 1)
        return gmm_fail(msg, GMM_EFORMAT, "the file is a database, but no store of gmm");
    if (*version > target)
        return gmm_fail(msg, GMM_EVERSION,
                        "the store is of schema %d, this program knows %d: use the newer gmm that wrote it", *version,
                        target);
    return GMM_OK;
}

static enum gmm_err backup_into(sqlite3 *from, const char *path, struct gmm_msg *msg)
{
    sqlite3 *to = NULL;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return gmm_fail(msg, sys_err(errno), "cannot copy the store to %s: %s", path, sys_text(errno));
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);
    sqlite3_backup *copy = rc == SQLITE_OK ? sqlite3_backup_init(to, "main", from, "main") : NULL;
    if (copy != NULL) {
        do
            rc = sqlite3_backup_step(copy, 256);
        while (rc == SQLITE_OK);
        int end = sqlite3_backup_finish(copy);
        rc = rc == SQLITE_DONE ? end : rc;
    } else if (rc == SQLITE_OK) {
        rc = sqlite3_errcode(to);
    }
    enum gmm_err copied = store_code(to, rc);
    sqlite3_close(to);
    enum gmm_err err = sys_sync(fd);
    sys_close(&fd);
    if (copied != GMM_OK)
        err = copied;
    return err == GMM_OK ? err : gmm_fail(msg, err, "cannot copy the store to %s: %s", path, gmm_err_text(err));
}

static enum gmm_err copy_beside(sqlite3 *db, const char *path, int version, struct gmm_msg *msg)
{
    size_t size = strlen(path) + 16;
    char *copy = malloc(size);
    if (copy == NULL)
        return GMM_ENOMEM;
    snprintf(copy, size, "%s.v%d", path, version);
    enum gmm_err err = backup_into(db, copy, msg);
    free(copy);
    return err;
}

enum gmm_err store_schema_apply(struct store *store, const char *path, const char *const *steps, int target,
                                struct gmm_msg *msg)
{
    int version = 0;
    enum gmm_err err = store_schema_check(store->db, target, &version, msg);
    if (err != GMM_OK || version == target)
        return err;
    if (version > 0)
        err = copy_beside(store->db, path, version, msg);
    if (err == GMM_OK)
        err = store_begin(store, true);
    for (int i = version; i < target && err == GMM_OK; i++) {
        int rc = sqlite3_exec(store->db, steps[i], NULL, NULL, NULL);
        if (rc != SQLITE_OK)
            err = store_fault(store, rc);
    }
    char numbers[96];
    snprintf(numbers, sizeof numbers, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID, target);
    if (err == GMM_OK) {
        int rc = sqlite3_exec(store->db, numbers, NULL, NULL, NULL);
        err = rc == SQLITE_OK ? GMM_OK : store_fault(store, rc);
    }
    if (err == GMM_OK)
        err = store_commit(store);
    else
        store_rollback(store);
    return err == GMM_OK
               ? err
               : gmm_fail(msg, err, "the store cannot be brought to schema %d: %s", target, store_error(store));
}
