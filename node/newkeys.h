/* An office takes new keys, and a participant a new root (product story 21).
 *
 * Office: new keys for signing, for Noise and for wraps are made and kept beside the present ones. Once the root has
 * certified them, here or elsewhere, they take the place of the present ones, which are superseded from there on; what
 * was written stands, and what could be read stays readable. An interruption at any point leaves the one or the other.
 */
#ifndef GMM_NODE_NEWKEYS_H
#define GMM_NODE_NEWKEYS_H

#include "node/node.h"

/* Makes the next keys, unless some wait already, and saves them. *card (may be NULL): the card that they will have.
 * GMM_EDENIED: this office is not in force. */
enum gmm_err newkeys_begin(struct node *node, struct card *card, struct gmm_msg *msg);
/* Appends what the holder of the root needs (keys/rekey.h). After newkeys_begin. */
enum gmm_err newkeys_request(struct node *node, struct buffer *out, struct gmm_msg *msg);
/* A certificate that came by hand: a directory object. GMM_EDENIED: not for the keys that wait here. */
enum gmm_err newkeys_certificate(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg);
/* The next keys are certified, and nothing is under way that their taking would interrupt. */
bool newkeys_due(struct node *node);
/* They become the keys of this office: sessions end, the engine begins anew. Not inside a step or a flush. */
enum gmm_err newkeys_take(struct node *node, struct gmm_msg *msg);
/* Where the root is not: a request of another office of ours, certified; *object gets the directory object to be handed
 * back. office: whose it must be. fingerprint: NULL, or the digits that were heard. */
enum gmm_err newkeys_certify(struct node *node, const char *office, const char *fingerprint, const void *request,
                             size_t len, struct buffer *object, struct gmm_msg *msg);

/* To the committed next root, committing to a new one; all that this home holds of earlier roots stands. *n: the number
 * of the new root; *standing: how many objects it names. Goes on with a rotation that was interrupted. GMM_EDENIED:
 * root or next root are not here. */
enum gmm_err newkeys_root(struct node *node, uint32_t *n, size_t *standing, struct gmm_msg *msg);

#endif
