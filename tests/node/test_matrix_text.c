#include "node/matrix_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Whatever stands in a cell comes back, and no cell begins as a formula does. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "plain",
                                        "=1+1",
                                        "+41 22",
                                        "-x",
                                        "@SUM(A1)",
                                        "'quoted",
                                        "''=x",
                                        "\tx",
                                        "\rx",
                                        "\xef\xbc\x9d"
                                        "1",
                                        "a,b;c\td",
                                        "\"a\" \"\"b\"",
                                        "line\nline\r\nline",
                                        " outer ",
                                        "\xd8\xa7\xd9\x84\xd8\xa5\xd8\xb9\xd9\x84\xd8\xa7\xd9\x86",
                                        "d\xc3\xa9"
                                        "c\xc3\xa8s"};
    json_t *rows = json_array();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        json_array_append_new(
            rows, json_pack("{s:I, s:s, s:s}", "number", (json_int_t)i, "comment", texts[i], "id", texts[i]));
    struct buffer out;
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err;
    buffer_init(&out, 1u << 20);
    matrix_text_csv(&out, rows);
    assert_int_equal(out.failed, GMM_OK);
    json_t *again = matrix_text_read_csv((const char *)out.p, out.len, &err, &msg);
    assert_int_equal(err, GMM_OK);
    assert_int_equal(json_array_size(again), sizeof texts / sizeof texts[0]);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const json_t *row = json_array_get(again, i);
        assert_string_equal(json_string_value(json_object_get(row, "comment")), texts[i]);
        assert_string_equal(json_string_value(json_object_get(row, "id")), texts[i]);
        assert_string_equal(json_string_value(json_object_get(row, "proposed text")), "");
    }
    for (size_t i = 0; i + 1 < out.len; i++)
        if (out.p[i] == ',' || out.p[i] == '"')
            assert_null(memchr("=+@", out.p[i + 1], 3));
    json_decref(again);
    json_decref(rows);
    buffer_close(&out);
}

static void reads(const char *text, enum gmm_err expected, const char *cell)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err;
    json_t *rows = matrix_text_read_csv(text, strlen(text), &err, &msg);
    assert_int_equal(err, expected);
    if (cell != NULL)
        assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "b")), cell);
    json_decref(rows);
}

/* What spreadsheets write. */
static void test_other_forms(void **state)
{
    (void)state;
    reads("a;b\n1;2\n", GMM_OK, "2");
    reads("\xef\xbb\xbf"
          "a\tb\r\n1\t\"2\r\n3\"\r\n",
          GMM_OK, "2\r\n3");
    reads("a,b\n\n1,\"x\"\"y\"", GMM_OK, "x\"y");
    reads("a,b\n1,\"open\n", GMM_EFORMAT, NULL);
    reads("a,b\n1,\"x\"y\n", GMM_EFORMAT, NULL);
    reads("a,b\n1,\xff\n", GMM_EFORMAT, NULL);
    reads("", GMM_OK, NULL);
}

static void contains(const struct buffer *out, const char *text, bool wanted)
{
    assert_int_equal(memmem(out->p, out->len, text, strlen(text)) != NULL, wanted);
}

static void test_pages(void **state)
{
    (void)state;
    json_t *rows = json_pack("[{s:i, s:s, s:n}]", "number", 1, "comment", "<script>|x|\nnew\x1b[31m", "reply");
    struct buffer out;
    buffer_init(&out, 1u << 20);
    matrix_text_html(&out, rows, "Titre & <b>", "confidential");
    contains(&out, "<script>", false);
    contains(&out, "&lt;script&gt;|x|<br>new[31m", true);
    contains(&out, "Titre &amp; &lt;b&gt;", true);
    contains(&out, "<p>confidential</p>", true);
    buffer_close(&out);
    buffer_init(&out, 1u << 20);
    matrix_text_md(&out, rows, "Titre", "confidential");
    contains(&out, "\\<script\\>\\|x\\|<br>new\\[31m", true);
    contains(&out, "\nconfidential\n", true);
    buffer_close(&out);
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
