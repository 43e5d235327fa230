/* Inputs that make other decoders reserve gigabytes, or that have a second form, are refused without memory to speak
 * of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/reader.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/testdata.h"

static json_t *vectors;

static void adv_05_rejected_inputs(void **state)
{
    (void)state;
    const json_t *list = json_object_get(vectors, "reject");
    assert_int_equal(json_array_size(list), 59);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        size_t len;
        uint8_t *input = testdata_hex(item, "hex", &len);
        failmalloc_count();
        enum gmm_err checked = reader_check(input, len);
        struct reader r;
        enum gmm_err opened = reader_init(&r, input, len);
        reader_skip(&r);
        (void)failmalloc_off();
        if (checked == GMM_OK || opened == GMM_OK)
            fail_msg("accepted: %s", json_string_value(json_object_get(item, "why")));
        assert_true(failmalloc_bytes() < 1u << 20);
        assert_int_not_equal(reader_done(&r), GMM_OK);
        free(input);
    }
}

int main(void)
{
    vectors = testdata_vectors("generated-msgpack-reject.json");
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_05_rejected_inputs)};
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(vectors);
    return failures;
}
