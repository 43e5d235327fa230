/* One line of the catalogue as JSON (cli.md: list): what list, show, watch and search have in common. */
#ifndef GMM_NODE_ITEM_H
#define GMM_NODE_ITEM_H

#include <jansson.h>

#include "node/marking.h"
#include "node/render.h"

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
/* {"id","kind","symbol","title","lang","version","group","author","time","bytes","marking","tlp","document"}; a note
 * has the marking of its document. What a kind lacks is null. memo as in marking_of_entry. NULL: out of memory. */
json_t *item_json(struct node *node, const struct projection_item *item, struct marking_memo *memo);
/* Sets "marking" and "tlp"; null where that is not known (NULL) or not said. False: out of memory. */
bool item_set_marking(json_t *object, const struct marking *marking);
/* The same of an entry, as marking_of_entry says. */
bool item_set_marking_of(json_t *object, struct node *node, const struct projection_item *item,
                         struct marking_memo *memo);
/* For people, from an object with these two: lines of their own; or "confidential, TLP:AMBER", cut to fit. */
#define ITEM_MARKING_BYTES 96
void item_marking_render(const json_t *object, struct render *out);
const char *item_marking_text(const json_t *object, char out[ITEM_MARKING_BYTES]);
/* A person's text or null. */
json_t *item_text(const char *text);

#endif
