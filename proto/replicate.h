/* Replication by cursor and runs, with live push (protocol: Replication 1, 3, 4).
 *
 * With each identified peer: root objects are reconciled as a set; then each side announces the heads that changed
 * since the cursor that the other handed back, wants what it lacks, sends runs, acknowledges a token once all that it
 * covers is persisted. New entries are pushed to peers known to hold all before them, else announced. A peer is in sync
 * when neither side lacks anything that the other announced; a PING after the last acknowledgement makes sure of it.
 */
#ifndef GMM_PROTO_REPLICATE_H
#define GMM_PROTO_REPLICATE_H

#include "proto/peer.h"

struct replicate;

struct replicate *replicate_new(void);
void replicate_free(struct replicate *r);

/* The cursor that a peer gave us, from the store at start. */
enum gmm_err replicate_restore_cursor(struct replicate *r, const struct gmm_id *sign_pk, const uint8_t *token,
                                      size_t len);
const uint8_t *replicate_cursor(const struct replicate *r, const struct gmm_id *sign_pk, size_t *len);

/* A peer is identified: replication starts. hello: its fingerprint of objects and the cursor that we gave it. */
enum gmm_err replicate_open(struct replicate *r, struct core *core, struct peer *peer,
                            const struct session_hello *hello);
void replicate_gone(struct replicate *r, struct core *core, uint32_t conn);
/* A message of types OBJECTS_HAVE … PONG. Errors close the connection. new_object: set when an OBJECT was added (the
 * store effect is out; the fold was touched). */
enum gmm_err replicate_message(struct replicate *r, struct core *core, struct peer *peer, uint8_t type,
                               const uint8_t *payload, size_t len, bool *new_object);
/* Answer to a LOAD of ours; false: the ticket is not ours. */
bool replicate_loaded(struct replicate *r, struct core *core, uint64_t ticket, const struct run *run);
/* A run that came by hand was admitted: what was asked of peers is less. */
void replicate_admitted(struct replicate *r, struct core *core, struct logs_log *log);
/* A fork proof, whatever brought it. Errors of fork_open. */
enum gmm_err replicate_take_proof(struct core *core, const uint8_t *bytes, size_t len);
/* Runs or objects were persisted: push or announce. */
void replicate_persisted_run(struct replicate *r, struct core *core, const struct logs_log *log, uint64_t first_seq,
                             uint64_t last_seq);
/* "Told before anything else, at once." */
void replicate_persisted_proof(struct replicate *r, struct core *core, const struct fork_proof *proof);
/* What peers have told us no longer holds (a log of ours was cut): they tell all of it again in new sessions. */
void replicate_forget_cursors(struct replicate *r);
void replicate_persisted_object(struct replicate *r, struct core *core, const struct directory_object *object);
/* Authority changed: a peer whose groups are others than before is told of everything that it may have and lacks. */
void replicate_view_changed(struct replicate *r, struct core *core);
/* The peer is parting: what it lacks of the control logs, as they are held now, goes on its way; nothing else does any
 * more, and nothing is asked of it. */
void replicate_part(struct replicate *r, struct core *core, struct peer *peer);
/* Has it read all that? A PING behind it tells. */
bool replicate_parted(struct replicate *r, struct core *core, struct peer *peer);
/* Room in a peer's queues, or time: goes on sending. Returns when it wants to run again (UINT64_MAX: not by time). */
uint64_t replicate_continue(struct replicate *r, struct core *core);
/* What this office takes is other than before: peers are told. */
void replicate_take_changed(struct replicate *r, struct core *core);
/* The other modules' say: chunks being asked of, or sent to, this connection. */
void replicate_set_busy(struct replicate *r, uint32_t conn, bool busy);
/* Likewise: something of this connection is still to be fetched, or what came of it to be looked through. */
void replicate_set_lacking(struct replicate *r, uint32_t conn, bool lacking);
/* What was admitted was rolled back: everything lacking is wanted again, after a while. */
void replicate_retry(struct replicate *r, uint64_t now_ms);
/* Logs may be had further than before: whoever holds more is asked. */
void replicate_reconsider(struct replicate *r, uint64_t now_ms);
/* Entries that connected peers hold and we do not. */
uint64_t replicate_lacking(const struct replicate *r, const struct core *core);
/* Up to which of our arrivals the peer has acknowledged; 0: nothing, or it is gone. */
uint64_t replicate_acked(const struct replicate *r, uint32_t conn);
bool replicate_all_synced(const struct replicate *r);
/* Entries that came in runs: of use, and held already. */
void replicate_toll(const struct replicate *r, uint64_t *taken, uint64_t *repeated);

#endif
