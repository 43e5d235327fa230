/* What the kernel answers, in the terms of this program, and the few file calls that every file of ours needs. */
#ifndef GMM_NODE_SYS_H
#define GMM_NODE_SYS_H

#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"

/* GMM_EFULL: no space, quota, file size limit; GMM_ENOTFOUND; GMM_EEXISTS; GMM_EDENIED: permission, a link where none
 * may be, a read-only file system; GMM_ENOMEM; GMM_EBUSY; else GMM_EIO. */
enum gmm_err sys_err(int errnum);
/* The sentence for an errno; static storage, any thread. */
const char *sys_text(int errnum);
/* Writes everything or gives errno's error. */
enum gmm_err sys_write_all(int fd, const void *data, size_t len);
/* fsync that survives signals. */
enum gmm_err sys_sync(int fd);
/* Closes when fd ≥ 0 and sets it to -1. */
void sys_close(int *fd);
/* Milliseconds of the monotonic clock. */
uint64_t sys_now_ms(void);

#endif
