/* How fast one connection may be written and read: the link's own pace, measured, and the limits set for the peer.
 *
 * A link that is slow must not fill up with bytes that can no longer give way: about half a second of it is taken from
 * the engine at a time, and as much, beside a round trip, is left to the kernel. What is there when the link is cut was
 * sent in vain.
 */
#ifndef GMM_NODE_NETPACE_H
#define GMM_NODE_NETPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/id.h"

struct netpace_bucket {
    uint64_t rate;    /* bytes a second; 0: no limit */
    int64_t tokens;   /* bytes; below zero: owed */
    uint64_t last_ms; /* when they were counted */
};
struct netpace {
    struct netpace_bucket out, in;
    size_t room;      /* bytes that the link takes in about half a second */
    size_t unsent;    /* as the kernel was told */
    uint64_t written; /* bytes, in all */
    /* While more waits than the kernel takes, what the other side acknowledges is counted: that is the link's rate.
     * (The kernel's own figure is that of bursts, where the receiver is what is slow.) */
    uint64_t since_ms, since_bytes, rate; /* since_ms 0: nothing waits; rate: bytes a second, 0: not known */
    bool near;    /* the handshake was answered at once, and what it carries was not tried yet */
    bool blocked; /* since the room was told last */
};

#define NETPACE_KEPT 64u
/* How slow the links to offices were when they ended last: the next session begins at that pace. In memory only. */
struct netpace_memory {
    struct {
        struct gmm_id office;
        size_t room;
    } links[NETPACE_KEPT];
    size_t next;
};

void netpace_init(struct netpace *p, int fd);
/* Limits from now on, in bytes a second; 0: none. */
void netpace_limit(struct netpace *p, uint64_t out, uint64_t in, uint64_t now_ms);
/* Measures: how much room the engine may be told (never 0). */
size_t netpace_room(struct netpace *p, int fd, uint64_t now_ms);
/* How many bytes may be written now; 0: none before *again_ms. */
size_t netpace_out(struct netpace *p, int fd, uint64_t now_ms, uint64_t *again_ms);
void netpace_wrote(struct netpace *p, size_t bytes);
/* The kernel takes no more now. */
void netpace_blocked(struct netpace *p, int fd, uint64_t now_ms);
/* So many were read: 0, or nothing is read before then. */
uint64_t netpace_read(struct netpace *p, size_t bytes, uint64_t now_ms);
/* The session with this office has ended; a link that was not slow is forgotten. */
void netpace_keep(struct netpace_memory *memory, const struct gmm_id *office, const struct netpace *p);
/* A session with this office has begun; false: its link is not known to be slow. */
bool netpace_recall(const struct netpace_memory *memory, const struct gmm_id *office, struct netpace *p);

#endif
