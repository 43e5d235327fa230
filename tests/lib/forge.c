#include "tests/lib/forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEK "\x08GMM1/kek"

static void put(uint8_t **at, const void *bytes, size_t n)
{
    memcpy(*at, bytes, n);
    *at += n;
}

/* kek = K(X25519(eph_sk, wrap_pk), kek, nid ‖ gid ‖ author ‖ gen ‖ eph_pk ‖ sign_pk ‖ wrap_pk ‖ commit ‖ psk) */
static void kek_by_hand(uint8_t kek[32], const struct epoch *epoch, const struct epoch_context *ctx,
                        const uint8_t eph_sk[32], const struct epoch_target *target)
{
    static const uint8_t psk[32];
    uint8_t shared[32], eph_pk[32], gen[4], bytes[sizeof KEK - 1 + 4 + 32 * 8], *at = bytes;
    if (crypto_scalarmult_base(eph_pk, eph_sk) != 0 || crypto_scalarmult(shared, eph_sk, target->wrap_pk.b) != 0) {
        fprintf(stderr, "no wrap can be forged to this key\n");
        exit(1);
    }
    bytes_store_u32(gen, epoch->gen);
    put(&at, KEK, sizeof KEK - 1);
    put(&at, ctx->nid->b, 32);
    put(&at, ctx->gid->b, 32);
    put(&at, ctx->author->b, 32);
    put(&at, gen, 4);
    put(&at, eph_pk, 32);
    put(&at, target->sign_pk.b, 32);
    put(&at, target->wrap_pk.b, 32);
    put(&at, epoch->commit.b, 32);
    put(&at, psk, 32);
    crypto_generichash(kek, 32, bytes, sizeof bytes, shared, 32);
}

void forge_wrap(uint8_t wrap[EPOCH_WRAP_BYTES], const uint8_t secret[32], const struct epoch *epoch,
                const struct epoch_context *ctx, const uint8_t eph_sk[32], const struct epoch_target *target)
{
    static const uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    uint8_t kek[32];
    kek_by_hand(kek, epoch, ctx, eph_sk, target);
    crypto_aead_chacha20poly1305_ietf_encrypt(wrap, NULL, secret, 32, NULL, 0, NULL, nonce, kek);
}

void forge_rewrap(uint8_t out[EPOCH_REWRAP_BYTES], const uint8_t secret[32], const struct gmm_id *epoch_id,
                  const struct epoch *epoch, const struct epoch_context *ctx, const uint8_t eph_sk[32],
                  const struct epoch_target *target)
{
    out[0] = 1;
    memcpy(out + 1, epoch_id->b, 32);
    crypto_scalarmult_base(out + 33, eph_sk);
    memcpy(out + 65, target->sign_pk.b, 32);
    epoch_wrap_id(out + 97, &target->wrap_pk);
    forge_wrap(out + 105, secret, epoch, ctx, eph_sk, target);
}
