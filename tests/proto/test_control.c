#include "proto/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/epoch.h"
#include "keys/labels.h"
#include "tests/lib/world.h"

static struct world w;
static struct buffer body;
static unsigned iom_hq;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom_hq = world_certified(&w, world_participant(&w, "iom", IDENTITY_INTL_ORG), "hq", 0);
    buffer_init(&body, LIMIT_BODY_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

/* The five decoders behind one form. */
typedef enum gmm_err decode_fn(const void *bytes, size_t len);

static enum gmm_err decode_admit(const void *bytes, size_t len)
{
    struct control_admit out;
    return control_admit_decode(&out, &w.nid, bytes, len);
}

static enum gmm_err decode_wrapkey(const void *bytes, size_t len)
{
    struct gmm_id out;
    return control_wrapkey_decode(&out, bytes, len);
}

static enum gmm_err decode_epoch_bad(const void *bytes, size_t len)
{
    struct gmm_id out;
    return control_epoch_bad_decode(&out, bytes, len);
}

static enum gmm_err decode_group(const void *bytes, size_t len)
{
    struct control_group out;
    return control_group_decode(&out, bytes, len);
}

static enum gmm_err decode_members(const void *bytes, size_t len)
{
    struct control_members out;
    return control_members_decode(&out, bytes, len);
}

/* Cut at each length, one byte too long, another version: each is refused. */
static void assert_strict(decode_fn *decode)
{
    assert_int_equal(decode(body.p, body.len), GMM_OK);
    for (size_t n = 0; n < body.len; n++)
        assert_int_equal(decode(body.p, n), GMM_EFORMAT);
    buffer_put_u8(&body, 0);
    assert_int_equal(decode(body.p, body.len), GMM_EFORMAT);
    body.len--;
    body.p[0] = 2;
    assert_int_equal(decode(body.p, body.len), GMM_EVERSION);
    body.p[0] = 1;
}

static void admissions(void **state)
{
    (void)state;
    struct control_admit made, read;
    world_admission(&w, iom_hq, &made);
    assert_int_equal(control_admit_encode(&body, &made), GMM_OK);
    assert_int_equal(control_admit_decode(&read, &w.nid, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read.pid, &made.pid) && id_equal(&read.root_pk, &made.root_pk));
    assert_true(id_equal(&read.next_commit, &made.next_commit) && id_equal(&read.sign_pk, &made.sign_pk));
    assert_true(id_equal(&read.noise_pk, &made.noise_pk));
    assert_string_equal(read.id, "iom");
    assert_string_equal(read.name, "Participant iom");
    assert_int_equal(read.kind, IDENTITY_INTL_ORG);
    assert_memory_equal(read.join_signature, made.join_signature, HASH_SIG_BYTES);
    assert_strict(decode_admit);
}

static enum gmm_err decoded_admission(const struct control_admit *admit, const struct gmm_id *nid)
{
    struct control_admit read;
    buffer_close(&body);
    control_admit_encode(&body, admit);
    assert_int_equal(body.failed, GMM_OK);
    return control_admit_decode(&read, nid, body.p, body.len);
}

static void admissions_refused(void **state)
{
    (void)state;
    struct control_admit good, bad;
    struct gmm_id elsewhere = w.nid;
    elsewhere.b[0] ^= 1;
    world_admission(&w, iom_hq, &good);
    assert_int_equal(decoded_admission(&good, &w.nid), GMM_OK);
    assert_int_equal(decoded_admission(&good, &elsewhere), GMM_ESIGNATURE);
    bad = good;
    memcpy(bad.id, "IOM", 4);
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EFORMAT);
    bad = good;
    bad.name[0] = '\0';
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EFORMAT);
    bad.name[0] = '\n';
    bad.name[1] = '\0';
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EFORMAT);
    bad = good;
    bad.kind = 0;
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EFORMAT);
    bad.kind = IDENTITY_OBSERVER + 1;
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EFORMAT);
    bad = good;
    bad.pid.b[0] ^= 1;
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EKEY);
    bad = good;
    bad.next_commit.b[0] ^= 1;
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EKEY);
    bad = good;
    memset(&bad.noise_pk, 0, sizeof bad.noise_pk);
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EKEY);
    bad = good;
    memset(&bad.sign_pk, 0, sizeof bad.sign_pk);
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_EKEY);
    bad = good;
    bad.sign_pk = w.offices[0].sign_pk; /* somebody else's key did not sign */
    assert_int_equal(decoded_admission(&bad, &w.nid), GMM_ESIGNATURE);
    for (unsigned bit = 0; bit < 8 * HASH_SIG_BYTES; bit++) {
        bad = good;
        bad.join_signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(decoded_admission(&bad, &w.nid), GMM_ESIGNATURE);
    }
}

static void wrap_keys(void **state)
{
    (void)state;
    struct gmm_id read, low = {{0}};
    assert_int_equal(control_wrapkey_encode(&body, &w.offices[0].wrap_pk), GMM_OK);
    assert_int_equal(control_wrapkey_decode(&read, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read, &w.offices[0].wrap_pk));
    assert_strict(decode_wrapkey);
    buffer_close(&body);
    control_wrapkey_encode(&body, &low);
    assert_int_equal(decode_wrapkey(body.p, body.len), GMM_EKEY);
    body.p[1] = 1; /* the point with u = 1 is of low order as well */
    assert_int_equal(decode_wrapkey(body.p, body.len), GMM_EKEY);
}

static void complaints(void **state)
{
    (void)state;
    struct gmm_id read;
    assert_int_equal(control_epoch_bad_encode(&body, &w.nid), GMM_OK);
    assert_int_equal(control_epoch_bad_decode(&read, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read, &w.nid));
    assert_strict(decode_epoch_bad);
}

/* Ids that stand apart by number, in descending order and each twice. */
static uint16_t scrambled(struct gmm_id *out, uint16_t different)
{
    uint16_t count = 0;
    for (uint16_t i = different; i > 0; i--)
        for (unsigned twice = 0; twice < 2 && count < LIMIT_PARTICIPANTS; twice++) {
            memset(&out[count], 0, sizeof *out);
            bytes_store_u16(out[count++].b, i);
        }
    return count;
}

static void members(void **state)
{
    (void)state;
    struct control_members made, read;
    made.member_count = scrambled(made.members, 5);
    assert_int_equal(control_members_encode(&body, &made), GMM_OK);
    assert_int_equal(control_members_decode(&read, body.p, body.len), GMM_OK);
    assert_int_equal(read.member_count, 5);
    for (uint16_t i = 0; i < 5; i++)
        assert_int_equal(bytes_load_u16(read.members[i].b), i + 1);
    assert_strict(decode_members);
    /* the same names in another order, or one twice, are no other form */
    memcpy(body.p + 3, read.members[1].b, 32);
    memcpy(body.p + 35, read.members[0].b, 32);
    assert_int_equal(decode_members(body.p, body.len), GMM_EFORMAT);
    memcpy(body.p + 35, read.members[1].b, 32);
    assert_int_equal(decode_members(body.p, body.len), GMM_EFORMAT);
}

static void members_bounds(void **state)
{
    (void)state;
    struct control_members made, read;
    for (uint16_t i = 0; i < LIMIT_PARTICIPANTS; i++) {
        memset(&made.members[i], 0, 32);
        bytes_store_u16(made.members[i].b, i);
    }
    made.member_count = LIMIT_PARTICIPANTS;
    assert_int_equal(control_members_encode(&body, &made), GMM_OK);
    assert_int_equal(control_members_decode(&read, body.p, body.len), GMM_OK);
    assert_int_equal(read.member_count, LIMIT_PARTICIPANTS);
    for (unsigned i = 0; i < 32; i++)
        buffer_put_u8(&body, 0xff);
    bytes_store_u16(body.p + 1, LIMIT_PARTICIPANTS + 1);
    assert_int_equal(decode_members(body.p, body.len), GMM_EFORMAT);
    buffer_close(&body);
    made.member_count = LIMIT_PARTICIPANTS + 1;
    assert_int_equal(control_members_encode(&body, &made), GMM_ELIMIT);
    buffer_close(&body);
    made.member_count = 0;
    assert_int_equal(control_members_encode(&body, &made), GMM_OK);
    assert_int_equal(decode_members(body.p, body.len), GMM_EFORMAT); /* nobody named */
}

static void circles(void **state)
{
    (void)state;
    struct control_group made = {.kind = GROUP_CIRCLE, .history = 1}, read;
    memset(made.random, 0x3c, sizeof made.random);
    made.member_count = scrambled(made.members, 3);
    assert_int_equal(control_group_encode(&body, &made), GMM_OK);
    assert_int_equal(control_group_decode(&read, body.p, body.len), GMM_OK);
    assert_true(read.kind == GROUP_CIRCLE && read.history == 1 && read.member_count == 3);
    assert_memory_equal(read.random, made.random, sizeof made.random);
    assert_strict(decode_group);
    body.p[1] = GROUP_THEMATIC;
    assert_int_equal(decode_group(body.p, body.len), GMM_EFORMAT);
    body.p[1] = GROUP_CIRCLE;
    body.p[18] = 2;
    assert_int_equal(decode_group(body.p, body.len), GMM_EFORMAT);
    buffer_close(&body);
    made.member_count = 0; /* its creator alone */
    assert_int_equal(control_group_encode(&body, &made), GMM_OK);
    assert_int_equal(decode_group(body.p, body.len), GMM_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(admissions), TEST(admissions_refused), TEST(wrap_keys), TEST(complaints),
        TEST(members),    TEST(members_bounds),     TEST(circles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
