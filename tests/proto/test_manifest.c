#include "proto/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static void chunk_fill(struct manifest_chunk *chunk, uint32_t i, uint32_t len)
{
    memset(chunk, (int)(i % 251) + 1, sizeof *chunk);
    bytes_store_u32(chunk->id.b, i);
    chunk->len = len;
}

/* Level 0, count chunks of one length. */
static struct manifest chunked(uint32_t count, uint32_t len)
{
    struct manifest m = {.size = (uint64_t)count * len, .count = count};
    m.chunks = calloc(count, sizeof *m.chunks);
    assert_non_null(m.chunks);
    for (uint32_t i = 0; i < count; i++)
        chunk_fill(&m.chunks[i], i, len);
    return m;
}

static enum gmm_err pack(struct buffer *out, const struct manifest *m)
{
    buffer_init(out, 1u << 20);
    manifest_pack(out, m);
    return out->failed;
}

static enum gmm_err unpack(struct manifest *out, const uint8_t *bytes, size_t len)
{
    struct reader r;
    memset(out, 0xee, sizeof *out);
    (void)reader_init(&r, bytes, len);
    manifest_read(&r, out);
    return reader_done(&r);
}

static void test_inline(void **state)
{
    (void)state;
    static uint8_t data[MANIFEST_INLINE_BYTES + 1];
    static const size_t sizes[] = {0, 1, LIMIT_INLINE_BYTES, MANIFEST_INLINE_BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct manifest m = {.size = sizes[i], .inline_bytes = data}, back;
        struct buffer b;
        assert_int_equal(pack(&b, &m), GMM_OK);
        assert_int_equal(unpack(&back, b.p, b.len), GMM_OK);
        assert_int_equal(back.size, sizes[i]);
        assert_non_null(back.inline_bytes);
        assert_memory_equal(back.inline_bytes, data, sizes[i]);
        assert_true(back.inline_bytes >= b.p && back.inline_bytes <= b.p + b.len);
        manifest_close(&back);
        buffer_close(&b);
    }
    struct manifest over = {.size = sizeof data, .inline_bytes = data}, back;
    struct buffer b;
    assert_int_equal(pack(&b, &over), GMM_ELIMIT);
    buffer_close(&b);
    buffer_init(&b, sizeof data + 100);
    packer_bin(&b, data, sizeof data);
    assert_int_equal(unpack(&back, b.p, b.len), GMM_ELIMIT);
    assert_null(back.inline_bytes);
    buffer_close(&b);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 2, 15, 16, LIMIT_MANIFEST_CHUNKS};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct manifest m = chunked(counts[i], LIMIT_CHUNK_MIN + 5), back;
        struct buffer b, again;
        assert_int_equal(pack(&b, &m), GMM_OK);
        assert_int_equal(unpack(&back, b.p, b.len), GMM_OK);
        assert_null(back.inline_bytes);
        assert_int_equal(back.level, 0);
        assert_int_equal(back.count, counts[i]);
        assert_true(back.size == m.size);
        assert_memory_equal(back.chunks, m.chunks, counts[i] * sizeof *m.chunks);
        assert_int_equal(pack(&again, &back), GMM_OK);
        assert_int_equal(again.len, b.len);
        assert_memory_equal(again.p, b.p, b.len);
        manifest_close(&m);
        manifest_close(&back);
        assert_null(back.chunks);
        manifest_close(&back); /* a second time is fine */
        buffer_close(&b);
        buffer_close(&again);
    }
}

static void test_level_1_states_a_size_of_its_own(void **state)
{
    (void)state;
    struct manifest m = chunked(2, 1000), back;
    struct buffer b;
    m.level = 1;
    m.size = LIMIT_CONTENT_BYTES;
    assert_int_equal(pack(&b, &m), GMM_OK);
    assert_int_equal(unpack(&back, b.p, b.len), GMM_OK);
    assert_int_equal(back.level, 1);
    assert_true(back.size == LIMIT_CONTENT_BYTES);
    manifest_close(&back);
    buffer_close(&b);
    manifest_close(&m);
}

/* What must not be written is not, and the same bytes by hand are not read. */
static void test_refused(void **state)
{
    (void)state;
    struct {
        uint8_t level;
        uint32_t len;
        uint64_t size;
        enum gmm_err err;
    } cases[] = {
        {0, 100, 199, GMM_EFORMAT}, {0, 100, 201, GMM_EFORMAT},
        {0, 0, 0, GMM_EFORMAT},     {1, 0, 10, GMM_EFORMAT},
        {1, 100, 0, GMM_EFORMAT},   {1, 100, LIMIT_CONTENT_BYTES + 1, GMM_ELIMIT},
        {2, 100, 200, GMM_EFORMAT}, {0, LIMIT_CHUNK_MAX + 1, 2 * (LIMIT_CHUNK_MAX + 1), GMM_ELIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct manifest m = chunked(2, cases[i].len), back;
        struct buffer b;
        m.level = cases[i].level;
        m.size = cases[i].size;
        assert_int_equal(pack(&b, &m), cases[i].err);
        buffer_close(&b);
        buffer_init(&b, 1000);
        packer_map(&b, 3);
        packer_text(&b, "c");
        packer_array(&b, 2);
        for (int k = 0; k < 2; k++) {
            packer_array(&b, 3);
            packer_id(&b, &m.chunks[k].id);
            packer_id(&b, &m.chunks[k].id);
            packer_uint(&b, cases[i].len);
        }
        packer_text(&b, "l");
        packer_uint(&b, cases[i].level);
        packer_text(&b, "n");
        packer_uint(&b, cases[i].size);
        assert_int_equal(unpack(&back, b.p, b.len), cases[i].err);
        assert_null(back.chunks);
        assert_int_equal(back.count, 0);
        buffer_close(&b);
        manifest_close(&m);
    }
}

static void test_counts(void **state)
{
    (void)state;
    struct manifest none = {.size = 0};
    struct buffer b;
    assert_int_equal(pack(&b, &none), GMM_EFORMAT);
    buffer_close(&b);
    struct manifest m = chunked(LIMIT_MANIFEST_CHUNKS + 1, 10);
    assert_int_equal(pack(&b, &m), GMM_ELIMIT);
    buffer_close(&b);
    manifest_close(&m);
    /* a count that its bytes cannot hold is refused before an array of that size is made */
    buffer_init(&b, 1u << 16);
    packer_array(&b, LIMIT_MANIFEST_CHUNKS);
    for (unsigned i = 0; i < LIMIT_MANIFEST_CHUNKS; i++)
        packer_nil(&b);
    struct manifest_chunk *chunks;
    uint32_t count;
    failmalloc_count();
    assert_int_equal(manifest_list_decode(&chunks, &count, b.p, b.len), GMM_EFORMAT);
    (void)failmalloc_off();
    assert_int_equal(failmalloc_calls(), 0);
    buffer_close(&b);
}

#define SHAPE(literal)                                                                                                 \
    {                                                                                                                  \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                                \
    }

static void test_other_shapes(void **state)
{
    (void)state;
    static const struct {
        const uint8_t *p;
        size_t len;
    } shapes[] = {
        SHAPE("\xc0"),
        SHAPE("\x80"),
        SHAPE("\x01"),
        SHAPE("\xa1\x63"),
        SHAPE("\x91\x01"),
        SHAPE("\x81\xa1\x63\x90"),
        SHAPE("\x83\xa1\x63\x90\xa1\x6c\x00\xa1\x6e\x00"),
        SHAPE("\x83\xa1\x63\x91\x91\x01\xa1\x6c\x00\xa1\x6e\x01"),
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct manifest m;
        assert_int_equal(reader_check(shapes[i].p, shapes[i].len), GMM_OK);
        assert_int_equal(unpack(&m, shapes[i].p, shapes[i].len), GMM_EFORMAT);
        assert_null(m.chunks);
        assert_null(m.inline_bytes);
    }
}

static void test_lists(void **state)
{
    (void)state;
    struct manifest m = chunked(300, LIMIT_CHUNK_MAX);
    struct buffer b;
    buffer_init(&b, 1u << 20);
    manifest_list_pack(&b, m.chunks, m.count);
    assert_int_equal(b.failed, GMM_OK);
    struct manifest_chunk *chunks;
    uint32_t count;
    assert_int_equal(manifest_list_decode(&chunks, &count, b.p, b.len), GMM_OK);
    assert_int_equal(count, 300);
    assert_memory_equal(chunks, m.chunks, 300 * sizeof *chunks);
    manifest_list_free(chunks, count);
    assert_int_equal(manifest_list_decode(&chunks, &count, b.p, b.len - 1), GMM_EFORMAT);
    assert_null(chunks);
    assert_int_equal(manifest_list_decode(&chunks, &count, "\x90", 1), GMM_EFORMAT);
    manifest_list_free(NULL, 0);
    buffer_close(&b);
    buffer_init(&b, 1u << 20);
    manifest_list_pack(&b, m.chunks, 0);
    assert_int_equal(b.failed, GMM_EFORMAT);
    buffer_close(&b);
    manifest_close(&m);
}

static void test_memory_ends(void **state)
{
    (void)state;
    struct manifest m = chunked(3, 10), back;
    struct buffer b;
    assert_int_equal(pack(&b, &m), GMM_OK);
    long at = 0;
    for (;; at++) {
        failmalloc_at(at);
        enum gmm_err err = unpack(&back, b.p, b.len);
        if (!failmalloc_off())
            break;
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(back.chunks);
        assert_int_equal(back.count, 0);
    }
    assert_true(at > 0);
    manifest_close(&back);
    buffer_close(&b);
    manifest_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_level_1_states_a_size_of_its_own),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_other_shapes),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
