/* What the clocks of others say of ours: how far it is ahead of each participant's, as heard in their hellos.
 *
 * "It must not sign when its clock is before the program's build date, nor when its clock is more than 5 minutes from
 * the median of the clocks that it heard within 24 hours in hellos." One row a participant, whichever of its offices
 * spoke last. Rows stand in the order in which they were heard.
 *
 * Our own clock may be set between two hellos, and then all that was heard before is wrong. One participant that
 * disagrees with itself may have set its own; when two do in the same way it was ours, and what was heard before them
 * is forgotten: two that lie so can make us warn instead of refuse, never make us refuse.
 */
#ifndef GMM_PROTO_CLOCKS_H
#define GMM_PROTO_CLOCKS_H

#include "keys/bytes.h"
#include "keys/id.h"
#include "keys/limits.h"

struct clocks_row {
    struct gmm_id pid;
    int64_t ahead_ms; /* our clock − its clock */
    int64_t moved_ms; /* how that differed from what was heard of it before; 0: by less than a minute */
    uint64_t heard_ms;
};
struct clocks {
    size_t count;
    struct clocks_row rows[LIMIT_PARTICIPANTS];
};
#define CLOCKS_BYTES_MAX (LIMIT_PARTICIPANTS * 56u)

/* A hello that says clock_ms came at now_ms. Beyond the limit the one not heard for longest is forgotten. */
void clocks_hear(struct clocks *clocks, const struct gmm_id *pid, uint64_t clock_ms, uint64_t now_ms);
/* The median of how far our clock is ahead (behind: negative), over the participants heard within 24 hours of now_ms;
 * of an even number the mean of the middle two. Returns how many those are; 0: *ahead_ms is 0. */
size_t clocks_median(const struct clocks *clocks, uint64_t now_ms, int64_t *ahead_ms);
/* Must we not sign? At least LIMIT_CLOCK_PARTICIPANTS were heard, and the median is beyond LIMIT_FUTURE_MS. */
bool clocks_refuse(const struct clocks *clocks, uint64_t now_ms, int64_t *ahead_ms);

/* For the store: a row is pid 32, ahead u64, moved u64 (two's complement), heard u64. */
enum gmm_err clocks_encode(struct buffer *out, const struct clocks *clocks);
/* GMM_EFORMAT: not what clocks_encode makes; *clocks is empty then. */
enum gmm_err clocks_decode(struct clocks *clocks, const void *bytes, size_t len);

#endif
