/* Things that are made one after the other, by a thread that goes ahead of the one that uses them: packing the next
 * documents while one is sealed, reading the next files while some are posted.
 *
 * One thread takes, in order. What nobody has begun when it is asked for the taker makes itself (AHEAD_BOTH); without a
 * thread (the system gives none) that is everything. */
#ifndef GMM_NODE_AHEAD_H
#define GMM_NODE_AHEAD_H

#include <stddef.h>

#include "keys/error.h"

struct ahead;

/* Makes item `at`. */
typedef void ahead_make_fn(void *arg, size_t at);

enum ahead_how {
    AHEAD_BOTH, /* two items may be made at once: they share nothing that either changes */
    AHEAD_ALONE /* one after the other: each may go on where the one before it ended */
};
/* Items 0 … count - 1. window: at most so many are made and not taken. GMM_ENOMEM. */
enum gmm_err ahead_new(struct ahead **out, size_t count, size_t window, enum ahead_how how, ahead_make_fn *make,
                       void *arg);
/* The next item is made when this returns; there must be one. Until the next ahead_take it is the caller's. */
void ahead_take(struct ahead *ahead);
/* Waits for the item under way; what was not taken stays as it is. */
void ahead_free(struct ahead *ahead);

#endif
