#include "proto/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/secret.h"
#include "proto/handshake.h"
#include "proto/mux.h"
#include "tests/lib/failmalloc.h"

#define TYPE 9u /* any type that is not the session's own */

static const uint8_t i_sk[32] = {1, 2, 3}, r_sk[32] = {4, 5, 6}, i_eph[32] = {7, 8}, r_eph[32] = {9, 10};
static const struct gmm_id nid = {{0x11, 0x22}}, other_nid = {{0x11, 0x23}};
static struct gmm_id i_pk, r_pk;
static uint8_t pattern[3u << 20];

static int start(void **state)
{
    (void)state;
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    crypto_scalarmult_base(i_pk.b, i_sk);
    crypto_scalarmult_base(r_pk.b, r_sk);
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 31 + i / 251);
    return 0;
}

static int end(void **state)
{
    (void)state;
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

static struct session_config initiator_config(enum session_purpose purpose)
{
    return (struct session_config){.purpose = purpose,
                                   .initiator = true,
                                   .nid = &nid,
                                   .noise_sk = i_sk,
                                   .noise_pk = &i_pk,
                                   .remote_noise_pk = &r_pk,
                                   .ephemeral = i_eph,
                                   .hello = "initiator",
                                   .hello_len = purpose == SESSION_JOIN ? 0 : 9};
}

static struct session_config responder_config(void)
{
    return (struct session_config){.nid = &nid, .noise_sk = r_sk, .noise_pk = &r_pk, .ephemeral = r_eph};
}

/* The pipe: moves what `from` may send to `to`, in pieces; the items that come out are checked against the pattern. */
struct tally {
    size_t hellos, messages, bytes; /* bytes: of messages, as session_consumed counts them */
    unsigned last_stream, last_type;
    size_t last_len;
    bool keep; /* give no credit back */
};

static void take_item(struct session *to, const struct session_item *item, struct tally *tally)
{
    if (item->kind == SESSION_ITEM_HELLO) {
        tally->hellos++;
        assert_int_equal(item->type, SESSION_HELLO);
        return;
    }
    tally->messages++;
    tally->bytes += item->len + 1;
    tally->last_stream = item->stream;
    tally->last_type = item->type;
    tally->last_len = item->len;
    assert_memory_equal(item->payload, pattern, item->len);
    if (!tally->keep)
        session_consumed(to, item->stream, item->len + 1);
}

static enum gmm_err take_items(struct session *to, struct tally *tally)
{
    struct session_item item;
    enum gmm_err err = session_next(to, &item);
    while (err == GMM_OK && item.kind != SESSION_ITEM_NONE) {
        take_item(to, &item, tally);
        err = session_next(to, &item);
    }
    return err;
}

static enum gmm_err feed(struct session *to, const uint8_t *bytes, size_t len, size_t piece, struct tally *tally)
{
    enum gmm_err err = GMM_OK;
    for (size_t at = 0; at < len && err == GMM_OK; at += piece) {
        size_t n = len - at < piece ? len - at : piece;
        err = session_receive(to, bytes + at, n);
        if (err == GMM_OK)
            err = take_items(to, tally);
    }
    return err;
}

/* One pump; how many bytes went over in *moved (NULL: no matter). */
static enum gmm_err carry(struct session *from, struct session *to, size_t max, size_t piece, struct tally *tally,
                          size_t *moved)
{
    struct buffer wire;
    buffer_init(&wire, 64u << 20);
    enum gmm_err err = session_pump(from, &wire, max);
    if (moved != NULL)
        *moved = wire.len;
    if (err == GMM_OK)
        err = feed(to, wire.p, wire.len, piece, tally);
    buffer_close(&wire);
    return err;
}

struct pair {
    struct session *a, *b; /* initiator, responder */
    struct tally at_a, at_b;
};

static void pair_new(struct pair *p, const struct session_config *a, const struct session_config *b)
{
    *p = (struct pair){0};
    assert_int_equal(session_new(&p->a, a), GMM_OK);
    assert_int_equal(session_new(&p->b, b), GMM_OK);
}

static void pair_free(struct pair *p)
{
    session_free(p->a);
    session_free(p->b);
}

/* Until nothing moves. */
static enum gmm_err pair_settle(struct pair *p, size_t piece)
{
    enum gmm_err err = GMM_OK;
    while (err == GMM_OK && (session_wants_pump(p->a) || session_wants_pump(p->b))) {
        err = carry(p->a, p->b, 65536, piece, &p->at_b, NULL);
        if (err == GMM_OK)
            err = carry(p->b, p->a, 65536, piece, &p->at_a, NULL);
    }
    return err;
}

static void pair_open_with(struct pair *p, enum session_purpose purpose, size_t piece)
{
    struct session_config a = initiator_config(purpose), b = responder_config();
    pair_new(p, &a, &b);
    assert_int_equal(pair_settle(p, piece), GMM_OK);
    assert_int_equal(p->at_b.hellos, 1);
    assert_int_equal(session_answer(p->b, "responder", purpose == SESSION_JOIN ? 0 : 9), GMM_OK);
    assert_int_equal(pair_settle(p, piece), GMM_OK);
    assert_int_equal(p->at_a.hellos, 1);
    assert_int_equal(session_state(p->a), SESSION_OPEN);
    assert_int_equal(session_state(p->b), SESSION_OPEN);
}

static void pair_open(struct pair *p)
{
    pair_open_with(p, SESSION_OFFICES, 65536);
}

static void test_opening(void **state)
{
    (void)state;
    struct session_config a = initiator_config(SESSION_OFFICES), b = responder_config();
    struct session_item item;
    struct gmm_id remote;
    struct buffer wire;
    struct pair p;
    buffer_init(&wire, 10000);
    pair_new(&p, &a, &b);
    assert_int_equal(session_state(p.a), SESSION_HANDSHAKE);
    assert_int_equal(session_purpose(p.b), 0);
    assert_false(session_gated(p.b));
    session_remote(p.b, &remote);
    assert_true(id_is_zero(&remote));
    assert_false(session_wants_pump(p.b));
    assert_true(session_wants_pump(p.a));
    assert_int_equal(session_send(p.a, SESSION_CONTROL, TYPE, "x", 1), GMM_ESTATE);
    assert_int_equal(carry(p.a, p.b, 1, 65536, &p.at_b, NULL), GMM_OK);
    assert_true(session_gated(p.b));
    assert_int_equal(session_purpose(p.b), SESSION_OFFICES);
    assert_int_equal(carry(p.b, p.a, 1, 65536, &p.at_a, NULL), GMM_OK);
    assert_int_equal(session_state(p.a), SESSION_WAIT_HELLO);
    session_remote(p.a, &remote);
    assert_true(id_equal(&remote, &r_pk));
    assert_int_equal(session_answer(p.b, "r", 1), GMM_ESTATE);
    assert_int_equal(session_answer(p.a, "r", 1), GMM_ESTATE);
    assert_int_equal(session_pump(p.a, &wire, 65536), GMM_OK);
    assert_int_equal(session_receive(p.b, wire.p, wire.len), GMM_OK);
    assert_int_equal(session_state(p.b), SESSION_WAIT_HELLO);
    assert_int_equal(session_answer(p.b, "r", 1), GMM_ESTATE); /* not before the peer's was looked at */
    assert_int_equal(session_next(p.b, &item), GMM_OK);
    assert_int_equal(item.kind, SESSION_ITEM_HELLO);
    assert_int_equal(item.len, 9);
    assert_memory_equal(item.payload, "initiator", 9);
    session_remote(p.b, &remote);
    assert_true(id_equal(&remote, &i_pk));
    assert_int_equal(session_send(p.b, SESSION_CONTROL, TYPE, "x", 1), GMM_ESTATE);
    assert_int_equal(session_answer(p.b, pattern, SESSION_HELLO_MAX + 1), GMM_ELIMIT);
    assert_int_equal(session_answer(p.b, pattern, SESSION_HELLO_MAX), GMM_OK);
    assert_int_equal(session_answer(p.b, "r", 1), GMM_ESTATE);
    assert_int_equal(session_next(p.b, &item), GMM_OK);
    assert_int_equal(item.kind, SESSION_ITEM_NONE);
    buffer_close(&wire);
    assert_int_equal(session_pump(p.b, &wire, 65536), GMM_OK);
    assert_int_equal(session_receive(p.a, wire.p, wire.len), GMM_OK);
    assert_int_equal(session_next(p.a, &item), GMM_OK);
    assert_int_equal(item.kind, SESSION_ITEM_HELLO);
    assert_int_equal(item.len, SESSION_HELLO_MAX);
    assert_memory_equal(item.payload, pattern, SESSION_HELLO_MAX);
    assert_int_equal(session_state(p.a), SESSION_OPEN);
    buffer_close(&wire);
    pair_free(&p);
}

/* What an initiator sends behind message 3 waits until the responder has answered. */
static void test_messages_wait_for_the_answer(void **state)
{
    (void)state;
    struct session_config a = initiator_config(SESSION_OFFICES), b = responder_config();
    struct pair p;
    pair_new(&p, &a, &b);
    assert_int_equal(carry(p.a, p.b, 65536, 65536, &p.at_b, NULL), GMM_OK);
    assert_int_equal(carry(p.b, p.a, 65536, 65536, &p.at_a, NULL), GMM_OK);
    assert_int_equal(session_send(p.a, SESSION_URGENT, TYPE, pattern, 1000), GMM_OK);
    assert_int_equal(session_send(p.a, SESSION_CONTROL, TYPE, pattern, 10), GMM_OK);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.hellos, 1);
    assert_int_equal(p.at_b.messages, 0);
    assert_int_equal(session_answer(p.b, "responder", 9), GMM_OK);
    assert_int_equal(take_items(p.b, &p.at_b), GMM_OK);
    assert_int_equal(p.at_b.messages, 2);
    assert_int_equal(p.at_b.last_stream, SESSION_URGENT);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_a.hellos, 1);
    pair_free(&p);
}

static void test_fragments(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 400; piece += piece < 200 ? 1 : 17) {
        struct pair p;
        pair_open_with(&p, SESSION_OFFICES, piece);
        for (unsigned stream = 0; stream < SESSION_STREAMS; stream++) {
            assert_int_equal(session_send(p.a, (enum session_stream)stream, TYPE, pattern, 50 * stream), GMM_OK);
            assert_int_equal(session_send(p.b, (enum session_stream)stream, TYPE, pattern, 70 * stream), GMM_OK);
        }
        assert_int_equal(pair_settle(&p, piece), GMM_OK);
        assert_int_equal(p.at_a.messages, 4);
        assert_int_equal(p.at_b.messages, 4);
        assert_int_equal(p.at_b.bytes, 4 + 50 * (1 + 2 + 3));
        pair_free(&p);
    }
}

static void test_largest_messages(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    for (unsigned stream = 0; stream < SESSION_STREAMS; stream++) {
        enum session_stream s = (enum session_stream)stream;
        assert_int_equal(session_send(p.a, s, TYPE, pattern, LIMIT_MESSAGE_BYTES), GMM_ELIMIT);
        for (int i = 0; i < 3; i++)
            assert_int_equal(session_send(p.a, s, TYPE, pattern, LIMIT_MESSAGE_BYTES - 1), GMM_OK);
        assert_true(session_queued(p.a, s) >= 3 * LIMIT_MESSAGE_BYTES);
    }
    assert_int_equal(pair_settle(&p, 100000), GMM_OK);
    assert_int_equal(p.at_b.messages, 12);
    assert_int_equal(p.at_b.bytes, 12 * (size_t)LIMIT_MESSAGE_BYTES);
    assert_int_equal(session_queued(p.a, SESSION_BULK), 0);
    pair_free(&p);
}

static void test_send_take(void **state)
{
    (void)state;
    struct pair p;
    struct buffer payload;
    pair_open(&p);
    buffer_init(&payload, 100000);
    buffer_put(&payload, pattern, 70000);
    assert_int_equal(session_send_take(p.a, SESSION_BULK, SESSION_HELLO, &payload), GMM_EUSAGE);
    assert_int_equal(payload.len, 70000);
    assert_int_equal(session_send_take(p.a, SESSION_BULK, TYPE, &payload), GMM_OK);
    assert_int_equal(payload.len, 0);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.last_len, 70000);
    pair_free(&p);
}

static void test_own_types_are_refused(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    assert_int_equal(session_send(p.a, SESSION_CONTROL, SESSION_HELLO, "x", 1), GMM_EUSAGE);
    assert_int_equal(session_send(p.b, SESSION_CHUNKS, SESSION_CREDIT, "x", 1), GMM_EUSAGE);
    assert_false(session_wants_pump(p.a));
    pair_free(&p);
}

static void test_join(void **state)
{
    (void)state;
    struct session_config a = initiator_config(SESSION_JOIN), b = responder_config();
    struct session *s;
    struct pair p;
    a.hello_len = 1;
    assert_int_equal(session_new(&s, &a), GMM_ELIMIT);
    assert_null(s);
    a.hello_len = 0;
    pair_new(&p, &a, &b);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(session_purpose(p.b), SESSION_JOIN);
    assert_int_equal(session_answer(p.b, "x", 1), GMM_ELIMIT);
    pair_free(&p);
    pair_open_with(&p, SESSION_JOIN, 65536);
    assert_int_equal(session_send(p.a, SESSION_URGENT, TYPE, pattern, 1), GMM_EUSAGE);
    assert_int_equal(session_send(p.a, SESSION_CONTROL, TYPE, pattern, LIMIT_JOIN_REQUEST + 1), GMM_ELIMIT);
    assert_int_equal(session_send(p.a, SESSION_CONTROL, TYPE, pattern, LIMIT_JOIN_REQUEST), GMM_OK);
    assert_int_equal(session_send(p.b, SESSION_CONTROL, TYPE, pattern, LIMIT_MESSAGE_BYTES - 1), GMM_OK);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.last_len, LIMIT_JOIN_REQUEST);
    assert_int_equal(p.at_a.last_len, LIMIT_MESSAGE_BYTES - 1);
    pair_free(&p);
}

static void check_gate_refusal(const struct session_config *a, const struct session_config *b, size_t flip)
{
    struct pair p;
    struct buffer wire;
    buffer_init(&wire, 1000);
    pair_new(&p, a, b);
    assert_int_equal(session_pump(p.a, &wire, 65536), GMM_OK);
    assert_int_equal(wire.len, HANDSHAKE_FIRST_BYTES);
    if (flip < 8 * wire.len)
        wire.p[flip / 8] ^= (uint8_t)(1u << flip % 8);
    size_t before = secret_in_use();
    enum gmm_err err = session_receive(p.b, wire.p, wire.len);
    assert_true(err == GMM_EDENIED ||
                (flip / 8 < HANDSHAKE_PREAMBLE_BYTES && (err == GMM_EFORMAT || err == GMM_EVERSION)));
    assert_int_equal(secret_in_use(), before);
    assert_int_equal(session_state(p.b), SESSION_DEAD);
    assert_false(session_gated(p.b));
    assert_false(session_wants_pump(p.b));
    buffer_close(&wire);
    pair_free(&p);
}

/* Refused before any Diffie-Hellman: no guarded memory is taken for it. */
static void test_gate(void **state)
{
    (void)state;
    struct session_config a = initiator_config(SESSION_OFFICES), b = responder_config();
    a.nid = &other_nid;
    check_gate_refusal(&a, &b, SIZE_MAX);
    a = initiator_config(SESSION_OFFICES);
    a.remote_noise_pk = &i_pk;
    check_gate_refusal(&a, &b, SIZE_MAX);
    a = initiator_config(SESSION_OFFICES);
    for (size_t flip = 0; flip < 8 * HANDSHAKE_FIRST_BYTES; flip++)
        check_gate_refusal(&a, &b, flip);
}

static void test_half_open_is_small(void **state)
{
    (void)state;
    static const uint8_t first[HANDSHAKE_FIRST_BYTES - 1] = {'G', 'M', 'M', 1, 1};
    struct session_config b = responder_config();
    struct session *s;
    size_t before = secret_in_use();
    failmalloc_count();
    assert_int_equal(session_new(&s, &b), GMM_OK);
    assert_int_equal(session_receive(s, first, sizeof first), GMM_OK);
    failmalloc_off();
    assert_true(failmalloc_bytes() <= 4096);
    assert_int_equal(secret_in_use(), before);
    session_free(s);
}

static void test_rekey(void **state)
{
    (void)state;
    enum { FRAMES = 2 * LIMIT_REKEY_MESSAGES + 10 };
    struct pair p;
    pair_open(&p);
    for (size_t i = 0; i < FRAMES; i++) {
        assert_int_equal(session_send(p.a, SESSION_CONTROL, TYPE, pattern, i % 20), GMM_OK);
        if (i % 3 == 0)
            assert_int_equal(session_send(p.b, SESSION_URGENT, TYPE, pattern, i % 20), GMM_OK);
    }
    assert_int_equal(pair_settle(&p, 1000), GMM_OK);
    assert_int_equal(p.at_b.messages, FRAMES);
    assert_int_equal(p.at_a.messages, (FRAMES + 2) / 3);
    pair_free(&p);
}

static void test_credit(void **state)
{
    (void)state;
    struct pair p;
    pair_open(&p);
    p.at_b.keep = true;
    for (int i = 0; i < 8; i++)
        assert_int_equal(session_send(p.a, SESSION_BULK, TYPE, pattern, (1u << 20) - 1), GMM_OK);
    assert_int_equal(session_send(p.a, SESSION_BULK, TYPE, pattern, 1), GMM_ELIMIT);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.messages, MUX_WINDOW_BYTES >> 20);
    assert_false(session_wants_pump(p.a));
    /* Other streams are not held up. */
    assert_int_equal(session_send(p.a, SESSION_CHUNKS, TYPE, pattern, 100), GMM_OK);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.last_stream, SESSION_CHUNKS);
    p.at_b.keep = false;
    session_consumed(p.b, SESSION_BULK, p.at_b.bytes - 101);
    session_consumed(p.b, SESSION_CHUNKS, 101);
    assert_true(session_wants_pump(p.b));
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.messages, 9);
    assert_int_equal(session_queued(p.a, SESSION_BULK), 0);
    pair_free(&p);
}

static void test_priority(void **state)
{
    (void)state;
    struct pair p;
    size_t moved;
    pair_open(&p);
    for (int i = 0; i < 8; i++)
        assert_int_equal(session_send(p.a, SESSION_CHUNKS, TYPE, pattern, (1u << 20) - 1), GMM_OK);
    assert_int_equal(carry(p.a, p.b, 1, 65536, &p.at_b, &moved), GMM_OK);
    assert_int_equal(moved, 2 + LIMIT_NOISE_BYTES); /* one frame of the large transfer */
    assert_int_equal(session_send(p.a, SESSION_URGENT, TYPE, pattern, 200), GMM_OK);
    assert_int_equal(carry(p.a, p.b, 1, 65536, &p.at_b, &moved), GMM_OK);
    assert_int_equal(p.at_b.messages, 1);
    assert_int_equal(p.at_b.last_stream, SESSION_URGENT);
    assert_int_equal(moved, 2 + MUX_FRAME_HEADER + 201 + NOISE_TAG_BYTES);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.messages, 9);
    pair_free(&p);
}

static void test_pump_in_steps(void **state)
{
    (void)state;
    enum { FRAME = 2 + MUX_FRAME_HEADER + 101 + NOISE_TAG_BYTES };
    struct pair p;
    size_t moved;
    pair_open(&p);
    for (int i = 0; i < 10; i++)
        assert_int_equal(session_send(p.a, SESSION_BULK, TYPE, pattern, 100), GMM_OK);
    assert_int_equal(carry(p.a, p.b, 0, 65536, &p.at_b, &moved), GMM_OK);
    assert_int_equal(moved, FRAME);
    assert_int_equal(carry(p.a, p.b, 3 * FRAME, 65536, &p.at_b, &moved), GMM_OK);
    assert_int_equal(moved, 3 * FRAME);
    assert_int_equal(carry(p.a, p.b, 3 * FRAME - 1, 65536, &p.at_b, &moved), GMM_OK);
    assert_int_equal(moved, 2 * FRAME);
    /* A buffer too small for a frame changes nothing. */
    struct buffer small;
    buffer_init(&small, FRAME + FRAME / 2);
    assert_int_equal(session_pump(p.a, &small, 65536), GMM_ELIMIT);
    assert_int_equal(small.len, FRAME);
    assert_int_equal(feed(p.b, small.p, small.len, 65536, &p.at_b), GMM_OK);
    buffer_close(&small);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.messages, 10);
    pair_free(&p);
}

static void test_receive_bounds(void **state)
{
    (void)state;
    struct session_config a = initiator_config(SESSION_OFFICES), b = responder_config();
    struct session_item item;
    struct pair p;
    pair_open(&p);
    assert_int_equal(session_receive(p.b, pattern, SESSION_RECEIVE_MAX + 1), GMM_ELIMIT);
    assert_int_equal(session_receive(p.b, pattern, 1), GMM_ELIMIT); /* dead, and says why */
    assert_int_equal(session_next(p.b, &item), GMM_ELIMIT);
    pair_free(&p);
    /* An owner that never answers does not make the session grow without bound. */
    pair_new(&p, &a, &b);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    enum gmm_err err = GMM_OK;
    size_t taken = 0;
    while (err == GMM_OK && taken < (4u << 20)) {
        err = session_receive(p.b, pattern, 10000);
        taken += 10000;
    }
    assert_int_equal(err, GMM_ELIMIT);
    assert_true(taken < 2 * SESSION_RECEIVE_MAX);
    pair_free(&p);
}

static void test_frame_bits(void **state)
{
    (void)state;
    enum { FRAME = 2 + MUX_FRAME_HEADER + 6 + NOISE_TAG_BYTES };
    for (size_t bit = 0; bit < 8 * FRAME; bit++) {
        struct pair p;
        struct buffer wire;
        buffer_init(&wire, 1000);
        pair_open(&p);
        assert_int_equal(session_send(p.a, SESSION_BULK, TYPE, pattern, 5), GMM_OK);
        assert_int_equal(session_pump(p.a, &wire, 65536), GMM_OK);
        assert_int_equal(wire.len, FRAME);
        wire.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum gmm_err err = feed(p.b, wire.p, wire.len, 65536, &p.at_b);
        if (bit >= 16)
            assert_int_equal(err, GMM_EDECRYPT);
        assert_int_equal(p.at_b.messages, 0);
        assert_true(session_state(p.b) == SESSION_DEAD || err == GMM_OK); /* a longer length waits for more */
        buffer_close(&wire);
        pair_free(&p);
    }
}

static void test_replayed_frame(void **state)
{
    (void)state;
    struct pair p;
    struct buffer wire;
    buffer_init(&wire, 1000);
    pair_open(&p);
    assert_int_equal(session_send(p.a, SESSION_BULK, TYPE, pattern, 5), GMM_OK);
    assert_int_equal(session_pump(p.a, &wire, 65536), GMM_OK);
    assert_int_equal(feed(p.b, wire.p, wire.len, 65536, &p.at_b), GMM_OK);
    assert_int_equal(feed(p.b, wire.p, wire.len, 65536, &p.at_b), GMM_EDECRYPT);
    assert_int_equal(p.at_b.messages, 1);
    buffer_close(&wire);
    pair_free(&p);
}

/* A peer that holds the keys and speaks as it likes. */
struct rogue {
    struct session *victim;
    struct handshake_result keys;
    struct tally tally;
};

static void rogue_initiator(struct rogue *r, enum session_purpose purpose)
{
    struct session_config b = responder_config();
    struct handshake_config config = {.initiator = true,
                                      .purpose = (enum handshake_purpose)purpose,
                                      .nid = &nid,
                                      .noise_sk = i_sk,
                                      .noise_pk = &i_pk,
                                      .remote_noise_pk = &r_pk,
                                      .ephemeral = i_eph};
    struct handshake *h;
    struct buffer forth, back;
    size_t used;
    *r = (struct rogue){0};
    buffer_init(&forth, 10000);
    buffer_init(&back, 10000);
    assert_int_equal(handshake_new(&h, &config, &forth), GMM_OK);
    assert_int_equal(session_new(&r->victim, &b), GMM_OK);
    assert_int_equal(feed(r->victim, forth.p, forth.len, 65536, &r->tally), GMM_OK);
    assert_int_equal(session_pump(r->victim, &back, 65536), GMM_OK);
    buffer_close(&forth);
    assert_int_equal(handshake_receive(h, back.p, back.len, &used, &forth), GMM_OK);
    assert_int_equal(feed(r->victim, forth.p, forth.len, 65536, &r->tally), GMM_OK);
    assert_int_equal(session_answer(r->victim, NULL, 0), GMM_OK);
    handshake_take(h, &r->keys);
    handshake_free(h);
    buffer_close(&forth);
    buffer_close(&back);
}

static void rogue_responder(struct rogue *r, enum session_purpose purpose)
{
    struct session_config a = initiator_config(purpose);
    struct handshake_config config = {.nid = &nid, .noise_sk = r_sk, .noise_pk = &r_pk, .ephemeral = r_eph};
    struct handshake *h;
    struct buffer forth, back;
    size_t used;
    *r = (struct rogue){0};
    buffer_init(&forth, 10000);
    buffer_init(&back, 10000);
    assert_int_equal(handshake_new(&h, &config, &back), GMM_OK);
    assert_int_equal(session_new(&r->victim, &a), GMM_OK);
    assert_int_equal(session_pump(r->victim, &forth, 65536), GMM_OK);
    assert_int_equal(handshake_receive(h, forth.p, forth.len, &used, &back), GMM_OK);
    assert_int_equal(feed(r->victim, back.p, back.len, 65536, &r->tally), GMM_OK);
    buffer_close(&forth);
    assert_int_equal(session_pump(r->victim, &forth, 65536), GMM_OK);
    assert_int_equal(handshake_receive(h, forth.p, forth.len, &used, &back), GMM_OK);
    handshake_take(h, &r->keys);
    handshake_free(h);
    buffer_close(&forth);
    buffer_close(&back);
}

static void rogue_close(struct rogue *r)
{
    session_free(r->victim);
    noise_cipher_close(&r->keys.send);
    noise_cipher_close(&r->keys.receive);
    free(r->keys.hello);
}

/* One authentic frame with this plaintext. */
static enum gmm_err rogue_frame(struct rogue *r, const void *plain, size_t len)
{
    static uint8_t frame[2 + LIMIT_NOISE_BYTES];
    bytes_store_u16(frame, (uint16_t)(len + NOISE_TAG_BYTES));
    assert_int_equal(noise_encrypt(&r->keys.send, frame + 2, plain, len), GMM_OK);
    return feed(r->victim, frame, 2 + len + NOISE_TAG_BYTES, 65536, &r->tally);
}

/* stream ‖ flags ‖ type ‖ as much of the pattern */
static enum gmm_err rogue_part(struct rogue *r, unsigned stream, unsigned flags, unsigned type, size_t len)
{
    static uint8_t plain[LIMIT_FRAME_PLAIN];
    assert_true(len + 3 <= sizeof plain);
    plain[0] = (uint8_t)stream;
    plain[1] = (uint8_t)flags;
    plain[2] = (uint8_t)type;
    memcpy(plain + 3, pattern, len);
    return rogue_frame(r, plain, 3 + len);
}

static void check_rogue_part(unsigned stream, unsigned flags, unsigned type, size_t len, enum gmm_err expected)
{
    struct rogue r;
    rogue_initiator(&r, SESSION_OFFICES);
    assert_int_equal(rogue_part(&r, stream, flags, type, len), expected);
    assert_int_equal(session_state(r.victim), expected == GMM_OK ? SESSION_OPEN : SESSION_DEAD);
    assert_int_equal(session_send(r.victim, SESSION_BULK, TYPE, "x", 1), expected == GMM_OK ? GMM_OK : GMM_ESTATE);
    rogue_close(&r);
}

static void test_rogue_frames(void **state)
{
    (void)state;
    check_rogue_part(1, 1, TYPE, 5, GMM_OK);
    check_rogue_part(4, 1, TYPE, 5, GMM_EFORMAT);
    check_rogue_part(255, 1, TYPE, 5, GMM_EFORMAT);
    check_rogue_part(1, 2, TYPE, 5, GMM_EFORMAT);
    check_rogue_part(1, 3, TYPE, 5, GMM_EFORMAT);
    check_rogue_part(1, 0x80, TYPE, 5, GMM_EFORMAT);
    check_rogue_part(0, 1, SESSION_HELLO, 5, GMM_EFORMAT); /* a second one */
    check_rogue_part(2, 1, SESSION_HELLO, 5, GMM_EFORMAT);
    check_rogue_part(2, 1, SESSION_CREDIT, 5, GMM_EFORMAT);
    check_rogue_part(0, 1, SESSION_CREDIT, 5, GMM_EFORMAT); /* the pattern grants nothing that was sent */
    check_rogue_part(0, 1, SESSION_CREDIT, 4, GMM_EFORMAT);
    check_rogue_part(3, 1, 255, LIMIT_FRAME_PLAIN - 3, GMM_OK);
}

static void test_rogue_short_frames(void **state)
{
    (void)state;
    struct rogue r;
    static const uint8_t plain[2] = {1, 1};
    for (size_t n = 0; n <= 2; n++) {
        rogue_initiator(&r, SESSION_OFFICES);
        assert_int_equal(rogue_frame(&r, plain, n), GMM_EFORMAT);
        rogue_close(&r);
    }
    static const uint8_t lengths[][2] = {{0, 0}, {0, 1}, {0, MUX_FRAME_HEADER + NOISE_TAG_BYTES}};
    for (size_t i = 0; i < 3; i++) {
        rogue_initiator(&r, SESSION_OFFICES);
        assert_int_equal(feed(r.victim, lengths[i], 2, 2, &r.tally), GMM_EFORMAT);
        rogue_close(&r);
    }
}

static void test_rogue_without_credit(void **state)
{
    (void)state;
    struct rogue r;
    rogue_initiator(&r, SESSION_OFFICES);
    r.tally.keep = true;
    enum gmm_err err = GMM_OK;
    while (err == GMM_OK && r.tally.bytes <= 2 * MUX_WINDOW_BYTES)
        err = rogue_part(&r, 3, 1, TYPE, 60000);
    assert_int_equal(err, GMM_ELIMIT);
    assert_true(r.tally.bytes <= MUX_WINDOW_BYTES);
    assert_true(r.tally.bytes + 60001 > MUX_WINDOW_BYTES);
    rogue_close(&r);
}

static void test_rogue_long_message(void **state)
{
    (void)state;
    struct rogue r;
    for (unsigned stream = 0; stream < SESSION_STREAMS; stream++) {
        rogue_initiator(&r, SESSION_OFFICES);
        failmalloc_count();
        size_t sent = 0;
        enum gmm_err err = GMM_OK;
        while (err == GMM_OK && sent <= 2 * LIMIT_MESSAGE_BYTES) {
            err = rogue_part(&r, stream, 0, TYPE, 60000);
            sent += 60001;
        }
        failmalloc_off();
        assert_int_equal(err, GMM_ELIMIT);
        assert_true(failmalloc_largest() <= LIMIT_MESSAGE_BYTES);
        rogue_close(&r);
    }
    rogue_initiator(&r, SESSION_JOIN);
    assert_int_equal(rogue_part(&r, 0, 1, TYPE, LIMIT_JOIN_REQUEST), GMM_OK);
    assert_int_equal(rogue_part(&r, 0, 1, TYPE, LIMIT_JOIN_REQUEST + 1), GMM_ELIMIT);
    rogue_close(&r);
    rogue_initiator(&r, SESSION_JOIN);
    assert_int_equal(rogue_part(&r, 1, 1, TYPE, 1), GMM_EFORMAT);
    rogue_close(&r);
}

static void check_rogue_answer(enum session_purpose purpose, unsigned stream, unsigned flags, unsigned type, size_t len,
                               enum gmm_err expected)
{
    struct rogue r;
    rogue_responder(&r, purpose);
    assert_int_equal(session_state(r.victim), SESSION_WAIT_HELLO);
    assert_int_equal(rogue_part(&r, stream, flags, type, len), expected);
    assert_int_equal(session_state(r.victim), expected == GMM_OK ? SESSION_OPEN : SESSION_DEAD);
    assert_int_equal(r.tally.hellos, expected == GMM_OK);
    rogue_close(&r);
}

static void test_rogue_answers(void **state)
{
    (void)state;
    check_rogue_answer(SESSION_OFFICES, 0, 1, SESSION_HELLO, 100, GMM_OK);
    check_rogue_answer(SESSION_OFFICES, 0, 1, SESSION_HELLO, SESSION_HELLO_MAX, GMM_OK);
    check_rogue_answer(SESSION_OFFICES, 0, 1, SESSION_HELLO, SESSION_HELLO_MAX + 1, GMM_EFORMAT);
    check_rogue_answer(SESSION_OFFICES, 0, 0, SESSION_HELLO, 100, GMM_EFORMAT);
    check_rogue_answer(SESSION_OFFICES, 1, 1, SESSION_HELLO, 100, GMM_EFORMAT);
    check_rogue_answer(SESSION_OFFICES, 0, 1, TYPE, 100, GMM_EFORMAT);
    check_rogue_answer(SESSION_OFFICES, 2, 0, TYPE, 100, GMM_EFORMAT);
    check_rogue_answer(SESSION_JOIN, 0, 1, SESSION_HELLO, 0, GMM_OK);
    check_rogue_answer(SESSION_JOIN, 0, 1, SESSION_HELLO, 1, GMM_EFORMAT);
}

static void test_new_refused(void **state)
{
    (void)state;
    static const struct gmm_id low = {{1}};
    struct session_config a = initiator_config(SESSION_OFFICES);
    struct session *s;
    a.remote_noise_pk = &low;
    assert_int_equal(session_new(&s, &a), GMM_EKEY);
    assert_null(s);
    a = initiator_config(SESSION_OFFICES);
    a.hello = pattern;
    a.hello_len = SESSION_HELLO_MAX + 1;
    assert_int_equal(session_new(&s, &a), GMM_ELIMIT);
    assert_null(s);
    session_free(NULL);
}

/* Opens, sends on all streams both ways, and says what failed first. */
static enum gmm_err whole_session(struct pair *p)
{
    struct session_config a = initiator_config(SESSION_OFFICES), b = responder_config();
    *p = (struct pair){0};
    enum gmm_err err = session_new(&p->a, &a);
    if (err == GMM_OK)
        err = session_new(&p->b, &b);
    if (err == GMM_OK)
        err = pair_settle(p, 20000);
    if (err == GMM_OK)
        err = session_answer(p->b, "responder", 9);
    for (unsigned stream = 0; stream < SESSION_STREAMS && err == GMM_OK; stream++) {
        err = session_send(p->a, (enum session_stream)stream, TYPE, pattern, 150000);
        if (err == GMM_OK)
            err = session_send(p->b, (enum session_stream)stream, TYPE, pattern, 10);
    }
    return err == GMM_OK ? pair_settle(p, 20000) : err;
}

static void test_memory(void **state)
{
    (void)state;
    size_t before = secret_in_use();
    for (long i = 0;; i++) {
        struct pair p;
        failmalloc_at(i);
        enum gmm_err err = whole_session(&p);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed) {
            assert_int_equal(p.at_a.messages, 4);
            assert_int_equal(p.at_b.messages, 4);
            assert_true(i > 20);
        }
        pair_free(&p);
        assert_int_equal(secret_in_use(), before);
        if (!failed)
            break;
    }
}

/* Memory that ends while sending takes nothing from the session. */
static void test_send_memory(void **state)
{
    (void)state;
    struct pair p;
    struct buffer wire;
    pair_open(&p);
    failmalloc_at(0);
    assert_int_equal(session_send(p.a, SESSION_BULK, TYPE, pattern, 100), GMM_ENOMEM);
    assert_true(failmalloc_off());
    assert_int_equal(session_send(p.a, SESSION_BULK, TYPE, pattern, 100), GMM_OK);
    buffer_init(&wire, 100000);
    failmalloc_at(0);
    assert_int_equal(session_pump(p.a, &wire, 65536), GMM_ENOMEM);
    assert_true(failmalloc_off());
    buffer_close(&wire);
    assert_int_equal(pair_settle(&p, 65536), GMM_OK);
    assert_int_equal(p.at_b.messages, 1);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_messages_wait_for_the_answer),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_largest_messages),
        cmocka_unit_test(test_send_take),
        cmocka_unit_test(test_own_types_are_refused),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_half_open_is_small),
        cmocka_unit_test(test_rekey),
        cmocka_unit_test(test_credit),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_pump_in_steps),
        cmocka_unit_test(test_receive_bounds),
        cmocka_unit_test(test_frame_bits),
        cmocka_unit_test(test_replayed_frame),
        cmocka_unit_test(test_rogue_frames),
        cmocka_unit_test(test_rogue_short_frames),
        cmocka_unit_test(test_rogue_without_credit),
        cmocka_unit_test(test_rogue_long_message),
        cmocka_unit_test(test_rogue_answers),
        cmocka_unit_test(test_new_refused),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_send_memory),
    };
    return cmocka_run_group_tests(tests, start, end);
}
