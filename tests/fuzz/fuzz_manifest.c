/* Property: an accepted manifest, and an accepted list of one, packs to the bytes it was read from. */
#include <stdlib.h>
#include <string.h>

#include "proto/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require_same(struct buffer *out, const uint8_t *data, size_t size)
{
    if (out->failed != GMM_OK || out->len != size || memcmp(out->p, data, size) != 0)
        abort();
    buffer_close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r;
    struct buffer out;
    struct manifest m;
    (void)reader_init(&r, data, size);
    manifest_read(&r, &m);
    if (reader_done(&r) == GMM_OK) {
        buffer_init(&out, size);
        manifest_pack(&out, &m);
        require_same(&out, data, size);
    }
    manifest_close(&m);

    struct manifest_chunk *chunks;
    uint32_t count;
    if (manifest_list_decode(&chunks, &count, data, size) == GMM_OK) {
        buffer_init(&out, size);
        manifest_list_pack(&out, chunks, count);
        require_same(&out, data, size);
    }
    manifest_list_free(chunks, count);
    return 0;
}
