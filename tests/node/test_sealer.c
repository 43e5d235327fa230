#include "node/sealer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/chunk.h"

static const uint8_t conv[32] = {1};
static const struct gmm_id nid = {{2}}, gid = {{3}};

/* As if it was sealed here: what is in the job is chunk n. */
static void check(const struct sealer_job *job, uint8_t n, size_t len)
{
    uint8_t *plain = malloc(len), *sealed = malloc(chunk_sealed_size(len)), key[32];
    struct gmm_id id;
    assert_non_null(plain);
    assert_non_null(sealed);
    memset(plain, n, len);
    assert_int_equal(job->err, GMM_OK);
    assert_int_equal(chunk_seal(sealed, key, &id, conv, &nid, &gid, plain, len), GMM_OK);
    assert_int_equal(job->sealed_len, chunk_sealed_size(len));
    assert_memory_equal(job->sealed, sealed, job->sealed_len);
    assert_true(id_equal(&job->chunk.id, &id));
    assert_memory_equal(job->chunk.key, key, sizeof key);
    assert_int_equal(job->chunk.len, len);
    free(plain);
    free(sealed);
}

static size_t length_of(uint8_t n)
{
    return n % 3 == 0 ? 300000u : n; /* long and short ones end in another order than they began */
}

static void take(struct sealer *s, uint8_t n)
{
    check(sealer_take(s), n, length_of(n));
    sealer_done(s);
}

static void test_in_order(void **state)
{
    struct sealer *s;
    uint8_t out = 1;
    (void)state;
    assert_int_equal(sealer_new(&s, conv, &nid, &gid), GMM_OK);
    assert_false(sealer_busy(s));
    for (uint8_t n = 1; n <= 60; n++) {
        struct sealer_job *job = sealer_room(s);
        if (job == NULL) {
            take(s, out++);
            job = sealer_room(s);
        }
        assert_non_null(job);
        assert_ptr_equal(job, sealer_room(s));
        memset(job->plain, n, length_of(n));
        job->len = length_of(n);
        sealer_put(s);
        if (n % 10 == 0)
            while (sealer_busy(s)) /* the ring runs empty now and then */
                take(s, out++);
    }
    assert_int_equal(out, 61);
    sealer_free(s);
}

/* What is under way when it is given up is waited for, and lost. */
static void test_given_up(void **state)
{
    struct sealer *s;
    (void)state;
    assert_int_equal(sealer_new(&s, conv, &nid, &gid), GMM_OK);
    for (struct sealer_job *job; (job = sealer_room(s)) != NULL;) {
        memset(job->plain, 7, LIMIT_CHUNK_MAX);
        job->len = LIMIT_CHUNK_MAX;
        sealer_put(s);
    }
    sealer_free(s);
    sealer_free(NULL);
}

static void test_too_long(void **state)
{
    struct sealer *s;
    (void)state;
    assert_int_equal(sealer_new(&s, conv, &nid, &gid), GMM_OK);
    sealer_room(s)->len = 0;
    sealer_put(s);
    assert_int_equal(sealer_take(s)->err, GMM_ELIMIT);
    sealer_done(s);
    sealer_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
