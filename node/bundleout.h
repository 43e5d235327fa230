/* Bundles going out: what an office may have and is not known to hold, sealed to it, split to the size of a medium
 * (docs/protocol.md, 25). */
#ifndef GMM_NODE_BUNDLEOUT_H
#define GMM_NODE_BUNDLEOUT_H

#include "node/node.h"

struct bundleout;
struct bundleout_sum {
    struct gmm_id to;
    uint64_t number; /* of the bundle */
    uint64_t entries, chunks, objects, chunk_bytes;
    uint64_t entries_of, chunk_bytes_of; /* what entries and chunk_bytes will be when nothing comes between */
    uint64_t since;                      /* the first of our bundles that it rests on; 0: none */
    uint32_t first_file, last_file;
};
enum bundleout_base {
    BUNDLEOUT_HELD, /* what it said that it holds, last */
    BUNDLEOUT_SENT, /* that, and what went to it since */
    BUNDLEOUT_NOTHING
};

/* Writes to fd, one file's bytes behind the other's. file_bytes_max ≥ LIMIT_BUNDLE_PART_MIN. NULL: out of memory. */
struct bundleout *bundleout_new(struct node *node, int fd, uint64_t file_bytes_max);
void bundleout_free(struct bundleout *out);
/* One office's bundle begins: of what is held now. sum is filled while it goes. Errors of the store; GMM_ENOMEM. */
enum gmm_err bundleout_office(struct bundleout *out, const struct view_office *office, enum bundleout_base base,
                              struct bundleout_sum *sum, struct gmm_msg *msg);
/* A step of it: a run, a chunk, or some hundreds of what is small. The node may do other things between two steps: what
 * comes meanwhile waits for the next bundle (but the end of a run that has grown), what goes, or may no longer be had,
 * is left out. *done: it is over, also on errors. GMM_ESTATE: the node takes part in no network just now, or has other
 * keys; GMM_EKEY, GMM_EFULL, GMM_EIO; GMM_ELIMIT: too many files. */
enum gmm_err bundleout_step(struct bundleout *out, bool *done, struct gmm_msg *msg);
/* To all files so far. */
uint64_t bundleout_written(const struct bundleout *out);
/* The last file ends. *sizes: of the files in their order; the bundleout's. */
enum gmm_err bundleout_end(struct bundleout *out, const uint64_t **sizes, uint32_t *count);
/* When it is on the disk: what went to whom, in the open transaction. */
enum gmm_err bundleout_remember(struct bundleout *out);

#endif
