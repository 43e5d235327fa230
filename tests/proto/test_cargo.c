#include "proto/cargo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct buffer out;

static int begin(void **state)
{
    (void)state;
    buffer_init(&out, 2 * CARGO_PAYLOAD_MAX);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buffer_close(&out);
    return 0;
}

static struct cargo_head head_of(uint8_t group, uint64_t instance, uint64_t next)
{
    struct cargo_head head = {.key.instance = instance, .next = next};
    memset(head.key.group.b, group, 32);
    memset(head.key.author.b, 0x31, 32);
    return head;
}

static void test_items(void **state)
{
    struct bytes_in in;
    struct cargo_item item;
    (void)state;
    cargo_put(&out, CARGO_OBJECT, "an object", 9);
    cargo_put(&out, CARGO_END, "\1", 1);
    bytes_in_init(&in, out.p, out.len);
    assert_int_equal(cargo_next(&in, &item), GMM_OK);
    assert_true(item.kind == CARGO_OBJECT && item.len == 9 && memcmp(item.payload, "an object", 9) == 0);
    assert_int_equal(cargo_next(&in, &item), GMM_OK);
    assert_true(item.kind == CARGO_END && in.left == 0);
    for (size_t n = 1; n < CARGO_ITEM_HEAD + 9; n++) {
        bytes_in_init(&in, out.p, n);
        assert_int_equal(cargo_next(&in, &item), GMM_EFORMAT);
    }
    out.p[0] = 0;
    bytes_in_init(&in, out.p, out.len);
    assert_int_equal(cargo_next(&in, &item), GMM_EFORMAT);
    out.p[0] = CARGO_END + 1;
    bytes_in_init(&in, out.p, out.len);
    assert_int_equal(cargo_next(&in, &item), GMM_EFORMAT);
    out.p[0] = CARGO_OBJECT;
    bytes_store_u32(out.p + 1, CARGO_PAYLOAD_MAX + 1);
    bytes_in_init(&in, out.p, out.len);
    assert_int_equal(cargo_next(&in, &item), GMM_ELIMIT);
    bytes_store_u32(out.p + 1, 0);
    bytes_in_init(&in, out.p, out.len);
    assert_int_equal(cargo_next(&in, &item), GMM_EFORMAT);
}

static void test_put_refuses(void **state)
{
    (void)state;
    cargo_put(&out, CARGO_OBJECT, "", 0);
    assert_int_equal(out.failed, GMM_EFORMAT);
    buffer_close(&out);
    buffer_init(&out, 2 * CARGO_PAYLOAD_MAX);
    cargo_put(&out, CARGO_OBJECT, "", CARGO_PAYLOAD_MAX + 1);
    assert_int_equal(out.failed, GMM_ELIMIT);
}

static void test_heads(void **state)
{
    struct cargo_head heads[3] = {head_of(0, 1, 1), head_of(0, 2, UINT64_MAX), head_of(5, 0, 7)}, head;
    struct cargo_list list;
    (void)state;
    cargo_heads_encode(&out, heads, 3);
    assert_int_equal(cargo_heads_decode(&list, out.p, out.len), GMM_OK);
    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < 3; i++) {
        cargo_heads_at(&list, i, &head);
        assert_true(cargo_head_compare(&head, &heads[i]) == 0 && head.next == heads[i].next);
    }
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(cargo_heads_decode(&list, out.p, n), GMM_EFORMAT);
    buffer_put_u8(&out, 0);
    assert_int_equal(cargo_heads_decode(&list, out.p, out.len), GMM_EFORMAT);
    out.len = 0;
    heads[1].next = 0;
    cargo_heads_encode(&out, heads, 3);
    assert_int_equal(cargo_heads_decode(&list, out.p, out.len), GMM_EFORMAT);
    out.len = 0;
    heads[1] = heads[0];
    cargo_heads_encode(&out, heads, 3);
    assert_int_equal(cargo_heads_decode(&list, out.p, out.len), GMM_EFORMAT);
    bytes_store_u16(out.p, CARGO_HEADS_MAX + 1);
    assert_int_equal(cargo_heads_decode(&list, out.p, out.len), GMM_ELIMIT);
}

static void test_things(void **state)
{
    uint64_t things[3] = {0, 5, UINT64_MAX};
    struct cargo_list list;
    (void)state;
    cargo_things_encode(&out, things, 3);
    assert_int_equal(cargo_things_decode(&list, out.p, out.len), GMM_OK);
    for (size_t i = 0; i < 3; i++)
        assert_true(cargo_things_at(&list, i) == things[i]);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(cargo_things_decode(&list, out.p, n), GMM_EFORMAT);
    bytes_store_u64(out.p + 12, 0); /* the second is not above the first */
    assert_int_equal(cargo_things_decode(&list, out.p, out.len), GMM_EFORMAT);
    bytes_store_u32(out.p, CARGO_THINGS_MAX + 1);
    assert_int_equal(cargo_things_decode(&list, out.p, out.len), GMM_ELIMIT);
    out.len = 0;
    cargo_things_encode(&out, things, 0);
    assert_int_equal(cargo_things_decode(&list, out.p, out.len), GMM_OK);
    assert_int_equal(list.count, 0);
}

static void test_received(void **state)
{
    struct cargo_lost lost[2] = {{5, 0}, {6, 3}}, back;
    struct cargo_list list;
    uint64_t complete;
    (void)state;
    cargo_received_encode(&out, 4, lost, 2);
    assert_int_equal(cargo_received_decode(&complete, &list, out.p, out.len), GMM_OK);
    assert_true(complete == 4 && list.count == 2);
    cargo_lost_at(&list, 1, &back);
    assert_true(back.number == 6 && back.part == 3);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(cargo_received_decode(&complete, &list, out.p, n), GMM_EFORMAT);
    bytes_store_u16(out.p + 8, CARGO_LOST_MAX + 1);
    assert_int_equal(cargo_received_decode(&complete, &list, out.p, out.len), GMM_ELIMIT);
}

static void test_chunk(void **state)
{
    struct gmm_id gid;
    const uint8_t *sealed;
    size_t len;
    (void)state;
    uint8_t *bytes = calloc(1, 32 + LIMIT_CHUNK_SEALED + 1);
    assert_non_null(bytes);
    bytes[0] = 9;
    assert_int_equal(cargo_chunk_decode(&gid, &sealed, &len, bytes, 33), GMM_OK);
    assert_true(len == 1 && gid.b[0] == 9 && sealed == bytes + 32);
    assert_int_equal(cargo_chunk_decode(&gid, &sealed, &len, bytes, 32), GMM_EFORMAT);
    assert_int_equal(cargo_chunk_decode(&gid, &sealed, &len, bytes, 31), GMM_EFORMAT);
    assert_int_equal(cargo_chunk_decode(&gid, &sealed, &len, bytes, 32 + LIMIT_CHUNK_SEALED), GMM_OK);
    assert_int_equal(cargo_chunk_decode(&gid, &sealed, &len, bytes, 32 + LIMIT_CHUNK_SEALED + 1), GMM_ELIMIT);
    free(bytes);
}

static void test_fragment(void **state)
{
    const struct cargo_fragment fragment = {3, 10, 4, (const uint8_t *)"six by", 6};
    struct cargo_fragment back;
    (void)state;
    cargo_fragment_encode(&out, &fragment);
    assert_int_equal(cargo_fragment_decode(&back, out.p, out.len), GMM_OK);
    assert_true(back.item == 3 && back.total == 10 && back.offset == 4 && back.data_len == 6);
    for (size_t n = 0; n <= 12; n++)
        assert_int_equal(cargo_fragment_decode(&back, out.p, n), GMM_EFORMAT);
    bytes_store_u32(out.p + 8, 5); /* past the end */
    assert_int_equal(cargo_fragment_decode(&back, out.p, out.len), GMM_EFORMAT);
    bytes_store_u32(out.p + 8, UINT32_MAX);
    assert_int_equal(cargo_fragment_decode(&back, out.p, out.len), GMM_EFORMAT);
    bytes_store_u32(out.p + 4, CARGO_PAYLOAD_MAX + 2);
    assert_int_equal(cargo_fragment_decode(&back, out.p, out.len), GMM_ELIMIT);
}

static void test_whole(void **state)
{
    struct cargo_item item;
    (void)state;
    const uint8_t run[] = {CARGO_RUN, 1, 2}, piece[] = {CARGO_FRAGMENT, 1}, last[] = {CARGO_END, 1}, none[] = {0, 1};
    assert_int_equal(cargo_whole(run, sizeof run, &item), GMM_OK);
    assert_true(item.kind == CARGO_RUN && item.len == 2 && item.payload == run + 1);
    assert_int_equal(cargo_whole(run, 1, &item), GMM_EFORMAT);
    assert_int_equal(cargo_whole(piece, sizeof piece, &item), GMM_EFORMAT);
    assert_int_equal(cargo_whole(last, sizeof last, &item), GMM_EFORMAT);
    assert_int_equal(cargo_whole(none, sizeof none, &item), GMM_EFORMAT);
}

static void test_end(void **state)
{
    bool last;
    (void)state;
    assert_int_equal(cargo_end_decode(&last, "\0", 1), GMM_OK);
    assert_false(last);
    assert_int_equal(cargo_end_decode(&last, "\1", 1), GMM_OK);
    assert_true(last);
    assert_int_equal(cargo_end_decode(&last, "\2", 1), GMM_EFORMAT);
    assert_int_equal(cargo_end_decode(&last, "\1\1", 2), GMM_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_items, begin, end),
        cmocka_unit_test_setup_teardown(test_put_refuses, begin, end),
        cmocka_unit_test_setup_teardown(test_heads, begin, end),
        cmocka_unit_test_setup_teardown(test_things, begin, end),
        cmocka_unit_test_setup_teardown(test_received, begin, end),
        cmocka_unit_test_setup_teardown(test_fragment, begin, end),
        cmocka_unit_test(test_chunk),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
