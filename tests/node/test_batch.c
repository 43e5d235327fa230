#include "node/batch.h"

#include "node/batch_put.h"
#include "node/note.h"
#include "node/read.h"
#include "tests/lib/failmalloc.h"
#include "tests/node/posting_fixture.h"

static struct office office;
static struct gmm_id all;

static int start(void **state)
{
    (void)state;
    posting_found(&office, &all);
    return 0;
}

static int end(void **state)
{
    (void)state;
    office_drop(&office);
    return 0;
}

static enum gmm_err check(const char *table, struct batch **out, struct gmm_msg *msg)
{
    const struct batch_options options = {.to = "all", .lang = "fr", .person = "amina"};
    char *text = strdup(table);
    assert_non_null(text);
    return batch_check(office.node, text, strlen(text), &options, out, NULL, msg);
}

static void refuse(const char *table, enum gmm_err err, const char *part)
{
    struct batch *batch = NULL;
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(check(table, &batch, &msg), err);
    assert_null(batch);
    if (strstr(msg.text, part) == NULL)
        fail_msg("'%s' is not in: %s", part, msg.text);
}

/* Posts all rows, each with its path as its content. */
static void post_rows(struct batch *batch, struct gmm_id *ids)
{
    uint64_t sizes[16];
    size_t count = batches_rows(batch), posted = 0;
    int fd = posting_file("", 0);
    struct gmm_msg msg = {.text = ""};
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        const char *path = batches_path(batch, i);
        sizes[i] = strlen(path);
        assert_int_equal(write(fd, path, strlen(path)), strlen(path));
    }
    if (batch_put(office.node, batch, 0, sizes, count, fd, ids, &posted, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    assert_int_equal(posted, count);
    close(fd);
}

static void expect_document(const struct gmm_id *id, const char *symbol, uint32_t version, const char *lang,
                            const struct gmm_id *revises, const struct gmm_id *translates)
{
    static const struct gmm_id none;
    struct projection_item item;
    assert_int_equal(projection_get(office.node->projection, id, &item), GMM_OK);
    assert_string_equal(item.symbol, symbol);
    assert_string_equal(item.lang, lang);
    assert_string_equal(item.person, "amina");
    assert_int_equal(item.version, version);
    assert_true(id_equal(&item.revises, revises == NULL ? &none : revises));
    assert_true(id_equal(&item.translates, translates == NULL ? &none : translates));
    projection_item_close(&item);
}

static void test_versions_and_languages(void **state)
{
    (void)state;
    struct batch *batch = NULL;
    struct gmm_id ids[16];
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(check("path\tsymbol\tlang\tparent\tid\n"
                           "a\tB/1\t\t\tv1\n"
                           "b\tB/1\ten\t\tv1en\n"
                           "c\tB/1\t\t\t\n"            /* the same language: the next version */
                           "d\t B/1 \ten\t\t\n"        /* another language of that */
                           "e\tB/1/Rev.1\t\tv1\trev\n" /* a parent is what it revises; its own symbol stands */
                           "f\tB/1/Rev.1\ten\tv1en\t\n",
                           &batch, &msg),
                     GMM_OK);
    size_t documents, notes, wide;
    batch_count(batch, &documents, &notes, &wide);
    assert_int_equal(documents, 6);
    assert_int_equal(notes, 0);
    assert_int_equal(wide, 6);
    post_rows(batch, ids);
    expect_document(&ids[0], "B/1", 1, "fr", NULL, NULL);
    expect_document(&ids[1], "B/1", 1, "en", NULL, &ids[0]);
    expect_document(&ids[2], "B/1", 2, "fr", &ids[0], NULL);
    expect_document(&ids[3], "B/1", 2, "en", NULL, &ids[2]);
    expect_document(&ids[4], "B/1/Rev.1", 2, "fr", &ids[0], NULL);
    expect_document(&ids[5], "B/1/Rev.1", 2, "en", &ids[1], &ids[4]);
    batches_free(batch);
    refuse("path\tsymbol\na\tB/1\n", GMM_EEXISTS, "line 2: 'B/1' is held already");
    /* One that says where it belongs is fine, and the original of its version is found. */
    assert_int_equal(check("path\tsymbol\tlang\trevises\ng\tB/1\t\tB/1\n", &batch, &msg), GMM_OK);
    post_rows(batch, ids + 6);
    expect_document(&ids[6], "B/1", 3, "fr", &ids[2], NULL);
    batches_free(batch);
    refuse("path\tlang\ttranslates\na\tfr\tB/1\n", GMM_EUSAGE, "in fr itself");
}

static void expect_marking(const struct gmm_id *id, unsigned marking, unsigned tlp, const char *lang)
{
    struct projection_item item;
    assert_int_equal(projection_get(office.node->projection, id, &item), GMM_OK);
    assert_int_equal(item.marking, marking);
    assert_int_equal(item.tlp, tlp);
    assert_string_equal(item.lang, lang);
    projection_item_close(&item);
}

static enum gmm_err check_plain(const char *table, struct batch **out, struct gmm_msg *msg)
{
    const struct batch_options options = {.to = "all", .person = "amina"};
    char *text = strdup(table);
    assert_non_null(text);
    return batch_check(office.node, text, strlen(text), &options, out, NULL, msg);
}

/* A marking does not get lost, and a language is not guessed, where a row follows something. */
static void test_taken_over(void **state)
{
    (void)state;
    struct batch *batch = NULL;
    struct gmm_id ids[8];
    struct gmm_msg msg = {.text = ""};
    posting_publish(&office, (struct post_request){.symbol = "T/1", .lang = "es", .marking = "confidential, TLP:AMBER"},
                    "uno");
    assert_int_equal(check_plain("path\tsymbol\tlang\trevises\ttranslates\tmarking\n"
                                 "a\t\t\tT/1\t\t\n"
                                 "b\tT/1\tfr\t\t\t\n"              /* translates the row before */
                                 "c\tT/2\ten\t\t\tTLP:RED\n"       /* the first of its symbol */
                                 "d\tT/2\ten\t\t\t\n"              /* its next version */
                                 "e\tT/4\t\tT/1\t\tunclassified\n" /* somebody says so */
                                 "f\tT/3\t\t\t\t\n",
                                 &batch, &msg),
                     GMM_OK);
    assert_int_equal(batch_assumed(batch), 1); /* f */
    post_rows(batch, ids);
    batches_free(batch);
    expect_marking(&ids[0], RECORD_CONFIDENTIAL, RECORD_TLP_AMBER, "es");
    expect_marking(&ids[1], RECORD_CONFIDENTIAL, RECORD_TLP_AMBER, "fr");
    expect_marking(&ids[2], RECORD_UNCLASSIFIED, RECORD_TLP_RED, "en");
    expect_marking(&ids[3], RECORD_UNCLASSIFIED, RECORD_TLP_RED, "en");
    expect_marking(&ids[4], RECORD_UNCLASSIFIED, RECORD_TLP_NONE, "es");
    expect_marking(&ids[5], RECORD_UNCLASSIFIED, RECORD_TLP_NONE, "en");
}

struct seen {
    size_t count;
    struct gmm_id parents[8];
    unsigned positions[8], dispositions[8];
    uint32_t paras[8];
};

static enum gmm_err see(void *arg, const struct note_view *note)
{
    struct seen *seen = arg;
    assert_non_null(note->record);
    assert_true(seen->count < 8);
    seen->parents[seen->count] = note->item->parent;
    seen->positions[seen->count] = note->item->position;
    seen->dispositions[seen->count] = note->disposition;
    seen->paras[seen->count++] = note->item->para;
    return GMM_OK;
}

static void test_notes(void **state)
{
    (void)state;
    struct batch *batch = NULL;
    struct gmm_id ids[16];
    struct gmm_msg msg = {.text = ""};
    struct seen seen = {0};
    assert_int_equal(check("id\tpath\tkind\tparent\tsymbol\tanchor\tposition\n"
                           "d\tdoc\tdocument\t\tN/1\t\t\n"
                           "n1\tn1\tnote\td\t\t7\tAmendment\n"
                           "n2\tn2\tnote\tn1\t\t\treply\n"
                           "n3\tn3\tnote\tn1\t\t\tnot accepted\n"
                           "n4\tn4\tnote\t\tN/1\t\t\n",
                           &batch, &msg),
                     GMM_OK);
    post_rows(batch, ids);
    batches_free(batch);
    assert_int_equal(note_each(office.node, &ids[0], 1, see, &seen), GMM_OK);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.paras[0], 7);
    assert_int_equal(seen.positions[0], RECORD_AMENDMENT);
    assert_int_equal(seen.dispositions[0], RECORD_NOT_ACCEPTED);
    assert_true(id_equal(&seen.parents[1], &ids[1]) && seen.positions[1] == RECORD_NO_POSITION);
    assert_true(id_is_zero(&seen.parents[3]));
    /* Notes on what is held: by symbol, by id, on a note. */
    char table[300], hex[GMM_ID_HEX + 1];
    id_to_hex(&ids[1], hex);
    snprintf(table, sizeof table, "path\tkind\tparent\na\tnote\tN/1\nb\tnote\t%s\n", hex);
    assert_int_equal(check(table, &batch, &msg), GMM_OK);
    post_rows(batch, ids);
    batches_free(batch);
    refuse("path\tkind\na\tnote\n", GMM_EUSAGE, "needs a document");
    refuse("path\tkind\tparent\tposition\na\tnote\tN/1\treply\n", GMM_EUSAGE, "needs the note");
    refuse("path\tkind\tparent\tanchor\na\tnote\tN/1\t-1\n", GMM_EUSAGE, "paragraph");
    refuse("path\tkind\tparent\tanchor\na\tnote\tN/1\t4294967296\n", GMM_EUSAGE, "paragraph");
    refuse("path\tkind\tparent\tposition\na\tnote\tN/1\tmaybe\n", GMM_EUSAGE, "'maybe'");
    snprintf(table, sizeof table, "path\trevises\na\t%s\n", hex);
    refuse(table, GMM_EUSAGE, "is a note");
}

static void test_refusals(void **state)
{
    (void)state;
    refuse("", GMM_EUSAGE, "empty");
    refuse("path\n", GMM_EUSAGE, "no row");
    refuse("title\nx\n", GMM_EUSAGE, "no column 'path'");
    refuse("path\tto\na\tall\nb\tnobody\n", GMM_ENOTFOUND, "line 3");
    refuse("path\tkind\na\tpractice\n", GMM_EUSAGE, "no kind");
    refuse("path\tid\na\t1\nb\t1\n", GMM_EUSAGE, "line 3: the id '1'");
    refuse("path\tparent\na\tlater\nb\t\n", GMM_ENOTFOUND, "no earlier row");
    refuse("path\tmarking\na\tsecret\n", GMM_EUSAGE, "no marking");
    refuse("path\tlang\na\tfr_CH\n", GMM_EUSAGE, "language tag");
    refuse("path\na/..\n", GMM_EUSAGE, "names no file");
}

/* "Same key, same id", in a batch that is posted twice; slices in order, and nothing behind a row that failed. */
static void test_once_and_order(void **state)
{
    (void)state;
    struct batch *batch = NULL, *again = NULL;
    struct gmm_id ids[16], same[16];
    struct gmm_msg msg = {.text = ""};
    size_t posted = 7;
    const uint64_t sizes[] = {1, 1}, large[] = {BATCH_SMALL_BYTES + 1, 0};
    const char *table = "path\tonce\tsymbol\na\tk1\tO/1\nb\tk2\tO/1\nc\tk1\t\n";
    assert_int_equal(check(table, &batch, &msg), GMM_OK);
    post_rows(batch, ids);
    assert_true(id_equal(&ids[2], &ids[0]));
    assert_int_equal(check(table, &again, &msg), GMM_OK);
    post_rows(again, same);
    assert_memory_equal(ids, same, 3 * sizeof *ids);
    batches_free(batch);
    batches_free(again);
    assert_int_equal(check("path\tkind\tparent\na\t\t\nb\tnote\tO/1\nc\t\t\n", &batch, &msg), GMM_OK);
    int fd = posting_file("x\xff", 2);
    assert_int_equal(batch_put(office.node, batch, 1, sizes, 2, fd, ids, &posted, &msg), GMM_EUSAGE);
    assert_int_equal(posted, 0);
    batches_free(batch);
    assert_int_equal(check("path\tkind\tparent\na\t\t\nb\tnote\tO/1\nc\t\t\n", &batch, &msg), GMM_OK);
    assert_int_equal(batch_put(office.node, batch, 0, sizes, 2, fd, ids, &posted, &msg), GMM_EUSAGE);
    assert_int_equal(posted, 1);
    assert_non_null(strstr(msg.text, "the 1 rows before it are posted"));
    assert_int_equal(batch_put(office.node, batch, 1, sizes, 2, fd, ids, &posted, &msg), GMM_ESTATE);
    batches_free(batch);
    assert_int_equal(check("path\na\nb\n", &batch, &msg), GMM_OK);
    assert_int_equal(batch_put(office.node, batch, 0, large, 2, fd, ids, &posted, &msg), GMM_EUSAGE);
    batches_free(batch);
    assert_int_equal(check("path\na\nb\nc\n", &batch, &msg), GMM_OK);
    const uint64_t three[] = {1, 1, 1};
    assert_int_equal(batch_put(office.node, batch, 0, three, 3, fd, ids, &posted, &msg), GMM_EIO);
    batches_free(batch);
    close(fd);
}

static void test_keeping(void **state)
{
    (void)state;
    struct batch *batches[BATCH_OPEN], *more = NULL;
    struct gmm_msg msg = {.text = ""};
    uint32_t numbers[BATCH_OPEN], number;
    for (size_t i = 0; i < BATCH_OPEN; i++) {
        assert_int_equal(check("path\na\n", &batches[i], &msg), GMM_OK);
        assert_int_equal(batches_keep(office.node, batches[i], &numbers[i]), GMM_OK);
    }
    assert_int_equal(check("path\na\n", &more, &msg), GMM_OK);
    assert_int_equal(batches_keep(office.node, more, &number), GMM_EBUSY);
    assert_ptr_equal(batches_find(office.node, numbers[3], "amina"), batches[3]);
    assert_null(batches_find(office.node, numbers[3], "bob"));
    assert_null(batches_find(office.node, 9999, "amina"));
    batches_end(office.node, batches[3]);
    assert_null(batches_find(office.node, numbers[3], "amina"));
    batches_close_all(office.node);
    assert_null(batches_find(office.node, numbers[0], "amina"));
}

static void test_without_memory(void **state)
{
    (void)state;
    bool failed = true;
    for (long i = 0; failed; i++) {
        struct batch *batch = NULL;
        struct gmm_msg msg = {.text = ""};
        char *text = strdup("path\tsymbol\tid\tkind\tparent\ta\na\tM/1\td\t\t\nb\tM/1\t\t\t\nc\t\t\tnote\td\n");
        const struct batch_options options = {.to = "all", .lang = "fr"};
        assert_non_null(text);
        failmalloc_at(i);
        enum gmm_err err = batch_check(office.node, text, strlen(text), &options, &batch, NULL, &msg);
        failed = failmalloc_off();
        assert_true(err == GMM_OK || failed);
        assert_true((err == GMM_OK) == (batch != NULL));
        batches_free(batch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions_and_languages),
        cmocka_unit_test(test_taken_over),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_once_and_order),
        cmocka_unit_test(test_keeping),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, start, end);
}
