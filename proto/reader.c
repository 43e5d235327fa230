#include "proto/reader.h"

#include <string.h>

/* The first bytes of a value: what it is, and its number, length or count. */
struct head {
    enum reader_type type;
    bool negative;
    uint64_t n; /* a negative integer in two's complement */
    size_t size;
};

static void head_set(struct head *h, enum reader_type type, size_t size, uint64_t n)
{
    h->type = type;
    h->negative = false;
    h->size = size;
    h->n = n;
}

/* A big-endian number of `width` bytes behind the first one. */
static enum gmm_err head_number(struct head *h, enum reader_type type, const uint8_t *p, size_t left, size_t width)
{
    if (left <= width)
        return GMM_EFORMAT;
    uint64_t n = 0;
    for (size_t i = 1; i <= width; i++)
        n = n << 8 | p[i];
    head_set(h, type, 1 + width, n);
    return GMM_OK;
}

/* "shortest form": a number of `width` bytes must not fit in the form before it, whose largest value is `below`. */
static enum gmm_err head_sized(struct head *h, enum reader_type type, const uint8_t *p, size_t left, size_t width,
                               uint64_t below)
{
    enum gmm_err err = head_number(h, type, p, left, width);
    if (err == GMM_OK && h->n <= below)
        err = GMM_EFORMAT;
    return err;
}

/* int8 to int64 hold only what no shorter form and no unsigned one can: numbers below `above`. */
static enum gmm_err head_negative(struct head *h, const uint8_t *p, size_t left, size_t width, int64_t above)
{
    enum gmm_err err = head_number(h, READER_INT, p, left, width);
    if (err != GMM_OK)
        return err;
    if (width < 8 && (p[1] & 0x80u) != 0)
        h->n |= UINT64_MAX << (8 * width);
    h->negative = true;
    return h->n > INT64_MAX && h->n < (uint64_t)above ? GMM_OK : GMM_EFORMAT;
}

/* Forms whose first byte holds the value or the length. */
static bool head_fixed(struct head *h, uint8_t b)
{
    if (b <= 0x7f)
        head_set(h, READER_INT, 1, b);
    else if (b <= 0x8f)
        head_set(h, READER_MAP, 1, b & 0x0fu);
    else if (b <= 0x9f)
        head_set(h, READER_ARRAY, 1, b & 0x0fu);
    else if (b <= 0xbf)
        head_set(h, READER_STR, 1, b & 0x1fu);
    else if (b == 0xc0)
        head_set(h, READER_NIL, 1, 0);
    else if (b == 0xc2 || b == 0xc3)
        head_set(h, READER_BOOL, 1, b & 1u);
    else if (b >= 0xe0) {
        head_set(h, READER_INT, 1, UINT64_MAX << 8 | b);
        h->negative = true;
    } else
        return false;
    return true;
}

static enum gmm_err head_read(struct head *h, const uint8_t *p, size_t left)
{
    if (left == 0)
        return GMM_EFORMAT;
    if (head_fixed(h, p[0]))
        return GMM_OK;
    switch (p[0]) {
    case 0xc4:
        return head_number(h, READER_BIN, p, left, 1);
    case 0xc5:
        return head_sized(h, READER_BIN, p, left, 2, UINT8_MAX);
    case 0xc6:
        return head_sized(h, READER_BIN, p, left, 4, UINT16_MAX);
    case 0xcc:
        return head_sized(h, READER_INT, p, left, 1, 0x7f);
    case 0xcd:
        return head_sized(h, READER_INT, p, left, 2, UINT8_MAX);
    case 0xce:
        return head_sized(h, READER_INT, p, left, 4, UINT16_MAX);
    case 0xcf:
        return head_sized(h, READER_INT, p, left, 8, UINT32_MAX);
    case 0xd0:
        return head_negative(h, p, left, 1, -32);
    case 0xd1:
        return head_negative(h, p, left, 2, INT8_MIN);
    case 0xd2:
        return head_negative(h, p, left, 4, INT16_MIN);
    case 0xd3:
        return head_negative(h, p, left, 8, INT32_MIN);
    case 0xd9:
        return head_sized(h, READER_STR, p, left, 1, 0x1f);
    case 0xda:
        return head_sized(h, READER_STR, p, left, 2, UINT8_MAX);
    case 0xdb:
        return head_sized(h, READER_STR, p, left, 4, UINT16_MAX);
    case 0xdc:
        return head_sized(h, READER_ARRAY, p, left, 2, 0x0f);
    case 0xdd:
        return head_sized(h, READER_ARRAY, p, left, 4, UINT16_MAX);
    case 0xde:
        return head_sized(h, READER_MAP, p, left, 2, 0x0f);
    case 0xdf:
        return head_sized(h, READER_MAP, p, left, 4, UINT16_MAX);
    default: /* floats, extensions, 0xc1 */
        return GMM_EFORMAT;
    }
}

static bool text_is_valid(const uint8_t *text, size_t len)
{
    return memchr(text, 0, len) == NULL && bytes_is_utf8(text, len);
}

/* An array or map that is being walked. */
struct frame {
    uint64_t left; /* values still to come; a map's keys and values both count */
    bool map;
    const uint8_t *key, *key_before;
    size_t key_before_len;
};

struct walk {
    const uint8_t *p;
    size_t left;
    unsigned depth;
    struct frame frames[LIMIT_MSGPACK_DEPTH];
};

/* "a count is checked against the bytes left before memory is taken": each value takes a byte or more. */
static enum gmm_err walk_push(struct walk *w, const struct head *h)
{
    uint64_t values = h->type == READER_MAP ? 2 * h->n : h->n;
    if (w->depth == LIMIT_MSGPACK_DEPTH)
        return GMM_ELIMIT;
    if (values > w->left)
        return GMM_EFORMAT;
    struct frame *f = &w->frames[w->depth++];
    *f = (struct frame){.left = values, .map = h->type == READER_MAP};
    return GMM_OK;
}

static bool key_ascends(const struct frame *f, size_t len)
{
    if (f->key_before == NULL)
        return true;
    size_t common = len < f->key_before_len ? len : f->key_before_len;
    int order = memcmp(f->key_before, f->key, common);
    return order < 0 || (order == 0 && f->key_before_len < len);
}

/* A value ended at w->p: counts it, and every container that it completes. */
static enum gmm_err walk_pop(struct walk *w)
{
    while (w->depth > 0) {
        struct frame *f = &w->frames[w->depth - 1];
        f->left--;
        if (f->map && f->left % 2 == 1) {
            size_t len = (size_t)(w->p - f->key);
            if (!key_ascends(f, len))
                return GMM_EFORMAT;
            f->key_before = f->key;
            f->key_before_len = len;
        }
        if (f->left > 0)
            return GMM_OK;
        w->depth--;
    }
    return GMM_OK;
}

/* One head, with the bytes behind it where it is a string. */
static enum gmm_err walk_value(struct walk *w, bool *opened)
{
    struct head h;
    enum gmm_err err = head_read(&h, w->p, w->left);
    if (err != GMM_OK)
        return err;
    if (w->depth > 0 && w->frames[w->depth - 1].map && w->frames[w->depth - 1].left % 2 == 0)
        w->frames[w->depth - 1].key = w->p;
    w->p += h.size;
    w->left -= h.size;
    *opened = (h.type == READER_ARRAY || h.type == READER_MAP) && h.n > 0;
    if (h.type == READER_ARRAY || h.type == READER_MAP) {
        err = walk_push(w, &h);
        if (!*opened && err == GMM_OK)
            w->depth--;
        return err;
    }
    if (h.type == READER_STR || h.type == READER_BIN) {
        if (h.n > w->left || (h.type == READER_STR && !text_is_valid(w->p, (size_t)h.n)))
            return GMM_EFORMAT;
        w->p += h.n;
        w->left -= (size_t)h.n;
    }
    return GMM_OK;
}

/* Walks exactly one value from *p on. */
static enum gmm_err walk(const uint8_t **p, size_t *left)
{
    struct walk w = {.p = *p, .left = *left};
    do {
        bool opened = false;
        enum gmm_err err = walk_value(&w, &opened);
        if (err == GMM_OK && !opened)
            err = walk_pop(&w);
        if (err != GMM_OK)
            return err;
    } while (w.depth > 0);
    *p = w.p;
    *left = w.left;
    return GMM_OK;
}

enum gmm_err reader_check(const void *data, size_t len)
{
    const uint8_t *p = data;
    enum gmm_err err = walk(&p, &len);
    if (err == GMM_OK && len > 0)
        err = GMM_EFORMAT;
    return err;
}

enum gmm_err reader_init(struct reader *r, const void *data, size_t len)
{
    r->p = data;
    r->left = len;
    r->failed = reader_check(data, len);
    return r->failed;
}

void reader_fail(struct reader *r, enum gmm_err err)
{
    if (r->failed == GMM_OK)
        r->failed = err;
}

enum gmm_err reader_done(const struct reader *r)
{
    if (r->failed == GMM_OK && r->left > 0)
        return GMM_EFORMAT;
    return r->failed;
}

enum reader_type reader_peek(const struct reader *r)
{
    struct head h;
    if (r->failed != GMM_OK || head_read(&h, r->p, r->left) != GMM_OK)
        return READER_NONE;
    return h.type;
}

/* Takes the head of a value of this type; false (and failed) for any other. */
static bool take_head(struct reader *r, enum reader_type type, struct head *h)
{
    if (r->failed != GMM_OK)
        return false;
    if (head_read(h, r->p, r->left) != GMM_OK || h->type != type) {
        r->failed = GMM_EFORMAT;
        return false;
    }
    r->p += h->size;
    r->left -= h->size;
    return true;
}

void reader_nil(struct reader *r)
{
    struct head h;
    (void)take_head(r, READER_NIL, &h);
}

bool reader_bool(struct reader *r)
{
    struct head h;
    return take_head(r, READER_BOOL, &h) && h.n == 1;
}

uint64_t reader_uint(struct reader *r)
{
    struct head h;
    if (!take_head(r, READER_INT, &h))
        return 0;
    if (h.negative) {
        r->failed = GMM_EFORMAT;
        return 0;
    }
    return h.n;
}

int64_t reader_int(struct reader *r)
{
    struct head h;
    if (!take_head(r, READER_INT, &h))
        return 0;
    if (h.negative)
        return -(int64_t)(UINT64_MAX - h.n) - 1;
    if (h.n > INT64_MAX) {
        r->failed = GMM_EFORMAT;
        return 0;
    }
    return (int64_t)h.n;
}

static const uint8_t *take_bytes(struct reader *r, enum reader_type type, size_t max, size_t *len)
{
    struct head h;
    *len = 0;
    if (!take_head(r, type, &h))
        return NULL;
    if (h.n > max || h.n > r->left) {
        r->failed = h.n > r->left ? GMM_EFORMAT : GMM_ELIMIT;
        return NULL;
    }
    const uint8_t *bytes = r->p;
    *len = (size_t)h.n;
    r->p += *len;
    r->left -= *len;
    return bytes;
}

const char *reader_str(struct reader *r, size_t max, size_t *len)
{
    return (const char *)take_bytes(r, READER_STR, max, len);
}

const uint8_t *reader_bin(struct reader *r, size_t max, size_t *len)
{
    return take_bytes(r, READER_BIN, max, len);
}

void reader_id(struct reader *r, struct gmm_id *out)
{
    size_t len;
    const uint8_t *bytes = take_bytes(r, READER_BIN, SIZE_MAX, &len);
    if (bytes != NULL && len != sizeof out->b)
        reader_fail(r, GMM_EFORMAT);
    if (r->failed == GMM_OK)
        memcpy(out->b, bytes, sizeof out->b);
    else
        memset(out->b, 0, sizeof out->b);
}

static uint32_t take_count(struct reader *r, enum reader_type type, uint32_t max)
{
    struct head h;
    if (!take_head(r, type, &h))
        return 0;
    if (h.n > max) {
        r->failed = GMM_ELIMIT;
        return 0;
    }
    return (uint32_t)h.n;
}

uint32_t reader_array(struct reader *r, uint32_t max)
{
    return take_count(r, READER_ARRAY, max);
}

uint32_t reader_map(struct reader *r, uint32_t max)
{
    return take_count(r, READER_MAP, max);
}

bool reader_key(struct reader *r, const char *key)
{
    if (reader_peek(r) != READER_STR)
        return false;
    struct reader ahead = *r;
    size_t len;
    const char *text = reader_str(&ahead, SIZE_MAX, &len);
    if (text == NULL || len != strlen(key) || memcmp(text, key, len) != 0)
        return false;
    *r = ahead;
    return true;
}

void reader_skip(struct reader *r)
{
    if (r->failed == GMM_OK)
        r->failed = walk(&r->p, &r->left);
}
