/* Certificates. What is accepted is made again to the same bytes. */
#include "keys/certificate.h"
#include "keys/labels.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct certificate cert;
    struct buffer again;
    uint8_t sk[64];
    struct gmm_id nid = resign_nid(data, size);
    resign_key(sk, RESIGN_ROOT);
    (void)certificate_open(&cert, NULL, data, size);
    uint8_t *bytes = resign(data, size, sk, LABEL_CERTIFICATE, &nid);
    if (bytes != NULL && certificate_open(&cert, &nid, bytes, size) == GMM_OK) {
        buffer_init(&again, size);
        resign_same(certificate_make(&again, &cert, sk), &again, bytes, size);
    }
    free(bytes);
    return 0;
}
