/* What an evidence file holds of the entry's group: who was in it, and who else held the entry (docs/formats.md:
 * Evidence files). Of a circle nothing: its records would name the members to whoever gets the file. */
#ifndef GMM_NODE_PROVING_GROUP_H
#define GMM_NODE_PROVING_GROUP_H

#include "node/node.h"

struct proving_group {
    struct run **runs;           /* sorted by log and seq; the first entry of each has its body */
    struct store_entry *entries; /* which has it */
    size_t count;
    uint64_t covered; /* the seq in the entry's log up to which its run must reach, for the anchors to be about it */
};

/* Of the group ADD and REMOVE up to the entry's time; of each participant but its author's (in `internal`: of each
 * office) the first anchor that names the entry, or one behind it in its block. Errors of the store, GMM_ENOMEM; on
 * failure too: proving_group_close. */
enum gmm_err proving_group_gather(struct node *node, const struct view *view, const struct header *entry,
                                  struct proving_group *out);
void proving_group_close(struct proving_group *g);

/* A run from one seq to the first signed head at or behind another, in one block: as few headers as can be. headers:
 * without bodies. GMM_ENOTFOUND: none is held. */
enum gmm_err proving_load_run(struct node *node, const struct run_key *log, uint64_t from, uint64_t to, bool headers,
                              struct run **out);
/* Doubles the array when it is full; false: no memory for it. */
bool proving_grow(void **array, size_t count, size_t *cap, size_t size);

#endif
