/* Two sides with logs of their own, which find out by ranges what the other lacks: for tests and measurements. */
#ifndef GMM_TESTS_COMPARISON_H
#define GMM_TESTS_COMPARISON_H

#include "proto/reconcile.h"

struct comparison_log {
    struct run_key key;
    uint64_t next[2];   /* entries that each side holds; 0: none */
    uint8_t branch[2];  /* heads of two branches have other ids */
    bool told[2];       /* by that side, in the last play */
    uint64_t said_next; /* what side 0 or 1 has told the other of it */
};
struct comparison {
    struct comparison_log *logs;
    size_t count;
};
struct comparison_cost {
    unsigned rounds;   /* of RANGES, on their way one after another */
    size_t messages;   /* RANGES */
    size_t bytes;      /* of RANGES, with their type */
    size_t heads;      /* told by both */
    size_t head_bytes; /* as HEADS of up to 256 */
};

/* `count` logs in `groups` groups, both sides with `entries` each; drawn from the seed. Groups are of unequal size. */
void comparison_new(struct comparison *c, size_t count, size_t groups, uint64_t entries, uint64_t seed);
void comparison_free(struct comparison *c);
/* A side of them, as tests of messages need it. */
struct reconcile *comparison_side(const struct comparison *c, unsigned side, const uint8_t salt[MESSAGE_RANGES_SALT]);
/* Side 0 opens. At the end both hold of each log what either told the other: the longer of both. */
void comparison_play(struct comparison *c, const uint8_t salt[MESSAGE_RANGES_SALT], bool whole,
                     struct comparison_cost *cost);
/* Does any log differ? */
size_t comparison_differences(const struct comparison *c);
/* HEADS with so many heads. */
size_t comparison_head_bytes(size_t heads);

#endif
