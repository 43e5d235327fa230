#include "node/erased.h"

#include "keys/text.h"
#include "node/times.h"

const struct view_erasure *erased_of(struct node *node, const struct gmm_id *id)
{
    struct store_entry entry;
    struct header h;
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_erasure *found = NULL;
    if (view == NULL || view->erasure_count == 0 || store_hidden_of(node->store, id) == STORE_SHOWN ||
        store_load_entry(node->store, id, &entry) != GMM_OK)
        return NULL;
    if (header_decode(&h, entry.header) == GMM_OK)
        found = view_erasure(view, &h, id);
    store_entry_close(&entry);
    return found;
}

enum gmm_err erased_tell(struct node *node, const struct gmm_id *id, const char *ref, struct gmm_msg *msg)
{
    const struct view_erasure *e = erased_of(node, id);
    char when[TIMES_TEXT_BYTES];
    if (e == NULL)
        return GMM_OK;
    const struct view_participant *by = view_participant(engine_view(node->engine), &e->by);
    times_format(header_time_ms(e->time), when);
    return gmm_fail(msg, GMM_ENOTFOUND, "'%s' was erased on %s by %s; gmm erase --status says who has confirmed it",
                    ref, when, by == NULL ? "?" : by->id);
}

bool erased_takes_chunk(struct node *node, const struct gmm_id *gid, const struct gmm_id *chunk)
{
    bool wanted = false;
    if (store_chunk_hidden_of(node->store, gid, chunk) == STORE_SHOWN)
        return true;
    return projection_wants_chunk(node->projection, chunk, &wanted) == GMM_OK && wanted;
}
