#include "node/chunkfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "node/syncer.h"
#include "node/sys.h"

#define NEW_PREFIX ".new-"
#define COMPARE_BYTES 65536u
/* Of writing past the page cache: what all file systems are content with, the piece that is written at once, and from
 * how many bytes on it pays. */
#define DIRECT_ALIGNED 4096u
#define DIRECT_PIECE (1u << 20)
#define DIRECT_MIN (128u << 10)

struct chunkfile {
    int root; /* home/chunks */
    /* Files written without sync stay open until they are synchronised: an error of late writing is told on the
     * descriptor only. */
    struct syncer *syncer;
    bool dirty[256]; /* folders with a name that is not synced */
    bool root_dirty;
    uint8_t *piece; /* DIRECT_PIECE, aligned; NULL: not needed yet */
};

struct place {
    char folder[3];
    char name[GMM_ID_HEX + 1];
};

static void place_of(struct place *place, const struct gmm_id *id)
{
    id_to_hex(id, place->name);
    memcpy(place->folder, place->name, 2);
    place->folder[2] = '\0';
}

enum gmm_err chunkfile_open(struct chunkfile **out, const char *home, struct gmm_msg *msg)
{
    *out = NULL;
    struct chunkfile *dir = calloc(1, sizeof *dir);
    if (dir == NULL || syncer_new(&dir->syncer) != GMM_OK) {
        free(dir);
        return GMM_ENOMEM;
    }
    enum gmm_err err = GMM_OK;
    int fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    dir->root = fd < 0 ? -1 : openat(fd, "chunks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir->root < 0) {
        err = errno == ENOTDIR ? GMM_EDENIED : sys_err(errno);
        gmm_fail(msg, err, "cannot open the folder of chunks in %s: %s", home, sys_text(errno));
        chunkfile_close(dir);
    } else {
        *out = dir;
    }
    sys_close(&fd);
    return err;
}

void chunkfile_close(struct chunkfile *dir)
{
    if (dir == NULL)
        return;
    syncer_free(dir->syncer);
    sys_close(&dir->root);
    free(dir->piece);
    free(dir);
}

static enum gmm_err open_folder(const struct chunkfile *dir, const struct place *place, int *fd)
{
    *fd = openat(dir->root, place->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *fd >= 0 ? GMM_OK : errno == ENOTDIR ? GMM_EDENIED : sys_err(errno);
}

static enum gmm_err make_folder(struct chunkfile *dir, const struct place *place, int *fd)
{
    enum gmm_err err = open_folder(dir, place, fd);
    if (err != GMM_ENOTFOUND)
        return err;
    if (mkdirat(dir->root, place->folder, 0700) != 0 && errno != EEXIST)
        return sys_err(errno);
    dir->root_dirty = true;
    return open_folder(dir, place, fd);
}

/* Whether the file there has exactly these bytes. A name alone proves nothing: a power cut may leave the name of a file
 * whose bytes never came to the disk. *fd: open when it has. */
static bool holds_already(int folder, const char *name, const uint8_t *bytes, size_t len, int *fd)
{
    *fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return false;
    struct stat st;
    bool same = fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == len;
    uint8_t *have = same ? malloc(COMPARE_BYTES) : NULL;
    same = have != NULL;
    for (size_t done = 0; same && done < len;) {
        size_t want = len - done < COMPARE_BYTES ? len - done : COMPARE_BYTES;
        ssize_t n = pread(*fd, have, want, (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        same = n > 0 && memcmp(have, bytes + done, (size_t)n) == 0;
        done += n > 0 ? (size_t)n : 0;
    }
    free(have);
    if (!same)
        sys_close(fd);
    return same;
}

/* Whole blocks past the page cache, from memory that is aligned; *done: the bytes that are written. It may end before
 * the end, where the file system does not take it: the rest is written as usual. */
static enum gmm_err write_direct(struct chunkfile *dir, int fd, const uint8_t *bytes, size_t len, size_t *done)
{
    *done = 0;
    if (dir->piece == NULL)
        dir->piece = aligned_alloc(DIRECT_ALIGNED, DIRECT_PIECE);
    int flags = fcntl(fd, F_GETFL);
    if (dir->piece == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_DIRECT) != 0)
        return GMM_OK;
    enum gmm_err err = GMM_OK;
    while (*done < len && err == GMM_OK) {
        size_t part = len - *done < DIRECT_PIECE ? len - *done : DIRECT_PIECE;
        size_t whole = (part + DIRECT_ALIGNED - 1) / DIRECT_ALIGNED * DIRECT_ALIGNED;
        memcpy(dir->piece, bytes + *done, part);
        memset(dir->piece + part, 0, whole - part);
        ssize_t n = pwrite(fd, dir->piece, whole, (off_t)*done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EINVAL)
            err = sys_err(errno);
        else if (n <= 0 || (size_t)n < whole)
            break;
        else
            *done += part;
    }
    if (fcntl(fd, F_SETFL, flags) != 0 || (err == GMM_OK && *done == len && ftruncate(fd, (off_t)len) != 0))
        err = sys_err(errno);
    return err;
}

/* What is to be on the disk at once was received: nobody reads it soon, and it does not go through the page cache,
 * whose copy and pages would cost more than hashing it. What was posted will be read for the peers. */
static enum gmm_err write_bytes(struct chunkfile *dir, int fd, const void *bytes, size_t len, bool sync)
{
    size_t done = 0;
    enum gmm_err err = sync && len >= DIRECT_MIN ? write_direct(dir, fd, bytes, len, &done) : GMM_OK;
    if (err == GMM_OK && done < len && lseek(fd, (off_t)done, SEEK_SET) < 0)
        err = sys_err(errno);
    return err == GMM_OK && done < len ? sys_write_all(fd, (const uint8_t *)bytes + done, len - done) : err;
}

static enum gmm_err write_beside(struct chunkfile *dir, int folder, char temporary[64], const char *name,
                                 const void *bytes, size_t len, bool sync, int *fd)
{
    uint64_t random[2];
    randombytes_buf(random, sizeof random);
    snprintf(temporary, 64, NEW_PREFIX "%016llx%016llx", (unsigned long long)random[0], (unsigned long long)random[1]);
    *fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*fd < 0)
        return sys_err(errno);
    enum gmm_err err = write_bytes(dir, *fd, bytes, len, sync);
    if (err == GMM_OK && sync)
        err = sys_sync(*fd);
    if (err == GMM_OK && renameat(folder, temporary, folder, name) != 0)
        err = sys_err(errno);
    if (err == GMM_OK)
        return GMM_OK;
    (void)unlinkat(folder, temporary, 0);
    sys_close(fd);
    return err;
}

/* The folders that names were written to. together: they are put to the syncer, and stay dirty until it is waited for.
 */
static enum gmm_err sync_folders(struct chunkfile *dir, bool together)
{
    enum gmm_err err = dir->root_dirty ? sys_sync(dir->root) : GMM_OK;
    if (err == GMM_OK)
        dir->root_dirty = false;
    for (unsigned i = 0; i < 256 && err == GMM_OK; i++) {
        if (!dir->dirty[i])
            continue;
        struct place place;
        place_of(&place, &(struct gmm_id){.b = {(uint8_t)i}});
        int fd = -1;
        err = open_folder(dir, &place, &fd);
        if (err == GMM_OK && together) {
            syncer_put(dir->syncer, fd);
            continue;
        }
        if (err == GMM_OK)
            err = sys_sync(fd);
        sys_close(&fd);
        if (err == GMM_OK)
            dir->dirty[i] = false;
    }
    return err;
}

enum gmm_err chunkfile_sync(struct chunkfile *dir)
{
    enum gmm_err err = syncer_wait(dir->syncer);
    if (err != GMM_OK)
        return err;
    err = sync_folders(dir, true);
    enum gmm_err synced = syncer_wait(dir->syncer);
    if (err == GMM_OK && synced == GMM_OK)
        memset(dir->dirty, 0, sizeof dir->dirty);
    return err == GMM_OK ? synced : err;
}

enum gmm_err chunkfile_write(struct chunkfile *dir, const struct gmm_id *id, const void *bytes, size_t len, bool sync)
{
    struct place place;
    place_of(&place, id);
    int folder = -1, fd = -1;
    enum gmm_err err = make_folder(dir, &place, &folder);
    if (err != GMM_OK)
        return err;
    char temporary[64];
    if (holds_already(folder, place.name, bytes, len, &fd))
        err = sync ? sys_sync(fd) : GMM_OK;
    else
        err = write_beside(dir, folder, temporary, place.name, bytes, len, sync, &fd);
    sys_close(&folder);
    if (err != GMM_OK) {
        sys_close(&fd);
        return err;
    }
    dir->dirty[id->b[0]] = true;
    if (sync) {
        sys_close(&fd);
        return sync_folders(dir, false);
    }
    /* Its way to the disk begins now; whether it can begin does not matter. */
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    syncer_put(dir->syncer, fd);
    return GMM_OK;
}

static enum gmm_err read_at(int fd, uint8_t *out, size_t offset, size_t want)
{
    for (size_t done = 0; done < want;) {
        ssize_t n = pread(fd, out + done, want - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return GMM_EIO;
        done += (size_t)n;
    }
    return GMM_OK;
}

enum gmm_err chunkfile_read(struct chunkfile *dir, const struct gmm_id *id, size_t offset, void *out, size_t max,
                            size_t *got, size_t *total)
{
    struct place place;
    place_of(&place, id);
    *got = 0;
    *total = 0;
    int folder = -1;
    enum gmm_err err = open_folder(dir, &place, &folder);
    if (err != GMM_OK)
        return err;
    int fd = openat(folder, place.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat st = {.st_size = 0};
    if (fd < 0)
        err = sys_err(errno);
    else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        err = GMM_EIO;
    sys_close(&folder);
    if (err == GMM_OK) {
        size_t size = (size_t)st.st_size;
        size_t want = offset >= size ? 0 : size - offset < max ? size - offset : max;
        err = read_at(fd, out, offset, want);
        *got = err == GMM_OK ? want : 0;
        *total = err == GMM_OK ? size : 0;
    }
    sys_close(&fd);
    return err;
}

enum gmm_err chunkfile_remove(struct chunkfile *dir, const struct gmm_id *id)
{
    struct place place;
    place_of(&place, id);
    int folder = -1;
    enum gmm_err err = open_folder(dir, &place, &folder);
    if (err == GMM_OK && unlinkat(folder, place.name, 0) != 0)
        err = sys_err(errno);
    if (err == GMM_OK)
        dir->dirty[id->b[0]] = true;
    sys_close(&folder);
    return err;
}

static bool is_swept(int folder, const struct place *place, const char *name, chunkfile_keep_fn *keep, void *arg)
{
    struct gmm_id id;
    struct stat st;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    if (!id_from_hex(&id, name, strlen(name)) || memcmp(name, place->folder, 2) != 0)
        return strncmp(name, NEW_PREFIX, strlen(NEW_PREFIX)) == 0;
    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !keep(arg, &id, st.st_mtime);
}

enum gmm_err chunkfile_sweep(struct chunkfile *dir, uint8_t first, chunkfile_keep_fn *keep, void *arg,
                             unsigned *removed)
{
    struct place place;
    place_of(&place, &(struct gmm_id){.b = {first}});
    *removed = 0;
    int fd = -1;
    enum gmm_err err = open_folder(dir, &place, &fd);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    DIR *list = fdopendir(fd);
    if (list == NULL) {
        err = sys_err(errno);
        sys_close(&fd);
        return err;
    }
    struct dirent *item;
    while (err == GMM_OK && (item = readdir(list)) != NULL) {
        if (!is_swept(dirfd(list), &place, item->d_name, keep, arg))
            continue;
        if (unlinkat(dirfd(list), item->d_name, 0) != 0)
            err = sys_err(errno);
        else
            (*removed)++;
    }
    closedir(list);
    if (*removed > 0)
        dir->dirty[first] = true;
    return err;
}

uint64_t chunkfile_disk_free(const struct chunkfile *dir)
{
    struct statvfs st;
    if (fstatvfs(dir->root, &st) != 0)
        return 0;
    return (uint64_t)st.f_bavail * (uint64_t)st.f_frsize;
}
