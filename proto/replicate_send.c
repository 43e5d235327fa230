#include <stdlib.h>
#include <string.h>

#include "proto/replica.h"

bool replica_head_of(struct core *core, const struct replica *replica, const struct logs_log *log,
                     struct message_head *head)
{
    if (log->persisted.seq == LOGS_NO_SEQ)
        return false;
    uint64_t end = replica_end(core, replica, log);
    *head = (struct message_head){.key = log->key, .seq = log->persisted.seq, .id = log->persisted.id};
    if (log->persisted.seq < end) {
        memcpy(head->sig, log->persisted.sig, sizeof head->sig);
        return true;
    }
    const struct view *view = fold_view(core->fold);
    head->seq = end - 1;
    if (end > 0 && end < log->end && view != NULL) { /* its own removal */
        head->id = view_removed_from(view, &log->key.group, &replica->peer->pid)->entry;
        return true;
    }
    return end > 0 && view != NULL && view_log_last(view, &log->key, &head->id);
}

static void send_heads(struct replica *replica, const struct message_head *heads, size_t count, bool last,
                       const uint8_t *token, size_t token_len)
{
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    message_heads_encode(&out, heads, count, last, token, token_len);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_HEADS, &out);
}

static enum gmm_err told(struct replica *replica, const struct logs_log *log)
{
    struct replica_holding *holding = replica_holding(replica, log);
    if (holding == NULL)
        return GMM_ENOMEM;
    holding->unchecked = false;
    holding->told = log->arrival; /* another by then if the log's end moved, too */
    return GMM_OK;
}

void replica_announce_logs(struct core *core, struct replica *replica, const struct logs_log *const *logs, size_t count)
{
    struct message_head *heads = malloc((count + 1) * sizeof *heads);
    size_t kept = 0;
    enum gmm_err err = heads == NULL ? GMM_ENOMEM : GMM_OK;
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        if (replica_head_of(core, replica, logs[i], &heads[kept])) {
            err = told(replica, logs[i]);
            kept++;
        }
    if (err != GMM_OK)
        peer_close(replica->peer, GMM_ENOMEM, "out of memory");
    else if (kept > 0)
        send_heads(replica, heads, kept, false, NULL, 0);
    free(heads);
}

void replica_announce_one(struct core *core, struct replica *replica, const struct logs_log *log)
{
    replica_announce_logs(core, replica, &log, 1);
}

void replica_unchecked(struct core *core, struct replica *replica, const struct logs_log *log)
{
    if (log->persisted.seq != LOGS_NO_SEQ && log->arrival <= replica->announced)
        replica_announce_one(core, replica, log);
    else if (log->index < replica->has_count)
        replica->has[log->index].unchecked = true;
}

/* It announced another entry than ours under our head's number, perhaps before we had one: the logs have parted, and
 * the one that hears of it finds out where. */
static bool parted(const struct replica_holding *holding, const struct logs_log *log)
{
    return holding->seq == log->persisted.seq && !id_equal(&holding->id, &log->persisted.id) &&
           !id_is_zero(&holding->id);
}

/* Does the peer know our head already? */
static bool knows(const struct replica *replica, const struct logs_log *log)
{
    if (log->index >= replica->has_count)
        return false;
    const struct replica_holding *holding = &replica->has[log->index];
    bool holds = holding->next > log->persisted.seq && !parted(holding, log);
    return !holding->unchecked && (holds || holding->told >= log->arrival);
}

bool replica_many_untold(struct core *core, const struct replica *replica, size_t few)
{
    size_t count = 0;
    for (size_t i = 0; i < logs_count(core->logs) && count <= few; i++) {
        const struct logs_log *log = logs_at(core->logs, i);
        count += log->persisted.seq != LOGS_NO_SEQ && log->arrival > replica->announced && !knows(replica, log) &&
                 replica_may_have(core, replica, &log->key.group);
    }
    return count > few;
}

/* Of the logs that changed since the last announcement with a token; lazy: without those that are being pushed. */
static enum gmm_err send_changed(struct core *core, struct replica *replica, bool lazy, const uint8_t *token,
                                 size_t token_len)
{
    struct message_head *heads = malloc(MESSAGE_HEADS_MAX * sizeof *heads);
    size_t count = 0;
    enum gmm_err err = heads == NULL ? GMM_ENOMEM : GMM_OK;
    for (size_t i = 0; i < logs_count(core->logs) && err == GMM_OK; i++) {
        const struct logs_log *log = logs_at(core->logs, i);
        if (log->persisted.seq == LOGS_NO_SEQ || log->arrival <= replica->announced || knows(replica, log) ||
            (lazy && replica_eager(core, replica, log)) || !replica_head_of(core, replica, log, &heads[count]))
            continue;
        err = told(replica, log);
        if (++count == MESSAGE_HEADS_MAX) {
            send_heads(replica, heads, count, false, NULL, 0);
            count = 0;
        }
    }
    if (err == GMM_OK && (count > 0 || !lazy))
        send_heads(replica, heads, count, !lazy, token, token_len);
    free(heads);
    return err;
}

uint64_t replica_tell(struct core *core, struct replica *replica)
{
    if (replica->lazy_ms == 0 || replica->waits)
        return UINT64_MAX;
    if (core->now_ms < replica->lazy_ms)
        return replica->lazy_ms;
    replica->lazy_ms = 0;
    if (send_changed(core, replica, true, NULL, 0) != GMM_OK)
        peer_close(replica->peer, GMM_ENOMEM, "out of memory");
    return UINT64_MAX;
}

enum gmm_err replica_before_heads(struct core *core, struct replica *replica)
{
    if (replica->proofs_sent)
        return GMM_OK;
    replica->proofs_sent = true;
    return replica_send_proofs(core, replica);
}

/* The heads that changed since the last announcement, then a token that covers them. */
void replica_announce(struct core *core, struct replica *replica)
{
    uint64_t upto = logs_last_arrival(core->logs);
    uint8_t token[REPLICA_TOKEN_BYTES];
    replica_token(core, replica, upto, token);
    if (replica_before_heads(core, replica) != GMM_OK ||
        send_changed(core, replica, false, token, sizeof token) != GMM_OK) {
        peer_close(replica->peer, GMM_ENOMEM, "out of memory");
        return;
    }
    replica->announced = upto;
    replica->heads_sent = true;
}

enum gmm_err replica_give(struct replica *replica, struct logs_log *log, uint64_t from, uint64_t to, bool wanted)
{
    for (size_t i = 0; i < replica->range_count; i++) {
        struct replica_range *range = &replica->ranges[i];
        if (range->log == log && from >= range->next && from <= range->to + 1) {
            if (to > range->to)
                range->to = to;
            range->wanted |= wanted;
            return GMM_OK;
        }
    }
    if (replica->range_count == replica->range_capacity) {
        size_t capacity = replica->range_capacity == 0 ? 16 : 2 * replica->range_capacity;
        struct replica_range *ranges = realloc(replica->ranges, capacity * sizeof *ranges);
        if (ranges == NULL)
            return GMM_ENOMEM;
        replica->ranges = ranges;
        replica->range_capacity = capacity;
    }
    replica->ranges[replica->range_count++] =
        (struct replica_range){.log = log, .next = from, .to = to, .wanted = wanted};
    return GMM_OK;
}

static void send_none(struct replica *replica, const struct message_want *wants, size_t count)
{
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    message_want_encode(&out, wants, count);
    peer_send_buffer(replica->peer, SESSION_CONTROL, MESSAGE_WANT_NONE, &out);
}

enum gmm_err replica_serve(struct core *core, struct replica *replica, const struct message_wants *wants)
{
    struct message_want none[MESSAGE_WANTS_MAX];
    size_t none_count = 0;
    for (size_t i = 0; i < wants->count; i++) {
        struct message_want want;
        message_want_at(wants, i, &want);
        struct logs_log *log = logs_find(core->logs, &want.key);
        /* "Unknown, forbidden and absent answer alike." */
        if (log == NULL || log->persisted.seq == LOGS_NO_SEQ || want.from > log->persisted.seq ||
            want.from >= replica_end(core, replica, log)) {
            none[none_count++] = want;
            continue;
        }
        uint64_t to = want.to < log->persisted.seq ? want.to : log->persisted.seq;
        uint64_t end = replica_end(core, replica, log);
        to = to < end ? to : end - 1;
        if (replica->range_count >= 4096)
            return GMM_ELIMIT;
        if (to == log->persisted.seq)
            replica_asked(replica, log);
        enum gmm_err err = replica_give(replica, log, want.from, to, true);
        if (err != GMM_OK)
            return err;
    }
    if (none_count > 0)
        send_none(replica, none, none_count);
    return GMM_OK;
}

void replica_push(struct core *core, struct replica *replica, struct logs_log *log, uint64_t first, uint64_t last)
{
    uint64_t end = replica_end(core, replica, log);
    if (replica->peer->parting || !replica->heads_sent || replica_has(replica, log) > last || end == 0)
        return;
    replica->changed_ms = core->now_ms;
    if (first >= end)
        return;
    last = last < end ? last : end - 1;
    if (replica_eager(core, replica, log) && replica_has(replica, log) == first) {
        if (replica_give(replica, log, first, last, false) != GMM_OK)
            peer_close(replica->peer, GMM_ENOMEM, "out of memory");
    } else if (id_is_zero(&log->key.group) || replica_eager(core, replica, log)) {
        replica_announce_one(core, replica, log);
    } else if (replica->lazy_ms == 0) {
        uint8_t random[8];
        core_random(core, random, sizeof random);
        replica->lazy_ms = core->now_ms + REPLICA_LAZY_MS + bytes_load_u64(random) % REPLICA_LAZY_MS;
    }
}

/* A push that the peer has no use for any more: it has it from elsewhere. */
static bool outrun(const struct replica *replica, const struct replica_range *range)
{
    return !range->wanted && range->ticket == 0 && replica_has(replica, range->log) > range->to;
}

/* Governance, then what has a deadline, then what is small. */
static unsigned rank(const struct replica_range *range)
{
    if (id_is_zero(&range->log->key.group))
        return 0;
    if (range->log->urgent)
        return 1;
    return range->to - range->next < REPLICA_SMALL ? 2 : 3;
}

static bool has_room(const struct replica *replica, const struct replica_range *range)
{
    enum session_stream stream = id_is_zero(&range->log->key.group) ? SESSION_URGENT : SESSION_BULK;
    return session_queued(replica->peer->session, stream) < peer_share(replica->peer,
                                                                       replica->peer->room < PEER_ROOM_MOST ? 2 : 4,
                                                                       REPLICA_QUEUE_LEAST, REPLICA_QUEUE_MOST);
}

/* The range served next: of the best rank, in turn. NULL: nothing may go now. */
static struct replica_range *next_range(struct replica *replica)
{
    struct replica_range *best = NULL;
    for (size_t i = 0; i < replica->range_count; i++) {
        struct replica_range *range = &replica->ranges[(replica->range_turn + i) % replica->range_count];
        if (range->ticket == 0 && has_room(replica, range) && (best == NULL || rank(range) < rank(best)))
            best = range;
    }
    if (best != NULL)
        replica->range_turn = (size_t)(best - replica->ranges) + 1;
    return best;
}

/* By rank, round robin within it, a bounded number of LOADs at a time, while the streams have room. */
void replica_load_next(struct core *core, struct replica *replica)
{
    size_t under_way = 0;
    struct replica_range *range;
    for (size_t i = replica->range_count; i > 0; i--)
        if (outrun(replica, &replica->ranges[i - 1]))
            replica->ranges[i - 1] = replica->ranges[--replica->range_count];
    for (size_t i = 0; i < replica->range_count; i++)
        under_way += replica->ranges[i].ticket != 0;
    bool slow = replica->peer->room < PEER_ROOM_MOST; /* what was loaded no longer gives way */
    while (under_way < (slow ? 1 : REPLICA_LOADS) && !replica->peer->closing && (range = next_range(replica)) != NULL) {
        struct effect *effect = core_effect(core, EFFECT_LOAD);
        if (effect == NULL)
            return;
        effect->ticket = range->ticket = ++core->next_ticket;
        effect->as.load.key = range->log->key;
        effect->as.load.from_seq = range->next;
        effect->as.load.to_seq = range->to;
        effect->as.load.max_bytes = peer_share(replica->peer, slow ? 2 : 4, REPLICA_RUN_LEAST, REPLICA_RUN_MOST);
        effect->as.load.exact = range->to + 1 == range->log->end;
        under_way++;
    }
}

/* Who was removed is told so, and given nothing of what was posted. */
static bool is_sealed(const struct run_entry *entry)
{
    struct header h;
    return header_decode(&h, entry->header) != GMM_OK || h.type >= HEADER_DOCUMENT;
}

void replica_send_run(struct core *core, struct replica *replica, struct replica_range *range, const struct run *run)
{
    struct logs_log *log = range->log;
    range->ticket = 0;
    uint64_t next = run == NULL ? range->to + 1 : run->first_seq + run->count;
    bool member = replica_may_have(core, replica, &log->key.group);
    /* What cannot be loaded after all is denied, so that who asked asks another at once. */
    if (run == NULL ? range->wanted || !member : !member && next > replica_end(core, replica, log)) {
        struct message_want none = {.key = log->key, .from = range->next, .to = range->to};
        send_none(replica, &none, 1);
        next = range->to + 1;
    } else if (run != NULL) {
        struct buffer out;
        buffer_init(&out, LIMIT_MESSAGE_BYTES);
        size_t budget = REPLICA_BODIES(replica->peer);
        struct run_entry entries[LIMIT_RUN_ENTRIES];
        struct run apart = *run;
        memcpy(entries, run->entries, run->count * sizeof *entries);
        apart.entries = entries;
        for (uint32_t i = 0; i < run->count; i++)
            if (replica_leaves_out(replica, &entries[i], &budget) || (!member && is_sealed(&entries[i])))
                entries[i].body = NULL;
        run_encode(&out, &apart);
        bool urgent = id_is_zero(&log->key.group);
        peer_send_buffer(replica->peer, urgent ? SESSION_URGENT : SESSION_BULK, MESSAGE_RUN, &out);
        replica->sent += run->count;
        if (replica_set_has(replica, log, next) != GMM_OK)
            peer_close(replica->peer, GMM_ENOMEM, "out of memory");
        else
            replica->has[log->index].sent = next;
    }
    range->next = next;
    if (range->next > range->to)
        *range = replica->ranges[--replica->range_count];
}
