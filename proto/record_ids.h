/* Texts and lists of ids in records, borrowed from a record's bytes or from the caller (proto/record.h). */
#ifndef GMM_PROTO_RECORD_IDS_H
#define GMM_PROTO_RECORD_IDS_H

#include "keys/id.h"

struct record_text {
    const char *p; /* NULL: absent */
    size_t len;
};

/* Ids in ascending order, each once: of the caller's, or as they stand in a record's bytes. */
struct record_ids {
    uint32_t count;
    const struct gmm_id *ids;
    const uint8_t *packed; /* borrowed; not NULL: these count */
};
#define RECORD_ID_PACKED 34u /* bytes of one in a record */
void record_ids_at(const struct record_ids *ids, uint32_t index, struct gmm_id *out);

#endif
