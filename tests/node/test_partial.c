#include "node/partial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/home.h"
#include "tests/lib/tempdir.h"

static const struct gmm_id one = {.b = {1}}, two = {.b = {2}};
static char home[TEMPDIR_PATH];

static int make_home(void **state)
{
    (void)state;
    tempdir_make(home);
    return 0;
}

static int remove_home(void **state)
{
    (void)state;
    tempdir_remove(home);
    return 0;
}

static void assert_kept(const struct gmm_id *id, const char *expected, uint32_t expected_total)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    uint32_t total = 0;
    assert_int_equal(partial_get(home, id, &bytes, &len, &total), GMM_OK);
    assert_int_equal(total, expected_total);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(bytes, expected, len);
    free(bytes);
}

static void assert_nothing(const struct gmm_id *id)
{
    uint8_t *bytes = NULL;
    size_t len;
    uint32_t total;
    assert_int_equal(partial_get(home, id, &bytes, &len, &total), GMM_ENOTFOUND);
    assert_null(bytes);
}

static void test_grows(void **state)
{
    (void)state;
    assert_nothing(&one);
    assert_int_equal(partial_put(home, &one, 0, 100, "abc", 3), GMM_OK);
    assert_int_equal(partial_put(home, &one, 3, 100, "defg", 4), GMM_OK);
    assert_int_equal(partial_put(home, &two, 0, 9, "x", 1), GMM_OK);
    assert_kept(&one, "abcdefg", 100);
    assert_kept(&two, "x", 9);
    assert_int_equal(partial_put(home, &one, 0, 50, "new", 3), GMM_OK);
    assert_kept(&one, "new", 50);
    partial_drop(home, &one);
    partial_drop(home, &one);
    assert_nothing(&one);
    assert_kept(&two, "x", 9);
}

/* What does not go on where the file ends, or is of another size, takes the file with it. */
static void test_gaps(void **state)
{
    (void)state;
    assert_int_equal(partial_put(home, &one, 0, 100, "abc", 3), GMM_OK);
    assert_int_equal(partial_put(home, &one, 4, 100, "d", 1), GMM_ESTATE);
    assert_nothing(&one);
    assert_int_equal(partial_put(home, &one, 0, 100, "abc", 3), GMM_OK);
    assert_int_equal(partial_put(home, &one, 3, 101, "d", 1), GMM_ESTATE);
    assert_nothing(&one);
    assert_int_equal(partial_put(home, &one, 3, 100, "d", 1), GMM_ENOTFOUND);
}

/* A whole piece, or one beyond the limit, is nothing to go on with. */
static void test_whole(void **state)
{
    (void)state;
    assert_int_equal(partial_put(home, &one, 0, 3, "abc", 3), GMM_OK);
    assert_nothing(&one);
    assert_int_equal(partial_put(home, &one, 0, UINT32_MAX, "abc", 3), GMM_OK);
    assert_nothing(&one);
    assert_int_equal(partial_put(home, &one, 0, 3, "", 0), GMM_OK);
    assert_nothing(&one);
}

static void test_no_links(void **state)
{
    char path[TEMPDIR_PATH + 80], hex[GMM_ID_HEX + 1];
    (void)state;
    assert_int_equal(partial_put(home, &one, 0, 9, "abc", 3), GMM_OK);
    partial_drop(home, &one);
    id_to_hex(&one, hex);
    snprintf(path, sizeof path, "%s/partial/%s", home, hex);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_nothing(&one);
    assert_int_not_equal(partial_put(home, &one, 0, 9, "abc", 3), GMM_OK);
    assert_nothing(&one);
}

static void test_sweep(void **state)
{
    struct stat st;
    char path[TEMPDIR_PATH + 80], hex[GMM_ID_HEX + 1];
    (void)state;
    partial_sweep(home, UINT64_MAX / 2);
    assert_int_equal(partial_put(home, &one, 0, 9, "abc", 3), GMM_OK);
    id_to_hex(&one, hex);
    snprintf(path, sizeof path, "%s/partial/%s", home, hex);
    assert_int_equal(stat(path, &st), 0);
    uint64_t written_ms = (uint64_t)st.st_mtime * 1000u;
    partial_sweep(home, written_ms + UINT64_C(29) * 24 * 3600 * 1000);
    assert_kept(&one, "abc", 9);
    partial_sweep(home, written_ms + UINT64_C(31) * 24 * 3600 * 1000);
    assert_nothing(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_grows, make_home, remove_home),
        cmocka_unit_test_setup_teardown(test_gaps, make_home, remove_home),
        cmocka_unit_test_setup_teardown(test_whole, make_home, remove_home),
        cmocka_unit_test_setup_teardown(test_no_links, make_home, remove_home),
        cmocka_unit_test_setup_teardown(test_sweep, make_home, remove_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
