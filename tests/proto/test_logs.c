#include "proto/logs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static struct logs *logs;

static int setup(void **state)
{
    (void)state;
    logs = sodium_init() < 0 ? NULL : logs_new();
    return logs == NULL;
}

static int teardown(void **state)
{
    (void)state;
    logs_free(logs);
    return 0;
}

static struct run_key key_of(unsigned group, unsigned author, uint64_t instance)
{
    struct run_key key = {.instance = instance};
    bytes_store_u32(key.group.b, group);
    bytes_store_u32(key.author.b + 20, author);
    return key;
}

static struct logs_head head_of(uint64_t seq)
{
    struct logs_head head = {.seq = seq, .time = seq << 16};
    memset(head.id.b, (int)seq + 1, sizeof head.id.b);
    return head;
}

static struct logs_log *get(unsigned group, unsigned author, uint64_t instance)
{
    struct run_key key = key_of(group, author, instance);
    struct logs_log *log = logs_get(logs, &key);
    assert_non_null(log);
    return log;
}

static void persist(struct logs_log *log, uint64_t seq, uint64_t arrival)
{
    struct logs_head head = head_of(seq);
    log->admitted = head;
    logs_persist(logs, log, &head, arrival);
}

static void found_by_key(void **state)
{
    (void)state;
    struct logs_log *made[1000];
    for (unsigned i = 0; i < 1000; i++) {
        struct run_key key = key_of(i % 10, i % 100, i / 100);
        assert_null(logs_find(logs, &key));
        made[i] = get(i % 10, i % 100, i / 100);
        assert_true(made[i]->admitted.seq == LOGS_NO_SEQ && made[i]->persisted.seq == LOGS_NO_SEQ);
        assert_true(made[i]->arrival == 0 && !made[i]->closed && !made[i]->forked);
    }
    assert_int_equal(logs_count(logs), 1000);
    for (unsigned i = 0; i < 1000; i++) {
        struct run_key key = key_of(i % 10, i % 100, i / 100);
        assert_ptr_equal(logs_find(logs, &key), made[i]);
        assert_ptr_equal(logs_get(logs, &key), made[i]);
        assert_ptr_equal(logs_at(logs, i), made[i]);
    }
    assert_null(logs_at(logs, 1000));
    assert_int_equal(logs_count(logs), 1000);
}

static void rollback(void **state)
{
    (void)state;
    struct logs_log *a = get(1, 1, 1), *b = get(1, 2, 1);
    persist(a, 4, 1);
    a->admitted = head_of(9);
    b->admitted = head_of(3);
    logs_rollback(logs);
    assert_true(a->admitted.seq == 4 && id_equal(&a->admitted.id, &a->persisted.id));
    assert_true(b->admitted.seq == LOGS_NO_SEQ);
}

static void instances(void **state)
{
    (void)state;
    struct run_key key = key_of(1, 1, 0);
    assert_int_equal(logs_instances(logs, &key.group, &key.author), 0);
    for (uint64_t i = 0; i < 5; i++)
        get(1, 1, i)->admitted = head_of(i);
    get(1, 1, 9); /* empty: not one yet */
    get(1, 2, 1)->admitted = head_of(1);
    get(2, 1, 1)->admitted = head_of(1);
    assert_int_equal(logs_instances(logs, &key.group, &key.author), 5);
    get(1, 1, 3)->closed = true;
    assert_int_equal(logs_instances(logs, &key.group, &key.author), 4);
}

/* The numbers of a group's logs as the walk from the newest finds them. */
static void assert_walk(unsigned group, const uint64_t *arrivals, size_t count)
{
    struct run_key key = key_of(group, 0, 0);
    const struct logs_log *log = logs_newest(logs, &key.group);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(log);
        assert_true(log->arrival == arrivals[i] && id_equal(&log->key.group, &key.group));
        log = logs_older(log);
    }
    assert_null(log);
}

static void by_arrival(void **state)
{
    (void)state;
    assert_walk(1, NULL, 0);
    struct logs_log *a = get(1, 1, 1), *b = get(1, 2, 1), *c = get(1, 3, 1), *other = get(2, 1, 1);
    assert_walk(1, NULL, 0);
    persist(a, 0, 1);
    persist(b, 0, 2);
    persist(other, 0, 3);
    persist(c, 0, 4);
    assert_walk(1, (const uint64_t[]){4, 2, 1}, 3);
    assert_walk(2, (const uint64_t[]){3}, 1);
    persist(a, 1, 5);
    assert_walk(1, (const uint64_t[]){5, 4, 2}, 3);
    persist(a, 2, 6);
    assert_walk(1, (const uint64_t[]){6, 4, 2}, 3);
    persist(c, 1, 7);
    assert_walk(1, (const uint64_t[]){7, 6, 2}, 3);
    assert_true(logs_last_arrival(logs) == 7 && c->persisted.seq == 1 && c->arrival == 7);
}

static void restored_in_any_order(void **state)
{
    (void)state;
    static const uint64_t order[] = {5, 2, 9, 1, 7};
    for (unsigned i = 0; i < 5; i++)
        persist(get(1, i, 1), 0, order[i]);
    assert_walk(1, (const uint64_t[]){9, 7, 5, 2, 1}, 5);
    assert_true(logs_last_arrival(logs) == 9);
}

static void memory_ends(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        failmalloc_at(i);
        struct logs *made = logs_new();
        if (!failmalloc_off()) {
            logs_free(made);
            break;
        }
        assert_null(made);
    }
    /* each log is made in the end, whatever failed on the way, and none twice */
    for (unsigned n = 0; n < 100; n++) {
        struct run_key key = key_of(n % 40, n, n);
        struct logs_log *log = NULL;
        for (long i = 0; log == NULL; i++) {
            failmalloc_at(i);
            log = logs_get(logs, &key);
            assert_true(failmalloc_off() == (log == NULL));
            assert_int_equal(logs_count(logs), n + (log != NULL));
        }
        assert_ptr_equal(logs_find(logs, &key), log);
    }
    logs_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(found_by_key),          TEST(rollback),    TEST(instances), TEST(by_arrival),
        TEST(restored_in_any_order), TEST(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
