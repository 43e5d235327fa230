/* Chair and roster as a view of some date has them, for auditors' reports. */
#ifndef GMM_NODE_PAST_H
#define GMM_NODE_PAST_H

#include <jansson.h>

#include "node/node.h"

/* {"participant","term"}. NULL: out of memory. */
json_t *past_chair(const struct view *view);
/* [{"participant","name","status","chair"}], by id. */
json_t *past_roster(const struct view *view);
/* What this home holds of the time up to ms: {"time","chair","roster","entries","void","documents"}; entries with a
 * time up to then, those of them without effect by all that is known now, and documents with effect. GMM_ESTATE: the
 * keys are closed, or there was no network yet; GMM_ENOMEM, errors of the store. */
enum gmm_err past_report(struct node *node, uint64_t ms, json_t **report, struct gmm_msg *msg);

#endif
