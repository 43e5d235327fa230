/* Ballots against the chair of each term, as they come in canonical order (protocol: Elections). Inside of the fold
 * only; who may vote is asked elsewhere. */
#ifndef GMM_PROTO_POLLS_H
#define GMM_PROTO_POLLS_H

#include "proto/change.h"
#include "proto/state_set.h"

struct poll_vote {
    const struct change *ballot; /* the participant's first */
    unsigned participant;
    bool spoiled;              /* another, different one is held: it counts for neither */
    struct state_set electors; /* as of the ballot, with the cuts that it names */
};
struct poll {
    uint32_t term;
    struct poll_vote *votes; /* in canonical order */
    size_t count, cap;
};
struct polls {
    struct poll *list;
    size_t count, cap;
};
enum polls_said { POLLS_NOTHING, POLLS_SAME, POLLS_OTHER };

void polls_close(struct polls *polls);
/* Has the participant voted against that term with this body, or with another? */
enum polls_said polls_said(const struct polls *polls, unsigned participant, const struct change *ballot);
/* GMM_ENOMEM. */
enum gmm_err polls_vote(struct polls *polls, unsigned participant, const struct change *ballot,
                        const struct state_set *electors);
/* Of all ballots against a term the first by which two thirds of its electorate name the same candidate, end and cuts;
 * NULL: none does. */
const struct poll_vote *polls_won(const struct polls *polls, uint32_t term);

#endif
