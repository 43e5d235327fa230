#include "keys/rekey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/sample.h"

static struct sample_office office, next;
static struct buffer card, out;
static struct rekey rekey;

static int setup(void **state)
{
    struct card fields;
    (void)state;
    if (sodium_init() < 0)
        return 1;
    sample_office(&office, 1);
    sample_office(&next, 2);
    sample_card(&fields, &next);
    buffer_init(&card, CARD_BYTES_MAX);
    buffer_init(&out, 2 * REKEY_BYTES_MAX);
    if (card_make(&card, &fields, next.sign_sk) != GMM_OK)
        return 1;
    rekey = (struct rekey){
        .nid = sample_id(7), .pid = office.pid, .sign_pk = office.sign_pk, .card_bytes = card.p, .card_len = card.len};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&card);
    buffer_close(&out);
    return 0;
}

static void round_trip(void **state)
{
    (void)state;
    struct rekey read;
    assert_int_equal(rekey_make(&out, &rekey, office.sign_sk), GMM_OK);
    assert_true(out.len <= REKEY_BYTES_MAX);
    assert_int_equal(rekey_open(&read, &rekey.nid, out.p, out.len), GMM_OK);
    assert_true(id_equal(&read.nid, &rekey.nid) && id_equal(&read.pid, &office.pid));
    assert_true(id_equal(&read.sign_pk, &office.sign_pk) && id_equal(&read.card.sign_pk, &next.sign_pk));
    assert_int_equal(read.card_len, card.len);
    assert_memory_equal(read.card_bytes, card.p, card.len);
}

static void every_bit_counts(void **state)
{
    (void)state;
    struct rekey read;
    assert_int_equal(rekey_make(&out, &rekey, office.sign_sk), GMM_OK);
    for (size_t n = 0; n < out.len; n++)
        assert_int_not_equal(rekey_open(&read, NULL, out.p, n), GMM_OK);
    for (size_t bit = 0; bit < 8 * out.len; bit++) {
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(rekey_open(&read, NULL, out.p, out.len), GMM_OK);
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    out.p[0] = 2;
    assert_int_equal(rekey_open(&read, NULL, out.p, out.len), GMM_EVERSION);
}

static void refused(void **state)
{
    (void)state;
    struct rekey read;
    const struct gmm_id other = sample_id(8);
    assert_int_equal(rekey_make(&out, &rekey, next.sign_sk), GMM_EKEY);
    assert_int_equal(out.len, 0);
    assert_int_equal(rekey_make(&out, &rekey, office.sign_sk), GMM_OK);
    assert_int_equal(rekey_open(&read, &other, out.p, out.len), GMM_ENETWORK);
    buffer_put_u8(&out, 0);
    assert_int_equal(rekey_open(&read, NULL, out.p, out.len), GMM_EFORMAT);
    buffer_cut(&out, 0);
    rekey.sign_pk = next.sign_pk; /* the same key again */
    assert_int_equal(rekey_make(&out, &rekey, next.sign_sk), GMM_EFORMAT);
    card.p[card.len - 1] ^= 1; /* a card that is not its own */
    rekey.sign_pk = office.sign_pk;
    assert_int_equal(rekey_make(&out, &rekey, office.sign_sk), GMM_ESIGNATURE);
    rekey.card_len = CARD_BYTES_MAX + 1;
    assert_int_equal(rekey_make(&out, &rekey, office.sign_sk), GMM_EFORMAT);
    assert_int_equal(out.len, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(round_trip), TEST(every_bit_counts), TEST(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
