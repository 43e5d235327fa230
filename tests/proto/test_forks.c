#include "proto/forks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static struct forks *forks;

static int setup(void **state)
{
    (void)state;
    forks = forks_new();
    return forks == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    forks_free(forks);
    return 0;
}

/* The set looks at log, f and name only. */
static struct fork_proof *proof(uint8_t group, uint8_t author, uint64_t instance, uint64_t first, uint8_t name)
{
    struct fork_proof *p = calloc(1, sizeof *p);
    assert_non_null(p);
    memset(&p->key.group, group, sizeof p->key.group);
    memset(&p->key.author, author, sizeof p->key.author);
    p->key.instance = instance;
    p->first_seq = first;
    memset(&p->hash, name, sizeof p->hash);
    return p;
}

static void add(struct fork_proof *p, enum gmm_err want)
{
    struct fork_proof *out;
    assert_int_equal(forks_add(forks, p, &out), want);
    assert_null(out);
    if (want != GMM_OK)
        free(p);
}

static void found_by_log_and_name(void **state)
{
    (void)state;
    size_t count;
    add(proof(1, 2, 7, 30, 4), GMM_OK);
    add(proof(1, 2, 7, 3, 9), GMM_OK);
    add(proof(1, 2, 6, 3, 5), GMM_OK);
    add(proof(0, 3, 7, 3, 6), GMM_OK);
    add(proof(1, 2, 7, 3, 9), GMM_EEXISTS);
    assert_int_equal(forks_count(forks), 4);
    assert_null(forks_at(forks, 4));
    struct run_key key = forks_at(forks, 2)->key;
    assert_int_equal(forks_of(forks, &key, &count), 2);
    assert_int_equal(count, 2);
    assert_true(forks_at(forks, 2)->first_seq == 3 && forks_at(forks, 3)->first_seq == 30);
    key.instance = 8;
    forks_of(forks, &key, &count);
    assert_int_equal(count, 0);
    struct gmm_id name = forks_at(forks, 0)->hash;
    assert_ptr_equal(forks_find(forks, &name), forks_at(forks, 0));
    free(forks_take(forks, &name));
    assert_null(forks_find(forks, &name));
    assert_null(forks_take(forks, &name));
    assert_int_equal(forks_count(forks), 3);
}

/* "Smallest proofs by (f, name)": whichever came first. */
static void of_one_log_the_smallest(void **state)
{
    (void)state;
    static const uint8_t order[] = {11, 3, 7, 12, 1, 9, 5, 2, 10, 4, 8, 6};
    struct run_key key = {.instance = 1};
    size_t count;
    add(proof(0, 0, 2, 5, 77), GMM_OK); /* another log's have nothing to do with it */
    for (unsigned i = 0; i < sizeof order; i++) {
        struct fork_proof *out, *p = proof(0, 0, 1, order[i] / 4, order[i]);
        enum gmm_err err = forks_add(forks, p, &out);
        assert_true(err == GMM_OK || (err == GMM_ELIMIT && out == NULL && i >= LIMIT_FORK_PROOFS));
        assert_true(out == NULL || out->hash.b[0] > LIMIT_FORK_PROOFS);
        free(err == GMM_OK ? out : p);
    }
    size_t first = forks_of(forks, &key, &count);
    assert_int_equal(count, LIMIT_FORK_PROOFS);
    for (unsigned i = 0; i < LIMIT_FORK_PROOFS; i++)
        assert_int_equal(forks_at(forks, first + i)->hash.b[0], i + 1);
    assert_int_equal(forks_count(forks), LIMIT_FORK_PROOFS + 1);
    assert_int_equal(forks_add(forks, proof(0, 0, 1, 0, 0), NULL), GMM_OK); /* frees what it puts out */
    assert_int_equal(forks_count(forks), LIMIT_FORK_PROOFS + 1);
}

static void forked_logs_of_one_author(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LIMIT_INSTANCES; i++) {
        add(proof(1, 1, 100 + i, 0, 1), GMM_OK);
        add(proof(1, 1, 100 + i, 0, 2), GMM_OK);
    }
    add(proof(1, 1, 99, 0, 1), GMM_ELIMIT);
    add(proof(1, 1, 100, 0, 3), GMM_OK);
    add(proof(1, 2, 99, 0, 1), GMM_OK);
    add(proof(0, 1, 99, 0, 1), GMM_OK);
}

static void without_memory(void **state)
{
    (void)state;
    struct fork_proof *p = proof(0, 0, 1, 1, 1);
    failmalloc_at(0);
    enum gmm_err err = forks_add(forks, p, NULL);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    assert_int_equal(forks_count(forks), 0);
    add(p, GMM_OK);
    failmalloc_at(0);
    struct forks *none = forks_new();
    assert_true(failmalloc_off() && none == NULL);
    forks_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(found_by_log_and_name),
        TEST(of_one_log_the_smallest),
        TEST(forked_logs_of_one_author),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
