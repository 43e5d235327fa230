#include "node/erasing_judge.h"

#include "node/marking.h"
#include "tests/node/erasing_fixture.h"

/* What is said of an entry of ilo's, erased at a time. */
static enum gmm_err judge_at(const struct gmm_id *id, uint64_t ms, struct gmm_msg *msg)
{
    struct store_entry entry;
    struct header h;
    assert_int_equal(store_load_hidden(ilo.node->store, id, &entry), GMM_OK);
    assert_int_equal(header_decode(&h, entry.header), GMM_OK);
    struct view_erasure e = {.id = *id, .seq = h.seq, .time = ms << 16, .by = *node_pid(ilo.node)};
    run_key_of(&e.log, &h);
    *msg = (struct gmm_msg){.text = ""};
    enum gmm_err err = erasing_judge(ilo.node, &e, &entry, msg);
    store_entry_close(&entry);
    return err;
}

static void expect(const struct gmm_id *id, enum gmm_err want, const char *says)
{
    struct gmm_msg msg;
    enum gmm_err err = judge_at(id, CARRYING_START_MS + 60000, &msg);
    if (err != want || strstr(msg.text, says) == NULL)
        fail_msg("%s, \"%s\", and not \"%s\"", gmm_err_name(err), msg.text, says);
}

static struct gmm_id note(const char *position, const struct gmm_id *parent, bool internal)
{
    char hex[GMM_ID_HEX + 1];
    struct gmm_msg msg = {.text = ""};
    struct note_posted posted;
    struct note_request request = {.ref = "D/1", .text = "words", .position = position, .internal = internal};
    if (parent != NULL) {
        id_to_hex(parent, hex);
        request.reply_to = hex;
    }
    if (note_post(ilo.node, &request, &posted, NULL, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    return posted.id;
}

static void by_what_it_is(void **state)
{
    (void)state;
    const struct gmm_id plain = note(NULL, NULL, false), said = note("objection", NULL, false),
                        answer = note("support", &plain, false), inside = note("objection", NULL, true);
    expect(&document, GMM_OK, "");
    expect(&plain, GMM_OK, "");
    expect(&said, GMM_EDENIED, "it states a position, on which the outcome of a consultation rests");
    expect(&answer, GMM_OK, ""); /* "and answers none" */
    expect(&inside, GMM_OK, ""); /* "outside of internal" */
}

static void only_the_entry_that_is_named(void **state)
{
    (void)state;
    struct store_entry entry;
    struct header h;
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(store_load_hidden(ilo.node->store, &document, &entry), GMM_OK);
    assert_int_equal(header_decode(&h, entry.header), GMM_OK);
    struct view_erasure e = {.id = document, .seq = h.seq, .time = CARRYING_START_MS << 16};
    run_key_of(&e.log, &h);
    assert_int_equal(erasing_judge(ilo.node, &e, &entry, &msg), GMM_OK);
    e.seq++;
    assert_int_equal(erasing_judge(ilo.node, &e, &entry, &msg), GMM_EFORMAT);
    e.seq--;
    e.log.instance++;
    assert_int_equal(erasing_judge(ilo.node, &e, &entry, &msg), GMM_EFORMAT);
    e.log.instance--;
    e.id.b[31] ^= 1;
    assert_int_equal(erasing_judge(ilo.node, &e, &entry, &msg), GMM_EFORMAT);
    assert_non_null(strstr(msg.text, "not what the erasure names"));
    store_entry_close(&entry);
}

/* "An ERASE timed before the end of a retention that its originator had signed by then has no effect." */
static void kept_by_its_originator(void **state)
{
    (void)state;
    const uint64_t until = CARRYING_START_MS + 10 * 86400000u, signed_ms = CARRYING_START_MS + 86400000u;
    struct projection_item item;
    struct gmm_id id;
    struct gmm_msg msg = {.text = ""};
    carrying_clock(signed_ms);
    assert_int_equal(projection_get(ilo.node->projection, &document, &item), GMM_OK);
    assert_int_equal(marking_retain(ilo.node, &item, until, NULL, &id, &msg), GMM_OK);
    projection_item_close(&item);
    assert_int_equal(judge_at(&document, until - 1, &msg), GMM_EDENIED);
    assert_non_null(strstr(msg.text, "it is kept until 2014-03-28"));
    assert_int_equal(judge_at(&document, until, &msg), GMM_OK);
    assert_int_equal(judge_at(&document, signed_ms - 1000, &msg), GMM_OK); /* it was signed behind the ERASE */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, erasing_make, erasing_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(by_what_it_is), TEST(only_the_entry_that_is_named),
                                       TEST(kept_by_its_originator)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
