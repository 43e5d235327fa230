/* Pieces of attachments and bodies that have come in part: home/partial/<id hex>, sealed as they came, so that a cut
 * costs what was under way and no more.
 *
 * Beside the store's truth: nothing here is synced or trusted. The engine checks the whole piece before the store takes
 * it; a file that is cut short, or lost, is fetched again.
 */
#ifndef GMM_NODE_PARTIAL_H
#define GMM_NODE_PARTIAL_H

#include "keys/error.h"
#include "keys/id.h"

/* Bytes [offset, offset + len) of a piece of `total` bytes. offset 0 begins anew; otherwise the file must end at
 * offset, else it goes. GMM_ESTATE, GMM_EFULL, GMM_EIO: nothing more is kept of it. */
enum gmm_err partial_put(const char *home, const struct gmm_id *id, uint32_t offset, uint32_t total, const void *bytes,
                         size_t len);
/* What is kept: *bytes (free), *len below *total. GMM_ENOTFOUND: nothing, or nothing that could be gone on with. */
enum gmm_err partial_get(const char *home, const struct gmm_id *id, uint8_t **bytes, size_t *len, uint32_t *total);
/* It is not needed any more; fine when there is nothing. */
void partial_drop(const char *home, const struct gmm_id *id);
/* Removes what nobody went on with for 30 days before now_ms. */
void partial_sweep(const char *home, uint64_t now_ms);

#endif
