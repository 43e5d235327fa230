/* What a person may type next, printed below what a command shows: whoever follows it needs no manual. */
#ifndef GMM_NODE_NEXT_H
#define GMM_NODE_NEXT_H

#include "node/consulting.h"

/* The words that a command takes for an entry: its symbol, else 12 digits of its id. A symbol is another's text and is
 * pasted into a shell: one with other characters than letters, digits and . _ / - is not shown so. */
#define NEXT_REF (LIMIT_SYMBOL_TEXT + 1)
void next_ref(char out[NEXT_REF], const struct projection_item *item);
/* Twelve digits, whatever its symbol. */
void next_id(char out[NEXT_REF], const struct gmm_id *id);
/* What awaits our participant of a consultation that runs: to read, to comment, or to see how it stands; for its
 * coordinator the matrix. out: a whole command, in capitals what the person chooses. */
#define NEXT_COMMAND (NEXT_REF + LIMIT_LANG_TEXT + 80)
void next_of_consultation(char out[NEXT_COMMAND], const struct consulting *c, const struct consult *consult);
/* Is this document, or the original that it translates, consulted on now, and has our participant said nothing yet? */
bool next_is_comment(struct node *node, const struct projection_item *document);

#endif
