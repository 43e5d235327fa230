#include "node/netjoin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/net_state.h"
#include "node/netdial.h"

#define JOINS_KEPT 16u

struct netjoin {
    struct net *net;
    struct netjoin *next;
    struct netdial *dial;
    uint32_t conn; /* 0: none */
    struct gmm_id noise_pk;
    uint8_t *request;
    size_t len;
    struct net_join public;
};

static void join_free(struct netjoin *join)
{
    netdial_cancel(join->dial);
    free(join->request);
    free(join);
}

/* The newest are kept, and those still under way. */
static void forget_old(struct net *net)
{
    unsigned count = 0;
    for (struct netjoin **at = &net->joins; *at != NULL;) {
        struct netjoin *join = *at;
        if (++count > JOINS_KEPT && join->public.state == NET_JOIN_CLOSED) {
            *at = join->next;
            join_free(join);
        } else
            at = &join->next;
    }
}

static void end(struct netjoin *join, const char *why)
{
    join->public.state = NET_JOIN_CLOSED;
    snprintf(join->public.why, sizeof join->public.why, "%s", why);
    join->conn = 0;
    join->net->changed = join->net->touched = true;
}

static void on_dialled(void *arg, struct netconn *conn, const char *why)
{
    struct netjoin *join = arg;
    join->dial = NULL;
    if (conn == NULL) {
        end(join, why);
        return;
    }
    join->conn = conn->number;
    join->public.state = NET_JOIN_OPEN;
    conn->initiator = true;
    conn->purpose = SESSION_JOIN;
    conn->noise_pk = join->noise_pk;
    netconn_start(conn);
    if (join->conn == 0)
        return; /* closed at once */
    struct engine_event event = {
        .kind = ENGINE_JOIN_SEND, .conn = conn->number, .bytes = join->request, .len = join->len};
    net_step(join->net, &event);
}

enum gmm_err netjoin_dial(struct net *net, const char *address, const struct gmm_id *noise_pk, const void *request,
                          size_t len)
{
    struct netjoin *join = calloc(1, sizeof *join);
    if (join == NULL)
        return GMM_ENOMEM;
    join->net = net;
    join->noise_pk = *noise_pk;
    join->len = len;
    join->request = malloc(len + 1);
    snprintf(join->public.address, sizeof join->public.address, "%s", address);
    join->dial = join->request != NULL ? netdial_new(net, address, on_dialled, join) : NULL;
    if (join->dial == NULL) {
        join_free(join);
        return GMM_ENOMEM;
    }
    memcpy(join->request, request, len);
    join->next = net->joins;
    net->joins = join;
    forget_old(net);
    return GMM_OK;
}

size_t netjoin_list(const struct net *net, struct net_join *out, size_t max)
{
    size_t count = 0;
    for (const struct netjoin *join = net->joins; join != NULL && count < max; join = join->next)
        out[count++] = join->public;
    return count;
}

void netjoin_closed(struct net *net, const struct netconn *conn)
{
    for (struct netjoin *join = net->joins; join != NULL; join = join->next)
        if (join->conn == conn->number)
            end(join, conn->why);
}

void netjoin_close_all(struct net *net)
{
    while (net->joins != NULL) {
        struct netjoin *join = net->joins;
        net->joins = join->next;
        join_free(join);
    }
}
