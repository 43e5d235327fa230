/* Who may make which change: one authorising function a kind of change, in one table by type (protocol: The fold).
 *
 * Each judges a record on the state folded so far and, when it refuses, says which rule refuses. A further kind of
 * change is one more codec, one more function (authority_rules.h) and row here. Inside of the fold only.
 */
#ifndef GMM_PROTO_AUTHORITY_H
#define GMM_PROTO_AUTHORITY_H

#include "proto/state.h"

/* False: a type that has no row, and so no effect. */
bool authority_known(uint16_t type);
/* Would the record have effect as the next one? GMM_OK; GMM_EDENIED, GMM_EFORMAT, GMM_EEXISTS with the rule in why;
 * GMM_ENOMEM. */
enum gmm_err authority_judge(struct state *s, struct change *c, struct gmm_msg *why);
/* Judges the record and carries it out when it may. A refusal is GMM_OK: the record has no effect, and why (may be
 * NULL) has the rule; it is left empty when the record has effect. GMM_ENOMEM. */
enum gmm_err authority_apply(struct state *s, struct change *c, struct gmm_msg *why);

/* The table for people, as docs/threat-model.md has it: row by row until false. */
struct authority_row {
    const char *record, *who;
    bool suspended_too; /* a suspended participant's have effect as well */
    bool observers_too; /* an observer's may; of all other kinds all may the same */
};
bool authority_row(size_t index, struct authority_row *out);

#endif
