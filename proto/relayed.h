/* What a relay keeps of chunks, for each group that it relays and in all, and how much that may be (protocol: Relays,
 * Chunks). Entries are not counted: who is full goes on with them.
 *
 * Where a bound is set nothing is fetched of a group whose bytes are not known yet: the driver tells them
 * (ENGINE_CHUNKS_HELD).
 */
#ifndef GMM_PROTO_RELAYED_H
#define GMM_PROTO_RELAYED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"
#include "keys/hash.h"

struct relayed_group {
    struct gmm_id gid;
    uint64_t bytes; /* sealed chunks */
    bool full;      /* something was left out for want of room, and there is none yet */
};
struct relayed {
    bool limited;              /* else there are no bounds */
    uint64_t most, group_most; /* bytes in all, and of one group */
    struct relayed_group *groups;
    size_t count, capacity;
};

void relayed_close(struct relayed *r);
/* What is held of a group; known from here on. GMM_ENOMEM. */
enum gmm_err relayed_put(struct relayed *r, const struct gmm_id *gid, uint64_t bytes);
/* NULL: not known. */
const struct relayed_group *relayed_find(const struct relayed *r, const struct gmm_id *gid);
/* A chunk of the group was stored. */
void relayed_add(struct relayed *r, const struct gmm_id *gid, uint64_t bytes);
/* May one more chunk be fetched, whatever its size, while so many bytes are under way? Remembers that the group is
 * full, or no more, when nothing is. */
bool relayed_room(struct relayed *r, const struct gmm_id *gid, uint64_t under_way);

#endif
