#include "proto/offices.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/world.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

static struct world w;
static struct offices o;
static const struct gmm_id *pid; /* of the founder */

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    memset(&o, 0, sizeof o);
    pid = &w.charter.founder_pid;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    offices_close(&o);
    world_close(&w);
    return 0;
}

static void refresh(void)
{
    offices_close(&o);
    assert_int_equal(offices_make(&o, w.directory), GMM_OK);
}

static uint64_t day(unsigned n)
{
    return WORLD_START_MS + n * DAY_MS;
}

/* A certificate for an office's keys with a serial, a role set and a first and last day. */
static struct gmm_id issue(unsigned office, uint64_t serial, uint16_t roles, unsigned from, unsigned until)
{
    struct certificate cert;
    struct gmm_id hash;
    world_certificate(&w, office, &cert);
    cert.serial = serial;
    cert.roles = roles;
    cert.not_before_ms = day(from);
    cert.not_after_ms = day(until);
    world_issue(&w, w.offices[office].participant, &cert, &hash);
    return hash;
}

static uint64_t serial_of(const struct office_cert *c)
{
    return c == NULL ? 0 : c->cert->serial;
}

static void renewals(void **state)
{
    (void)state;
    const struct gmm_id *key = &w.offices[0].sign_pk;
    size_t count;
    issue(0, 5, 0, 10, 20);
    issue(0, 3, 0, 30, 40);
    refresh();
    assert_int_equal(o.count, 3);
    offices_of_key(&o, key, &count);
    assert_int_equal(count, 3);
    offices_of_key(&o, &w.nid, &count);
    assert_int_equal(count, 0);
    assert_int_equal(serial_of(offices_at(&o, key, pid, day(0) - 1)), 0);
    assert_int_equal(serial_of(offices_at(&o, key, pid, day(0))), 1);
    assert_int_equal(serial_of(offices_at(&o, key, pid, day(10))), 5);
    assert_int_equal(serial_of(offices_at(&o, key, pid, day(35))), 5); /* the higher serial, though over */
    assert_null(offices_at(&o, key, &w.nid, day(10)));
    assert_int_equal(serial_of(offices_ruling(&o, pid, "hq", day(10))), 5);
    assert_null(offices_ruling(&o, pid, "h", day(10)));
    assert_null(offices_ruling(&o, pid, "hq2", day(10)));
}

/* "Two different certificates of one participant with one serial are both void." */
static void equal_serials(void **state)
{
    (void)state;
    const struct gmm_id *key = &w.offices[0].sign_pk;
    const struct office_cert *first;
    unsigned other = world_office(&w, 0, "geneva");
    issue(other, 1, 0, 0, 9);
    refresh();
    assert_true(o.certs[0].voided && o.certs[1].voided);
    assert_null(offices_at(&o, key, pid, day(1)));
    assert_null(offices_ruling(&o, pid, "hq", day(1)));
    assert_null(offices_deciding(&o, pid, day(1)));
    assert_false(offices_certified(&o, pid, &first));
    assert_null(first);
    issue(0, 2, 0, 0, 9);
    refresh();
    assert_int_equal(serial_of(offices_at(&o, key, pid, day(1))), 2);
    assert_true(offices_certified(&o, pid, &first));
    assert_int_equal(serial_of(first), 2);
    /* serials count a participant: another's are its own */
    unsigned iom = world_participant(&w, "iom", IDENTITY_MEMBER);
    world_certified(&w, iom, "hq", 0);
    refresh();
    assert_true(offices_certified(&o, &w.participants[iom].pid, &first));
}

static void other_key_for_an_office(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned spare = world_office(&w, 0, "spare");
    world_certificate(&w, spare, &cert);
    memcpy(cert.office, "hq", 3);
    cert.not_before_ms = day(5);
    world_issue(&w, 0, &cert, NULL);
    refresh();
    assert_true(id_equal(&offices_ruling(&o, pid, "hq", day(4))->cert->sign_pk, &w.offices[0].sign_pk));
    assert_true(id_equal(&offices_ruling(&o, pid, "hq", day(5))->cert->sign_pk, &w.offices[spare].sign_pk));
}

/* "Ruling, and not revoked at or before t, the highest serial." */
static void who_decides(void **state)
{
    (void)state;
    unsigned b = world_office(&w, 0, "bangkok"), c = world_office(&w, 0, "cairo");
    issue(b, 4, CERTIFICATE_ROLE_DECIDE, 10, 20);
    issue(c, 6, CERTIFICATE_ROLE_VOTE, 0, 99);
    refresh();
    assert_int_equal(o.deciding_count, 2);
    assert_null(offices_deciding(&o, pid, day(0) - 1));
    assert_int_equal(serial_of(offices_deciding(&o, pid, day(9))), 1);
    assert_int_equal(serial_of(offices_deciding(&o, pid, day(10))), 4);
    assert_int_equal(serial_of(offices_deciding(&o, pid, day(20))), 4);
    assert_int_equal(serial_of(offices_deciding(&o, pid, day(21))), 1); /* over: the next one */
    issue(b, 7, 0, 15, 99);                                             /* renewed without the role */
    refresh();
    assert_int_equal(serial_of(offices_deciding(&o, pid, day(14))), 4);
    assert_int_equal(serial_of(offices_deciding(&o, pid, day(15))), 1);
    w.now_ms = day(30);
    world_revoke(&w, 0, UINT_MAX, NULL, 0);
    refresh();
    assert_int_equal(serial_of(offices_deciding(&o, pid, day(29))), 1);
    assert_null(offices_deciding(&o, pid, day(30)));
}

static struct revocation_cut cut(uint8_t group, uint64_t instance, uint64_t seq)
{
    struct revocation_cut c = {.instance = instance, .seq = seq};
    memset(c.group.b, group, sizeof c.group.b);
    return c;
}

static bool within(uint8_t group, uint64_t instance, uint64_t seq)
{
    const struct revocation_cut c = cut(group, instance, seq);
    struct run_key key = {.group = c.group, .author = w.offices[0].sign_pk, .instance = instance};
    return offices_within(offices_revoked(&o, &w.offices[0].sign_pk, pid), &key, seq);
}

static void cuts(void **state)
{
    (void)state;
    const struct revocation_cut named[] = {cut(0, 1, 9), cut(7, 2, 0), cut(7, 4, 5)};
    refresh();
    assert_null(offices_revoked(&o, &w.offices[0].sign_pk, pid));
    world_revoke(&w, 0, UINT_MAX, named, 3);
    refresh();
    assert_null(offices_revoked(&o, &w.offices[0].sign_pk, &w.nid));
    assert_true(within(0, 1, 0) && within(0, 1, 9) && !within(0, 1, 10));
    assert_true(within(7, 2, 0) && !within(7, 2, 1) && within(7, 4, 5) && !within(7, 4, 6));
    assert_true(!within(0, 0, 0) && !within(0, 2, 0) && !within(7, 3, 0) && !within(7, 5, 0) && !within(8, 1, 0));
}

/* Every revocation of a key holds: only logs that all name stand, up to the lowest cut. */
static void cuts_meet(void **state)
{
    (void)state;
    const struct revocation_cut a[] = {cut(0, 1, 9), cut(7, 2, 8), cut(9, 1, 1)};
    const struct revocation_cut b[] = {cut(0, 1, 4), cut(7, 2, 20), cut(8, 1, 1)};
    w.now_ms = day(9);
    world_revoke(&w, 0, UINT_MAX, a, 3);
    w.now_ms = day(8);
    world_revoke(&w, 0, UINT_MAX, b, 3);
    refresh();
    const struct office_revocation *r = offices_revoked(&o, &w.offices[0].sign_pk, pid);
    assert_int_equal(o.revocation_count, 1);
    assert_true(r->since_ms == day(8));
    assert_int_equal(r->cut_count, 2);
    assert_true(within(0, 1, 4) && !within(0, 1, 5) && within(7, 2, 8) && !within(7, 2, 9));
    assert_true(!within(9, 1, 0) && !within(8, 1, 0));
}

static bool revoked(unsigned office)
{
    const struct world_participant *p = &w.participants[w.offices[office].participant];
    return offices_revoked(&o, &w.offices[office].sign_pk, &p->pid) != NULL;
}

static void who_revokes(void **state)
{
    (void)state;
    unsigned a = world_certified(&w, 0, "accra", CERTIFICATE_ROLE_REVOKE);
    unsigned b = world_certified(&w, 0, "beirut", CERTIFICATE_ROLE_REVOKE);
    unsigned c = world_certified(&w, 0, "cairo", CERTIFICATE_ROLE_VOTE);
    unsigned iom = world_participant(&w, "iom", IDENTITY_MEMBER);
    unsigned other = world_certified(&w, iom, "hq", CERTIFICATE_ROLES_ALL);
    world_revoke(&w, 0, c, NULL, 0);     /* without the role */
    world_revoke(&w, 0, other, NULL, 0); /* of another participant */
    refresh();
    assert_int_equal(o.revocation_count, 0);
    world_revoke(&w, c, a, NULL, 0);
    refresh();
    assert_true(revoked(c) && !revoked(a) && !revoked(0));
    /* two that revoke each other are both revoked, and c stays so */
    world_revoke(&w, a, b, NULL, 0);
    world_revoke(&w, b, a, NULL, 0);
    refresh();
    assert_true(revoked(a) && revoked(b) && revoked(c));
    /* what an office signed that the root has revoked counts no more */
    world_revoke(&w, a, UINT_MAX, NULL, 0);
    refresh();
    assert_true(revoked(a) && !revoked(b) && !revoked(c));
}

/* "Signer is a root of pid's chain": any of it. */
static void later_roots_revoke(void **state)
{
    (void)state;
    uint8_t object[1 + IDENTITY_ROTATION_BYTES] = {DIRECTORY_ROTATION};
    const struct directory_object *added;
    struct identity_rotation r = {.nid = w.nid, .pid = *pid, .n = 1, .next_commit = w.nid};
    r.root_pk = w.participants[0].next_root_pk;
    struct revocation by_next = {.nid = w.nid, .pid = *pid, .sign_pk = w.offices[0].sign_pk, .signer = r.root_pk};
    struct buffer out;
    by_next.time_ms = day(1);
    buffer_init(&out, 4096);
    buffer_put_u8(&out, DIRECTORY_REVOCATION);
    assert_int_equal(revocation_make(&out, &by_next, w.participants[0].next_root_sk), GMM_OK);
    assert_int_equal(directory_add(w.directory, out.p, out.len, &added), GMM_OK);
    refresh();
    assert_false(revoked(0));
    assert_int_equal(identity_rotation_make(object + 1, &r, w.participants[0].next_root_sk), GMM_OK);
    assert_int_equal(directory_add(w.directory, object, sizeof object, &added), GMM_OK);
    refresh();
    assert_true(revoked(0));
    buffer_close(&out);
}

/* A thief of root 0 certifies and revokes: after the rotation only what it names stands, and nothing else claims a
 * serial. */
static void a_rotation_ends_what_it_does_not_name(void **state)
{
    (void)state;
    unsigned b = world_certified(&w, 0, "bangkok", CERTIFICATE_ROLE_REVOKE);
    struct certificate evil;
    struct gmm_id hash;
    uint8_t names[64 * 32], object[1 + IDENTITY_ROTATION_BYTES + sizeof names] = {DIRECTORY_ROTATION};
    uint16_t count = 0;
    for (size_t i = 0; i < directory_count(w.directory); i++)
        if (directory_at(w.directory, i)->kind == DIRECTORY_CERTIFICATE)
            memcpy(names + 32 * (size_t)count++, directory_at(w.directory, i)->hash.b, 32);
    assert_int_equal(count, 2);
    world_certificate(&w, b, &evil);
    evil.roles = CERTIFICATE_ROLE_DECIDE; /* the serial of bangkok's, other bytes */
    evil.serial = 1;
    world_issue(&w, 0, &evil, &hash);
    world_revoke(&w, b, UINT_MAX, NULL, 0);
    refresh();
    assert_true(revoked(b));
    assert_null(offices_deciding(&o, pid, day(100))); /* hq's certificate is void */

    struct identity_rotation r = {.nid = w.nid, .pid = *pid, .n = 1, .next_commit = w.nid};
    const struct directory_object *added;
    r.root_pk = w.participants[0].next_root_pk;
    r.standing = names;
    r.standing_count = count;
    assert_int_equal(identity_rotation_make(object + 1, &r, w.participants[0].next_root_sk), GMM_OK);
    assert_int_equal(directory_add(w.directory, object, 1 + identity_rotation_size(&r), &added), GMM_OK);
    refresh();
    assert_false(revoked(b));
    const struct office_cert *deciding = offices_deciding(&o, pid, day(100));
    assert_non_null(deciding);
    assert_true(id_equal(&deciding->sign_pk, &w.offices[0].sign_pk));
    /* what the thief goes on to sign comes to nothing either */
    evil.serial = 1000;
    world_issue(&w, 0, &evil, &hash);
    world_revoke(&w, 0, UINT_MAX, NULL, 0);
    refresh();
    assert_false(revoked(0));
    assert_true(id_equal(&offices_deciding(&o, pid, day(100))->sign_pk, &w.offices[0].sign_pk));
    assert_true(id_equal(&offices_ruling(&o, pid, "bangkok", day(100))->sign_pk, &w.offices[b].sign_pk));
}

static void memory_ends(void **state)
{
    (void)state;
    const struct revocation_cut named[] = {cut(0, 1, 9)};
    unsigned b = world_certified(&w, 0, "bangkok", CERTIFICATE_ROLE_REVOKE);
    world_revoke(&w, 0, UINT_MAX, named, 1);
    world_revoke(&w, 0, b, named, 1);
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = offices_make(&o, w.directory);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_true(o.certs == NULL && o.revocations == NULL && o.count == 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(renewals),    TEST(equal_serials), TEST(other_key_for_an_office),
        TEST(who_decides), TEST(cuts),          TEST(a_rotation_ends_what_it_does_not_name),
        TEST(cuts_meet),   TEST(who_revokes),   TEST(later_roots_revoke),
        TEST(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
