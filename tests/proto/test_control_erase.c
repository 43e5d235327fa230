#include "proto/control_erase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct control_erase one = {.author = {{1}}, .instance = 7, .seq = UINT64_MAX, .id = {{9}}};
static const struct gmm_id two[2] = {{{1}}, {{2}}};

static void erase_is_written_and_read(void **state)
{
    (void)state;
    struct control_erase back;
    struct buffer out;
    buffer_init(&out, 256);
    assert_int_equal(control_erase_encode(&out, &one), GMM_OK);
    assert_int_equal(out.len, 1 + 32 + 8 + 8 + 32);
    assert_int_equal(control_erase_decode(&back, out.p, out.len), GMM_OK);
    assert_memory_equal(&back, &one, sizeof one);
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(control_erase_decode(&back, out.p, len), GMM_EFORMAT);
    buffer_put_u8(&out, 0);
    assert_int_equal(control_erase_decode(&back, out.p, out.len), GMM_EFORMAT);
    out.p[0] = 2;
    assert_int_equal(control_erase_decode(&back, out.p, out.len - 1), GMM_EVERSION);
    buffer_close(&out);
}

static void erased_is_written_and_read(void **state)
{
    (void)state;
    struct control_erased back;
    struct buffer out;
    buffer_init(&out, 256);
    assert_int_equal(control_erased_encode(&out, two, 2), GMM_OK);
    assert_int_equal(out.len, 3 + 2 * 32);
    assert_int_equal(control_erased_decode(&back, out.p, out.len), GMM_OK);
    assert_int_equal(back.count, 2);
    struct gmm_id second = control_erased_at(&back, 1);
    assert_true(id_equal(&second, &two[1]));
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(control_erased_decode(&back, out.p, len), GMM_EFORMAT);
    out.p[0] = 2;
    assert_int_equal(control_erased_decode(&back, out.p, out.len), GMM_EVERSION);
    buffer_close(&out);
}

static void erased_has_one_form(void **state)
{
    (void)state;
    const struct gmm_id same[2] = {{{1}}, {{1}}}, falling[2] = {{{2}}, {{1}}};
    struct control_erased back;
    struct buffer out;
    buffer_init(&out, 2u * LIMIT_BODY_BYTES);
    assert_int_equal(control_erased_encode(&out, two, 0), GMM_EFORMAT);
    assert_int_equal(control_erased_encode(&out, same, 2), GMM_EFORMAT);
    assert_int_equal(control_erased_encode(&out, falling, 2), GMM_EFORMAT);
    out.len = 0;
    assert_int_equal(control_erased_encode(&out, two, 2), GMM_OK);
    out.p[3] = 2; /* the first as great as the second */
    assert_int_equal(control_erased_decode(&back, out.p, out.len), GMM_EFORMAT);
    assert_int_equal(back.count, 0);
    struct gmm_id *many = calloc(LIMIT_CUTS + 1, sizeof *many);
    assert_non_null(many);
    for (unsigned i = 0; i <= LIMIT_CUTS; i++)
        bytes_store_u32(many[i].b, i);
    out.len = 0;
    assert_int_equal(control_erased_encode(&out, many, LIMIT_CUTS + 1), GMM_ELIMIT);
    out.len = 0;
    assert_int_equal(control_erased_encode(&out, many, LIMIT_CUTS), GMM_OK);
    assert_int_equal(control_erased_decode(&back, out.p, out.len), GMM_OK);
    free(many);
    buffer_close(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erase_is_written_and_read),
        cmocka_unit_test(erased_is_written_and_read),
        cmocka_unit_test(erased_has_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
