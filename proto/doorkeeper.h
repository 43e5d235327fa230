/* What a responder lets through to Diffie-Hellman: of the first messages that passed the gate each one once, and at
 * most LIMIT_HANDSHAKES_SECOND a second.
 *
 * A first message can be recorded and sent again by whoever sees it; an honest initiator makes each with a fresh
 * ephemeral key. The repeated ones are known by their gate and do not count, so that they cannot use up what honest
 * offices need. The memory of gates is a fixed ring: an old one can come again once, within the rate.
 */
#ifndef GMM_PROTO_DOORKEEPER_H
#define GMM_PROTO_DOORKEEPER_H

#include <stddef.h>
#include <stdint.h>

#include "keys/error.h"
#include "keys/limits.h"

#define DOORKEEPER_GATES 1024u
#define DOORKEEPER_GATE_BYTES 16u

struct doorkeeper {
    uint64_t filled_ms;
    uint32_t left; /* thousandths of a handshake */
    uint32_t next, count;
    uint8_t gates[DOORKEEPER_GATES][DOORKEEPER_GATE_BYTES];
};

/* No gate is known; a whole second's handshakes may begin. */
void doorkeeper_init(struct doorkeeper *d, uint64_t now_ms);
/* The time of what is asked next. A clock that was set back only starts anew. */
void doorkeeper_time(struct doorkeeper *d, uint64_t now_ms);
/* May a first message with this (right) gate go on? GMM_EDENIED: it came before. GMM_ELIMIT: too many in this second.
 */
enum gmm_err doorkeeper_ask(struct doorkeeper *d, const uint8_t gate[DOORKEEPER_GATE_BYTES]);

#endif
