#include "proto/gate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/world.h"

static struct world w;
static struct logs *logs;
static struct run_key key; /* of ilo's log in "all" */
static struct gmm_id gid;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    logs = logs_new();
    world_gid_all(&w, &gid);
    world_log_of(&w, 0, &gid, &key);
    return logs == NULL;
}

static int teardown(void **state)
{
    (void)state;
    logs_free(logs);
    world_close(&w);
    return 0;
}

static void write_entries(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        world_append(&w, 0, &gid, HEADER_DOCUMENT, &i, sizeof i);
}

static enum gmm_err admit_run(uint64_t first, uint32_t count, struct admitted **out)
{
    struct verified_run *v = world_verified(&w, &key, first, count);
    enum gmm_err err = gate_admit(out, &v, logs, w.directory, w.now_ms);
    assert_true((v == NULL) == (err == GMM_OK || err == GMM_EEXISTS));
    assert_true((*out != NULL) == (err == GMM_OK));
    verified_run_free(v);
    return err;
}

static enum gmm_err admit(uint64_t first, uint32_t count)
{
    struct admitted *a;
    enum gmm_err err = admit_run(first, count, &a);
    admitted_free(a);
    return err;
}

static void in_order(void **state)
{
    (void)state;
    struct admitted *a;
    struct logs_head head;
    write_entries(10);
    assert_int_equal(admit(3, 2), GMM_EORDER);
    assert_null(logs_find(logs, &key));
    assert_int_equal(admit_run(0, 3, &a), GMM_OK);
    assert_int_equal(run_key_compare(admitted_key(a), &key), 0);
    assert_true(admitted_count(a) == 3 && admitted_first_seq(a) == 0);
    for (unsigned i = 0; i < 3; i++)
        assert_memory_equal(admitted_entry(a, i)->header, w.entries[i].header, HEADER_BYTES);
    assert_null(admitted_entry(a, 3));
    admitted_head(a, &head);
    assert_true(head.seq == 2 && id_equal(&head.id, &w.entries[2].id));
    assert_true(head.time == bytes_load_u64(w.entries[2].header + HEADER_TIME_AT));
    assert_memory_equal(head.sig, admitted_sig(a), HASH_SIG_BYTES);
    assert_int_equal(run_head_verify(head.sig, &w.nid, &key, 2, &head.id), GMM_OK);
    admitted_free(a);
    admitted_free(NULL);
    const struct logs_log *log = logs_find(logs, &key);
    assert_true(log->admitted.seq == 2 && id_equal(&log->admitted.id, &head.id) && log->persisted.seq == LOGS_NO_SEQ);
    assert_int_equal(admit(4, 2), GMM_EORDER);
    assert_int_equal(admit(3, 2), GMM_OK);
    assert_true(log->admitted.seq == 4);
}

/* "A run that overlaps is trimmed to what is new." */
static void trimmed(void **state)
{
    (void)state;
    struct admitted *a;
    write_entries(10);
    assert_int_equal(admit(0, 5), GMM_OK);
    assert_int_equal(admit(0, 5), GMM_EEXISTS);
    assert_int_equal(admit(4, 1), GMM_EEXISTS);
    assert_int_equal(admit(0, 2), GMM_EEXISTS);
    assert_int_equal(admit_run(3, 5, &a), GMM_OK);
    assert_true(admitted_first_seq(a) == 5 && admitted_count(a) == 3);
    assert_memory_equal(admitted_entry(a, 0)->header, w.entries[5].header, HEADER_BYTES);
    assert_null(admitted_entry(a, 3));
    admitted_free(a);
    assert_true(logs_find(logs, &key)->admitted.seq == 7);
}

static void author_unknown(void **state)
{
    (void)state;
    unsigned iom = world_participant(&w, "iom", IDENTITY_MEMBER), office = world_office(&w, iom, "hq");
    struct certificate cert;
    world_append(&w, office, &gid, HEADER_DOCUMENT, "x", 1);
    world_log_of(&w, office, &gid, &key);
    assert_int_equal(admit(0, 1), GMM_EUNKNOWN);
    assert_int_equal(logs_count(logs), 0);
    world_certificate(&w, office, &cert);
    cert.not_after_ms = cert.not_before_ms + 1; /* expired long ago: effect, not integrity */
    world_issue(&w, iom, &cert, NULL);
    assert_int_equal(admit(0, 1), GMM_OK);
}

/* Two writers with one key: the second's entry at a seq that is held. */
static void forks(void **state)
{
    (void)state;
    struct world twin;
    struct verified_run *v;
    struct admitted *a;
    world_open(&twin, NULL);
    write_entries(4);
    for (unsigned i = 0; i < 6; i++) /* parts at entry 2 */
        world_append(&twin, 0, &gid, HEADER_DOCUMENT, i < 2 ? (const void *)&i : "other", sizeof i);
    assert_int_equal(admit(0, 4), GMM_OK);
    /* it covers our head with another entry */
    v = world_verified(&twin, &key, 0, 6);
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, twin.now_ms), GMM_EFORK);
    assert_non_null(v);
    verified_run_free(v);
    /* it continues another entry than our head */
    v = world_verified(&twin, &key, 4, 2);
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, twin.now_ms), GMM_EFORK);
    verified_run_free(v);
    world_close(&twin);
    /* a log marked as forked takes nothing more, even what continues it */
    write_entries(1);
    logs_find(logs, &key)->forked = true;
    logs_find(logs, &key)->end = 4;
    assert_int_equal(admit(4, 1), GMM_EFORK);
    logs_find(logs, &key)->forked = false;
    assert_int_equal(admit(4, 1), GMM_OK);
}

/* "No entry lies more than 5 minutes ahead of the receiver's clock": the caller asks again when it is due. */
static void ahead_of_us(void **state)
{
    (void)state;
    struct admitted *a;
    write_entries(2);
    uint64_t last_ms = header_time_ms(bytes_load_u64(w.entries[1].header + HEADER_TIME_AT));
    struct verified_run *v = world_verified(&w, &key, 0, 2);
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, last_ms - LIMIT_FUTURE_MS - 1), GMM_EFUTURE);
    assert_non_null(v);
    assert_null(logs_find(logs, &key));
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, last_ms - LIMIT_FUTURE_MS), GMM_OK);
    admitted_free(a);
}

/* A later run whose time does not rise above the head's, made and signed well otherwise. */
static void time_goes_back(void **state)
{
    (void)state;
    struct header h;
    uint8_t header[HEADER_BYTES], sig[HASH_SIG_BYTES];
    struct gmm_id id;
    struct run *run;
    struct verified_run *v;
    struct admitted *a;
    write_entries(2);
    assert_int_equal(admit(0, 1), GMM_OK);
    header_decode(&h, w.entries[1].header);
    h.time = bytes_load_u64(w.entries[0].header + HEADER_TIME_AT);
    header_encode(header, &h);
    header_id(&id, header);
    run_head_sign(sig, w.offices[0].sign_sk, &w.nid, &key, 1, &id);
    struct run_source row = {header, w.entries[1].body, w.entries[1].len};
    assert_int_equal(run_make(&run, &row, 1, sig), GMM_OK);
    assert_int_equal(run_verify(&v, &run, &w.nid), GMM_OK);
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, w.now_ms), GMM_EFORMAT);
    verified_run_free(v);
    assert_int_equal(admit(1, 1), GMM_OK);
}

static void too_many_instances(void **state)
{
    (void)state;
    for (w.instance = 0; w.instance < LIMIT_INSTANCES; w.instance++) {
        world_append(&w, 0, &gid, HEADER_DOCUMENT, "x", 1);
        world_log_of(&w, 0, &gid, &key);
        assert_int_equal(admit(0, 1), GMM_OK);
    }
    write_entries(1);
    world_log_of(&w, 0, &gid, &key);
    assert_int_equal(admit(0, 1), GMM_ELIMIT);
    /* the ones that are open go on; another group and a closed instance leave room */
    w.instance = 3;
    write_entries(1);
    world_log_of(&w, 0, &gid, &key);
    assert_int_equal(admit(1, 1), GMM_OK);
    logs_find(logs, &key)->closed = true;
    w.instance = LIMIT_INSTANCES;
    world_log_of(&w, 0, &gid, &key);
    assert_int_equal(admit(0, 1), GMM_OK);
}

static struct verified_run *without_body(uint64_t first, uint32_t count, uint32_t which)
{
    struct verified_run *v;
    struct run *run = world_run(&w, &key, first, count);
    run->entries[which].body = NULL;
    assert_int_equal(run_verify(&v, &run, &w.nid), GMM_OK);
    return v;
}

static void bodies_that_may_not_be_absent(void **state)
{
    (void)state;
    struct admitted *a;
    struct verified_run *v;
    write_entries(1);
    world_append(&w, 0, &gid, HEADER_EPOCH_BAD, "x", 1);
    world_append(&w, 0, &gid, HEADER_DOCUMENT, "x", 1);
    v = without_body(0, 3, 1);
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, w.now_ms), GMM_EABSENT);
    verified_run_free(v);
    v = without_body(0, 3, 0);
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, w.now_ms), GMM_OK);
    assert_null(admitted_entry(a, 0)->body);
    admitted_free(a);
    /* what is held already may come without it */
    world_append(&w, 0, &gid, HEADER_DOCUMENT, "x", 1);
    v = without_body(0, 4, 1);
    assert_int_equal(gate_admit(&a, &v, logs, w.directory, w.now_ms), GMM_OK);
    assert_true(admitted_count(a) == 1);
    admitted_free(a);
}

static void memory_ends(void **state)
{
    (void)state;
    struct admitted *a = NULL;
    write_entries(2);
    struct verified_run *v = world_verified(&w, &key, 0, 2);
    for (long i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = gate_admit(&a, &v, logs, w.directory, w.now_ms);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_true(v != NULL && a == NULL);
        assert_true(logs_find(logs, &key) == NULL || logs_find(logs, &key)->admitted.seq == LOGS_NO_SEQ);
    }
    admitted_free(a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(in_order),    TEST(trimmed),        TEST(author_unknown),     TEST(forks),
        TEST(ahead_of_us), TEST(time_goes_back), TEST(too_many_instances), TEST(bodies_that_may_not_be_absent),
        TEST(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
