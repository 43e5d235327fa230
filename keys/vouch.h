/* A vouch, a root object: the root of a revoked key's participant says of logs that the revocation does not name up to
 * where they are genuine (protocol: Revocation; Vouch).
 *
 * content = {ver u8 = 1, nid 32, pid 32, sign_pk 32 (the revoked key), signer 32, time u64 ms,
 *            count u16 ≥ 1 × {group 32, instance u64, seq u64, id 32} in strictly ascending order of (group, instance)}
 * object = content ‖ SIG(signer, vouch, content)
 * signer is a root of pid's chain (the fold decides). What two other participants vouch for is a control record instead
 * (proto/control_proof.h).
 */
#ifndef GMM_KEYS_VOUCH_H
#define GMM_KEYS_VOUCH_H

#include "keys/revocation.h"

struct vouch {
    struct gmm_id nid, pid, sign_pk, signer;
    uint64_t time_ms;
    uint16_t count;
    struct revocation_cut *cuts; /* owned; vouch_close frees */
};

/* As revocation_make and revocation_open; no cut at all is GMM_EFORMAT. */
enum gmm_err vouch_make(struct buffer *out, const struct vouch *vouch, const uint8_t signer_sk[64]);
enum gmm_err vouch_open(struct vouch *out, const struct gmm_id *nid, const void *bytes, size_t len);
void vouch_close(struct vouch *vouch);

#endif
