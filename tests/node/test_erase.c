#include "node/erase.h"

#include "node/consulting_post.h"
#include "tests/node/erasing_fixture.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* The row of an office in what is known of an erasure. */
static const char *status_of(const json_t *erasure, const char *participant)
{
    const json_t *row;
    size_t i;
    json_array_foreach(json_object_get(erasure, "offices"), i, row)
    {
        if (strcmp(text_of(row, "participant"), participant) == 0)
            return text_of(row, "status");
    }
    return "";
}

static void expect_status(struct office *o, const char *state, const char *ilo_says, const char *iom_says)
{
    const int confirmed = (strcmp(ilo_says, "confirmed") == 0) + (strcmp(iom_says, "confirmed") == 0);
    json_t *erasure = erase_json(o->node, &document);
    assert_non_null(erasure);
    assert_string_equal(text_of(erasure, "state"), state);
    assert_string_equal(status_of(erasure, "ilo"), ilo_says);
    assert_string_equal(status_of(erasure, "iom"), iom_says);
    assert_int_equal(json_integer_value(json_object_get(erasure, "confirmed")), confirmed);
    assert_int_equal(json_integer_value(json_object_get(erasure, "waiting")), 2 - confirmed);
    json_decref(erasure);
}

static void who_has_confirmed(void **state)
{
    (void)state;
    assert_null(erase_json(ilo.node, &document));
    erasing_post(&ilo, "D/1");
    expect_status(&ilo, "hidden", "waiting", "waiting");
    carrying_bundle(&ilo, &iom);
    erasing_settle_at(&ilo, CARRYING_START_MS + ERASING_GRACE_MS + 60000);
    expect_status(&ilo, "deleted", "confirmed", "waiting");
    carrying_bundle(&ilo, &iom);
    erasing_settle_at(&iom, CARRYING_START_MS + ERASING_GRACE_MS + 120000);
    carrying_bundle(&iom, &ilo);
    expect_status(&ilo, "deleted", "confirmed", "confirmed");
    expect_status(&iom, "deleted", "confirmed", "confirmed");
}

static void only_what_is_ones_own(void **state)
{
    (void)state;
    struct gmm_msg msg;
    erasing_refused(&iom, "D/1", GMM_EDENIED, "");
    erasing_post(&ilo, "D/1");
    /* it leads nowhere any more */
    assert_int_equal(erasing_try(&ilo, "D/1", false, &msg), GMM_ENOTFOUND);
}

static void not_while_a_consultation_runs(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    struct gmm_id id;
    static const char *const invite[] = {"iom"};
    const struct consulting_request open = {
        .action = RECORD_CONSULT_OPEN, .deadline = "2014-06-01T17:00Z", .invite = invite, .invite_count = 1};
    const struct consulting_request close = {.action = RECORD_CONSULT_CLOSE};
    assert_int_equal(consulting_open(ilo.node, "D/1", &c, NULL, &msg), GMM_OK);
    if (consulting_post_action(&c, &open, &id, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    consulting_close(&c);
    erasing_refused(&ilo, "D/1", GMM_ESTATE, "a consultation on it runs");
    assert_int_equal(consulting_open(ilo.node, "D/1", &c, NULL, &msg), GMM_OK);
    if (consulting_post_action(&c, &close, &id, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    consulting_close(&c);
    erasing_post(&ilo, "D/1");
}

/* All are asked for before the first is posted: one that may not go keeps all. */
static void all_versions_or_none(void **state)
{
    (void)state;
    struct gmm_msg msg;
    struct gmm_id id;
    struct projection_item item;
    const struct gmm_id second = posting_post(&ilo, "second", NULL, "en", "D/1", NULL);
    assert_int_equal(projection_get(ilo.node->projection, &document, &item), GMM_OK);
    assert_int_equal(marking_retain(ilo.node, &item, CARRYING_START_MS + 86400000u, NULL, &id, &msg), GMM_OK);
    projection_item_close(&item);
    assert_int_equal(erasing_try(&ilo, "D/1", true, &msg), GMM_EDENIED);
    assert_non_null(strstr(msg.text, "it is kept until"));
    assert_null(erasing_of(&ilo, &second));
    carrying_clock(CARRYING_START_MS + 2 * 86400000u);
    assert_int_equal(erasing_try(&ilo, "D/1", true, &msg), GMM_OK);
    assert_true(erasing_of(&ilo, &second) != NULL && erasing_of(&ilo, &document) != NULL);
}

static void listed_by_beginning_of_an_id(void **state)
{
    (void)state;
    char hex[GMM_ID_HEX + 1];
    struct gmm_msg msg = {.text = ""};
    json_t *list = NULL;
    assert_int_equal(erase_list(ilo.node, NULL, &list, &msg), GMM_OK);
    assert_int_equal(json_array_size(list), 0);
    json_decref(list);
    erasing_post(&ilo, "D/1");
    id_to_hex(&document, hex);
    hex[8] = '\0';
    assert_int_equal(erase_list(ilo.node, hex, &list, &msg), GMM_OK);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    id_to_hex(&erasing_of(&ilo, &document)->entry, hex); /* by the ERASE */
    assert_int_equal(erase_list(ilo.node, hex, &list, &msg), GMM_OK);
    assert_int_equal(json_array_size(list), 1);
    json_decref(list);
    hex[7] = '\0';
    assert_int_equal(erase_list(ilo.node, hex, &list, &msg), GMM_EUSAGE);
    assert_null(list);
    assert_int_equal(erase_list(ilo.node, "D/1", &list, &msg), GMM_EUSAGE);
    assert_non_null(strstr(msg.text, "what was erased has no symbol any more"));
    assert_int_equal(erase_list(ilo.node, "0000000000", &list, &msg), GMM_ENOTFOUND);
    assert_null(list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, erasing_make, erasing_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_has_confirmed),    TEST(only_what_is_ones_own),        TEST(not_while_a_consultation_runs),
        TEST(all_versions_or_none), TEST(listed_by_beginning_of_an_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
