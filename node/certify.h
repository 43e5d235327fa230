/* Certificates that this office's root makes: for itself (founding, joining) and for its participant's other offices.
 */
#ifndef GMM_NODE_CERTIFY_H
#define GMM_NODE_CERTIFY_H

#include "node/node.h"

#define CERTIFY_VALID_MS (UINT64_C(1096) * 24 * 3600 * 1000) /* three years */
#define CERTIFY_FIRST_SERIAL 1u

/* Appends the directory object (kind byte ‖ certificate) of the card's office, signed with the root that this home
 * holds. pid: the participant of the certificate. Valid from LIMIT_FUTURE_MS before now, so that a clock within bounds
 * takes it. GMM_EDENIED: no root is held here; else as certificate_make. */
enum gmm_err certify_office(struct buffer *out, struct node *node, const struct gmm_id *nid, const struct gmm_id *pid,
                            const struct card *card, uint64_t serial, uint16_t roles, struct gmm_msg *msg);
/* "Serials count over the whole participant": one above the highest that is held of pid. */
uint64_t certify_next_serial(const struct directory *directory, const struct gmm_id *pid);

#endif
