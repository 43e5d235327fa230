/* The client's end of the control socket: blocking, one call a connection. */
#ifndef GMM_NODE_REMOTE_H
#define GMM_NODE_REMOTE_H

#include <jansson.h>

#include "keys/bytes.h"

struct remote;

/* Connects and waits for the greeting. GMM_ENOTFOUND: no daemon is there (or it just went): nothing was sent.
 * GMM_EVERSION: it runs another version. GMM_EDENIED: this account may not. GMM_ETIMEOUT: it does not answer. GMM_EIO.
 */
enum gmm_err remote_open(struct remote **out, const char *path, struct gmm_msg *msg);
void remote_close(struct remote *remote);

typedef void remote_event_fn(void *arg, json_t *event);
/* Sends the request and waits for its answer. *error, *result: new references or NULL, as rpc.h says. GMM_ENOTFOUND:
 * the daemon went before it had the whole request, which it therefore did not carry out. GMM_ECLOSED: it went after
 * that, the outcome is unknown. GMM_EFORMAT, GMM_ELIMIT, GMM_ENOMEM. */
enum gmm_err remote_call(struct remote *remote, const char *command, const json_t *args, const int *fds,
                         unsigned fd_count, remote_event_fn *on_event, void *arg, json_t **error, json_t **result);

#endif
