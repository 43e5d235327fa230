/* A consultation as JSON: the same bytes at every office that holds the same records (cli.md: consult show). */
#ifndef GMM_NODE_CONSULTING_JSON_H
#define GMM_NODE_CONSULTING_JSON_H

#include "node/consulting.h"

/* What `consult show` says; outcome: where consult stands in. NULL: out of memory. */
json_t *consulting_json(struct consulting *c, const struct consults *outcome, const struct consult *consult);
/* One row of `consult list`. */
json_t *consulting_json_row(struct consulting *c, const struct consult *consult);

#endif
