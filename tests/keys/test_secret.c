#include "keys/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static int open_arena(void **state)
{
    (void)state;
    return secret_open(SECRET_ALLOW_UNLOCKED, NULL);
}

static int close_arena(void **state)
{
    (void)state;
    secret_close();
    return 0;
}

static void nothing_before_open(void **state)
{
    (void)state;
    secret_close();
    assert_null(secret_alloc(32));
    assert_false(secret_is_locked());
    secret_free(NULL);
    assert_int_equal(secret_in_use(), 0);
}

static void opening_again_keeps_what_is_there(void **state)
{
    (void)state;
    uint8_t *secret = secret_alloc(32);
    assert_non_null(secret);
    secret[31] = 7;
    assert_int_equal(secret_open(SECRET_ALLOW_UNLOCKED, NULL), GMM_OK);
    assert_int_equal(secret[31], 7);
    assert_int_equal(secret_in_use(), 32);
    secret_free(secret);
}

static void zeroed_aligned_and_counted(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 32, 33, 64, 4096, SECRET_BYTES_MAX};
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    uint8_t *blocks[COUNT];
    size_t used = 0;
    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = secret_alloc(sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(blocks[i][at], 0);
        memset(blocks[i], (int)(i + 1), sizes[i]);
        used += sizes[i] == 0 ? 16 : (sizes[i] + 15) / 16 * 16;
        assert_int_equal(secret_in_use(), used);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(blocks[i][at], i + 1);
        secret_free(blocks[i]);
    }
    assert_int_equal(secret_in_use(), 0);
    assert_null(secret_alloc(SECRET_BYTES_MAX + 1));
    assert_null(secret_alloc(SIZE_MAX));
}

/* The arena's memory stays mapped, so what was freed can be looked at. */
static void freed_bytes_are_wiped_and_reused(void **state)
{
    (void)state;
    uint8_t *first = secret_alloc(100), *second = secret_alloc(100);
    memset(first, 0xaa, 100);
    memset(second, 0xbb, 100);
    secret_free(first);
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(first[i], 0);
        assert_int_equal(second[i], 0xbb);
    }
    /* the hole is taken by what fits, passed over by what does not */
    uint8_t *larger = secret_alloc(200), *smaller = secret_alloc(50);
    assert_ptr_not_equal(larger, first);
    assert_ptr_equal(smaller, first);
    secret_free(second);
    secret_free(larger);
    secret_free(smaller);
    assert_int_equal(secret_in_use(), 0);
}

/* Fills several regions, frees in a mixed order, fills again: no two secrets overlap and nothing is lost. */
static void many_regions(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static uint8_t *blocks[COUNT];
    static size_t sizes[COUNT];
    uint32_t seed = 1;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            seed = seed * 1664525u + 1013904223u;
            if (blocks[i] != NULL)
                continue;
            sizes[i] = 1 + (seed >> 16) % 120;
            blocks[i] = secret_alloc(sizes[i]);
            assert_non_null(blocks[i]);
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(blocks[i][at], 0);
            memset(blocks[i], (int)(i % 255 + 1), sizes[i]);
        }
        for (size_t i = 0; i < COUNT; i++) {
            seed = seed * 1664525u + 1013904223u;
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(blocks[i][at], i % 255 + 1);
            if (round < 2 && (seed >> 16) % 2 == 0)
                continue;
            secret_free(blocks[i]);
            blocks[i] = NULL;
        }
    }
    assert_int_equal(secret_in_use(), 0);
}

static void without_memory(void **state)
{
    (void)state;
    secret_close();
    failmalloc_at(0);
    struct gmm_msg msg;
    assert_int_equal(secret_open(SECRET_ALLOW_UNLOCKED, &msg), GMM_ENOMEM);
    assert_true(failmalloc_off());
    assert_null(secret_alloc(32));
    assert_int_equal(secret_open(SECRET_ALLOW_UNLOCKED, NULL), GMM_OK);
    void *blocks[4];
    for (size_t i = 0; i < 4; i++)
        blocks[i] = secret_alloc(SECRET_BYTES_MAX);
    failmalloc_at(0);
    assert_null(secret_alloc(16)); /* a second region is due */
    assert_true(failmalloc_off());
    for (size_t i = 0; i < 4; i++)
        secret_free(blocks[i]);
    assert_int_equal(secret_in_use(), 0);
}

static void core_dumps_are_off(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
}

/* An exit status for the parent: 0, or the number of what was not as it should be. */
static int check_unlocked_process(void)
{
    struct gmm_msg msg = {""};
    if (secret_open(SECRET_REQUIRE_LOCK, &msg) != GMM_EMLOCK || strstr(msg.text, "LimitMEMLOCK") == NULL)
        return 2;
    if (secret_alloc(32) != NULL || secret_is_locked())
        return 3;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 4;
    if (secret_open(SECRET_ALLOW_UNLOCKED, &msg) != GMM_OK || secret_is_locked())
        return 5;
    uint8_t *secret = secret_alloc(32);
    if (secret == NULL)
        return 6;
    secret_free(secret);
    /* what is open without locks does not become safe by asking again */
    if (secret_open(SECRET_REQUIRE_LOCK, NULL) != GMM_EMLOCK)
        return 7;
    secret_close();
    return 0;
}

/* A privileged process may lock whatever the limit says. */
static void drop_lock_privilege(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    syscall(SYS_capset, &header, none);
}

/* The address sanitizer makes every mlock succeed without doing anything. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOCKS_ARE_FAKE 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(LOCKS_ARE_FAKE)
static const bool locks_are_fake = true;
#else
static const bool locks_are_fake = false;
#endif

static void in_child(rlim_t limit_bytes, int (*check)(void))
{
    if (locks_are_fake)
        skip();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {limit_bytes, limit_bytes};
        secret_close();
        if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0)
            _exit(1);
        drop_lock_privilege();
        _exit(check());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void no_lockable_memory(void **state)
{
    (void)state;
    in_child(0, check_unlocked_process);
}

/* One page can be locked, the first region cannot: found at start, not at the first key. */
static void lockable_memory_for_less_than_a_region(void **state)
{
    (void)state;
    in_child(8192, check_unlocked_process);
}

static int check_lockable_memory_ends(void)
{
    if (secret_open(SECRET_REQUIRE_LOCK, NULL) != GMM_OK || !secret_is_locked())
        return 2;
    for (unsigned i = 0; i < 4; i++)
        if (secret_alloc(SECRET_BYTES_MAX) == NULL)
            return 3;
    if (secret_alloc(16) != NULL)
        return 4;
    if (secret_in_use() != 4 * SECRET_BYTES_MAX || !secret_is_locked())
        return 5;
    secret_close();
    return 0;
}

static void lockable_memory_ends(void **state)
{
    (void)state;
    in_child(100000, check_lockable_memory_ends);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_before_open),
        cmocka_unit_test_setup_teardown(opening_again_keeps_what_is_there, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(zeroed_aligned_and_counted, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(freed_bytes_are_wiped_and_reused, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(many_regions, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(without_memory, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(core_dumps_are_off, open_arena, close_arena),
        cmocka_unit_test(no_lockable_memory),
        cmocka_unit_test(lockable_memory_for_less_than_a_region),
        cmocka_unit_test(lockable_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
