#include "proto/chunker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/labels.h"
#include "keys/limits.h"

#define CUTS_MAX 256
#define DATA_BYTES (24u << 20)

static uint8_t *data;
static const uint8_t conv[32] = {1, 2, 3};

static int start(void **state)
{
    (void)state;
    static const uint8_t seed[randombytes_SEEDBYTES] = {7};
    data = malloc(DATA_BYTES);
    if (data == NULL || sodium_init() < 0)
        return -1;
    randombytes_buf_deterministic(data, DATA_BYTES, seed);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(data);
    return 0;
}

/* Lengths of the chunks of bytes, fed `step` at a time; the last one is what the end cuts. */
static size_t cut(size_t *lengths, const uint8_t *bytes, size_t len, size_t step, const uint8_t secret[32])
{
    struct chunker c;
    chunker_init(&c, secret);
    size_t count = 0, length = 0;
    while (len > 0) {
        bool ends;
        size_t used = chunker_feed(&c, bytes, len < step ? len : step, &ends);
        assert_true(used > 0 && used <= step);
        bytes += used;
        len -= used;
        length += used;
        if (ends) {
            assert_true(count < CUTS_MAX);
            lengths[count++] = length;
            length = 0;
        }
    }
    if (length > 0)
        lengths[count++] = length;
    chunker_close(&c);
    return count;
}

static void test_bounds(void **state)
{
    (void)state;
    size_t lengths[CUTS_MAX], total = 0;
    size_t count = cut(lengths, data, DATA_BYTES, DATA_BYTES, conv);
    assert_true(count > DATA_BYTES / (2 * LIMIT_CHUNK_AVG) && count < 2 * DATA_BYTES / LIMIT_CHUNK_AVG);
    for (size_t i = 0; i < count; i++) {
        total += lengths[i];
        assert_true(lengths[i] <= LIMIT_CHUNK_MAX);
        assert_true(lengths[i] >= LIMIT_CHUNK_MIN || i == count - 1);
    }
    assert_int_equal(total, DATA_BYTES);
}

static void test_feeding_does_not_matter(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 63, 4096, 65519, LIMIT_CHUNK_MIN - 64, LIMIT_CHUNK_MIN, LIMIT_CHUNK_AVG + 1};
    size_t whole[CUTS_MAX], parts[CUTS_MAX], len = 8u << 20;
    size_t count = cut(whole, data, len, len, conv);
    assert_true(count > 3);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        assert_int_equal(cut(parts, data, len, steps[i], conv), count);
        assert_memory_equal(parts, whole, count * sizeof *whole);
    }
}

static void test_no_bytes(void **state)
{
    (void)state;
    struct chunker c;
    bool ends = true;
    chunker_init(&c, conv);
    assert_int_equal(chunker_feed(&c, NULL, 0, &ends), 0);
    assert_false(ends);
    chunker_close(&c);
}

/* The gear table and the four stretches as the header words them, without stretches fed apart. */
static size_t first_cut_by_hand(const uint8_t *bytes, size_t len)
{
    uint64_t gear[256], hash = 0;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t digest[32], index = (uint8_t)i;
        hash_k(digest, conv, LABEL_CHUNKER, &index, 1);
        gear[i] = bytes_load_u64(digest);
    }
    for (size_t n = 1; n <= len; n++) {
        if (n <= LIMIT_CHUNK_MIN - 64)
            continue;
        hash = 2 * hash + gear[bytes[n - 1]];
        if (n < LIMIT_CHUNK_MIN)
            continue;
        if (n == LIMIT_CHUNK_MAX || hash >> (n < LIMIT_CHUNK_AVG ? 42 : 46) == 0)
            return n;
    }
    return len;
}

static void test_cuts_are_those_of_the_rule(void **state)
{
    (void)state;
    size_t lengths[CUTS_MAX], at = 0;
    size_t count = cut(lengths, data, DATA_BYTES, 1u << 16, conv);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(first_cut_by_hand(data + at, DATA_BYTES - at), lengths[i]);
        at += lengths[i];
    }
}

static void test_longest_chunk(void **state)
{
    (void)state;
    /* one byte over and over: the hash stands still, and never at a cut with this key */
    size_t lengths[CUTS_MAX], len = 2 * LIMIT_CHUNK_MAX + 100;
    uint8_t *same = calloc(1, len);
    assert_non_null(same);
    assert_int_equal(cut(lengths, same, len, 1u << 16, conv), 3);
    assert_int_equal(lengths[0], LIMIT_CHUNK_MAX);
    assert_int_equal(lengths[1], LIMIT_CHUNK_MAX);
    assert_int_equal(lengths[2], 100);
    free(same);
}

/* Equal stretches of two versions give equal chunks. */
static void test_an_insertion_moves_few_cuts(void **state)
{
    (void)state;
    size_t before[CUTS_MAX], after[CUTS_MAX], n = DATA_BYTES, insert = 3u << 20;
    uint8_t *edited = malloc(n + 10);
    assert_non_null(edited);
    memcpy(edited, data, insert);
    memset(edited + insert, 'x', 10);
    memcpy(edited + insert + 10, data + insert, n - insert);
    size_t count_before = cut(before, data, n, n, conv), count_after = cut(after, edited, n + 10, n, conv);
    size_t same_head = 0, same_tail = 0;
    while (same_head < count_before && before[same_head] == after[same_head])
        same_head++;
    while (same_tail < count_before && same_tail < count_after &&
           before[count_before - 1 - same_tail] == after[count_after - 1 - same_tail])
        same_tail++;
    assert_true(same_head > 0);
    assert_true(same_head + same_tail + 4 >= count_before);
    free(edited);
}

static void test_another_domain_cuts_elsewhere(void **state)
{
    (void)state;
    static const uint8_t other[32] = {9};
    size_t a[CUTS_MAX], b[CUTS_MAX];
    size_t count_a = cut(a, data, DATA_BYTES, DATA_BYTES, conv), count_b = cut(b, data, DATA_BYTES, DATA_BYTES, other);
    size_t same = 0;
    for (size_t i = 0; i + 1 < count_a && i + 1 < count_b; i++)
        same += a[i] == b[i] && a[i] < LIMIT_CHUNK_MAX;
    assert_int_equal(same, 0);
}

static void test_close_wipes(void **state)
{
    (void)state;
    struct chunker c;
    chunker_init(&c, conv);
    assert_false(sodium_is_zero((const uint8_t *)&c, sizeof c));
    chunker_close(&c);
    assert_true(sodium_is_zero((const uint8_t *)&c, sizeof c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_feeding_does_not_matter),
        cmocka_unit_test(test_no_bytes),
        cmocka_unit_test(test_cuts_are_those_of_the_rule),
        cmocka_unit_test(test_longest_chunk),
        cmocka_unit_test(test_an_insertion_moves_few_cuts),
        cmocka_unit_test(test_another_domain_cuts_elsewhere),
        cmocka_unit_test(test_close_wipes),
    };
    return cmocka_run_group_tests(tests, start, end);
}
