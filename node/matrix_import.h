/* The coordinator's filled matrix comes back: dispositions from its table. */
#ifndef GMM_NODE_MATRIX_IMPORT_H
#define GMM_NODE_MATRIX_IMPORT_H

#include "node/consulting.h"

/* All rows are checked before the first disposition is posted; then all are posted or none. Columns `id` (64 digits or
 * a unique beginning), `disposition`, `reason`; others are passed over, as are rows without a disposition or with the
 * one that stands. {"rows","posted","unchanged"}. NULL: *err, msg names the row. */
json_t *matrix_import(struct node *node, const char *text, size_t len, const char *person, enum gmm_err *err,
                      struct gmm_msg *msg);

#endif
