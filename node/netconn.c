#include "node/netconn.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/net_state.h"
#include "node/uvtext.h"

#define PAUSE_BYTES (4u << 20) /* of our answers unsent: nothing more is read until half of it is gone */
#define ENDING_MS 2000u
#define PARTS_AT_ONCE 64u

struct netconn_part {
    struct netconn_part *next;
    uint8_t *bytes;
    size_t len;
};

static void free_parts(struct netconn *conn)
{
    while (conn->first != NULL) {
        struct netconn_part *part = conn->first;
        conn->first = part->next;
        free(part->bytes);
        free(part);
    }
    conn->last = NULL;
    conn->queued = conn->first_offset = 0;
}

static struct netconn **chain_of(struct net *net, uint32_t number)
{
    return &net->chains[number % NET_CHAINS];
}

struct netconn *netconn_find(const struct net *net, uint32_t number)
{
    struct netconn *conn = net->chains[number % NET_CHAINS];
    while (conn != NULL && conn->number != number)
        conn = conn->chain;
    return conn;
}

struct netconn *netconn_new(struct net *net)
{
    if (net->closing || net->conn_count >= LIMIT_CONNECTIONS)
        return NULL;
    struct netconn *conn = calloc(1, sizeof *conn);
    if (conn == NULL)
        return NULL;
    conn->net = net;
    conn->number = ++net->next_conn;
    conn->tcp.data = conn;
    conn->write.data = conn;
    conn->shutdown.data = conn;
    if (uv_tcp_init(net->loop, &conn->tcp) != 0) {
        free(conn);
        return NULL;
    }
    struct netconn **chain = chain_of(net, conn->number);
    conn->chain = *chain;
    *chain = conn;
    net->conn_count++;
    net_handle_opened(net);
    return conn;
}

static void make_dirty(struct netconn *conn)
{
    conn->net->touched = true;
    if (conn->dirty)
        return;
    conn->dirty = true;
    conn->next_dirty = conn->net->dirty;
    conn->net->dirty = conn;
}

static void on_closed(uv_handle_t *handle)
{
    struct netconn *conn = handle->data;
    struct net *net = conn->net;
    struct netconn **at = chain_of(net, conn->number);
    while (*at != conn)
        at = &(*at)->chain;
    *at = conn->chain;
    if (conn->dirty) {
        struct netconn **dirty = &net->dirty;
        while (*dirty != conn)
            dirty = &(*dirty)->next_dirty;
        *dirty = conn->next_dirty;
    }
    if (conn->owes_disconnect) {
        struct engine_event event = {.kind = ENGINE_DISCONNECTED, .conn = conn->number};
        net_step(net, &event);
    }
    net->conn_count--;
    free_parts(conn);
    free(conn);
    net_handle_closed(net);
}

static void tell_layers(struct netconn *conn)
{
    conn->net->changed = true;
    if (conn->net->closing)
        return;
    conn->net->conn_closed(conn->net, conn);
}

void netconn_close(struct netconn *conn, const char *why)
{
    if (conn->state == NETCONN_CLOSED)
        return;
    if (conn->why[0] == '\0')
        snprintf(conn->why, sizeof conn->why, "%s", why);
    if (conn->state == NETCONN_ENDING)
        conn->net->ending_count--;
    bool was_heard = conn->state == NETCONN_ENDING;
    conn->state = NETCONN_CLOSED;
    conn->session_open = conn->synced = false;
    uv_close((uv_handle_t *)&conn->tcp, on_closed);
    if (!was_heard)
        tell_layers(conn);
    if (conn->owes_disconnect)
        make_dirty(conn);
}

static void on_shut(uv_shutdown_t *request, int status)
{
    struct netconn *conn = request->data;
    if (status != 0 && conn->state != NETCONN_CLOSED)
        netconn_close(conn, "");
}

/* Our side is closed once everything is out; then the other side's end is waited for, so that nothing is cut off. */
static void end_when_sent(struct netconn *conn)
{
    if (conn->state != NETCONN_ENDING || conn->queued > 0 || conn->shutting)
        return;
    conn->shutting = true;
    if (uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shut) != 0)
        netconn_close(conn, "");
}

void netconn_end(struct netconn *conn, enum gmm_err err, const char *why)
{
    if (conn->state != NETCONN_OPEN)
        return;
    snprintf(conn->why, sizeof conn->why, "%s", why[0] != '\0' ? why : err != GMM_OK ? gmm_err_text(err) : "");
    if (conn->queued == 0 && err != GMM_OK) {
        netconn_close(conn, conn->why);
        return;
    }
    conn->state = NETCONN_ENDING;
    conn->session_open = conn->synced = false;
    conn->ending_due = uv_now(conn->net->loop) + ENDING_MS;
    conn->net->ending_count++;
    tell_layers(conn);
    make_dirty(conn);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct netconn *conn = handle->data;
    (void)suggested;
    *buf = uv_buf_init((char *)conn->net->read_buffer, NET_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

/* The loop comes again then. */
static void wait_until(struct netconn *conn, uint64_t due)
{
    if (due == 0)
        return;
    conn->net->pace_due = due < conn->net->pace_due ? due : conn->net->pace_due;
    conn->net->touched = true;
}

static int fd_of(const struct netconn *conn)
{
    uv_os_fd_t fd = -1;
    return uv_fileno((const uv_handle_t *)&conn->tcp, &fd) == 0 ? fd : -1;
}

static void set_reading(struct netconn *conn, bool reading)
{
    reading = reading && conn->read_due == 0;
    if (conn->reading == reading || conn->state == NETCONN_CLOSED)
        return;
    conn->reading = reading;
    if (!reading)
        uv_read_stop((uv_stream_t *)&conn->tcp);
    else if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0)
        netconn_close(conn, N_("the connection cannot be read"));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct netconn *conn = stream->data;
    if (n < 0) {
        netconn_close(conn, n == UV_EOF ? N_("closed by the other side") : uvtext((int)n));
        return;
    }
    if (n == 0 || conn->state != NETCONN_OPEN)
        return;
    conn->bytes_in += (uint64_t)n;
    struct engine_event event = {.kind = ENGINE_RECEIVED, .conn = conn->number, .bytes = buf->base, .len = (size_t)n};
    net_step(conn->net, &event);
    conn->read_due = netpace_read(&conn->pace, (size_t)n, uv_now(conn->net->loop));
    wait_until(conn, conn->read_due);
    if (conn->queued > PAUSE_BYTES || conn->read_due != 0)
        set_reading(conn, false);
}

static uint64_t address_hash(const struct net *net, const struct sockaddr_storage *address)
{
    uint8_t hash[crypto_shorthash_BYTES], bytes[8] = {0};
    uint64_t out;
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        memcpy(bytes, &v4->sin_addr, 4);
    } else {
        /* one line of a provider is a /64; an IPv4 address mapped into IPv6 counts as itself */
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
            memcpy(bytes, v6->sin6_addr.s6_addr + 12, 4);
        else
            memcpy(bytes, v6->sin6_addr.s6_addr, 8);
    }
    crypto_shorthash(hash, bytes, sizeof bytes, net->address_key);
    memcpy(&out, hash, sizeof out);
    return out;
}

static void name_remote(struct netconn *conn, const struct sockaddr_storage *address)
{
    char host[INET6_ADDRSTRLEN] = "";
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        uv_ip4_name(v4, host, sizeof host);
        snprintf(conn->remote, sizeof conn->remote, "%s:%u", host, ntohs(v4->sin_port));
    } else if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        uv_ip6_name(v6, host, sizeof host);
        snprintf(conn->remote, sizeof conn->remote, "[%s]:%u", host, ntohs(v6->sin6_port));
    }
}

void netconn_start(struct netconn *conn)
{
    struct sockaddr_storage address;
    int len = sizeof address;
    memset(&address, 0, sizeof address);
    if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)(void *)&address, &len) != 0) {
        netconn_close(conn, N_("the connection ended at once"));
        return;
    }
    name_remote(conn, &address);
    uv_tcp_nodelay(&conn->tcp, 1);
    uv_tcp_keepalive(&conn->tcp, 1, 60);
    netpace_init(&conn->pace, fd_of(conn));
    conn->state = NETCONN_OPEN;
    conn->owes_disconnect = true;
    struct engine_event event = {.kind = ENGINE_CONNECTED,
                                 .conn = conn->number,
                                 .as.connected = {.initiator = conn->initiator,
                                                  .purpose = conn->purpose,
                                                  .remote_noise_pk = conn->noise_pk,
                                                  .address = address_hash(conn->net, &address),
                                                  .room = conn->pace.room}};
    net_step(conn->net, &event);
    set_reading(conn, true);
}

/* ---- writing ---- */

void netconn_queue(struct netconn *conn, uint8_t *bytes, size_t len)
{
    struct netconn_part *part = conn->state == NETCONN_OPEN && len > 0 ? malloc(sizeof *part) : NULL;
    if (part == NULL) {
        free(bytes);
        if (conn->state == NETCONN_OPEN && len > 0)
            netconn_end(conn, GMM_ENOMEM, "");
        return;
    }
    *part = (struct netconn_part){NULL, bytes, len};
    if (conn->last != NULL)
        conn->last->next = part;
    else
        conn->first = part;
    conn->last = part;
    conn->queued += len;
    conn->told += len;
    make_dirty(conn);
}

static void drop_sent(struct netconn *conn, size_t n)
{
    conn->queued -= n;
    conn->bytes_out += n;
    netpace_wrote(&conn->pace, n);
    while (n > 0) {
        struct netconn_part *part = conn->first;
        size_t left = part->len - conn->first_offset;
        if (n < left) {
            conn->first_offset += n;
            return;
        }
        n -= left;
        conn->first_offset = 0;
        conn->first = part->next;
        if (conn->first == NULL)
            conn->last = NULL;
        free(part->bytes);
        free(part);
    }
}

static unsigned fill_bufs(const struct netconn *conn, uv_buf_t bufs[PARTS_AT_ONCE], size_t most, size_t *bytes)
{
    unsigned count = 0;
    size_t offset = conn->first_offset;
    *bytes = 0;
    for (struct netconn_part *part = conn->first; part != NULL && count < PARTS_AT_ONCE && *bytes < most;
         part = part->next) {
        size_t n = part->len - offset < most - *bytes ? part->len - offset : most - *bytes;
        bufs[count++] = uv_buf_init((char *)part->bytes + offset, (unsigned)n);
        *bytes += n;
        offset = 0;
    }
    return count;
}

static void on_written(uv_write_t *request, int status)
{
    struct netconn *conn = request->data;
    conn->writing = false;
    if (conn->state == NETCONN_CLOSED)
        return;
    if (status != 0) {
        netconn_close(conn, uvtext(status));
        return;
    }
    drop_sent(conn, conn->writing_bytes);
    make_dirty(conn);
}

/* How much may go now; 0: the loop comes again when some may. What is left when it ends goes at once. */
static size_t may_write(struct netconn *conn)
{
    uint64_t again = 0;
    size_t most =
        conn->state != NETCONN_OPEN ? SIZE_MAX : netpace_out(&conn->pace, fd_of(conn), uv_now(conn->net->loop), &again);
    conn->write_due = again;
    wait_until(conn, again);
    return most;
}

static void write_parts(struct netconn *conn)
{
    uv_buf_t bufs[PARTS_AT_ONCE];
    while (conn->queued > 0 && !conn->writing && conn->state != NETCONN_CLOSED) {
        size_t bytes, most = may_write(conn);
        if (most == 0)
            return;
        unsigned count = fill_bufs(conn, bufs, most, &bytes);
        int n = uv_try_write((uv_stream_t *)&conn->tcp, bufs, count);
        if (n > 0) {
            drop_sent(conn, (size_t)n);
            continue;
        }
        if (n < 0 && n != UV_EAGAIN) {
            netconn_close(conn, uvtext(n));
            return;
        }
        netpace_blocked(&conn->pace, fd_of(conn), uv_now(conn->net->loop));
        conn->writing = true;
        conn->writing_bytes = bytes;
        n = uv_write(&conn->write, (uv_stream_t *)&conn->tcp, bufs, count, on_written);
        if (n != 0) {
            conn->writing = false;
            netconn_close(conn, uvtext(n));
        }
    }
}

void netconn_recall(struct netconn *conn)
{
    if (!netpace_recall(&conn->net->paces, &conn->noise_pk, &conn->pace))
        return;
    conn->told += conn->pace.room;
    make_dirty(conn);
}

void netconn_flush(struct netconn *conn)
{
    write_parts(conn);
    end_when_sent(conn);
    size_t half = conn->pace.room / 2;
    if (conn->state == NETCONN_OPEN && conn->told >= half && conn->queued < half) {
        conn->told = conn->queued;
        struct engine_event event = {.kind = ENGINE_DRAINED,
                                     .conn = conn->number,
                                     .queued = conn->queued,
                                     .room = netpace_room(&conn->pace, fd_of(conn), uv_now(conn->net->loop))};
        net_step(conn->net, &event);
    }
    if (conn->state != NETCONN_CLOSED && conn->queued <= PAUSE_BYTES / 2)
        set_reading(conn, conn->state != NETCONN_CONNECTING);
    if (conn->owes_disconnect && conn->state >= NETCONN_ENDING) {
        conn->owes_disconnect = false;
        struct engine_event event = {.kind = ENGINE_DISCONNECTED, .conn = conn->number};
        net_step(conn->net, &event);
    }
}

uint64_t netconn_wake(struct net *net)
{
    uint64_t next = UINT64_MAX, now = uv_now(net->loop);
    for (size_t i = 0; i < NET_CHAINS; i++)
        for (struct netconn *conn = net->chains[i]; conn != NULL; conn = conn->chain) {
            uint64_t *const dues[] = {&conn->write_due, &conn->read_due};
            for (size_t k = 0; k < 2; k++) {
                if (*dues[k] != 0 && *dues[k] <= now) {
                    *dues[k] = 0;
                    make_dirty(conn);
                } else if (*dues[k] != 0 && *dues[k] < next) {
                    next = *dues[k];
                }
            }
        }
    return next;
}
