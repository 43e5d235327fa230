#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/mux.h"
#include "tests/lib/failmalloc.h"

static struct mux a, b;
static uint8_t frame[LIMIT_FRAME_PLAIN];

static int setup(void **state)
{
    (void)state;
    mux_init(&a, MUX_STREAMS, LIMIT_MESSAGE_BYTES, LIMIT_MESSAGE_BYTES);
    mux_init(&b, MUX_STREAMS, LIMIT_MESSAGE_BYTES, LIMIT_MESSAGE_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    mux_close(&a);
    mux_close(&b);
    return 0;
}

static uint8_t *pattern(size_t len)
{
    uint8_t *p = malloc(len + 1);
    assert_non_null(p);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i * 31 + i / 251);
    return p;
}

/* Moves one frame; its size, 0 when none may go. */
static size_t carry(struct mux *from, struct mux *to, struct mux_item *item)
{
    *item = (struct mux_item){0};
    size_t n = mux_frame_size(from);
    if (n == 0)
        return 0;
    assert_true(n > MUX_FRAME_HEADER && n <= sizeof frame);
    memset(frame, 0xee, sizeof frame);
    mux_frame_write(from, frame);
    assert_int_equal(mux_receive(to, frame, n, item), GMM_OK);
    return n;
}

static enum gmm_err receive(struct mux *m, unsigned stream, unsigned flags, size_t part_len)
{
    struct mux_item item;
    memset(frame, 7, sizeof frame);
    frame[0] = (uint8_t)stream;
    frame[1] = (uint8_t)flags;
    return mux_receive(m, frame, MUX_FRAME_HEADER + part_len, &item);
}

static enum gmm_err grant(struct mux *m, unsigned stream, uint32_t bytes, size_t extra)
{
    struct mux_item item;
    uint8_t raw[9] = {0, 1, MUX_CREDIT, (uint8_t)stream};
    bytes_store_u32(raw + 4, bytes);
    return mux_receive(m, raw, 8 + extra, &item);
}

/* Parts can be made small, within bounds, and the receiver need not know. */
static void test_part_max(void **state)
{
    static const struct {
        size_t asked, is;
    } rows[] = {{1000, 1000}, {0, 256}, {255, 256}, {SIZE_MAX, MUX_PART_MAX}};
    (void)state;
    uint8_t *payload = pattern(70000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mux_item item;
        size_t frames = 0;
        teardown(NULL);
        setup(NULL);
        mux_part_max(&a, rows[i].asked);
        assert_int_equal(mux_send(&a, 3, 9, payload, 70000), GMM_OK);
        do {
            assert_true(carry(&a, &b, &item) <= MUX_FRAME_HEADER + rows[i].is);
            frames++;
        } while (!item.complete);
        assert_int_equal(frames, (70001 + rows[i].is - 1) / rows[i].is);
        assert_int_equal(item.len, 70000);
        assert_memory_equal(item.payload, payload, 70000);
    }
    free(payload);
}

static void check_round_trip(unsigned stream, size_t len)
{
    struct mux_item item;
    uint8_t *payload = pattern(len);
    assert_int_equal(mux_send(&a, stream, 9, payload, len), GMM_OK);
    assert_int_equal(mux_queued(&a, stream), len + 1 + MUX_MESSAGE_COST);
    size_t frames = 0;
    do {
        assert_true(carry(&a, &b, &item) > 0);
        frames++;
    } while (!item.complete);
    assert_int_equal(frames, (len + 1 + MUX_PART_MAX - 1) / MUX_PART_MAX);
    assert_int_equal(item.stream, stream);
    assert_int_equal(item.type, 9);
    assert_int_equal(item.len, len);
    assert_memory_equal(item.payload, payload, len);
    assert_int_equal(mux_frame_size(&a), 0);
    assert_int_equal(mux_queued(&a, stream), 0);
    mux_consumed(&b, stream, len + 1);
    while (carry(&b, &a, &item) > 0)
        assert_false(item.complete);
    free(payload);
}

static void test_round_trips(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,
                                   1,
                                   2,
                                   255,
                                   MUX_PART_MAX - 2,
                                   MUX_PART_MAX - 1,
                                   MUX_PART_MAX,
                                   2 * MUX_PART_MAX - 1,
                                   2 * MUX_PART_MAX,
                                   LIMIT_MESSAGE_BYTES - 1};
    for (unsigned stream = 0; stream < MUX_STREAMS; stream++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            check_round_trip(stream, sizes[i]);
}

static void test_take(void **state)
{
    (void)state;
    struct buffer payload;
    struct mux_item item;
    buffer_init(&payload, 1000);
    buffer_put(&payload, "hello", 5);
    assert_int_equal(mux_send_take(&a, 1, 20, &payload), GMM_OK);
    assert_null(payload.p);
    assert_int_equal(payload.len, 0);
    assert_int_equal(payload.max, 1000);
    assert_int_equal(mux_send_take(&a, 1, 21, &payload), GMM_OK); /* empty */
    assert_true(carry(&a, &b, &item) > 0);
    assert_int_equal(item.type, 20);
    assert_int_equal(item.len, 5);
    assert_memory_equal(item.payload, "hello", 5);
    assert_true(carry(&a, &b, &item) > 0);
    assert_int_equal(item.type, 21);
    assert_int_equal(item.len, 0);
    buffer_put(&payload, "kept", 4);
    assert_int_equal(mux_send_take(&a, MUX_STREAMS, 22, &payload), GMM_EUSAGE);
    assert_int_equal(payload.len, 4);
    payload.failed = GMM_ELIMIT;
    assert_int_equal(mux_send_take(&a, 1, 22, &payload), GMM_ELIMIT);
    assert_int_equal(mux_frame_size(&a), 0);
    buffer_close(&payload);
}

static void test_malformed(void **state)
{
    (void)state;
    struct mux_item item;
    static const uint8_t raw[] = {1, 1, 5};
    for (size_t n = 0; n <= MUX_FRAME_HEADER; n++)
        assert_int_equal(mux_receive(&b, raw, n, &item), GMM_EFORMAT);
    for (unsigned flags = 2; flags < 256; flags++)
        assert_int_equal(receive(&b, 1, flags, 1), GMM_EFORMAT);
    for (unsigned stream = MUX_STREAMS; stream < 256; stream++)
        assert_int_equal(receive(&b, stream, 1, 1), GMM_EFORMAT);
    assert_int_equal(receive(&b, 1, 1, 1), GMM_OK);
}

static void test_few_streams(void **state)
{
    (void)state;
    struct mux join;
    mux_init(&join, 1, 100, 10);
    assert_int_equal(receive(&join, 1, 1, 1), GMM_EFORMAT);
    assert_int_equal(receive(&join, 0, 0, 60), GMM_OK);
    assert_int_equal(receive(&join, 0, 1, 40), GMM_OK);
    assert_int_equal(receive(&join, 0, 1, 101), GMM_ELIMIT);
    assert_int_equal(mux_send(&join, 1, 9, "x", 1), GMM_EUSAGE);
    assert_int_equal(mux_send(&join, 0, 9, "0123456789", 10), GMM_ELIMIT);
    assert_int_equal(mux_send(&join, 0, 9, "012345678", 9), GMM_OK);
    mux_close(&join);
}

static void test_message_too_long(void **state)
{
    (void)state;
    size_t sent = 0;
    failmalloc_count();
    while (sent + MUX_PART_MAX <= LIMIT_MESSAGE_BYTES) {
        assert_int_equal(receive(&b, 0, 0, MUX_PART_MAX), GMM_OK);
        sent += MUX_PART_MAX;
    }
    assert_int_equal(receive(&b, 0, 1, LIMIT_MESSAGE_BYTES - sent + 1), GMM_ELIMIT);
    assert_true(failmalloc_largest() <= LIMIT_MESSAGE_BYTES);
    failmalloc_off();
    uint8_t *payload = pattern(LIMIT_MESSAGE_BYTES);
    assert_int_equal(mux_send(&a, 2, 9, payload, LIMIT_MESSAGE_BYTES), GMM_ELIMIT);
    assert_int_equal(mux_send(&a, 2, 9, payload, LIMIT_MESSAGE_BYTES - 1), GMM_OK);
    free(payload);
}

static void test_queue_limit(void **state)
{
    (void)state;
    uint8_t *payload = pattern(1u << 20);
    while (mux_queued(&a, 3) < LIMIT_IN_FLIGHT_BYTES)
        assert_int_equal(mux_send(&a, 3, 9, payload, 1u << 20), GMM_OK);
    assert_int_equal(mux_send(&a, 3, 9, payload, 1), GMM_ELIMIT);
    struct buffer taken;
    buffer_init(&taken, 100);
    buffer_put_u8(&taken, 1);
    assert_int_equal(mux_send_take(&a, 3, 9, &taken), GMM_ELIMIT);
    assert_int_equal(taken.len, 1);
    buffer_close(&taken);
    assert_int_equal(mux_send(&a, 2, 9, payload, 1), GMM_OK);
    free(payload);
    /* small messages count what they cost */
    size_t n = 0;
    while (mux_send(&a, 1, 9, NULL, 0) == GMM_OK)
        n++;
    assert_true(n <= LIMIT_IN_FLIGHT_BYTES / MUX_MESSAGE_COST);
}

static void test_credit_ends_and_resumes(void **state)
{
    (void)state;
    struct mux_item item;
    enum { LEN = 1 << 20 };
    uint8_t *payload = pattern(LEN);
    for (int i = 0; i < 6; i++)
        assert_int_equal(mux_send(&a, 2, (uint8_t)(10 + i), payload, LEN - 1), GMM_OK);
    size_t got = 0, messages = 0, n;
    while ((n = carry(&a, &b, &item)) > 0) {
        got += n - MUX_FRAME_HEADER;
        messages += item.complete;
    }
    assert_int_equal(got, MUX_WINDOW_BYTES);
    assert_int_equal(messages, 2);
    assert_true(mux_queued(&a, 2) > 0);
    /* others go on meanwhile */
    assert_int_equal(mux_send(&a, 3, 9, payload, 100), GMM_OK);
    assert_true(carry(&a, &b, &item) > 0);
    assert_int_equal(item.stream, 3);
    /* below a step nothing is granted, at a step it is */
    mux_consumed(&b, 2, MUX_GRANT_BYTES - 1);
    assert_int_equal(mux_frame_size(&b), 0);
    mux_consumed(&b, 2, 2 * LEN - (MUX_GRANT_BYTES - 1));
    assert_true(carry(&b, &a, &item) > 0);
    assert_false(item.complete);
    assert_int_equal(mux_frame_size(&b), 0);
    while (messages < 6) {
        while (carry(&a, &b, &item) > 0)
            if (item.complete) {
                assert_int_equal(item.type, 10 + messages);
                assert_int_equal(item.len, LEN - 1);
                assert_memory_equal(item.payload, payload, LEN - 1);
                messages++;
                mux_consumed(&b, 2, LEN);
            }
        while (carry(&b, &a, &item) > 0)
            assert_false(item.complete);
    }
    assert_int_equal(mux_queued(&a, 2), 0);
    free(payload);
}

static void test_credit_violated(void **state)
{
    (void)state;
    size_t sent = 0;
    while (sent + 60000 <= MUX_WINDOW_BYTES) {
        assert_int_equal(receive(&b, 1, 1, 60000), GMM_OK);
        sent += 60000;
    }
    assert_int_equal(receive(&b, 2, 1, 60000), GMM_OK);
    assert_int_equal(receive(&b, 1, 1, MUX_WINDOW_BYTES - sent), GMM_OK);
    assert_int_equal(receive(&b, 1, 1, 1), GMM_ELIMIT);
    /* control needs none */
    for (size_t n = 0; n <= 2 * MUX_WINDOW_BYTES; n += 60000)
        assert_int_equal(receive(&b, 0, 1, 60000), GMM_OK);
}

static void test_grants_malformed(void **state)
{
    (void)state;
    struct mux_item item;
    uint8_t *payload = pattern(1000);
    assert_int_equal(grant(&a, 1, 1, 0), GMM_EFORMAT); /* nothing was sent */
    assert_int_equal(mux_send(&a, 1, 9, payload, 999), GMM_OK);
    assert_true(carry(&a, &b, &item) > 0);
    assert_int_equal(grant(&a, 1, 0, 0), GMM_EFORMAT);
    assert_int_equal(grant(&a, 1, 1001, 0), GMM_EFORMAT);
    assert_int_equal(grant(&a, 1, UINT32_MAX, 0), GMM_EFORMAT);
    assert_int_equal(grant(&a, 0, 1, 0), GMM_EFORMAT);
    assert_int_equal(grant(&a, 2, 1, 0), GMM_EFORMAT);
    assert_int_equal(grant(&a, MUX_STREAMS, 1, 0), GMM_EFORMAT);
    assert_int_equal(grant(&a, 1, 1, 1), GMM_EFORMAT);
    assert_int_equal(grant(&a, 1, 1000, 0), GMM_OK);
    assert_int_equal(grant(&a, 1, 1, 0), GMM_EFORMAT);
    /* on another stream the type belongs to somebody else */
    static const uint8_t other[] = {1, 1, MUX_CREDIT, 1, 0, 0, 0, 1};
    assert_int_equal(mux_receive(&a, other, sizeof other, &item), GMM_OK);
    assert_true(item.complete);
    free(payload);
}

/* A grant must not fall between two parts of a message on stream 0. */
static void test_grant_waits_for_control(void **state)
{
    (void)state;
    struct mux_item item;
    uint8_t *payload = pattern(1u << 20);
    assert_int_equal(mux_send(&a, 2, 9, payload, (1u << 20) - 1), GMM_OK);
    while (carry(&a, &b, &item) > 0)
        ;
    assert_int_equal(mux_send(&b, 0, 8, payload, 3 * MUX_PART_MAX), GMM_OK);
    assert_true(carry(&b, &a, &item) > 0);
    mux_consumed(&b, 2, 1u << 20);
    for (int i = 0; i < 3; i++) {
        assert_false(item.complete);
        assert_true(carry(&b, &a, &item) > 0);
    }
    assert_true(item.complete);
    assert_int_equal(item.len, 3 * MUX_PART_MAX);
    assert_memory_equal(item.payload, payload, item.len);
    assert_int_equal(carry(&b, &a, &item), 8);
    assert_int_equal(a.streams[2].credit, MUX_WINDOW_BYTES);
    free(payload);
}

static void test_priority(void **state)
{
    (void)state;
    struct mux_item item;
    uint8_t *payload = pattern(1u << 20);
    for (int i = 0; i < 8; i++)
        assert_int_equal(mux_send(&a, 3, 11, payload, 1u << 20), GMM_OK);
    assert_true(carry(&a, &b, &item) > 0);
    for (unsigned stream = 3; stream-- > 0;) {
        assert_int_equal(mux_send(&a, stream, 12, payload, 10), GMM_OK);
        assert_true(carry(&a, &b, &item) > 0);
        assert_true(item.complete);
        assert_int_equal(item.stream, stream);
    }
    for (unsigned stream = 3; stream-- > 0;)
        assert_int_equal(mux_send(&a, stream, 12, payload, 10), GMM_OK);
    for (unsigned stream = 0; stream < 3; stream++) {
        assert_true(carry(&a, &b, &item) > 0);
        assert_int_equal(item.stream, stream);
    }
    free(payload);
}

/* Parts of different streams may alternate; each is joined apart. */
static void test_interleaved(void **state)
{
    (void)state;
    struct mux_item item;
    for (int i = 0; i < 3; i++)
        for (unsigned stream = 0; stream < MUX_STREAMS; stream++)
            assert_int_equal(receive(&b, stream, 0, 100 + stream), GMM_OK);
    for (unsigned stream = 0; stream < MUX_STREAMS; stream++) {
        uint8_t last[] = {(uint8_t)stream, 1, 1};
        assert_int_equal(mux_receive(&b, last, sizeof last, &item), GMM_OK);
        assert_true(item.complete);
        assert_int_equal(item.stream, stream);
        assert_int_equal(item.len, 3 * (100 + stream));
    }
}

static void test_receive_memory(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        struct mux m;
        struct mux_item item = {0};
        mux_init(&m, MUX_STREAMS, LIMIT_MESSAGE_BYTES, LIMIT_MESSAGE_BYTES);
        enum gmm_err err = GMM_OK;
        memset(frame, 3, sizeof frame);
        frame[0] = 1;
        failmalloc_at(i);
        for (int part = 0; part < 5 && err == GMM_OK; part++) {
            frame[1] = part == 4;
            err = mux_receive(&m, frame, sizeof frame, &item);
        }
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        assert_int_equal(item.complete, !failed);
        mux_close(&m);
        if (!failed) {
            assert_true(i > 1);
            break;
        }
    }
}

static void test_send_memory(void **state)
{
    (void)state;
    struct buffer payload;
    buffer_init(&payload, 100);
    buffer_put_u8(&payload, 1);
    failmalloc_at(0);
    assert_int_equal(mux_send(&a, 1, 9, "x", 1), GMM_ENOMEM);
    assert_true(failmalloc_off());
    failmalloc_at(0);
    assert_int_equal(mux_send_take(&a, 1, 9, &payload), GMM_ENOMEM);
    assert_true(failmalloc_off());
    assert_int_equal(payload.len, 1);
    assert_int_equal(mux_frame_size(&a), 0);
    assert_int_equal(mux_send_take(&a, 1, 9, &payload), GMM_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trips),
        TEST(test_part_max),
        TEST(test_take),
        TEST(test_malformed),
        TEST(test_few_streams),
        TEST(test_message_too_long),
        TEST(test_queue_limit),
        TEST(test_credit_ends_and_resumes),
        TEST(test_credit_violated),
        TEST(test_grants_malformed),
        TEST(test_grant_waits_for_control),
        TEST(test_priority),
        TEST(test_interleaved),
        TEST(test_receive_memory),
        TEST(test_send_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
