#include "node/utf8.h"

#include <stdbool.h>

/* Bytes that follow the first one; -1 when it cannot be a first one. */
static int following(uint8_t first)
{
    if (first < 0x80)
        return 0;
    if (first < 0xc2 || first > 0xf4)
        return -1;
    return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

static bool is_code_point(int32_t c, int extra)
{
    static const int32_t least[] = {0, 0x80, 0x800, 0x10000};
    return c >= least[extra] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

int32_t utf8_next(const char *text, size_t len, size_t *at)
{
    uint8_t first = (uint8_t)text[(*at)++];
    int extra = following(first);
    if (extra == 0)
        return first;
    if (extra < 0 || len - *at < (size_t)extra)
        return -1;
    int32_t c = first & (0x3f >> extra);
    for (int i = 0; i < extra; i++) {
        uint8_t byte = (uint8_t)text[*at + (size_t)i];
        if ((byte & 0xc0) != 0x80)
            return -1;
        c = (int32_t)((uint32_t)c << 6 | (byte & 0x3fu));
    }
    if (!is_code_point(c, extra))
        return -1;
    *at += (size_t)extra;
    return c;
}

size_t utf8_put(char out[UTF8_BYTES_MAX], int32_t c)
{
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    uint32_t u = (uint32_t)c;
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    size_t n = u < 0x800 ? 2 : u < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, u >>= 6)
        out[i] = (char)(0x80u | (u & 0x3fu));
    out[0] = (char)(first[n] | u);
    return n;
}
