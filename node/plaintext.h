/* The words in a document's bytes, for the index and for snippets: plain text, Markdown, CSV as they stand, HTML
 * without its markup. Other formats give none. */
#ifndef GMM_NODE_PLAINTEXT_H
#define GMM_NODE_PLAINTEXT_H

#include "keys/bytes.h"

#define PLAINTEXT_MAX (1u << 20) /* of longer content nothing is indexed */

/* UTF-8 without NUL, at most PLAINTEXT_MAX bytes. */
bool plaintext_is_text(const void *bytes, size_t len);
/* By the ending of the posted file's name (may be NULL), or by how the text begins. */
bool plaintext_is_html(const char *name, const void *bytes, size_t len);
/* Appends the text of content; name (may be NULL) is the posted file's, whose ending tells HTML. Nothing is appended
 * when it is no text. GMM_ENOMEM or the buffer's failure. */
enum gmm_err plaintext_append(struct buffer *out, const char *name, const void *bytes, size_t len);

#endif
