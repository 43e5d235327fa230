#include "node/unixsock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/sys.h"

/* A long path is reached through a descriptor of its folder (*folder, to be closed after use; else -1). */
static enum gmm_err address_of(struct sockaddr_un *out, int *folder, const char *path, struct gmm_msg *msg)
{
    const char *slash = strrchr(path, '/');
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    *folder = -1;
    if (strlen(path) < sizeof out->sun_path) {
        memcpy(out->sun_path, path, strlen(path) + 1);
        return GMM_OK;
    }
    char parent[4096];
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    if (len == 0 || len >= sizeof parent)
        return gmm_fail(msg, GMM_ELIMIT, "the path of the control socket is too long: %s", path);
    memcpy(parent, path, len);
    parent[len] = '\0';
    *folder = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*folder < 0)
        return gmm_fail(msg, errno == ENOENT || errno == ENOTDIR ? GMM_ENOTFOUND : sys_err(errno),
                        "cannot reach the control socket %s: %s", path, sys_text(errno));
    int n = snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", *folder, slash + 1);
    if (n > 0 && (size_t)n < sizeof out->sun_path)
        return GMM_OK;
    sys_close(folder);
    return gmm_fail(msg, GMM_ELIMIT, "the name of the control socket is too long: %s", slash + 1);
}

enum gmm_err unixsock_connect(int *fd, const char *path, struct gmm_msg *msg)
{
    struct sockaddr_un address;
    int folder;
    enum gmm_err err = address_of(&address, &folder, path, msg);
    if (err != GMM_OK)
        return err;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = *fd < 0 ? errno : 0;
    while (failed == 0 && connect(*fd, (struct sockaddr *)&address, sizeof address) != 0) {
        failed = errno == EINTR ? 0 : errno;
    }
    sys_close(&folder);
    if (failed == 0)
        return GMM_OK;
    sys_close(fd);
    if (failed == ENOENT || failed == ECONNREFUSED || failed == ENOTDIR || failed == ENOTSOCK)
        return gmm_fail(msg, GMM_ENOTFOUND, "no daemon listens on %s", path);
    if (failed == EACCES || failed == EPERM)
        return gmm_fail(msg, GMM_EDENIED, "this account may not use the control socket %s", path);
    return gmm_fail(msg, GMM_EIO, "cannot connect to %s: %s", path, sys_text(failed));
}

/* Makes room for a new socket where an old one is left that nobody listens on. */
static enum gmm_err clear_name(const char *path, struct gmm_msg *msg)
{
    struct stat st;
    int fd;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? GMM_OK : gmm_fail(msg, sys_err(errno), "%s: %s", path, sys_text(errno));
    if (!S_ISSOCK(st.st_mode))
        return gmm_fail(msg, GMM_EEXISTS, "%s is there and no socket; remove it, or name another", path);
    enum gmm_err err = unixsock_connect(&fd, path, msg);
    if (err == GMM_OK) {
        close(fd);
        return gmm_fail(msg, GMM_EBUSY, "another process listens on %s", path);
    }
    if (err != GMM_ENOTFOUND)
        return err;
    if (unlink(path) != 0 && errno != ENOENT)
        return gmm_fail(msg, sys_err(errno), "cannot remove the old socket %s: %s", path, sys_text(errno));
    return GMM_OK;
}

static enum gmm_err give_to_group(const char *path, unsigned mode, const char *group, struct gmm_msg *msg)
{
    if (group != NULL) {
        const struct group *entry = getgrnam(group);
        if (entry == NULL)
            return gmm_fail(msg, GMM_ENOTFOUND, "the group '%s' of [control] in gmm.conf is not known here", group);
        if (chown(path, (uid_t)-1, entry->gr_gid) != 0)
            return gmm_fail(msg, sys_err(errno), "cannot give %s to the group '%s': %s", path, group, sys_text(errno));
    }
    if (chmod(path, mode) != 0)
        return gmm_fail(msg, sys_err(errno), "cannot set the mode of %s: %s", path, sys_text(errno));
    return GMM_OK;
}

enum gmm_err unixsock_listen(int *fd, const char *path, unsigned mode, const char *group, struct gmm_msg *msg)
{
    struct sockaddr_un address;
    int folder = -1;
    bool bound = false;
    *fd = -1;
    enum gmm_err err = clear_name(path, msg);
    if (err == GMM_OK)
        err = address_of(&address, &folder, path, msg);
    if (err != GMM_OK)
        return err;
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177);
    if (*fd >= 0)
        bound = bind(*fd, (struct sockaddr *)&address, sizeof address) == 0;
    int failed = bound ? 0 : errno;
    umask(before);
    sys_close(&folder);
    if (!bound)
        err = gmm_fail(msg, sys_err(failed), "cannot make the control socket %s: %s", path, sys_text(failed));
    else
        err = give_to_group(path, mode, group, msg);
    if (err == GMM_OK && listen(*fd, SOMAXCONN) != 0)
        err = gmm_fail(msg, GMM_EIO, "cannot listen on %s: %s", path, sys_text(errno));
    if (err == GMM_OK)
        return GMM_OK;
    if (bound)
        unixsock_remove(path);
    sys_close(fd);
    return err;
}

void unixsock_remove(const char *path)
{
    (void)unlink(path);
}
