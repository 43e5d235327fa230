/* What the parts of the projection share; nobody else includes it. */
#ifndef GMM_NODE_PROJECTION_PRIVATE_H
#define GMM_NODE_PROJECTION_PRIVATE_H

#include "node/projection.h"
#include "node/store_private.h"

struct projection {
    struct store *store;
    uint8_t *key; /* the node secret, guarded */
};

enum gmm_err projection_begin(struct projection *p); /* a transaction, unless one is open */
/* The keyed hash that a symbol ("symbol") or a circle's name is found by; and the one that notes are found by. */
void projection_hash_text(const struct projection *p, const char *kind, const char *text, uint8_t out[32]);
void projection_hash_document(const struct projection *p, const struct gmm_id *document, uint8_t out[32]);
/* The log that an entry stands in, by its id, as the store numbers it. GMM_ENOTFOUND. */
enum gmm_err projection_log_of(struct projection *p, const struct gmm_id *id, int64_t *no);
/* The row under the cursor, whose first columns are these. GMM_ECORRUPT: it does not open. */
#define PROJECTION_COLUMNS "i.id, i.seq, i.gid, i.author, i.type, i.time, i.summary, i.opened, i.counter"
enum gmm_err projection_read_item(struct projection *p, sqlite3_stmt *stmt, struct projection_item *item);

#endif
