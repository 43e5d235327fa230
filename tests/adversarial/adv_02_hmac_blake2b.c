/* "The HMAC-BLAKE2b vectors pass." */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/hmac.h"
#include "tests/lib/testdata.h"

static json_t *file;

static void all_vectors_pass(void **state)
{
    (void)state;
    size_t i;
    json_t *vector, *vectors = json_object_get(file, "vectors");
    assert_true(json_array_size(vectors) >= 48);
    json_array_foreach(vectors, i, vector)
    {
        size_t key_len, in_len, expected_len;
        uint8_t *key = testdata_hex(vector, "key", &key_len), *in = testdata_hex(vector, "in", &in_len),
                *expected = testdata_hex(vector, "hmac", &expected_len), out[HMAC_BYTES];
        assert_int_equal(expected_len, sizeof out);
        hmac_blake2b(out, key, key_len, in, in_len);
        assert_memory_equal(out, expected, sizeof out);
        free(key);
        free(in);
        free(expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_vectors_pass)};
    file = testdata_vectors("generated-hmac-blake2b-512.json");
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(file);
    return failures;
}
