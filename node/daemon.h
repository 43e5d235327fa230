/* `gmm run`: a node in the foreground, with its network and its control socket. */
#ifndef GMM_NODE_DAEMON_H
#define GMM_NODE_DAEMON_H

#include "node/call.h"

struct client;

/* Answers the call when the daemon has stopped. Once it accepts peers, one line goes to standard output for each
 * listener: "listening on HOST:PORT" ("ready" with --no-listen). */
void daemon_run(struct client *client, struct call *call);

#endif
