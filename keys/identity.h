/* A participant's root, its committed next root, and the words that name participants (product.md: Vocabulary).
 *
 *   next commitment = H(next-root, root1_pk)          pid = H(pid, root0_pk ‖ next commitment)
 *
 * A root rotation is signed by the committed key and commits to the one after (pre-rotation, as KERI).
 */
#ifndef GMM_KEYS_IDENTITY_H
#define GMM_KEYS_IDENTITY_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/limits.h"

/* On the wire as u8. */
enum identity_kind {
    IDENTITY_MEMBER = 1,
    IDENTITY_GOVERNMENT = 2,
    IDENTITY_EMPLOYERS = 3,
    IDENTITY_WORKERS = 4,
    IDENTITY_CIVIL_SOCIETY = 5,
    IDENTITY_INTL_ORG = 6,
    IDENTITY_OBSERVER = 7
};
enum identity_level { IDENTITY_HQ = 1, IDENTITY_REGIONAL = 2, IDENTITY_COUNTRY = 3, IDENTITY_FIELD = 4 };

/* "member", "civil-society", …; NULL for a number that is none. The inverse returns 0 for a word that is none. */
const char *identity_kind_text(unsigned kind);
unsigned identity_kind_from_text(const char *text);
const char *identity_level_text(unsigned level);
unsigned identity_level_from_text(const char *text);

/* A participant id: 1–32 of [a-z0-9-], starting with a letter or digit ("ilo", "gov-xa"). */
bool identity_id_ok(const char *text, size_t len);
/* An office name: the same letters, 1–128 bytes ("hq", "co-dhaka"). */
bool identity_office_ok(const char *text, size_t len);
/* A name for people: 1–255 bytes of UTF-8 without control characters (C0, DEL, C1), line and paragraph separators, and
 * bidirectional embeddings, overrides and isolates (they would reorder the text around a name). */
bool identity_name_ok(const char *text, size_t len);
/* A language tag by its letters: 1–35 of [A-Za-z0-9-], starting with a letter ("fr", "zh-Hant"). */
bool identity_lang_ok(const char *text, size_t len);

/* Times in signed objects are milliseconds of at most 48 bits, as in a header. */
#define IDENTITY_TIME_MS_MAX ((UINT64_C(1) << 48) - 1)

/* Ed25519 pair from a 32-byte seed; sk (64 bytes) is guarded memory of the caller's. */
void identity_pair(struct gmm_id *pk, uint8_t sk[64], const uint8_t seed[32]);
/* A foreign X25519 key: GMM_OK, or GMM_EKEY when it is of low order or not canonically encoded. */
enum gmm_err identity_check_dh_pk(const struct gmm_id *dh_pk);
/* An office's two: each usable, and "Noise key and wrap key are never the same". GMM_OK or GMM_EKEY. */
enum gmm_err identity_check_dh_pair(const struct gmm_id *noise_pk, const struct gmm_id *wrap_pk);
void identity_next_commit(struct gmm_id *out, const struct gmm_id *next_root_pk);
void identity_pid(struct gmm_id *out, const struct gmm_id *root0_pk, const struct gmm_id *next_commit);

/* Appends SIG(sk, label, content) to an object whose content stands in out from `start` on. GMM_EKEY when sk is not
 * that of pk; the buffer's failure. For the makers of objects: they open what they made, and cut it off when that
 * fails. */
enum gmm_err identity_sign_object(struct buffer *out, size_t start, const uint8_t sk[64], const struct gmm_id *pk,
                                  const char *label, const struct gmm_id *nid);

/* Root rotation, a root object: content ‖ SIG(new root, rotation, content).
 * content = {ver u8 = 1, nid 32, pid 32, n u32 ≥ 1, new_root_pk 32, next_commit 32,
 *            standing: count u16 × name 32, strictly ascending}.
 * standing: names (proto/directory.h) of the certificates and revocations by earlier roots that keep their effect; what
 * a stolen root signs beyond them has none. */
#define IDENTITY_ROTATION_BYTES (1 + 32 + 32 + 4 + 32 + 32 + 2 + 64) /* of one that names nothing */
struct identity_rotation {
    struct gmm_id nid, pid, root_pk, next_commit;
    uint32_t n;
    uint16_t standing_count; /* at most LIMIT_ROTATION_NAMES */
    const uint8_t *standing; /* 32 bytes each; borrowed from what was opened; NULL when there are none */
};
size_t identity_rotation_size(const struct identity_rotation *rotation);
/* Writes identity_rotation_size bytes. Errors as identity_rotation_open; GMM_EKEY also when new_root_sk is not that of
 * root_pk; GMM_ELIMIT. */
enum gmm_err identity_rotation_make(uint8_t *out, const struct identity_rotation *rotation,
                                    const uint8_t new_root_sk[64]);
/* GMM_EFORMAT, GMM_EVERSION, GMM_ENETWORK, GMM_EKEY, GMM_ESIGNATURE; GMM_ELIMIT: it names too many. That root_pk
 * fulfils the commitment of root n-1 is the caller's question (the chain is data of the fold). */
enum gmm_err identity_rotation_open(struct identity_rotation *out, const struct gmm_id *nid, const void *bytes,
                                    size_t len);
/* Does it let the object of this name stand? */
bool identity_rotation_names(const struct identity_rotation *rotation, const struct gmm_id *name);

#endif
