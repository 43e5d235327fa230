/* Reading and replacing small files that must be whole or absent: key files, exported roots, cards, welcome files.
 *
 * Read: O_NOFOLLOW, regular file, bounded; for secret files mode 0600 and our own uid are required. Write: a new file
 * in the same folder (O_EXCL, 0600 or the given mode), write, fsync, rename, fsync of the folder. No link is followed.
 */
#ifndef GMM_NODE_KEYFILE_H
#define GMM_NODE_KEYFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "keys/error.h"

/* *out: free with keyfile_free, which wipes. GMM_ENOTFOUND, GMM_EIO, GMM_ELIMIT, GMM_EDENIED (a link, other owner,
 * others may read: `secret`), GMM_ENOMEM. Reads from an open descriptor with keyfile_read_fd (any kind of file). */
enum gmm_err keyfile_read(uint8_t **out, size_t *len, const char *path, size_t max, int secret, struct gmm_msg *msg);
enum gmm_err keyfile_read_fd(uint8_t **out, size_t *len, int fd, size_t max, struct gmm_msg *msg);
void keyfile_free(uint8_t *data, size_t len);
/* GMM_EIO, GMM_EFULL; the old file stays on failure. */
enum gmm_err keyfile_replace(const char *path, const void *data, size_t len, mode_t mode, struct gmm_msg *msg);

#endif
