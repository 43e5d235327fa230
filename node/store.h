/* The store: one SQLite file (WAL, page 16 KiB, foreign keys, STRICT tables, versioned migrations), one writer.
 *
 * The log is the truth: objects, logs, entries, block heads, chunks. Local state: secrets (sealed under the node
 * secret), cursors, peers, invites, requests, once-keys. Projections live in the same file (node/projection.h,
 * node/search.h) and can be dropped and rebuilt. All statements prepared. Entries are ordered by (log number, seq); an
 * 8-byte prefix of the id is indexed. Bodies lie as they came: sealed.
 *
 * Errors: GMM_EFULL (disk full: the transaction is rolled back, the store stays usable), GMM_EIO, GMM_ECORRUPT,
 * GMM_EBUSY, GMM_ENOMEM.
 */
#ifndef GMM_NODE_STORE_H
#define GMM_NODE_STORE_H

#include "proto/fold.h"
#include "proto/gate.h"
#include "proto/logs.h"

struct sqlite3;
struct store;

#define STORE_SCHEMA 4

/* Opens or creates. A newer schema: GMM_EVERSION, untouched. An older one: the file is copied beside itself, then
 * migrated. read_only writes nothing (immutable when the folder cannot be written). id16: the store's random id (16
 * bytes of the caller's, used when it is created). */
enum gmm_err store_open(struct store **out, const char *path, bool read_only, const uint8_t id16[16],
                        struct gmm_msg *msg);
void store_close(struct store *store);
/* Much was written, and will not be for a while: what is cached goes, and the memory back to the system. */
void store_relax(struct store *store);
void store_id(const struct store *store, uint8_t out[16]);
struct sqlite3 *store_db(struct store *store); /* for projection.c and search.c */

/* Transactions. durable: full synchronisation at commit. store_begin is idempotent inside one; asking for durable
 * inside a lazy one makes the whole durable. A failed statement poisons: commit then rolls back and gives the error. */
enum gmm_err store_begin(struct store *store, bool durable);
enum gmm_err store_commit(struct store *store);
void store_rollback(struct store *store);
bool store_in_transaction(const struct store *store);
/* The sentence of the last error, for people. */
const char *store_error(const struct store *store);

/* Truth. */
enum gmm_err store_put_object(struct store *store, const struct gmm_id *hash, const void *bytes, size_t len);
enum gmm_err store_put_run(struct store *store, const struct admitted *run, uint64_t arrival);
enum gmm_err store_close_log(struct store *store, const struct run_key *key);
/* Fork proofs (proto/fork.h). */
enum gmm_err store_put_proof(struct store *store, const struct gmm_id *hash, const void *bytes, size_t len);
enum gmm_err store_drop_proof(struct store *store, const struct gmm_id *hash);
/* Another branch of a forked log is kept: its entries from a seq on go, and the cursors of all peers. What stood before
 * is the log's head, signed or not. */
enum gmm_err store_cut_log(struct store *store, const struct run_key *key, uint64_t from_seq);
/* A new arrival number without new entries. */
enum gmm_err store_raise_log(struct store *store, const struct run_key *key, uint64_t arrival);

/* Walks at start; the callback stops the walk by returning an error. (Callbacks are fine in node/.) */
typedef enum gmm_err store_object_fn(void *arg, const void *bytes, size_t len);
enum gmm_err store_each_object(struct store *store, store_object_fn *fn, void *arg);
typedef enum gmm_err store_log_fn(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                                  bool closed);
enum gmm_err store_each_log(struct store *store, store_log_fn *fn, void *arg);
typedef enum gmm_err store_entry_fn(void *arg, const uint8_t header[HEADER_BYTES], const struct gmm_id *id,
                                    const uint8_t *body, size_t len);
/* Plain entries (type < 64) only: a partial index makes this cost their number, not the store's size. */
enum gmm_err store_each_plain(struct store *store, store_entry_fn *fn, void *arg);
/* Every entry of a log from a seq on, in order. body NULL: absent. */
enum gmm_err store_each_entry(struct store *store, const struct run_key *key, uint64_t from_seq, store_entry_fn *fn,
                              void *arg);

/* A run from from_seq to at most to_seq inside one block of 256, ending at a signed head (block end or the log's head),
 * at most max_bytes of bodies when an earlier signed head allows. GMM_ENOTFOUND. */
enum gmm_err store_load_run(struct store *store, const struct run_key *key, uint64_t from_seq, uint64_t to_seq,
                            size_t max_bytes, struct run **out);
/* The same without bodies (headers), or ending at to_seq although no head is signed there (exact): its signature is
 * zero then. */
enum gmm_err store_load_part(struct store *store, const struct run_key *key, uint64_t from_seq, uint64_t to_seq,
                             size_t max_bytes, bool headers, bool exact, struct run **out);
struct store_entry {
    uint8_t header[HEADER_BYTES];
    struct gmm_id id;
    uint8_t *body; /* owned; NULL: absent */
    size_t body_len;
};
enum gmm_err store_load_entry(struct store *store, const struct gmm_id *id, struct store_entry *out);
/* Ids that begin with these hex digits (≥ 8, ≤ 64): up to max; *count of them. */
enum gmm_err store_find_prefix(struct store *store, const char *hex, struct gmm_id *out, size_t max, size_t *count);
void store_entry_close(struct store_entry *entry);
/* The body of an entry that came without it; GMM_ENOTFOUND: no such entry. What stands already stays; what is hidden
 * takes none. */
enum gmm_err store_put_body(struct store *store, const struct gmm_id *id, const void *body, size_t len);
/* Entries of a log whose body is not here; reads only logs that are marked to have some. */
enum gmm_err store_count_gaps(struct store *store, const struct run_key *key, uint64_t *gaps);
uint64_t store_entry_count(struct store *store);
/* Checks every entry, head, object for verify --all: the callback hears of each damaged or missing item. Reads all.
 * view (may be NULL): only a log that it says to end somewhere may have a head that is not signed. */
typedef void store_fault_fn(void *arg, const char *kind, const struct gmm_id *id, const char *reason);
enum gmm_err store_check(struct store *store, const struct gmm_id *nid, const struct view *view, uint64_t *checked,
                         store_fault_fn *fn, void *arg);

/* Erasures (node/erasing.h). What is hidden is as absent for everything above, but for store_load_hidden. */
enum store_hidden { STORE_SHOWN, STORE_HIDDEN, STORE_ERASED };
/* ERASED also takes the body away, for ever. *had_body (may be NULL): a body was there. GMM_ENOTFOUND: no such entry;
 * GMM_ESTATE: it was ERASED before, and is not shown again. */
enum gmm_err store_hide(struct store *store, const struct gmm_id *id, enum store_hidden hidden, bool *had_body);
/* STORE_SHOWN also of what is unknown; STORE_HIDDEN of what could not be looked up. */
enum store_hidden store_hidden_of(struct store *store, const struct gmm_id *id);
/* As store_load_entry, with the body of one that is hidden. */
enum gmm_err store_load_hidden(struct store *store, const struct gmm_id *id, struct store_entry *out);
/* The same of a chunk: ERASED remembers that it is not to be had back. Nothing happens when there is no row. */
enum gmm_err store_hide_chunk(struct store *store, const struct gmm_id *gid, const struct gmm_id *id,
                              enum store_hidden hidden);
enum store_hidden store_chunk_hidden_of(struct store *store, const struct gmm_id *gid, const struct gmm_id *id);
/* How far an erasure is carried out here. PURGED: nothing is left, in index and write-ahead log neither. */
enum store_erasure_state { STORE_ERASURE_HIDDEN = 1, STORE_ERASURE_DELETED, STORE_ERASURE_PURGED };
struct store_erasure {
    struct gmm_id id, gid; /* of the entry */
    uint64_t seen_ms;      /* when the ERASE was first known here */
    uint64_t done_ms;      /* when it was deleted; 0: not yet */
    enum store_erasure_state state;
};
enum gmm_err store_put_erasure(struct store *store, const struct store_erasure *erasure); /* by id */
enum gmm_err store_get_erasure(struct store *store, const struct gmm_id *id, struct store_erasure *out);
/* With its chunks. */
enum gmm_err store_drop_erasure(struct store *store, const struct gmm_id *id);
/* All of them: *list, free. */
enum gmm_err store_list_erasures(struct store *store, struct store_erasure **list, size_t *count);
enum gmm_err store_put_erasure_chunks(struct store *store, const struct gmm_id *id, const struct gmm_id *chunks,
                                      size_t count);
enum gmm_err store_list_erasure_chunks(struct store *store, const struct gmm_id *id, struct gmm_id **chunks,
                                       size_t *count);
/* Outside of transactions: the write-ahead log goes into the file and is emptied, so that what was deleted stands in
 * neither. GMM_EBUSY. */
enum gmm_err store_purge(struct store *store);

/* Chunks: rows here, bytes in node/chunkfile.h files (written and synced before the row). */
/* What was hidden is shown again: somebody posts it anew. */
enum gmm_err store_put_chunk(struct store *store, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len);
/* GMM_ENOTFOUND when not held for this group, or hidden. */
enum gmm_err store_has_chunk(struct store *store, const struct gmm_id *gid, const struct gmm_id *id, uint32_t *len);
/* Whether a row speaks of a chunk: held for some group, or hidden; erased in all; none. For chunk files. */
enum store_naming { STORE_NAMED, STORE_NAMED_ERASED, STORE_UNNAMED };
enum gmm_err store_names_chunk(struct store *store, const struct gmm_id *id, enum store_naming *naming);
typedef enum gmm_err store_chunk_fn(void *arg, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len);
enum gmm_err store_each_chunk(struct store *store, store_chunk_fn *fn, void *arg);
struct store_chunk {
    struct gmm_id id, gid;
    uint32_t len;
};
/* The next ones of that walk behind `after` (NULL: from the first on), at most max; *count less than max: no more. */
enum gmm_err store_some_chunks(struct store *store, const struct store_chunk *after, struct store_chunk *out,
                               size_t max, size_t *count);

/* Local state. Values named `sealed` come sealed from the caller. */
enum gmm_err store_put_secret(struct store *store, const struct gmm_id *epoch_id, const void *sealed, size_t len);
/* name, bytes */
typedef enum gmm_err store_blob_fn(void *arg, const struct gmm_id *id, const void *bytes, size_t len);
enum gmm_err store_each_proof(struct store *store, store_blob_fn *fn, void *arg);
enum gmm_err store_each_secret(struct store *store, store_blob_fn *fn, void *arg);
/* How many entries are held that are sealed under an epoch: counted by store_put_run. */
typedef enum gmm_err store_tally_fn(void *arg, const struct gmm_id *epoch_id, uint64_t entries);
enum gmm_err store_each_tally(struct store *store, store_tally_fn *fn, void *arg);
enum gmm_err store_put_cursor(struct store *store, const struct gmm_id *peer, const void *token, size_t len);
enum gmm_err store_each_cursor(struct store *store, store_blob_fn *fn, void *arg);
/* Small named values: "network", "invite.pending", "token", … GMM_ENOTFOUND. *out: free. */
enum gmm_err store_set(struct store *store, const char *name, const void *bytes, size_t len);
enum gmm_err store_get(struct store *store, const char *name, uint8_t **out, size_t *len);
enum gmm_err store_unset(struct store *store, const char *name);
/* The first value behind the name `after` whose name begins with prefix, in the order of names. GMM_ENOTFOUND: none.
 * *out: free. Values may be set and unset between two calls. */
#define STORE_NAME_BYTES 96
enum gmm_err store_next_value(struct store *store, const char *prefix, const char *after, char name[STORE_NAME_BYTES],
                              uint8_t **out, size_t *len);

struct store_peer {
    char address[256];
    bool bound;
    struct gmm_id noise_pk; /* when bound */
    uint64_t last_seen_ms;  /* 0: never */
};
enum gmm_err store_put_peer(struct store *store, const struct store_peer *peer); /* by address */
enum gmm_err store_drop_peer(struct store *store, const char *address);
typedef enum gmm_err store_peer_fn(void *arg, const struct store_peer *peer);
enum gmm_err store_each_peer(struct store *store, store_peer_fn *fn, void *arg);
/* When an office was last heard, for office list. */
enum gmm_err store_set_seen(struct store *store, const struct gmm_id *sign_pk, uint64_t ms);
enum gmm_err store_get_seen(struct store *store, const struct gmm_id *sign_pk, uint64_t *ms);

struct store_invite {
    uint8_t id[16];
    uint8_t *sealed; /* the invite's bytes sealed under the node secret; owned when read */
    size_t sealed_len;
    uint64_t expires_ms;
    char state;            /* 'o' open, 'u' used (asked), 'r' revoked */
    struct gmm_id used_by; /* sign_pk that asked under it */
};
enum gmm_err store_put_invite(struct store *store, const struct store_invite *invite); /* by id */
typedef enum gmm_err store_invite_fn(void *arg, const struct store_invite *invite);
enum gmm_err store_each_invite(struct store *store, store_invite_fn *fn, void *arg);

struct store_request { /* join requests that await an answer */
    struct gmm_id sign_pk;
    uint8_t *bytes; /* the join request; owned when read */
    size_t len;
    char state; /* 'p' pending, 'a' admitted, 'n' refused */
    uint64_t time_ms;
    char participant[LIMIT_PARTICIPANT_ID + 1];
    char reason[200];
};
enum gmm_err store_put_request(struct store *store, const struct store_request *request);
typedef enum gmm_err store_request_fn(void *arg, const struct store_request *request);
enum gmm_err store_each_request(struct store *store, store_request_fn *fn, void *arg);

/* --once: keyed hash of the key → id. GMM_ENOTFOUND. Written in the same transaction as the entry. */
enum gmm_err store_put_once(struct store *store, const uint8_t key_hash[32], const struct gmm_id *id);
enum gmm_err store_get_once(struct store *store, const uint8_t key_hash[32], struct gmm_id *id);

#endif
