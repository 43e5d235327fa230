/* Tables of tab-separated values, UTF-8: the first line names the columns (a "#" before them is ignored), any order,
 * unknown ones ignored. No quoting: a cell holds neither a tab nor a line end. Empty lines are passed over; "\r\n" ends
 * a line too.
 */
#ifndef GMM_NODE_TSV_H
#define GMM_NODE_TSV_H

#include <stdbool.h>
#include <stddef.h>

#include "keys/error.h"

#define TSV_COLUMNS 64u /* in a table */

struct tsv {
    char *at;    /* into the text; NUL-ended cells are made there */
    size_t line; /* of the row read last, from 1 */
    size_t column_count;
    size_t wanted_count;
    int wanted[TSV_COLUMNS]; /* of each column: its place among the names; -1: ignored */
};

/* text: NUL-ended, changed, must outlive t and the cells. Reads the first line. GMM_EUSAGE with the line: not UTF-8, a
 * NUL inside, no line, a column twice, too many columns. has (may be NULL): name_count flags of the columns there are.
 */
enum gmm_err tsv_open(struct tsv *t, char *text, size_t len, const char *const *names, size_t name_count, bool *has,
                      struct gmm_msg *msg);
/* The next row's cells by the names of tsv_open, "" where there is none. *more false: the table has ended. GMM_EUSAGE:
 * more cells than columns. */
enum gmm_err tsv_next(struct tsv *t, char **cells, bool *more, struct gmm_msg *msg);

#endif
