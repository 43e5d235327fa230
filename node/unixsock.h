/* The control socket's address, whatever the length of its path (sun_path holds 107 bytes, a home's path may be
 * longer). */
#ifndef GMM_NODE_UNIXSOCK_H
#define GMM_NODE_UNIXSOCK_H

#include "keys/error.h"

/* *fd: a connected blocking stream socket. GMM_ENOTFOUND: nobody listens there. GMM_EDENIED: not for this account.
 * GMM_EIO. */
enum gmm_err unixsock_connect(int *fd, const char *path, struct gmm_msg *msg);
/* *fd: a listening non-blocking socket of this mode and group (NULL: our own). One that nobody listens on any more is
 * replaced; the caller makes sure (the home's lock) that nobody is about to. GMM_EBUSY: another process listens there.
 * GMM_EEXISTS: something else has this name. GMM_ENOTFOUND: no such group. GMM_EIO, GMM_EDENIED. */
enum gmm_err unixsock_listen(int *fd, const char *path, unsigned mode, const char *group, struct gmm_msg *msg);
/* Removes the name. */
void unixsock_remove(const char *path);

#endif
