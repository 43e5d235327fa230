#include "node/passphrase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/keyfile.h"
#include "tests/lib/tempdir.h"

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];

static int make(void **state)
{
    (void)state;
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    tempdir_make(folder);
    tempdir_join(path, folder, "file");
    unsetenv("GMM_PASSPHRASE_FILE");
    unsetenv("GMM_NEW_PASSPHRASE_FILE");
    unsetenv("GMM_KEY_FILE");
    unsetenv("CREDENTIALS_DIRECTORY");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    tempdir_remove(folder);
    return secret_in_use() != 0;
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    tempdir_join(path, folder, name);
    assert_int_equal(keyfile_replace(path, bytes, len, 0600, NULL), GMM_OK);
}

#define NO_TERMINAL "no terminal"
/* A terminal on which these are typed, one after the other. */
struct typed {
    const char *lines[2];
    unsigned asked;
};

static enum gmm_err type(void *arg, const char *prompt, uint8_t *out, size_t *len)
{
    struct typed *typed = arg;
    assert_non_null(prompt);
    assert_true(typed->asked < 2);
    const char *line = typed->lines[typed->asked++];
    if (line == NULL)
        return GMM_ECLOSED;
    if (strcmp(line, NO_TERMINAL) == 0)
        return GMM_ENOTFOUND;
    *len = strlen(line);
    memcpy(out, line, *len);
    return GMM_OK;
}

static void assert_gets(enum keystore_method method, struct typed *typed, const void *want, size_t want_len)
{
    uint8_t *secret = NULL;
    size_t len = 0;
    assert_int_equal(passphrase_get(&secret, &len, method, typed == NULL ? NULL : type, typed, "?", NULL), GMM_OK);
    assert_int_equal(len, want_len);
    if (want_len > 0)
        assert_memory_equal(secret, want, want_len);
    secret_free(secret);
}

static void assert_refused(enum keystore_method method, struct typed *typed, enum gmm_err want, const char *says)
{
    uint8_t *secret = NULL;
    size_t len = 0;
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(passphrase_get(&secret, &len, method, typed == NULL ? NULL : type, typed, "?", &msg), want);
    assert_null(secret);
    assert_non_null(strstr(msg.text, says));
}

static void test_none_is_needed(void **state)
{
    (void)state;
    struct typed typed = {{"never asked"}, 0};
    assert_gets(KEYSTORE_NONE, &typed, NULL, 0);
    assert_int_equal(typed.asked, 0);
}

static void test_from_file(void **state)
{
    (void)state;
    write_file("file", "phrase\n", 7);
    setenv("GMM_PASSPHRASE_FILE", path, 1);
    assert_gets(KEYSTORE_PASSPHRASE, NULL, "phrase", 6);
    write_file("file", "two words \r\n", 12);
    assert_gets(KEYSTORE_PASSPHRASE, NULL, "two words ", 10);
    write_file("file", "one\n\n", 5);
    assert_gets(KEYSTORE_PASSPHRASE, NULL, "one\n", 4);
    write_file("file", "\n", 1);
    assert_refused(KEYSTORE_PASSPHRASE, NULL, GMM_EPASSPHRASE, "empty");
    char large[PASSPHRASE_BYTES + 1];
    memset(large, 'a', sizeof large);
    write_file("file", large, sizeof large);
    assert_refused(KEYSTORE_PASSPHRASE, NULL, GMM_ELIMIT, "longer");
    setenv("GMM_PASSPHRASE_FILE", "/nowhere/at/all", 1);
    assert_refused(KEYSTORE_PASSPHRASE, NULL, GMM_EIO, "/nowhere/at/all");
}

static void test_from_terminal(void **state)
{
    (void)state;
    struct typed typed = {{"from the terminal"}, 0};
    assert_gets(KEYSTORE_PASSPHRASE, &typed, "from the terminal", 17);
    struct typed nothing = {{""}, 0}, gone = {{NULL}, 0};
    assert_refused(KEYSTORE_PASSPHRASE, &nothing, GMM_EPASSPHRASE, "no passphrase");
    assert_refused(KEYSTORE_PASSPHRASE, &gone, GMM_EPASSPHRASE, "terminal");
}

/* A person at hand comes before files, files before credentials; what has no terminal after all goes on to the files.
 */
static void test_order(void **state)
{
    (void)state;
    struct typed typed = {{"typed"}, 0}, gone = {{NULL}, 0}, absent = {{NO_TERMINAL}, 0};
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    write_file("gmm.passphrase", "credential", 10);
    write_file("file", "file", 4);
    setenv("GMM_PASSPHRASE_FILE", path, 1);
    assert_gets(KEYSTORE_PASSPHRASE, &typed, "typed", 5);
    assert_refused(KEYSTORE_PASSPHRASE, &gone, GMM_EPASSPHRASE, "terminal");
    assert_gets(KEYSTORE_PASSPHRASE, &absent, "file", 4);
    assert_int_equal(absent.asked, 1);
    unsetenv("GMM_PASSPHRASE_FILE");
    absent.asked = 0;
    assert_gets(KEYSTORE_PASSPHRASE, &absent, "credential", 10);
}

static void test_from_credential(void **state)
{
    (void)state;
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    assert_refused(KEYSTORE_PASSPHRASE, NULL, GMM_EPASSPHRASE, "GMM_PASSPHRASE_FILE");
    write_file("gmm.passphrase", "credential", 10);
    assert_gets(KEYSTORE_PASSPHRASE, NULL, "credential", 10);
}

static void test_key(void **state)
{
    (void)state;
    uint8_t key[33];
    memset(key, '\n', sizeof key); /* line ends are part of a key */
    struct typed typed = {{"never asked"}, 0};
    assert_refused(KEYSTORE_KEY, &typed, GMM_EPASSPHRASE, "GMM_KEY_FILE");
    assert_int_equal(typed.asked, 0);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    write_file("gmm.key", key, 32);
    assert_gets(KEYSTORE_KEY, NULL, key, 32);
    write_file("other", key, 33);
    setenv("GMM_KEY_FILE", path, 1);
    assert_refused(KEYSTORE_KEY, NULL, GMM_EPASSPHRASE, "33 bytes");
}

static enum gmm_err ask_new(struct typed *typed, const char *want)
{
    uint8_t *secret = NULL;
    size_t len = 0;
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err =
        passphrase_new(&secret, &len, "GMM_NEW_PASSPHRASE_FILE", typed == NULL ? NULL : type, typed, "?", &msg);
    if (err == GMM_OK) {
        assert_int_equal(len, strlen(want));
        assert_memory_equal(secret, want, len);
    } else {
        assert_null(secret);
        assert_true(msg.text[0] != '\0');
    }
    secret_free(secret);
    return err;
}

static void test_new(void **state)
{
    (void)state;
    struct typed same = {{"correct horse", "correct horse"}, 0}, differ = {{"correct horse", "correct house"}, 0};
    struct typed cut = {{"correct horse", NULL}, 0}, prefix = {{"correct horse", "correct"}, 0};
    assert_int_equal(ask_new(&same, "correct horse"), GMM_OK);
    assert_int_equal(same.asked, 2);
    assert_int_equal(ask_new(&differ, ""), GMM_EUSAGE);
    assert_int_equal(ask_new(&prefix, ""), GMM_EUSAGE);
    assert_int_equal(ask_new(&cut, ""), GMM_EPASSPHRASE);
    assert_int_equal(ask_new(NULL, ""), GMM_EPASSPHRASE);
    write_file("file", "from a file\n", 12);
    setenv("GMM_NEW_PASSPHRASE_FILE", path, 1);
    struct typed absent = {{NO_TERMINAL}, 0}, lost = {{"correct horse", NO_TERMINAL}, 0};
    same.asked = 0;
    assert_int_equal(ask_new(&same, "correct horse"), GMM_OK);
    assert_int_equal(ask_new(&absent, "from a file"), GMM_OK);
    assert_int_equal(ask_new(NULL, "from a file"), GMM_OK);
    assert_int_equal(ask_new(&lost, ""), GMM_EPASSPHRASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_none_is_needed, make, drop),
        cmocka_unit_test_setup_teardown(test_from_file, make, drop),
        cmocka_unit_test_setup_teardown(test_from_terminal, make, drop),
        cmocka_unit_test_setup_teardown(test_order, make, drop),
        cmocka_unit_test_setup_teardown(test_from_credential, make, drop),
        cmocka_unit_test_setup_teardown(test_key, make, drop),
        cmocka_unit_test_setup_teardown(test_new, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
