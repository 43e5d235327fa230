#include "node/net.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/log.h"
#include "node/net_state.h"
#include "node/netdial.h"
#include "node/netjoin.h"
#include "node/netlimits.h"
#include "node/peers.h"
#include "node/uvtext.h"

#define ROUNDS 16u         /* of settling before the sockets are looked at again */
#define BUSY_ROUNDS 8u     /* with something at the sockets, until an import goes on all the same */
#define TICK_MS_MAX 60000u /* the wall clock may jump: the engine is asked that often at least */
#define QUIET_MS 60000u    /* between two lines of the log about a store that fails */
#define ACCEPT_BACKLOG 1024

/* ---- handles, opening, closing ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    net_handle_closed(handle->data);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct net_listener *listener = handle->data;
    net_handle_closed(listener->net);
}

static void on_connection(uv_stream_t *stream, int status);
static void on_prepare(uv_prepare_t *handle);
static void on_check(uv_check_t *handle);
static void on_idle(uv_idle_t *handle);

static void on_woken(uv_async_t *handle)
{
    net_touch(handle->data);
}

/* None of these keeps the loop alive: listeners, connections and the owner's own handles do. */
static void open_handles(struct net *net)
{
    uv_handle_t *const handles[] = {(uv_handle_t *)&net->prepare, (uv_handle_t *)&net->check,
                                    (uv_handle_t *)&net->idle,    (uv_handle_t *)&net->tick,
                                    (uv_handle_t *)&net->alarm,   (uv_handle_t *)&net->woken};
    uv_prepare_init(net->loop, &net->prepare);
    uv_check_init(net->loop, &net->check);
    uv_idle_init(net->loop, &net->idle);
    uv_timer_init(net->loop, &net->tick);
    uv_timer_init(net->loop, &net->alarm);
    uv_async_init(net->loop, &net->woken, on_woken);
    uv_prepare_start(&net->prepare, on_prepare);
    uv_check_start(&net->check, on_check);
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        handles[i]->data = net;
        uv_unref(handles[i]);
        net_handle_opened(net);
    }
}

/* ---- the engine ---- */

static void on_tick(uv_timer_t *timer);

static void net_timer(struct net *net, uint64_t at_ms)
{
    uint64_t now = node_now_ms(), delay = at_ms > now ? at_ms - now : 1;
    uv_update_time(net->loop);
    uv_timer_start(&net->tick, on_tick, delay < TICK_MS_MAX ? delay : TICK_MS_MAX, 0);
}

static void on_tick(uv_timer_t *timer)
{
    struct net *net = timer->data;
    struct engine_event event = {.kind = ENGINE_TICK};
    net_step(net, &event);
    uint64_t again = node_next_tick_ms(net->node);
    if (!uv_is_active((uv_handle_t *)&net->tick) && again != UINT64_MAX)
        net_timer(net, again);
}

static void net_send(struct net *net, uint32_t number, uint8_t *bytes, size_t len)
{
    struct netconn *conn = netconn_find(net, number);
    if (conn != NULL)
        netconn_queue(conn, bytes, len);
    else
        free(bytes);
}

static void net_shut(struct net *net, uint32_t number, enum gmm_err err, const char *text)
{
    struct netconn *conn = netconn_find(net, number);
    if (conn != NULL)
        netconn_end(conn, err, text);
}

static void net_peer_changed(struct net *net, uint32_t number, const struct effect *effect)
{
    struct netconn *conn = netconn_find(net, number);
    net->touched = net->changed = true;
    if (conn == NULL || conn->state != NETCONN_OPEN)
        return;
    conn->sign_pk = effect->as.peer.sign_pk;
    conn->received = effect->as.peer.received;
    conn->sent = effect->as.peer.sent;
    conn->synced = effect->as.peer.state == ENGINE_PEER_SYNCED;
    if (conn->session_open)
        return;
    const struct view *view = engine_view(net->node->engine);
    const struct view_office *office = view != NULL ? view_office(view, &conn->sign_pk) : NULL;
    if (!conn->initiator && office != NULL)
        conn->noise_pk = office->noise_pk;
    conn->session_open = conn->was_open = true;
    log_info("connected to %s (%s)", office != NULL ? office->office : _("an office"), conn->remote);
    conn->opened_ms = uv_now(net->loop);
    netlimits_opened(net, conn);
    netconn_recall(conn);
    net->limits_due = 0;
    peers_opened(net, conn);
}

static void net_hang_up(struct net *net, const char *text)
{
    for (size_t i = 0; i < NET_CHAINS; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL; conn = conn->chain)
            netconn_end(conn, GMM_ECLOSED, text);
    net->touched = net->changed = true;
}

static void net_wake(void *net)
{
    uv_async_send(&((struct net *)net)->woken);
}

static const struct node_transport transport = {net_send, net_shut, net_timer, net_peer_changed, net_hang_up, net_wake};

static void conn_closed(struct net *net, struct netconn *conn)
{
    if (conn->was_open) {
        netlimits_closed(net, conn);
        netpace_keep(&net->paces, &conn->noise_pk, &conn->pace);
    }
    peers_closed(net, conn);
    netjoin_closed(net, conn);
}

enum gmm_err net_open(struct net **out, struct node *node, uv_loop_t *loop)
{
    struct net *net = calloc(1, sizeof *net);
    if (net == NULL)
        return GMM_ENOMEM;
    net->node = node;
    net->loop = loop;
    net->conn_closed = conn_closed;
    net->alarm_due = net->pace_due = UINT64_MAX;
    net->read_buffer = malloc(NET_READ_BYTES);
    net->peers = peers_new(net);
    if (net->read_buffer == NULL || net->peers == NULL) {
        peers_free(net->peers);
        free(net->read_buffer);
        free(net);
        return GMM_ENOMEM;
    }
    randombytes_buf(net->address_key, sizeof net->address_key);
    open_handles(net);
    node->net = net;
    node->transport = &transport;
    uint64_t tick_ms = node_next_tick_ms(node);
    if (tick_ms != UINT64_MAX)
        net_timer(net, tick_ms);
    *out = net;
    return GMM_OK;
}

void net_close(struct net *net)
{
    if (net == NULL || net->closing)
        return;
    net->closing = true;
    node_chunks_close(net->node);
    net->node->net = NULL;
    peers_free(net->peers);
    netjoin_close_all(net);
    for (size_t i = 0; i < NET_CHAINS; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL; conn = conn->chain)
            netconn_close(conn, _("the node stops"));
    for (struct net_watch *watch = net->watches, *next; watch != NULL; watch = next) {
        next = watch->next;
        watch->net = NULL; /* who holds it frees it with net_unwatch */
        if (watch->ended)
            free(watch);
    }
    net->watches = NULL;
    for (size_t i = 0; i < net->listener_count; i++)
        uv_close((uv_handle_t *)&net->listeners[i].tcp, on_listener_closed);
    uv_close((uv_handle_t *)&net->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&net->check, on_handle_closed);
    uv_close((uv_handle_t *)&net->idle, on_handle_closed);
    uv_close((uv_handle_t *)&net->tick, on_handle_closed);
    uv_close((uv_handle_t *)&net->alarm, on_handle_closed);
    uv_close((uv_handle_t *)&net->woken, on_handle_closed);
}

uv_loop_t *net_loop(const struct net *net)
{
    return net->loop;
}

enum gmm_err net_failed(const struct net *net)
{
    return net->failed;
}

void net_touch(struct net *net)
{
    net->touched = net->changed = true;
}

static void flush_store(struct net *net)
{
    node_land(net->node, false);
    net->flush_due = node_flush_due(net->node);
    if (net->flush_due > uv_now(net->loop))
        return;
    net->flush_due = 0;
    enum gmm_err err = node_flush_awaited(net->node);
    if (err == GMM_OK || uv_now(net->loop) < net->quiet_until)
        return;
    net->quiet_until = uv_now(net->loop) + QUIET_MS;
    log_warning("the store cannot be written: %s", gmm_err_text(err));
}

/* ---- settling: once an iteration, so that several received runs share one commit ---- */

static void flush_conns(struct net *net)
{
    struct netconn *conn = net->dirty;
    net->dirty = NULL;
    while (conn != NULL) {
        struct netconn *next = conn->next_dirty;
        conn->dirty = false;
        netconn_flush(conn);
        conn = next;
    }
}

static void run_watches(struct net *net)
{
    net->changed = false;
    uint64_t now = uv_now(net->loop);
    for (struct net_watch *watch = net->watches; watch != NULL; watch = watch->next) {
        bool timed_out = watch->due != 0 && watch->due <= now;
        if (timed_out)
            watch->due = 0;
        if (!watch->ended)
            watch->fn(watch->arg, timed_out);
    }
    for (struct net_watch **at = &net->watches; *at != NULL;) {
        struct net_watch *watch = *at;
        if (!watch->ended) {
            at = &watch->next;
            continue;
        }
        *at = watch->next;
        free(watch);
    }
}

static void on_alarm(uv_timer_t *timer)
{
    struct net *net = timer->data;
    net->alarm_due = UINT64_MAX;
    net->touched = true;
}

static uint64_t end_overdue(struct net *net)
{
    uint64_t next = UINT64_MAX, now = uv_now(net->loop);
    for (size_t i = 0; i < NET_CHAINS && net->ending_count > 0; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL; conn = conn->chain) {
            if (conn->state != NETCONN_ENDING)
                continue;
            if (conn->ending_due <= now)
                netconn_close(conn, "");
            else if (conn->ending_due < next)
                next = conn->ending_due;
        }
    return next;
}

static uint64_t next_watch(struct net *net)
{
    uint64_t next = UINT64_MAX, now = uv_now(net->loop);
    for (const struct net_watch *watch = net->watches; watch != NULL; watch = watch->next) {
        if (watch->due == 0 || watch->ended)
            continue;
        net->changed = net->changed || watch->due <= now;
        next = watch->due < next ? watch->due : next;
    }
    return next;
}

/* What overstays ends, what is due begins; the alarm is set for the next time. */
static void keep_time(struct net *net)
{
    uint64_t next = netdial_expire(net), due = peers_tick(net->peers);
    next = due < next ? due : next;
    due = netlimits_tick(net);
    next = due < next ? due : next;
    due = end_overdue(net);
    next = due < next ? due : next;
    due = next_watch(net);
    next = due < next ? due : next;
    next = net->pace_due < next ? net->pace_due : next;
    next = net->flush_due != 0 && net->flush_due < next ? net->flush_due : next;
    due = net->node->slice_due_ms;
    next = due != 0 && due < next ? due : next;
    if (next == net->alarm_due)
        return;
    net->alarm_due = next;
    uint64_t now = uv_now(net->loop);
    if (next == UINT64_MAX)
        uv_timer_stop(&net->alarm);
    else
        uv_timer_start(&net->alarm, on_alarm, next > now ? next - now : 1, 0);
}

/* libuv listens no more until the connection that it has told of is accepted. */
static void take_waiting(struct net *net)
{
    for (size_t i = 0; i < net->listener_count; i++)
        if (net->listeners[i].waiting)
            on_connection((uv_stream_t *)&net->listeners[i].tcp, 0);
}

/* polled: the sockets were just looked at. */
static void settle(struct net *net, bool polled)
{
    if (net->settling || net->closing)
        return;
    net->settling = true;
    take_waiting(net);
    bool watched = false, worked = net->touched || net->changed;
    for (unsigned round = 0; round < ROUNDS && !net->closing && (net->touched || net->changed); round++) {
        net->touched = false;
        flush_store(net);
        net->node->above->settled(net->node);
        if (net->pace_due <= uv_now(net->loop))
            net->pace_due = netconn_wake(net);
        flush_conns(net);
        keep_time(net);
        if (net->changed) {
            watched = watched || net->watches != NULL;
            run_watches(net);
        }
    }
    /* What can wait is done where the sockets had nothing, a slice at a time: then they are looked at again. */
    if (worked)
        net->slices = true;
    if (polled && net->slices && !net->closing) {
        bool busy = worked && ++net->busy_rounds < BUSY_ROUNDS;
        if (!busy) {
            net->slices = net->node->above->slice(net->node, worked) || worked;
            net->busy_rounds = 0;
        }
    }
    net->settling = false;
    if (net->closing)
        return;
    /* A watch may have ended what the loop runs for: the loop does not wait before its owner has looked. */
    if (net->touched || net->changed || watched || net->slices)
        uv_idle_start(&net->idle, on_idle);
    else
        uv_idle_stop(&net->idle);
}

static void on_prepare(uv_prepare_t *handle)
{
    settle(handle->data, false);
}

static void on_check(uv_check_t *handle)
{
    settle(handle->data, true);
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle; /* its being active is what keeps the loop from waiting */
}

/* ---- watches ---- */

struct net_watch *net_watch(struct net *net, uint64_t timeout_ms, net_watch_fn *fn, void *arg)
{
    struct net_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    uv_update_time(net->loop);
    *watch = (struct net_watch){.net = net,
                                .next = net->watches,
                                .due = timeout_ms > 0 ? uv_now(net->loop) + timeout_ms : 0,
                                .fn = fn,
                                .arg = arg};
    net->watches = watch;
    net->touched = true;
    return watch;
}

void net_unwatch(struct net_watch *watch)
{
    if (watch == NULL)
        return;
    if (watch->net == NULL) {
        free(watch);
        return;
    }
    watch->ended = true; /* the list may be walked just now: freed at its end */
    watch->net->changed = true;
}

/* ---- listening ---- */

static void on_connection(uv_stream_t *stream, int status)
{
    struct net_listener *listener = stream->data;
    struct net *net = listener->net;
    struct netconn *conn = status == 0 ? netconn_new(net) : NULL;
    listener->waiting = status == 0 && conn == NULL;
    if (conn == NULL)
        return;
    conn->purpose = SESSION_OFFICES; /* the preamble says what it really is */
    if (uv_accept(stream, (uv_stream_t *)&conn->tcp) != 0)
        netconn_close(conn, _("not accepted"));
    else if (net->node->engine == NULL)
        netconn_close(conn, "this home has no network yet");
    else
        netconn_start(conn);
}

/* A literal address, else the first that the resolver gives (at start: blocking is fine). */
static enum gmm_err resolve(struct net *net, const char *address, struct sockaddr_storage *out, struct gmm_msg *msg)
{
    char host[256], port[8];
    if (!netdial_split(address, host, port))
        return gmm_fail(msg, GMM_EUSAGE, "'%s' is not an address to listen on: give HOST:PORT, such as 0.0.0.0:7466",
                        address);
    int number = (int)strtol(port, NULL, 10);
    if (uv_ip4_addr(host, number, (struct sockaddr_in *)(void *)out) == 0 ||
        uv_ip6_addr(host, number, (struct sockaddr_in6 *)(void *)out) == 0)
        return GMM_OK;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    uv_getaddrinfo_t request;
    int err = uv_getaddrinfo(net->loop, &request, NULL, host, port, &hints);
    if (err != 0)
        return gmm_fail(msg, GMM_EIO, "cannot listen on '%s': %s", address, text_tr(uvtext(err)));
    memcpy(out, request.addrinfo->ai_addr, request.addrinfo->ai_addrlen);
    uv_freeaddrinfo(request.addrinfo);
    return GMM_OK;
}

static int describe_bound(struct net_listener *listener)
{
    struct sockaddr_storage address;
    char host[INET6_ADDRSTRLEN] = "";
    int len = sizeof address;
    memset(&address, 0, sizeof address);
    int err = uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)(void *)&address, &len);
    if (err != 0)
        return err;
    if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address;
        err = uv_ip6_name(v6, host, sizeof host);
        snprintf(listener->bound, sizeof listener->bound, "[%s]:%u", host, ntohs(v6->sin6_port));
    } else {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)&address;
        err = uv_ip4_name(v4, host, sizeof host);
        snprintf(listener->bound, sizeof listener->bound, "%s:%u", host, ntohs(v4->sin_port));
    }
    return err;
}

enum gmm_err net_listen(struct net *net, const char *address, char bound[256], struct gmm_msg *msg)
{
    struct sockaddr_storage where;
    memset(&where, 0, sizeof where);
    if (net->listener_count == NET_LISTENERS)
        return gmm_fail(msg, GMM_ELIMIT, "more than %u addresses to listen on", NET_LISTENERS);
    enum gmm_err err = resolve(net, address, &where, msg);
    if (err != GMM_OK)
        return err;
    struct net_listener *listener = &net->listeners[net->listener_count];
    listener->net = net;
    listener->tcp.data = listener;
    int failed = uv_tcp_init(net->loop, &listener->tcp);
    if (failed != 0)
        return gmm_fail(msg, GMM_EIO, "cannot listen on '%s': %s", address, text_tr(uvtext(failed)));
    net->listener_count++;
    net_handle_opened(net);
    failed = uv_tcp_bind(&listener->tcp, (struct sockaddr *)(void *)&where, 0);
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)&listener->tcp, ACCEPT_BACKLOG, on_connection);
    if (failed == 0)
        failed = describe_bound(listener);
    if (failed != 0)
        return gmm_fail(msg, failed == UV_EADDRINUSE ? GMM_EBUSY : GMM_EIO, "cannot listen on '%s': %s", address,
                        text_tr(uvtext(failed)));
    snprintf(bound, 256, "%s", listener->bound);
    return GMM_OK;
}

const char *net_listening(const struct net *net, size_t index)
{
    return index < net->listener_count ? net->listeners[index].bound : NULL;
}

static bool is_wildcard(const char *address)
{
    return strncmp(address, "0.0.0.0:", 8) == 0 || strncmp(address, "[::]:", 5) == 0;
}

size_t net_addresses(const struct net *net, char out[][256], size_t max)
{
    const struct config *config = &net->node->config;
    size_t count = 0;
    for (unsigned i = 0; i < config->advertise_count && count < max; i++)
        snprintf(out[count++], 256, "%s", config->advertise[i]);
    for (size_t i = 0; i < net->listener_count && count < max; i++)
        if (!is_wildcard(net->listeners[i].bound))
            snprintf(out[count++], 256, "%s", net->listeners[i].bound);
    return count;
}

/* ---- dialling ---- */

void net_dial_peers(struct net *net, bool keep_trying)
{
    peers_dial(net->peers, keep_trying);
    net->touched = net->changed = true;
}

void net_limits_changed(struct net *net)
{
    netlimits_changed(net);
    if (peers_dialled(net->peers))
        peers_dial(net->peers, false);
    net->changed = true;
}

bool net_dialled(const struct net *net)
{
    return peers_dialled(net->peers);
}

bool net_dialling(const struct net *net)
{
    return peers_dialling(net->peers);
}

enum gmm_err net_dial_join(struct net *net, const char *address, const struct gmm_id *noise_pk, const void *request,
                           size_t len)
{
    return netjoin_dial(net, address, noise_pk, request, len);
}

size_t net_joins(const struct net *net, struct net_join *out, size_t max)
{
    return netjoin_list(net, out, max);
}

size_t net_peers(const struct net *net, struct net_peer *out, size_t max)
{
    return peers_list(net->peers, out, max);
}
