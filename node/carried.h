/* Notes on earlier versions of a document, followed to a later one (product story 11). */
#ifndef GMM_NODE_CARRIED_H
#define GMM_NODE_CARRIED_H

#include "node/read.h"

struct carried;
/* found: of a document, by symbol; borrowed for the life of *out. The notes are followed to found->item.version. */
enum gmm_err carried_open(struct carried **out, struct node *node, const struct read_found *found);
void carried_close(struct carried *c);

enum carried_state {
    CARRIED_HERE,    /* the note stands on this version, or on a document as a whole */
    CARRIED_ON,      /* its paragraph is recognised: para is its number now */
    CARRIED_ORPHAN,  /* its paragraph is gone */
    CARRIED_UNKNOWN, /* the two versions cannot be compared: no text, or not all here */
};
/* Where paragraph *para of a text with this id is now; *version: of that text, 0: none of the symbol's. GMM_ENOMEM. */
enum gmm_err carried_para(struct carried *c, const struct gmm_id *document, uint32_t *para, uint32_t *version,
                          enum carried_state *state);

#endif
