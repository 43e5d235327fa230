#include "keys/charter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/sample.h"

static struct sample_office office;
static struct charter charter;
static struct buffer out;

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return 1;
    sample_office(&office, 1);
    sample_charter(&charter, &office);
    buffer_init(&out, CHARTER_BYTES_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&out);
    return 0;
}

static enum gmm_err make(void)
{
    buffer_close(&out);
    return charter_make(&out, &charter, office.root_sk);
}

static void names(void **state)
{
    (void)state;
    static const char *const expected[] = {"data-research", "rights-gender", "mainstreaming", "decent-work",
                                           "capacity"};
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++)
        assert_string_equal(charter_thematic_name(i), expected[i]);
    assert_null(charter_thematic_name(LIMIT_THEMATIC));
    assert_null(charter_thematic_name(UINT32_MAX));
}

static void round_trip(void **state)
{
    (void)state;
    struct charter read;
    struct gmm_id nid;
    assert_int_equal(make(), GMM_OK);
    hash_h(&nid, LABEL_CHARTER, out.p, out.len - HASH_SIG_BYTES);
    assert_true(id_equal(&charter.nid, &nid));
    assert_true(id_equal(&charter.founder_pid, &office.pid));

    assert_int_equal(charter_open(&read, out.p, out.len), GMM_OK);
    assert_true(id_equal(&read.nid, &nid) && id_equal(&read.founder_pid, &office.pid));
    assert_memory_equal(read.random, charter.random, 32);
    assert_true(read.time_ms == charter.time_ms && read.term_until_ms == charter.term_until_ms);
    assert_string_equal(read.name, charter.name);
    assert_string_equal(read.founder_id, "ilo");
    assert_string_equal(read.founder_name, charter.founder_name);
    assert_int_equal(read.founder_kind, IDENTITY_MEMBER);
    assert_int_equal(read.admission, CHARTER_BY_CHAIR);
    assert_int_equal(read.thematic, CHARTER_THEMATIC_OPEN);
    assert_string_equal(read.leads[0], "wb");
    assert_string_equal(read.leads[2], "");
    assert_string_equal(read.leads[3], "ilo");

    struct buffer again;
    buffer_init(&again, CHARTER_BYTES_MAX);
    assert_int_equal(charter_make(&again, &read, office.root_sk), GMM_OK);
    assert_int_equal(again.len, out.len);
    assert_memory_equal(again.p, out.p, out.len);
    buffer_close(&again);
}

static void largest(void **state)
{
    (void)state;
    struct charter read;
    memset(charter.name, 'n', LIMIT_NAME_TEXT);
    memset(charter.founder_name, 'n', LIMIT_NAME_TEXT);
    memset(charter.founder_id, 'i', LIMIT_PARTICIPANT_ID);
    for (size_t i = 0; i < LIMIT_THEMATIC; i++)
        memset(charter.leads[i], 'l', LIMIT_PARTICIPANT_ID);
    charter.admission = CHARTER_BY_TWO_THIRDS;
    charter.thematic = CHARTER_THEMATIC_LISTED;
    assert_int_equal(make(), GMM_OK);
    assert_int_equal(charter_open(&read, out.p, out.len), GMM_OK);
}

static void another_random_value_is_another_network(void **state)
{
    (void)state;
    assert_int_equal(make(), GMM_OK);
    struct gmm_id nid = charter.nid;
    charter.random[31] ^= 1;
    assert_int_equal(make(), GMM_OK);
    assert_false(id_equal(&nid, &charter.nid));
}

static void every_bit_counts(void **state)
{
    (void)state;
    struct charter read;
    assert_int_equal(make(), GMM_OK);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(charter_open(&read, out.p, n), GMM_EFORMAT);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(charter_open(&read, out.p, out.len), GMM_OK);
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_put_u8(&out, 0);
    assert_int_equal(charter_open(&read, out.p, out.len), GMM_EFORMAT);
    out.p[0] = 0;
    assert_int_equal(charter_open(&read, out.p, out.len), GMM_EVERSION);
    static const uint8_t long_one[CHARTER_BYTES_MAX + 1] = {1};
    assert_int_equal(charter_open(&read, long_one, sizeof long_one), GMM_EFORMAT);
}

static void refused(void **state)
{
    (void)state;
    const struct charter good = charter;
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        charter = good;                                                                                                \
        change;                                                                                                        \
        assert_int_equal(make(), GMM_EFORMAT);                                                                         \
        assert_int_equal(out.len, 0);                                                                                  \
    } while (0)
    REFUSED(charter.name[0] = '\0');
    REFUSED(charter.name[0] = '\n');
    REFUSED(charter.name[0] = (char)0xff);
    REFUSED(charter.founder_id[0] = '\0');
    REFUSED(charter.founder_id[0] = 'I');
    REFUSED(charter.founder_name[0] = '\0');
    REFUSED(charter.founder_kind = 0);
    REFUSED(charter.founder_kind = 8);
    REFUSED(charter.admission = 0);
    REFUSED(charter.admission = 4);
    REFUSED(charter.thematic = 0);
    REFUSED(charter.thematic = 3);
    REFUSED(charter.term_until_ms = charter.time_ms);
    REFUSED(charter.term_until_ms = IDENTITY_TIME_MS_MAX + 1);
    REFUSED(charter.leads[4][0] = '!');
#undef REFUSED
    charter = good;
    buffer_close(&out);
    assert_int_equal(charter_make(&out, &charter, office.sign_sk), GMM_EKEY);
    assert_int_equal(out.len, 0);
    uint8_t sk[64] = {0};
    memset(&charter.founder_root_pk, 0, 32);
    assert_int_equal(charter_make(&out, &charter, sk), GMM_EKEY);
    assert_int_equal(out.len, 0);
}

static void without_memory_or_room(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        buffer_close(&out);
        failmalloc_at(i);
        enum gmm_err err = charter_make(&out, &charter, office.root_sk);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_int_equal(out.len, 0);
    }
    struct buffer tight;
    buffer_init(&tight, out.len - 1);
    assert_int_equal(charter_make(&tight, &charter, office.root_sk), GMM_ELIMIT);
    assert_int_equal(tight.len, 0);
    buffer_close(&tight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test_setup_teardown(round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(largest, setup, teardown),
        cmocka_unit_test_setup_teardown(another_random_value_is_another_network, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_or_room, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
