/* Logs under consultation (protocol: Who anchors, and when): the node tells its engine of them, which anchors what
 * comes in these within 60 s and not once a day: that an objection was in time is attested by others' anchors.
 *
 * Of a consultation that is not closed nor adopted, in its document's group: the logs of all who posted a text of its
 * symbol, a record of the consultation, a position or a receipt there. Only while the daemon runs: a command alone
 * anchors nothing later.
 */
#ifndef GMM_NODE_URGENCY_H
#define GMM_NODE_URGENCY_H

#include "node/node.h"

/* A line was taken into the catalogue: its log may be under consultation now. */
void urgency_note(struct node *node, const struct projection_item *item);
/* The roster or the engine changed. */
void urgency_again(struct node *node);
/* Looks, when anything of that happened or the node was just opened, and tells the engine. No step is under way. */
void urgency_settle(struct node *node);
void urgency_close(struct node *node);

#endif
