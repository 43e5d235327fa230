/* What node/node*.c keep between steps: private to them. */
#ifndef GMM_NODE_NODE_STATE_H
#define GMM_NODE_NODE_STATE_H

#include "node/chunkwriter.h"
#include "node/node.h"

#define NODE_CLOCKS "clocks"       /* what others' clocks say of ours, as the engine encodes it */
#define NODE_FLOOR "arrival.floor" /* the engine's, in the store's named values */

/* An event of our own making that waits its turn (an answer of the store, chunks to want). */
struct node_event {
    struct engine_event event;
    void *owned; /* freed after the step */
    struct run *run;
};
struct node_result { /* of a request of ours */
    uint64_t request;
    bool assigned, done;
    enum gmm_err err;
    struct gmm_id id;
    char text[200];
};
struct node_pending {
    struct node_event *events;
    size_t event_count, event_at, event_capacity;
    struct node_later *laters;
    size_t later_count, later_at, later_capacity;
    struct node_result result; /* the one that is waited for */
    uint64_t next_request;
    uint64_t *tickets; /* in the open transaction */
    size_t ticket_count, ticket_capacity;
    enum gmm_err store_err; /* of the open transaction */
    size_t patient_bytes;   /* chunks in it; nothing but such tickets: patient_ms is when the first came, else 0 */
    uint64_t patient_ms;
    uint64_t tick_ms;
    struct chunkwriter *writer; /* of received chunks; NULL: none came yet, or there is no loop to wait on */
    bool stepping, working, flushing;
    bool drafts;           /* appended and not signed yet: node_flush does */
    bool behind;           /* a projection failed: caught up later */
    struct gmm_id ensured; /* the group whose epoch was ensured last, since the last flush */
    bool has_ensured;
    struct gmm_id suspended; /* the network of the engine that was suspended */
};

/* node_keys.c: the keystore's file, opened with whatever its method asks for. */
enum gmm_err node_open_keystore(struct node *node, node_ask_fn *ask, void *arg, struct gmm_msg *msg);
/* Retires the first `outdated` wrap keys, deletes those whose time is over, makes a new one when it is due; saved. */
enum gmm_err node_renew_wrap_keys(struct node *node, size_t outdated, struct gmm_msg *msg);
/* node_queue.c */
void node_pending_free(struct node_pending *pending);
/* Room for one more item; *items grows to twice as many. False: out of memory. */
bool node_grow(void **items, size_t count, size_t *capacity, size_t size);
/* An event that waits its turn. Takes owned and run, also on failure. */
enum gmm_err node_queue_event(struct node *node, const struct engine_event *event, void *owned, struct run *run);
/* An effect for the layers above; takes its bytes. */
enum gmm_err node_queue_later(struct node *node, struct effect *effect);
/* node_store.c: a STORE goes into the open transaction; PERSISTED is told with its commit. */
enum gmm_err node_store(struct node *node, struct effect *effect);
/* One more that is told with it. patient: it waits for others, so many bytes of them at most. */
enum gmm_err node_add_ticket(struct node_pending *p, uint64_t ticket, bool patient, size_t bytes);
/* A chunk alone is not stored, which the engine goes on without. */
enum gmm_err node_chunk_failed(struct node *node, uint64_t ticket, enum gmm_err why);
/* node_drive.c: what waits, in turn; does nothing when it is at work already. */
enum gmm_err node_work(struct node *node);
/* node_chunks.c. A chunk of a STORE goes to the threads that write them (its bytes are taken): node_chunks_next gives
 * it back. False: it is the caller's to write. */
bool node_chunks_put(struct node *node, struct effect *effect);
/* The file of a chunk that no row speaks of: written, and the office was killed before the commit. *bytes: to be freed.
 * Whether it is whole is for whoever takes it to find out. */
bool node_chunks_left(struct node *node, const struct gmm_id *id, uint8_t **bytes, size_t *len, uint32_t *total);
/* It goes, where there is one. */
void node_chunks_drop(const struct node *node, const struct gmm_id *id);
/* One that is done; chunkwriter_job_free. NULL: none is yet; with wait: none is under way. */
struct chunkwriter_job *node_chunks_next(struct node *node, bool wait);
/* Makes the engine: nid, the pinned inviter when one is stored, everything restored, started. */
enum gmm_err node_start_engine(struct node *node, const struct gmm_id *nid, struct gmm_msg *msg);

#endif
