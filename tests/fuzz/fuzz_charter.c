/* Charters. What is accepted is made again to the same bytes. */
#include "keys/charter.h"
#include "keys/labels.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct charter charter;
    struct gmm_id nid = {{0}};
    struct buffer again;
    uint8_t sk[64];
    resign_key(sk, RESIGN_ROOT);
    (void)charter_open(&charter, data, size);
    if (size > HASH_SIG_BYTES) /* "nid = H(charter, content)" */
        hash_h(&nid, LABEL_CHARTER, data, size - HASH_SIG_BYTES);
    uint8_t *bytes = resign(data, size, sk, LABEL_CHARTER_SIG, &nid);
    if (bytes != NULL && charter_open(&charter, bytes, size) == GMM_OK) {
        buffer_init(&again, size);
        resign_same(charter_make(&again, &charter, sk), &again, bytes, size);
        if (!id_equal(&charter.nid, &nid))
            abort();
    }
    free(bytes);
    return 0;
}
