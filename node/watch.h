/* Who listens to what happens (cli.md: watch): each event a JSON line {"event","id","kind","group","time",…}. */
#ifndef GMM_NODE_WATCH_H
#define GMM_NODE_WATCH_H

#include "node/node.h"

struct call;

/* The call gets every event from now on, and first what came after `after` (NULL: nothing), until its client leaves or
 * the node closes. Answers the call itself when it cannot: GMM_ENOTFOUND for an unknown `after`. */
void watch_start(struct node *node, struct call *call, const struct gmm_id *after);
/* Something was put into the catalogue. "posted": by this office; "arrived": by another. */
void watch_emit(struct node *node, const struct projection_item *item);
/* "erased": an entry was hidden here, for its ERASE came; {"event","id","entry" (of the ERASE),"group","time","author"
 * (who erased it)}. Told once, and not again by `after`. */
void watch_erased(struct node *node, const struct view_erasure *erasure);
/* Ends every call that listens. */
void watch_close(struct node *node);

#endif
