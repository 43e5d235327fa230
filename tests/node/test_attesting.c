#include "node/attesting.h"

#include "tests/node/carrying_fixture.h"

#define DAY_MS UINT64_C(86400000)

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
    document = posting_post(&ilo, "text", "A/1", "en", NULL, NULL);
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

static struct consult_fact fact(enum consult_fact_kind kind, uint8_t id, uint8_t author, uint64_t ms)
{
    return (struct consult_fact){.kind = kind, .id = {{id}}, .author = {{author}}, .time = ms << 16};
}

static void by_another_ones_answer(void **state)
{
    (void)state;
    struct consult_fact facts[] = {
        fact(CONSULT_DISPOSITION, 9, 2, 7000), fact(CONSULT_NOTE, 5, 1, 1000), fact(CONSULT_NOTE, 3, 2, 5000),
        fact(CONSULT_NOTE, 8, 1, 2000),        fact(CONSULT_NOTE, 4, 1, 1500), fact(CONSULT_DISPOSITION, 7, 1, 1600),
    };
    facts[0].as.disposition.note = facts[1].id; /* by another, later than the reply */
    facts[2].as.note.reply = true;
    facts[2].as.note.parent = facts[1].id;
    facts[3].as.note.reply = true; /* its own author answers 4; so does 7 */
    facts[3].as.note.parent = facts[4].id;
    facts[5].as.disposition.note = facts[4].id;
    struct consulting c = {.node = ilo.node, .facts = facts, .count = 6, .capacity = 6};
    assert_int_equal(attesting_fill(&c), GMM_OK);
    assert_int_equal(facts[1].witnessed_ms, 5000); /* the earliest */
    assert_int_equal(facts[4].witnessed_ms, 0);    /* nobody but its author says so */
    assert_int_equal(facts[2].witnessed_ms, 0);
    assert_int_equal(c.holding_count, 0);
}

static void an_answer_to_what_is_not_there(void **state)
{
    (void)state;
    struct consult_fact facts[] = {fact(CONSULT_DISPOSITION, 9, 2, 7000), fact(CONSULT_NOTE, 5, 1, 1000)};
    facts[0].as.disposition.note = (struct gmm_id){{77}};
    struct consulting c = {.node = ilo.node, .facts = facts, .count = 2, .capacity = 2};
    assert_int_equal(attesting_fill(&c), GMM_OK);
    assert_int_equal(facts[1].witnessed_ms, 0);
}

/* iom says to hold the log in which the text stands. */
static void by_anchors(void **state)
{
    (void)state;
    struct consult_fact facts[] = {fact(CONSULT_VERSION, 0, 1, 1000), fact(CONSULT_NOTE, 0, 1, 1000),
                                   fact(CONSULT_NOTE, 0, 1, 1000)};
    facts[0].id = facts[1].id = facts[2].id = document;
    facts[1].as.note.position = RECORD_OBJECTION;
    facts[2].as.note.position = RECORD_SUPPORT;
    struct consulting c = {.node = ilo.node, .facts = facts, .count = 3, .capacity = 3};
    assert_int_equal(attesting_fill(&c), GMM_OK);
    assert_true(c.holding_count == 0 && facts[1].witnessed_ms == 0);
    for (unsigned day = 1; day <= 3; day++) { /* whenever an anchor is due */
        carrying_clock(CARRYING_START_MS + day * DAY_MS);
        carrying_tick(&iom);
    }
    carrying_bundle(&iom, &ilo);
    assert_int_equal(attesting_fill(&c), GMM_OK);
    assert_int_equal(c.holding_count, 1);
    assert_true(id_equal(&c.holdings[0].document, &document) && id_equal(&c.holdings[0].pid, node_pid(iom.node)));
    assert_true(c.holdings[0].since_ms > CARRYING_START_MS && c.holdings[0].since_ms <= CARRYING_START_MS + 4 * DAY_MS);
    assert_int_equal(facts[1].witnessed_ms, c.holdings[0].since_ms); /* an objection */
    assert_int_equal(facts[2].witnessed_ms, 0);                      /* no other position needs it */
    size_t count = c.holding_count;
    assert_int_equal(attesting_fill(&c), GMM_OK);
    assert_int_equal(c.holding_count, count); /* once a participant and text */
    free(c.holdings);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(by_another_ones_answer), TEST(an_answer_to_what_is_not_there),
                                       TEST(by_anchors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
