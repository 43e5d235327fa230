#include <stdlib.h>
#include <string.h>

#include "proto/intake.h"
#include "proto/replica.h"

struct replicate *replicate_new(void)
{
    return calloc(1, sizeof(struct replicate));
}

static void replica_free(struct replica *replica)
{
    free(replica->has);
    free(replica->doubts);
    free(replica->takes);
    free(replica->ranges);
    free(replica->early);
    replica_compare_drop(replica);
    free(replica);
}

void replicate_free(struct replicate *r)
{
    if (r == NULL)
        return;
    while (r->count > 0) {
        replica_probe_gone(r, r->replicas[r->count - 1]->peer->conn);
        replica_free(r->replicas[--r->count]);
    }
    free(r->replicas);
    free(r->probes);
    free(r->wants);
    free(r->cursors);
    free(r->sources);
    free(r);
}

void replicate_view_changed(struct replicate *r, struct core *core)
{
    for (size_t i = 0; i < r->count; i++) {
        struct replica *replica = r->replicas[i];
        struct gmm_id groups;
        replica_groups(core, replica, &groups);
        if (replica->peer->parting || id_equal(&groups, &replica->groups))
            continue;
        replica->groups = groups;
        for (size_t k = 0; k < forks_count(core->forks); k++)
            if (replica->objects_agreed && replica_may_have(core, replica, &forks_at(core->forks, k)->key.group))
                peer_send(replica->peer, SESSION_CONTROL, MESSAGE_PROOF, forks_at(core->forks, k)->bytes,
                          forks_at(core->forks, k)->len);
        replica->announced = replica->acked = 0;
        replica_compare_reset(replica);
        for (size_t k = 0; k < replica->has_count; k++)
            replica->has[k].told = 0;
        replica->changed_ms = core->now_ms;
        replica_send_take(core, replica);
    }
}

/* Opening and closing */

enum gmm_err replicate_open(struct replicate *r, struct core *core, struct peer *peer,
                            const struct session_hello *hello)
{
    struct replica **replicas = realloc(r->replicas, (r->count + 1) * sizeof *replicas);
    if (replicas == NULL)
        return GMM_ENOMEM;
    r->replicas = replicas;
    struct replica *replica = calloc(1, sizeof *replica);
    if (replica == NULL)
        return GMM_ENOMEM;
    replica->peer = peer;
    replica->speaks_ranges = (hello->features & SESSION_FEATURE_RANGES) != 0 && !core->heads_only;
    r->replicas[r->count++] = replica;
    replica_groups(core, replica, &replica->groups);
    /* What it held at its cursor is what we held then of every log that has not changed since. */
    uint64_t arrival = replica_token_read(core, replica, hello->token, hello->token_len);
    replica->announced = replica->acked = arrival;
    for (size_t i = 0; i < logs_count(core->logs) && arrival > 0; i++) {
        const struct logs_log *log = logs_at(core->logs, i);
        if (log->persisted.seq == LOGS_NO_SEQ || log->arrival > arrival ||
            !replica_may_have(core, replica, &log->key.group))
            continue;
        enum gmm_err err = replica_set_has(replica, log, replica_worth(log));
        if (err != GMM_OK)
            return err;
    }
    struct gmm_id own;
    directory_fingerprint(core->directory, &own);
    replica_send_take(core, replica);
    replica->objects_agreed = id_equal(&own, &hello->objects);
    if (replica->objects_agreed)
        replica_announce_all(core, replica);
    else
        return replica_send_objects(core, replica);
    return GMM_OK;
}

void replicate_gone(struct replicate *r, struct core *core, uint32_t conn)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->replicas[i]->peer->conn != conn)
            continue;
        replica_free(r->replicas[i]);
        r->replicas[i] = r->replicas[--r->count];
        break;
    }
    replica_ask_others(r, core, conn);
}

void replicate_part(struct replicate *r, struct core *core, struct peer *peer)
{
    struct replica *replica = replica_find(r, peer->conn);
    replica_ask_others(r, core, peer->conn);
    if (replica == NULL)
        return;
    replica->range_count = 0;
    replica_compare_reset(replica);
    replica->ping = replica->pong = 0;
    for (size_t i = 0; i < logs_count(core->logs) && replica->heads_sent && replica->heads_received; i++) {
        struct logs_log *log = logs_at(core->logs, i);
        uint64_t has = replica_has(replica, log);
        if (id_is_zero(&log->key.group) && log->persisted.seq != LOGS_NO_SEQ && has < replica_worth(log) &&
            replica_give(replica, log, has, replica_worth(log) - 1, true) != GMM_OK)
            peer_close(peer, GMM_ENOMEM, "out of memory");
    }
    replica_load_next(core, replica);
}

/* Messages */

static enum gmm_err on_heads(struct replicate *r, struct core *core, struct replica *replica, const uint8_t *payload,
                             size_t len)
{
    struct message_heads heads;
    enum gmm_err err = message_heads_decode(&heads, payload, len);
    for (size_t i = 0; err == GMM_OK && i < heads.count; i++) {
        struct message_head head;
        message_heads_at(&heads, i, &head);
        struct logs_log *log = logs_find(core->logs, &head.key);
        if (log == NULL) {
            /* Nothing is kept for an author that no certificate names: whoever has those sends them first. */
            if (directory_author(core->directory, &head.key.author) == NULL ||
                logs_instances(core->logs, &head.key.group, &head.key.author) >= LIMIT_INSTANCES)
                continue;
            if ((log = intake_log(core, &head.key)) == NULL)
                return GMM_ENOMEM;
        }
        replica_had(core, replica, log, head.seq);
        err = replica_doubt(core, replica, log, &head);
        if (err == GMM_OK && (err = replica_announced(replica, log, &head)) == GMM_OK)
            err = replica_consider(r, core, replica, log);
    }
    if (err != GMM_OK || !heads.last)
        return err;
    replica->heads_received = true;
    if (heads.token_len == 0 || heads.token_len > sizeof replica->token)
        return GMM_OK;
    memcpy(replica->token, heads.token, heads.token_len);
    replica->token_len = heads.token_len;
    replica->token_ticket = UINT64_MAX;
    return GMM_OK;
}

enum gmm_err replicate_take_proof(struct core *core, const uint8_t *bytes, size_t len)
{
    return replica_on_proof(core, bytes, len);
}

static enum gmm_err on_want(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
{
    struct message_wants wants;
    enum gmm_err err = message_want_decode(&wants, payload, len);
    return err != GMM_OK ? err : replica_serve(core, replica, &wants);
}

enum gmm_err replicate_message(struct replicate *r, struct core *core, struct peer *peer, uint8_t type,
                               const uint8_t *payload, size_t len, bool *new_object)
{
    struct replica *replica = replica_find(r, peer->conn);
    if (replica == NULL)
        return GMM_ESTATE;
    switch (type) {
    case MESSAGE_OBJECTS_HAVE:
        return replica_on_objects_have(core, replica, payload, len);
    case MESSAGE_OBJECT:
        return replica_on_object(r, core, payload, len, new_object);
    case MESSAGE_HEADS:
        return on_heads(r, core, replica, payload, len);
    case MESSAGE_PROOFS_HAVE:
        return replica_on_proofs_have(core, replica, payload, len);
    case MESSAGE_PROOF:
        return replica_on_proof(core, payload, len);
    case MESSAGE_WANT:
        return on_want(core, replica, payload, len);
    case MESSAGE_WANT_NONE:
        return replica_on_want_none(r, core, replica, payload, len);
    case MESSAGE_RUN:
        return replica_on_run(r, core, replica, payload, len);
    case MESSAGE_TAKE:
        return replica_on_take(replica, payload, len);
    case MESSAGE_RANGES:
        return replica_on_ranges(core, replica, payload, len);
    case MESSAGE_ACK:
        return replica_on_ack(core, replica, payload, len);
    case MESSAGE_PING:
    case MESSAGE_PONG:
        return replica_on_ping(core, replica, type, payload, len);
    case MESSAGE_SETTLED:
        return message_settled_decode(&replica->settled, &replica->settled_yet, payload, len);
    default: /* a number from the wire, not an enum: unknown messages are ignored */
        return GMM_OK;
    }
}

bool replicate_loaded(struct replicate *r, struct core *core, uint64_t ticket, const struct run *run)
{
    bool taken;
    if (replica_probe_loaded(r, core, ticket, run, &taken) != GMM_OK || taken)
        return true;
    for (size_t i = 0; i < r->count; i++)
        for (size_t k = 0; k < r->replicas[i]->range_count; k++)
            if (r->replicas[i]->ranges[k].ticket == ticket) {
                replica_send_run(core, r->replicas[i], &r->replicas[i]->ranges[k], run);
                return true;
            }
    return false;
}

void replicate_persisted_run(struct replicate *r, struct core *core, const struct logs_log *log, uint64_t first_seq,
                             uint64_t last_seq)
{
    for (size_t i = 0; i < r->count; i++)
        replica_push(core, r->replicas[i], logs_at(core->logs, log->index), first_seq, last_seq);
}

void replicate_take_changed(struct replicate *r, struct core *core)
{
    for (size_t i = 0; i < r->count; i++)
        replica_send_take(core, r->replicas[i]);
}

static uint64_t continue_one(struct replicate *r, struct core *core, struct replica *replica)
{
    struct peer *peer = replica->peer;
    uint64_t due = UINT64_MAX;
    if (peer->closing)
        return due;
    replica_load_next(core, replica);
    if (peer->parting)
        return peer->parting_ms;
    if (replica->objects_agreed && replica->announced < logs_last_arrival(core->logs)) {
        due = replica->changed_ms + REPLICA_QUIET_MS;
        /* The token must not overtake a pushed run that still waits in a queue. */
        if (core->now_ms >= due && session_queued(peer->session, SESSION_URGENT) == 0 &&
            session_queued(peer->session, SESSION_BULK) == 0 && replica->range_count == 0) {
            replica_announce_all(core, replica);
            due = UINT64_MAX;
        } else if (core->now_ms >= due) {
            due = core->now_ms + REPLICA_QUIET_MS;
        }
    }
    uint64_t told_due = replica_tell(core, replica), compare_due = replica_compare_tick(core, replica);
    due = told_due < due ? told_due : due;
    due = compare_due < due ? compare_due : due;
    uint64_t doubts_due = UINT64_MAX;
    if (replica_settle_doubts(r, core, replica, &doubts_due) != GMM_OK)
        peer_close(peer, GMM_ENOMEM, "out of memory");
    due = doubts_due < due ? doubts_due : due;
    if (replica->token_len > 0 && replica->token_ticket == UINT64_MAX && replica->doubt_count == 0 &&
        !replica_behind(replica, core))
        replica->token_ticket = core->next_ticket;
    if (replica->token_len > 0 && replica->token_ticket != UINT64_MAX &&
        (core->oldest_store == 0 || core->oldest_store > replica->token_ticket) &&
        replica_acknowledge(r, core, replica) != GMM_OK)
        peer_close(peer, GMM_ENOMEM, "out of memory");
    replica_tell_settled(replica);
    replica_judge_synced(core, replica, &due);
    return due;
}

uint64_t replicate_continue(struct replicate *r, struct core *core)
{
    uint64_t next = UINT64_MAX;
    if (r->retry_ms != 0 && core->now_ms >= r->retry_ms) {
        r->retry_ms = 0;
        replica_consider_everywhere(r, core);
    }
    uint64_t probe_due = replica_probe_tick(r, core->now_ms);
    next = probe_due;
    uint64_t silence_due = replica_silence_tick(r, core);
    next = silence_due < next ? silence_due : next;
    for (size_t i = 0; i < r->count; i++) {
        uint64_t due = continue_one(r, core, r->replicas[i]);
        next = due < next ? due : next;
    }
    return r->retry_ms != 0 && r->retry_ms < next ? r->retry_ms : next;
}

void replicate_toll(const struct replicate *r, uint64_t *taken, uint64_t *repeated)
{
    *taken = r->taken;
    *repeated = r->repeated;
}
