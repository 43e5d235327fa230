/* What was erased, as the view shows it (protocol: Erasure). Inside of the fold only; others ask by view_erasure. */
#ifndef GMM_PROTO_ERASURES_H
#define GMM_PROTO_ERASURES_H

#include "proto/state.h"

/* Sorted by (log, seq, id), of each entry the first ERASE in canonical order. *list: free. GMM_ENOMEM. */
enum gmm_err erasures_make(struct view_erasure **list, size_t *count, const struct state *s);

#endif
