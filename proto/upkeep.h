/* What an office owes its groups, and when: epochs, WRAPs, complaints (protocol 15: Upkeep).
 *
 * upkeep_plan looks at the view and lists what is due; what others do meanwhile drops out of the next plan, and what
 * stays keeps its time. It waits its turn: the place of an office among the group's current ones, by key, counts its
 * steps. The engine plans at every change of the view and when until_ms comes, and carries out what is due.
 */
#ifndef GMM_PROTO_UPKEEP_H
#define GMM_PROTO_UPKEEP_H

#include "proto/keyring.h"

#define UPKEEP_STEP_MS 2000u
#define UPKEEP_COMPLAIN_MS 60000u              /* before a key that is gone is told of, and before telling again */
#define UPKEEP_LATE_MS (24ull * 3600u * 1000u) /* an epoch so long overdue is renewed by whoever posts */
#define UPKEEP_LATE_ENTRIES (1u << 16)         /* the same, in entries */

enum upkeep_kind {
    UPKEEP_ROTATE = 1, /* gid: no epoch is usable any more */
    UPKEEP_RENEW,      /* gid, epoch_id: the one in use is 30 days old or has 2^20 entries */
    UPKEEP_WRAP,       /* gid, epoch_id, sign_pk: an office that lacks it, or could not open it */
    UPKEEP_COMPLAIN    /* gid, epoch_id: it was given to us and does not open */
};
struct upkeep_item {
    enum upkeep_kind kind;
    struct gmm_id gid, epoch_id, sign_pk;
    uint64_t due_ms;
};
struct upkeep {
    struct upkeep_item *items; /* sorted by kind and ids; due_ms UINT64_MAX: done */
    size_t count, capacity;
    uint64_t until_ms; /* an office begins or ends to be current: plan again */
    uint64_t next_ms;  /* the first of the items */
};

/* What is due to this office (self) now. The keyring has scanned this view. GMM_ENOMEM: the plan before stays. */
enum gmm_err upkeep_plan(struct upkeep *u, const struct keyring *ring, const struct view *view,
                         const struct gmm_id *self, uint64_t now_ms);
void upkeep_close(struct upkeep *u);
/* When something is due or until_ms comes; UINT64_MAX: never. */
uint64_t upkeep_next_ms(const struct upkeep *u);
/* Marks one item done that is due, or (wrap) one WRAP for this group, due or not. *at: where to go on, from 0; false:
 * none is left. */
bool upkeep_take_due(struct upkeep *u, uint64_t now_ms, size_t *at, struct upkeep_item *item);
bool upkeep_take_wrap(struct upkeep *u, const struct gmm_id *gid, size_t *at, struct upkeep_item *item);
/* It is due again, at item->due_ms. */
void upkeep_put_back(struct upkeep *u, const struct upkeep_item *item);
/* Is the epoch in use so long overdue that whoever posts renews it at once? */
bool upkeep_late(const struct keyring *ring, const struct view_epoch *epoch, uint64_t now_ms);

#endif
