/* Numbered paragraphs of a text, and the same paragraphs in its next version: what notes are anchored to.
 *
 * Paragraphs are parted by empty lines (by_line: by every line end, as text of HTML has it) and before a line that
 * begins with a number and "." or ")". Where two paragraphs or more bear such numbers, rising, these are their numbers
 * and others (headings) have none; else they are counted from 1. */
#ifndef GMM_NODE_PARAGRAPHS_H
#define GMM_NODE_PARAGRAPHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"

struct paragraph {
    uint32_t number;  /* 0: none */
    const char *text; /* borrowed; outer space cut off, its number too */
    size_t len;
    uint64_t hash; /* of its words: space and the case of ASCII letters do not count */
};
struct paragraphs {
    size_t count;
    struct paragraph *list;
};
enum gmm_err paragraphs_split(struct paragraphs *out, const char *text, size_t len, bool by_line);
void paragraphs_close(struct paragraphs *p);

/* One step from the old text to the new: the same paragraph (old and new), a changed one (both, same false), one that
 * is gone or new (the other is PARAGRAPHS_NONE). In the order of the new text, what is gone where it stood. */
#define PARAGRAPHS_NONE SIZE_MAX
struct paragraphs_step {
    size_t old_at, new_at;
    bool same;
};
/* *steps: free. A changed paragraph shares half of its words at least. */
enum gmm_err paragraphs_compare(const struct paragraphs *old_text, const struct paragraphs *new_text,
                                struct paragraphs_step **steps, size_t *count);
/* The old paragraph's place in the new text; PARAGRAPHS_NONE: it is not recognised there. */
size_t paragraphs_follow(const struct paragraphs *old_text, const struct paragraphs_step *steps, size_t count,
                         uint32_t number);

#endif
