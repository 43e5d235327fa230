#include "proto/record_ids.h"

#include <string.h>

void record_ids_at(const struct record_ids *ids, uint32_t index, struct gmm_id *out)
{
    if (ids->packed == NULL)
        *out = ids->ids[index];
    else
        memcpy(out->b, ids->packed + index * RECORD_ID_PACKED + 2, sizeof out->b);
}
