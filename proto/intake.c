#include "proto/intake.h"

struct logs_log *intake_log(struct core *core, const struct run_key *key)
{
    const struct view *view = fold_view(core->fold);
    struct logs_log *log = logs_get(core->logs, key);
    size_t proofs;
    if (log == NULL || log->persisted.seq != LOGS_NO_SEQ || log->admitted.seq != LOGS_NO_SEQ)
        return log;
    forks_of(core->forks, key, &proofs);
    log->forked = proofs > 0;
    log->end = view == NULL ? UINT64_MAX : view_log_end(view, key);
    return log;
}

/* Behind the end of a log nothing is taken: what goes past it is cut there, and proven by the name of the last entry.
 * GMM_EORDER: no part of it can be. */
static enum gmm_err verify(struct verified_run **out, struct run **run, const struct core *core,
                           const struct logs_log *log)
{
    struct run *part = NULL;
    struct gmm_id last_id;
    const struct view *view = fold_view(core->fold);
    uint64_t end = (*run)->first_seq + (*run)->count;
    bool is_signed = run_is_signed((*run)->sig);
    if (end <= log->end && is_signed)
        return run_verify(out, run, &core->nid);
    if ((end < log->end && !is_signed) || view == NULL || !view_log_last(view, &log->key, &last_id))
        return GMM_EORDER;
    enum gmm_err err = run_copy(&part, *run, (uint32_t)(log->end - (*run)->first_seq), true);
    if (err == GMM_OK)
        err = run_verify_named(out, &part, &core->nid, &last_id);
    run_free(part);
    return err == GMM_ESIGNATURE ? GMM_EORDER : err;
}

/* Of a forked log only the branch that is kept is taken. */
static bool on_kept_branch(const struct core *core, const struct run *run)
{
    const struct view *view = fold_view(core->fold);
    const struct view_fork *fork = view == NULL ? NULL : view_fork(view, &run->key);
    for (uint32_t i = 0; fork != NULL && i < run->count; i++)
        if (!fold_fits(core->fold, fork, run->first_seq + i, &run->entries[i].id))
            return false;
    return true;
}

enum gmm_err intake_verify(struct verified_run **out, const struct core *core, const struct logs_log *log,
                           const struct gmm_id *prev, const void *bytes, size_t len)
{
    struct run *run = NULL;
    enum gmm_err err = run_decode(&run, &core->nid, prev, bytes, len);
    if (err == GMM_OK && !on_kept_branch(core, run))
        err = GMM_EORDER;
    if (err == GMM_OK)
        err = verify(out, &run, core, log);
    run_free(run);
    return err;
}

void intake_close_own(struct core *core, struct logs_log *log)
{
    struct effect *store = log->closed ? NULL : core_store(core);
    log->closed = true;
    if (store != NULL) {
        store->as.store.has_closed = true;
        store->as.store.closed = log->key;
    }
}
