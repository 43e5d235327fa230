/* Opening the store's file: how, with which settings, and of which schema (store.h: store_open). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/checkpoint.h"
#include "node/store_private.h"
#include "node/sys.h"

#define BUSY_MS 2000
#define PATH_BYTES_MAX 4096
#define WAL_HEADER_BYTES 32
/* synchronous: store_commit synchronises what must be durable, once; else each commit would. secure_delete: what is
 * erased leaves no trace in free pages; temp_store: nor in files that a sort would write. The cache bounds memory: a
 * large transaction spills into the WAL. */
static const char pragmas[] =
    "PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;"
    "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;"
    "PRAGMA journal_size_limit=33554432;";

/* Paths are passed as URIs, percent-encoded, so that no name is taken for something else. */
static char *uri_of(const char *path, const char *query)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~";
    static const char hex[] = "0123456789abcdef";
    size_t n = strlen(path), at = 5;
    char *uri = malloc(5 + 3 * n + strlen(query) + 1);
    if (uri == NULL)
        return NULL;
    memcpy(uri, "file:", 5);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)path[i];
        if (strchr(plain, c) != NULL) {
            uri[at++] = path[i];
        } else {
            uri[at++] = '%';
            uri[at++] = hex[c >> 4];
            uri[at++] = hex[c & 15];
        }
    }
    memcpy(uri + at, query, strlen(query) + 1);
    return uri;
}

static enum gmm_err connect_as(struct store *store, const char *path, int flags, const char *query, struct gmm_msg *msg)
{
    enum gmm_err err = GMM_OK;
    char *uri = uri_of(path, query);
    if (uri == NULL)
        return GMM_ENOMEM;
    /* NOMUTEX: one thread at a time uses a store. */
    flags |= SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(uri, &store->db, flags, NULL);
    free(uri);
    if (store->db == NULL)
        return GMM_ENOMEM;
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(store->db, BUSY_MS);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        rc = sqlite3_exec(store->db, pragmas, NULL, NULL, NULL);
    }
    if (rc != SQLITE_OK) {
        err = store_fault(store, rc);
        gmm_fail(msg, err, "cannot open the store %s: %s%s", path, sqlite3_errmsg(store->db),
                 err == GMM_EFULL ? _("; the disk is full (what only reads still works with --read-only)") : "");
    }
    return err;
}

/* How a file beside the store is: its size; -1: absent. */
static long long beside(const char *path, const char *suffix)
{
    char name[PATH_BYTES_MAX + 8];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    if (n < 0 || (size_t)n >= sizeof name || stat(name, &st) != 0)
        return -1;
    return (long long)st.st_size;
}

/* Reading that writes nothing. Beside a WAL its index is read too, never made: so the store of a running daemon can be
 * read, and one that was left by a crash. Without both the file is taken as it is; beside a WAL that a crash left with
 * its header alone, too: it holds nothing, and SQLite, where it may not write the index, waits ten seconds for its
 * first frame and then gives up. */
static enum gmm_err connect_reading(struct store *store, const char *path, struct gmm_msg *msg)
{
    long long wal = beside(path, "-wal"), index = beside(path, "-shm");
    if (wal >= 0 && wal != WAL_HEADER_BYTES && index >= 0)
        return connect_as(store, path, SQLITE_OPEN_READONLY, "?readonly_shm=1", msg);
    if (wal > WAL_HEADER_BYTES)
        return gmm_fail(msg, GMM_ESTATE,
                        "the store %s was not closed, and its -shm file is gone: run a command without --read-only",
                        path);
    return connect_as(store, path, SQLITE_OPEN_READONLY, "?immutable=1", msg);
}

static enum gmm_err use_wal(struct store *store, struct gmm_msg *msg)
{
    sqlite3_stmt *stmt = NULL;
    bool wal = false;
    int rc = sqlite3_exec(store->db, "PRAGMA page_size=16384", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(store->db, "PRAGMA journal_mode=WAL", -1, &stmt, NULL);
    if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        wal = strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    if (wal)
        return GMM_OK;
    enum gmm_err err = rc == SQLITE_ROW ? GMM_EIO : store_fault(store, rc);
    return gmm_fail(msg, err, "the store cannot use a write-ahead log here: %s", sqlite3_errmsg(store->db));
}

/* A store of a newer program must stay untouched, and already opening it for writing would fold its WAL in. */
static enum gmm_err peek(const char *path, struct gmm_msg *msg)
{
    struct store peeked = {.db = NULL};
    int version = 0;
    enum gmm_err err = connect_reading(&peeked, path, msg);
    if (err == GMM_OK)
        err = store_schema_check(peeked.db, STORE_SCHEMA, &version, msg);
    sqlite3_close(peeked.db);
    return err == GMM_ESTATE ? GMM_OK : err;
}

/* The file itself: ours alone to read, no link. An existing one is never opened here: closing a second descriptor would
 * drop the locks that another connection of this process holds on it. */
static enum gmm_err check_file(const char *path, bool create, struct gmm_msg *msg)
{
    struct stat st;
    if (strlen(path) >= PATH_BYTES_MAX)
        return gmm_fail(msg, GMM_ELIMIT, "the store's path is longer than %d bytes", PATH_BYTES_MAX - 1);
    if (lstat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return gmm_fail(msg, GMM_EDENIED, "the store %s is not a regular file", path);
        return GMM_OK;
    }
    if (errno != ENOENT || !create)
        return gmm_fail(msg, sys_err(errno), "cannot open the store %s: %s", path, sys_text(errno));
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return gmm_fail(msg, sys_err(errno), "cannot make the store %s: %s", path, sys_text(errno));
    sys_close(&fd);
    return GMM_OK;
}

static enum gmm_err open_reading(struct store *store, const char *path, struct gmm_msg *msg)
{
    int version = 0;
    enum gmm_err err = connect_reading(store, path, msg);
    if (err == GMM_OK)
        err = store_schema_check(store->db, STORE_SCHEMA, &version, msg);
    if (err == GMM_OK && version != STORE_SCHEMA)
        err = gmm_fail(msg, GMM_EVERSION, "the store is of schema %d: open it once without --read-only", version);
    return err;
}

static enum gmm_err open_writing(struct store *store, const char *path, struct gmm_msg *msg)
{
    enum gmm_err err = beside(path, "") > 0 ? peek(path, msg) : GMM_OK;
    if (err == GMM_OK)
        err = connect_as(store, path, SQLITE_OPEN_READWRITE, "", msg);
    if (err == GMM_OK)
        err = use_wal(store, msg);
    if (err == GMM_OK)
        err = checkpoint_new(&store->checkpoint, store->db);
    return err == GMM_OK ? store_schema_apply(store, path, store_schema_steps, STORE_SCHEMA, msg) : err;
}

/* The store's own id: made once. */
static enum gmm_err read_id(struct store *store, const uint8_t id16[16])
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum gmm_err err = store_get(store, "store.id", &bytes, &len);
    if (err == GMM_OK && len == sizeof store->id)
        memcpy(store->id, bytes, sizeof store->id);
    else if (err == GMM_OK)
        err = store_fault_as(store, GMM_ECORRUPT, _("its id"));
    free(bytes);
    if (err != GMM_ENOTFOUND || store->read_only)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    memcpy(store->id, id16, sizeof store->id);
    err = store_begin(store, true);
    if (err == GMM_OK)
        err = store_set(store, "store.id", id16, sizeof store->id);
    enum gmm_err end = store_commit(store);
    return err == GMM_OK ? end : err;
}

enum gmm_err store_open(struct store **out, const char *path, bool read_only, const uint8_t id16[16],
                        struct gmm_msg *msg)
{
    *out = NULL;
    enum gmm_err err = check_file(path, !read_only, msg);
    if (err != GMM_OK)
        return err;
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return GMM_ENOMEM;
    store->read_only = read_only;
    err = read_only ? open_reading(store, path, msg) : open_writing(store, path, msg);
    if (err == GMM_OK && (err = read_id(store, id16)) != GMM_OK)
        gmm_fail(msg, err, "%s", store->error);
    if (err != GMM_OK)
        store_close(store);
    else
        *out = store;
    return err;
}
