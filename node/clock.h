/* The driver's clock, and the program's build date. A test build (GMM_TEST_CLOCK) takes both from the environment
 * variable of that name: a number is the time in ms at the program's start (and the build date is the epoch); a path
 * names a file that holds the time in ms, read at each call. Release builds lack it. */
#ifndef GMM_NODE_CLOCK_H
#define GMM_NODE_CLOCK_H

#include <stdint.h>

uint64_t clock_now_ms(void); /* since 1970, UTC */
uint64_t clock_build_ms(void);

#endif
