#include "node/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/lib/tempdir.h"

static struct {
    char folder[TEMPDIR_PATH], path[TEMPDIR_PATH + 16];
    sqlite3 *db;
    struct checkpoint *c;
} w;

static void run(const char *sql)
{
    if (sqlite3_exec(w.db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(w.db));
}

static int start(void **state)
{
    (void)state;
    tempdir_make(w.folder);
    snprintf(w.path, sizeof w.path, "%s/store.db", w.folder);
    assert_int_equal(sqlite3_open(w.path, &w.db), SQLITE_OK);
    run("PRAGMA page_size=1024; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE t(x BLOB)");
    assert_int_equal(checkpoint_new(&w.c, w.db), GMM_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    checkpoint_free(w.c);
    assert_int_equal(sqlite3_close(w.db), SQLITE_OK);
    tempdir_remove(w.folder);
    return 0;
}

/* One commit of about so many pages. */
static void commit(unsigned pages)
{
    char sql[160];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u) "
             "INSERT INTO t SELECT randomblob(900) FROM n",
             pages);
    run(sql);
    checkpoint_committed(w.c);
}

/* How the log is, as the file on the disk has it. */
static long long log_bytes(void)
{
    char name[sizeof w.path + 8];
    snprintf(name, sizeof name, "%s-wal", w.path);
    FILE *f = fopen(name, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long long size = ftell(f);
    fclose(f);
    return size;
}

/* What stands in the store itself, without its log. */
static sqlite3_int64 carried(void)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    char uri[sizeof w.path + 32];
    snprintf(uri, sizeof uri, "file:%s?immutable=1", w.path);
    assert_int_equal(sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL), SQLITE_OK);
    sqlite3_int64 count = 0;
    if (sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        count = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return count;
}

static void a_short_log_stays(void **state)
{
    (void)state;
    commit(CHECKPOINT_PAGES / 2);
    checkpoint_wait(w.c);
    assert_int_equal(carried(), 0);
}

static void a_long_one_is_carried_over_and_begins_anew(void **state)
{
    (void)state;
    commit(CHECKPOINT_PAGES + 10);
    checkpoint_wait(w.c);
    assert_int_equal(carried(), CHECKPOINT_PAGES + 10);
    long long size = log_bytes();
    for (unsigned i = 0; i < 5; i++)
        commit(10); /* from the log's beginning again */
    assert_int_equal(log_bytes(), size);
    checkpoint_wait(w.c);
    assert_int_equal(carried(), CHECKPOINT_PAGES + 10);
    commit(CHECKPOINT_PAGES + 10);
    checkpoint_wait(w.c);
    assert_int_equal(carried(), 2 * (CHECKPOINT_PAGES + 10) + 50);
}

/* Without a pause, whatever the thread is at: the log stays bounded, and everything is there. */
static void writing_without_a_pause_does_not_make_it_endless(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        commit(CHECKPOINT_PAGES / 4);
    assert_in_range(log_bytes(), 1, (CHECKPOINT_MOST + CHECKPOINT_PAGES) * 1100LL);
    checkpoint_wait(w.c);
    checkpoint_free(w.c);
    assert_int_equal(sqlite3_close(w.db), SQLITE_OK); /* carries over the rest */
    assert_int_equal(carried(), 100 * (CHECKPOINT_PAGES / 4));
    assert_int_equal(sqlite3_open(w.path, &w.db), SQLITE_OK);
    assert_int_equal(checkpoint_new(&w.c, w.db), GMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_short_log_stays, start, end),
        cmocka_unit_test_setup_teardown(a_long_one_is_carried_over_and_begins_anew, start, end),
        cmocka_unit_test_setup_teardown(writing_without_a_pause_does_not_make_it_endless, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
