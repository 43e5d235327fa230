/* The secrets of group epochs that this office holds, and the making of epochs (protocol: EPOCH).
 *
 * Secrets lie in guarded memory; each newly opened one is stored (sealed by the driver) before it is used for anything
 * that is announced. keyring_scan tries what the view holds and we have not opened: our wraps, then ancestors through
 * history wraps, then WRAP entries that name us.
 */
#ifndef GMM_PROTO_KEYRING_H
#define GMM_PROTO_KEYRING_H

#include "proto/core.h"

struct keyring;

struct keyring *keyring_new(void);
void keyring_free(struct keyring *ring);
const uint8_t *keyring_secret(const struct keyring *ring, const struct gmm_id *epoch_id); /* NULL: not held */
/* Takes a copy into guarded memory. */
enum gmm_err keyring_put(struct keyring *ring, const struct gmm_id *epoch_id, const uint8_t secret[32]);
void keyring_drop(struct keyring *ring, const struct gmm_id *epoch_id); /* its store failed */

/* Opens what can be opened now; new secrets go into one STORE effect. Epochs whose wrap to us does not open are told by
 * bad (at most bad_max ids): an EPOCH_BAD is due. */
enum gmm_err keyring_scan(struct keyring *ring, struct core *core, const struct view *view, struct gmm_id *bad,
                          size_t bad_max, size_t *bad_count);

/* The body of a new EPOCH entry for the group as the view has it: all tips as parents, history wraps where the group
 * keeps full history and we hold the parent, wraps to every current office. *secret is written (32 guarded bytes of the
 * caller's): put it under the entry's id. GMM_EDENIED: nobody may read (an empty audience) or the group is unknown. */
enum gmm_err keyring_make_epoch(struct keyring *ring, struct core *core, const struct view *view,
                                const struct gmm_id *gid, struct buffer *body, uint8_t secret[32]);
/* The epoch that we would send under and hold; NULL: none. */
const struct view_epoch *keyring_for_sending(const struct keyring *ring, const struct view *view,
                                             const struct gmm_id *gid, uint64_t now_ms);
/* Does that epoch reach every current office of the group? False: a newcomer waits for one. */
bool keyring_covers(const struct view *view, const struct view_epoch *epoch, uint64_t now_ms);
/* The chunk domain's secret of an epoch: its own, or inherited through first parents. GMM_EUNKNOWN: a secret on the way
 * is not held. */
enum gmm_err keyring_domain(const struct keyring *ring, const struct view *view, const struct view_epoch *epoch,
                            uint8_t conv[32]);

#endif
