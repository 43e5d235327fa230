/* A header as it stands in a store or is rebuilt from a run: what is accepted has one form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct header h;
    uint8_t again[HEADER_BYTES];
    if (size != HEADER_BYTES || header_decode(&h, data) != GMM_OK)
        return 0;
    header_encode(again, &h);
    if (memcmp(again, data, HEADER_BYTES) != 0 || h.body_len == 0 || h.body_len > LIMIT_BODY_BYTES)
        abort();
    return 0;
}
