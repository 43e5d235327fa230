/* The dialling policy over the table of peers: whom to dial, when again, and which office an address belongs to.
 *
 * A bound address is dialled for its office. An unbound one tries the offices we know in turn, the chair's first, and
 * is bound to the one that answers; so does a bound one whose office does not answer there any more. An office that is
 * connected already, whoever dialled, is not dialled. */
#ifndef GMM_NODE_PEERS_H
#define GMM_NODE_PEERS_H

#include "node/net.h"
#include "node/netconn.h"

struct peers;

struct peers *peers_new(struct net *net); /* NULL: out of memory */
void peers_free(struct peers *peers);
void peers_dial(struct peers *peers, bool keep_trying);
bool peers_dialled(const struct peers *peers);
bool peers_dialling(const struct peers *peers);
/* Dials what is due; returns when to come again (of uv_now), UINT64_MAX: never. */
uint64_t peers_tick(struct peers *peers);
void peers_opened(struct net *net, struct netconn *conn); /* its session is open */
void peers_closed(struct net *net, struct netconn *conn);
size_t peers_list(const struct peers *peers, struct net_peer *out, size_t max);

#endif
