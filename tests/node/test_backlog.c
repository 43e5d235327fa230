#include "node/backlog.h"

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

static enum gmm_err count_hit(void *arg, const struct gmm_id *id, double score)
{
    (void)id;
    (void)score;
    ++*(unsigned *)arg;
    return GMM_OK;
}

static unsigned hits(const char *word)
{
    unsigned count = 0;
    assert_int_equal(search_query(office.node->search, word, 0, count_hit, &count), GMM_OK);
    return count;
}

static uint64_t documents(void)
{
    uint64_t count = 0, notes = 0;
    assert_int_equal(projection_counts(office.node->projection, &count, &notes), GMM_OK);
    return count;
}

/* So many documents in one commit. */
static void post_many(unsigned count)
{
    struct record_document doc;
    struct post_plan plan = {.title = "quittance", .lang = "fr", .version = 1};
    struct buffer record;
    struct gmm_id id;
    assert_int_equal(node_ensure_epoch(office.node, &all, false, NULL), GMM_OK);
    for (unsigned i = 0; i < count; i++) {
        buffer_init(&record, 65536);
        post_fill_record(&doc, &plan, "b.txt", NULL);
        doc.content = (struct manifest){.size = 1, .inline_bytes = (const uint8_t *)"b"};
        assert_int_equal(record_document_encode(&record, &doc), GMM_OK);
        assert_int_equal(node_append_more(office.node, &all, HEADER_DOCUMENT, record.p, record.len, NULL, &id, NULL),
                         GMM_OK);
        buffer_close(&record);
    }
    assert_int_equal(node_flush_appends(office.node, NULL), GMM_OK);
}

static void a_few_are_found_at_once(void **state)
{
    (void)state;
    post_many(BACKLOG_FEW);
    assert_int_equal(documents(), BACKLOG_FEW);
    assert_int_equal(hits("quittance"), BACKLOG_FEW);
    assert_false(backlog_is_behind(office.node));
}

/* Ours are in the catalogue at once; the index follows, in slices or when somebody searches. */
static void the_index_of_many_follows(void **state)
{
    (void)state;
    bool whole = false;
    post_many(100);
    assert_int_equal(documents(), 100);
    assert_int_equal(hits("quittance"), 0);
    post_many(1); /* no hole is left behind it */
    assert_int_equal(hits("quittance"), 0);
    assert_int_equal(backlog_index(office.node, 0, &whole), GMM_OK);
    assert_true(whole);
    assert_int_equal(hits("quittance"), 101);
    assert_false(backlog_slice(office.node));
    post_many(100);
    while (backlog_slice(office.node))
        ;
    assert_int_equal(hits("quittance"), 201);
    post_many(1);
    assert_int_equal(hits("quittance"), 202);
}

static void it_goes_on_after_a_restart(void **state)
{
    (void)state;
    bool whole = false;
    post_many(100);
    office_again(&office);
    assert_int_equal(documents(), 100);
    assert_int_equal(backlog_index(office.node, 0, &whole), GMM_OK);
    assert_true(whole);
    assert_int_equal(hits("quittance"), 100);
    office_again(&office);
    assert_int_equal(hits("quittance"), 100);
}

/* An index made anew is filled without touching the catalogue. */
static void an_index_made_anew_is_filled(void **state)
{
    (void)state;
    bool whole = false;
    post_many(3);
    assert_int_equal(search_reset(office.node->search), GMM_OK);
    office_again(&office);
    assert_int_equal(documents(), 3);
    assert_int_equal(hits("quittance"), 0);
    assert_int_equal(backlog_index(office.node, 0, &whole), GMM_OK);
    assert_int_equal(hits("quittance"), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_few_are_found_at_once, start, end),
        cmocka_unit_test_setup_teardown(the_index_of_many_follows, start, end),
        cmocka_unit_test_setup_teardown(it_goes_on_after_a_restart, start, end),
        cmocka_unit_test_setup_teardown(an_index_made_anew_is_filled, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
