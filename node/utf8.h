/* UTF-8, a code point at a time. */
#ifndef GMM_NODE_UTF8_H
#define GMM_NODE_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_BYTES_MAX 4

/* Gives the code point at text[*at] and moves *at behind it. For what is not UTF-8: -1, and one byte further. *at <
 * len. */
int32_t utf8_next(const char *text, size_t len, size_t *at);
/* Writes a code point (at most U+10FFFF), gives its length. */
size_t utf8_put(char out[UTF8_BYTES_MAX], int32_t c);

#endif
