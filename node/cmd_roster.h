/* Handlers of roster and office, for the table in node/cmd_joining.c. */
#ifndef GMM_NODE_CMD_ROSTER_H
#define GMM_NODE_CMD_ROSTER_H

#include "keys/id.h"
#include "node/command.h"

void cmd_roster_list(struct node *node, struct call *call);
void cmd_roster_list_render(const json_t *result, struct render *out);
/* A participant as `roster list` shows it. */
struct view;
struct view_participant;
json_t *cmd_roster_participant_json(const struct view *view, const struct view_participant *p);
/* All of a view's, by id. NULL: out of memory. */
json_t *cmd_roster_participants_json(const struct view *view);
void cmd_roster_add(struct node *node, struct call *call);
/* On a terminal: shows the fingerprint and asks. */
void cmd_roster_add_local(struct client *client, struct call *call);
/* Hands on the request that the call's id or card, and fingerprint name; the call is answered when there is none such,
 * and when its newcomer takes part already: with the welcome file if that is asked for. */
struct requests_judged;
typedef void cmd_roster_take_fn(struct node *node, struct call *call, const void *bytes, size_t len,
                                const struct requests_judged *judged);
void cmd_roster_with_request(struct node *node, struct call *call, cmd_roster_take_fn *take);
void cmd_roster_add_render(const json_t *result, struct render *out);
/* {"participant","office","name","kind","person","fingerprint"} of the request that add would take. */
void cmd_roster_look(struct node *node, struct call *call);
/* An office as `office list` shows it; NULL: unknown, or out of memory. */
json_t *cmd_roster_office_json(struct node *node, const struct gmm_id *sign_pk);
void cmd_roster_offices(struct node *node, struct call *call);
void cmd_roster_offices_render(const json_t *result, struct render *out);
void cmd_roster_office_add(struct node *node, struct call *call);
void cmd_roster_office_add_local(struct client *client, struct call *call);
void cmd_roster_office_add_render(const json_t *result, struct render *out);

#endif
