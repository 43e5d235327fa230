#include "proto/cutting.h"

#include <stdlib.h>

struct wanted {
    const struct view *view;
    const struct gmm_id *pid, *other; /* whose; other: NULL, or another */
    const struct gmm_id *gid;         /* NULL: control, all and the thematic groups */
};

static bool group_wanted(const struct wanted *w, const struct gmm_id *gid)
{
    if (w->gid != NULL)
        return id_equal(w->gid, gid);
    const struct view_group *g = view_group(w->view, gid);
    return id_is_zero(gid) || (g != NULL && (g->kind == GROUP_ALL || g->kind == GROUP_THEMATIC));
}

static bool log_wanted(const struct wanted *w, const struct logs_log *log)
{
    const struct view_office *office = view_office(w->view, &log->key.author);
    return office != NULL && log->persisted.seq != LOGS_NO_SEQ && group_wanted(w, &log->key.group) &&
           (id_equal(&office->pid, w->pid) || (w->other != NULL && id_equal(&office->pid, w->other)));
}

static int compare_logs(const void *a, const void *b)
{
    const struct control_cut *x = a, *y = b;
    return run_key_compare(&x->log, &y->log);
}

static enum gmm_err collect(struct control_cuts *out, const struct wanted *w, const struct logs *logs)
{
    size_t count = 0;
    *out = (struct control_cuts){0};
    for (size_t i = 0; i < logs_count(logs); i++)
        count += log_wanted(w, logs_at(logs, i));
    if (count > LIMIT_CUTS)
        return GMM_ELIMIT;
    out->list = calloc(count + 1, sizeof *out->list);
    if (out->list == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        if (log_wanted(w, log))
            out->list[out->count++] = (struct control_cut){log->key, log->persisted.seq, log->persisted.id};
    }
    if (count > 0)
        qsort(out->list, count, sizeof *out->list, compare_logs);
    return GMM_OK;
}

enum gmm_err cutting_common(struct control_cuts *out, const struct view *v, const struct logs *logs,
                            const struct gmm_id *pid)
{
    struct wanted w = {.view = v, .pid = pid};
    return collect(out, &w, logs);
}

enum gmm_err cutting_group(struct control_cuts *out, const struct view *v, const struct logs *logs,
                           const struct gmm_id *pid, const struct gmm_id *gid)
{
    struct wanted w = {.view = v, .pid = pid, .gid = gid};
    return collect(out, &w, logs);
}

enum gmm_err cutting_chair(struct control_cuts *out, const struct view *v, const struct logs *logs, uint32_t term)
{
    static const struct gmm_id control;
    struct wanted w = {.view = v, .gid = &control};
    *out = (struct control_cuts){0};
    if (term == 0 || term > v->term_count)
        return GMM_ENOTFOUND;
    const struct view_term *of = &v->terms[term - 1];
    w.pid = &of->chair;
    w.other = id_is_zero(&of->deputy) ? NULL : &of->deputy;
    return collect(out, &w, logs);
}
