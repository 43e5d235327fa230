#include "proto/doorkeeper.h"

#include <string.h>

#define ONE 1000u
#define FULL (LIMIT_HANDSHAKES_SECOND * ONE)

void doorkeeper_init(struct doorkeeper *d, uint64_t now_ms)
{
    memset(d, 0, sizeof *d);
    d->filled_ms = now_ms;
    d->left = FULL;
}

/* A thousandth of a handshake comes back LIMIT_HANDSHAKES_SECOND times a millisecond. */
void doorkeeper_time(struct doorkeeper *d, uint64_t now_ms)
{
    uint64_t passed = now_ms > d->filled_ms ? now_ms - d->filled_ms : 0;
    if (passed >= FULL / LIMIT_HANDSHAKES_SECOND)
        d->left = FULL;
    else
        d->left += (uint32_t)passed * LIMIT_HANDSHAKES_SECOND;
    if (d->left > FULL)
        d->left = FULL;
    d->filled_ms = now_ms;
}

enum gmm_err doorkeeper_ask(struct doorkeeper *d, const uint8_t gate[DOORKEEPER_GATE_BYTES])
{
    for (uint32_t i = 0; i < d->count; i++)
        if (memcmp(d->gates[i], gate, DOORKEEPER_GATE_BYTES) == 0)
            return GMM_EDENIED;
    if (d->left < ONE)
        return GMM_ELIMIT;
    d->left -= ONE;
    memcpy(d->gates[d->next], gate, DOORKEEPER_GATE_BYTES);
    d->next = (d->next + 1) % DOORKEEPER_GATES;
    if (d->count < DOORKEEPER_GATES)
        d->count++;
    return GMM_OK;
}
