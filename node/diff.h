/* The shortest way from one sequence to another (Myers), of hashes: paragraphs, words. */
#ifndef GMM_NODE_DIFF_H
#define GMM_NODE_DIFF_H

#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"

enum diff_kind { DIFF_SAME, DIFF_OLD, DIFF_NEW };
struct diff_run {
    enum diff_kind kind;
    size_t count;
};
/* *runs: free. Sequences that differ in more than 4,000 places are all old, then all new, between their equal ends. */
enum gmm_err diff_make(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count, struct diff_run **runs,
                       size_t *count);

/* Words of a text, cut at space; scripts without spaces by character. */
struct diff_words {
    size_t count;
    uint64_t *hashes;
    struct diff_word {
        const char *text; /* with the space behind it; borrowed */
        size_t len;
    } * list;
};
enum gmm_err diff_words_make(struct diff_words *out, const char *text, size_t len);
void diff_words_close(struct diff_words *w);

#endif
