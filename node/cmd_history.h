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
/* all, the thematic groups, and the circles of ours that the participant is or was in, our own `internal` too:
 * {"name","id","members","offices","member"}. New reference. */
json_t *cmd_history_groups_json(struct node *node, const struct gmm_id *pid);
/* Every group that is shown here, in the same form: for cmd_history_changed_json. New reference. */
json_t *cmd_history_all_json(struct node *node);
/* As cmd_history_groups_json, each with "before": {"members","offices"} of an earlier cmd_history_all_json, which is
 * taken. New reference. */
json_t *cmd_history_changed_json(struct node *node, const struct gmm_id *pid, json_t *before);
/* Of such an array: two lines a group, who could read and who can. */
void cmd_history_changed_render(const json_t *groups, struct render *out);
/* One line of {"members","offices"}: `when`, how many offices, which participants. */
void cmd_history_readers_render(struct render *out, const char *when, const json_t *group);
/* What waits for support. */
struct view_proposal;
json_t *cmd_history_proposal_json(const struct view *view, const struct view_proposal *p);
/* False: result has no "waits", or null: nothing is written. */
bool cmd_history_waits_render(const json_t *result, struct render *out);

#endif
