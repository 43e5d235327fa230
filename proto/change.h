/* One plain record as the fold keeps it: what canonical order and authority need of the header, and the body, read and
 * verified once however often it is folded. Inside of the fold only.
 */
#ifndef GMM_PROTO_CHANGE_H
#define GMM_PROTO_CHANGE_H

#include "keys/epoch.h"
#include "proto/control_chair.h"
#include "proto/control_erase.h"
#include "proto/control_left.h"
#include "proto/control_roster.h"

struct change {
    struct gmm_id id;
    struct run_key log;
    uint64_t seq, time; /* of the header */
    uint16_t type;
    bool malformed;      /* found so once: never read again */
    const uint8_t *body; /* behind this struct, or the caller's for a trial; not kept of an EPOCH */
    size_t len;
    union { /* by type, once change_read gave GMM_OK; owned */
        void *read;
        struct control_admit *admit;
        struct control_replace *replace;
        struct control_removal *removal; /* SUSPEND, EXPEL, RESTORE */
        struct control_amend *amend;
        struct control_handover *handover;
        struct control_accept *accept;
        struct control_ballot *ballot;
        struct control_lead *lead;
        struct control_circle_cut *cut;
        struct control_left *left;
        struct control_erase *erase;
        struct epoch *epoch;
    };
};

/* Copies the body; an EPOCH's, which may be large, is read at once instead. GMM_ENOMEM; GMM_EFORMAT, GMM_EVERSION: it
 * will never have effect. */
enum gmm_err change_new(struct change **out, const struct header *h, const struct gmm_id *id, const void *body,
                        size_t len);
void change_free(struct change *c);
/* Forgets what reading made. */
void change_forget(struct change *c);
/* Reads a body that is kept read (the union) and has not been. GMM_ENOMEM; else the decoder's error, and c->malformed
 * is set. GMM_OK also for types that are not kept read. */
enum gmm_err change_read(struct change *c, const struct gmm_id *nid);
/* "Ascending header time (all 64 bits), then ascending id." */
int change_compare(const struct change *a, const struct change *b);
/* "removal", "ballot", … for sentences. */
const char *change_word(uint16_t type);

static inline uint64_t change_ms(const struct change *c)
{
    return header_time_ms(c->time);
}

#endif
