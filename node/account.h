/* The name of a Unix account: what stands in a sealed record as `person`, and what [people] in gmm.conf speaks of. */
#ifndef GMM_NODE_ACCOUNT_H
#define GMM_NODE_ACCOUNT_H

#include <sys/types.h>

#include "keys/limits.h"

/* "#1001" for an account that this machine has no name for. */
void account_name(uid_t uid, char out[LIMIT_PERSON_TEXT + 1]);

#endif
