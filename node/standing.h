/* Who takes part: the records by which a chair and electors suspend, expel, restore, amend participants, and support
 * what others propose (protocol: The fold).
 *
 * All are appended to this office's control log and durable when they return; a record that would have no effect is
 * refused with the rule that says so (GMM_EDENIED, GMM_EEXISTS). Who removes names the heads that are held here:
 * beyond them nothing of the removed participant stands.
 */
#ifndef GMM_NODE_STANDING_H
#define GMM_NODE_STANDING_H

#include <jansson.h>

#include "node/node.h"

struct standing_done {
    struct gmm_id entry, pid, subject; /* subject: what a COSIGN of this record would name */
    uint16_t type;
    size_t logs; /* that a removal names */
};
/* reason: NULL or text as a name's. GMM_ENOTFOUND: no such participant. */
enum gmm_err standing_suspend(struct node *node, const char *id, const char *reason, struct standing_done *out,
                              struct gmm_msg *msg);
/* A proposal: two thirds of the electorate decide. GMM_EEXISTS: one about this participant waits already. */
enum gmm_err standing_expel(struct node *node, const char *id, const char *reason, struct standing_done *out,
                            struct gmm_msg *msg);
/* By the chair of who is suspended; else a proposal, as above. */
enum gmm_err standing_restore(struct node *node, const char *id, const char *reason, struct standing_done *out,
                              struct gmm_msg *msg);
/* name, kind: NULL: as it is. */
enum gmm_err standing_amend(struct node *node, const char *id, const char *name, const char *kind,
                            struct standing_done *out, struct gmm_msg *msg);
/* Another participant takes the place of one whose root is lost; object: the newcomer's certificate. A proposal. */
struct control_admit;
enum gmm_err standing_replace(struct node *node, const char *id, const struct control_admit *admit, const void *object,
                              size_t len, struct standing_done *out, struct gmm_msg *msg);
/* Supports a proposal: `ref` is the participant that it is about, or at least 8 digits of its subject. GMM_EAMBIGUOUS:
 * choices gets the subjects. */
enum gmm_err standing_cosign(struct node *node, const char *ref, struct standing_done *out, json_t *choices,
                             struct gmm_msg *msg);
/* The proposal that a record made, while it waits for more support; NULL: it has effect. */
const struct view_proposal *standing_waits(const struct view *view, const struct standing_done *done);
/* "expel"; of types that are no proposal too. */
const char *standing_type_text(uint16_t type);

#endif
