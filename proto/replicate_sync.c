/* Is a peer in sync? PING, PONG and SETTLED. */
#include "proto/replica.h"

void replica_send_ping(struct core *core, struct replica *replica)
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

enum gmm_err replica_on_ping(const struct core *core, struct replica *replica, uint8_t type, const uint8_t *payload,
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
void replica_tell_settled(struct replica *replica)
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

void replicate_set_busy(struct replicate *r, uint32_t conn, bool busy)
{
    struct replica *replica = replica_find(r, conn);
    if (replica != NULL)
        replica->busy = busy;
}

void replicate_set_lacking(struct replicate *r, uint32_t conn, bool lacking)
{
    struct replica *replica = replica_find(r, conn);
    if (replica != NULL)
        replica->lacking = lacking;
}

static bool quiet(const struct replica *replica, const struct core *core)
{
    return replica->objects_agreed && replica->heads_sent && replica->heads_received && !replica->busy &&
           replica->range_count == 0 && replica->token_len == 0 && replica->acked >= replica->announced &&
           replica->announced == logs_last_arrival(core->logs) && !replica_behind(replica, core);
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
void replica_judge_synced(struct core *core, struct replica *replica, uint64_t *due)
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
        replica_send_ping(core, replica);
    } else if (replica->pong == replica->ping && peer_settled(core, replica, due)) {
        replica->synced = true;
        tell(core, replica, ENGINE_PEER_SYNCED);
    }
}

uint64_t replicate_acked(const struct replicate *r, uint32_t conn)
{
    const struct replica *replica = replica_find(r, conn);
    return replica == NULL ? 0 : replica->acked;
}

bool replicate_all_synced(const struct replicate *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->replicas[i]->synced)
            return false;
    return true;
}

bool replicate_parted(struct replicate *r, struct core *core, struct peer *peer)
{
    struct replica *replica = replica_find(r, peer->conn);
    if (replica == NULL || (replica->ping != 0 && replica->pong == replica->ping))
        return true;
    /* Streams are not ordered among each other: the PING follows what has gone to the transport. */
    if (replica->ping == 0 && replica->range_count == 0 && session_queued(peer->session, SESSION_URGENT) == 0)
        replica_send_ping(core, replica);
    return false;
}
