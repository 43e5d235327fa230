/* Catalogues of translations: whatever opens can be searched without reading outside of it. */
#include <stdint.h>
#include <string.h>

#include "node/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const texts[] = {"", "a", "done", "not found", "word\004hq"};
    struct catalogue catalogue;
    if (catalogue_open(&catalogue, data, size) != GMM_OK)
        return 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (unsigned form = 0; form < 3; form++) {
            const char *found = catalogue_find(&catalogue, texts[i], form);
            if (found != NULL && strlen(found) >= size)
                __builtin_trap();
        }
    return 0;
}
