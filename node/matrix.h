/* The comment matrix of a document (product story 5): one row a note or release, by paragraph; the same at every office
 * that reads the document's group, for internal notes are not in it. */
#ifndef GMM_NODE_MATRIX_H
#define GMM_NODE_MATRIX_H

#include "node/consulting.h"

/* [{"number","id","version","lang","participant","office","paragraph","position","comment","proposed","reply","replies",
 * "disposition","reason","time","marking"}] in the order of paragraph, version, time. A reply stands with the note that
 * began its thread. by_version: only the version of c->document, else all of the symbol. NULL: see *err. */
json_t *matrix_rows(struct consulting *c, bool by_version, enum gmm_err *err);

#endif
