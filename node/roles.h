/* Who was chair, deputy or lead at a time: what a record was signed as is not judged anew by who is today. */
#ifndef GMM_NODE_ROLES_H
#define GMM_NODE_ROLES_H

#include "proto/fold.h"

/* Chair or deputy of the term in force then. */
bool roles_chair(const struct view *view, const struct gmm_id *pid, uint64_t at_ms);
/* Chair, deputy, or lead of this group when it is a thematic one. */
bool roles_officer(const struct view *view, const struct gmm_id *gid, const struct gmm_id *pid, uint64_t at_ms);

/* Who they are now, for a refusal to name: the chair with its term, and the lead of the group if it has one. */
#define ROLES_TEXT_BYTES 512u
const char *roles_officers_text(const struct view *view, const struct gmm_id *gid, char text[ROLES_TEXT_BYTES]);
/* A participant's name; "?" of one that the roster does not know. */
const char *roles_name(const struct view *view, const struct gmm_id *pid);

#endif
