/* A session's bytes, in pieces: input = mode u8 ‖ bytes. Mode: bit 0: to an initiator (else to a responder); bit 1: the
 * session is open, and the input is sealed into frames: u16 length ‖ plaintext, in turn; bits 2 to 7: the size of the
 * pieces, from 1. All keys are fixed, so that a recorded handshake replays. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/handshake.h"
#include "proto/session.h"

static const uint8_t i_sk[32] = {0, 1}, r_sk[32] = {0, 2}, i_eph[32] = {0, 3}, r_eph[32] = {0, 4};
static const struct gmm_id nid = {{0x11}};
static struct gmm_id i_pk, r_pk;

static void start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        abort();
    crypto_scalarmult_base(i_pk.b, i_sk);
    crypto_scalarmult_base(r_pk.b, r_sk);
}

static struct session *victim_new(bool initiator)
{
    const struct session_config config = {.purpose = SESSION_OFFICES,
                                          .initiator = initiator,
                                          .nid = &nid,
                                          .noise_sk = initiator ? i_sk : r_sk,
                                          .noise_pk = initiator ? &i_pk : &r_pk,
                                          .remote_noise_pk = initiator ? &r_pk : NULL,
                                          .ephemeral = initiator ? i_eph : r_eph,
                                          .hello = "hello",
                                          .hello_len = initiator ? 5 : 0};
    struct session *s;
    if (session_new(&s, &config) != GMM_OK)
        abort();
    return s;
}

static struct handshake *peer_new(bool initiator, struct buffer *wire)
{
    const struct handshake_config config = {.purpose = HANDSHAKE_OFFICES,
                                            .initiator = initiator,
                                            .nid = &nid,
                                            .noise_sk = initiator ? i_sk : r_sk,
                                            .noise_pk = initiator ? &i_pk : &r_pk,
                                            .remote_noise_pk = initiator ? &r_pk : NULL,
                                            .ephemeral = initiator ? i_eph : r_eph};
    struct handshake *h;
    if (handshake_new(&h, &config, wire) != GMM_OK)
        abort();
    return h;
}

/* All that comes out is used as an owner would; false: the session has ended. */
static bool take_items(struct session *s)
{
    struct session_item item;
    for (;;) {
        if (session_next(s, &item) != GMM_OK)
            return false;
        if (item.kind == SESSION_ITEM_NONE)
            return true;
        unsigned sum = 0;
        for (size_t i = 0; i < item.len; i++)
            sum += item.payload[i];
        if (item.kind == SESSION_ITEM_MESSAGE) {
            session_consumed(s, item.stream, item.len + 1);
            session_send(s, item.stream, 9, &sum, sizeof sum);
        } else if (session_state(s) == SESSION_WAIT_HELLO && session_answer(s, "answer", 6) != GMM_OK) {
            abort();
        }
    }
}

static bool feed(struct session *s, const uint8_t *bytes, size_t len, size_t piece)
{
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        if (session_receive(s, bytes + at, n) != GMM_OK || !take_items(s))
            return false;
        struct buffer out;
        buffer_init(&out, 1u << 20);
        if (session_pump(s, &out, 65536) != GMM_OK)
            abort();
        buffer_close(&out);
    }
    return true;
}

/* The handshake between a well-behaved peer and the victim; the peer's cipher remains. */
static void shake_hands(struct session *s, bool initiator, struct noise_cipher *send)
{
    struct buffer to_peer, to_victim;
    struct handshake_result result;
    size_t used;
    buffer_init(&to_peer, 100000);
    buffer_init(&to_victim, 100000);
    struct handshake *peer = peer_new(!initiator, &to_victim);
    while (!handshake_is_done(peer) || to_victim.len > 0) {
        if (to_victim.len > 0 && (session_receive(s, to_victim.p, to_victim.len) != GMM_OK || !take_items(s)))
            abort();
        buffer_close(&to_victim);
        if (session_pump(s, &to_peer, 65536) != GMM_OK)
            abort();
        if (!handshake_is_done(peer) && handshake_receive(peer, to_peer.p, to_peer.len, &used, &to_victim) != GMM_OK)
            abort();
        buffer_close(&to_peer);
    }
    handshake_take(peer, &result);
    handshake_free(peer);
    *send = result.send;
    noise_cipher_close(&result.receive);
    free(result.hello);
}

static void fuzz_open(struct session *s, bool initiator, const uint8_t *bytes, size_t len, size_t piece)
{
    static uint8_t frame[2 + LIMIT_NOISE_BYTES];
    struct noise_cipher send;
    struct bytes_in in;
    shake_hands(s, initiator, &send);
    bytes_in_init(&in, bytes, len);
    bool alive = true;
    while (alive && in.left > 0) {
        size_t n = bytes_get_u16(&in);
        const uint8_t *plain = n <= LIMIT_FRAME_PLAIN ? bytes_take(&in, n) : NULL;
        if (plain == NULL)
            break;
        bytes_store_u16(frame, (uint16_t)(n + NOISE_TAG_BYTES));
        if (noise_encrypt(&send, frame + 2, plain, n) != GMM_OK)
            abort();
        alive = feed(s, frame, 2 + n + NOISE_TAG_BYTES, piece);
    }
    noise_cipher_close(&send);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    start();
    size_t secrets = secret_in_use();
    bool initiator = (data[0] & 1) != 0;
    size_t piece = 1u + (data[0] >> 2);
    struct session *s = victim_new(initiator);
    if ((data[0] & 2) != 0)
        fuzz_open(s, initiator, data + 1, size - 1, piece);
    else
        feed(s, data + 1, size - 1, piece);
    session_free(s);
    if (secret_in_use() != secrets)
        abort();
    return 0;
}
