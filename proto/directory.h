/* The root objects a node holds: charter, certificates, rotations, revocations, vouches; a set, each named by H(object,
 * bytes). Integrity lives here: some certificate by a root of the participant's rotation chain names sign_pk; what is
 * expired, superseded or revoked is the fold's question.
 *
 * An object = kind u8 (1 charter, 2 certificate, 3 revocation, 4 rotation, 5 vouch) ‖ the object's bytes (keys/…). */
#ifndef GMM_PROTO_DIRECTORY_H
#define GMM_PROTO_DIRECTORY_H

#include "keys/certificate.h"
#include "keys/charter.h"
#include "keys/vouch.h"

enum directory_kind {
    DIRECTORY_CHARTER = 1,
    DIRECTORY_CERTIFICATE = 2,
    DIRECTORY_REVOCATION = 3,
    DIRECTORY_ROTATION = 4,
    DIRECTORY_VOUCH = 5
};
struct directory_object {
    struct gmm_id hash;
    enum directory_kind kind;
    const uint8_t *bytes; /* with the kind byte */
    size_t len;
    union {
        struct charter charter;
        struct certificate certificate;
        struct revocation revocation;
        struct identity_rotation rotation;
        struct vouch vouch;
    } as;
};
struct directory;

/* Empty, without a network until a charter is added. */
struct directory *directory_new(void);
void directory_free(struct directory *d);
/* NULL before a charter is held. */
const struct charter *directory_charter(const struct directory *d);
void directory_hash(struct gmm_id *out, const void *bytes, size_t len);
/* Opens, checks and takes a copy. The first object must be the charter. GMM_EEXISTS: held already (*out still set).
 * GMM_EUNKNOWN: no charter yet, a certificate of a later root whose rotation is not held, or a rotation that follows
 * from no root held. GMM_EKEY: an unusable key, or a first rotation to another key than the root committed to.
 * GMM_ENETWORK: of another network; a second charter. GMM_ESIGNATURE, GMM_EFORMAT, GMM_EVERSION, GMM_ENOMEM;
 * GMM_ELIMIT: LIMIT_OFFICES times 8 certificates, revocations or vouches, LIMIT_ROOT_ROTATIONS a participant. */
enum gmm_err directory_add(struct directory *d, const void *bytes, size_t len, const struct directory_object **out);
void directory_remove(struct directory *d, const struct gmm_id *hash); /* a store that failed */
const struct directory_object *directory_find(const struct directory *d, const struct gmm_id *hash);
size_t directory_count(const struct directory *d);
/* In ascending order of hash; NULL past the end. */
const struct directory_object *directory_at(const struct directory *d, size_t index);
/* All of them, each behind what it rests on: the charter, rotations by their number, certificates, revocations,
 * vouches; alike ones in order of hash. Free *out. GMM_ENOMEM. */
enum gmm_err directory_by_need(const struct directory *d, const struct directory_object ***out);
/* Fingerprint of the whole set: H(object, all hashes in order); zero when empty. */
void directory_fingerprint(const struct directory *d, struct gmm_id *out);
/* Any certificate that names this key (the one with the highest serial), or NULL. Enough for integrity; whose office
 * the key is, is the view's answer: any root can name any key. */
const struct certificate *directory_author(const struct directory *d, const struct gmm_id *sign_pk);
/* The rotation to root n ≥ 1 (of several: the one with the smallest hash), or NULL. */
const struct identity_rotation *directory_rotation(const struct directory *d, const struct gmm_id *pid, uint32_t n);
/* The root of index n of a participant, or NULL: n = 0 from any certificate or the charter. */
const struct gmm_id *directory_root(const struct directory *d, const struct gmm_id *pid, uint32_t n);

#endif
