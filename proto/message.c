#include "proto/message.h"

#include <string.h>

#include "proto/message_ranges.h"

#define HEAD_BYTES (32u + 32u + 8u + 8u + 32u + HASH_SIG_BYTES)
#define WANT_BYTES (32u + 32u + 8u + 8u + 8u)
#define PLACE_BYTES (32u + 4u)
#define PAYLOAD_MAX (LIMIT_MESSAGE_BYTES - 1u)

#define TAKE_BYTES (32u + 8u + 4u)
static_assert(LIMIT_RUN_BYTES <= PAYLOAD_MAX, "a run fits a message");
static_assert(2u + MESSAGE_OBJECTS_MAX * 32u <= PAYLOAD_MAX, "a list of objects fits a message");
static_assert(sizeof(struct gmm_id) == 32, "ids are written as they lie in memory");

size_t message_payload_max(uint8_t type)
{
    static const size_t max[] = {
        [MESSAGE_OBJECTS_HAVE] = 2u + MESSAGE_OBJECTS_MAX * 32u,
        [MESSAGE_OBJECTS_WANT] = 2u + MESSAGE_OBJECTS_MAX * 32u,
        [MESSAGE_OBJECT] = PAYLOAD_MAX,
        [MESSAGE_HEADS] = 1u + 1u + MESSAGE_TOKEN_MAX + 2u + MESSAGE_HEADS_MAX * HEAD_BYTES,
        [MESSAGE_WANT] = 2u + MESSAGE_WANTS_MAX * WANT_BYTES,
        [MESSAGE_RUN] = LIMIT_RUN_BYTES,
        [MESSAGE_ACK] = 1u + MESSAGE_TOKEN_MAX,
        [MESSAGE_CHUNK_WANT] = 32u + 2u + MESSAGE_CHUNKS_MAX * PLACE_BYTES,
        [MESSAGE_CHUNK] = PAYLOAD_MAX,
        [MESSAGE_CHUNK_NONE] = 32u + 2u + MESSAGE_CHUNKS_MAX * 32u,
        [MESSAGE_PING] = 8u,
        [MESSAGE_PONG] = 8u,
        [MESSAGE_BYE] = 1u + 1u + 255u,
        [MESSAGE_PROOFS_HAVE] = 2u + MESSAGE_PROOFS_MAX * 32u,
        [MESSAGE_PROOF] = LIMIT_FORK_BYTES,
        [MESSAGE_WANT_NONE] = 2u + MESSAGE_WANTS_MAX * WANT_BYTES,
        [MESSAGE_JOIN_REQUEST] = LIMIT_JOIN_REQUEST,
        [MESSAGE_JOIN_ANSWER] = PAYLOAD_MAX,
        [MESSAGE_SETTLED] = 8u + 1u,
        [MESSAGE_TAKE] = 2u + MESSAGE_TAKES_MAX * TAKE_BYTES,
        [MESSAGE_RANGES] = MESSAGE_RANGES_BYTES_MAX,
    };
    return type < sizeof max / sizeof max[0] ? max[type] : 0;
}

/* count u16 ≤ max × elements of one size, to the end of the payload. */
static enum gmm_err list_take(struct bytes_in *in, size_t element, size_t max, uint16_t *count, const uint8_t **list)
{
    *count = bytes_get_u16(in);
    if (*count > max)
        return GMM_ELIMIT;
    *list = bytes_take(in, *count * element);
    return bytes_in_done(in) ? GMM_OK : GMM_EFORMAT;
}

static struct gmm_id id_at(const uint8_t *ids, size_t index)
{
    struct gmm_id id;
    memcpy(id.b, ids + index * sizeof id.b, sizeof id.b);
    return id;
}

static void key_put(struct buffer *out, const struct run_key *key)
{
    buffer_put_id(out, &key->group);
    buffer_put_id(out, &key->author);
    buffer_put_u64(out, key->instance);
}

static void key_get(struct bytes_in *in, struct run_key *key)
{
    bytes_get_id(in, &key->group);
    bytes_get_id(in, &key->author);
    key->instance = bytes_get_u64(in);
}

static enum gmm_err ids_encode(struct buffer *out, const struct gmm_id *ids, size_t count, size_t max)
{
    if (count > max)
        return GMM_ELIMIT;
    buffer_put_u16(out, (uint16_t)count);
    buffer_put(out, ids, count * sizeof *ids);
    return out->failed;
}

/* Those of a set: each once, in order. */
static enum gmm_err set_encode(struct buffer *out, const struct gmm_id *hashes, size_t count, size_t max)
{
    for (size_t i = 1; i < count; i++)
        if (id_compare(&hashes[i - 1], &hashes[i]) >= 0)
            return GMM_EFORMAT;
    return ids_encode(out, hashes, count, max);
}

static enum gmm_err set_decode(struct message_objects *out, const void *payload, size_t len, size_t max)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    enum gmm_err err = list_take(&in, 32, max, &out->count, &out->hashes);
    for (size_t i = 1; err == GMM_OK && i < out->count; i++)
        if (memcmp(out->hashes + 32 * (i - 1), out->hashes + 32 * i, 32) >= 0)
            err = GMM_EFORMAT;
    return err;
}

enum gmm_err message_objects_have_encode(struct buffer *out, const struct gmm_id *hashes, size_t count)
{
    return set_encode(out, hashes, count, MESSAGE_OBJECTS_MAX);
}

enum gmm_err message_objects_have_decode(struct message_objects *out, const void *payload, size_t len)
{
    return set_decode(out, payload, len, MESSAGE_OBJECTS_MAX);
}

enum gmm_err message_proofs_have_encode(struct buffer *out, const struct gmm_id *hashes, size_t count)
{
    return set_encode(out, hashes, count, MESSAGE_PROOFS_MAX);
}

enum gmm_err message_proofs_have_decode(struct message_objects *out, const void *payload, size_t len)
{
    return set_decode(out, payload, len, MESSAGE_PROOFS_MAX);
}

enum gmm_err message_objects_want_encode(struct buffer *out, const struct gmm_id *hashes, size_t count)
{
    return ids_encode(out, hashes, count, MESSAGE_OBJECTS_MAX);
}

enum gmm_err message_objects_want_decode(struct message_objects *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    return list_take(&in, 32, MESSAGE_OBJECTS_MAX, &out->count, &out->hashes);
}

struct gmm_id message_objects_at(const struct message_objects *objects, size_t index)
{
    assert(index < objects->count);
    return id_at(objects->hashes, index);
}

enum gmm_err message_heads_encode(struct buffer *out, const struct message_head *heads, size_t count, bool last,
                                  const void *token, size_t token_len)
{
    if (count > MESSAGE_HEADS_MAX || token_len > MESSAGE_TOKEN_MAX)
        return GMM_ELIMIT;
    if (!last && token_len > 0)
        return GMM_EFORMAT;
    buffer_put_u8(out, last ? MESSAGE_HEADS_LAST : 0);
    buffer_put_u8(out, (uint8_t)token_len);
    buffer_put(out, token, token_len);
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        key_put(out, &heads[i].key);
        buffer_put_u64(out, heads[i].seq);
        buffer_put_id(out, &heads[i].id);
        buffer_put(out, heads[i].sig, HASH_SIG_BYTES);
    }
    return out->failed;
}

enum gmm_err message_heads_decode(struct message_heads *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    uint8_t flags = bytes_get_u8(&in);
    out->last = flags == MESSAGE_HEADS_LAST;
    out->token_len = bytes_get_u8(&in);
    out->token = bytes_take(&in, out->token_len);
    if (in.failed || (flags & ~MESSAGE_HEADS_LAST) != 0 || (!out->last && out->token_len > 0))
        return GMM_EFORMAT;
    return list_take(&in, HEAD_BYTES, MESSAGE_HEADS_MAX, &out->count, &out->heads);
}

void message_heads_at(const struct message_heads *heads, size_t index, struct message_head *out)
{
    assert(index < heads->count);
    struct bytes_in in;
    bytes_in_init(&in, heads->heads + index * HEAD_BYTES, HEAD_BYTES);
    key_get(&in, &out->key);
    out->seq = bytes_get_u64(&in);
    bytes_get_id(&in, &out->id);
    bytes_get(&in, out->sig, sizeof out->sig);
}

enum gmm_err message_want_encode(struct buffer *out, const struct message_want *wants, size_t count)
{
    if (count > MESSAGE_WANTS_MAX)
        return GMM_ELIMIT;
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        if (wants[i].to < wants[i].from)
            return GMM_EFORMAT;
        key_put(out, &wants[i].key);
        buffer_put_u64(out, wants[i].from);
        buffer_put_u64(out, wants[i].to);
    }
    return out->failed;
}

enum gmm_err message_want_decode(struct message_wants *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    enum gmm_err err = list_take(&in, WANT_BYTES, MESSAGE_WANTS_MAX, &out->count, &out->wants);
    for (size_t i = 0; err == GMM_OK && i < out->count; i++) {
        struct message_want want;
        message_want_at(out, i, &want);
        if (want.to < want.from)
            err = GMM_EFORMAT;
    }
    return err;
}

void message_want_at(const struct message_wants *wants, size_t index, struct message_want *out)
{
    assert(index < wants->count);
    struct bytes_in in;
    bytes_in_init(&in, wants->wants + index * WANT_BYTES, WANT_BYTES);
    key_get(&in, &out->key);
    out->from = bytes_get_u64(&in);
    out->to = bytes_get_u64(&in);
}

enum gmm_err message_ack_encode(struct buffer *out, const void *token, size_t token_len)
{
    if (token_len == 0)
        return GMM_EFORMAT;
    if (token_len > MESSAGE_TOKEN_MAX)
        return GMM_ELIMIT;
    buffer_put_u8(out, (uint8_t)token_len);
    buffer_put(out, token, token_len);
    return out->failed;
}

enum gmm_err message_ack_decode(const uint8_t **token, size_t *token_len, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    *token_len = bytes_get_u8(&in);
    *token = bytes_take(&in, *token_len);
    return bytes_in_done(&in) && *token_len > 0 ? GMM_OK : GMM_EFORMAT;
}

/* A stretch of a chunk must begin inside it; no chunk is larger than LIMIT_CHUNK_SEALED. */
static enum gmm_err offset_check(uint32_t offset)
{
    return offset < LIMIT_CHUNK_SEALED ? GMM_OK : GMM_ELIMIT;
}

enum gmm_err message_chunk_want_encode(struct buffer *out, const struct gmm_id *gid,
                                       const struct message_chunk_place *places, size_t count)
{
    if (count > MESSAGE_CHUNKS_MAX)
        return GMM_ELIMIT;
    buffer_put_id(out, gid);
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        enum gmm_err err = offset_check(places[i].offset);
        if (err != GMM_OK)
            return err;
        buffer_put_id(out, &places[i].id);
        buffer_put_u32(out, places[i].offset);
    }
    return out->failed;
}

enum gmm_err message_chunk_want_decode(struct message_chunk_wants *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    bytes_get_id(&in, &out->gid);
    enum gmm_err err = list_take(&in, PLACE_BYTES, MESSAGE_CHUNKS_MAX, &out->count, &out->places);
    for (size_t i = 0; err == GMM_OK && i < out->count; i++) {
        struct message_chunk_place place;
        message_chunk_want_at(out, i, &place);
        err = offset_check(place.offset);
    }
    return err;
}

void message_chunk_want_at(const struct message_chunk_wants *wants, size_t index, struct message_chunk_place *out)
{
    assert(index < wants->count);
    struct bytes_in in;
    bytes_in_init(&in, wants->places + index * PLACE_BYTES, PLACE_BYTES);
    bytes_get_id(&in, &out->id);
    out->offset = bytes_get_u32(&in);
}

static enum gmm_err chunk_check(const struct message_chunk *chunk)
{
    if (chunk->total > LIMIT_CHUNK_SEALED || chunk->data_len > MESSAGE_CHUNK_DATA_MAX)
        return GMM_ELIMIT;
    if (chunk->data_len == 0 || chunk->offset > chunk->total || chunk->data_len > chunk->total - chunk->offset)
        return GMM_EFORMAT;
    return GMM_OK;
}

enum gmm_err message_chunk_encode(struct buffer *out, const struct message_chunk *chunk)
{
    enum gmm_err err = chunk_check(chunk);
    if (err != GMM_OK)
        return err;
    buffer_put_id(out, &chunk->gid);
    buffer_put_id(out, &chunk->id);
    buffer_put_u32(out, chunk->total);
    buffer_put_u32(out, chunk->offset);
    buffer_put_u32(out, (uint32_t)chunk->data_len);
    buffer_put(out, chunk->data, chunk->data_len);
    return out->failed;
}

enum gmm_err message_chunk_decode(struct message_chunk *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    bytes_get_id(&in, &out->gid);
    bytes_get_id(&in, &out->id);
    out->total = bytes_get_u32(&in);
    out->offset = bytes_get_u32(&in);
    out->data_len = bytes_get_u32(&in);
    out->data = bytes_take(&in, out->data_len);
    return bytes_in_done(&in) ? chunk_check(out) : GMM_EFORMAT;
}

enum gmm_err message_chunk_none_encode(struct buffer *out, const struct gmm_id *gid, const struct gmm_id *ids,
                                       size_t count)
{
    buffer_put_id(out, gid);
    return ids_encode(out, ids, count, MESSAGE_CHUNKS_MAX);
}

enum gmm_err message_chunk_none_decode(struct message_chunk_none *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    bytes_get_id(&in, &out->gid);
    return list_take(&in, 32, MESSAGE_CHUNKS_MAX, &out->count, &out->ids);
}

struct gmm_id message_chunk_none_at(const struct message_chunk_none *none, size_t index)
{
    assert(index < none->count);
    return id_at(none->ids, index);
}

enum gmm_err message_ping_encode(struct buffer *out, uint64_t number)
{
    buffer_put_u64(out, number);
    return out->failed;
}

enum gmm_err message_ping_decode(uint64_t *number, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    *number = bytes_get_u64(&in);
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err message_settled_encode(struct buffer *out, uint64_t number, bool settled)
{
    buffer_put_u64(out, number);
    buffer_put_u8(out, settled);
    return out->failed;
}

enum gmm_err message_settled_decode(uint64_t *number, bool *settled, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    *number = bytes_get_u64(&in);
    uint8_t state = bytes_get_u8(&in);
    *settled = state == 1;
    return bytes_in_done(&in) && state <= 1 ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err message_bye_encode(struct buffer *out, uint8_t reason, const char *text)
{
    size_t len = strlen(text);
    if (len > UINT8_MAX) {
        len = UINT8_MAX;
        while (len > 0 && ((uint8_t)text[len] & 0xc0u) == 0x80u)
            len--;
    }
    buffer_put_u8(out, reason);
    buffer_put_text8(out, text, len);
    return out->failed;
}

enum gmm_err message_bye_decode(struct message_bye *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    out->reason = bytes_get_u8(&in);
    out->text = bytes_take_text8(&in, UINT8_MAX, &out->text_len);
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

static void object_put(struct buffer *out, const struct message_object *object)
{
    buffer_put_u16(out, (uint16_t)object->len);
    buffer_put(out, object->bytes, object->len);
}

static void object_get(struct bytes_in *in, struct message_object *object)
{
    object->len = bytes_get_u16(in);
    object->bytes = bytes_take(in, object->len);
}

enum gmm_err message_join_answer_encode(struct buffer *out, const struct message_join_answer *answer,
                                        const struct message_object *objects, size_t count)
{
    if (count > UINT16_MAX || answer->charter.len > UINT16_MAX)
        return GMM_ELIMIT;
    buffer_put_u8(out, (uint8_t)answer->state);
    buffer_put_text8(out, answer->reason, answer->reason_len);
    object_put(out, &answer->charter);
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        if (objects[i].len == 0)
            return GMM_EFORMAT;
        if (objects[i].len > UINT16_MAX)
            return GMM_ELIMIT;
        object_put(out, &objects[i]);
    }
    return out->failed;
}

enum gmm_err message_join_answer_decode(struct message_join_answer *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    uint8_t state = bytes_get_u8(&in);
    if (state < MESSAGE_JOIN_PENDING || state > MESSAGE_JOIN_REFUSED)
        return GMM_EFORMAT;
    out->state = (enum message_join_state)state;
    out->reason = bytes_take_text8(&in, UINT8_MAX, &out->reason_len);
    object_get(&in, &out->charter);
    out->count = bytes_get_u16(&in);
    out->objects = in;
    for (size_t i = 0; i < out->count && !in.failed; i++) {
        struct message_object object;
        object_get(&in, &object);
        if (object.len == 0)
            bytes_fail(&in);
    }
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

bool message_join_answer_next(struct message_join_answer *answer, struct message_object *out)
{
    if (answer->objects.left == 0)
        return false;
    object_get(&answer->objects, out);
    return true;
}

enum gmm_err message_take_encode(struct buffer *out, const struct message_take *takes, size_t count)
{
    if (count > MESSAGE_TAKES_MAX)
        return GMM_ELIMIT;
    buffer_put_u16(out, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && id_compare(&takes[i - 1].group, &takes[i].group) >= 0)
            return GMM_EFORMAT;
        buffer_put_id(out, &takes[i].group);
        buffer_put_u64(out, takes[i].since_ms);
        buffer_put_u32(out, takes[i].most);
    }
    return out->failed;
}

enum gmm_err message_take_decode(struct message_takes *out, const void *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    enum gmm_err err = list_take(&in, TAKE_BYTES, MESSAGE_TAKES_MAX, &out->count, &out->takes);
    for (size_t i = 1; err == GMM_OK && i < out->count; i++)
        if (memcmp(out->takes + TAKE_BYTES * (i - 1), out->takes + TAKE_BYTES * i, 32) >= 0)
            err = GMM_EFORMAT;
    return err;
}

void message_take_at(const struct message_takes *takes, size_t index, struct message_take *out)
{
    assert(index < takes->count);
    struct bytes_in in;
    bytes_in_init(&in, takes->takes + index * TAKE_BYTES, TAKE_BYTES);
    bytes_get_id(&in, &out->group);
    out->since_ms = bytes_get_u64(&in);
    out->most = bytes_get_u32(&in);
}
