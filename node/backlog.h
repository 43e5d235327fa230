/* What is stored and not yet in the catalogue or in the search index.
 *
 * A few entries go into both at once. Where many come together, storing them does not wait for that: the catalogue
 * follows in slices while the loop has nothing else to do, and the index after it. How far each log got stands in the
 * store (node/projection.h, node/search.h), so nothing is lost when the process ends in between.
 *
 * Our own entries are in the catalogue at once, but those that nobody waits for except for being on the disk
 * (node/answers.h): they follow when a command asks for anything, or after a moment, many together.
 */
#ifndef GMM_NODE_BACKLOG_H
#define GMM_NODE_BACKLOG_H

#include "node/node.h"

#define BACKLOG_FEW 16u /* entries that are not worth waiting for */

/* These (PROJECT_CATALOGUE, PROJECT_INDEX) may be behind: at the start, and after a failure. */
void backlog_look(struct node *node, unsigned what);
void backlog_close(struct node *node);

/* Entries of a log were persisted. */
enum gmm_err backlog_entries(struct node *node, const struct run_key *key, uint64_t first_seq, uint32_t count);
/* A slice, some milliseconds long. False: nothing is left, or nothing can be done just now. */
bool backlog_slice(struct node *node);

/* Before somebody reads the catalogue, or searches: whatever is behind, for at most limit_ms (0: all of it). *whole: it
 * is all there now. Of a home that is open for reading nothing is done, and *whole is true. */
enum gmm_err backlog_catalogue(struct node *node, uint64_t limit_ms, bool *whole);
enum gmm_err backlog_index(struct node *node, uint64_t limit_ms, bool *whole);
/* Before a command: what is committed and in the catalogue is all there is. Who reads waits a moment for the rest; who
 * writes must not decide without it: GMM_EBUSY. */
enum gmm_err backlog_before(struct node *node, bool writes, struct gmm_msg *msg);
/* Ours that were posted a moment ago: a command that does not wait for anything else. */
enum gmm_err backlog_own(struct node *node);
/* Is there anything stored that the catalogue does not show yet? */
bool backlog_is_behind(const struct node *node);

#endif
