/* The FTS5 tokenizer "gmm": the words of node/words.h, each replaced by 16 characters (base64url of the first 12 bytes
 * of K(node secret, token, word)), so that an index on disk holds no plaintext word and cannot be searched without the
 * key.
 *
 *   CREATE VIRTUAL TABLE t USING fts5(title, text, content='', tokenize='gmm')
 *
 * Equal words give equal tokens under one key: a thief learns their frequencies, not the words. What FTS5 counts (bm25)
 * and its phrases work as on words; its prefix queries, and detail=none, do not.
 */
#ifndef GMM_NODE_TOKENIZER_H
#define GMM_NODE_TOKENIZER_H

#include "keys/bytes.h"

struct sqlite3;

#define TOKENIZER_QUERY_WORDS 64u
#define TOKENIZER_SNIPPET_CHARS 160u

/* Registers "gmm" with this connection. The key is copied into guarded memory (keys/secret.h: on the thread that owns
 * it, where the connection is closed as well). *out: borrowed from the connection; may be NULL. GMM_ENOMEM; GMM_ESTATE:
 * an SQLite without FTS5, or an ICU without its data. */
struct tokenizer;
enum gmm_err tokenizer_register(struct sqlite3 *db, const uint8_t key[32], struct tokenizer **out);

/* A row's tokens, made before it is written: another thread may do that while the connection's writes the row before.
 */
struct tokenizer_row {
    const char *texts[2]; /* by column, UTF-8 */
    size_t lens[2];
    struct buffer tokens[2]; /* tokenizer_make's; buffer_close */
};
/* Makes tokens; one thread at a time. Not after the connection is closed. NULL: out of memory. */
struct tokenizer_maker *tokenizer_maker_new(struct tokenizer *t);
void tokenizer_maker_free(struct tokenizer_maker *maker);
/* Of every text that is not empty. A buffer that failed says so: that text is cut when it is written. */
void tokenizer_make(struct tokenizer_maker *maker, struct tokenizer_row *row);
/* What the next row that is written has, until NULL is set. */
void tokenizer_use(struct tokenizer *t, const struct tokenizer_row *row);
/* Changes when the same text may give other tokens (our rules, or ICU's version): an index made under another one is
 * rebuilt. Static storage. */
const char *tokenizer_version(void);

/* Appends an FTS5 expression for what a person typed: every word (between white space) a quoted phrase, all of them
 * wanted. No character has a meaning of its own. GMM_EUSAGE: no letter or digit in it; GMM_ELIMIT: more than
 * TOKENIZER_QUERY_WORDS words; GMM_ENOMEM. On failure out is as it was. */
enum gmm_err tokenizer_query(struct buffer *out, const char *words);

/* Appends a stretch of at most max_chars characters (code points) of text around the first match of any word of
 * `words`, or its beginning where none matches; "…" stands for what is left out at either end, beyond max_chars. Cut
 * between words where it can be, never between a letter and its marks. White space and control characters become one
 * space; marks of writing direction that would reach beyond the snippet are dropped; bytes that are not UTF-8 show as
 * U+FFFD. Plaintext: close out with buffer_close_wiped. GMM_ENOMEM, or the buffer's failure. */
enum gmm_err tokenizer_snippet(struct buffer *out, const char *text, size_t len, const char *words, size_t max_chars);

#endif
