/* The first byte says which record the rest is: of consultations, practices, care. Property: what is accepted encodes
 * to the bytes it was decoded from, or, where unknown keys were skipped, to fewer, which decode and encode to
 * themselves. */
#include <stdlib.h>
#include <string.h>

#include "proto/record_care.h"
#include "proto/record_consult.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define AGAIN(NAME)                                                                                                    \
    static bool NAME##_again(struct buffer *out, const uint8_t *data, size_t size)                                     \
    {                                                                                                                  \
        struct record_##NAME r;                                                                                        \
        if (record_##NAME##_decode(&r, data, size) != GMM_OK)                                                          \
            return false;                                                                                              \
        if (record_##NAME##_encode(out, &r) != GMM_OK)                                                                 \
            abort();                                                                                                   \
        return true;                                                                                                   \
    }
AGAIN(disposition)
AGAIN(release)
AGAIN(clear)
AGAIN(practice)
AGAIN(mark)
AGAIN(retain)

static bool consult_again(struct buffer *out, const uint8_t *data, size_t size)
{
    struct record_consult r;
    if (record_consult_decode(&r, data, size) != GMM_OK)
        return false;
    if (record_consult_encode(out, &r) != GMM_OK)
        abort();
    record_consult_close(&r);
    return true;
}

typedef bool again_fn(struct buffer *out, const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static again_fn *const kinds[] = {consult_again,  disposition_again, release_again, clear_again,
                                      practice_again, mark_again,        retain_again};
    struct buffer once, twice;
    if (size == 0)
        return 0;
    again_fn *again = kinds[data[0] % (sizeof kinds / sizeof kinds[0])];
    buffer_init(&once, size);
    buffer_init(&twice, size);
    if (again(&once, data + 1, size - 1)) {
        if (once.len > size - 1 || (once.len == size - 1 && memcmp(once.p, data + 1, once.len) != 0))
            abort();
        if (!again(&twice, once.p, once.len) || twice.len != once.len || memcmp(twice.p, once.p, once.len) != 0)
            abort();
    }
    buffer_close(&once);
    buffer_close(&twice);
    return 0;
}
