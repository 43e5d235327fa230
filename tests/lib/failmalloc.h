/* Fault injection for allocations (after nghttp2's failmalloc): the tests are linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc.
 *
 *   for (long i = 0;; i++) { failmalloc_at(i); err = decode(…); if (!failmalloc_off()) break; assert(err ==
 * GMM_ENOMEM); }
 */
#ifndef GMM_TESTS_FAILMALLOC_H
#define GMM_TESTS_FAILMALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The allocation with this index (from 0), counted from now on in this thread, returns NULL. */
void failmalloc_at(long index);
/* Counts allocations and bytes without failing any. */
void failmalloc_count(void);
/* Ends it; true when an allocation was made to fail. */
bool failmalloc_off(void);
/* Since failmalloc_at or _count: calls, bytes asked for, largest single request. */
long failmalloc_calls(void);
size_t failmalloc_bytes(void);
size_t failmalloc_largest(void);

#endif
