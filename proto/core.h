/* What the engine's modules share: the office's own identity, the tables, and the current step's time, randomness and
 * effects.
 *
 * Modules (author, keyring, replicate, fetch, links) take a `struct core` and never include each other; engine.c owns
 * the core, dispatches events and carries results from one module to the next.
 */
#ifndef GMM_PROTO_CORE_H
#define GMM_PROTO_CORE_H

#include "proto/clocks.h"
#include "proto/engine.h"

struct core {
    const struct keystore *keystore;
    struct gmm_id nid, store_id_hash;
    uint8_t store_id[16];
    uint64_t build_ms;
    struct clocks clocks; /* what others' say of ours */
    bool pinned;
    struct gmm_id pinned_noise_pk;
    bool checks_chunks; /* the driver does */
    struct directory *directory;
    struct logs *logs;
    struct fold *fold;
    struct forks *forks;
    struct take take;
    struct relayed relayed; /* chunks kept for others */
    bool heads_only;        /* compares nothing by ranges */
    uint64_t next_ticket, next_arrival;
    uint64_t oldest_store; /* ticket of the oldest STORE not yet persisted; 0: none */
    /* of the step under way */
    uint64_t now_ms;
    uint8_t seed[32];
    uint32_t seed_used;
    struct effects *effects;
};

/* n bytes from the step's seed, never the same twice in a step. */
void core_random(struct core *core, void *out, size_t n);
/* Appends an effect of a kind, zeroed; NULL: out of memory. Valid until the next core_effect. */
struct effect *core_effect(struct core *core, enum effect_kind kind);
/* A STORE effect with the next ticket, zeroed content. */
struct effect *core_store(struct core *core);
/* Adds an admitted run (taken on success) with the next arrival number to a STORE. */
enum gmm_err core_store_run(struct core *core, struct effect *store, struct admitted **run);
/* Adds a fork proof that the set holds to a STORE; GMM_ENOMEM. */
enum gmm_err core_store_proof(struct effect *store, const struct gmm_id *hash);
/* A DONE effect: text from msg when given. */
void core_done(struct core *core, uint64_t request, enum gmm_err err, const struct gmm_id *id,
               const struct gmm_msg *msg);
const struct gmm_id *core_self(const struct core *core); /* our sign_pk */

#endif
