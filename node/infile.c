#include "node/infile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/bytes.h"
#include "keys/limits.h"
#include "keys/text.h"
#include "node/render.h"
#include "node/sys.h"

#define COPY_BYTES 65536u

static const char *shown(const char *path)
{
    return strcmp(path, "-") == 0 ? _("standard input") : path;
}

static enum gmm_err copy(int from, int to, const char *path, struct gmm_msg *msg)
{
    uint8_t bytes[COPY_BYTES];
    uint64_t total = 0;
    for (;;) {
        ssize_t n = read(from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return gmm_fail(msg, GMM_EIO, "cannot read %s: %s", shown(path), sys_text(errno));
        if (n == 0)
            return GMM_OK;
        total += (uint64_t)n;
        if (total > LIMIT_CONTENT_BYTES)
            return gmm_fail(msg, GMM_ELIMIT, "%s is larger than 4 GiB", shown(path));
        enum gmm_err err = sys_write_all(to, bytes, (size_t)n);
        if (err != GMM_OK)
            return gmm_fail(msg, err, "cannot keep what comes from %s: %s", shown(path), gmm_err_text(err));
    }
}

/* What waits or has no end goes into memory of its own first. */
static enum gmm_err copy_to_memory(int *fd, const char *path, struct gmm_msg *msg)
{
    int memory = memfd_create("gmm-input", MFD_CLOEXEC);
    if (memory < 0)
        return gmm_fail(msg, GMM_EIO, "no memory file for %s: %s", shown(path), sys_text(errno));
    enum gmm_err err = copy(*fd, memory, path, msg);
    if (err == GMM_OK && lseek(memory, 0, SEEK_SET) != 0)
        err = GMM_EIO;
    if (err != GMM_OK) {
        close(memory);
        return err;
    }
    close(*fd);
    *fd = memory;
    return GMM_OK;
}

enum gmm_err infile_open(int *fd, const char *path, struct gmm_msg *msg)
{
    bool is_stdin = strcmp(path, "-") == 0;
    struct stat st;
    *fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (*fd < 0)
        return gmm_fail(msg, GMM_EIO, "cannot open %s: %s", shown(path), sys_text(errno));
    enum gmm_err err = GMM_OK;
    if (fstat(*fd, &st) != 0)
        err = gmm_fail(msg, GMM_EIO, "cannot read %s: %s", shown(path), sys_text(errno));
    else if (S_ISDIR(st.st_mode))
        err = gmm_fail(msg, GMM_EIO, "%s is a directory", shown(path));
    else if (!S_ISREG(st.st_mode) || (is_stdin && lseek(*fd, 0, SEEK_CUR) != 0))
        err = copy_to_memory(fd, path, msg);
    if (err != GMM_OK)
        sys_close(fd);
    return err;
}

enum gmm_err infile_text(char **text, const char *path, size_t max, struct gmm_msg *msg)
{
    int fd;
    struct stat st;
    *text = NULL;
    enum gmm_err err = infile_open(&fd, path, msg);
    if (err != GMM_OK)
        return err;
    if (fstat(fd, &st) != 0 || st.st_size < 0)
        err = GMM_EIO;
    else if ((uint64_t)st.st_size > max)
        err = gmm_fail(msg, GMM_ELIMIT, "the text from %s is longer than %zu bytes: post it as a document", shown(path),
                       max);
    size_t len = err == GMM_OK ? (size_t)st.st_size : 0;
    char *out = err == GMM_OK ? malloc(len + 1) : NULL;
    if (err == GMM_OK && out == NULL)
        err = GMM_ENOMEM;
    if (err == GMM_OK && pread(fd, out, len, 0) != (ssize_t)len)
        err = gmm_fail(msg, GMM_EIO, "cannot read %s", shown(path));
    close(fd);
    if (err == GMM_OK && (memchr(out, 0, len) != NULL || !bytes_is_utf8(out, len)))
        err = gmm_fail(msg, GMM_EUSAGE, "the text from %s is not UTF-8", shown(path));
    if (err != GMM_OK) {
        free(out);
        return err;
    }
    if (len > 0 && out[len - 1] == '\n')
        len--;
    if (len > 0 && out[len - 1] == '\r')
        len--;
    out[len] = '\0';
    *text = out;
    return GMM_OK;
}

json_t *infile_value(const char *path, unsigned index)
{
    static const char digits[] = "0123456789abcdef";
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    char hex[2 * LIMIT_FILE_NAME + 1];
    size_t n = 0;
    for (; strcmp(path, "-") != 0 && name[n] != '\0' && n < LIMIT_FILE_NAME; n++) {
        hex[2 * n] = digits[(unsigned char)name[n] >> 4];
        hex[2 * n + 1] = digits[(unsigned char)name[n] & 15];
    }
    hex[2 * n] = '\0';
    return json_pack("{s:i, s:s, s:o}", "fd", (int)index, "name", hex, "path", render_json_text(shown(path)));
}
