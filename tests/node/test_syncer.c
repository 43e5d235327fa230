#include "node/syncer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

static int a_file(void)
{
    char path[] = "/tmp/gmm-syncer-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(write(fd, "x", 1), 1);
    return fd;
}

/* A pipe cannot be synchronised. */
static int no_file(void)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    close(fds[1]);
    return fds[0];
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* More than it holds, and each is closed. */
static void test_all(void **state)
{
    struct syncer *s = NULL;
    int last = -1;
    (void)state;
    assert_int_equal(syncer_new(&s), GMM_OK);
    assert_int_equal(syncer_wait(s), GMM_OK);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 2 * SYNCER_FILES + 1; i++)
            syncer_put(s, last = a_file());
        assert_int_equal(syncer_wait(s), GMM_OK);
        assert_false(is_open(last));
    }
    syncer_put(s, last = a_file());
    assert_int_equal(syncer_wait(s), GMM_OK);
    assert_false(is_open(last));
    syncer_free(s);
    syncer_free(NULL);
}

/* One that fails among many is told once, wherever it stood. */
static void test_failure(void **state)
{
    struct syncer *s = NULL;
    (void)state;
    assert_int_equal(syncer_new(&s), GMM_OK);
    for (unsigned bad = 0; bad < 2 * SYNCER_FILES; bad += 40) {
        for (unsigned i = 0; i < 2 * SYNCER_FILES; i++)
            syncer_put(s, i == bad ? no_file() : a_file());
        assert_int_not_equal(syncer_wait(s), GMM_OK);
        assert_int_equal(syncer_wait(s), GMM_OK);
    }
    syncer_put(s, no_file());
    assert_int_not_equal(syncer_wait(s), GMM_OK);
    syncer_free(s);
}

static void test_given_up(void **state)
{
    struct syncer *s = NULL;
    int last = -1;
    (void)state;
    assert_int_equal(syncer_new(&s), GMM_OK);
    for (unsigned i = 0; i < SYNCER_FILES; i++)
        syncer_put(s, last = a_file());
    syncer_free(s);
    assert_false(is_open(last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
