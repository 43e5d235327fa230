#include "node/read.h"

#include "node/project.h"
#include "tests/node/posting_fixture.h"

static struct office office;
static struct gmm_id all, fr1, en1, fr2, plain;

static int start(void **state)
{
    (void)state;
    posting_found(&office, &all);
    fr1 = posting_post(&office, "un", "S/1", "fr", NULL, NULL);
    en1 = posting_post(&office, "one", NULL, "en-GB", NULL, "S/1");
    fr2 = posting_post(&office, "deux", NULL, NULL, "S/1", NULL);
    plain = posting_post(&office, "sans cote", NULL, "fr", NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    office_drop(&office);
    return 0;
}

static void expect(const char *ref, const char *lang, uint32_t version, const struct gmm_id *id, bool other_lang)
{
    struct read_found found;
    struct gmm_msg msg = {.text = ""};
    struct read_want want = {lang, version};
    if (read_find(office.node, ref, &want, &found, NULL, &msg) != GMM_OK)
        fail_msg("%s: %s", ref, msg.text);
    assert_true(id_equal(&found.item.id, id));
    assert_int_equal(found.other_lang, other_lang);
    read_close(&found);
}

static void refuse(const char *ref, const char *lang, uint32_t version, enum gmm_err err)
{
    struct read_found found;
    struct gmm_msg msg = {.text = ""};
    struct read_want want = {lang, version};
    assert_int_equal(read_find(office.node, ref, &want, &found, NULL, &msg), err);
    assert_non_null(strstr(msg.text, ref));
}

static void test_by_symbol(void **state)
{
    (void)state;
    struct read_found found;
    expect("S/1", NULL, 0, &fr2, false);
    expect(" S/1 ", NULL, 0, &fr2, false);
    expect("S/1", NULL, 1, &fr1, false);
    expect("S/1", "en", 1, &en1, false);
    expect("S/1", "EN-gb", 1, &en1, false);
    expect("S/1", "en", 0, &fr2, true);
    expect("S/1", "de", 1, &fr1, true);
    refuse("S/1", NULL, 3, GMM_ENOTFOUND);
    refuse("s/1", NULL, 0, GMM_ENOTFOUND);
    assert_int_equal(read_find(office.node, "S/1", NULL, &found, NULL, NULL), GMM_OK);
    assert_true(found.by_symbol && found.newest == 2 && found.text_count == 3);
    assert_int_equal(found.texts[0].version, 2);
    assert_true(id_is_zero(&found.texts[1].translates));
    assert_true(id_equal(&found.texts[2].translates, &fr1));
    read_close(&found);
}

static void test_by_id(void **state)
{
    (void)state;
    char hex[GMM_ID_HEX + 1], upper[GMM_ID_HEX + 1];
    id_to_hex(&fr1, hex);
    for (size_t i = 0; i <= GMM_ID_HEX; i++)
        upper[i] = hex[i] >= 'a' ? (char)(hex[i] - 'a' + 'A') : hex[i];
    expect(hex, NULL, 0, &fr1, false);
    expect(upper, NULL, 0, &fr1, false);
    expect(hex, "en", 0, &en1, false);
    expect(hex, NULL, 2, &fr2, false);
    hex[12] = '\0';
    expect(hex, NULL, 0, &fr1, false);
    hex[7] = '\0';
    refuse(hex, NULL, 0, GMM_ENOTFOUND);
    refuse("0000000000", NULL, 0, GMM_ENOTFOUND);
    refuse("no such symbol", NULL, 0, GMM_ENOTFOUND);
    id_to_hex(&plain, hex);
    expect(hex, "fr", 1, &plain, false);
    expect(hex, "en", 0, &plain, true);
    refuse(hex, NULL, 2, GMM_ENOTFOUND);
}

/* "An exact symbol wins." */
static void test_symbol_before_id(void **state)
{
    (void)state;
    char hex[GMM_ID_HEX + 1];
    id_to_hex(&plain, hex);
    struct gmm_id trap = posting_post(&office, "piège", hex, "fr", NULL, NULL);
    expect(hex, NULL, 0, &trap, false);
}

/* Two originals of one version are both shown until somebody supersedes both. */
static void test_two_heads(void **state)
{
    (void)state;
    struct read_found found;
    struct record_document doc;
    struct post_plan plan = {.title = "other", .symbol = "S/2", .lang = "fr", .version = 1};
    struct gmm_id first = posting_post(&office, "a", "S/2", "fr", NULL, NULL), second;
    struct buffer record;
    buffer_init(&record, 65536);
    post_fill_record(&doc, &plan, "b.txt", NULL);
    doc.content = (struct manifest){.size = 1, .inline_bytes = (const uint8_t *)"b"};
    assert_int_equal(record_document_encode(&record, &doc), GMM_OK);
    assert_int_equal(node_append(office.node, &all, HEADER_DOCUMENT, record.p, record.len, NULL, &second, NULL),
                     GMM_OK);
    buffer_close(&record);
    json_t *choices = json_array();
    assert_int_equal(read_find(office.node, "S/2", NULL, &found, choices, NULL), GMM_EAMBIGUOUS);
    assert_int_equal(json_array_size(choices), 2);
    json_decref(choices);
    char hex[GMM_ID_HEX + 1];
    id_to_hex(&first, hex);
    struct gmm_id next = posting_post(&office, "c", NULL, NULL, hex, NULL);
    expect("S/2", NULL, 0, &next, false);
    refuse("S/2", NULL, 1, GMM_EAMBIGUOUS);
}

static void test_records(void **state)
{
    (void)state;
    struct read_record record;
    struct gmm_id none = {{1}};
    assert_int_equal(read_record(office.node, &fr1, &record, NULL), GMM_OK);
    assert_int_equal(record.header.type, HEADER_DOCUMENT);
    assert_int_equal(record.document.content.size, 2);
    assert_memory_equal(record.document.content.inline_bytes, "un", 2);
    read_record_close(&record);
    assert_int_equal(read_record(office.node, &none, &record, NULL), GMM_ENOTFOUND);
}

/* What is put here survives a restart, and a catalogue and an index made anew. */
static void test_after_restart(void **state)
{
    (void)state;
    office_again(&office);
    expect("S/1", "en", 1, &en1, false);
    assert_int_equal(projection_reset(office.node->projection), GMM_OK);
    refuse("S/1", NULL, 0, GMM_ENOTFOUND);
    assert_int_equal(project_catch_up(office.node, PROJECT_ALL, NULL, NULL), GMM_OK);
    assert_int_equal(node_flush(office.node), GMM_OK);
    expect("S/1", "en", 1, &en1, false);
}

/* A member's record that says nonsense is kept, not shown, and holds nothing up. */
static void test_malformed_records(void **state)
{
    (void)state;
    struct gmm_id id, after;
    struct read_record record;
    static const struct {
        uint16_t type;
        const char *body;
    } bad[] = {{HEADER_DOCUMENT, "nonsense"}, {HEADER_NOTE, "\x80"}, {HEADER_GROUP_NAME, "\xc1"}, {200, "unknown"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(node_append(office.node, &all, bad[i].type, bad[i].body, strlen(bad[i].body), NULL, &id, NULL),
                         GMM_OK);
    after = posting_post(&office, "suite", "S/3", "fr", NULL, NULL);
    expect("S/3", NULL, 0, &after, false);
    assert_int_equal(read_record(office.node, &id, &record, NULL), GMM_ENOTFOUND);
    office_again(&office);
    expect("S/3", NULL, 0, &after, false);
}

static void test_languages(void **state)
{
    (void)state;
    assert_true(read_lang_is("fr", "FR", false));
    assert_false(read_lang_is("fr-CH", "fr", false));
    assert_true(read_lang_is("fr-CH", "fr", true));
    assert_false(read_lang_is("fro", "fr", true));
    assert_false(read_lang_is("f", "fr", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_symbol),         cmocka_unit_test(test_by_id),
        cmocka_unit_test(test_symbol_before_id),  cmocka_unit_test(test_two_heads),
        cmocka_unit_test(test_records),           cmocka_unit_test(test_after_restart),
        cmocka_unit_test(test_malformed_records), cmocka_unit_test(test_languages),
    };
    return cmocka_run_group_tests(tests, start, end);
}
