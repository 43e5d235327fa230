/* What the cells of a table refer to: audiences, rows of the table, entries that are held. */
#ifndef GMM_NODE_BATCH_REFS_H
#define GMM_NODE_BATCH_REFS_H

#include "node/batch_state.h"

/* The audience that --to's words name, once for all rows that name it so. */
enum gmm_err batch_refs_audience(struct batch_checking *c, const char *to, uint32_t *index);
/* A row by its id in the table, a symbol of the table, or an entry that is held. */
enum gmm_err batch_refs_find(struct batch_checking *c, const char *text, struct batch_ref *out);
enum gmm_err batch_refs_hold(struct batch_checking *c, const char *text, struct batch_ref *out);
struct batch_entry batch_refs_entry(const struct batch *batch, struct batch_ref ref);
/* The entry's id, once it is posted. */
const struct gmm_id *batch_refs_id(const struct batch *batch, struct batch_ref ref);

#endif
