/* Checkpoints of the store's write-ahead log on a thread of their own.
 *
 * SQLite makes one within the commit that finds the log long: some 16 MiB are read, sorted, written to the store and
 * synchronised before that commit returns, and whoever's entry it was waits. Here commits only append; a second
 * connection carries the pages over meanwhile. Where writing never pauses the log would not begin anew, so from
 * CHECKPOINT_MOST pages on the commit waits, and carries over the little that is left.
 *
 * Nothing is lost by it: what is committed stands in the log until it stands in the store, both synchronised by SQLite.
 */
#ifndef GMM_NODE_CHECKPOINT_H
#define GMM_NODE_CHECKPOINT_H

#include "keys/error.h"

/* Of the log, after which one begins: fewer than its file keeps (journal_size_limit), or each new beginning would cut
 * it off and wait for that. */
#define CHECKPOINT_PAGES 900u
#define CHECKPOINT_MOST 4000u /* after which commits wait */

struct sqlite3;
struct checkpoint;

/* For this connection, which is in WAL mode and opened for writing; its own checkpoints are switched off. GMM_ENOMEM.
 */
enum gmm_err checkpoint_new(struct checkpoint **out, struct sqlite3 *db);
/* The thread ends; before the connection is closed. NULL is fine. */
void checkpoint_free(struct checkpoint *c);
/* After a commit: begins one where it is time. */
void checkpoint_committed(struct checkpoint *c);
/* None is under way any more: before a checkpoint of the caller's own, which must find all. NULL is fine. */
void checkpoint_wait(struct checkpoint *c);

#endif
