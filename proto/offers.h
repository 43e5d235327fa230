/* What a member holds of chunks, and whether the relays of the group that it is connected to hold them (protocol:
 * Chunks). A relay cannot open what names the chunks of its groups: a member asks it for the last byte of each chunk.
 * Who has it says that byte; who has not denies it, and asks the member for all of it.
 *
 * A bounded number of questions is open at a time; no more is asked while many are denied, and what was denied and
 * not fetched is asked again later, ever more seldom: a relay that is full is left alone.
 */
#ifndef GMM_PROTO_OFFERS_H
#define GMM_PROTO_OFFERS_H

#include "proto/peer.h"

struct offers;

struct offers *offers_new(void); /* NULL: out of memory */
void offers_free(struct offers *o);
enum gmm_err offers_open(struct offers *o, struct peer *peer); /* GMM_ENOMEM */
void offers_gone(struct offers *o, uint32_t conn);
/* The peer has acknowledged our arrivals up to here: nothing is asked before it has heard that it is a relay. */
void offers_acked(struct offers *o, uint32_t conn, uint64_t arrival);
/* Members or relays may have changed. */
void offers_review(struct offers *o);
/* The office holds more of the group by now: its list is wanted again, after a while. */
void offers_stale(struct offers *o, const struct gmm_id *gid);
/* The group whose list of chunks is wanted now; false: none. */
bool offers_due(const struct offers *o, uint64_t now_ms, struct gmm_id *gid);
/* All chunks held of the group, in any order. GMM_ENOMEM. */
enum gmm_err offers_put(struct offers *o, uint64_t now_ms, const struct gmm_id *gid, const struct gmm_id *ids,
                        const uint32_t *lens, size_t count);
/* CHUNK_WANT, CHUNK, CHUNK_NONE, well formed or not, as they are given to fetch too. */
void offers_heard(struct offers *o, const struct peer *peer, uint8_t type, const uint8_t *payload, size_t len);
/* Asks as room allows. When it wants to run again; UINT64_MAX: never. GMM_ENOMEM closes connections. */
uint64_t offers_continue(struct offers *o, struct core *core);
/* A question is open to this connection, or would be asked at once. */
bool offers_busy(const struct offers *o, uint32_t conn);

#endif
