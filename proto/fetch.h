/* Pieces: chunks of attachments, and bodies of entries that came without them. Wanted ones are asked of peers that may
 * have them, of several at once; served ones are read and sent in parts.
 *
 * A bounded number is under way at a time, whatever is wanted, and a bounded number of bytes is being stored, so memory
 * stays bounded. Who has not got one is asked
 * again later; who does not answer loses it to another peer. What came of a piece when a connection ends is staged by
 * the driver, and the next one is asked for the rest only. A piece is only taken when its bytes hash to what was asked
 * for; only members of the group and its relays are served, and unknown, forbidden and absent answer alike.
 */
#ifndef GMM_PROTO_FETCH_H
#define GMM_PROTO_FETCH_H

#include "proto/peer.h"

struct fetch;

struct fetch *fetch_new(void);
void fetch_free(struct fetch *f);
/* ENGINE_WANT_CHUNKS (those wanted already are skipped): chunks by id, or bodies by the ids of their entries, each with
 * the hash that the entry's header names. */
enum gmm_err fetch_want(struct fetch *f, struct core *core, const struct engine_event *event);
/* It is not wanted any more; what was staged of it goes. What is being stored already stays wanted until that is done.
 */
void fetch_forget(struct fetch *f, struct core *core, const struct gmm_id *gid, const struct gmm_id *id);
/* A peer is there: its chunks may be asked for, and everything that nobody had is tried again with it. */
enum gmm_err fetch_open(struct fetch *f, struct peer *peer);
void fetch_gone(struct fetch *f, struct core *core, uint32_t conn);
/* CHUNK_WANT, CHUNK, CHUNK_NONE. Errors close the connection. */
enum gmm_err fetch_message(struct fetch *f, struct core *core, struct peer *peer, uint8_t type, const uint8_t *payload,
                           size_t len);
/* Answer to a LOAD_CHUNK of ours; false: not ours. */
bool fetch_loaded(struct fetch *f, struct core *core, uint64_t ticket, const uint8_t *bytes, size_t len, size_t total);
/* A chunk's STORE was persisted (GMM_OK) or failed. GMM_ESIGNATURE: its bytes were others than asked for; who sent them
 * loses its connection. */
void fetch_persisted(struct fetch *f, struct core *core, const struct gmm_id *gid, const struct gmm_id *id,
                     enum gmm_err err);
/* Asks and serves as room allows. Returns when it wants to run again. */
uint64_t fetch_continue(struct fetch *f, struct core *core);
/* Something is being asked of, or sent to, this connection. */
bool fetch_busy(const struct fetch *f, uint32_t conn);
/* Something is wanted that this connection has been asked for, or may still be: it has not said no. */
bool fetch_hopes(const struct fetch *f, const struct core *core, uint32_t conn);
size_t fetch_wanted(const struct fetch *f);
/* Bytes of pieces under way that have come; and what they will have. */
void fetch_progress(const struct fetch *f, uint64_t *got, uint64_t *total);

#endif
