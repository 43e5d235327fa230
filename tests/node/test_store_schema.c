/* Opening: schemas, other people's files, reading without writing, full disks, killed writers, other processes. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/keyfile.h"
#include "node/store_private.h"
#include "tests/lib/logbook.h"
#include "tests/lib/tempdir.h"

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

static void open_it(bool read_only)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = store_open(&store, path, read_only, name, &msg);
    if (err != GMM_OK)
        fail_msg("%s: %s", gmm_err_name(err), msg.text);
}

static void close_it(void)
{
    store_close(store);
    store = NULL;
}

static enum gmm_err put(unsigned author, uint32_t count, uint32_t body_len, bool durable)
{
    struct admitted *run = logbook_next(&book, author, 5, count, body_len);
    enum gmm_err err = store_begin(store, durable);
    if (err == GMM_OK)
        err = store_put_run(store, run, 1);
    enum gmm_err end = store_commit(store);
    admitted_free(run);
    return err == GMM_OK ? end : err;
}

static void execute(const char *sql)
{
    assert_int_equal(sqlite3_exec(store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

struct image {
    uint8_t *bytes;
    size_t len;
};

static struct image take_image(const char *suffix)
{
    struct image image = {NULL, 0};
    char file[TEMPDIR_PATH];
    tempdir_join(file, folder, suffix);
    if (keyfile_read(&image.bytes, &image.len, file, 64u << 20, 0, NULL) != GMM_OK)
        image.bytes = NULL;
    return image;
}

static void assert_unchanged(struct image before, const char *suffix)
{
    struct image now = take_image(suffix);
    assert_int_equal(now.bytes == NULL, before.bytes == NULL);
    assert_int_equal(now.len, before.len);
    if (now.bytes != NULL)
        assert_memory_equal(now.bytes, before.bytes, before.len);
    keyfile_free(now.bytes, now.len);
    keyfile_free(before.bytes, before.len);
}

/* A process that writes and is killed leaves its WAL behind. */
static void leave_wal(const char *sql)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (store_open(&store, path, false, name, NULL) != GMM_OK || put(0, 5, 100, true) != GMM_OK ||
            sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
            _exit(1);
        raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static const char *newer(void)
{
    static char sql[48];
    snprintf(sql, sizeof sql, "PRAGMA user_version = %d", STORE_SCHEMA + 1);
    return sql;
}

static void a_newer_schema_stays_untouched(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    open_it(false);
    assert_int_equal(put(0, 3, 100, true), GMM_OK);
    execute(newer());
    close_it();
    struct image before = take_image("store.db");
    assert_int_equal(store_open(&store, path, false, name, &msg), GMM_EVERSION);
    assert_null(store);
    assert_non_null(strstr(msg.text, "newer"));
    assert_int_equal(store_open(&store, path, true, name, NULL), GMM_EVERSION);
    assert_int_equal(tempdir_count(folder), 1);
    assert_unchanged(before, "store.db");
}

static void a_newer_schema_in_the_wal_too(void **state)
{
    (void)state;
    leave_wal(newer());
    struct image file = take_image("store.db"), wal = take_image("store.db-wal");
    assert_true(wal.len > 0);
    assert_int_equal(store_open(&store, path, false, name, NULL), GMM_EVERSION);
    assert_unchanged(file, "store.db");
    assert_unchanged(wal, "store.db-wal");
}

static void other_files_stay_untouched(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE recipes(x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct image before = take_image("store.db");
    assert_int_equal(store_open(&store, path, false, name, NULL), GMM_EFORMAT);
    assert_unchanged(before, "store.db");
    assert_int_equal(keyfile_replace(path, "this is text, and no database at all", 36, 0600, NULL), GMM_OK);
    before = take_image("store.db");
    assert_int_equal(store_open(&store, path, false, name, NULL), GMM_ECORRUPT);
    assert_int_equal(store_open(&store, path, true, name, NULL), GMM_ECORRUPT);
    assert_unchanged(before, "store.db");
}

static void links_and_other_kinds_are_refused(void **state)
{
    (void)state;
    char real[TEMPDIR_PATH];
    tempdir_join(real, folder, "real.db");
    assert_int_equal(symlink(real, path), 0);
    assert_int_equal(store_open(&store, path, false, name, NULL), GMM_EDENIED);
    assert_int_equal(store_open(&store, path, true, name, NULL), GMM_EDENIED);
    assert_int_equal(tempdir_count(folder), 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(store_open(&store, path, false, name, NULL), GMM_EDENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(&store, path, true, name, NULL), GMM_ENOTFOUND);
    assert_int_equal(tempdir_count(folder), 0);
}

static void names_with_odd_characters(void **state)
{
    (void)state;
    static const char *const odd[] = {"a?mode=ro&b#c %41.db", "file:x", "\xc3\xa9\xff"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        struct stat st;
        tempdir_join(path, folder, odd[i]);
        open_it(false);
        assert_int_equal(put((unsigned)i, 1, 10, true), GMM_OK);
        close_it();
        assert_int_equal(stat(path, &st), 0);
        assert_true(st.st_size > 16384);
        assert_int_equal(tempdir_count(folder), i + 1);
    }
}

/* Two steps behind those that this program knows. */
static void later_steps(const char *steps[STORE_SCHEMA + 2], const char *first, const char *second)
{
    for (size_t i = 0; i < STORE_SCHEMA; i++)
        steps[i] = store_schema_steps[i];
    steps[STORE_SCHEMA] = first;
    steps[STORE_SCHEMA + 1] = second;
}

static void an_older_schema_is_copied_then_brought_up(void **state)
{
    (void)state;
    const char *steps[STORE_SCHEMA + 2];
    char copy[TEMPDIR_PATH], copy_name[32];
    later_steps(steps, "ALTER TABLE seen ADD COLUMN how INTEGER NOT NULL DEFAULT 7",
                "CREATE TABLE later(x INTEGER) STRICT");
    sqlite3 *db = NULL;
    open_it(false);
    assert_int_equal(put(0, 20, 100, true), GMM_OK);
    assert_int_equal(store_schema_apply(store, path, steps, STORE_SCHEMA + 2, NULL), GMM_OK);
    execute("INSERT INTO later(x) SELECT how FROM seen");
    assert_int_equal(store_entry_count(store), 20);
    close_it();
    /* this program does not know that schema; the copy beside it is what it was */
    assert_int_equal(store_open(&store, path, false, name, NULL), GMM_EVERSION);
    snprintf(copy_name, sizeof copy_name, "store.db.v%d", STORE_SCHEMA);
    tempdir_join(copy, folder, copy_name);
    memcpy(path, copy, sizeof path);
    open_it(false);
    assert_int_equal(store_entry_count(store), 20);
    assert_int_equal(sqlite3_open(copy, &db), SQLITE_OK);
    sqlite3_close(db);
}

static void a_step_that_fails_changes_nothing(void **state)
{
    (void)state;
    const char *steps[STORE_SCHEMA + 2];
    char schema[32];
    struct gmm_msg msg = {.text = ""};
    later_steps(steps, "CREATE TABLE good(x INTEGER) STRICT", "CREATE TABLE log(x)");
    snprintf(schema, sizeof schema, "schema %d", STORE_SCHEMA + 2);
    open_it(false);
    assert_int_not_equal(store_schema_apply(store, path, steps, STORE_SCHEMA + 2, &msg), GMM_OK);
    assert_non_null(strstr(msg.text, schema));
    assert_int_equal(sqlite3_exec(store->db, "SELECT * FROM good", NULL, NULL, NULL), SQLITE_ERROR);
    close_it();
    open_it(false);
}

static void reading_writes_nothing(void **state)
{
    (void)state;
    open_it(false);
    assert_int_equal(put(0, 20, 100, true), GMM_OK);
    close_it();
    struct image before = take_image("store.db");
    open_it(true);
    assert_int_equal(store_entry_count(store), 20);
    assert_int_equal(store_set(store, "x", "y", 1), GMM_EDENIED);
    assert_int_equal(store_begin(store, false), GMM_EDENIED);
    assert_int_equal(tempdir_count(folder), 1);
    close_it();
    assert_int_equal(tempdir_count(folder), 1);
    assert_unchanged(before, "store.db");
}

static void reading_what_a_crash_left(void **state)
{
    (void)state;
    leave_wal("SELECT 1");
    struct image file = take_image("store.db"), wal = take_image("store.db-wal"), index = take_image("store.db-shm");
    assert_true(wal.len > 0 && index.len > 0);
    open_it(true);
    assert_int_equal(store_entry_count(store), 5);
    close_it();
    assert_int_equal(tempdir_count(folder), 3);
    assert_unchanged(file, "store.db");
    assert_unchanged(wal, "store.db-wal");
    assert_unchanged(index, "store.db-shm");
    /* without its index it cannot be read so: said, not guessed */
    char shm[TEMPDIR_PATH];
    struct gmm_msg msg = {.text = ""};
    tempdir_join(shm, folder, "store.db-shm");
    assert_int_equal(unlink(shm), 0);
    assert_int_equal(store_open(&store, path, true, name, &msg), GMM_ESTATE);
    assert_non_null(strstr(msg.text, "read-only"));
    open_it(false);
    assert_int_equal(store_entry_count(store), 5);
}

/* Killed between the WAL's header and its first frame. */
static void a_wal_without_a_frame(void **state)
{
    (void)state;
    char wal[TEMPDIR_PATH];
    open_it(false);
    assert_int_equal(put(0, 3, 100, true), GMM_OK);
    close_it();
    leave_wal("SELECT 1");
    tempdir_join(wal, folder, "store.db-wal");
    assert_int_equal(truncate(wal, 32), 0);
    open_it(true);
    assert_int_equal(store_entry_count(store), 3);
    close_it();
    open_it(false);
    assert_int_equal(store_entry_count(store), 3);
    close_it();
}

static void reading_beside_a_writer(void **state)
{
    (void)state;
    struct store *reader = NULL;
    open_it(false);
    assert_int_equal(put(0, 20, 100, true), GMM_OK);
    assert_int_equal(store_open(&reader, path, true, name, NULL), GMM_OK);
    assert_int_equal(store_entry_count(reader), 20);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_set(store, "x", "y", 1), GMM_OK);
    uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(store_get(reader, "x", &bytes, &len), GMM_ENOTFOUND);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(store_get(reader, "x", &bytes, &len), GMM_OK);
    free(bytes);
    assert_int_equal(put(0, 5, 100, false), GMM_OK);
    assert_int_equal(store_entry_count(reader), 25);
    store_close(reader);
}

static void another_writer_is_busy(void **state)
{
    (void)state;
    int up[2], down[2];
    char byte = 0;
    open_it(false);
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct store *other = NULL;
        close(down[1]);
        if (store_open(&other, path, false, name, NULL) != GMM_OK || store_begin(other, false) != GMM_OK ||
            write(up[1], "x", 1) != 1)
            _exit(1);
        (void)!read(down[0], &byte, 1);
        _exit(store_commit(other) == GMM_OK ? 0 : 1);
    }
    close(up[1]);
    close(down[0]);
    assert_int_equal(read(up[0], &byte, 1), 1);
    sqlite3_busy_timeout(store->db, 20);
    assert_int_equal(store_begin(store, true), GMM_EBUSY);
    assert_false(store_in_transaction(store));
    close(down[1]);
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(put(0, 1, 10, true), GMM_OK);
    close(up[0]);
}

static void a_full_disk_by_pages(void **state)
{
    (void)state;
    open_it(false);
    assert_int_equal(put(0, 20, 1000, true), GMM_OK);
    execute("PRAGMA max_page_count = 40");
    /* 256 KB do not fit; what is tried next does not slip in as a transaction of its own */
    struct admitted *run = logbook_next(&book, 1, 5, 256, 4000);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_set(store, "with", "it", 2), GMM_OK);
    assert_int_equal(store_put_run(store, run, 2), GMM_EFULL);
    assert_int_equal(store_set(store, "after", "it", 2), GMM_EFULL);
    assert_int_equal(store_commit(store), GMM_EFULL);
    assert_non_null(strstr(store_error(store), "no space"));
    uint8_t *bytes = NULL;
    size_t len;
    assert_int_equal(store_get(store, "with", &bytes, &len), GMM_ENOTFOUND);
    assert_int_equal(store_get(store, "after", &bytes, &len), GMM_ENOTFOUND);
    assert_int_equal(store_entry_count(store), 20);
    /* small things still go in, and large ones once there is room */
    assert_int_equal(put(0, 1, 100, true), GMM_OK);
    execute("PRAGMA max_page_count = 4000");
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_put_run(store, run, 2), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(store_entry_count(store), 277);
    admitted_free(run);
}

/* The files may not grow: the system says so with an I/O error, which is a full disk all the same. */
static void a_full_disk_by_the_system(void **state)
{
    (void)state;
    open_it(false);
    assert_int_equal(put(0, 20, 1000, true), GMM_OK);
    close_it();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit limit = {1u << 20, RLIM_INFINITY};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        if (store_open(&store, path, false, name, NULL) != GMM_OK)
            _exit(1);
        struct admitted *run = logbook_next(&book, 1, 5, 256, 8000);
        if (store_begin(store, true) != GMM_OK)
            _exit(2);
        enum gmm_err err = store_put_run(store, run, 2);
        enum gmm_err end = store_commit(store);
        if ((err != GMM_OK && err != GMM_EFULL) || end != GMM_EFULL)
            _exit(3);
        if (store_entry_count(store) != 20 || put(0, 1, 100, true) != GMM_OK)
            _exit(4);
        limit.rlim_cur = RLIM_INFINITY;
        setrlimit(RLIMIT_FSIZE, &limit);
        if (store_begin(store, true) != GMM_OK || store_put_run(store, run, 2) != GMM_OK ||
            store_commit(store) != GMM_OK)
            _exit(5);
        store_close(store);
        _exit(0);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    open_it(false);
    assert_int_equal(store_entry_count(store), 277);
}

static void no_fault(void *arg, const char *kind, const struct gmm_id *id, const char *reason)
{
    (void)arg;
    (void)id;
    fail_msg("%s: %s", kind, reason);
}

/* Writes runs for ever and says after each commit how many entries are durable. */
static void write_until_killed(int tell, uint64_t from)
{
    if (store_open(&store, path, false, name, NULL) != GMM_OK)
        _exit(1);
    for (unsigned i = 0;; i++) {
        static const uint32_t counts[] = {1, 3, 100, 17};
        uint32_t count = counts[i % 4];
        uint64_t head = from % 256;
        if (head + count > 256)
            count = (uint32_t)(256 - head);
        if (put(0, count, 700, true) != GMM_OK)
            _exit(2);
        from += count;
        if (write(tell, &from, sizeof from) != sizeof from)
            _exit(3);
    }
}

/* The book of this process takes over what the killed one left. */
static uint64_t catch_up(void)
{
    struct run_key key = logbook_key(&book, 0, 5);
    struct run *run = NULL;
    uint64_t held = store_entry_count(store);
    if (held == 0)
        return 0;
    assert_int_equal(store_load_run(store, &key, (held - 1) / 256 * 256, UINT64_MAX, SIZE_MAX, &run), GMM_OK);
    assert_int_equal(run->first_seq + run->count, held);
    struct logs_log *log = logs_get(book.logs, &key);
    assert_non_null(log);
    struct header last;
    assert_int_equal(header_decode(&last, run->entries[run->count - 1].header), GMM_OK);
    struct logs_head head = {.seq = held - 1, .id = run->entries[run->count - 1].id, .time = last.time};
    memcpy(head.sig, run->sig, sizeof head.sig);
    logs_persist(book.logs, log, &head, 1);
    log->admitted = head;
    run_free(run);
    return held;
}

static void what_was_acknowledged_survives_a_kill(void **state)
{
    (void)state;
    uint64_t held = 0;
    for (unsigned round = 0; round < 30; round++) {
        int tell[2];
        assert_int_equal(pipe(tell), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(tell[0]);
            write_until_killed(tell[1], held);
        }
        close(tell[1]);
        uint64_t said = 0, acknowledged = held;
        for (unsigned i = 0; i <= round % 11 && read(tell[0], &said, sizeof said) == sizeof said; i++)
            acknowledged = said;
        assert_int_equal(kill(pid, SIGKILL), 0);
        /* what it said before it died counts too */
        while (read(tell[0], &said, sizeof said) == sizeof said)
            acknowledged = said;
        close(tell[0]);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        open_it(false);
        held = catch_up();
        assert_true(held >= acknowledged);
        if (round % 10 == 9) {
            uint64_t checked = 0;
            assert_int_equal(store_check(store, &book.nid, NULL, &checked, no_fault, NULL), GMM_OK);
            assert_int_equal(checked, held);
        }
        close_it();
    }
    assert_true(held > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_newer_schema_stays_untouched, make, drop),
        cmocka_unit_test_setup_teardown(a_newer_schema_in_the_wal_too, make, drop),
        cmocka_unit_test_setup_teardown(other_files_stay_untouched, make, drop),
        cmocka_unit_test_setup_teardown(links_and_other_kinds_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(names_with_odd_characters, make, drop),
        cmocka_unit_test_setup_teardown(an_older_schema_is_copied_then_brought_up, make, drop),
        cmocka_unit_test_setup_teardown(a_step_that_fails_changes_nothing, make, drop),
        cmocka_unit_test_setup_teardown(reading_writes_nothing, make, drop),
        cmocka_unit_test_setup_teardown(reading_what_a_crash_left, make, drop),
        cmocka_unit_test_setup_teardown(a_wal_without_a_frame, make, drop),
        cmocka_unit_test_setup_teardown(reading_beside_a_writer, make, drop),
        cmocka_unit_test_setup_teardown(another_writer_is_busy, make, drop),
        cmocka_unit_test_setup_teardown(a_full_disk_by_pages, make, drop),
        cmocka_unit_test_setup_teardown(a_full_disk_by_the_system, make, drop),
        cmocka_unit_test_setup_teardown(what_was_acknowledged_survives_a_kill, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
