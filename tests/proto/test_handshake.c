#include "proto/handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/hash.h"
#include "keys/labels.h"
#include "keys/secret.h"
#include "tests/lib/failmalloc.h"

static const uint8_t i_sk[32] = {1, 2, 3}, r_sk[32] = {4, 5, 6}, i_eph[32] = {7, 8}, r_eph[32] = {9, 10};
static const struct gmm_id nid = {{0x11, 0x22}}, other_nid = {{0x11, 0x23}};
static struct gmm_id i_pk, r_pk;
static uint8_t hello[HANDSHAKE_HELLO_MAX + 1];

static int start(void **state)
{
    (void)state;
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    crypto_scalarmult_base(i_pk.b, i_sk);
    crypto_scalarmult_base(r_pk.b, r_sk);
    for (size_t i = 0; i < sizeof hello; i++)
        hello[i] = (uint8_t)(i * 7);
    return 0;
}

static int end(void **state)
{
    (void)state;
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

static struct handshake_config initiator_config(enum handshake_purpose purpose, size_t hello_len)
{
    return (struct handshake_config){.initiator = true,
                                     .purpose = purpose,
                                     .nid = &nid,
                                     .noise_sk = i_sk,
                                     .noise_pk = &i_pk,
                                     .remote_noise_pk = &r_pk,
                                     .ephemeral = i_eph,
                                     .hello = hello,
                                     .hello_len = hello_len};
}

static struct handshake_config responder_config(void)
{
    return (struct handshake_config){.nid = &nid, .noise_sk = r_sk, .noise_pk = &r_pk, .ephemeral = r_eph};
}

/* Both ends, and what each has sent. */
struct pair {
    struct handshake *initiator, *responder;
    struct buffer forth, back;
};

static void pair_open(struct pair *p, const struct handshake_config *initiator,
                      const struct handshake_config *responder)
{
    buffer_init(&p->forth, LIMIT_NOISE_BYTES);
    buffer_init(&p->back, LIMIT_NOISE_BYTES);
    assert_int_equal(handshake_new(&p->initiator, initiator, &p->forth), GMM_OK);
    assert_int_equal(handshake_new(&p->responder, responder, &p->back), GMM_OK);
    assert_int_equal(p->forth.len, HANDSHAKE_FIRST_BYTES);
    assert_int_equal(p->back.len, 0);
}

static void pair_default(struct pair *p)
{
    struct handshake_config initiator = initiator_config(HANDSHAKE_OFFICES, 100), responder = responder_config();
    pair_open(p, &initiator, &responder);
}

static void pair_close(struct pair *p)
{
    handshake_free(p->initiator);
    handshake_free(p->responder);
    buffer_close(&p->forth);
    buffer_close(&p->back);
}

/* Hands bytes over in pieces of `piece`; each in its own allocation, so that a sanitizer sees reads past the end. */
static enum gmm_err feed(struct handshake *to, const uint8_t *bytes, size_t len, size_t piece, struct buffer *wire)
{
    enum gmm_err err = GMM_OK;
    for (size_t at = 0; at < len && err == GMM_OK; at += piece) {
        size_t used, n = len - at < piece ? len - at : piece;
        uint8_t *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, bytes + at, n);
        err = handshake_receive(to, copy, n, &used, wire);
        if (err == GMM_OK)
            assert_int_equal(used, n);
        free(copy);
    }
    return err;
}

static enum gmm_err pair_run(struct pair *p, size_t piece)
{
    enum gmm_err err = feed(p->responder, p->forth.p, p->forth.len, piece, &p->back);
    if (err != GMM_OK)
        return err;
    buffer_close(&p->forth);
    err = feed(p->initiator, p->back.p, p->back.len, piece, &p->forth);
    return err == GMM_OK ? feed(p->responder, p->forth.p, p->forth.len, piece, &p->back) : err;
}

static void check_ciphers(struct noise_cipher *send, struct noise_cipher *receive)
{
    uint8_t message[5 + NOISE_TAG_BYTES];
    assert_int_equal(noise_encrypt(send, message, "hello", 5), GMM_OK);
    assert_int_equal(noise_decrypt(receive, message, message, sizeof message), GMM_OK);
    assert_memory_equal(message, "hello", 5);
}

static void check_done(struct pair *p, enum handshake_purpose purpose, size_t hello_len)
{
    struct handshake_result a, b;
    assert_true(handshake_is_done(p->initiator));
    assert_true(handshake_is_done(p->responder));
    assert_int_equal(handshake_purpose(p->initiator), purpose);
    assert_int_equal(handshake_purpose(p->responder), purpose);
    handshake_take(p->initiator, &a);
    handshake_take(p->responder, &b);
    assert_true(id_equal(&a.remote, &r_pk));
    assert_true(id_equal(&b.remote, &i_pk));
    assert_null(a.hello);
    assert_int_equal(b.hello_len, hello_len);
    if (hello_len > 0)
        assert_memory_equal(b.hello, hello, hello_len);
    check_ciphers(&a.send, &b.receive);
    check_ciphers(&b.send, &a.receive);
    noise_cipher_close(&a.send);
    noise_cipher_close(&a.receive);
    noise_cipher_close(&b.send);
    noise_cipher_close(&b.receive);
    free(b.hello);
}

static void test_purposes_and_hellos(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, HANDSHAKE_HELLO_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct handshake_config initiator = initiator_config(HANDSHAKE_OFFICES, sizes[i]);
        struct handshake_config responder = responder_config();
        struct pair p;
        pair_open(&p, &initiator, &responder);
        assert_int_equal(pair_run(&p, SIZE_MAX / 2), GMM_OK);
        check_done(&p, HANDSHAKE_OFFICES, sizes[i]);
        pair_close(&p);
    }
    struct handshake_config initiator = initiator_config(HANDSHAKE_JOIN, 0), responder = responder_config();
    struct pair p;
    pair_open(&p, &initiator, &responder);
    assert_int_equal(handshake_purpose(p.responder), 0);
    assert_int_equal(pair_run(&p, SIZE_MAX / 2), GMM_OK);
    check_done(&p, HANDSHAKE_JOIN, 0);
    pair_close(&p);
}

/* A responder with new keys still answers to the one that the initiator expects, and knows that it did. */
static void test_former_key(void **state)
{
    (void)state;
    static const uint8_t new_sk[32] = {40, 41}, other_sk[32] = {50, 51};
    struct gmm_id new_pk, other_pk;
    struct pair p;
    crypto_scalarmult_base(new_pk.b, new_sk);
    crypto_scalarmult_base(other_pk.b, other_sk);
    struct handshake_config initiator = initiator_config(HANDSHAKE_OFFICES, 100), responder = responder_config();
    responder.noise_sk = new_sk;
    responder.noise_pk = &new_pk;
    responder.former_sk = r_sk;
    responder.former_pk = &r_pk;
    pair_open(&p, &initiator, &responder);
    assert_int_equal(pair_run(&p, SIZE_MAX / 2), GMM_OK);
    assert_true(handshake_is_former(p.responder));
    assert_false(handshake_is_former(p.initiator));
    check_done(&p, HANDSHAKE_OFFICES, 100);
    pair_close(&p);

    initiator.remote_noise_pk = &new_pk; /* who knows the new key is not told of the old one */
    pair_open(&p, &initiator, &responder);
    assert_int_equal(pair_run(&p, SIZE_MAX / 2), GMM_OK);
    assert_false(handshake_is_former(p.responder));
    assert_true(handshake_is_done(p.responder));
    pair_close(&p);

    initiator.remote_noise_pk = &other_pk;
    pair_open(&p, &initiator, &responder);
    assert_int_equal(pair_run(&p, SIZE_MAX / 2), GMM_EDENIED);
    assert_int_equal(p.back.len, 0);
    pair_close(&p);
}

static void test_fragments(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 170; piece++) {
        struct pair p;
        pair_default(&p);
        assert_int_equal(pair_run(&p, piece), GMM_OK);
        check_done(&p, HANDSHAKE_OFFICES, 100);
        pair_close(&p);
    }
}

/* What follows the handshake stays the caller's. */
static void test_rest_is_left(void **state)
{
    (void)state;
    struct pair p;
    size_t used;
    pair_default(&p);
    assert_int_equal(feed(p.responder, p.forth.p, p.forth.len, 1000, &p.back), GMM_OK);
    assert_int_equal(p.back.len, NOISE_MESSAGE_BYTES);
    buffer_put(&p.back, "frames", 6);
    buffer_close(&p.forth);
    assert_int_equal(handshake_receive(p.initiator, p.back.p, p.back.len, &used, &p.forth), GMM_OK);
    assert_int_equal(used, NOISE_MESSAGE_BYTES);
    assert_int_equal(p.forth.len, 2 + NOISE_FINAL_BYTES + 100);
    buffer_put(&p.forth, "frames", 6);
    assert_int_equal(handshake_receive(p.responder, p.forth.p, p.forth.len, &used, &p.back), GMM_OK);
    assert_int_equal(used, p.forth.len - 6);
    check_done(&p, HANDSHAKE_OFFICES, 100);
    assert_int_equal(handshake_receive(p.responder, "x", 1, &used, &p.back), GMM_ESTATE);
    pair_close(&p);
}

/* The gate, computed from the protocol's text alone. */
static void gate_of(uint8_t gate[32], const uint8_t *first)
{
    struct gmm_id key;
    uint8_t names[64], maced[HANDSHAKE_PREAMBLE_BYTES + NOISE_MESSAGE_BYTES];
    memcpy(names, nid.b, 32);
    memcpy(names + 32, r_pk.b, 32);
    hash_h(&key, LABEL_GATE, names, sizeof names);
    memcpy(maced, first, HANDSHAKE_PREAMBLE_BYTES);
    memcpy(maced + HANDSHAKE_PREAMBLE_BYTES, first + 24, NOISE_MESSAGE_BYTES);
    hash_k(gate, key.b, LABEL_GATE_MAC, maced, sizeof maced);
}

static void test_first_flight(void **state)
{
    (void)state;
    static const uint8_t preamble[] = {'G', 'M', 'M', 1, 1, 0, 0, 0};
    struct gmm_id e_pk;
    struct pair p;
    uint8_t gate[32];
    pair_default(&p);
    assert_memory_equal(p.forth.p, preamble, sizeof preamble);
    gate_of(gate, p.forth.p);
    assert_memory_equal(p.forth.p + 8, gate, HANDSHAKE_GATE_BYTES);
    crypto_scalarmult_base(e_pk.b, i_eph);
    assert_memory_equal(p.forth.p + 24, e_pk.b, 32);
    pair_close(&p);
}

static enum gmm_err expected_refusal(size_t byte)
{
    if (byte == 3)
        return GMM_EVERSION;
    return byte < HANDSHAKE_PREAMBLE_BYTES ? GMM_EFORMAT : GMM_EDENIED;
}

/* Preamble, gate and message 1: a wrong bit is refused before any key is touched. */
static void test_first_bits(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * HANDSHAKE_FIRST_BYTES; bit++) {
        struct pair p;
        size_t used;
        pair_default(&p);
        size_t before = secret_in_use();
        p.forth.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        failmalloc_count();
        assert_int_equal(handshake_receive(p.responder, p.forth.p, p.forth.len, &used, &p.back),
                         expected_refusal(bit / 8));
        failmalloc_off();
        assert_int_equal(failmalloc_calls(), 0);
        assert_int_equal(secret_in_use(), before);
        assert_int_equal(p.back.len, 0);
        assert_false(handshake_is_gated(p.responder));
        assert_int_equal(handshake_receive(p.responder, p.forth.p, p.forth.len, &used, &p.back), GMM_ESTATE);
        pair_close(&p);
    }
}

/* A recorded first message that comes again, and one too many in a second: refused before any key is touched. */
static void test_doorkeeper(void **state)
{
    (void)state;
    static struct doorkeeper door;
    struct handshake_config initiator = initiator_config(HANDSHAKE_OFFICES, 100), responder = responder_config();
    uint8_t ephemeral[32] = {0};
    struct pair p;
    doorkeeper_init(&door, 1);
    responder.doorkeeper = &door;
    initiator.ephemeral = ephemeral;
    size_t before = secret_in_use();
    for (unsigned i = 0; i < LIMIT_HANDSHAKES_SECOND + 3; i++) {
        enum gmm_err expected = i == 0 || (i > 2 && i < LIMIT_HANDSHAKES_SECOND + 2) ? GMM_OK
                                : i <= 2                                             ? GMM_EDENIED
                                                                                     : GMM_ELIMIT;
        ephemeral[1] = (uint8_t)(i <= 2 ? 0 : i);
        pair_open(&p, &initiator, &responder);
        size_t used, own = secret_in_use();
        failmalloc_count();
        assert_int_equal(handshake_receive(p.responder, p.forth.p, p.forth.len, &used, &p.back), expected);
        failmalloc_off();
        if (expected != GMM_OK) {
            assert_int_equal(failmalloc_calls(), 0);
            assert_int_equal(secret_in_use(), own);
            assert_int_equal(p.back.len, 0);
            assert_false(handshake_is_gated(p.responder));
        }
        pair_close(&p);
    }
    assert_int_equal(secret_in_use(), before);
    /* A wrong gate is not remembered and takes nothing. */
    doorkeeper_init(&door, 1);
    ephemeral[1] = 200;
    pair_open(&p, &initiator, &responder);
    p.forth.p[HANDSHAKE_PREAMBLE_BYTES] ^= 1;
    assert_int_equal(feed(p.responder, p.forth.p, p.forth.len, 1000, &p.back), GMM_EDENIED);
    pair_close(&p);
    assert_int_equal(door.count, 0);
    pair_open(&p, &initiator, &responder);
    assert_int_equal(pair_run(&p, 1000), GMM_OK);
    check_done(&p, HANDSHAKE_OFFICES, 100);
    pair_close(&p);
    assert_int_equal(door.count, 1);
}

static void test_answer_bits(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * NOISE_MESSAGE_BYTES; bit++) {
        struct pair p;
        pair_default(&p);
        assert_int_equal(feed(p.responder, p.forth.p, p.forth.len, 1000, &p.back), GMM_OK);
        assert_true(handshake_is_gated(p.responder));
        p.back.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        buffer_close(&p.forth);
        assert_int_equal(feed(p.initiator, p.back.p, p.back.len, 1000, &p.forth), GMM_EDECRYPT);
        assert_int_equal(p.forth.len, 0);
        pair_close(&p);
    }
}

static void test_final_bits(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * (2 + NOISE_FINAL_BYTES + 100); bit += bit < 16 ? 1 : 3) {
        struct pair p;
        pair_default(&p);
        assert_int_equal(feed(p.responder, p.forth.p, p.forth.len, 1000, &p.back), GMM_OK);
        buffer_close(&p.forth);
        assert_int_equal(feed(p.initiator, p.back.p, p.back.len, 1000, &p.forth), GMM_OK);
        p.forth.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        size_t used;
        enum gmm_err err = handshake_receive(p.responder, p.forth.p, p.forth.len, &used, &p.back);
        if (bit >= 16)
            assert_int_equal(err, GMM_EDECRYPT);
        assert_false(handshake_is_done(p.responder));
        pair_close(&p);
    }
}

static void test_wrong_network_or_key(void **state)
{
    (void)state;
    struct handshake_config initiator = initiator_config(HANDSHAKE_OFFICES, 0), responder = responder_config();
    struct pair p;
    initiator.nid = &other_nid;
    pair_open(&p, &initiator, &responder);
    assert_int_equal(pair_run(&p, 1000), GMM_EDENIED);
    pair_close(&p);
    initiator = initiator_config(HANDSHAKE_OFFICES, 0);
    initiator.remote_noise_pk = &i_pk;
    pair_open(&p, &initiator, &responder);
    size_t before = secret_in_use();
    assert_int_equal(pair_run(&p, 1000), GMM_EDENIED);
    assert_int_equal(secret_in_use(), before);
    pair_close(&p);
    /* A responder with the right name and another secret key can read nothing. */
    initiator = initiator_config(HANDSHAKE_OFFICES, 0);
    responder.noise_sk = i_sk;
    pair_open(&p, &initiator, &responder);
    assert_int_equal(pair_run(&p, 1000), GMM_EDECRYPT);
    pair_close(&p);
}

static void test_low_order_keys(void **state)
{
    (void)state;
    static const struct gmm_id low = {{1}};
    struct handshake_config initiator = initiator_config(HANDSHAKE_OFFICES, 0);
    struct handshake *h;
    struct buffer wire;
    buffer_init(&wire, 1000);
    initiator.remote_noise_pk = &low;
    assert_int_equal(handshake_new(&h, &initiator, &wire), GMM_EKEY);
    assert_null(h);
    buffer_close(&wire);
    /* An outsider's low-order ephemeral behind a right gate. */
    struct pair p;
    uint8_t gate[32];
    pair_default(&p);
    memcpy(p.forth.p + 24, low.b, 32);
    gate_of(gate, p.forth.p);
    memcpy(p.forth.p + 8, gate, HANDSHAKE_GATE_BYTES);
    assert_int_equal(feed(p.responder, p.forth.p, p.forth.len, 1000, &p.back), GMM_EKEY);
    assert_int_equal(p.back.len, 0);
    pair_close(&p);
}

static void check_length(enum handshake_purpose purpose, unsigned length, enum gmm_err expected)
{
    struct handshake_config initiator = initiator_config(purpose, 0), responder = responder_config();
    struct pair p;
    uint8_t raw[2] = {(uint8_t)(length >> 8), (uint8_t)length};
    pair_open(&p, &initiator, &responder);
    assert_int_equal(feed(p.responder, p.forth.p, p.forth.len, 1000, &p.back), GMM_OK);
    failmalloc_count();
    size_t used;
    assert_int_equal(handshake_receive(p.responder, raw, 2, &used, &p.back), expected);
    failmalloc_off();
    assert_int_equal(failmalloc_bytes(), expected == GMM_OK ? length : 0);
    pair_close(&p);
}

static void test_final_length(void **state)
{
    (void)state;
    check_length(HANDSHAKE_OFFICES, 0, GMM_EFORMAT);
    check_length(HANDSHAKE_OFFICES, NOISE_FINAL_BYTES - 1, GMM_EFORMAT);
    check_length(HANDSHAKE_OFFICES, NOISE_FINAL_BYTES, GMM_OK);
    check_length(HANDSHAKE_OFFICES, NOISE_FINAL_BYTES + HANDSHAKE_HELLO_MAX, GMM_OK);
    check_length(HANDSHAKE_OFFICES, NOISE_FINAL_BYTES + HANDSHAKE_HELLO_MAX + 1, GMM_ELIMIT);
    check_length(HANDSHAKE_OFFICES, 65535, GMM_ELIMIT);
    check_length(HANDSHAKE_JOIN, NOISE_FINAL_BYTES, GMM_OK);
    check_length(HANDSHAKE_JOIN, NOISE_FINAL_BYTES + 1, GMM_ELIMIT);
}

static void test_hello_limits(void **state)
{
    (void)state;
    struct handshake *h;
    struct buffer wire;
    buffer_init(&wire, 1000);
    struct handshake_config config = initiator_config(HANDSHAKE_OFFICES, HANDSHAKE_HELLO_MAX + 1);
    assert_int_equal(handshake_new(&h, &config, &wire), GMM_ELIMIT);
    config = initiator_config(HANDSHAKE_JOIN, 1);
    assert_int_equal(handshake_new(&h, &config, &wire), GMM_ELIMIT);
    assert_int_equal(wire.len, 0);
    buffer_close(&wire);
    buffer_init(&wire, HANDSHAKE_FIRST_BYTES - 1);
    config = initiator_config(HANDSHAKE_OFFICES, 1);
    assert_int_equal(handshake_new(&h, &config, &wire), GMM_ELIMIT);
    assert_null(h);
    buffer_close(&wire);
}

static enum gmm_err run_whole(void)
{
    struct handshake_config initiator = initiator_config(HANDSHAKE_OFFICES, 300), responder = responder_config();
    struct pair p = {0};
    size_t used;
    buffer_init(&p.forth, LIMIT_NOISE_BYTES);
    buffer_init(&p.back, LIMIT_NOISE_BYTES);
    enum gmm_err err = handshake_new(&p.initiator, &initiator, &p.forth);
    if (err == GMM_OK)
        err = handshake_new(&p.responder, &responder, &p.back);
    if (err == GMM_OK)
        err = handshake_receive(p.responder, p.forth.p, p.forth.len, &used, &p.back);
    buffer_close(&p.forth);
    if (err == GMM_OK)
        err = handshake_receive(p.initiator, p.back.p, p.back.len, &used, &p.forth);
    if (err == GMM_OK)
        err = handshake_receive(p.responder, p.forth.p, p.forth.len, &used, &p.back);
    pair_close(&p);
    return err;
}

static void test_memory(void **state)
{
    (void)state;
    size_t before = secret_in_use();
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = run_whole();
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        assert_int_equal(secret_in_use(), before);
        if (!failed) {
            assert_true(i > 4);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_purposes_and_hellos),  cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_rest_is_left),         cmocka_unit_test(test_first_flight),
        cmocka_unit_test(test_first_bits),           cmocka_unit_test(test_doorkeeper),
        cmocka_unit_test(test_answer_bits),          cmocka_unit_test(test_final_bits),
        cmocka_unit_test(test_wrong_network_or_key), cmocka_unit_test(test_former_key),
        cmocka_unit_test(test_low_order_keys),       cmocka_unit_test(test_final_length),
        cmocka_unit_test(test_hello_limits),         cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, start, end);
}
