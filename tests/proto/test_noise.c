#include "proto/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/secret.h"
#include "tests/lib/failmalloc.h"

static const uint8_t i_sk[32] = {1, 2, 3}, r_sk[32] = {4, 5, 6}, i_eph[32] = {7, 8}, r_eph[32] = {9, 10};
static struct gmm_id i_pk, r_pk;

static int start(void **state)
{
    (void)state;
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    crypto_scalarmult_base(i_pk.b, i_sk);
    crypto_scalarmult_base(r_pk.b, r_sk);
    return 0;
}

static int end(void **state)
{
    (void)state;
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

static struct noise_config config(enum noise_role role)
{
    bool initiator = role == NOISE_INITIATOR;
    return (struct noise_config){.pattern = NOISE_XKPSK3,
                                 .role = role,
                                 .prologue = "prologue",
                                 .prologue_len = 8,
                                 .static_sk = initiator ? i_sk : r_sk,
                                 .static_pk = initiator ? &i_pk : &r_pk,
                                 .remote_pk = initiator ? &r_pk : NULL,
                                 .ephemeral_sk = initiator ? i_eph : r_eph};
}

/* Both ends, and the messages as they went over. */
struct pair {
    struct noise_handshake *ends[2];
    struct buffer message, payload;
};

static void pair_init_with(struct pair *p, const struct noise_config *initiator, const struct noise_config *responder)
{
    p->ends[0] = noise_new(initiator);
    p->ends[1] = noise_new(responder);
    assert_true(p->ends[0] != NULL && p->ends[1] != NULL);
    buffer_init(&p->message, 1u << 17);
    buffer_init(&p->payload, 1u << 17);
}

static void pair_init(struct pair *p)
{
    struct noise_config initiator = config(NOISE_INITIATOR), responder = config(NOISE_RESPONDER);
    pair_init_with(p, &initiator, &responder);
}

static void pair_close(struct pair *p)
{
    noise_free(p->ends[0]);
    noise_free(p->ends[1]);
    buffer_close(&p->message);
    buffer_close(&p->payload);
}

/* Message `step` is written; p->message holds it. */
static void write_step(struct pair *p, unsigned step, const char *text)
{
    p->message.len = p->payload.len = 0;
    assert_int_equal(noise_write(p->ends[step % 2], text, strlen(text), &p->message), GMM_OK);
}

static enum gmm_err read_step(struct pair *p, unsigned step)
{
    return noise_read(p->ends[(step + 1) % 2], p->message.p, p->message.len, &p->payload);
}

static void pass_steps(struct pair *p, unsigned count)
{
    for (unsigned step = 0; step < count; step++) {
        write_step(p, step, "");
        assert_int_equal(p->message.len, step == 2 ? NOISE_FINAL_BYTES : NOISE_MESSAGE_BYTES);
        assert_int_equal(read_step(p, step), GMM_OK);
        assert_int_equal(p->payload.len, 0);
    }
}

struct transport {
    struct noise_cipher send[2], receive[2];
};

static void open_transport(struct transport *t)
{
    struct pair p;
    uint8_t hash[2][NOISE_HASH_BYTES];
    pair_init(&p);
    pass_steps(&p, 3);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(noise_split(p.ends[i], &t->send[i], &t->receive[i], hash[i]), GMM_OK);
    assert_memory_equal(hash[0], hash[1], NOISE_HASH_BYTES);
    assert_memory_equal(t->send[0].key, t->receive[1].key, 32);
    assert_memory_equal(t->send[1].key, t->receive[0].key, 32);
    assert_memory_not_equal(t->send[0].key, t->send[1].key, 32);
    pair_close(&p);
}

static void close_transport(struct transport *t)
{
    for (size_t i = 0; i < 2; i++) {
        noise_cipher_close(&t->send[i]);
        noise_cipher_close(&t->receive[i]);
    }
}

static void payloads_and_keys_arrive(void **state)
{
    (void)state;
    static const char *const texts[3] = {"one", "two", "certificates and clocks"};
    struct pair p;
    pair_init(&p);
    assert_true(id_equal(noise_remote_static(p.ends[0]), &r_pk));
    for (unsigned step = 0; step < 3; step++) {
        assert_null(noise_remote_static(p.ends[1]));
        write_step(&p, step, texts[step]);
        assert_int_equal(read_step(&p, step), GMM_OK);
        assert_int_equal(p.payload.len, strlen(texts[step]));
        assert_memory_equal(p.payload.p, texts[step], p.payload.len);
    }
    assert_true(id_equal(noise_remote_static(p.ends[1]), &i_pk));
    struct noise_cipher send, receive;
    uint8_t hash[NOISE_HASH_BYTES];
    assert_int_equal(noise_split(p.ends[1], &send, &receive, hash), GMM_OK);
    assert_true(id_equal(noise_remote_static(p.ends[1]), &i_pk));
    noise_cipher_close(&send);
    noise_cipher_close(&receive);
    pair_close(&p);
}

static void turns_are_kept(void **state)
{
    (void)state;
    struct pair p;
    struct noise_cipher send, receive;
    uint8_t hash[NOISE_HASH_BYTES];
    pair_init(&p);
    for (unsigned step = 0; step < 3; step++) {
        struct noise_handshake *writer = p.ends[step % 2], *reader = p.ends[(step + 1) % 2];
        assert_int_equal(noise_write(reader, NULL, 0, &p.message), GMM_ESTATE);
        assert_int_equal(noise_read(writer, p.message.p, p.message.len, &p.payload), GMM_ESTATE);
        assert_int_equal(noise_split(writer, &send, &receive, hash), GMM_ESTATE);
        assert_null(send.key);
        assert_null(receive.key);
        write_step(&p, step, "");
        assert_int_equal(read_step(&p, step), GMM_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(noise_write(p.ends[i], NULL, 0, &p.message), GMM_ESTATE);
        assert_int_equal(noise_read(p.ends[i], p.message.p, p.message.len, &p.payload), GMM_ESTATE);
        assert_int_equal(noise_split(p.ends[i], &send, &receive, hash), GMM_OK);
        noise_cipher_close(&send);
        noise_cipher_close(&receive);
        assert_int_equal(noise_split(p.ends[i], &send, &receive, hash), GMM_ESTATE);
        assert_int_equal(noise_write(p.ends[i], NULL, 0, &p.message), GMM_ESTATE);
    }
    pair_close(&p);
}

/* Nothing goes on after a failure, whoever asks. */
static void assert_dead(struct pair *p, unsigned end)
{
    struct noise_cipher send, receive;
    uint8_t hash[NOISE_HASH_BYTES];
    assert_int_equal(noise_read(p->ends[end], p->message.p, p->message.len, &p->payload), GMM_ESTATE);
    assert_int_equal(noise_write(p->ends[end], NULL, 0, &p->payload), GMM_ESTATE);
    assert_int_equal(noise_split(p->ends[end], &send, &receive, hash), GMM_ESTATE);
    assert_null(noise_remote_static(p->ends[end]));
    assert_int_equal(p->payload.len, 0);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    for (unsigned step = 0; step < 3; step++) {
        size_t bits = 8 * (step == 2 ? NOISE_FINAL_BYTES : NOISE_MESSAGE_BYTES) + 8 * 4;
        for (size_t bit = 0; bit < bits; bit++) {
            struct pair p;
            pair_init(&p);
            pass_steps(&p, step);
            write_step(&p, step, "text");
            p.message.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(read_step(&p, step), GMM_EDECRYPT);
            p.message.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_dead(&p, (step + 1) % 2);
            pair_close(&p);
        }
    }
}

static void other_lengths_are_refused(void **state)
{
    (void)state;
    for (unsigned step = 0; step < 3; step++) {
        for (size_t n = 0; n < NOISE_FINAL_BYTES + 6; n++) {
            struct pair p;
            pair_init(&p);
            pass_steps(&p, step);
            write_step(&p, step, "text");
            size_t least = step == 2 ? NOISE_FINAL_BYTES : NOISE_MESSAGE_BYTES, whole = p.message.len;
            static const uint8_t more[NOISE_FINAL_BYTES];
            buffer_put(&p.message, more, sizeof more);
            p.message.len = n;
            enum gmm_err expected = n == whole ? GMM_OK : GMM_EDECRYPT;
            assert_int_equal(read_step(&p, step), n < least ? GMM_EFORMAT : expected);
            if (n != whole)
                assert_dead(&p, (step + 1) % 2);
            pair_close(&p);
        }
    }
    struct pair p;
    static const uint8_t huge[LIMIT_NOISE_BYTES + 1];
    pair_init(&p);
    assert_int_equal(noise_read(p.ends[1], huge, sizeof huge, &p.payload), GMM_EFORMAT);
    assert_dead(&p, 1);
    pair_close(&p);
}

static void payloads_are_bounded(void **state)
{
    (void)state;
    static const uint8_t payload[LIMIT_NOISE_BYTES];
    struct pair p;
    pair_init(&p);
    assert_int_equal(noise_write(p.ends[0], payload, LIMIT_NOISE_BYTES - NOISE_MESSAGE_BYTES, &p.message), GMM_OK);
    assert_int_equal(p.message.len, LIMIT_NOISE_BYTES);
    assert_int_equal(read_step(&p, 0), GMM_OK);
    assert_int_equal(p.payload.len, LIMIT_NOISE_BYTES - NOISE_MESSAGE_BYTES);
    pair_close(&p);
    pair_init(&p);
    assert_int_equal(noise_write(p.ends[0], payload, LIMIT_NOISE_BYTES - NOISE_MESSAGE_BYTES + 1, &p.message),
                     GMM_ELIMIT);
    assert_dead(&p, 0);
    pair_close(&p);
    pair_init(&p);
    pass_steps(&p, 2);
    assert_int_equal(noise_write(p.ends[0], payload, LIMIT_NOISE_BYTES - NOISE_FINAL_BYTES + 1, &p.message),
                     GMM_ELIMIT);
    pair_close(&p);
}

/* What the two do not agree on, and the message at which it shows. */
static void disagreement_shows(void **state)
{
    (void)state;
    static const uint8_t psk[32] = {1};
    struct pair p;
    struct noise_config i = config(NOISE_INITIATOR), r = config(NOISE_RESPONDER);
    r.prologue_len--;
    pair_init_with(&p, &i, &r);
    write_step(&p, 0, "");
    assert_int_equal(read_step(&p, 0), GMM_EDECRYPT);
    pair_close(&p);

    r = config(NOISE_RESPONDER);
    i.remote_pk = &i_pk; /* meant for somebody else */
    pair_init_with(&p, &i, &r);
    write_step(&p, 0, "");
    assert_int_equal(read_step(&p, 0), GMM_EDECRYPT);
    pair_close(&p);

    i = config(NOISE_INITIATOR);
    i.pattern = NOISE_XK;
    pair_init_with(&p, &i, &r);
    write_step(&p, 0, "");
    assert_int_equal(read_step(&p, 0), GMM_EDECRYPT);
    pair_close(&p);

    i = config(NOISE_INITIATOR);
    i.psk = psk;
    pair_init_with(&p, &i, &r);
    pass_steps(&p, 2);
    write_step(&p, 2, "");
    assert_int_equal(read_step(&p, 2), GMM_EDECRYPT);
    pair_close(&p);

    i = config(NOISE_INITIATOR);
    i.static_sk = r_sk; /* a public key whose private key it does not have */
    pair_init_with(&p, &i, &r);
    pass_steps(&p, 2);
    write_step(&p, 2, "");
    assert_int_equal(read_step(&p, 2), GMM_EDECRYPT);
    assert_null(noise_remote_static(p.ends[1]));
    pair_close(&p);
}

static void frames_go_both_ways(void **state)
{
    (void)state;
    struct transport t;
    uint8_t *plain = malloc(LIMIT_NOISE_BYTES), *frame = malloc(LIMIT_NOISE_BYTES), *out = malloc(LIMIT_NOISE_BYTES);
    assert_true(plain != NULL && frame != NULL && out != NULL);
    open_transport(&t);
    memset(plain, 0x33, LIMIT_FRAME_PLAIN);
    for (size_t from = 0; from < 2; from++) {
        static const size_t sizes[] = {0, 1, 100, LIMIT_FRAME_PLAIN};
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            assert_int_equal(noise_encrypt(&t.send[from], frame, plain, sizes[i]), GMM_OK);
            assert_int_equal(noise_decrypt(&t.receive[1 - from], out, frame, sizes[i] + NOISE_TAG_BYTES), GMM_OK);
            assert_memory_equal(out, plain, sizes[i]);
        }
    }
    memcpy(frame, "in place", 8);
    assert_int_equal(noise_encrypt(&t.send[0], frame, frame, 8), GMM_OK);
    assert_memory_not_equal(frame, "in place", 8);
    assert_int_equal(noise_decrypt(&t.receive[1], frame, frame, 8 + NOISE_TAG_BYTES), GMM_OK);
    assert_memory_equal(frame, "in place", 8);
    assert_int_equal(noise_encrypt(&t.send[0], frame, plain, LIMIT_FRAME_PLAIN + 1), GMM_ELIMIT);
    close_transport(&t);
    close_transport(&t);
    assert_int_equal(noise_encrypt(&t.send[0], frame, plain, 1), GMM_ESTATE);
    assert_int_equal(noise_decrypt(&t.receive[0], out, frame, 17), GMM_ESTATE);
    free(plain);
    free(frame);
    free(out);
}

/* A frame changed, cut, repeated, left out or sent back: refused, and nothing after it is read. */
static void the_order_of_frames_holds(void **state)
{
    (void)state;
    uint8_t frames[2][21], out[21];
    for (unsigned how = 0; how < 6; how++) {
        struct transport t;
        open_transport(&t);
        for (size_t i = 0; i < 2; i++)
            assert_int_equal(noise_encrypt(&t.send[0], frames[i], "hello", 5), GMM_OK);
        assert_memory_not_equal(frames[0], frames[1], 21);
        struct noise_cipher *receive = how == 3 ? &t.receive[0] : &t.receive[1];
        const uint8_t *first = how == 2 ? frames[1] : frames[0];
        size_t len = how == 1 ? 20 : 21;
        if (how == 0)
            frames[0][20] ^= 1;
        if (how == 4)
            assert_int_equal(noise_decrypt(receive, out, frames[0], 21), GMM_OK);
        if (how == 5)
            len = 15;
        assert_int_equal(noise_decrypt(receive, out, first, len), how == 5 ? GMM_EFORMAT : GMM_EDECRYPT);
        assert_null(receive->key);
        frames[0][20] ^= how == 0;
        assert_int_equal(noise_decrypt(receive, out, frames[0], 21), GMM_ESTATE);
        close_transport(&t);
    }
}

/* REKEY by hand: the key after LIMIT_REKEY_MESSAGES messages is ENCRYPT(k, 2^64-1, nothing, zeros). */
static void keys_are_replaced_in_step(void **state)
{
    (void)state;
    static const uint8_t nonce[12] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255}, zeros[32];
    struct transport t;
    uint8_t before[32], after[48], frame[20], out[20];
    open_transport(&t);
    memcpy(before, t.send[0].key, 32);
    crypto_aead_chacha20poly1305_ietf_encrypt(after, NULL, zeros, 32, NULL, 0, NULL, nonce, before);
    for (unsigned i = 0; i < 3 * LIMIT_REKEY_MESSAGES; i++) {
        if (i == LIMIT_REKEY_MESSAGES - 1)
            assert_memory_equal(t.send[0].key, before, 32);
        if (i == LIMIT_REKEY_MESSAGES)
            assert_memory_equal(t.send[0].key, after, 32);
        assert_int_equal(noise_encrypt(&t.send[0], frame, &i, sizeof i), GMM_OK);
        assert_int_equal(noise_decrypt(&t.receive[1], out, frame, sizeof frame), GMM_OK);
        assert_memory_equal(out, &i, sizeof i);
    }
    assert_int_equal(t.send[0].nonce, 3 * LIMIT_REKEY_MESSAGES);
    t.send[0].nonce = UINT64_MAX; /* reserved */
    assert_int_equal(noise_encrypt(&t.send[0], frame, "", 0), GMM_ESTATE);
    t.receive[1].nonce = UINT64_MAX;
    assert_int_equal(noise_decrypt(&t.receive[1], out, frame, sizeof frame), GMM_ESTATE);
    close_transport(&t);
}

static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    for (unsigned step = 0; step < 3; step++) {
        struct pair p;
        pair_init(&p);
        pass_steps(&p, step);
        struct buffer none;
        buffer_init(&none, 10);
        assert_int_equal(noise_write(p.ends[step % 2], NULL, 0, &none), GMM_ELIMIT);
        assert_dead(&p, step % 2);
        buffer_close(&none);
        pair_close(&p);

        pair_init(&p);
        pass_steps(&p, step);
        write_step(&p, step, "text");
        buffer_init(&none, 100);
        failmalloc_at(0);
        enum gmm_err err = noise_read(p.ends[(step + 1) % 2], p.message.p, p.message.len, &none);
        assert_true(failmalloc_off());
        assert_int_equal(err, GMM_ENOMEM);
        assert_dead(&p, (step + 1) % 2);
        buffer_close(&none);
        pair_close(&p);
    }
    noise_free(NULL);
}

static void lack_of_guarded_memory_is_reported(void **state)
{
    (void)state;
    struct noise_config c = config(NOISE_INITIATOR);
    struct noise_handshake *hs[2000];
    size_t count = 0;
    failmalloc_at(0); /* the arena grows with calloc first */
    while (count < 2000 && (hs[count] = noise_new(&c)) != NULL)
        count++;
    assert_true(failmalloc_off());
    assert_true(count > 0 && count < 2000);
    while (count > 0)
        noise_free(hs[--count]);
}

static void a_split_without_memory_can_be_repeated(void **state)
{
    (void)state;
    struct pair p;
    struct noise_cipher send, receive;
    uint8_t hash[NOISE_HASH_BYTES];
    static void *held[8192];
    size_t count = 0;
    pair_init(&p);
    pass_steps(&p, 3);
    failmalloc_at(0);
    while (count < 8192 && (held[count] = secret_alloc(16)) != NULL)
        count++;
    assert_true(failmalloc_off() && count > 100);
    secret_free(held[--count]); /* room for one key of the two */
    secret_free(held[--count]);
    size_t before = secret_in_use();
    failmalloc_at(0);
    enum gmm_err err = noise_split(p.ends[0], &send, &receive, hash);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    assert_int_equal(secret_in_use(), before);
    assert_int_equal(noise_split(p.ends[0], &send, &receive, hash), GMM_OK);
    noise_cipher_close(&send);
    noise_cipher_close(&receive);
    while (count > 0)
        secret_free(held[--count]);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_and_keys_arrive),
        cmocka_unit_test(turns_are_kept),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(other_lengths_are_refused),
        cmocka_unit_test(payloads_are_bounded),
        cmocka_unit_test(disagreement_shows),
        cmocka_unit_test(frames_go_both_ways),
        cmocka_unit_test(the_order_of_frames_holds),
        cmocka_unit_test(keys_are_replaced_in_step),
        cmocka_unit_test(lack_of_memory_is_reported),
        cmocka_unit_test(lack_of_guarded_memory_is_reported),
        cmocka_unit_test(a_split_without_memory_can_be_repeated),
    };
    return cmocka_run_group_tests(tests, start, end);
}
