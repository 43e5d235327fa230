#include "node/newkeys.h"

#include "keys/rekey.h"
#include "node/read.h"
#include "tests/node/posting_fixture.h"

/* The root is at hq; dhaka is another office of the same participant. */
static struct office hq, dhaka;
static struct gmm_id all;

static int make(void **state)
{
    (void)state;
    posting_found(&hq, &all);
    office_init(&dhaka, "ilo", "co-dhaka", IDENTITY_MEMBER);
    office_admit(&hq, &dhaka, "co-dhaka");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    office_drop(&dhaka);
    office_drop(&hq);
    return 0;
}

static void expect(enum gmm_err err, enum gmm_err want, const struct gmm_msg *msg, const char *says)
{
    if (err != want || strstr(msg->text, says) == NULL)
        fail_msg("%s, \"%s\", and not \"%s\"", gmm_err_name(err), msg->text, says);
}

static bool reads(struct office *o, const struct gmm_id *id)
{
    struct read_record record;
    struct gmm_msg msg = {.text = ""};
    bool ok = read_record(o->node, id, &record, &msg) == GMM_OK;
    if (ok)
        read_record_close(&record);
    return ok;
}

static void request_of(struct office *o, struct buffer *out)
{
    struct gmm_msg msg = {.text = ""};
    buffer_init(out, REKEY_BYTES_MAX);
    expect(newkeys_request(o->node, out, &msg), GMM_OK, &msg, "");
}

static void made_once_and_kept(void **state)
{
    (void)state;
    struct card card, again;
    struct gmm_msg msg = {.text = ""};
    assert_false(dhaka.node->keystore->next_held || newkeys_due(dhaka.node));
    expect(newkeys_begin(dhaka.node, &card, &msg), GMM_OK, &msg, "");
    expect(newkeys_begin(dhaka.node, &again, &msg), GMM_OK, &msg, "");
    assert_true(id_equal(&card.sign_pk, &again.sign_pk) && id_equal(&card.wrap_pk, &again.wrap_pk));
    assert_false(id_equal(&card.sign_pk, &dhaka.node->card.sign_pk));
    assert_false(id_equal(&card.noise_pk, &dhaka.node->card.noise_pk));
    assert_false(id_equal(&card.wrap_pk, &dhaka.node->card.wrap_pk));
    office_again(&dhaka); /* on the disk */
    expect(newkeys_begin(dhaka.node, &again, &msg), GMM_OK, &msg, "");
    assert_true(id_equal(&card.sign_pk, &again.sign_pk));
    assert_false(newkeys_due(dhaka.node)); /* nobody has certified them */
}

static void certified_elsewhere_and_taken(void **state)
{
    (void)state;
    struct buffer request, object;
    struct card card;
    struct gmm_msg msg = {.text = ""};
    const struct gmm_id before = dhaka.node->keystore->sign_pk;
    uint8_t noise[32];
    const struct gmm_id mine = posting_post(&dhaka, "before", "D/1", "en", NULL, NULL);
    memcpy(noise, dhaka.node->keystore->noise_sk, sizeof noise);
    expect(newkeys_begin(dhaka.node, &card, &msg), GMM_OK, &msg, "");
    request_of(&dhaka, &request);
    buffer_init(&object, 8192);
    expect(newkeys_certify(hq.node, "hq", NULL, request.p, request.len, &object, &msg), GMM_EDENIED, &msg,
           "not of the office 'hq'");
    expect(newkeys_certify(hq.node, "co-dhaka", "00000 00000", request.p, request.len, &object, &msg), GMM_EDENIED,
           &msg, "another fingerprint");
    request.p[request.len - 1] ^= 1;
    expect(newkeys_certify(hq.node, "co-dhaka", NULL, request.p, request.len, &object, &msg), GMM_EDENIED, &msg,
           "the request is");
    request.p[request.len - 1] ^= 1;
    assert_int_equal(object.len, 0);
    assert_null(view_office(engine_view(hq.node->engine), &card.sign_pk));
    expect(newkeys_certify(hq.node, "co-dhaka", NULL, request.p, request.len, &object, &msg), GMM_OK, &msg, "");

    expect(newkeys_certificate(dhaka.node, object.p, object.len - 1, &msg), GMM_EFORMAT, &msg, "not a certificate");
    expect(newkeys_certificate(hq.node, object.p, object.len, &msg), GMM_EDENIED, &msg, "not for the keys that wait");
    const struct view_office *office = view_office(engine_view(dhaka.node->engine), &hq.node->keystore->sign_pk);
    const struct directory_object *others = directory_find(engine_directory(dhaka.node->engine), &office->certificate);
    expect(newkeys_certificate(dhaka.node, others->bytes, others->len, &msg), GMM_EDENIED, &msg,
           "not for the keys that wait");
    expect(newkeys_certificate(dhaka.node, object.p, object.len, &msg), GMM_OK, &msg, "");
    assert_true(newkeys_due(dhaka.node));
    expect(newkeys_take(dhaka.node, &msg), GMM_OK, &msg, "");
    const struct keystore *ks = dhaka.node->keystore;
    assert_true(id_equal(&ks->sign_pk, &card.sign_pk) && id_equal(&dhaka.node->card.sign_pk, &card.sign_pk));
    assert_false(ks->next_held || newkeys_due(dhaka.node));
    assert_true(sodium_is_zero(ks->next_sign_seed, sizeof ks->next_sign_seed));
    assert_true(sodium_is_zero(ks->next_noise_sk, sizeof ks->next_noise_sk));
    assert_true(sodium_is_zero(ks->next_wrap_sk, sizeof ks->next_wrap_sk));
    assert_true(ks->former_held && memcmp(ks->former_noise_sk, noise, sizeof noise) == 0);
    const struct view_office *old = view_office(engine_view(dhaka.node->engine), &before);
    assert_true(old != NULL && old->status == VIEW_OFFICE_SUPERSEDED);
    assert_true(reads(&dhaka, &mine)); /* what could be read stays readable */
    office_again(&dhaka);
    assert_true(id_equal(&dhaka.node->keystore->sign_pk, &card.sign_pk) && reads(&dhaka, &mine));
    const struct gmm_id next = posting_post(&dhaka, "behind", "D/2", "en", NULL, NULL);
    assert_true(reads(&dhaka, &next));
    buffer_close(&request);
    buffer_close(&object);
}

/* The certificate had come, and the process ended before the keys were taken. */
static void taken_at_the_next_opening(void **state)
{
    (void)state;
    struct buffer request, object;
    struct card card;
    struct gmm_msg msg = {.text = ""};
    expect(newkeys_begin(dhaka.node, &card, &msg), GMM_OK, &msg, "");
    request_of(&dhaka, &request);
    buffer_init(&object, 8192);
    expect(newkeys_certify(hq.node, "co-dhaka", NULL, request.p, request.len, &object, &msg), GMM_OK, &msg, "");
    size_t len = object.len;
    /* asked once more, the same certificate */
    expect(newkeys_certify(hq.node, "co-dhaka", NULL, request.p, request.len, &object, &msg), GMM_OK, &msg, "");
    assert_true(object.len == 2 * len && memcmp(object.p, object.p + len, len) == 0);
    expect(newkeys_certificate(dhaka.node, object.p, len, &msg), GMM_OK, &msg, "");
    office_again(&dhaka);
    assert_true(id_equal(&dhaka.node->keystore->sign_pk, &card.sign_pk));
    /* keys that are not in force any more vouch for none */
    expect(newkeys_begin(dhaka.node, NULL, &msg), GMM_OK, &msg, "");
    request.len = 0;
    expect(newkeys_request(dhaka.node, &request, &msg), GMM_OK, &msg, "");
    expect(newkeys_certify(hq.node, "co-dhaka", NULL, request.p, request.len, &object, &msg), GMM_OK, &msg, "");
    buffer_close(&request);
    buffer_close(&object);
}

static void a_root_follows_the_one_committed_to(void **state)
{
    (void)state;
    uint32_t n = 9;
    size_t standing = 0;
    struct gmm_msg msg = {.text = ""};
    const struct gmm_id root = hq.node->keystore->root_pk, commit = hq.node->keystore->next_commit;
    expect(newkeys_root(dhaka.node, &n, &standing, &msg), GMM_EDENIED, &msg, "root");
    expect(newkeys_root(hq.node, &n, &standing, &msg), GMM_OK, &msg, "");
    assert_int_equal(n, 1);
    assert_int_equal(standing, 2); /* the certificates of both offices */
    assert_false(id_equal(&hq.node->keystore->root_pk, &root));
    assert_false(id_equal(&hq.node->keystore->next_commit, &commit));
    const struct view_participant *self = view_participant(engine_view(hq.node->engine), node_pid(hq.node));
    assert_true(self->root_n == 1 && id_equal(&self->root_pk, &hq.node->keystore->root_pk));
    assert_int_equal(view_office(engine_view(hq.node->engine), &dhaka.node->keystore->sign_pk)->status,
                     VIEW_OFFICE_ACTIVE);
    office_again(&hq);
    assert_int_equal(hq.node->keystore->root_n, 1);
    hq.node->keystore->next_root_held = false;
    expect(newkeys_root(hq.node, &n, &standing, &msg), GMM_EDENIED, &msg, "gmm key import-root");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(made_once_and_kept),
        TEST(certified_elsewhere_and_taken),
        TEST(taken_at_the_next_opening),
        TEST(a_root_follows_the_one_committed_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
