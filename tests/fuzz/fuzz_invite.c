/* Invites. What is accepted is made again to the same bytes; what is refused leaves nothing behind. */
#include <stdlib.h>
#include <string.h>

#include "keys/invite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct invite wiped;
    struct invite invite;
    struct buffer again;
    enum gmm_err err = invite_open(&invite, data, size);
    if (err != GMM_OK) {
        if (memcmp(&invite, &wiped, sizeof wiped) != 0)
            abort();
        return 0;
    }
    buffer_init(&again, size);
    if (invite_make(&again, &invite) != GMM_OK || again.len != size || memcmp(again.p, data, size) != 0)
        abort();
    buffer_close_wiped(&again);
    invite_close(&invite);
    return 0;
}
