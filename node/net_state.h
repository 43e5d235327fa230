/* What node/net.c and its parts (netcore, netconn, netdial, netjoin, peers) share: private to them. */
#ifndef GMM_NODE_NET_STATE_H
#define GMM_NODE_NET_STATE_H

#include "node/net.h"
#include "node/netconn.h"

#define NET_CHAINS 256u
#define NET_LISTENERS LIMIT_ADDRESSES
#define NET_READ_BYTES (256u << 10)

struct netdial;
struct netjoin;
struct peers;

struct net_listener {
    struct net *net;
    uv_tcp_t tcp;
    char bound[256];
    bool waiting; /* somebody is at the door for whom there was no room: the loop listens on once they are taken */
};

struct net_watch {
    struct net *net; /* NULL: it is closed */
    struct net_watch *next;
    uint64_t due; /* of uv_now; 0: never */
    net_watch_fn *fn;
    void *arg;
    bool ended;
};

struct net {
    struct node *node;
    uv_loop_t *loop;
    uv_prepare_t prepare; /* before the loop waits, and after it: settle what was done since */
    uv_check_t check;
    uv_idle_t idle;   /* active while there is more to settle, so that the loop does not wait */
    uv_timer_t tick;  /* the engine's */
    uv_async_t woken; /* by threads that write for the node */
    uv_timer_t alarm; /* ours: time limits of dials and of closing connections, dialling again, watches */
    unsigned handles; /* open ones, and dials; the memory goes with the last */
    bool closing, settling;
    bool touched;         /* there is something to flush, write, or tell */
    bool changed;         /* watches are told */
    unsigned busy_rounds; /* with something to do at the sockets since the last slice */
    bool slices;          /* something may wait for a time when there is nothing else */
    enum gmm_err failed;
    uint64_t alarm_due;   /* UINT64_MAX: none */
    uint64_t quiet_until; /* store failures are not logged again before */
    uint32_t next_conn;
    struct netconn *chains[NET_CHAINS]; /* by number */
    struct netconn *dirty;              /* with bytes to write or a DISCONNECTED to tell */
    size_t conn_count, ending_count;
    uint64_t limits_due; /* when limits are looked at again; UINT64_MAX: no session has any */
    uint64_t flush_due;  /* when what waits in the store is committed; 0: nothing waits */
    uint64_t pace_due;   /* the earliest time that a connection waits for; UINT64_MAX: none does */
    uint64_t listing;    /* of peers: each session is counted once */
    struct netpace_memory paces;
    uint8_t *read_buffer;
    uint8_t address_key[16];
    struct net_listener listeners[NET_LISTENERS];
    size_t listener_count;
    struct netdial *dials;
    struct netjoin *joins; /* newest first */
    struct peers *peers;
    struct net_watch *watches;
    void (*conn_closed)(struct net *net, struct netconn *conn); /* for those above netconn.c */
};

/* netcore.c. Steps the engine; one that is out of memory is dead, and so is the network then (net_failed). */
void net_step(struct net *net, struct engine_event *event);
/* A handle of ours was opened, or its close callback came. */
void net_handle_opened(struct net *net);
void net_handle_closed(struct net *net);

#endif
