/* Since when an office, or a participant, is known to hold an entry durably: what anchors and sisters' reports come to
 * as receipts and for consultations (protocol: Anchors). Inside of the fold; others ask by fold_stored and
 * fold_holdings.
 */
#ifndef GMM_PROTO_STORED_H
#define GMM_PROTO_STORED_H

#include "proto/run.h"

struct fold;
struct anchors;
struct state;
/* ms since 1970 of what says first that the office holds the log up to seq or beyond; 0: nothing does. Whether the
 * office may say so is not asked: it is its own word, or that of an office of the same participant. */
uint64_t fold_stored(const struct fold *fold, const struct run_key *log, uint64_t seq, const struct gmm_id *office,
                     const struct gmm_id *const *sisters, size_t sister_count);
uint64_t stored_since(const struct anchors *a, const struct run_key *log, uint64_t seq, const struct gmm_id *office,
                      const struct gmm_id *const *sisters, size_t sister_count);

/* A participant claims a log up to seq, by an anchor of that time that counts. */
struct stored_holding {
    struct gmm_id pid;
    uint64_t seq, time_ms;
};
/* All there are of a log, in the order of who, how far, when: a function of the records held. The log's own participant
 * claims nothing; nor does anybody of a log in `internal`, where claims are of offices. *list: free. GMM_EUNKNOWN: no
 * charter yet; GMM_ENOMEM. */
enum gmm_err fold_holdings(struct fold *fold, const struct run_key *log, struct stored_holding **list, size_t *count);
enum gmm_err stored_holdings(const struct anchors *a, const struct state *s, const struct run_key *log,
                             struct stored_holding **list, size_t *count);

#endif
