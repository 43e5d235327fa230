/* What is asked of whom: one want a log, of one peer that holds more than we do. */
#include <stdlib.h>

#include "proto/intake.h"
#include "proto/replica.h"

static struct replica_want *want_of(const struct replicate *r, const struct logs_log *log)
{
    for (size_t i = 0; i < r->want_count; i++)
        if (r->wants[i].log == log)
            return &r->wants[i];
    return NULL;
}

static void want_drop(struct replicate *r, struct replica_want *want)
{
    *want = r->wants[--r->want_count];
}

/* How far the peer holds what is worth having. */
static uint64_t offers(const struct replica *replica, const struct logs_log *log)
{
    if (replica->peer->parting)
        return 0;
    uint64_t has = replica_has(replica, log);
    return has < log->end ? has : log->end;
}

static void send_want(struct replica *replica, const struct logs_log *log, uint64_t from, uint64_t to)
{
    struct message_want want = {.key = log->key, .from = from, .to = to};
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    message_want_encode(&out, &want, 1);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_WANT, &out);
}

enum gmm_err replica_consider(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log)
{
    uint64_t has = offers(replica, log);
    if (log->cutting || has <= replica_next(log) || want_of(r, log) != NULL || replica_probing(r, log))
        return GMM_OK;
    uint64_t until_ms = replica_patience(r, core, replica, log);
    if (until_ms != 0) {
        r->retry_ms = r->retry_ms == 0 || until_ms < r->retry_ms ? until_ms : r->retry_ms;
        return GMM_OK;
    }
    if (r->want_count == r->want_capacity) {
        size_t capacity = r->want_capacity == 0 ? 64 : 2 * r->want_capacity;
        struct replica_want *wants = realloc(r->wants, capacity * sizeof *wants);
        if (wants == NULL)
            return GMM_ENOMEM;
        r->wants = wants;
        r->want_capacity = capacity;
    }
    if (id_equal(&log->key.author, core_self(core)))
        intake_close_own(core, log);
    r->wants[r->want_count++] = (struct replica_want){log, replica->peer->conn, has - 1, core->now_ms};
    send_want(replica, log, replica_next(log), has - 1);
    return GMM_OK;
}

void replica_consider_everywhere(struct replicate *r, struct core *core)
{
    for (size_t i = 0; i < r->count; i++)
        for (size_t k = 0; k < logs_count(core->logs); k++)
            if (replica_consider(r, core, r->replicas[i], logs_at(core->logs, k)) != GMM_OK)
                peer_close(r->replicas[i]->peer, GMM_ENOMEM, "out of memory");
}

bool replica_behind(const struct replica *replica, const struct core *core)
{
    for (size_t k = 0; k < logs_count(core->logs); k++) {
        const struct logs_log *log = logs_at(core->logs, k);
        if (log->cutting || offers(replica, log) > replica_next(log))
            return true;
    }
    return false;
}

void replica_ask_others(struct replicate *r, struct core *core, uint32_t conn)
{
    replica_probe_gone(r, conn);
    for (size_t i = r->want_count; i > 0; i--)
        if (r->wants[i - 1].conn == conn)
            want_drop(r, &r->wants[i - 1]);
    replica_consider_everywhere(r, core);
}

void replica_want_end(struct replicate *r, const struct replica *replica, const struct logs_log *log)
{
    struct replica_want *want = want_of(r, log);
    if (want != NULL && want->conn == replica->peer->conn)
        want_drop(r, want);
}

enum gmm_err replica_disown(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log)
{
    replica_want_end(r, replica, log);
    replica_lower_has(replica, log, replica_next(log));
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < r->count && err == GMM_OK; i++)
        err = replica_consider(r, core, r->replicas[i], log);
    return err;
}

void replica_run_admitted(struct replicate *r, struct core *core, struct logs_log *log)
{
    struct replica_want *want = want_of(r, log);
    if (want != NULL)
        want->since_ms = core->now_ms;
    if (want != NULL && replica_next(log) > want->to)
        want_drop(r, want);
    for (size_t i = 0; i < r->count; i++)
        if (replica_consider(r, core, r->replicas[i], log) != GMM_OK)
            peer_close(r->replicas[i]->peer, GMM_ENOMEM, "out of memory");
}

void replicate_admitted(struct replicate *r, struct core *core, struct logs_log *log)
{
    replica_run_admitted(r, core, log);
}

void replica_run_postponed(struct replicate *r, struct core *core, struct logs_log *log)
{
    struct replica_want *want = want_of(r, log);
    if (want != NULL)
        want_drop(r, want);
    if (r->retry_ms == 0 || r->retry_ms > core->now_ms + REPLICA_RETRY_MS)
        r->retry_ms = core->now_ms + REPLICA_RETRY_MS;
}

/* It gives us nothing of these, whatever it said before: it may have learnt that we left the group. */
enum gmm_err replica_on_want_none(struct replicate *r, struct core *core, struct replica *replica,
                                  const uint8_t *payload, size_t len)
{
    struct message_wants wants;
    enum gmm_err err = message_want_decode(&wants, payload, len);
    replica->heard_ms = core->now_ms;
    for (size_t i = 0; err == GMM_OK && i < wants.count; i++) {
        struct message_want none;
        message_want_at(&wants, i, &none);
        struct logs_log *log = logs_find(core->logs, &none.key);
        struct replica_want *want = log == NULL ? NULL : want_of(r, log);
        if (want != NULL && want->conn == replica->peer->conn) {
            replica_suspect(core, replica);
            err = replica_disown(r, core, replica, log);
        }
    }
    return err;
}

/* Another peer that holds more of the log than we do. */
static bool held_elsewhere(const struct replicate *r, const struct replica_want *want)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->replicas[i]->peer->conn != want->conn && !r->replicas[i]->peer->closing &&
            offers(r->replicas[i], want->log) > replica_next(want->log))
            return true;
    return false;
}

/* When the peer loses the want, unless something comes first. Runs of other logs count for a while only: else one that
 * sends these could keep a log from us that others would give. */
static uint64_t loses_at(const struct replica *replica, const struct replica_want *want)
{
    uint64_t heard = replica != NULL && replica->heard_ms > want->since_ms ? replica->heard_ms : want->since_ms;
    uint64_t stalled = want->since_ms + REPLICA_STALL_MS;
    return heard + REPLICA_SILENT_MS < stalled ? heard + REPLICA_SILENT_MS : stalled;
}

uint64_t replica_silence_tick(struct replicate *r, struct core *core)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = r->want_count; i > 0 && r->count > 1; i--) {
        struct replica_want *want = &r->wants[i - 1];
        struct logs_log *log = want->log;
        struct replica *replica = replica_find(r, want->conn);
        uint64_t due = loses_at(replica, want);
        if (due > core->now_ms) {
            next = due < next ? due : next;
        } else if (replica != NULL && held_elsewhere(r, want)) {
            if (replica_disown(r, core, replica, log) != GMM_OK)
                peer_close(replica->peer, GMM_ENOMEM, "out of memory");
            return core->now_ms + 1; /* the wants have moved */
        }
    }
    return next;
}

void replicate_retry(struct replicate *r, uint64_t now_ms)
{
    r->want_count = 0;
    r->retry_ms = now_ms + REPLICA_RETRY_MS;
}

void replicate_reconsider(struct replicate *r, uint64_t now_ms)
{
    r->retry_ms = now_ms;
}

uint64_t replicate_lacking(const struct replicate *r, const struct core *core)
{
    uint64_t lacking = 0;
    for (size_t k = 0; k < logs_count(core->logs); k++) {
        const struct logs_log *log = logs_at(core->logs, k);
        uint64_t most = 0, next = replica_next(log);
        for (size_t i = 0; i < r->count; i++)
            most = offers(r->replicas[i], log) > most ? offers(r->replicas[i], log) : most;
        lacking += most > next ? most - next : 0;
    }
    return lacking;
}
