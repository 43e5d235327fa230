/* Notes on documents (product stories 4, 12). */
#ifndef GMM_NODE_NOTE_H
#define GMM_NODE_NOTE_H

#include <jansson.h>

#include "node/node.h"

struct note_request { /* text NULL: not given */
    const char *ref;  /* the document; a note: then it is answered, on its document */
    const char *position, *text, *proposed, *reply_to, *person;
    uint32_t para; /* 0: the whole document */
    bool internal; /* for our own offices only */
    const uint8_t *once;
};
struct note_posted {
    struct gmm_id id, document, gid;
    bool held; /* kept inside, since a participant with several offices speaks with one voice: not yet released */
};
/* Durable. GMM_EUSAGE: nothing said, unknown position, an answer that would reveal an internal note; GMM_ENOTFOUND,
 * GMM_EAMBIGUOUS (choices), GMM_EDENIED. */
enum gmm_err note_post(struct node *node, const struct note_request *request, struct note_posted *out, json_t *choices,
                       struct gmm_msg *msg);
/* Notes and releases on one document or on all texts of one version, the oldest first, with what their records say. */
struct note_view {
    const struct projection_item *item;
    const struct record_note *record; /* NULL: its body cannot be opened */
    unsigned disposition;             /* 0: none yet */
};
typedef enum gmm_err note_fn(void *arg, const struct note_view *note);
enum gmm_err note_each(struct node *node, const struct gmm_id *documents, size_t count, note_fn *fn, void *arg);

#endif
