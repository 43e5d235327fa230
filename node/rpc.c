#include "node/rpc.h"

#include <stdlib.h>
#include <string.h>

#include "keys/limits.h"
#include "proto/packer.h"
#include "proto/reader.h"

/* ---- writing ---- */

struct key {
    const char *text;
    size_t len;
    const json_t *value;
};

/* The order of encoded keys: for strings shorter ones first, then by bytes. */
static int key_compare(const void *a, const void *b)
{
    const struct key *x = a, *y = b;
    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    return memcmp(x->text, y->text, x->len);
}

static enum gmm_err pack_value(struct buffer *out, const json_t *value, unsigned depth);

static enum gmm_err pack_object(struct buffer *out, const json_t *object, unsigned depth)
{
    size_t count = json_object_size(object), i = 0;
    struct key *keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL)
        return GMM_ENOMEM;
    /* jansson's iterators take no const, and change nothing */
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *it = json_object_iter(walked); it != NULL && i < count; it = json_object_iter_next(walked, it), i++) {
        const char *text = json_object_iter_key(it);
        keys[i] = (struct key){text, strlen(text), json_object_iter_value(it)};
    }
    qsort(keys, count, sizeof *keys, key_compare);
    enum gmm_err err = count <= UINT32_MAX ? GMM_OK : GMM_ELIMIT;
    packer_map(out, (uint32_t)count);
    for (i = 0; i < count && err == GMM_OK; i++) {
        packer_str(out, keys[i].text, keys[i].len);
        err = pack_value(out, keys[i].value, depth + 1);
    }
    free(keys);
    return err;
}

static enum gmm_err pack_array(struct buffer *out, const json_t *array, unsigned depth)
{
    size_t count = json_array_size(array);
    enum gmm_err err = count <= UINT32_MAX ? GMM_OK : GMM_ELIMIT;
    packer_array(out, (uint32_t)count);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = pack_value(out, json_array_get(array, i), depth + 1);
    return err;
}

static enum gmm_err pack_value(struct buffer *out, const json_t *value, unsigned depth)
{
    enum gmm_err err = GMM_OK;
    if (value == NULL)
        packer_nil(out);
    else
        switch (json_typeof(value)) {
        case JSON_OBJECT:
            err = depth < LIMIT_MSGPACK_DEPTH ? pack_object(out, value, depth) : GMM_EFORMAT;
            break;
        case JSON_ARRAY:
            err = depth < LIMIT_MSGPACK_DEPTH ? pack_array(out, value, depth) : GMM_EFORMAT;
            break;
        case JSON_STRING:
            packer_str(out, json_string_value(value), json_string_length(value));
            break;
        case JSON_INTEGER:
            packer_int(out, json_integer_value(value));
            break;
        case JSON_REAL:
            err = GMM_EFORMAT;
            break;
        case JSON_TRUE:
        case JSON_FALSE:
            packer_bool(out, json_is_true(value));
            break;
        case JSON_NULL:
            packer_nil(out);
            break;
        }
    return err != GMM_OK ? err : out->failed;
}

enum gmm_err rpc_pack(struct buffer *out, const json_t *value)
{
    return pack_value(out, value, 0);
}

/* A message starts behind room for its length and with its array; returns where the length stands. */
static size_t message_start(struct buffer *out, enum rpc_kind kind, uint32_t count)
{
    size_t at = out->len;
    buffer_put_u32(out, 0);
    packer_array(out, count);
    packer_uint(out, (uint64_t)kind);
    return at;
}

static enum gmm_err message_end(struct buffer *out, size_t at, enum gmm_err err)
{
    if (err == GMM_OK)
        err = out->failed;
    if (err == GMM_OK)
        bytes_store_u32(out->p + at, (uint32_t)(out->len - at - RPC_LENGTH_BYTES));
    else
        out->len = at;
    return err;
}

enum gmm_err rpc_put_request(struct buffer *out, const char *version, const char *command, const json_t *args,
                             const char *lang)
{
    size_t at = message_start(out, RPC_REQUEST, 4);
    packer_uint(out, 1);
    packer_text(out, command);
    packer_array(out, lang != NULL ? 3 : 2);
    packer_text(out, version);
    enum gmm_err err = pack_value(out, args, 2);
    if (lang != NULL)
        packer_text(out, lang);
    return message_end(out, at, err);
}

enum gmm_err rpc_put_response(struct buffer *out, const json_t *error, const json_t *result)
{
    size_t at = message_start(out, RPC_RESPONSE, 4);
    packer_uint(out, 1);
    enum gmm_err err = pack_value(out, error, 1);
    if (err == GMM_OK)
        err = pack_value(out, result, 1);
    return message_end(out, at, err);
}

enum gmm_err rpc_put_event(struct buffer *out, const char *name, const json_t *payload)
{
    size_t at = message_start(out, RPC_EVENT, 3);
    packer_text(out, name);
    return message_end(out, at, pack_value(out, payload, 1));
}

/* ---- reading: reader_init has checked depth, counts and UTF-8 before any of this ---- */

/* A byte on the wire can become a few hundred in memory: a request gets so many values and no more. */
struct source {
    struct reader r;
    size_t values_left;
};

static json_t *read_value(struct source *s);

static json_t *read_string(struct reader *r)
{
    size_t len;
    const char *text = reader_str(r, SIZE_MAX, &len);
    return text != NULL ? json_stringn_nocheck(text, len) : NULL;
}

static json_t *read_array(struct source *s)
{
    json_t *array = json_array();
    uint32_t count = reader_array(&s->r, UINT32_MAX);
    for (uint32_t i = 0; i < count && array != NULL; i++) {
        json_t *item = read_value(s);
        if (item == NULL || json_array_append_new(array, item) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

static json_t *read_object(struct source *s)
{
    json_t *object = json_object();
    uint32_t count = reader_map(&s->r, UINT32_MAX);
    for (uint32_t i = 0; i < count && object != NULL; i++) {
        size_t len;
        const char *key = reader_str(&s->r, SIZE_MAX, &len);
        json_t *item = key != NULL ? read_value(s) : NULL;
        if (item == NULL || json_object_setn_new_nocheck(object, key, len, item) != 0) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

/* NULL with r->failed for what is no JSON, NULL alone for lack of memory. */
static json_t *read_value(struct source *s)
{
    struct reader *r = &s->r;
    if (s->values_left == 0) {
        reader_fail(r, GMM_ELIMIT);
        return NULL;
    }
    s->values_left--;
    switch (reader_peek(r)) {
    case READER_NIL:
        reader_nil(r);
        return json_null();
    case READER_BOOL:
        return json_boolean(reader_bool(r));
    case READER_INT: {
        int64_t n = reader_int(r);
        return r->failed == GMM_OK ? json_integer(n) : NULL;
    }
    case READER_STR:
        return read_string(r);
    case READER_ARRAY:
        return read_array(s);
    case READER_MAP:
        return read_object(s);
    case READER_BIN:
    case READER_NONE:
        break;
    }
    reader_fail(r, GMM_EFORMAT);
    return NULL;
}

enum gmm_err rpc_unpack(json_t **out, const void *bytes, size_t len)
{
    struct source s = {.values_left = SIZE_MAX};
    *out = NULL;
    enum gmm_err err = reader_init(&s.r, bytes, len);
    if (err != GMM_OK)
        return err;
    *out = read_value(&s);
    if (*out == NULL)
        return s.r.failed != GMM_OK ? s.r.failed : GMM_ENOMEM;
    return GMM_OK;
}

/* A short text into a fixed place. */
static void read_name(struct reader *r, char *out, size_t size)
{
    size_t len;
    const char *text = reader_str(r, size - 1, &len);
    if (text == NULL)
        len = 0;
    else
        memcpy(out, text, len);
    out[len] = '\0';
}

/* A value or nil (NULL). */
static enum gmm_err read_optional(struct source *s, json_t **out)
{
    if (reader_peek(&s->r) == READER_NIL) {
        reader_nil(&s->r);
        return s->r.failed;
    }
    *out = read_value(s);
    if (*out != NULL)
        return GMM_OK;
    return s->r.failed != GMM_OK ? s->r.failed : GMM_ENOMEM;
}

static enum gmm_err read_request(struct source *s, struct rpc_message *out)
{
    struct reader *r = &s->r;
    if (reader_uint(r) != 1)
        return GMM_EFORMAT;
    read_name(r, out->name, sizeof out->name);
    uint32_t count = reader_array(r, 3);
    if (count < 2)
        return GMM_EFORMAT;
    read_name(r, out->version, sizeof out->version);
    s->values_left = LIMIT_CONTROL_VALUES;
    enum gmm_err err = read_optional(s, &out->value);
    if (err == GMM_OK && count == 3)
        read_name(r, out->lang, sizeof out->lang);
    return err == GMM_OK && !json_is_object(out->value) ? GMM_EFORMAT : err;
}

static enum gmm_err read_response(struct source *s, struct rpc_message *out)
{
    if (reader_uint(&s->r) != 1)
        return GMM_EFORMAT;
    enum gmm_err err = read_optional(s, &out->error);
    if (err == GMM_OK && out->error != NULL && !json_is_object(out->error))
        err = GMM_EFORMAT;
    return err == GMM_OK ? read_optional(s, &out->value) : err;
}

enum gmm_err rpc_read(struct rpc_message *out, const void *bytes, size_t len)
{
    struct source s = {.values_left = SIZE_MAX};
    *out = (struct rpc_message){.kind = RPC_REQUEST};
    enum gmm_err err = reader_init(&s.r, bytes, len);
    if (err != GMM_OK)
        return err;
    uint32_t count = reader_array(&s.r, 4);
    uint64_t kind = reader_uint(&s.r);
    if (kind == RPC_REQUEST && count == 4)
        err = read_request(&s, out);
    else if (kind == RPC_RESPONSE && count == 4) {
        out->kind = RPC_RESPONSE;
        err = read_response(&s, out);
    } else if (kind == RPC_EVENT && count == 3) {
        out->kind = RPC_EVENT;
        read_name(&s.r, out->name, sizeof out->name);
        err = read_optional(&s, &out->value);
    } else
        err = GMM_EFORMAT;
    return s.r.failed != GMM_OK ? s.r.failed : err;
}

void rpc_close(struct rpc_message *message)
{
    json_decref(message->value);
    json_decref(message->error);
    message->value = message->error = NULL;
}
