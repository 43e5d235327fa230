/* Commands that are carried out by steps: one after the other, a step at a time, so that peers and other clients are
 * answered meanwhile. The one place for it: bundles in (node/importing.h) and out (node/exporting.h). */
#ifndef GMM_NODE_STEPWISE_H
#define GMM_NODE_STEPWISE_H

#include "node/node.h"

struct call;

/* The head of a command's own struct. Its owner fills step and end. */
struct stepwise {
    struct stepwise *next;
    struct node *node;
    struct call *call;
    bool (*step)(struct stepwise *s); /* a few milliseconds of it; true: it is over. In the call's language */
    void (*end)(struct stepwise *s);  /* answers the call and frees; likewise */
    bool gone;                        /* nobody waits for the answer: no further step */
    bool waits;                       /* for a thread of its own, which says net_touch: no step until then */
    enum gmm_err err;                 /* the first one, and its message */
    struct gmm_msg msg;
};

/* Its turn comes behind those that are under way. It is carried out later where a loop runs (node->net), else before
 * this returns. */
void stepwise_start(struct stepwise *s, struct node *node, struct call *call);
/* A step of the first one. False: none can be done now. */
bool stepwise_slice(struct node *node);
/* The node closes: all of them end. closed: their message where nothing else went wrong. */
void stepwise_close(struct node *node);

#endif
