/* post --batch: its hidden steps (node/batch.h), and the client that drives them; for the table in node/cmd_posting.c.
 */
#ifndef GMM_NODE_CMD_BATCH_H
#define GMM_NODE_CMD_BATCH_H

#include "node/command.h"

void cmd_batch_check(struct node *node, struct call *call);
void cmd_batch_put(struct node *node, struct call *call);
void cmd_batch_end(struct node *node, struct call *call);
/* Drives a batch from the client: opens the table's files, hands their bytes over in slices, answers with
 * [{"id","path"}, …] or, for --dry-run, {"documents","notes","lang_assumed"}. */
void cmd_batch_local(struct client *client, struct call *call);

#endif
