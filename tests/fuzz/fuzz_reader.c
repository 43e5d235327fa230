/* Property: what reader_check accepts has one form, so that reading it and packing it again gives the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "proto/packer.h"
#include "proto/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void copy_int(struct reader *r, struct buffer *out)
{
    struct reader ahead = *r;
    uint64_t v = reader_uint(&ahead);
    if (ahead.failed == GMM_OK) {
        *r = ahead;
        packer_uint(out, v);
    } else
        packer_int(out, reader_int(r));
}

/* One value, but for the values inside it: how many those are. */
static uint64_t copy_value(struct reader *r, struct buffer *out)
{
    const void *p;
    size_t len;
    uint64_t count = 0;
    switch (reader_peek(r)) {
    case READER_NIL:
        reader_nil(r);
        packer_nil(out);
        break;
    case READER_BOOL:
        packer_bool(out, reader_bool(r));
        break;
    case READER_INT:
        copy_int(r, out);
        break;
    case READER_STR:
        p = reader_str(r, SIZE_MAX, &len);
        packer_str(out, p, len);
        break;
    case READER_BIN:
        p = reader_bin(r, SIZE_MAX, &len);
        packer_bin(out, p, len);
        break;
    case READER_ARRAY:
        count = reader_array(r, UINT32_MAX);
        packer_array(out, (uint32_t)count);
        break;
    case READER_MAP:
        count = reader_map(r, UINT32_MAX);
        packer_map(out, (uint32_t)count);
        count *= 2;
        break;
    case READER_NONE:
        abort();
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r, whole;
    if (reader_init(&r, data, size) != GMM_OK) {
        require(reader_peek(&r) == READER_NONE);
        return 0;
    }
    whole = r;
    reader_skip(&whole);
    require(reader_done(&whole) == GMM_OK);
    struct buffer out;
    buffer_init(&out, size);
    for (uint64_t left = 1; left > 0; left--)
        left += copy_value(&r, &out);
    require(reader_done(&r) == GMM_OK && out.failed == GMM_OK);
    require(out.len == size && memcmp(out.p, data, size) == 0);
    buffer_close(&out);
    return 0;
}
