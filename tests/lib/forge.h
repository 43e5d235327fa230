/* Wraps of epoch secrets made by hand from the protocol's text, so also those that no honest office makes: of a secret
 * that the epoch does not commit to. */
#ifndef GMM_TESTS_FORGE_H
#define GMM_TESTS_FORGE_H

#include "keys/epoch.h"

/* 48 bytes for one target, under the key that the protocol prescribes. */
void forge_wrap(uint8_t wrap[EPOCH_WRAP_BYTES], const uint8_t secret[32], const struct epoch *epoch,
                const struct epoch_context *ctx, const uint8_t eph_sk[32], const struct epoch_target *target);
/* The body of a WRAP with that. */
void forge_rewrap(uint8_t out[EPOCH_REWRAP_BYTES], const uint8_t secret[32], const struct gmm_id *epoch_id,
                  const struct epoch *epoch, const struct epoch_context *ctx, const uint8_t eph_sk[32],
                  const struct epoch_target *target);

#endif
