#include "proto/hmac.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    char text[2 * HMAC_BYTES + 1];
    assert_string_equal(sodium_bin2hex(text, sizeof text, bytes, len), hex);
}

/* Made with Python's hmac and hashlib.blake2b. */
static void known_answers(void **state)
{
    (void)state;
    uint8_t out[HMAC_BYTES], key[200];
    hmac_blake2b(out, "key", 3, "The quick brown fox jumps over the lazy dog", 43);
    assert_hex(out, sizeof out,
               "92294f92c0dfb9b00ec9ae8bd94d7e7d8a036b885a499f149dfe2fd2199394aa"
               "af6b8894a1730cccb2cd050f9bcf5062a38b51b0dab33207f8ef35ae2c9df51b");
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)i;
    hmac_blake2b(out, key, sizeof key, NULL, 0);
    assert_hex(out, sizeof out,
               "7388546f6fc7f13d6a774d6c7ed213aafc3c82f27851f8fae9fa679c6f52eb7c"
               "c873c4a7f0b574ce29ff40e0641a436015a41a2cfbb84b9906495d4f801dbe4c");
}

/* Keys up to the block stand as they are, longer ones are hashed. */
static void the_block_is_128_bytes(void **state)
{
    (void)state;
    uint8_t key[129] = {1}, hashed[HMAC_BYTES], a[HMAC_BYTES], b[HMAC_BYTES];
    hmac_blake2b(a, key, 128, "x", 1);
    hmac_blake2b(b, key, 1, "x", 1); /* zeros behind it are the padding */
    assert_memory_equal(a, b, sizeof a);
    crypto_generichash_blake2b(hashed, sizeof hashed, key, 129, NULL, 0);
    hmac_blake2b(a, key, 129, "x", 1);
    hmac_blake2b(b, hashed, sizeof hashed, "x", 1);
    assert_memory_equal(a, b, sizeof a);
}

static void hkdf_is_as_defined(void **state)
{
    (void)state;
    static const uint8_t ck[HMAC_BYTES] = {9}, input[32] = {8};
    uint8_t temp[HMAC_BYTES], expected[3][HMAC_BYTES], out[3][HMAC_BYTES], bytes[HMAC_BYTES + 1];
    hmac_blake2b(temp, ck, sizeof ck, input, sizeof input);
    hmac_blake2b(expected[0], temp, sizeof temp, "\x01", 1);
    for (uint8_t i = 1; i < 3; i++) {
        memcpy(bytes, expected[i - 1], HMAC_BYTES);
        bytes[HMAC_BYTES] = (uint8_t)(i + 1);
        hmac_blake2b(expected[i], temp, sizeof temp, bytes, sizeof bytes);
    }
    hmac_hkdf(out[0], out[1], out[2], ck, input, sizeof input);
    assert_memory_equal(out, expected, sizeof out);
    memset(out, 0, sizeof out);
    memcpy(out[0], ck, sizeof ck);
    hmac_hkdf(out[0], out[1], NULL, out[0], input, sizeof input);
    assert_memory_equal(out, expected, (size_t)2 * HMAC_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(the_block_is_128_bytes),
        cmocka_unit_test(hkdf_is_as_defined),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
