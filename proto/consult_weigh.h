/* What participants said within a time, and which of it stands (inside of proto/consult.h only). */
#ifndef GMM_PROTO_CONSULT_WEIGH_H
#define GMM_PROTO_CONSULT_WEIGH_H

#include "proto/consult_index.h"

struct consult_statement {
    const struct consult_fact *fact;
    struct gmm_id pid;
    uint32_t para;
    unsigned position;
    bool release, dead;
};
struct consult_weighed {
    size_t count;
    struct consult_statement *list; /* by participant, paragraph, canonical order */
};

/* Positions of the invited, signed in (from, until]: a later note on the same paragraph takes the place of an earlier
 * one, a release that of what it names and of earlier notes, and what its participant withdrew in time is dead. */
enum gmm_err consult_weigh(struct consult_weighed *out, const struct consult_index *x, const struct record_ids *invited,
                           uint64_t from_ms, uint64_t until_ms);
void consult_weigh_close(struct consult_weighed *w);
/* May this fact take a position for its participant at all? */
bool consult_weigh_is_position(const struct consult_fact *fact);
bool consult_weigh_is_invited(const struct record_ids *invited, const struct gmm_id *pid);
/* Sets position, released, cleared, conflict. */
void consult_weigh_sum(const struct consult_weighed *w, struct consult_invited *invited);

#endif
