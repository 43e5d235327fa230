/* Vouching for logs of a revoked key that its revocation does not name (protocol: Vouch): as far as they are held here.
 * For a key of our own participant its root does, by a directory object; for another's this office does, when it
 * decides for us, by a record: that of two participants counts. In circles of ours a CUT says the same. */
#ifndef GMM_NODE_VOUCHING_H
#define GMM_NODE_VOUCHING_H

#include "node/node.h"

struct vouching_done {
    struct gmm_id sign_pk;
    bool by_root;
    size_t logs;
};
/* name: OFFICE of ours, PARTICIPANT/OFFICE, or at least 8 digits of the node id. Durable when it returns.
 * GMM_ENOTFOUND: no such revoked key, or nothing of it is held that needs a vouch; GMM_EAMBIGUOUS; GMM_EDENIED: neither
 * root nor deciding office here. */
enum gmm_err vouching_vouch(struct node *node, const char *name, struct vouching_done *out, struct gmm_msg *msg);

#endif
