/* TCP through libuv: listeners, dialling, connections that feed the engine, back-pressure, the engine's timer, and the
 * dialling policy over the table of peers (back-off with jitter; unbound addresses try the offices we know in turn:
 * inviter and chair first). */
#ifndef GMM_NODE_NET_H
#define GMM_NODE_NET_H

#include <uv.h>

#include "node/node.h"

/* Attaches to the node (node->net). */
enum gmm_err net_open(struct net **out, struct node *node, uv_loop_t *loop);
/* Closes every socket; the loop must run once more for the callbacks. */
void net_close(struct net *net);
/* "host:port", "[v6]:port"; port 0 takes a free one. bound: what it listens on now ("127.0.0.1:4711"). */
enum gmm_err net_listen(struct net *net, const char *address, char bound[256], struct gmm_msg *msg);
/* What it listens on, "127.0.0.1:4711"; NULL past the last. */
const char *net_listening(const struct net *net, size_t index);
/* Reads the table of peers again and dials every one that is not connected: once (sync), or now and then again and
 * again (daemon). May be called again (`peer add`, `sync`). */
void net_dial_peers(struct net *net, bool keep_trying);
/* `peer set` changed what links may carry. */
void net_limits_changed(struct net *net);
bool net_dialled(const struct net *net); /* net_dial_peers was called */
/* A join connection; the engine gets JOIN_SEND after CONNECTED. How it goes: net_joins. */
enum gmm_err net_dial_join(struct net *net, const char *address, const struct gmm_id *noise_pk, const void *request,
                           size_t len);
struct net_join {
    char address[256];
    enum { NET_JOIN_DIALLING, NET_JOIN_OPEN, NET_JOIN_CLOSED } state; /* closed: never reached, or ended (why) */
    char why[128];
};
/* The join connections since net_open, newest first. Returns how many (at most max). */
size_t net_joins(const struct net *net, struct net_join *out, size_t max);

/* For commands that wait (sync, join, get): fn runs at the end of each loop iteration in which the engine stepped or a
 * peer's state changed, and with timed_out once timeout_ms have passed (0: never). It may unwatch itself and answer its
 * call. */
struct net_watch;
typedef void net_watch_fn(void *arg, bool timed_out);
struct net_watch *net_watch(struct net *net, uint64_t timeout_ms, net_watch_fn *fn,
                            void *arg);    /* NULL: out of memory */
void net_unwatch(struct net_watch *watch); /* NULL is fine */
/* Something was done outside of a connection (a command's handler): flush, watchers and sends at the end of this
 * iteration. */
void net_touch(struct net *net);
/* The engine is out of memory: the loop was stopped, and the process should end. */
enum gmm_err net_failed(const struct net *net);
/* The loop it runs on: for a command's own timers. */
uv_loop_t *net_loop(const struct net *net);
/* Addresses that others can dial, in this order: advertised ones (run --advertise, gmm.conf), then what it listens on
 * but for wildcard hosts. At most max; returns how many. */
size_t net_addresses(const struct net *net, char out[][256], size_t max);
/* Every CONNECTED is followed by exactly one DISCONNECTED, also after the engine closed it, and nothing is RECEIVED in
 * between. DRAINED comes once the engine may think that half of what the link takes in half a second or more is queued,
 * and less than that is. */

struct net_peer { /* for `peer list` and `sync` */
    char address[256];
    struct gmm_id sign_pk; /* zero: unbound */
    enum { NET_CONNECTED, NET_CONNECTING, NET_UNREACHABLE, NET_UNBOUND } state;
    bool synced, incoming;
    struct gmm_id noise_pk; /* zero: unbound */
    uint64_t bytes_in, bytes_out, received, sent;
    char why[128]; /* the last failure */
};
/* Peers as they stand: configured addresses and incoming sessions. Returns how many (at most max). */
size_t net_peers(const struct net *net, struct net_peer *out, size_t max);
/* True while a configured address is still being tried for the first time since net_dial_peers. */
bool net_dialling(const struct net *net);

#endif
