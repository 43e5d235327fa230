/* Seals the chunks of one content on threads of its own, while the caller reads what comes next and writes what is
 * sealed already: hashing twice and encrypting take longer than all the rest. A ring of jobs bounds memory
 * (SEALER_JOBS times a chunk and its sealed form); they come out in the order in which they went in.
 *
 * One caller's thread uses a sealer. Without threads (the system gives none) it seals when asked for the result. */
#ifndef GMM_NODE_SEALER_H
#define GMM_NODE_SEALER_H

#include "keys/id.h"
#include "proto/manifest.h"

#define SEALER_JOBS 4u
#define SEALER_SPARE_BYTES (256u << 10) /* room in plain behind the longest chunk, for reading ahead */

struct sealer_job {
    uint8_t *plain; /* LIMIT_CHUNK_MAX + SEALER_SPARE_BYTES */
    size_t len;     /* of the chunk, at its front */
    uint8_t *sealed;
    size_t sealed_len;
    struct manifest_chunk chunk; /* id, key, len: once sealed */
    enum gmm_err err;
};
struct sealer;

/* The domain, the network and the group of all chunks. GMM_ENOMEM. */
enum gmm_err sealer_new(struct sealer **out, const uint8_t conv[32], const struct gmm_id *nid,
                        const struct gmm_id *gid);
void sealer_free(struct sealer *s); /* what is not taken is lost; all is wiped */
/* The job to be filled: always the same one until it is put. NULL: all are in use, take one first. */
struct sealer_job *sealer_room(struct sealer *s);
void sealer_put(struct sealer *s);        /* the job of sealer_room is filled (plain, len) */
bool sealer_busy(const struct sealer *s); /* is one put that is not done? */
/* The oldest one that was put, once it is sealed; there must be one (sealer_busy). It is the caller's until
 * sealer_done. */
struct sealer_job *sealer_take(struct sealer *s);
void sealer_done(struct sealer *s);

#endif
