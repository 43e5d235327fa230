#include "keys/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/sample.h"

static struct sample_office office;
static struct gmm_id nid;
static struct certificate cert;
static struct buffer out;

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    nid = sample_id(7);
    sample_office(&office, 1);
    sample_certificate(&cert, &office, &nid);
    buffer_init(&out, CERTIFICATE_BYTES_MAX);
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
    return certificate_make(&out, &cert, office.root_sk);
}

static void round_trip(void **state)
{
    (void)state;
    struct certificate read;
    struct buffer again;
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(certificate_open(&read, &nid, out.p, out.len), GMM_OK);
    assert_true(id_equal(&read.nid, &nid) && id_equal(&read.pid, &office.pid));
    assert_true(id_equal(&read.sign_pk, &office.sign_pk) && id_equal(&read.noise_pk, &office.noise_pk));
    assert_true(id_equal(&read.wrap_pk, &office.wrap_pk) && id_equal(&read.root_pk, &office.root_pk));
    assert_true(id_equal(&read.next_commit, &office.next_commit));
    assert_int_equal(read.root_n, 0);
    assert_int_equal(read.serial, 1);
    assert_int_equal(read.level, IDENTITY_COUNTRY);
    assert_int_equal(read.roles, cert.roles);
    assert_true(read.not_before_ms == cert.not_before_ms && read.not_after_ms == cert.not_after_ms);
    assert_string_equal(read.office, "co-dhaka");
    assert_int_equal(read.address_count, 2);
    assert_string_equal(read.addresses[1], "[2001:db8::7]:4460");

    /* appended behind what stands there already */
    buffer_init(&again, CERTIFICATE_BYTES_MAX);
    buffer_put_u8(&again, 2);
    assert_int_equal(certificate_make(&again, &read, office.root_sk), GMM_OK);
    assert_int_equal(again.len, 1 + out.len);
    assert_memory_equal(again.p + 1, out.p, out.len);
    buffer_close(&again);
}

static void largest(void **state)
{
    (void)state;
    struct certificate read;
    memset(cert.office, 'o', LIMIT_OFFICE_TEXT);
    cert.address_count = LIMIT_ADDRESSES;
    for (size_t i = 0; i < LIMIT_ADDRESSES; i++) {
        memset(cert.addresses[i], 'h', LIMIT_ADDRESS_TEXT);
        memcpy(cert.addresses[i] + LIMIT_ADDRESS_TEXT - 6, ":65535", 7);
    }
    cert.serial = UINT64_MAX;
    cert.roles = CERTIFICATE_ROLES_ALL;
    cert.not_after_ms = IDENTITY_TIME_MS_MAX;
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(certificate_open(&read, &nid, out.p, out.len), GMM_OK);
}

static void every_bit_counts(void **state)
{
    (void)state;
    struct certificate read;
    assert_int_equal(make(), GMM_OK);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(certificate_open(&read, NULL, out.p, n), GMM_EFORMAT);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(certificate_open(&read, NULL, out.p, out.len), GMM_OK);
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_put_u8(&out, 0);
    assert_int_equal(certificate_open(&read, NULL, out.p, out.len), GMM_EFORMAT);
    out.p[0] = 2;
    assert_int_equal(certificate_open(&read, NULL, out.p, out.len), GMM_EVERSION);
    static const uint8_t long_one[CERTIFICATE_BYTES_MAX + 1] = {1};
    assert_int_equal(certificate_open(&read, NULL, long_one, sizeof long_one), GMM_EFORMAT);
}

static void another_network(void **state)
{
    (void)state;
    struct certificate read;
    struct gmm_id other = sample_id(8);
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(certificate_open(&read, &other, out.p, out.len), GMM_ENETWORK);
    assert_int_equal(certificate_open(&read, NULL, out.p, out.len), GMM_OK);
    /* moved to another network with its signature */
    memcpy(out.p + 1, other.b, 32);
    assert_int_equal(certificate_open(&read, &other, out.p, out.len), GMM_ESIGNATURE);
}

static void malformed_fields(void **state)
{
    (void)state;
    const struct certificate good = cert;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        cert = good;                                                                                                   \
        change;                                                                                                        \
        assert_int_equal(make(), GMM_EFORMAT);                                                                         \
        assert_int_equal(out.len, 0);                                                                                  \
    } while (0)
    REFUSED(cert.office[0] = '\0');
    REFUSED(cert.office[0] = '-');
    REFUSED(cert.office[0] = 'C');
    REFUSED(cert.level = 0);
    REFUSED(cert.level = 5);
    REFUSED(cert.roles = 16);
    REFUSED(cert.roles |= 0x8000);
    REFUSED(cert.not_after_ms = cert.not_before_ms);
    REFUSED(cert.not_after_ms = IDENTITY_TIME_MS_MAX + 1);
    REFUSED(cert.addresses[1][0] = '!');
    REFUSED(cert.addresses[0][0] = '\0');
#undef REFUSED
    cert = good;
    cert.address_count = LIMIT_ADDRESSES + 1;
    assert_int_equal(make(), GMM_ELIMIT);
    assert_int_equal(out.len, 0);
    cert = good;
    assert_int_equal(make(), GMM_OK);
}

static void unusable_keys(void **state)
{
    (void)state;
    const struct certificate good = cert;
    struct gmm_id zero = {{0}};
    cert.sign_pk = zero;
    assert_int_equal(make(), GMM_EKEY);
    cert = good;
    cert.noise_pk = zero;
    assert_int_equal(make(), GMM_EKEY);
    cert = good;
    cert.wrap_pk = zero;
    assert_int_equal(make(), GMM_EKEY);
    cert = good;
    cert.wrap_pk = cert.noise_pk;
    assert_int_equal(make(), GMM_EKEY);
    cert = good;
    buffer_close(&out);
    assert_int_equal(certificate_make(&out, &cert, office.sign_sk), GMM_EKEY);
    assert_int_equal(out.len, 0);
}

static void the_first_root_proves_the_pid(void **state)
{
    (void)state;
    cert.pid.b[0] ^= 1;
    assert_int_equal(make(), GMM_EKEY);
    cert.pid.b[0] ^= 1;
    cert.next_commit.b[31] ^= 1;
    assert_int_equal(make(), GMM_EKEY);
    cert.root_n = 1; /* the chain of rotations is the fold's question */
    assert_int_equal(make(), GMM_OK);
}

/* Signed by a root that is not the one it carries. */
static void foreign_signature(void **state)
{
    (void)state;
    struct certificate read;
    struct sample_office other;
    sample_office(&other, 2);
    assert_int_equal(make(), GMM_OK);
    hash_sign(out.p + out.len - HASH_SIG_BYTES, other.root_sk, LABEL_CERTIFICATE, &nid, out.p,
              out.len - HASH_SIG_BYTES);
    assert_int_equal(certificate_open(&read, &nid, out.p, out.len), GMM_ESIGNATURE);
}

static void without_memory_or_room(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        buffer_close(&out);
        failmalloc_at(i);
        enum gmm_err err = certificate_make(&out, &cert, office.root_sk);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_int_equal(out.len, 0);
    }
    for (size_t max = out.len - 65; max < out.len; max++) {
        struct buffer tight;
        buffer_init(&tight, max);
        assert_int_equal(certificate_make(&tight, &cert, office.root_sk), GMM_ELIMIT);
        assert_int_equal(tight.len, 0);
        buffer_close(&tight);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(largest, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(another_network, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(unusable_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_root_proves_the_pid, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_or_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
