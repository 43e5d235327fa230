#include "node/checkpoint.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

/* pages: of the log, when it was committed to last; begun: of them, when a checkpoint began last. */
struct checkpoint {
    sqlite3 *db;
    unsigned pages, begun;
    uv_thread_t thread;
    bool has_thread, busy, ends;
    uv_mutex_t lock;
    uv_cond_t work, done;
};

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct checkpoint *c = arg;
    (void)db;
    (void)name;
    c->pages = pages > 0 ? (unsigned)pages : 0;
    return SQLITE_OK;
}

/* What cannot be carried over now stays in the log, for the next one. */
static void carry_over(sqlite3 *db)
{
    if (db != NULL)
        (void)sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* By the connection's own name: it is an absolute path. A connection that has read nothing yet does not know of the
 * log, and would find nothing to carry over. */
static sqlite3 *connect_too(sqlite3 *db)
{
    sqlite3 *own = NULL;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(sqlite3_db_filename(db, "main"), &own, flags, NULL) == SQLITE_OK &&
        sqlite3_exec(own, "PRAGMA schema_version", NULL, NULL, NULL) == SQLITE_OK)
        return own;
    sqlite3_close(own);
    return NULL;
}

static void run(void *arg)
{
    struct checkpoint *c = arg;
    sqlite3 *own = connect_too(c->db);
    uv_mutex_lock(&c->lock);
    while (c->busy || !c->ends) {
        if (!c->busy) {
            uv_cond_wait(&c->work, &c->lock);
            continue;
        }
        uv_mutex_unlock(&c->lock);
        carry_over(own);
        uv_mutex_lock(&c->lock);
        c->busy = false;
        uv_cond_signal(&c->done);
    }
    uv_mutex_unlock(&c->lock);
    sqlite3_close(own);
}

enum gmm_err checkpoint_new(struct checkpoint **out, sqlite3 *db)
{
    struct checkpoint *c = *out = calloc(1, sizeof *c);
    if (c == NULL)
        return GMM_ENOMEM;
    c->db = db;
    if (uv_mutex_init(&c->lock) != 0)
        goto no_lock;
    if (uv_cond_init(&c->work) != 0)
        goto no_work;
    if (uv_cond_init(&c->done) != 0)
        goto no_done;
    sqlite3_wal_hook(db, on_commit, c); /* in the place of SQLite's own */
    return GMM_OK;
no_done:
    uv_cond_destroy(&c->work);
no_work:
    uv_mutex_destroy(&c->lock);
no_lock:
    free(c);
    *out = NULL;
    return GMM_ENOMEM;
}

void checkpoint_free(struct checkpoint *c)
{
    if (c == NULL)
        return;
    uv_mutex_lock(&c->lock);
    c->ends = true;
    uv_cond_signal(&c->work);
    uv_mutex_unlock(&c->lock);
    if (c->has_thread)
        uv_thread_join(&c->thread);
    uv_cond_destroy(&c->done);
    uv_cond_destroy(&c->work);
    uv_mutex_destroy(&c->lock);
    free(c);
}

/* False: one is under way already, or the system gives no thread. */
static bool begin(struct checkpoint *c)
{
    uv_mutex_lock(&c->lock);
    bool begins = !c->busy;
    if (begins && !c->has_thread)
        begins = c->has_thread = uv_thread_create(&c->thread, run, c) == 0;
    c->busy = c->busy || begins;
    if (begins)
        uv_cond_signal(&c->work);
    uv_mutex_unlock(&c->lock);
    return begins;
}

void checkpoint_wait(struct checkpoint *c)
{
    if (c == NULL || !c->has_thread)
        return;
    uv_mutex_lock(&c->lock);
    while (c->busy)
        uv_cond_wait(&c->done, &c->lock);
    uv_mutex_unlock(&c->lock);
}

void checkpoint_committed(struct checkpoint *c)
{
    if (c->pages < c->begun)
        c->begun = 0; /* the log began anew */
    if (c->pages >= CHECKPOINT_MOST) {
        checkpoint_wait(c);
        carry_over(c->db);
        c->begun = c->pages;
    } else if (c->pages >= c->begun + CHECKPOINT_PAGES && begin(c)) {
        c->begun = c->pages;
    }
}
