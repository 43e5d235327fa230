#include "node/netdial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/net_state.h"
#include "node/uvtext.h"

#define DIAL_MS 10000u

struct netdial {
    struct net *net;
    struct netdial *next;
    netdial_fn *fn; /* NULL: cancelled, or answered */
    void *arg;
    uint64_t due;
    unsigned pending; /* callbacks of libuv that will still come, and the call that started it */
    char host[256], port[8], why[128];
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    struct addrinfo *found, *at;
    struct netconn *conn; /* being connected */
};

bool netdial_split(const char *address, char host[256], char port[8])
{
    const char *colon = strrchr(address, ':'), *start = address;
    if (colon == NULL)
        return false;
    size_t len = (size_t)(colon - address);
    if (address[0] == '[') {
        if (len < 2 || address[len - 1] != ']')
            return false;
        start++;
        len -= 2;
    } else if (memchr(address, ':', len) != NULL)
        return false;
    size_t digits = strspn(colon + 1, "0123456789");
    if (len == 0 || len > 255 || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
        strtoul(colon + 1, NULL, 10) > 65535)
        return false;
    memcpy(host, start, len);
    host[len] = '\0';
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

/* The memory goes once it is answered and libuv has nothing more to say. */
static void release(struct netdial *dial)
{
    if (--dial->pending > 0 || dial->fn != NULL)
        return;
    struct netdial **at = &dial->net->dials;
    while (*at != dial)
        at = &(*at)->next;
    *at = dial->next;
    uv_freeaddrinfo(dial->found);
    struct net *net = dial->net;
    free(dial);
    net_handle_closed(net);
}

static void answer(struct netdial *dial, struct netconn *conn)
{
    netdial_fn *fn = dial->fn;
    dial->fn = NULL;
    if (fn != NULL)
        fn(dial->arg, conn, dial->why);
    else if (conn != NULL)
        netconn_close(conn, N_("no longer wanted"));
}

static void set_why(struct netdial *dial, const char *why)
{
    snprintf(dial->why, sizeof dial->why, "%s", why);
}

static void try_next(struct netdial *dial);

static void on_connected(uv_connect_t *request, int status)
{
    struct netdial *dial = request->data;
    struct netconn *conn = dial->conn;
    dial->conn = NULL;
    if (status == 0 && conn->state == NETCONN_CONNECTING)
        answer(dial, conn);
    else {
        if (status != UV_ECANCELED)
            set_why(dial, uvtext(status));
        netconn_close(conn, dial->why);
        if (dial->fn != NULL)
            try_next(dial);
    }
    release(dial);
}

static bool connect_to(struct netdial *dial, const struct sockaddr *address)
{
    struct netconn *conn = netconn_new(dial->net);
    if (conn == NULL) {
        set_why(dial, N_("no more connections can be opened"));
        return false;
    }
    int err = uv_tcp_connect(&dial->connect, &conn->tcp, address, on_connected);
    if (err != 0) {
        set_why(dial, uvtext(err));
        netconn_close(conn, dial->why);
        return false;
    }
    dial->conn = conn;
    dial->pending++;
    return true;
}

/* The next of the name's addresses; the answer when there is none left, or no time. */
static void try_next(struct netdial *dial)
{
    while (dial->at != NULL && !dial->net->closing && uv_now(dial->net->loop) < dial->due) {
        const struct sockaddr *address = dial->at->ai_addr;
        dial->at = dial->at->ai_next;
        if (connect_to(dial, address))
            return;
    }
    answer(dial, NULL);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct netdial *dial = request->data;
    dial->found = dial->at = found;
    if (status != 0)
        snprintf(dial->why, sizeof dial->why, _("'%.64s' cannot be resolved: %s"), dial->host, uvtext(status));
    if (dial->fn != NULL)
        try_next(dial);
    release(dial);
}

static int resolve(struct netdial *dial)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int err = uv_getaddrinfo(dial->net->loop, &dial->resolve, on_resolved, dial->host, dial->port, &hints);
    dial->pending += err == 0;
    return err;
}

/* A literal address needs no resolver and its threads. 1: it is one, and the connection is under way. */
static int connect_literal(struct netdial *dial)
{
    struct sockaddr_storage address;
    int port = (int)strtol(dial->port, NULL, 10);
    memset(&address, 0, sizeof address);
    if (uv_ip4_addr(dial->host, port, (struct sockaddr_in *)(void *)&address) != 0 &&
        uv_ip6_addr(dial->host, port, (struct sockaddr_in6 *)(void *)&address) != 0)
        return 0;
    return connect_to(dial, (struct sockaddr *)(void *)&address) ? 1 : 0;
}

struct netdial *netdial_new(struct net *net, const char *address, netdial_fn *fn, void *arg)
{
    struct netdial *dial = net->closing ? NULL : calloc(1, sizeof *dial);
    if (dial == NULL)
        return NULL;
    if (!netdial_split(address, dial->host, dial->port)) {
        free(dial);
        return NULL;
    }
    dial->net = net;
    dial->fn = fn;
    dial->arg = arg;
    dial->due = uv_now(net->loop) + DIAL_MS;
    dial->resolve.data = dial;
    dial->connect.data = dial;
    if (connect_literal(dial) == 0 && resolve(dial) != 0) {
        free(dial);
        return NULL;
    }
    dial->next = net->dials;
    net->dials = dial;
    net_handle_opened(net);
    return dial;
}

void netdial_cancel(struct netdial *dial)
{
    if (dial == NULL)
        return;
    dial->fn = NULL;
    if (dial->conn != NULL)
        netconn_close(dial->conn, N_("no longer wanted"));
    (void)uv_cancel((uv_req_t *)&dial->resolve);
}

uint64_t netdial_expire(struct net *net)
{
    uint64_t next = UINT64_MAX, now = uv_now(net->loop);
    for (struct netdial *dial = net->dials; dial != NULL; dial = dial->next) {
        if (dial->fn == NULL)
            continue;
        if (now < dial->due) {
            next = dial->due < next ? dial->due : next;
            continue;
        }
        set_why(dial, N_("no answer within 10 seconds"));
        answer(dial, NULL);
        netdial_cancel(dial);
    }
    return next;
}
