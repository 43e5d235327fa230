#include "proto/control_roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/world.h"

static struct world w;
static struct buffer body;
static unsigned iom;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_certified(&w, world_participant(&w, "iom", IDENTITY_INTL_ORG), "hq", 0);
    buffer_init(&body, LIMIT_BODY_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

typedef enum gmm_err decode_fn(const void *bytes, size_t len);

static enum gmm_err decode_removal(const void *bytes, size_t len)
{
    struct control_removal out;
    enum gmm_err err = control_removal_decode(&out, bytes, len);
    if (err == GMM_OK)
        control_cuts_close(&out.cuts);
    return err;
}

static enum gmm_err decode_restore(const void *bytes, size_t len)
{
    struct control_removal out;
    return control_restore_decode(&out, bytes, len);
}

static enum gmm_err decode_amend(const void *bytes, size_t len)
{
    struct control_amend out;
    return control_amend_decode(&out, bytes, len);
}

static enum gmm_err decode_replace(const void *bytes, size_t len)
{
    struct control_replace out;
    return control_replace_decode(&out, &w.nid, bytes, len);
}

/* Cut at each length, one byte too long, another version: each is refused. */
static void assert_strict(decode_fn *decode)
{
    assert_int_equal(decode(body.p, body.len), GMM_OK);
    for (size_t n = 0; n < body.len; n++)
        assert_int_equal(decode(body.p, n), GMM_EFORMAT);
    buffer_put_u8(&body, 0);
    assert_int_equal(decode(body.p, body.len), GMM_EFORMAT);
    body.len--;
    body.p[0] = 2;
    assert_int_equal(decode(body.p, body.len), GMM_EVERSION);
    body.p[0] = 1;
}

static void removals(void **state)
{
    (void)state;
    struct control_cut cut = {.seq = 7, .log.group = w.nid};
    struct control_removal made = {.pid = w.nid, .reason = "no answer for a year", .cuts = {1, &cut}}, read;
    assert_int_equal(control_removal_encode(&body, &made), GMM_OK);
    assert_int_equal(control_removal_decode(&read, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read.pid, &w.nid) && control_cuts_hold(&read.cuts, &cut.log, 7));
    assert_string_equal(read.reason, made.reason);
    control_cuts_close(&read.cuts);
    assert_strict(decode_removal);
    buffer_close(&body);
    made.reason[0] = '\0';
    made.cuts.count = 0;
    assert_int_equal(control_removal_encode(&body, &made), GMM_OK);
    assert_int_equal(decode_removal(body.p, body.len), GMM_OK);
    buffer_close(&body);
    memcpy(made.reason, "a\nb", 4);
    assert_int_equal(control_removal_encode(&body, &made), GMM_OK);
    assert_int_equal(decode_removal(body.p, body.len), GMM_EFORMAT);
}

static void restorations(void **state)
{
    (void)state;
    struct control_removal made = {.pid = w.nid, .reason = "answered"}, read;
    assert_int_equal(control_restore_encode(&body, &made), GMM_OK);
    assert_int_equal(control_restore_decode(&read, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read.pid, &w.nid) && read.cuts.list == NULL);
    assert_string_equal(read.reason, "answered");
    assert_strict(decode_restore);
}

static void amendments(void **state)
{
    (void)state;
    struct control_amend made = {.pid = w.nid, .name = "Another name", .kind = IDENTITY_OBSERVER}, read;
    assert_int_equal(control_amend_encode(&body, &made), GMM_OK);
    assert_int_equal(control_amend_decode(&read, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read.pid, &w.nid) && read.kind == IDENTITY_OBSERVER);
    assert_string_equal(read.name, made.name);
    assert_strict(decode_amend);
    body.p[body.len - 1] = 0;
    assert_int_equal(decode_amend(body.p, body.len), GMM_EFORMAT);
    buffer_close(&body);
    made.name[0] = '\0';
    assert_int_equal(control_amend_encode(&body, &made), GMM_OK);
    assert_int_equal(decode_amend(body.p, body.len), GMM_EFORMAT);
}

static void replacements(void **state)
{
    (void)state;
    struct control_replace made = {.old = w.nid}, read;
    world_admission(&w, iom, &made.admit);
    assert_int_equal(control_replace_encode(&body, &made), GMM_OK);
    assert_int_equal(control_replace_decode(&read, &w.nid, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read.old, &w.nid) && id_equal(&read.admit.pid, &made.admit.pid));
    assert_strict(decode_replace);
    assert_int_equal(control_replace_decode(&read, &made.admit.pid, body.p, body.len), GMM_ESIGNATURE);
    buffer_close(&body);
    made.old = made.admit.pid;
    assert_int_equal(control_replace_encode(&body, &made), GMM_OK);
    assert_int_equal(decode_replace(body.p, body.len), GMM_EFORMAT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(removals),
        TEST(restorations),
        TEST(amendments),
        TEST(replacements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
