/* Runs that come: through the gate, into the store; or of another branch, and then looked into. */
#include "proto/intake.h"
#include "proto/replica.h"

static enum gmm_err store_run(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log,
                              struct admitted *admitted)
{
    struct effect *store = core_store(core);
    r->taken += admitted_count(admitted);
    replica->received += admitted_count(admitted);
    log->via = replica->peer->sign_pk;
    enum gmm_err err = store == NULL ? GMM_ENOMEM : core_store_run(core, store, &admitted);
    admitted_free(admitted);
    return err == GMM_OK ? replica_sent_us(r, replica, log) : err;
}

/* GMM_EORDER: not this run of this peer; GMM_ESIGNATURE: perhaps it continues another branch than ours. */
static enum gmm_err admit(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log,
                          const struct gmm_id *prev, const uint8_t *payload, size_t len)
{
    struct verified_run *verified = NULL;
    struct admitted *admitted = NULL;
    enum gmm_err err = intake_verify(&verified, core, log, prev, payload, len);
    if (err != GMM_OK)
        return err;
    err = gate_admit(&admitted, &verified, core->logs, core->directory, core->now_ms);
    verified_run_free(verified);
    if (err == GMM_EUNKNOWN || err == GMM_EFUTURE || err == GMM_ELIMIT || err == GMM_EFORK) {
        replica_run_postponed(r, core, log);
        return GMM_OK;
    }
    if (err == GMM_EEXISTS)
        return GMM_OK;
    return err == GMM_OK ? store_run(r, core, replica, log, admitted) : err;
}

enum gmm_err replica_on_run(struct replicate *r, struct core *core, struct replica *replica, const uint8_t *payload,
                            size_t len)
{
    replica->heard_ms = core->now_ms;
    struct run_key key;
    uint64_t first;
    uint32_t count;
    enum gmm_err err = run_peek(&key, &first, &count, payload, len);
    if (err != GMM_OK)
        return err;
    struct logs_log *log = logs_find(core->logs, &key);
    if (log == NULL) {
        if (directory_author(core->directory, &key.author) == NULL ||
            logs_instances(core->logs, &key.group, &key.author) >= LIMIT_INSTANCES)
            return GMM_OK;
        if ((log = intake_log(core, &key)) == NULL)
            return GMM_ENOMEM;
    }
    bool taken;
    err = replica_probe_run(r, core, replica, log, payload, len, &taken);
    if (err != GMM_OK || taken || (err = replica_set_has(replica, log, first + count)) != GMM_OK)
        return err;
    if (first + count <= replica_next(log)) {
        r->repeated += count;
        replica_unchecked(core, replica, log);
    }
    if (first + count <= replica_next(log) || first >= log->end || log->cutting || replica_probing(r, log))
        return GMM_OK; /* held already, or of no use */
    if (first != replica_next(log)) {
        /* A gap, or an overlap after somebody else's push: ask from where we stand. */
        replica_want_end(r, replica, log);
        return replica_consider(r, core, replica, log);
    }
    err = admit(r, core, replica, log, &log->admitted.id, payload, len);
    if (err == GMM_OK)
        replica_run_admitted(r, core, log);
    else if (err == GMM_EORDER)
        err = replica_disown(r, core, replica, log);
    else if (err == GMM_ESIGNATURE && log->persisted.seq != LOGS_NO_SEQ && log->persisted.seq == log->admitted.seq)
        err = replica_probe_start(r, core, replica, log);
    return err;
}
