/* Two worlds (tests/lib/world.h) that are the same up to where their author forks: proofs to test with. */
#ifndef GMM_TESTS_TWIN_H
#define GMM_TESTS_TWIN_H

#include "proto/fork.h"
#include "tests/lib/world.h"

struct twin {
    struct world a, b;
};

/* Both with a founder "ilo" and members "iom" and "wb" (offices 0, 1, 2). */
void twin_open(struct twin *t);
void twin_close(struct twin *t);
/* The office appends `count` documents to its log of the group in both worlds, or in each its own. */
void twin_post(struct twin *t, unsigned office, const struct gmm_id *gid, unsigned count);
void twin_part(struct twin *t, unsigned office, const struct gmm_id *gid, unsigned count_a, unsigned count_b);
/* The proof that runs of that log from `first` on make, of so many entries in each world: its bytes. */
void twin_proof(const struct twin *t, unsigned office, const struct gmm_id *gid, uint64_t first, uint32_t count_a,
                uint32_t count_b, struct buffer *out);

#endif
