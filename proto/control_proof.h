/* Bodies of records about what others hold and vouch for (protocol: Anchors; Vouches).
 *
 *   ANCHOR, GROUP_ANCHOR = {ver u8 = 1, kind u8 = 1, holders, heads}
 *   GROUP_ANCHOR         = {ver u8 = 1, kind u8 = 2, count u16 ≥ 1 × id 32, strictly ascending}   a sister's report
 *   holders = count u16 × sign_pk 32, strictly ascending; marks bytes16 (its last byte is not zero)
 *   heads   = count u16 ≤ LIMIT_CUTS × {author 32, instance u64, seq u64, id 32}, strictly ascending by (author,
 *             instance, seq)
 *   VOUCH   = {ver u8 = 1, sign_pk 32, cuts with group, of that key's logs, at least one}
 *
 * An anchor has a holder or a head. Decoders lend: what they fill points into the body. Errors as control.h.
 */
#ifndef GMM_PROTO_CONTROL_PROOF_H
#define GMM_PROTO_CONTROL_PROOF_H

#include "proto/control_cuts.h"

enum control_anchor_kind { CONTROL_ANCHOR_HEADS = 1, CONTROL_ANCHOR_REPORT = 2 };
struct control_anchor_head { /* of a log in the record's group */
    struct gmm_id author, id;
    uint64_t instance, seq;
};
struct control_anchor {
    enum control_anchor_kind kind;
    uint16_t new_count; /* offices numbered from here on, behind those that the log's earlier anchors number */
    const uint8_t *new_holders;
    uint16_t mark_len; /* bit i % 8 of byte i / 8: office number i holds what the log's earlier anchors name */
    const uint8_t *marks;
    uint16_t count; /* heads, or the reports' ids */
    const uint8_t *list;
};

struct control_anchor_source {
    const struct gmm_id *new_holders;
    uint16_t new_count;
    const uint8_t *marks;
    uint16_t mark_len;
    const struct control_anchor_head *heads;
    uint16_t count;
};
/* Heads and holders must be sorted: GMM_EFORMAT; GMM_ELIMIT. */
enum gmm_err control_anchor_encode(struct buffer *out, const struct control_anchor_source *r);
enum gmm_err control_report_encode(struct buffer *out, const struct gmm_id *ids, uint16_t count);
enum gmm_err control_anchor_decode(struct control_anchor *out, const void *body, size_t len);
void control_anchor_head_at(const struct control_anchor *anchor, uint16_t index, struct control_anchor_head *out);
struct gmm_id control_anchor_holder_at(const struct control_anchor *anchor, uint16_t index); /* of the new ones */
struct gmm_id control_anchor_report_at(const struct control_anchor *anchor, uint16_t index);
int control_anchor_head_compare(const void *a, const void *b); /* by author, instance, seq */

struct control_vouch {
    struct gmm_id sign_pk;
    struct control_cuts cuts;
};
enum gmm_err control_vouch_encode(struct buffer *out, const struct control_vouch *r);
/* Owned on success: control_cuts_close(&out->cuts). */
enum gmm_err control_vouch_decode(struct control_vouch *out, const void *body, size_t len);

#endif
