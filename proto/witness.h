/* Who else held the entry that an evidence file shows: by the anchors in it (protocol: Anchors). */
#ifndef GMM_PROTO_WITNESS_H
#define GMM_PROTO_WITNESS_H

#include "proto/evidence.h"

struct witness {
    struct gmm_id sign_pk, pid; /* the office that anchored, and its participant */
    uint64_t time_ms;           /* by the anchoring office's own clock */
};
/* Is the index-th record of the group in the file an anchor of this very entry, or of one behind it in the file's run,
 * that stands by the file's records, of another participant than the author's (in `internal`: of another office)? An
 * anchor of another entry at the same place is none. */
bool witness_at(const struct evidence *e, const struct view *now, size_t index, struct witness *out);

#endif
