/* A command in its own process, where no daemon runs: on a node that it opened itself. */
#ifndef GMM_NODE_LOOP_H
#define GMM_NODE_LOOP_H

#include "node/node.h"

struct call;

/* Dispatches the call and waits for its answer (*answered is set by whoever hears it). For a COMMAND_NETWORK or
 * COMMAND_STREAM command the network is opened, and where the handler does not answer at once the loop runs, peers are
 * dialled once, and the control socket at this path serves others meanwhile. SIGINT and SIGTERM abandon the call
 * (*answered stays false). */
enum gmm_err loop_call(struct node *node, const char *control_path, struct call *call, const bool *answered,
                       struct gmm_msg *msg);

#endif
