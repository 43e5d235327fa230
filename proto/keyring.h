/* The secrets of group epochs that this office holds, and the making of epochs (protocol: EPOCH).
 *
 * Secrets lie in guarded memory; each newly opened one is stored (sealed by the driver) before it is used for anything
 * that is announced. keyring_scan tries what the view holds and we have not opened: our wraps, then WRAP entries that
 * name us, then ancestors through history wraps.
 */
#ifndef GMM_PROTO_KEYRING_H
#define GMM_PROTO_KEYRING_H

#include "proto/core.h"
#include "proto/sending.h"

struct keyring;
/* An epoch that was given to us (we are a recipient, or a WRAP names us) and that we cannot open: an EPOCH_BAD is due.
 */
struct keyring_closed {
    struct gmm_id epoch_id;
    bool broken; /* what was wrapped to a key that we have does not open, or to another secret; else the key is gone */
};

struct keyring *keyring_new(void);
void keyring_free(struct keyring *ring);
const uint8_t *keyring_secret(const struct keyring *ring, const struct gmm_id *epoch_id); /* NULL: not held */
/* Takes a copy into guarded memory. */
enum gmm_err keyring_put(struct keyring *ring, const struct gmm_id *epoch_id, const uint8_t secret[32]);
void keyring_drop(struct keyring *ring, const struct gmm_id *epoch_id); /* its store failed */
/* Entries sealed under an epoch that the store took (count more of them), as far as this node knows. */
enum gmm_err keyring_count(struct keyring *ring, const struct gmm_id *epoch_id, uint64_t count);
uint64_t keyring_entries(const struct keyring *ring, const struct gmm_id *epoch_id);

/* Opens what can be opened now; new secrets go into one STORE effect. */
enum gmm_err keyring_scan(struct keyring *ring, struct core *core, const struct view *view);
/* As of the last scan. */
const struct keyring_closed *keyring_closed(const struct keyring *ring, size_t *count);
/* Of the keystore's wrap keys, how many stand before the newest one to which an epoch that we opened was wrapped: their
 * successor is in use. */
size_t keyring_outdated(const struct keyring *ring);

/* The body of a new EPOCH entry for the group as the view has it: all tips as parents, history wraps where the group
 * keeps full history and we hold the parent, wraps to every current office. *secret is written (32 guarded bytes of the
 * caller's): put it under the entry's id. GMM_EDENIED: nobody may read (an empty audience) or the group is unknown. */
enum gmm_err keyring_make_epoch(struct keyring *ring, struct core *core, const struct view *view,
                                const struct gmm_id *gid, struct buffer *body, uint8_t secret[32]);
/* The body of a WRAP of an epoch that we hold to the newest wrap key of an office. GMM_ENOTFOUND: not held, or one of
 * them is unknown; GMM_EKEY. */
enum gmm_err keyring_make_wrap(const struct keyring *ring, struct core *core, const struct view *view,
                               const struct gmm_id *epoch_id, const struct gmm_id *sign_pk,
                               uint8_t body[EPOCH_REWRAP_BYTES]);
/* The epoch that we would send under and hold; *epoch NULL: none, and why. Remembered until the view changes, an office
 * begins or ends to be current, or a secret comes. GMM_ENOMEM. */
enum gmm_err keyring_sending(struct keyring *ring, const struct view *view, const struct gmm_id *gid, uint64_t now_ms,
                             const struct view_epoch **epoch, enum sending_state *state);
/* Do we hold it? For sending_choose; arg is the keyring. */
bool keyring_have(const void *arg, const struct gmm_id *epoch_id);
/* The chunk domain's secret of an epoch: its own, or inherited through first parents. GMM_EUNKNOWN: a secret on the way
 * is not held. */
enum gmm_err keyring_domain(const struct keyring *ring, const struct view *view, const struct view_epoch *epoch,
                            uint8_t conv[32]);

#endif
