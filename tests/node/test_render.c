#include "node/render.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text;
static size_t size;
static struct render r;

static int setup(void **state)
{
    (void)state;
    r = (struct render){.out = open_memstream(&text, &size)};
    return r.out == NULL;
}

static int teardown(void **state)
{
    (void)state;
    fclose(r.out);
    free(text);
    text = NULL;
    return 0;
}

/* What was written since the last question. */
static const char *written(void)
{
    static char kept[8192];
    fflush(r.out);
    assert_true(size < sizeof kept);
    memcpy(kept, text, size);
    kept[size] = '\0';
    rewind(r.out);
    return kept;
}

static size_t encode(char out[5], unsigned c)
{
    size_t n = 0;
    if (c < 0x80)
        out[n++] = (char)c;
    else if (c < 0x800)
        out[n++] = (char)(0xc0 | c >> 6);
    else if (c < 0x10000)
        out[n++] = (char)(0xe0 | c >> 12);
    else
        out[n++] = (char)(0xf0 | c >> 18);
    if (c >= 0x10000)
        out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
    if (c >= 0x800)
        out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
    if (c >= 0x80)
        out[n++] = (char)(0x80 | (c & 0x3f));
    out[n] = '\0';
    return n;
}

static void assert_escaped(unsigned c)
{
    char raw[5], wanted[16];
    render_text_n(r.out, raw, encode(raw, c));
    snprintf(wanted, sizeof wanted, c < 0x100 ? "\\x%02x" : "\\u{%04x}", c);
    assert_string_equal(written(), wanted);
}

static void test_controls_are_escaped(void **state)
{
    static const unsigned invisible[] = {
        0x00ad, 0x034f, 0x061c, 0x115f, 0x180e, 0x200b, 0x200c, 0x200d,  0x200e,  0x200f,
        0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060,  0x2066,  0x2067,
        0x2068, 0x2069, 0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0x1d173, 0xe0001, 0xe0041,
    };
    (void)state;
    for (unsigned c = 1; c < 0x20; c++)
        assert_escaped(c);
    for (unsigned c = 0x7f; c < 0xa0; c++)
        assert_escaped(c);
    for (size_t i = 0; i < sizeof invisible / sizeof invisible[0]; i++)
        assert_escaped(invisible[i]);
    render_text_n(r.out, "\0", 1);
    assert_string_equal(written(), "\\x00");
}

static void test_letters_stay(void **state)
{
    static const char *const kept[] = {
        "Draft report, 3rd round (rev. 1) \\ ~",
        "\u00e9\u00e8 \u0153uvre \u00ab \u00bb \u2019\u2026",
        "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd", /* Arabic, Hebrew */
        "\u79fb\u6c11 \u0440\u0443\u0441 \u0e44\u0e17\u0e22 \u0928\u093f",
        "e\u0301 \U0001f600",
    };
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        render_text(&r, kept[i]);
        assert_string_equal(written(), kept[i]);
    }
}

static void test_bytes_that_are_no_utf8(void **state)
{
    (void)state;
    render_text(&r, "a\xff\xc3(\xe2\x80\xed\xa0\x80\xf4\x90\x80\x80");
    assert_string_equal(written(), "a\\xff\\xc3(\\xe2\\x80\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
    render_text_n(r.out, "\u00e9", 1); /* cut inside a character */
    assert_string_equal(written(), "\\xc3");
}

static void test_blocks_lines_fields(void **state)
{
    (void)state;
    render_block(&r, 2, "one\r\ntwo\033[2J\n\nthree");
    assert_string_equal(written(), "  one\n  two\\x1b[2J\n  \n  three\n");
    render_line(&r, "%d of %d", 1, 2);
    assert_string_equal(written(), "1 of 2\n");
    render_field(&r, "title", "a\nb");
    assert_string_equal(written(), "title: a\\x0ab\n");
    render_field(&r, "title", NULL);
    assert_string_equal(written(), "");
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(render_width("abc"), 3);
    assert_int_equal(render_width("\u79fb\u6c11"), 4);
    assert_int_equal(render_width("e\u0301"), 1);
    assert_int_equal(render_width("\u202e"), 8);
    assert_int_equal(render_width("\xff"), 4);
    assert_int_equal(render_width("\u05e9\u05dc"), 2);
}

static const struct render_column columns[] = {
    {"ID", "id:id", 0},       {"TITLE", "title", 0}, {"BYTES", "bytes", 0}, {"FROM", "author.participant", 0},
    {"TIME", "time:time", 0},
};
#define COLUMNS (sizeof columns / sizeof columns[0])

static json_t *rows(void)
{
    return json_pack(
        "[{s:s,s:s,s:i,s:{s:s},s:s},{s:s,s:s,s:i,s:{},s:n}]", "id",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "title", "\u79fb\u6c11 \u202egpj.exe",
        "bytes", 7, "author", "participant", "ilo", "time", "2026-11-24T17:00:05Z", "id", "ff", "title",
        "A long title that says a good deal more than a narrow terminal can show", "bytes", 123456, "author", "time");
}

static void test_table_whole(void **state)
{
    (void)state;
    json_t *list = rows();
    render_table(&r, list, columns, COLUMNS);
    assert_string_equal(
        written(),
        "ID            TITLE                                                                    BYTES   FROM  TIME\n"
        "0123456789ab  \u79fb\u6c11 \\u{202e}gpj.exe                                                          7  ilo  "
        " "
        "2026-11-24 "
        "17:00 UTC\n"
        "ff            A long title that says a good deal more than a narrow terminal can show  123456  -     never\n");
    json_decref(list);
}

/* Whatever the width, no line is longer, as long as each column can have 4. */
static void test_table_fits(void **state)
{
    (void)state;
    json_t *list = rows();
    for (unsigned width = 28; width < 120; width++) {
        r.width = width;
        render_table(&r, list, columns, COLUMNS);
        char copy[8192], *save = NULL;
        snprintf(copy, sizeof copy, "%s", written());
        unsigned lines = 0;
        for (char *line = strtok_r(copy, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save), lines++)
            assert_true(render_width(line) <= width);
        assert_int_equal(lines, 3);
    }
    json_decref(list);
}

static void test_table_limits_and_colour(void **state)
{
    static const struct render_column narrow[] = {{"T", "title", 10}, {"OK", "ok", 0}};
    (void)state;
    json_t *list = json_pack("[{s:s,s:b},{s:b}]", "title", "abcdefghijklmnop", "ok", 1, "ok", 0);
    r.width = 80;
    r.colour = true;
    render_table(&r, list, narrow, 2);
    assert_string_equal(written(), "\033[1mT           OK\n\033[0mabcdefghi\u2026  yes\n-           no\n");
    json_array_clear(list);
    render_table(&r, list, narrow, 2);
    assert_string_equal(written(), "");
    json_decref(list);
}

static void test_times_and_ids(void **state)
{
    char id[16];
    (void)state;
    json_t *zero = render_json_time(0), *some = render_json_time(UINT64_C(1394812800042)), *odd = json_string("soon\n");
    assert_true(json_is_null(zero));
    assert_string_equal(json_string_value(some), "2014-03-14T16:00:00.042Z");
    render_time(&r, some);
    assert_string_equal(written(), "2014-03-14 16:00 UTC");
    render_time(&r, zero);
    assert_string_equal(written(), "never");
    render_time(&r, odd);
    assert_string_equal(written(), "soon\\x0a");
    assert_string_equal(render_short_id("0123456789abcdef", id), "0123456789ab");
    assert_string_equal(render_short_id(NULL, id), "-");
    json_decref(zero);
    json_decref(some);
    json_decref(odd);
}

static void test_json_text(void **state)
{
    (void)state;
    json_t *good = render_json_text("\u00e9"), *bad = render_json_text("a\xff\u00e9");
    assert_string_equal(json_string_value(good), "\u00e9");
    assert_string_equal(json_string_value(bad), "a\\xff\u00e9");
    json_decref(good);
    json_decref(bad);
}

/* The same JSON, keys in order, nothing in it that a terminal acts on. */
static void test_json(void **state)
{
    (void)state;
    json_t *value = json_pack("{s:s, s:[i,n], s:s, s:s}", "z", "a\u202eb\xc2\x85\x7f\u05e9", "list", 1, "e",
                              "\u00e9\n\"", "tag", "\U000e0041");
    assert_int_equal(render_json(r.out, value), GMM_OK);
    const char *out = written();
    assert_string_equal(out, "{\"e\":\"\u00e9\\n\\\"\",\"list\":[1,null],\"tag\":\"\\udb40\\udc41\","
                             "\"z\":\"a\\u202eb\\u0085\\u007f\u05e9\"}\n");
    json_t *back = json_loads(out, 0, NULL);
    assert_true(json_equal(value, back));
    json_decref(back);
    json_decref(value);
    FILE *full = fopen("/dev/full", "w");
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    json_t *one = json_true();
    assert_int_equal(render_json(full, one), GMM_EIO);
    fclose(full);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_controls_are_escaped),
        TEST(test_letters_stay),
        TEST(test_bytes_that_are_no_utf8),
        TEST(test_blocks_lines_fields),
        TEST(test_width),
        TEST(test_table_whole),
        TEST(test_table_fits),
        TEST(test_table_limits_and_colour),
        TEST(test_times_and_ids),
        TEST(test_json_text),
        TEST(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
