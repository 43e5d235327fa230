/* Who may change what: one function a kind of plain record, in one table (protocol: Authority). Inside of the fold. */
#ifndef GMM_PROTO_AUTHORITY_H
#define GMM_PROTO_AUTHORITY_H

#include "proto/state.h"

/* Judges a record on the state folded so far and, when `apply`, changes the state. GMM_OK; GMM_EDENIED, GMM_EEXISTS,
 * GMM_ELIMIT, GMM_EFORMAT with the rule that refuses in why; GMM_ENOMEM. Types without a function have no effect:
 * GMM_OK. */
enum gmm_err authority_judge(struct state *s, const struct change *change, bool apply, struct gmm_msg *why);
/* True for types that the fold keeps. */
bool authority_knows(uint16_t type);

#endif
