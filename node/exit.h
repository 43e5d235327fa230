/* Exit statuses of the contract (cli.md) and the words that name a failure in JSON. */
#ifndef GMM_NODE_EXIT_H
#define GMM_NODE_EXIT_H

#include "keys/error.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_DENIED = 4,
    EXIT_UNREACHABLE = 5,
    EXIT_INTEGRITY = 6
};
/* GMM_ECORRUPT, GMM_EFORK, GMM_ESIGNATURE → 6; GMM_ENOTFOUND → 3; GMM_EDENIED, GMM_EEXPIRED → 4; GMM_EUNREACHABLE,
 * GMM_ETIMEOUT, GMM_EABSENT → 5; GMM_EUSAGE, GMM_EAMBIGUOUS → 2; all else → 1. */
enum exit_status exit_of(enum gmm_err err);
/* "not-found", "no-space", "ambiguous", … stable. */
const char *exit_code_text(enum gmm_err err);
/* Back from an error's word and status; GMM_EIO where the word is not one of these and the status is 1. */
enum gmm_err exit_err(const char *code, int status);
/* What to do next where a handler has nothing better to say, in the reader's language; "" when there is nothing. */
const char *exit_remedy(enum gmm_err err);

#endif
