/* Start-up self-test: refuses a libsodium without the CVE-2025-69277 fix, or whose primitives give other bytes than the
 * built-in known answers. GMM_OK, or GMM_ECORRUPT with what failed in msg. */
#ifndef GMM_KEYS_SELFTEST_H
#define GMM_KEYS_SELFTEST_H

#include "keys/error.h"

enum gmm_err selftest_run(struct gmm_msg *msg);

#endif
