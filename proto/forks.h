/* The fork proofs that a node holds: a set. Of one log the LIMIT_FORK_PROOFS smallest by (f, name) are kept, so that
 * nodes which have seen the same proofs hold the same ones, in whichever order they came.
 */
#ifndef GMM_PROTO_FORKS_H
#define GMM_PROTO_FORKS_H

#include "proto/fork.h"

struct forks;

struct forks *forks_new(void);
void forks_free(struct forks *forks);
/* Takes the proof on success. *evicted (may be NULL): one that no longer belongs to the set, the caller's to free;
 * NULL: none. GMM_EEXISTS: held already; GMM_ELIMIT: the log has enough smaller ones, or (group, author)
 * LIMIT_INSTANCES forked logs; GMM_ENOMEM. */
enum gmm_err forks_add(struct forks *forks, struct fork_proof *proof, struct fork_proof **evicted);
/* Takes one out (a store that failed); NULL: not held. The caller frees. */
struct fork_proof *forks_take(struct forks *forks, const struct gmm_id *hash);
size_t forks_count(const struct forks *forks);
/* Sorted by log, f, name; NULL past the end. */
const struct fork_proof *forks_at(const struct forks *forks, size_t index);
/* The proofs of one log: index of the first, and how many. */
size_t forks_of(const struct forks *forks, const struct run_key *key, size_t *count);
const struct fork_proof *forks_find(const struct forks *forks, const struct gmm_id *hash);

#endif
