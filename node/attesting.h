/* What others' records say of a consultation's texts and objections (product: Domain rules; protocol: Consultations):
 * since when which participant holds a text, and since when somebody else attests that an objection existed. */
#ifndef GMM_NODE_ATTESTING_H
#define GMM_NODE_ATTESTING_H

#include "node/consulting.h"

/* Sets witnessed_ms of the facts gathered: of all that another participant answered, and of objections by anchors too.
 * Fills the holdings. GMM_ENOMEM, and errors of the store. */
enum gmm_err attesting_fill(struct consulting *c);

#endif
