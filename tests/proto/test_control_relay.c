#include "proto/control_relay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void written_and_read(void **state)
{
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        struct control_relay relay = {.on = on == 1, .sign_pk = {{7, 8}}}, back;
        struct buffer out;
        buffer_init(&out, 64);
        assert_int_equal(control_relay_encode(&out, &relay), GMM_OK);
        assert_int_equal(out.len, 34);
        assert_int_equal(control_relay_decode(&back, out.p, out.len), GMM_OK);
        assert_true(back.on == relay.on && id_equal(&back.sign_pk, &relay.sign_pk));
        buffer_close(&out);
    }
}

static void one_form(void **state)
{
    (void)state;
    struct control_relay back;
    uint8_t body[35] = {1, 1};
    for (size_t len = 0; len < 34; len++)
        assert_int_equal(control_relay_decode(&back, body, len), GMM_EFORMAT);
    assert_int_equal(control_relay_decode(&back, body, 34), GMM_OK);
    assert_int_equal(control_relay_decode(&back, body, 35), GMM_EFORMAT);
    body[1] = 2;
    assert_int_equal(control_relay_decode(&back, body, 34), GMM_EFORMAT);
    body[0] = 2;
    assert_int_equal(control_relay_decode(&back, body, 34), GMM_EVERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_read),
        cmocka_unit_test(one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
