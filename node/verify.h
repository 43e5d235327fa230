/* `gmm verify`: is what this home holds what was stored and signed (cli.md: Care)?
 *
 * Altered, or stored once and now missing, is a fault that names the item. Absent by policy, by erasure or for want of
 * a key is "not held" and no fault. Works on a node opened without keys (NODE_NO_KEYS): then chains, signatures and
 * ciphertext are checked, and bodies stay closed.
 */
#ifndef GMM_NODE_VERIFY_H
#define GMM_NODE_VERIFY_H

#include <jansson.h>

#include "node/node.h"

struct verify_report {
    uint64_t checked, not_held;
    json_t *faults; /* [{"id","kind","reason"}]; at most VERIFY_FAULTS of them are listed */
    uint64_t fault_count;
    bool closed; /* bodies could not be opened: there are no keys */
};
#define VERIFY_FAULTS 1000u

/* Always: the keystore's file, objects, chains, heads, body hashes, chunk files' presence. all: chunk files' ids too,
 * and every body and content that a key is held for is opened. Errors: GMM_ENOMEM, GMM_EIO; a fault found is GMM_OK.
 * verify_report_close in each case. */
enum gmm_err verify_run(struct node *node, bool all, struct verify_report *out, struct gmm_msg *msg);
void verify_report_close(struct verify_report *report);

#endif
