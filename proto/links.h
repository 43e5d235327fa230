/* Connections: sessions, limits on half-open ones, identification by certificate, pumping, time limits.
 *
 * "At 64 connections that have not passed the gate, or 4 of one address, the oldest of those is dropped; the newest is
 * never refused."
 */
#ifndef GMM_PROTO_LINKS_H
#define GMM_PROTO_LINKS_H

#include "proto/peer.h"

struct links;

struct links *links_new(void);
void links_free(struct links *links);
size_t links_count(const struct links *links);
struct peer *links_at(struct links *links, size_t index);
struct peer *links_find(struct links *links, uint32_t conn);
/* A new connection: makes its session (hello inside). token: the cursor that this peer gave us, when it is known who it
 * is (initiator); may be NULL. Drops others beyond the limits. */
enum gmm_err links_connected(struct links *links, struct core *core, const struct engine_event *event,
                             const uint8_t *token, size_t token_len);
/* Our hello: the certificate of this Noise key of ours, clock, the cursor that the peer gave us (NULL: none),
 * fingerprint of our objects. GMM_EFORMAT: we have no certificate yet. */
enum gmm_err links_hello(const struct core *core, const struct gmm_id *noise_pk, const uint8_t *token, size_t token_len,
                         struct buffer *out);
/* The peer's hello came: who is it? Adds its certificate to the directory when it is new (then *new_object is set and
 * must be stored). GMM_EDENIED with the reason in msg: not in our roster, expelled, revoked, expired, key differs. */
enum gmm_err links_identify(struct core *core, struct peer *peer, const struct session_hello *hello,
                            const struct directory_object **new_object, struct gmm_msg *msg);
/* "An office has one session": another one of the same office is open. Returns the one of both that goes, after the
 * rule that its office follows as well; NULL: there is no other. */
struct peer *links_double(struct links *links, const struct core *core, struct peer *peer);
/* Emits CLOSE and forgets the connection. The peer pointer is dead after it. */
void links_close(struct links *links, struct core *core, struct peer *peer, enum gmm_err err, const char *text);
void links_forget(struct links *links, uint32_t conn); /* the transport is gone */
/* Before anything is received in a step: the doorkeeper's time. */
void links_time(struct links *links, const struct core *core);
/* The transport holds so many bytes still; room: what the link takes in about half a second (0: as before). */
void links_drained(struct peer *peer, size_t queued, size_t room);
/* Emits SEND for whatever may go out now. */
void links_pump(struct links *links, struct core *core);
/* Authority changed, or time has passed: marks to be closed the session of every key that may not have one any more,
 * being revoked, void, superseded or expired; and as parting that of an expelled participant. */
void links_review(struct links *links, struct core *core);
/* Marks what overstays to be closed: handshakes over LIMIT_HANDSHAKE_MS, sessions over LIMIT_SESSION_MS. Returns when
 * it must run next. */
uint64_t links_tick(struct links *links, struct core *core);

#endif
