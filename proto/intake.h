/* How a run that came from elsewhere gets to the gate, whatever brought it: a session, a bundle, a welcome. */
#ifndef GMM_PROTO_INTAKE_H
#define GMM_PROTO_INTAKE_H

#include "proto/core.h"

/* Finds or makes the log, with its end on the view as it is. NULL: out of memory. */
struct logs_log *intake_log(struct core *core, const struct run_key *key);
/* Decodes and verifies, for gate_admit. prev: the id before its first entry. Behind the end of a log nothing is taken:
 * what goes past it is cut there, and proven by the name of the last entry; of a forked log only the branch that is
 * kept is. GMM_EORDER: no part of it can be taken. Else errors of run_decode and run_verify. */
enum gmm_err intake_verify(struct verified_run **out, const struct core *core, const struct logs_log *log,
                           const struct gmm_id *prev, const void *bytes, size_t len);
/* A log of ours that others know further than we do: a store was restored. It is pulled, and closed for writing. */
void intake_close_own(struct core *core, struct logs_log *log);

#endif
