#include "node/keyfile.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/tempdir.h"

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];

static int make(void **state)
{
    (void)state;
    tempdir_make(folder);
    tempdir_join(path, folder, "office.keystore");
    return 0;
}

static int drop(void **state)
{
    (void)state;
    tempdir_remove(folder);
    return 0;
}

static void assert_holds(const void *bytes, size_t n, size_t max)
{
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(keyfile_read(&data, &len, path, max, 1, NULL), GMM_OK);
    assert_int_equal(len, n);
    assert_non_null(data);
    if (n > 0)
        assert_memory_equal(data, bytes, n);
    keyfile_free(data, len);
}

static void assert_refused(enum gmm_err want, size_t max, int secret, const char *says)
{
    struct gmm_msg msg = {.text = ""};
    uint8_t *data = (uint8_t *)1;
    size_t len = 1;
    assert_int_equal(keyfile_read(&data, &len, path, max, secret, &msg), want);
    assert_null(data);
    assert_int_equal(len, 0);
    assert_non_null(strstr(msg.text, path));
    if (says != NULL)
        assert_non_null(strstr(msg.text, says));
}

static void round_trips_of_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 8192, 65536, 70001};
    static uint8_t bytes[70001];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(keyfile_replace(path, bytes, sizes[i], 0600, NULL), GMM_OK);
        assert_holds(bytes, sizes[i], sizes[i]);
        assert_holds(bytes, sizes[i], 1u << 20);
        if (sizes[i] > 0)
            assert_refused(GMM_ELIMIT, sizes[i] - 1, 1, "bytes allowed");
    }
    assert_int_equal(tempdir_count(folder), 1);
}

static void modes_are_exact_whatever_the_umask(void **state)
{
    (void)state;
    struct stat st;
    mode_t old = umask(0777);
    assert_int_equal(keyfile_replace(path, "x", 1, 0644, NULL), GMM_OK);
    umask(old);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
    assert_int_equal(keyfile_replace(path, "x", 1, 0600, NULL), GMM_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void secrets_that_others_may_read_are_refused(void **state)
{
    (void)state;
    static const mode_t loose[] = {0640, 0604, 0620, 0601, 0666};
    assert_int_equal(keyfile_replace(path, "x", 1, 0600, NULL), GMM_OK);
    for (size_t i = 0; i < sizeof loose / sizeof loose[0]; i++) {
        uint8_t *data = NULL;
        size_t len = 0;
        assert_int_equal(chmod(path, loose[i]), 0);
        assert_refused(GMM_EDENIED, 10, 1, "chmod 600");
        assert_int_equal(keyfile_read(&data, &len, path, 10, 0, NULL), GMM_OK);
        keyfile_free(data, len);
    }
    assert_int_equal(chmod(path, 0400), 0);
    assert_holds("x", 1, 10);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, 12345), 0);
        assert_refused(GMM_EDENIED, 10, 1, "another account");
    }
}

static void links_are_refused(void **state)
{
    (void)state;
    char real[TEMPDIR_PATH];
    tempdir_join(real, folder, "real");
    assert_int_equal(keyfile_replace(real, "real", 4, 0600, NULL), GMM_OK);
    assert_int_equal(symlink(real, path), 0);
    assert_refused(GMM_EDENIED, 10, 1, "symbolic link");
    assert_refused(GMM_EDENIED, 10, 0, "symbolic link");
    /* replacing replaces the link and leaves what it pointed to */
    assert_int_equal(keyfile_replace(path, "new", 3, 0600, NULL), GMM_OK);
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_holds("new", 3, 10);
    memcpy(path, real, sizeof real);
    assert_holds("real", 4, 10);
}

static void other_kinds_of_file_are_refused(void **state)
{
    (void)state;
    assert_refused(GMM_ENOTFOUND, 10, 1, NULL);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_refused(GMM_EDENIED, 10, 1, "regular");
    assert_int_not_equal(keyfile_replace(path, "x", 1, 0600, NULL), GMM_OK);
    assert_int_equal(tempdir_count(folder), 1);
    assert_int_equal(rmdir(path), 0);
    /* nobody writes into this pipe: the test would not end if opening waited */
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_refused(GMM_EDENIED, 10, 1, "regular");
}

static void names_that_are_none(void **state)
{
    (void)state;
    char bad[TEMPDIR_PATH];
    tempdir_join(bad, folder, "");
    assert_int_equal(keyfile_replace(bad, "x", 1, 0600, NULL), GMM_EUSAGE);
    tempdir_join(bad, folder, "..");
    assert_int_equal(keyfile_replace(bad, "x", 1, 0600, NULL), GMM_EUSAGE);
    tempdir_join(bad, folder, "no/where");
    assert_int_equal(keyfile_replace(bad, "x", 1, 0600, NULL), GMM_ENOTFOUND);
    assert_int_equal(tempdir_count(folder), 0);
}

static void a_relative_path_is_the_current_folder(void **state)
{
    (void)state;
    char before[TEMPDIR_PATH];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(keyfile_replace("office.keystore", "x", 1, 0600, NULL), GMM_OK);
    assert_int_equal(chdir(before), 0);
    assert_holds("x", 1, 10);
}

static void a_full_disk_keeps_the_old_file(void **state)
{
    (void)state;
    static uint8_t large[100000];
    assert_int_equal(keyfile_replace(path, "old", 3, 0600, NULL), GMM_OK);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct gmm_msg msg = {.text = ""};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, 50000});
        enum gmm_err err = keyfile_replace(path, large, sizeof large, 0600, &msg);
        _exit(err == GMM_EFULL && strstr(msg.text, path) != NULL ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_holds("old", 3, 10);
    assert_int_equal(tempdir_count(folder), 1);
}

static void descriptors_of_any_kind(void **state)
{
    (void)state;
    int ends[2];
    uint8_t *data = NULL;
    size_t len = 0;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "hello", 5), 5);
    close(ends[1]);
    assert_int_equal(keyfile_read_fd(&data, &len, ends[0], 5, NULL), GMM_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(data, "hello", 5);
    keyfile_free(data, len);
    close(ends[0]);
    assert_int_equal(keyfile_read_fd(&data, &len, ends[0], 5, NULL), GMM_EIO);
    keyfile_free(NULL, 0);
}

static void memory_that_ends(void **state)
{
    (void)state;
    static uint8_t bytes[20000];
    assert_int_equal(keyfile_replace(path, bytes, sizeof bytes, 0600, NULL), GMM_OK);
    long i = 0;
    for (;; i++) {
        uint8_t *data = NULL;
        size_t len = 0;
        failmalloc_at(i);
        enum gmm_err err = keyfile_read(&data, &len, path, 1u << 20, 1, NULL);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            keyfile_free(data, len);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(data);
    }
    assert_true(i > 1);
    failmalloc_at(0);
    enum gmm_err err = keyfile_replace(path, "x", 1, 0600, NULL);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    assert_holds(bytes, sizeof bytes, sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trips_of_every_size, make, drop),
        cmocka_unit_test_setup_teardown(modes_are_exact_whatever_the_umask, make, drop),
        cmocka_unit_test_setup_teardown(secrets_that_others_may_read_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(links_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(other_kinds_of_file_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(names_that_are_none, make, drop),
        cmocka_unit_test_setup_teardown(a_relative_path_is_the_current_folder, make, drop),
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_the_old_file, make, drop),
        cmocka_unit_test_setup_teardown(descriptors_of_any_kind, make, drop),
        cmocka_unit_test_setup_teardown(memory_that_ends, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
