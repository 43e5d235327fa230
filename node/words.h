/* Splits text into the tokens that search compares: folded, and the same for every Unicode form of a text.
 *
 * Folding, a code point at a time: NFKC_Casefold, decomposed (so ligatures, widths and case fold, and what is invisible
 * falls away); nonspacing marks are stripped from Latin, Greek, Cyrillic, Arabic, Hebrew and Syriac letters, and kept,
 * in canonical order, where they spell (vowel signs and tones of Indic scripts, Thai, Khmer, Burmese, Tibetan, Thaana;
 * Japanese voicing); letters of Latin and Arabic that people type in several ways become one; digits become ASCII.
 *
 * Splitting: a word is a stretch of letters, digits and their marks, cut further where ICU's word rules (root locale)
 * say so. Apostrophes, dots and hyphens therefore cut, and "l'homme" is found by "homme". Scripts that are written
 * without spaces (Han, kana, Thai, Lao, Khmer, Burmese, Tibetan) are not cut by a dictionary, which would judge a word
 * by its neighbours: their unit is the cluster, a letter with its marks. A run c1 c2 … cn of clusters takes n
 * positions: in a document  c1 and, at the same position, c1c2; c2 and c2c3; …; cn in a query     c1c2; c2c3; …; and cn
 * only when the run has nothing else, or something follows it so that as a phrase a query finds every word inside a
 * run, wherever it begins. A single line break does not end a run.
 */
#ifndef GMM_NODE_WORDS_H
#define GMM_NODE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum words_mode { WORDS_DOCUMENT, WORDS_QUERY };

/* The longest token in bytes. Of a longer word only the start counts. */
#define WORDS_TOKEN_BYTES 256

struct words_token {
    const char *p; /* UTF-8, not NUL-ended; valid during the call */
    size_t len;
    size_t start, end; /* bytes of the text that it came from, at borders of code points */
    bool colocated;    /* at the position of the token before; else at the next one */
};
/* Anything but 0 ends the scan. */
typedef int words_fn(void *arg, const struct words_token *token);

/* One thread at a time. */
struct words;

/* NULL: out of memory, or ICU lacks its data. */
struct words *words_new(void);
void words_free(struct words *w);
/* Bytes that are not UTF-8 separate words. Gives what ended the scan, or 0. */
int words_scan(struct words *w, enum words_mode mode, const char *text, size_t len, words_fn *fn, void *arg);
/* What a person typed, cut at white space: gives the next stretch from *at on, which moves behind it; false at the end.
 */
bool words_typed(const char *text, size_t len, size_t *at, const char **word, size_t *word_len);

#endif
