/* Comma-separated values that a spreadsheet opens and does not execute (RFC 4180, UTF-8, every cell quoted).
 *
 * A cell that begins with = + - @ or one of their wide forms would be a formula: it gets an apostrophe in front.
 * Control and bidirectional characters stand as \xNN or \u{NNNN}, as on a terminal. */
#ifndef GMM_NODE_CSV_H
#define GMM_NODE_CSV_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* One cell; text NULL: an empty one. No separator. */
void csv_cell(FILE *out, const char *text);
/* A header line and a line a row, with CR LF: a column's member of each object. Text, numbers; true and false; arrays
 * of texts with spaces between; what is null or missing is empty. */
struct csv_column {
    const char *title, *member; /* "author.office" reaches inside */
};
void csv_table(FILE *out, const json_t *rows, const struct csv_column *columns, size_t count);

#endif
