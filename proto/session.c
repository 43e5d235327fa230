#include "proto/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/handshake.h"
#include "proto/mux.h"

#define LENGTH_BYTES 2u
#define FRAME_MIN (MUX_FRAME_HEADER + 1u + NOISE_TAG_BYTES)
/* A part of a frame may be left over when the next bytes come. */
#define INPUT_MAX (SESSION_RECEIVE_MAX + LENGTH_BYTES + LIMIT_NOISE_BYTES)

static_assert((int)SESSION_OFFICES == (int)HANDSHAKE_OFFICES && (int)SESSION_JOIN == (int)HANDSHAKE_JOIN, "purposes");
static_assert(SESSION_HELLO_MAX == HANDSHAKE_HELLO_MAX, "one bound for both hellos");
static_assert(SESSION_HELLO_MAX < MUX_PART_MAX, "a hello is one frame");
static_assert((unsigned)SESSION_STREAMS == MUX_STREAMS && (unsigned)SESSION_CREDIT == MUX_CREDIT,
              "as the mux has them");

struct session {
    enum session_state state;
    bool initiator, gated, former;
    unsigned purpose;
    enum gmm_err failed;
    struct gmm_id remote;
    struct handshake *handshake;
    struct noise_cipher send, receive;
    struct mux mux;
    struct buffer wire; /* handshake messages on their way out */
    bool hello_due;     /* responder: the peer's hello is to be given out */
    uint8_t *hello;
    size_t hello_len;
    uint8_t *input; /* received, from input_at on not yet opened */
    size_t input_at, input_len, input_cap;
};

static void move(struct session *s, enum session_state to)
{
    static const bool allowed[SESSION_DEAD + 1][SESSION_DEAD + 1] = {
        [SESSION_HANDSHAKE] = {[SESSION_WAIT_HELLO] = true, [SESSION_DEAD] = true},
        [SESSION_WAIT_HELLO] = {[SESSION_OPEN] = true, [SESSION_DEAD] = true},
        [SESSION_OPEN] = {[SESSION_DEAD] = true},
    };
    assert(allowed[s->state][to]);
    (void)allowed; /* where assertions are off */
    s->state = to;
}

static void release(struct session *s)
{
    handshake_free(s->handshake);
    s->handshake = NULL;
    noise_cipher_close(&s->send);
    noise_cipher_close(&s->receive);
    mux_close(&s->mux);
    buffer_close(&s->wire);
    free(s->hello);
    s->hello = NULL;
    free(s->input);
    s->input = NULL;
}

static enum gmm_err die(struct session *s, enum gmm_err err)
{
    move(s, SESSION_DEAD);
    s->failed = err;
    release(s);
    return err;
}

enum gmm_err session_new(struct session **out, const struct session_config *config)
{
    *out = NULL;
    struct session *s = calloc(1, sizeof *s);
    if (s == NULL)
        return GMM_ENOMEM;
    s->initiator = config->initiator;
    buffer_init(&s->wire, LIMIT_NOISE_BYTES);
    if (config->initiator)
        s->remote = *config->remote_noise_pk;
    const struct handshake_config handshake = {
        .initiator = config->initiator,
        .purpose = (enum handshake_purpose)config->purpose,
        .nid = config->nid,
        .noise_sk = config->noise_sk,
        .noise_pk = config->noise_pk,
        .former_sk = config->former_sk,
        .former_pk = config->former_pk,
        .remote_noise_pk = config->remote_noise_pk,
        .ephemeral = config->ephemeral,
        .hello = config->hello,
        .hello_len = config->hello_len,
        .doorkeeper = config->initiator ? NULL : config->doorkeeper,
    };
    enum gmm_err err = handshake_new(&s->handshake, &handshake, &s->wire);
    if (err != GMM_OK) {
        session_free(s);
        return err;
    }
    s->purpose = handshake_purpose(s->handshake);
    s->gated = handshake_is_gated(s->handshake);
    *out = s;
    return GMM_OK;
}

void session_free(struct session *s)
{
    if (s == NULL)
        return;
    release(s);
    free(s);
}

enum session_state session_state(const struct session *s)
{
    return s->state;
}

enum session_purpose session_purpose(const struct session *s)
{
    return (enum session_purpose)s->purpose;
}

bool session_gated(const struct session *s)
{
    return s->gated;
}

bool session_former(const struct session *s)
{
    return s->former;
}

void session_remote(const struct session *s, struct gmm_id *noise_pk)
{
    *noise_pk = s->remote;
}

/* A newcomer has one small request and one stream: who holds an invite's address must not make us hold more. */
static void streams_open(struct session *s)
{
    bool join = s->purpose == SESSION_JOIN;
    const size_t request_max = LIMIT_JOIN_REQUEST + 1;
    mux_init(&s->mux, join ? 1 : MUX_STREAMS, join && !s->initiator ? request_max : LIMIT_MESSAGE_BYTES,
             join && s->initiator ? request_max : LIMIT_MESSAGE_BYTES);
}

static enum gmm_err handshake_step(struct session *s, const uint8_t *bytes, size_t len, size_t *used)
{
    enum gmm_err err = handshake_receive(s->handshake, bytes, len, used, &s->wire);
    s->purpose = handshake_purpose(s->handshake);
    s->gated = handshake_is_gated(s->handshake);
    s->former = handshake_is_former(s->handshake);
    if (err != GMM_OK || !handshake_is_done(s->handshake))
        return err;
    struct handshake_result result;
    handshake_take(s->handshake, &result);
    handshake_free(s->handshake);
    s->handshake = NULL;
    s->send = result.send;
    s->receive = result.receive;
    s->remote = result.remote;
    s->hello = result.hello;
    s->hello_len = result.hello_len;
    s->hello_due = !s->initiator;
    streams_open(s);
    move(s, SESSION_WAIT_HELLO);
    return GMM_OK;
}

static enum gmm_err input_append(struct session *s, const uint8_t *bytes, size_t len)
{
    size_t kept = s->input_len - s->input_at;
    if (len > INPUT_MAX - kept)
        return GMM_ELIMIT;
    if (s->input_at > 0)
        memmove(s->input, s->input + s->input_at, kept);
    s->input_at = 0;
    s->input_len = kept;
    if (kept + len > s->input_cap) {
        size_t cap = s->input_cap > INPUT_MAX / 2 ? INPUT_MAX : 2 * s->input_cap;
        if (cap < kept + len)
            cap = kept + len;
        uint8_t *input = realloc(s->input, cap);
        if (input == NULL)
            return GMM_ENOMEM;
        s->input = input;
        s->input_cap = cap;
    }
    memcpy(s->input + kept, bytes, len);
    s->input_len += len;
    return GMM_OK;
}

enum gmm_err session_receive(struct session *s, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    size_t used = 0;
    enum gmm_err err = GMM_OK;
    if (s->state == SESSION_DEAD)
        return s->failed;
    if (len > SESSION_RECEIVE_MAX)
        return die(s, GMM_ELIMIT);
    if (s->state == SESSION_HANDSHAKE)
        err = handshake_step(s, p, len, &used);
    if (err == GMM_OK && used < len)
        err = input_append(s, p + used, len - used);
    return err == GMM_OK ? GMM_OK : die(s, err);
}

/* The next whole frame (0: not here yet), its length in *n. */
static enum gmm_err frame_find(const struct session *s, size_t *n)
{
    size_t left = s->input_len - s->input_at;
    *n = 0;
    if (left < LENGTH_BYTES)
        return GMM_OK;
    size_t len = bytes_load_u16(s->input + s->input_at);
    if (len < FRAME_MIN)
        return GMM_EFORMAT;
    if (left >= LENGTH_BYTES + len)
        *n = len;
    return GMM_OK;
}

/* "The responder's is its first frame: one whole message of type 1 on stream 0", and never again. */
static enum gmm_err message_give(struct session *s, const struct mux_item *message, struct session_item *item)
{
    bool hello = message->complete && message->stream == SESSION_CONTROL && message->type == SESSION_HELLO;
    if (s->state == SESSION_WAIT_HELLO) {
        size_t max = s->purpose == SESSION_JOIN ? 0 : SESSION_HELLO_MAX;
        if (!hello || message->len > max)
            return GMM_EFORMAT;
        move(s, SESSION_OPEN);
    } else if (message->complete && (message->type == SESSION_HELLO || message->type == SESSION_CREDIT)) {
        return GMM_EFORMAT;
    }
    if (!message->complete)
        return GMM_OK;
    item->kind = hello ? SESSION_ITEM_HELLO : SESSION_ITEM_MESSAGE;
    item->stream = (enum session_stream)message->stream;
    item->type = message->type;
    item->payload = message->payload;
    item->len = message->len;
    return GMM_OK;
}

static enum gmm_err frame_open(struct session *s, size_t n, struct session_item *item)
{
    uint8_t *frame = s->input + s->input_at + LENGTH_BYTES;
    struct mux_item message;
    s->input_at += LENGTH_BYTES + n;
    enum gmm_err err = noise_decrypt(&s->receive, frame, frame, n);
    if (err == GMM_OK)
        err = mux_receive(&s->mux, frame, n - NOISE_TAG_BYTES, &message);
    return err == GMM_OK ? message_give(s, &message, item) : err;
}

static void hello_give(struct session *s, struct session_item *item)
{
    s->hello_due = false;
    item->kind = SESSION_ITEM_HELLO;
    item->stream = SESSION_CONTROL;
    item->type = SESSION_HELLO;
    item->payload = s->hello;
    item->len = s->hello_len;
}

enum gmm_err session_next(struct session *s, struct session_item *item)
{
    static const uint8_t nothing[1];
    *item = (struct session_item){.kind = SESSION_ITEM_NONE, .payload = nothing};
    if (s->state == SESSION_DEAD)
        return s->failed;
    if (s->hello_due) {
        hello_give(s, item);
        return GMM_OK;
    }
    free(s->hello);
    s->hello = NULL;
    if (s->state == SESSION_HANDSHAKE || (s->state == SESSION_WAIT_HELLO && !s->initiator))
        return GMM_OK;
    while (item->kind == SESSION_ITEM_NONE) {
        size_t n;
        enum gmm_err err = frame_find(s, &n);
        if (err == GMM_OK && n == 0)
            break;
        if (err == GMM_OK)
            err = frame_open(s, n, item);
        if (err != GMM_OK)
            return die(s, err);
    }
    if (item->kind == SESSION_ITEM_NONE && s->input_at == s->input_len) {
        free(s->input);
        s->input = NULL;
        s->input_at = s->input_len = s->input_cap = 0;
    }
    return GMM_OK;
}

enum gmm_err session_answer(struct session *s, const void *hello, size_t len)
{
    if (s->initiator || s->state != SESSION_WAIT_HELLO || s->hello_due)
        return GMM_ESTATE;
    if (len > (s->purpose == SESSION_JOIN ? 0 : SESSION_HELLO_MAX))
        return GMM_ELIMIT;
    enum gmm_err err = mux_send(&s->mux, SESSION_CONTROL, SESSION_HELLO, hello, len);
    if (err == GMM_OK)
        move(s, SESSION_OPEN);
    return err;
}

void session_consumed(struct session *s, enum session_stream stream, size_t bytes)
{
    if (s->state != SESSION_DEAD)
        mux_consumed(&s->mux, stream, bytes);
}

static enum gmm_err send_allowed(const struct session *s, uint8_t type)
{
    if (s->state != SESSION_OPEN && !(s->state == SESSION_WAIT_HELLO && s->initiator))
        return GMM_ESTATE;
    return type == SESSION_HELLO || type == SESSION_CREDIT ? GMM_EUSAGE : GMM_OK;
}

enum gmm_err session_send(struct session *s, enum session_stream stream, uint8_t type, const void *payload, size_t len)
{
    enum gmm_err err = send_allowed(s, type);
    return err == GMM_OK ? mux_send(&s->mux, stream, type, payload, len) : err;
}

enum gmm_err session_send_take(struct session *s, enum session_stream stream, uint8_t type, struct buffer *payload)
{
    enum gmm_err err = send_allowed(s, type);
    return err == GMM_OK ? mux_send_take(&s->mux, stream, type, payload) : err;
}

size_t session_queued(const struct session *s, enum session_stream stream)
{
    return mux_queued(&s->mux, stream);
}

/* The plaintext is written where the frame goes, and sealed there. */
static enum gmm_err frame_seal(struct session *s, size_t n, struct buffer *out)
{
    uint8_t *frame = buffer_extend(out, LENGTH_BYTES + n + NOISE_TAG_BYTES);
    if (frame == NULL)
        return out->failed;
    bytes_store_u16(frame, (uint16_t)(n + NOISE_TAG_BYTES));
    mux_frame_write(&s->mux, frame + LENGTH_BYTES);
    enum gmm_err err = noise_encrypt(&s->send, frame + LENGTH_BYTES, frame + LENGTH_BYTES, n);
    return err == GMM_OK ? GMM_OK : die(s, err);
}

/* The first thing appended always does. */
static bool frame_fits(size_t appended, size_t n, size_t max)
{
    return appended == 0 || (appended < max && LENGTH_BYTES + n + NOISE_TAG_BYTES <= max - appended);
}

enum gmm_err session_pump(struct session *s, struct buffer *out, size_t max)
{
    if (s->state == SESSION_DEAD)
        return s->failed;
    size_t start = out->len, n;
    if (s->wire.len > 0) {
        buffer_put(out, s->wire.p, s->wire.len);
        if (out->failed != GMM_OK)
            return out->failed;
        buffer_close(&s->wire);
    }
    while ((n = mux_frame_size(&s->mux)) > 0 && frame_fits(out->len - start, n, max)) {
        enum gmm_err err = frame_seal(s, n, out);
        if (err != GMM_OK)
            return err;
    }
    return GMM_OK;
}

void session_part_max(struct session *s, size_t bytes)
{
    mux_part_max(&s->mux, bytes);
}

bool session_wants_pump(const struct session *s)
{
    return s->state != SESSION_DEAD && (s->wire.len > 0 || mux_frame_size(&s->mux) > 0);
}
