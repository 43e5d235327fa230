/* One attempt to reach an address: the name is resolved, each of its addresses is tried in turn, within one time limit.
 */
#ifndef GMM_NODE_NETDIAL_H
#define GMM_NODE_NETDIAL_H

#include "node/netconn.h"

struct netdial;

/* conn: it stands, and is not yet told to the engine (netconn_start); NULL: it failed (why). Not called after
 * netdial_cancel. */
typedef void netdial_fn(void *arg, struct netconn *conn, const char *why);

/* The answer always comes later. NULL: out of memory, or not "host:port". */
struct netdial *netdial_new(struct net *net, const char *address, netdial_fn *fn, void *arg);
/* Nothing is heard of it any more. NULL is fine. */
void netdial_cancel(struct netdial *dial);
/* Ends what overstays; returns the next time limit (of uv_now), UINT64_MAX: none. */
uint64_t netdial_expire(struct net *net);

/* Splits "host:port" and "[v6]:port"; false when it is neither. Port 0 counts as one. */
bool netdial_split(const char *address, char host[256], char port[8]);

#endif
