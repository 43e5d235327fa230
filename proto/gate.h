/* The one gate: what it admits is the only thing a store takes (architecture: rule 2). Integrity only, never effect.
 *
 * gate_admit checks, against the directory and the table of logs: some certificate names the author; the run continues
 * the log (seq and prev); its time continues; it is not more than LIMIT_FUTURE_MS ahead of now; instances within
 * limits; bodies present where the type may not lack them (below 64). A run that overlaps what is held is trimmed to
 * what is new.
 */
#ifndef GMM_PROTO_GATE_H
#define GMM_PROTO_GATE_H

#include "proto/directory.h"
#include "proto/logs.h"

struct admitted; /* opaque: entries first..last of a verified run, admitted to a log */

/* Takes *v on success. The log's admitted head moves.
 * GMM_EUNKNOWN: no certificate of the author; GMM_EORDER: a gap before it; GMM_EEXISTS: all of it is held already (*v
 * is freed and set NULL; of a run that ends before the head, whether its ids agree is the store's to say); GMM_EFORK:
 * it contradicts what is held, or goes past the end of a forked log (*v stays the caller's); GMM_EFORMAT: its
 * time does not continue; GMM_EFUTURE; GMM_ELIMIT; GMM_EABSENT: a body is missing that may not be; GMM_ENOMEM. *v stays
 * the caller's in all of these but GMM_EEXISTS. */
enum gmm_err gate_admit(struct admitted **out, struct verified_run **v, struct logs *logs,
                        const struct directory *directory, uint64_t now_ms);
/* Entries of the admitted part, in order; NULL past the end. */
const struct run_key *admitted_key(const struct admitted *a);
uint32_t admitted_count(const struct admitted *a);
const struct run_entry *admitted_entry(const struct admitted *a, uint32_t index);
uint64_t admitted_first_seq(const struct admitted *a);
const uint8_t *admitted_sig(const struct admitted *a); /* head signature over the last entry */
void admitted_head(const struct admitted *a, struct logs_head *head);
void admitted_free(struct admitted *a);

#endif
