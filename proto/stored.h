/* Since when an office is known to hold an entry durably: what anchors and sisters' reports come to as receipts
 * (protocol: Anchors). Inside of the fold; others ask by fold_stored.
 */
#ifndef GMM_PROTO_STORED_H
#define GMM_PROTO_STORED_H

#include "proto/run.h"

struct fold;
struct anchors;
/* ms since 1970 of what says first that the office holds the log up to seq or beyond; 0: nothing does. Whether the
 * office may say so is not asked: it is its own word, or that of an office of the same participant. */
uint64_t fold_stored(const struct fold *fold, const struct run_key *log, uint64_t seq, const struct gmm_id *office,
                     const struct gmm_id *const *sisters, size_t sister_count);
uint64_t stored_since(const struct anchors *a, const struct run_key *log, uint64_t seq, const struct gmm_id *office,
                      const struct gmm_id *const *sisters, size_t sister_count);

#endif
