/* Comparison by ranges with a peer: instead of all heads when what it holds is not known, and now and then to make sure
 * (protocol: Ranges). What differs is announced as ever; the rest counts as announced.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/message_ranges.h"
#include "proto/reconcile.h"
#include "proto/replica.h"

/* A head of ours, as it was compared. */
struct compared {
    const struct logs_log *log;
    uint64_t seq, arrival;
    struct gmm_id id;
};
struct replica_compare {
    struct reconcile *reconcile;
    struct compared *heads;
    size_t count;
    uint64_t until_ms; /* for the peer to answer */
};

void replica_compare_drop(struct replica *replica)
{
    if (replica->compare == NULL)
        return;
    reconcile_free(replica->compare->reconcile);
    free(replica->compare->heads);
    free(replica->compare);
    replica->compare = NULL;
}

void replica_compare_reset(struct replica *replica)
{
    replica_compare_drop(replica);
    replica->compared = replica->waits = false;
}

/* Heads that the comparison tells are batched; they go before the round that goes with them. */
struct telling {
    struct core *core;
    struct replica *replica;
    const struct logs_log *logs[MESSAGE_HEADS_MAX];
    size_t count;
};

static void flush(struct telling *t)
{
    if (t->count > 0)
        replica_announce_logs(t->core, t->replica, t->logs, t->count);
    t->count = 0;
}

static void on_send(void *context, struct buffer *payload)
{
    struct telling *t = context;
    flush(t);
    peer_send_buffer(t->replica->peer, SESSION_CONTROL, MESSAGE_RANGES, payload);
}

static void on_tell(void *context, size_t ref, bool asked)
{
    struct telling *t = context;
    const struct logs_log *log = t->replica->compare->heads[ref].log;
    /* It has said by now that it holds more of this log. */
    if (asked && replica_has(t->replica, log) > t->replica->compare->heads[ref].seq + 1)
        return;
    t->logs[t->count++] = log;
    if (t->count == MESSAGE_HEADS_MAX)
        flush(t);
}

static enum gmm_err add_all(struct core *core, struct replica *replica)
{
    struct replica_compare *compare = replica->compare;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < logs_count(core->logs) && err == GMM_OK; i++) {
        const struct logs_log *log = logs_at(core->logs, i);
        struct message_head head;
        if (!replica_may_have(core, replica, &log->key.group) || !replica_head_of(core, replica, log, &head))
            continue;
        compare->heads[compare->count] = (struct compared){log, head.seq, log->arrival, head.id};
        err = reconcile_add(compare->reconcile, &head.key, head.seq, &head.id, compare->count++);
    }
    return err;
}

/* A comparison under this salt, with our heads as they are now. */
static enum gmm_err begin(struct core *core, struct replica *replica, const uint8_t salt[MESSAGE_RANGES_SALT])
{
    replica_compare_drop(replica);
    struct replica_compare *compare = replica->compare = calloc(1, sizeof *compare);
    if (compare == NULL)
        return GMM_ENOMEM;
    compare->until_ms = core->now_ms + REPLICA_SILENT_MS;
    compare->reconcile = reconcile_new(salt);
    compare->heads = calloc(logs_count(core->logs) + 1, sizeof *compare->heads);
    if (compare->reconcile == NULL || compare->heads == NULL)
        return GMM_ENOMEM;
    return add_all(core, replica);
}

static void open_one(struct core *core, struct replica *replica, bool whole)
{
    uint8_t salt[MESSAGE_RANGES_SALT];
    core_random(core, salt, sizeof salt);
    if (begin(core, replica, salt) != GMM_OK) {
        peer_close(replica->peer, GMM_ENOMEM, "out of memory");
        return;
    }
    struct telling telling = {.core = core, .replica = replica};
    const struct reconcile_sink sink = {&telling, on_send, on_tell};
    reconcile_open(replica->compare->reconcile, whole, &sink);
}

/* What the peer holds is not known, and would be long to tell. */
static bool compare_first(struct core *core, const struct replica *replica)
{
    if (replica->announced > 0 || !replica->speaks_ranges || replica->compared)
        return false;
    return replica->compare != NULL || replica_many_untold(core, replica, REPLICA_HEADS_FEW);
}

void replica_announce_all(struct core *core, struct replica *replica)
{
    replica->waits = compare_first(core, replica);
    if (!replica->waits)
        replica_announce(core, replica);
    else if (replica_before_heads(core, replica) != GMM_OK)
        peer_close(replica->peer, GMM_ENOMEM, "out of memory");
    else if (replica->compare == NULL)
        open_one(core, replica, false);
}

/* What waited for the comparison goes out. */
static void go_on(struct core *core, struct replica *replica)
{
    replica_compare_drop(replica);
    replica->compared = true;
    if (replica->waits)
        replica_announce_all(core, replica);
}

/* The peer holds of these logs what we do: nothing is left to be announced of them. */
static enum gmm_err note_same(struct replica *replica)
{
    const struct replica_compare *compare = replica->compare;
    for (size_t i = 0; i < reconcile_count(compare->reconcile); i++) {
        size_t ref;
        if (!reconcile_same(compare->reconcile, i, &ref))
            continue;
        const struct compared *compared = &compare->heads[ref];
        const struct message_head head = {.key = compared->log->key, .seq = compared->seq, .id = compared->id};
        if (replica_announced(replica, compared->log, &head) != GMM_OK)
            return GMM_ENOMEM;
        struct replica_holding *holding = &replica->has[compared->log->index];
        if (holding->told < compared->arrival)
            holding->told = compared->arrival;
        if (compared->log->arrival == compared->arrival)
            holding->unchecked = false;
    }
    return GMM_OK;
}

/* Each costs us a walk through all logs: some at once, then one a minute. */
static bool may_open(struct core *core, struct replica *replica)
{
    uint64_t minutes = (core->now_ms - replica->openings_ms) / 60000;
    if (minutes > 0) {
        replica->openings = minutes < replica->openings ? replica->openings - (unsigned)minutes : 0;
        replica->openings_ms = core->now_ms;
    }
    if (replica->openings >= REPLICA_OPENINGS)
        return false;
    replica->openings++;
    return true;
}

static enum gmm_err on_opening(struct core *core, struct replica *replica, const struct message_ranges *ranges)
{
    /* Where two cross, that of the side that dialled counts. */
    if ((replica->compare != NULL && replica->peer->initiator && reconcile_unanswered(replica->compare->reconcile)) ||
        !may_open(core, replica))
        return GMM_OK;
    enum gmm_err err = begin(core, replica, ranges->salt);
    if (err == GMM_OK)
        reconcile_answer(replica->compare->reconcile);
    return err;
}

/* An opening that came before the peer's objects did: what it is answered with rests on those. */
static enum gmm_err keep(struct replica *replica, const uint8_t *payload, size_t len)
{
    uint8_t *early = len == 0 ? NULL : malloc(len);
    if (early == NULL)
        return len == 0 ? GMM_EFORMAT : GMM_ENOMEM;
    memcpy(early, payload, len);
    free(replica->early);
    replica->early = early;
    replica->early_len = len;
    return GMM_OK;
}

enum gmm_err replica_on_ranges(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
{
    struct message_ranges ranges;
    if (core->heads_only)
        return GMM_OK;
    enum gmm_err err = message_ranges_decode(&ranges, payload, len);
    if (err == GMM_OK && !replica->objects_agreed)
        return ranges.round == 0 ? keep(replica, payload, len) : GMM_OK;
    if (err == GMM_OK && ranges.round == 0)
        err = on_opening(core, replica, &ranges);
    if (err == GMM_OK)
        err = replica_before_heads(core, replica);
    if (err != GMM_OK || replica->compare == NULL || !reconcile_expects(replica->compare->reconcile, &ranges))
        return err;
    replica->compare->until_ms = core->now_ms + REPLICA_SILENT_MS;
    struct telling telling = {.core = core, .replica = replica};
    const struct reconcile_sink sink = {&telling, on_send, on_tell};
    err = reconcile_take(replica->compare->reconcile, &ranges, &sink);
    flush(&telling);
    if (err != GMM_OK || !reconcile_done(replica->compare->reconcile))
        return err;
    err = note_same(replica);
    if (err == GMM_OK)
        go_on(core, replica);
    return err;
}

enum gmm_err replica_compare_early(struct core *core, struct replica *replica)
{
    uint8_t *payload = replica->early;
    if (payload == NULL)
        return GMM_OK;
    replica->early = NULL;
    enum gmm_err err = replica_on_ranges(core, replica, payload, replica->early_len);
    free(payload);
    return err;
}

void replica_suspect(const struct core *core, struct replica *replica)
{
    replica->suspect = true;
    if (replica->check_ms > core->now_ms + REPLICA_CHECK_MS)
        replica->check_ms = core->now_ms + REPLICA_CHECK_MS;
}

/* The time of the next check, drawn so that not all happen at once. */
static void plan(struct core *core, struct replica *replica, uint64_t ms)
{
    uint8_t random[8];
    core_random(core, random, sizeof random);
    replica->check_ms = core->now_ms + ms + bytes_load_u64(random) % ms;
}

uint64_t replica_compare_tick(struct core *core, struct replica *replica)
{
    if (replica->compare != NULL && core->now_ms >= replica->compare->until_ms)
        go_on(core, replica); /* by heads, then */
    if (replica->compare != NULL)
        return replica->compare->until_ms;
    if (!replica->synced || !replica->speaks_ranges || (!replica->peer->initiator && !replica->suspect))
        return UINT64_MAX;
    if (replica->check_ms == 0)
        plan(core, replica, replica->compared ? REPLICA_CHECK_AGAIN_MS : REPLICA_CHECK_MS);
    if (core->now_ms < replica->check_ms)
        return replica->check_ms;
    plan(core, replica, REPLICA_CHECK_AGAIN_MS);
    replica->suspect = false;
    open_one(core, replica, true);
    return replica->compare == NULL ? UINT64_MAX : replica->compare->until_ms;
}
