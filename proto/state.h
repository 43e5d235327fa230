/* The state that the fold builds record by record: participants, groups, wrap keys, epochs (protocol: Authority).
 * Inside of the fold only; others see the view made from it.
 *
 * A state answers who is what (for the authorising functions) and takes changes that were authorised. It judges
 * nothing.
 */
#ifndef GMM_PROTO_STATE_H
#define GMM_PROTO_STATE_H

#include "proto/change.h"
#include "proto/fold.h"
#include "proto/offices.h"

#define STATE_NOBODY LIMIT_PARTICIPANTS /* index of no participant */

/* A set of participants by index. */
struct state_set {
    uint64_t bits[LIMIT_PARTICIPANTS / 64];
};
struct state_group {
    struct gmm_id gid;
    enum epoch_group_kind kind;
    unsigned thematic; /* index of the charter's name */
    unsigned owner;    /* participant's index; STATE_NOBODY for all and thematic */
    bool history_full;
    struct state_set added, removed, former; /* former: were members until a REMOVE */
};
struct state_epoch {
    const struct change *change;
    bool by_member;
};
struct state_note { /* an EPOCH_BAD or a WRAP that has effect: about an epoch and an office */
    struct gmm_id epoch_id, sign_pk;
    const struct change *change;
    size_t position; /* in canonical order */
};
struct state_notes {
    struct state_note *list;
    size_t count, cap;
};
/* What the view does not show of a participant. */
struct state_standing {
    bool certified, suspended, expelled;
};
struct state_removal { /* a suspension or an expulsion */
    unsigned participant;
    const struct change *change;
    uint64_t time, until; /* header times: of what removed it, of what restored it (UINT64_MAX: nothing yet) */
};
struct anchors;
struct rulings;
struct state {
    const struct directory *directory;
    const struct anchors *anchors; /* NULL: none */
    const struct rulings *rulings; /* on forked logs */
    const struct offices *offices;
    const struct charter *charter;
    unsigned participant_count, chair; /* chair: index */
    uint32_t term;
    uint64_t term_from_ms, term_until_ms;
    struct view_participant *participants; /* LIMIT_PARTICIPANTS of them, in order of admission */
    struct state_standing *standing;       /* of each */
    uint16_t *by_pid;                      /* their indices, sorted by pid */
    struct state_group **groups;           /* sorted by gid */
    size_t group_count, group_cap;
    struct gmm_id *wrap_pks;    /* announced; at the index of the key's first certificate in offices; zero: none */
    struct state_epoch *epochs; /* in canonical order */
    size_t epoch_count, epoch_cap;
    struct state_notes complaints, wraps;
    struct state_removal *removals; /* in the order in which they took effect */
    size_t removal_count, removal_cap;
    struct view_event *history; /* likewise */
    size_t history_count, history_cap;
    size_t position; /* of the record being applied */
};

/* Starts with the founding: the charter's participant, chair and groups. GMM_ENOMEM: nothing is held. */
enum gmm_err state_open(struct state *s, const struct directory *directory, const struct offices *offices);
void state_close(struct state *s);

/* Who is what. Indices are of participants. */
unsigned state_participant(const struct state *s, const struct gmm_id *pid);
unsigned state_participant_by_id(const struct state *s, const char *id);
/* Whose office a key is: of the participants admitted the one that certified it; of several the one that joined with
 * it; STATE_NOBODY when none did, or when two claim it without that proof (*claimed tells). */
unsigned state_owner(const struct state *s, const struct gmm_id *sign_pk, bool *claimed);
struct state_group *state_group(const struct state *s, const struct gmm_id *gid);
/* The lead of a thematic group; the chair when the charter names none; STATE_NOBODY while the one named is not
 * admitted. */
unsigned state_lead(const struct state *s, unsigned thematic);
bool state_has_lead(const struct state *s, unsigned thematic); /* another than the chair by default */
/* May belong to the group, be it active or not yet. */
bool state_entitled(const struct state *s, const struct state_group *g, unsigned participant);
bool state_is_member(const struct state *s, const struct state_group *g, unsigned participant);
/* Was a member once, until it was removed, and is not one now. */
bool state_was_member(const struct state *s, const struct state_group *g, unsigned participant);

/* Changes; the records that they come from were authorised. */
enum gmm_err state_admit(struct state *s, const struct control_admit *admit, uint64_t time_ms);
/* Time: of the header of the record that removes, or restores. */
enum gmm_err state_suspend(struct state *s, unsigned participant, const struct change *change, uint64_t time);
void state_restore(struct state *s, unsigned participant, uint64_t time);
void state_amend(struct state *s, unsigned participant, const struct control_amend *amend);
/* What a record did, for the history; text is borrowed from the record, or NULL. */
enum gmm_err state_remember(struct state *s, const struct change *change, const struct gmm_id *subject, unsigned by,
                            const char *text);
void state_wrapkey(struct state *s, const struct gmm_id *sign_pk, const struct gmm_id *wrap_pk);
enum gmm_err state_found_circle(struct state *s, const struct gmm_id *gid, unsigned owner,
                                const struct control_group *circle);
/* Names that are not admitted at this point are passed over. */
void state_add(struct state *s, struct state_group *g, const struct control_members *members);
void state_remove(struct state *s, struct state_group *g, const struct control_members *members);
enum gmm_err state_epoch(struct state *s, const struct change *change, bool by_member);
enum gmm_err state_note(struct state *s, struct state_notes *notes, const struct gmm_id *epoch_id,
                        const struct gmm_id *sign_pk, const struct change *change);

#endif
