/* A changed object rarely carries a valid signature: fuzzers of signed objects sign the changed content anew with a key
 * that the corpus names, so that what stands behind the signature's check is reached too. */
#ifndef GMM_TESTS_FUZZ_RESIGN_H
#define GMM_TESTS_FUZZ_RESIGN_H

#include <stdlib.h>
#include <string.h>

#include "keys/identity.h"

/* The keys of tests/lib/sample.h, office 1. */
enum resign_key { RESIGN_ROOT = 1, RESIGN_NEXT_ROOT = 2, RESIGN_SIGN = 3 };

static inline void resign_key(uint8_t sk[64], enum resign_key use)
{
    const uint8_t seed[32] = {1, (uint8_t)use};
    struct gmm_id pk;
    identity_pair(&pk, sk, seed);
}

/* A copy (free) of the object with a new signature at its end; NULL when there is no room for one. */
static inline uint8_t *resign(const uint8_t *data, size_t size, const uint8_t sk[64], const char *label,
                              const struct gmm_id *nid)
{
    if (size <= HASH_SIG_BYTES)
        return NULL;
    uint8_t *copy = malloc(size);
    if (copy == NULL)
        abort();
    memcpy(copy, data, size);
    hash_sign(copy + size - HASH_SIG_BYTES, sk, label, nid, copy, size - HASH_SIG_BYTES);
    return copy;
}

/* The network's id as most objects carry it: behind the version. */
static inline struct gmm_id resign_nid(const uint8_t *data, size_t size)
{
    struct bytes_in in;
    struct gmm_id nid;
    bytes_in_init(&in, data, size);
    (void)bytes_get_u8(&in);
    bytes_get_id(&in, &nid);
    return nid;
}

/* What was opened and made again must be what was opened. Closes made. */
static inline void resign_same(enum gmm_err err, struct buffer *made, const uint8_t *bytes, size_t len)
{
    if (err != GMM_OK || made->len != len || memcmp(made->p, bytes, len) != 0)
        abort();
    buffer_close(made);
}

#endif
