#include "node/erasing_judge.h"

#include "node/times.h"

struct kept {
    const struct view *view;
    const struct gmm_id *gid, *originator; /* pid */
    uint64_t before_ms, until_ms;
};

static enum gmm_err take_retain(void *arg, const struct projection_item *item)
{
    struct kept *kept = arg;
    const struct view_office *office = view_office(kept->view, &item->author);
    if (office != NULL && id_equal(&office->pid, kept->originator) && id_equal(&item->gid, kept->gid) &&
        item->time_ms <= kept->before_ms && item->bytes > kept->until_ms)
        kept->until_ms = item->bytes;
    return GMM_OK;
}

/* "An ERASE timed before the end of a retention that its originator had signed by then has no effect." */
static enum gmm_err is_kept(struct node *node, const struct view_erasure *e, const struct header *h,
                            struct gmm_msg *msg)
{
    char until[TIMES_TEXT_BYTES];
    const struct view *view = engine_view(node->engine);
    const struct view_office *author = view_office(view, &h->author);
    if (author == NULL)
        return GMM_OK;
    struct kept kept = {view, &h->group, &author->pid, header_time_ms(e->time), 0};
    const struct projection_query query = {.document = &e->id, .type = HEADER_RETAIN};
    enum gmm_err err = projection_each(node->projection, &query, take_retain, &kept);
    if (err != GMM_OK || header_time_ms(e->time) >= kept.until_ms)
        return err;
    times_format(kept.until_ms, until);
    return gmm_fail(msg, GMM_EDENIED, "it is kept until %s: the participant that posted it said so with gmm retain",
                    until);
}

/* "A note that states a position and answers none, outside of internal; a note that is a disposition." */
static enum gmm_err is_said(struct node *node, const struct header *h, const uint8_t *plain, size_t len,
                            struct gmm_msg *msg)
{
    struct record_note note;
    const struct view_group *group = view_group(engine_view(node->engine), &h->group);
    if (record_note_decode(&note, plain, len) != GMM_OK || note.position == RECORD_NO_POSITION)
        return GMM_OK;
    if (note.position < RECORD_ACCEPTED && (note.has_parent || (group != NULL && group->kind == GROUP_INTERNAL)))
        return GMM_OK;
    return gmm_fail(
        msg, GMM_EDENIED,
        "it states a position, on which the outcome of a consultation rests: gmm resolve NOTE --as withdrawn "
        "takes it back");
}

static enum gmm_err by_type(struct node *node, const struct header *h, const struct store_entry *entry,
                            struct gmm_msg *msg)
{
    struct header opened;
    uint8_t *plain = NULL;
    size_t len = 0;
    if (h->type == HEADER_DOCUMENT || h->type == HEADER_PRACTICE || (h->type == HEADER_NOTE && entry->body == NULL))
        return GMM_OK;
    if (h->type != HEADER_NOTE)
        return gmm_fail(msg, GMM_EDENIED, "only documents, notes and practices are erased, and it is none of these");
    enum gmm_err err = node_open_body(node, entry->header, entry->body, entry->body_len, &opened, &plain, &len);
    if (err == GMM_OK)
        err = is_said(node, h, plain, len, msg);
    else if (err != GMM_EUNKNOWN && err != GMM_ENOMEM)
        err = GMM_OK; /* nobody reads it */
    seal_free(plain, len);
    return err;
}

enum gmm_err erasing_judge(struct node *node, const struct view_erasure *e, const struct store_entry *entry,
                           struct gmm_msg *msg)
{
    struct header h;
    struct run_key key;
    if (header_decode(&h, entry->header) != GMM_OK)
        return GMM_EFORMAT;
    run_key_of(&key, &h);
    if (!id_equal(&entry->id, &e->id) || run_key_compare(&key, &e->log) != 0 || h.seq != e->seq)
        return gmm_fail(msg, GMM_EFORMAT, "the entry is not what the erasure names");
    enum gmm_err err = by_type(node, &h, entry, msg);
    return err == GMM_OK ? is_kept(node, e, &h, msg) : err;
}
