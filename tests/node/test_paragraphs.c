#include "node/paragraphs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct paragraphs split(const char *text)
{
    struct paragraphs p;
    assert_int_equal(paragraphs_split(&p, text, strlen(text), false), GMM_OK);
    return p;
}

static void assert_paragraph(const struct paragraphs *p, size_t at, uint32_t number, const char *text)
{
    assert_true(at < p->count);
    assert_int_equal(p->list[at].number, number);
    assert_int_equal(p->list[at].len, strlen(text));
    assert_memory_equal(p->list[at].text, text, strlen(text));
}

static void test_numbers(void **state)
{
    (void)state;
    struct paragraphs p = split("Title\n\n1. One\nstill one\n2) Two\n\n  10.  Ten  \n");
    assert_int_equal(p.count, 4);
    assert_paragraph(&p, 0, 0, "Title");
    assert_paragraph(&p, 1, 1, "One\nstill one");
    assert_paragraph(&p, 2, 2, "Two");
    paragraphs_close(&p);
    p = split("First\n\nSecond 3.5\n\n\n\n1948 was a year\n\n7. alone");
    assert_int_equal(p.count, 4);
    assert_paragraph(&p, 1, 2, "Second 3.5");
    assert_paragraph(&p, 2, 3, "1948 was a year");
    assert_paragraph(&p, 3, 4, "alone");
    paragraphs_close(&p);
    p = split("");
    assert_int_equal(p.count, 0);
    paragraphs_close(&p);
    assert_int_equal(paragraphs_split(&p, "a\nb\n\nc", 6, true), GMM_OK);
    assert_int_equal(p.count, 3);
    paragraphs_close(&p);
}

static void follows(const char *before, const char *after, uint32_t number, uint32_t expected)
{
    struct paragraphs o = split(before), n = split(after);
    struct paragraphs_step *steps;
    size_t count;
    assert_int_equal(paragraphs_compare(&o, &n, &steps, &count), GMM_OK);
    size_t at = paragraphs_follow(&o, steps, count, number);
    assert_int_equal(at == PARAGRAPHS_NONE ? 0 : n.list[at].number, expected);
    size_t old_seen = 0, new_seen = 0;
    for (size_t i = 0; i < count; i++) {
        old_seen += steps[i].old_at != PARAGRAPHS_NONE;
        new_seen += steps[i].new_at != PARAGRAPHS_NONE;
    }
    assert_int_equal(old_seen, o.count);
    assert_int_equal(new_seen, n.count);
    free(steps);
    paragraphs_close(&o);
    paragraphs_close(&n);
}

static void test_next_version(void **state)
{
    (void)state;
    static const char before[] = "1. All are born free and equal.\n2. Nobody shall be held in slavery.\n"
                                 "3. Everyone has the right to a nationality.\n";
    follows(before, before, 2, 2);
    follows(before,
            "1. A new paragraph.\n2. All are born free and equal.\n3. Nobody shall be held in slavery or servitude.\n"
            "4. Everyone  HAS the right to a nationality.\n",
            2, 3);
    follows(before, "1. All are born free and equal.\n2. Everyone has the right to a nationality.\n", 2, 0);
    follows(before, "1. All are born free and equal.\n2. Everyone has the right to a nationality.\n", 3, 2);
    follows(before, "1. Wholly other.\n2. Nothing is left.\n", 1, 0);
    follows(before, "", 1, 0);
    follows("", before, 1, 0);
    follows(before, before, 99, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_next_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
