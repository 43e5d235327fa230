/* An office's public card, and the request to join (protocol: Card, Join).
 *
 * card content = {ver u8 = 1, id text8, name text8, kind u8, office text8, level u8, lang text8, root_pk 32,
 *                 next_commit 32, sign_pk 32, noise_pk 32, wrap_pk 32, addresses: count u8 × text8}
 * card = content ‖ SIG(sign_sk, card, content) with nid = 0 ("self-signed, without network")
 *
 * join content = {ver u8 = 1, nid 32, pid 32, invite id 16, card bytes16, certificate bytes16 (length 0 when a root of
 *                 another office is to certify it), person text8 (who asked)}
 * join = content ‖ SIG(sign_sk, join, pid) ‖ K(invite secret, invite-mac, all before) 32
 * pid is H(pid, card's roots), or the inviter's when a second office asks to be certified.
 */
#ifndef GMM_KEYS_CARD_H
#define GMM_KEYS_CARD_H

#include "keys/certificate.h"

#define CARD_BYTES_MAX 4096u
#define CARD_INVITE_ID_BYTES 16

struct card {
    char id[LIMIT_PARTICIPANT_ID + 1];
    char name[LIMIT_NAME_TEXT + 1];
    uint8_t kind, level;
    char office[LIMIT_OFFICE_TEXT + 1];
    char lang[LIMIT_LANG_TEXT + 1];
    struct gmm_id root_pk, next_commit, sign_pk, noise_pk, wrap_pk;
    uint8_t address_count;
    char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS_TEXT + 1];
};

/* Appends; on failure out is left as it was. What card_open would refuse is refused with the same error; GMM_EKEY also
 * when sign_sk is not that of sign_pk; the buffer's failure. */
enum gmm_err card_make(struct buffer *out, const struct card *card, const uint8_t sign_sk[64]);
/* GMM_EFORMAT: layout, names, language, numbers, addresses; GMM_EVERSION; GMM_EKEY: a key is unusable, or one key
 * serves Noise and wraps; GMM_ESIGNATURE. *out means nothing after a failure. */
enum gmm_err card_open(struct card *out, const void *bytes, size_t len);

struct card_join {
    struct gmm_id nid, pid;
    uint8_t invite_id[CARD_INVITE_ID_BYTES];
    struct card card;
    const uint8_t *card_bytes; /* borrowed from the request's bytes */
    size_t card_len;
    const uint8_t *certificate_bytes; /* borrowed; NULL when absent */
    size_t certificate_len;
    struct certificate certificate;    /* valid when certificate_bytes is not NULL */
    uint8_t signature[HASH_SIG_BYTES]; /* SIG(sign_sk, join, pid): travels on into the ADMIT record */
    char person[LIMIT_PERSON_TEXT + 1];
};

/* join->card_bytes, certificate_bytes, nid, pid, invite_id, person are read; the signature is made and left in join.
 * Appends; on failure out is left as it was. Errors as card_join_open (GMM_ESIGNATURE: sign_sk is not the card's);
 * GMM_ELIMIT above LIMIT_JOIN_REQUEST; the buffer's failure. */
enum gmm_err card_join_make(struct buffer *out, struct card_join *join, const uint8_t sign_sk[64],
                            const uint8_t invite_secret[32]);
/* Checks everything that can be checked without the invite: card and certificate open and agree (same keys, office,
 * level; the join's pid), the join signature. The mac is checked by card_join_authentic; whether a pid that is not that
 * of the card's roots is the inviter's, by the inviter. Errors as card_open and certificate_open; GMM_ENETWORK when the
 * nid of the join or the certificate differs; GMM_EFORMAT also when card and certificate disagree or the request is
 * longer than LIMIT_JOIN_REQUEST. Borrowed pointers live as long as bytes; *out means nothing after a failure. */
enum gmm_err card_join_open(struct card_join *out, const struct gmm_id *nid, const void *bytes, size_t len);
/* GMM_OK or GMM_EDENIED; constant time. */
enum gmm_err card_join_authentic(const void *bytes, size_t len, const uint8_t invite_secret[32]);
/* The card's "SIG(sign, join, pid), over this network's nid": GMM_OK or GMM_ESIGNATURE. */
enum gmm_err card_join_verify(const struct gmm_id *nid, const struct gmm_id *pid, const struct gmm_id *sign_pk,
                              const uint8_t signature[HASH_SIG_BYTES]);

/* What two people compare by phone: 8 groups of 5 digits from H(fingerprint, sign_pk ‖ noise_pk).
 * "12345 67890 …", 47 characters and a NUL. */
#define CARD_FINGERPRINT_TEXT 48
void card_fingerprint(char out[CARD_FINGERPRINT_TEXT], const struct gmm_id *sign_pk, const struct gmm_id *noise_pk);
/* True when text, digits only considered (spaces, dots, dashes ignored; anything else refused), is this fingerprint. */
bool card_fingerprint_matches(const char *text, const struct gmm_id *sign_pk, const struct gmm_id *noise_pk);

#endif
