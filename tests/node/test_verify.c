#include "node/verify.h"

#include <dirent.h>
#include <sqlite3.h>
#include <unistd.h>

#include "node/assembly.h"
#include "node/care.h"
#include "node/post.h"
#include "tests/node/office_fixture.h"

#define LARGE (600u << 10) /* more than a body takes: chunks */

static struct office ilo;

static void post(const char *text, size_t len)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id id;
    struct post_plan plan;
    const char *const to[] = {"all"};
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    rewind(file);
    const struct post_request request = {
        .to = to, .to_count = 1, .title = "A title", .file = {.fd = fileno(file), .name = "draft.txt"}};
    if (post_make_plan(ilo.node, &request, &plan, NULL, &msg) != GMM_OK ||
        post_publish(ilo.node, &request, &plan, false, &id, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    post_plan_close(&plan);
    fclose(file);
}

static int make(void **state)
{
    (void)state;
    char *large = malloc(LARGE);
    if (large == NULL)
        return 1;
    for (size_t i = 0; i < LARGE; i++)
        large[i] = (char)(i * 2654435761u >> 13);
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Global Migration Group");
    post("some text", 9);
    post(large, LARGE);
    free(large);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    office_drop(&ilo);
    return 0;
}

/* What verify says: the kind of its first fault, or "ok". */
static void assert_found(const char *want, bool all)
{
    struct verify_report report;
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(verify_run(ilo.node, all, &report, &msg), GMM_OK);
    const json_t *first = json_array_get(report.faults, 0);
    const char *kind = first == NULL ? "ok" : json_string_value(json_object_get(first, "kind"));
    if (strstr(want, kind) == NULL)
        fail_msg("found %s (%s), not %s", kind,
                 first == NULL ? "" : json_string_value(json_object_get(first, "reason")), want);
    assert_int_equal(report.fault_count > 0, strcmp(want, "ok") != 0);
    verify_report_close(&report);
}

static void open_again(unsigned flags)
{
    struct gmm_msg msg = {.text = ""};
    node_close(ilo.node);
    ilo.node = NULL;
    if (assembly_open(&ilo.node, ilo.home, flags, NULL, NULL, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
}

static void flip_in_store(const char *table, const char *column, const char *where)
{
    char path[TEMPDIR_PATH], sql[512];
    sqlite3 *db = NULL;
    node_close(ilo.node);
    ilo.node = NULL;
    tempdir_join(path, ilo.home, "store.db");
    snprintf(
        sql, sizeof sql,
        "UPDATE %s SET %s = CAST(substr(%s, 1, 40) || CASE WHEN substr(%s, 41, 1) = x'00' THEN x'01' ELSE x'00' END"
        " || substr(%s, 42) AS BLOB) WHERE rowid = (SELECT min(rowid) FROM %s WHERE %s)",
        table, column, column, column, column, table, where);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_close(db);
}

static void flip_in_file(const char *path)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 100, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 100, SEEK_SET), 0);
    fputc(byte ^ 1, file);
    fclose(file);
}

/* Some chunk's file. */
static void find_chunk(char path[TEMPDIR_PATH])
{
    char chunks[TEMPDIR_PATH], folder[TEMPDIR_PATH];
    struct dirent *item;
    tempdir_join(chunks, ilo.home, "chunks");
    DIR *dir = opendir(chunks);
    assert_non_null(dir);
    path[0] = '\0';
    while (path[0] == '\0' && (item = readdir(dir)) != NULL) {
        if (item->d_name[0] == '.')
            continue;
        tempdir_join(folder, chunks, item->d_name);
        DIR *inner = opendir(folder);
        struct dirent *file;
        while (inner != NULL && (file = readdir(inner)) != NULL)
            if (file->d_name[0] != '.')
                tempdir_join(path, folder, file->d_name);
        closedir(inner);
    }
    closedir(dir);
    assert_true(path[0] != '\0');
}

static void test_nothing_altered(void **state)
{
    (void)state;
    assert_found("ok", false);
    assert_found("ok", true);
    open_again(NODE_NO_KEYS);
    assert_found("ok", true);
}

static void test_header(void **state)
{
    (void)state;
    flip_in_store("entry", "header", "type >= 64");
    open_again(NODE_NO_KEYS);
    assert_found("header index log", false);
}

static void test_body(void **state)
{
    (void)state;
    flip_in_store("entry", "body", "type >= 64");
    open_again(NODE_NO_KEYS);
    assert_found("body", false);
}

static void test_catalogue(void **state)
{
    (void)state;
    flip_in_store("p_item", "summary", "type = 64");
    open_again(0);
    assert_found("ok", false);
    assert_found("catalogue", true);
    open_again(NODE_READ_ONLY);
    assert_found("catalogue", true);
    open_again(0);
    assert_int_equal(care_rebuild(ilo.node, NULL, NULL, NULL), GMM_OK);
    assert_found("ok", true);
}

/* What does not let the home open is named all the same. */
static void test_damaged_home(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    char path[TEMPDIR_PATH];
    flip_in_store("entry", "body", "type < 64");
    assert_int_not_equal(assembly_open(&ilo.node, ilo.home, 0, NULL, NULL, &msg), GMM_OK);
    open_again(NODE_DAMAGED);
    assert_null(ilo.node->engine);
    assert_non_null(ilo.node->keystore);
    assert_true(ilo.node->damage.text[0] != '\0');
    assert_found("body", true);
    tempdir_join(path, ilo.home, HOME_KEYSTORE);
    flip_in_file(path);
    open_again(NODE_DAMAGED);
    assert_null(ilo.node->keystore);
    assert_found("keystore", true);
}

static void test_certificate(void **state)
{
    (void)state;
    flip_in_store("object", "bytes", "substr(bytes, 1, 1) = x'02'");
    open_again(NODE_NO_KEYS);
    assert_found("certificate", false);
}

static void test_charter(void **state)
{
    (void)state;
    flip_in_store("object", "bytes", "substr(bytes, 1, 1) = x'01'");
    open_again(NODE_NO_KEYS);
    assert_found("charter", false);
}

static void test_chunk(void **state)
{
    (void)state;
    char path[TEMPDIR_PATH];
    find_chunk(path);
    flip_in_file(path);
    assert_found("ok", false); /* contents are read with --all */
    assert_found("chunk", true);
    assert_int_equal(truncate(path, 50), 0);
    assert_found("chunk", false);
    assert_int_equal(unlink(path), 0);
    assert_found("chunk", false);
}

static void test_keystore(void **state)
{
    (void)state;
    char path[TEMPDIR_PATH];
    tempdir_join(path, ilo.home, HOME_KEYSTORE);
    flip_in_file(path);
    assert_found("keystore", false);
    assert_int_equal(unlink(path), 0);
    assert_found("keystore", false);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_altered), TEST(test_header),    TEST(test_body),
        TEST(test_certificate),     TEST(test_charter),   TEST(test_chunk),
        TEST(test_keystore),        TEST(test_catalogue), TEST(test_damaged_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
