#include "node/proving.h"

#include "node/proven.h"
#include "proto/evidence.h"
#include "tests/lib/exhibit.h"
#include "tests/node/posting_fixture.h"

static struct office office;
static struct gmm_id all, small, large;
static char *large_text;
#define LARGE_BYTES 700000u

static int start(void **state)
{
    (void)state;
    posting_found(&office, &all);
    small = posting_post(&office, "nobody pays", "S/1", "en", NULL, NULL);
    large_text = malloc(LARGE_BYTES + 1);
    if (large_text == NULL)
        return 1;
    for (size_t i = 0; i < LARGE_BYTES; i++)
        large_text[i] = (char)('a' + (i * i + i / 977) % 26);
    large_text[LARGE_BYTES] = '\0';
    large = posting_post(&office, large_text, "S/2", "en", NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(large_text);
    office_drop(&office);
    return 0;
}

static void prove(const struct gmm_id *id, struct buffer *file)
{
    struct gmm_msg msg = {.text = ""};
    buffer_init(file, LIMIT_EVIDENCE_BYTES);
    if (proving_make(office.node, id, file, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
}

/* The report on a file, with a copy of the document (NULL: none). */
static json_t *report_on(const struct buffer *file, const char *content, enum gmm_err expected)
{
    struct gmm_msg msg = {.text = ""};
    json_t *report = NULL;
    int fd = posting_file(file->p, file->len), copy = content == NULL ? -1 : posting_file(content, strlen(content));
    assert_int_equal(proven_report(fd, copy, &report, &msg), expected);
    close(fd);
    if (copy >= 0)
        close(copy);
    assert_non_null(report);
    return report;
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static void proves_what_was_posted(void **state)
{
    (void)state;
    struct buffer file;
    prove(&small, &file);
    json_t *report = report_on(&file, "nobody pays", GMM_OK);
    const json_t *shown = json_object_get(report, "evidence");
    assert_string_equal(member(json_object_get(shown, "document"), "symbol"), "S/1");
    assert_string_equal(member(shown, "content"), "same");
    assert_string_equal(member(shown, "group"), "all");
    assert_string_equal(member(json_object_get(shown, "author"), "participant"), "ilo");
    json_decref(report);
    buffer_close(&file);
}

static void compares_chunk_by_chunk(void **state)
{
    (void)state;
    struct buffer file;
    prove(&large, &file);
    json_decref(report_on(&file, large_text, GMM_OK));
    large_text[LARGE_BYTES / 2] ^= 1;
    json_t *report = report_on(&file, large_text, GMM_ECORRUPT);
    assert_string_equal(member(json_array_get(json_object_get(report, "faults"), 0), "kind"), "content");
    json_decref(report);
    large_text[LARGE_BYTES / 2] ^= 1;
    json_decref(report_on(&file, large_text + 1, GMM_ECORRUPT)); /* shorter */
    json_decref(report_on(&file, "", GMM_ECORRUPT));
    buffer_close(&file);
}

/* Of all participants of the group the one that founded it is there yet; the entry is held by nobody else. */
static void shows_who_was_in_the_group(void **state)
{
    (void)state;
    struct buffer file;
    prove(&small, &file);
    json_t *report = report_on(&file, NULL, GMM_OK);
    const json_t *shown = json_object_get(report, "evidence"), *members = json_object_get(shown, "members");
    assert_int_equal(json_array_size(members), 1);
    assert_string_equal(json_string_value(json_array_get(members, 0)), "ilo");
    assert_int_equal(json_array_size(json_object_get(shown, "stored")), 0);
    json_decref(report);
    buffer_close(&file);
}

/* Of the same log, and nothing of it can be read with the key that the file shows. */
static void shows_one_text_only(void **state)
{
    (void)state;
    struct buffer file;
    struct evidence *e;
    struct store_entry entry;
    struct gmm_msg msg = {.text = ""};
    uint8_t *plain = NULL;
    size_t len;
    prove(&small, &file);
    assert_int_equal(evidence_open(&e, file.p, file.len, &msg), GMM_OK);
    assert_int_equal(store_load_entry(office.node->store, &large, &entry), GMM_OK);
    assert_int_equal(body_open_revealed(&plain, &len, e->key, entry.header, entry.body, entry.body_len), GMM_EDECRYPT);
    store_entry_close(&entry);
    evidence_free(e);
    buffer_close(&file);
}

static void nothing_else_is_a_proof(void **state)
{
    (void)state;
    static const uint8_t junk[64] = "GMMPROOF";
    struct buffer file = {.p = (uint8_t *)(uintptr_t)junk};
    for (file.len = 0; file.len <= sizeof junk; file.len += 16) {
        json_t *report = report_on(&file, NULL, GMM_ECORRUPT);
        assert_true(json_is_null(json_object_get(report, "evidence")));
        assert_int_equal(json_array_size(json_object_get(report, "faults")), 1);
        json_decref(report);
    }
    struct gmm_msg msg = {.text = ""};
    json_t *report = NULL;
    assert_int_equal(proven_report(-1, -1, &report, &msg), GMM_EIO);
    assert_null(report);
}

/* What the office sealed is shown to be its, also where this program cannot read it. */
static void what_is_no_record_is_proven_too(void **state)
{
    (void)state;
    struct exhibit x;
    struct buffer file;
    exhibit_open(&x, true);
    exhibit_file(&x, &file);
    json_t *report = report_on(&file, NULL, GMM_OK);
    const json_t *shown = json_object_get(report, "evidence"), *caveats = json_object_get(shown, "caveats");
    assert_true(json_is_null(json_object_get(shown, "record")));
    assert_int_equal(json_array_size(caveats), 1);
    assert_non_null(strstr(json_string_value(json_array_get(caveats, 0)), "not a well-formed record"));
    assert_string_equal(member(json_object_get(shown, "author"), "participant"), "iom");
    assert_int_equal(json_array_size(json_object_get(shown, "roster")), 3);
    assert_int_equal(json_array_size(json_object_get(shown, "members")), 3);
    const json_t *stored = json_object_get(shown, "stored");
    assert_int_equal(json_array_size(stored), 2); /* the office said it twice */
    assert_string_equal(member(json_array_get(stored, 0), "participant"), "ilo");
    assert_string_equal(member(json_array_get(stored, 0), "office"), "hq");
    json_decref(report);
    buffer_close(&file);
    exhibit_close(&x);
}

static void unknown_entries_are_not_found(void **state)
{
    (void)state;
    struct buffer file;
    struct gmm_msg msg = {.text = ""};
    const struct gmm_id nobody = {{1}};
    buffer_init(&file, LIMIT_EVIDENCE_BYTES);
    assert_int_equal(proving_make(office.node, &nobody, &file, &msg), GMM_ENOTFOUND);
    assert_string_not_equal(msg.text, "");
    assert_int_equal(file.len, 0);
    buffer_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_what_was_posted),        cmocka_unit_test(compares_chunk_by_chunk),
        cmocka_unit_test(shows_who_was_in_the_group),    cmocka_unit_test(shows_one_text_only),
        cmocka_unit_test(nothing_else_is_a_proof),       cmocka_unit_test(what_is_no_record_is_proven_too),
        cmocka_unit_test(unknown_entries_are_not_found),
    };
    return cmocka_run_group_tests(tests, start, end);
}
