#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/message.h"
#include "tests/lib/failmalloc.h"

static struct buffer out;

static int setup(void **state)
{
    (void)state;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&out);
    return 0;
}

static struct gmm_id id_of(unsigned n)
{
    struct gmm_id id;
    memset(id.b, 0x40, sizeof id.b);
    bytes_store_u32(id.b, n);
    return id;
}

static struct gmm_id *ids_of(size_t count)
{
    struct gmm_id *ids = calloc(count + 1, sizeof *ids);
    assert_non_null(ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = id_of((unsigned)i);
    return ids;
}

typedef enum gmm_err decode_fn(const void *payload, size_t len);

/* Every proper prefix and every longer input is malformed. */
static void refuses_other_lengths(decode_fn *decode)
{
    assert_int_equal(decode(out.p, out.len), GMM_OK);
    for (size_t n = 0; n < out.len; n++) {
        uint8_t *copy = malloc(n + 1);
        assert_non_null(copy);
        memcpy(copy, out.p, n);
        assert_int_equal(decode(copy, n), GMM_EFORMAT);
        free(copy);
    }
    buffer_put_u8(&out, 0);
    assert_int_equal(decode(out.p, out.len), GMM_EFORMAT);
}

static void restart(void)
{
    buffer_close(&out);
}

static enum gmm_err have_decode(const void *payload, size_t len)
{
    struct message_objects objects;
    return message_objects_have_decode(&objects, payload, len);
}

static void test_objects(void **state)
{
    (void)state;
    struct gmm_id *ids = ids_of(MESSAGE_OBJECTS_MAX + 1);
    struct message_objects objects;
    assert_int_equal(message_objects_have_encode(&out, ids, MESSAGE_OBJECTS_MAX), GMM_OK);
    assert_int_equal(out.len, message_payload_max(MESSAGE_OBJECTS_HAVE));
    assert_int_equal(message_objects_have_decode(&objects, out.p, out.len), GMM_OK);
    assert_int_equal(objects.count, MESSAGE_OBJECTS_MAX);
    for (size_t i = 0; i < objects.count; i += 1000) {
        struct gmm_id id = message_objects_at(&objects, i);
        assert_true(id_equal(&id, &ids[i]));
    }
    restart();
    assert_int_equal(message_objects_have_encode(&out, ids, MESSAGE_OBJECTS_MAX + 1), GMM_ELIMIT);
    assert_int_equal(message_objects_have_encode(&out, ids, 0), GMM_OK);
    assert_int_equal(message_objects_have_decode(&objects, out.p, out.len), GMM_OK);
    assert_int_equal(objects.count, 0);
    restart();
    assert_int_equal(message_objects_have_encode(&out, ids, 3), GMM_OK);
    refuses_other_lengths(have_decode);
    free(ids);
}

static void test_objects_order(void **state)
{
    (void)state;
    struct message_objects objects;
    struct gmm_id same[2] = {id_of(4), id_of(4)}, falling[2] = {id_of(5), id_of(4)};
    assert_int_equal(message_objects_have_encode(&out, same, 2), GMM_EFORMAT);
    assert_int_equal(message_objects_have_encode(&out, falling, 2), GMM_EFORMAT);
    assert_int_equal(message_proofs_have_encode(&out, falling, 2), GMM_EFORMAT);
    /* a request may come in any order */
    assert_int_equal(message_objects_want_encode(&out, falling, 2), GMM_OK);
    assert_int_equal(message_objects_want_decode(&objects, out.p, out.len), GMM_OK);
    assert_int_equal(objects.count, 2);
    assert_int_equal(have_decode(out.p, out.len), GMM_EFORMAT);
    restart();
    assert_int_equal(message_objects_want_encode(&out, same, 2), GMM_OK);
    assert_int_equal(have_decode(out.p, out.len), GMM_EFORMAT);
}

static enum gmm_err heads_decode(const void *payload, size_t len)
{
    struct message_heads heads;
    return message_heads_decode(&heads, payload, len);
}

static struct message_head head_of(unsigned n)
{
    struct message_head head = {.key = {.group = id_of(n), .author = id_of(n + 1), .instance = 7 + n},
                                .seq = UINT64_MAX - n,
                                .id = id_of(n + 2)};
    memset(head.sig, (int)n, sizeof head.sig);
    return head;
}

static void test_heads(void **state)
{
    (void)state;
    struct message_head list[MESSAGE_HEADS_MAX], got;
    struct message_heads heads;
    uint8_t token[MESSAGE_TOKEN_MAX];
    for (unsigned i = 0; i < MESSAGE_HEADS_MAX; i++)
        list[i] = head_of(i);
    memset(token, 9, sizeof token);
    assert_int_equal(message_heads_encode(&out, list, MESSAGE_HEADS_MAX, true, token, sizeof token), GMM_OK);
    assert_int_equal(out.len, message_payload_max(MESSAGE_HEADS));
    assert_int_equal(message_heads_decode(&heads, out.p, out.len), GMM_OK);
    assert_true(heads.last);
    assert_int_equal(heads.token_len, sizeof token);
    assert_memory_equal(heads.token, token, sizeof token);
    assert_int_equal(heads.count, MESSAGE_HEADS_MAX);
    for (unsigned i = 0; i < MESSAGE_HEADS_MAX; i++) {
        message_heads_at(&heads, i, &got);
        assert_memory_equal(&got.key.group, &list[i].key.group, 32);
        assert_memory_equal(&got.key.author, &list[i].key.author, 32);
        assert_int_equal(got.key.instance, list[i].key.instance);
        assert_true(got.seq == list[i].seq);
        assert_memory_equal(&got.id, &list[i].id, 32);
        assert_memory_equal(got.sig, list[i].sig, sizeof got.sig);
    }
    restart();
    assert_int_equal(message_heads_encode(&out, list, 2, false, NULL, 0), GMM_OK);
    assert_int_equal(message_heads_decode(&heads, out.p, out.len), GMM_OK);
    assert_false(heads.last);
    assert_int_equal(heads.token_len, 0);
    refuses_other_lengths(heads_decode);
}

static void test_heads_refused(void **state)
{
    (void)state;
    struct message_head list[1] = {head_of(1)};
    struct message_heads heads;
    static const struct message_head many[MESSAGE_HEADS_MAX + 1];
    uint8_t token[256] = {0};
    assert_int_equal(message_heads_encode(&out, many, MESSAGE_HEADS_MAX + 1, false, NULL, 0), GMM_ELIMIT);
    assert_int_equal(message_heads_encode(&out, list, 1, true, token, 256), GMM_ELIMIT);
    assert_int_equal(message_heads_encode(&out, list, 1, false, token, 1), GMM_EFORMAT);
    assert_int_equal(message_heads_encode(&out, list, 1, true, token, 1), GMM_OK);
    for (unsigned flags = 0; flags < 256; flags++) {
        out.p[0] = (uint8_t)flags;
        assert_int_equal(message_heads_decode(&heads, out.p, out.len), flags == 1 ? GMM_OK : GMM_EFORMAT);
    }
    /* one too many, by the count alone */
    uint8_t raw[] = {0, 0, 1, 1};
    assert_int_equal(message_heads_decode(&heads, raw, sizeof raw), GMM_ELIMIT);
}

static enum gmm_err want_decode(const void *payload, size_t len)
{
    struct message_wants wants;
    return message_want_decode(&wants, payload, len);
}

static void test_want(void **state)
{
    (void)state;
    struct message_want list[2] = {
        {.key = {.group = id_of(1), .author = id_of(2), .instance = 3}, .from = 4, .to = 4},
        {.key = {.group = id_of(5), .author = id_of(6), .instance = 7}, .from = 0, .to = UINT64_MAX},
    };
    struct message_wants wants;
    assert_int_equal(message_want_encode(&out, list, 2), GMM_OK);
    assert_int_equal(message_want_decode(&wants, out.p, out.len), GMM_OK);
    assert_int_equal(wants.count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct message_want got;
        message_want_at(&wants, i, &got);
        assert_memory_equal(&got.key.group, &list[i].key.group, 32);
        assert_memory_equal(&got.key.author, &list[i].key.author, 32);
        assert_int_equal(got.key.instance, list[i].key.instance);
        assert_true(got.from == list[i].from && got.to == list[i].to);
    }
    refuses_other_lengths(want_decode);
    restart();
    list[1].from = 1;
    list[1].to = 0;
    assert_int_equal(message_want_encode(&out, list, 2), GMM_EFORMAT);
    list[1].to = 1;
    restart();
    assert_int_equal(message_want_encode(&out, list, 2), GMM_OK);
    out.p[out.len - 1] = 0;
    assert_int_equal(want_decode(out.p, out.len), GMM_EFORMAT);
    static const struct message_want many[MESSAGE_WANTS_MAX + 1];
    restart();
    assert_int_equal(message_want_encode(&out, many, MESSAGE_WANTS_MAX + 1), GMM_ELIMIT);
    assert_int_equal(message_want_encode(&out, many, MESSAGE_WANTS_MAX), GMM_OK);
    assert_int_equal(out.len, message_payload_max(MESSAGE_WANT));
    uint8_t raw[] = {1, 1};
    assert_int_equal(want_decode(raw, sizeof raw), GMM_ELIMIT);
}

static enum gmm_err ack_decode(const void *payload, size_t len)
{
    const uint8_t *token;
    size_t n;
    return message_ack_decode(&token, &n, payload, len);
}

static void test_ack(void **state)
{
    (void)state;
    uint8_t token[256] = {1, 2, 3};
    const uint8_t *got;
    size_t n;
    assert_int_equal(message_ack_encode(&out, token, 0), GMM_EFORMAT);
    assert_int_equal(message_ack_encode(&out, token, 256), GMM_ELIMIT);
    assert_int_equal(message_ack_encode(&out, token, 255), GMM_OK);
    assert_int_equal(out.len, message_payload_max(MESSAGE_ACK));
    assert_int_equal(message_ack_decode(&got, &n, out.p, out.len), GMM_OK);
    assert_int_equal(n, 255);
    assert_memory_equal(got, token, 255);
    refuses_other_lengths(ack_decode);
    uint8_t empty[] = {0};
    assert_int_equal(ack_decode(empty, 1), GMM_EFORMAT);
}

static enum gmm_err chunk_want_decode(const void *payload, size_t len)
{
    struct message_chunk_wants wants;
    return message_chunk_want_decode(&wants, payload, len);
}

static void test_chunk_want(void **state)
{
    (void)state;
    struct gmm_id gid = id_of(1);
    struct message_chunk_place list[2] = {{.id = id_of(2), .offset = 0},
                                          {.id = id_of(3), .offset = LIMIT_CHUNK_SEALED - 1}};
    struct message_chunk_wants wants;
    assert_int_equal(message_chunk_want_encode(&out, &gid, list, 2), GMM_OK);
    assert_int_equal(message_chunk_want_decode(&wants, out.p, out.len), GMM_OK);
    assert_true(id_equal(&wants.gid, &gid));
    assert_int_equal(wants.count, 2);
    for (size_t i = 0; i < 2; i++) {
        struct message_chunk_place got;
        message_chunk_want_at(&wants, i, &got);
        assert_true(id_equal(&got.id, &list[i].id));
        assert_int_equal(got.offset, list[i].offset);
    }
    bytes_store_u32(out.p + out.len - 4, LIMIT_CHUNK_SEALED);
    assert_int_equal(chunk_want_decode(out.p, out.len), GMM_ELIMIT);
    bytes_store_u32(out.p + out.len - 4, 0);
    refuses_other_lengths(chunk_want_decode);
    restart();
    list[0].offset = LIMIT_CHUNK_SEALED;
    assert_int_equal(message_chunk_want_encode(&out, &gid, list, 1), GMM_ELIMIT);
    static const struct message_chunk_place many[MESSAGE_CHUNKS_MAX + 1];
    assert_int_equal(message_chunk_want_encode(&out, &gid, many, MESSAGE_CHUNKS_MAX + 1), GMM_ELIMIT);
    restart();
    assert_int_equal(message_chunk_want_encode(&out, &gid, many, MESSAGE_CHUNKS_MAX), GMM_OK);
    assert_int_equal(out.len, message_payload_max(MESSAGE_CHUNK_WANT));
    bytes_store_u16(out.p + 32, MESSAGE_CHUNKS_MAX + 1);
    assert_int_equal(chunk_want_decode(out.p, out.len), GMM_ELIMIT);
}

static enum gmm_err chunk_decode(const void *payload, size_t len)
{
    struct message_chunk chunk;
    return message_chunk_decode(&chunk, payload, len);
}

static void test_chunk(void **state)
{
    (void)state;
    uint8_t data[300];
    memset(data, 5, sizeof data);
    struct message_chunk chunk = {
        .gid = id_of(1), .id = id_of(2), .total = 1000, .offset = 700, .data = data, .data_len = 300};
    struct message_chunk got;
    assert_int_equal(message_chunk_encode(&out, &chunk), GMM_OK);
    assert_int_equal(out.len, MESSAGE_CHUNK_HEADER + 300);
    assert_int_equal(message_chunk_decode(&got, out.p, out.len), GMM_OK);
    assert_true(id_equal(&got.gid, &chunk.gid) && id_equal(&got.id, &chunk.id));
    assert_int_equal(got.total, 1000);
    assert_int_equal(got.offset, 700);
    assert_int_equal(got.data_len, 300);
    assert_memory_equal(got.data, data, 300);
    bytes_store_u32(out.p + 68, 701); /* one byte past the end */
    assert_int_equal(chunk_decode(out.p, out.len), GMM_EFORMAT);
    bytes_store_u32(out.p + 68, UINT32_MAX); /* offset + length wraps */
    assert_int_equal(chunk_decode(out.p, out.len), GMM_EFORMAT);
    bytes_store_u32(out.p + 68, 700);
    bytes_store_u32(out.p + 64, LIMIT_CHUNK_SEALED + 1);
    assert_int_equal(chunk_decode(out.p, out.len), GMM_ELIMIT);
    bytes_store_u32(out.p + 64, LIMIT_CHUNK_SEALED);
    refuses_other_lengths(chunk_decode);
    restart();
    chunk.data_len = 0;
    assert_int_equal(message_chunk_encode(&out, &chunk), GMM_EFORMAT);
    chunk.data_len = 301;
    assert_int_equal(message_chunk_encode(&out, &chunk), GMM_EFORMAT);
    chunk.total = LIMIT_CHUNK_SEALED + 1;
    assert_int_equal(message_chunk_encode(&out, &chunk), GMM_ELIMIT);
}

static void test_chunk_largest(void **state)
{
    (void)state;
    uint8_t *data = calloc(1, MESSAGE_CHUNK_DATA_MAX + 1);
    assert_non_null(data);
    struct message_chunk chunk = {
        .total = LIMIT_CHUNK_SEALED, .offset = 0, .data = data, .data_len = MESSAGE_CHUNK_DATA_MAX + 1};
    assert_int_equal(message_chunk_encode(&out, &chunk), GMM_ELIMIT);
    chunk.data_len--;
    assert_int_equal(message_chunk_encode(&out, &chunk), GMM_OK);
    assert_int_equal(out.len, message_payload_max(MESSAGE_CHUNK));
    assert_int_equal(chunk_decode(out.p, out.len), GMM_OK);
    free(data);
}

static enum gmm_err chunk_none_decode(const void *payload, size_t len)
{
    struct message_chunk_none none;
    return message_chunk_none_decode(&none, payload, len);
}

static void test_chunk_none(void **state)
{
    (void)state;
    struct gmm_id gid = id_of(1), *ids = ids_of(MESSAGE_CHUNKS_MAX + 1);
    struct message_chunk_none none;
    assert_int_equal(message_chunk_none_encode(&out, &gid, ids, MESSAGE_CHUNKS_MAX + 1), GMM_ELIMIT);
    restart();
    assert_int_equal(message_chunk_none_encode(&out, &gid, ids, MESSAGE_CHUNKS_MAX), GMM_OK);
    assert_int_equal(out.len, message_payload_max(MESSAGE_CHUNK_NONE));
    assert_int_equal(message_chunk_none_decode(&none, out.p, out.len), GMM_OK);
    assert_true(id_equal(&none.gid, &gid));
    assert_int_equal(none.count, MESSAGE_CHUNKS_MAX);
    struct gmm_id last = message_chunk_none_at(&none, none.count - 1u);
    assert_true(id_equal(&last, &ids[none.count - 1]));
    restart();
    assert_int_equal(message_chunk_none_encode(&out, &gid, ids, 2), GMM_OK);
    refuses_other_lengths(chunk_none_decode);
    bytes_store_u16(out.p + 32, MESSAGE_CHUNKS_MAX + 1);
    assert_int_equal(chunk_none_decode(out.p, out.len), GMM_ELIMIT);
    free(ids);
}

static enum gmm_err ping_decode(const void *payload, size_t len)
{
    uint64_t number;
    return message_ping_decode(&number, payload, len);
}

static enum gmm_err take_decode(const void *payload, size_t len)
{
    struct message_takes takes;
    return message_take_decode(&takes, payload, len);
}

static void test_take(void **state)
{
    struct message_take list[3] = {{{{1}}, 5, 4096}, {{{2}}, UINT64_MAX, UINT32_MAX}, {{{3}}, 0, 0}};
    struct message_takes takes;
    (void)state;
    assert_int_equal(message_take_encode(&out, list, 3), GMM_OK);
    assert_int_equal(message_take_decode(&takes, out.p, out.len), GMM_OK);
    assert_int_equal(takes.count, 3);
    for (size_t i = 0; i < 3; i++) {
        struct message_take got;
        message_take_at(&takes, i, &got);
        assert_true(id_equal(&got.group, &list[i].group));
        assert_int_equal(got.since_ms, list[i].since_ms);
        assert_int_equal(got.most, list[i].most);
    }
    refuses_other_lengths(take_decode);
    restart();
    assert_int_equal(message_take_encode(&out, list, 0), GMM_OK);
    assert_int_equal(message_take_decode(&takes, out.p, out.len), GMM_OK);
    restart();
    list[1].group = list[0].group;
    assert_int_equal(message_take_encode(&out, list, 2), GMM_EFORMAT);
    assert_int_equal(message_take_encode(&out, list, MESSAGE_TAKES_MAX + 1), GMM_ELIMIT);
    restart();
    list[1].group.b[0] = 2;
    assert_int_equal(message_take_encode(&out, list, 2), GMM_OK);
    out.p[2 + 44] = 1;
    assert_int_equal(take_decode(out.p, out.len), GMM_EFORMAT); /* twice the same group */
}

static void test_ping(void **state)
{
    (void)state;
    uint64_t number = 0;
    assert_int_equal(message_ping_encode(&out, UINT64_C(0xfedcba9876543210)), GMM_OK);
    assert_int_equal(message_ping_decode(&number, out.p, out.len), GMM_OK);
    assert_true(number == UINT64_C(0xfedcba9876543210));
    refuses_other_lengths(ping_decode);
}

static enum gmm_err settled_decode(const void *payload, size_t len)
{
    uint64_t number;
    bool settled;
    return message_settled_decode(&number, &settled, payload, len);
}

static void test_settled(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t number = 0;
        bool settled = i == 0;
        restart();
        assert_int_equal(message_settled_encode(&out, 7 + i, i == 1), GMM_OK);
        assert_int_equal(message_settled_decode(&number, &settled, out.p, out.len), GMM_OK);
        assert_true(number == 7 + i && settled == (i == 1));
    }
    refuses_other_lengths(settled_decode);
    out.p[8] = 2;
    assert_int_equal(settled_decode(out.p, out.len), GMM_EFORMAT);
}

static enum gmm_err bye_decode(const void *payload, size_t len)
{
    struct message_bye bye;
    return message_bye_decode(&bye, payload, len);
}

static void test_bye(void **state)
{
    (void)state;
    struct message_bye bye;
    assert_int_equal(message_bye_encode(&out, 3, "née"), GMM_OK);
    assert_int_equal(message_bye_decode(&bye, out.p, out.len), GMM_OK);
    assert_int_equal(bye.reason, 3);
    assert_int_equal(bye.text_len, 4);
    assert_memory_equal(bye.text, "née", 4);
    refuses_other_lengths(bye_decode);
    uint8_t not_utf8[] = {1, 1, 0xff};
    assert_int_equal(bye_decode(not_utf8, sizeof not_utf8), GMM_EFORMAT);
    /* 254 letters and a character of two bytes: cut before it */
    char text[300];
    memset(text, 'x', sizeof text);
    memcpy(text + 254, "é", 2);
    text[299] = '\0';
    restart();
    assert_int_equal(message_bye_encode(&out, 3, text), GMM_OK);
    assert_int_equal(message_bye_decode(&bye, out.p, out.len), GMM_OK);
    assert_int_equal(bye.text_len, 254);
}

static enum gmm_err join_answer_decode(const void *payload, size_t len)
{
    struct message_join_answer answer;
    return message_join_answer_decode(&answer, payload, len);
}

static void test_join_answer(void **state)
{
    (void)state;
    static const uint8_t charter[] = {1, 2, 3}, one[] = {4}, two[] = {5, 6};
    struct message_object objects[2] = {{one, sizeof one}, {two, sizeof two}}, object;
    struct message_join_answer answer = {
        .state = MESSAGE_JOIN_ADMITTED, .reason = "ok", .reason_len = 2, .charter = {charter, sizeof charter}};
    struct message_join_answer got;
    assert_int_equal(message_join_answer_encode(&out, &answer, objects, 2), GMM_OK);
    assert_int_equal(message_join_answer_decode(&got, out.p, out.len), GMM_OK);
    assert_int_equal(got.state, MESSAGE_JOIN_ADMITTED);
    assert_int_equal(got.reason_len, 2);
    assert_memory_equal(got.reason, "ok", 2);
    assert_int_equal(got.charter.len, 3);
    assert_memory_equal(got.charter.bytes, charter, 3);
    assert_int_equal(got.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(message_join_answer_next(&got, &object));
        assert_int_equal(object.len, objects[i].len);
        assert_memory_equal(object.bytes, objects[i].bytes, object.len);
    }
    assert_false(message_join_answer_next(&got, &object));
    for (unsigned s = 0; s < 256; s++) {
        out.p[0] = (uint8_t)s;
        assert_int_equal(join_answer_decode(out.p, out.len), s >= 1 && s <= 3 ? GMM_OK : GMM_EFORMAT);
    }
    out.p[0] = MESSAGE_JOIN_PENDING;
    refuses_other_lengths(join_answer_decode);
    restart();
    objects[1].len = 0;
    assert_int_equal(message_join_answer_encode(&out, &answer, objects, 2), GMM_EFORMAT);
    objects[1].len = 65536;
    assert_int_equal(message_join_answer_encode(&out, &answer, objects, 2), GMM_ELIMIT);
    answer.charter.len = 65536;
    assert_int_equal(message_join_answer_encode(&out, &answer, objects, 0), GMM_ELIMIT);
    uint8_t empty_object[] = {1, 0, 0, 0, 0, 1, 0, 0};
    assert_int_equal(join_answer_decode(empty_object, sizeof empty_object), GMM_EFORMAT);
}

static void test_payload_max(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        bool known = (type >= MESSAGE_OBJECTS_HAVE && type <= MESSAGE_WANT_NONE) ||
                     (type >= MESSAGE_JOIN_REQUEST && type <= MESSAGE_RANGES);
        size_t max = message_payload_max((uint8_t)type);
        assert_int_equal(max > 0, known);
        assert_true(max < LIMIT_MESSAGE_BYTES);
    }
    assert_int_equal(message_payload_max(MESSAGE_RUN), LIMIT_RUN_BYTES);
    assert_int_equal(message_payload_max(MESSAGE_JOIN_REQUEST), LIMIT_JOIN_REQUEST);
}

static void test_memory(void **state)
{
    (void)state;
    struct message_head list[100];
    for (unsigned i = 0; i < 100; i++)
        list[i] = head_of(i);
    for (long i = 0;; i++) {
        restart();
        failmalloc_at(i);
        enum gmm_err err = message_heads_encode(&out, list, 100, true, "token", 5);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            assert_true(i > 0);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
    }
    failmalloc_count();
    assert_int_equal(heads_decode(out.p, out.len), GMM_OK);
    failmalloc_off();
    assert_int_equal(failmalloc_calls(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_objects),    TEST(test_objects_order), TEST(test_heads),       TEST(test_heads_refused),
        TEST(test_want),       TEST(test_ack),           TEST(test_chunk_want),  TEST(test_chunk),
        TEST(test_chunk_none), TEST(test_chunk_largest), TEST(test_take),        TEST(test_ping),
        TEST(test_settled),    TEST(test_bye),           TEST(test_join_answer), TEST(test_payload_max),
        TEST(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
