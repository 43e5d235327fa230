/* Lines of the catalogue for records of consultations, practices and care: what `list`, `inbox`, `matrix` and the
 * outcome of a consultation are found by. Used by node/project.c only. */
#ifndef GMM_NODE_PROJECT_ITEM_H
#define GMM_NODE_PROJECT_ITEM_H

#include "node/projection.h"

/* A record of one of these types has a line: CONSULT (position: its action), DISPOSITION (position: as; parent: the
 * note), RELEASE, RECEIPT (position 1: opened), CLEAR (parent: what is cleared), PRACTICE (para: theme, version: level,
 * name: country), MARK, RETAIN (bytes: ms until). */
bool project_item_is(uint16_t type);
/* title, text: what search finds it by is appended (NULL: not wanted). GMM_EFORMAT, GMM_ELIMIT, GMM_ENOMEM;
 * projection_item_close in any case. */
enum gmm_err project_item_make(struct projection_item *item, const struct header *h, const struct gmm_id *id,
                               const uint8_t *plain, size_t len, struct buffer *title, struct buffer *text);

#endif
