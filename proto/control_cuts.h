/* Cuts: the last entry of each of several logs (protocol: Plain bodies). What they mean is the record's that carries
 * them: where a removed participant's or a predecessor's logs end, or which heads an office holds.
 *
 *   cuts = count u16 ≤ LIMIT_CUTS × {[group 32,] author 32, instance u64, seq u64, id 32}
 *   strictly ascending by (group, author, instance); the group is left out where the record implies it
 *   CUT  = {ver u8 = 1, kind u8 (1 a revoked key, 2 a removed participant), subject 32, cuts without group}
 */
#ifndef GMM_PROTO_CONTROL_CUTS_H
#define GMM_PROTO_CONTROL_CUTS_H

#include "proto/control.h"
#include "proto/run.h"

struct control_cut {
    struct run_key log; /* the group is zero where the record leaves it out */
    uint64_t seq;
    struct gmm_id id;
};
struct control_cuts {
    uint16_t count;
    struct control_cut *list; /* owned: control_cuts_close */
};

/* Appends them sorted; the list itself stays as it is. GMM_EFORMAT: a log named twice; GMM_ELIMIT, GMM_ENOMEM. */
enum gmm_err control_cuts_put(struct buffer *out, const struct control_cuts *cuts, bool with_group);
/* GMM_EFORMAT, GMM_ENOMEM (then nothing is owned). The cursor stands behind them. */
enum gmm_err control_cuts_get(struct control_cuts *out, struct bytes_in *in, bool with_group);
void control_cuts_close(struct control_cuts *cuts);
/* The cut of a log, NULL when it is not named. */
const struct control_cut *control_cuts_find(const struct control_cuts *cuts, const struct run_key *log);
/* Does this entry stand at or before the cut of its log? */
bool control_cuts_hold(const struct control_cuts *cuts, const struct run_key *log, uint64_t seq);

enum control_cut_kind { CONTROL_CUT_KEY = 1, CONTROL_CUT_PARTICIPANT = 2 };
struct control_circle_cut {
    enum control_cut_kind kind;
    struct gmm_id subject; /* sign_pk or pid */
    struct control_cuts cuts;
};
enum gmm_err control_circle_cut_encode(struct buffer *out, const struct control_circle_cut *r);
/* Owned on success: control_cuts_close(&out->cuts). */
enum gmm_err control_circle_cut_decode(struct control_circle_cut *out, const void *body, size_t len);

#endif
