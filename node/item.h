/* One line of the catalogue as JSON (cli.md: list): what list, show, watch and search have in common. */
#ifndef GMM_NODE_ITEM_H
#define GMM_NODE_ITEM_H

#include <jansson.h>

#include "node/node.h"

/* "document", "note", "practice"; NULL: nothing that is listed. */
const char *item_kind(uint16_t type);
/* 0: no such kind. */
uint16_t item_type(const char *kind);
/* {"participant","office","person"}: who holds the key that signed; person is that office's assertion, null when none.
 */
json_t *item_author(struct node *node, const struct gmm_id *sign_pk, const char *person);
/* The id as text, null for zero. */
json_t *item_id(const struct gmm_id *id);
/* The group's name. */
json_t *item_group(struct node *node, const struct gmm_id *gid);
/* {"id","kind","symbol","title","lang","version","group","author","time","bytes","marking","tlp","document"}. What a
 * kind lacks is null. NULL: out of memory. */
json_t *item_json(struct node *node, const struct projection_item *item);
/* A person's text or null. */
json_t *item_text(const char *text);

#endif
