/* Two sets of heads compared by ranges (protocol: Ranges): each side finds out which of its heads the other does not
 * hold, for bytes that grow with the differences and only with the logarithm of the sets. Pure: no session, no log
 * table; proto/replicate_ranges.c binds it to a peer.
 *
 * A head has a place (32 bits: 12 of its group, 20 of its log) and a mark (128 bits of log, seq and id), both hashes
 * keyed with a salt that one side draws for this comparison. A range of places has a sum: its marks added, modulo
 * 2^128. Sides take turns. Who is told sums answers each that is not its own with a finer SPLIT, or, when it has at
 * most 32 heads there, with a LIST of their marks; who is told a LIST tells the heads that it lacks and asks with NEED
 * for those that it has not. A round without an answer is the end: what was not told is the same on both sides.
 *
 * Work and memory are bounded by the own set whatever the peer says. A round has no more ranges than the round before
 * asked for; each SPLIT of ours makes sixteen of what we hold, so that rounds are at most twice the logarithm of our
 * set, and a few; a head is told at most once.
 */
#ifndef GMM_PROTO_RECONCILE_H
#define GMM_PROTO_RECONCILE_H

#include "proto/message_ranges.h"
#include "proto/run.h"

struct reconcile;
struct reconcile_sink {
    void *context;
    /* One RANGES payload, complete and perhaps failed for lack of memory; the sink closes it. */
    void (*send)(void *context, struct buffer *payload);
    /* The peer does not hold this head, which was added with ref; each is told once. asked: the peer named it, so it
     * may hold a later one of the log. */
    void (*tell)(void *context, size_t ref, bool asked);
};

struct reconcile *reconcile_new(const uint8_t salt[MESSAGE_RANGES_SALT]);
void reconcile_free(struct reconcile *r);
/* A head of ours, each log once; GMM_ENOMEM. */
enum gmm_err reconcile_add(struct reconcile *r, const struct run_key *key, uint64_t seq, const struct gmm_id *id,
                           size_t ref);
/* All were added, and the peer's round 0 is here. */
void reconcile_answer(struct reconcile *r);
/* All were added: sends round 0. whole: one sum of everything, for sets that ought to be the same. */
void reconcile_open(struct reconcile *r, bool whole, const struct reconcile_sink *sink);
/* Is this message of the comparison, and of the round that is due? Else it is none of ours: ignored. */
bool reconcile_expects(const struct reconcile *r, const struct message_ranges *message);
/* A message that is expected. GMM_EFORMAT: not in order, or more ranges than were asked for; GMM_ENOMEM. */
enum gmm_err reconcile_take(struct reconcile *r, const struct message_ranges *message,
                            const struct reconcile_sink *sink);
bool reconcile_done(const struct reconcile *r);
/* Nothing but our round 0 was said. */
bool reconcile_unanswered(const struct reconcile *r);
size_t reconcile_count(const struct reconcile *r);
/* The ref of one of `count`; at the end, when nothing of it was told (true), the peer holds the same head. */
bool reconcile_same(const struct reconcile *r, size_t index, size_t *ref);

#endif
