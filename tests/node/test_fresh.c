#include "node/fresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct gmm_id id_of(uint32_t n)
{
    struct gmm_id id = {{0}};
    memcpy(id.b, &n, sizeof n);
    return id;
}

static void assert_holds(struct fresh *f, uint32_t n)
{
    struct gmm_id id = id_of(n);
    size_t len = 99;
    const uint8_t *plain = fresh_find(f, &id, &len);
    assert_non_null(plain);
    assert_int_equal(len, sizeof n);
    assert_memory_equal(plain, &n, sizeof n);
}

static void test_found_in_any_order(void **state)
{
    struct fresh *f = NULL;
    struct gmm_id other = id_of(1000);
    size_t len = 0;
    (void)state;
    assert_null(fresh_find(f, &other, &len));
    for (uint32_t n = 0; n < 300; n++) {
        struct gmm_id id = id_of(n);
        fresh_keep(&f, &id, &n, sizeof n);
    }
    for (uint32_t n = 0; n < 300; n++)
        assert_holds(f, n);
    for (uint32_t n = 300; n-- > 0;)
        assert_holds(f, n);
    assert_null(fresh_find(f, &other, &len));
    fresh_clear(&f);
    assert_null(f);
    fresh_clear(&f);
}

/* What would be too much is not kept, what comes after and fits is. */
static void test_bounded(void **state)
{
    struct fresh *f = NULL;
    struct gmm_id first = id_of(1), second = id_of(2);
    size_t len = 0;
    uint8_t *large = calloc(1, FRESH_BYTES);
    uint32_t n = 3;
    struct gmm_id third = id_of(n);
    (void)state;
    assert_non_null(large);
    fresh_keep(&f, &first, large, FRESH_BYTES - sizeof n);
    fresh_keep(&f, &second, large, 2 * sizeof n);
    fresh_keep(&f, &third, &n, sizeof n);
    assert_non_null(fresh_find(f, &first, &len));
    assert_int_equal(len, FRESH_BYTES - sizeof n);
    assert_null(fresh_find(f, &second, &len));
    assert_holds(f, n);
    fresh_clear(&f);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found_in_any_order),
        cmocka_unit_test(test_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
