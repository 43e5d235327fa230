/* The table of logs a node holds: heads, arrival numbers, what is persisted. Owned by the engine; no I/O.
 *
 * A log's head moves in two steps: admitted (the gate took a run; volatile) and persisted (the store said so). After a
 * failed store logs_rollback returns every log to its persisted head. Logs are found by key (hash table) and walked by
 * group in order of arrival.
 */
#ifndef GMM_PROTO_LOGS_H
#define GMM_PROTO_LOGS_H

#include "proto/run.h"

#define LOGS_NO_SEQ UINT64_MAX /* head of an empty log */

struct logs_head {
    uint64_t seq; /* LOGS_NO_SEQ: nothing */
    struct gmm_id id;
    uint64_t time;
    uint8_t sig[HASH_SIG_BYTES];
};
struct logs_log {
    size_t index; /* of logs_at */
    struct run_key key;
    struct logs_head admitted, persisted;
    struct gmm_id via; /* the peer whose run of it was admitted last, since the start; zero: none */
    uint64_t arrival;  /* of the last persisted run; 0: none */
    bool closed;       /* our own, after a restore: never appended to again */
    bool forked;       /* a proof is held: nothing is admitted at or behind `end` */
    bool naming;       /* an anchor of ours is about to name an entry of it: it is not cut before */
    uint64_t gaps;     /* persisted entries whose body is not here */
    bool urgent;       /* of a document under consultation */
    bool cutting;      /* our copy is being cut back: nothing is admitted meanwhile */
    uint64_t end;      /* behind the last entry worth having (view_log_end); UINT64_MAX: no bound */
};
struct logs;

struct logs *logs_new(void);
void logs_free(struct logs *logs);
struct logs_log *logs_find(const struct logs *logs, const struct run_key *key);
/* Finds or makes an empty log. NULL: out of memory. Pointers stay valid until logs_free. */
struct logs_log *logs_get(struct logs *logs, const struct run_key *key);
size_t logs_count(const struct logs *logs);
struct logs_log *logs_at(const struct logs *logs, size_t index); /* in order of creation; NULL past the end */
/* Moves persisted to the head given and sets the arrival number; admitted stays (restoring sets it as well). */
void logs_persist(struct logs *logs, struct logs_log *log, const struct logs_head *head, uint64_t arrival);
void logs_rollback(struct logs *logs);
/* The store has cut the log back: both heads become this one (LOGS_NO_SEQ: nothing is left). */
void logs_cut(struct logs *logs, struct logs_log *log, const struct logs_head *head);
uint64_t logs_last_arrival(const struct logs *logs);
/* Instances of (group, author) that are open (neither closed nor forked) and not empty: for LIMIT_INSTANCES. */
unsigned logs_instances(const struct logs *logs, const struct gmm_id *group, const struct gmm_id *author);
/* The persisted logs of a group, the latest arrival first: logs_newest, then logs_older until NULL. What changed since
 * an arrival number is the walk down to it. Logs are best restored in order of arrival. */
struct logs_log *logs_newest(const struct logs *logs, const struct gmm_id *group);
struct logs_log *logs_older(const struct logs_log *log);

#endif
