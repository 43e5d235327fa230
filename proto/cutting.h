/* The cuts that a record of ours names: the heads that we hold of somebody's logs (protocol: Plain bodies). Whoever
 * removes a participant, accepts the chair or votes against it says by them what stands.
 */
#ifndef GMM_PROTO_CUTTING_H
#define GMM_PROTO_CUTTING_H

#include "proto/fold.h"
#include "proto/logs.h"

/* Of a participant's offices: their control logs, and those of `all` and the thematic groups (SUSPEND, EXPEL). Each of
 * these owns on success: control_cuts_close. GMM_ELIMIT: more than LIMIT_CUTS logs; GMM_ENOMEM. */
enum gmm_err cutting_common(struct control_cuts *out, const struct view *v, const struct logs *logs,
                            const struct gmm_id *pid);
/* Of a participant's logs in one group (CUT). */
enum gmm_err cutting_group(struct control_cuts *out, const struct view *v, const struct logs *logs,
                           const struct gmm_id *pid, const struct gmm_id *gid);
/* Control logs of whoever acted for the chair of a term, itself and its deputy (ACCEPT of the next term; BALLOT against
 * it). */
enum gmm_err cutting_chair(struct control_cuts *out, const struct view *v, const struct logs *logs, uint32_t term);

#endif
