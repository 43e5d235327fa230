#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/session_hello.h"
#include "tests/lib/failmalloc.h"

static uint8_t certificate[CERTIFICATE_BYTES_MAX + 1];
static uint8_t token[SESSION_HELLO_TOKEN_MAX + 1];

static struct session_hello example(void)
{
    struct session_hello hello = {.features = 5,
                                  .build = 0x00010203,
                                  .clock_ms = UINT64_C(1700000000123),
                                  .certificate = certificate,
                                  .certificate_len = 300,
                                  .token = token,
                                  .token_len = 40};
    memset(certificate, 0xc1, sizeof certificate);
    memset(token, 0x70, sizeof token);
    memset(hello.objects.b, 0x0b, sizeof hello.objects.b);
    return hello;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct session_hello hello = example(), got;
    struct buffer out;
    buffer_init(&out, 65536);
    assert_int_equal(session_hello_encode(&out, &hello), GMM_OK);
    assert_int_equal(out.len, 1 + 4 + 8 + 4 + 2 + 300 + 1 + 40 + 32);
    assert_int_equal(session_hello_decode(&got, out.p, out.len), GMM_OK);
    assert_int_equal(got.features, 5);
    assert_int_equal(got.build, 0x00010203);
    assert_int_equal(got.clock_ms, hello.clock_ms);
    assert_int_equal(got.certificate_len, 300);
    assert_memory_equal(got.certificate, certificate, 300);
    assert_int_equal(got.token_len, 40);
    assert_memory_equal(got.token, token, 40);
    assert_true(id_equal(&got.objects, &hello.objects));
    buffer_close(&out);
}

static void test_refused(void **state)
{
    (void)state;
    struct session_hello hello = example(), got;
    struct buffer out;
    buffer_init(&out, 65536);
    assert_int_equal(session_hello_encode(&out, &hello), GMM_OK);
    for (size_t n = 0; n < out.len; n++) {
        uint8_t *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, out.p, n);
        assert_int_equal(session_hello_decode(&got, copy, n), GMM_EFORMAT);
        free(copy);
    }
    out.p[0] = 2;
    assert_int_equal(session_hello_decode(&got, out.p, out.len), GMM_EVERSION);
    out.p[0] = 1;
    buffer_put_u8(&out, 0);
    assert_int_equal(session_hello_decode(&got, out.p, out.len), GMM_EFORMAT);
    buffer_close(&out);
}

static void test_sizes(void **state)
{
    (void)state;
    struct session_hello hello = example(), got;
    struct buffer out;
    buffer_init(&out, 65536);
    hello.certificate_len = 0;
    assert_int_equal(session_hello_encode(&out, &hello), GMM_EFORMAT);
    hello.certificate_len = CERTIFICATE_BYTES_MAX + 1;
    assert_int_equal(session_hello_encode(&out, &hello), GMM_ELIMIT);
    hello.certificate_len--;
    hello.token_len = SESSION_HELLO_TOKEN_MAX + 1;
    assert_int_equal(session_hello_encode(&out, &hello), GMM_ELIMIT);
    hello.token_len--;
    assert_int_equal(session_hello_encode(&out, &hello), GMM_OK);
    assert_int_equal(session_hello_decode(&got, out.p, out.len), GMM_OK);
    buffer_close(&out);
    /* the same hello written by hand, with a certificate one byte too long, then with none */
    uint8_t raw[17 + 2 + CERTIFICATE_BYTES_MAX + 1 + 1 + 32] = {1};
    bytes_store_u16(raw + 17, CERTIFICATE_BYTES_MAX + 1);
    assert_int_equal(session_hello_decode(&got, raw, sizeof raw), GMM_ELIMIT);
    uint8_t none[17 + 2 + 1 + 32] = {1};
    assert_int_equal(session_hello_decode(&got, none, sizeof none), GMM_EFORMAT);
}

static void test_memory(void **state)
{
    (void)state;
    struct session_hello hello = example();
    for (long i = 0;; i++) {
        struct buffer out;
        buffer_init(&out, 65536);
        failmalloc_at(i);
        enum gmm_err err = session_hello_encode(&out, &hello);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        buffer_close(&out);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
