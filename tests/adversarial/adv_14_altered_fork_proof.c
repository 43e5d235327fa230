/* A fork proof with one altered header is refused: nobody can be accused with what it did not sign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/twin.h"

static struct twin t;
static struct gmm_id all;

static int setup(void **state)
{
    (void)state;
    twin_open(&t);
    world_gid_all(&t.a, &all);
    twin_post(&t, 1, &all, 4);
    twin_part(&t, 1, &all, 3, 2);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    twin_close(&t);
    return 0;
}

static bool opens(const uint8_t *bytes, size_t len)
{
    struct fork_proof *proof = NULL;
    bool ok = fork_open(&proof, &t.a.nid, bytes, len) == GMM_OK;
    free(proof);
    return ok;
}

static void adv_14_any_bit_of_a_proof(void **state)
{
    (void)state;
    struct buffer proof;
    twin_proof(&t, 1, &all, 0, 7, 6, &proof);
    assert_true(opens(proof.p, proof.len));
    for (size_t i = 0; i < 8 * proof.len; i++) {
        proof.p[i / 8] ^= (uint8_t)(1u << i % 8);
        if (opens(proof.p, proof.len))
            fail_msg("accepted with bit %zu flipped", i);
        proof.p[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    assert_true(opens(proof.p, proof.len));
    buffer_close(&proof);
}

/* Each header in turn is of another time than the one that was signed: the chain, hence the head, no longer holds. */
static void adv_14_any_altered_header(void **state)
{
    (void)state;
    struct run_key key;
    world_log_of(&t.a, 1, &all, &key);
    struct run *a = world_run(&t.a, &key, 4, 3), *b = world_run(&t.b, &key, 4, 2);
    for (uint32_t i = 0; i < a->count + b->count; i++) {
        struct run_entry *e = i < a->count ? &a->entries[i] : &b->entries[i - a->count];
        struct run_entry kept = *e;
        struct buffer proof;
        e->header[HEADER_TIME_AT + 7] ^= 1;
        buffer_init(&proof, LIMIT_FORK_BYTES);
        assert_int_equal(fork_make(&proof, a, b), GMM_OK);
        assert_false(opens(proof.p, proof.len));
        buffer_close(&proof);
        *e = kept;
    }
    run_free(a);
    run_free(b);
}

/* Two honest logs of one office, or one branch under the head of the other, prove nothing. */
static void adv_14_no_proof_of_honest_logs(void **state)
{
    (void)state;
    struct run_key key, other;
    struct buffer proof;
    world_log_of(&t.a, 1, &all, &key);
    struct run *a = world_run(&t.a, &key, 4, 2), *b = world_run(&t.b, &key, 4, 2);
    memcpy(b->sig, a->sig, sizeof b->sig);
    buffer_init(&proof, LIMIT_FORK_BYTES);
    assert_int_equal(fork_make(&proof, a, b), GMM_OK);
    assert_false(opens(proof.p, proof.len));
    buffer_close(&proof);
    run_free(b);
    t.b.instance++;
    world_log_of(&t.b, 1, &all, &other);
    twin_part(&t, 1, &all, 1, 6);
    b = world_run(&t.b, &other, 4, 2);
    buffer_init(&proof, LIMIT_FORK_BYTES);
    assert_int_equal(fork_make(&proof, a, b), GMM_EFORMAT);
    buffer_close(&proof);
    run_free(a);
    run_free(b);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(adv_14_any_bit_of_a_proof),
        TEST(adv_14_any_altered_header),
        TEST(adv_14_no_proof_of_honest_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
