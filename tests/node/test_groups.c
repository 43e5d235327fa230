#include "node/groups.h"

#include "proto/sending.h"
#include "tests/node/office_fixture.h"

static struct office ilo, iom, gov;
static json_t *choices;

static int make(void **state)
{
    (void)state;
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_init(&gov, "gov-xa", "hq", IDENTITY_GOVERNMENT);
    office_found(&ilo, "Global Migration Group");
    office_admit(&ilo, &iom, NULL);
    office_admit(&ilo, &gov, NULL);
    choices = json_array();
    return 0;
}

static int drop(void **state)
{
    (void)state;
    json_decref(choices);
    office_drop(&gov);
    office_drop(&iom);
    office_drop(&ilo);
    return 0;
}

static enum gmm_err resolve(struct groups_audience *out, const char *a, const char *b, struct gmm_msg *msg)
{
    const char *const to[] = {a, b};
    msg->text[0] = '\0';
    return groups_resolve(ilo.node, to, b == NULL ? 1 : 2, out, choices, msg);
}

static void assert_refused(const char *a, const char *b, enum gmm_err want, const char *says)
{
    struct groups_audience audience;
    struct gmm_msg msg;
    enum gmm_err err = resolve(&audience, a, b, &msg);
    if (err != want || strstr(msg.text, says) == NULL)
        fail_msg("%s, %s: %s: %s", a, b == NULL ? "" : b, gmm_err_name(err), msg.text);
    assert_null(audience.name);
    assert_null(audience.members);
}

static void assert_readers(struct groups_audience *audience, const char *want)
{
    char text[256] = "";
    json_t *readers = groups_readers(ilo.node, audience), *id;
    size_t i;
    json_array_foreach(readers, i, id)
    {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i == 0 ? "" : " ", json_string_value(id));
    }
    json_decref(readers);
    assert_string_equal(text, want);
}

static void test_groups_by_name(void **state)
{
    (void)state;
    struct groups_audience audience;
    struct gmm_msg msg;
    assert_int_equal(resolve(&audience, "all", NULL, &msg), GMM_OK);
    assert_int_equal(audience.kind, GROUP_ALL);
    assert_int_equal(audience.offices, 3);
    assert_readers(&audience, "gov-xa ilo iom");
    groups_audience_close(&audience);
    assert_int_equal(resolve(&audience, "decent-work", NULL, &msg), GMM_OK);
    assert_int_equal(audience.kind, GROUP_THEMATIC);
    assert_string_equal(audience.name, "decent-work");
    groups_audience_close(&audience);
    assert_int_equal(resolve(&audience, "internal", NULL, &msg), GMM_OK);
    assert_readers(&audience, "ilo");
    assert_int_equal(audience.offices, 1);
    groups_audience_close(&audience);
}

static void test_refusals(void **state)
{
    (void)state;
    assert_refused("nobody", NULL, GMM_ENOTFOUND, "'nobody'");
    assert_refused("", NULL, GMM_EUSAGE, "empty");
    assert_refused(" , ", NULL, GMM_EUSAGE, "empty");
    assert_refused("ilo", NULL, GMM_EUSAGE, "--to internal");
    assert_refused("all,iom", NULL, GMM_EUSAGE, "gmm group create");
    assert_refused("all", "decent-work", GMM_EUSAGE, "gmm group create");
    assert_refused("iom,unhcr", NULL, GMM_ENOTFOUND, "'unhcr'");
}

static void test_circle_of_participants(void **state)
{
    (void)state;
    struct groups_audience first, again;
    struct gmm_msg msg;
    assert_int_equal(resolve(&first, "gov-xa, iom", NULL, &msg), GMM_OK);
    assert_true(id_is_zero(&first.gid));
    assert_int_equal(first.offices, 3);
    assert_readers(&first, "gov-xa ilo iom");
    assert_int_equal(groups_make(ilo.node, &first, &msg), GMM_OK);
    assert_false(id_is_zero(&first.gid));
    /* the same participants, said in another way: the same circle */
    assert_int_equal(resolve(&again, "iom", "gov-xa,ilo,iom", &msg), GMM_OK);
    assert_true(id_equal(&first.gid, &again.gid));
    groups_audience_close(&again);
    /* fewer of them: another one */
    assert_int_equal(resolve(&again, "iom", NULL, &msg), GMM_OK);
    assert_true(id_is_zero(&again.gid));
    groups_audience_close(&again);
    groups_audience_close(&first);
}

static void test_named_circle(void **state)
{
    (void)state;
    struct groups_audience audience;
    struct gmm_id gid, found;
    struct gmm_msg msg = {.text = ""};
    char hex[GMM_ID_HEX + 1], *name = NULL;
    const char *const with[] = {"iom"};
    assert_int_equal(groups_create(ilo.node, "comité, de rédaction", with, 1, false, &gid, &msg), GMM_OK);
    assert_int_equal(groups_create(ilo.node, "comité, de rédaction", with, 1, false, &found, &msg), GMM_EEXISTS);
    assert_int_equal(groups_create(ilo.node, "iom", with, 1, false, &found, &msg), GMM_EEXISTS);
    assert_int_equal(groups_create(ilo.node, "all", with, 1, false, &found, &msg), GMM_EEXISTS);
    assert_int_equal(groups_create(ilo.node, "\x1b[2J", with, 1, false, &found, &msg), GMM_EUSAGE);
    assert_int_equal(resolve(&audience, "comité, de rédaction", NULL, &msg), GMM_OK);
    assert_true(id_equal(&audience.gid, &gid));
    assert_string_equal(audience.name, "comité, de rédaction");
    groups_audience_close(&audience);
    id_to_hex(&gid, hex);
    hex[8] = '\0';
    assert_int_equal(groups_find(ilo.node, hex, &found, NULL, &msg), GMM_OK);
    assert_true(id_equal(&found, &gid));
    hex[7] = '\0';
    assert_int_equal(groups_find(ilo.node, hex, &found, NULL, &msg), GMM_ENOTFOUND);
    assert_int_equal(groups_name(ilo.node, &gid, &name), GMM_OK);
    assert_string_equal(name, "comité, de rédaction");
    free(name);
    office_again(&ilo);
    assert_int_equal(resolve(&audience, "comité, de rédaction", NULL, &msg), GMM_OK);
    groups_audience_close(&audience);
}

static void test_two_of_one_name(void **state)
{
    (void)state;
    struct gmm_id first, second;
    struct gmm_msg msg = {.text = ""};
    const char *const with[] = {"iom"};
    assert_int_equal(groups_create(ilo.node, "drafting", with, 1, false, &first, &msg), GMM_OK);
    /* as when another member makes one of the same name */
    assert_int_equal(groups_create(ilo.node, "other", with, 1, false, &second, &msg), GMM_OK);
    assert_int_equal(projection_put_group_name(ilo.node->projection, &second, "drafting"), GMM_OK);
    assert_refused("drafting", NULL, GMM_EAMBIGUOUS, "drafting");
    assert_int_equal(json_array_size(choices), 2);
}

static size_t tips_of(const struct view *view, const struct gmm_id *gid, const struct view_epoch **tips, size_t max)
{
    struct sending s;
    assert_int_equal(sending_open(&s, view, gid, node_now_ms()), GMM_OK);
    size_t count = sending_tips(&s, tips, max);
    sending_close(&s);
    return count;
}

static void test_change(void **state)
{
    (void)state;
    struct gmm_id gid, all;
    struct gmm_msg msg = {.text = ""};
    const char *const with[] = {"iom"}, *const more[] = {"gov-xa"}, *const nobody[] = {"nobody"};
    assert_int_equal(groups_create(ilo.node, "drafting", with, 1, false, &gid, &msg), GMM_OK);
    if (groups_change(ilo.node, &gid, true, more, 1, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    const struct view *view = engine_view(ilo.node->engine);
    assert_int_equal(view_group(view, &gid)->member_count, 3);
    const struct view_epoch *epoch = NULL, *tips[4];
    assert_int_equal(tips_of(view, &gid, tips, 4), 1);
    epoch = tips[0];
    assert_non_null(epoch_find(&epoch->epoch, &gov.node->keystore->sign_pk));
    assert_int_equal(groups_change(ilo.node, &gid, true, more, 1, &msg), GMM_EEXISTS);
    if (groups_change(ilo.node, &gid, false, more, 1, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    view = engine_view(ilo.node->engine);
    assert_int_equal(view_group(view, &gid)->member_count, 2);
    assert_int_equal(tips_of(view, &gid, tips, 4), 1);
    assert_null(epoch_find(&tips[0]->epoch, &gov.node->keystore->sign_pk));
    assert_int_equal(groups_change(ilo.node, &gid, false, more, 1, &msg), GMM_ENOTFOUND);
    assert_int_equal(groups_change(ilo.node, &gid, true, nobody, 1, &msg), GMM_ENOTFOUND);
    assert_int_equal(groups_find(ilo.node, "all", &all, NULL, &msg), GMM_OK);
    assert_int_equal(groups_change(ilo.node, &all, false, more, 1, &msg), GMM_EUSAGE);
}

static void test_before_admission(void **state)
{
    (void)state;
    struct office wb;
    struct groups_audience audience;
    struct gmm_msg msg = {.text = ""};
    const char *const to[] = {"all"};
    office_init(&wb, "wb", "hq", IDENTITY_MEMBER);
    assert_int_equal(groups_resolve(wb.node, to, 1, &audience, NULL, &msg), GMM_EDENIED);
    office_drop(&wb);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_groups_by_name),  TEST(test_refusals), TEST(test_circle_of_participants), TEST(test_named_circle),
        TEST(test_two_of_one_name), TEST(test_change),   TEST(test_before_admission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
