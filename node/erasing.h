/* Erasures carried out at this office (protocol: Erasure; product story 25).
 *
 * An ERASE that the view shows and that the entry itself bears out (node/erasing_judge.h) hides the entry at once: its
 * line in the catalogue and its place in the index go, its body is given to nobody. When it is due its bytes go:
 * body, chunks that nothing else names, what was staged or parked of them, keys of its embargo, index, write-ahead log,
 * copies of older schemas. Then this office says so in an ERASED. Should the ERASE lose its effect before that (its
 * author's key was revoked, a retention came that had been signed before) what was hidden is shown again.
 *
 * How far each erasure is stands in the store; nothing is lost when the process ends in between.
 */
#ifndef GMM_NODE_ERASING_H
#define GMM_NODE_ERASING_H

#include "node/node.h"

#define ERASING_GRACE_MS (72u * 3600u * 1000u)

/* At opening, behind the catalogue. */
enum gmm_err erasing_load(struct node *node);
void erasing_close(struct node *node);
/* Authority changed, secrets came, entries of a log came: before they go into the catalogue. */
enum gmm_err erasing_view(struct node *node);
enum gmm_err erasing_entries(struct node *node, const struct run_key *key, uint64_t first_seq, uint32_t count);
/* What is due, when nothing is under way. What fails is tried again later. */
void erasing_settle(struct node *node);
/* When the bytes of an entry go here; 0: they are gone, or it is not hidden. */
uint64_t erasing_due_ms(struct node *node, const struct view_erasure *e);

#endif
