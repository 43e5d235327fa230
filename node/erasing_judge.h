/* May this entry be erased? The one place where it is decided, on the entry itself: by whoever writes an ERASE and by
 * every office that gets one (protocol: Erasure).
 *
 * Who may is in the view already (the fold has judged the plain record). What the entry is, whether the outcome of a
 * consultation rests on it, and whether its originator keeps it, only its own header, body and the sealed records of
 * its group tell.
 */
#ifndef GMM_NODE_ERASING_JUDGE_H
#define GMM_NODE_ERASING_JUDGE_H

#include "node/node.h"

/* entry: with its body, hidden or not (store_load_hidden). GMM_OK; GMM_EDENIED, GMM_EFORMAT (it is not what the ERASE
 * names): msg says why; GMM_EUNKNOWN: a body is here that does not open yet, and must be read first. */
enum gmm_err erasing_judge(struct node *node, const struct view_erasure *e, const struct store_entry *entry,
                           struct gmm_msg *msg);

#endif
