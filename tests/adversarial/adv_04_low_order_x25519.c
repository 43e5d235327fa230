/* "Low-order X25519 keys abort handshake and wrap." The keys are those of Wycheproof's ZeroSharedSecret cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/epoch.h"
#include "keys/identity.h"
#include "keys/secret.h"
#include "proto/noise.h"
#include "tests/lib/testdata.h"

static json_t *file;
static const uint8_t good_sk[32] = {1, 2, 3}, ephemeral_sk[32] = {4, 5, 6};
static struct gmm_id good_pk;

static bool is_zero_case(const json_t *test)
{
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(test, "flags"), i, flag)
    {
        if (strcmp(json_string_value(flag), "ZeroSharedSecret") == 0)
            return true;
    }
    return false;
}

/* Calls check for every case with its low-order public key and private key. */
static void each_case(void (*check)(const struct gmm_id *low_pk, const uint8_t sk[32]))
{
    size_t i, cases = 0;
    json_t *test, *group = json_array_get(json_object_get(file, "testGroups"), 0);
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        if (!is_zero_case(test))
            continue;
        size_t pk_len, sk_len;
        uint8_t *pk = testdata_hex(test, "public", &pk_len), *sk = testdata_hex(test, "private", &sk_len);
        struct gmm_id low_pk;
        assert_true(pk_len == 32 && sk_len == 32);
        memcpy(low_pk.b, pk, 32);
        check(&low_pk, sk);
        free(pk);
        free(sk);
        cases++;
    }
    assert_int_equal(cases, 31);
}

static struct noise_handshake *party(enum noise_role role, const uint8_t sk[32], const struct gmm_id *pk,
                                     const struct gmm_id *remote_pk)
{
    const struct noise_config config = {.pattern = NOISE_XKPSK3,
                                        .role = role,
                                        .static_sk = sk,
                                        .static_pk = pk,
                                        .remote_pk = remote_pk,
                                        .ephemeral_sk = ephemeral_sk};
    struct noise_handshake *hs = noise_new(&config);
    assert_non_null(hs);
    return hs;
}

/* Message `at` arrives with a low-order key in it: the reader aborts. */
static void low_key_in_message(unsigned at, const struct gmm_id *low_pk, const uint8_t sk[32])
{
    struct gmm_id responder_pk;
    crypto_scalarmult_base(responder_pk.b, sk);
    /* In message 3 the key is sealed: only an initiator who claims it can send it. */
    struct noise_handshake *ends[2] = {party(NOISE_INITIATOR, good_sk, at == 2 ? low_pk : &good_pk, &responder_pk),
                                       party(NOISE_RESPONDER, sk, &responder_pk, NULL)};
    struct buffer message, payload;
    buffer_init(&message, 4096);
    buffer_init(&payload, 4096);
    for (unsigned step = 0; step <= at; step++) {
        message.len = 0;
        assert_int_equal(noise_write(ends[step % 2], NULL, 0, &message), GMM_OK);
        if (step == at && at < 2)
            memcpy(message.p, low_pk->b, 32);
        assert_int_equal(noise_read(ends[(step + 1) % 2], message.p, message.len, &payload),
                         step == at ? GMM_EKEY : GMM_OK);
    }
    assert_int_equal(noise_write(ends[(at + 1) % 2], NULL, 0, &message), GMM_ESTATE);
    buffer_close(&message);
    buffer_close(&payload);
    noise_free(ends[0]);
    noise_free(ends[1]);
}

static void check_handshake(const struct gmm_id *low_pk, const uint8_t sk[32])
{
    struct buffer message;
    buffer_init(&message, 4096);
    struct noise_handshake *initiator = party(NOISE_INITIATOR, sk, &good_pk, low_pk);
    assert_int_equal(noise_write(initiator, NULL, 0, &message), GMM_EKEY);
    assert_int_equal(noise_write(initiator, NULL, 0, &message), GMM_ESTATE);
    noise_free(initiator);
    buffer_close(&message);
    for (unsigned at = 0; at < 3; at++)
        low_key_in_message(at, low_pk, sk);
}

static void check_wrap(const struct gmm_id *low_pk, const uint8_t sk[32])
{
    static const struct gmm_id nid = {{1}}, gid = {{2}}, author = {{3}}, epoch_id = {{4}};
    static const struct epoch_context ctx = {.nid = &nid, .gid = &gid, .author = &author};
    static const uint8_t secret[32] = {9};
    struct epoch_target target = {.sign_pk = author, .wrap_pk = *low_pk};
    struct epoch epoch;
    uint8_t wrap[EPOCH_REWRAP_BYTES], opened[32];
    assert_int_equal(identity_check_dh_pk(low_pk), GMM_EKEY);
    assert_int_equal(epoch_make(&epoch, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, false, &target, 1, secret, sk),
                     GMM_EKEY);
    crypto_scalarmult_base(target.wrap_pk.b, sk);
    assert_int_equal(
        epoch_make(&epoch, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, false, &target, 1, secret, ephemeral_sk), GMM_OK);
    assert_int_equal(epoch_unwrap(opened, &epoch, &ctx, &author, sk), GMM_OK);

    const struct epoch_target low_target = {.sign_pk = author, .wrap_pk = *low_pk};
    assert_int_equal(epoch_rewrap(wrap, &epoch_id, &epoch, &ctx, &low_target, secret, ephemeral_sk), GMM_EKEY);
    assert_int_equal(epoch_rewrap(wrap, &epoch_id, &epoch, &ctx, &target, secret, ephemeral_sk), GMM_OK);
    memcpy(wrap + 33, low_pk->b, 32); /* its eph_pk */
    assert_int_equal(epoch_rewrap_open(opened, &epoch, &ctx, &author, sk, wrap, sizeof wrap), GMM_EKEY);
    assert_true(sodium_is_zero(opened, 32));
    epoch.eph_pk = *low_pk;
    assert_int_equal(epoch_unwrap(opened, &epoch, &ctx, &author, sk), GMM_EKEY);
    assert_true(sodium_is_zero(opened, 32));
    epoch_close(&epoch);
}

static void they_abort_the_handshake(void **state)
{
    (void)state;
    each_case(check_handshake);
}

static void they_abort_the_wrap(void **state)
{
    (void)state;
    each_case(check_wrap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_abort_the_handshake),
        cmocka_unit_test(they_abort_the_wrap),
    };
    file = testdata_vectors("wycheproof-x25519_test.json");
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    crypto_scalarmult_base(good_pk.b, good_sk);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(file);
    secret_close();
    return failures;
}
