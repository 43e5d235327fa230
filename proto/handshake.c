#include "proto/handshake.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "keys/labels.h"

static_assert(DOORKEEPER_GATE_BYTES == HANDSHAKE_GATE_BYTES, "a gate is remembered whole");

#define VERSION 1u
#define LENGTH_BYTES 2u
#define PROLOGUE_BYTES                                                                                                 \
    (sizeof LABEL_NOISE + HANDSHAKE_PREAMBLE_BYTES + GMM_ID_BYTES) /* lp is as long as the NUL-ended */

/* What is waited for. */
enum step { STEP_PREAMBLE, STEP_GATE, STEP_ANSWER, STEP_LENGTH, STEP_FINAL, STEP_DONE, STEP_DEAD };

struct handshake {
    enum step step;
    bool initiator, gated, former;
    unsigned purpose;
    struct gmm_id nid, noise_pk, remote;
    const uint8_t *noise_sk, *former_sk;
    struct gmm_id former_pk;
    uint8_t ephemeral[32];
    uint8_t fixed[HANDSHAKE_FIRST_BYTES]; /* the short messages, as they come */
    uint8_t *into;                        /* fixed, or message 3 */
    size_t have, need;
    uint8_t *final;
    struct noise_handshake *noise;
    struct buffer hello; /* initiator: ours until message 3; responder: the initiator's */
    struct doorkeeper *doorkeeper;
    struct noise_cipher send, receive;
};

static void await(struct handshake *h, enum step step, uint8_t *into, size_t have, size_t need)
{
    h->step = step;
    h->into = into;
    h->have = have;
    h->need = need;
}

static void preamble_write(uint8_t out[HANDSHAKE_PREAMBLE_BYTES], unsigned purpose)
{
    const uint8_t preamble[HANDSHAKE_PREAMBLE_BYTES] = {'G', 'M', 'M', VERSION, (uint8_t)purpose};
    memcpy(out, preamble, sizeof preamble);
}

static enum gmm_err preamble_check(const uint8_t preamble[HANDSHAKE_PREAMBLE_BYTES])
{
    if (memcmp(preamble, "GMM", 3) != 0)
        return GMM_EFORMAT;
    if (preamble[3] != VERSION)
        return GMM_EVERSION;
    bool known = preamble[4] == HANDSHAKE_OFFICES || preamble[4] == HANDSHAKE_JOIN;
    bool zeros = preamble[5] == 0 && preamble[6] == 0 && preamble[7] == 0;
    return known && zeros ? GMM_OK : GMM_EFORMAT;
}

/* "First 16 bytes of K(H(gate, nid ‖ responder noise_pk), gate-mac, preamble ‖ message 1)" */
static void gate_make(uint8_t gate[HANDSHAKE_GATE_BYTES], const struct gmm_id *nid, const struct gmm_id *responder,
                      const uint8_t *preamble, const uint8_t *message)
{
    struct hash hash;
    uint8_t key[32], mac[32];
    hash_init(&hash, LABEL_GATE);
    hash_update(&hash, nid->b, sizeof nid->b);
    hash_update(&hash, responder->b, sizeof responder->b);
    hash_final(&hash, key);
    hash_init_keyed(&hash, key, LABEL_GATE_MAC);
    hash_update(&hash, preamble, HANDSHAKE_PREAMBLE_BYTES);
    hash_update(&hash, message, NOISE_MESSAGE_BYTES);
    hash_final(&hash, mac);
    memcpy(gate, mac, HANDSHAKE_GATE_BYTES);
    sodium_memzero(key, sizeof key);
    sodium_memzero(mac, sizeof mac);
}

/* Moves the ephemeral key into guarded memory. */
static enum gmm_err noise_start(struct handshake *h, const uint8_t *preamble)
{
    uint8_t prologue[PROLOGUE_BYTES];
    size_t label = strlen(LABEL_NOISE);
    prologue[0] = (uint8_t)label;
    memcpy(prologue + 1, LABEL_NOISE, label);
    memcpy(prologue + 1 + label, preamble, HANDSHAKE_PREAMBLE_BYTES);
    memcpy(prologue + 1 + label + HANDSHAKE_PREAMBLE_BYTES, h->nid.b, sizeof h->nid.b);
    const struct noise_config config = {
        .pattern = NOISE_XKPSK3,
        .role = h->initiator ? NOISE_INITIATOR : NOISE_RESPONDER,
        .prologue = prologue,
        .prologue_len = sizeof prologue,
        .static_sk = h->noise_sk,
        .static_pk = &h->noise_pk,
        .remote_pk = h->initiator ? &h->remote : NULL,
        .ephemeral_sk = h->ephemeral,
    };
    h->noise = noise_new(&config);
    sodium_memzero(h->ephemeral, sizeof h->ephemeral);
    return h->noise != NULL ? GMM_OK : GMM_ENOMEM;
}

static enum gmm_err initiate(struct handshake *h, const struct handshake_config *config, struct buffer *wire)
{
    h->purpose = config->purpose;
    h->remote = *config->remote_noise_pk;
    h->gated = true;
    buffer_put(&h->hello, config->hello, config->hello_len);
    if (h->hello.failed != GMM_OK)
        return h->hello.failed;
    uint8_t *first = buffer_extend(wire, HANDSHAKE_PREAMBLE_BYTES + HANDSHAKE_GATE_BYTES);
    if (first == NULL)
        return wire->failed;
    size_t at = wire->len - HANDSHAKE_PREAMBLE_BYTES - HANDSHAKE_GATE_BYTES;
    preamble_write(first, h->purpose);
    enum gmm_err err = noise_start(h, first);
    if (err == GMM_OK)
        err = noise_write(h->noise, NULL, 0, wire);
    if (err != GMM_OK)
        return err;
    first = wire->p + at; /* it may have moved */
    gate_make(first + HANDSHAKE_PREAMBLE_BYTES, &h->nid, &h->remote, first,
              first + HANDSHAKE_PREAMBLE_BYTES + HANDSHAKE_GATE_BYTES);
    await(h, STEP_ANSWER, h->fixed, 0, NOISE_MESSAGE_BYTES);
    return GMM_OK;
}

static size_t hello_max(unsigned purpose)
{
    return purpose == HANDSHAKE_JOIN ? 0 : HANDSHAKE_HELLO_MAX;
}

enum gmm_err handshake_new(struct handshake **out, const struct handshake_config *config, struct buffer *wire)
{
    *out = NULL;
    if (config->initiator && config->hello_len > hello_max(config->purpose))
        return GMM_ELIMIT;
    struct handshake *h = calloc(1, sizeof *h);
    if (h == NULL)
        return GMM_ENOMEM;
    h->initiator = config->initiator;
    h->nid = *config->nid;
    h->noise_sk = config->noise_sk;
    h->noise_pk = *config->noise_pk;
    if (!config->initiator && config->former_sk != NULL) {
        h->former_sk = config->former_sk;
        h->former_pk = *config->former_pk;
    }
    h->doorkeeper = config->doorkeeper;
    memcpy(h->ephemeral, config->ephemeral, sizeof h->ephemeral);
    buffer_init(&h->hello, HANDSHAKE_HELLO_MAX);
    enum gmm_err err = GMM_OK;
    if (h->initiator)
        err = initiate(h, config, wire);
    else
        await(h, STEP_PREAMBLE, h->fixed, 0, HANDSHAKE_PREAMBLE_BYTES);
    if (err == GMM_OK) {
        *out = h;
        h = NULL;
    }
    handshake_free(h);
    return err;
}

static void release(struct handshake *h)
{
    noise_free(h->noise);
    h->noise = NULL;
    free(h->final);
    h->final = NULL;
    sodium_memzero(h->ephemeral, sizeof h->ephemeral);
}

void handshake_free(struct handshake *h)
{
    if (h == NULL)
        return;
    release(h);
    buffer_close(&h->hello);
    noise_cipher_close(&h->send);
    noise_cipher_close(&h->receive);
    free(h);
}

static enum gmm_err preamble_received(struct handshake *h)
{
    enum gmm_err err = preamble_check(h->fixed);
    if (err != GMM_OK)
        return err;
    h->purpose = h->fixed[4];
    await(h, STEP_GATE, h->fixed, HANDSHAKE_PREAMBLE_BYTES, HANDSHAKE_FIRST_BYTES);
    return GMM_OK;
}

static enum gmm_err first_received(struct handshake *h, struct buffer *wire)
{
    const uint8_t *gate = h->fixed + HANDSHAKE_PREAMBLE_BYTES, *message = gate + HANDSHAKE_GATE_BYTES;
    uint8_t expected[HANDSHAKE_GATE_BYTES];
    gate_make(expected, &h->nid, &h->noise_pk, h->fixed, message);
    if (sodium_memcmp(gate, expected, sizeof expected) != 0 && h->former_sk != NULL) {
        gate_make(expected, &h->nid, &h->former_pk, h->fixed, message);
        h->former = sodium_memcmp(gate, expected, sizeof expected) == 0;
    }
    if (sodium_memcmp(gate, expected, sizeof expected) != 0)
        return GMM_EDENIED;
    if (h->former) {
        h->noise_sk = h->former_sk;
        h->noise_pk = h->former_pk;
    }
    enum gmm_err err = h->doorkeeper != NULL ? doorkeeper_ask(h->doorkeeper, gate) : GMM_OK;
    if (err != GMM_OK)
        return err;
    h->gated = true;
    struct buffer nothing;
    buffer_init(&nothing, 1);
    err = noise_start(h, h->fixed);
    if (err == GMM_OK)
        err = noise_read(h->noise, message, NOISE_MESSAGE_BYTES, &nothing);
    if (err == GMM_OK)
        err = noise_write(h->noise, NULL, 0, wire);
    buffer_close(&nothing);
    await(h, STEP_LENGTH, h->fixed, 0, LENGTH_BYTES);
    return err;
}

static enum gmm_err finish(struct handshake *h)
{
    uint8_t hash[NOISE_HASH_BYTES];
    enum gmm_err err = noise_split(h->noise, &h->send, &h->receive, hash);
    sodium_memzero(hash, sizeof hash);
    if (err != GMM_OK)
        return err;
    h->remote = *noise_remote_static(h->noise);
    release(h);
    h->step = STEP_DONE;
    return GMM_OK;
}

static enum gmm_err answer_received(struct handshake *h, struct buffer *wire)
{
    struct buffer nothing;
    buffer_init(&nothing, 1);
    enum gmm_err err = noise_read(h->noise, h->fixed, NOISE_MESSAGE_BYTES, &nothing);
    buffer_close(&nothing);
    if (err != GMM_OK)
        return err;
    buffer_put_u16(wire, (uint16_t)(NOISE_FINAL_BYTES + h->hello.len));
    err = noise_write(h->noise, h->hello.p, h->hello.len, wire);
    if (err != GMM_OK)
        return err;
    buffer_close(&h->hello);
    return finish(h);
}

static enum gmm_err length_received(struct handshake *h)
{
    size_t len = bytes_load_u16(h->fixed);
    if (len < NOISE_FINAL_BYTES)
        return GMM_EFORMAT;
    if (len - NOISE_FINAL_BYTES > hello_max(h->purpose))
        return GMM_ELIMIT;
    h->final = malloc(len);
    if (h->final == NULL)
        return GMM_ENOMEM;
    await(h, STEP_FINAL, h->final, 0, len);
    return GMM_OK;
}

static enum gmm_err final_received(struct handshake *h)
{
    enum gmm_err err = noise_read(h->noise, h->final, h->need, &h->hello);
    return err == GMM_OK ? finish(h) : err;
}

static enum gmm_err step_received(struct handshake *h, struct buffer *wire)
{
    switch (h->step) {
    case STEP_PREAMBLE:
        return preamble_received(h);
    case STEP_GATE:
        return first_received(h, wire);
    case STEP_ANSWER:
        return answer_received(h, wire);
    case STEP_LENGTH:
        return length_received(h);
    case STEP_FINAL:
        return final_received(h);
    case STEP_DONE:
    case STEP_DEAD:
        break;
    }
    return GMM_ESTATE;
}

enum gmm_err handshake_receive(struct handshake *h, const void *bytes, size_t len, size_t *used, struct buffer *wire)
{
    const uint8_t *p = bytes;
    *used = 0;
    if (h->step == STEP_DONE || h->step == STEP_DEAD)
        return GMM_ESTATE;
    while (*used < len && h->step != STEP_DONE) {
        size_t n = h->need - h->have;
        if (n > len - *used)
            n = len - *used;
        memcpy(h->into + h->have, p + *used, n);
        h->have += n;
        *used += n;
        if (h->have < h->need)
            break;
        enum gmm_err err = step_received(h, wire);
        if (err != GMM_OK) {
            release(h);
            h->step = STEP_DEAD;
            return err;
        }
    }
    return GMM_OK;
}

bool handshake_is_done(const struct handshake *h)
{
    return h->step == STEP_DONE;
}

unsigned handshake_purpose(const struct handshake *h)
{
    return h->purpose;
}

bool handshake_is_gated(const struct handshake *h)
{
    return h->gated;
}

bool handshake_is_former(const struct handshake *h)
{
    return h->former;
}

void handshake_take(struct handshake *h, struct handshake_result *out)
{
    assert(h->step == STEP_DONE);
    *out = (struct handshake_result){
        .send = h->send, .receive = h->receive, .remote = h->remote, .hello = h->hello.p, .hello_len = h->hello.len};
    h->send = h->receive = (struct noise_cipher){0};
    h->hello.p = NULL;
    buffer_close(&h->hello);
    h->step = STEP_DEAD;
}
