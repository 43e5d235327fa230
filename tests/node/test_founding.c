#include "node/founding.h"

#include <sys/stat.h>
#include <unistd.h>

#include "node/assembly.h"
#include "node/certify.h"
#include "node/keyfile.h"
#include "tests/node/office_fixture.h"

static char home[TEMPDIR_PATH];
static const struct keystore_lock none = {.method = KEYSTORE_NONE};
static const struct founding_office good = {.participant = "ilo",
                                            .name = "International Labour Organization",
                                            .office = "hq",
                                            .lang = "fr",
                                            .kind = IDENTITY_MEMBER,
                                            .level = IDENTITY_HQ};

static int make(void **state)
{
    (void)state;
    tempdir_make(home);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    tempdir_remove(home);
    return 0;
}

static enum gmm_err init(const struct founding_office *office, const struct keystore_lock *lock, struct gmm_msg *msg)
{
    struct card card;
    msg->text[0] = '\0';
    return founding_init(home, office, lock, &card, msg);
}

static void open_node(struct office *o)
{
    snprintf(o->home, sizeof o->home, "%s", home);
    office_open(o);
}

static void close_node(struct office *o)
{
    node_close(o->node);
    o->node = NULL;
}

static void test_words(void **state)
{
    (void)state;
    struct gmm_msg msg;
    struct founding_office o = good;
    o.participant = "ILO";
    assert_int_equal(init(&o, &none, &msg), GMM_EUSAGE);
    assert_non_null(strstr(msg.text, "'ILO'"));
    o = good;
    o.name = "two\nlines";
    assert_int_equal(init(&o, &none, &msg), GMM_EUSAGE);
    o = good;
    o.kind = identity_kind_from_text("ngo");
    assert_int_equal(init(&o, &none, &msg), GMM_EUSAGE);
    assert_non_null(strstr(msg.text, "civil-society"));
    o = good;
    o.level = 0;
    assert_int_equal(init(&o, &none, &msg), GMM_EUSAGE);
    o = good;
    o.office = "";
    assert_int_equal(init(&o, &none, &msg), GMM_EUSAGE);
    o = good;
    o.lang = "français";
    assert_int_equal(init(&o, &none, &msg), GMM_EUSAGE);
    assert_int_equal(tempdir_count(home), 0); /* nothing was made */
}

static void test_home(void **state)
{
    (void)state;
    struct gmm_msg msg;
    struct stat st;
    struct office o;
    char path[TEMPDIR_PATH];
    assert_int_equal(init(&good, &none, &msg), GMM_OK);
    assert_int_equal(init(&good, &none, &msg), GMM_EEXISTS);
    tempdir_join(path, home, HOME_KEYSTORE);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    open_node(&o);
    const struct keystore *ks = o.node->keystore;
    assert_string_equal(o.node->card.name, good.name);
    assert_string_equal(o.node->config.lang, "fr");
    assert_true(ks->root_held && ks->next_root_held && ks->root_provisional);
    assert_true(id_equal(&ks->root_pk, &o.node->card.root_pk));
    assert_int_equal(ks->wrap_count, 1);
    assert_false(node_is_active(o.node));
    close_node(&o);
}

static void test_prepared_config(void **state)
{
    (void)state;
    static const char text[] = "[node]\nlang=es\nlock-memory=warn\n", broken[] = "[node]\nlock-memory=never\n";
    struct gmm_msg msg;
    uint8_t *bytes = NULL;
    size_t len = 0;
    char path[TEMPDIR_PATH];
    tempdir_join(path, home, "gmm.conf");
    assert_int_equal(keyfile_replace(path, broken, strlen(broken), 0600, NULL), GMM_OK);
    assert_int_equal(init(&good, &none, &msg), GMM_EFORMAT);
    assert_non_null(strstr(msg.text, "lock-memory"));
    assert_int_equal(keyfile_replace(path, text, strlen(text), 0600, NULL), GMM_OK);
    assert_int_equal(init(&good, &none, &msg), GMM_OK);
    assert_int_equal(keyfile_read(&bytes, &len, path, LIMIT_CONFIG_BYTES, 0, NULL), GMM_OK);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(bytes, text, len);
    keyfile_free(bytes, len);
}

static void test_sealed_home(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct node *node = NULL;
    char path[TEMPDIR_PATH];
    uint8_t key[32] = {1, 2, 3};
    const struct keystore_lock lock = {.method = KEYSTORE_KEY, .passphrase = key, .passphrase_len = 32};
    assert_int_equal(init(&good, &lock, &msg), GMM_OK);
    assert_int_equal(assembly_open(&node, home, 0, NULL, NULL, &msg), GMM_EPASSPHRASE);
    tempdir_join(path, home, "key");
    assert_int_equal(keyfile_replace(path, key, 32, 0600, NULL), GMM_OK);
    setenv("GMM_KEY_FILE", path, 1);
    assert_int_equal(assembly_open(&node, home, 0, NULL, NULL, &msg), GMM_OK);
    node_close(node);
    key[0] ^= 1;
    assert_int_equal(keyfile_replace(path, key, 32, 0600, NULL), GMM_OK);
    assert_int_equal(assembly_open(&node, home, 0, NULL, NULL, &msg), GMM_EPASSPHRASE);
    unsetenv("GMM_KEY_FILE");
}

static void test_network(void **state)
{
    (void)state;
    struct gmm_msg msg;
    struct office o;
    struct founding_network network = {.name = "Global Migration Group", .leads = {NULL, "iom"}};
    assert_int_equal(init(&good, &none, &msg), GMM_OK);
    open_node(&o);
    network.term_until_ms = 1;
    assert_int_equal(founding_network(o.node, &network, &msg), GMM_EUSAGE);
    network.term_until_ms = 0;
    network.leads[2] = "Not An Id";
    assert_int_equal(founding_network(o.node, &network, &msg), GMM_EUSAGE);
    network.leads[2] = NULL;
    assert_int_equal(founding_network(o.node, &network, &msg), GMM_OK);
    assert_true(node_is_active(o.node));
    assert_false(o.node->keystore->root_provisional);
    const struct view *view = engine_view(o.node->engine);
    assert_int_equal(view->term_until_ms, founding_year_end(node_now_ms()));
    assert_int_equal(view->office_count, 1);
    assert_int_equal(view->offices[0].roles, CERTIFICATE_ROLES_ALL);
    assert_int_equal(founding_network(o.node, &network, &msg), GMM_EEXISTS);
    close_node(&o);
    open_node(&o);
    assert_true(node_is_active(o.node));
    assert_false(o.node->keystore->root_provisional);
    close_node(&o);
}

/* Cut off behind the charter: the same command goes on; another name is refused. */
static void test_interrupted(void **state)
{
    (void)state;
    struct gmm_msg msg;
    struct office o;
    struct buffer object;
    struct founding_network network = {.name = "Another"};
    assert_int_equal(init(&good, &none, &msg), GMM_OK);
    open_node(&o);
    const struct keystore *ks = o.node->keystore;
    struct charter charter = {.time_ms = node_now_ms(),
                              .term_until_ms = node_now_ms() + 1000000,
                              .name = "Global Migration Group",
                              .founder_id = "ilo",
                              .founder_name = "ILO",
                              .founder_kind = IDENTITY_MEMBER,
                              .admission = CHARTER_BY_CHAIR,
                              .thematic = CHARTER_THEMATIC_OPEN,
                              .founder_root_pk = ks->root_pk,
                              .founder_next_commit = ks->next_commit};
    buffer_init(&object, CHARTER_BYTES_MAX + 1);
    buffer_put_u8(&object, DIRECTORY_CHARTER);
    assert_int_equal(charter_make(&object, &charter, ks->root_sk), GMM_OK);
    assert_int_equal(node_found(o.node, object.p, object.len, &msg), GMM_OK);
    buffer_close(&object);
    close_node(&o);
    open_node(&o);
    assert_int_equal(founding_network(o.node, &network, &msg), GMM_EEXISTS);
    network.name = "Global Migration Group";
    assert_int_equal(founding_network(o.node, &network, &msg), GMM_OK);
    assert_true(node_is_active(o.node));
    assert_true(id_equal(&engine_view(o.node->engine)->nid, &charter.nid));
    close_node(&o);
}

static void test_year_end(void **state)
{
    (void)state;
    assert_int_equal(founding_year_end(UINT64_C(1389364496789)), UINT64_C(1420070399000)); /* 2014 */
    assert_int_equal(founding_year_end(UINT64_C(1420070399999)), UINT64_C(1420070399000));
    assert_int_equal(founding_year_end(UINT64_C(1420070400000)), UINT64_C(1451606399000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_words),   TEST(test_home),        TEST(test_sealed_home),          TEST(test_prepared_config),
        TEST(test_network), TEST(test_interrupted), cmocka_unit_test(test_year_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
