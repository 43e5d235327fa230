/* "The two-key ciphertexts never yield a second plaintext through body, wrap or chunk." Neither the public ones nor
 * those made here to fit: with the protocol's own associated data and with content that is well formed under the first
 * key. That a cipher alone would give the second plaintext is shown beside each refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/chunk.h"
#include "keys/epoch.h"
#include "keys/keystore.h"
#include "keys/labels.h"
#include "keys/seal.h"
#include "tests/lib/testdata.h"
#include "tests/lib/twokey.h"

static json_t *vectors;

#define SIZE 256 /* padded content without any padding left */

static const struct gmm_id nid = {{1}}, gid = {{2}}, author = {{3}}, members[2] = {{{4}}, {{5}}};
static const struct epoch_context ctx = {.nid = &nid, .gid = &gid, .author = &author};
static const uint8_t zero_nonce[24], first[32] = {0x11}, second[32] = {0x22}, eph_sk[32] = {0x33};

static size_t lp(uint8_t *out, const char *label)
{
    out[0] = (uint8_t)strlen(label);
    memcpy(out + 1, label, out[0]);
    return 1u + out[0];
}

/* XChaCha20's keystream behind the block that Poly1305's key is taken from. */
static void encrypt_without_tag(uint8_t *sealed, const uint8_t *plain, size_t len, const uint8_t key[32],
                                const uint8_t nonce[24])
{
    crypto_stream_xchacha20_xor_ic(sealed, plain, len, nonce, 1, key);
}

/* The file's ciphertexts as they stand, with both keys, wherever a key or an epoch's secret is asked for. */
static void try_vector(const json_t *vector)
{
    size_t len, key_len, nonce_len, ad_len, opened = 0;
    uint8_t *sealed = testdata_hex(vector, "ciphertext_and_tag", &len), *nonce, *ad, *keys[2], *plain;
    enum twokey_alg alg = TWOKEY_XCHACHA20;
    if (strcmp(json_string_value(json_object_get(vector, "alg")), "chacha20poly1305_ietf") == 0)
        alg = TWOKEY_CHACHA20_IETF;
    nonce = testdata_hex(vector, "nonce", &nonce_len);
    ad = testdata_hex(vector, "ad", &ad_len);
    keys[0] = testdata_hex(vector, "key1", &key_len);
    keys[1] = testdata_hex(vector, "key2", &key_len);
    uint8_t out[512], body[512] = {0}, prefix[192] = {0};
    for (size_t k = 0; k < 2; k++) {
        opened += twokey_open(alg, out, sealed, len - 16, keys[k], nonce, ad, ad_len) == 0;
        memcpy(body, nonce, nonce_len);
        memcpy(body + nonce_len, sealed, len);
        size_t n;
        enum seal_compression compression;
        for (size_t size = nonce_len + len; size <= sizeof body; size++) {
            assert_int_not_equal(seal_open(&plain, &n, &compression, keys[k], prefix, body, size), GMM_OK);
            for (size_t expect = 1; expect <= 96; expect += 19)
                assert_int_not_equal(chunk_open(out, expect, keys[k], &nid, &gid, body, size), GMM_OK);
        }
    }
    assert_int_equal(opened, 2);
    free(sealed);
    free(nonce);
    free(ad);
    free(keys[0]);
    free(keys[1]);
}

static void the_public_ones(void **state)
{
    (void)state;
    json_t *vector;
    size_t i;
    assert_true(json_array_size(json_object_get(vectors, "vectors")) >= 12);
    json_array_foreach(json_object_get(vectors, "vectors"), i, vector)
    {
        try_vector(vector);
    }
}

/* A chunk names its one key: which of the two is committed to decides, and no third way exists. */
static void chunks(void **state)
{
    (void)state;
    uint8_t plain[SIZE] = {0, 0, 0, SIZE - 4}, sealed[SIZE + 16 + 32], out[sizeof sealed], ad[128];
    size_t ad_len = lp(ad, LABEL_CHUNK_AD);
    memcpy(ad + ad_len, nid.b, 32);
    memcpy(ad + ad_len + 32, gid.b, 32);
    ad_len += 64;
    memset(plain + 4, 'x', sizeof plain - 4);
    encrypt_without_tag(sealed, plain, SIZE, first, zero_nonce);
    twokey_solve(TWOKEY_XCHACHA20, sealed, SIZE, 3, 5, first, second, zero_nonce, ad, ad_len);
    assert_int_equal(twokey_open(TWOKEY_XCHACHA20, out, sealed, SIZE, first, zero_nonce, ad, ad_len), 0);
    assert_int_equal(twokey_open(TWOKEY_XCHACHA20, out, sealed, SIZE, second, zero_nonce, ad, ad_len), 0);

    hash_k(sealed + SIZE + 16, first, LABEL_CHUNK_COMMIT, NULL, 0);
    assert_int_equal(chunk_open(out, SIZE - 4, first, &nid, &gid, sealed, sizeof sealed), GMM_OK);
    assert_memory_equal(out, "xxxx", 4);
    assert_int_equal(chunk_open(out, SIZE - 4, second, &nid, &gid, sealed, sizeof sealed), GMM_EDECRYPT);
    struct gmm_id id, other_id;
    chunk_id(&id, &nid, &gid, sealed, sizeof sealed);
    hash_k(sealed + SIZE + 16, second, LABEL_CHUNK_COMMIT, NULL, 0);
    assert_int_equal(chunk_open(out, SIZE - 4, first, &nid, &gid, sealed, sizeof sealed), GMM_EDECRYPT);
    chunk_id(&other_id, &nid, &gid, sealed, sizeof sealed);
    assert_false(id_equal(&id, &other_id));
}

static void commit_of(uint8_t commit[32], const uint8_t key[32], const uint8_t nonce[24])
{
    struct hash h;
    hash_init(&h, LABEL_BODY_COMMIT);
    hash_update(&h, key, 32);
    hash_update(&h, nonce, 24);
    hash_final(&h, commit);
}

/* A body commits to its one key, which is checked before the tag: also for who is shown a key and has no epoch. And the
 * epoch that the signed header names commits to one secret. */
static void bodies(void **state)
{
    (void)state;
    const struct epoch_target target = {.sign_pk = author, .wrap_pk = {{9}}};
    struct epoch epoch;
    uint8_t keys[2][32], prefix[192] = {1, 1}, ad[256], body[24 + 32 + SIZE + 16] = {0x44},
                         content[SIZE] = {SEAL_PLAIN, 0, 0, 0, SIZE - 5}, joined[40 + 24], out[SIZE], *plain;
    size_t ad_len = lp(ad, LABEL_BODY_AD), len;
    enum seal_compression compression;
    memcpy(ad + ad_len, prefix, sizeof prefix);
    ad_len += sizeof prefix;
    memcpy(joined, prefix + 72, 40);
    memcpy(joined + 40, body, 24);
    hash_k(keys[0], first, LABEL_BODY_KEY, joined, sizeof joined);
    hash_k(keys[1], second, LABEL_BODY_KEY, joined, sizeof joined);
    encrypt_without_tag(body + 56, content, SIZE, keys[0], body);
    twokey_solve(TWOKEY_XCHACHA20, body + 56, SIZE, 3, 5, keys[0], keys[1], body, ad, ad_len);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(twokey_open(TWOKEY_XCHACHA20, out, body + 56, SIZE, keys[i], body, ad, ad_len), 0);

    const uint8_t *secrets[2] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        commit_of(body + 24, keys[i], body);
        assert_int_equal(seal_open(&plain, &len, &compression, secrets[1 - i], prefix, body, sizeof body),
                         GMM_EDECRYPT);
        assert_int_equal(seal_open_revealed(&plain, &len, &compression, keys[1 - i], prefix, body, sizeof body),
                         GMM_EDECRYPT);
        assert_int_not_equal(seal_reveal(out, secrets[1 - i], prefix, body, sizeof body), GMM_OK);
    }
    commit_of(body + 24, keys[0], body);
    assert_int_equal(seal_open(&plain, &len, &compression, first, prefix, body, sizeof body), GMM_OK);
    seal_free(plain, len);
    assert_int_equal(epoch_make(&epoch, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, false, &target, 1, first, eph_sk),
                     GMM_OK);
    assert_int_equal(epoch_check(&epoch, &ctx, first), GMM_OK);
    assert_int_equal(epoch_check(&epoch, &ctx, second), GMM_EDECRYPT);
    epoch_close(&epoch);
    prefix[160] ^= 1; /* another epoch named */
    assert_int_equal(seal_open(&plain, &len, &compression, first, prefix, body, sizeof body), GMM_EDECRYPT);
}

static void kek_of(uint8_t kek[32], const struct epoch *epoch, const struct epoch_target *target)
{
    static const uint8_t psk[32];
    uint8_t shared[32], gen[4];
    struct hash h;
    assert_int_equal(crypto_scalarmult(shared, eph_sk, target->wrap_pk.b), 0);
    bytes_store_u32(gen, epoch->gen);
    hash_init_keyed(&h, shared, LABEL_KEK);
    hash_update(&h, nid.b, 32);
    hash_update(&h, gid.b, 32);
    hash_update(&h, author.b, 32);
    hash_update(&h, gen, 4);
    hash_update(&h, epoch->eph_pk.b, 32);
    hash_update(&h, target->sign_pk.b, 32);
    hash_update(&h, target->wrap_pk.b, 32);
    hash_update(&h, epoch->commit.b, 32);
    hash_update(&h, psk, 32);
    hash_final(&h, kek);
}

static void commit_to(struct epoch *epoch, const uint8_t secret[32])
{
    uint8_t gen[4];
    struct hash h;
    bytes_store_u32(gen, epoch->gen);
    hash_init(&h, LABEL_EPOCH_COMMIT);
    hash_update(&h, secret, 32);
    hash_update(&h, nid.b, 32);
    hash_update(&h, gid.b, 32);
    hash_update(&h, gen, 4);
    hash_update(&h, epoch->eph_pk.b, 32);
    hash_final(&h, epoch->commit.b);
}

/* One wrap for two members, that would open to a secret for each: the epoch commits to at most one of them. */
static void wraps(void **state)
{
    (void)state;
    static const uint8_t wrap_sk[2][32] = {{0x70}, {0x71}};
    struct epoch_target targets[2];
    struct epoch epoch;
    uint8_t keks[2][32], wrap[EPOCH_WRAP_BYTES] = {0}, secrets[2][32], got[32];
    for (size_t i = 0; i < 2; i++) {
        targets[i].sign_pk = members[i];
        crypto_scalarmult_base(targets[i].wrap_pk.b, wrap_sk[i]);
    }
    assert_int_equal(epoch_make(&epoch, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, false, targets, 2, first, eph_sk),
                     GMM_OK);
    for (size_t i = 0; i < 2; i++)
        kek_of(keks[i], &epoch, &targets[i]);
    twokey_solve(TWOKEY_CHACHA20_IETF, wrap, 32, 1, 0, keks[0], keks[1], zero_nonce, NULL, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(twokey_open(TWOKEY_CHACHA20_IETF, secrets[i], wrap, 32, keks[i], zero_nonce, NULL, 0), 0);
        assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &members[i], wrap_sk[i]), GMM_OK);
        memcpy(epoch.recipients[i].wrap, wrap, sizeof wrap);
        assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &members[i], wrap_sk[i]), GMM_EDECRYPT);
        assert_true(sodium_is_zero(got, 32));
        assert_int_equal(epoch_check(&epoch, &ctx, secrets[i]), GMM_EDECRYPT);
    }
    assert_memory_not_equal(secrets[0], secrets[1], 32);
    /* Committing to one of the two afterwards changes the keys that the wraps are under. */
    commit_to(&epoch, secrets[0]);
    assert_int_equal(epoch_check(&epoch, &ctx, secrets[0]), GMM_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &members[i], wrap_sk[i]), GMM_EDECRYPT);
    epoch_close(&epoch);
}

/* A keystore that would open under two keys: its header commits to one. */
static void keystores(void **state)
{
    (void)state;
    enum { HEADER = 93, PAYLOAD = 208 /* 13 blocks: a card of 6 bytes */ };
    const uint8_t salt[16] = {1}, nonce[24] = {2};
    const struct keystore_lock lock = {.method = KEYSTORE_KEY, .passphrase = first, .passphrase_len = 32};
    struct keystore *ks = keystore_new(), *back;
    struct buffer file;
    struct gmm_id sum;
    uint8_t keys[2][32], out[PAYLOAD];
    assert_non_null(ks);
    ks->card_len = 6;
    keystore_derive(ks);
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    assert_int_equal(keystore_seal(&file, ks, &lock, salt, nonce), GMM_OK);
    assert_int_equal(file.len, HEADER + PAYLOAD + 16 + 32);
    keystore_free(ks);
    hash_k(keys[0], first, LABEL_KEYSTORE_KEY, salt, 16);
    hash_k(keys[1], second, LABEL_KEYSTORE_KEY, salt, 16);
    /* Blocks 1 and 3 lie inside node secret and signing seed: any bytes are well formed. */
    twokey_solve(TWOKEY_XCHACHA20, file.p + HEADER, PAYLOAD, 1, 3, keys[0], keys[1], nonce, file.p, HEADER);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(twokey_open(TWOKEY_XCHACHA20, out, file.p + HEADER, PAYLOAD, keys[i], nonce, file.p, HEADER),
                         0);
    hash_h(&sum, LABEL_KEYSTORE_SUM, file.p, file.len - 32);
    memcpy(file.p + file.len - 32, sum.b, 32);
    assert_int_equal(keystore_open(&back, file.p, file.len, first, 32), GMM_OK);
    keystore_free(back);
    assert_int_equal(keystore_open(&back, file.p, file.len, second, 32), GMM_EPASSPHRASE);
    buffer_close(&file);
}

int main(void)
{
    const struct CMUnitTest made_here[] = {
        cmocka_unit_test(chunks),
        cmocka_unit_test(bodies),
        cmocka_unit_test(wraps),
        cmocka_unit_test(keystores),
    };
    const struct CMUnitTest from_file[] = {cmocka_unit_test(the_public_ones)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    int failures = cmocka_run_group_tests(made_here, NULL, NULL);
    secret_close();
    if (failures != 0)
        return failures;
    vectors = testdata_vectors("generated-chachapoly-two-key.json");
    failures = cmocka_run_group_tests(from_file, NULL, NULL);
    json_decref(vectors);
    return failures;
}
