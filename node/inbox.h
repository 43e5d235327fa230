/* What awaits this office (product story 2): deadlines first, then what was not read here, answers to ours, what is
 * ours to clear and to release. What was read is known to this office alone. */
#ifndef GMM_NODE_INBOX_H
#define GMM_NODE_INBOX_H

#include <jansson.h>

#include "node/node.h"

/* [{"what","id","document","symbol","title","from","time","deadline","count","next"}]; next: the command to type, in
 * capitals what a person chooses; what: deadline, unread, answer,
 * disposition, notes (count of them on a document of ours), clear, release. At most `limit` of unread, answers and
 * dispositions each. NULL: *err. */
json_t *inbox_rows(struct node *node, size_t limit, enum gmm_err *err);
/* It was shown to somebody here. Never fails: a read-only home does not know it next time. */
void inbox_read(struct node *node, const struct gmm_id *id);
/* So was all that is said of these documents. */
void inbox_read_about(struct node *node, const struct gmm_id *documents, size_t count);

#endif
