/* The engine's own state and the parts of its dispatch: private to proto/engine*.c. */
#ifndef GMM_PROTO_ENGINE_STATE_H
#define GMM_PROTO_ENGINE_STATE_H

#include "proto/author.h"
#include "proto/fetch.h"
#include "proto/keyring.h"
#include "proto/links.h"
#include "proto/offers.h"
#include "proto/replicate.h"
#include "proto/stores.h"
#include "proto/upkeep.h"

/* Who asked for something that is being stored: DONE when its ticket is persisted. */
struct engine_request {
    uint64_t request, ticket; /* ticket 0: in a draft that is not signed yet */
    struct gmm_id id;
};
/* A forked log of which we hold entries beyond the fork: are they on the branch that is kept? */
struct engine_branch {
    struct logs_log *log;
    struct view_fork ruling; /* that is looked at */
    unsigned at;             /* its place looked at; kept_count: the entry before the fork, where the log will be cut */
    uint64_t ticket;         /* of the LOAD or STORE under way; 0: none */
    struct logs_head before; /* that entry */
};
struct engine_naming;
struct engine_anchors {
    uint64_t next_ms;       /* when to look what is owed */
    struct run_key *urgent; /* logs under consultation; owned */
    size_t urgent_count;
    struct engine_naming *namings; /* owned */
    size_t naming_count;
};
struct engine {
    struct core core;
    struct links *links;
    struct replicate *replicate;
    struct fetch *fetch;
    struct offers *offers;
    struct author *author;
    struct keyring *keyring;
    struct stores *stores;
    struct engine_request *requests;
    size_t request_count, request_capacity;
    struct upkeep upkeep;
    struct engine_branch *branches;
    size_t branch_count;
    struct engine_anchors anchors;
    struct gmm_id announced_wrap; /* our wrap key that a WRAPKEY under way announces */
    bool wrap_keys_asked;         /* the driver is at them */
    uint64_t wrap_keys_again_ms;  /* not asked before */
    uint64_t wrap_keys_next_ms;   /* when they are to be looked at */
    uint32_t named_term;          /* of ours, whose cuts an ACCEPT under way names */
    uint64_t terms_next_ms;       /* when they are to be named */
    uint64_t cuts_next_ms;        /* when cuts are to be published in our circles */
    uint64_t timer_ms;
    bool behind; /* the driver says so: ENGINE_BEHIND */
    bool review; /* authority changed, or it is time: who has a session is judged anew */
    bool failed;
};

/* engine_flush.c: drafts on their way to the store, and who waits for them */
enum gmm_err engine_wait(struct engine *engine, uint64_t request, uint64_t ticket, const struct gmm_id *id);
enum gmm_err engine_flush(struct engine *engine);
void engine_store_failed(struct engine *engine, enum gmm_err err);
/* The store of a chunk, alone. */
enum gmm_err engine_chunk_failed(struct engine *engine, uint64_t ticket, enum gmm_err err);
/* engine_own.c: what this office does */
enum gmm_err engine_append(struct engine *engine, const struct engine_event *event);
enum gmm_err engine_add_object(struct engine *engine, const struct engine_event *event);
enum gmm_err engine_import_run(struct engine *engine, const struct engine_event *event);
enum gmm_err engine_import_proof(struct engine *engine, const struct engine_event *event);
/* engine_rotate.c: epochs of our groups */
/* The epoch under which this office would write to the group, or why not. *epoch is NULL only on failure. */
enum gmm_err engine_sealing_epoch(struct engine *engine, const struct gmm_id *gid, const struct view_epoch **epoch,
                                  struct gmm_msg *msg);
enum gmm_err engine_ensure_epoch(struct engine *engine, uint64_t request, const struct gmm_id *gid, bool force);
/* The view changed: what is due, and when; and doing what is due. Only a TICK does: a command that reads must not write
 * because it happened to be the first to see a need. */
enum gmm_err engine_upkeep_plan(struct engine *engine);
enum gmm_err engine_upkeep_due(struct engine *engine);
/* Sealed entries were stored: an epoch may have had enough of them. */
enum gmm_err engine_upkeep_count(struct engine *engine, const struct gmm_id *epoch_id, uint64_t count);
/* engine_wrapkeys.c: our own wrap keys. The view changed: when there is something to do; and doing it. */
void engine_wrapkeys_plan(struct engine *engine);
enum gmm_err engine_wrapkeys(struct engine *engine);
enum gmm_err engine_wrapkeys_saved(struct engine *engine, enum gmm_err err);
/* engine_terms.c: the cuts of a term of ours. The view changed: when they are owed; a TICK names them, or the first
 * record that we write before. */
void engine_terms_plan(struct engine *engine);
enum gmm_err engine_terms_due(struct engine *engine);
enum gmm_err engine_terms_name(struct engine *engine);
/* engine_cuts.c: where the logs of the removed end in circles. The view changed: when that is owed; a TICK writes it.
 */
void engine_cuts_plan(struct engine *engine);
enum gmm_err engine_cuts_due(struct engine *engine);
/* engine_forks.c: which logs end where, and on which branch ours are */
enum gmm_err engine_forks_restore(struct engine *engine, const void *bytes, size_t len);
/* The view changed, or what we hold did. */
enum gmm_err engine_forks_review(struct engine *engine);
enum gmm_err engine_forks_loaded(struct engine *engine, uint64_t ticket, const struct run *run);
enum gmm_err engine_forks_persisted(struct engine *engine, const struct stores_item *item);
void engine_forks_failed(struct engine *engine, const struct stores_item *item);
/* engine_anchors.c: what this office says to hold. Like upkeep, only a TICK writes. */
void engine_anchors_start(struct engine *engine);
void engine_anchors_close(struct engine *engine);
void engine_anchors_stored(struct engine *engine); /* something came */
enum gmm_err engine_anchors_urgent(struct engine *engine, const struct run_key *logs, size_t count);
enum gmm_err engine_anchors_due(struct engine *engine);
/* The view changed: places of forked logs that our anchors go on behind are named before any of them is cut. */
enum gmm_err engine_anchors_places(struct engine *engine);
/* *named: it was asked for here, and what is cut may be looked at again. */
enum gmm_err engine_anchors_loaded(struct engine *engine, uint64_t ticket, const struct run *run, bool *named);
/* engine_peers.c: connections */
void engine_received(struct engine *engine, struct peer *peer, const void *bytes, size_t len);
enum gmm_err engine_join_send(struct engine *engine, struct peer *peer, const struct engine_event *event);
void engine_close(struct engine *engine, struct peer *peer, enum gmm_err err, const char *text);
void engine_drop(struct engine *engine, uint32_t conn);
/* engine_stores.c: what the store said */
enum gmm_err engine_persisted(struct engine *engine, uint64_t ticket);
enum gmm_err engine_view_changed(struct engine *engine);
/* After a store that failed: what this office owes, and what was on its way, is planned anew, a little later. */
enum gmm_err engine_owed_again(struct engine *engine);

#endif
