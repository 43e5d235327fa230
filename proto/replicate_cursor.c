/* Cursors: the tokens that peers gave us, and those that we give them. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "proto/replica.h"

/* "Opaque to the receiver and authenticated by its maker": store id 16 ‖ arrival u64 ‖ 16 of K(node, cursor, both ‖
 * peer ‖ its groups): when the peer's groups are others by then, it is none, and everything is announced. */
void replica_token(const struct core *core, const struct replica *replica, uint64_t arrival,
                   uint8_t out[REPLICA_TOKEN_BYTES])
{
    uint8_t input[24 + 32 + 32], mac[32];
    memcpy(out, core->store_id, 16);
    bytes_store_u64(out + 16, arrival);
    memcpy(input, out, 24);
    memcpy(input + 24, replica->peer->sign_pk.b, 32);
    memcpy(input + 56, replica->groups.b, 32);
    hash_k(mac, core->keystore->node, LABEL_CURSOR, input, sizeof input);
    memcpy(out + 24, mac, 16);
}

uint64_t replica_token_read(const struct core *core, const struct replica *replica, const uint8_t *token, size_t len)
{
    uint8_t ours[REPLICA_TOKEN_BYTES];
    if (len != sizeof ours)
        return 0;
    uint64_t arrival = bytes_load_u64(token + 16);
    replica_token(core, replica, arrival, ours);
    if (sodium_memcmp(ours, token, sizeof ours) != 0 || arrival > core->next_arrival)
        return 0;
    return arrival;
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

void replicate_forget_cursors(struct replicate *r)
{
    r->cursor_count = 0;
}

/* "The receiver stores the token as its cursor for this peer and sends ACK with it": only once all that it covers is
 * stored. */
enum gmm_err replica_acknowledge(struct replicate *r, struct core *core, struct replica *replica)
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

enum gmm_err replica_on_ack(struct core *core, struct replica *replica, const uint8_t *payload, size_t len)
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
            replica_may_have(core, replica, &log->key.group) &&
            replica_set_has(replica, log, replica_worth(log)) != GMM_OK)
            return GMM_ENOMEM;
    }
    return GMM_OK;
}
