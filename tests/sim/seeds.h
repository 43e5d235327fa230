/* How many seeds a simulation runs, and which: GMM_SIM_SEED replays one, GMM_LONG runs more of them. */
#ifndef GMM_TESTS_SEEDS_H
#define GMM_TESTS_SEEDS_H

#include <stdlib.h>

static inline unsigned long seeds_count(unsigned long quick, unsigned long longer)
{
    return getenv("GMM_SIM_SEED") != NULL ? 1 : getenv("GMM_LONG") != NULL ? longer : quick;
}

static inline unsigned long long seeds_at(unsigned long i)
{
    const char *told = getenv("GMM_SIM_SEED");
    return told != NULL ? strtoull(told, NULL, 10) : i + 1;
}

#endif
