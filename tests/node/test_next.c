#include "node/next.h"

#include "node/consulting_post.h"
#include "tests/node/posting_fixture.h"

static struct office ilo;
static struct gmm_id all;

static int make(void **state)
{
    (void)state;
    posting_found(&ilo, &all);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    office_drop(&ilo);
    return 0;
}

static void expect_ref(const char *symbol, const char *want)
{
    char out[NEXT_REF], copy[NEXT_REF + 1] = "";
    snprintf(copy, sizeof copy, "%s", symbol);
    const struct projection_item item = {.id = {{0xab, 0xcd, 0x01}}, .symbol = copy};
    next_ref(out, &item);
    assert_string_equal(out, want);
}

/* A shell would read it, and it is another's text. */
static void only_plain_symbols_are_pasted(void **state)
{
    (void)state;
    static const char *const others[] = {"",     "-rf",  "a b",  "$(reboot)",   "a;b", "`x`", "a\"b", "a'b",
                                         "a\\b", "a\nb", "a(b)", "caf\xc3\xa9", "~x",  "a*",  "a|b",  "a&"};
    char longest[NEXT_REF], longer[NEXT_REF + 1], out[NEXT_REF];
    const struct projection_item none = {.id = {{0xab, 0xcd, 0x01}}};
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    expect_ref("GMG/2014/WP_1.rev-2", "GMG/2014/WP_1.rev-2");
    expect_ref(longest, longest);
    expect_ref(longer, "abcd01000000");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        expect_ref(others[i], "abcd01000000");
    next_ref(out, &none);
    assert_string_equal(out, "abcd01000000");
}

static void expect_next(struct consulting *c, const struct consult *consult, const char *want)
{
    char out[NEXT_COMMAND];
    next_of_consultation(out, c, consult);
    assert_string_equal(out, want);
}

static void what_awaits_of_a_consultation(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    struct gmm_id other = {{7}};
    const struct gmm_id fr = posting_post(&ilo, "texte", "N/1", "fr", NULL, NULL);
    assert_int_equal(consulting_open(ilo.node, "N/1", &c, NULL, &msg), GMM_OK);
    struct consult_invited invited = {.pid = *node_pid(ilo.node)};
    struct consult consult = {
        .coordinator = other, .version = 1, .state = CONSULT_OPEN, .invited = &invited, .invited_count = 1};
    expect_next(&c, &consult, "gmm note N/1 --para N --position POSITION TEXT"); /* who wrote it has read it */
    consult.version = 2;
    expect_next(&c, &consult, "gmm get N/1"); /* not the version that is held */
    consult.version = 1;
    invited.position = RECORD_SUPPORT;
    expect_next(&c, &consult, "gmm consult show N/1");
    consult.coordinator = *node_pid(ilo.node);
    expect_next(&c, &consult, "gmm matrix N/1");
    invited = (struct consult_invited){.pid = other};
    expect_next(&c, &consult, "gmm matrix N/1"); /* not invited: it only looks */
    consult.invited_count = 0;
    consult.coordinator = other;
    expect_next(&c, &consult, "gmm consult show N/1");
    consulting_close(&c);
    (void)fr;
}

static bool comments(const struct gmm_id *id)
{
    struct projection_item item;
    assert_int_equal(projection_get(ilo.node->projection, id, &item), GMM_OK);
    bool is = next_is_comment(ilo.node, &item);
    projection_item_close(&item);
    return is;
}

static void a_comment_is_awaited(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct consulting c;
    struct gmm_id id;
    static const char *const invite[] = {"ilo"};
    const struct consulting_request open = {
        .action = RECORD_CONSULT_OPEN, .deadline = "2100-01-01T17:00Z", .invite = invite, .invite_count = 1};
    const struct consulting_request close = {.action = RECORD_CONSULT_CLOSE};
    const struct gmm_id en = posting_post(&ilo, "text", "N/1", "en", NULL, NULL);
    const struct gmm_id fr = posting_post(&ilo, "texte", NULL, "fr", NULL, "N/1");
    const struct gmm_id alone = posting_post(&ilo, "alone", NULL, "en", NULL, NULL);
    assert_false(comments(&en) || comments(&fr));
    assert_int_equal(consulting_open(ilo.node, "N/1", &c, NULL, &msg), GMM_OK);
    if (consulting_post_action(&c, &open, &id, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    consulting_close(&c);
    assert_true(comments(&en) && comments(&fr)); /* also of the translation */
    assert_false(comments(&alone));
    assert_int_equal(consulting_open(ilo.node, "N/1", &c, NULL, &msg), GMM_OK);
    if (consulting_post_action(&c, &close, &id, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    consulting_close(&c);
    assert_false(comments(&en) || comments(&fr));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_plain_symbols_are_pasted),
        TEST(what_awaits_of_a_consultation),
        TEST(a_comment_is_awaited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
