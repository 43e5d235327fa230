/* ERASE and ERASED: the body of an entry goes, and who holds nothing of it any more (protocol: Erasure).
 *
 *   ERASE  = ver u8 = 1, author 32, instance u64, seq u64, id 32: an entry of the same group
 *   ERASED = ver u8 = 1, count u16 from 1 to LIMIT_CUTS × id 32, strictly ascending: entries
 *
 * Encoders append and return the buffer's failure. Decoders give GMM_EFORMAT, GMM_EVERSION.
 */
#ifndef GMM_PROTO_CONTROL_ERASE_H
#define GMM_PROTO_CONTROL_ERASE_H

#include "proto/control.h"

struct control_erase {
    struct gmm_id author; /* sign_pk */
    uint64_t instance, seq;
    struct gmm_id id;
};
struct control_erased { /* ids lie in the body: control_erased_at */
    uint16_t count;
    const uint8_t *ids;
};

enum gmm_err control_erase_encode(struct buffer *out, const struct control_erase *r);
enum gmm_err control_erase_decode(struct control_erase *out, const void *body, size_t len);
/* GMM_EFORMAT: none, or not strictly ascending; GMM_ELIMIT. */
enum gmm_err control_erased_encode(struct buffer *out, const struct gmm_id *ids, size_t count);
/* *out is valid as long as the body is. */
enum gmm_err control_erased_decode(struct control_erased *out, const void *body, size_t len);
struct gmm_id control_erased_at(const struct control_erased *r, uint16_t index);

#endif
