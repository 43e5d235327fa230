/* Property: an accepted disclosure encodes to the bytes it was decoded from, or, where unknown keys were skipped, to
 * fewer, which decode and encode to themselves. */
#include <stdlib.h>
#include <string.h>

#include "proto/record_embargo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Gives the length of the encoding; 0 when data is refused. */
static size_t again(struct buffer *out, const uint8_t *data, size_t size)
{
    struct record_disclose r;
    buffer_init(out, size);
    if (record_disclose_decode(&r, data, size) != GMM_OK)
        return 0;
    if (record_disclose_encode(out, &r) != GMM_OK)
        abort();
    return out->len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer once, twice;
    size_t len = again(&once, data, size);
    if (len == size && len > 0 && memcmp(once.p, data, size) != 0)
        abort();
    if (len > 0 && (again(&twice, once.p, len) != len || memcmp(twice.p, once.p, len) != 0))
        abort();
    if (len > 0)
        buffer_close(&twice);
    buffer_close(&once);
    return 0;
}
