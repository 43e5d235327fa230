/* What every authorising function asks first: who speaks, for whom, and in which group (protocol: The fold). Each
 * question gives GMM_OK, or GMM_EDENIED, GMM_EFORMAT, GMM_EEXISTS with the rule that refuses in why (may be NULL);
 * GMM_ENOMEM. Inside of the fold only.
 */
#ifndef GMM_PROTO_JUDGE_H
#define GMM_PROTO_JUDGE_H

#include "proto/control_relay.h"
#include "proto/state.h"

#define JUDGE_TEXT (LIMIT_NAME_TEXT + 65u)

/* What judging finds out on the way. */
struct decision {
    unsigned author; /* participant's index */
    const struct office_cert *office;
    struct state_group *group;
    bool as_chair;                   /* judge_chair found that the author acts for it */
    bool revoked;                    /* all that is against its author is that the revocation of its key ends the log */
    struct gmm_id epoch_id, sign_pk; /* WRAP, EPOCH_BAD; sign_pk: the office that it is about */
    union {                          /* bodies that are not kept read */
        struct gmm_id wrap_pk, subject;
        struct control_group circle;
        struct control_members members;
        struct control_relay relay;
    } body;
};
typedef enum gmm_err judge_fn(const struct state *s, struct change *c, struct decision *d, struct gmm_msg *why);
typedef enum gmm_err judge_apply_fn(struct state *s, struct change *c, const struct decision *d);

/* For sentences: a participant; the chair of a term that is open; a group, as a phrase; whom nobody knows
 * here, as the first digits of a key or an id. */
const char *judge_name(const struct state *s, unsigned participant);
const char *judge_chair_name(const struct state *s, uint32_t term);
const char *judge_group_name(char out[JUDGE_TEXT], const struct state *s, const struct state_group *g);
const char *judge_digits(char out[GMM_ID_HEX + 1], const struct gmm_id *id);
/* The record's own body read, if it is of a type that is kept read. */
enum gmm_err judge_read(const struct state *s, struct change *c, struct gmm_msg *why);
/* A decoder's answer about it: GMM_OK and GMM_ENOMEM stay, all else is told and remembered. */
enum gmm_err judge_decoded(struct change *c, enum gmm_err err, struct gmm_msg *why);

/* Whose office the author is, and that its certificate was in force at the record's own time. */
enum gmm_err judge_identify(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why);
/* Of a key that is claimed by these participants only: the electorate of a term, whoever else claims it. */
enum gmm_err judge_identify_among(const struct state *s, const struct change *c, const struct state_set *set,
                                  uint32_t term, struct decision *d, struct gmm_msg *why);
/* Does the author's certificate carry the role VOTE? */
enum gmm_err judge_votes(const struct state *s, const struct decision *d, struct gmm_msg *why);
/* That it speaks, by an office with VOTE, for a participant of the electorate of the term in force. */
enum gmm_err judge_elector(const struct state *s, const struct decision *d, struct gmm_msg *why);
/* That it is the one office that decides for its participant. */
enum gmm_err judge_decides(const struct state *s, const struct change *c, const struct decision *d,
                           struct gmm_msg *why);
/* That it decides for the chair of the term in force, lapsed or not. act: 'may admit a participant'. */
enum gmm_err judge_chair(const struct state *s, const struct change *c, struct decision *d, const char *act,
                         struct gmm_msg *why);
/* The same, and the term has not lapsed. */
enum gmm_err judge_chair_in_term(const struct state *s, const struct change *c, struct decision *d, const char *act,
                                 struct gmm_msg *why);
/* A participant that may preside or lead: named, active, no observer. act: "preside". */
enum gmm_err judge_office_holder(const struct state *s, const struct gmm_id *pid, const char *act,
                                 unsigned *participant, struct gmm_msg *why);
/* The participant named is on the roster and not expelled; its index. */
enum gmm_err judge_named(const struct state *s, const struct gmm_id *pid, unsigned *participant, struct gmm_msg *why);
/* The record's group (d->group), and that the author's participant is a member of it. */
enum gmm_err judge_group(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why);
enum gmm_err judge_member(const struct state *s, const struct change *c, struct decision *d, struct gmm_msg *why);

#endif
