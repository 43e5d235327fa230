/* Bodies of records about who takes part (protocol: Plain bodies).
 *
 *   SUSPEND, EXPEL = {ver u8 = 1, pid 32, reason text8, cuts with group}
 *   RESTORE        = {ver u8 = 1, pid 32, reason text8}
 *   AMEND          = {ver u8 = 1, pid 32, name text8, kind u8}
 *   REPLACE        = {ver u8 = 1, old pid 32, an ADMIT body}
 *
 * reason: empty, or text as a name's. Errors as control.h.
 */
#ifndef GMM_PROTO_CONTROL_ROSTER_H
#define GMM_PROTO_CONTROL_ROSTER_H

#include "proto/control_cuts.h"

struct control_removal { /* RESTORE: without cuts */
    struct gmm_id pid;
    char reason[LIMIT_REASON_TEXT + 1];
    struct control_cuts cuts;
};
struct control_amend {
    struct gmm_id pid;
    char name[LIMIT_NAME_TEXT + 1];
    uint8_t kind;
};
struct control_replace {
    struct gmm_id old;
    struct control_admit admit;
};

enum gmm_err control_removal_encode(struct buffer *out, const struct control_removal *r);
/* Owned on success: control_cuts_close(&out->cuts). */
enum gmm_err control_removal_decode(struct control_removal *out, const void *body, size_t len);
enum gmm_err control_restore_encode(struct buffer *out, const struct control_removal *r);
enum gmm_err control_restore_decode(struct control_removal *out, const void *body, size_t len); /* owns nothing */
enum gmm_err control_amend_encode(struct buffer *out, const struct control_amend *r);
enum gmm_err control_amend_decode(struct control_amend *out, const void *body, size_t len);
enum gmm_err control_replace_encode(struct buffer *out, const struct control_replace *r);
/* GMM_EFORMAT also when the new pid is the old one; else as control_admit_decode. */
enum gmm_err control_replace_decode(struct control_replace *out, const struct gmm_id *nid, const void *body,
                                    size_t len);

#endif
