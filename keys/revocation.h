/* Revocation of an office key, a root object: names the last valid entry per log (strict; protocol: Authority).
 *
 * content = {ver u8 = 1, nid 32, pid 32, sign_pk 32 (revoked), signer 32, time u64 ms, reason text8 ≤ 255,
 *            count u16 × {group 32, instance u64, seq u64, id 32} in strictly ascending order of (group, instance)}
 * object = content ‖ SIG(signer, revocation, content)
 * signer is a root of pid's chain or an office of pid with the REVOKE role (the fold decides). The reason is for
 * people: empty, or as a name (identity_name_ok).
 */
#ifndef GMM_KEYS_REVOCATION_H
#define GMM_KEYS_REVOCATION_H

#include "keys/identity.h"

struct revocation_cut {
    struct gmm_id group, id;
    uint64_t instance, seq;
};
#define REVOCATION_CUT_BYTES (32u + 8u + 8u + 32u)
struct revocation {
    struct gmm_id nid, pid, sign_pk, signer;
    uint64_t time_ms;
    char reason[LIMIT_REASON_TEXT + 1];
    uint16_t count;
    struct revocation_cut *cuts; /* owned; revocation_close frees */
};

/* Appends; on failure out is left as it was. The cuts may stand in any order; a log named twice is GMM_EFORMAT. Errors
 * as revocation_open; GMM_EKEY also when signer_sk is not that of signer; the buffer's failure. */
enum gmm_err revocation_make(struct buffer *out, const struct revocation *revocation, const uint8_t signer_sk[64]);
/* GMM_EFORMAT: layout, order, the reason, a time above IDENTITY_TIME_MS_MAX; GMM_EVERSION; GMM_ENETWORK when nid is
 * given (not NULL) and differs; GMM_EKEY; GMM_ESIGNATURE; GMM_ENOMEM. On failure nothing is owned. */
enum gmm_err revocation_open(struct revocation *out, const struct gmm_id *nid, const void *bytes, size_t len);
void revocation_close(struct revocation *revocation);

/* count u16 × cut, sorted; and as many cuts as these bytes are, to be freed. Also of a vouch (keys/vouch.h). */
enum gmm_err revocation_cuts_put(struct buffer *out, const struct revocation_cut *cuts, uint16_t count);
enum gmm_err revocation_cuts_get(struct revocation_cut **out, uint16_t count, struct bytes_in in);

#endif
