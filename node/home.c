#include "node/home.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "node/sys.h"

#define LOCK_POLL_NS 10000000L

static enum gmm_err put_path(char out[HOME_PATH_MAX], struct gmm_msg *msg, const char *first, const char *rest)
{
    int n = snprintf(out, HOME_PATH_MAX, "%s%s", first, rest);
    if (n < 0 || n >= HOME_PATH_MAX)
        return gmm_fail(msg, GMM_ELIMIT, "the path of the home is longer than %d bytes: choose a shorter one",
                        HOME_PATH_MAX - 1);
    while (n > 1 && out[n - 1] == '/')
        out[--n] = '\0';
    return GMM_OK;
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value == NULL || value[0] == '\0' ? NULL : value;
}

enum gmm_err home_path(char out[HOME_PATH_MAX], const char *option, struct gmm_msg *msg)
{
    if (option != NULL && option[0] == '\0')
        return gmm_fail(msg, GMM_EUSAGE, "--home is empty: name a folder");
    if (option != NULL)
        return put_path(out, msg, option, "");
    const char *named = environment("GMM_HOME");
    if (named != NULL)
        return put_path(out, msg, named, "");
    /* The XDG rules: a relative path there is to be ignored. */
    named = environment("XDG_DATA_HOME");
    if (named != NULL && named[0] == '/')
        return put_path(out, msg, named, "/gmm");
    named = environment("HOME");
    if (named == NULL) {
        const struct passwd *account = getpwuid(geteuid());
        if (account == NULL || account->pw_dir == NULL || account->pw_dir[0] != '/')
            return gmm_fail(msg, GMM_ENOTFOUND, "this account has no home folder: name one with --home or GMM_HOME");
        named = account->pw_dir;
    }
    return put_path(out, msg, named, "/.local/share/gmm");
}

enum gmm_err home_join(char out[HOME_PATH_MAX], const char *home, const char *name, struct gmm_msg *msg)
{
    int n = snprintf(out, HOME_PATH_MAX, "%s/%s", home, name);
    if (n < 0 || n >= HOME_PATH_MAX)
        return gmm_fail(msg, GMM_ELIMIT, "the path of %s in the home is longer than %d bytes: choose a shorter home",
                        name, HOME_PATH_MAX - 1);
    return GMM_OK;
}

static enum gmm_err sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return sys_err(errno);
    enum gmm_err err = sys_sync(fd);
    sys_close(&fd);
    return err;
}

/* Makes the one folder `path`, whose parent is there, durable in that parent. */
static enum gmm_err make_folder(char *path)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? GMM_OK : sys_err(errno);
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return sync_folder(".");
    if (slash == path)
        return sync_folder("/");
    *slash = '\0';
    enum gmm_err err = sync_folder(path);
    *slash = '/';
    return err;
}

static enum gmm_err make_folders(char *path)
{
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        enum gmm_err err = make_folder(path);
        *p = '/';
        if (err != GMM_OK)
            return err;
    }
    return make_folder(path);
}

/* A folder inside the home: real, ours, 0700. */
static enum gmm_err make_inner(int home_fd, const char *name)
{
    if (mkdirat(home_fd, name, 0700) != 0 && errno != EEXIST)
        return sys_err(errno);
    int fd = openat(home_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOTDIR ? GMM_EDENIED : sys_err(errno);
    enum gmm_err err = fchmod(fd, 0700) == 0 ? GMM_OK : sys_err(errno);
    sys_close(&fd);
    return err;
}

static enum gmm_err fill_home(int fd, const char *home, struct gmm_msg *msg)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return gmm_fail(msg, sys_err(errno), "cannot look at %s: %s", home, sys_text(errno));
    if (st.st_uid != geteuid())
        return gmm_fail(msg, GMM_EDENIED, "%s belongs to another account: choose a folder of your own", home);
    if ((st.st_mode & 022) != 0)
        return gmm_fail(msg, GMM_EDENIED, "others may write into %s: choose another folder, or chmod 700 it", home);
    if (fstatat(fd, HOME_KEYSTORE, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return gmm_fail(msg, GMM_EEXISTS, "%s already holds an office's keys: choose another home", home);
    if (fstatat(fd, HOME_STORE, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return gmm_fail(msg, GMM_EEXISTS, "%s holds a store whose keys are gone: choose another home", home);
    enum gmm_err err = fchmod(fd, 0700) == 0 ? GMM_OK : sys_err(errno);
    if (err == GMM_OK)
        err = make_inner(fd, "keys");
    if (err == GMM_OK)
        err = make_inner(fd, "chunks");
    if (err == GMM_OK)
        err = sys_sync(fd);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "cannot make the home %s: %s", home, gmm_err_text(err));
    return GMM_OK;
}

enum gmm_err home_create(const char *home, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    enum gmm_err err = put_path(path, msg, home, "");
    if (err != GMM_OK)
        return err;
    err = make_folders(path);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "cannot make the home %s: %s", home, gmm_err_text(err));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return gmm_fail(msg, GMM_EIO, "cannot use %s as a home: %s", home, sys_text(errno));
    err = fill_home(fd, home, msg);
    sys_close(&fd);
    return err;
}

enum gmm_err home_check(const char *home, struct gmm_msg *msg)
{
    struct stat st;
    if (stat(home, &st) != 0 && errno != ENOENT && errno != ENOTDIR)
        return gmm_fail(msg, sys_err(errno), "cannot look at the home %s: %s", home, sys_text(errno));
    char keystore[HOME_PATH_MAX];
    enum gmm_err err = home_join(keystore, home, HOME_KEYSTORE, msg);
    if (err != GMM_OK)
        return err;
    struct stat file;
    if (lstat(keystore, &file) != 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            return gmm_fail(msg, sys_err(errno), "cannot look at the keys in %s: %s", home, sys_text(errno));
        return gmm_fail(msg, GMM_ENOTFOUND, "no home at %s", home);
    }
    if (st.st_uid != geteuid() && geteuid() != 0)
        return gmm_fail(msg, GMM_EDENIED, "the home %s belongs to another account: run gmm as its owner", home);
    if ((st.st_mode & 022) != 0)
        return gmm_fail(msg, GMM_EDENIED, "others may write into the home %s: chmod 700 it, then run gmm doctor", home);
    return GMM_OK;
}

bool home_is_private(const char *home)
{
    struct stat st;
    return stat(home, &st) != 0 || (st.st_mode & 077) == 0;
}

/* *fd stays -1 with GMM_OK where a read-only mount has no lock file. */
static enum gmm_err open_lock(int *fd, const char *path, struct gmm_msg *msg)
{
    *fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (*fd < 0 && errno == EROFS) {
        *fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (*fd < 0 && errno == ENOENT)
            return GMM_OK;
    }
    if (*fd < 0)
        return gmm_fail(msg, sys_err(errno), "cannot open the lock %s: %s", path, sys_text(errno));
    struct stat st;
    if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        sys_close(fd);
        return gmm_fail(msg, GMM_EDENIED, "the lock %s is not a regular file: remove it", path);
    }
    return GMM_OK;
}

static bool daemon_holds(int fd)
{
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &first) == 0 && first.l_type != F_UNLCK;
}

static void mark_daemon(int fd)
{
    /* Shared on a descriptor that cannot write; whoever asks for a write lock sees either. */
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    if (fcntl(fd, F_OFD_SETLK, &first) != 0) {
        first.l_type = F_RDLCK;
        (void)fcntl(fd, F_OFD_SETLK, &first);
    }
}

static enum gmm_err wait_for(int fd, unsigned wait_ms, const char *home, struct gmm_msg *msg)
{
    uint64_t until = sys_now_ms() + wait_ms;
    for (;;) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return GMM_OK;
        if (errno == EINTR)
            continue;
        if (errno != EWOULDBLOCK)
            return gmm_fail(msg, GMM_EIO, "cannot lock the home %s: %s", home, sys_text(errno));
        if (daemon_holds(fd))
            return gmm_fail(msg, GMM_EBUSY, "a daemon (gmm run) is running in the home %s: stop it first", home);
        if (sys_now_ms() >= until)
            return gmm_fail(msg, GMM_EBUSY, "another gmm command is using the home %s", home);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_POLL_NS}, NULL);
    }
}

enum gmm_err home_lock(struct home_lock *lock, const char *home, bool daemon, unsigned wait_ms, struct gmm_msg *msg)
{
    char path[HOME_PATH_MAX];
    lock->fd = -1;
    enum gmm_err err = home_join(path, home, "lock", msg);
    if (err == GMM_OK)
        err = open_lock(&lock->fd, path, msg);
    if (err != GMM_OK || lock->fd < 0)
        return err;
    err = wait_for(lock->fd, wait_ms, home, msg);
    if (err != GMM_OK)
        sys_close(&lock->fd);
    else if (daemon)
        mark_daemon(lock->fd);
    return err;
}

void home_unlock(struct home_lock *lock)
{
    if (lock->fd < 0)
        return;
    /* Said aloud: a process forked from this one may share the descriptor, and closing ours alone would keep the lock.
     */
    struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    (void)fcntl(lock->fd, F_OFD_SETLK, &all);
    (void)flock(lock->fd, LOCK_UN);
    sys_close(&lock->fd);
}
