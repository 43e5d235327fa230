/* What roster and role show alike: events of the past, and who reads in the groups that a change touches. */
#ifndef GMM_NODE_CMD_HISTORY_H
#define GMM_NODE_CMD_HISTORY_H

#include <jansson.h>

#include "node/node.h"
#include "node/render.h"

/* In canonical order, so the same on every node that holds the same records. roles: of chair and leads; else of the
 * roster. New reference. */
json_t *cmd_history_json(const struct view *view, bool roles);
void cmd_history_render(const json_t *result, struct render *out);
/* all, the thematic groups, and the circles of ours that the participant is or was in: {"name","members","offices",
 * "member"}. New reference. */
json_t *cmd_history_groups_json(struct node *node, const struct gmm_id *pid);

#endif
