/* Bundles: what travels on a medium instead of a session (docs/protocol.md, 25). This is the seal; what stands
 * inside, proto/cargo.h says.
 *
 * A file is one section after another, each sealed to one office; whoever finds the medium learns sizes only:
 *
 *   section = head ‖ frame × n ‖ u32 = 0
 *   head    = "GMMBNDL" ‖ ver u8 = 1 ‖ nid 32 ‖ wrap id 8 ‖ eph_pk 32
 *   frame   = length u32 (of what follows) ‖ XChaCha20-Poly1305(key, nonce, ad = head, content)
 *   key     = K(X25519(eph_sk, wrap_pk), bundle, nid ‖ eph_pk ‖ wrap_pk);  nonce = 16 zeros ‖ number of the frame u64
 *
 * The content of frame 0 is the opening: it names who made the section and for whom, and its signature covers eph_pk,
 * so that nobody else can have sealed what follows. Each section has an eph_sk of its own.
 */
#ifndef GMM_KEYS_BUNDLE_H
#define GMM_KEYS_BUNDLE_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/limits.h"

#define BUNDLE_HEAD_BYTES (8u + 32u + 8u + 32u)
#define BUNDLE_TAG_BYTES 16u
#define BUNDLE_OPENING_BYTES (1u + 32u + 32u + 8u + 4u + 8u + 8u + 64u)

struct bundle_head {
    struct gmm_id nid, eph_pk;
    uint8_t wrap_id[8];
};
/* ver u8 = 1, from 32, to 32, number u64, part u32, rests u64, time u64, SIG(from, bundle-signature, all before ‖
 * eph_pk) */
struct bundle_opening {
    struct gmm_id from, to; /* sign_pk */
    uint64_t number;        /* of this maker's bundles for this office, from 1 */
    uint32_t part;          /* from 1 */
    uint64_t rests;         /* the first earlier bundle whose content it takes to have arrived; 0: it needs none */
    uint64_t time_ms;
};
/* The key of one section, and how many frames it has sealed or opened. Wiped by bundle_seal_close. */
struct bundle_seal {
    uint8_t head[BUNDLE_HEAD_BYTES], key[32];
    struct gmm_id eph_pk;
    uint64_t frame;
};

/* eph_sk: 32 random bytes, used once. GMM_EKEY: not a usable wrap key. */
enum gmm_err bundle_seal_init(struct bundle_seal *seal, const struct gmm_id *nid, const struct gmm_id *wrap_pk,
                              const uint8_t eph_sk[32]);
/* GMM_EFORMAT: no head; GMM_EVERSION. */
enum gmm_err bundle_head_decode(struct bundle_head *out, const uint8_t bytes[BUNDLE_HEAD_BYTES]);
/* The receiver's side: wrap_sk is the private key that the head's wrap id names. GMM_EKEY. */
enum gmm_err bundle_open_init(struct bundle_seal *seal, const uint8_t bytes[BUNDLE_HEAD_BYTES],
                              const uint8_t wrap_sk[32]);
void bundle_seal_close(struct bundle_seal *seal);
/* Appends the next frame, its length first. GMM_ELIMIT: empty, or more than LIMIT_BUNDLE_FRAME; GMM_ENOMEM. */
enum gmm_err bundle_seal_frame(struct buffer *out, struct bundle_seal *seal, const void *content, size_t len);
/* Opens the next frame in place: bytes are what stands behind the length; the content begins where they do and is *len
 * long. GMM_EDECRYPT: altered, out of its place, or of another section; GMM_ELIMIT. */
enum gmm_err bundle_open_frame(struct bundle_seal *seal, uint8_t *bytes, size_t n, size_t *len);

void bundle_opening_encode(uint8_t out[BUNDLE_OPENING_BYTES], const struct bundle_opening *opening,
                           const struct bundle_seal *seal, const struct gmm_id *nid, const uint8_t sign_sk[64]);
/* GMM_EFORMAT, GMM_EVERSION; GMM_ESIGNATURE: not by `from`, or of another section. */
enum gmm_err bundle_opening_decode(struct bundle_opening *out, const struct bundle_seal *seal, const struct gmm_id *nid,
                                   const void *bytes, size_t len);

#endif
