#include "proto/fork.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/twin.h"

static struct twin t;
static struct gmm_id all;
static struct run_key the_log;
static struct buffer bytes; /* a proof: parts at 3, branches of 2 and 4 entries */

static int setup(void **state)
{
    (void)state;
    twin_open(&t);
    world_gid_all(&t.a, &all);
    world_log_of(&t.a, 1, &all, &the_log);
    twin_post(&t, 1, &all, 3);
    twin_part(&t, 1, &all, 2, 4);
    twin_proof(&t, 1, &all, 0, 5, 7, &bytes);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&bytes);
    twin_close(&t);
    return 0;
}

static struct gmm_id id_of(const struct world *w, uint64_t seq)
{
    for (unsigned i = 0; i < w->entry_count; i++)
        if (run_key_compare(&w->entries[i].log, &the_log) == 0 && w->entries[i].seq == seq)
            return w->entries[i].id;
    return (struct gmm_id){{0}};
}

static enum gmm_err open_bytes(const void *p, size_t len)
{
    struct fork_proof *proof = NULL;
    enum gmm_err err = fork_open(&proof, &t.a.nid, p, len);
    assert_true((err == GMM_OK) == (proof != NULL));
    free(proof);
    return err;
}

static void says_where_and_how(void **state)
{
    (void)state;
    struct fork_proof *p;
    struct gmm_id hash, before = id_of(&t.a, 2);
    assert_int_equal(fork_open(&p, &t.a.nid, bytes.p, bytes.len), GMM_OK);
    assert_true(run_key_compare(&p->key, &the_log) == 0 && p->first_seq == 3 && id_equal(&p->prev, &before));
    hash_h(&hash, LABEL_FORK, bytes.p, bytes.len);
    assert_true(id_equal(&p->hash, &hash) && p->len == bytes.len && memcmp(p->bytes, bytes.p, bytes.len) == 0);
    assert_int_equal(p->branches[0].count + p->branches[1].count, 6);
    assert_true(id_compare(&p->branches[0].ids[0], &p->branches[1].ids[0]) < 0);
    unsigned a = p->branches[0].count == 2 ? 0 : 1; /* which of the two world a's is */
    for (uint64_t seq = 3; seq < 7; seq++) {
        struct gmm_id x = id_of(&t.a, seq), y = id_of(&t.b, seq);
        assert_int_equal(fork_branch_of(p, seq, &x), seq < 5 ? (int)a : -1);
        assert_int_equal(fork_branch_of(p, seq, &y), 1 - (int)a);
        assert_int_equal(fork_branch_of(p, seq + 1, &y), -1);
    }
    assert_int_equal(fork_branch_of(p, 2, &before), -1);
    free(p);
}

static void whoever_makes_it_makes_the_same(void **state)
{
    (void)state;
    struct buffer out;
    uint64_t first;
    /* the other way round, and from runs that begin elsewhere */
    struct run *a = world_run(&t.a, &the_log, 2, 3), *b = world_run(&t.b, &the_log, 0, 7);
    buffer_init(&out, LIMIT_FORK_BYTES);
    assert_true(fork_divergence(b, a, &first) && first == 3);
    assert_int_equal(fork_make(&out, b, a), GMM_OK);
    assert_true(out.len == bytes.len && memcmp(out.p, bytes.p, bytes.len) == 0);
    buffer_close(&out);
    run_free(a);
    run_free(b);
}

static void no_proof_without_a_fork(void **state)
{
    (void)state;
    struct buffer out;
    uint64_t first;
    struct run_key other;
    world_log_of(&t.a, 0, NULL, &other);
    struct run *whole = world_run(&t.a, &the_log, 0, 5), *start = world_run(&t.b, &the_log, 0, 3),
               *late = world_run(&t.b, &the_log, 4, 3), *control = world_run(&t.a, &other, 0, 2);
    buffer_init(&out, LIMIT_FORK_BYTES);
    assert_int_equal(fork_make(&out, whole, whole), GMM_EFORMAT);
    assert_int_equal(fork_make(&out, whole, start), GMM_EFORMAT);
    assert_int_equal(fork_make(&out, whole, control), GMM_EFORMAT);
    assert_false(fork_divergence(start, late, &first)); /* they do not overlap */
    /* at 4 they have parted before */
    assert_true(fork_divergence(whole, late, &first) && first == 4);
    assert_int_equal(fork_make(&out, whole, late), GMM_EFORMAT);
    assert_int_equal(out.len, 0);
    buffer_close(&out);
    run_free(whole);
    run_free(start);
    run_free(late);
    run_free(control);
}

static void at_the_start_of_a_log(void **state)
{
    (void)state;
    struct buffer proof;
    struct fork_proof *p;
    struct gmm_id log0;
    t.a.instance = t.b.instance = 99;
    twin_part(&t, 2, NULL, 1, 1);
    twin_proof(&t, 2, NULL, 0, 1, 1, &proof);
    assert_int_equal(fork_open(&p, &t.a.nid, proof.p, proof.len), GMM_OK);
    header_log0(&log0, &t.a.nid, &p->key.group, &p->key.author, 99);
    assert_true(p->first_seq == 0 && id_is_zero(&p->key.group) && id_equal(&p->prev, &log0));
    free(p);
    proof.p[1] ^= 1; /* prev, which nothing else binds here */
    assert_int_equal(open_bytes(proof.p, proof.len), GMM_EFORMAT);
    buffer_close(&proof);
}

static void the_largest(void **state)
{
    (void)state;
    struct buffer proof;
    t.a.instance = t.b.instance = 5;
    twin_part(&t, 2, &all, LIMIT_RUN_ENTRIES, LIMIT_RUN_ENTRIES);
    twin_proof(&t, 2, &all, 0, LIMIT_RUN_ENTRIES, LIMIT_RUN_ENTRIES, &proof);
    assert_int_equal(open_bytes(proof.p, proof.len), GMM_OK);
    buffer_close(&proof);
    struct run_key key;
    world_log_of(&t.a, 2, &all, &key);
    struct run *a = world_run(&t.a, &key, 0, 256), *b = world_run(&t.b, &key, 0, 256);
    buffer_init(&proof, 4096);
    assert_int_equal(fork_make(&proof, a, b), GMM_ELIMIT);
    buffer_close(&proof);
    run_free(a);
    run_free(b);
}

static void of_this_network_only(void **state)
{
    (void)state;
    struct fork_proof *p;
    struct gmm_id other = t.a.nid;
    other.b[5] ^= 1;
    assert_int_equal(fork_open(&p, &other, bytes.p, bytes.len), GMM_ESIGNATURE);
    assert_null(p);
}

static void one_form(void **state)
{
    (void)state;
    uint8_t copy[LIMIT_FORK_BYTES];
    const size_t head = 1 + 32;
    size_t first = 2u + bytes_load_u16(bytes.p + head), second = bytes.len - head - first;
    for (size_t n = 0; n < bytes.len; n++)
        assert_int_equal(open_bytes(bytes.p, n), GMM_EFORMAT);
    memcpy(copy, bytes.p, bytes.len);
    copy[bytes.len] = 0;
    assert_int_equal(open_bytes(copy, bytes.len + 1), GMM_EFORMAT);
    copy[0] = 2;
    assert_int_equal(open_bytes(copy, bytes.len), GMM_EVERSION);
    copy[0] = 1;
    /* the branches the other way round, and one twice */
    memcpy(copy + head, bytes.p + head + first, second);
    memcpy(copy + head + second, bytes.p + head, first);
    assert_int_equal(open_bytes(copy, bytes.len), GMM_EFORMAT);
    memcpy(copy + head + second, bytes.p + head + first, second);
    assert_int_equal(open_bytes(copy, head + 2 * second), GMM_EFORMAT);
}

/* A branch is headers: with a body inside it would be another proof of the same. */
static void bodies_stay_out(void **state)
{
    (void)state;
    struct buffer out, wire;
    struct run *a = world_run(&t.a, &the_log, 3, 2), *b = world_run(&t.b, &the_log, 3, 4);
    bool swap = id_compare(&a->entries[0].id, &b->entries[0].id) > 0;
    const struct run *order[2] = {swap ? b : a, swap ? a : b};
    struct gmm_id before = id_of(&t.a, 2);
    buffer_init(&out, LIMIT_FORK_BYTES);
    buffer_put_u8(&out, 1);
    buffer_put_id(&out, &before);
    for (unsigned i = 0; i < 2; i++) {
        buffer_init(&wire, LIMIT_FORK_BYTES);
        assert_int_equal(run_encode(&wire, order[i]), GMM_OK);
        buffer_put_u16(&out, (uint16_t)wire.len);
        buffer_put(&out, wire.p, wire.len);
        buffer_close(&wire);
    }
    assert_int_equal(open_bytes(out.p, out.len), GMM_EFORMAT);
    buffer_close(&out);
    run_free(a);
    run_free(b);
}

static void without_memory(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = open_bytes(bytes.p, bytes.len);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(says_where_and_how),
        TEST(whoever_makes_it_makes_the_same),
        TEST(no_proof_without_a_fork),
        TEST(at_the_start_of_a_log),
        TEST(the_largest),
        TEST(of_this_network_only),
        TEST(one_form),
        TEST(bodies_stay_out),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
