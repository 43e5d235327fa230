#include "node/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/account.h"
#include "node/call.h"
#include "node/dispatch.h"
#include "node/log.h"
#include "node/net.h"
#include "node/rpc.h"
#include "node/sys.h"
#include "node/unixsock.h"

#define REQUEST_MS 30000u        /* to send a whole request */
#define SWEEP_MS 5000u           /* how often that is looked at, while somebody has not sent it */
#define EVENTS_MAX (4u << 20)    /* of unread events: a client that does not read them is dropped */
#define PROGRESS_MAX (64u << 10) /* of unread bytes: progress is left out */
#define READ_BYTES 65536u

enum client_state {
    CLIENT_ASKING, /* its request is not complete */
    CLIENT_WAITING,
    CLIENT_ANSWERED, /* the rest of the answer goes out */
    CLIENT_CLOSED
};

struct control_client {
    struct control *control;
    struct control_client *next;
    enum client_state state;
    int fd;
    uv_poll_t poll;
    uint64_t since; /* of uv_now */
    uid_t uid;
    char person[LIMIT_PERSON_TEXT + 1];
    uint8_t *in;
    size_t in_len, in_capacity;
    int fds[LIMIT_REQUEST_FDS];
    unsigned fd_count;
    struct call *call;
    struct buffer out;
    size_t out_sent;
};

struct control {
    struct node *node;
    uv_loop_t *loop;
    char path[HOME_PATH_MAX];
    int fd;
    uv_poll_t poll;
    uv_timer_t sweep;
    unsigned handles;
    bool listening, closing;
    struct control_client *clients;
    size_t client_count;
};

enum gmm_err control_path(char out[HOME_PATH_MAX], const char *home, const struct config *config, const char *option,
                          struct gmm_msg *msg)
{
    const char *path = option != NULL ? option : config != NULL && config->socket[0] != '\0' ? config->socket : NULL;
    if (path == NULL)
        return home_join(out, home, "control", msg);
    if (strlen(path) >= HOME_PATH_MAX)
        return gmm_fail(msg, GMM_ELIMIT, "the path of the control socket is too long");
    memcpy(out, path, strlen(path) + 1);
    return GMM_OK;
}

/* ---- the end of a client ---- */

static void set_listening(struct control *control, bool listening);

static void release(struct control *control)
{
    if (--control->handles == 0 && control->closing)
        free(control);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct control_client *client = handle->data;
    struct control *control = client->control;
    close(client->fd);
    for (unsigned i = 0; i < client->fd_count; i++)
        close(client->fds[i]);
    buffer_close_wiped(&client->out);
    free(client->in);
    free(client);
    release(control);
}

static void client_close(struct control_client *client)
{
    struct control *control = client->control;
    if (client->state == CLIENT_CLOSED)
        return;
    client->state = CLIENT_CLOSED;
    for (struct control_client **at = &control->clients; *at != NULL; at = &(*at)->next)
        if (*at == client) {
            *at = client->next;
            break;
        }
    control->client_count--;
    uv_close((uv_handle_t *)&client->poll, on_client_closed);
    struct call *call = client->call;
    client->call = NULL;
    if (call != NULL)
        call_abandon(call);
    if (!control->closing && control->fd >= 0)
        set_listening(control, true);
}

/* ---- answering ---- */

static void on_client(uv_poll_t *poll, int status, int events);

/* What was sent does not stay for ever in front of what was not. */
static void drop_sent(struct control_client *client)
{
    if (client->out_sent == client->out.len)
        client->out.len = client->out_sent = 0;
    if (client->out_sent <= PROGRESS_MAX)
        return;
    memmove(client->out.p, client->out.p + client->out_sent, client->out.len - client->out_sent);
    client->out.len -= client->out_sent;
    client->out_sent = 0;
}

static void client_write(struct control_client *client)
{
    while (client->out_sent < client->out.len) {
        ssize_t n = send(client->fd, client->out.p + client->out_sent, client->out.len - client->out_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            uv_poll_start(&client->poll, UV_READABLE | UV_WRITABLE, on_client);
            return;
        }
        if (n < 0) {
            client_close(client);
            return;
        }
        client->out_sent += (size_t)n;
    }
    drop_sent(client);
    if (client->state == CLIENT_ANSWERED)
        client_close(client);
    else
        uv_poll_start(&client->poll, UV_READABLE, on_client);
}

/* The error of a failure that even its own JSON had no memory for. */
static enum gmm_err put_error(struct buffer *out, enum gmm_err err, json_t *result)
{
    json_t *error = call_error(exit_of(err), NULL, err, NULL, NULL, NULL);
    enum gmm_err packed = error != NULL ? rpc_put_response(out, error, result) : GMM_ENOMEM;
    json_decref(error);
    return packed;
}

static void on_done(void *arg, enum gmm_err err, json_t *reply)
{
    struct control_client *client = arg;
    json_t *error = json_object_get(reply, "error");
    enum gmm_err packed;
    client->call = NULL;
    if (err == GMM_OK)
        packed = rpc_put_response(&client->out, NULL, reply);
    else if (error != NULL)
        packed = rpc_put_response(&client->out, error, NULL);
    else
        packed = put_error(&client->out, err, reply);
    if (packed != GMM_OK)
        packed = put_error(&client->out, packed, NULL);
    client->state = CLIENT_ANSWERED;
    if (packed != GMM_OK)
        client_close(client);
    else
        client_write(client);
}

static void on_event(void *arg, json_t *event)
{
    struct control_client *client = arg;
    size_t unread = client->out.len - client->out_sent;
    if (client->state != CLIENT_WAITING || (json_object_get(event, "progress") != NULL && unread > PROGRESS_MAX))
        return;
    drop_sent(client);
    if (unread > EVENTS_MAX || rpc_put_event(&client->out, "event", event) != GMM_OK) {
        log_warning("a client of account '%s' does not read its events and is dropped", client->person);
        client_close(client);
        return;
    }
    client_write(client);
}

static const struct call_ops ops = {on_event, on_done};

static void refuse(struct control_client *client, const char *code, enum gmm_err err, const char *message,
                   const char *remedy)
{
    json_t *error = call_error(exit_of(err), code, err, message, remedy, NULL);
    json_t *reply = error != NULL ? json_pack("{s:o}", "error", error) : NULL;
    on_done(client, err, reply);
    json_decref(reply);
}

/* ---- asking ---- */

static bool are_regular(const struct control_client *client)
{
    struct stat st;
    for (unsigned i = 0; i < client->fd_count; i++)
        if (fstat(client->fds[i], &st) != 0 || !S_ISREG(st.st_mode))
            return false;
    return true;
}

static void start_call(struct control_client *client, struct rpc_message *request)
{
    struct node *node = client->control->node;
    bool owner = client->uid == geteuid() || client->uid == 0;
    unsigned rights = config_may(&node->config, client->person, owner);
    json_t *args = request->value;
    request->value = NULL;
    client->call = call_new(request->name, args, client->fds, client->fd_count, client->person, rights, &ops, client);
    client->fd_count = 0;
    client->state = CLIENT_WAITING;
    if (client->call == NULL) {
        refuse(client, NULL, GMM_ENOMEM, NULL, NULL);
        return;
    }
    struct call *call = client->call;
    dispatch_call(node, call); /* may answer, and so end the client */
    if (node->net != NULL)
        net_touch(node->net);
}

static void take_request(struct control_client *client)
{
    struct rpc_message request;
    enum lang lang = LANG_EN, before = lang_used();
    enum gmm_err err = rpc_read(&request, client->in + RPC_LENGTH_BYTES, client->in_len - RPC_LENGTH_BYTES);
    free(client->in);
    client->in = NULL;
    client->in_len = client->in_capacity = 0;
    (void)lang_parse(&lang, request.lang);
    (void)lang_use(lang); /* until it is answered, or waits for something */
    if (err != GMM_OK || request.kind != RPC_REQUEST)
        refuse(client, NULL, err == GMM_ENOMEM ? err : GMM_EUSAGE, "the request is malformed",
               "use the gmm program that belongs to this daemon");
    else if (strcmp(request.version, GMM_VERSION) != 0) {
        struct gmm_msg msg;
        gmm_fail(&msg, GMM_EVERSION, "restart the daemon: it runs %s, the client is %s", GMM_VERSION, request.version);
        refuse(client, NULL, GMM_EVERSION, msg.text, NULL);
    } else if (!are_regular(client))
        refuse(client, NULL, GMM_EUSAGE, "a descriptor that is no regular file was passed", NULL);
    else
        start_call(client, &request);
    (void)lang_use(before);
    rpc_close(&request);
}

static bool reserve(struct control_client *client, size_t capacity)
{
    if (capacity <= client->in_capacity)
        return true;
    uint8_t *grown = realloc(client->in, capacity);
    if (grown == NULL)
        return false;
    client->in = grown;
    client->in_capacity = capacity;
    return true;
}

/* Takes the descriptors of a message over; false when there are too many. */
static bool take_fds(struct control_client *client, struct msghdr *msg)
{
    bool fine = (msg->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (client->fd_count < LIMIT_REQUEST_FDS)
                client->fds[client->fd_count++] = fd;
            else {
                close(fd);
                fine = false;
            }
        }
    }
    return fine;
}

/* The length first, then exactly as much. How many bytes are still wanted; 0: complete, or too many. */
static size_t wanted(const struct control_client *client, bool *over)
{
    *over = false;
    if (client->in_len < RPC_LENGTH_BYTES)
        return RPC_LENGTH_BYTES - client->in_len;
    size_t len = bytes_load_u32(client->in);
    *over = len > LIMIT_CONTROL_REQUEST;
    return *over ? 0 : RPC_LENGTH_BYTES + len - client->in_len;
}

/* One recvmsg; false: nothing more for now, or the client was closed. */
static bool read_some(struct control_client *client, size_t want)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * LIMIT_REQUEST_FDS)];
    } control;
    if (want > READ_BYTES)
        want = READ_BYTES;
    if (!reserve(client, client->in_len + want)) {
        client_close(client);
        return false;
    }
    struct iovec iov = {client->in + client->in_len, want};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(client->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR)
        return true;
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0 || !take_fds(client, &msg)) {
        client_close(client);
        return false;
    }
    client->in_len += (size_t)n;
    return true;
}

static void client_read(struct control_client *client)
{
    bool over, more = true;
    while (client->state == CLIENT_ASKING && more) {
        size_t want = wanted(client, &over);
        if (over)
            refuse(client, NULL, GMM_ELIMIT, "the request is larger than 1 MiB", NULL);
        else if (want == 0)
            take_request(client);
        else
            more = read_some(client, want);
        if (over || want == 0)
            return;
    }
}

/* Nothing may follow the request: what can be read then is the end, or an offence. */
static void on_client(uv_poll_t *poll, int status, int events)
{
    struct control_client *client = poll->data;
    if (status < 0) {
        client_close(client);
        return;
    }
    if ((events & UV_WRITABLE) != 0)
        client_write(client);
    if (client->state == CLIENT_CLOSED || (events & UV_READABLE) == 0)
        return;
    if (client->state == CLIENT_ASKING)
        client_read(client);
    else
        client_close(client);
}

/* ---- clients come ---- */

static void on_sweep(uv_timer_t *timer)
{
    struct control *control = timer->data;
    uint64_t now = uv_now(control->loop);
    bool asking = false;
    for (struct control_client *client = control->clients, *next; client != NULL; client = next) {
        next = client->next;
        if (client->state != CLIENT_ASKING)
            continue;
        if (now - client->since >= REQUEST_MS)
            client_close(client);
        else
            asking = true;
    }
    if (!asking)
        uv_timer_stop(timer);
    if (control->fd >= 0)
        set_listening(control, true); /* it was stopped when descriptors ran out */
}

static void start_sweep(struct control *control)
{
    if (!uv_is_active((uv_handle_t *)&control->sweep))
        uv_timer_start(&control->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

static void add_client(struct control *control, int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    struct control_client *client = calloc(1, sizeof *client);
    if (client == NULL || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
        uv_poll_init(control->loop, &client->poll, fd) != 0) {
        free(client);
        close(fd);
        return;
    }
    client->control = control;
    client->fd = fd;
    client->uid = peer.uid;
    client->poll.data = client;
    client->since = uv_now(control->loop);
    client->next = control->clients;
    control->clients = client;
    control->client_count++;
    control->handles++;
    account_name(client->uid, client->person);
    buffer_init(&client->out, LIMIT_CONTROL_REPLY);
    json_t *version = json_string(GMM_VERSION);
    enum gmm_err err = version != NULL ? rpc_put_event(&client->out, "hello", version) : GMM_ENOMEM;
    json_decref(version);
    if (err != GMM_OK) {
        client_close(client);
        return;
    }
    client_write(client);
    start_sweep(control);
}

/* Those over the limit wait in the kernel's queue until one of these leaves. */
static void on_listener(uv_poll_t *poll, int status, int events)
{
    struct control *control = poll->data;
    (void)status;
    (void)events;
    while (control->client_count < LIMIT_CONTROL_CLIENTS) {
        int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            add_client(control, fd);
        else if (errno == EAGAIN)
            return;
        else if (errno != EINTR && errno != ECONNABORTED) {
            start_sweep(control);
            break;
        }
    }
    set_listening(control, false);
}

static void set_listening(struct control *control, bool listening)
{
    if (listening == control->listening)
        return;
    control->listening = listening;
    if (listening)
        uv_poll_start(&control->poll, UV_READABLE, on_listener);
    else
        uv_poll_stop(&control->poll);
}

enum gmm_err control_open(struct control **out, struct node *node, uv_loop_t *loop, const char *path,
                          struct gmm_msg *msg)
{
    const struct config *config = &node->config;
    bool shared = config->socket_group[0] != '\0';
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return GMM_ENOMEM;
    control->node = node;
    control->loop = loop;
    snprintf(control->path, sizeof control->path, "%s", path);
    enum gmm_err err =
        unixsock_listen(&control->fd, path, shared ? 0660 : 0600, shared ? config->socket_group : NULL, msg);
    if (err != GMM_OK) {
        free(control);
        return err;
    }
    if (uv_poll_init(loop, &control->poll, control->fd) != 0) {
        unixsock_remove(path);
        close(control->fd);
        free(control);
        return gmm_fail(msg, GMM_EIO, "the control socket cannot be watched");
    }
    uv_timer_init(loop, &control->sweep);
    uv_unref((uv_handle_t *)&control->sweep);
    control->poll.data = control->sweep.data = control;
    control->handles = 2;
    set_listening(control, true);
    *out = control;
    return GMM_OK;
}

static void on_listener_closed(uv_handle_t *handle)
{
    release(handle->data);
}

/* Those who have connected are taken in first: for them the name was there. */
void control_stop(struct control *control)
{
    if (control == NULL || control->fd < 0)
        return;
    unixsock_remove(control->path);
    on_listener(&control->poll, 0, 0);
    set_listening(control, false);
    uv_close((uv_handle_t *)&control->poll, on_listener_closed);
    sys_close(&control->fd);
}

size_t control_busy(const struct control *control)
{
    return control != NULL ? control->client_count : 0;
}

static void on_sweep_closed(uv_handle_t *handle)
{
    release(handle->data);
}

void control_close(struct control *control)
{
    if (control == NULL || control->closing)
        return;
    control_stop(control);
    control->closing = true;
    while (control->clients != NULL)
        client_close(control->clients);
    uv_close((uv_handle_t *)&control->sweep, on_sweep_closed);
}
