/* What the parts of the store share (store.c, store_*.c, projection.c, search.c); nobody else includes it. */
#ifndef GMM_NODE_STORE_PRIVATE_H
#define GMM_NODE_STORE_PRIVATE_H

#include <sqlite3.h>

#include "node/store.h"

/* Every statement that is used more than a few times; walks prepare their own, so that they may be nested. */
#define STORE_STATEMENTS(X)                                                                                            \
    X(STORE_SQL_PUT_OBJECT, "INSERT INTO object(hash, bytes) VALUES(?1, ?2) ON CONFLICT(hash) DO NOTHING")             \
    X(STORE_SQL_FIND_LOG, "SELECT no, head_seq, head_id, head_time, head_sig, arrival, closed FROM log "               \
                          "WHERE instance = ?1 AND author = ?2 AND grp = ?3")                                          \
    X(STORE_SQL_ADD_LOG,                                                                                               \
      "INSERT INTO log(instance, author, grp, head_seq, head_id, head_time, head_sig, arrival, closed) "               \
      "VALUES(?1, ?2, ?3, -1, zeroblob(32), 0, zeroblob(64), 0, 0)")                                                   \
    X(STORE_SQL_SET_HEAD, "UPDATE log SET head_seq = ?2, head_id = ?3, head_time = ?4, head_sig = ?5, arrival = ?6 "   \
                          "WHERE no = ?1")                                                                             \
    X(STORE_SQL_RAISE_LOG, "UPDATE log SET arrival = max(arrival, ?2) WHERE no = ?1")                                  \
    X(STORE_SQL_CUT_LOG, "DELETE FROM entry WHERE key BETWEEN ?1 AND ?2")                                              \
    X(STORE_SQL_DROP_CURSORS, "DELETE FROM cursor")                                                                    \
    X(STORE_SQL_PUT_PROOF, "INSERT INTO proof(hash, bytes) VALUES(?1, ?2) ON CONFLICT(hash) DO NOTHING")               \
    X(STORE_SQL_DROP_PROOF, "DELETE FROM proof WHERE hash = ?1")                                                       \
    X(STORE_SQL_CLOSE_LOG, "UPDATE log SET closed = closed | 1 WHERE no = ?1")                                         \
    X(STORE_SQL_PUT_ENTRY, "INSERT INTO entry(key, id8, type, header, sig, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")      \
    X(STORE_SQL_GET_BY_ID, "SELECT header, iif(hidden = 0, body, NULL) FROM entry WHERE id8 = ?1")                     \
    X(STORE_SQL_FIND_ENTRY, "SELECT header, key, hidden, body IS NOT NULL FROM entry WHERE id8 = ?1")                  \
    X(STORE_SQL_PUT_ITEM,                                                                                              \
      "INSERT INTO p_item(id, log, seq, gid, author, type, time, document, symbol, summary, counter) "                 \
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT(id) DO UPDATE SET summary = excluded.summary") \
    X(STORE_SQL_PUT_WORDS, "INSERT INTO s_words(rowid, title, text) VALUES(?1, ?2, ?3)")                               \
    X(STORE_SQL_GET_INDEXED, "SELECT next FROM s_log WHERE log = ?1")                                                  \
    X(STORE_SQL_SET_INDEXED, "INSERT INTO s_log(log, next) VALUES(?1, ?2) "                                            \
                             "ON CONFLICT(log) DO UPDATE SET next = excluded.next")                                    \
    X(STORE_SQL_HAS_ITEM, "SELECT 1 FROM p_item i WHERE i.document = ?1 AND i.type = ?2 LIMIT 1")                      \
    X(STORE_SQL_PUT_INDEXED, "INSERT OR IGNORE INTO s_entry(id) VALUES(?1)")                                           \
    X(STORE_SQL_GET_RANGE, "SELECT key, header, sig, iif(hidden = 0, body, NULL) FROM entry "                          \
                           "WHERE key BETWEEN ?1 AND ?2 ORDER BY key")                                                 \
    X(STORE_SQL_GET_SIZES, "SELECT key, sig IS NOT NULL, iif(hidden = 0, length(body), 0) FROM entry "                 \
                           "WHERE key BETWEEN ?1 AND ?2 "                                                              \
                           "ORDER BY key")                                                                             \
    X(STORE_SQL_COUNT, "SELECT coalesce(sum(head_seq + 1), 0) FROM log")                                               \
    X(STORE_SQL_PUT_CHUNK, "INSERT INTO chunk(id, gid, len) VALUES(?1, ?2, ?3) "                                       \
                           "ON CONFLICT(id, gid) DO UPDATE SET len = excluded.len, hidden = 0")                        \
    X(STORE_SQL_HAS_CHUNK, "SELECT len FROM chunk WHERE id = ?1 AND gid = ?2 AND hidden = 0")                          \
    X(STORE_SQL_PUT_SECRET, "INSERT INTO secret(epoch, sealed) VALUES(?1, ?2) "                                        \
                            "ON CONFLICT(epoch) DO UPDATE SET sealed = excluded.sealed")                               \
    X(STORE_SQL_ADD_TALLY, "INSERT INTO tally(epoch, entries) VALUES(?1, ?2) "                                         \
                           "ON CONFLICT(epoch) DO UPDATE SET entries = entries + excluded.entries")                    \
    X(STORE_SQL_PUT_CURSOR, "INSERT INTO cursor(peer, token) VALUES(?1, ?2) "                                          \
                            "ON CONFLICT(peer) DO UPDATE SET token = excluded.token")                                  \
    X(STORE_SQL_SET, "INSERT INTO value(name, bytes) VALUES(?1, ?2) "                                                  \
                     "ON CONFLICT(name) DO UPDATE SET bytes = excluded.bytes")                                         \
    X(STORE_SQL_GET, "SELECT bytes FROM value WHERE name = ?1")                                                        \
    X(STORE_SQL_UNSET, "DELETE FROM value WHERE name = ?1")                                                            \
    X(STORE_SQL_PUT_PEER, "INSERT INTO peer(address, noise_pk, last_seen) VALUES(?1, ?2, ?3) ON CONFLICT(address) "    \
                          "DO UPDATE SET noise_pk = excluded.noise_pk, last_seen = excluded.last_seen")                \
    X(STORE_SQL_DROP_PEER, "DELETE FROM peer WHERE address = ?1")                                                      \
    X(STORE_SQL_SET_SEEN, "INSERT INTO seen(sign_pk, ms) VALUES(?1, ?2) "                                              \
                          "ON CONFLICT(sign_pk) DO UPDATE SET ms = excluded.ms")                                       \
    X(STORE_SQL_GET_SEEN, "SELECT ms FROM seen WHERE sign_pk = ?1")                                                    \
    X(STORE_SQL_PUT_INVITE, "INSERT INTO invite(id, sealed, expires, state, used_by) VALUES(?1, ?2, ?3, ?4, ?5) "      \
                            "ON CONFLICT(id) DO UPDATE SET sealed = excluded.sealed, expires = excluded.expires, "     \
                            "state = excluded.state, used_by = excluded.used_by")                                      \
    X(STORE_SQL_PUT_REQUEST, "INSERT INTO request(sign_pk, bytes, state, time, participant, reason) "                  \
                             "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(sign_pk) DO UPDATE SET "                      \
                             "bytes = excluded.bytes, state = excluded.state, time = excluded.time, "                  \
                             "participant = excluded.participant, reason = excluded.reason")                           \
    X(STORE_SQL_PUT_ONCE, "INSERT INTO once(key_hash, id) VALUES(?1, ?2)")                                             \
    X(STORE_SQL_GET_ONCE, "SELECT id FROM once WHERE key_hash = ?1")

enum store_sql {
#define STORE_SQL_ENUM(name, sql) name,
    STORE_STATEMENTS(STORE_SQL_ENUM)
#undef STORE_SQL_ENUM
        STORE_SQL_COUNT_ALL
};

struct checkpoint;
struct store {
    sqlite3 *db;
    struct checkpoint *checkpoint; /* NULL: opened for reading */
    bool read_only, transaction;
    bool durable;        /* the open transaction */
    enum gmm_err poison; /* the open transaction has failed with this */
    enum gmm_err broken; /* a synchronisation failed: only opening anew tells what the disk holds */
    uint8_t id[16];
    char error[256];
    sqlite3_stmt *stmts[STORE_SQL_COUNT_ALL];
};

/* A log's number and an entry's seq make the entry's key. */
#define STORE_SEQ_BITS 40
static inline int64_t store_key(int64_t log_no, uint64_t seq)
{
    return (int64_t)((uint64_t)log_no << STORE_SEQ_BITS | seq);
}
static inline uint64_t store_key_seq(int64_t key)
{
    return (uint64_t)key & ((UINT64_C(1) << STORE_SEQ_BITS) - 1);
}

/* The code of ours for one of SQLite's; that there is no space is told apart from other failures of the system. */
enum gmm_err store_code(sqlite3 *db, int rc);
/* Records what SQLite said, poisons an open transaction, and gives the code of ours. */
enum gmm_err store_fault(struct store *store, int rc);
/* The same for a fault that we found ourselves. */
enum gmm_err store_fault_as(struct store *store, enum gmm_err err, const char *text);

/* A cached statement, reset and without bindings. NULL: *err has why (a poisoned transaction too). */
sqlite3_stmt *store_stmt(struct store *store, enum store_sql which, enum gmm_err *err);
/* A statement for one walk; the caller finalises. */
sqlite3_stmt *store_prepare(struct store *store, const char *sql, enum gmm_err *err);
/* Runs to its end a statement that gives no rows, and resets it. */
enum gmm_err store_run_stmt(struct store *store, sqlite3_stmt *stmt);
/* Steps: true for a row. False: the end, or *err is set. */
bool store_row(struct store *store, sqlite3_stmt *stmt, enum gmm_err *err);

void store_bind_id(sqlite3_stmt *stmt, int at, const struct gmm_id *id);
void store_bind_blob(sqlite3_stmt *stmt, int at, const void *bytes, size_t len);
void store_bind_u64(sqlite3_stmt *stmt, int at, uint64_t v);
void store_bind_text(sqlite3_stmt *stmt, int at, const char *text);
/* Columns of exactly this shape, else false: the row is damaged. */
bool store_col_id(sqlite3_stmt *stmt, int at, struct gmm_id *out);
bool store_col_bytes(sqlite3_stmt *stmt, int at, void *out, size_t len);
/* A blob of any length; borrowed until the next step. NULL: none. */
const uint8_t *store_col_blob(sqlite3_stmt *stmt, int at, size_t *len);
uint64_t store_col_u64(sqlite3_stmt *stmt, int at);

/* store_log.c: the row of an entry, hidden or not. GMM_ENOTFOUND. */
struct store_place {
    int64_t key;
    enum store_hidden hidden;
    bool has_body; /* hidden or not */
};
enum gmm_err store_find_entry(struct store *store, const struct gmm_id *id, struct store_place *out);

/* store_schema.c: brings the file to the schema `target` by the steps from its own on; steps[i] makes schema i + 1. A
 * file that has tables is copied beside itself first (path + ".v" + its schema). GMM_EVERSION: newer; GMM_EFORMAT: not
 * a store. */
extern const char *const store_schema_steps[STORE_SCHEMA];
enum gmm_err store_schema_check(sqlite3 *db, int target, int *version, struct gmm_msg *msg);
enum gmm_err store_schema_apply(struct store *store, const char *path, const char *const *steps, int target,
                                struct gmm_msg *msg);

#endif
