/* The 228-byte entry header (protocol: Log and entry).
 *
 *     0 version u8 = 1          1 suite u8 = 1            2 type u16
 *     4 flags u32 (unknown bits: reject)                  8 network 32
 *    40 group 32 (zero: control)                         72 author sign_pk 32
 *   104 instance u64          112 seq u64               120 prev 32
 *   152 time u64 (48-bit ms ‖ 16-bit counter)           160 epoch 32 (zero: plain body)
 *   192 body length u32       196 body hash 32 = H(body, bytes)
 * id = H(entry, header)
 */
#ifndef GMM_PROTO_HEADER_H
#define GMM_PROTO_HEADER_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/limits.h"

#define HEADER_BYTES LIMIT_HEADER_BYTES
#define HEADER_PREFIX_BYTES LIMIT_HEADER_PREFIX_BYTES
#define HEADER_VERSION 1u
#define HEADER_SUITE 1u
#define HEADER_SEQ_AT 112u /* where the seq stands */
#define HEADER_TIME_AT 152u
#define HEADER_EPOCH_AT 160u

/* Types. Below 64: plain fixed-binary bodies with epoch zero; from 64: sealed records. An unknown type is kept,
 * forwarded and ignored. 1–31 stand in control logs (group zero), 32–63 in group logs. */
enum header_type {
    HEADER_ADMIT = 1,   /* the chair admits a participant */
    HEADER_WRAPKEY = 2, /* an office announces its next wrap key */
    HEADER_SUSPEND = 3,
    HEADER_RESTORE = 4,
    HEADER_EXPEL = 5,
    HEADER_HANDOVER = 6, /* the chair names the next one */
    HEADER_ACCEPT = 7,   /* of a handover or a lead; names the predecessor's last records */
    HEADER_BALLOT = 8,   /* for another chair */
    HEADER_LEAD = 9,     /* names the lead of a thematic group */
    HEADER_COSIGN = 10,  /* supports a record that others signed */
    HEADER_VOUCH = 11,
    HEADER_ANCHOR = 12,
    HEADER_AMEND = 13,   /* a participant's new name and kind */
    HEADER_REPLACE = 14, /* another root for a participant that lost its own */
    HEADER_GROUP = 32,   /* founds a circle; the creator's log only */
    HEADER_ADD = 33,     /* adds participants to a group */
    HEADER_REMOVE = 34,
    HEADER_EPOCH = 35,
    HEADER_WRAP = 36,
    HEADER_EPOCH_BAD = 37,
    HEADER_ERASE = 38,  /* the body of an entry goes */
    HEADER_ERASED = 39, /* what its office has erased */
    HEADER_GROUP_ANCHOR = 40,
    HEADER_CUT = 41,   /* what stands of a circle's logs after a removal or a revocation */
    HEADER_LEFT = 42,  /* who had left, as the maker of the epochs that follow knew it */
    HEADER_RELAY = 43, /* an office that stores and forwards the group's data, and cannot open it */
    HEADER_DOCUMENT = 64,
    HEADER_NOTE = 65,
    HEADER_RECEIPT = 66,
    HEADER_GROUP_NAME = 67,
    HEADER_CONSULT = 68,
    HEADER_DISPOSITION = 69,
    HEADER_RELEASE = 70,
    HEADER_CLEAR = 71,
    HEADER_PRACTICE = 72,
    HEADER_MARK = 73,
    HEADER_RETAIN = 74,
    HEADER_DISCLOSE = 75
};
#define HEADER_FLAGS_KNOWN 0u

struct header {
    uint8_t version, suite;
    uint16_t type;
    uint32_t flags;
    struct gmm_id network, group, author;
    uint64_t instance, seq;
    struct gmm_id prev;
    uint64_t time;
    struct gmm_id epoch;
    uint32_t body_len;
    struct gmm_id body_hash;
};

/* The type's name in docs/protocol.md in lower case: "admit", "group-anchor", "document"; NULL for a number that has
 * none. The inverse gives 0 for a word that is none. */
const char *header_type_text(unsigned type);
uint16_t header_type_from_text(const char *text);

void header_encode(uint8_t out[HEADER_BYTES], const struct header *h);
/* GMM_EVERSION (version, suite), GMM_EFORMAT (flags; type 0; a plain type with an epoch; a sealed type without; a
 * control type in a group or the reverse; body_len 0), GMM_ELIMIT (body length). */
enum gmm_err header_decode(struct header *out, const uint8_t bytes[HEADER_BYTES]);
void header_id(struct gmm_id *id, const uint8_t bytes[HEADER_BYTES]);
void header_body_hash(struct gmm_id *out, const void *body, size_t len);
/* prev of seq 0: H(log0, network ‖ group ‖ author ‖ instance). */
void header_log0(struct gmm_id *out, const struct gmm_id *network, const struct gmm_id *group,
                 const struct gmm_id *author, uint64_t instance);
static inline uint64_t header_time_ms(uint64_t time)
{
    return time >> 16;
}
/* The time of a new entry: not before now, strictly after `previous` (its counter steps within one millisecond). Only
 * at the end of time (UINT64_MAX) it cannot rise; run_verify then refuses the entry. */
uint64_t header_time_next(uint64_t previous, uint64_t now_ms);

#endif
