/* Receipts (product story 7): that an office holds a text, and that it was opened there.
 *
 * `stored` follows from anchors and sisters' reports (proto/stored.h); of a text that is consulted on it is said once
 * by an office when it holds both a text and a consultation on it; `opened` when somebody first gets the text, unless
 * gmm.conf forbids it. Neither is said of what our own participant posted. A receipt that cannot be posted now
 * (suspended, read only, no right to post) is not: it is a help to others, nothing that reading may wait for. */
#ifndef GMM_NODE_RECEIPTS_H
#define GMM_NODE_RECEIPTS_H

#include <jansson.h>

#include "node/node.h"

/* A document or a CONSULT was taken into the catalogue: a receipt may be due. */
void receipts_owe(struct node *node, const struct projection_item *item);
/* Posts those that are due. When no step is under way. */
void receipts_settle(struct node *node);
void receipts_close(struct node *node);
/* Somebody opened it here. */
void receipts_opened(struct node *node, const struct projection_item *document, const char *person);
/* [{"participant","office","stored","opened","heard"}]: every office that the group of these texts has now; heard: when
 * it was last connected to this one. NULL: no memory. */
json_t *receipts_json(struct node *node, const struct gmm_id *gid, const struct gmm_id *texts, size_t count);

#endif
