#include "proto/control_cuts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static struct buffer body;

static int setup(void **state)
{
    (void)state;
    buffer_init(&body, LIMIT_BODY_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    return 0;
}

static struct control_cut cut_of(uint8_t group, uint8_t author, uint64_t instance, uint64_t seq)
{
    struct control_cut cut = {.seq = seq, .log.instance = instance};
    memset(cut.log.group.b, group, 32);
    memset(cut.log.author.b, author, 32);
    memset(cut.id.b, 0xaa, 32);
    return cut;
}

static enum gmm_err decode(struct control_cuts *out, bool with_group)
{
    struct bytes_in in;
    bytes_in_init(&in, body.p, body.len);
    enum gmm_err err = control_cuts_get(out, &in, with_group);
    assert_true(err != GMM_OK || bytes_in_done(&in));
    return err;
}

static void sorted_by_log(void **state)
{
    (void)state;
    struct control_cut list[] = {cut_of(2, 1, 1, 5), cut_of(1, 2, 1, 6), cut_of(1, 1, 2, 7), cut_of(1, 1, 1, 8)};
    struct control_cuts cuts = {.count = 4, .list = list}, read;
    assert_int_equal(control_cuts_put(&body, &cuts, true), GMM_OK);
    assert_int_equal(body.len, 2 + 4 * 112);
    assert_int_equal(decode(&read, true), GMM_OK);
    assert_int_equal(read.count, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(read.list[i].seq, 8 - i);
        assert_memory_equal(&read.list[i].id, &list[3 - i].id, 32);
    }
    assert_int_equal(list[0].seq, 5); /* the caller's stays as it was */
    assert_true(control_cuts_hold(&read, &list[1].log, 6) && control_cuts_hold(&read, &list[1].log, 0));
    assert_false(control_cuts_hold(&read, &list[1].log, 7));
    struct run_key other = list[1].log;
    other.instance = 9;
    assert_null(control_cuts_find(&read, &other));
    assert_false(control_cuts_hold(&read, &other, 0));
    control_cuts_close(&read);
    assert_true(read.count == 0 && read.list == NULL);
    control_cuts_close(&read);
    assert_null(control_cuts_find(&read, &list[0].log));
}

/* Without groups, logs that differ in nothing else are one log. */
static void a_log_stands_once(void **state)
{
    (void)state;
    struct control_cut list[] = {cut_of(1, 1, 1, 5), cut_of(2, 1, 1, 6)};
    struct control_cuts cuts = {.count = 2, .list = list}, read;
    assert_int_equal(control_cuts_put(&body, &cuts, false), GMM_EFORMAT);
    buffer_close(&body);
    assert_int_equal(control_cuts_put(&body, &cuts, true), GMM_OK);
    uint8_t first[112];
    memcpy(first, body.p + 2, sizeof first);
    memcpy(body.p + 2, body.p + 114, sizeof first);
    memcpy(body.p + 114, first, sizeof first);
    assert_int_equal(decode(&read, true), GMM_EFORMAT);
    memcpy(body.p + 2, first, sizeof first);
    assert_int_equal(decode(&read, true), GMM_EFORMAT);
}

static void short_and_long(void **state)
{
    (void)state;
    struct control_cut list[] = {cut_of(0, 1, 1, 5), cut_of(0, 2, 1, 6)};
    struct control_cuts cuts = {.count = 2, .list = list}, read;
    struct bytes_in in;
    assert_int_equal(control_cuts_put(&body, &cuts, false), GMM_OK);
    for (size_t n = 0; n < body.len; n++) {
        bytes_in_init(&in, body.p, n);
        assert_int_equal(control_cuts_get(&read, &in, false), GMM_EFORMAT);
        assert_null(read.list);
    }
    assert_int_equal(decode(&read, true), GMM_EFORMAT); /* longer elements do not fit */
    bytes_store_u16(body.p, 0xffff);
    assert_int_equal(decode(&read, false), GMM_EFORMAT);
}

static void at_the_limit(void **state)
{
    (void)state;
    static struct control_cut list[LIMIT_CUTS + 1];
    struct control_cuts cuts = {.count = LIMIT_CUTS, .list = list}, read;
    for (unsigned i = 0; i <= LIMIT_CUTS; i++)
        list[i] = cut_of(1, 1, i, 0);
    assert_int_equal(control_cuts_put(&body, &cuts, true), GMM_OK);
    assert_int_equal(decode(&read, true), GMM_OK);
    control_cuts_close(&read);
    buffer_close(&body);
    cuts.count = LIMIT_CUTS + 1;
    assert_int_equal(control_cuts_put(&body, &cuts, true), GMM_ELIMIT);
}

static void memory(void **state)
{
    (void)state;
    struct control_cut list[] = {cut_of(0, 1, 1, 5)};
    struct control_cuts cuts = {.count = 1, .list = list}, read;
    failmalloc_at(0);
    assert_int_equal(control_cuts_put(&body, &cuts, false), GMM_ENOMEM);
    failmalloc_off();
    buffer_close(&body);
    assert_int_equal(control_cuts_put(&body, &cuts, false), GMM_OK);
    failmalloc_at(0);
    assert_int_equal(decode(&read, false), GMM_ENOMEM);
    failmalloc_off();
    assert_null(read.list);
}

static void in_circles(void **state)
{
    (void)state;
    struct control_cut list[] = {cut_of(0, 1, 1, 5)};
    struct control_circle_cut cut = {.kind = CONTROL_CUT_PARTICIPANT, .cuts = {.count = 1, .list = list}}, read;
    memset(cut.subject.b, 4, 32);
    assert_int_equal(control_circle_cut_encode(&body, &cut), GMM_OK);
    assert_int_equal(control_circle_cut_decode(&read, body.p, body.len), GMM_OK);
    assert_true(read.kind == CONTROL_CUT_PARTICIPANT && id_equal(&read.subject, &cut.subject) && read.cuts.count == 1);
    control_cuts_close(&read.cuts);
    for (size_t n = 0; n < body.len; n++)
        assert_int_equal(control_circle_cut_decode(&read, body.p, n), GMM_EFORMAT);
    buffer_put_u8(&body, 0);
    assert_int_equal(control_circle_cut_decode(&read, body.p, body.len), GMM_EFORMAT);
    body.len--;
    body.p[0] = 2;
    assert_int_equal(control_circle_cut_decode(&read, body.p, body.len), GMM_EVERSION);
    body.p[0] = 1;
    for (unsigned kind = 0; kind < 256; kind++) {
        body.p[1] = (uint8_t)kind;
        bool known = kind == CONTROL_CUT_KEY || kind == CONTROL_CUT_PARTICIPANT;
        assert_int_equal(control_circle_cut_decode(&read, body.p, body.len), known ? GMM_OK : GMM_EFORMAT);
        control_cuts_close(&read.cuts);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(sorted_by_log), TEST(a_log_stands_once), TEST(short_and_long), TEST(at_the_limit),
        TEST(memory),        TEST(in_circles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
