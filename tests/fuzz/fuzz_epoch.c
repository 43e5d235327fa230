/* EPOCH bodies. What is accepted encodes to the same bytes; opening any of it with fixed keys is harmless. */
#include <stdlib.h>
#include <string.h>

#include "keys/epoch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct gmm_id nid = {{1}}, gid = {{2}}, author = {{3}};
    static const struct epoch_context ctx = {.nid = &nid, .gid = &gid, .author = &author};
    static const uint8_t wrap_sk[32] = {0x70};
    struct epoch epoch;
    uint8_t secret[32], parent[32];
    if (epoch_decode(&epoch, data, size) != GMM_OK) {
        if (epoch.recipients != NULL)
            abort();
        return 0;
    }
    struct buffer out;
    buffer_init(&out, size);
    if (epoch_encode(&out, &epoch) != GMM_OK || out.len != size || memcmp(out.p, data, size) != 0)
        abort();
    buffer_close(&out);
    for (size_t i = 0; i < epoch.recipient_count; i++)
        if (epoch_find(&epoch, &epoch.recipients[i].sign_pk) != &epoch.recipients[i])
            abort();
    if (epoch_unwrap(secret, &epoch, &ctx, &epoch.recipients[0].sign_pk, wrap_sk) == GMM_OK &&
        epoch_check(&epoch, &ctx, secret) != GMM_OK)
        abort();
    for (unsigned i = 0; i <= LIMIT_EPOCH_PARENTS; i++)
        (void)epoch_unwrap_parent(parent, &epoch, i, secret);
    epoch_close(&epoch);
    return 0;
}
