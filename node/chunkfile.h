/* Chunk bytes on disk: home/chunks/<2 hex of id>/<id hex>, sealed as they came. A chunk file is written beside its
 * place, synced and renamed before the store's row says that it is held; a file without a row is never trusted: its
 * bytes are checked like received ones when the chunk is wanted (node_chunks.c), and it is swept after a while
 * (node/sweeping.h). */
#ifndef GMM_NODE_CHUNKFILE_H
#define GMM_NODE_CHUNKFILE_H

#include <stdbool.h>

#include "keys/error.h"
#include "keys/id.h"

struct chunkfile;
enum gmm_err chunkfile_open(struct chunkfile **out, const char *home, struct gmm_msg *msg);
void chunkfile_close(struct chunkfile *dir);
/* GMM_EFULL, GMM_EIO. Writing what is there already is success (its bytes are compared: a name alone proves nothing).
 * sync: fsync file and folder now; else chunkfile_sync later. */
enum gmm_err chunkfile_write(struct chunkfile *dir, const struct gmm_id *id, const void *bytes, size_t len, bool sync);
enum gmm_err chunkfile_sync(struct chunkfile *dir); /* everything written since without sync */
/* Reads up to max bytes from offset into out; *got and *total. GMM_ENOTFOUND, GMM_EIO. */
enum gmm_err chunkfile_read(struct chunkfile *dir, const struct gmm_id *id, size_t offset, void *out, size_t max,
                            size_t *got, size_t *total);
/* GMM_ENOTFOUND; durable with the next chunkfile_sync. */
enum gmm_err chunkfile_remove(struct chunkfile *dir, const struct gmm_id *id);
/* Removes what no row speaks of (keep says no) and was written before until_s (seconds since 1970), and what a crash
 * left half written, in the folder of the ids that begin with the byte `first`: 256 calls sweep all, so that a large
 * home can be swept in steps. Never while a chunk is written whose row is not committed. */
typedef bool chunkfile_keep_fn(void *arg, const struct gmm_id *id, int64_t written_s);
enum gmm_err chunkfile_sweep(struct chunkfile *dir, uint8_t first, chunkfile_keep_fn *keep, void *arg,
                             unsigned *removed);
/* Bytes that we may still write on this file system; 0 when unknown. */
uint64_t chunkfile_disk_free(const struct chunkfile *dir);

#endif
