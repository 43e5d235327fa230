/* Office certificate: what a participant's root says of one of its offices (protocol: Keys and the objects they sign).
 *
 * content = {ver u8 = 1, nid 32, pid 32, root_n u32, root_pk 32, next_commit 32, serial u64, sign_pk 32, noise_pk 32,
 *            wrap_pk 32, office text8 ≤ 128, level u8, roles u16, not_before u64 ms, not_after u64 ms,
 *            addresses: count u8 ≤ 8 × text8}
 * object = content ‖ SIG(root_sk, certificate, content)
 *
 * It carries root_pk and next_commit, so that with root_n = 0 it proves itself against the pid it names; for root_n > 0
 * the chain of rotations is checked by the fold. wrap_pk is the office's first wrap key; later ones are announced in
 * its control log. Expiry, revocation and voiding by serial are effect, not integrity.
 */
#ifndef GMM_KEYS_CERTIFICATE_H
#define GMM_KEYS_CERTIFICATE_H

#include "keys/address.h"
#include "keys/identity.h"

#define CERTIFICATE_ROLE_VOTE 1u
#define CERTIFICATE_ROLE_DECIDE 2u
#define CERTIFICATE_ROLE_REVOKE 4u
#define CERTIFICATE_ROLE_RELAY 8u
#define CERTIFICATE_ROLES_ALL 15u
#define CERTIFICATE_BYTES_MAX (4096u)

struct certificate {
    struct gmm_id nid, pid, root_pk, next_commit, sign_pk, noise_pk, wrap_pk;
    uint32_t root_n;
    uint64_t serial, not_before_ms, not_after_ms;
    char office[LIMIT_OFFICE_TEXT + 1];
    uint8_t level; /* enum identity_level */
    uint16_t roles;
    uint8_t address_count;
    char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS_TEXT + 1]; /* "host:port" */
};

/* Encodes and signs; out is appended to, and on failure left as it was. What certificate_open would refuse is refused
 * with the same error; GMM_EKEY also when root_sk is not that of root_pk; GMM_ENOMEM and GMM_ELIMIT of the buffer. */
enum gmm_err certificate_make(struct buffer *out, const struct certificate *cert, const uint8_t root_sk[64]);
/* Strict: unknown role bits, unknown level, a bad name or address, a time above IDENTITY_TIME_MS_MAX, not_before not
 * before not_after, trailing bytes: GMM_EFORMAT; GMM_EVERSION; GMM_ENETWORK when nid is given (not NULL) and differs;
 * GMM_EKEY for an unusable key, one key for Noise and wraps, or a root_n = 0 certificate whose pid does not follow from
 * its root; GMM_ESIGNATURE. *out means nothing after a failure. */
enum gmm_err certificate_open(struct certificate *out, const struct gmm_id *nid, const void *bytes, size_t len);

#endif
