#include "keys/bytes.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST_BYTES 256u

void bytes_in_init(struct bytes_in *in, const void *data, size_t len)
{
    /* An empty input may come as NULL; borrowed pointers are never NULL. */
    static const uint8_t nothing[1];
    in->p = len == 0 ? nothing : data;
    in->left = len;
    in->failed = false;
}

void bytes_fail(struct bytes_in *in)
{
    in->failed = true;
    in->left = 0;
}

bool bytes_in_done(const struct bytes_in *in)
{
    return !in->failed && in->left == 0;
}

const uint8_t *bytes_take(struct bytes_in *in, size_t n)
{
    if (in->failed || n > in->left) {
        bytes_fail(in);
        return NULL;
    }
    const uint8_t *taken = in->p;
    in->p += n;
    in->left -= n;
    return taken;
}

void bytes_get(struct bytes_in *in, void *out, size_t n)
{
    const uint8_t *taken = bytes_take(in, n);
    if (n == 0)
        return;
    if (taken == NULL)
        memset(out, 0, n);
    else
        memcpy(out, taken, n);
}

uint8_t bytes_get_u8(struct bytes_in *in)
{
    uint8_t raw;
    bytes_get(in, &raw, 1);
    return raw;
}

uint16_t bytes_get_u16(struct bytes_in *in)
{
    uint8_t raw[2];
    bytes_get(in, raw, sizeof raw);
    return bytes_load_u16(raw);
}

uint32_t bytes_get_u32(struct bytes_in *in)
{
    uint8_t raw[4];
    bytes_get(in, raw, sizeof raw);
    return bytes_load_u32(raw);
}

uint64_t bytes_get_u64(struct bytes_in *in)
{
    uint8_t raw[8];
    bytes_get(in, raw, sizeof raw);
    return bytes_load_u64(raw);
}

void bytes_get_id(struct bytes_in *in, struct gmm_id *out)
{
    bytes_get(in, out->b, sizeof out->b);
}

static const char *take_text(struct bytes_in *in, size_t n, size_t max, size_t *len)
{
    *len = 0;
    const uint8_t *text = n <= max ? bytes_take(in, n) : NULL;
    if (text == NULL || memchr(text, 0, n) != NULL || !bytes_is_utf8(text, n)) {
        bytes_fail(in);
        return NULL;
    }
    *len = n;
    return (const char *)text;
}

const char *bytes_take_text8(struct bytes_in *in, size_t max, size_t *len)
{
    return take_text(in, bytes_get_u8(in), max, len);
}

const char *bytes_take_text16(struct bytes_in *in, size_t max, size_t *len)
{
    return take_text(in, bytes_get_u16(in), max, len);
}

void bytes_get_text8(struct bytes_in *in, char *out, size_t max)
{
    size_t len;
    const char *text = bytes_take_text8(in, max, &len);
    if (text != NULL)
        memcpy(out, text, len);
    out[len] = '\0';
}

/* Length of the UTF-8 character at p, 0 when there is none (Unicode, table 3-7). */
static size_t character_bytes(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80, high = 0xbf; /* bounds of the second byte */
    size_t n;
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    if (p[0] < 0xe0)
        n = 2;
    else
        n = p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (left < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool bytes_is_utf8(const void *text, size_t len)
{
    const uint8_t *p = text;
    for (size_t i = 0; i < len;) {
        size_t n = character_bytes(p + i, len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

void buffer_init(struct buffer *b, size_t max)
{
    *b = (struct buffer){.max = max};
}

void buffer_close(struct buffer *b)
{
    free(b->p);
    buffer_init(b, b->max);
}

void buffer_close_wiped(struct buffer *b)
{
    if (b->p != NULL)
        sodium_memzero(b->p, b->cap);
    buffer_close(b);
}

/* Not realloc: it would leave a copy of what may be plaintext in freed memory. */
static bool grow(struct buffer *b, size_t needed)
{
    size_t cap = b->cap > b->max / 2 ? b->max : 2 * b->cap;
    if (cap < BUFFER_FIRST_BYTES)
        cap = BUFFER_FIRST_BYTES;
    if (cap < needed)
        cap = needed;
    uint8_t *p = malloc(cap);
    if (p == NULL) {
        b->failed = GMM_ENOMEM;
        return false;
    }
    if (b->p != NULL) {
        memcpy(p, b->p, b->len);
        sodium_memzero(b->p, b->len);
        free(b->p);
    }
    b->p = p;
    b->cap = cap;
    return true;
}

uint8_t *buffer_extend(struct buffer *b, size_t n)
{
    if (b->failed != GMM_OK)
        return NULL;
    if (n > b->max - b->len) {
        b->failed = GMM_ELIMIT;
        return NULL;
    }
    if ((b->p == NULL || n > b->cap - b->len) && !grow(b, b->len + n))
        return NULL;
    uint8_t *end = b->p + b->len;
    b->len += n;
    return end;
}

void buffer_put(struct buffer *b, const void *data, size_t n)
{
    uint8_t *end = buffer_extend(b, n);
    if (end != NULL && n > 0)
        memcpy(end, data, n);
}

void buffer_put_u8(struct buffer *b, uint8_t v)
{
    buffer_put(b, &v, 1);
}

void buffer_put_u16(struct buffer *b, uint16_t v)
{
    uint8_t raw[2];
    bytes_store_u16(raw, v);
    buffer_put(b, raw, sizeof raw);
}

void buffer_put_u32(struct buffer *b, uint32_t v)
{
    uint8_t raw[4];
    bytes_store_u32(raw, v);
    buffer_put(b, raw, sizeof raw);
}

void buffer_put_u64(struct buffer *b, uint64_t v)
{
    uint8_t raw[8];
    bytes_store_u64(raw, v);
    buffer_put(b, raw, sizeof raw);
}

void buffer_put_id(struct buffer *b, const struct gmm_id *id)
{
    buffer_put(b, id->b, sizeof id->b);
}

static bool text_fits(struct buffer *b, size_t len, size_t max)
{
    if (len > max && b->failed == GMM_OK)
        b->failed = GMM_ELIMIT;
    return b->failed == GMM_OK;
}

void buffer_put_text8(struct buffer *b, const char *text, size_t len)
{
    if (!text_fits(b, len, UINT8_MAX))
        return;
    buffer_put_u8(b, (uint8_t)len);
    buffer_put(b, text, len);
}

void buffer_put_text16(struct buffer *b, const char *text, size_t len)
{
    if (!text_fits(b, len, UINT16_MAX))
        return;
    buffer_put_u16(b, (uint16_t)len);
    buffer_put(b, text, len);
}

void buffer_cut(struct buffer *b, size_t len)
{
    if (len >= b->len)
        return;
    sodium_memzero(b->p + len, b->len - len);
    b->len = len;
}

enum gmm_err buffer_take(struct buffer *b, uint8_t **out, size_t *len)
{
    buffer_extend(b, 0);
    enum gmm_err err = b->failed;
    *out = NULL;
    *len = 0;
    if (err != GMM_OK) {
        buffer_close_wiped(b);
        return err;
    }
    *out = b->p;
    *len = b->len;
    b->p = NULL;
    buffer_close(b);
    return GMM_OK;
}

void bytes_store_u16(uint8_t out[2], uint16_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

void bytes_store_u32(uint8_t out[4], uint32_t v)
{
    bytes_store_u16(out, (uint16_t)(v >> 16));
    bytes_store_u16(out + 2, (uint16_t)v);
}

void bytes_store_u64(uint8_t out[8], uint64_t v)
{
    bytes_store_u32(out, (uint32_t)(v >> 32));
    bytes_store_u32(out + 4, (uint32_t)v);
}

uint16_t bytes_load_u16(const uint8_t in[2])
{
    return (uint16_t)(in[0] << 8 | in[1]);
}

uint32_t bytes_load_u32(const uint8_t in[4])
{
    return (uint32_t)bytes_load_u16(in) << 16 | bytes_load_u16(in + 2);
}

uint64_t bytes_load_u64(const uint8_t in[8])
{
    return (uint64_t)bytes_load_u32(in) << 32 | bytes_load_u32(in + 4);
}
