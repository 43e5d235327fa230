#include "proto/control_left.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct control_leaver two[2] = {{{{2}}, {{9}}}, {{{1}}, {{0}}}};

static void written_and_read(void **state)
{
    (void)state;
    struct control_left left = {2, two}, back;
    struct buffer out, again;
    buffer_init(&out, 4096);
    buffer_init(&again, 4096);
    assert_int_equal(control_left_encode(&out, &left), GMM_OK);
    assert_int_equal(out.len, 3 + 2 * 64);
    assert_int_equal(control_left_decode(&back, out.p, out.len), GMM_OK);
    assert_int_equal(back.count, 2);
    assert_int_equal(back.list[0].subject.b[0], 1);
    assert_int_equal(back.list[1].record.b[0], 9);
    assert_int_equal(control_left_encode(&again, &back), GMM_OK);
    assert_true(again.len == out.len && memcmp(again.p, out.p, out.len) == 0);
    control_left_close(&back);
    buffer_close(&again);
    buffer_close(&out);
}

static void one_form(void **state)
{
    (void)state;
    struct control_left none = {0, two}, left = {2, two}, back;
    struct control_leaver same[2] = {{{{1}}, {{0}}}, {{{1}}, {{5}}}};
    struct control_left twice = {2, same};
    struct buffer out;
    buffer_init(&out, 4096);
    assert_int_equal(control_left_encode(&out, &none), GMM_EFORMAT);
    assert_int_equal(control_left_encode(&out, &twice), GMM_EFORMAT);
    out.len = 0;
    assert_int_equal(control_left_encode(&out, &left), GMM_OK);
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(control_left_decode(&back, out.p, len), GMM_EFORMAT);
    out.p[3] = 2; /* the first subject as great as the second: not ascending */
    assert_int_equal(control_left_decode(&back, out.p, out.len), GMM_EFORMAT);
    out.p[3] = 1;
    out.p[0] = 2;
    assert_int_equal(control_left_decode(&back, out.p, out.len), GMM_EVERSION);
    buffer_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
