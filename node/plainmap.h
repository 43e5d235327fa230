/* What a sealed record says, whatever its type: its msgpack map as JSON, bins as hex digits. For auditors, who may read
 * records of kinds that this program only knows from others. */
#ifndef GMM_NODE_PLAINMAP_H
#define GMM_NODE_PLAINMAP_H

#include <jansson.h>
#include <stddef.h>

#include "keys/error.h"

/* GMM_EFORMAT: no map of the profile, a map with other keys than texts, an integer beyond int64; or no memory for it.
 * On failure *out is NULL. */
enum gmm_err plainmap_json(json_t **out, const void *plain, size_t len);

#endif
