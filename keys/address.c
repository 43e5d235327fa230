#include "keys/address.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex_letter(char c)
{
    return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool host_ok(const char *text, size_t len)
{
    if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
        for (size_t i = 1; i < len - 1; i++)
            if (!is_digit(text[i]) && !is_hex_letter(text[i]) && text[i] != ':' && text[i] != '.')
                return false;
        return true;
    }
    if (len == 0 || text[0] == '-' || text[0] == '.')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_digit(text[i]) && !is_letter(text[i]) && text[i] != '.' && text[i] != '-')
            return false;
    return true;
}

static bool port_ok(const char *text, size_t len)
{
    unsigned port = 0;
    if (len == 0 || len > 5 || text[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_digit(text[i]))
            return false;
        port = 10 * port + (unsigned)(text[i] - '0');
    }
    return port <= 65535;
}

bool address_ok(const char *text, size_t len)
{
    if (len > LIMIT_ADDRESS_TEXT)
        return false;
    size_t colon = len;
    while (colon > 0 && text[colon - 1] != ':')
        colon--;
    return colon > 0 && host_ok(text, colon - 1) && port_ok(text + colon, len - colon);
}

void address_list_get(struct bytes_in *in, uint8_t *count, char out[LIMIT_ADDRESSES][ADDRESS_BYTES])
{
    uint8_t n = bytes_get_u8(in);
    if (n > LIMIT_ADDRESSES)
        bytes_fail(in);
    for (uint8_t i = 0; i < n && !in->failed; i++) {
        bytes_get_text8(in, out[i], LIMIT_ADDRESS_TEXT);
        if (!address_ok(out[i], strlen(out[i])))
            bytes_fail(in);
    }
    *count = in->failed ? 0 : n;
}

void address_list_put(struct buffer *out, uint8_t count, const char addresses[LIMIT_ADDRESSES][ADDRESS_BYTES])
{
    if (count > LIMIT_ADDRESSES && out->failed == GMM_OK)
        out->failed = GMM_ELIMIT;
    buffer_put_u8(out, count);
    for (uint8_t i = 0; i < count && i < LIMIT_ADDRESSES; i++)
        buffer_put_text8(out, addresses[i], strnlen(addresses[i], ADDRESS_BYTES));
}
