#include "proto/replica.h"

#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

bool replica_may_have(struct core *core, const struct replica *replica, const struct gmm_id *group)
{
    if (id_is_zero(group))
        return true;
    const struct view *view = fold_view(core->fold);
    return view != NULL && view_office_may_have(view, group, &replica->peer->sign_pk, &replica->peer->pid);
}

uint64_t replica_end(struct core *core, const struct replica *replica, const struct logs_log *log)
{
    if (replica_may_have(core, replica, &log->key.group))
        return log->end;
    const struct view *view = fold_view(core->fold);
    const struct view_participant *p = view == NULL ? NULL : view_participant(view, &replica->peer->pid);
    const struct view_absence *removed =
        p == NULL || p->status != VIEW_ACTIVE ? NULL : view_removed_from(view, &log->key.group, &p->pid);
    if (removed == NULL || run_key_compare(&removed->log, &log->key) != 0)
        return 0;
    return removed->seq < log->end ? removed->seq + 1 : log->end;
}

uint64_t replica_has(const struct replica *replica, const struct logs_log *log)
{
    return log->index < replica->has_count ? replica->has[log->index].next : 0;
}

struct replica_holding *replica_holding(struct replica *replica, const struct logs_log *log)
{
    if (log->index >= replica->has_count) {
        size_t count = log->index + 64;
        struct replica_holding *grown = realloc(replica->has, count * sizeof *grown);
        if (grown == NULL)
            return NULL;
        memset(grown + replica->has_count, 0, (count - replica->has_count) * sizeof *grown);
        replica->has = grown;
        replica->has_count = count;
    }
    return &replica->has[log->index];
}

enum gmm_err replica_set_has(struct replica *replica, const struct logs_log *log, uint64_t next)
{
    struct replica_holding *holding = replica_holding(replica, log);
    if (holding == NULL)
        return GMM_ENOMEM;
    if (holding->next < next)
        holding->next = next;
    return GMM_OK;
}

enum gmm_err replica_announced(struct replica *replica, const struct logs_log *log, const struct message_head *head)
{
    enum gmm_err err = replica_set_has(replica, log, head->seq + 1);
    if (err == GMM_OK) {
        replica->has[log->index].seq = head->seq;
        replica->has[log->index].id = head->id;
    }
    return err;
}

void replica_lower_has(struct replica *replica, const struct logs_log *log, uint64_t next)
{
    if (log->index < replica->has_count && replica->has[log->index].next > next)
        replica->has[log->index].next = next;
}

void replica_groups(struct core *core, const struct replica *replica, struct gmm_id *out)
{
    struct hash hash;
    const struct view *view = fold_view(core->fold);
    hash_init(&hash, LABEL_CURSOR);
    for (size_t i = 0; view != NULL && i < view->group_count; i++)
        if (view_office_may_have(view, &view->groups[i].gid, &replica->peer->sign_pk, &replica->peer->pid))
            hash_update(&hash, view->groups[i].gid.b, sizeof view->groups[i].gid.b);
    for (size_t i = 0; view != NULL && i < view->doubt_count; i++)
        if (view_may_have(view, &view->doubts[i].gid, &replica->peer->pid))
            hash_update(&hash, view->doubts[i].gid.b, sizeof view->doubts[i].gid.b);
    hash_final(&hash, out->b);
}

struct replica *replica_find(const struct replicate *r, uint32_t conn)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->replicas[i]->peer->conn == conn)
            return r->replicas[i];
    return NULL;
}

uint64_t replica_next(const struct logs_log *log)
{
    return log->admitted.seq == LOGS_NO_SEQ ? 0 : log->admitted.seq + 1;
}

uint64_t replica_worth(const struct logs_log *log)
{
    return log->persisted.seq < log->end ? log->persisted.seq + 1 : log->end;
}
