/* One TCP connection: reading into the engine, a queue of the engine's buffers, closing without losing what was queued.
 */
#ifndef GMM_NODE_NETCONN_H
#define GMM_NODE_NETCONN_H

#include <uv.h>

#include "node/netpace.h"
#include "node/node.h"
#include "node/peerlimits.h"

struct net;
struct netconn_part;

enum netconn_state {
    NETCONN_CONNECTING, /* not told to the engine yet */
    NETCONN_OPEN,
    NETCONN_ENDING, /* shut: what is queued goes out, what comes in is dropped, until the other side has closed too */
    NETCONN_CLOSED  /* uv_close was called */
};

struct netconn {
    struct net *net;
    struct netconn *chain;      /* of the same hash */
    struct netconn *next_dirty; /* NULL-ended; valid while dirty */
    bool dirty;
    uint32_t number;
    enum netconn_state state;
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    bool writing, shutting, reading;
    bool owes_disconnect; /* the engine knows it and must hear DISCONNECTED */
    size_t writing_bytes;
    struct netconn_part *first, *last; /* unsent */
    size_t first_offset, queued;
    size_t told; /* what the engine thinks is queued */
    struct netpace pace;
    struct peerlimits limits;     /* of the office, once the session is open */
    uint64_t counted;             /* bytes, in the day's account */
    uint64_t opened_ms;           /* when the session was (uv_now) */
    uint64_t write_due, read_due; /* not before (uv_now); 0: at any time */
    uint64_t ending_due;
    /* who is there */
    bool initiator, session_open, was_open, synced;
    uint64_t listed_at; /* net->listing when it was last listed */
    enum session_purpose purpose;
    struct gmm_id noise_pk; /* initiator: whom we dialled; else once the session is open */
    struct gmm_id sign_pk;  /* once the session is open */
    uint64_t bytes_in, bytes_out, received, sent;
    char remote[64];
    char why[128];
};

/* A connection that is not yet told to the engine; NULL: out of memory or at LIMIT_CONNECTIONS. */
struct netconn *netconn_new(struct net *net);
struct netconn *netconn_find(const struct net *net, uint32_t number);
/* The transport stands: CONNECTED goes to the engine, reading starts. */
void netconn_start(struct netconn *conn);
/* Takes the bytes; they are written at the end of the loop's iteration. */
void netconn_queue(struct netconn *conn, uint8_t *bytes, size_t len);
/* Writes what can be written at once, the rest as the socket takes it; tells the engine (DRAINED) when it has room. */
void netconn_flush(struct netconn *conn);
/* The session is open: if the link to this office is known to be slow, the engine is told (DRAINED). */
void netconn_recall(struct netconn *conn);
/* The engine wants it closed: gentle when it gave no error and something is still queued. The reason is kept. */
void netconn_end(struct netconn *conn, enum gmm_err err, const char *why);
/* Those whose time has come are dirty again; returns when the next one's does (UINT64_MAX: none waits). */
uint64_t netconn_wake(struct net *net);
/* At once. */
void netconn_close(struct netconn *conn, const char *why);

#endif
