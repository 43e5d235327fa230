#include "node/rpc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/limits.h"
#include "tests/lib/failmalloc.h"

static struct buffer out;

static int setup(void **state)
{
    (void)state;
    buffer_init(&out, LIMIT_CONTROL_REPLY);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&out);
    return 0;
}

static json_t *sample(void)
{
    return json_pack("{s:s, s:[i,i,I,I], s:b, s:n, s:{s:s}, s:[], s:{}}", "title", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d",
                     "numbers", 0, -1, (json_int_t)INT64_MAX, (json_int_t)INT64_MIN, "yes", 1, "none", "author",
                     "participant", "ilo", "empty", "map");
}

static void test_round_trip(void **state)
{
    (void)state;
    json_t *value = sample(), *back = NULL;
    assert_int_equal(rpc_pack(&out, value), GMM_OK);
    assert_int_equal(rpc_unpack(&back, out.p, out.len), GMM_OK);
    assert_true(json_equal(value, back));
    json_decref(back);
    for (size_t n = 0; n < out.len; n++) {
        assert_int_not_equal(rpc_unpack(&back, out.p, n), GMM_OK);
        assert_null(back);
    }
    json_decref(value);
}

static void test_what_cannot_be_carried(void **state)
{
    (void)state;
    json_t *real = json_pack("[f]", 1.5), *nul = json_stringn("a\0b", 3), *deep = json_array();
    for (unsigned i = 0; i < LIMIT_MSGPACK_DEPTH; i++)
        deep = json_pack("[o]", deep);
    assert_int_equal(rpc_pack(&out, real), GMM_EFORMAT);
    out.len = 0;
    assert_int_equal(rpc_pack(&out, deep), GMM_EFORMAT);
    out.len = 0;
    assert_int_equal(rpc_pack(&out, nul), GMM_EFORMAT);
    json_decref(real);
    json_decref(nul);
    json_decref(deep);
}

static void test_refuses(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"", 0},
        {"\xc4\x01z", 3},    /* binary */
        {"\xca\0\0\0\0", 5}, /* a float */
        {"\xa3z\0z", 4},     /* NUL */
        {"\xa1\xff", 2},     /* no UTF-8 */
        {"\x82\xa1"
         "b\x01\xa1"
         "a\x01",
         7},                                         /* keys out of order */
        {"\x81\x01\x01", 3},                         /* a key that is no string */
        {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9}, /* beyond INT64_MAX */
        {"\x01\x01", 2},                             /* a trailing byte */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *value;
        assert_int_equal(rpc_unpack(&value, cases[i].bytes, cases[i].len), GMM_EFORMAT);
        assert_null(value);
    }
}

static enum gmm_err read_back(struct rpc_message *m)
{
    assert_true(out.len > RPC_LENGTH_BYTES);
    assert_int_equal(bytes_load_u32(out.p), out.len - RPC_LENGTH_BYTES);
    return rpc_read(m, out.p + RPC_LENGTH_BYTES, out.len - RPC_LENGTH_BYTES);
}

static void test_messages(void **state)
{
    struct rpc_message m;
    json_t *value = sample(), *error = json_pack("{s:i}", "exit", 3);
    (void)state;
    assert_int_equal(rpc_put_request(&out, "0.1.0", "roster add", value, NULL), GMM_OK);
    assert_int_equal(read_back(&m), GMM_OK);
    assert_int_equal(m.kind, RPC_REQUEST);
    assert_string_equal(m.name, "roster add");
    assert_string_equal(m.version, "0.1.0");
    assert_true(json_equal(m.value, value));
    rpc_close(&m);
    out.len = 0;
    assert_int_equal(rpc_put_response(&out, error, NULL), GMM_OK);
    assert_int_equal(read_back(&m), GMM_OK);
    assert_int_equal(m.kind, RPC_RESPONSE);
    assert_true(json_equal(m.error, error));
    assert_null(m.value);
    rpc_close(&m);
    out.len = 0;
    assert_int_equal(rpc_put_response(&out, NULL, value), GMM_OK);
    assert_int_equal(read_back(&m), GMM_OK);
    assert_null(m.error);
    assert_true(json_equal(m.value, value));
    rpc_close(&m);
    out.len = 0;
    assert_int_equal(rpc_put_event(&out, "event", value), GMM_OK);
    assert_int_equal(read_back(&m), GMM_OK);
    assert_int_equal(m.kind, RPC_EVENT);
    assert_string_equal(m.name, "event");
    rpc_close(&m);
    json_decref(value);
    json_decref(error);
}

/* What fails leaves nothing half written behind what was there. */
static void test_failure_leaves_the_buffer(void **state)
{
    (void)state;
    json_t *real = json_pack("{s:f}", "x", 0.5);
    assert_int_equal(rpc_put_event(&out, "hello", NULL), GMM_OK);
    size_t len = out.len;
    assert_int_equal(rpc_put_request(&out, "0.1.0", "list", real, NULL), GMM_EFORMAT);
    assert_int_equal(rpc_put_response(&out, NULL, real), GMM_EFORMAT);
    assert_int_equal(rpc_put_event(&out, "event", real), GMM_EFORMAT);
    assert_int_equal(out.len, len);
    json_decref(real);
}

static void test_malformed_messages(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x80", 1},
        {"\x90", 1},
        {"\x94\x03\x01\xa1z\xc0", 6},          /* an unknown kind */
        {"\x93\x00\x01\xa1z", 5},              /* a request that is too short */
        {"\x94\x00\x02\xa1z\x92\xa1v\x80", 9}, /* another id */
        {"\x94\x00\x01\xa1z\x92\xa1v\x90", 9}, /* arguments that are no object */
        {"\x94\x00\x01\xa1z\x92\xa1v\xc0", 9},
        {"\x94\x00\x01\xa1z\x91\xa1v", 8},
        {"\x94\x00\x01\x01\x92\xa1v\x80", 8}, /* a number for a name */
        {"\x94\x01\x01\x01\xc0", 5},          /* an error that is no object */
        {"\x94\x01\x02\xc0\xc0", 5},
        {"\x93\x02\x01\xc0", 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rpc_message m;
        assert_int_equal(rpc_read(&m, cases[i].bytes, cases[i].len), GMM_EFORMAT);
        rpc_close(&m);
    }
}

static void test_bounds(void **state)
{
    struct rpc_message m;
    char name[80];
    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    json_t *args = json_object(), *many = json_array();
    assert_int_equal(rpc_put_request(&out, "0.1.0", name, args, NULL), GMM_OK);
    assert_int_equal(read_back(&m), GMM_ELIMIT);
    rpc_close(&m);
    out.len = 0;
    for (unsigned i = 0; i < LIMIT_CONTROL_VALUES; i++)
        json_array_append_new(many, json_array());
    json_object_set_new(args, "many", many);
    assert_int_equal(rpc_put_request(&out, "0.1.0", "list", args, NULL), GMM_OK);
    assert_int_equal(read_back(&m), GMM_ELIMIT);
    rpc_close(&m);
    out.len = 0;
    assert_int_equal(rpc_put_response(&out, NULL, args), GMM_OK);
    assert_int_equal(read_back(&m), GMM_OK);
    rpc_close(&m);
    json_decref(args);
    buffer_close(&out);
    buffer_init(&out, 16);
    json_t *long_text = json_string(name);
    assert_int_equal(rpc_put_event(&out, "event", long_text), GMM_ELIMIT);
    json_decref(long_text);
}

static void test_out_of_memory(void **state)
{
    json_t *value = sample();
    (void)state;
    json_set_alloc_funcs(malloc, free);
    for (long i = 0;; i++) {
        struct rpc_message m = {.kind = RPC_REQUEST};
        buffer_close(&out);
        buffer_init(&out, LIMIT_CONTROL_REPLY);
        failmalloc_at(i);
        enum gmm_err err = rpc_put_request(&out, "0.1.0", "list", value, NULL);
        if (err == GMM_OK)
            err = rpc_read(&m, out.p + RPC_LENGTH_BYTES, out.len - RPC_LENGTH_BYTES);
        rpc_close(&m);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            assert_true(i > 10);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
    }
    json_decref(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_carried, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure_leaves_the_buffer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
