#include "node/embargoes.h"

#include "node/read.h"
#include "tests/node/carrying_fixture.h"

#define UNTIL_MS (CARRYING_START_MS + 24u * 3600u * 1000u)
#define TEXT "Embargoed until tomorrow."

static struct office ilo, iom;
static struct gmm_id document;

static int make(void **state)
{
    (void)state;
    carrying_clock(CARRYING_START_MS);
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Test Group");
    office_admit(&ilo, &iom, NULL);
    document =
        posting_publish(&ilo, (struct post_request){.symbol = "E/1", .lang = "en", .embargo_ms = UNTIL_MS}, TEXT);
    carrying_bundle(&ilo, &iom);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    office_drop(&iom);
    office_drop(&ilo);
    unsetenv("GMM_TEST_CLOCK");
    return 0;
}

/* The value whose name begins so; its length, 0: there is none. */
static size_t kept(struct office *o, const char *prefix, char name[STORE_NAME_BYTES], uint8_t **bytes)
{
    size_t len = 0;
    *bytes = NULL;
    enum gmm_err err = store_next_value(o->node->store, prefix, prefix, name, bytes, &len);
    assert_true(err == GMM_OK || err == GMM_ENOTFOUND);
    return err == GMM_OK ? len : 0;
}

static bool keeps(struct office *o, const char *prefix)
{
    char name[STORE_NAME_BYTES];
    uint8_t *bytes;
    size_t len = kept(o, prefix, name, &bytes);
    free(bytes);
    return len > 0;
}

static bool reads(struct office *o)
{
    struct gmm_msg msg = {.text = ""};
    struct read_record record;
    assert_int_equal(read_record(o->node, &document, &record, &msg), GMM_OK);
    enum gmm_err err = read_uncovered(&record, &msg);
    bool whole = err == GMM_OK && record.document.content.inline_bytes != NULL &&
                 record.document.content.size == strlen(TEXT) &&
                 memcmp(record.document.content.inline_bytes, TEXT, strlen(TEXT)) == 0;
    assert_true(whole || err == GMM_EDENIED);
    read_record_close(&record);
    return whole;
}

static void settle_at(uint64_t ms)
{
    carrying_clock(ms);
    embargoes_settle(ilo.node);
}

static void covered_until_it_ends(void **state)
{
    (void)state;
    assert_true(reads(&ilo)); /* who posted it has its key */
    assert_false(reads(&iom));
    assert_true(keeps(&ilo, "embargo.") && !keeps(&ilo, "disclosed."));
    assert_false(keeps(&iom, "embargo.") || keeps(&iom, "disclosed."));
    assert_int_equal(ilo.node->embargo_due_ms, UNTIL_MS);
    settle_at(UNTIL_MS - 60000);
    carrying_bundle(&ilo, &iom);
    assert_true(keeps(&ilo, "embargo.") && !reads(&iom));
    settle_at(UNTIL_MS);
    assert_true(!keeps(&ilo, "embargo.") && keeps(&ilo, "disclosed."));
    embargoes_settle(ilo.node); /* nothing more */
    assert_int_equal(ilo.node->embargo_due_ms, 0);
    assert_false(reads(&iom)); /* it has not come there yet */
    carrying_bundle(&ilo, &iom);
    assert_true(keeps(&iom, "disclosed.") && reads(&iom) && reads(&ilo));
}

/* One ends, the other goes on. */
static void each_at_its_own_time(void **state)
{
    (void)state;
    char name[STORE_NAME_BYTES];
    uint8_t *bytes;
    const uint64_t later = UNTIL_MS + 3600000u;
    posting_publish(&ilo, (struct post_request){.symbol = "E/2", .lang = "en", .embargo_ms = later}, TEXT);
    settle_at(UNTIL_MS);
    assert_true(keeps(&ilo, "embargo.") && keeps(&ilo, "disclosed.") && reads(&ilo));
    embargoes_settle(ilo.node);
    assert_int_equal(ilo.node->embargo_due_ms, later);
    assert_true(kept(&ilo, "disclosed.", name, &bytes) > 0);
    free(bytes);
    assert_int_equal(store_next_value(ilo.node->store, "disclosed.", name, name, &bytes, &(size_t){0}), GMM_ENOTFOUND);
}

static void due_after_a_restart(void **state)
{
    (void)state;
    office_again(&ilo);
    assert_int_equal(ilo.node->embargo_due_ms, UNTIL_MS);
    assert_true(reads(&ilo));
    node_close(ilo.node);
    ilo.node = NULL;
    carrying_clock(UNTIL_MS + 1000); /* it ended while nobody was here */
    office_open(&ilo);
    assert_true(!keeps(&ilo, "embargo.") && keeps(&ilo, "disclosed."));
}

static void kept_sealed_under_its_name(void **state)
{
    (void)state;
    char name[STORE_NAME_BYTES], other[STORE_NAME_BYTES];
    uint8_t *bytes;
    struct gmm_msg msg = {.text = ""};
    struct read_record record;
    size_t len = kept(&ilo, "embargo.", name, &bytes);
    assert_true(len > 0);
    /* a value that stands under another name, or is cut, opens nothing */
    snprintf(other, sizeof other, "%s", name);
    other[strlen(other) - 1] = other[strlen(other) - 1] == '0' ? '1' : '0';
    assert_int_equal(store_begin(ilo.node->store, false), GMM_OK);
    assert_int_equal(store_unset(ilo.node->store, name), GMM_OK);
    assert_int_equal(store_set(ilo.node->store, other, bytes, len), GMM_OK);
    assert_int_equal(embargoes_load(ilo.node), GMM_OK);
    assert_int_equal(ilo.node->embargo_due_ms, 0);
    assert_int_equal(store_set(ilo.node->store, name, bytes, len - 1), GMM_OK);
    assert_int_equal(read_record(ilo.node, &document, &record, &msg), GMM_ECORRUPT);
    assert_int_equal(store_set(ilo.node->store, name, bytes, len), GMM_OK);
    assert_true(reads(&ilo));
    store_rollback(ilo.node->store);
    free(bytes);
}

static void forgotten_with_its_document(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct read_record record;
    settle_at(UNTIL_MS);
    assert_int_equal(read_record(ilo.node, &document, &record, &msg), GMM_OK);
    assert_true(keeps(&ilo, "disclosed."));
    assert_int_equal(embargoes_forget(ilo.node, &record.document), GMM_OK);
    assert_int_equal(embargoes_forget(ilo.node, &record.document), GMM_OK); /* twice is fine */
    read_record_close(&record);
    assert_false(keeps(&ilo, "disclosed.") || keeps(&ilo, "embargo."));
    assert_false(reads(&ilo));
    store_rollback(ilo.node->store);
}

/* "A DISCLOSE": taken from anybody, for a key counts where it fits. */
static void a_key_that_does_not_fit(void **state)
{
    (void)state;
    struct record_disclose r = {.document = document, .key = {1, 2, 3}};
    struct gmm_id named;
    struct buffer plain;
    buffer_init(&plain, 256);
    assert_int_equal(record_disclose_encode(&plain, &r), GMM_OK);
    assert_int_equal(embargoes_take(iom.node, plain.p, plain.len - 1, &named), GMM_EFORMAT);
    assert_false(keeps(&iom, "disclosed."));
    assert_int_equal(embargoes_take(iom.node, plain.p, plain.len, &named), GMM_OK);
    assert_true(id_equal(&named, &document) && keeps(&iom, "disclosed."));
    assert_false(reads(&iom));
    store_rollback(iom.node->store);
    buffer_close(&plain);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(covered_until_it_ends),      TEST(each_at_its_own_time),        TEST(due_after_a_restart),
        TEST(kept_sealed_under_its_name), TEST(forgotten_with_its_document), TEST(a_key_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
