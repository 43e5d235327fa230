/* Guarded memory for secrets: locked, kept out of core dumps, between guard pages, wiped when freed.
 *
 * One arena for the process, made of regions of 64 KiB that are added as needed. libsodium's
 * sodium_malloc does not report a failed mlock, so the arena locks a page itself at start and refuses (or warns, when
 * the configuration says so). Not thread-safe: the owner is the loop thread; helpers on other threads get copies made
 * there.
 */
#ifndef GMM_KEYS_SECRET_H
#define GMM_KEYS_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"

#define SECRET_KEY_BYTES 32
#define SECRET_SIGN_BYTES 64
/* the largest single secret: an open keystore fits */
#define SECRET_BYTES_MAX 16384

enum secret_policy {
    SECRET_REQUIRE_LOCK,  /* GMM_EMLOCK when memory cannot be locked */
    SECRET_ALLOW_UNLOCKED /* goes on; secret_is_locked() tells */
};

/* Calls sodium_init, checks mlock on a page of its own, sets PR_SET_DUMPABLE 0 and RLIMIT_CORE 0. Idempotent.
 * GMM_EMLOCK: RLIMIT_MEMLOCK is too small (remedy in msg). GMM_ENOMEM. GMM_ESTATE: libsodium or the kernel refuses. */
enum gmm_err secret_open(enum secret_policy policy, struct gmm_msg *msg);
/* Wipes and releases every region. */
void secret_close(void);
int secret_is_locked(void);
/* Zeroed guarded memory of n ≤ SECRET_BYTES_MAX bytes, 16-byte aligned; NULL when memory or lockable memory ends, or
 * before secret_open. */
void *secret_alloc(size_t n);
/* Wipes and returns it. NULL is fine. */
void secret_free(void *p);
/* Bytes in use (rounded up to 16 a secret), for tests that look for leaks. */
size_t secret_in_use(void);

#endif
