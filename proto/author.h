/* The office's own logs: entries are made, chained and sealed here, and leave through the gate like anybody's.
 *
 * Appended entries wait in a draft a log until author_flush signs a head over each (a draft that fills its block of
 * 256, or DRAFT_BYTES, is signed at once). Nothing is durable before the STORE effects are.
 */
#ifndef GMM_PROTO_AUTHOR_H
#define GMM_PROTO_AUTHOR_H

#include "proto/body.h"
#include "proto/core.h"

struct author;

struct author *author_new(void);
void author_free(struct author *author);

/* May this clock sign? GMM_EFUTURE: it is before the build date, or too far from the others' (proto/clocks.h). */
enum gmm_err author_check_clock(const struct core *core, struct gmm_msg *msg);
/* What a body is sealed under. packed: what body_pack made of it; NULL: it is packed here. */
struct author_seal {
    const struct gmm_id *epoch_id;
    const uint8_t *secret;
    const struct body_packed *packed;
};
/* Appends to our open log of gid (opening an instance when there is none, when it is closed, or stuck ahead of our
 * clock). seal: NULL for plain types. *id is the entry's. GMM_ELIMIT: body too large; GMM_EFUTURE:
 * author_check_clock; GMM_ENOMEM. */
enum gmm_err author_append(struct author *author, struct core *core, const struct gmm_id *gid, uint16_t type,
                           const struct author_seal *seal, const void *body, size_t len, struct gmm_id *id);
/* Signs and stores every draft. */
enum gmm_err author_flush(struct author *author, struct core *core);
/* Forgets drafts and which logs are open (after a failed store, or when a log of ours was closed). */
void author_discard(struct author *author);

#endif
