#include "node/journal.h"

#include "tests/node/posting_fixture.h"

static struct office office;
static struct gmm_id all, first, second;

static int start(void **state)
{
    (void)state;
    posting_found(&office, &all);
    first = posting_post(&office, "un", "S/1", "fr", NULL, NULL);
    second = posting_post(&office, "deux", NULL, NULL, "S/1", NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    office_drop(&office);
    return 0;
}

static json_t *rows_of(const struct journal_query *query)
{
    struct gmm_msg msg = {.text = ""};
    json_t *rows = NULL;
    if (journal_rows(office.node, query, &rows, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    return rows;
}

static size_t count_of(const struct journal_query *query)
{
    json_t *rows = rows_of(query);
    size_t count = json_array_size(rows);
    json_decref(rows);
    return count;
}

static const char *text_at(const json_t *rows, size_t index, const char *name)
{
    const char *text = json_string_value(json_object_get(json_array_get(rows, index), name));
    return text == NULL ? "" : text;
}

static void everything_is_there_in_order(void **state)
{
    (void)state;
    const struct journal_query everything = {0};
    json_t *rows = rows_of(&everything);
    size_t documents = 0;
    char hex[GMM_ID_HEX + 1];
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (strcmp(text_at(rows, i, "what"), "document") != 0)
            continue;
        id_to_hex(documents == 0 ? &first : &second, hex);
        assert_string_equal(text_at(rows, i, "id"), hex);
        assert_string_equal(text_at(rows, i, "subject"), "S/1");
        assert_string_equal(text_at(rows, i, "participant"), "ilo");
        assert_string_equal(text_at(rows, i, "group"), "all");
        documents++;
    }
    assert_int_equal(documents, 2);
    json_decref(rows);
}

static void filters_narrow_it(void **state)
{
    (void)state;
    const char *const document[] = {"document"}, *const object[] = {"certificate", "charter"};
    const struct journal_query by_kind = {.what = document, .what_count = 1},
                               objects = {.what = object, .what_count = 2},
                               group = {.gid = &all, .what = object, .what_count = 2},
                               newest = {.what = document, .what_count = 1, .limit = 1}, none = {.only_void = true},
                               from = {.from = "ilo/hq", .what = document, .what_count = 1},
                               later = {.since_ms = UINT64_C(1) << 47}, before = {.until_ms = 1}, key = {.key = "zz"};
    assert_int_equal(count_of(&by_kind), 2);
    assert_int_equal(count_of(&objects), 2);
    assert_int_equal(count_of(&group), 0);
    assert_int_equal(count_of(&none), 0);
    assert_int_equal(count_of(&from), 2);
    assert_int_equal(count_of(&later), 0);
    assert_int_equal(count_of(&before), 0);
    assert_int_equal(count_of(&key), 0);
    json_t *rows = rows_of(&newest);
    char hex[GMM_ID_HEX + 1];
    id_to_hex(&second, hex);
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(text_at(rows, 0, "id"), hex);
    json_decref(rows);
}

static void nobody_of_that_name(void **state)
{
    (void)state;
    static const char *const names[] = {"wb", "ilo/geneva", "", "/hq", "a-name-that-is-longer-than-any-id-may-be/hq"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct journal_query query = {.from = names[i]};
        json_t *rows = NULL;
        struct gmm_msg msg = {.text = ""};
        assert_int_equal(journal_rows(office.node, &query, &rows, &msg), GMM_ENOTFOUND);
        assert_null(rows);
        assert_string_not_equal(msg.text, "");
    }
}

static void words_are_known(void **state)
{
    (void)state;
    static const char *const words[] = {"charter", "rotation", "document", "epoch-bad", "admit"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        assert_true(journal_is_word(words[i]));
    assert_false(journal_is_word("DOCUMENT"));
    assert_false(journal_is_word(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_there_in_order),
        cmocka_unit_test(filters_narrow_it),
        cmocka_unit_test(nobody_of_that_name),
        cmocka_unit_test(words_are_known),
    };
    return cmocka_run_group_tests(tests, start, end);
}
