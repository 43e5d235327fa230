/* Whatever is altered is found, and named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/keyfile.h"
#include "node/store_private.h"
#include "tests/lib/logbook.h"
#include "tests/lib/tempdir.h"

#define COUNT 300u /* one block of 256 and more */

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];
static struct logbook book;
static struct store *store;
static struct gmm_id ids[COUNT];
static uint8_t headers[COUNT][HEADER_BYTES], bodies[COUNT][200], sig_255[HASH_SIG_BYTES];

static void put(unsigned author, uint8_t group, uint32_t count)
{
    struct admitted *run = logbook_next(&book, author, group, count, 200);
    for (uint32_t i = 0; i < count && author == 0 && group == 5; i++) {
        uint64_t seq = admitted_first_seq(run) + i;
        ids[seq] = admitted_entry(run, i)->id;
        memcpy(headers[seq], admitted_entry(run, i)->header, HEADER_BYTES);
        memcpy(bodies[seq], admitted_entry(run, i)->body, 200);
        if (seq == 255)
            memcpy(sig_255, admitted_sig(run), sizeof sig_255);
    }
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_run(store, run, 1), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    admitted_free(run);
}

static int make(void **state)
{
    (void)state;
    static const uint8_t name[16] = "a store's own id";
    tempdir_make(folder);
    tempdir_join(path, folder, "store.db");
    logbook_open(&book);
    if (store_open(&store, path, false, name, NULL) != GMM_OK)
        return -1;
    const struct directory_object *charter = directory_find(book.directory, &book.charter_hash);
    if (store_put_object(store, &book.charter_hash, charter->bytes, charter->len) != GMM_OK)
        return -1;
    put(0, 5, 100);
    put(0, 5, 156);
    put(0, 5, COUNT - 256);
    put(1, 5, 20);
    put(0, 0, 3);
    return 0;
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

struct seen {
    unsigned count;
    char kind[16], reason[100];
    struct gmm_id id;
};

static void note(void *arg, const char *kind, const struct gmm_id *id, const char *reason)
{
    struct seen *seen = arg;
    if (seen->count++ > 0)
        return;
    snprintf(seen->kind, sizeof seen->kind, "%s", kind);
    snprintf(seen->reason, sizeof seen->reason, "%s", reason);
    seen->id = *id;
}

static struct seen check(void)
{
    struct seen seen = {.count = 0};
    uint64_t checked = 0;
    enum gmm_err err = store_check(store, &book.nid, NULL, &checked, note, &seen);
    if (err != GMM_OK)
        fail_msg("%s: %s", gmm_err_name(err), store_error(store));
    return seen;
}

static void one_fault(const char *kind, const struct gmm_id *id)
{
    struct seen seen = check();
    if (seen.count != 1 || strcmp(seen.kind, kind) != 0 || (id != NULL && !id_equal(&seen.id, id)))
        fail_msg("wanted one fault of %s, got %u, first %s: %s", kind, seen.count, seen.kind, seen.reason);
}

static void execute(const char *sql)
{
    char *error = NULL;
    if (sqlite3_exec(store->db, sql, NULL, NULL, &error) != SQLITE_OK)
        fail_msg("%s: %s", sql, error);
}

static void nothing_altered(void **state)
{
    (void)state;
    uint64_t checked = 0;
    struct seen seen = {.count = 0};
    assert_int_equal(store_check(store, &book.nid, NULL, &checked, note, &seen), GMM_OK);
    if (seen.count != 0)
        fail_msg("%s: %s", seen.kind, seen.reason);
    assert_int_equal(checked, COUNT + 20 + 3 + 1);
}

/* Log 1 is author 0 in group 5. */
#define KEY(seq) "((1 << 40) | " #seq ")"

static void alter_blob(const char *column, const void *bytes, size_t len, unsigned seq)
{
    char sql[100];
    sqlite3_stmt *stmt = NULL;
    snprintf(sql, sizeof sql, "UPDATE entry SET %s = ?1 WHERE key = (1 << 40) + %u", column, seq);
    assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_blob(stmt, 1, bytes, (int)len, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    assert_int_equal(sqlite3_changes(store->db), 1);
    sqlite3_finalize(stmt);
}

static void any_byte_of_a_header(void **state)
{
    (void)state;
    static const unsigned at[] = {0, 150, 255, COUNT - 1};
    for (unsigned i = 0; i < HEADER_BYTES; i++) {
        unsigned seq = at[i % 4];
        uint8_t bytes[HEADER_BYTES];
        memcpy(bytes, headers[seq], sizeof bytes);
        bytes[i] ^= (uint8_t)(1u << (i % 8));
        execute("SAVEPOINT s");
        alter_blob("header", bytes, sizeof bytes, seq);
        one_fault("header", &ids[seq]);
        execute("ROLLBACK TO s; RELEASE s");
    }
    assert_int_equal(check().count, 0);
}

static void a_body_and_a_signature(void **state)
{
    (void)state;
    uint8_t bytes[200];
    memcpy(bytes, bodies[42], sizeof bytes);
    bytes[199] ^= 0x80;
    alter_blob("body", bytes, sizeof bytes, 42);
    one_fault("body", &ids[42]);
    alter_blob("body", bodies[42], 199, 42);
    one_fault("body", &ids[42]);
    alter_blob("body", bodies[42], 200, 42);
    assert_int_equal(check().count, 0);
    memcpy(bytes, sig_255, HASH_SIG_BYTES);
    bytes[0] ^= 1;
    alter_blob("sig", bytes, HASH_SIG_BYTES, 255);
    one_fault("signature", &ids[255]);
    execute("UPDATE entry SET sig = NULL WHERE key = " KEY(255));
    one_fault("signature", &ids[255]);
    /* an absent body of a sealed type is "not held", and no fault */
    alter_blob("sig", sig_255, HASH_SIG_BYTES, 255);
    execute("UPDATE entry SET body = NULL WHERE key = " KEY(9));
    assert_int_equal(check().count, 0);
    /* of a plain type it is one */
    execute("UPDATE entry SET body = NULL WHERE type < 64 AND key & 1099511627775 = 1");
    one_fault("body", NULL);
}

static void entries_taken_away(void **state)
{
    (void)state;
    execute("SAVEPOINT s; DELETE FROM entry WHERE key = " KEY(100));
    one_fault("log", &ids[99]);
    execute("ROLLBACK TO s; DELETE FROM entry WHERE key >= " KEY(290) " AND key < (2 << 40)");
    one_fault("log", &ids[COUNT - 1]);
    execute("ROLLBACK TO s; DELETE FROM log WHERE no = 1");
    one_fault("log", &ids[0]);
    execute("ROLLBACK TO s; DELETE FROM entry WHERE key < (2 << 40)");
    one_fault("log", &ids[COUNT - 1]);
    execute("ROLLBACK TO s; RELEASE s");
    assert_int_equal(check().count, 0);
}

static void what_leads_to_entries(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *kind;
    } cases[] = {
        {"UPDATE entry SET id8 = id8 + 1 WHERE key = " KEY(7), "index"},
        {"UPDATE entry SET id8 = id8 + 1 WHERE key = " KEY(299), "index"},
        {"UPDATE entry SET type = 65 WHERE key = " KEY(7), "index"},
        {"UPDATE log SET head_seq = head_seq - 1 WHERE no = 1", "log"},
        {"UPDATE log SET head_seq = head_seq + 1 WHERE no = 1", "log"},
        {"UPDATE log SET head_id = zeroblob(32) WHERE no = 1", "log"},
        {"UPDATE log SET head_time = head_time + 1 WHERE no = 1", "log"},
        {"UPDATE log SET head_sig = zeroblob(64) WHERE no = 1", "signature"},
        {"UPDATE log SET head_sig = zeroblob(63) WHERE no = 1", "log"},
        {"UPDATE object SET bytes = zeroblob(9)", "certificate"},
        {"UPDATE object SET hash = zeroblob(32)", "charter"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        execute("SAVEPOINT s");
        execute(cases[i].sql);
        struct seen seen = check();
        if (seen.count != 1 || strcmp(seen.kind, cases[i].kind) != 0)
            fail_msg("%s: %u faults, first %s: %s", cases[i].sql, seen.count, seen.kind, seen.reason);
        execute("ROLLBACK TO s; RELEASE s");
    }
}

/* A rewritten history hashes well and has no signature. */
static void a_forged_entry(void **state)
{
    (void)state;
    struct header h;
    uint8_t bytes[HEADER_BYTES], id8[8];
    struct gmm_id id;
    char sql[120];
    assert_int_equal(header_decode(&h, headers[COUNT - 1]), GMM_OK);
    memset(bodies[COUNT - 1], 'x', 200);
    header_body_hash(&h.body_hash, bodies[COUNT - 1], 200);
    header_encode(bytes, &h);
    header_id(&id, bytes);
    memcpy(id8, id.b, 8);
    alter_blob("header", bytes, sizeof bytes, COUNT - 1);
    alter_blob("body", bodies[COUNT - 1], 200, COUNT - 1);
    snprintf(sql, sizeof sql, "UPDATE entry SET id8 = %lld WHERE key = " KEY(299), (long long)bytes_load_u64(id8));
    execute(sql);
    struct seen seen = check();
    assert_true(seen.count > 0);
    assert_string_equal(seen.kind, "signature");
    assert_true(id_equal(&seen.id, &id));
}

/* On the disk itself, under SQLite. In a row stand header, signature, body. */
static void flipped_on_the_disk(void **state)
{
    (void)state;
    static const uint8_t name[16] = "";
    static const struct {
        unsigned seq, at;
        const char *kind;
    } cases[] = {{33, 113, "header"},
                 {33, HEADER_BYTES + 100, "body"},
                 {255, HEADER_BYTES + 63, "signature"},
                 {255, HEADER_BYTES + HASH_SIG_BYTES, "body"},
                 {299, 0, "header"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *file = NULL;
        size_t len = 0;
        store_close(store);
        store = NULL;
        assert_int_equal(keyfile_read(&file, &len, path, 64u << 20, 0, NULL), GMM_OK);
        uint8_t *at = memmem(file, len, headers[cases[i].seq], HEADER_BYTES);
        assert_non_null(at);
        at[cases[i].at] ^= 4;
        assert_int_equal(keyfile_replace(path, file, len, 0600, NULL), GMM_OK);
        assert_int_equal(store_open(&store, path, true, name, NULL), GMM_OK);
        one_fault(cases[i].kind, &ids[cases[i].seq]);
        store_close(store);
        store = NULL;
        at[cases[i].at] ^= 4;
        assert_int_equal(keyfile_replace(path, file, len, 0600, NULL), GMM_OK);
        keyfile_free(file, len);
        assert_int_equal(store_open(&store, path, false, name, NULL), GMM_OK);
        assert_int_equal(check().count, 0);
    }
}

/* A whole page of nonsense, each in turn: never a crash, never "all is well" where entries lay. */
static void pages_of_nonsense(void **state)
{
    (void)state;
    static const uint8_t name[16] = "";
    uint8_t *file = NULL;
    size_t len = 0;
    store_close(store);
    store = NULL;
    assert_int_equal(keyfile_read(&file, &len, path, 64u << 20, 0, NULL), GMM_OK);
    for (size_t page = 1; page < len / 16384; page++) {
        uint8_t kept[16384];
        memcpy(kept, file + page * 16384, sizeof kept);
        memset(file + page * 16384, 0xa5, sizeof kept);
        assert_int_equal(keyfile_replace(path, file, len, 0600, NULL), GMM_OK);
        memcpy(file + page * 16384, kept, sizeof kept);
        if (store_open(&store, path, true, name, NULL) == GMM_OK)
            assert_true(check().count > 0);
        store_close(store);
        store = NULL;
    }
    keyfile_free(file, len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_altered, make, drop),
        cmocka_unit_test_setup_teardown(any_byte_of_a_header, make, drop),
        cmocka_unit_test_setup_teardown(a_body_and_a_signature, make, drop),
        cmocka_unit_test_setup_teardown(entries_taken_away, make, drop),
        cmocka_unit_test_setup_teardown(what_leads_to_entries, make, drop),
        cmocka_unit_test_setup_teardown(a_forged_entry, make, drop),
        cmocka_unit_test_setup_teardown(flipped_on_the_disk, make, drop),
        cmocka_unit_test_setup_teardown(pages_of_nonsense, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
