/* Translations as msgfmt compiles them (a .mo file, little-endian): read in place, nothing copied.
 *
 * magic u32 0x950412de, revision u32, count u32, offset of the originals u32, offset of the translations u32, …; both
 * tables have a pair (length u32, offset u32) a text; originals ascend by their bytes; each text ends with a NUL. The
 * original of a plural is one NUL many, its translation has its forms in order with a NUL between; a context stands
 * before its original with \004 between.
 */
#ifndef GMM_NODE_CATALOGUE_H
#define GMM_NODE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"

struct catalogue {
    const uint8_t *p;
    size_t len;
    uint32_t count, originals, translations;
};

/* The bytes are borrowed. GMM_EFORMAT: not such a file, something reaches outside of it, or it is not sorted. */
enum gmm_err catalogue_open(struct catalogue *out, const void *bytes, size_t len);
/* The text in the place i < count of the catalogue's order, and what it is in the other language. False: it has none.
 */
bool catalogue_at(const struct catalogue *catalogue, uint32_t i, const char **original, const char **translation);
/* The translation (form 0: the only one, or the first of a plural's; a form that is not there: the last). NULL: none.
 */
const char *catalogue_find(const struct catalogue *catalogue, const char *original, unsigned form);

#endif
