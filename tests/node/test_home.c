#include "node/home.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/keyfile.h"
#include "tests/lib/tempdir.h"

static int make(void **state)
{
    char *path = malloc(TEMPDIR_PATH);
    if (path == NULL)
        return -1;
    tempdir_make(path);
    *state = path;
    return 0;
}

static int drop(void **state)
{
    tempdir_remove(*state);
    free(*state);
    return 0;
}

static void path_follows_the_order(void **state)
{
    (void)state;
    char out[HOME_PATH_MAX];
    setenv("GMM_HOME", "/var/a/", 1);
    setenv("XDG_DATA_HOME", "/var/b", 1);
    setenv("HOME", "/var/c", 1);
    assert_int_equal(home_path(out, "/var/o//", NULL), GMM_OK);
    assert_string_equal(out, "/var/o");
    assert_int_equal(home_path(out, NULL, NULL), GMM_OK);
    assert_string_equal(out, "/var/a");
    setenv("GMM_HOME", "", 1);
    assert_int_equal(home_path(out, NULL, NULL), GMM_OK);
    assert_string_equal(out, "/var/b/gmm");
    setenv("XDG_DATA_HOME", "relative", 1);
    assert_int_equal(home_path(out, NULL, NULL), GMM_OK);
    assert_string_equal(out, "/var/c/.local/share/gmm");
    unsetenv("XDG_DATA_HOME");
    assert_int_equal(home_path(out, "/", NULL), GMM_OK);
    assert_string_equal(out, "/");
    assert_int_equal(home_path(out, "", NULL), GMM_EUSAGE);
}

static void long_paths_are_refused(void **state)
{
    (void)state;
    static char path[HOME_PATH_MAX + 1];
    char out[HOME_PATH_MAX];
    struct gmm_msg msg = {.text = ""};
    memset(path, 'a', HOME_PATH_MAX);
    path[0] = '/';
    assert_int_equal(home_path(out, path, &msg), GMM_ELIMIT);
    assert_non_null(strstr(msg.text, "4095"));
    path[HOME_PATH_MAX - 1] = '\0';
    assert_int_equal(home_path(out, path, NULL), GMM_OK);
    assert_int_equal(home_join(out, path, "lock", NULL), GMM_ELIMIT);
    path[HOME_PATH_MAX - 1 - 5] = '\0';
    assert_int_equal(home_join(out, path, "lock", NULL), GMM_OK);
    assert_int_equal(strlen(out), HOME_PATH_MAX - 1);
}

static void assert_mode(const char *folder, const char *name, mode_t mode)
{
    char path[TEMPDIR_PATH];
    struct stat st;
    tempdir_join(path, folder, name);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void put_keystore(const char *home)
{
    char path[TEMPDIR_PATH];
    tempdir_join(path, home, HOME_KEYSTORE);
    assert_int_equal(keyfile_replace(path, "k", 1, 0600, NULL), GMM_OK);
}

static void create_then_check(void **state)
{
    char home[TEMPDIR_PATH];
    struct gmm_msg msg = {.text = ""};
    tempdir_join(home, *state, "deep/er/home");
    mode_t old = umask(0);
    assert_int_equal(home_check(home, &msg), GMM_ENOTFOUND);
    assert_non_null(strstr(msg.text, "no home at"));
    assert_non_null(strstr(msg.text, home));
    assert_int_equal(home_create(home, NULL), GMM_OK);
    umask(old);
    assert_mode(*state, "deep", 0700);
    assert_mode(home, ".", 0700);
    assert_mode(home, "keys", 0700);
    assert_mode(home, "chunks", 0700);
    /* a folder without keys is no home yet, and may be filled again */
    assert_int_equal(home_check(home, NULL), GMM_ENOTFOUND);
    assert_int_equal(home_create(home, NULL), GMM_OK);
    put_keystore(home);
    assert_int_equal(home_check(home, NULL), GMM_OK);
    assert_int_equal(home_create(home, &msg), GMM_EEXISTS);
    assert_non_null(strstr(msg.text, "already"));
}

static void create_tightens_an_empty_folder(void **state)
{
    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(home_create(*state, NULL), GMM_OK);
    assert_mode(*state, ".", 0700);
}

static void others_that_may_write_are_refused(void **state)
{
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(home_create(*state, NULL), GMM_OK);
    put_keystore(*state);
    assert_int_equal(chmod(*state, 0770), 0);
    assert_int_equal(home_check(*state, &msg), GMM_EDENIED);
    assert_non_null(strstr(msg.text, "chmod"));
    assert_int_equal(home_create(*state, NULL), GMM_EDENIED);
    assert_int_equal(chmod(*state, 0702), 0);
    assert_int_equal(home_check(*state, NULL), GMM_EDENIED);
    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(home_check(*state, NULL), GMM_OK);
}

static void links_inside_are_refused(void **state)
{
    char home[TEMPDIR_PATH], elsewhere[TEMPDIR_PATH], path[TEMPDIR_PATH];
    tempdir_join(home, *state, "home");
    tempdir_join(elsewhere, *state, "elsewhere");
    assert_int_equal(mkdir(home, 0700), 0);
    assert_int_equal(mkdir(elsewhere, 0755), 0);
    tempdir_join(path, home, "keys");
    assert_int_equal(symlink(elsewhere, path), 0);
    assert_int_equal(home_create(home, NULL), GMM_EDENIED);
    assert_mode(*state, "elsewhere", 0755);
    tempdir_join(path, home, "lock");
    assert_int_equal(symlink("/dev/null", path), 0);
    struct home_lock lock;
    assert_int_equal(home_lock(&lock, home, false, 0, NULL), GMM_EDENIED);
    assert_int_equal(lock.fd, -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(home_lock(&lock, home, false, 0, NULL), GMM_EDENIED);
}

static void a_file_is_no_home(void **state)
{
    char path[TEMPDIR_PATH];
    tempdir_join(path, *state, "file");
    assert_int_equal(keyfile_replace(path, "", 0, 0600, NULL), GMM_OK);
    assert_int_equal(home_check(path, NULL), GMM_ENOTFOUND);
    assert_int_not_equal(home_create(path, NULL), GMM_OK);
    tempdir_join(path, *state, "file/inside");
    assert_int_not_equal(home_create(path, NULL), GMM_OK);
}

/* Holds the lock in another process until told, then ends as said. */
struct holder {
    pid_t pid;
    int tell;
};

static void start_holder(struct holder *holder, const char *home, bool daemon)
{
    int up[2], down[2];
    assert_int_equal(pipe(up), 0);
    assert_int_equal(pipe(down), 0);
    holder->pid = fork();
    assert_true(holder->pid >= 0);
    if (holder->pid == 0) {
        struct home_lock lock;
        close(down[1]);
        char done = home_lock(&lock, home, daemon, 0, NULL) == GMM_OK ? 'y' : 'n';
        if (write(up[1], &done, 1) != 1)
            _exit(1);
        (void)!read(down[0], &done, 1);
        home_unlock(&lock);
        _exit(0);
    }
    close(up[1]);
    close(down[0]);
    char done = 'n';
    assert_int_equal(read(up[0], &done, 1), 1);
    assert_int_equal(done, 'y');
    close(up[0]);
    holder->tell = down[1];
}

static void end_holder(struct holder *holder)
{
    close(holder->tell);
    assert_int_equal(waitpid(holder->pid, NULL, 0), holder->pid);
}

static void a_daemon_is_met_at_once(void **state)
{
    struct holder holder;
    struct home_lock lock;
    struct gmm_msg msg = {.text = ""};
    start_holder(&holder, *state, true);
    /* an hour: the test would not end if it waited */
    assert_int_equal(home_lock(&lock, *state, false, 3600000, &msg), GMM_EBUSY);
    assert_non_null(strstr(msg.text, "daemon"));
    assert_int_equal(home_lock(&lock, *state, true, 3600000, NULL), GMM_EBUSY);
    assert_int_equal(lock.fd, -1);
    end_holder(&holder);
    assert_int_equal(home_lock(&lock, *state, true, 0, NULL), GMM_OK);
    home_unlock(&lock);
    home_unlock(&lock);
}

static void a_command_is_waited_for(void **state)
{
    struct holder holder;
    struct home_lock lock;
    struct gmm_msg msg = {.text = ""};
    start_holder(&holder, *state, false);
    assert_int_equal(home_lock(&lock, *state, false, 0, &msg), GMM_EBUSY);
    assert_non_null(strstr(msg.text, "another gmm command"));
    /* the holder ends on its own while we wait */
    close(holder.tell);
    assert_int_equal(home_lock(&lock, *state, true, 60000, NULL), GMM_OK);
    home_unlock(&lock);
    assert_int_equal(waitpid(holder.pid, NULL, 0), holder.pid);
}

static void a_killed_daemon_leaves_nothing(void **state)
{
    struct holder holder;
    struct home_lock lock, second;
    start_holder(&holder, *state, true);
    assert_int_equal(kill(holder.pid, SIGKILL), 0);
    end_holder(&holder);
    assert_int_equal(home_lock(&lock, *state, false, 0, NULL), GMM_OK);
    /* and a command after it is a command: waited for, not taken for a daemon */
    struct gmm_msg msg = {.text = ""};
    assert_int_equal(home_lock(&second, *state, false, 0, &msg), GMM_EBUSY);
    assert_non_null(strstr(msg.text, "another gmm command"));
    home_unlock(&lock);
}

static void unlock_frees_it_for_all_sharers(void **state)
{
    struct home_lock lock, second;
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(home_lock(&lock, *state, true, 0, NULL), GMM_OK);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        char byte;
        close(gate[1]);
        _exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
    }
    close(gate[0]);
    home_unlock(&lock);
    assert_int_equal(home_lock(&second, *state, false, 0, NULL), GMM_OK);
    home_unlock(&second);
    close(gate[1]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void no_home_no_lock(void **state)
{
    char path[TEMPDIR_PATH];
    struct home_lock lock;
    tempdir_join(path, *state, "nowhere");
    assert_int_equal(home_lock(&lock, path, false, 0, NULL), GMM_ENOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_follows_the_order),
        cmocka_unit_test(long_paths_are_refused),
        cmocka_unit_test_setup_teardown(create_then_check, make, drop),
        cmocka_unit_test_setup_teardown(create_tightens_an_empty_folder, make, drop),
        cmocka_unit_test_setup_teardown(others_that_may_write_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(links_inside_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(a_file_is_no_home, make, drop),
        cmocka_unit_test_setup_teardown(a_daemon_is_met_at_once, make, drop),
        cmocka_unit_test_setup_teardown(a_command_is_waited_for, make, drop),
        cmocka_unit_test_setup_teardown(a_killed_daemon_leaves_nothing, make, drop),
        cmocka_unit_test_setup_teardown(unlock_frees_it_for_all_sharers, make, drop),
        cmocka_unit_test_setup_teardown(no_home_no_lock, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
