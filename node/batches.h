/* Batches under way (node/batch.h): a batch is its person's, and one that nobody went on with for BATCH_IDLE_MS makes
 * room for others. */
#ifndef GMM_NODE_BATCHES_H
#define GMM_NODE_BATCHES_H

#include "node/node.h"

#define BATCH_OPEN 8u /* at once */
#define BATCH_IDLE_MS (15u * 60u * 1000u)

struct batch;

void batches_free(struct batch *batch);
size_t batches_rows(const struct batch *batch);
const char *batches_path(const struct batch *batch, size_t row); /* as it stands in the table */

/* The batches under way. batches_keep takes it and gives its number; GMM_EBUSY: too many (freed then). */
enum gmm_err batches_keep(struct node *node, struct batch *batch, uint32_t *number);
/* NULL: unknown, or another person's. */
struct batch *batches_find(struct node *node, uint32_t number, const char *person);
void batches_end(struct node *node, struct batch *batch);
void batches_close_all(struct node *node);

#endif
