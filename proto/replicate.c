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

static struct replica *find(const struct replicate *r, uint32_t conn)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->replicas[i]->peer->conn == conn)
            return r->replicas[i];
    return NULL;
}

enum gmm_err replicate_restore_cursor(struct replicate *r, const struct gmm_id *sign_pk, const uint8_t *token,
                                      size_t len)
{
    if (len > sizeof r->cursors->token)
        return GMM_OK; /* not one that we would hand back */
    for (size_t i = 0; i < r->cursor_count; i++)
        if (id_equal(&r->cursors[i].sign_pk, sign_pk)) {
            memcpy(r->cursors[i].token, token, len);
            r->cursors[i].len = len;
            return GMM_OK;
        }
    struct replica_cursor *cursors = realloc(r->cursors, (r->cursor_count + 1) * sizeof *cursors);
    if (cursors == NULL)
        return GMM_ENOMEM;
    r->cursors = cursors;
    struct replica_cursor *cursor = &cursors[r->cursor_count++];
    cursor->sign_pk = *sign_pk;
    cursor->len = len;
    memcpy(cursor->token, token, len);
    return GMM_OK;
}

const uint8_t *replicate_cursor(const struct replicate *r, const struct gmm_id *sign_pk, size_t *len)
{
    for (size_t i = 0; i < r->cursor_count; i++)
        if (id_equal(&r->cursors[i].sign_pk, sign_pk)) {
            *len = r->cursors[i].len;
            return r->cursors[i].token;
        }
    *len = 0;
    return NULL;
}

void replicate_reconsider(struct replicate *r, uint64_t now_ms)
{
    r->retry_ms = now_ms;
}

void replicate_forget_cursors(struct replicate *r)
{
    r->cursor_count = 0;
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

/* Wants: one a log. */

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

/* What we have given whoever has all that we hold. */
static uint64_t worth(const struct logs_log *log)
{
    return log->persisted.seq < log->end ? log->persisted.seq + 1 : log->end;
}

static uint64_t next_of(const struct logs_log *log)
{
    return log->admitted.seq == LOGS_NO_SEQ ? 0 : log->admitted.seq + 1;
}

static void send_want(struct replica *replica, const struct logs_log *log, uint64_t from, uint64_t to)
{
    struct message_want want = {.key = log->key, .from = from, .to = to};
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    message_want_encode(&out, &want, 1);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_WANT, &out);
}

/* Asks the peer for what it holds beyond us, unless that log is being fetched already. */
static enum gmm_err consider(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log)
{
    uint64_t has = offers(replica, log);
    if (log->cutting || has <= next_of(log) || want_of(r, log) != NULL || replica_probing(r, log))
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
    send_want(replica, log, next_of(log), has - 1);
    return GMM_OK;
}

static void consider_everywhere(struct replicate *r, struct core *core)
{
    for (size_t i = 0; i < r->count; i++)
        for (size_t k = 0; k < logs_count(core->logs); k++)
            if (consider(r, core, r->replicas[i], logs_at(core->logs, k)) != GMM_OK)
                peer_close(r->replicas[i]->peer, GMM_ENOMEM, "out of memory");
}

/* Does the peer hold anything that we have neither admitted nor given up? */
static bool behind(const struct replica *replica, const struct core *core)
{
    for (size_t k = 0; k < logs_count(core->logs); k++) {
        const struct logs_log *log = logs_at(core->logs, k);
        if (log->cutting || offers(replica, log) > next_of(log))
            return true;
    }
    return false;
}

static void send_ping(struct core *core, struct replica *replica)
{
    uint8_t random[8];
    struct buffer out;
    core_random(core, random, sizeof random);
    replica->ping = bytes_load_u64(random) | 1;
    buffer_init(&out, 16);
    message_ping_encode(&out, replica->ping);
    replica_pinged(replica, core->now_ms);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_PING, &out);
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
        enum gmm_err err = replica_set_has(replica, log, worth(log));
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

/* Nothing more is to be had from there: others are asked. */
static void ask_others(struct replicate *r, struct core *core, uint32_t conn)
{
    replica_probe_gone(r, conn);
    for (size_t i = r->want_count; i > 0; i--)
        if (r->wants[i - 1].conn == conn)
            want_drop(r, &r->wants[i - 1]);
    consider_everywhere(r, core);
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
    ask_others(r, core, conn);
}

void replicate_part(struct replicate *r, struct core *core, struct peer *peer)
{
    struct replica *replica = find(r, peer->conn);
    ask_others(r, core, peer->conn);
    if (replica == NULL)
        return;
    replica->range_count = 0;
    replica_compare_reset(replica);
    replica->ping = replica->pong = 0;
    for (size_t i = 0; i < logs_count(core->logs) && replica->heads_sent && replica->heads_received; i++) {
        struct logs_log *log = logs_at(core->logs, i);
        uint64_t has = replica_has(replica, log);
        if (id_is_zero(&log->key.group) && log->persisted.seq != LOGS_NO_SEQ && has < worth(log) &&
            replica_give(replica, log, has, worth(log) - 1, true) != GMM_OK)
            peer_close(peer, GMM_ENOMEM, "out of memory");
    }
    replica_load_next(core, replica);
}

bool replicate_parted(struct replicate *r, struct core *core, struct peer *peer)
{
    struct replica *replica = find(r, peer->conn);
    if (replica == NULL || (replica->ping != 0 && replica->pong == replica->ping))
        return true;
    /* Streams are not ordered among each other: the PING follows what has gone to the transport. */
    if (replica->ping == 0 && replica->range_count == 0 && session_queued(peer->session, SESSION_URGENT) == 0)
        send_ping(core, replica);
    return false;
}

/* Messages */

static enum gmm_err on_objects_have(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
{
    struct message_objects have;
    enum gmm_err err = message_objects_have_decode(&have, payload, len);
    if (err != GMM_OK)
        return err;
    /* Both lists ascend. Certificates may need the charter and rotations before them: those go first. */
    for (unsigned pass = 0; pass < 3; pass++) {
        size_t k = 0;
        for (size_t i = 0; i < directory_count(core->directory); i++) {
            const struct directory_object *object = directory_at(core->directory, i);
            unsigned turn = object->kind == DIRECTORY_CHARTER ? 0 : object->kind == DIRECTORY_ROTATION ? 1 : 2;
            struct gmm_id theirs = {{0}};
            while (k < have.count && (theirs = message_objects_at(&have, k), id_compare(&theirs, &object->hash) < 0))
                k++;
            if ((k < have.count && id_equal(&theirs, &object->hash)) || turn != pass)
                continue;
            peer_send(replica->peer, SESSION_CONTROL, MESSAGE_OBJECT, object->bytes, object->len);
        }
    }
    if (!replica->have_sent && (err = replica_send_objects(core, replica)) != GMM_OK)
        return err;
    if (!replica->objects_agreed) {
        replica->objects_agreed = true;
        replica_announce_all(core, replica);
        return replica_compare_early(core, replica);
    }
    return GMM_OK;
}

static enum gmm_err on_object(struct replicate *r, struct core *core, const uint8_t *payload, size_t len,
                              bool *new_object)
{
    const struct directory_object *object = NULL;
    enum gmm_err err = directory_add(core->directory, payload, len, &object);
    if (err == GMM_EEXISTS || err == GMM_EUNKNOWN)
        return GMM_OK; /* one whose root is not known yet comes again when that is there */
    if (err != GMM_OK)
        return err;
    struct effect *store = core_store(core);
    struct gmm_id *hash = malloc(sizeof *hash);
    if (store == NULL || hash == NULL) {
        free(hash);
        return GMM_ENOMEM;
    }
    *hash = object->hash;
    store->as.store.object_hashes = hash;
    store->as.store.object_count = 1;
    fold_touch(core->fold);
    *new_object = true;
    r->retry_ms = core->now_ms; /* runs whose author was unknown may be admitted now */
    return GMM_OK;
}

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
            err = consider(r, core, replica, log);
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

/* The want is done when the log reached it; then whoever holds more of this log is asked, not only who sent this. */
static void run_admitted(struct replicate *r, struct core *core, struct logs_log *log)
{
    struct replica_want *want = want_of(r, log);
    if (want != NULL)
        want->since_ms = core->now_ms;
    if (want != NULL && next_of(log) > want->to)
        want_drop(r, want);
    for (size_t i = 0; i < r->count; i++)
        if (consider(r, core, r->replicas[i], log) != GMM_OK)
            peer_close(r->replicas[i]->peer, GMM_ENOMEM, "out of memory");
}

void replicate_admitted(struct replicate *r, struct core *core, struct logs_log *log)
{
    run_admitted(r, core, log);
}

enum gmm_err replicate_take_proof(struct core *core, const uint8_t *bytes, size_t len)
{
    return replica_on_proof(core, bytes, len);
}

/* A run that cannot be admitted yet stays wanted: asked again after a while, or when an object comes. */
static void run_postponed(struct replicate *r, struct core *core, struct logs_log *log)
{
    struct replica_want *want = want_of(r, log);
    if (want != NULL)
        want_drop(r, want);
    if (r->retry_ms == 0 || r->retry_ms > core->now_ms + REPLICA_RETRY_MS)
        r->retry_ms = core->now_ms + REPLICA_RETRY_MS;
}

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
        run_postponed(r, core, log);
        return GMM_OK;
    }
    if (err == GMM_EEXISTS)
        return GMM_OK;
    return err == GMM_OK ? store_run(r, core, replica, log, admitted) : err;
}

/* What the peer holds of the log is no use to us: others are asked, and it again when it announces anew. */
static enum gmm_err disown(struct replicate *r, struct core *core, struct replica *replica, struct logs_log *log)
{
    struct replica_want *want = want_of(r, log);
    if (want != NULL && want->conn == replica->peer->conn)
        want_drop(r, want);
    replica_lower_has(replica, log, next_of(log));
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < r->count && err == GMM_OK; i++)
        err = consider(r, core, r->replicas[i], log);
    return err;
}

static enum gmm_err on_run(struct replicate *r, struct core *core, struct replica *replica, const uint8_t *payload,
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
    if (first + count <= next_of(log)) {
        r->repeated += count;
        replica_unchecked(core, replica, log);
    }
    if (first + count <= next_of(log) || first >= log->end || log->cutting || replica_probing(r, log))
        return GMM_OK; /* held already, or of no use */
    if (first != next_of(log)) {
        /* A gap, or an overlap after somebody else's push: ask from where we stand. */
        struct replica_want *want = want_of(r, log);
        if (want != NULL && want->conn == replica->peer->conn)
            want_drop(r, want);
        return consider(r, core, replica, log);
    }
    err = admit(r, core, replica, log, &log->admitted.id, payload, len);
    if (err == GMM_OK)
        run_admitted(r, core, log);
    else if (err == GMM_EORDER)
        err = disown(r, core, replica, log);
    else if (err == GMM_ESIGNATURE && log->persisted.seq != LOGS_NO_SEQ && log->persisted.seq == log->admitted.seq)
        err = replica_probe_start(r, core, replica, log);
    return err;
}

static enum gmm_err on_want(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
{
    struct message_wants wants;
    enum gmm_err err = message_want_decode(&wants, payload, len);
    return err != GMM_OK ? err : replica_serve(core, replica, &wants);
}

/* It gives us nothing of these, whatever it said before: it may have learnt that we left the group. */
static enum gmm_err on_want_none(struct replicate *r, struct core *core, struct replica *replica,
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
            err = disown(r, core, replica, log);
        }
    }
    return err;
}

static enum gmm_err on_ack(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
{
    const uint8_t *token;
    size_t token_len;
    enum gmm_err err = message_ack_decode(&token, &token_len, payload, len);
    if (err != GMM_OK)
        return err;
    uint64_t arrival = replica_token_read(core, replica, token, token_len);
    if (arrival <= replica->acked)
        return GMM_OK; /* of before its groups changed, or repeated */
    replica->acked = arrival;
    for (size_t i = 0; i < logs_count(core->logs); i++) {
        const struct logs_log *log = logs_at(core->logs, i);
        if (log->persisted.seq != LOGS_NO_SEQ && log->arrival <= arrival &&
            replica_may_have(core, replica, &log->key.group) && replica_set_has(replica, log, worth(log)) != GMM_OK)
            return GMM_ENOMEM;
    }
    return GMM_OK;
}

static enum gmm_err on_ping(const struct core *core, struct replica *replica, uint8_t type, const uint8_t *payload,
                            size_t len)
{
    uint64_t number;
    enum gmm_err err = message_ping_decode(&number, payload, len);
    if (err != GMM_OK)
        return err;
    if (type == MESSAGE_PONG) {
        if (number != replica->pong && number == replica->ping)
            replica_ponged(replica, core->now_ms);
        replica->pong = number;
        replica->pong_ms = core->now_ms;
        return GMM_OK;
    }
    peer_send(replica->peer, SESSION_CONTROL, MESSAGE_PONG, payload, len);
    replica->asked = number;
    replica->put_off = false;
    return GMM_OK;
}

/* A PING asks as well whether everything that is taken of the peer is here: told once it is, and at once if not yet. */
static void tell_settled(struct replica *replica)
{
    if (replica->asked == 0 || (replica->lacking && replica->put_off))
        return;
    struct buffer out;
    buffer_init(&out, 16);
    message_settled_encode(&out, replica->asked, !replica->lacking);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_SETTLED, &out);
    replica->put_off = replica->lacking;
    if (!replica->lacking)
        replica->asked = 0;
}

enum gmm_err replicate_message(struct replicate *r, struct core *core, struct peer *peer, uint8_t type,
                               const uint8_t *payload, size_t len, bool *new_object)
{
    struct replica *replica = find(r, peer->conn);
    if (replica == NULL)
        return GMM_ESTATE;
    switch (type) {
    case MESSAGE_OBJECTS_HAVE:
        return on_objects_have(core, replica, payload, len);
    case MESSAGE_OBJECT:
        return on_object(r, core, payload, len, new_object);
    case MESSAGE_HEADS:
        return on_heads(r, core, replica, payload, len);
    case MESSAGE_PROOFS_HAVE:
        return replica_on_proofs_have(core, replica, payload, len);
    case MESSAGE_PROOF:
        return replica_on_proof(core, payload, len);
    case MESSAGE_WANT:
        return on_want(core, replica, payload, len);
    case MESSAGE_WANT_NONE:
        return on_want_none(r, core, replica, payload, len);
    case MESSAGE_RUN:
        return on_run(r, core, replica, payload, len);
    case MESSAGE_TAKE:
        return replica_on_take(replica, payload, len);
    case MESSAGE_RANGES:
        return replica_on_ranges(core, replica, payload, len);
    case MESSAGE_ACK:
        return on_ack(core, replica, payload, len);
    case MESSAGE_PING:
    case MESSAGE_PONG:
        return on_ping(core, replica, type, payload, len);
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

void replicate_persisted_object(struct replicate *r, struct core *core, const struct directory_object *object)
{
    (void)core;
    for (size_t i = 0; i < r->count; i++)
        if (r->replicas[i]->objects_agreed && !r->replicas[i]->peer->parting)
            peer_send(r->replicas[i]->peer, SESSION_CONTROL, MESSAGE_OBJECT, object->bytes, object->len);
}

/* "The receiver stores the token as its cursor for this peer and sends ACK with it": only once all that it covers is
 * stored. */
static enum gmm_err acknowledge(struct replicate *r, struct core *core, struct replica *replica)
{
    enum gmm_err err = replicate_restore_cursor(r, &replica->peer->sign_pk, replica->token, replica->token_len);
    struct effect *store = err == GMM_OK ? core_store(core) : NULL;
    if (store == NULL)
        return GMM_ENOMEM;
    struct engine_store *s = &store->as.store;
    s->has_cursor = true;
    s->cursor_peer = replica->peer->sign_pk;
    memcpy(s->cursor, replica->token, replica->token_len);
    s->cursor_len = replica->token_len;
    struct buffer out;
    buffer_init(&out, 512);
    message_ack_encode(&out, replica->token, replica->token_len);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_ACK, &out);
    replica->token_len = 0;
    return GMM_OK;
}

void replicate_take_changed(struct replicate *r, struct core *core)
{
    for (size_t i = 0; i < r->count; i++)
        replica_send_take(core, r->replicas[i]);
}

void replicate_set_busy(struct replicate *r, uint32_t conn, bool busy)
{
    struct replica *replica = find(r, conn);
    if (replica != NULL)
        replica->busy = busy;
}

void replicate_set_lacking(struct replicate *r, uint32_t conn, bool lacking)
{
    struct replica *replica = find(r, conn);
    if (replica != NULL)
        replica->lacking = lacking;
}

static bool quiet(const struct replica *replica, const struct core *core)
{
    return replica->objects_agreed && replica->heads_sent && replica->heads_received && !replica->busy &&
           replica->range_count == 0 && replica->token_len == 0 && replica->acked >= replica->announced &&
           replica->announced == logs_last_arrival(core->logs) && !behind(replica, core);
}

static void tell(struct core *core, const struct replica *replica, enum engine_peer_state state)
{
    struct effect *effect = core_effect(core, EFFECT_PEER);
    if (effect == NULL)
        return;
    effect->conn = replica->peer->conn;
    effect->as.peer.sign_pk = replica->peer->sign_pk;
    effect->as.peer.pid = replica->peer->pid;
    effect->as.peer.state = state;
    effect->as.peer.received = replica->received;
    effect->as.peer.sent = replica->sent;
}

/* Has the peer fetched what it takes of us? Of one that never says so it is taken for granted after a while. */
static bool peer_settled(const struct core *core, const struct replica *replica, uint64_t *due)
{
    if (replica->settled == replica->ping)
        return replica->settled_yet;
    uint64_t end = replica->pong_ms + REPLICA_SETTLE_MS;
    if (core->now_ms < end && end < *due)
        *due = end;
    return core->now_ms >= end;
}

/* In sync only once a PING sent after the last acknowledgement came back: what the peer said before has been read; and
 * once the peer has settled. */
static void judge_synced(struct core *core, struct replica *replica, uint64_t *due)
{
    bool now = quiet(replica, core);
    if (!now) {
        if (replica->synced)
            tell(core, replica, ENGINE_PEER_BUSY);
        replica->synced = false;
        replica->ping = replica->pong = 0;
        return;
    }
    if (replica->synced)
        return;
    if (replica->ping == 0) {
        send_ping(core, replica);
    } else if (replica->pong == replica->ping && peer_settled(core, replica, due)) {
        replica->synced = true;
        tell(core, replica, ENGINE_PEER_SYNCED);
    }
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
        !behind(replica, core))
        replica->token_ticket = core->next_ticket;
    if (replica->token_len > 0 && replica->token_ticket != UINT64_MAX &&
        (core->oldest_store == 0 || core->oldest_store > replica->token_ticket) &&
        acknowledge(r, core, replica) != GMM_OK)
        peer_close(peer, GMM_ENOMEM, "out of memory");
    tell_settled(replica);
    judge_synced(core, replica, &due);
    return due;
}

/* Another peer that holds more of the log than we do. */
static bool held_elsewhere(const struct replicate *r, const struct replica_want *want)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->replicas[i]->peer->conn != want->conn && !r->replicas[i]->peer->closing &&
            offers(r->replicas[i], want->log) > next_of(want->log))
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

/* Who was asked and is silent loses it to another that holds it. Returns when to look again. */
static uint64_t look_for_silence(struct replicate *r, struct core *core)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = r->want_count; i > 0 && r->count > 1; i--) {
        struct replica_want *want = &r->wants[i - 1];
        struct logs_log *log = want->log;
        struct replica *replica = find(r, want->conn);
        uint64_t due = loses_at(replica, want);
        if (due > core->now_ms) {
            next = due < next ? due : next;
        } else if (replica != NULL && held_elsewhere(r, want)) {
            if (disown(r, core, replica, log) != GMM_OK)
                peer_close(replica->peer, GMM_ENOMEM, "out of memory");
            return core->now_ms + 1; /* the wants have moved */
        }
    }
    return next;
}

uint64_t replicate_continue(struct replicate *r, struct core *core)
{
    uint64_t next = UINT64_MAX;
    if (r->retry_ms != 0 && core->now_ms >= r->retry_ms) {
        r->retry_ms = 0;
        consider_everywhere(r, core);
    }
    uint64_t probe_due = replica_probe_tick(r, core->now_ms);
    next = probe_due;
    uint64_t silence_due = look_for_silence(r, core);
    next = silence_due < next ? silence_due : next;
    for (size_t i = 0; i < r->count; i++) {
        uint64_t due = continue_one(r, core, r->replicas[i]);
        next = due < next ? due : next;
    }
    return r->retry_ms != 0 && r->retry_ms < next ? r->retry_ms : next;
}

void replicate_retry(struct replicate *r, uint64_t now_ms)
{
    r->want_count = 0;
    r->retry_ms = now_ms + REPLICA_RETRY_MS;
}

uint64_t replicate_lacking(const struct replicate *r, const struct core *core)
{
    uint64_t lacking = 0;
    for (size_t k = 0; k < logs_count(core->logs); k++) {
        const struct logs_log *log = logs_at(core->logs, k);
        uint64_t most = 0, next = next_of(log);
        for (size_t i = 0; i < r->count; i++)
            most = offers(r->replicas[i], log) > most ? offers(r->replicas[i], log) : most;
        lacking += most > next ? most - next : 0;
    }
    return lacking;
}

void replicate_toll(const struct replicate *r, uint64_t *taken, uint64_t *repeated)
{
    *taken = r->taken;
    *repeated = r->repeated;
}

bool replicate_all_synced(const struct replicate *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->replicas[i]->synced)
            return false;
    return true;
}
