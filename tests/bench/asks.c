/* Clients that stay: each posts one file after the other over the daemon's control socket, and waits for each answer.
 *
 *   asks SOCKET FILE CLIENTS POSTS      prints posts a second of all
 *
 * docs/formats.md has the messages: 4 bytes of length, then msgpack; one request a connection.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct {
    struct sockaddr_un to;
    const char *file;
    unsigned posts;
} job;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static size_t message(int s, uint8_t out[4096])
{
    uint8_t head[4];
    if (recv(s, head, 4, MSG_WAITALL) != 4)
        fail("length");
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len > 4096 || recv(s, out, len, MSG_WAITALL) != (ssize_t)len)
        fail("message");
    return len;
}

/* [0, 1, "post", [version, {"to": ["all"], "yes": true, "file": {"fd": 0, "name": "61", "path": "a"}}]] */
static size_t request(uint8_t out[256], const uint8_t *hello, size_t hello_len)
{
    static const uint8_t before[] = "\x94\x00\x01\xa4post\x92";
    static const uint8_t args[] = "\x83\xa2to\x91\xa3"
                                  "all\xa3yes\xc3\xa4"
                                  "file\x83\xa2"
                                  "fd\x00\xa4name\xa2"
                                  "61\xa4path\xa1"
                                  "a";
    const size_t at = 8, version = hello_len - at; /* 93 02 a5 "hello", then the version */
    size_t n = 4;
    memcpy(out + n, before, sizeof before - 1);
    n += sizeof before - 1;
    memcpy(out + n, hello + at, version);
    n += version;
    memcpy(out + n, args, sizeof args - 1);
    n += sizeof args - 1;
    out[0] = out[1] = 0;
    out[2] = (uint8_t)((n - 4) >> 8);
    out[3] = (uint8_t)(n - 4);
    return n;
}

static void post(void)
{
    uint8_t in[4096], out[256];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd = open(job.file, O_RDONLY | O_CLOEXEC);
    if (s < 0 || fd < 0 || connect(s, (struct sockaddr *)&job.to, sizeof job.to) != 0)
        fail("connect");
    struct iovec iov = {out, request(out, in, message(s, in))};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(s, &msg, 0) != (ssize_t)iov.iov_len)
        fail("send");
    size_t len = message(s, in);
    if (len < 4 || in[3] != 0xc0) { /* [1, 1, no error, …] */
        fprintf(stderr, "refused: %.*s\n", (int)len, (const char *)in);
        exit(1);
    }
    close(fd);
    close(s);
}

static void *run(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < job.posts; i++)
        post();
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    pthread_t threads[64];
    unsigned clients = argc == 5 ? (unsigned)atoi(argv[3]) : 0;
    if (clients == 0 || clients > 64 || strlen(argv[1]) >= sizeof job.to.sun_path)
        return 2;
    job.to.sun_family = AF_UNIX;
    strcpy(job.to.sun_path, argv[1]);
    job.file = argv[2];
    job.posts = (unsigned)atoi(argv[4]) / clients;
    double begin = now();
    for (unsigned i = 0; i < clients; i++)
        if (pthread_create(&threads[i], NULL, run, NULL) != 0)
            fail("thread");
    for (unsigned i = 0; i < clients; i++)
        pthread_join(threads[i], NULL);
    printf("%.1f\n", clients * job.posts / (now() - begin));
    return 0;
}
