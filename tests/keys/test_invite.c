#include "keys/invite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/sample.h"

static struct sample_office inviter;
static struct gmm_id nid;
static struct invite invite;
static struct buffer out;

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    nid = sample_id(7);
    sample_office(&inviter, 1);
    sample_invite(&invite, &inviter, &nid);
    buffer_init(&out, INVITE_BYTES_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close_wiped(&out);
    return 0;
}

static enum gmm_err make(void)
{
    buffer_close_wiped(&out);
    return invite_make(&out, &invite);
}

static void check_round_trip(void)
{
    struct invite read;
    struct buffer again;
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(invite_open(&read, out.p, out.len), GMM_OK);
    assert_true(id_equal(&read.nid, &nid) && id_equal(&read.pid, &invite.pid));
    assert_true(id_equal(&read.sign_pk, &inviter.sign_pk) && id_equal(&read.noise_pk, &inviter.noise_pk));
    assert_string_equal(read.network, invite.network);
    assert_string_equal(read.inviter_id, invite.inviter_id);
    assert_string_equal(read.inviter_office, invite.inviter_office);
    assert_string_equal(read.for_id, invite.for_id);
    assert_string_equal(read.office, invite.office);
    assert_memory_equal(read.secret, invite.secret, 32);
    assert_true(read.expires_ms == invite.expires_ms);
    assert_int_equal(read.address_count, invite.address_count);
    for (size_t i = 0; i < read.address_count; i++)
        assert_string_equal(read.addresses[i], invite.addresses[i]);
    buffer_init(&again, INVITE_BYTES_MAX);
    assert_int_equal(invite_make(&again, &read), GMM_OK);
    assert_int_equal(again.len, out.len);
    assert_memory_equal(again.p, out.p, out.len);
    buffer_close_wiped(&again);
    invite_close(&read);
    static const struct invite wiped;
    assert_memory_equal(&read, &wiped, sizeof read);
}

static void round_trips(void **state)
{
    (void)state;
    check_round_trip();
    invite.for_id[0] = '\0';
    invite.address_count = 0;
    check_round_trip();
    memcpy(invite.office, "co-dhaka", 9); /* a second office of the inviter's participant */
    invite.pid = inviter.pid;
    check_round_trip();
}

static void largest(void **state)
{
    (void)state;
    memset(invite.network, 'n', LIMIT_NAME_TEXT);
    memset(invite.inviter_id, 'i', LIMIT_PARTICIPANT_ID);
    memset(invite.inviter_office, 'o', LIMIT_OFFICE_TEXT);
    memset(invite.for_id, 'f', LIMIT_PARTICIPANT_ID);
    memset(invite.office, 'o', LIMIT_OFFICE_TEXT);
    invite.pid = inviter.pid;
    invite.expires_ms = IDENTITY_TIME_MS_MAX;
    invite.address_count = LIMIT_ADDRESSES;
    for (size_t i = 0; i < LIMIT_ADDRESSES; i++) {
        memset(invite.addresses[i], 'h', LIMIT_ADDRESS_TEXT);
        memcpy(invite.addresses[i] + LIMIT_ADDRESS_TEXT - 6, ":65535", 7);
    }
    check_round_trip();
}

static void refused(void **state)
{
    (void)state;
    const struct invite good = invite;
    const struct gmm_id zero = {{0}};
#define REFUSED(change, code)                                                                                          \
    do {                                                                                                               \
        invite = good;                                                                                                 \
        change;                                                                                                        \
        assert_int_equal(make(), code);                                                                                \
        assert_int_equal(out.len, 0);                                                                                  \
    } while (0)
    REFUSED(invite.network[0] = '\0', GMM_EFORMAT);
    REFUSED(invite.network[0] = '\r', GMM_EFORMAT);
    REFUSED(invite.inviter_id[0] = '\0', GMM_EFORMAT);
    REFUSED(invite.inviter_office[0] = '\0', GMM_EFORMAT);
    REFUSED(invite.for_id[0] = 'U', GMM_EFORMAT);
    REFUSED(invite.office[0] = 'o', GMM_EFORMAT);   /* without a pid */
    REFUSED(invite.pid = inviter.pid, GMM_EFORMAT); /* without an office */
    REFUSED((invite.pid = inviter.pid, invite.office[0] = '-'), GMM_EFORMAT);
    REFUSED(invite.expires_ms = IDENTITY_TIME_MS_MAX + 1, GMM_EFORMAT);
    REFUSED(invite.addresses[0][0] = '/', GMM_EFORMAT);
    REFUSED(invite.address_count = 9, GMM_ELIMIT);
    REFUSED(invite.sign_pk = zero, GMM_EKEY);
    REFUSED(invite.noise_pk = zero, GMM_EKEY);
#undef REFUSED
}

static void strict(void **state)
{
    (void)state;
    struct invite read;
    static const struct invite wiped;
    assert_int_equal(make(), GMM_OK);
    for (size_t n = 0; n < out.len; n++) {
        assert_int_equal(invite_open(&read, out.p, n), GMM_EFORMAT);
        assert_memory_equal(&read, &wiped, sizeof read);
    }
    buffer_put_u8(&out, 0);
    assert_int_equal(invite_open(&read, out.p, out.len), GMM_EFORMAT);
    out.p[0] = 2;
    assert_int_equal(invite_open(&read, out.p, out.len), GMM_EVERSION);
    memset(&read, 1, sizeof read);
    static const uint8_t long_one[INVITE_BYTES_MAX + 1] = {1};
    assert_int_equal(invite_open(&read, long_one, sizeof long_one), GMM_EFORMAT);
    assert_memory_equal(&read, &wiped, sizeof read);
}

static void id_is_as_defined(void **state)
{
    (void)state;
    uint8_t id[CARD_INVITE_ID_BYTES];
    struct gmm_id whole;
    invite_id(id, invite.secret);
    hash_h(&whole, LABEL_INVITE_ID, invite.secret, 32);
    assert_memory_equal(id, whole.b, sizeof id);
}

static void without_memory_or_room(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        buffer_close_wiped(&out);
        failmalloc_at(i);
        enum gmm_err err = invite_make(&out, &invite);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_int_equal(out.len, 0);
    }
    struct buffer tight;
    buffer_init(&tight, out.len - 1);
    assert_int_equal(invite_make(&tight, &invite), GMM_ELIMIT);
    assert_int_equal(tight.len, 0);
    buffer_close_wiped(&tight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trips, setup, teardown),
        cmocka_unit_test_setup_teardown(largest, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(strict, setup, teardown),
        cmocka_unit_test_setup_teardown(id_is_as_defined, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_or_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
