#include "node/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_cell(const char *text, const char *expected)
{
    char *written = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&written, &len);
    assert_non_null(out);
    csv_cell(out, text);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, expected);
    free(written);
}

static void cells_are_quoted(void **state)
{
    (void)state;
    expect_cell(NULL, "\"\"");
    expect_cell("", "\"\"");
    expect_cell("Draft, 2", "\"Draft, 2\"");
    expect_cell("the \"final\" text", "\"the \"\"final\"\" text\"");
    expect_cell("\"", "\"\"\"\"");
    expect_cell("été", "\"été\"");
}

static void no_cell_is_a_formula(void **state)
{
    (void)state;
    static const char *const marks[] = {"=", "+", "-", "@", "＝", "＋", "－", "＠"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        char text[32], expected[32];
        snprintf(text, sizeof text, "%s1+1", marks[i]);
        snprintf(expected, sizeof expected, "\"'%s1+1\"", marks[i]);
        expect_cell(text, expected);
    }
    expect_cell("\t=1+1", "\"\\x09=1+1\""); /* what a spreadsheet might skip over is no white space any more */
    expect_cell("\r=1+1", "\"\\x0d=1+1\"");
    expect_cell("1=1", "\"1=1\"");
    expect_cell("'=1", "\"'=1\"");
}

static void nothing_misleads(void **state)
{
    (void)state;
    expect_cell("a\nb", "\"a\\x0ab\"");
    expect_cell("\x1b[2J", "\"\\x1b[2J\"");
    expect_cell("a\xe2\x80\xae"
                "b",
                "\"a\\u{202e}b\"");
}

static void tables_have_a_line_a_row(void **state)
{
    (void)state;
    static const struct csv_column columns[] = {{"who", "author.office"}, {"n", "n"}, {"ok", "ok"}, {"to", "to"}};
    json_t *rows = json_pack("[{s:{s:s}, s:i, s:b, s:[ss]}, {s:n, s:n}]", "author", "office", "=hq", "n", -3, "ok", 1,
                             "to", "@ilo", "wb", "author", "n");
    char *written = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&written, &len);
    assert_non_null(rows);
    assert_non_null(out);
    csv_table(out, rows, columns, 4);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, "\"who\",\"n\",\"ok\",\"to\"\r\n"
                                 "\"'=hq\",\"-3\",\"true\",\"'@ilo wb\"\r\n"
                                 "\"\",\"\",\"\",\"\"\r\n");
    free(written);
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted),
        cmocka_unit_test(no_cell_is_a_formula),
        cmocka_unit_test(nothing_misleads),
        cmocka_unit_test(tables_have_a_line_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
