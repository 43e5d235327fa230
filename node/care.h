/* Care of the keys: sealed anew, the root taken out; and the health of what is derived (cli.md: Care). */
#ifndef GMM_NODE_CARE_H
#define GMM_NODE_CARE_H

#include <jansson.h>

#include "node/node.h"

/* Seals the keystore anew under this secret (guarded; NULL for method 0; taken on success). On failure the old file and
 * the old secret stay in force. */
enum gmm_err care_reseal(struct node *node, enum keystore_method method, uint8_t *secret, size_t len,
                         struct gmm_msg *msg);
/* Appends a keystore file that holds the root and the next root only, sealed under this secret; secret NULL and
 * method KEYSTORE_NONE: not sealed. GMM_EDENIED: no root is held here. */
enum gmm_err care_export_root(struct node *node, const struct keystore_lock *lock, struct buffer *out,
                              struct gmm_msg *msg);
/* Takes the root and the next root of such a file into the keystore. secret: what it is sealed under. GMM_EDENIED: of
 * another participant, or a root that has been rotated away; GMM_EPASSPHRASE; GMM_ECORRUPT: damaged. */
enum gmm_err care_import_root(struct node *node, const void *bytes, size_t len, const uint8_t *secret,
                              size_t secret_len, struct gmm_msg *msg);
/* Takes root and next root out of the keystore, when this file holds the same. GMM_ESTATE: it does not. */
enum gmm_err care_drop_root(struct node *node, const void *bytes, size_t len, const uint8_t *secret, size_t secret_len,
                            struct gmm_msg *msg);
/* Drops what is derived and makes it anew from the logs. */
enum gmm_err care_rebuild(struct node *node, void (*progress)(void *arg, uint64_t done), void *arg,
                          struct gmm_msg *msg);
/* What a doctor looks at: an array of {"check","ok","detail","remedy"}. */
json_t *care_checks(struct node *node);

#endif
