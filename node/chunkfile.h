/* Chunk bytes on disk: home/chunks/<2 hex of id>/<id hex>, sealed as they came. A chunk file is written beside its place,
 * synced and renamed before the store's row says that it is held; a file without a row is swept at start, never trusted. */
#ifndef GMM_NODE_CHUNKFILE_H
#define GMM_NODE_CHUNKFILE_H

#include "keys/id.h"
#include "keys/error.h"

struct chunkfile;
enum gmm_err chunkfile_open(struct chunkfile **out, const char *home, struct gmm_msg *msg);
void chunkfile_close(struct chunkfile *dir);
/* GMM_EFULL, GMM_EIO. Writing what is there already is success. sync: fsync file and folder now; else chunkfile_sync later. */
enum gmm_err chunkfile_write(struct chunkfile *dir, const struct gmm_id *id, const void *bytes, size_t len, bool sync);
enum gmm_err chunkfile_sync(struct chunkfile *dir); /* everything written since without sync */
/* Reads up to max bytes from offset into out; *got and *total. GMM_ENOTFOUND, GMM_EIO. */
enum gmm_err chunkfile_read(struct chunkfile *dir, const struct gmm_id *id, size_t offset, void *out, size_t max,
                            size_t *got, size_t *total);
enum gmm_err chunkfile_remove(struct chunkfile *dir, const struct gmm_id *id);
uint64_t chunkfile_disk_free(const struct chunkfile *dir);

#endif
