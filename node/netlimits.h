/* The limits of `gmm peer set` (node/peerlimits.h) on sessions: rates while one is open, hours and bytes a day by
 * ending it and by not dialling. Bytes are counted with all that a session carries, both ways. */
#ifndef GMM_NODE_NETLIMITS_H
#define GMM_NODE_NETLIMITS_H

#include "node/net.h"
#include "node/netconn.h"

/* Its session is open: whose limits hold is known. */
void netlimits_opened(struct net *net, struct netconn *conn);
void netlimits_closed(struct net *net, struct netconn *conn);
/* Counts, and ends what may carry no more; when to come again (of uv_now), UINT64_MAX: never. */
uint64_t netlimits_tick(struct net *net);
/* Limits were set: for open sessions too. */
void netlimits_changed(struct net *net);
/* False, with the reason: nothing may be carried now. */
bool netlimits_allow(const struct net *net, const struct gmm_id *noise_pk, char why[128]);

#endif
