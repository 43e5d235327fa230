/* Join connections of ours: a newcomer's request on its way to the inviter. */
#ifndef GMM_NODE_NETJOIN_H
#define GMM_NODE_NETJOIN_H

#include "node/net.h"
#include "node/netconn.h"

enum gmm_err netjoin_dial(struct net *net, const char *address, const struct gmm_id *noise_pk, const void *request,
                          size_t len);
size_t netjoin_list(const struct net *net, struct net_join *out, size_t max);
void netjoin_closed(struct net *net, const struct netconn *conn);
void netjoin_close_all(struct net *net);

#endif
