/* Keys of documents under embargo (protocol: Embargo): ours until we disclose them, those of others from then on.
 *
 * Named values of the store (docs/formats.md): `embargo.` ‖ hex of the commitment, sealed under the node secret, in the
 * transaction of the document that it belongs to; `disclosed.` ‖ hex, the key as it was published.
 */
#ifndef GMM_NODE_EMBARGOES_H
#define GMM_NODE_EMBARGOES_H

#include "node/node.h"
#include "proto/record_embargo.h"

/* A key of ours, not yet of a document: into the open transaction. */
enum gmm_err embargoes_keep(struct node *node, const struct gmm_id *gid, const uint8_t key[EMBARGO_KEY_BYTES],
                            uint64_t until_ms);
/* A document of ours came to the catalogue: which one its key belongs to. GMM_OK where we keep none. */
enum gmm_err embargoes_note(struct node *node, const struct record_document *doc, const struct gmm_id *id);
/* Opens what can be opened; without a key that fits the document stays covered (GMM_OK). GMM_ENOMEM, the store's. */
enum gmm_err embargoes_lift(struct node *node, const struct header *h, struct record_document *doc);
/* A DISCLOSE was taken in: its key is kept. *document: what it names. As record_disclose_decode, and the store's. */
enum gmm_err embargoes_take(struct node *node, const void *plain, size_t len, struct gmm_id *document);
/* Reads when the first of ours is due (node->embargo_due_ms); at opening. */
enum gmm_err embargoes_load(struct node *node);
/* Publishes the keys of ours that are due. What fails is tried again a minute later. */
void embargoes_settle(struct node *node);
/* The document goes: no key of it is kept. */
enum gmm_err embargoes_forget(struct node *node, const struct record_document *doc);

#endif
