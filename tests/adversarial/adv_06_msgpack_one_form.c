/* Of the encodings that the public suite lists for a value of the profile, exactly one is accepted; of others, none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/reader.h"
#include "tests/lib/testdata.h"

static json_t *vectors;

/* "d3-00-ff": bytes in hex with hyphens. */
static size_t parse(uint8_t *out, size_t max, const char *text)
{
    size_t n = 0;
    for (unsigned byte; *text != '\0'; text += text[2] == '-' ? 3 : 2) {
        assert_true(n < max);
        assert_int_equal(sscanf(text, "%2x", &byte), 1);
        out[n++] = (uint8_t)byte;
    }
    return n;
}

static unsigned accepted_forms(const json_t *item)
{
    unsigned accepted = 0;
    uint8_t bytes[2048];
    const json_t *forms = json_object_get(item, "msgpack");
    assert_true(json_array_size(forms) > 0);
    for (size_t i = 0; i < json_array_size(forms); i++) {
        size_t len = parse(bytes, sizeof bytes, json_string_value(json_array_get(forms, i)));
        accepted += reader_check(bytes, len) == GMM_OK;
    }
    return accepted;
}

/* Fractions, extensions and time stamps are outside the profile. */
static bool is_of_profile(const json_t *item)
{
    const json_t *number = json_object_get(item, "number");
    if (json_is_real(number) && json_object_get(item, "bignum") == NULL)
        return false;
    return json_object_get(item, "ext") == NULL && json_object_get(item, "timestamp") == NULL;
}

static void adv_06_one_encoding_a_value(void **state)
{
    (void)state;
    const char *file;
    json_t *items;
    unsigned values = 0, refused = 0;
    json_object_foreach(vectors, file, items)
    {
        for (size_t i = 0; i < json_array_size(items); i++) {
            const json_t *item = json_array_get(items, i);
            unsigned expected = is_of_profile(item) ? 1 : 0;
            if (accepted_forms(item) != expected)
                fail_msg("%s, value %zu: %u forms accepted", file, i, accepted_forms(item));
            values += expected;
            refused += 1 - expected;
        }
    }
    assert_int_equal(values, 57);
    assert_int_equal(refused, 28);
}

int main(void)
{
    vectors = testdata_vectors("msgpack-test-suite.json");
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_06_one_encoding_a_value)};
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(vectors);
    return failures;
}
