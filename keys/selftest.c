#include "keys/selftest.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "keys/hash.h"

/* Inputs shared by the two ciphers (RFC 8439, 2.8.2; draft-irtf-cfrg-xchacha, A.3.1). */
#define KEY_HEX "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
#define AD_HEX "50515253c0c1c2c3c4c5c6c7"
#define PLAIN                                                                                                          \
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "  \
    "it."
#define PLAIN_LEN (sizeof PLAIN - 1)
#define SEALED_LEN (PLAIN_LEN + 16)

/* Known answers are written here as hex, and are right. */
static void from_hex(uint8_t *out, size_t len, const char *hex)
{
    sodium_hex2bin(out, len, hex, strlen(hex), NULL, NULL, NULL);
}

static bool equals(const uint8_t *bytes, size_t len, const char *hex)
{
    uint8_t expected[SEALED_LEN];
    from_hex(expected, sizeof expected, hex);
    return strlen(hex) == 2 * len && memcmp(bytes, expected, len) == 0;
}

static bool blake2b(void)
{
    const uint8_t *abc = (const uint8_t *)"abc";
    uint8_t key[32], out[64];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    crypto_generichash(out, 32, abc, 3, NULL, 0);
    bool ok = equals(out, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
    crypto_generichash(out, 32, abc, 3, key, sizeof key);
    ok = ok && equals(out, 32, "d63a32d3e44738d7907f964316c241adaba0abfeabc32349677578a15a203f7f");
    crypto_generichash(out, 64, abc, 3, NULL, 0);
    return ok && equals(out, 64,
                        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

/* RFC 7748, 5.2; and a key of low order gives an error, not a secret of zeros. */
static bool x25519(void)
{
    uint8_t scalar[32], point[32], out[32];
    from_hex(scalar, sizeof scalar, "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    from_hex(point, sizeof point, "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    if (crypto_scalarmult(out, scalar, point) != 0 ||
        !equals(out, sizeof out, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"))
        return false;
    memset(point, 0, sizeof point);
    return crypto_scalarmult(out, scalar, point) != 0;
}

static bool chacha20poly1305(void)
{
    uint8_t key[32], ad[12], nonce[12], sealed[SEALED_LEN], plain[PLAIN_LEN];
    from_hex(key, sizeof key, KEY_HEX);
    from_hex(ad, sizeof ad, AD_HEX);
    from_hex(nonce, sizeof nonce, "070000004041424344454647");
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, (const uint8_t *)PLAIN, PLAIN_LEN, ad, sizeof ad, NULL,
                                              nonce, key);
    if (!equals(sealed, sizeof sealed,
                "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
                "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"))
        return false;
    if (crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, sizeof sealed, ad, sizeof ad, nonce,
                                                  key) != 0 ||
        memcmp(plain, PLAIN, PLAIN_LEN) != 0)
        return false;
    sealed[SEALED_LEN - 1] ^= 1;
    return crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, sizeof sealed, ad, sizeof ad, nonce,
                                                     key) != 0;
}

static bool xchacha20poly1305(void)
{
    uint8_t key[32], ad[12], nonce[24], sealed[SEALED_LEN], plain[PLAIN_LEN];
    from_hex(key, sizeof key, KEY_HEX);
    from_hex(ad, sizeof ad, AD_HEX);
    from_hex(nonce, sizeof nonce, "404142434445464748494a4b4c4d4e4f5051525354555657");
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, (const uint8_t *)PLAIN, PLAIN_LEN, ad, sizeof ad, NULL,
                                               nonce, key);
    if (!equals(sealed, sizeof sealed,
                "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
                "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49"))
        return false;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, sizeof sealed, ad, sizeof ad, nonce,
                                                   key) != 0 ||
        memcmp(plain, PLAIN, PLAIN_LEN) != 0)
        return false;
    sealed[SEALED_LEN - 1] ^= 1;
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, sizeof sealed, ad, sizeof ad, nonce,
                                                      key) != 0;
}

/* RFC 8032, 7.1, test 3; and another message does not verify. */
static bool ed25519(void)
{
    uint8_t seed[32], pk[32], sk[64], sig[64], message[2] = {0xaf, 0x82};
    from_hex(seed, sizeof seed, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
    crypto_sign_seed_keypair(pk, sk, seed);
    crypto_sign_detached(sig, NULL, message, sizeof message, sk);
    if (!equals(pk, sizeof pk, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025") ||
        !equals(sig, sizeof sig,
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"))
        return false;
    if (crypto_sign_verify_detached(sig, message, sizeof message, pk) != 0)
        return false;
    message[0] ^= 1;
    return crypto_sign_verify_detached(sig, message, sizeof message, pk) != 0;
}

/* Keys with a part of order 2, 4 and 8 beside the large one (from the CCTV vectors): signatures under them verify, so
 * only the check of the key keeps them out. A libsodium without the CVE-2025-69277 fix takes the one of order 2. */
static bool mixed_order_keys_refused(void)
{
    static const char *const keys[] = {
        "fe894df18abf1c20088bfbe6c9ad45d42ec20663eaf7111eaea1d851da0d7f89",
        "10eb7c3acfb2bed3e0d6ab89bf5a3d6afddd1176ce4812e38d9fd485058fdb1f",
        "015ff595e4e0add00dde896efa66ea4f6848c4396410c693c92232aa64861d4f",
    };
    struct gmm_id pk;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        from_hex(pk.b, sizeof pk.b, keys[i]);
        if (hash_check_sign_pk(&pk) == GMM_OK)
            return false;
    }
    from_hex(pk.b, sizeof pk.b, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
    return hash_check_sign_pk(&pk) == GMM_OK;
}

enum gmm_err selftest_run(struct gmm_msg *msg)
{
    static const struct {
        const char *name;
        bool (*passes)(void);
    } checks[] = {
        {"BLAKE2b", blake2b},
        {"X25519", x25519},
        {"ChaCha20-Poly1305", chacha20poly1305},
        {"XChaCha20-Poly1305", xchacha20poly1305},
        {"Ed25519", ed25519},
    };
    if (sodium_init() < 0)
        return gmm_fail(msg, GMM_ECORRUPT, "libsodium cannot start");
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (!checks[i].passes())
            return gmm_fail(msg, GMM_ECORRUPT, "libsodium %s computes %s wrongly: reinstall it",
                            sodium_version_string(), checks[i].name);
    if (!mixed_order_keys_refused())
        return gmm_fail(msg, GMM_ECORRUPT,
                        "libsodium %s lacks the fix of CVE-2025-69277 (it takes unsafe public keys): update it",
                        sodium_version_string());
    return GMM_OK;
}
