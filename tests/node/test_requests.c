#include "node/requests.h"

#include "tests/node/office_fixture.h"

static struct office ilo, iom;
static struct invites_entry invite;

static int make(void **state)
{
    (void)state;
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Global Migration Group");
    office_invite(&ilo, NULL, NULL, &invite);
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

/* The request of an office under an invite, in memory of its own. */
struct request {
    uint8_t bytes[LIMIT_JOIN_REQUEST];
    size_t len;
};

static void ask(struct request *out, struct office *newcomer, const struct invite *with)
{
    struct gmm_msg msg = {.text = ""};
    if (joining_start(newcomer->node, with, NULL, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    const uint8_t *bytes = joining_bytes(newcomer->node, &out->len);
    memcpy(out->bytes, bytes, out->len);
}

static void assert_judged(const struct request *r, enum gmm_err want, const char *says)
{
    struct requests_judged judged;
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = requests_judge(ilo.node, r->bytes, r->len, &judged, NULL, &msg);
    if (err == GMM_OK)
        requests_judged_close(&judged);
    if (err != want || strstr(msg.text, says) == NULL)
        fail_msg("%s: %s", gmm_err_name(err), msg.text);
}

static void take(const struct request *r)
{
    struct buffer answer;
    buffer_init(&answer, LIMIT_MESSAGE_BYTES);
    assert_int_equal(requests_take(ilo.node, r->bytes, r->len, &answer), GMM_OK);
    buffer_close(&answer);
}

static enum gmm_err admit(const struct request *r, struct gmm_msg *msg)
{
    struct requests_judged judged;
    enum gmm_err err = requests_judge(ilo.node, r->bytes, r->len, &judged, NULL, msg);
    if (err != GMM_OK)
        return err;
    err = requests_admit(ilo.node, r->bytes, r->len, &judged, NULL, msg);
    requests_judged_close(&judged);
    return err;
}

static size_t waiting(void)
{
    struct requests_list list;
    assert_int_equal(requests_pending(ilo.node, &list), GMM_OK);
    size_t count = list.count;
    requests_list_close(&list);
    return count;
}

static void test_every_bit_counts(void **state)
{
    (void)state;
    struct request r;
    struct requests_judged judged;
    ask(&r, &iom, &invite.invite);
    assert_judged(&r, GMM_OK, "");
    for (size_t i = 0; i < r.len; i++) {
        r.bytes[i] ^= (uint8_t)(1u << (i % 8));
        assert_int_not_equal(requests_judge(ilo.node, r.bytes, r.len, &judged, NULL, NULL), GMM_OK);
        r.bytes[i] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(waiting(), 0);
}

static void test_used_by_another_card(void **state)
{
    (void)state;
    struct request first, second;
    struct office unhcr;
    office_init(&unhcr, "unhcr", "hq", IDENTITY_MEMBER);
    ask(&first, &iom, &invite.invite);
    ask(&second, &unhcr, &invite.invite);
    take(&first);
    assert_judged(&second, GMM_EDENIED, "used already");
    take(&second);
    take(&first);
    assert_int_equal(waiting(), 1);
    office_drop(&unhcr);
}

static void test_expired(void **state)
{
    (void)state;
    struct request r, late;
    struct office unhcr;
    struct invites_entry again;
    office_init(&unhcr, "unhcr", "hq", IDENTITY_MEMBER);
    ask(&r, &iom, &invite.invite);
    ask(&late, &unhcr, &invite.invite);
    /* asked in time: it stands, and may still be admitted afterwards */
    take(&r);
    assert_int_equal(invites_find(ilo.node, invite.id, &again), GMM_OK);
    again.invite.expires_ms = 1;
    assert_int_equal(invites_put(ilo.node, &again), GMM_OK);
    assert_judged(&r, GMM_OK, "");
    again.state = INVITES_OPEN;
    memset(&again.used_by, 0, sizeof again.used_by);
    assert_int_equal(invites_put(ilo.node, &again), GMM_OK);
    assert_judged(&late, GMM_EEXPIRED, "expired");
    invites_entry_close(&again);
    office_drop(&unhcr);
}

static void test_revoked(void **state)
{
    (void)state;
    struct request r;
    struct gmm_msg msg = {.text = ""};
    ask(&r, &iom, &invite.invite);
    assert_int_equal(requests_revoke(ilo.node, &invite, &msg), GMM_OK);
    assert_judged(&r, GMM_EDENIED, "revoked");
    take(&r);
    assert_int_equal(waiting(), 0);
}

static void test_for_somebody_else(void **state)
{
    (void)state;
    struct request r;
    struct invites_entry narrowed = invite;
    ask(&r, &iom, &invite.invite);
    snprintf(narrowed.invite.for_id, sizeof narrowed.invite.for_id, "unhcr");
    assert_int_equal(invites_put(ilo.node, &narrowed), GMM_OK);
    assert_judged(&r, GMM_EDENIED, "'unhcr'");
    invites_entry_close(&narrowed);
}

static void test_of_another_network(void **state)
{
    (void)state;
    struct request r;
    struct office wb, unhcr;
    struct invites_entry of_wb;
    office_init(&wb, "wb", "hq", IDENTITY_MEMBER);
    office_init(&unhcr, "unhcr", "hq", IDENTITY_MEMBER);
    office_found(&wb, "Another Group");
    office_invite(&wb, NULL, NULL, &of_wb);
    ask(&r, &unhcr, &of_wb.invite);
    assert_judged(&r, GMM_EDENIED, "another network");
    invites_entry_close(&of_wb);
    office_drop(&unhcr);
    office_drop(&wb);
}

static void test_under_another_root(void **state)
{
    (void)state;
    struct request honest, impostor;
    struct office other;
    struct invites_entry second;
    struct gmm_msg msg = {.text = ""};
    office_init(&other, "iom", "hq", IDENTITY_MEMBER);
    office_invite(&ilo, NULL, NULL, &second);
    ask(&honest, &iom, &invite.invite);
    ask(&impostor, &other, &second.invite);
    take(&impostor); /* both may wait: the fingerprint tells */
    take(&honest);
    assert_int_equal(waiting(), 2);
    assert_int_equal(admit(&honest, &msg), GMM_OK);
    assert_int_equal(admit(&impostor, &msg), GMM_EDENIED);
    assert_non_null(strstr(msg.text, "under another root"));
    assert_int_equal(admit(&honest, &msg), GMM_OK); /* again: nothing changes */
    assert_int_equal(engine_view(ilo.node->engine)->participant_count, 2);
    invites_entry_close(&second);
    office_drop(&other);
}

static void test_our_own_id(void **state)
{
    (void)state;
    struct request r;
    struct office other;
    office_init(&other, "ilo", "hq", IDENTITY_MEMBER);
    ask(&r, &other, &invite.invite);
    assert_judged(&r, GMM_EDENIED, "under another root");
    office_drop(&other);
}

static void test_only_the_chair(void **state)
{
    (void)state;
    struct invites_entry entry;
    struct gmm_msg msg = {.text = ""};
    const struct invites_terms terms = {.valid_ms = 1000, .offline = true};
    assert_int_equal(invites_make(iom.node, &terms, &entry, &msg), GMM_EDENIED);
    office_admit(&ilo, &iom, NULL);
    assert_int_equal(invites_make(iom.node, &terms, &entry, &msg), GMM_EDENIED);
    assert_non_null(strstr(msg.text, "only the chair of term 1 ("));
}

static void test_terms(void **state)
{
    (void)state;
    struct invites_entry entry;
    struct gmm_msg msg = {.text = ""};
    const char *const wrong[] = {"no port"};
    struct invites_terms terms = {.valid_ms = 1000};
    assert_int_equal(invites_make(ilo.node, &terms, &entry, &msg), GMM_ESTATE); /* no address is known */
    terms = (struct invites_terms){.valid_ms = 1000, .addresses = wrong, .address_count = 1};
    assert_int_equal(invites_make(ilo.node, &terms, &entry, &msg), GMM_EUSAGE);
    terms = (struct invites_terms){.valid_ms = 1000, .offline = true, .for_id = "Not An Id"};
    assert_int_equal(invites_make(ilo.node, &terms, &entry, &msg), GMM_EUSAGE);
    terms.for_id = "ilo";
    assert_int_equal(invites_make(ilo.node, &terms, &entry, &msg), GMM_EEXISTS);
    terms = (struct invites_terms){.valid_ms = 1000, .offline = true, .office = "hq"};
    assert_int_equal(invites_make(ilo.node, &terms, &entry, &msg), GMM_EEXISTS);
}

/* "64 pending." */
static void test_no_more_than_the_limit(void **state)
{
    (void)state;
    struct request r;
    struct card_join join;
    ask(&r, &iom, &invite.invite);
    assert_int_equal(card_join_open(&join, &invite.invite.nid, r.bytes, r.len), GMM_OK);
    assert_int_equal(store_begin(ilo.node->store, false), GMM_OK);
    for (unsigned i = 0; i < LIMIT_JOIN_PENDING; i++) {
        struct store_request row = {
            .sign_pk = {{(uint8_t)i, 1}}, .bytes = r.bytes, .len = r.len, .state = 'p', .time_ms = i};
        assert_int_equal(store_put_request(ilo.node->store, &row), GMM_OK);
    }
    assert_int_equal(node_flush(ilo.node), GMM_OK);
    take(&r);
    assert_int_equal(waiting(), LIMIT_JOIN_PENDING);
    assert_int_equal(invites_find(ilo.node, invite.id, &invite), GMM_OK);
    assert_int_equal(invite.state, INVITES_OPEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_bit_counts),
        TEST(test_used_by_another_card),
        TEST(test_expired),
        TEST(test_revoked),
        TEST(test_for_somebody_else),
        TEST(test_of_another_network),
        TEST(test_under_another_root),
        TEST(test_our_own_id),
        TEST(test_only_the_chair),
        TEST(test_terms),
        TEST(test_no_more_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
