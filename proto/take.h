/* What this office takes of each group by itself (protocol: Bodies apart): all, from a date on, or headers only; and of
 * which peers it takes headers and small bodies only, for their link is metered. Control is always taken whole.
 */
#ifndef GMM_PROTO_TAKE_H
#define GMM_PROTO_TAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "keys/error.h"
#include "keys/id.h"

#define TAKE_NOTHING UINT64_MAX /* a date after all */
#define TAKE_SMALL (4u << 10)   /* bytes of a body: taken over metered links too */
#define TAKE_ANY UINT32_MAX

struct take_group {
    struct gmm_id gid;
    uint64_t since_ms; /* entries timed earlier: headers only */
};
struct take { /* what is not named is taken whole, of everybody */
    struct take_group *groups;
    size_t group_count;
    struct gmm_id *metered; /* sign_pk */
    size_t metered_count;
};

/* A copy takes the place of what was there. GMM_ENOMEM: nothing has changed. */
enum gmm_err take_set(struct take *take, const struct take_group *groups, size_t group_count,
                      const struct gmm_id *metered, size_t metered_count);
void take_close(struct take *take);
uint64_t take_since(const struct take *take, const struct gmm_id *gid); /* 0: all */
bool take_is_metered(const struct take *take, const struct gmm_id *sign_pk);

#endif
