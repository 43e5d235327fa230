#include "node/tsv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"path", "to", "title"};
#define NAMES 3u

static char *copy(const char *text)
{
    char *out = strdup(text);
    assert_non_null(out);
    return out;
}

static void refuse(const char *table, size_t len, const char *part)
{
    struct tsv t;
    struct gmm_msg msg = {.text = ""};
    char *cells[NAMES], *text = calloc(1, len + 1);
    bool more = true;
    assert_non_null(text);
    memcpy(text, table, len);
    enum gmm_err err = tsv_open(&t, text, len, names, NAMES, NULL, &msg);
    while (err == GMM_OK && more)
        err = tsv_next(&t, cells, &more, &msg);
    assert_int_equal(err, GMM_EUSAGE);
    assert_non_null(strstr(msg.text, part));
    free(text);
}

static void test_columns_in_any_order(void **state)
{
    (void)state;
    struct tsv t;
    bool has[NAMES], more;
    char *cells[NAMES], *text = copy("#title\tnobody\tpath\r\n\r\nEin Titel\tx\ta.txt\r\nonly title\n\t\tb.txt");
    assert_int_equal(tsv_open(&t, text, strlen(text), names, NAMES, has, NULL), GMM_OK);
    assert_true(has[0] && !has[1] && has[2]);
    assert_int_equal(tsv_next(&t, cells, &more, NULL), GMM_OK);
    assert_true(more);
    assert_string_equal(cells[0], "a.txt");
    assert_string_equal(cells[1], "");
    assert_string_equal(cells[2], "Ein Titel");
    assert_int_equal(t.line, 3);
    assert_int_equal(tsv_next(&t, cells, &more, NULL), GMM_OK);
    assert_string_equal(cells[0], "");
    assert_string_equal(cells[2], "only title");
    assert_int_equal(tsv_next(&t, cells, &more, NULL), GMM_OK);
    assert_string_equal(cells[0], "b.txt");
    assert_int_equal(tsv_next(&t, cells, &more, NULL), GMM_OK);
    assert_false(more);
    assert_int_equal(tsv_next(&t, cells, &more, NULL), GMM_OK);
    assert_false(more);
    free(text);
}

static void test_byte_order_mark(void **state)
{
    (void)state;
    struct tsv t;
    bool has[NAMES];
    char *text = copy("\xef\xbb\xbfpath\n");
    assert_int_equal(tsv_open(&t, text, strlen(text), names, NAMES, has, NULL), GMM_OK);
    assert_true(has[0]);
    free(text);
}

static void test_refusals(void **state)
{
    (void)state;
    char many[2 * TSV_COLUMNS + 2];
    refuse("", 0, "empty");
    refuse("path\n\xff\n", 7, "UTF-8");
    refuse("path\na\0b\n", 9, "UTF-8");
    refuse("path\tpath\n", 10, "'path' stands there twice");
    refuse("path\tto\nx\ty\tz\n", 14, "line 2: more cells");
    for (size_t i = 0; i < TSV_COLUMNS + 1; i++) {
        many[2 * i] = 'x';
        many[2 * i + 1] = '\t';
    }
    refuse(many, 2 * TSV_COLUMNS + 1, "more than 64 columns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_in_any_order),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
