/* Requests to join. What is accepted is made again to the same bytes, but for the mac, which is the invite's. */
#include "keys/card.h"
#include "keys/labels.h"
#include "tests/fuzz/resign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAC_BYTES 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[32] = {0x5e};
    struct card_join join;
    struct buffer again;
    uint8_t sk[64];
    struct gmm_id nid = resign_nid(data, size);
    (void)card_join_authentic(data, size, secret);
    if (card_join_open(&join, &nid, data, size) != GMM_OK)
        return 0;
    resign_key(sk, RESIGN_SIGN);
    buffer_init(&again, LIMIT_JOIN_REQUEST);
    if (card_join_make(&again, &join, sk, secret) != GMM_OK || again.len != size ||
        memcmp(again.p, data, size - MAC_BYTES) != 0 || card_join_authentic(again.p, again.len, secret) != GMM_OK)
        abort();
    buffer_close(&again);
    return 0;
}
