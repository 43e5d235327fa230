#include "node/remote.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keys/limits.h"
#include "node/lang.h"
#include "node/rpc.h"
#include "node/sys.h"
#include "node/unixsock.h"

#define GREETING_MS 60000u /* a daemon may be busy with a large file, but not for ever */

struct remote {
    int fd;
    uint8_t *frame;
};

/* GMM_ECLOSED: the other side ended. deadline_ms 0: waits for ever. */
static enum gmm_err read_all(int fd, void *out, size_t len, uint64_t deadline_ms)
{
    uint8_t *p = out;
    while (len > 0) {
        if (deadline_ms != 0) {
            uint64_t now = sys_now_ms();
            struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
            int ready = now < deadline_ms ? poll(&poll_fd, 1, (int)(deadline_ms - now)) : 0;
            if (ready == 0)
                return GMM_ETIMEOUT;
            if (ready < 0 && errno != EINTR)
                return GMM_EIO;
            if (ready < 0)
                continue;
        }
        ssize_t n = recv(fd, p, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return GMM_ECLOSED;
        p += n;
        len -= (size_t)n;
    }
    return GMM_OK;
}

static enum gmm_err read_message(struct remote *remote, struct rpc_message *out, uint64_t deadline_ms)
{
    uint8_t length[RPC_LENGTH_BYTES];
    *out = (struct rpc_message){.kind = RPC_EVENT};
    enum gmm_err err = read_all(remote->fd, length, sizeof length, deadline_ms);
    if (err != GMM_OK)
        return err;
    size_t len = bytes_load_u32(length);
    if (len > LIMIT_CONTROL_REPLY)
        return GMM_ELIMIT;
    remote->frame = malloc(len + 1);
    if (remote->frame == NULL)
        return GMM_ENOMEM;
    err = read_all(remote->fd, remote->frame, len, deadline_ms);
    if (err == GMM_OK)
        err = rpc_read(out, remote->frame, len);
    free(remote->frame);
    remote->frame = NULL;
    return err;
}

static enum gmm_err greet(struct remote *remote, struct gmm_msg *msg)
{
    struct rpc_message hello;
    enum gmm_err err = read_message(remote, &hello, sys_now_ms() + GREETING_MS);
    const char *version = json_string_value(hello.value);
    if (err == GMM_ETIMEOUT)
        gmm_fail(msg, err, "the daemon does not answer");
    else if (err == GMM_ECLOSED)
        err = gmm_fail(msg, GMM_ENOTFOUND, "the daemon has just stopped");
    else if (err != GMM_OK || hello.kind != RPC_EVENT || strcmp(hello.name, "hello") != 0 || version == NULL)
        err = gmm_fail(msg, GMM_EIO, "what listens on the control socket is no gmm daemon");
    else if (strcmp(version, GMM_VERSION) != 0)
        err = gmm_fail(msg, GMM_EVERSION, "restart the daemon: it runs %s, the client is %s", version, GMM_VERSION);
    rpc_close(&hello);
    return err;
}

enum gmm_err remote_open(struct remote **out, const char *path, struct gmm_msg *msg)
{
    struct remote *remote = calloc(1, sizeof *remote);
    if (remote == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = unixsock_connect(&remote->fd, path, msg);
    if (err == GMM_OK)
        err = greet(remote, msg);
    if (err != GMM_OK) {
        remote_close(remote);
        return err;
    }
    *out = remote;
    return GMM_OK;
}

void remote_close(struct remote *remote)
{
    if (remote == NULL)
        return;
    sys_close(&remote->fd);
    free(remote->frame);
    free(remote);
}

/* The descriptors ride with the first byte. */
static ssize_t send_first(int fd, const void *bytes, size_t len, const int *fds, unsigned count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * LIMIT_REQUEST_FDS)];
    } control;
    struct iovec iov = {(void *)(uintptr_t)bytes, len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (count > 0) {
        memset(&control, 0, sizeof control);
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * count);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * count);
    }
    return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static enum gmm_err send_request(int fd, const struct buffer *request, const int *fds, unsigned count)
{
    size_t sent = 0;
    while (sent < request->len) {
        ssize_t n = sent == 0 ? send_first(fd, request->p, request->len, fds, count)
                              : send(fd, request->p + sent, request->len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return GMM_ENOTFOUND;
        sent += (size_t)n;
    }
    return GMM_OK;
}

enum gmm_err remote_call(struct remote *remote, const char *command, const json_t *args, const int *fds,
                         unsigned fd_count, remote_event_fn *on_event, void *arg, json_t **error, json_t **result)
{
    struct buffer request;
    *error = *result = NULL;
    if (fd_count > LIMIT_REQUEST_FDS)
        return GMM_ELIMIT;
    const char *lang = lang_used() != LANG_EN ? lang_name(lang_used()) : NULL;
    buffer_init(&request, LIMIT_CONTROL_REQUEST + RPC_LENGTH_BYTES);
    enum gmm_err err = rpc_put_request(&request, GMM_VERSION, command, args, lang);
    if (err == GMM_OK)
        err = send_request(remote->fd, &request, fds, fd_count);
    buffer_close_wiped(&request);
    while (err == GMM_OK) {
        struct rpc_message message;
        err = read_message(remote, &message, 0);
        if (err == GMM_OK && message.kind == RPC_RESPONSE) {
            *error = json_incref(message.error);
            *result = json_incref(message.value);
            rpc_close(&message);
            return GMM_OK;
        }
        if (err == GMM_OK && message.kind == RPC_EVENT && message.value != NULL)
            on_event(arg, message.value);
        else if (err == GMM_OK)
            err = GMM_EFORMAT;
        rpc_close(&message);
    }
    return err;
}
