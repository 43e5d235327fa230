#include <stdlib.h>
#include <string.h>

#include "proto/replica.h"

enum gmm_err replica_on_take(struct replica *replica, const uint8_t *payload, size_t len)
{
    struct message_takes takes;
    enum gmm_err err = message_take_decode(&takes, payload, len);
    if (err != GMM_OK)
        return err;
    struct message_take *list = malloc((takes.count + 1u) * sizeof *list);
    if (list == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < takes.count; i++)
        message_take_at(&takes, i, &list[i]);
    free(replica->takes);
    replica->takes = list;
    replica->take_count = takes.count;
    return GMM_OK;
}

static int by_group(const void *a, const void *b)
{
    return id_compare(&((const struct message_take *)a)->group, &((const struct message_take *)b)->group);
}

/* Only groups that the peer is a member of are named: others would learn of them. */
static size_t list_takes(struct core *core, const struct replica *replica, const struct view *view,
                         struct message_take *list)
{
    bool metered = take_is_metered(&core->take, &replica->peer->sign_pk);
    size_t count = 0;
    for (size_t i = 0; i < view->group_count && count < MESSAGE_TAKES_MAX; i++) {
        const struct gmm_id *gid = &view->groups[i].gid;
        uint64_t since = take_since(&core->take, gid);
        if ((since == 0 && !metered) || !view_is_member(view, gid, &replica->peer->pid))
            continue;
        list[count++] = (struct message_take){*gid, since, metered ? TAKE_SMALL : TAKE_ANY};
    }
    qsort(list, count, sizeof *list, by_group);
    return count;
}

void replica_send_take(struct core *core, struct replica *replica)
{
    const struct view *view = fold_view(core->fold);
    struct message_take *list = view == NULL ? NULL : malloc(MESSAGE_TAKES_MAX * sizeof *list);
    if (list == NULL)
        return;
    size_t count = list_takes(core, replica, view, list);
    if (count > 0 || replica->take_told) {
        struct buffer out;
        buffer_init(&out, LIMIT_MESSAGE_BYTES);
        message_take_encode(&out, list, count);
        peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_TAKE, &out);
        replica->take_told = count > 0;
    }
    free(list);
}

static const struct message_take *take_of(const struct replica *replica, const struct gmm_id *group)
{
    for (size_t i = 0; i < replica->take_count; i++)
        if (id_equal(&replica->takes[i].group, group))
            return &replica->takes[i];
    return NULL;
}

bool replica_leaves_out(const struct replica *replica, const struct run_entry *entry, size_t *budget)
{
    struct header h;
    if (entry->body == NULL || (replica->take_count == 0 && *budget == SIZE_MAX) ||
        header_decode(&h, entry->header) != GMM_OK || h.type < 64)
        return false;
    const struct message_take *take = take_of(replica, &h.group);
    if (take != NULL && (header_time_ms(h.time) < take->since_ms || entry->body_len > take->most))
        return true;
    if (*budget == SIZE_MAX)
        return false;
    bool fits = entry->body_len <= *budget;
    *budget -= fits ? entry->body_len : *budget;
    return !fits;
}
