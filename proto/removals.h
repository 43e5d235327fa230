/* What suspensions, expulsions and lost roots make void of the logs of whom they remove (protocol: Removal). Inside of
 * the fold, and for verdicts on its views.
 *
 * A table is made on a folded state; records are judged by it in the next.
 */
#ifndef GMM_PROTO_REMOVALS_H
#define GMM_PROTO_REMOVALS_H

#include "proto/state.h"

struct removals {
    struct view_removal *list; /* in canonical order */
    size_t count;
    struct view_stand *logs; /* what the list points to */
    struct gmm_id *circles;
};

/* GMM_ENOMEM: nothing is owned. */
enum gmm_err removals_make(struct removals *out, const struct state *s);
void removals_close(struct removals *r);
/* What one removal makes void of a log of the participant's; circle: it is a circle's. */
struct view_void removals_gap(const struct view_removal *removal, const struct run_key *log, bool circle);
/* Is a record of this participant void by the table? acted: in which term it acted for the chair by it; 0: it did not.
 */
bool removals_void(const struct removals *r, const struct state *s, const struct change *c, unsigned author,
                   uint32_t acted);

#endif
