/* One office of a world with its keystore and its keyring, for tests of what an office does with epochs. */
#ifndef GMM_TESTS_HOLDER_H
#define GMM_TESTS_HOLDER_H

#include "proto/keyring.h"
#include "tests/lib/world.h"

struct holder {
    unsigned office;
    struct keystore *keystore; /* its first wrap key is the one certified */
    struct core core;
    struct keyring *ring;
};

void holder_open(struct holder *h, struct world *w, unsigned office);
void holder_close(struct holder *h);
/* keyring_scan of the world's view, at its time, with effects and randomness of a new step. */
enum gmm_err holder_scan(struct holder *h, struct world *w);
bool holder_holds(const struct holder *h, const struct world *w, unsigned epoch /* entry */);
/* Makes an epoch for the group as the office would, appends it and keeps its secret; the entry's number. */
unsigned holder_epoch(struct holder *h, struct world *w, const struct gmm_id *gid);
/* A WRAP of an epoch that it holds, to an office at its newest wrap key. */
unsigned holder_wrap(struct holder *h, struct world *w, unsigned epoch, unsigned target);

#endif
