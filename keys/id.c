#include "keys/id.h"

#include <assert.h>
#include <string.h>

static_assert(GMM_ID_HEX == 2 * GMM_ID_BYTES, "two digits a byte");

int id_compare(const struct gmm_id *a, const struct gmm_id *b)
{
    return memcmp(a->b, b->b, GMM_ID_BYTES);
}

bool id_equal(const struct gmm_id *a, const struct gmm_id *b)
{
    return id_compare(a, b) == 0;
}

bool id_is_zero(const struct gmm_id *id)
{
    static const struct gmm_id zero;
    return id_equal(id, &zero);
}

void id_to_hex(const struct gmm_id *id, char out[GMM_ID_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < GMM_ID_BYTES; i++) {
        out[2 * i] = digits[id->b[i] >> 4];
        out[2 * i + 1] = digits[id->b[i] & 15];
    }
    out[GMM_ID_HEX] = '\0';
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool id_from_hex(struct gmm_id *id, const char *hex, size_t len)
{
    struct gmm_id read;
    if (len != GMM_ID_HEX)
        return false;
    for (size_t i = 0; i < GMM_ID_BYTES; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        read.b[i] = (uint8_t)(high << 4 | low);
    }
    *id = read;
    return true;
}
