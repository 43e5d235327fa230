#include "node/sweeping.h"

#include "node/log.h"

#define FOLDERS 256u
#define LEFT_S 86400 /* what a killed process wrote down is taken up again meanwhile, where it is wanted */

/* What cannot be told stays. */
static bool keep(void *arg, const struct gmm_id *id, int64_t written_s)
{
    const struct node *node = arg;
    enum store_naming naming;
    return store_names_chunk(node->store, id, &naming) != GMM_OK || naming == STORE_NAMED ||
           (naming == STORE_UNNAMED && written_s > (int64_t)(node_now_ms() / 1000) - LEFT_S);
}

bool sweeping_slice(struct node *node)
{
    unsigned removed = 0;
    if (!node->daemon || node->read_only || node->swept >= FOLDERS)
        return false;
    if (node_chunks_busy(node))
        return false; /* their landing brings the loop here again */
    enum gmm_err err = chunkfile_sweep(node->chunks, (uint8_t)node->swept++, keep, node, &removed);
    if (removed > 0)
        log_info("removed %u chunk files that nothing names", removed);
    if (err == GMM_OK && node->swept < FOLDERS)
        return true;
    if (err != GMM_OK)
        log_warning("chunk files that nothing names could not be looked for: %s", gmm_err_text(err));
    node->swept = FOLDERS;
    return false;
}
