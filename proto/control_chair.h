/* Bodies of records about who presides (protocol: Plain bodies).
 *
 *   HANDOVER = {ver u8 = 1, term u32 (the new one, ≥ 2), to pid 32, from u64 ms, until u64 ms, deputy pid 32 (zero:
 * none)} ACCEPT   = {ver u8 = 1, subject 32 (the entry of the HANDOVER or the LEAD; zero: an election), term u32 (≥ 2;
 * of a LEAD: 0), cuts without group: control logs of the predecessor's offices} BALLOT   = {ver u8 = 1, term u32
 * (against this one, ≥ 1), candidate pid 32, until u64 ms, cuts without group} LEAD     = {ver u8 = 1, thematic u8, pid
 * 32, from u64 ms, until u64 ms (0: none)} COSIGN   = {ver u8 = 1, subject 32: control_subject of the record that it
 * supports}
 *
 * Times are at most IDENTITY_TIME_MS_MAX; until is later than from. Errors as control.h.
 */
#ifndef GMM_PROTO_CONTROL_CHAIR_H
#define GMM_PROTO_CONTROL_CHAIR_H

#include "proto/control_cuts.h"

struct control_handover {
    uint32_t term;
    struct gmm_id to, deputy;
    uint64_t from_ms, until_ms;
};
struct control_accept {
    struct gmm_id subject;
    uint32_t term;
    struct control_cuts cuts;
};
struct control_ballot {
    uint32_t term;
    struct gmm_id candidate;
    uint64_t until_ms;
    struct control_cuts cuts;
};
struct control_lead {
    uint8_t thematic;
    struct gmm_id pid;
    uint64_t from_ms, until_ms;
};

enum gmm_err control_handover_encode(struct buffer *out, const struct control_handover *r);
enum gmm_err control_handover_decode(struct control_handover *out, const void *body, size_t len);
enum gmm_err control_accept_encode(struct buffer *out, const struct control_accept *r);
/* Owned on success: control_cuts_close(&out->cuts). Likewise of a ballot. */
enum gmm_err control_accept_decode(struct control_accept *out, const void *body, size_t len);
enum gmm_err control_ballot_encode(struct buffer *out, const struct control_ballot *r);
enum gmm_err control_ballot_decode(struct control_ballot *out, const void *body, size_t len);
enum gmm_err control_lead_encode(struct buffer *out, const struct control_lead *r);
enum gmm_err control_lead_decode(struct control_lead *out, const void *body, size_t len);
enum gmm_err control_cosign_encode(struct buffer *out, const struct gmm_id *subject);
enum gmm_err control_cosign_decode(struct gmm_id *subject, const void *body, size_t len);

#endif
