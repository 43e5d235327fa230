/* LEFT: who has left a group, as the maker of an epoch knows it (protocol: Who had left).
 *
 *   LEFT = ver u8 = 1, count u16 from 1 to LIMIT_CUTS × {subject 32, record 32}, strictly ascending by subject
 *   subject: the pid of a participant, and the id of the record by which it left; or the sign_pk of an office whose key
 *   is revoked, superseded or void, and zero
 */
#ifndef GMM_PROTO_CONTROL_LEFT_H
#define GMM_PROTO_CONTROL_LEFT_H

#include "proto/control.h"

struct control_leaver {
    struct gmm_id subject, record;
};
struct control_left {
    uint16_t count;
    struct control_leaver *list; /* owned: control_left_close */
};

/* Sorts the list. GMM_EFORMAT: empty, or a subject named twice; GMM_ELIMIT. */
enum gmm_err control_left_encode(struct buffer *out, struct control_left *r);
enum gmm_err control_left_decode(struct control_left *out, const void *body, size_t len);
void control_left_close(struct control_left *r);

#endif
