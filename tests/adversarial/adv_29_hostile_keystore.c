/* "A keystore file with mem=4 TiB, ops=0 or a flipped header bit is refused fast": before any Argon2 and before any
 * memory is taken, which is counted here, not timed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/keystore.h"
#include "tests/lib/failmalloc.h"

#define HEADER_BYTES 93
#define SUM_BYTES 32
#define OPS_AT 9
#define MEM_AT 13

static const uint8_t salt[16] = {1}, nonce[24] = {2};
static struct buffer file;
static unsigned hashed;

/* Stands before libsodium's: counts, then does the same. */
int crypto_pwhash(unsigned char *const out, unsigned long long outlen, const char *const passwd,
                  unsigned long long passwdlen, const unsigned char *const used_salt, unsigned long long opslimit,
                  size_t memlimit, int alg)
{
    hashed++;
    assert_int_equal(alg, crypto_pwhash_ALG_ARGON2ID13);
    return crypto_pwhash_argon2id(out, outlen, passwd, passwdlen, used_salt, opslimit, memlimit, alg);
}

static int start(void **state)
{
    (void)state;
    const struct keystore_lock lock = {
        .method = KEYSTORE_PASSPHRASE, .ops = 1, .mem_kib = 8192, .passphrase = "secret", .passphrase_len = 6};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    struct keystore *ks = keystore_new();
    if (ks == NULL)
        return 1;
    keystore_derive(ks);
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    enum gmm_err err = keystore_seal(&file, ks, &lock, salt, nonce);
    keystore_free(ks);
    return err != GMM_OK || hashed != 1;
}

static int end(void **state)
{
    (void)state;
    buffer_close(&file);
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

static void sum_again(void)
{
    struct gmm_id sum;
    hash_h(&sum, "GMM1/keystore-sum", file.p, file.len - SUM_BYTES);
    memcpy(file.p + file.len - SUM_BYTES, sum.b, SUM_BYTES);
}

static void assert_refused(void)
{
    struct keystore *ks;
    enum keystore_method method;
    hashed = 0;
    failmalloc_count();
    enum gmm_err opened = keystore_open(&ks, file.p, file.len, "secret", 6);
    enum gmm_err asked = keystore_method(&method, file.p, file.len);
    size_t bytes = failmalloc_bytes();
    failmalloc_off();
    assert_int_equal(opened, GMM_ECORRUPT);
    assert_int_equal(asked, GMM_ECORRUPT);
    assert_null(ks);
    assert_int_equal(hashed, 0);
    assert_int_equal(bytes, 0);
}

/* The file as it is opens, and costs one Argon2: what the others are measured against. */
static void the_good_file_opens(void **state)
{
    (void)state;
    struct keystore *ks;
    hashed = 0;
    assert_int_equal(keystore_open(&ks, file.p, file.len, "secret", 6), GMM_OK);
    assert_int_equal(hashed, 1);
    keystore_free(ks);
}

/* As a hostile hand would leave them: with a sum that fits. */
static void extreme_costs_are_refused(void **state)
{
    (void)state;
    static const uint32_t costs[][2] = {{1, UINT32_MAX}, /* 4 TiB */
                                        {0, 8192},       {0, 0},         {1, 0},
                                        {1, 8191},       {1, 1u << 31},  {KEYSTORE_OPS_MAX + 1, 8192},
                                        {UINT32_MAX, 8}, {0, UINT32_MAX}};
    for (size_t i = 0; i < sizeof costs / sizeof costs[0]; i++) {
        bytes_store_u32(file.p + OPS_AT, costs[i][0]);
        bytes_store_u32(file.p + MEM_AT, costs[i][1]);
        sum_again();
        assert_refused();
    }
    bytes_store_u32(file.p + OPS_AT, 1);
    bytes_store_u32(file.p + MEM_AT, 8192);
    sum_again();
}

static void flipped_bits_are_refused(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * file.len; bit++) {
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_refused();
        file.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_good_file_opens),
        cmocka_unit_test(extreme_costs_are_refused),
        cmocka_unit_test(flipped_bits_are_refused),
        cmocka_unit_test(the_good_file_opens),
    };
    return cmocka_run_group_tests(tests, start, end);
}
