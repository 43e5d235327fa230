/* Answers that wait for a commit, so that several requests share one.
 *
 * A request that appends by node_append_more and holds its answer here does not wait for the disk: what the loop takes
 * in at once (sixteen clients that post) is signed, committed and synchronised together, when the loop has nothing else
 * that is ready. Each client still hears of its post only after that: "persist, then speak".
 */
#ifndef GMM_NODE_ANSWERS_H
#define GMM_NODE_ANSWERS_H

#include "node/call.h"
#include "node/node.h"

/* May the answer of what was just appended be held? A loop runs that will flush. */
bool answers_can_wait(const struct node *node);
/* call is answered with reply (stolen; NULL: out of memory) once all that was appended so far is on the disk, or fails
 * with why it is not. */
void answers_hold(struct node *node, struct call *call, json_t *reply);
/* Gives what is held; err: what came of the commit. */
void answers_give(struct node *node, enum gmm_err err);

#endif
