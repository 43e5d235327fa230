/* From a call to its command's handler: the one way in, for the control socket and in-process alike. */
#ifndef GMM_NODE_DISPATCH_H
#define GMM_NODE_DISPATCH_H

#include "node/node.h"

struct call;

/* Finds the command, checks arguments, rights, --read-only and whether the home is in a network, then runs the handler.
 * The call is answered when it cannot run. */
void dispatch_call(struct node *node, struct call *call);

#endif
