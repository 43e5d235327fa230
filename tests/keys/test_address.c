#include "keys/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool ok(const char *text)
{
    return address_ok(text, strlen(text));
}

static void single_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"a:1",      "gmm.example.org:4460", "192.0.2.7:65535",
                                       "[::1]:80", "[2001:db8::7]:4460",   "[::ffff:192.0.2.1]:9",
                                       "HOST-1:10"};
    static const char *const bad[] = {
        "",        ":",       "a",    "a:",    ":1",    "a:0",   "a:01",        "a:65536", "a:99999",   "a:100000",
        "a:-1",    "a:1 ",    " a:1", "a b:1", "a_b:1", "a:b:1", "::1:80",      "[::1]",   "[]:80",     "[g::]:80",
        "[::1:80", "::1]:80", "-a:1", ".a:1",  "a\n:1", "a:1\n", "h\xc3\xa9:1", "a/b:1",   "[::1]a:80", "u@a:1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!ok(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (ok(bad[i]))
            fail_msg("%s", bad[i]);
    assert_false(address_ok("a\0b:1", 5));
    char text[257];
    memset(text, 'a', sizeof text);
    memcpy(text + 253, ":1", 2);
    assert_true(address_ok(text, 255));
    memcpy(text + 253, "a:1", 3);
    assert_false(address_ok(text, 256));
}

static void lists(void **state)
{
    (void)state;
    char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES], read[LIMIT_ADDRESSES][ADDRESS_BYTES];
    for (unsigned i = 0; i < LIMIT_ADDRESSES; i++)
        snprintf(addresses[i], ADDRESS_BYTES, "host%u:%u", i, 1000 + i);
    for (uint8_t n = 0; n <= LIMIT_ADDRESSES; n++) {
        struct buffer b;
        struct bytes_in in;
        uint8_t count;
        buffer_init(&b, 4096);
        address_list_put(&b, n, (const char(*)[ADDRESS_BYTES])addresses);
        assert_int_equal(b.failed, GMM_OK);
        bytes_in_init(&in, b.p, b.len);
        address_list_get(&in, &count, read);
        assert_true(bytes_in_done(&in));
        assert_int_equal(count, n);
        for (uint8_t i = 0; i < n; i++)
            assert_string_equal(addresses[i], read[i]);
        for (size_t cut = 0; cut < b.len; cut++) {
            bytes_in_init(&in, b.p, cut);
            address_list_get(&in, &count, read);
            assert_true(in.failed);
            assert_int_equal(count, 0);
        }
        buffer_close(&b);
    }
}

static void lists_refused(void **state)
{
    (void)state;
    char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES] = {"a:1"};
    struct buffer b;
    struct bytes_in in;
    uint8_t count;
    buffer_init(&b, 4096);
    address_list_put(&b, LIMIT_ADDRESSES + 1, (const char(*)[ADDRESS_BYTES])addresses);
    assert_int_equal(b.failed, GMM_ELIMIT);
    buffer_close(&b);

    uint8_t nine[1 + 9 * 4];
    nine[0] = 9;
    for (size_t i = 0; i < 9; i++)
        memcpy(nine + 1 + 4 * i,
               "\x03"
               "a:1",
               4);
    bytes_in_init(&in, nine, sizeof nine);
    address_list_get(&in, &count, addresses);
    assert_true(in.failed);
    nine[0] = 8;
    bytes_in_init(&in, nine, sizeof nine - 4);
    address_list_get(&in, &count, addresses);
    assert_int_equal(count, 8);
    nine[7] = 'x'; /* "axx" */
    bytes_in_init(&in, nine, sizeof nine - 4);
    address_list_get(&in, &count, addresses);
    assert_true(in.failed);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_addresses),
        cmocka_unit_test(lists),
        cmocka_unit_test(lists_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
