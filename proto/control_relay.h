/* RELAY: an office that stores and forwards a group's data without being of it (protocol: Relays).
 *
 *   RELAY = {ver u8 = 1, on u8 (1 it is one from here on, 0 no more), sign_pk 32}
 */
#ifndef GMM_PROTO_CONTROL_RELAY_H
#define GMM_PROTO_CONTROL_RELAY_H

#include "proto/control.h"

struct control_relay {
    bool on;
    struct gmm_id sign_pk;
};

/* The buffer's failure. */
enum gmm_err control_relay_encode(struct buffer *out, const struct control_relay *r);
/* GMM_EFORMAT, GMM_EVERSION. */
enum gmm_err control_relay_decode(struct control_relay *out, const void *body, size_t len);

#endif
