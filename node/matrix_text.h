/* The matrix for spreadsheets, browsers and editors. */
#ifndef GMM_NODE_MATRIX_TEXT_H
#define GMM_NODE_MATRIX_TEXT_H

#include <jansson.h>

#include "keys/bytes.h"

/* Comma-separated, UTF-8, a header line, quoted where needed. A cell whose first character a spreadsheet would take for
 * a formula (= + - @, also full-width, tab, carriage return) stands behind an apostrophe, as does one that begins with
 * an apostrophe itself. Failures are the buffer's. */
void matrix_text_csv(struct buffer *out, const json_t *rows);
/* A page of its own: no script, nothing loaded; title and marking above the table. */
void matrix_text_html(struct buffer *out, const json_t *rows, const char *title, const char *marking);
void matrix_text_md(struct buffer *out, const json_t *rows, const char *title, const char *marking);

/* The cells of one such file. Separator: comma, semicolon or tab, whichever the first line has most of; the apostrophe
 * before a formula's character is taken off again. {"name": "cell"} a row. NULL: *err GMM_ENOMEM, or GMM_EFORMAT with
 * the line. */
json_t *matrix_text_read_csv(const char *text, size_t len, enum gmm_err *err, struct gmm_msg *msg);

#endif
