#include "proto/control_chair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct buffer body;
static struct gmm_id who, deputy, entry;
static struct control_cut cut;

static int setup(void **state)
{
    (void)state;
    memset(who.b, 1, 32);
    memset(deputy.b, 2, 32);
    memset(entry.b, 3, 32);
    cut = (struct control_cut){.seq = 7, .log.instance = 9};
    memset(cut.log.author.b, 4, 32);
    buffer_init(&body, LIMIT_BODY_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    return 0;
}

typedef enum gmm_err decode_fn(const void *bytes, size_t len);

static enum gmm_err decode_handover(const void *bytes, size_t len)
{
    struct control_handover out;
    return control_handover_decode(&out, bytes, len);
}

static enum gmm_err decode_accept(const void *bytes, size_t len)
{
    struct control_accept out;
    enum gmm_err err = control_accept_decode(&out, bytes, len);
    if (err == GMM_OK)
        control_cuts_close(&out.cuts);
    return err;
}

static enum gmm_err decode_ballot(const void *bytes, size_t len)
{
    struct control_ballot out;
    enum gmm_err err = control_ballot_decode(&out, bytes, len);
    if (err == GMM_OK)
        control_cuts_close(&out.cuts);
    return err;
}

static enum gmm_err decode_lead(const void *bytes, size_t len)
{
    struct control_lead out;
    return control_lead_decode(&out, bytes, len);
}

static enum gmm_err decode_cosign(const void *bytes, size_t len)
{
    struct gmm_id out;
    return control_cosign_decode(&out, bytes, len);
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

static enum gmm_err handover_of(uint32_t term, uint64_t from_ms, uint64_t until_ms)
{
    struct control_handover r = {.term = term, .to = who, .from_ms = from_ms, .until_ms = until_ms};
    buffer_close(&body);
    assert_int_equal(control_handover_encode(&body, &r), GMM_OK);
    return decode_handover(body.p, body.len);
}

static void handovers(void **state)
{
    (void)state;
    struct control_handover r = {.term = 2, .to = who, .deputy = deputy, .from_ms = 5, .until_ms = 9}, read;
    assert_int_equal(control_handover_encode(&body, &r), GMM_OK);
    assert_int_equal(control_handover_decode(&read, body.p, body.len), GMM_OK);
    assert_true(read.term == 2 && read.from_ms == 5 && read.until_ms == 9);
    assert_true(id_equal(&read.to, &who) && id_equal(&read.deputy, &deputy));
    assert_strict(decode_handover);
    assert_int_equal(handover_of(1, 5, 9), GMM_EFORMAT); /* the first term is the charter's */
    assert_int_equal(handover_of(0, 5, 9), GMM_EFORMAT);
    assert_int_equal(handover_of(2, 9, 9), GMM_EFORMAT);
    assert_int_equal(handover_of(2, 9, IDENTITY_TIME_MS_MAX), GMM_OK);
    assert_int_equal(handover_of(2, 9, IDENTITY_TIME_MS_MAX + 1), GMM_EFORMAT);
}

static enum gmm_err accept_of(const struct gmm_id *subject, uint32_t term)
{
    struct control_accept r = {.subject = *subject, .term = term};
    buffer_close(&body);
    assert_int_equal(control_accept_encode(&body, &r), GMM_OK);
    return decode_accept(body.p, body.len);
}

static void acceptances(void **state)
{
    (void)state;
    const struct gmm_id none = {{0}};
    struct control_accept r = {.subject = entry, .term = 2, .cuts = {.count = 1, .list = &cut}}, read;
    assert_int_equal(control_accept_encode(&body, &r), GMM_OK);
    assert_int_equal(control_accept_decode(&read, body.p, body.len), GMM_OK);
    assert_true(read.term == 2 && id_equal(&read.subject, &entry) && control_cuts_hold(&read.cuts, &cut.log, 7));
    control_cuts_close(&read.cuts);
    assert_strict(decode_accept);
    assert_int_equal(accept_of(&entry, 0), GMM_OK); /* a lead */
    assert_int_equal(accept_of(&none, 2), GMM_OK);  /* an election */
    assert_int_equal(accept_of(&none, 0), GMM_EFORMAT);
    assert_int_equal(accept_of(&entry, 1), GMM_EFORMAT);
}

static void ballots(void **state)
{
    (void)state;
    struct control_ballot r = {.term = 1, .candidate = who, .until_ms = 9, .cuts = {.count = 1, .list = &cut}}, read;
    assert_int_equal(control_ballot_encode(&body, &r), GMM_OK);
    assert_int_equal(control_ballot_decode(&read, body.p, body.len), GMM_OK);
    assert_true(read.term == 1 && read.until_ms == 9 && id_equal(&read.candidate, &who) && read.cuts.count == 1);
    control_cuts_close(&read.cuts);
    assert_strict(decode_ballot);
    buffer_close(&body);
    r.term = 0;
    assert_int_equal(control_ballot_encode(&body, &r), GMM_OK);
    assert_int_equal(decode_ballot(body.p, body.len), GMM_EFORMAT);
    buffer_close(&body);
    r.term = 1;
    r.until_ms = IDENTITY_TIME_MS_MAX + 1;
    assert_int_equal(control_ballot_encode(&body, &r), GMM_OK);
    assert_int_equal(decode_ballot(body.p, body.len), GMM_EFORMAT);
}

static enum gmm_err lead_of(uint8_t thematic, uint64_t from_ms, uint64_t until_ms)
{
    struct control_lead r = {.thematic = thematic, .pid = who, .from_ms = from_ms, .until_ms = until_ms};
    buffer_close(&body);
    assert_int_equal(control_lead_encode(&body, &r), GMM_OK);
    return decode_lead(body.p, body.len);
}

static void leads(void **state)
{
    (void)state;
    struct control_lead r = {.thematic = 3, .pid = who, .from_ms = 5}, read;
    assert_int_equal(control_lead_encode(&body, &r), GMM_OK);
    assert_int_equal(control_lead_decode(&read, body.p, body.len), GMM_OK);
    assert_true(read.thematic == 3 && read.from_ms == 5 && read.until_ms == 0 && id_equal(&read.pid, &who));
    assert_strict(decode_lead);
    assert_int_equal(lead_of(LIMIT_THEMATIC - 1, 5, 6), GMM_OK);
    assert_int_equal(lead_of(LIMIT_THEMATIC, 5, 6), GMM_EFORMAT);
    assert_int_equal(lead_of(0, 5, 5), GMM_EFORMAT);
    assert_int_equal(lead_of(0, 5, IDENTITY_TIME_MS_MAX + 1), GMM_EFORMAT);
    assert_int_equal(lead_of(0, IDENTITY_TIME_MS_MAX + 1, 0), GMM_EFORMAT);
}

static void cosignatures(void **state)
{
    (void)state;
    struct gmm_id subject, other, read;
    control_subject(&subject, 5, "body", 4);
    assert_int_equal(control_cosign_encode(&body, &subject), GMM_OK);
    assert_int_equal(control_cosign_decode(&read, body.p, body.len), GMM_OK);
    assert_true(id_equal(&read, &subject));
    assert_strict(decode_cosign);
    control_subject(&other, 4, "body", 4);
    assert_false(id_equal(&subject, &other));
    control_subject(&other, 5, "bodz", 4);
    assert_false(id_equal(&subject, &other));
    control_subject(&other, 5, "body", 4);
    assert_true(id_equal(&subject, &other));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(handovers), TEST(acceptances), TEST(ballots), TEST(leads), TEST(cosignatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
