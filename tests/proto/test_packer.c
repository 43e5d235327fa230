#include "proto/packer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/reader.h"
#include "tests/lib/failmalloc.h"

#define EXPECT(call, literal)                                                                                          \
    do {                                                                                                               \
        struct buffer b;                                                                                               \
        buffer_init(&b, 4096);                                                                                         \
        struct buffer *out = &b;                                                                                       \
        call;                                                                                                          \
        assert_int_equal(b.failed, GMM_OK);                                                                            \
        assert_int_equal(b.len, sizeof(literal) - 1);                                                                  \
        assert_memory_equal(b.p, literal, sizeof(literal) - 1);                                                        \
        buffer_close(&b);                                                                                              \
    } while (0)

static void test_each_form(void **state)
{
    (void)state;
    EXPECT(packer_nil(out), "\xc0");
    EXPECT(packer_bool(out, false), "\xc2");
    EXPECT(packer_bool(out, true), "\xc3");
    EXPECT(packer_uint(out, 127), "\x7f");
    EXPECT(packer_uint(out, 128), "\xcc\x80");
    EXPECT(packer_uint(out, 65536), "\xce\x00\x01\x00\x00");
    EXPECT(packer_uint(out, UINT64_MAX), "\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    EXPECT(packer_int(out, 5), "\x05");
    EXPECT(packer_int(out, 200), "\xcc\xc8");
    EXPECT(packer_int(out, INT64_MAX), "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff");
    EXPECT(packer_int(out, -32), "\xe0");
    EXPECT(packer_int(out, -33), "\xd0\xdf");
    EXPECT(packer_int(out, INT64_MIN), "\xd3\x80\x00\x00\x00\x00\x00\x00\x00");
    EXPECT(packer_text(out, ""), "\xa0");
    EXPECT(packer_text(out, "caf\xc3\xa9"), "\xa5"
                                            "caf\xc3\xa9");
    EXPECT(packer_str(out, NULL, 0), "\xa0");
    EXPECT(packer_bin(out, NULL, 0), "\xc4\x00");
    EXPECT(packer_bin(out, "\x00\xff", 2), "\xc4\x02\x00\xff");
    EXPECT(packer_array(out, 15), "\x9f");
    EXPECT(packer_array(out, 16), "\xdc\x00\x10");
    EXPECT(packer_array(out, 65536), "\xdd\x00\x01\x00\x00");
    EXPECT(packer_map(out, 15), "\x8f");
    EXPECT(packer_map(out, 16), "\xde\x00\x10");
    EXPECT(packer_map(out, 65536), "\xdf\x00\x01\x00\x00");
}

static void test_ids(void **state)
{
    (void)state;
    struct gmm_id id;
    memset(&id, 9, sizeof id);
    struct buffer b;
    buffer_init(&b, 100);
    packer_id(&b, &id);
    assert_int_equal(b.len, 34);
    assert_memory_equal(b.p, "\xc4\x20", 2);
    assert_memory_equal(b.p + 2, id.b, 32);
    buffer_close(&b);
}

/* What a reader would refuse is not written. */
static void test_text_that_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *p;
        size_t len;
    } refused[] = {{"a\0b", 3}, {"\xff", 1}, {"\xed\xa0\x80", 3}, {"\xc3", 1}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct buffer b;
        buffer_init(&b, 100);
        packer_str(&b, refused[i].p, refused[i].len);
        assert_int_equal(b.failed, GMM_EFORMAT);
        packer_nil(&b);
        assert_int_equal(b.failed, GMM_EFORMAT);
        buffer_close(&b);
    }
}

static void test_lengths_beyond_the_format(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 100);
    packer_bin(&b, "x", (size_t)UINT32_MAX + 1);
    assert_int_equal(b.failed, GMM_ELIMIT);
    buffer_close(&b);
    buffer_init(&b, 100);
    packer_str(&b, "x", (size_t)UINT32_MAX + 1);
    assert_int_equal(b.failed, GMM_ELIMIT);
    buffer_close(&b);
}

static void test_bound_and_memory(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 4);
    packer_text(&b, "abcd");
    assert_int_equal(b.failed, GMM_ELIMIT);
    buffer_close(&b);
    buffer_init(&b, 100);
    failmalloc_at(0);
    packer_uint(&b, 70000);
    assert_true(failmalloc_off());
    assert_int_equal(b.failed, GMM_ENOMEM);
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_form),         cmocka_unit_test(test_ids),
        cmocka_unit_test(test_text_that_is_none), cmocka_unit_test(test_lengths_beyond_the_format),
        cmocka_unit_test(test_bound_and_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
