/* Whom an office dials beside its configured peers: a choice by chance among those whose certificates name addresses,
 * so that a network larger than the connections kept hangs together whoever is down (docs/protocol.md, section 21:
 * Push). */
#ifndef GMM_NODE_NEIGHBOURS_H
#define GMM_NODE_NEIGHBOURS_H

#include "proto/fold.h"

/* Is this office dialled, or connected, already? */
typedef bool neighbours_taken_fn(const void *arg, const struct gmm_id *noise_pk);
/* One office and one of its addresses, each with the same chance. Not our own, none that is not active or whose
 * certificate has expired, of nobody expelled. False: there is none. Both are borrowed from the view. */
bool neighbours_choose(const struct view *view, const struct gmm_id *self, uint64_t now_ms, neighbours_taken_fn *taken,
                       const void *arg, uint64_t random, const struct view_office **office, const char **address);

#endif
