#include "proto/directory.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/world.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static enum gmm_err add(const void *bytes, size_t len)
{
    const struct directory_object *object;
    return directory_add(w.directory, bytes, len, &object);
}

static enum gmm_err add_certificate(const struct certificate *cert, const uint8_t root_sk[64])
{
    struct buffer object;
    buffer_init(&object, 1 + CERTIFICATE_BYTES_MAX);
    buffer_put_u8(&object, DIRECTORY_CERTIFICATE);
    assert_int_equal(certificate_make(&object, cert, root_sk), GMM_OK);
    enum gmm_err err = add(object.p, object.len);
    buffer_close(&object);
    return err;
}

static enum gmm_err add_rotation(const struct identity_rotation *rotation, const uint8_t root_sk[64])
{
    uint8_t object[1 + IDENTITY_ROTATION_BYTES] = {DIRECTORY_ROTATION};
    assert_int_equal(identity_rotation_make(object + 1, rotation, root_sk), GMM_OK);
    return add(object, sizeof object);
}

/* The founder's first rotation, to the root that its pid commits to, committing to a root of the seed. */
static struct identity_rotation first_rotation(uint8_t next_seed)
{
    struct identity_rotation r = {.nid = w.nid, .pid = w.participants[0].pid, .n = 1};
    uint8_t sk[64], seed[32] = {next_seed};
    struct gmm_id next_pk;
    r.root_pk = w.participants[0].next_root_pk;
    identity_pair(&next_pk, sk, seed);
    identity_next_commit(&r.next_commit, &next_pk);
    return r;
}

static void charter_first(void **state)
{
    (void)state;
    struct directory *empty = directory_new();
    const struct directory_object *object, *charter = NULL;
    assert_non_null(empty);
    assert_null(directory_charter(empty));
    for (size_t i = 0; i < directory_count(w.directory); i++) {
        object = directory_at(w.directory, i);
        if (object->kind == DIRECTORY_CHARTER)
            charter = object;
        else
            assert_int_equal(directory_add(empty, object->bytes, object->len, &charter), GMM_EUNKNOWN);
    }
    for (size_t i = 0; i < directory_count(w.directory); i++)
        if (directory_at(w.directory, i)->kind == DIRECTORY_CHARTER)
            charter = directory_at(w.directory, i);
    assert_non_null(charter);
    assert_int_equal(directory_add(empty, charter->bytes, charter->len, &object), GMM_OK);
    assert_true(object->kind == DIRECTORY_CHARTER && id_equal(&object->hash, &charter->hash));
    assert_true(id_equal(&directory_charter(empty)->nid, &w.nid));
    directory_remove(empty, &charter->hash);
    assert_null(directory_charter(empty));
    assert_int_equal(directory_count(empty), 0);
    directory_free(empty);
    directory_free(NULL);
}

static void named_by_hash(void **state)
{
    (void)state;
    struct gmm_id hash, before = {{0}}, fingerprint, expected;
    struct hash all;
    struct directory *empty = directory_new();
    assert_non_null(empty);
    for (unsigned i = 0; i < 8; i++)
        world_certified(&w, 0, (const char *[]){"a", "b", "c", "d", "e", "f", "g", "h"}[i], 0);
    assert_int_equal(directory_count(w.directory), 10);
    hash_init(&all, LABEL_OBJECT);
    for (size_t i = 0; i < 10; i++) {
        const struct directory_object *o = directory_at(w.directory, i), *again;
        directory_hash(&hash, o->bytes, o->len);
        assert_true(id_equal(&hash, &o->hash) && id_compare(&before, &hash) < 0);
        assert_ptr_equal(directory_find(w.directory, &hash), o);
        assert_int_equal(directory_add(w.directory, o->bytes, o->len, &again), GMM_EEXISTS);
        assert_ptr_equal(again, o);
        hash_update(&all, hash.b, sizeof hash.b);
        before = hash;
    }
    assert_null(directory_at(w.directory, 10));
    hash.b[31] ^= 1;
    assert_null(directory_find(w.directory, &hash));
    directory_remove(w.directory, &hash); /* not there: nothing happens */
    assert_int_equal(directory_count(w.directory), 10);
    hash_final(&all, expected.b);
    directory_fingerprint(w.directory, &fingerprint);
    assert_true(id_equal(&fingerprint, &expected));
    directory_fingerprint(empty, &fingerprint);
    assert_true(id_is_zero(&fingerprint));
    directory_free(empty);
}

static void malformed(void **state)
{
    (void)state;
    uint8_t bytes[64] = {0};
    struct charter charter;
    struct buffer other;
    assert_int_equal(add(bytes, 0), GMM_EFORMAT);
    assert_int_equal(add(bytes, 1), GMM_EFORMAT);
    assert_int_equal(add(bytes, 64), GMM_EFORMAT);
    bytes[0] = DIRECTORY_VOUCH + 1;
    assert_int_equal(add(bytes, 64), GMM_EFORMAT);
    bytes[1] = 1;
    for (bytes[0] = DIRECTORY_CERTIFICATE; bytes[0] <= DIRECTORY_VOUCH; bytes[0]++)
        assert_int_equal(add(bytes, 64), GMM_EFORMAT);
    bytes[0] = DIRECTORY_CERTIFICATE;
    bytes[1] = 2;
    assert_int_equal(add(bytes, 64), GMM_EVERSION);
    /* a second charter is another network's */
    world_charter(&charter);
    charter.founder_root_pk = w.participants[0].root_pk;
    charter.founder_next_commit = w.participants[0].next_commit;
    charter.random[0]++;
    buffer_init(&other, 1 + CHARTER_BYTES_MAX);
    buffer_put_u8(&other, DIRECTORY_CHARTER);
    assert_int_equal(charter_make(&other, &charter, w.participants[0].root_sk), GMM_OK);
    assert_int_equal(add(other.p, other.len), GMM_ENETWORK);
    buffer_close(&other);
}

static void certificates(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned iom = world_participant(&w, "iom", IDENTITY_MEMBER), office = world_office(&w, iom, "hq");
    const struct gmm_id *key = &w.offices[office].sign_pk;
    assert_null(directory_author(w.directory, key));
    assert_null(directory_root(w.directory, &w.participants[iom].pid, 0));
    world_certificate(&w, office, &cert);
    cert.nid.b[0] ^= 1;
    assert_int_equal(add_certificate(&cert, w.participants[iom].root_sk), GMM_ENETWORK);
    world_certificate(&w, office, &cert);
    assert_int_equal(add_certificate(&cert, w.participants[iom].root_sk), GMM_OK);
    cert.serial = 7;
    assert_int_equal(add_certificate(&cert, w.participants[iom].root_sk), GMM_OK);
    cert.serial = 3;
    assert_int_equal(add_certificate(&cert, w.participants[iom].root_sk), GMM_OK);
    assert_true(directory_author(w.directory, key)->serial == 7);
    assert_true(id_equal(directory_root(w.directory, &cert.pid, 0), &cert.root_pk));
    assert_null(directory_root(w.directory, &cert.pid, 1));
    cert.root_n = 1;
    assert_int_equal(add_certificate(&cert, w.participants[iom].root_sk), GMM_EUNKNOWN);
}

/* One changed byte anywhere in an object, and it is not taken. */
static void every_byte_counts(void **state)
{
    (void)state;
    const struct directory_object *o = directory_at(w.directory, 0);
    struct directory *fresh = directory_new();
    const struct directory_object *added;
    uint8_t *bytes;
    size_t charter = directory_at(w.directory, 0)->kind == DIRECTORY_CHARTER ? 0 : 1;
    assert_non_null(fresh);
    assert_int_equal(directory_add(fresh, directory_at(w.directory, charter)->bytes,
                                   directory_at(w.directory, charter)->len, &added),
                     GMM_OK);
    o = directory_at(w.directory, 1 - charter);
    bytes = malloc(o->len);
    assert_non_null(bytes);
    memcpy(bytes, o->bytes, o->len);
    for (size_t i = 0; i < o->len; i++) {
        bytes[i] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(directory_add(fresh, bytes, o->len, &added), GMM_OK);
        assert_null(added);
        bytes[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(directory_count(fresh), 1);
    assert_int_equal(directory_add(fresh, bytes, o->len, &added), GMM_OK);
    free(bytes);
    directory_free(fresh);
}

static void rotations(void **state)
{
    (void)state;
    struct identity_rotation first = first_rotation(9), second, wrong;
    struct certificate cert;
    uint8_t second_sk[64], other_sk[64], seed[32] = {9}, other_seed[32] = {10};
    const struct gmm_id *pid = &w.participants[0].pid;
    second = first;
    second.n = 2;
    identity_pair(&second.root_pk, second_sk, seed);
    assert_int_equal(add_rotation(&second, second_sk), GMM_EUNKNOWN); /* the first is not held */
    wrong = first;
    identity_pair(&wrong.root_pk, other_sk, other_seed);
    assert_int_equal(add_rotation(&wrong, other_sk), GMM_EKEY); /* not the key committed to */
    wrong.pid.b[0] ^= 1;
    assert_int_equal(add_rotation(&wrong, other_sk), GMM_EUNKNOWN); /* of nobody */
    assert_int_equal(add_rotation(&first, w.participants[0].next_root_sk), GMM_OK);
    assert_true(id_equal(directory_root(w.directory, pid, 1), &first.root_pk));
    assert_true(id_equal(&directory_rotation(w.directory, pid, 1)->next_commit, &first.next_commit));
    assert_null(directory_rotation(w.directory, pid, 2));
    wrong = second;
    wrong.root_pk = first.root_pk;
    assert_int_equal(add_rotation(&wrong, w.participants[0].next_root_sk), GMM_EUNKNOWN);
    assert_int_equal(add_rotation(&second, second_sk), GMM_OK);
    assert_true(id_equal(directory_root(w.directory, pid, 2), &second.root_pk));
    wrong = second;
    wrong.n = LIMIT_ROOT_ROTATIONS + 1;
    assert_int_equal(add_rotation(&wrong, second_sk), GMM_ELIMIT);

    /* a certificate of a later root names that root and its commitment */
    world_certificate(&w, 0, &cert);
    cert.root_n = 2;
    cert.root_pk = second.root_pk;
    assert_int_equal(add_certificate(&cert, second_sk), GMM_EUNKNOWN);
    cert.next_commit = second.next_commit;
    assert_int_equal(add_certificate(&cert, second_sk), GMM_OK);
    cert.root_n = 1;
    cert.serial++;
    assert_int_equal(add_certificate(&cert, second_sk), GMM_EUNKNOWN);
}

/* Two rotations to one root that commit to different next ones: both are kept, the smaller hash is shown. */
static void rotations_that_part(void **state)
{
    (void)state;
    struct identity_rotation a = first_rotation(9), b = first_rotation(10), third;
    const struct gmm_id *pid = &w.participants[0].pid;
    struct gmm_id shown;
    uint8_t sk[64];
    for (uint8_t i = 9; i <= 10; i++) {
        const struct identity_rotation r = first_rotation(i);
        assert_int_equal(add_rotation(&r, w.participants[0].next_root_sk), GMM_OK);
    }
    shown = directory_rotation(w.directory, pid, 1)->next_commit;
    assert_true(id_equal(&shown, &a.next_commit) || id_equal(&shown, &b.next_commit));
    for (uint8_t i = 9; i <= 10; i++) { /* either goes on */
        uint8_t seed[32] = {i};
        third = a;
        third.n = 2;
        identity_pair(&third.root_pk, sk, seed);
        assert_int_equal(add_rotation(&third, sk), GMM_OK);
    }
}

static void revocations(void **state)
{
    (void)state;
    const struct revocation_cut cut = {.instance = 4, .seq = 9};
    size_t before = directory_count(w.directory);
    world_revoke(&w, 0, UINT_MAX, &cut, 1);
    world_revoke(&w, 0, 0, NULL, 0);
    assert_int_equal(directory_count(w.directory), before + 2);
    for (size_t i = before + 2; i > 0; i--)
        if (directory_at(w.directory, i - 1)->kind == DIRECTORY_REVOCATION) {
            const struct gmm_id hash = directory_at(w.directory, i - 1)->hash;
            directory_remove(w.directory, &hash);
        }
    assert_int_equal(directory_count(w.directory), before);
}

static void removed(void **state)
{
    (void)state;
    struct gmm_id hash;
    struct certificate cert;
    struct identity_rotation rotation = first_rotation(9);
    world_certificate(&w, 0, &cert);
    cert.serial = 9;
    world_issue(&w, 0, &cert, &hash);
    assert_true(directory_author(w.directory, &cert.sign_pk)->serial == 9);
    directory_remove(w.directory, &hash);
    assert_true(directory_author(w.directory, &cert.sign_pk)->serial == 1);
    assert_null(directory_find(w.directory, &hash));
    assert_int_equal(add_rotation(&rotation, w.participants[0].next_root_sk), GMM_OK);
    for (size_t i = 0; i < directory_count(w.directory); i++)
        if (directory_at(w.directory, i)->kind == DIRECTORY_ROTATION)
            hash = directory_at(w.directory, i)->hash;
    directory_remove(w.directory, &hash);
    assert_null(directory_root(w.directory, &w.participants[0].pid, 1));
}

static void memory_ends(void **state)
{
    (void)state;
    size_t count = directory_count(w.directory);
    const struct directory_object *objects[8], *added;
    world_revoke(&w, 0, UINT_MAX, (const struct revocation_cut[]){{.instance = 1}, {.instance = 2}}, 2);
    const struct identity_rotation rotation = first_rotation(9);
    assert_int_equal(add_rotation(&rotation, w.participants[0].next_root_sk), GMM_OK);
    count += 2;
    assert_true(count == 4);
    size_t charter = 0;
    for (size_t i = 0; i < count; i++) {
        objects[i] = directory_at(w.directory, i);
        if (objects[i]->kind == DIRECTORY_CHARTER)
            charter = i;
    }
    objects[7] = objects[0];
    objects[0] = objects[charter];
    objects[charter] = objects[7];
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = GMM_ENOMEM;
        struct directory *fresh = directory_new();
        for (size_t k = 0; fresh != NULL && k < count; k++) {
            err = directory_add(fresh, objects[k]->bytes, objects[k]->len, &added);
            if (err == GMM_ENOMEM)
                break;
            assert_int_equal(err, GMM_OK);
        }
        bool failed = failmalloc_off();
        directory_free(fresh);
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(charter_first), TEST(named_by_hash),       TEST(malformed),   TEST(certificates), TEST(every_byte_counts),
        TEST(rotations),     TEST(rotations_that_part), TEST(revocations), TEST(removed),      TEST(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
