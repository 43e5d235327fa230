/* Who presides and leads: the chair handed over, leads named, both accepted, and the chair replaced by an election
 * (protocol: Terms). Errors and durability as node/standing.h.
 */
#ifndef GMM_NODE_CHAIRING_H
#define GMM_NODE_CHAIRING_H

#include <jansson.h>

#include "node/node.h"

#define CHAIRING_CHAIR "chair" /* what is given or accepted; else the name of a thematic group */

/* until_ms 0: the end of the year of from_ms. deputy: NULL: none. */
enum gmm_err chairing_give(struct node *node, const char *id, uint64_t from_ms, uint64_t until_ms, const char *deputy,
                           struct gmm_id *entry, struct gmm_msg *msg);
/* until_ms 0: no end. */
enum gmm_err chairing_lead(struct node *node, const char *id, const char *group, uint64_t from_ms, uint64_t until_ms,
                           struct gmm_id *entry, struct gmm_msg *msg);
struct chairing_accepted {
    const char *what; /* CHAIRING_CHAIR, or the group */
    struct gmm_id entry;
    uint32_t term; /* of the chair; 0: of a lead */
    uint64_t from_ms;
    size_t logs; /* of the predecessor, named as far as they are held here */
};
/* What waits for our acceptance. what: NULL when it is one thing only; GMM_EAMBIGUOUS: several, choices gets them.
 * GMM_ENOTFOUND: nothing waits. */
enum gmm_err chairing_accept(struct node *node, const char *what, struct chairing_accepted *out, json_t *choices,
                             struct gmm_msg *msg);
/* The first ballot against the present chair for this candidate. GMM_EEXISTS: one is cast already, to be joined. */
enum gmm_err chairing_elect(struct node *node, const char *id, uint64_t until_ms, struct gmm_id *entry,
                            struct gmm_msg *msg);
/* The same ballot as others have cast for this candidate. */
enum gmm_err chairing_vote(struct node *node, const char *id, struct gmm_id *entry, struct gmm_msg *msg);

#endif
