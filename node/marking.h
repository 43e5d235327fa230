/* Marking and retention of a document as they stand (product story 25): its record's, then what MARK and RETAIN say
 * since.
 *
 * The originator, the participant that posted it, marks up and down and says how long it is kept; the chair and the
 * lead of its group may only mark up. A retention only grows. */
#ifndef GMM_NODE_MARKING_H
#define GMM_NODE_MARKING_H

#include "node/node.h"

struct marking {
    unsigned marking, tlp;
    uint64_t retain_ms; /* kept until then; 0: not said */
};
/* Of the record's own when nothing else stands. */
struct marking marking_of(struct node *node, const struct projection_item *document);
/* Of a document, or of the one that a note, a release or another record is about; a practice bears none, it is
 * unclassified. memo: the last document's, kept between calls of one command; NULL: none. False: the document cannot be
 * read here. */
struct marking_memo {
    bool held;
    struct gmm_id document;
    struct marking now;
};
bool marking_of_entry(struct node *node, const struct projection_item *item, struct marking_memo *memo,
                      struct marking *out);
/* Durable. GMM_EDENIED: whose word it is not; GMM_ESTATE: a retention is not shortened. */
enum gmm_err marking_set(struct node *node, const struct projection_item *document, unsigned marking, unsigned tlp,
                         const char *reason, const char *person, struct gmm_id *id, struct gmm_msg *msg);
enum gmm_err marking_retain(struct node *node, const struct projection_item *document, uint64_t until_ms,
                            const char *person, struct gmm_id *id, struct gmm_msg *msg);

#endif
