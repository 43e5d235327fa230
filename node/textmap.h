/* From texts to numbers: which row of a table an id or a symbol belongs to. */
#ifndef GMM_NODE_TEXTMAP_H
#define GMM_NODE_TEXTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"

struct textmap_slot {
    const char *text; /* borrowed; NULL: free */
    uint32_t value;
};
struct textmap { /* all zero: empty */
    struct textmap_slot *slots;
    size_t count, capacity;
};

/* Sets or replaces. The text must outlive the map. GMM_ENOMEM. */
enum gmm_err textmap_put(struct textmap *map, const char *text, uint32_t value);
bool textmap_get(const struct textmap *map, const char *text, uint32_t *value);
void textmap_close(struct textmap *map);

#endif
