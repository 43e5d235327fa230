/* Group epochs: the secret E that a group's bodies are sealed under, and its wraps to offices (protocol: EPOCH).
 *
 * EPOCH body = {ver u8 = 1, gen u32, parents: count u8 ≤ 8 × id 32, eph_pk 32, commit 32, domain u8 (0 new, 1 inherited
 *               from parents[0]), history: count u8 × {parent index u8, 48 bytes}, recipients: count u16 ×
 *               {sign_pk 32, wrap id 8, 48 bytes} sorted by sign_pk, none twice}
 * commit = H(epoch-commit, E ‖ nid ‖ gid ‖ gen u32 ‖ eph_pk)
 * wrap   = ChaCha20-Poly1305-IETF(kek, nonce 0, E), kek = K(ss, kek, nid ‖ gid ‖ author ‖ gen ‖ eph_pk ‖ sign_pk ‖
 * wrap_pk ‖ commit ‖ psk 32 zero), ss = X25519(eph_sk, wrap_pk) (zero result: GMM_EKEY) history wrap =
 * ChaCha20-Poly1305-IETF(K(E, history, parent id ‖ commit), nonce 0, E_parent) wrap id = first 8 bytes of H(wrap-id,
 * wrap_pk) WRAP body  = {ver u8 = 1, epoch id 32, eph_pk 32, sign_pk 32, wrap id 8, 48 bytes}; same kek with gen of the
 * epoch, author of the WRAP entry and the WRAP's own eph_pk. The id of the epoch is the id of the entry that carries
 * it. gen = 1 + max(parents' gen), 1 without parents and then only. Parents differ, history wraps stand in the order of
 * the parents, at most one each; at least one recipient, at most LIMIT_OFFICES.
 */
#ifndef GMM_KEYS_EPOCH_H
#define GMM_KEYS_EPOCH_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/limits.h"

#define EPOCH_WRAP_BYTES 48
enum epoch_domain { EPOCH_DOMAIN_NEW = 0, EPOCH_DOMAIN_INHERITED = 1 };

struct epoch_recipient {
    struct gmm_id sign_pk;
    uint8_t wrap_id[8];
    uint8_t wrap[EPOCH_WRAP_BYTES];
};
struct epoch_history {
    uint8_t parent; /* index into parents */
    uint8_t wrap[EPOCH_WRAP_BYTES];
};
struct epoch {
    uint32_t gen;
    uint8_t parent_count, history_count, domain;
    struct gmm_id parents[LIMIT_EPOCH_PARENTS];
    struct epoch_history history[LIMIT_EPOCH_PARENTS];
    struct gmm_id eph_pk, commit;
    uint16_t recipient_count;
    struct epoch_recipient *recipients; /* owned; epoch_close frees */
};
struct epoch_target { /* whom to wrap to */
    struct gmm_id sign_pk, wrap_pk;
};
/* What surrounds an epoch and is bound into its wraps. */
struct epoch_context {
    const struct gmm_id *nid, *gid, *author;
};

void epoch_wrap_id(uint8_t out[8], const struct gmm_id *wrap_pk);

/* Makes an epoch: secret and eph_sk are 32 random bytes of the caller's (guarded). targets are sorted here; two with
 * one sign_pk: GMM_EFORMAT; none: GMM_EFORMAT ("an empty audience is an error"). parents with secrets[i] not NULL get a
 * history wrap when `history` is set. out is filled; encode with epoch_encode. GMM_EKEY: a low-order wrap key
 * (identity_check_dh_pk keeps them out). GMM_EFORMAT: gen and parents do not fit, two parents are one. GMM_ELIMIT,
 * GMM_ENOMEM. On failure nothing is owned. */
enum gmm_err epoch_make(struct epoch *out, const struct epoch_context *ctx, uint32_t gen, enum epoch_domain domain,
                        const struct gmm_id *parents, const uint8_t *const *parent_secrets, size_t parent_count,
                        bool history, const struct epoch_target *targets, size_t target_count, const uint8_t secret[32],
                        const uint8_t eph_sk[32]);
enum gmm_err epoch_encode(struct buffer *out, const struct epoch *epoch);
/* Strict (order, duplicates, counts, trailing bytes). GMM_EFORMAT, GMM_EVERSION, GMM_ENOMEM. */
enum gmm_err epoch_decode(struct epoch *out, const void *bytes, size_t len);
void epoch_close(struct epoch *epoch);

/* The recipient record of sign_pk, or NULL (binary search). */
const struct epoch_recipient *epoch_find(const struct epoch *epoch, const struct gmm_id *sign_pk);
/* Opens E with our private wrap key and checks the commitment. GMM_ENOTFOUND: we are not a recipient, or not under this
 * wrap key; GMM_EDECRYPT: the wrap does not open, or opens to another secret (EPOCH_BAD is due); GMM_EKEY. */
enum gmm_err epoch_unwrap(uint8_t secret[32], const struct epoch *epoch, const struct epoch_context *ctx,
                          const struct gmm_id *sign_pk, const uint8_t wrap_sk[32]);
/* Opens the secret of parents[index] with E; whether it is the parent's, the parent's own commitment tells
 * (epoch_check). GMM_ENOTFOUND: no history wrap for it. GMM_EDECRYPT. */
enum gmm_err epoch_unwrap_parent(uint8_t parent_secret[32], const struct epoch *epoch, unsigned index,
                                 const uint8_t secret[32]);
/* GMM_OK when the commitment is that of this secret; GMM_EDECRYPT otherwise. */
enum gmm_err epoch_check(const struct epoch *epoch, const struct epoch_context *ctx, const uint8_t secret[32]);

#define EPOCH_REWRAP_BYTES (1 + 32 + 32 + 32 + 8 + EPOCH_WRAP_BYTES)
/* WRAP: an existing epoch's secret for one more recipient. GMM_EDECRYPT: not this epoch's secret; GMM_EKEY. */
enum gmm_err epoch_rewrap(uint8_t out[EPOCH_REWRAP_BYTES], const struct gmm_id *epoch_id, const struct epoch *epoch,
                          const struct epoch_context *ctx, const struct epoch_target *target, const uint8_t secret[32],
                          const uint8_t eph_sk[32]);
/* Reads whose it is: GMM_EFORMAT, GMM_EVERSION. */
enum gmm_err epoch_rewrap_peek(struct gmm_id *epoch_id, struct gmm_id *sign_pk, const void *bytes, size_t len);
/* The id of the wrap key that it is to. */
enum gmm_err epoch_rewrap_key(uint8_t wrap_id[8], const void *bytes, size_t len);
/* Opens it; ctx->author is the author of the WRAP entry, `epoch` the EPOCH it names. Errors as epoch_unwrap. */
enum gmm_err epoch_rewrap_open(uint8_t secret[32], const struct epoch *epoch, const struct epoch_context *ctx,
                               const struct gmm_id *sign_pk, const uint8_t wrap_sk[32], const void *bytes, size_t len);

/* gid = H(group, nid ‖ kind u8 ‖ owner pid 32 ‖ name or 16 random bytes); owner zero for all and thematic. */
enum epoch_group_kind { GROUP_ALL = 1, GROUP_THEMATIC = 2, GROUP_CIRCLE = 3, GROUP_INTERNAL = 4 };
void epoch_group_id(struct gmm_id *gid, const struct gmm_id *nid, enum epoch_group_kind kind,
                    const struct gmm_id *owner_pid, const void *name, size_t name_len);

#endif
