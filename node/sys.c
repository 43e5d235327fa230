#include "node/sys.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum gmm_err sys_err(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return GMM_EFULL;
    case ENOENT:
    case ENOTDIR:
        return GMM_ENOTFOUND;
    case EEXIST:
        return GMM_EEXISTS;
    case EACCES:
    case EPERM:
    case ELOOP:
    case EROFS:
        return GMM_EDENIED;
    case ENOMEM:
        return GMM_ENOMEM;
    case EBUSY:
    case EAGAIN:
        return GMM_EBUSY;
    default:
        return GMM_EIO;
    }
}

const char *sys_text(int errnum)
{
    const char *text = strerrordesc_np(errnum);
    return text == NULL ? "unknown error" : text;
}

enum gmm_err sys_write_all(int fd, const void *data, size_t len)
{
    const uint8_t *p = data;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_err(errno);
        p += n;
        len -= (size_t)n;
    }
    return GMM_OK;
}

enum gmm_err sys_sync(int fd)
{
    while (fsync(fd) != 0)
        if (errno != EINTR)
            return sys_err(errno);
    return GMM_OK;
}

void sys_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

uint64_t sys_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}
