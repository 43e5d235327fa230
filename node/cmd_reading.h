/* What the commands that read share: their errors and common options. */
#ifndef GMM_NODE_CMD_READING_H
#define GMM_NODE_CMD_READING_H

#include "node/command.h"
#include "node/read.h"

#define CMD_READING_ROWS 50u /* when --limit does not say */

/* Fails the call, choices stolen; of what is not found, with what shows what there is. */
void cmd_reading_fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices);
/* What a reference names. False: the call has failed. */
bool cmd_reading_find(struct node *node, struct call *call, const char *ref, struct read_found *found);
/* --kind; *type 0: not given. GMM_EUSAGE. */
enum gmm_err cmd_reading_kind(struct call *call, uint16_t *type, struct gmm_msg *msg);
/* --limit; GMM_EUSAGE: 0. */
enum gmm_err cmd_reading_limit(struct call *call, uint32_t otherwise, uint32_t *limit, struct gmm_msg *msg);

#endif
