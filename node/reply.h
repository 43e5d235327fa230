/* What handlers of several command families do alike: answer, show ids, write the file that the caller named. */
#ifndef GMM_NODE_REPLY_H
#define GMM_NODE_REPLY_H

#include "keys/bytes.h"
#include "keys/id.h"
#include "node/call.h"

/* call_fail with msg's text, or the error's own when msg says nothing. remedy NULL: exit_remedy's. */
void reply_fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, const char *remedy);
/* 64 hex digits, as a new reference; NULL: out of memory. */
json_t *reply_id(const struct gmm_id *id);
/* The groups of digits that people compare by phone. */
json_t *reply_fingerprint(const struct gmm_id *sign_pk, const struct gmm_id *noise_pk);
/* The text of an object's member; "" when it has none. */
const char *reply_text(const json_t *object, const char *name);
/* The bytes into the file that argument `name` of the call opened. GMM_ENOTFOUND: it was not given. GMM_EIO, GMM_EFULL.
 */
enum gmm_err reply_write(struct call *call, const char *name, const void *bytes, size_t len, struct gmm_msg *msg);
/* The bytes as one line of armor, NUL-ended; *line: free. */
enum gmm_err reply_armor(char **line, const char *kind, const void *bytes, size_t len, struct gmm_msg *msg);

#endif
