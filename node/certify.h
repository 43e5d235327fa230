/* Certificates that this office's root makes: for itself (founding, joining) and for its participant's other offices.
 */
#ifndef GMM_NODE_CERTIFY_H
#define GMM_NODE_CERTIFY_H

#include "node/node.h"

#define CERTIFY_VALID_MS (UINT64_C(1096) * 24 * 3600 * 1000) /* three years */
#define CERTIFY_FIRST_SERIAL 1u

/* Appends the directory object (kind byte ‖ certificate) of the card's office, signed with the root that this home
 * holds. pid: the participant of the certificate. Valid from LIMIT_FUTURE_MS before now, so that a clock within bounds
 * takes it, but not before the last that is held here of earlier keys of that office: those end where it begins.
 * GMM_EDENIED: no root is held here; else as certificate_make. */
enum gmm_err certify_office(struct buffer *out, struct node *node, const struct gmm_id *nid, const struct gmm_id *pid,
                            const struct card *card, uint64_t serial, uint16_t roles, struct gmm_msg *msg);
/* What a new certificate of an office changes of the one that rules it. */
struct certify_renewal {
    const char *office;
    const struct card *keys; /* its new keys; NULL: the same */
    uint64_t until_ms;       /* 0: three years from now */
    bool with_roles;         /* else as before */
    uint16_t roles;
    size_t address_count; /* 0: as before */
    const char *addresses[LIMIT_ADDRESSES];
};
/* Certifies an office of ours anew; durable when it returns. GMM_EDENIED: no root here, or the office's key is revoked;
 * GMM_ENOTFOUND; GMM_EUSAGE: an address, or an end that has passed. */
enum gmm_err certify_renew(struct node *node, const struct certify_renewal *renewal, struct gmm_id *sign_pk,
                           struct gmm_msg *msg);
/* GMM_EDENIED with the way out when this home does not hold its participant's root, or an older one. */
enum gmm_err certify_root_here(struct node *node, struct gmm_msg *msg);
/* "Serials count over the whole participant": one above the highest that is held of pid. */
uint64_t certify_next_serial(const struct directory *directory, const struct gmm_id *pid);

#endif
