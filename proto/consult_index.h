/* The facts of a consultation in canonical order and by id; texts of one version (inside of proto/consult.h only). */
#ifndef GMM_PROTO_CONSULT_INDEX_H
#define GMM_PROTO_CONSULT_INDEX_H

#include "proto/consult.h"

struct consult_index {
    const struct consult_facts *facts;
    size_t count;
    const struct consult_fact **order; /* by time, then id; each entry once */
    const struct consult_fact **by_id;
};
enum gmm_err consult_index_make(struct consult_index *out, const struct consult_facts *facts);
void consult_index_close(struct consult_index *x);
const struct consult_fact *consult_index_find(const struct consult_index *x, const struct gmm_id *id);
/* The original of a text; NULL: not held. */
const struct consult_fact *consult_index_original(const struct consult_index *x, const struct gmm_id *document);
/* When all these languages of the original's version existed; 0: one does not. */
uint64_t consult_index_complete(const struct consult_index *x, const struct gmm_id *original,
                                const struct record_text *langs, uint32_t count);
/* When the first office of this participant is known to hold a text of the version; 0: it is not. */
uint64_t consult_index_stored(const struct consult_index *x, const struct gmm_id *original, const struct gmm_id *pid);
/* Counts for silence at this time. */
bool consult_index_counts(const struct consult_index *x, const struct gmm_id *pid, uint64_t at_ms);
static inline uint64_t consult_index_ms(const struct consult_fact *fact)
{
    return fact->time >> 16;
}

#endif
