#include "node/joining.h"

#include "proto/message.h"
#include "tests/node/office_fixture.h"

static struct office ilo, iom;
static struct invites_entry invite;

static int make(void **state)
{
    (void)state;
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Global Migration Group");
    office_invite(&ilo, "iom", NULL, &invite);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    invites_entry_close(&invite);
    office_drop(&iom);
    office_drop(&ilo);
    return 0;
}

static enum gmm_err start(struct office *o, const struct invite *with, struct gmm_msg *msg)
{
    msg->text[0] = '\0';
    return joining_start(o->node, with, "Amina", msg);
}

static void must_start(struct office *o)
{
    struct gmm_msg msg;
    if (start(o, &invite.invite, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
}

static enum joining_state state_of(struct office *o)
{
    struct joining_report report;
    joining_report(o->node, &report);
    return report.state;
}

/* The request goes to the inviter, its answer comes back. */
static void exchange(struct office *newcomer, enum message_join_state want, const char *reason)
{
    struct buffer answer;
    struct message_join_answer decoded;
    char text[256];
    size_t len;
    const uint8_t *request = joining_bytes(newcomer->node, &len);
    assert_non_null(request);
    buffer_init(&answer, LIMIT_MESSAGE_BYTES);
    assert_int_equal(requests_take(ilo.node, request, len, &answer), GMM_OK);
    assert_int_equal(message_join_answer_decode(&decoded, answer.p, answer.len), GMM_OK);
    snprintf(text, sizeof text, "%.*s", (int)decoded.reason_len, decoded.reason_len == 0 ? "" : decoded.reason);
    if (decoded.state != want || strstr(text, reason) == NULL)
        fail_msg("answered %d: %s", (int)decoded.state, text);
    joining_answered(newcomer->node, 1, answer.p, answer.len);
    buffer_close(&answer);
}

static void admit(struct office *newcomer)
{
    struct requests_judged judged;
    struct gmm_msg msg = {.text = ""};
    size_t len;
    const uint8_t *request = joining_bytes(newcomer->node, &len);
    assert_int_equal(requests_judge(ilo.node, request, len, &judged, NULL, &msg), GMM_OK);
    assert_int_equal(judged.state, REQUESTS_PENDING);
    if (requests_admit(ilo.node, request, len, &judged, NULL, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    requests_judged_close(&judged);
}

static void test_asks_is_admitted(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(joining_refusal(iom.node, &msg), GMM_ESTATE);
    must_start(&iom);
    assert_int_equal(joining_refusal(iom.node, &msg), GMM_EDENIED);
    exchange(&iom, MESSAGE_JOIN_PENDING, "gmm roster add iom");
    exchange(&iom, MESSAGE_JOIN_PENDING, "gmm roster add iom");
    assert_int_equal(state_of(&iom), JOINING_ASKED);
    admit(&iom);
    exchange(&iom, MESSAGE_JOIN_ADMITTED, "");
    assert_int_equal(state_of(&iom), JOINING_ADMITTED);
    assert_string_equal(directory_charter(engine_directory(iom.node->engine))->name, "Global Migration Group");
    assert_false(iom.node->keystore->root_provisional);
    const struct view *view = engine_view(ilo.node->engine);
    assert_int_equal(view_participant_by_id(view, "iom")->status, VIEW_ACTIVE);
    /* the answer was taken in: a further one changes nothing */
    exchange(&iom, MESSAGE_JOIN_ADMITTED, "");
    assert_int_equal(state_of(&iom), JOINING_ADMITTED);
}

static void test_survives_a_restart(void **state)
{
    (void)state;
    uint8_t before[LIMIT_JOIN_REQUEST];
    size_t len, again;
    must_start(&iom);
    const uint8_t *request = joining_bytes(iom.node, &len);
    memcpy(before, request, len);
    office_again(&iom);
    assert_int_equal(state_of(&iom), JOINING_ASKED);
    request = joining_bytes(iom.node, &again);
    assert_int_equal(again, len);
    assert_memory_equal(request, before, len);
    must_start(&iom); /* the same invite: the same request */
    request = joining_bytes(iom.node, &again);
    assert_memory_equal(request, before, len);
    exchange(&iom, MESSAGE_JOIN_PENDING, "");
    office_again(&ilo);
    admit(&iom);
    exchange(&iom, MESSAGE_JOIN_ADMITTED, "");
    office_again(&iom);
    assert_int_equal(state_of(&iom), JOINING_ADMITTED);
}

static void test_without_network(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    office_admit(&ilo, &iom, NULL);
    assert_int_equal(state_of(&iom), JOINING_NONE);
    assert_int_equal(joining_refusal(iom.node, &msg), GMM_OK);
    office_again(&iom);
    assert_true(node_is_active(iom.node));
    assert_int_equal(engine_view(iom.node->engine)->participant_count, 2);
}

static void test_second_office(void **state)
{
    (void)state;
    struct office dhaka;
    struct gmm_msg msg;
    office_init(&dhaka, "ilo", "co-dhaka", IDENTITY_MEMBER);
    const struct gmm_id provisional = dhaka.node->keystore->pid;
    assert_false(id_equal(&provisional, node_pid(ilo.node)));
    office_admit(&ilo, &dhaka, "co-dhaka");
    assert_true(id_equal(node_pid(dhaka.node), node_pid(ilo.node)));
    assert_false(dhaka.node->keystore->root_held);
    office_again(&dhaka);
    assert_true(node_is_active(dhaka.node));
    assert_false(dhaka.node->keystore->root_held);
    const struct view *view = engine_view(ilo.node->engine);
    const struct view_office *office = view_office_by_name(view, node_pid(ilo.node), "co-dhaka");
    assert_non_null(office);
    assert_int_equal(office->serial, 2);
    assert_int_equal(office->roles, 0);
    /* it does not hold the root: it can certify nobody */
    const struct invites_terms terms = {.office = "fo-sylhet", .valid_ms = 1000, .offline = true};
    struct invites_entry second;
    assert_int_equal(invites_make(dhaka.node, &terms, &second, &msg), GMM_EDENIED);
    office_drop(&dhaka);
}

static void test_second_office_asks_online(void **state)
{
    (void)state;
    struct office dhaka;
    office_init(&dhaka, "ilo", "co-dhaka", IDENTITY_MEMBER);
    invites_entry_close(&invite);
    office_invite(&ilo, NULL, "co-dhaka", &invite);
    must_start(&dhaka);
    exchange(&dhaka, MESSAGE_JOIN_PENDING, "gmm office add co-dhaka");
    admit(&dhaka);
    exchange(&dhaka, MESSAGE_JOIN_ADMITTED, "");
    /* its participant is the founder, whom the charter names: nothing else is waited for */
    assert_int_equal(state_of(&dhaka), JOINING_NONE);
    assert_true(id_equal(node_pid(dhaka.node), node_pid(ilo.node)));
    assert_false(dhaka.node->keystore->root_held);
    office_drop(&dhaka);
}

static void test_refused_at_once(void **state)
{
    (void)state;
    struct gmm_msg msg;
    struct invite other = invite.invite;
    snprintf(other.for_id, sizeof other.for_id, "unhcr");
    assert_int_equal(start(&iom, &other, &msg), GMM_EDENIED);
    assert_non_null(strstr(msg.text, "'unhcr'"));
    other = invite.invite;
    other.expires_ms = 1;
    assert_int_equal(start(&iom, &other, &msg), GMM_EEXPIRED);
    other = invite.invite;
    snprintf(other.office, sizeof other.office, "co-dhaka");
    other.pid = *node_pid(ilo.node);
    other.for_id[0] = '\0';
    assert_int_equal(start(&iom, &other, &msg), GMM_EDENIED);
    assert_int_equal(start(&ilo, &invite.invite, &msg), GMM_EEXISTS);
    assert_int_equal(state_of(&iom), JOINING_NONE);
    invite_close(&other);
}

static void test_one_network_a_home(void **state)
{
    (void)state;
    struct gmm_msg msg;
    struct office wb;
    struct invites_entry of_wb;
    const struct founding_network network = {.name = "Another"};
    office_init(&wb, "wb", "hq", IDENTITY_MEMBER);
    office_found(&wb, "Another Group");
    office_invite(&wb, NULL, NULL, &of_wb);
    assert_int_equal(start(&ilo, &of_wb.invite, &msg), GMM_EEXISTS);
    assert_non_null(strstr(msg.text, "'Global Migration Group'"));
    must_start(&iom);
    assert_int_equal(start(&iom, &of_wb.invite, &msg), GMM_EEXISTS);
    assert_int_equal(founding_network(iom.node, &network, &msg), GMM_EEXISTS);
    assert_int_equal(founding_network(ilo.node, &network, &msg), GMM_EEXISTS);
    invites_entry_close(&of_wb);
    office_drop(&wb);
}

/* One certificate of serial 1 a network, whatever invites were tried. */
static void test_one_certificate(void **state)
{
    (void)state;
    struct card_join first, second;
    uint8_t kept[LIMIT_JOIN_REQUEST];
    size_t len;
    must_start(&iom);
    const uint8_t *request = joining_bytes(iom.node, &len);
    memcpy(kept, request, len);
    assert_int_equal(card_join_open(&first, &invite.invite.nid, kept, len), GMM_OK);
    invites_entry_close(&invite);
    office_invite(&ilo, NULL, NULL, &invite);
    must_start(&iom);
    request = joining_bytes(iom.node, &len);
    assert_int_equal(card_join_open(&second, &invite.invite.nid, request, len), GMM_OK);
    assert_int_equal(first.certificate_len, second.certificate_len);
    assert_memory_equal(first.certificate_bytes, second.certificate_bytes, first.certificate_len);
    assert_memory_not_equal(first.invite_id, second.invite_id, sizeof first.invite_id);
}

static void test_a_refusal_ends_the_waiting(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    must_start(&iom);
    exchange(&iom, MESSAGE_JOIN_PENDING, "");
    assert_int_equal(invites_find(ilo.node, invite.id, &invite), GMM_OK);
    assert_int_equal(requests_revoke(ilo.node, &invite, &msg), GMM_OK);
    exchange(&iom, MESSAGE_JOIN_REFUSED, "revoked");
    assert_int_equal(state_of(&iom), JOINING_REFUSED);
    office_again(&iom);
    assert_int_equal(state_of(&iom), JOINING_NONE);
}

static void test_answers_of_others(void **state)
{
    (void)state;
    struct buffer answer;
    const uint8_t junk[] = {2, 0, 0, 0, 0, 0};
    const uint8_t empty_admission[] = {2, 0, 0, 0, 0, 0};
    must_start(&iom);
    joining_answered(iom.node, 1, junk, 3);
    joining_answered(iom.node, 1, empty_admission, 5); /* admitted, and no charter with it */
    assert_int_equal(state_of(&iom), JOINING_ASKED);
    /* the charter of another network */
    struct office wb;
    office_init(&wb, "wb", "hq", IDENTITY_MEMBER);
    office_found(&wb, "Global Migration Group");
    const struct directory *directory = engine_directory(wb.node->engine);
    struct message_join_answer admitted = {.state = MESSAGE_JOIN_ADMITTED, .reason = ""};
    for (size_t i = 0; i < directory_count(directory); i++)
        if (directory_at(directory, i)->kind == DIRECTORY_CHARTER)
            admitted.charter =
                (struct message_object){directory_at(directory, i)->bytes, directory_at(directory, i)->len};
    buffer_init(&answer, LIMIT_MESSAGE_BYTES);
    assert_int_equal(message_join_answer_encode(&answer, &admitted, NULL, 0), GMM_OK);
    joining_answered(iom.node, 1, answer.p, answer.len);
    assert_int_equal(state_of(&iom), JOINING_ASKED);
    assert_null(directory_charter(engine_directory(iom.node->engine)));
    buffer_close(&answer);
    office_drop(&wb);
}

static void test_welcome_of_others(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct requests_judged judged;
    struct buffer line;
    uint8_t *welcome = NULL;
    size_t len, welcome_len;
    struct office unhcr;
    must_start(&iom);
    const uint8_t *request = joining_bytes(iom.node, &len);
    assert_int_equal(requests_judge(ilo.node, request, len, &judged, NULL, &msg), GMM_OK);
    buffer_init(&line, LIMIT_WELCOME_ARMOR);
    /* made before anything was admitted: it opens, and admits nobody */
    assert_int_equal(welcoming_make(ilo.node, &judged, &line, &msg), GMM_OK);
    assert_int_equal(armor_read(&welcome, &welcome_len, "welcome", (const char *)line.p, line.len, &msg), GMM_OK);
    office_init(&unhcr, "unhcr", "hq", IDENTITY_MEMBER);
    assert_int_equal(joining_welcome(unhcr.node, welcome, welcome_len, &msg), GMM_ESTATE);
    welcome[welcome_len / 2] ^= 1;
    assert_int_equal(joining_welcome(iom.node, welcome, welcome_len, &msg), GMM_EDENIED);
    assert_int_equal(state_of(&iom), JOINING_ASKED);
    welcome[welcome_len / 2] ^= 1;
    assert_int_equal(joining_welcome(iom.node, welcome, welcome_len, &msg), GMM_EDENIED);
    assert_non_null(strstr(msg.text, "does not admit"));
    assert_false(node_is_active(iom.node));
    free(welcome);
    buffer_close(&line);
    requests_judged_close(&judged);
    office_drop(&unhcr);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_asks_is_admitted),   TEST(test_survives_a_restart),        TEST(test_without_network),
        TEST(test_second_office),      TEST(test_second_office_asks_online), TEST(test_refused_at_once),
        TEST(test_one_network_a_home), TEST(test_one_certificate),           TEST(test_a_refusal_ends_the_waiting),
        TEST(test_answers_of_others),  TEST(test_welcome_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
