/* Relays of a group: offices outside of it that store and forward what they cannot open (docs/protocol.md, Relays). */
#ifndef GMM_NODE_RELAYS_H
#define GMM_NODE_RELAYS_H

#include <jansson.h>

#include "node/node.h"

/* Names an office ("PARTICIPANT/OFFICE") as a relay of the group, or takes it back; durable. GMM_EUSAGE: not so
 * written; GMM_ENOTFOUND: unknown, or no relay; GMM_EEXISTS: it is one already; GMM_EDENIED: the rule that refuses, in
 * msg. */
enum gmm_err relays_change(struct node *node, const struct gmm_id *gid, const char *office, bool on,
                           struct gmm_msg *msg);
/* {"participant","office","relays"} of each office that is named; relays: false: it lacks the role, or is not active.
 * New reference; NULL: no memory. */
json_t *relays_json(const struct view *view, const struct view_group *group);
/* Offices that are connected and forward what we and that office share; "PARTICIPANT/OFFICE" each. No session with it
 * is needed then. connected: sign_pks of sessions. New reference; NULL: no memory. */
json_t *relays_between(struct node *node, const struct view_office *office, const struct gmm_id *connected,
                       size_t count);

/* Tells the engine the chunks that it asks for (proto/offers.h, proto/relayed.h), and the log which groups' room is
 * used up. No step is under way. */
void relays_settle(struct node *node);
/* How many groups that this office relays have no room for further attachments now. */
size_t relays_full(struct node *node);
/* {"bytes","most","full"}: what is kept of a group's chunks for others. New reference; NULL: this office does not relay
 * it. */
json_t *relays_kept(struct node *node, const struct gmm_id *gid);

#endif
