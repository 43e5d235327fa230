#include "node/outfile_split.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/sys.h"

#define COPY_BYTES (1u << 20)

void outfile_split_name(char name[OUTFILE_PATH_BYTES], const char *path, uint32_t n)
{
    int len =
        n == 1 ? snprintf(name, OUTFILE_PATH_BYTES, "%s", path) : snprintf(name, OUTFILE_PATH_BYTES, "%s.%u", path, n);
    if (len < 0 || len >= OUTFILE_PATH_BYTES)
        name[0] = '\0';
}

static enum gmm_err copy(int to, int from, uint64_t offset, uint64_t len)
{
    uint8_t *bytes = malloc(COPY_BYTES);
    enum gmm_err err = bytes == NULL ? GMM_ENOMEM : GMM_OK;
    while (err == GMM_OK && len > 0) {
        ssize_t n = pread(from, bytes, len < COPY_BYTES ? (size_t)len : COPY_BYTES, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            err = n < 0 ? sys_err(errno) : GMM_EIO;
            break;
        }
        err = sys_write_all(to, bytes, (size_t)n);
        offset += (uint64_t)n;
        len -= (uint64_t)n;
    }
    free(bytes);
    return err;
}

static enum gmm_err cut_off(struct outfile *out, uint32_t n, uint64_t offset, uint64_t len, struct gmm_msg *msg)
{
    struct outfile part;
    char path[OUTFILE_PATH_BYTES];
    outfile_split_name(path, out->path, n);
    enum gmm_err err = outfile_open(&part, path, false, msg);
    if (err != GMM_OK)
        return err;
    err = copy(part.fd, out->fd, offset, len);
    if (err != GMM_OK)
        gmm_fail(msg, err, "cannot write %s: %s", path, gmm_err_text(err));
    else
        err = outfile_finish(&part, NULL, msg);
    outfile_close(&part);
    if (err == GMM_OK && ftruncate(out->fd, (off_t)offset) != 0)
        err = gmm_fail(msg, sys_err(errno), "cannot write %s: %s", out->path, sys_text(errno));
    return err;
}

enum gmm_err outfile_split(struct outfile *out, const uint64_t *sizes, uint32_t count, struct gmm_msg *msg)
{
    uint64_t offset = 0;
    enum gmm_err err = GMM_OK;
    uint32_t done = count;
    if (count > 1 && out->kind != OUTFILE_FILE)
        return gmm_fail(msg, GMM_EUSAGE, "it is several files: name a file, not a device or a pipe");
    for (uint32_t i = 0; i < count; i++)
        offset += sizes[i];
    for (; err == GMM_OK && done > 1; done--) {
        offset -= sizes[done - 1];
        err = cut_off(out, done, offset, sizes[done - 1], msg);
    }
    for (uint32_t n = done + 1; err != GMM_OK && n <= count; n++) {
        char path[OUTFILE_PATH_BYTES];
        outfile_split_name(path, out->path, n);
        (void)unlink(path);
    }
    return err;
}
