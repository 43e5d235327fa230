/* A set of participants, by their index in the fold's state. Inside of the fold only. */
#ifndef GMM_PROTO_STATE_SET_H
#define GMM_PROTO_STATE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "keys/limits.h"

struct state_set {
    uint64_t bits[LIMIT_PARTICIPANTS / 64];
};

static inline bool state_set_has(const struct state_set *set, unsigned i)
{
    return (set->bits[i / 64] >> (i % 64) & 1u) != 0;
}

static inline void state_set_put(struct state_set *set, unsigned i, bool value)
{
    uint64_t bit = UINT64_C(1) << (i % 64);
    if (value)
        set->bits[i / 64] |= bit;
    else
        set->bits[i / 64] &= ~bit;
}

/* How many are in both. */
static inline unsigned state_set_common(const struct state_set *a, const struct state_set *b)
{
    unsigned count = 0;
    for (unsigned i = 0; i < LIMIT_PARTICIPANTS; i++)
        count += state_set_has(a, i) && state_set_has(b, i);
    return count;
}

static inline unsigned state_set_count(const struct state_set *set)
{
    return state_set_common(set, set);
}

/* Two thirds of n, rounded up. */
static inline unsigned state_set_quota(unsigned n)
{
    return (2 * n + 2) / 3;
}

#endif
