/* One voice of a participant (product stories 12, 13): internal drafts, a head's visa, the release of one position a
 * paragraph. */
#ifndef GMM_NODE_RELEASE_H
#define GMM_NODE_RELEASE_H

#include "node/consulting.h"

struct release_request { /* text NULL: not given */
    const char *position, *text, *proposed, *person;
    const char *const *notes; /* only these internal notes, full ids or prefixes */
    size_t note_count;
    uint32_t para;
    bool own_words; /* position, text, proposed and para are what is released, not a draft */
};
/* Publishes what stands in internal notes that were not released yet: of each paragraph the latest; where some are
 * cleared, those alone. released: [{"id","para","position","notes","cleared"}]. GMM_ENOTFOUND: there is nothing to
 * release; GMM_EDENIED, GMM_ESTATE: no consultation runs, or not ours. */
enum gmm_err release_publish(struct consulting *c, const struct release_request *request, json_t *released,
                             struct gmm_msg *msg);
/* A visa for one internal note (id), or for all that are neither cleared nor released (id NULL).
 * cleared: [{"id","note"}]. GMM_ENOTFOUND: nothing waits for one. */
enum gmm_err release_clear(struct consulting *c, const struct gmm_id *note, const char *person, json_t *cleared,
                           struct gmm_msg *msg);
/* Internal notes that wait: for a visa (*uncleared), for release (*pending). For the inbox. */
enum gmm_err release_count(struct consulting *c, size_t *pending, size_t *uncleared);

#endif
