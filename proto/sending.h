/* The sending rule: under which epoch an office seals what it posts (protocol 15: Sending rule).
 *
 * Who can read under an epoch is more than its recipients: its maker, the offices that a WRAP names for it, and whoever
 * can read under a later epoch that wraps its secret as history. An epoch is *clean* when all of them are current
 * offices of its group, and the same holds of the epoch that opened its chunk domain: whoever knows that one's secret
 * can tell files by their chunks.
 */
#ifndef GMM_PROTO_SENDING_H
#define GMM_PROTO_SENDING_H

#include "proto/fold.h"

/* Why there is none to send under; the first that holds of any epoch of the group. */
enum sending_state {
    SENDING_USABLE = 1,
    SENDING_CLOSED,  /* one is usable, but its secret, or its chunk domain's, is not held here: a WRAP is due to us */
    SENDING_BAD,     /* an EPOCH_BAD stands against the only one: a WRAP answers it */
    SENDING_LACKING, /* no history is kept, and it does not reach every current office */
    SENDING_LEFT,    /* somebody who can read under it has left */
    SENDING_NONE     /* the group has no epoch yet */
};
struct sending_epoch {
    const struct view_epoch *epoch; /* in the view */
    bool left;                      /* not clean of itself (its domain's opener apart) */
    bool covered;                   /* a valid child wraps its secret: who holds that holds this */
};
/* A group's valid epochs at one moment. The view is borrowed and must not change meanwhile. */
struct sending {
    const struct view *view;
    const struct view_group *group; /* NULL: unknown */
    uint64_t now_ms, until_ms;      /* until: what is said here of offices holds before it */
    struct sending_epoch *epochs;   /* highest gen first, then smallest id */
    size_t count;
    bool *current; /* by index of view->offices */
    size_t current_count;
};
typedef bool sending_have_fn(const void *arg, const struct gmm_id *epoch_id); /* do we hold its secret? */

/* GMM_ENOMEM: nothing is held. */
enum gmm_err sending_open(struct sending *s, const struct view *v, const struct gmm_id *gid, uint64_t now_ms);
void sending_close(struct sending *s);
bool sending_clean(const struct sending *s, const struct view_epoch *epoch);
/* The epoch to send under (highest gen, then smallest id of those usable), or NULL and why. */
const struct view_epoch *sending_choose(const struct sending *s, sending_have_fn *have, const void *arg,
                                        enum sending_state *state);
/* Is the office a recipient of the epoch, or named by a WRAP for it? */
bool sending_reaches(const struct view *v, const struct view_epoch *epoch, const struct gmm_id *sign_pk);
/* Index in v->wraps of the first WRAP for the epoch to this office or one behind it; wrap_count: none. */
size_t sending_first_wrap(const struct view *v, const struct view_epoch *epoch, const struct gmm_id *sign_pk);
/* Tips: valid epochs of the group that no valid one names as a parent, at most max, in the order of s->epochs. */
size_t sending_tips(const struct sending *s, const struct view_epoch **out, size_t max);

#endif
