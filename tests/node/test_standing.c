#include "node/standing.h"

#include "tests/node/office_fixture.h"

static struct office ilo, iom, gov;

static int make(void **state)
{
    (void)state;
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_init(&gov, "gov-xa", "hq", IDENTITY_GOVERNMENT);
    office_found(&ilo, "Test Group");
    office_admit(&ilo, &iom, NULL);
    office_admit(&ilo, &gov, NULL);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    office_drop(&gov);
    office_drop(&iom);
    office_drop(&ilo);
    return 0;
}

static const struct view_participant *of(const char *id)
{
    const struct view_participant *p = view_participant_by_id(engine_view(ilo.node->engine), id);
    assert_non_null(p);
    return p;
}

static void expect(enum gmm_err err, enum gmm_err want, const struct gmm_msg *msg, const char *says)
{
    if (err != want || strstr(msg->text, says) == NULL)
        fail_msg("%s, \"%s\", and not \"%s\"", gmm_err_name(err), msg->text, says);
}

static void suspended_and_restored(void **state)
{
    (void)state;
    char reason[LIMIT_REASON_TEXT + 2];
    struct standing_done done;
    struct gmm_msg msg = {.text = ""};
    memset(reason, 'r', sizeof reason);
    reason[sizeof reason - 1] = '\0';
    expect(standing_suspend(ilo.node, "wb", NULL, &done, &msg), GMM_ENOTFOUND, &msg, "no participant 'wb'");
    expect(standing_suspend(ilo.node, "gov-xa", reason, &done, &msg), GMM_EUSAGE, &msg, "the reason is at most");
    expect(standing_suspend(ilo.node, "gov-xa", "two\nlines", &done, &msg), GMM_EUSAGE, &msg, "control characters");
    assert_int_equal(of("gov-xa")->status, VIEW_ACTIVE);
    reason[sizeof reason - 2] = '\0';
    expect(standing_suspend(ilo.node, "gov-xa", reason, &done, &msg), GMM_OK, &msg, "");
    assert_int_equal(of("gov-xa")->status, VIEW_SUSPENDED);
    assert_true(id_equal(&done.pid, &of("gov-xa")->pid) && done.type == HEADER_SUSPEND);
    assert_null(standing_waits(engine_view(ilo.node->engine), &done)); /* the chair does it at once */
    expect(standing_restore(ilo.node, "gov-xa", NULL, &done, &msg), GMM_OK, &msg, "");
    assert_int_equal(of("gov-xa")->status, VIEW_ACTIVE);
    assert_int_equal(done.type, HEADER_RESTORE);
    /* what would have no effect leaves no trace */
    expect(standing_suspend(iom.node, "ilo", NULL, &done, &msg), GMM_EDENIED, &msg, "");
}

static void a_proposal_waits_once(void **state)
{
    (void)state;
    struct standing_done done, again;
    struct gmm_msg msg = {.text = ""};
    expect(standing_expel(ilo.node, "gov-xa", "left", &done, &msg), GMM_OK, &msg, "");
    const struct view_proposal *waits = standing_waits(engine_view(ilo.node->engine), &done);
    assert_non_null(waits);
    assert_true(waits->support == 1 && waits->need == 2 && id_equal(&waits->of, &of("gov-xa")->pid));
    assert_int_equal(of("gov-xa")->status, VIEW_ACTIVE);
    expect(standing_expel(ilo.node, "gov-xa", NULL, &again, &msg), GMM_EEXISTS, &msg,
           "a proposal to expel 'gov-xa' waits already (1 of 2 participants support it): gmm roster cosign gov-xa");
    expect(standing_expel(ilo.node, "iom", NULL, &again, &msg), GMM_OK, &msg, ""); /* about another */
}

static void support_by_name_or_digits(void **state)
{
    (void)state;
    char hex[GMM_ID_HEX + 1];
    struct standing_done done, other, done_again;
    struct gmm_msg msg = {.text = ""};
    json_t *choices = json_array();
    expect(standing_cosign(ilo.node, "gov-xa", &done, choices, &msg), GMM_ENOTFOUND, &msg, "gov-xa");
    expect(standing_expel(ilo.node, "gov-xa", NULL, &done, &msg), GMM_OK, &msg, "");
    id_to_hex(&done.subject, hex);
    hex[7] = '\0';
    expect(standing_cosign(ilo.node, hex, &other, choices, &msg), GMM_ENOTFOUND, &msg, hex);
    id_to_hex(&done.subject, hex);
    hex[8] = '\0';
    /* found: who has supported it already adds nothing */
    enum gmm_err err = standing_cosign(ilo.node, hex, &done_again, choices, &msg);
    assert_true(err == GMM_EEXISTS || err == GMM_EDENIED);
    assert_true(id_equal(&done_again.subject, &done.subject) && id_equal(&done_again.pid, &done.pid));
    assert_int_equal(done_again.type, HEADER_EXPEL);
    json_decref(choices);
}

static void amended(void **state)
{
    (void)state;
    struct standing_done done;
    struct gmm_msg msg = {.text = ""};
    expect(standing_amend(ilo.node, "iom", NULL, NULL, &done, &msg), GMM_EUSAGE, &msg, "say what changes");
    expect(standing_amend(ilo.node, "iom", "\x1b[2J", NULL, &done, &msg), GMM_EUSAGE, &msg, "control characters");
    expect(standing_amend(ilo.node, "iom", NULL, "queen", &done, &msg), GMM_EUSAGE, &msg, "'queen' is no kind");
    expect(standing_amend(ilo.node, "iom", "IOM Geneva", NULL, &done, &msg), GMM_OK, &msg, "");
    assert_string_equal(of("iom")->name, "IOM Geneva");
    assert_int_equal(of("iom")->kind, IDENTITY_MEMBER); /* as it was */
    expect(standing_amend(ilo.node, "iom", NULL, "observer", &done, &msg), GMM_OK, &msg, "");
    assert_string_equal(of("iom")->name, "IOM Geneva");
    assert_int_equal(of("iom")->kind, IDENTITY_OBSERVER);
    assert_true(done.type == HEADER_AMEND && id_equal(&done.pid, &of("iom")->pid));
}

static void said_in_words(void **state)
{
    (void)state;
    assert_string_equal(standing_type_text(HEADER_EXPEL), "expel");
    assert_string_equal(standing_type_text(HEADER_BALLOT), "election");
    assert_string_equal(standing_type_text(HEADER_DOCUMENT), "other");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(suspended_and_restored),    TEST(a_proposal_waits_once), TEST(support_by_name_or_digits), TEST(amended),
        cmocka_unit_test(said_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
