/* The VOUCH records that a node holds, and what they come to: logs of a revoked key that two other participants vouch
 * for (protocol: Vouch). Inside of the fold only.
 *
 * A set without order, like anchors: it is judged on a state on which no record's vouch has effect, so that nothing
 * decides on itself.
 */
#ifndef GMM_PROTO_VOUCHES_H
#define GMM_PROTO_VOUCHES_H

#include "proto/control_proof.h"
#include "proto/state.h"

struct vouches;

struct vouches *vouches_new(void);
void vouches_free(struct vouches *v);
/* A VOUCH, or a CUT of kind 1, which is one inside of a circle? */
bool vouches_concern(uint16_t type, const void *body, size_t len);
/* Takes one of these; what is malformed says nothing. GMM_ENOMEM: it was not taken. */
enum gmm_err vouches_add(struct vouches *v, const struct header *header, const struct gmm_id *id, const void *body,
                         size_t len);
/* Forgets what stands in a log from a seq on: the log was cut there. */
void vouches_drop(struct vouches *v, const struct run_key *log, uint64_t from_seq);
/* Of circles in doubt the foundings that somebody may speak for, and does: gives these, and nothing else, to the
 * revocations (protocol: Foundings); *any: something. GMM_ENOMEM. */
enum gmm_err vouches_found(const struct vouches *v, const struct state *s, struct offices *o, bool *any);
/* Gives what they come to on this state to the revocations (offices_vouch); *any: something. GMM_ENOMEM. */
enum gmm_err vouches_judge(const struct vouches *v, const struct state *s, struct offices *o, bool *any);
/* Would a VOUCH (group zero) or a CUT of this author count now? GMM_EFORMAT, GMM_EDENIED, GMM_ENOTFOUND with the rule;
 * GMM_ENOMEM. */
enum gmm_err vouches_ask(const struct state *s, const struct gmm_id *author, const struct gmm_id *group,
                         uint64_t time_ms, const void *body, size_t len, struct gmm_msg *why);

#endif
