/* The engine's own state and the parts of its dispatch: private to proto/engine*.c. */
#ifndef GMM_PROTO_ENGINE_STATE_H
#define GMM_PROTO_ENGINE_STATE_H

#include "proto/author.h"
#include "proto/fetch.h"
#include "proto/keyring.h"
#include "proto/links.h"
#include "proto/replicate.h"
#include "proto/stores.h"

/* Who asked for something that is being stored: DONE when its ticket is persisted. */
struct engine_request {
    uint64_t request, ticket; /* ticket 0: in a draft that is not signed yet */
    struct gmm_id id;
};
struct engine_rotation { /* a group whose epoch does not reach everybody: one is made when nobody else does */
    struct gmm_id gid;
    uint64_t due_ms;
};
struct engine {
    struct core core;
    struct links *links;
    struct replicate *replicate;
    struct fetch *fetch;
    struct author *author;
    struct keyring *keyring;
    struct stores *stores;
    struct engine_request *requests;
    size_t request_count, request_capacity;
    struct engine_rotation *rotations;
    size_t rotation_count;
    uint64_t timer_ms;
    bool review; /* authority changed, or it is time: who has a session is judged anew */
    bool failed;
};

/* engine_own.c: what this office does */
enum gmm_err engine_append(struct engine *engine, const struct engine_event *event);
enum gmm_err engine_flush(struct engine *engine);
enum gmm_err engine_add_object(struct engine *engine, const struct engine_event *event);
enum gmm_err engine_ensure_epoch(struct engine *engine, uint64_t request, const struct gmm_id *gid, bool force);
enum gmm_err engine_import_run(struct engine *engine, const struct engine_event *event);
enum gmm_err engine_rotate_due(struct engine *engine);
uint64_t engine_next_rotation(const struct engine *engine);
enum gmm_err engine_plan_rotations(struct engine *engine);
enum gmm_err engine_wait(struct engine *engine, uint64_t request, uint64_t ticket, const struct gmm_id *id);
/* engine_peers.c: connections */
void engine_received(struct engine *engine, struct peer *peer, const void *bytes, size_t len);
enum gmm_err engine_join_send(struct engine *engine, struct peer *peer, const struct engine_event *event);
void engine_close(struct engine *engine, struct peer *peer, enum gmm_err err, const char *text);
void engine_drop(struct engine *engine, uint32_t conn);
/* engine_stores.c: what the store said */
enum gmm_err engine_persisted(struct engine *engine, uint64_t ticket);
void engine_store_failed(struct engine *engine, enum gmm_err err);
enum gmm_err engine_view_changed(struct engine *engine);

#endif
