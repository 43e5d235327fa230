#include "node/chairing.h"

#include "tests/node/carrying_fixture.h"

#define DAY_MS UINT64_C(86400000)
#define BEGIN_MS (CARRYING_START_MS + DAY_MS)
#define END_MS (CARRYING_START_MS + 100 * DAY_MS)

static struct office ilo, iom, wb;
static json_t *choices;

static int make(void **state)
{
    (void)state;
    carrying_clock(CARRYING_START_MS);
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_init(&wb, "wb", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Test Group");
    office_admit(&ilo, &iom, NULL);
    office_admit(&ilo, &wb, NULL);
    choices = json_array();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    json_decref(choices);
    office_drop(&wb);
    office_drop(&iom);
    office_drop(&ilo);
    unsetenv("GMM_TEST_CLOCK");
    return 0;
}

static void expect(enum gmm_err err, enum gmm_err want, const struct gmm_msg *msg, const char *says)
{
    if (err != want || strstr(msg->text, says) == NULL)
        fail_msg("%s, \"%s\", and not \"%s\"", gmm_err_name(err), msg->text, says);
}

static const struct view *view_at(struct office *o)
{
    return engine_view(o->node->engine);
}

static void given_and_accepted_in_time(void **state)
{
    (void)state;
    struct gmm_id entry;
    struct gmm_msg msg = {.text = ""};
    struct chairing_accepted accepted;
    expect(chairing_give(ilo.node, "nobody", BEGIN_MS, END_MS, NULL, &entry, &msg), GMM_ENOTFOUND, &msg, "'nobody'");
    expect(chairing_give(ilo.node, "iom", BEGIN_MS, END_MS, "none", &entry, &msg), GMM_ENOTFOUND, &msg, "'none'");
    expect(chairing_give(ilo.node, "iom", BEGIN_MS, BEGIN_MS, NULL, &entry, &msg), GMM_EUSAGE, &msg, "--until");
    expect(chairing_accept(iom.node, NULL, &accepted, choices, &msg), GMM_ENOTFOUND, &msg, "no role waits for 'iom'");
    expect(chairing_give(ilo.node, "iom", BEGIN_MS, END_MS, "wb", &entry, &msg), GMM_OK, &msg, "");
    expect(chairing_accept(ilo.node, NULL, &accepted, choices, &msg), GMM_ENOTFOUND, &msg, "no role waits for 'ilo'");
    carrying_bundle(&ilo, &iom);
    expect(chairing_accept(iom.node, "decent-work", &accepted, choices, &msg), GMM_ENOTFOUND, &msg, "no role waits");
    expect(chairing_accept(iom.node, CHAIRING_CHAIR, &accepted, choices, &msg), GMM_OK, &msg, "");
    assert_string_equal(accepted.what, CHAIRING_CHAIR);
    assert_int_equal(accepted.term, 2);
    assert_int_equal(accepted.from_ms, BEGIN_MS);
    assert_int_equal(accepted.logs, 0); /* before it begins, the predecessor still writes */
    assert_true(id_equal(&view_at(&iom)->handovers[0].entry, &entry) && view_at(&iom)->handovers[0].accepted);
}

static void accepted_late_with_the_cuts(void **state)
{
    (void)state;
    struct gmm_id entry;
    struct gmm_msg msg = {.text = ""};
    struct chairing_accepted accepted;
    expect(chairing_give(ilo.node, "iom", BEGIN_MS, 0, NULL, &entry, &msg), GMM_OK, &msg, "");
    carrying_bundle(&ilo, &iom);
    carrying_clock(BEGIN_MS + DAY_MS);
    expect(chairing_accept(iom.node, NULL, &accepted, choices, &msg), GMM_OK, &msg, "");
    assert_true(accepted.logs >= 1); /* the control log of who presided */
    assert_true(accepted.from_ms >= BEGIN_MS + DAY_MS);
    carrying_tick(&iom);
    const struct view *view = view_at(&iom);
    assert_int_equal(view->term, 2);
    assert_true(id_equal(&view->chair, node_pid(iom.node)));
    /* "--until" not said: the end of the year in which it begins */
    assert_int_equal(view->terms[view->term_count - 1].until_ms, founding_year_end(BEGIN_MS));
}

static void several_roles_wait(void **state)
{
    (void)state;
    struct gmm_id entry;
    struct gmm_msg msg = {.text = ""};
    struct chairing_accepted accepted;
    expect(chairing_lead(ilo.node, "iom", "all", BEGIN_MS, 0, &entry, &msg), GMM_EUSAGE, &msg, "no thematic group");
    expect(chairing_lead(ilo.node, "iom", "decent-work", BEGIN_MS, BEGIN_MS - 1, &entry, &msg), GMM_EUSAGE, &msg,
           "--until");
    expect(chairing_lead(ilo.node, "iom", "decent-work", CARRYING_START_MS, 0, &entry, &msg), GMM_OK, &msg, "");
    expect(chairing_give(ilo.node, "iom", BEGIN_MS, END_MS, NULL, &entry, &msg), GMM_OK, &msg, "");
    carrying_bundle(&ilo, &iom);
    expect(chairing_accept(iom.node, NULL, &accepted, choices, &msg), GMM_EAMBIGUOUS, &msg, "2 roles wait for 'iom'");
    assert_int_equal(json_array_size(choices), 2);
    assert_string_equal(json_string_value(json_array_get(choices, 0)), CHAIRING_CHAIR);
    assert_string_equal(json_string_value(json_array_get(choices, 1)), "decent-work");
    expect(chairing_accept(iom.node, "decent-work", &accepted, choices, &msg), GMM_OK, &msg, "");
    assert_string_equal(accepted.what, "decent-work");
    assert_int_equal(accepted.term, 0);
    expect(chairing_accept(iom.node, "decent-work", &accepted, choices, &msg), GMM_ENOTFOUND, &msg, "no role waits");
    expect(chairing_accept(iom.node, NULL, &accepted, choices, &msg), GMM_OK, &msg, ""); /* one is left */
    assert_string_equal(accepted.what, CHAIRING_CHAIR);
}

/* A term that is over by the time that it would be accepted waits no more. */
static void a_term_that_is_over(void **state)
{
    (void)state;
    struct gmm_id entry;
    struct gmm_msg msg = {.text = ""};
    struct chairing_accepted accepted;
    expect(chairing_give(ilo.node, "iom", BEGIN_MS, END_MS, NULL, &entry, &msg), GMM_OK, &msg, "");
    carrying_bundle(&ilo, &iom);
    carrying_clock(END_MS + 1);
    expect(chairing_accept(iom.node, NULL, &accepted, choices, &msg), GMM_ENOTFOUND, &msg, "no role waits");
}

static void elected_by_equal_ballots(void **state)
{
    (void)state;
    struct gmm_id entry;
    struct gmm_msg msg = {.text = ""};
    carrying_bundle(&ilo, &iom);
    expect(chairing_vote(iom.node, "wb", &entry, &msg), GMM_ENOTFOUND, &msg, "nobody has cast a ballot for 'wb'");
    expect(chairing_elect(iom.node, "wb", CARRYING_START_MS - 1, &entry, &msg), GMM_EUSAGE, &msg, "--until");
    expect(chairing_elect(iom.node, "wb", END_MS, &entry, &msg), GMM_OK, &msg, "");
    carrying_bundle(&iom, &wb);
    expect(chairing_elect(wb.node, "wb", END_MS, &entry, &msg), GMM_EEXISTS, &msg, "gmm role ballot wb");
    expect(chairing_vote(wb.node, "wb", &entry, &msg), GMM_OK, &msg, "");
    assert_int_equal(view_at(&wb)->term, 2);
    assert_true(id_equal(&view_at(&wb)->chair, node_pid(wb.node)));
    carrying_bundle(&wb, &ilo);
    assert_true(id_equal(&view_at(&ilo)->chair, node_pid(wb.node)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(given_and_accepted_in_time), TEST(accepted_late_with_the_cuts), TEST(several_roles_wait),
        TEST(a_term_that_is_over),        TEST(elected_by_equal_ballots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
