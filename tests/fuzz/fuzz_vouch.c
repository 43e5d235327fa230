/* Vouches. What is accepted is made again to the same bytes; what is refused owns nothing. */
#include "keys/labels.h"
#include "keys/vouch.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vouch vouch;
    struct buffer again;
    uint8_t sk[64];
    struct gmm_id nid = resign_nid(data, size);
    resign_key(sk, RESIGN_ROOT);
    if (vouch_open(&vouch, NULL, data, size) != GMM_OK && vouch.cuts != NULL)
        abort();
    vouch_close(&vouch);
    uint8_t *bytes = resign(data, size, sk, LABEL_VOUCH, &nid);
    if (bytes != NULL && vouch_open(&vouch, &nid, bytes, size) == GMM_OK) {
        buffer_init(&again, size);
        resign_same(vouch_make(&again, &vouch, sk), &again, bytes, size);
        vouch_close(&vouch);
    }
    free(bytes);
    return 0;
}
