#include "node/plainmap.h"

#include <sodium.h>
#include <stdlib.h>

#include "proto/reader.h"

static json_t *read_value(struct reader *r);

static json_t *read_bin(struct reader *r)
{
    size_t len = 0;
    const uint8_t *bytes = reader_bin(r, SIZE_MAX, &len);
    char *hex = bytes == NULL || len > (SIZE_MAX - 1) / 2 ? NULL : malloc(2 * len + 1);
    if (hex == NULL)
        return NULL;
    json_t *text = json_string(sodium_bin2hex(hex, 2 * len + 1, bytes, len));
    sodium_memzero(hex, 2 * len + 1);
    free(hex);
    return text;
}

static json_t *read_array(struct reader *r)
{
    json_t *array = json_array();
    uint32_t count = reader_array(r, UINT32_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (json_array_append_new(array, read_value(r)) != 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

static json_t *read_map(struct reader *r)
{
    json_t *map = json_object();
    uint32_t count = reader_map(r, UINT32_MAX);
    for (uint32_t i = 0; i < count; i++) {
        size_t len = 0;
        const char *key = reader_peek(r) == READER_STR ? reader_str(r, SIZE_MAX, &len) : NULL;
        if (key == NULL || json_object_setn_new(map, key, len, read_value(r)) != 0) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

/* The depth is bounded by the profile, which reader_init has checked. NULL: no memory, or what JSON cannot say. */
static json_t *read_value(struct reader *r)
{
    const char *text;
    size_t len = 0;
    switch (reader_peek(r)) {
    case READER_NIL:
        reader_nil(r);
        return json_null();
    case READER_BOOL:
        return json_boolean(reader_bool(r));
    case READER_INT:
        return json_integer(reader_int(r));
    case READER_STR:
        text = reader_str(r, SIZE_MAX, &len);
        return text == NULL ? NULL : json_stringn(text, len);
    case READER_BIN:
        return read_bin(r);
    case READER_ARRAY:
        return read_array(r);
    case READER_MAP:
        return read_map(r);
    case READER_NONE:
        break;
    }
    return NULL;
}

enum gmm_err plainmap_json(json_t **out, const void *plain, size_t len)
{
    struct reader r;
    *out = NULL;
    if (reader_init(&r, plain, len) != GMM_OK || reader_peek(&r) != READER_MAP)
        return GMM_EFORMAT;
    json_t *map = read_map(&r);
    if (map != NULL && reader_done(&r) == GMM_OK) {
        *out = map;
        return GMM_OK;
    }
    json_decref(map);
    return GMM_EFORMAT;
}
