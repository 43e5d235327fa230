/* Invites as the inviter keeps them: made, found by id, used, revoked (product story 8).
 *
 * The invite's bytes lie in the store sealed under the node secret: the one-time secret in them authenticates the
 * request that will come (node/requests.h).
 */
#ifndef GMM_NODE_INVITES_H
#define GMM_NODE_INVITES_H

#include "node/node.h"

#define INVITES_VALID_MS (UINT64_C(7) * 24 * 3600 * 1000)

struct invites_terms {
    const char *for_id, *office; /* NULL: anybody; not a second office of ours */
    uint64_t valid_ms;
    bool replace;         /* for_id takes part, and lost its root: another one is to take its place */
    bool offline;         /* no address is needed */
    size_t address_count; /* 0: those that this node is known to have */
    const char *const *addresses;
};
enum invites_state { INVITES_OPEN, INVITES_USED /* a card asked under it */, INVITES_REVOKED };
struct invites_entry {
    uint8_t id[CARD_INVITE_ID_BYTES];
    struct invite invite; /* holds the secret: invites_entry_close wipes */
    enum invites_state state;
    struct gmm_id used_by; /* sign_pk, when used */
};

/* Makes one and keeps it, durable when it returns. GMM_EDENIED: not active; a participant is invited by the chair's
 * office that decides (where two thirds admit, and to replace: by an elector's office that votes), a second office by a
 * holder of the root; GMM_ESTATE: no address is known; GMM_EUSAGE: a malformed value; GMM_EEXISTS: that participant or
 * office is there already. *out: invites_entry_close. */
enum gmm_err invites_make(struct node *node, const struct invites_terms *terms, struct invites_entry *out,
                          struct gmm_msg *msg);
/* GMM_ENOTFOUND; GMM_ECORRUPT: what is kept of it does not open. */
enum gmm_err invites_find(struct node *node, const uint8_t id[CARD_INVITE_ID_BYTES], struct invites_entry *out);
typedef enum gmm_err invites_fn(void *arg, const struct invites_entry *entry);
enum gmm_err invites_each(struct node *node, invites_fn *fn, void *arg);
/* Keeps entry's state and used_by (in the open transaction). */
enum gmm_err invites_put(struct node *node, const struct invites_entry *entry);
void invites_entry_close(struct invites_entry *entry);
/* Addresses at which others reach this node, as far as it knows: given to run or in gmm.conf, else what it listens on.
 */
uint8_t invites_addresses(struct node *node, char out[LIMIT_ADDRESSES][ADDRESS_BYTES]);

#endif
