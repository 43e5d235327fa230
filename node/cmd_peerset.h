/* `peer set`, and what `peer list` shows of limits and of what comes through a peer. */
#ifndef GMM_NODE_CMD_PEERSET_H
#define GMM_NODE_CMD_PEERSET_H

#include <jansson.h>

#include "node/node.h"

/* Adds to a peer's object "limits": null, or {"rate_out","rate_in" (bytes a second, null: no
 * limit),"window":[…],"quota","used" (bytes today),"metered"}; and "brings": the offices, PARTICIPANT/OFFICE, whose
 * entries came through it last, since the node was started. office NULL: not known whose it is. */
void cmd_peerset_describe(struct node *node, const struct view_office *office, json_t *peer);

#endif
