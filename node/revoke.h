/* Revoking an office's key: from the last entry on that is held here of each of its logs, nothing of it counts any more
 * (protocol: Revocation). Signed by the participant's root, where this home holds it, else by this office when its
 * certificate says REVOKE. */
#ifndef GMM_NODE_REVOKE_H
#define GMM_NODE_REVOKE_H

#include "node/node.h"

struct revoke_done {
    struct gmm_id sign_pk;
    char office[LIMIT_OFFICE_TEXT + 1];
    bool by_root;
    bool undecided; /* nobody decides for the participant any more */
    size_t logs;    /* that are named, and so stand up to here */
};
/* name: an office of our own participant, or at least 8 digits of its node id. reason: NULL or text as a name's.
 * Durable when it returns. GMM_ENOTFOUND, GMM_EAMBIGUOUS; GMM_EEXISTS: revoked already; GMM_EUSAGE: the office that we
 * are, or the reason; GMM_EDENIED: neither root nor role here. */
enum gmm_err revoke_office(struct node *node, const char *name, const char *reason, struct revoke_done *out,
                           struct gmm_msg *msg);
/* In each circle of ours: where the key's logs end as they are held here, when that is more than stands; *count of
 * them. Where this office may not say so it is passed over. */
enum gmm_err revoke_cut_circles(struct node *node, const struct gmm_id *sign_pk, size_t *count);
/* Which office that would be. */
enum gmm_err revoke_find(struct node *node, const char *name, const struct view_office **out, struct gmm_msg *msg);

#endif
