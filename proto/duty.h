/* What an office has to anchor and to report (protocol: Anchors): the difference between what it holds and what its
 * participant has said so far. Inside of the fold; others ask by fold_duty.
 */
#ifndef GMM_PROTO_DUTY_H
#define GMM_PROTO_DUTY_H

#include "proto/control_proof.h"
#include "proto/logs.h"

struct duty_group {
    struct gmm_id gid;                 /* zero: control logs */
    uint64_t due_ms;                   /* when this office is to write it */
    uint64_t last_ms, since_ms;        /* of the participant's last anchor there; of the earliest head; 0: none */
    bool urgent;                       /* a head of a log that is marked so */
    size_t head_count, head_cap;       /* none: sisters have reported since, no more */
    struct control_anchor_head *heads; /* sorted, at most LIMIT_CUTS */
    uint16_t new_count, mark_len;
    struct gmm_id *new_holders;
    uint8_t *marks;
};
struct duty_place { /* an entry of a forked log that this office should name: its anchors go on behind it */
    struct run_key log;
    uint64_t seq;
};
struct duty {
    size_t group_count, group_cap, report_count, report_cap, place_count, place_cap;
    struct duty_group *groups; /* those where anything is owed */
    struct gmm_id internal;    /* where reports go */
    struct gmm_id *reports;    /* sisters' anchors whose heads this office holds; sorted */
    uint64_t report_due_ms, report_last_ms, report_since_ms;
    struct duty_place *places; /* owed at once */
};
struct duty_asker {
    const struct gmm_id *self;
    const struct logs *logs;
    uint64_t now_ms;
    const struct run_key *urgent; /* logs under consultation */
    size_t urgent_count;
    bool places_only; /* nothing else is asked for */
};

struct fold;
/* GMM_ENOMEM; GMM_EDENIED: the office has no duty (not current, no network yet). Then nothing is owned. */
enum gmm_err fold_duty(struct duty *duty, struct fold *fold, const struct duty_asker *asker);
void duty_close(struct duty *duty);

struct anchors;
struct forks;
struct state;
struct view;
enum gmm_err duty_make(struct duty *duty, const struct anchors *anchors, const struct state *s,
                       const struct forks *forks, const struct view *view, const struct duty_asker *asker);

#endif
