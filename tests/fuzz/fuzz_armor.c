/* Text armor. What is read is written again to the same line; any bytes written are read again. */
#include <stdlib.h>
#include <string.h>

#include "keys/armor.h"
#include "keys/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const kinds[] = {"card", "invite", "join", "welcome"};
#define KINDS (sizeof kinds / sizeof kinds[0])

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The line may stand between white space. */
static void read_and_write(const uint8_t *data, size_t size, const char *kind)
{
    uint8_t *bytes;
    size_t len;
    struct gmm_msg msg;
    struct buffer out;
    if (armor_read(&bytes, &len, kind, (const char *)data, size, &msg) != GMM_OK) {
        if (bytes != NULL || memchr(msg.text, 0, sizeof msg.text) == NULL)
            abort();
        return;
    }
    while (size > 0 && is_space(data[size - 1]))
        size--;
    while (size > 0 && is_space(data[0])) {
        data++;
        size--;
    }
    buffer_init(&out, size);
    if (armor_write(&out, kind, bytes, len) != GMM_OK || out.len != size || memcmp(out.p, data, size) != 0)
        abort();
    buffer_close(&out);
    free(bytes);
}

static void write_and_read(const uint8_t *data, size_t size, const char *kind)
{
    uint8_t *bytes;
    size_t len;
    struct buffer out;
    buffer_init(&out, LIMIT_WELCOME_ARMOR);
    enum gmm_err err = armor_write(&out, kind, data, size);
    if (err == GMM_OK) {
        if (armor_read(&bytes, &len, kind, (const char *)out.p, out.len, NULL) != GMM_OK || len != size ||
            (size > 0 && memcmp(bytes, data, size) != 0))
            abort();
        free(bytes);
    }
    buffer_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < KINDS; i++)
        read_and_write(data, size, kinds[i]);
    write_and_read(data, size, kinds[size % KINDS]);
    return 0;
}
