/* "All Noise vectors pass, and a one-bit change in any prologue fails." Those of XK and XKpsk3: the patterns that this
 * code speaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/secret.h"
#include "proto/noise.h"
#include "tests/lib/testdata.h"

static json_t *file;

/* One vector's parties; [0] is the initiator. */
struct party {
    struct noise_config config;
    uint8_t *prologue, *static_sk, *ephemeral_sk, *psk;
    struct gmm_id static_pk, remote_pk;
};
struct vector {
    struct party parties[2];
    json_t *messages;
    uint8_t *hash;
    size_t hash_len;
};

static uint8_t *hex_of(const json_t *vector, const char *end, const char *member, size_t expect_len, size_t *len)
{
    char name[64];
    size_t n;
    snprintf(name, sizeof name, "%s_%s", end, member);
    uint8_t *bytes = testdata_hex(vector, name, &n);
    if (len != NULL)
        *len = n;
    else
        assert_int_equal(n, expect_len);
    return bytes;
}

static uint8_t *psk_of(const json_t *vector, const char *end)
{
    char name[64];
    size_t len;
    snprintf(name, sizeof name, "%s_psks", end);
    json_t *psks = json_object_get(vector, name), *wrapped;
    assert_int_equal(json_array_size(psks), 1);
    wrapped = json_pack("{s:O}", "psk", json_array_get(psks, 0));
    uint8_t *psk = testdata_hex(wrapped, "psk", &len);
    assert_int_equal(len, 32);
    json_decref(wrapped);
    return psk;
}

static void party_init(struct party *p, const json_t *vector, enum noise_role role, enum noise_pattern pattern)
{
    const char *end = role == NOISE_INITIATOR ? "init" : "resp";
    size_t len;
    *p = (struct party){.config = {.pattern = pattern, .role = role}};
    p->prologue = hex_of(vector, end, "prologue", 0, &len);
    p->static_sk = hex_of(vector, end, "static", 32, NULL);
    p->ephemeral_sk = hex_of(vector, end, "ephemeral", 32, NULL);
    p->psk = pattern == NOISE_XKPSK3 ? psk_of(vector, end) : NULL;
    crypto_scalarmult_base(p->static_pk.b, p->static_sk);
    if (role == NOISE_INITIATOR) {
        uint8_t *remote = hex_of(vector, end, "remote_static", 32, NULL);
        memcpy(p->remote_pk.b, remote, 32);
        free(remote);
        p->config.remote_pk = &p->remote_pk;
    }
    p->config.prologue = p->prologue;
    p->config.prologue_len = len;
    p->config.static_sk = p->static_sk;
    p->config.static_pk = &p->static_pk;
    p->config.ephemeral_sk = p->ephemeral_sk;
    p->config.psk = p->psk;
}

static void party_close(struct party *p)
{
    free(p->prologue);
    free(p->static_sk);
    free(p->ephemeral_sk);
    free(p->psk);
}

/* False for a pattern that is not ours. */
static bool vector_init(struct vector *v, const json_t *vector)
{
    const char *name = json_string_value(json_object_get(vector, "protocol_name"));
    bool xk = strcmp(name, "Noise_XK_25519_ChaChaPoly_BLAKE2b") == 0;
    if (!xk && strcmp(name, "Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b") != 0)
        return false;
    for (size_t i = 0; i < 2; i++)
        party_init(&v->parties[i], vector, i == 0 ? NOISE_INITIATOR : NOISE_RESPONDER, xk ? NOISE_XK : NOISE_XKPSK3);
    v->messages = json_object_get(vector, "messages");
    v->hash = testdata_hex(vector, "handshake_hash", &v->hash_len);
    return true;
}

static void vector_close(struct vector *v)
{
    party_close(&v->parties[0]);
    party_close(&v->parties[1]);
    free(v->hash);
}

static void pass_message(struct noise_handshake *from, struct noise_handshake *to, const json_t *message)
{
    struct buffer out, payload;
    size_t len, expected_len;
    uint8_t *text = testdata_hex(message, "payload", &len),
            *expected = testdata_hex(message, "ciphertext", &expected_len);
    buffer_init(&out, LIMIT_NOISE_BYTES);
    buffer_init(&payload, LIMIT_NOISE_BYTES);
    assert_int_equal(noise_write(from, text, len, &out), GMM_OK);
    assert_int_equal(out.len, expected_len);
    assert_memory_equal(out.p, expected, expected_len);
    assert_int_equal(noise_read(to, out.p, out.len, &payload), GMM_OK);
    assert_int_equal(payload.len, len);
    assert_memory_equal(payload.p, text, len);
    buffer_close(&out);
    buffer_close(&payload);
    free(text);
    free(expected);
}

static void pass_frame(struct noise_cipher *from, struct noise_cipher *to, const json_t *message)
{
    size_t len, expected_len;
    uint8_t *text = testdata_hex(message, "payload", &len),
            *expected = testdata_hex(message, "ciphertext", &expected_len), *frame = malloc(len + NOISE_TAG_BYTES);
    assert_non_null(frame);
    assert_int_equal(noise_encrypt(from, frame, text, len), GMM_OK);
    assert_int_equal(expected_len, len + NOISE_TAG_BYTES);
    assert_memory_equal(frame, expected, expected_len);
    assert_int_equal(noise_decrypt(to, frame, frame, expected_len), GMM_OK);
    assert_memory_equal(frame, text, len);
    free(frame);
    free(text);
    free(expected);
}

static void run(const struct vector *v)
{
    struct noise_handshake *ends[2] = {noise_new(&v->parties[0].config), noise_new(&v->parties[1].config)};
    struct noise_cipher send[2], receive[2];
    uint8_t hash[2][NOISE_HASH_BYTES];
    assert_true(ends[0] != NULL && ends[1] != NULL);
    for (size_t i = 0; i < 3; i++)
        pass_message(ends[i % 2], ends[(i + 1) % 2], json_array_get(v->messages, i));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(noise_split(ends[i], &send[i], &receive[i], hash[i]), GMM_OK);
        if (v->hash_len > 0)
            assert_memory_equal(hash[i], v->hash, NOISE_HASH_BYTES);
        assert_true(id_equal(noise_remote_static(ends[i]), &v->parties[1 - i].static_pk));
        noise_free(ends[i]);
    }
    assert_true(v->hash_len == 0 || v->hash_len == NOISE_HASH_BYTES);
    assert_memory_equal(hash[0], hash[1], NOISE_HASH_BYTES);
    assert_true(json_array_size(v->messages) > 4);
    for (size_t i = 3; i < json_array_size(v->messages); i++)
        pass_frame(&send[i % 2], &receive[(i + 1) % 2], json_array_get(v->messages, i));
    for (size_t i = 0; i < 2; i++) {
        noise_cipher_close(&send[i]);
        noise_cipher_close(&receive[i]);
    }
}

static void all_vectors_pass(void **state)
{
    (void)state;
    size_t i, xk = 0, psk = 0, hashes = 0;
    json_t *item;
    json_array_foreach(json_object_get(file, "vectors"), i, item)
    {
        struct vector v;
        if (!vector_init(&v, item))
            continue;
        run(&v);
        xk += v.parties[0].psk == NULL;
        psk += v.parties[0].psk != NULL;
        hashes += v.hash_len > 0;
        vector_close(&v);
    }
    assert_true(xk >= 3 && psk >= 1 && hashes >= 3);
}

static void a_changed_bit_in_a_prologue_fails(void **state)
{
    (void)state;
    size_t i, changes = 0;
    json_t *item;
    json_array_foreach(json_object_get(file, "vectors"), i, item)
    {
        struct vector v;
        if (!vector_init(&v, item))
            continue;
        for (size_t who = 0; who < 2; who++) {
            struct party *p = &v.parties[who];
            for (size_t bit = 0; bit < 8 * p->config.prologue_len; bit++, changes++) {
                p->prologue[bit / 8] ^= (uint8_t)(1u << bit % 8);
                struct noise_handshake *initiator = noise_new(&v.parties[0].config),
                                       *responder = noise_new(&v.parties[1].config);
                struct buffer out, payload;
                buffer_init(&out, LIMIT_NOISE_BYTES);
                buffer_init(&payload, LIMIT_NOISE_BYTES);
                assert_int_equal(noise_write(initiator, NULL, 0, &out), GMM_OK);
                assert_int_equal(noise_read(responder, out.p, out.len, &payload), GMM_EDECRYPT);
                assert_int_equal(noise_write(responder, NULL, 0, &out), GMM_ESTATE);
                buffer_close(&out);
                buffer_close(&payload);
                noise_free(initiator);
                noise_free(responder);
                p->prologue[bit / 8] ^= (uint8_t)(1u << bit % 8);
            }
        }
        vector_close(&v);
    }
    assert_true(changes >= 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_vectors_pass),
        cmocka_unit_test(a_changed_bit_in_a_prologue_fails),
    };
    file = testdata_vectors("noise-25519-chachapoly-blake2b.json");
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(file);
    secret_close();
    return failures;
}
