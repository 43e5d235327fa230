/* Logs of which two branches were signed, for people (protocol: Forks): `gmm log --forks`, warnings of `gmm status`. */
#ifndef GMM_NODE_FORKS_REPORT_H
#define GMM_NODE_FORKS_REPORT_H

#include <jansson.h>

#include "node/node.h"

/* [{"participant","office","node","group","instance","parts_at","stands_to","held","proofs","ours"}]: entries from
 * parts_at on stand in two versions; those before stands_to have effect (what others anchored may lie behind parts_at);
 * held: how many this home has. NULL: no memory, or no view. */
json_t *forks_report_rows(struct node *node);
/* Appends sentences: what an office that forked by accident does next; whose else logs are forked. */
void forks_report_warn(struct node *node, json_t *warnings);

#endif
