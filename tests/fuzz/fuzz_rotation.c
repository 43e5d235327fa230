/* Root rotations. What is accepted is made again to the same bytes. */
#include "keys/labels.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct identity_rotation rotation;
    uint8_t sk[64];
    struct gmm_id nid = resign_nid(data, size);
    resign_key(sk, RESIGN_NEXT_ROOT);
    (void)identity_rotation_open(&rotation, NULL, data, size);
    uint8_t *bytes = resign(data, size, sk, LABEL_ROTATION, &nid);
    if (bytes != NULL && identity_rotation_open(&rotation, &nid, bytes, size) == GMM_OK) {
        uint8_t *again = malloc(size);
        if (again != NULL &&
            (identity_rotation_size(&rotation) != size || identity_rotation_make(again, &rotation, sk) != GMM_OK ||
             memcmp(again, bytes, size) != 0))
            abort();
        free(again);
    }
    free(bytes);
    return 0;
}
