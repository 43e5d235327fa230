#include "node/plainmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_bytes(const void *bytes, size_t len, enum gmm_err expected)
{
    json_t *out = NULL;
    assert_int_equal(plainmap_json(&out, bytes, len), expected);
    assert_true((out == NULL) == (expected != GMM_OK));
    return out;
}

static void says_what_a_record_says(void **state)
{
    (void)state;
    /* {"a": 7, "b": [true, nil, -2], "c": bin 0xff00, "d": {"e": "é"}} */
    static const uint8_t record[] = {0x84, 0xa1, 'a',  7,    0xa1, 'b', 0x93, 0xc3, 0xc0, 0xfe, 0xa1, 'c',
                                     0xc4, 2,    0xff, 0x00, 0xa1, 'd', 0x81, 0xa1, 'e',  0xa2, 0xc3, 0xa9};
    json_t *out = read_bytes(record, sizeof record, GMM_OK);
    char *text = json_dumps(out, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, "{\"a\":7,\"b\":[true,null,-2],\"c\":\"ff00\",\"d\":{\"e\":\"é\"}}");
    free(text);
    json_decref(out);
    for (size_t n = 0; n < sizeof record; n++)
        (void)read_bytes(record, n, GMM_EFORMAT);
}

static void other_values_are_no_record(void **state)
{
    (void)state;
    static const uint8_t array[] = {0x90}, keyed[] = {0x81, 1, 2}, nul[] = {0x81, 0xa1, 0, 1},
                         big[] = {0x81, 0xa1, 'a', 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
                         trailing[] = {0x80, 0xc0}, empty[] = {0x80};
    (void)read_bytes(array, sizeof array, GMM_EFORMAT);
    (void)read_bytes(keyed, sizeof keyed, GMM_EFORMAT);
    (void)read_bytes(big, sizeof big, GMM_EFORMAT);
    (void)read_bytes(trailing, sizeof trailing, GMM_EFORMAT);
    json_decref(read_bytes(empty, sizeof empty, GMM_OK));
    json_t *out = NULL;
    (void)plainmap_json(&out, nul, sizeof nul); /* a key that C text would cut: whatever it gives, it gives whole */
    assert_true(out == NULL || json_object_size(out) == 1);
    json_decref(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_a_record_says),
        cmocka_unit_test(other_values_are_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
