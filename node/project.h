/* From persisted entries to what people see: bodies are opened, decoded, put into the catalogue and the index.
 *
 * Called by the node's driver. A malformed record never stops it: the entry stays in the log and is not shown. All of
 * it can be done again from the logs (project_catch_up after projection_reset and search_reset). */
#ifndef GMM_NODE_PROJECT_H
#define GMM_NODE_PROJECT_H

#include "node/node.h"

/* The two things that are made, each remembering how far it got in each log. */
enum {
    PROJECT_CATALOGUE = 1, /* lines, chunks to be fetched, events, receipts owed */
    PROJECT_INDEX = 2,     /* words */
    PROJECT_ALL = 3
};
/* Entries of a log were persisted: what of it is not done up to there. what: one of them. */
enum gmm_err project_entries(struct node *node, const struct run_key *key, uint64_t first_seq, uint32_t count,
                             unsigned what);
/* The same up to `end`, and no longer than until_ms (sys_now_ms) allows, but one entry at least where one is left.
 * *done: entries. */
enum gmm_err project_log_slice(struct node *node, const struct run_key *key, uint64_t end, unsigned what,
                               uint64_t until_ms, uint64_t *done);
/* An epoch's secret came: what waited for it. */
enum gmm_err project_secret(struct node *node, const struct gmm_id *epoch_id);
/* Authority changed: verdicts of logs. */
enum gmm_err project_view(struct node *node);
/* The body of an entry that had come without it. */
enum gmm_err project_body_here(struct node *node, const struct gmm_id *id);
/* This office takes more of a group than before: bodies that are not here are asked for. */
enum gmm_err project_want_bodies(struct node *node, const struct gmm_id *gid);
enum gmm_err project_chunk_here(struct node *node, const struct gmm_id *gid, const struct gmm_id *chunk);
/* Every log from where it was projected to (what: none, one or both of them); what waits for a secret that is here;
 * verdicts; chunks still wanted are asked for again. */
enum gmm_err project_catch_up(struct node *node, unsigned what, void (*progress)(void *arg, uint64_t done), void *arg);

/* Is an opened entry's line in the catalogue what it would be made anew? As projection_check; GMM_OK where an entry has
 * none. */
enum gmm_err project_check(struct node *node, const struct header *h, const struct gmm_id *id, const uint8_t *plain,
                           size_t len);

#endif
