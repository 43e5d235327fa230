/* WRAP bodies, against a fixed epoch: only a wrap of that epoch's secret opens. */
#include <stdlib.h>
#include <string.h>

#include "keys/epoch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gmm_id nid = {{1}}, gid = {{2}}, author = {{3}}, member = {{4}};
static const struct epoch_context ctx = {.nid = &nid, .gid = &gid, .author = &author};
static const uint8_t secret[32] = {0x5e}, eph_sk[32] = {5}, wrap_sk[32] = {0x70};

static const struct epoch *fixed_epoch(void)
{
    static struct epoch epoch;
    static struct epoch_recipient recipient;
    if (epoch.gen != 0)
        return &epoch;
    struct epoch_target target = {.sign_pk = author};
    crypto_scalarmult_base(target.wrap_pk.b, wrap_sk);
    if (epoch_make(&epoch, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, false, &target, 1, secret, eph_sk) != GMM_OK)
        abort();
    recipient = epoch.recipients[0];
    free(epoch.recipients);
    epoch.recipients = &recipient;
    return &epoch;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gmm_id id, whose;
    uint8_t opened[32];
    const struct epoch *epoch = fixed_epoch();
    enum gmm_err peeked = epoch_rewrap_peek(&id, &whose, data, size);
    enum gmm_err err = epoch_rewrap_open(opened, epoch, &ctx, &member, wrap_sk, data, size);
    if (err == GMM_OK && (peeked != GMM_OK || !id_equal(&whose, &member) || memcmp(opened, secret, 32) != 0))
        abort();
    if (err != GMM_OK && !sodium_is_zero(opened, 32))
        abort();
    return 0;
}
