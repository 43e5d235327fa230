/* Documents under embargo, and what ends one (protocol: Embargo).
 *
 *   disclose  key! bin 32 · document! id
 * The sealed inner document has name, content and attachments beside the outer one's version and marking, and nothing
 * else. Nobody needs a right to disclose: who knows the key can show it anyway, and a key counts where it fits.
 */
#ifndef GMM_PROTO_RECORD_EMBARGO_H
#define GMM_PROTO_RECORD_EMBARGO_H

#include "keys/embargo.h"
#include "proto/record.h"

struct record_disclose {
    struct gmm_id document;
    uint8_t key[EMBARGO_KEY_BYTES];
};
enum gmm_err record_disclose_encode(struct buffer *out, const struct record_disclose *r);
/* GMM_EFORMAT, GMM_ELIMIT; *out is zero then. */
enum gmm_err record_disclose_decode(struct record_disclose *out, const void *plain, size_t len);

/* Still closed: nothing is known of name, content and attachments. */
bool record_is_covered(const struct record_document *r);
/* The commitment to the key that opens it; NULL: not under embargo. 32 bytes, borrowed. */
const uint8_t *record_embargo_commit(const struct record_document *r);
/* Appends the sealed form of r's name, content and attachments. As record_document_encode. */
enum gmm_err record_document_cover(struct buffer *out, const struct record_document *r,
                                   const uint8_t key[EMBARGO_KEY_BYTES], const struct embargo_place *place);
/* Opens r in place: name, content and attachments are there then. GMM_EDECRYPT: not this key; GMM_EFORMAT, GMM_ELIMIT:
 * what was sealed is no such document; GMM_ENOMEM. r is as before then. GMM_OK at once where it is not covered. */
enum gmm_err record_document_lift(struct record_document *r, const uint8_t key[EMBARGO_KEY_BYTES],
                                  const struct embargo_place *place);

#endif
