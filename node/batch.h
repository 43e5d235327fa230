/* Many documents and notes in one go, from a table (cli.md: post --batch). All rows are checked before the first is
 * posted.
 *
 * The client drives three hidden commands, because it alone opens files:
 *   post batch-check  {"tsv": file, "to","lang","marking","once"?}
 *                     → {"batch": n, "paths": […], "documents","notes","wide": rows to `all` or above unclassified,
 *                       "lang_assumed": documents whose language nobody said,"lang": the one that is taken for them}
 *   post batch-put    {"batch": n, "first": row, "sizes": [bytes, …], "data": file} → {"ids": […]}
 *                     slices in order: either one row of any size, or several whose bytes stand one after the other in
 *                     the file, each at most BATCH_SMALL_BYTES and together at most BATCH_SLICE_BYTES. Durable when it
 *                     is answered.
 *   post batch-end    {"batch": n}
 */
#ifndef GMM_NODE_BATCH_H
#define GMM_NODE_BATCH_H

#include <jansson.h>

#include "node/batches.h"

#define BATCH_TABLE_BYTES (256u << 20)

struct batch_options { /* for cells that are empty; NULL: none */
    const char *to, *lang, *marking, *once, *person;
};

/* Takes text (freed with the batch, on failure too), NUL-ended behind len bytes. Errors of a row name its line;
 * GMM_EUSAGE, GMM_ENOTFOUND, GMM_EAMBIGUOUS (choices), GMM_EDENIED, GMM_EEXISTS. */
enum gmm_err batch_check(struct node *node, char *text, size_t len, const struct batch_options *options,
                         struct batch **out, json_t *choices, struct gmm_msg *msg);
void batch_count(const struct batch *batch, size_t *documents, size_t *notes, size_t *wide);
/* Documents of which nobody said the language: the office's is taken. */
size_t batch_assumed(const struct batch *batch);

#endif
