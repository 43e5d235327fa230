/* Where logs end, and which branch of a forked one is ours (protocol: Forks). */
#include <stdlib.h>
#include <string.h>

#include "proto/engine_state.h"

enum gmm_err engine_forks_restore(struct engine *engine, const void *bytes, size_t len)
{
    struct core *core = &engine->core;
    struct fork_proof *proof;
    enum gmm_err err = fork_open(&proof, &core->nid, bytes, len);
    if (err != GMM_OK)
        return err;
    err = forks_add(core->forks, proof, NULL);
    if (err != GMM_OK)
        free(proof);
    fold_forks(core->fold, core->forks);
    return err == GMM_EEXISTS || err == GMM_ELIMIT ? GMM_OK : err;
}

/* "The log gets a new arrival number": so that peers which know all before are told. */
static enum gmm_err raise_arrival(struct core *core, struct effect **store, const struct logs_log *log)
{
    if (*store == NULL && (*store = core_store(core)) == NULL)
        return GMM_ENOMEM;
    struct engine_store *s = &(*store)->as.store;
    struct run_key *raised = realloc(s->raised, (s->raised_count + 1u) * sizeof *raised);
    if (raised != NULL)
        s->raised = raised;
    uint64_t *arrivals = raised == NULL ? NULL : realloc(s->raised_arrivals, (s->raised_count + 1u) * sizeof *arrivals);
    if (arrivals == NULL)
        return GMM_ENOMEM;
    s->raised_arrivals = arrivals;
    raised[s->raised_count] = log->key;
    arrivals[s->raised_count++] = ++core->next_arrival;
    return GMM_OK;
}

/* Sets where each log ends on the view. What may be had again now is told again. */
static enum gmm_err bound_logs(struct core *core, const struct view *view, bool *farther)
{
    struct effect *store = NULL;
    *farther = false;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < logs_count(core->logs) && err == GMM_OK; i++) {
        struct logs_log *log = logs_at(core->logs, i);
        size_t proofs;
        uint64_t end = view_log_end(view, &log->key), before = log->end;
        forks_of(core->forks, &log->key, &proofs);
        log->forked = proofs > 0;
        log->end = end;
        *farther = *farther || end > before;
        if (end > before && log->persisted.seq != LOGS_NO_SEQ && log->persisted.seq >= before)
            err = raise_arrival(core, &store, log);
    }
    return err;
}

static struct engine_branch *branch_of(struct engine *engine, const struct logs_log *log)
{
    for (size_t i = 0; i < engine->branch_count; i++)
        if (engine->branches[i].log == log)
            return &engine->branches[i];
    return NULL;
}

/* Is it the ruling that was looked at, as far as branches go? */
static bool same_ruling(const struct engine_branch *branch, const struct view_fork *fork)
{
    return branch->ruling.first_seq == fork->first_seq && branch->ruling.kept_count == fork->kept_count &&
           memcmp(branch->ruling.kept, fork->kept, fork->kept_count * sizeof *fork->kept) == 0;
}

static enum gmm_err load_one(struct core *core, struct engine_branch *branch, uint64_t seq)
{
    struct effect *effect = core_effect(core, EFFECT_LOAD);
    if (effect == NULL)
        return GMM_ENOMEM;
    effect->ticket = branch->ticket = ++core->next_ticket;
    effect->as.load.key = branch->log->key;
    effect->as.load.from_seq = effect->as.load.to_seq = seq;
    effect->as.load.headers = effect->as.load.exact = true;
    return GMM_OK;
}

/* Looks at the next place where branches part and ours has an entry. */
static enum gmm_err look(struct engine *engine, struct engine_branch *branch, const struct view_fork *fork)
{
    branch->ticket = 0;
    if (branch->at == fork->kept_count || branch->log->persisted.seq < fork->kept[branch->at].seq)
        return GMM_OK;
    return load_one(&engine->core, branch, fork->kept[branch->at].seq);
}

static enum gmm_err review_one(struct engine *engine, const struct view_fork *fork)
{
    struct logs_log *log = logs_find(engine->core.logs, &fork->log);
    if (fork->kept_count == 0 || log == NULL || log->persisted.seq == LOGS_NO_SEQ ||
        log->persisted.seq < fork->first_seq || log->naming)
        return GMM_OK;
    struct engine_branch *branch = branch_of(engine, log);
    if (branch != NULL && (branch->ticket != 0 || same_ruling(branch, fork)))
        return GMM_OK;
    if (branch == NULL) {
        struct engine_branch *branches = realloc(engine->branches, (engine->branch_count + 1) * sizeof *branches);
        if (branches == NULL)
            return GMM_ENOMEM;
        engine->branches = branches;
        branch = &branches[engine->branch_count++];
    }
    *branch = (struct engine_branch){.log = log, .ruling = *fork};
    return look(engine, branch, fork);
}

enum gmm_err engine_forks_review(struct engine *engine)
{
    const struct view *view = fold_view(engine->core.fold);
    if (view == NULL)
        return GMM_OK;
    bool farther;
    enum gmm_err err = bound_logs(&engine->core, view, &farther);
    if (farther)
        replicate_reconsider(engine->replicate, engine->core.now_ms);
    for (size_t i = 0; i < view->fork_count && err == GMM_OK; i++)
        err = review_one(engine, &view->forks[i]);
    return err;
}

/* Another branch than ours is kept: "cuts its log back to f − 1 durably, all or nothing". */
static enum gmm_err cut(struct engine *engine, struct engine_branch *branch, uint64_t from)
{
    struct effect *store = core_store(&engine->core);
    if (store == NULL)
        return GMM_ENOMEM;
    branch->ticket = store->ticket;
    branch->log->cutting = true;
    store->as.store.durable = true;
    store->as.store.has_cut = true;
    store->as.store.cut = branch->log->key;
    store->as.store.cut_from = from;
    return GMM_OK;
}

static void forget(struct engine *engine, struct engine_branch *branch)
{
    *branch = engine->branches[--engine->branch_count];
}

/* The entry before the fork was loaded: it becomes the log's head when the store has cut. */
static enum gmm_err on_before(struct engine *engine, struct engine_branch *branch, const struct view_fork *fork,
                              const struct run *run)
{
    branch->before = (struct logs_head){.seq = run->first_seq, .id = run->entries[0].id};
    branch->before.time = bytes_load_u64(run->entries[0].header + HEADER_TIME_AT);
    memcpy(branch->before.sig, run->sig, sizeof branch->before.sig);
    return cut(engine, branch, fork->first_seq);
}

enum gmm_err engine_forks_loaded(struct engine *engine, uint64_t ticket, const struct run *run)
{
    const struct view *view = fold_view(engine->core.fold);
    struct engine_branch *branch = NULL;
    for (size_t i = 0; i < engine->branch_count; i++)
        if (engine->branches[i].ticket == ticket)
            branch = &engine->branches[i];
    if (branch == NULL)
        return GMM_OK;
    const struct view_fork *fork = view == NULL ? NULL : view_fork(view, &branch->log->key);
    /* Ruled otherwise meanwhile, or not to be read: from the start, at the next review. */
    if (run == NULL || fork == NULL || !same_ruling(branch, fork)) {
        forget(engine, branch);
        return run == NULL ? GMM_OK : engine_forks_review(engine);
    }
    if (branch->at == fork->kept_count)
        return on_before(engine, branch, fork, run);
    if (id_equal(&run->entries[0].id, &fork->kept[branch->at].id)) {
        branch->at++;
        return look(engine, branch, fork);
    }
    branch->at = fork->kept_count;
    branch->before = (struct logs_head){.seq = LOGS_NO_SEQ};
    return fork->first_seq == 0 ? cut(engine, branch, 0) : load_one(&engine->core, branch, fork->first_seq - 1);
}

/* Peers know what we held, not that it was the wrong branch: they are asked for everything anew. */
static enum gmm_err was_cut(struct engine *engine, const struct stores_item *item)
{
    struct core *core = &engine->core;
    struct logs_log *log = logs_find(core->logs, &item->cut);
    struct engine_branch *branch = log == NULL ? NULL : branch_of(engine, log);
    if (branch == NULL)
        return GMM_OK;
    logs_cut(core->logs, log, &branch->before);
    forget(engine, branch);
    fold_drop(core->fold, &item->cut, item->cut_from);
    replicate_forget_cursors(engine->replicate);
    for (size_t i = 0; i < links_count(engine->links); i++)
        if (links_at(engine->links, i)->identified)
            peer_close(links_at(engine->links, i), GMM_ECLOSED, "a log of ours was cut: all heads are asked for anew");
    return GMM_OK;
}

enum gmm_err engine_forks_persisted(struct engine *engine, const struct stores_item *item)
{
    struct core *core = &engine->core;
    enum gmm_err err = item->has_cut ? was_cut(engine, item) : GMM_OK;
    for (size_t i = 0; i < item->raised_count; i++) {
        struct logs_log *log = logs_find(core->logs, &item->raised[i]);
        if (log != NULL && log->persisted.seq != LOGS_NO_SEQ && log->arrival < item->raised_arrivals[i])
            logs_persist(core->logs, log, &log->persisted, item->raised_arrivals[i]);
    }
    for (size_t i = 0; i < item->proof_count; i++) {
        const struct fork_proof *proof = forks_find(core->forks, &item->proofs[i]);
        if (proof != NULL)
            replicate_persisted_proof(engine->replicate, core, proof);
    }
    return err;
}

void engine_forks_failed(struct engine *engine, const struct stores_item *item)
{
    struct core *core = &engine->core;
    for (size_t i = 0; i < item->proof_count; i++)
        free(forks_take(core->forks, &item->proofs[i]));
    if (item->proof_count > 0)
        fold_forks(core->fold, core->forks);
    engine->branch_count = 0;
}
