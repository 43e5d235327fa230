/* Invites: one line of text that lets a newcomer ask to join (product story 8).
 *
 * content = {ver u8 = 1, nid 32, network name text8, inviter sign_pk 32, inviter noise_pk 32, inviter id text8,
 *            inviter office text8, secret 32, expires u64 ms, for id text8 (may be empty),
 *            office text8 (not empty: a second office of the inviter's participant), pid 32 (then; else zero),
 *            addresses: count u8 × text8}
 * id = first 16 bytes of H(invite-id, secret). Not signed: the secret authenticates the request, the fingerprint the
 * inviter. The secret is wiped by invite_close.
 */
#ifndef GMM_KEYS_INVITE_H
#define GMM_KEYS_INVITE_H

#include "keys/card.h"

struct invite {
    struct gmm_id nid, pid, sign_pk, noise_pk;
    char network[LIMIT_NAME_TEXT + 1];
    char inviter_id[LIMIT_PARTICIPANT_ID + 1];
    char inviter_office[LIMIT_OFFICE_TEXT + 1];
    char for_id[LIMIT_PARTICIPANT_ID + 1];
    char office[LIMIT_OFFICE_TEXT + 1];
    uint8_t secret[32];
    uint64_t expires_ms;
    uint8_t address_count;
    char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS_TEXT + 1];
};

#define INVITE_BYTES_MAX 4096u

/* Appends (close the buffer with buffer_close_wiped); on failure out is left as it was. What invite_open would refuse
 * is refused with the same error; the buffer's failure. */
enum gmm_err invite_make(struct buffer *out, const struct invite *invite);
/* GMM_EFORMAT: layout, names, addresses, a time above IDENTITY_TIME_MS_MAX, a pid without an office or the reverse;
 * GMM_EVERSION; GMM_EKEY. On failure *out is wiped. Whether it has expired is the caller's question. */
enum gmm_err invite_open(struct invite *out, const void *bytes, size_t len);
void invite_id(uint8_t out[CARD_INVITE_ID_BYTES], const uint8_t secret[32]);
void invite_close(struct invite *invite); /* wipes */

#endif
