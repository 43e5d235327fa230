/* The home: everything a node owns, in one folder of mode 0700, under one kernel lock (cli.md: Common rules).
 *
 *   gmm.conf · keys/office.keystore · store.db (+ -wal, -shm) · chunks/xx/… · partial/… · control (socket) · lock
 */
#ifndef GMM_NODE_HOME_H
#define GMM_NODE_HOME_H

#include <stdbool.h>
#include <stddef.h>

#include "keys/error.h"

#define HOME_PATH_MAX 4096
#define HOME_KEYSTORE "keys/office.keystore"
#define HOME_STORE "store.db"

/* --home (NULL: none), else $GMM_HOME, else $XDG_DATA_HOME/gmm, else ~/.local/share/gmm. GMM_ELIMIT, GMM_ENOTFOUND. */
enum gmm_err home_path(char out[HOME_PATH_MAX], const char *option, struct gmm_msg *msg);
/* home + "/" + name. */
enum gmm_err home_join(char out[HOME_PATH_MAX], const char *home, const char *name, struct gmm_msg *msg);
/* Makes the folder and keys/ and chunks/ (0700, parents as needed), syncs the parent. GMM_EEXISTS when it already holds
 * a keystore; GMM_EDENIED when the folder is another account's or others could write into it; GMM_EIO, GMM_EFULL. */
enum gmm_err home_create(const char *home, struct gmm_msg *msg);
/* GMM_ENOTFOUND ('no home at …'), GMM_EDENIED when others could write into it. */
enum gmm_err home_check(const char *home, struct gmm_msg *msg);
/* Nobody else may even look into it (mode 0700). */
bool home_is_private(const char *home);

/* The one lock (flock on home/lock, freed by the kernel with the process; the file is never removed). What kind of
 * holder it has is a second kernel lock on the file's first byte, which only a daemon takes: bytes in the file could
 * outlive a killed daemon and then lie about the next holder. */
struct home_lock {
    int fd;
};
/* Waits up to wait_ms while a command holds it; while a daemon holds it, GMM_EBUSY at once. GMM_EDENIED (a link,
 * another account's file), GMM_EIO, GMM_EFULL. On a read-only mount without a lock file there is nothing to hold:
 * GMM_OK. */
enum gmm_err home_lock(struct home_lock *lock, const char *home, bool daemon, unsigned wait_ms, struct gmm_msg *msg);
/* Idempotent; fine for a lock that was never had when fd is -1. */
void home_unlock(struct home_lock *lock);

#endif
