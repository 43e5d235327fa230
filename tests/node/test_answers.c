#include "node/answers.h"

#include "node/backlog.h"
#include "node/node_state.h"
#include "tests/node/posting_fixture.h"

#define CLIENTS 3u

static struct office office;
static struct gmm_id all;
static struct heard {
    enum gmm_err err[CLIENTS];
    unsigned who[CLIENTS], count;
} heard;

static int start(void **state)
{
    (void)state;
    heard = (struct heard){.count = 0};
    posting_found(&office, &all);
    return 0;
}

static int end(void **state)
{
    (void)state;
    office_drop(&office);
    return 0;
}

static void on_done(void *arg, enum gmm_err err, json_t *reply)
{
    (void)arg;
    assert_in_range(heard.count, 0, CLIENTS - 1);
    heard.err[heard.count] = err;
    heard.who[heard.count++] = (unsigned)json_integer_value(json_object_get(reply, "n"));
}

static void post_and_hold(unsigned n, struct gmm_id *id)
{
    static const struct call_ops ops = {.done = on_done};
    char text[32];
    snprintf(text, sizeof text, "quittance %u", n);
    *id = posting_put(&office, (struct post_request){.title = "quittance"}, text, true);
    struct call *call = call_new("post", json_object(), NULL, 0, "amina", 0, &ops, NULL);
    assert_non_null(call);
    answers_hold(office.node, call, json_pack("{s:i}", "n", (int)n));
}

static uint64_t documents(void)
{
    uint64_t count = 0, notes = 0;
    assert_int_equal(projection_counts(office.node->projection, &count, &notes), GMM_OK);
    return count;
}

static bool is_stored(const struct gmm_id *id)
{
    struct store_entry entry;
    if (store_load_entry(office.node->store, id, &entry) != GMM_OK)
        return false;
    store_entry_close(&entry);
    return true;
}

static void nobody_hears_before_the_commit(void **state)
{
    (void)state;
    struct gmm_id ids[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        post_and_hold(i, &ids[i]);
    assert_int_equal(heard.count, 0);
    assert_false(is_stored(&ids[0]));
    assert_int_equal(node_flush_awaited(office.node), GMM_OK);
    assert_int_equal(heard.count, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(heard.err[i], GMM_OK);
        assert_int_equal(heard.who[i], i);
        assert_true(is_stored(&ids[i]));
    }
}

/* The loop's flush leaves the catalogue for a moment; whoever asks for anything has it. */
static void the_catalogue_follows(void **state)
{
    (void)state;
    struct gmm_id id;
    bool whole = false;
    post_and_hold(0, &id);
    assert_int_equal(node_flush_awaited(office.node), GMM_OK);
    assert_int_equal(documents(), 0);
    assert_true(backlog_is_behind(office.node));
    assert_true(office.node->slice_due_ms > 0);
    assert_int_equal(backlog_before(office.node, false, NULL), GMM_OK);
    assert_int_equal(documents(), 1);
    assert_int_equal(office.node->slice_due_ms, 0);
    assert_int_equal(backlog_index(office.node, 0, &whole), GMM_OK);
    assert_false(backlog_is_behind(office.node));

    post_and_hold(1, &id);
    assert_int_equal(node_flush_awaited(office.node), GMM_OK);
    office_again(&office);
    assert_int_equal(documents(), 2);
}

static void all_fail_with_their_commit(void **state)
{
    (void)state;
    struct gmm_id ids[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        post_and_hold(i, &ids[i]);
    office.node->pending->store_err = GMM_EFULL;
    assert_int_equal(node_flush_awaited(office.node), GMM_EFULL);
    assert_int_equal(heard.count, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(heard.err[i], GMM_EFULL);
        assert_false(is_stored(&ids[i]));
    }
    heard.count = 0;
    post_and_hold(0, &ids[0]);
    assert_int_equal(node_flush_awaited(office.node), GMM_OK);
    assert_int_equal(heard.err[0], GMM_OK);
    assert_true(is_stored(&ids[0]));
}

/* Another command fails meanwhile, and takes back what it did, not what waits. */
static void what_is_taken_back_is_ones_own(void **state)
{
    (void)state;
    static char large[400000];
    struct gmm_id id;
    uint8_t *plain = NULL;
    size_t len = 0;
    struct record_document doc;
    uint32_t held = 0;
    memset(large, 'q', sizeof large - 1);
    id = posting_put(&office, (struct post_request){.title = "quittance"}, large, true);
    node_discard(office.node);
    assert_int_equal(node_flush(office.node), GMM_OK);
    assert_int_equal(node_open_record(office.node, &id, NULL, &plain, &len), GMM_OK);
    assert_int_equal(record_document_decode(&doc, plain, len), GMM_OK);
    assert_in_range(doc.content.count, 1, 1000);
    for (uint32_t i = 0; i < doc.content.count; i++)
        assert_int_equal(store_has_chunk(office.node->store, &all, &doc.content.chunks[i].id, &held), GMM_OK);
    record_document_close(&doc);
    free(plain);
}

static void who_waits_when_the_node_ends_has_an_answer(void **state)
{
    (void)state;
    struct gmm_id id;
    post_and_hold(0, &id);
    office_again(&office);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.err[0], GMM_OK); /* closing commits */
    assert_true(is_stored(&id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_hears_before_the_commit, start, end),
        cmocka_unit_test_setup_teardown(the_catalogue_follows, start, end),
        cmocka_unit_test_setup_teardown(all_fail_with_their_commit, start, end),
        cmocka_unit_test_setup_teardown(what_is_taken_back_is_ones_own, start, end),
        cmocka_unit_test_setup_teardown(who_waits_when_the_node_ends_has_an_answer, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
