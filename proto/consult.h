/* What a consultation comes to: a pure function of its records (product: Domain rules; protocol: Consultations).
 *
 * Facts are what the records of one symbol say, in any order, some twice: the same set gives the same outcome at every
 * office. They are taken in canonical order (header time, then id). What is late, contradictory, said twice or said by
 * whom it does not behove has no effect, and is listed with the reason. What anchors come to (holdings, witnessed_ms)
 * is worked out by who gathers the facts: it too follows from records alone. Borrows from the facts.
 */
#ifndef GMM_PROTO_CONSULT_H
#define GMM_PROTO_CONSULT_H

#include "proto/record_consult.h"

#define CONSULT_SILENCE_MS (72u * 3600u * 1000u) /* at least so long, unless a reason for less is given */

enum consult_fact_kind {
    CONSULT_VERSION = 1, /* a DOCUMENT of the symbol: an original or a translation */
    CONSULT_ACTION,
    CONSULT_NOTE, /* published; not of `internal` */
    CONSULT_RELEASE,
    CONSULT_DISPOSITION,
    CONSULT_RECEIPT
};
struct consult_fact {
    enum consult_fact_kind kind;
    struct gmm_id id, author; /* entry; pid of the participant whose office signed */
    uint64_t time;            /* of its header */
    uint64_t witnessed_ms;    /* the earliest time at which others attest it; 0: nobody does */
    bool officer;             /* its author was the chair, or led the document's group, at that time */
    struct gmm_id document;   /* of VERSION: its own id */
    union {
        struct {
            uint32_t version;
            struct record_text lang;
            struct gmm_id translates; /* zero: an original */
            struct gmm_id revises;
        } version;
        struct {
            enum record_consult_action action;
            struct gmm_id key;
            uint64_t deadline_ms;
            uint32_t round, lang_count;
            const struct record_text *langs;
            bool has_reason; /* for a short silence */
            struct record_ids invited;
            enum record_consult_outcome outcome;
        } action;
        struct {
            uint32_t para;
            unsigned position;
            bool reply;
            struct gmm_id parent; /* of a reply: the note that it answers */
            bool alone;           /* its participant had one active office then: the note is the participant's */
        } note;
        struct {
            uint32_t para;
            unsigned position;
            bool cleared;
            struct record_ids supersedes;
        } release;
        struct {
            struct gmm_id note;
            unsigned as;
        } disposition;
        struct {
            bool opened;
        } receipt;
    } as;
};
struct consult_party {
    struct gmm_id pid;
    bool observer;
    uint64_t from_ms, until_ms; /* active in [from, until) */
};
struct consult_holding { /* by its anchors: a participant has held a text since then */
    struct gmm_id document, pid;
    uint64_t since_ms;
};
struct consult_facts {
    const struct consult_fact *facts;
    size_t count;
    const struct consult_party *parties;
    size_t party_count;
    const struct consult_holding *holdings;
    size_t holding_count;
};

enum consult_state {
    CONSULT_OPEN = 1,
    CONSULT_WAITING, /* a required language does not exist yet: the clock stands */
    CONSULT_SILENCE,
    CONSULT_ADOPTED,
    CONSULT_BROKEN,    /* an objection in time */
    CONSULT_SUSPENDED, /* an objection signed in time that nobody saw in time */
    CONSULT_LAPSED,    /* the silence ended and bound nobody */
    CONSULT_CLOSED
};
enum consult_reason {
    CONSULT_UNAUTHORISED = 1, /* neither coordinator nor chair nor lead; of a note: not its author */
    CONSULT_DUPLICATE,        /* a consultation is open, silence runs, it is closed already */
    CONSULT_CONTRADICTORY,    /* does not fit what stands: another round's number, an earlier deadline, … */
    CONSULT_UNKNOWN,          /* names a consultation, note or document that is not held, or began later */
    CONSULT_PAST,             /* its deadline is not behind its own time */
    CONSULT_TOO_SHORT,        /* silence of less than 72 hours without a reason */
    CONSULT_LATE,             /* said behind the deadline */
    CONSULT_NOT_INVITED,
    CONSULT_NOT_RELEASED /* a note of one of several offices: no position of its participant */
};
struct consult_ignored {
    struct gmm_id id;
    enum consult_reason reason;
};
struct consult_invited {
    struct gmm_id pid;
    bool counts;        /* active and no observer: silence may bind it */
    uint64_t stored_ms; /* since when it is known to hold a text of this version; 0: not reached */
    unsigned position;  /* the gravest that stands; 0: none */
    bool released, cleared, conflict;
};
struct consult_objection {
    struct gmm_id id, pid;
    uint64_t time_ms;
    bool asserted; /* only its author says that it was signed in time */
};
struct consult {
    struct gmm_id id, document, coordinator; /* the `open` entry; the text that the last record names */
    enum consult_state state;
    uint32_t round, version, lang_count;
    const struct record_text *langs; /* required of this round; borrowed */
    uint64_t opened_ms, closed_ms;
    uint64_t deadline_ms; /* as it counts: later than typed when a language came late; 0: the clock stands */
    uint64_t silence_ms;  /* when silence was asked for; 0: not in this round */
    enum record_consult_outcome outcome; /* of a closed one */
    struct gmm_id close;                 /* the entry with the report; zero: none */
    size_t invited_count, objection_count;
    struct consult_invited *invited; /* by pid */
    struct consult_objection *objections;
};
struct consult_disposition {
    struct gmm_id note, id; /* the note or release; the entry that counts */
    uint64_t time;
    unsigned as;
};
struct consults {
    size_t count, ignored_count, disposition_count;
    struct consult *list;                     /* in the order in which they were opened */
    struct consult_ignored *ignored;          /* by id */
    struct consult_disposition *dispositions; /* by note */
};

/* GMM_ENOMEM. */
enum gmm_err consult_outcome(struct consults *out, const struct consult_facts *facts, uint64_t now_ms);
void consult_close(struct consults *out);
const struct consult_disposition *consult_disposition(const struct consults *c, const struct gmm_id *note);
const char *consult_state_text(enum consult_state state);
const char *consult_reason_text(enum consult_reason reason);

#endif
