#include "keys/keystore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

#define HEADER_BYTES 93
#define SUM_BYTES 32

static const uint8_t salt[16] = {1, 2}, nonce[24] = {3, 4}, key[32] = {0x6b};
static const struct keystore_lock by_none = {.method = KEYSTORE_NONE},
                                  by_key = {.method = KEYSTORE_KEY, .passphrase = key, .passphrase_len = 32},
                                  by_passphrase = {.method = KEYSTORE_PASSPHRASE,
                                                   .ops = 1,
                                                   .mem_kib = 8192,
                                                   .passphrase = "correct horse",
                                                   .passphrase_len = 13};
static struct keystore *full;

/* Every field different from every other. */
static void fill(struct keystore *ks)
{
    memset(ks->node, 0x01, 32);
    memset(ks->sign_seed, 0x02, 32);
    memset(ks->noise_sk, 0x03, 32);
    memset(ks->root_seed, 0x04, 32);
    memset(ks->next_root_seed, 0x05, 32);
    memset(ks->pid.b, 0x06, 32);
    ks->root_n = 7;
    ks->root_held = ks->next_root_held = true;
    ks->wrap_count = 3;
    for (size_t i = 0; i < ks->wrap_count; i++) {
        memset(ks->wraps[i].sk, (int)(0x10 + i), 32);
        ks->wraps[i].created_ms = 1000 + i;
        ks->wraps[i].retired_ms = i == 2 ? 0 : 2000 + i;
    }
    ks->card_len = 300;
    memset(ks->card, 0x77, ks->card_len);
    keystore_derive(ks);
}

static int start(void **state)
{
    (void)state;
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK || (full = keystore_new()) == NULL)
        return 1;
    fill(full);
    return 0;
}

static int end(void **state)
{
    (void)state;
    keystore_free(full);
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

static void seal(struct buffer *out, const struct keystore *ks, const struct keystore_lock *lock)
{
    buffer_init(out, LIMIT_KEYSTORE_BYTES);
    assert_int_equal(keystore_seal(out, ks, lock, salt, nonce), GMM_OK);
}

static enum gmm_err open_with(const void *bytes, size_t len, const void *passphrase, size_t passphrase_len)
{
    struct keystore *ks;
    size_t before = secret_in_use();
    enum gmm_err err = keystore_open(&ks, bytes, len, passphrase, passphrase_len);
    assert_int_equal(ks != NULL, err == GMM_OK);
    keystore_free(ks);
    assert_int_equal(secret_in_use(), before);
    return err;
}

static void sum_again(uint8_t *file, size_t len)
{
    struct gmm_id sum;
    hash_h(&sum, "GMM1/keystore-sum", file, len - SUM_BYTES);
    memcpy(file + len - SUM_BYTES, sum.b, SUM_BYTES);
}

static void round_trip(const struct keystore *ks, const struct keystore_lock *lock)
{
    struct buffer file, again;
    struct keystore *back;
    enum keystore_method method;
    seal(&file, ks, lock);
    assert_int_equal(keystore_method(&method, file.p, file.len), GMM_OK);
    assert_int_equal(method, lock->method);
    assert_int_equal(keystore_open(&back, file.p, file.len, lock->passphrase, lock->passphrase_len), GMM_OK);
    assert_memory_equal(back, ks, sizeof *ks);
    seal(&again, back, lock);
    assert_int_equal(again.len, file.len);
    assert_memory_equal(again.p, file.p, file.len);
    keystore_free(back);
    buffer_close(&file);
    buffer_close(&again);
}

static void stores_come_back(void **state)
{
    (void)state;
    round_trip(full, &by_none);
    round_trip(full, &by_key);
    round_trip(full, &by_passphrase);
    struct keystore *ks = keystore_new();
    assert_non_null(ks);
    keystore_derive(ks);
    round_trip(ks, &by_key); /* nothing but zeros */
    for (unsigned held = 0; held < 8; held++) {
        memcpy(ks, full, sizeof *ks);
        ks->root_held = (held & 1) != 0;
        ks->next_root_held = (held & 2) != 0;
        ks->root_provisional = (held & 4) != 0;
        if (!ks->root_held)
            memset(ks->root_seed, 0, 32);
        if (!ks->next_root_held)
            memset(ks->next_root_seed, 0, 32);
        keystore_derive(ks);
        round_trip(ks, &by_key);
    }
    memset(ks->wraps, 0x5a, sizeof ks->wraps);
    memset(ks->card, 0x5b, sizeof ks->card);
    ks->wrap_count = KEYSTORE_WRAPS;
    ks->card_len = sizeof ks->card;
    round_trip(ks, &by_key);
    keystore_free(ks);
}

/* A root taken offline leaves its seed out of the file, whatever stands in memory. */
static void a_seed_not_held_is_not_stored(void **state)
{
    (void)state;
    struct buffer file;
    struct keystore *ks = keystore_new(), *back;
    assert_non_null(ks);
    memcpy(ks, full, sizeof *ks);
    ks->root_held = ks->next_root_held = false;
    seal(&file, ks, &by_none);
    assert_int_equal(keystore_open(&back, file.p, file.len, NULL, 0), GMM_OK);
    assert_true(sodium_is_zero(back->root_seed, 32));
    assert_true(sodium_is_zero(back->next_root_seed, 32));
    assert_true(sodium_is_zero(back->root_sk, 64));
    assert_true(id_is_zero(&back->root_pk));
    assert_true(id_is_zero(&back->next_commit));
    keystore_free(back);
    keystore_free(ks);
    buffer_close(&file);
}

static void derived_fields_follow_from_the_seeds(void **state)
{
    (void)state;
    struct gmm_id pk, commit;
    uint8_t sk[64];
    crypto_sign_seed_keypair(pk.b, sk, full->sign_seed);
    assert_true(id_equal(&pk, &full->sign_pk));
    assert_memory_equal(sk, full->sign_sk, 64);
    crypto_sign_seed_keypair(pk.b, sk, full->root_seed);
    assert_true(id_equal(&pk, &full->root_pk));
    assert_memory_equal(sk, full->root_sk, 64);
    crypto_scalarmult_base(pk.b, full->noise_sk);
    assert_true(id_equal(&pk, &full->noise_pk));
    crypto_sign_seed_keypair(pk.b, sk, full->next_root_seed);
    identity_next_commit(&commit, &pk);
    assert_true(id_equal(&commit, &full->next_commit));
}

/* By hand, after the header's words. */
static void the_file_is_laid_out_as_defined(void **state)
{
    (void)state;
    struct buffer file;
    uint8_t master[32], file_key[32], commit[32], plain[2048], salt_nonce[40], raw[4];
    struct gmm_id sum;
    seal(&file, full, &by_passphrase);
    size_t sealed = file.len - HEADER_BYTES - SUM_BYTES, len = 202 + 3 * 48 + 300;
    static const uint8_t head[17] = {'G', 'M', 'M', 'K', 'E', 'Y', 'S', '1', 1, 0, 0, 0, 1, 0, 0, 0x20, 0};
    assert_memory_equal(file.p, head, sizeof head);
    memcpy(salt_nonce, salt, 16);
    memcpy(salt_nonce + 16, nonce, 24);
    assert_memory_equal(file.p + 17, salt_nonce, 40);
    assert_int_equal(crypto_pwhash(master, 32, "correct horse", 13, salt, 1, 8u << 20, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    hash_k(file_key, master, "GMM1/keystore-key", salt, 16);
    hash_k(commit, master, "GMM1/keystore-commit", salt_nonce, 40);
    assert_memory_equal(file.p + 57, commit, 32);
    bytes_store_u32(raw, (uint32_t)sealed);
    assert_memory_equal(file.p + 89, raw, 4);
    assert_int_equal(sealed, len + 16);
    assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, file.p + HEADER_BYTES, sealed,
                                                                file.p, HEADER_BYTES, nonce, file_key),
                     0);
    assert_int_equal(plain[0], 1);
    assert_int_equal(plain[1], 3);
    assert_memory_equal(plain + 2, full->node, 32);
    assert_memory_equal(plain + 34, full->sign_seed, 32);
    assert_memory_equal(plain + 66, full->noise_sk, 32);
    assert_int_equal(bytes_load_u32(plain + 98), 7);
    assert_memory_equal(plain + 102, full->root_seed, 32);
    assert_memory_equal(plain + 134, full->next_root_seed, 32);
    assert_memory_equal(plain + 166, full->pid.b, 32);
    assert_int_equal(bytes_load_u16(plain + 198), 3);
    assert_memory_equal(plain + 200 + 48, full->wraps[1].sk, 32);
    assert_int_equal(bytes_load_u64(plain + 200 + 48 + 32), 1001);
    assert_int_equal(bytes_load_u64(plain + 200 + 48 + 40), 2001);
    assert_int_equal(bytes_load_u16(plain + 344), 300);
    assert_memory_equal(plain + 346, full->card, 300);
    hash_h(&sum, "GMM1/keystore-sum", file.p, file.len - SUM_BYTES);
    assert_memory_equal(file.p + file.len - SUM_BYTES, sum.b, SUM_BYTES);
    buffer_close(&file);
}

static void another_passphrase_is_told_from_damage(void **state)
{
    (void)state;
    struct buffer file;
    uint8_t other[32] = {0x6c};
    seal(&file, full, &by_key);
    assert_int_equal(open_with(file.p, file.len, key, 32), GMM_OK);
    assert_int_equal(open_with(file.p, file.len, other, 32), GMM_EPASSPHRASE);
    assert_int_equal(open_with(file.p, file.len, key, 31), GMM_EPASSPHRASE);
    assert_int_equal(open_with(file.p, file.len, NULL, 0), GMM_EPASSPHRASE);
    buffer_close(&file);
    seal(&file, full, &by_passphrase);
    assert_int_equal(open_with(file.p, file.len, "correct horse", 13), GMM_OK);
    assert_int_equal(open_with(file.p, file.len, "Correct horse", 13), GMM_EPASSPHRASE);
    assert_int_equal(open_with(file.p, file.len, "correct horse", 12), GMM_EPASSPHRASE);
    assert_int_equal(open_with(file.p, file.len, "correct horse", 0), GMM_EPASSPHRASE);
    assert_int_equal(open_with(file.p, file.len, NULL, 0), GMM_EPASSPHRASE);
    buffer_close(&file);
    seal(&file, full, &by_none);
    assert_int_equal(open_with(file.p, file.len, NULL, 0), GMM_OK);
    assert_int_equal(open_with(file.p, file.len, "ignored", 7), GMM_OK);
    buffer_close(&file);
}

static void damage_is_found(void **state)
{
    (void)state;
    struct buffer file;
    enum keystore_method method;
    seal(&file, full, &by_key);
    for (size_t bit = 0; bit < 8 * file.len; bit++) {
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(keystore_method(&method, file.p, file.len), GMM_ECORRUPT);
        assert_int_equal(open_with(file.p, file.len, key, 32), GMM_ECORRUPT);
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < file.len; n++)
        assert_int_equal(open_with(file.p, n, key, 32), GMM_ECORRUPT);
    buffer_put_u8(&file, 0);
    assert_int_equal(open_with(file.p, file.len, key, 32), GMM_ECORRUPT);
    buffer_close(&file);
}

/* A changed file whose sum was made again: by somebody, not by chance. */
static void altered_files_do_not_open(void **state)
{
    (void)state;
    struct buffer file;
    seal(&file, full, &by_key);
    for (size_t at = 0; at < file.len - SUM_BYTES; at++) {
        file.p[at] ^= 1;
        sum_again(file.p, file.len);
        enum gmm_err err = open_with(file.p, file.len, key, 32), expected = GMM_ECORRUPT;
        if (at == 7)
            expected = GMM_EVERSION;
        else if (at >= 17 && at < 89)
            expected = GMM_EPASSPHRASE; /* salt, nonce, commitment */
        assert_int_equal(err, expected);
        file.p[at] ^= 1;
    }
    buffer_close(&file);
}

static void bounds_of_the_header_hold(void **state)
{
    (void)state;
    static const struct {
        uint32_t ops, mem_kib;
    } bad[] = {{0, 8192}, {17, 8192}, {1, 8191}, {1, 0}, {1, 1024 * 1024 + 1}, {1, UINT32_MAX}, {UINT32_MAX, 8192}};
    struct buffer file;
    enum keystore_method method;
    seal(&file, full, &by_passphrase);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct keystore_lock lock = by_passphrase;
        struct buffer out;
        lock.ops = bad[i].ops;
        lock.mem_kib = bad[i].mem_kib;
        buffer_init(&out, LIMIT_KEYSTORE_BYTES);
        assert_int_equal(keystore_seal(&out, full, &lock, salt, nonce), GMM_EUSAGE);
        assert_int_equal(out.len, 0);
        buffer_close(&out);
        bytes_store_u32(file.p + 9, bad[i].ops);
        bytes_store_u32(file.p + 13, bad[i].mem_kib);
        sum_again(file.p, file.len);
        assert_int_equal(keystore_method(&method, file.p, file.len), GMM_ECORRUPT);
    }
    buffer_close(&file);
    /* costs where there is nothing to pay for; an unknown method */
    seal(&file, full, &by_none);
    for (size_t at = 8; at < 17; at++) {
        file.p[at] = 3;
        sum_again(file.p, file.len);
        assert_int_equal(keystore_method(&method, file.p, file.len), GMM_ECORRUPT);
        file.p[at] = 0;
    }
    sum_again(file.p, file.len);
    assert_int_equal(keystore_method(&method, file.p, file.len), GMM_OK);
    buffer_close(&file);
}

static void wrong_locks_are_refused(void **state)
{
    (void)state;
    struct keystore_lock locks[] = {by_key, by_key, by_key, by_none, by_passphrase, by_passphrase, by_passphrase};
    locks[0].passphrase_len = 31;
    locks[1].passphrase = NULL;
    locks[2].ops = 1;
    locks[3].mem_kib = 8192;
    locks[4].passphrase = NULL;
    locks[5].passphrase_len = 0;
    locks[6].passphrase_len = KEYSTORE_PASSPHRASE_MAX + 1;
    struct buffer out;
    buffer_init(&out, LIMIT_KEYSTORE_BYTES);
    for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++)
        assert_int_equal(keystore_seal(&out, full, &locks[i], salt, nonce), GMM_EUSAGE);
    struct keystore *ks = keystore_new();
    assert_non_null(ks);
    ks->wrap_count = KEYSTORE_WRAPS + 1;
    assert_int_equal(keystore_seal(&out, ks, &by_none, salt, nonce), GMM_EUSAGE);
    ks->wrap_count = 0;
    ks->card_len = sizeof ks->card + 1;
    assert_int_equal(keystore_seal(&out, ks, &by_none, salt, nonce), GMM_EUSAGE);
    assert_int_equal(out.len, 0);
    keystore_free(ks);
    buffer_close(&out);
}

/* A file of no passphrase around any payload. */
static enum gmm_err open_payload(const uint8_t *payload, size_t len)
{
    static const uint8_t master[32];
    uint8_t file[10000] = "GMMKEYS1", salt_nonce[40], file_key[32];
    memcpy(salt_nonce, salt, 16);
    memcpy(salt_nonce + 16, nonce, 24);
    memcpy(file + 17, salt_nonce, 40);
    hash_k(file_key, master, "GMM1/keystore-key", salt, 16);
    hash_k(file + 57, master, "GMM1/keystore-commit", salt_nonce, 40);
    bytes_store_u32(file + 89, (uint32_t)len + 16);
    crypto_aead_xchacha20poly1305_ietf_encrypt(file + HEADER_BYTES, NULL, payload, len, file, HEADER_BYTES, NULL, nonce,
                                               file_key);
    size_t size = HEADER_BYTES + len + 16 + SUM_BYTES;
    sum_again(file, size);
    return open_with(file, size, NULL, 0);
}

static void payloads_are_strict(void **state)
{
    (void)state;
    enum { FIXED = 202 };
    uint8_t payload[9000] = {1};
    assert_int_equal(open_payload(payload, FIXED), GMM_OK);
    for (size_t n = 0; n < FIXED; n++)
        assert_int_equal(open_payload(payload, n), GMM_ECORRUPT);
    assert_int_equal(open_payload(payload, FIXED + 1), GMM_ECORRUPT);
    assert_int_equal(open_payload(payload, sizeof payload), GMM_ECORRUPT);
    payload[0] = 2;
    assert_int_equal(open_payload(payload, FIXED), GMM_EVERSION);
    payload[0] = 1;
    payload[1] = 32;
    assert_int_equal(open_payload(payload, FIXED), GMM_ECORRUPT);
    payload[1] = 16; /* the key before */
    assert_int_equal(open_payload(payload, FIXED + 31), GMM_ECORRUPT);
    assert_int_equal(open_payload(payload, FIXED + 32), GMM_OK);
    payload[1] = 8; /* keys to come */
    assert_int_equal(open_payload(payload, FIXED), GMM_ECORRUPT);
    assert_int_equal(open_payload(payload, FIXED + 95), GMM_ECORRUPT);
    assert_int_equal(open_payload(payload, FIXED + 96), GMM_OK);
    payload[1] = 0;
    payload[102] = 1; /* a root's seed, not held */
    assert_int_equal(open_payload(payload, FIXED), GMM_ECORRUPT);
    payload[1] = 1;
    assert_int_equal(open_payload(payload, FIXED), GMM_OK);
    payload[102 + 32] = 1;
    assert_int_equal(open_payload(payload, FIXED), GMM_ECORRUPT);
    payload[1] = 3;
    assert_int_equal(open_payload(payload, FIXED), GMM_OK);
    payload[199] = 1; /* one wrap key that is not there; there */
    assert_int_equal(open_payload(payload, FIXED), GMM_ECORRUPT);
    assert_int_equal(open_payload(payload, FIXED + 48), GMM_OK);
    payload[199] = KEYSTORE_WRAPS + 1;
    assert_int_equal(open_payload(payload, FIXED + (KEYSTORE_WRAPS + 1) * 48), GMM_ECORRUPT);
    payload[199] = 0;
    bytes_store_u16(payload + FIXED - 2, CARD_BYTES_MAX + 1);
    assert_int_equal(open_payload(payload, FIXED + CARD_BYTES_MAX + 1), GMM_ECORRUPT);
    bytes_store_u16(payload + FIXED - 2, CARD_BYTES_MAX);
    assert_int_equal(open_payload(payload, FIXED + CARD_BYTES_MAX), GMM_OK);
}

static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    struct buffer file;
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    failmalloc_at(0);
    enum gmm_err err = keystore_seal(&file, full, &by_key, salt, nonce);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    buffer_close(&file);
    buffer_init(&file, 100);
    assert_int_equal(keystore_seal(&file, full, &by_key, salt, nonce), GMM_ELIMIT);
    buffer_close(&file);
    seal(&file, full, &by_key);
    /* The arena takes a region more when 64 KiB are full: at every filling of it an open succeeds or fails cleanly. */
    static void *held[64];
    size_t count = 0, refused = 0;
    while (count < 64) {
        failmalloc_at(0);
        struct keystore *ks;
        err = keystore_open(&ks, file.p, file.len, key, 32);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        keystore_free(ks);
        refused += failed;
        if (failed && refused == 3)
            break;
        held[count] = secret_alloc(1024);
        assert_non_null(held[count]);
        count++;
    }
    assert_true(refused > 0);
    while (count > 0)
        secret_free(held[--count]);
    buffer_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_come_back),
        cmocka_unit_test(a_seed_not_held_is_not_stored),
        cmocka_unit_test(derived_fields_follow_from_the_seeds),
        cmocka_unit_test(the_file_is_laid_out_as_defined),
        cmocka_unit_test(another_passphrase_is_told_from_damage),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(altered_files_do_not_open),
        cmocka_unit_test(bounds_of_the_header_hold),
        cmocka_unit_test(wrong_locks_are_refused),
        cmocka_unit_test(payloads_are_strict),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, start, end);
}
