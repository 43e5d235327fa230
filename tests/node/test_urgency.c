#include "node/urgency.h"

#include "node/consulting_post.h"
#include "tests/node/posting_fixture.h"

static struct office ilo, iom;
static struct gmm_id all;

static int make(void **state)
{
    (void)state;
    posting_found(&ilo, &all);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_admit(&ilo, &iom, NULL);
    ilo.node->daemon = true;
    return 0;
}

static int drop(void **state)
{
    (void)state;
    office_drop(&iom);
    office_drop(&ilo);
    return 0;
}

/* Are the logs of the group under consultation, as the engine was told? (Here there is one office's.) */
static bool urgent(const struct gmm_id *gid)
{
    const struct logs *logs = engine_logs(ilo.node->engine);
    size_t urgent = 0, count = 0;
    for (size_t i = 0; i < logs_count(logs); i++) {
        urgent += logs_at(logs, i)->urgent;
        count += logs_at(logs, i)->urgent && id_equal(&logs_at(logs, i)->key.group, gid);
    }
    assert_int_equal(urgent, count); /* and no others */
    return count > 0;
}

static void act(const struct gmm_id *document, enum record_consult_action action, const char *deadline)
{
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    struct gmm_id id;
    char hex[GMM_ID_HEX + 1];
    const struct consulting_request request = {.action = action, .deadline = deadline};
    id_to_hex(document, hex);
    assert_int_equal(consulting_open(ilo.node, hex, &c, NULL, &msg), GMM_OK);
    if (consulting_post_action(&c, &request, &id, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    consulting_close(&c);
}

static void while_a_consultation_runs(void **state)
{
    (void)state;
    struct gmm_id document = posting_post(&ilo, "a draft", NULL, NULL, NULL, NULL);
    assert_false(urgent(&all));
    act(&document, RECORD_CONSULT_OPEN, "2100-01-01T00:00Z");
    assert_true(urgent(&all));
    /* whoever starts again tells a new engine */
    office_again(&ilo);
    assert_false(urgent(&all)); /* a command does not ask */
    ilo.node->daemon = true;
    urgency_settle(ilo.node);
    assert_true(urgent(&all));
    act(&document, RECORD_CONSULT_CLOSE, NULL);
    assert_false(urgent(&all));
}

static void what_is_not_consulted_on(void **state)
{
    (void)state;
    struct gmm_id document = posting_post(&ilo, "a draft", NULL, NULL, NULL, NULL);
    urgency_again(ilo.node);
    urgency_settle(ilo.node);
    assert_false(urgent(&all));
    ilo.node->daemon = false;
    urgency_close(ilo.node);
    act(&document, RECORD_CONSULT_OPEN, "2100-01-01T00:00Z");
    assert_false(urgent(&all));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(while_a_consultation_runs, make, drop),
        cmocka_unit_test_setup_teardown(what_is_not_consulted_on, make, drop),
    };
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
