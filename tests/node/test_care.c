#include "node/care.h"

#include "node/assembly.h"
#include "node/keyfile.h"
#include "tests/node/office_fixture.h"

static struct office ilo;

static int make(void **state)
{
    (void)state;
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Global Migration Group");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    unsetenv("GMM_KEY_FILE");
    office_drop(&ilo);
    return 0;
}

static uint8_t *guarded(const void *bytes, size_t len)
{
    uint8_t *secret = secret_alloc(len);
    assert_non_null(secret);
    memcpy(secret, bytes, len);
    return secret;
}

static void test_reseal(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct node *node = NULL;
    char path[TEMPDIR_PATH];
    const uint8_t key[32] = {7};
    assert_int_equal(care_reseal(ilo.node, KEYSTORE_KEY, guarded(key, 32), 32, &msg), GMM_OK);
    /* what is saved later stays under the new key */
    assert_int_equal(node_save_keystore(ilo.node, &msg), GMM_OK);
    node_close(ilo.node);
    ilo.node = NULL;
    assert_int_equal(assembly_open(&node, ilo.home, 0, NULL, NULL, &msg), GMM_EPASSPHRASE);
    tempdir_join(path, ilo.home, "key");
    assert_int_equal(keyfile_replace(path, key, 32, 0600, NULL), GMM_OK);
    setenv("GMM_KEY_FILE", path, 1);
    office_open(&ilo);
    assert_true(node_is_active(ilo.node));
    assert_int_equal(care_reseal(ilo.node, KEYSTORE_NONE, NULL, 0, &msg), GMM_OK);
    unsetenv("GMM_KEY_FILE");
    office_again(&ilo);
}

static void test_reseal_refused(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    uint8_t *secret = guarded("short", 5);
    assert_int_equal(care_reseal(ilo.node, KEYSTORE_KEY, secret, 5, &msg), GMM_EUSAGE);
    secret_free(secret); /* it stayed ours */
    assert_int_equal(node_save_keystore(ilo.node, &msg), GMM_OK);
    office_again(&ilo);
}

static void test_export_root(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct buffer file;
    struct keystore *root = NULL;
    const uint8_t key[32] = {9}, wrong[32] = {8};
    const struct keystore_lock lock = {.method = KEYSTORE_KEY, .passphrase = key, .passphrase_len = 32};
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    assert_int_equal(care_export_root(ilo.node, &lock, &file, &msg), GMM_OK);
    assert_int_equal(keystore_open(&root, file.p, file.len, wrong, 32), GMM_EPASSPHRASE);
    assert_int_equal(keystore_open(&root, file.p, file.len, key, 32), GMM_OK);
    assert_true(root->root_held && root->next_root_held);
    assert_true(id_equal(&root->root_pk, &ilo.node->keystore->root_pk));
    assert_true(id_equal(&root->next_commit, &ilo.node->keystore->next_commit));
    assert_true(id_equal(&root->pid, node_pid(ilo.node)));
    /* nothing but the root */
    assert_true(sodium_is_zero(root->sign_seed, 32) && sodium_is_zero(root->noise_sk, 32));
    assert_true(sodium_is_zero(root->node, 32));
    assert_int_equal(root->wrap_count, 0);
    keystore_free(root);
    buffer_close(&file);
}

static void test_root_goes_and_comes(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct buffer file, other;
    struct office iom;
    const uint8_t key[32] = {9}, wrong[32] = {8};
    const struct keystore_lock lock = {.method = KEYSTORE_KEY, .passphrase = key, .passphrase_len = 32};
    const struct gmm_id root = ilo.node->keystore->root_pk;
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    buffer_init(&other, LIMIT_KEYSTORE_BYTES);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    assert_int_equal(care_export_root(iom.node, &lock, &other, &msg), GMM_OK);
    assert_int_equal(care_export_root(ilo.node, &lock, &file, &msg), GMM_OK);
    /* only what was read again goes */
    assert_int_equal(care_drop_root(ilo.node, file.p, file.len, wrong, 32, &msg), GMM_EPASSPHRASE);
    assert_int_equal(care_drop_root(ilo.node, other.p, other.len, key, 32, &msg), GMM_ESTATE);
    file.p[file.len - 1] ^= 1;
    assert_int_equal(care_drop_root(ilo.node, file.p, file.len, key, 32, &msg), GMM_ECORRUPT);
    file.p[file.len - 1] ^= 1;
    assert_true(ilo.node->keystore->root_held);
    assert_int_equal(care_drop_root(ilo.node, file.p, file.len, key, 32, &msg), GMM_OK);
    office_again(&ilo); /* on the disk too */
    assert_false(ilo.node->keystore->root_held || ilo.node->keystore->next_root_held);
    assert_true(sodium_is_zero(ilo.node->keystore->root_seed, 32));
    assert_true(sodium_is_zero(ilo.node->keystore->next_root_seed, 32));
    assert_int_equal(care_drop_root(ilo.node, file.p, file.len, key, 32, &msg), GMM_ESTATE);

    assert_int_equal(care_import_root(ilo.node, file.p, file.len, wrong, 32, &msg), GMM_EPASSPHRASE);
    assert_int_equal(care_import_root(ilo.node, other.p, other.len, key, 32, &msg), GMM_EDENIED);
    assert_int_equal(care_import_root(ilo.node, file.p, file.len - 1, key, 32, &msg), GMM_ECORRUPT);
    assert_false(ilo.node->keystore->root_held);
    assert_int_equal(care_import_root(ilo.node, file.p, file.len, key, 32, &msg), GMM_OK);
    office_again(&ilo);
    assert_true(ilo.node->keystore->root_held && ilo.node->keystore->next_root_held);
    assert_true(id_equal(&ilo.node->keystore->root_pk, &root));
    office_drop(&iom);
    buffer_close(&file);
    buffer_close(&other);
}

static void test_no_root_here(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct office dhaka;
    struct buffer file;
    const struct keystore_lock lock = {.method = KEYSTORE_NONE};
    office_init(&dhaka, "ilo", "co-dhaka", IDENTITY_MEMBER);
    office_admit(&ilo, &dhaka, "co-dhaka");
    buffer_init(&file, LIMIT_KEYSTORE_BYTES);
    assert_int_equal(care_export_root(dhaka.node, &lock, &file, &msg), GMM_EDENIED);
    assert_int_equal(file.len, 0);
    buffer_close(&file);
    office_drop(&dhaka);
}

static bool all_ok(void)
{
    bool ok = true;
    size_t i;
    json_t *checks = care_checks(ilo.node), *check;
    json_array_foreach(checks, i, check)
    {
        const char *name = json_string_value(json_object_get(check, "check"));
        if (strcmp(name, "memory") != 0 && strcmp(name, "disk") != 0)
            ok = ok && json_is_true(json_object_get(check, "ok"));
    }
    json_decref(checks);
    return ok;
}

static void test_checks_and_rebuild(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    char path[TEMPDIR_PATH];
    assert_true(all_ok());
    assert_int_equal(care_rebuild(ilo.node, NULL, NULL, &msg), GMM_OK);
    assert_true(all_ok());
    tempdir_join(path, ilo.home, HOME_KEYSTORE);
    assert_int_equal(keyfile_replace(path, "not a keystore", 14, 0600, NULL), GMM_OK);
    assert_false(all_ok());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reseal),       TEST(test_reseal_refused),     TEST(test_export_root), TEST(test_root_goes_and_comes),
        TEST(test_no_root_here), TEST(test_checks_and_rebuild),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
