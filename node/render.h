/* Text for people: lines, tables that fit the width, other people's text made harmless.
 *
 * Whatever came from others is shown escaped: C0, C1, DEL, bidirectional controls, zero-width and other format
 * characters, line and paragraph separators and invalid UTF-8 become \xNN or \u{NNNN}; the text's own letters, also
 * right to left, stay.
 */
#ifndef GMM_NODE_RENDER_H
#define GMM_NODE_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "keys/error.h"

struct render {
    FILE *out;
    unsigned width; /* columns; 0: not a terminal, do not cut */
    bool colour;
};

/* A code point that a terminal might act on, or hide. */
bool render_is_harmful(int32_t code_point);
/* Writes text made harmless. */
void render_text(struct render *r, const char *text);
void render_text_n(FILE *out, const char *text, size_t len);
/* The same over several lines: line ends stay, each line is indented by so many columns and ended. */
void render_block(struct render *r, unsigned indent, const char *text);
/* The first letter of a text as a capital, and how many bytes of the text it stands for; 0: it is no small letter. */
size_t render_capital(char out[8], const char *text);
/* A whole line of our own text, translated: printf and a line end; use render_text for what others wrote. */
void render_line(struct render *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "label: text", the label translated, the text made harmless, and a line end; nothing for NULL. */
void render_field(struct render *r, const char *label, const char *text);
/* The same for one of the program's own words ("admitted"), shown as lang_word does. */
void render_word(struct render *r, const char *label, const char *word);
/* A table from a JSON array of objects: for each column a title (translated) and a member name ("author.participant"
 * reaches inside; "time:…" shows an RFC 3339 time as "2014-03-14 16:00 UTC", "when:…" as render_time does, but null is
 * "-" there, "id:…" shortens an id, "word:…" is one of the program's own words, shown as lang_word does); cells are
 * made harmless and cut to fit; numbers stand to the right; null is "-". */
struct render_column {
    const char *title, *member;
    unsigned max; /* columns at most; 0: as wide as needed */
};
#define RENDER_COLUMNS 16
void render_table(struct render *r, const json_t *rows, const struct render_column *columns, size_t count);
/* "2014-03-14 16:00 UTC" from RFC 3339, with the reader's own time beside it where that says more, "2014-03-14 16:00
 * UTC (14 mars 2014, 17:00)", or "never" from null; no line end. */
void render_time(struct render *r, const json_t *time);
/* 64 hex digits cut to 12 for tables. */
const char *render_short_id(const char *hex, char out[16]);
/* Columns that the text takes on a terminal once made harmless. */
size_t render_width(const char *text);

/* RFC 3339 UTC from ms ("2026-11-24T17:00:00Z"; with .mmm unless zero); JSON null for 0. */
json_t *render_json_time(uint64_t ms);
/* A JSON string; bytes that are not UTF-8 become \xNN. NULL: out of memory. */
json_t *render_json_text(const char *text);
/* One JSON document and a line end: compact, keys sorted; what could mislead a terminal stands as \uNNNN, which is the
 * same JSON. GMM_ENOMEM; GMM_EIO: out refused it. */
enum gmm_err render_json(FILE *out, const json_t *value);

#endif
