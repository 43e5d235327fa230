#include "proto/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static const uint8_t secret[32] = {1}, node[32] = {2}, entropy[32] = {3};
static uint8_t prefix[192];

static int start(void **state)
{
    (void)state;
    memset(prefix, 0x5a, sizeof prefix);
    return sodium_init() < 0;
}

static void seal(struct buffer *b, const void *plain, size_t len)
{
    buffer_init(b, LIMIT_BODY_BYTES);
    assert_int_equal(body_seal(b, secret, prefix, plain, len, node, entropy), GMM_OK);
}

static void round_trip(const uint8_t *plain, size_t len, size_t expected_size)
{
    struct buffer b;
    uint8_t *back;
    size_t back_len;
    seal(&b, plain, len);
    assert_int_equal(b.len, expected_size);
    assert_int_equal(body_open(&back, &back_len, secret, prefix, b.p, b.len), GMM_OK);
    assert_int_equal(back_len, len);
    assert_memory_equal(back, plain, len);
    seal_free(back, back_len);
    buffer_close(&b);
}

/* Packed beforehand it is the same body. */
static void test_packed_before(void **state)
{
    static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const size_t lens[] = {0, 1, 8, sizeof text};
    struct body_packed packed;
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct buffer one, two;
        seal(&one, text, lens[i]);
        buffer_init(&two, LIMIT_BODY_BYTES);
        assert_int_equal(body_pack(&packed, text, lens[i]), GMM_OK);
        assert_true((packed.bytes != NULL) == (lens[i] == sizeof text));
        assert_int_equal(body_seal_packed(&two, secret, prefix, text, lens[i], &packed, node, entropy), GMM_OK);
        assert_int_equal(one.len, two.len);
        assert_memory_equal(one.p, two.p, one.len);
        body_packed_close(&packed);
        assert_null(packed.bytes);
        body_end_thread();
        buffer_close(&one);
        buffer_close(&two);
    }
    assert_int_equal(body_pack(&packed, text, BODY_PLAIN_MAX + 1), GMM_ELIMIT);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 251, 252, 4096, 100000};
    static uint8_t noise[100000], text[BODY_PLAIN_MAX];
    static const uint8_t seed[randombytes_SEEDBYTES];
    randombytes_buf_deterministic(noise, sizeof noise, seed);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        round_trip(noise, sizes[i], seal_size(sizes[i]));
    memset(text, 'a', sizeof text);
    round_trip(text, 100000, seal_size(0));
    uint8_t packed[1000];
    size_t n = ZSTD_compress(packed, sizeof packed, text, sizeof text, 3);
    assert_false(ZSTD_isError(n));
    round_trip(text, sizeof text, seal_size(n));
}

static void test_limits(void **state)
{
    (void)state;
    struct buffer b;
    uint8_t *big = calloc(1, BODY_PLAIN_MAX + 1);
    assert_non_null(big);
    buffer_init(&b, LIMIT_BODY_BYTES);
    assert_int_equal(body_seal(&b, secret, prefix, big, BODY_PLAIN_MAX + 1, node, entropy), GMM_ELIMIT);
    static const uint8_t seed[randombytes_SEEDBYTES];
    randombytes_buf_deterministic(big, BODY_PLAIN_MAX, seed);
    assert_int_equal(body_seal(&b, secret, prefix, big, LIMIT_BODY_BYTES, node, entropy), GMM_ELIMIT);
    assert_int_equal(b.len, 0);
    buffer_close(&b);
    buffer_init(&b, 100);
    assert_int_equal(body_seal(&b, secret, prefix, big, 10, node, entropy), GMM_ELIMIT);
    buffer_close(&b);
    free(big);
}

static void test_appends(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 1000);
    buffer_put_u8(&b, 0x77);
    assert_int_equal(body_seal(&b, secret, prefix, "abc", 3, node, entropy), GMM_OK);
    assert_int_equal(b.len, 1 + seal_size(3));
    uint8_t *back;
    size_t len;
    assert_int_equal(body_open(&back, &len, secret, prefix, b.p + 1, b.len - 1), GMM_OK);
    assert_memory_equal(back, "abc", 3);
    seal_free(back, len);
    buffer_close(&b);
}

static void test_other_key_header_or_bytes(void **state)
{
    (void)state;
    struct buffer b;
    uint8_t *back, other[192];
    size_t len;
    seal(&b, "abc", 3);
    assert_int_equal(body_open(&back, &len, node, prefix, b.p, b.len), GMM_EDECRYPT);
    assert_null(back);
    memcpy(other, prefix, sizeof other);
    other[100] ^= 1;
    assert_int_equal(body_open(&back, &len, secret, other, b.p, b.len), GMM_EDECRYPT);
    for (size_t i = 0; i < b.len; i++) {
        b.p[i] ^= 0x10;
        assert_int_equal(body_open(&back, &len, secret, prefix, b.p, b.len), GMM_EDECRYPT);
        b.p[i] ^= 0x10;
    }
    buffer_close(&b);
}

/* What a member could seal as "compressed". */
static enum gmm_err open_frame(const void *frame, size_t len)
{
    uint8_t *body = malloc(seal_size(len)), *back;
    size_t back_len;
    assert_non_null(body);
    assert_int_equal(seal_body(body, secret, prefix, SEAL_ZSTD, frame, len, node, entropy), GMM_OK);
    enum gmm_err err = body_open(&back, &back_len, secret, prefix, body, seal_size(len));
    if (err != GMM_OK)
        assert_null(back);
    seal_free(back, back_len);
    free(body);
    return err;
}

static size_t compress(uint8_t *out, size_t max, const void *plain, size_t len)
{
    size_t n = ZSTD_compress(out, max, plain, len, 3);
    assert_false(ZSTD_isError(n));
    return n;
}

static void test_frames_refused(void **state)
{
    (void)state;
    static uint8_t plain[BODY_PLAIN_MAX + 1];
    uint8_t frame[2000];
    /* states one byte too many */
    size_t n = compress(frame, sizeof frame, plain, sizeof plain);
    assert_int_equal(open_frame(frame, n), GMM_ELIMIT);
    /* whole, cut, prolonged, doubled */
    n = compress(frame, sizeof frame, plain, 5000);
    assert_int_equal(open_frame(frame, n), GMM_OK);
    assert_int_equal(open_frame(frame, n - 1), GMM_EFORMAT);
    assert_int_equal(open_frame(frame, n + 1), GMM_EFORMAT);
    memcpy(frame + n, frame, n);
    assert_int_equal(open_frame(frame, 2 * n), GMM_EFORMAT);
    /* not smaller than what it holds */
    n = compress(frame, sizeof frame, "0123456789", 10);
    assert_true(n > 10);
    assert_int_equal(open_frame(frame, n), GMM_EFORMAT);
    /* nothing, not zstd, a skippable frame */
    assert_int_equal(open_frame("", 0), GMM_EFORMAT);
    assert_int_equal(open_frame("not a frame at all", 18), GMM_EFORMAT);
    assert_int_equal(open_frame("\x50\x2a\x4d\x18\x02\x00\x00\x00xy", 10), GMM_EFORMAT);
}

static void test_frame_without_its_size(void **state)
{
    (void)state;
    static const uint8_t plain[4000];
    uint8_t frame[1000];
    ZSTD_CCtx *ctx = ZSTD_createCCtx();
    assert_non_null(ctx);
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(ctx, ZSTD_c_contentSizeFlag, 0)));
    size_t n = ZSTD_compress2(ctx, frame, sizeof frame, plain, sizeof plain);
    assert_false(ZSTD_isError(n));
    ZSTD_freeCCtx(ctx);
    failmalloc_count();
    assert_int_equal(open_frame(frame, n), GMM_ELIMIT);
    (void)failmalloc_off();
    assert_true(failmalloc_largest() < sizeof plain);
}

static void test_a_frame_that_lies_about_its_size(void **state)
{
    (void)state;
    static const uint8_t plain[300];
    uint8_t frame[1000];
    size_t n = compress(frame, sizeof frame, plain, sizeof plain);
    assert_int_equal(ZSTD_getFrameContentSize(frame, n), 300);
    /* magic 4, descriptor 1, then size − 256 in two bytes */
    bytes_store_u16(frame + 5, 0x2d00);
    assert_int_equal(ZSTD_getFrameContentSize(frame, n), 301);
    assert_int_equal(open_frame(frame, n), GMM_EFORMAT);
    bytes_store_u16(frame + 5, 0x2b00);
    assert_int_equal(open_frame(frame, n), GMM_EFORMAT);
}

static void test_memory_ends(void **state)
{
    (void)state;
    static const uint8_t plain[5000];
    struct buffer b;
    long at = 0;
    for (;; at++) {
        buffer_init(&b, LIMIT_BODY_BYTES);
        failmalloc_at(at);
        enum gmm_err err = body_seal(&b, secret, prefix, plain, sizeof plain, node, entropy);
        if (!failmalloc_off())
            break;
        assert_int_equal(err, GMM_ENOMEM);
        buffer_close(&b);
    }
    assert_int_equal(at, 2);
    uint8_t *back;
    size_t len;
    for (at = 0;; at++) {
        failmalloc_at(at);
        enum gmm_err err = body_open(&back, &len, secret, prefix, b.p, b.len);
        if (!failmalloc_off())
            break;
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(back);
    }
    assert_int_equal(at, 2);
    seal_free(back, len);
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_packed_before),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_other_key_header_or_bytes),
        cmocka_unit_test(test_frames_refused),
        cmocka_unit_test(test_frame_without_its_size),
        cmocka_unit_test(test_a_frame_that_lies_about_its_size),
        cmocka_unit_test(test_memory_ends),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
