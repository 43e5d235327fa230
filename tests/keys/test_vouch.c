#include "keys/vouch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/sample.h"

#define FIXED_BYTES (1 + 4 * 32 + 8 + 2)

static struct sample_office office;
static struct revocation_cut cuts[3];
static struct vouch vouch;
static struct buffer out;

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    sample_office(&office, 1);
    cuts[0] = (struct revocation_cut){.group = sample_id(2), .id = sample_id(3), .instance = 1, .seq = 255};
    cuts[1] = (struct revocation_cut){.group = sample_id(2), .id = sample_id(4), .instance = UINT64_MAX, .seq = 0};
    cuts[2] = (struct revocation_cut){.group = sample_id(1), .id = sample_id(5), .instance = 9, .seq = UINT64_MAX};
    vouch = (struct vouch){
        .nid = sample_id(7),
        .pid = office.pid,
        .sign_pk = office.sign_pk,
        .signer = office.root_pk,
        .time_ms = 1389364496789,
        .count = 3,
        .cuts = cuts,
    };
    buffer_init(&out, 8u << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&out);
    return 0;
}

static enum gmm_err make(void)
{
    buffer_close(&out);
    return vouch_make(&out, &vouch, office.root_sk);
}

static enum gmm_err try_open(const void *bytes, size_t len)
{
    struct vouch read;
    enum gmm_err err = vouch_open(&read, NULL, bytes, len);
    if (err != GMM_OK) {
        assert_null(read.cuts);
        assert_int_equal(read.count, 0);
    }
    vouch_close(&read);
    return err;
}

static void round_trip(void **state)
{
    (void)state;
    struct vouch read;
    struct buffer again;
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(out.len, FIXED_BYTES + 3 * 80 + 64);
    assert_int_equal(vouch_open(&read, &vouch.nid, out.p, out.len), GMM_OK);
    assert_true(id_equal(&read.nid, &vouch.nid) && id_equal(&read.pid, &office.pid));
    assert_true(id_equal(&read.sign_pk, &office.sign_pk) && id_equal(&read.signer, &office.root_pk));
    assert_true(read.time_ms == 1389364496789);
    assert_int_equal(read.count, 3);
    /* in order of group and instance, whatever order they were given in */
    static const size_t order[] = {2, 0, 1};
    for (size_t i = 0; i < 3; i++)
        assert_memory_equal(&read.cuts[i], &cuts[order[i]], sizeof cuts[0]);
    assert_true(cuts[0].seq == 255);
    buffer_init(&again, 4096);
    assert_int_equal(vouch_make(&again, &read, office.root_sk), GMM_OK);
    assert_int_equal(again.len, out.len);
    assert_memory_equal(again.p, out.p, out.len);
    buffer_close(&again);
    vouch_close(&read);
    vouch_close(&read);
}

static void without_cuts(void **state)
{
    (void)state;
    vouch.count = 0;
    vouch.cuts = NULL;
    assert_int_equal(make(), GMM_EFORMAT); /* it would say nothing */
    assert_int_equal(out.len, 0);
}

static void most_cuts(void **state)
{
    (void)state;
    static struct revocation_cut many[UINT16_MAX];
    for (size_t i = 0; i < UINT16_MAX; i++)
        many[i] = (struct revocation_cut){.instance = UINT16_MAX - i};
    vouch.cuts = many;
    vouch.count = UINT16_MAX;
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(try_open(out.p, out.len), GMM_OK);
}

static void every_bit_counts(void **state)
{
    (void)state;
    assert_int_equal(make(), GMM_OK);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(try_open(out.p, n), GMM_EFORMAT);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(try_open(out.p, out.len), GMM_OK);
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_put_u8(&out, 0);
    assert_int_equal(try_open(out.p, out.len), GMM_EFORMAT);
    out.p[0] = 2;
    assert_int_equal(try_open(out.p, out.len), GMM_EVERSION);
}

/* A count is checked against the bytes before anything is allocated. */
static void a_large_count_allocates_nothing(void **state)
{
    (void)state;
    assert_int_equal(make(), GMM_OK);
    out.p[FIXED_BYTES - 2] = out.p[FIXED_BYTES - 1] = 0xff;
    failmalloc_count();
    enum gmm_err err = try_open(out.p, out.len);
    failmalloc_off();
    assert_int_equal(err, GMM_EFORMAT);
    assert_int_equal(failmalloc_calls(), 0);
}

/* Signed anew by its signer, so that only the order can be refused. */
static enum gmm_err open_resigned(void)
{
    hash_sign(out.p + out.len - 64, office.root_sk, LABEL_VOUCH, &vouch.nid, out.p, out.len - 64);
    return try_open(out.p, out.len);
}

static void order_is_strict(void **state)
{
    (void)state;
    uint8_t kept[80];
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(open_resigned(), GMM_OK);
    uint8_t *first = out.p + FIXED_BYTES, *second = first + 80;
    memcpy(kept, first, 80);
    memcpy(first, second, 80);
    assert_int_equal(open_resigned(), GMM_EFORMAT); /* one log twice */
    memcpy(second, kept, 80);
    assert_int_equal(open_resigned(), GMM_EFORMAT); /* descending */
}

static void refused(void **state)
{
    (void)state;
    struct vouch read;
    struct gmm_id other = sample_id(8);
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(vouch_open(&read, &other, out.p, out.len), GMM_ENETWORK);
    cuts[1].instance = 1;
    assert_int_equal(make(), GMM_EFORMAT);
    assert_int_equal(out.len, 0);
    cuts[1].instance = 2;
    vouch.time_ms = IDENTITY_TIME_MS_MAX + 1;
    assert_int_equal(make(), GMM_EFORMAT);
    vouch.time_ms = IDENTITY_TIME_MS_MAX;
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(vouch_make(&out, &vouch, office.sign_sk), GMM_EKEY);
    memset(&vouch.sign_pk, 0, 32);
    assert_int_equal(make(), GMM_EKEY);
    assert_int_equal(out.len, 0);
    vouch.sign_pk = office.sign_pk;
}

static void without_memory_or_room(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        buffer_close(&out);
        failmalloc_at(i);
        enum gmm_err err = vouch_make(&out, &vouch, office.root_sk);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_int_equal(out.len, 0);
    }
    failmalloc_at(0);
    enum gmm_err err = try_open(out.p, out.len);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    struct buffer tight;
    buffer_init(&tight, out.len - 1);
    assert_int_equal(vouch_make(&tight, &vouch, office.root_sk), GMM_ELIMIT);
    assert_int_equal(tight.len, 0);
    buffer_close(&tight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(without_cuts, setup, teardown),
        cmocka_unit_test_setup_teardown(most_cuts, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_count_allocates_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(order_is_strict, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_or_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
