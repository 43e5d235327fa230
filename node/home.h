/* The home: everything a node owns, in one folder of mode 0700, under one kernel lock (cli.md: Common rules).
 *
 *   gmm.conf · keys/office.keystore · store.db (+ -wal, -shm) · chunks/xx/… · control (socket) · lock
 */
#ifndef GMM_NODE_HOME_H
#define GMM_NODE_HOME_H

#include <stdbool.h>
#include <stddef.h>

#include "keys/error.h"

#define HOME_PATH_MAX 4096

/* --home (NULL: none), else $GMM_HOME, else $XDG_DATA_HOME/gmm, else ~/.local/share/gmm. GMM_ELIMIT, GMM_ENOTFOUND. */
enum gmm_err home_path(char out[HOME_PATH_MAX], const char *option, struct gmm_msg *msg);
/* home + "/" + name. */
enum gmm_err home_join(char out[HOME_PATH_MAX], const char *home, const char *name, struct gmm_msg *msg);
/* Makes the folder and keys/ and chunks/ (0700, parents as needed), syncs the parent. GMM_EEXISTS when it already holds a
 * keystore; GMM_EIO, GMM_EFULL. */
enum gmm_err home_create(const char *home, struct gmm_msg *msg);
/* GMM_ENOTFOUND ("no home at …: run gmm init …"), GMM_EDENIED when others could write into it. */
enum gmm_err home_check(const char *home, struct gmm_msg *msg);

/* The one lock (flock on home/lock, freed by the kernel with the process; the file is never removed). The holder's kind is
 * written into it: 'd' daemon, 'c' command. */
struct home_lock {
    int fd;
};
/* Waits up to wait_ms while a command holds it; while a daemon holds it, GMM_EBUSY at once. */
enum gmm_err home_lock(struct home_lock *lock, const char *home, bool daemon, unsigned wait_ms, struct gmm_msg *msg);
void home_unlock(struct home_lock *lock);

#endif
