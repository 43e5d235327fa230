/* 25. 10,000 bogus first messages cause no Diffie-Hellman and no growth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/secret.h"
#include "proto/handshake.h"
#include "proto/session.h"
#include "tests/lib/failmalloc.h"

#define MESSAGES 10000u
#define HALF_OPEN_BYTES 4096u

static const uint8_t i_sk[32] = {0, 1}, r_sk[32] = {0, 2}, i_eph[32] = {0, 3}, r_eph[32] = {0, 4};
static const struct gmm_id nid = {{0x11}}, other_nid = {{0x12}};
static struct gmm_id i_pk, r_pk;

/* Stands before libsodium's, so that every X25519 of the program is counted. */
static unsigned long dh_count;

int crypto_scalarmult(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    dh_count++;
    return crypto_scalarmult_curve25519(q, n, p);
}

int crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
    dh_count++;
    return crypto_scalarmult_curve25519_base(q, n);
}

static struct session *responder(void)
{
    const struct session_config config = {.nid = &nid, .noise_sk = r_sk, .noise_pk = &r_pk, .ephemeral = r_eph};
    struct session *s;
    assert_int_equal(session_new(&s, &config), GMM_OK);
    return s;
}

static struct session *initiator(const struct gmm_id *network, const struct gmm_id *to, struct buffer *first)
{
    const struct session_config config = {.purpose = SESSION_OFFICES,
                                          .initiator = true,
                                          .nid = network,
                                          .noise_sk = i_sk,
                                          .noise_pk = &i_pk,
                                          .remote_noise_pk = to,
                                          .ephemeral = i_eph};
    struct session *s;
    assert_int_equal(session_new(&s, &config), GMM_OK);
    assert_int_equal(session_pump(s, first, 65536), GMM_OK);
    assert_int_equal(first->len, HANDSHAKE_FIRST_BYTES);
    return s;
}

/* What an outsider may try, by turns: noise; noise behind a right preamble; a right message to another network or
 * another key; a right message with one bit changed. */
static void bogus(uint8_t out[HANDSHAKE_FIRST_BYTES], unsigned i, const struct buffer right[3])
{
    uint8_t seed[32] = {(uint8_t)i, (uint8_t)(i >> 8)};
    randombytes_buf_deterministic(out, HANDSHAKE_FIRST_BYTES, seed);
    if (i % 5 == 1)
        memcpy(out, right[0].p, HANDSHAKE_PREAMBLE_BYTES);
    else if (i % 5 >= 2)
        memcpy(out, right[i % 5 - 2].p, HANDSHAKE_FIRST_BYTES);
    if (i % 5 == 2)
        out[i / 5 / 8 % HANDSHAKE_FIRST_BYTES] ^= (uint8_t)(1u << i / 5 % 8);
}

static void test_bogus_first_messages(void **state)
{
    (void)state;
    struct buffer right[3];
    for (int i = 0; i < 3; i++)
        buffer_init(&right[i], 1000);
    struct session *honest = initiator(&nid, &r_pk, &right[0]);
    session_free(initiator(&other_nid, &r_pk, &right[1]));
    session_free(initiator(&nid, &i_pk, &right[2]));
    size_t secrets = secret_in_use();
    assert_true(dh_count > 0);
    dh_count = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        uint8_t first[HANDSHAKE_FIRST_BYTES];
        bogus(first, i, right);
        failmalloc_count();
        struct session *s = responder();
        enum gmm_err err = session_receive(s, first, sizeof first);
        failmalloc_off();
        assert_int_not_equal(err, GMM_OK);
        assert_false(session_gated(s));
        assert_false(session_wants_pump(s));
        assert_true(failmalloc_bytes() <= HALF_OPEN_BYTES);
        assert_int_equal(secret_in_use(), secrets);
        session_free(s);
    }
    assert_int_equal(dh_count, 0);
    /* Among them the right one still gets its answer. */
    struct session *s = responder();
    assert_int_equal(session_receive(s, right[0].p, right[0].len), GMM_OK);
    assert_true(session_gated(s));
    assert_true(session_wants_pump(s));
    assert_true(dh_count > 0);
    session_free(s);
    session_free(honest);
    for (int i = 0; i < 3; i++)
        buffer_close(&right[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bogus_first_messages)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    crypto_scalarmult_curve25519_base(i_pk.b, i_sk);
    crypto_scalarmult_curve25519_base(r_pk.b, r_sk);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    secret_close();
    return failed;
}
