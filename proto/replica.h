/* What proto/replicate.c and proto/replicate_send.c keep of one peer: private to the two. */
#ifndef GMM_PROTO_REPLICA_H
#define GMM_PROTO_REPLICA_H

#include "proto/replicate.h"

#define REPLICA_TOKEN_BYTES 40
#define REPLICA_LOADS 4u               /* at a time */
#define REPLICA_RUN_BYTES (256u << 10) /* asked of one LOAD */
#define REPLICA_QUEUE_BYTES (1u << 20) /* of a stream, before we stop loading */
#define REPLICA_QUIET_MS 100u          /* between the last change and the announcement that covers it */
#define REPLICA_RETRY_MS 5000u         /* before a log that could not be admitted yet is wanted again */

/* What the peer wants of one log of ours. */
struct replica_range {
    struct logs_log *log;
    uint64_t next, to;
    uint64_t ticket; /* of the LOAD under way; 0: none */
};
struct replica {
    struct peer *peer;
    struct gmm_id groups; /* fingerprint of the groups that it may have */
    bool have_sent, objects_agreed, heads_sent, heads_received, busy, synced;
    /* by index of log: the peer holds all before this seq, as far as we know */
    uint64_t *has_next;
    size_t has_count;
    uint64_t announced, acked; /* arrival numbers of ours */
    uint64_t changed_ms;
    uint8_t token[REPLICA_TOKEN_BYTES]; /* of the peer's, to be acknowledged */
    size_t token_len;
    uint64_t token_ticket; /* stores that must be persisted first; UINT64_MAX: something is still lacking */
    struct replica_range *ranges;
    size_t range_count, range_capacity, range_turn;
    uint64_t ping, pong; /* numbers of the last sent and the last answered */
    uint64_t received, sent;
};
struct replica_want { /* one a log: what we asked, and of whom */
    struct logs_log *log;
    uint32_t conn;
    uint64_t to;
};
struct replica_cursor {
    struct gmm_id sign_pk;
    uint8_t token[64];
    size_t len;
};
struct replicate {
    struct replica **replicas;
    size_t count;
    struct replica_want *wants;
    size_t want_count, want_capacity;
    struct replica_cursor *cursors;
    size_t cursor_count;
    uint64_t retry_ms; /* 0: none */
};

/* "Control logs and root objects go to every identified office. A group's heads, runs and chunks go to offices of
 * current members only." */
bool replica_may_have(struct core *core, const struct replica *replica, const struct gmm_id *group);
/* H over the gids, ascending, of the groups that it may have: a token is only good while they are the same. */
void replica_groups(struct core *core, const struct replica *replica, struct gmm_id *out);
uint64_t replica_has(const struct replica *replica, const struct logs_log *log);
enum gmm_err replica_set_has(struct replica *replica, const struct logs_log *log, uint64_t next);
/* replicate_send.c: what goes out. */
enum gmm_err replica_send_objects(struct core *core, struct replica *replica);
void replica_announce(struct core *core, struct replica *replica);
void replica_announce_one(struct core *core, struct replica *replica, const struct logs_log *log);
enum gmm_err replica_serve(struct core *core, struct replica *replica, const struct message_wants *wants);
void replica_push(struct core *core, struct replica *replica, struct logs_log *log, uint64_t first, uint64_t last);
void replica_load_next(struct core *core, struct replica *replica);
void replica_send_run(struct core *core, struct replica *replica, struct replica_range *range, const struct run *run);
void replica_token(const struct core *core, const struct replica *replica, uint64_t arrival,
                   uint8_t out[REPLICA_TOKEN_BYTES]);
/* The arrival number inside a token that we made for this peer; 0 when it is none of ours. */
uint64_t replica_token_read(const struct core *core, const struct replica *replica, const uint8_t *token, size_t len);

#endif
