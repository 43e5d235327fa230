#include "node/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/bytes.h"
#include "keys/limits.h"
#include "node/home.h"
#include "node/sys.h"

#define FOLDER "partial"
#define TOTAL_BYTES 4u
#define KEPT_MS (UINT64_C(30) * 24 * 3600 * 1000)

static int open_folder(const char *home, bool make)
{
    char path[HOME_PATH_MAX];
    if (home_join(path, home, FOLDER, NULL) != GMM_OK)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make && mkdir(path, 0700) == 0)
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd;
}

static int open_file(int folder, const struct gmm_id *id, int flags)
{
    char name[GMM_ID_HEX + 1];
    id_to_hex(id, name);
    return openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
}

/* The size of a regular file; -1: it is none. */
static off_t size_of(int fd)
{
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

static enum gmm_err begin(int fd, uint32_t total)
{
    uint8_t head[TOTAL_BYTES];
    bytes_store_u32(head, total);
    return sys_write_all(fd, head, sizeof head);
}

/* GMM_ESTATE: this is not how it goes on. */
static enum gmm_err go_on(int fd, uint32_t offset, uint32_t total)
{
    uint8_t head[TOTAL_BYTES];
    if (size_of(fd) != (off_t)TOTAL_BYTES + offset || pread(fd, head, sizeof head, 0) != (ssize_t)sizeof head ||
        bytes_load_u32(head) != total || lseek(fd, 0, SEEK_END) < 0)
        return GMM_ESTATE;
    return GMM_OK;
}

enum gmm_err partial_put(const char *home, const struct gmm_id *id, uint32_t offset, uint32_t total, const void *bytes,
                         size_t len)
{
    int folder = open_folder(home, true);
    int fd = folder < 0 ? -1 : open_file(folder, id, O_RDWR | (offset == 0 ? O_CREAT | O_TRUNC : 0));
    enum gmm_err err = fd < 0 ? sys_err(errno) : offset == 0 ? begin(fd, total) : go_on(fd, offset, total);
    if (err == GMM_OK)
        err = sys_write_all(fd, bytes, len);
    sys_close(&fd);
    sys_close(&folder);
    if (err != GMM_OK)
        partial_drop(home, id);
    return err;
}

static enum gmm_err read_rest(int fd, uint8_t *bytes, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = pread(fd, bytes + done, len - done, (off_t)(TOTAL_BYTES + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return GMM_ENOTFOUND;
        done += (size_t)n;
    }
    return GMM_OK;
}

enum gmm_err partial_get(const char *home, const struct gmm_id *id, uint8_t **bytes, size_t *len, uint32_t *total)
{
    uint8_t head[TOTAL_BYTES];
    enum gmm_err err = GMM_ENOTFOUND;
    *bytes = NULL;
    int folder = open_folder(home, false);
    int fd = folder < 0 ? -1 : open_file(folder, id, O_RDONLY);
    off_t size = size_of(fd);
    if (size > (off_t)TOTAL_BYTES && pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head) {
        *total = bytes_load_u32(head);
        *len = (size_t)size - TOTAL_BYTES;
        if (*total <= LIMIT_CHUNK_SEALED && *len < *total) {
            *bytes = malloc(*len);
            err = *bytes == NULL ? GMM_ENOMEM : read_rest(fd, *bytes, *len);
        }
    }
    if (err != GMM_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    sys_close(&fd);
    sys_close(&folder);
    return err;
}

void partial_drop(const char *home, const struct gmm_id *id)
{
    char name[GMM_ID_HEX + 1];
    int folder = open_folder(home, false);
    id_to_hex(id, name);
    if (folder >= 0)
        (void)unlinkat(folder, name, 0);
    sys_close(&folder);
}

void partial_sweep(const char *home, uint64_t now_ms)
{
    int folder = open_folder(home, false);
    DIR *dir = folder < 0 ? NULL : fdopendir(folder);
    if (dir == NULL) {
        sys_close(&folder);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct stat st;
        if (entry->d_name[0] == '.' || fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(st.st_mode))
            continue;
        if ((uint64_t)st.st_mtime * 1000u + KEPT_MS < now_ms)
            (void)unlinkat(folder, entry->d_name, 0);
    }
    closedir(dir);
}
