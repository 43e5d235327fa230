#include "node/textmap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static void test_many(void **state)
{
    (void)state;
    static char texts[5000][8];
    struct textmap map = {0};
    uint32_t value = 0;
    assert_false(textmap_get(&map, "0", &value));
    for (uint32_t i = 0; i < 5000; i++) {
        snprintf(texts[i], sizeof texts[i], "%u", i);
        assert_int_equal(textmap_put(&map, texts[i], i), GMM_OK);
    }
    for (uint32_t i = 0; i < 5000; i++) {
        assert_true(textmap_get(&map, texts[i], &value));
        assert_int_equal(value, i);
    }
    assert_false(textmap_get(&map, "5000", &value));
    assert_int_equal(textmap_put(&map, texts[7], 70), GMM_OK);
    assert_true(textmap_get(&map, "7", &value));
    assert_int_equal(value, 70);
    assert_int_equal(map.count, 5000);
    textmap_close(&map);
    assert_false(textmap_get(&map, "7", &value));
}

static void test_without_memory(void **state)
{
    (void)state;
    struct textmap map = {0};
    uint32_t value = 0;
    failmalloc_at(0);
    enum gmm_err err = textmap_put(&map, "a", 1);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    assert_false(textmap_get(&map, "a", &value));
    assert_int_equal(textmap_put(&map, "a", 1), GMM_OK);
    textmap_close(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many), cmocka_unit_test(test_without_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
