/* What the kernel knows of a TCP connection: how fast the link takes bytes, and how many are on their way. */
#ifndef GMM_NODE_LINKRATE_H
#define GMM_NODE_LINKRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct linkrate {
    uint64_t bytes_s;    /* delivered a second, as measured last; 0: not known yet */
    uint32_t min_rtt_ms; /* the shortest round trip seen */
    bool rtt_known;      /* that it was seen at all */
    size_t outstanding;  /* written, and not yet acknowledged by the other side */
};
/* False: the kernel does not say. */
bool linkrate_get(int fd, struct linkrate *out);
/* At most about so many bytes are kept by the kernel before it sends them; the rest waits where it can still give way.
 */
void linkrate_unsent_most(int fd, size_t bytes);

#endif
