/* Payloads of replication: the first byte is the type. What a decoder accepts is within the type's bound, can be
 * walked, and encodes to the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "proto/message.h"

static void expect_same(struct buffer *out, enum gmm_err err, const uint8_t *payload, size_t len)
{
    if (err != GMM_OK || out->len != len || (len > 0 && memcmp(out->p, payload, len) != 0))
        abort();
}

static void fuzz_objects(struct buffer *out, uint8_t type, const uint8_t *payload, size_t len)
{
    struct message_objects objects;
    bool have = type == MESSAGE_OBJECTS_HAVE;
    if ((have ? message_objects_have_decode : message_objects_want_decode)(&objects, payload, len) != GMM_OK)
        return;
    struct gmm_id *ids = calloc(objects.count + 1u, sizeof *ids);
    if (ids == NULL)
        return;
    for (size_t i = 0; i < objects.count; i++)
        ids[i] = message_objects_at(&objects, i);
    expect_same(out, (have ? message_objects_have_encode : message_objects_want_encode)(out, ids, objects.count),
                payload, len);
    free(ids);
}

static void fuzz_heads(struct buffer *out, const uint8_t *payload, size_t len)
{
    static struct message_head list[MESSAGE_HEADS_MAX];
    struct message_heads heads;
    if (message_heads_decode(&heads, payload, len) != GMM_OK)
        return;
    for (size_t i = 0; i < heads.count; i++)
        message_heads_at(&heads, i, &list[i]);
    expect_same(out, message_heads_encode(out, list, heads.count, heads.last, heads.token, heads.token_len), payload,
                len);
}

static void fuzz_want(struct buffer *out, const uint8_t *payload, size_t len)
{
    static struct message_want list[MESSAGE_WANTS_MAX];
    struct message_wants wants;
    if (message_want_decode(&wants, payload, len) != GMM_OK)
        return;
    for (size_t i = 0; i < wants.count; i++)
        message_want_at(&wants, i, &list[i]);
    expect_same(out, message_want_encode(out, list, wants.count), payload, len);
}

static void fuzz_chunk_want(struct buffer *out, const uint8_t *payload, size_t len)
{
    static struct message_chunk_place list[MESSAGE_CHUNKS_MAX];
    struct message_chunk_wants wants;
    if (message_chunk_want_decode(&wants, payload, len) != GMM_OK)
        return;
    for (size_t i = 0; i < wants.count; i++)
        message_chunk_want_at(&wants, i, &list[i]);
    expect_same(out, message_chunk_want_encode(out, &wants.gid, list, wants.count), payload, len);
}

static void fuzz_chunk_none(struct buffer *out, const uint8_t *payload, size_t len)
{
    static struct gmm_id list[MESSAGE_CHUNKS_MAX];
    struct message_chunk_none none;
    if (message_chunk_none_decode(&none, payload, len) != GMM_OK)
        return;
    for (size_t i = 0; i < none.count; i++)
        list[i] = message_chunk_none_at(&none, i);
    expect_same(out, message_chunk_none_encode(out, &none.gid, list, none.count), payload, len);
}

static void fuzz_bye(struct buffer *out, const uint8_t *payload, size_t len)
{
    struct message_bye bye;
    char text[256];
    if (message_bye_decode(&bye, payload, len) != GMM_OK)
        return;
    memcpy(text, bye.text, bye.text_len);
    text[bye.text_len] = '\0';
    expect_same(out, message_bye_encode(out, bye.reason, text), payload, len);
}

static void fuzz_join_answer(struct buffer *out, const uint8_t *payload, size_t len)
{
    static struct message_object objects[UINT16_MAX];
    struct message_join_answer answer;
    if (message_join_answer_decode(&answer, payload, len) != GMM_OK)
        return;
    size_t n = 0;
    while (message_join_answer_next(&answer, &objects[n]))
        n++;
    if (n != answer.count)
        abort();
    expect_same(out, message_join_answer_encode(out, &answer, objects, n), payload, len);
}

static void fuzz_take(struct buffer *out, const uint8_t *payload, size_t len)
{
    struct message_takes takes;
    static struct message_take list[MESSAGE_TAKES_MAX];
    if (message_take_decode(&takes, payload, len) != GMM_OK)
        return;
    for (size_t i = 0; i < takes.count; i++)
        message_take_at(&takes, i, &list[i]);
    expect_same(out, message_take_encode(out, list, takes.count), payload, len);
}

static void fuzz_small(struct buffer *out, uint8_t type, const uint8_t *payload, size_t len)
{
    struct message_chunk chunk;
    const uint8_t *token;
    size_t token_len;
    uint64_t number;
    if (type == MESSAGE_ACK && message_ack_decode(&token, &token_len, payload, len) == GMM_OK)
        expect_same(out, message_ack_encode(out, token, token_len), payload, len);
    if (type == MESSAGE_CHUNK && message_chunk_decode(&chunk, payload, len) == GMM_OK)
        expect_same(out, message_chunk_encode(out, &chunk), payload, len);
    if (type == MESSAGE_PING && message_ping_decode(&number, payload, len) == GMM_OK)
        expect_same(out, message_ping_encode(out, number), payload, len);
    bool settled;
    if (type == MESSAGE_SETTLED && message_settled_decode(&number, &settled, payload, len) == GMM_OK)
        expect_same(out, message_settled_encode(out, number, settled), payload, len);
}

static void fuzz_type(struct buffer *out, uint8_t type, const uint8_t *payload, size_t len)
{
    if (type == MESSAGE_OBJECTS_HAVE || type == MESSAGE_OBJECTS_WANT)
        fuzz_objects(out, type, payload, len);
    else if (type == MESSAGE_HEADS)
        fuzz_heads(out, payload, len);
    else if (type == MESSAGE_WANT || type == MESSAGE_WANT_NONE)
        fuzz_want(out, payload, len);
    else if (type == MESSAGE_CHUNK_WANT)
        fuzz_chunk_want(out, payload, len);
    else if (type == MESSAGE_TAKE)
        fuzz_take(out, payload, len);
    else if (type == MESSAGE_CHUNK_NONE)
        fuzz_chunk_none(out, payload, len);
    else if (type == MESSAGE_BYE)
        fuzz_bye(out, payload, len);
    else if (type == MESSAGE_JOIN_ANSWER)
        fuzz_join_answer(out, payload, len);
    else
        fuzz_small(out, type, payload, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    fuzz_type(&out, data[0], data + 1, size - 1);
    if (out.len > message_payload_max(data[0]))
        abort();
    buffer_close(&out);
    return 0;
}
