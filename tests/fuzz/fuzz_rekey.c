/* Requests for new keys. What is accepted is made again to the same bytes. */
#include "keys/labels.h"
#include "keys/rekey.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rekey rekey;
    struct buffer again;
    uint8_t sk[64];
    struct gmm_id nid = resign_nid(data, size);
    resign_key(sk, RESIGN_SIGN);
    (void)rekey_open(&rekey, NULL, data, size);
    uint8_t *bytes = resign(data, size, sk, LABEL_REKEY, &nid);
    if (bytes != NULL && rekey_open(&rekey, &nid, bytes, size) == GMM_OK) {
        buffer_init(&again, size);
        resign_same(rekey_make(&again, &rekey, sk), &again, bytes, size);
    }
    free(bytes);
    return 0;
}
