/* How much support a proposal has, and how much it needs (protocol: Two thirds). Inside of the fold only. */
#ifndef GMM_PROTO_TALLY_H
#define GMM_PROTO_TALLY_H

#include "proto/state.h"

struct tally {
    unsigned have, need;
    struct state_set who; /* of those who count, the supporters */
};

/* As of the state's moment; the record is held. */
void tally_count(struct tally *out, const struct state *s, const struct proposal *proposal);
/* Does this type of record need the chair and a sponsor by the charter, and not two thirds? */
bool tally_sponsored(const struct state *s, uint16_t type);

#endif
