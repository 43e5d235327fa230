/* Erasing, and who has confirmed it (product story 25; cli.md: erase). */
#ifndef GMM_NODE_ERASE_H
#define GMM_NODE_ERASE_H

#include <jansson.h>

#include "node/read.h"

/* ERASE records for what the reference found, with `all` for every version and language of its symbol in its group. All
 * are asked for before the first is posted. *ids: of the entries that go, free. GMM_EDENIED: somebody else's, kept, a
 * position, or of another kind; GMM_ESTATE: a consultation on it runs; the first one's rule is in msg. */
enum gmm_err erase_post(struct node *node, const struct read_found *found, bool all, struct gmm_id **ids, size_t *count,
                        struct gmm_msg *msg);
/* What is known of an erasure: {"id","entry","group","erased","by","state","reason","deletes","deleted","confirmed",
 * "waiting","offices":[{"participant","office","status","confirmed"}]}. id: of the entry that goes. NULL: out of
 * memory, or there is none. */
json_t *erase_json(struct node *node, const struct gmm_id *id);
/* Of all that were erased here, the latest first; those that this id or beginning of one names (ref NULL: all), of the
 * entry or of its ERASE. GMM_ENOTFOUND, GMM_EUSAGE. */
enum gmm_err erase_list(struct node *node, const char *ref, json_t **list, struct gmm_msg *msg);

#endif
