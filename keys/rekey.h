/* What an office whose participant's root is elsewhere sends there when it takes new keys: its new card, vouched for by
 * the key that it has now (protocol: Card, join request, …).
 *
 * content = {ver u8 = 1, nid 32, pid 32, sign_pk 32 (the present one), card bytes16}
 * rekey   = content ‖ SIG(sign_pk, rekey, content)
 */
#ifndef GMM_KEYS_REKEY_H
#define GMM_KEYS_REKEY_H

#include "keys/card.h"

#define REKEY_BYTES_MAX (1u + 3u * 32u + 2u + CARD_BYTES_MAX + HASH_SIG_BYTES)

struct rekey {
    struct gmm_id nid, pid, sign_pk;
    struct card card;
    const uint8_t *card_bytes; /* borrowed */
    size_t card_len;
};

/* rekey->nid, pid, sign_pk, card_bytes are read. Appends; on failure out is left as it was. Errors as rekey_open;
 * GMM_EKEY also when sign_sk is not that of sign_pk; the buffer's failure. */
enum gmm_err rekey_make(struct buffer *out, const struct rekey *rekey, const uint8_t sign_sk[64]);
/* Errors as card_open; GMM_EFORMAT also when the card's key is the present one; GMM_ENETWORK when nid is given (not
 * NULL) and differs; GMM_ESIGNATURE. Borrowed pointers live as long as bytes; *out means nothing after a failure. */
enum gmm_err rekey_open(struct rekey *out, const struct gmm_id *nid, const void *bytes, size_t len);

#endif
