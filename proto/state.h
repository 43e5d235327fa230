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
#include "proto/leads.h"
#include "proto/offices.h"
#include "proto/polls.h"
#include "proto/proposals.h"
#include "proto/terms.h"

#define STATE_NOBODY LIMIT_PARTICIPANTS /* index of no participant */

struct state_group {
    struct gmm_id gid;
    enum epoch_group_kind kind;
    unsigned thematic;                       /* index of the charter's name */
    unsigned owner;                          /* participant's index; STATE_NOBODY for all and thematic */
    bool history_full, vouched;              /* vouched: founded in the log of a key that is revoked */
    struct state_set added, removed, former; /* former: were members until a REMOVE */
    unsigned relay_count;
    struct gmm_id relays[LIMIT_RELAYS]; /* sign_pks, ascending: named, whatever has become of them */
};
struct state_epoch {
    const struct change *change;
    bool by_member;
};
struct state_note { /* an EPOCH_BAD or a WRAP: about an epoch and an office */
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
    bool by_chair; /* admitted by a record of the chair's, which a successor's cuts may void */
    uint8_t kind;  /* as admitted */
    uint32_t admitted_term, expelled_term;
    const struct change *admission; /* NULL: the founder's */
};
struct state_act { /* what was applied of a chair's control records */
    const struct change *change;
    uint32_t term;
};
struct state_removal { /* a suspension, an expulsion, a lost root */
    unsigned participant;
    const struct change *change;
    uint64_t time, until; /* header times: of what removed it, of what restored it (UINT64_MAX: nothing yet) */
    uint32_t term;
};
struct state_erasure {
    const struct change *change; /* the ERASE, read */
    unsigned participant;        /* whose office wrote it */
};
struct state_circle_cut {
    const struct change *change;
    size_t removal; /* index of the removal that it is about */
};
/* A circle whose founding stands in the log of a revoked key, and for which nobody has spoken (protocol: Foundings). */
struct state_doubt {
    const struct change *founding; /* the GROUP, entry 0 of its log */
    unsigned owner;                /* participant's index */
    struct state_set named,
        removed; /* by the GROUP, the owner too; by a REMOVE there, whoever wrote it for the owner */
};
struct state_absence { /* no member of a group, or (group NULL) an observer */
    unsigned participant;
    const struct state_group *group;
    const struct change *change; /* the record by which it began; NULL: the founding */
    uint64_t from_ms, until_ms;
};
struct removals;
struct anchors;
struct rulings;
struct state {
    const struct directory *directory;
    const struct anchors *anchors;  /* NULL: none */
    const struct rulings *rulings;  /* on forked logs */
    const struct removals *removed; /* by which records are judged; NULL: none */
    const struct offices *offices;
    const struct charter *charter;
    /* The moment: state_at */
    uint64_t now;                /* header time */
    const struct change *record; /* that is applied; NULL: none yet */
    const struct term *term;     /* in force */
    unsigned chair;              /* its chair's index; STATE_NOBODY: not admitted here */
    /* The terms */
    struct terms *terms;           /* facts, shared by every replay; the fold's */
    uint32_t reached;              /* how many have been opened up to the record being applied */
    bool again;                    /* what was applied does not hold with the terms found: replay */
    struct state_set *electorates; /* [n - 1] of term n ≥ 2, once reached */
    struct state_act *acts;
    size_t act_count, act_cap;
    const struct change **handovers;
    size_t handover_count, handover_cap;
    struct leads leads;
    struct polls polls;
    struct proposals proposals;
    unsigned participant_count;
    struct view_participant *participants; /* LIMIT_PARTICIPANTS of them, in order of admission */
    struct state_standing *standing;       /* of each */
    uint16_t *by_pid;                      /* their indices, sorted by pid */
    struct state_group **groups;           /* sorted by gid */
    size_t group_count, group_cap;
    struct gmm_id *wrap_pks;    /* announced; at the index of the key's first certificate in offices; zero: none */
    struct state_epoch *epochs; /* in canonical order */
    size_t epoch_count, epoch_cap;
    struct state_notes complaints, wraps, strays; /* strays: WRAPs without effect */
    const struct change **lefts;
    size_t left_count, left_cap;
    struct state_erasure *erasures; /* in canonical order */
    size_t erasure_count, erasure_cap;
    struct state_removal *removals; /* in the order in which they took effect */
    size_t removal_count, removal_cap;
    struct state_circle_cut *circle_cuts;
    size_t circle_cut_count, circle_cut_cap;
    struct state_absence *absences;
    size_t absence_count, absence_cap;
    struct state_doubt *doubts; /* in canonical order; several may be of one gid */
    size_t doubt_count, doubt_cap;
    struct view_event *history; /* likewise */
    size_t history_count, history_cap;
    size_t position; /* of the record being applied */
};

/* Starts with the founding: the charter's participant, chair and groups. terms: term 1 at least; borrowed, and added
 * to. GMM_ENOMEM: nothing is held. */
enum gmm_err state_open(struct state *s, const struct directory *directory, const struct offices *offices,
                        struct terms *terms);
void state_close(struct state *s);
/* Moves to a header time: which term is in force, who presides, who leads. */
void state_at(struct state *s, uint64_t time);

/* Who is what. Indices are of participants. */
unsigned state_participant(const struct state *s, const struct gmm_id *pid);
unsigned state_participant_by_id(const struct state *s, const char *id);
/* Whose office a key is: of the participants admitted the one that certified it; of several the one that joined with
 * it; STATE_NOBODY when none did, or when two claim it without that proof (*claimed tells). */
unsigned state_owner(const struct state *s, const struct gmm_id *sign_pk, bool *claimed);
/* The same, when only these claim keys. */
unsigned state_owner_among(const struct state *s, const struct state_set *set, const struct gmm_id *sign_pk);
/* Who acts for the chair now: itself, or the deputy while it has no deciding office in force or is expelled. */
unsigned state_acting(const struct state *s);
/* Who decides on a term's chair and on proposals under it: its electorate without those expelled in it or before. Of
 * term 1, which nobody named: the founder and the participants admitted, within cuts when they are given. */
void state_electors(const struct state *s, uint32_t term, const struct control_cuts *cuts, struct state_set *out);
/* Would the participant's admission stand if the term's chair were cut there, and no later term were? */
bool state_admission_stands(const struct state *s, unsigned participant, uint32_t term,
                            const struct control_cuts *cuts);
struct state_group *state_group(const struct state *s, const struct gmm_id *gid);
/* The lead of a thematic group now; the chair when none is named or it has lapsed; STATE_NOBODY while the one that the
 * charter names is not admitted. */
unsigned state_lead(const struct state *s, unsigned thematic);
bool state_has_lead(const struct state *s, unsigned thematic); /* another than the chair by default */
/* May belong to the group, be it active or not yet. */
bool state_entitled(const struct state *s, const struct state_group *g, unsigned participant);
bool state_is_member(const struct state *s, const struct state_group *g, unsigned participant);
/* Was a member once, until it was removed, and is not one now. */
bool state_was_member(const struct state *s, const struct state_group *g, unsigned participant);

/* Changes; the records that they come from were authorised. */
/* Each takes effect now (state_at), be its own record of now or earlier. */
enum gmm_err state_admit(struct state *s, const struct change *change, const struct control_admit *admit,
                         bool by_chair);
enum gmm_err state_suspend(struct state *s, unsigned participant, const struct change *change);
enum gmm_err state_expel(struct state *s, unsigned participant, const struct change *change);
void state_restore(struct state *s, unsigned participant);
/* The participant lost its root: the other one (admitted just now) has its place in groups and electorate. */
enum gmm_err state_replace(struct state *s, unsigned old, unsigned by, const struct change *change);
enum gmm_err state_amend(struct state *s, unsigned participant, const struct control_amend *amend);
/* What a record did, for the history; text is borrowed from the record, or NULL. */
enum gmm_err state_remember(struct state *s, const struct change *change, const struct gmm_id *subject,
                            const struct gmm_id *by, const char *text);
/* A record by which the chair acted had effect. */
enum gmm_err state_act(struct state *s, const struct change *change);
enum gmm_err state_handover(struct state *s, const struct change *change);
const struct change *state_find_handover(const struct state *s, const struct gmm_id *entry); /* or NULL */
/* The record that is applied opens the term by a handover. What is known already is passed over. */
enum gmm_err state_open_term(struct state *s, const struct term *term);
/* Is this the record that opens the next term, as an earlier replay found? */
bool state_opens_known(const struct state *s, const struct change *change);
enum gmm_err state_reach_term(struct state *s);
/* Names the cuts on the predecessor of the term reached last. */
void state_name_cuts(struct state *s, const struct control_cuts *cuts);
void state_wrapkey(struct state *s, const struct gmm_id *sign_pk, const struct gmm_id *wrap_pk);
enum gmm_err state_found_circle(struct state *s, const struct change *change, unsigned owner,
                                const struct control_group *circle);
/* The same of a founding that lies in a revoked key's log: no circle yet. */
enum gmm_err state_doubt_circle(struct state *s, const struct change *change, unsigned owner,
                                const struct control_group *circle);
/* A REMOVE in such a circle by an office of its owner, revoked or not. */
void state_doubt_remove(struct state *s, const struct gmm_id *gid, unsigned author,
                        const struct control_members *members);
/* Is the circle in doubt; and does every founding of it that is name the participant? (state_doubts.c) */
bool state_doubted(const struct state *s, const struct gmm_id *gid);
bool state_doubt_names(const struct state *s, const struct gmm_id *gid, unsigned participant);
/* Names that are not admitted at this point are passed over. */
enum gmm_err state_add(struct state *s, struct state_group *g, const struct control_members *members);
enum gmm_err state_remove(struct state *s, struct state_group *g, const struct control_members *members);
/* Is the office named as a relay of the group? */
bool state_relays(const struct state_group *g, const struct gmm_id *sign_pk);
/* It is from here on, or no more; there is room. */
void state_relay(struct state_group *g, const struct gmm_id *sign_pk, bool on);
/* The removal of a participant that stands now; SIZE_MAX: none. */
size_t state_removal(const struct state *s, unsigned participant);
enum gmm_err state_cut_circle(struct state *s, const struct change *change, size_t removal);
enum gmm_err state_epoch(struct state *s, const struct change *change, bool by_member);
enum gmm_err state_left(struct state *s, const struct change *change);
enum gmm_err state_erase(struct state *s, const struct change *change, unsigned participant);
enum gmm_err state_note(struct state *s, struct state_notes *notes, const struct gmm_id *epoch_id,
                        const struct gmm_id *sign_pk, const struct change *change);

#endif
