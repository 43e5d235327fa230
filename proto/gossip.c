/* A tree for each log, grown by what happens: an office announces what it got, and pushes to whom had to ask it before.
 * Whom a push came too late to is told by announcement from then on; who lost the one that pushed to it asks the next
 * that announces (protocol: Replication 6).
 */
#include <stdlib.h>
#include <string.h>

#include "proto/replica.h"

bool replica_eager(const struct core *core, const struct replica *replica, const struct logs_log *log)
{
    enum replica_gossip gossip = log->index < replica->has_count ? replica->has[log->index].gossip : REPLICA_UNTOLD;
    return gossip == REPLICA_EAGER || (gossip == REPLICA_UNTOLD && id_equal(&log->key.author, core_self(core)));
}

void replica_asked(struct replica *replica, const struct logs_log *log)
{
    struct replica_holding *holding = replica_holding(replica, log);
    if (holding != NULL)
        holding->gossip = REPLICA_EAGER;
}

static bool pushing(const struct replica *replica, const struct logs_log *log)
{
    for (size_t i = 0; i < replica->range_count; i++)
        if (replica->ranges[i].log == log)
            return true;
    return false;
}

void replica_had(struct core *core, struct replica *replica, const struct logs_log *log, uint64_t seq)
{
    struct replica_holding *holding = replica_holding(replica, log);
    if (holding != NULL && replica_eager(core, replica, log) && log->persisted.seq != LOGS_NO_SEQ &&
        seq >= log->persisted.seq && (holding->sent > 0 ? seq + 1 >= holding->sent : pushing(replica, log)))
        holding->gossip = REPLICA_LAZY;
}

static struct replica_source *source_of(struct replicate *r, const struct logs_log *log)
{
    if (log->index >= r->source_count) {
        size_t count = log->index + 64;
        struct replica_source *grown = realloc(r->sources, count * sizeof *grown);
        if (grown == NULL)
            return NULL;
        memset(grown + r->source_count, 0, (count - r->source_count) * sizeof *grown);
        r->sources = grown;
        r->source_count = count;
    }
    return &r->sources[log->index];
}

enum gmm_err replica_sent_us(struct replicate *r, const struct replica *replica, const struct logs_log *log)
{
    struct replica_source *source = source_of(r, log);
    if (source == NULL)
        return GMM_ENOMEM;
    *source = (struct replica_source){.conn = replica->peer->conn};
    return GMM_OK;
}

/* Who sent this log before, or else its author. */
static const struct replica *sender_of(const struct replicate *r, const struct replica_source *source,
                                       const struct logs_log *log)
{
    const struct replica *author = NULL;
    for (size_t i = 0; i < r->count; i++) {
        if (r->replicas[i]->peer->conn == source->conn)
            return r->replicas[i];
        if (id_equal(&r->replicas[i]->peer->sign_pk, &log->key.author))
            author = r->replicas[i];
    }
    return author;
}

uint64_t replica_patience(struct replicate *r, const struct core *core, const struct replica *announcer,
                          const struct logs_log *log)
{
    struct replica_source *source = source_of(r, log);
    const struct replica *sender = source == NULL ? NULL : sender_of(r, source, log);
    if (sender == NULL || sender == announcer || sender->peer->closing)
        return 0;
    uint64_t rtt = sender->rtt_ms == 0 ? REPLICA_RTT_MS : sender->rtt_ms;
    if (source->until_ms == 0)
        source->until_ms = core->now_ms + REPLICA_PATIENCE_MS + 2 * rtt;
    return core->now_ms < source->until_ms ? source->until_ms : 0;
}

void replica_pinged(struct replica *replica, uint64_t now_ms)
{
    replica->ping_ms = now_ms;
}

void replica_ponged(struct replica *replica, uint64_t now_ms)
{
    uint64_t rtt = now_ms - replica->ping_ms + 1;
    replica->rtt_ms = replica->rtt_ms == 0 ? rtt : (7 * replica->rtt_ms + rtt) / 8;
}
