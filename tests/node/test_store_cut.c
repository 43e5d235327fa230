/* Forked logs in the store: proofs, and logs that are cut back to where another branch is kept. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/logbook.h"
#include "tests/lib/tempdir.h"
#include "tests/lib/twin.h"

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];
static struct logbook book;
static struct store *store;
static const uint8_t name[16] = "a store's own id";

static int make(void **state)
{
    (void)state;
    tempdir_make(folder);
    tempdir_join(path, folder, "store.db");
    logbook_open(&book);
    return store_open(&store, path, false, name, NULL);
}

static int drop(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    logbook_close(&book);
    tempdir_remove(folder);
    return 0;
}

static void put(unsigned author, uint32_t count, uint64_t arrival)
{
    struct admitted *run = logbook_next(&book, author, 5, count, 60);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_put_run(store, run, arrival), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    admitted_free(run);
}

static void cut(uint64_t from)
{
    struct run_key key = logbook_key(&book, 0, 5);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_cut_log(store, &key, from), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
}

struct found {
    unsigned logs;
    struct logs_head head; /* of author 0's */
    uint64_t arrival;
};

static enum gmm_err see_log(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                            bool closed)
{
    struct found *found = arg;
    struct run_key mine = logbook_key(&book, 0, 5);
    (void)closed;
    found->logs++;
    if (run_key_compare(key, &mine) == 0) {
        found->head = *head;
        found->arrival = arrival;
    }
    return GMM_OK;
}

static struct found look(void)
{
    struct found found = {.logs = 0};
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(&store, path, false, name, NULL), GMM_OK);
    assert_int_equal(store_each_log(store, see_log, &found), GMM_OK);
    return found;
}

static struct run *load(uint64_t from, uint64_t to, bool headers, bool exact)
{
    struct run_key key = logbook_key(&book, 0, 5);
    struct run *run = NULL;
    enum gmm_err err = store_load_part(store, &key, from, to, SIZE_MAX, headers, exact, &run);
    assert_true((err == GMM_OK) == (run != NULL) && (err == GMM_OK || err == GMM_ENOTFOUND));
    return run;
}

static enum gmm_err count_one(void *arg, const struct gmm_id *id, const void *bytes, size_t len)
{
    (void)id;
    (void)bytes;
    (void)len;
    ++*(unsigned *)arg;
    return GMM_OK;
}

/* Heads at 9, 29; cut inside a stretch, at a head, to nothing. */
static void back_to_any_entry(void **state)
{
    (void)state;
    struct gmm_id peer = sample_id(9);
    unsigned cursors = 0;
    put(0, 10, 1);
    put(1, 4, 2);
    put(0, 20, 3);
    struct run *before = load(0, 29, true, false);
    assert_int_equal(store_put_cursor(store, &peer, "token", 5), GMM_OK);
    cut(30); /* nothing stands there */
    assert_int_equal(look().head.seq, 29);
    cut(20);
    struct found found = look();
    assert_true(found.logs == 2 && found.head.seq == 19 && found.arrival == 3);
    assert_true(id_equal(&found.head.id, &before->entries[19].id));
    assert_int_equal(found.head.time, bytes_load_u64(before->entries[19].header + HEADER_TIME_AT));
    assert_false(run_is_signed(found.head.sig));
    assert_int_equal(store_entry_count(store), 24);
    assert_int_equal(store_each_cursor(store, count_one, &cursors), GMM_OK);
    assert_int_equal(cursors, 0); /* what peers acknowledged holds no longer */
    cut(10);
    found = look();
    assert_true(found.head.seq == 9 && run_is_signed(found.head.sig));
    cut(0);
    assert_int_equal(look().logs, 1);
    assert_int_equal(store_entry_count(store), 4);
    run_free(before);
}

/* Another branch goes on from where the log was cut. */
static void another_branch_takes_its_place(void **state)
{
    (void)state;
    struct logbook other;
    put(0, 10, 1);
    put(0, 6, 2);
    logbook_open(&other); /* the same keys: what they write from entry 10 on is of another length */
    admitted_free(logbook_next(&other, 0, 5, 10, 60));
    struct admitted *branch = logbook_next(&other, 0, 5, 3, 61);
    assert_int_equal(store_begin(store, true), GMM_OK);
    struct run_key key = logbook_key(&book, 0, 5);
    assert_int_equal(store_cut_log(store, &key, 10), GMM_OK);
    assert_int_equal(store_put_run(store, branch, 7), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    struct found found = look();
    assert_true(found.head.seq == 12 && found.arrival == 7);
    assert_true(id_equal(&found.head.id, &admitted_entry(branch, 2)->id));
    admitted_free(branch);
    logbook_close(&other);
}

/* "All or nothing." */
static void undone_with_its_transaction(void **state)
{
    (void)state;
    struct run_key key = logbook_key(&book, 0, 5);
    put(0, 10, 1);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_cut_log(store, &key, 3), GMM_OK);
    store_rollback(store);
    assert_int_equal(look().head.seq, 9);
    struct run_key nobodys = logbook_key(&book, 3, 5);
    assert_int_equal(store_cut_log(store, &nobodys, 0), GMM_OK);
    assert_int_equal(store_raise_log(store, &nobodys, 8), GMM_OK);
    store_rollback(store);
}

static void a_new_arrival_number(void **state)
{
    (void)state;
    struct run_key key = logbook_key(&book, 0, 5);
    put(0, 10, 3);
    assert_int_equal(store_raise_log(store, &key, 8), GMM_OK);
    assert_int_equal(store_raise_log(store, &key, 5), GMM_OK); /* never backwards */
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(look().arrival, 8);
}

static void parts_of_runs(void **state)
{
    (void)state;
    put(0, 10, 1);
    put(0, 20, 2);
    assert_null(load(0, 8, false, false));
    struct run *run = load(0, 8, false, true);
    assert_true(run->count == 9 && !run_is_signed(run->sig) && run->entries[8].body != NULL);
    run_free(run);
    run = load(0, 9, true, true);
    assert_true(run->count == 10 && run_is_signed(run->sig) && run->entries[0].body == NULL);
    run_free(run);
    run = load(5, 5, true, true);
    assert_true(run->count == 1 && run->first_seq == 5);
    run_free(run);
    run = load(0, 300, true, true); /* no further than a block, to a head */
    assert_int_equal(run->count, 30);
    run_free(run);
    cut(15);
    run = load(10, 14, false, true);
    assert_true(run->count == 5 && !run_is_signed(run->sig));
    run_free(run);
    assert_null(load(10, 14, false, false));
}

static void nothing_at_all(void *arg, const char *kind, const struct gmm_id *id, const char *reason)
{
    (void)id;
    ++*(unsigned *)arg;
    printf("%s: %s\n", kind, reason);
}

/* A head that is not signed is damage, unless something is known that ends the log there. */
static void a_check_of_cut_logs(void **state)
{
    (void)state;
    uint64_t checked = 0;
    unsigned faults = 0;
    put(0, 10, 1);
    cut(5);
    struct run_key key = logbook_key(&book, 0, 5);
    assert_int_equal(store_check(store, &book.nid, NULL, &checked, nothing_at_all, &faults), GMM_OK);
    assert_int_equal(faults, 1);
    struct view_fork fork = {.log = key, .first_seq = 5, .end = 5};
    const struct view view = {.forks = &fork, .fork_count = 1};
    assert_int_equal(store_check(store, &book.nid, &view, &checked, nothing_at_all, &faults), GMM_OK);
    assert_int_equal(faults, 1);
}

static void proofs(void **state)
{
    (void)state;
    struct twin t;
    struct gmm_id all, hash;
    struct buffer bytes;
    struct fork_proof *proof;
    unsigned count = 0, faults = 0;
    uint64_t checked = 0;
    twin_open(&t);
    world_gid_all(&t.a, &all);
    twin_part(&t, 1, &all, 1, 1);
    twin_proof(&t, 1, &all, 0, 1, 1, &bytes);
    assert_int_equal(fork_open(&proof, &t.a.nid, bytes.p, bytes.len), GMM_OK);
    hash = proof->hash;
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(store_put_proof(store, &hash, bytes.p, bytes.len), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    look();
    assert_int_equal(store_each_proof(store, count_one, &count), GMM_OK);
    assert_int_equal(count, 1);
    assert_int_equal(store_check(store, &t.a.nid, NULL, &checked, nothing_at_all, &faults), GMM_OK);
    assert_int_equal(faults, 0);
    assert_int_equal(store_check(store, &book.nid, NULL, &checked, nothing_at_all, &faults), GMM_OK);
    assert_int_equal(faults, 1); /* of another network */
    assert_int_equal(store_drop_proof(store, &hash), GMM_OK);
    assert_int_equal(store_each_proof(store, count_one, &count), GMM_OK);
    assert_int_equal(count, 1);
    buffer_close(&bytes);
    free(proof);
    twin_close(&t);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(back_to_any_entry),
        TEST(another_branch_takes_its_place),
        TEST(undone_with_its_transaction),
        TEST(a_new_arrival_number),
        TEST(parts_of_runs),
        TEST(a_check_of_cut_logs),
        TEST(proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
