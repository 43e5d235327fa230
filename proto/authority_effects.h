/* What records about the roster do when they take effect, by one signature or by many: GMM_OK, GMM_ENOMEM. What cannot
 * be any more (somebody else has the name, the subject is expelled already) is passed over. Inside of the fold only. */
#ifndef GMM_PROTO_AUTHORITY_EFFECTS_H
#define GMM_PROTO_AUTHORITY_EFFECTS_H

#include "proto/judge.h"

/* Room on the roster for the participant that a record names; `old` gives its place up (STATE_NOBODY: nobody does). */
enum gmm_err authority_effects_room(const struct state *s, const struct control_admit *admit, unsigned old,
                                    struct gmm_msg *why);
/* The record, read, of one of these types: ADMIT, REPLACE, EXPEL, RESTORE. by: whose it is. */
enum gmm_err authority_effects_take(struct state *s, const struct change *c, unsigned by);

#endif
