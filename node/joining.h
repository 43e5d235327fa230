/* The newcomer's way, both ends (cli.md: Founding and joining): what the node does with a join request that came over the
 * network, and with the answer to its own. */
#ifndef GMM_NODE_JOINING_H
#define GMM_NODE_JOINING_H

#include "node/node.h"

/* At the inviter: a request came on this connection. Checked, kept, answered (ENGINE_JOIN_ANSWER). */
void joining_request(struct node *node, uint32_t conn, const uint8_t *bytes, size_t len);
/* At the newcomer: the JOIN_ANSWER payload. */
void joining_answered(struct node *node, uint32_t conn, const uint8_t *bytes, size_t len);
/* A home that waits for its admission asks again under its invite (run, sync). */
void joining_ask_again(struct node *node);

#endif
