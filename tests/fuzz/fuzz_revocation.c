/* Revocations. What is accepted is made again to the same bytes; what is refused owns nothing. */
#include "keys/labels.h"
#include "keys/revocation.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct revocation revocation;
    struct buffer again;
    uint8_t sk[64];
    struct gmm_id nid = resign_nid(data, size);
    resign_key(sk, RESIGN_ROOT);
    if (revocation_open(&revocation, NULL, data, size) != GMM_OK && revocation.cuts != NULL)
        abort();
    revocation_close(&revocation);
    uint8_t *bytes = resign(data, size, sk, LABEL_REVOCATION, &nid);
    if (bytes != NULL && revocation_open(&revocation, &nid, bytes, size) == GMM_OK) {
        buffer_init(&again, size);
        resign_same(revocation_make(&again, &revocation, sk), &again, bytes, size);
        revocation_close(&revocation);
    }
    free(bytes);
    return 0;
}
