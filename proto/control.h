/* Fixed-binary bodies of plain entries (header types below 64). Strict codecs; what a record does is the fold's
 * question.
 *
 *   ADMIT   = {ver u8 = 1, pid 32, id text8, name text8, kind u8, root_pk 32, next_commit 32, sign_pk 32, noise_pk 32,
 *              join signature 64}
 *   WRAPKEY = {ver u8 = 1, wrap_pk 32}
 *   GROUP   = {ver u8 = 1, kind u8 (circle), random 16, history u8 (0 none, 1 full), members}
 *   ADD, REMOVE = {ver u8 = 1, members (at least one)}
 *   members     = count u16 × pid 32, strictly ascending, at most LIMIT_PARTICIPANTS
 *   EPOCH_BAD   = {ver u8 = 1, epoch id 32}
 *   EPOCH, WRAP: keys/epoch.h
 *   who takes part: proto/control_roster.h; who presides: proto/control_chair.h; where logs end: proto/control_cuts.h
 *
 * Encoders append and return the buffer's failure. Decoders give GMM_EFORMAT, GMM_EVERSION, and GMM_EKEY,
 * GMM_ESIGNATURE where they say so.
 */
#ifndef GMM_PROTO_CONTROL_H
#define GMM_PROTO_CONTROL_H

#include "keys/card.h"

struct control_admit {
    struct gmm_id pid, root_pk, next_commit, sign_pk, noise_pk;
    char id[LIMIT_PARTICIPANT_ID + 1];
    char name[LIMIT_NAME_TEXT + 1];
    uint8_t kind;
    uint8_t join_signature[HASH_SIG_BYTES];
};
struct control_group {
    uint8_t kind, history;
    uint8_t random[16];
    uint16_t member_count;
    struct gmm_id members[LIMIT_PARTICIPANTS];
};
struct control_members {
    uint16_t member_count;
    struct gmm_id members[LIMIT_PARTICIPANTS];
};

/* What every body begins with. The reader gives false, with GMM_EFORMAT or GMM_EVERSION in *err. */
void control_version_put(struct buffer *out);
bool control_version_get(struct bytes_in *in, enum gmm_err *err);
/* H(subject, type u16 ‖ body): names a proposal by what it says, whoever signed it. */
void control_subject(struct gmm_id *out, uint16_t type, const void *body, size_t len);

enum gmm_err control_admit_encode(struct buffer *out, const struct control_admit *r);
/* Also: pid follows from the roots, keys are usable (GMM_EKEY), the join signature verifies for this network
 * (GMM_ESIGNATURE). */
enum gmm_err control_admit_decode(struct control_admit *out, const struct gmm_id *nid, const void *body, size_t len);
enum gmm_err control_wrapkey_encode(struct buffer *out, const struct gmm_id *wrap_pk);
/* GMM_EKEY: of low order; nobody could wrap to it. */
enum gmm_err control_wrapkey_decode(struct gmm_id *wrap_pk, const void *body, size_t len);
enum gmm_err control_group_encode(struct buffer *out, const struct control_group *r); /* sorts members, drops repeats */
enum gmm_err control_group_decode(struct control_group *out, const void *body, size_t len);
enum gmm_err control_members_encode(struct buffer *out, const struct control_members *r); /* sorts, drops repeats */
enum gmm_err control_members_decode(struct control_members *out, const void *body, size_t len);
enum gmm_err control_epoch_bad_encode(struct buffer *out, const struct gmm_id *epoch);
enum gmm_err control_epoch_bad_decode(struct gmm_id *epoch, const void *body, size_t len);

#endif
