/* Leads of thematic groups that records named (protocol: Leads). Inside of the fold only. */
#ifndef GMM_PROTO_LEADS_H
#define GMM_PROTO_LEADS_H

#include "proto/change.h"

#define LEADS_NEVER UINT64_MAX

struct lead {
    const struct change *change; /* the LEAD, read */
    uint64_t begin;              /* header times from here on; LEADS_NEVER: not accepted yet */
};
struct leads {
    struct lead *list; /* in canonical order of the LEADs */
    size_t count, cap;
};

void leads_close(struct leads *leads);
enum gmm_err leads_name(struct leads *leads, const struct change *change); /* GMM_ENOMEM */
/* By the LEAD's entry; NULL. */
struct lead *leads_find(const struct leads *leads, const struct gmm_id *entry);
/* The last that began at or before this header time, lapsed or not; NULL: none. */
const struct lead *leads_at(const struct leads *leads, unsigned thematic, uint64_t time);
bool leads_lapsed(const struct lead *lead, uint64_t time);
/* Was the participant one at or before this time? */
bool leads_had(const struct leads *leads, unsigned thematic, const struct gmm_id *pid, uint64_t time);
/* The first header time behind this one at which one begins or lapses; UINT64_MAX: none. */
uint64_t leads_next(const struct leads *leads, uint64_t time);

#endif
