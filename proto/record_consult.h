/* Records of a consultation (protocol: Records): what its coordinator decides, what participants say, what becomes of
 * each note. What they come to is proto/consult.h's; here is their form only.
 *
 *   consult      key id · zone str · langs [str] · round uint ≥ 2 · short str · action! uint · person str ·
 *                content manifest · invited [id] · outcome uint · deadline uint · document! id
 *   disposition  as! uint · note! id · person str · reason str · document! id
 *   release      lang str · para uint · text str · clear id · notes [id] · person str · document! id · position! uint ·
 *                proposed str · supersedes [id]
 *   clear        person str · subject! id · document! id
 * Lists of ids and of languages are ascending. Which keys of a CONSULT must be there depends on its action.
 */
#ifndef GMM_PROTO_RECORD_CONSULT_H
#define GMM_PROTO_RECORD_CONSULT_H

#include "proto/record.h"

#define RECORD_INVITED 256u
#define RECORD_LANGS 16u
#define RECORD_NOTES 256u
#define RECORD_SUPERSEDES 64u
#define RECORD_ZONE 8u
#define RECORD_REASON 4096u

enum record_consult_action {
    RECORD_CONSULT_OPEN = 1, /* invited, deadline; not key: the entry's own id names the consultation */
    RECORD_CONSULT_ROUND,    /* round, deadline */
    RECORD_CONSULT_EXTEND,   /* deadline */
    RECORD_CONSULT_SILENCE,  /* deadline; short: the reason for less than 72 hours */
    RECORD_CONSULT_CLOSE,    /* outcome, content: the report */
    RECORD_CONSULT_REOPEN    /* deadline */
};
/* What a coordinator closes with. */
enum record_consult_outcome {
    RECORD_OUTCOME_NONE = 0,
    RECORD_OUTCOME_COMMENTS, /* no silence procedure came to its end */
    RECORD_OUTCOME_ADOPTED,
    RECORD_OUTCOME_BROKEN
};
struct record_consult {
    enum record_consult_action action;
    bool has_key;
    struct gmm_id key, document;
    struct record_text zone; /* the offset that the deadline was typed with: for display */
    uint32_t lang_count;
    struct record_text langs[RECORD_LANGS];
    uint32_t round;
    struct record_text short_reason, person;
    enum record_consult_outcome outcome;
    uint64_t deadline_ms;
    struct record_ids invited;
    bool has_report;
    struct manifest report;
};
struct record_disposition {
    struct gmm_id note, document;
    enum record_position as; /* RECORD_ACCEPTED … RECORD_WITHDRAWN */
    struct record_text reason, person;
};
struct record_release {
    struct gmm_id document, clear; /* clear: the CLEAR in `internal` that let it out */
    bool has_clear;
    uint32_t para; /* 0: the whole document */
    enum record_position position;
    struct record_text text, proposed, lang, person;
    struct record_ids notes;      /* internal ones that it speaks for */
    struct record_ids supersedes; /* earlier releases of the same participant */
};
struct record_clear {
    struct gmm_id subject, document; /* subject: the internal note that is cleared */
    struct record_text person;
};

const char *record_consult_action_text(unsigned action);   /* "open"; NULL: none */
const char *record_consult_outcome_text(unsigned outcome); /* "adopted"; NULL: none */

/* As in proto/record.h. */
enum gmm_err record_consult_encode(struct buffer *out, const struct record_consult *r);
enum gmm_err record_consult_decode(struct record_consult *out, const void *plain, size_t len);
void record_consult_close(struct record_consult *r); /* wipes the report's keys; resets *r */
enum gmm_err record_disposition_encode(struct buffer *out, const struct record_disposition *r);
enum gmm_err record_disposition_decode(struct record_disposition *out, const void *plain, size_t len);
enum gmm_err record_release_encode(struct buffer *out, const struct record_release *r);
enum gmm_err record_release_decode(struct record_release *out, const void *plain, size_t len);
enum gmm_err record_clear_encode(struct buffer *out, const struct record_clear *r);
enum gmm_err record_clear_decode(struct record_clear *out, const void *plain, size_t len);

#endif
