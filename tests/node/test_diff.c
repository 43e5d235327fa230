#include "node/diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

/* The runs lead from a to b; gives how many elements are changed. */
static size_t check(const uint64_t *a, size_t n, const uint64_t *b, size_t m)
{
    struct diff_run *runs;
    size_t count, x = 0, y = 0, changed = 0;
    assert_int_equal(diff_make(a, n, b, m, &runs, &count), GMM_OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(runs[i].count > 0 && (i == 0 || runs[i].kind != runs[i - 1].kind));
        for (size_t k = 0; k < runs[i].count; k++) {
            if (runs[i].kind == DIFF_SAME)
                assert_true(x < n && y < m && a[x] == b[y]);
            x += runs[i].kind != DIFF_NEW;
            y += runs[i].kind != DIFF_OLD;
            changed += runs[i].kind != DIFF_SAME;
        }
    }
    assert_true(x == n && y == m);
    free(runs);
    return changed;
}

static size_t check_text(const char *a, const char *b)
{
    uint64_t x[64], y[64];
    for (size_t i = 0; a[i] != '\0'; i++)
        x[i] = (uint64_t)a[i];
    for (size_t i = 0; b[i] != '\0'; i++)
        y[i] = (uint64_t)b[i];
    return check(x, strlen(a), y, strlen(b));
}

static void test_shortest(void **state)
{
    (void)state;
    assert_int_equal(check_text("", ""), 0);
    assert_int_equal(check_text("abc", "abc"), 0);
    assert_int_equal(check_text("", "abc"), 3);
    assert_int_equal(check_text("abc", ""), 3);
    assert_int_equal(check_text("abcabba", "cbabac"), 5);
    assert_int_equal(check_text("xaby", "xbay"), 2);
    assert_int_equal(check_text("abcdef", "abXdef"), 2);
}

/* Against the table of longest common subsequences. */
static void test_random(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        uint64_t a[20], b[20];
        size_t n = (size_t)round % 20, m = (size_t)(round / 20) % 20, lcs[21][21] = {{0}};
        for (size_t i = 0; i < 20; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1;
            a[i] = (seed >> 40) % 4;
            b[i] = (seed >> 50) % 4;
        }
        for (size_t i = 1; i <= n; i++)
            for (size_t k = 1; k <= m; k++)
                lcs[i][k] = a[i - 1] == b[k - 1]            ? lcs[i - 1][k - 1] + 1
                            : lcs[i - 1][k] > lcs[i][k - 1] ? lcs[i - 1][k]
                                                            : lcs[i][k - 1];
        assert_int_equal(check(a, n, b, m), n + m - 2 * lcs[n][m]);
    }
}

static void test_too_many(void **state)
{
    (void)state;
    size_t n = 5000;
    uint64_t *a = calloc(n, sizeof *a), *b = calloc(n, sizeof *b);
    assert_non_null(a);
    assert_non_null(b);
    for (size_t i = 0; i < n; i++) {
        a[i] = i;
        b[i] = i + 100000;
    }
    a[0] = b[0];
    assert_int_equal(check(a, n, b, n), 2 * (n - 1));
    free(a);
    free(b);
}

static void test_words(void **state)
{
    (void)state;
    struct diff_words w;
    static const char text[] = "  deux mots\n\xe4\xb8\x96\xe7\x95\x8c.";
    assert_int_equal(diff_words_make(&w, text, strlen(text)), GMM_OK);
    size_t total = 0;
    for (size_t i = 0; i < w.count; i++)
        total += w.list[i].len;
    assert_int_equal(total, strlen(text));
    assert_int_equal(w.count, 6);
    diff_words_close(&w);
}

static void test_memory_ends(void **state)
{
    (void)state;
    uint64_t a[] = {1, 2, 3}, b[] = {1, 4, 3, 5};
    for (long at = 0;; at++) {
        struct diff_run *runs = NULL;
        size_t count;
        failmalloc_at(at);
        enum gmm_err err = diff_make(a, 3, b, 4, &runs, &count);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (failed)
            continue;
        free(runs);
        break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shortest), cmocka_unit_test(test_random),      cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_words),    cmocka_unit_test(test_memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
