#include "node/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unicode/utf8.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/render.h"
#include "node/sys.h"

#define COPY_BYTES 65536u
#define NAMES_TRIED 1000u

/* ---- a named temporary file, where the file system has no nameless ones, goes with the process ---- */

static char doomed[OUTFILE_PATH_BYTES + 64];
static volatile sig_atomic_t is_doomed;

static void on_signal(int number)
{
    if (is_doomed)
        (void)unlink(doomed);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void doom(const char *folder, const char *temp)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    int n = snprintf(doomed, sizeof doomed, "%s/%s", folder, temp);
    is_doomed = n > 0 && (size_t)n < sizeof doomed;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaction(numbers[i], &action, NULL);
}

/* ---- names ---- */

static size_t hex_byte(const char *hex, unsigned *byte)
{
    char two[3] = {hex[0], hex[0] != '\0' ? hex[1] : '\0', '\0'};
    char *end;
    *byte = (unsigned)strtoul(two, &end, 16);
    return two[0] != '\0' && end == two + 2 ? 2 : 0;
}

void outfile_safe_name(char out[256], const char *hex)
{
    uint8_t raw[256];
    size_t len = 0, n = 0;
    unsigned byte;
    while (hex != NULL && len < 255 && hex_byte(hex, &byte) == 2) {
        hex += 2;
        raw[len++] = (uint8_t)byte;
    }
    for (size_t i = len; i > 0; i--)
        if (raw[i - 1] == '/') {
            memmove(raw, raw + i, len - i);
            len -= i;
            break;
        }
    for (int32_t i = 0; i < (int32_t)len;) {
        int32_t start = i;
        UChar32 c;
        U8_NEXT(raw, i, (int32_t)len, c);
        bool leading = n == 0 && (c == '.' || c == '-' || c == '~' || c == ' ');
        if (c < 0 || render_is_harmful(c) || leading)
            out[n++] = '_';
        else {
            memcpy(out + n, raw + start, (size_t)(i - start));
            n += (size_t)(i - start);
        }
    }
    out[n] = '\0';
    if (strspn(out, "_") == n)
        snprintf(out, 256, "document");
}

/* "report.docx" → "report-2.docx", within 255 bytes. */
static void numbered_name(char out[256], const char *name, unsigned number)
{
    char mark[16];
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    size_t tail = strlen(name + stem);
    int n = number > 1 ? snprintf(mark, sizeof mark, "-%u", number) : 0;
    mark[n] = '\0';
    while (stem > 0 && stem + (size_t)n + tail > 255)
        do
            stem--;
        while (stem > 0 && ((unsigned char)name[stem] & 0xc0u) == 0x80u);
    snprintf(out, 256, "%.*s%s%.*s", (int)stem, name, mark, (int)(255 - stem - (size_t)n), name + strlen(name) - tail);
}

/* ---- opening ---- */

static enum gmm_err fail(struct gmm_msg *msg, int errnum, const char *path)
{
    enum gmm_err err = sys_err(errnum);
    return gmm_fail(msg, err == GMM_EFULL ? err : GMM_EIO, "cannot write %s: %s", path, sys_text(errnum));
}

static enum gmm_err open_memory(struct outfile *out, int target, struct gmm_msg *msg)
{
    out->kind = OUTFILE_STREAM;
    out->target = target;
    out->fd = memfd_create("gmm-output", MFD_CLOEXEC);
    return out->fd >= 0 ? GMM_OK : fail(msg, errno, out->path);
}

/* A file without a name; where there is no such thing, one with a name of its own. */
static enum gmm_err open_temp(struct outfile *out, const char *folder, mode_t mode, struct gmm_msg *msg)
{
    out->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->folder < 0)
        return fail(msg, errno, out->path);
    bool nameable = access("/proc/self/fd", X_OK) == 0; /* later */
    if (nameable)
        out->fd = openat(out->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
    else
        errno = ENOENT;
    if (out->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)) {
        snprintf(out->temp, sizeof out->temp, ".gmm-%08x", randombytes_random());
        out->fd = openat(out->folder, out->temp, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, mode);
        if (out->fd >= 0)
            doom(folder, out->temp);
    }
    return out->fd >= 0 ? GMM_OK : fail(msg, errno, out->path);
}

static enum gmm_err open_file(struct outfile *out, const char *path, mode_t mode, struct gmm_msg *msg)
{
    char folder[OUTFILE_PATH_BYTES];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    size_t len = slash == path ? 1 : slash != NULL ? (size_t)(slash - path) : 0;
    if (name[0] == '\0' || strlen(name) > 255)
        return gmm_fail(msg, GMM_EIO, "'%s' is no name for a file", path);
    memcpy(folder, path, len);
    snprintf(folder + len, sizeof folder - len, "%s", len == 0 ? "." : "");
    snprintf(out->name, sizeof out->name, "%s", name);
    out->kind = OUTFILE_FILE;
    return open_temp(out, folder, mode, msg);
}

/* What stands there decides: nothing, a file (through links to it), or a device. */
static enum gmm_err open_path(struct outfile *out, const char *path, bool is_private, struct gmm_msg *msg)
{
    struct stat st;
    mode_t mode = is_private ? 0600 : 0666;
    if (strlen(path) >= OUTFILE_PATH_BYTES)
        return gmm_fail(msg, GMM_EIO, "the path is too long: %s", path);
    if (stat(path, &st) != 0)
        return errno == ENOENT ? open_file(out, path, mode, msg) : fail(msg, errno, path);
    if (S_ISDIR(st.st_mode))
        return gmm_fail(msg, GMM_EIO, "%s is a directory", path);
    if (!S_ISREG(st.st_mode)) {
        int target = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return target >= 0 ? open_memory(out, target, msg) : fail(msg, errno, path);
    }
    char *whole = realpath(path, NULL);
    if (whole == NULL)
        return fail(msg, errno, path);
    enum gmm_err err = strlen(whole) < OUTFILE_PATH_BYTES ? open_file(out, whole, mode, msg) : GMM_EIO;
    free(whole);
    if (err == GMM_OK && !is_private && fchmod(out->fd, st.st_mode & 0777) != 0)
        err = fail(msg, errno, path);
    return err;
}

enum gmm_err outfile_open(struct outfile *out, const char *path, bool is_private, struct gmm_msg *msg)
{
    *out = (struct outfile){.fd = -1, .folder = -1, .target = -1};
    enum gmm_err err;
    snprintf(out->path, sizeof out->path, "%s",
             path == NULL             ? _("a file in this folder")
             : strcmp(path, "-") == 0 ? _("standard output")
                                      : path);
    if (path == NULL) {
        out->kind = OUTFILE_NAMED;
        err = open_temp(out, ".", is_private ? 0600 : 0666, msg);
    } else if (strcmp(path, "-") == 0)
        err = open_memory(out, STDOUT_FILENO, msg);
    else
        err = open_path(out, path, is_private, msg);
    if (err != GMM_OK)
        outfile_close(out);
    return err;
}

bool outfile_is_stdout(const struct outfile *out)
{
    return out->kind == OUTFILE_STREAM && out->target == STDOUT_FILENO;
}

/* ---- finishing ---- */

static enum gmm_err finish_stream(struct outfile *out, struct gmm_msg *msg)
{
    uint8_t bytes[COPY_BYTES];
    off_t at = 0;
    for (;;) {
        ssize_t n = pread(out->fd, bytes, sizeof bytes, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(msg, errno, out->path);
        if (n == 0)
            break;
        enum gmm_err err = sys_write_all(out->target, bytes, (size_t)n);
        if (err != GMM_OK)
            return gmm_fail(msg, err == GMM_EFULL ? err : GMM_EIO, "cannot write %s: %s", out->path, sys_text(errno));
        at += n;
    }
    if (!outfile_is_stdout(out)) {
        int target = out->target;
        out->target = -1;
        if (close(target) != 0)
            return fail(msg, errno, out->path);
    }
    return GMM_OK;
}

/* Gives the nameless file a name of this folder that is not in use. 0 or an errno. */
static int give_name(struct outfile *out, const char *name)
{
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", out->fd);
    return linkat(AT_FDCWD, self, out->folder, name, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
}

static int take_name(struct outfile *out, const char *name)
{
    if (out->temp[0] == '\0')
        return give_name(out, name);
    if (renameat2(out->folder, out->temp, out->folder, name, RENAME_NOREPLACE) != 0)
        return errno;
    out->temp[0] = '\0';
    is_doomed = 0;
    return 0;
}

static enum gmm_err finish_named(struct outfile *out, const char *hex, struct gmm_msg *msg)
{
    char name[256];
    int failed = EEXIST;
    outfile_safe_name(name, hex);
    for (unsigned i = 1; i <= NAMES_TRIED && failed == EEXIST; i++) {
        numbered_name(out->name, name, i);
        failed = take_name(out, out->name);
    }
    snprintf(out->path, sizeof out->path, "%s", out->name);
    return failed == 0 ? GMM_OK : fail(msg, failed, out->path);
}

static enum gmm_err finish_file(struct outfile *out, struct gmm_msg *msg)
{
    if (out->temp[0] == '\0') {
        char temp[sizeof out->temp];
        snprintf(temp, sizeof temp, ".gmm-%08x", randombytes_random());
        int failed = give_name(out, temp);
        if (failed != 0)
            return fail(msg, failed, out->path);
        memcpy(out->temp, temp, sizeof temp);
    }
    if (renameat(out->folder, out->temp, out->folder, out->name) != 0)
        return fail(msg, errno, out->path);
    out->temp[0] = '\0';
    is_doomed = 0;
    return GMM_OK;
}

enum gmm_err outfile_finish(struct outfile *out, const char *hex, struct gmm_msg *msg)
{
    if (out->kind == OUTFILE_STREAM)
        return finish_stream(out, msg);
    enum gmm_err err = sys_sync(out->fd);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "cannot write %s: %s", out->path, gmm_err_text(err));
    err = out->kind == OUTFILE_NAMED ? finish_named(out, hex, msg) : finish_file(out, msg);
    if (err == GMM_OK)
        (void)sys_sync(out->folder); /* some file systems cannot sync a folder; the file itself is */
    return err;
}

void outfile_close(struct outfile *out)
{
    if (out->temp[0] != '\0' && out->folder >= 0)
        (void)unlinkat(out->folder, out->temp, 0);
    if (out->temp[0] != '\0')
        is_doomed = 0;
    out->temp[0] = '\0';
    if (out->kind == OUTFILE_STREAM && out->target != STDOUT_FILENO)
        sys_close(&out->target);
    sys_close(&out->fd);
    sys_close(&out->folder);
    out->kind = OUTFILE_NONE;
}
