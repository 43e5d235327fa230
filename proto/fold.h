/* The fold: all plain records, in canonical order, say who may do what (protocol: The fold). Effect, not
 * integrity.
 *
 * A pure function of the set of records held: the same set gives the same view whatever the order of arrival. Records
 * are kept; fold_view recomputes when something was added since (memoised). Canonical order: by header time, then by
 * entry id. Authority of a record is judged by one function a kind of change, on the state folded so far; a refusal has
 * a reason (a sentence that names the rule).
 */
#ifndef GMM_PROTO_FOLD_H
#define GMM_PROTO_FOLD_H

#include "keys/epoch.h"
#include "proto/control_cuts.h"
#include "proto/control_left.h"
#include "proto/directory.h"
#include "proto/header.h"
#include "proto/run.h"

/* ADMITTED: not all of admission, certificate and join signature are held. */
enum view_status { VIEW_ADMITTED = 1, VIEW_ACTIVE, VIEW_SUSPENDED, VIEW_EXPELLED };
struct view_participant {
    struct gmm_id pid, root_pk, next_commit;
    uint32_t root_n;
    char id[LIMIT_PARTICIPANT_ID + 1];
    char name[LIMIT_NAME_TEXT + 1];
    uint8_t kind;
    enum view_status status;
    struct gmm_id sign_pk, noise_pk; /* of the office that joined; the founder's: zero until it is certified */
    uint64_t since_ms;
};
/* SUPERSEDED: a certificate with a higher serial gives the office another key. VOID: another certificate has the
 * serial, or another participant claims the key. */
enum view_office_status { VIEW_OFFICE_ACTIVE = 1, VIEW_OFFICE_SUPERSEDED, VIEW_OFFICE_VOID, VIEW_OFFICE_REVOKED };
struct view_office {
    struct gmm_id pid, sign_pk, noise_pk;
    struct gmm_id wrap_pk;     /* the newest announced */
    struct gmm_id certificate; /* the object's hash */
    uint64_t serial, not_before_ms, not_after_ms;
    uint16_t roles;
    uint8_t level;
    enum view_office_status status;
    char office[LIMIT_OFFICE_TEXT + 1];
    uint8_t address_count;
    const char (*addresses)[LIMIT_ADDRESS_TEXT + 1]; /* borrowed from the directory */
};
struct view_group {
    struct gmm_id gid, owner; /* owner: pid; zero for all and thematic */
    enum epoch_group_kind kind;
    bool history_full, vouched; /* vouched: a circle whose founding stands in a revoked key's log */
    const char *name;           /* "all", "decent-work", "internal"; NULL for circles: their name is sealed */
    uint16_t member_count, former_count;
    const struct gmm_id *members, *former; /* sorted pids; former: removed, what they wrote before stands */
    uint16_t relay_count;
    const struct gmm_id *relays; /* sorted sign_pks that its records name; view_is_relay says who of them is one */
};
struct view_epoch {
    struct gmm_id id, gid, author;
    struct epoch epoch;
    uint64_t time;
    uint64_t instance, seq; /* of its entry, in a log of the author's */
    bool valid;             /* written by a member, well formed, gen consistent with its parents */
    bool bad;               /* an EPOCH_BAD stands against it and no WRAP has answered it */
};
/* WRAP entries, to be tried by the office that they name: to offices of members; where the group keeps no history only
 * to recipients of the epoch. Others are strays: of no effect, but they give the secret away all the same. */
struct view_wrap {
    struct gmm_id epoch_id, sign_pk, author;
    const uint8_t *body;
    size_t len;
};
/* Who had left the group, as the author of the epochs behind it in this log knew it (proto/leavers.h). */
struct view_left {
    struct run_key log;
    uint64_t seq;
    const struct control_left *left; /* borrowed from the record */
};
/* An entry whose body goes: by whoever may, as far as plain records tell (protocol: Erasure). */
struct view_erasure {
    struct run_key log; /* of the entry */
    uint64_t seq;
    struct gmm_id id;         /* of the entry, and its log and seq, as the ERASE names them: the entry itself tells */
    struct gmm_id entry;      /* of the ERASE */
    struct gmm_id by, office; /* pid and sign_pk of who wrote it */
    uint64_t time;            /* of its header */
};
/* What an office wrote in EPOCH_BAD about an epoch that it was given. */
struct view_complaint {
    struct gmm_id epoch_id, sign_pk;
    uint32_t count;   /* how often */
    uint64_t last_ms; /* of the last one */
    bool answered;    /* a WRAP to the office stands behind the last one */
};
struct view_cut { /* the last entry of a revoked key's log that stands: named by the revocation, or vouched for */
    struct gmm_id sign_pk, group, id; /* id: zero when it is named differently */
    uint64_t instance, seq;
    bool vouched;
};
/* A term of the chair (protocol: Terms). */
enum view_term_how { VIEW_TERM_FOUNDING = 1, VIEW_TERM_HANDOVER, VIEW_TERM_ELECTION };
struct view_term {
    uint32_t term;
    enum view_term_how how;
    uint16_t elector_count;
    struct gmm_id chair, deputy; /* pids; deputy zero: none */
    uint64_t from_ms, until_ms;
    struct gmm_id opened_by;         /* entry of the ACCEPT or of the last BALLOT; zero: the founding */
    const struct control_cuts *cuts; /* on the predecessor's control logs; NULL: not named yet; borrowed */
    const struct gmm_id *electors;   /* pids, sorted: two thirds of them replace its chair */
};
/* What a chair has handed over: open to be accepted, accepted (it opened its term), or closed by another opening. */
struct view_handover {
    struct gmm_id entry, to, deputy; /* deputy zero: none */
    uint32_t term;                   /* the new one */
    uint64_t from_ms, until_ms, time;
    bool accepted, closed; /* closed: its term is open, by it or otherwise */
};
/* A lead of a thematic group that a record named; the charter's are not among them. */
struct view_lead {
    struct gmm_id entry, pid;
    uint8_t thematic;           /* place in the charter's order */
    uint64_t from_ms, until_ms; /* until 0: no end */
    bool accepted;
};
/* A participant's ballot against the chair of a term. */
struct view_ballot {
    struct gmm_id entry, voter, candidate;
    uint32_t term;
    uint64_t until_ms, time;
    const uint8_t *body; /* who agrees signs the same bytes; borrowed from the record */
    size_t len;
    const struct control_cuts *cuts;
    bool spoiled;  /* the voter has signed another one too: it counts for none */
    unsigned need; /* how many ballots with this body open the next term */
};
/* What waits for more support: ADMIT, EXPEL, REPLACE, RESTORE. */
struct view_proposal {
    struct gmm_id subject;       /* what a COSIGN names */
    struct gmm_id entry, of, by; /* of, by: pids; of a REPLACE: the old one */
    uint16_t type, support;
    unsigned need;
    uint64_t time;
    const char *text;                /* name or reason; borrowed */
    const char *id;                  /* of the participant, who may not be in the roster yet; borrowed */
    const struct gmm_id *supporters; /* pids, sorted: those who count */
};
struct view_stand { /* up to where a log stands */
    struct run_key log;
    uint64_t from_seq; /* the first that does not */
};
/* A suspension, an expulsion or a lost root: what is void of the participant's logs (protocol: Removal). */
struct view_removal {
    struct gmm_id pid, entry;
    uint32_t term;        /* in force then */
    uint64_t time, until; /* header times: of what removed it; of what restored it (UINT64_MAX: nothing yet) */
    bool expelled;
    const struct control_cuts *cuts; /* borrowed from the record; with groups. NULL, of a lost root: by time alone */
    size_t log_count, circle_count;
    const struct view_stand *logs; /* by cuts and anchors; sorted; of others nothing stands */
    const struct gmm_id *circles;  /* gids, sorted, in which cuts are published; in others: by time alone */
};
/* While a participant was no member of a group (gid), or an observer (gid zero). */
struct view_absence {
    struct gmm_id pid, gid, entry; /* entry: of the record by which it began, of that log and seq */
    struct run_key log;
    uint64_t seq;
    uint64_t from_ms, until_ms; /* until UINT64_MAX: it still is */
};
/* A circle in doubt (protocol: Foundings): it was founded under a key that is revoked, and nobody has spoken for that.
 */
struct view_doubt {
    struct gmm_id gid, owner, office; /* owner: pid; office: the revoked key */
    uint16_t member_count;
    const struct gmm_id *members; /* sorted pids: whom every such founding names and nothing there has taken out */
};
/* What the roster and the roles went through, in canonical order. */
struct view_event {
    uint64_t time;             /* of the header of the record that made it effective */
    uint16_t type;             /* enum header_type of the record that it was proposed by: ADMIT, SUSPEND, … */
    uint32_t term;             /* in force then */
    struct gmm_id subject, by; /* pids: of whom it is; whose office signed */
    struct gmm_id entry;       /* that record */
    const char *text;          /* name or reason; NULL: none; borrowed from the record */
};
/* A forked log (protocol: Forks): entries below `end` stand, on the branch that has the kept entries. */
struct view_fork {
    struct run_key log;
    uint64_t first_seq;    /* where its proven branches part first */
    uint64_t end;          /* the first void entry */
    struct gmm_id last_id; /* of the last that stands; zero: there is none, or nobody named it */
    unsigned kept_count;
    struct {
        uint64_t seq;
        struct gmm_id id;
    } kept[LIMIT_FORK_PROOFS]; /* where branches part below `end`: the entry there that most others anchored */
};
struct view {
    uint64_t serial; /* another one for each view that a fold makes */
    struct gmm_id nid;
    uint64_t at_ms;                      /* the moment: what follows is as of then */
    struct gmm_id chair, deputy, acting; /* pids; acting: who acts for the chair, itself or the deputy; zero: none */
    uint32_t term;
    uint64_t term_from_ms, term_until_ms;
    char name[LIMIT_NAME_TEXT + 1];
    struct gmm_id leads[LIMIT_THEMATIC];
    size_t participant_count, office_count, group_count, epoch_count, wrap_count, stray_count, complaint_count,
        cut_count, fork_count, left_count, erasure_count;
    size_t removal_count, absence_count, event_count, term_count, handover_count, lead_term_count, ballot_count,
        proposal_count, doubt_count;
    const struct view_participant *participants; /* sorted by pid */
    const struct view_office *offices;       /* sorted by sign_pk; one a key: the certificate with the highest serial */
    const struct view_group *groups;         /* sorted by gid */
    const struct view_epoch *epochs;         /* sorted by id */
    const struct view_wrap *wraps;           /* sorted by epoch_id, sign_pk, canonical order */
    const struct view_wrap *strays;          /* likewise */
    const struct view_left *lefts;           /* in canonical order */
    const struct view_erasure *erasures;     /* sorted by log, seq, id; one an entry */
    const struct view_complaint *complaints; /* sorted by epoch_id, sign_pk */
    const struct view_cut *cuts;             /* sorted by sign_pk, group, instance */
    const struct view_fork *forks;           /* sorted by log */
    const struct view_removal *removals;     /* in canonical order */
    const struct view_absence *absences;     /* in canonical order of their beginning */
    const struct view_doubt *doubts;         /* in canonical order of their founding, one a circle */
    const struct view_event *history;
    const struct view_term *terms; /* all that are open, [n - 1] is term n; the last ones may begin in the future */
    const struct view_handover *handovers; /* in canonical order, as the next two (ballots: by term) */
    const struct view_lead *lead_terms;
    const struct view_ballot *ballots;     /* of each participant the first */
    const struct view_proposal *proposals; /* sorted by subject */
};

struct fold;
struct forks;
struct fold *fold_new(const struct directory *directory); /* borrowed for the fold's life */
void fold_free(struct fold *fold);
/* Takes a copy of an admitted plain entry (type < 64). Unknown types are kept out silently. GMM_ENOMEM. Malformed
 * bodies are admitted by the gate all the same; here they have no effect. */
enum gmm_err fold_add(struct fold *fold, const uint8_t header[HEADER_BYTES], const struct gmm_id *id,
                      const uint8_t *body, size_t len);
/* The directory changed. */
void fold_touch(struct fold *fold);
/* The fork proofs held, borrowed for the fold's life (NULL: none); again whenever they changed. */
void fold_forks(struct fold *fold, const struct forks *forks);
/* Forgets the records of a log from a seq on: it was cut there. */
void fold_drop(struct fold *fold, const struct run_key *log, uint64_t from_seq);
/* May an entry be on the branch that is kept of a forked log, as far as the proofs tell? */
bool fold_fits(const struct fold *fold, const struct view_fork *fork, uint64_t seq, const struct gmm_id *id);
/* What time it is: terms and leads begin and lapse with it, who decides for the chair and its deputy may change, and
 * the view is as of then (or as of the last record, when that is later). True when the view changes by it. */
bool fold_advance(struct fold *fold, uint64_t now_ms);
/* When the view changes next by time alone; UINT64_MAX: never, or no view has been made since something was added. */
uint64_t fold_next_ms(const struct fold *fold);
/* The view as of a date: of the records up to then, judged with all that is known now. Valid as fold_view's.
 * GMM_EUNKNOWN: no charter yet; GMM_ENOMEM. */
struct fold_past;
enum gmm_err fold_view_at(struct fold *fold, uint64_t ms, struct fold_past **past); /* fold_past_free */
const struct view *fold_past_view(const struct fold_past *past);
void fold_past_free(struct fold_past *past);
/* Each record held that has no effect, in canonical order, with the rule that refuses it, until fn gives something else
 * than GMM_OK: that is the answer then. GMM_EUNKNOWN: no charter yet; GMM_ENOMEM. fn must not touch the fold. */
typedef enum gmm_err fold_refused_fn(void *arg, const struct gmm_id *id, const struct gmm_msg *why);
enum gmm_err fold_refusals(struct fold *fold, fold_refused_fn *fn, void *arg);
/* Valid until the next fold_view or fold_authorize after something was added; what it shows of the directory's objects
 * (addresses) until they are removed. NULL: out of memory or no charter yet. */
const struct view *fold_view(struct fold *fold);
/* Would this record of ours have effect now, at its place in canonical order and behind all that is held? GMM_OK, or
 * GMM_EDENIED/GMM_EFORMAT/GMM_EEXISTS with the rule that refuses in msg ('only the chair of term 1 (International
 * Labour Organization) may admit a participant'). */
enum gmm_err fold_authorize(struct fold *fold, const struct gmm_id *author, const struct gmm_id *group, uint16_t type,
                            const void *body, size_t len, uint64_t time_ms, struct gmm_msg *msg);

const char *view_status_text(enum view_status status); /* "active" */
const struct view_participant *view_participant(const struct view *v, const struct gmm_id *pid);
/* Of those with this id the one that is not expelled, if there is one. */
const struct view_participant *view_participant_by_id(const struct view *v, const char *id);
const struct view_office *view_office(const struct view *v, const struct gmm_id *sign_pk);
const struct view_office *view_office_by_noise(const struct view *v, const struct gmm_id *noise_pk);
const struct view_office *view_office_by_name(const struct view *v, const struct gmm_id *pid, const char *office);
const struct view_group *view_group(const struct view *v, const struct gmm_id *gid);
/* "all", a thematic name, or "internal" (of this pid). */
const struct view_group *view_group_by_name(const struct view *v, const char *name, const struct gmm_id *own_pid);
const struct view_doubt *view_doubt(const struct view *v, const struct gmm_id *gid);
/* Why the participant is no member of the group any more: the REMOVE that stands against it; NULL: none. */
const struct view_absence *view_removed_from(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid);
/* May an office of this participant have the group's logs: is it a member, also of a circle in doubt? */
bool view_may_have(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid);
bool view_is_member(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid);
/* "A relay of a group is an office that its records name, active, with RELAY, of an active participant." */
bool view_is_relay(const struct view *v, const struct gmm_id *gid, const struct gmm_id *sign_pk);
/* May this office have them: is it one of a member, or a relay? */
bool view_office_may_have(const struct view *v, const struct gmm_id *gid, const struct gmm_id *sign_pk,
                          const struct gmm_id *pid);
/* Was one once, until it was removed, and is not one now. */
bool view_was_member(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid);
const struct view_epoch *view_epoch(const struct view *v, const struct gmm_id *id);
/* An office counts as a current recipient of a group: active, within its certificate's validity at now_ms, of an active
 * member participant. */
bool view_office_in_group(const struct view *v, const struct gmm_id *gid, const struct view_office *office,
                          uint64_t now_ms);
/* May an office of this participant post to the group now? Members do; an observer reads, and posts to its own internal
 * group only. Says why not. */
bool view_may_post(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid, struct gmm_msg *why);
/* Effect on a log (verdict.c). An entry is void when its seq is from_seq or above and its time lies from from_ms on and
 * before until_ms (UINT64_MAX: however late). */
struct view_void {
    uint64_t from_seq, from_ms, until_ms;
};
#define VIEW_VOIDS 32u
/* All that is void of a log, for projections: at most VIEW_VOIDS, the last of more covers what follows; and why the
 * first is (why may be NULL). 0: all of it stands. */
size_t view_voids(const struct view *v, const struct run_key *key, struct view_void out[VIEW_VOIDS],
                  struct gmm_msg *why);
/* Has this entry effect, as far as its log goes? time: of its header. Says why not. */
bool view_stands(const struct view *v, const struct run_key *key, uint64_t seq, uint64_t time, struct gmm_msg *why);
/* The same for a view without the group's own records: whether its author belonged to the group is not asked. */
bool view_stands_outside(const struct view *v, const struct run_key *key, uint64_t seq, uint64_t time,
                         struct gmm_msg *why);
/* Of a revoked key's log; NULL: nothing of it stands, or the key is not revoked. */
const struct view_cut *view_cut(const struct view *v, const struct run_key *key);
/* The erasure of this entry, whose header says that it is what the ERASE names; NULL: there is none. */
const struct view_erasure *view_erasure(const struct view *v, const struct header *h, const struct gmm_id *id);
/* The first one of this log at or behind a seq, others of it follow; NULL: none. */
const struct view_erasure *view_erasures(const struct view *v, const struct run_key *key, uint64_t from_seq);
/* NULL: no proof is held that the log was forked. */
const struct view_fork *view_fork(const struct view *v, const struct run_key *key);
/* Behind the last seq that is worth asking for or forwarding: past a known cut nothing is.
 * 0: nothing of the log is; UINT64_MAX: no bound. */
uint64_t view_log_end(const struct view *v, const struct run_key *key);
/* The id of entry view_log_end − 1, when a proof, an anchor, a revocation or a vouch names it: it proves a run that
 * ends there as a head does. */
bool view_log_last(const struct view *v, const struct run_key *key, struct gmm_id *id);

#endif
