/* The control socket of a node that runs: people's commands come in, with their files, and are answered (node/rpc.h).
 *
 * It stands in the home with mode 0600, or where gmm.conf says, for a group. Who asks is known from SO_PEERCRED; what
 * that account may do, from [people]. One request a connection; a client that leaves abandons its call.
 */
#ifndef GMM_NODE_CONTROL_H
#define GMM_NODE_CONTROL_H

#include <uv.h>

#include "node/node.h"

struct control;

/* Where it is: the option (NULL: none), else gmm.conf's, else in the home. GMM_ELIMIT. */
enum gmm_err control_path(char out[HOME_PATH_MAX], const char *home, const struct config *config, const char *option,
                          struct gmm_msg *msg);
/* The node holds the home's lock. */
enum gmm_err control_open(struct control **out, struct node *node, uv_loop_t *loop, const char *path,
                          struct gmm_msg *msg);
/* No new clients; those that are here are served. */
void control_stop(struct control *control);
/* Clients that still wait for an answer, or for the rest of one. */
size_t control_busy(const struct control *control);
/* Abandons what is under way; the loop must run once more for the callbacks. NULL is fine. */
void control_close(struct control *control);

#endif
