/* Many documents and notes in one go, from a table (cli.md: post --batch). All rows are checked before the first is
 * posted.
 *
 * The client drives three hidden commands, because it alone opens files:
 *   post batch-check  {"tsv": file, "to","lang","marking","once"?}
 *                     → {"batch": n, "paths": […], "documents","notes","wide": rows to `all` or above unclassified}
 *   post batch-put    {"batch": n, "first": row, "sizes": [bytes, …], "data": file} → {"ids": […]}
 *                     slices in order: either one row of any size, or several whose bytes stand one after the other in
 *                     the file, each at most BATCH_SMALL_BYTES and together at most BATCH_SLICE_BYTES. Durable when it
 *                     is answered.
 *   post batch-end    {"batch": n}
 * A batch is its person's, and one that nobody went on with for BATCH_IDLE_MS makes room for others.
 */
#ifndef GMM_NODE_BATCH_H
#define GMM_NODE_BATCH_H

#include <jansson.h>

#include "node/node.h"

#define BATCH_TABLE_BYTES (256u << 20)
#define BATCH_SLICE_BYTES (8u << 20)
#define BATCH_SLICE_ROWS 4096u
#define BATCH_SMALL_BYTES (256u << 10) /* what stays in a body: MANIFEST_INLINE_BYTES, LIMIT_NOTE_TEXT */
#define BATCH_OPEN 8u                  /* at once */
#define BATCH_IDLE_MS (15u * 60u * 1000u)

struct batch;
struct batch_options { /* for cells that are empty; NULL: none */
    const char *to, *lang, *marking, *once, *person;
};

/* Takes text (freed with the batch, on failure too), NUL-ended behind len bytes. Errors of a row name its line;
 * GMM_EUSAGE, GMM_ENOTFOUND, GMM_EAMBIGUOUS (choices), GMM_EDENIED, GMM_EEXISTS. */
enum gmm_err batch_check(struct node *node, char *text, size_t len, const struct batch_options *options,
                         struct batch **out, json_t *choices, struct gmm_msg *msg);
void batch_free(struct batch *batch);
size_t batch_rows(const struct batch *batch);
const char *batch_path(const struct batch *batch, size_t row); /* as it stands in the table */
void batch_count(const struct batch *batch, size_t *documents, size_t *notes, size_t *wide);

/* Posts rows first … first + count - 1, durable; ids gets theirs. A row that fails ends the batch: what stood before it
 * is posted, *posted of this slice. */
enum gmm_err batch_put(struct node *node, struct batch *batch, size_t first, const uint64_t *sizes, size_t count,
                       int fd, struct gmm_id *ids, size_t *posted, struct gmm_msg *msg);

/* The batches under way. batch_keep takes it and gives its number; GMM_EBUSY: too many (freed then). */
enum gmm_err batch_keep(struct node *node, struct batch *batch, uint32_t *number);
/* NULL: unknown, or another person's. */
struct batch *batch_find(struct node *node, uint32_t number, const char *person);
void batch_end(struct node *node, struct batch *batch);
void batch_close_all(struct node *node);

#endif
