#include "node/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/sys.h"

#define READ_STEP 4096u

/* What realloc would leave behind is wiped: the file may hold a secret. */
static enum gmm_err grow(uint8_t **data, size_t *cap, size_t used, size_t max)
{
    size_t next = *cap == 0 ? READ_STEP : *cap * 2;
    if (next > max + 1)
        next = max + 1;
    uint8_t *bigger = malloc(next);
    if (bigger == NULL)
        return GMM_ENOMEM;
    if (used > 0)
        memcpy(bigger, *data, used);
    keyfile_free(*data, used);
    *data = bigger;
    *cap = next;
    return GMM_OK;
}

enum gmm_err keyfile_read_fd(uint8_t **out, size_t *len, int fd, size_t max, struct gmm_msg *msg)
{
    uint8_t *data = NULL;
    size_t cap = 0, used = 0;
    enum gmm_err err = GMM_OK;
    *out = NULL;
    *len = 0;
    for (;;) {
        /* One byte of room beyond max tells a file that is too large from one that just fits. */
        if (used == cap)
            err = grow(&data, &cap, used, max);
        if (err != GMM_OK)
            break;
        ssize_t n = read(fd, data + used, cap - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            err = gmm_fail(msg, GMM_EIO, "cannot read: %s", sys_text(errno));
            break;
        }
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > max) {
            err = gmm_fail(msg, GMM_ELIMIT, "larger than the %zu bytes allowed here", max);
            break;
        }
    }
    if (err != GMM_OK) {
        keyfile_free(data, used);
        return err;
    }
    *out = data;
    *len = used;
    return GMM_OK;
}

static enum gmm_err check_file(int fd, const char *path, int secret, struct gmm_msg *msg)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return gmm_fail(msg, sys_err(errno), "cannot look at %s: %s", path, sys_text(errno));
    if (!S_ISREG(st.st_mode))
        return gmm_fail(msg, GMM_EDENIED, "%s is not a regular file", path);
    if (secret && st.st_uid != geteuid())
        return gmm_fail(msg, GMM_EDENIED, "%s belongs to another account: run gmm as its owner", path);
    if (secret && (st.st_mode & 077) != 0)
        return gmm_fail(msg, GMM_EDENIED, "others may read %s: chmod 600 it, and consider the secret in it known",
                        path);
    return GMM_OK;
}

enum gmm_err keyfile_read(uint8_t **out, size_t *len, const char *path, size_t max, int secret, struct gmm_msg *msg)
{
    *out = NULL;
    *len = 0;
    /* O_NONBLOCK: opening a pipe that somebody put there must not wait. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ELOOP)
        return gmm_fail(msg, GMM_EDENIED, "%s is a symbolic link: name the file itself", path);
    if (fd < 0)
        return gmm_fail(msg, sys_err(errno), "cannot open %s: %s", path, sys_text(errno));
    struct gmm_msg inner = {.text = ""};
    enum gmm_err err = check_file(fd, path, secret, msg);
    if (err == GMM_OK) {
        err = keyfile_read_fd(out, len, fd, max, &inner);
        if (err != GMM_OK)
            gmm_fail(msg, err, "%s: %s", path, inner.text[0] != '\0' ? inner.text : gmm_err_text(err));
    }
    sys_close(&fd);
    return err;
}

void keyfile_free(uint8_t *data, size_t len)
{
    if (data != NULL && len > 0)
        sodium_memzero(data, len);
    free(data);
}

/* Opens the folder that `path` lies in and points *name at the last part. */
static enum gmm_err open_folder(int *fd, const char **name, const char *path, struct gmm_msg *msg)
{
    const char *slash = strrchr(path, '/');
    *name = slash == NULL ? path : slash + 1;
    if ((*name)[0] == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        return gmm_fail(msg, GMM_EUSAGE, "'%s' does not name a file", path);
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = malloc(len + 1);
    if (folder == NULL)
        return GMM_ENOMEM;
    memcpy(folder, slash == NULL ? "." : path, len);
    folder[len] = '\0';
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum gmm_err err = GMM_OK;
    if (*fd < 0)
        err = gmm_fail(msg, sys_err(errno), "cannot open the folder %s: %s", folder, sys_text(errno));
    free(folder);
    return err;
}

static enum gmm_err write_new(int folder, const char *name, const void *data, size_t len, mode_t mode)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return sys_err(errno);
    enum gmm_err err = fchmod(fd, mode) == 0 ? GMM_OK : sys_err(errno);
    if (err == GMM_OK)
        err = sys_write_all(fd, data, len);
    if (err == GMM_OK)
        err = sys_sync(fd);
    if (close(fd) != 0 && err == GMM_OK)
        err = sys_err(errno);
    return err;
}

enum gmm_err keyfile_replace(const char *path, const void *data, size_t len, mode_t mode, struct gmm_msg *msg)
{
    int folder = -1;
    const char *name = NULL;
    enum gmm_err err = open_folder(&folder, &name, path, msg);
    if (err != GMM_OK)
        return err;
    char temporary[64];
    uint64_t random[2];
    randombytes_buf(random, sizeof random);
    snprintf(temporary, sizeof temporary, ".gmm-%016llx%016llx.new", (unsigned long long)random[0],
             (unsigned long long)random[1]);
    err = write_new(folder, temporary, data, len, mode);
    if (err == GMM_OK && renameat(folder, temporary, folder, name) != 0)
        err = sys_err(errno);
    if (err != GMM_OK)
        (void)unlinkat(folder, temporary, 0);
    else
        err = sys_sync(folder);
    if (err != GMM_OK)
        gmm_fail(msg, err, "cannot write %s: %s", path, gmm_err_text(err));
    sys_close(&folder);
    return err;
}
