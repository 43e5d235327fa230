/* `gmm export-proof`: an evidence file of a document or a note that this office can read (proto/evidence.h has the
 * form). Whoever gets it reads that one text, and the headers of the entries up to the next signed head. */
#ifndef GMM_NODE_PROVING_H
#define GMM_NODE_PROVING_H

#include "node/node.h"

/* Appends the file. GMM_ENOTFOUND; GMM_EABSENT: its body is not held; GMM_EDENIED: it has no effect; GMM_ESTATE: no
 * head over it is held; GMM_ELIMIT, GMM_ENOMEM, GMM_ECORRUPT: what was made does not prove itself. */
enum gmm_err proving_make(struct node *node, const struct gmm_id *id, struct buffer *out, struct gmm_msg *msg);

#endif
