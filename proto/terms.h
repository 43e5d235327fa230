/* The terms of the chair, as far as the records open them (protocol: Terms). Inside of the fold only.
 *
 * Terms are found while records are replayed, and are facts from then on: a replay that finds what an earlier one could
 * not know (an election that undoes a handover; cuts that void what was applied) begins anew with the terms found so
 * far. Everything here is borrowed from the records.
 */
#ifndef GMM_PROTO_TERMS_H
#define GMM_PROTO_TERMS_H

#include "keys/charter.h"
#include "proto/change.h"
#include "proto/fold.h"

struct term {
    uint32_t number;
    enum view_term_how how;
    struct gmm_id chair, deputy, by; /* pids; deputy zero: none; by: whose record opened it */
    uint64_t from_ms, until_ms;
    uint64_t begin;                  /* header times from here on are of this term, until the next begins */
    const struct change *opening;    /* NULL: the founding */
    const struct control_cuts *cuts; /* of the predecessor's control logs; NULL: not named yet */
};
struct terms {
    uint32_t count;
    struct term list[LIMIT_TERMS]; /* list[n - 1] is term n */
};

/* Term 1: the founder's. */
void terms_found(struct terms *terms, const struct charter *charter);
/* Opens term->number; that term and all behind it are forgotten first. There is room: number ≤ LIMIT_TERMS. */
void terms_open(struct terms *terms, const struct term *term);
/* The term in force at a header time. */
const struct term *terms_at(const struct terms *terms, uint64_t time);
/* The one that follows, NULL: none is known. */
const struct term *terms_after(const struct terms *terms, const struct term *term);
/* The first header time behind this one at which a term begins or lapses; UINT64_MAX: none. */
uint64_t terms_next(const struct terms *terms, uint64_t time);

#endif
