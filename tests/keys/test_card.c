#include "keys/card.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/sample.h"

static const uint8_t secret[32] = {1, 2, 3};
static struct sample_office office;
static struct gmm_id nid;
static struct card card;
static struct buffer card_bytes, cert_bytes, out;
static struct card_join join;

static int setup(void **state)
{
    struct certificate cert;
    (void)state;
    if (sodium_init() < 0)
        return 1;
    nid = sample_id(7);
    sample_office(&office, 1);
    sample_card(&card, &office);
    sample_certificate(&cert, &office, &nid);
    buffer_init(&card_bytes, CARD_BYTES_MAX);
    buffer_init(&cert_bytes, CERTIFICATE_BYTES_MAX);
    buffer_init(&out, LIMIT_JOIN_REQUEST);
    if (card_make(&card_bytes, &card, office.sign_sk) != GMM_OK ||
        certificate_make(&cert_bytes, &cert, office.root_sk) != GMM_OK)
        return 1;
    join = (struct card_join){
        .nid = nid,
        .pid = office.pid,
        .invite_id = {9, 8, 7},
        .card_bytes = card_bytes.p,
        .card_len = card_bytes.len,
        .certificate_bytes = cert_bytes.p,
        .certificate_len = cert_bytes.len,
        .person = "Anwara Begum",
    };
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&card_bytes);
    buffer_close(&cert_bytes);
    buffer_close(&out);
    return 0;
}

static enum gmm_err make_card(void)
{
    buffer_close(&card_bytes);
    return card_make(&card_bytes, &card, office.sign_sk);
}

static enum gmm_err make_join(void)
{
    buffer_close(&out);
    return card_join_make(&out, &join, office.sign_sk, secret);
}

static void card_round_trip(void **state)
{
    (void)state;
    struct card read;
    struct buffer again;
    assert_int_equal(card_open(&read, card_bytes.p, card_bytes.len), GMM_OK);
    assert_string_equal(read.id, "ilo");
    assert_string_equal(read.name, card.name);
    assert_string_equal(read.office, "co-dhaka");
    assert_string_equal(read.lang, "bn");
    assert_int_equal(read.kind, IDENTITY_MEMBER);
    assert_int_equal(read.level, IDENTITY_COUNTRY);
    assert_true(id_equal(&read.root_pk, &office.root_pk) && id_equal(&read.next_commit, &office.next_commit));
    assert_true(id_equal(&read.sign_pk, &office.sign_pk) && id_equal(&read.noise_pk, &office.noise_pk));
    assert_true(id_equal(&read.wrap_pk, &office.wrap_pk));
    assert_int_equal(read.address_count, 2);
    assert_string_equal(read.addresses[0], "gmm.example.org:4460");
    buffer_init(&again, CARD_BYTES_MAX);
    assert_int_equal(card_make(&again, &read, office.sign_sk), GMM_OK);
    assert_int_equal(again.len, card_bytes.len);
    assert_memory_equal(again.p, card_bytes.p, again.len);
    buffer_close(&again);
}

static void make_largest_card(void)
{
    memset(card.id, 'i', LIMIT_PARTICIPANT_ID);
    memset(card.name, 'n', LIMIT_NAME_TEXT);
    memset(card.office, 'o', LIMIT_OFFICE_TEXT);
    memset(card.lang, 'l', LIMIT_LANG_TEXT);
    card.address_count = LIMIT_ADDRESSES;
    for (size_t i = 0; i < LIMIT_ADDRESSES; i++) {
        memset(card.addresses[i], 'h', LIMIT_ADDRESS_TEXT);
        memcpy(card.addresses[i] + LIMIT_ADDRESS_TEXT - 6, ":65535", 7);
    }
    assert_int_equal(make_card(), GMM_OK);
}

static void largest(void **state)
{
    (void)state;
    struct certificate cert;
    struct card_join read;
    make_largest_card();
    sample_certificate(&cert, &office, &nid);
    memcpy(cert.office, card.office, sizeof cert.office);
    memcpy(cert.addresses, card.addresses, sizeof cert.addresses);
    cert.address_count = card.address_count;
    buffer_close(&cert_bytes);
    assert_int_equal(certificate_make(&cert_bytes, &cert, office.root_sk), GMM_OK);
    join.card_bytes = card_bytes.p;
    join.card_len = card_bytes.len;
    join.certificate_bytes = cert_bytes.p;
    join.certificate_len = cert_bytes.len;
    memset(join.person, 'p', LIMIT_PERSON_TEXT);
    assert_int_equal(make_join(), GMM_OK);
    assert_int_equal(card_join_open(&read, &nid, out.p, out.len), GMM_OK);
}

static void every_bit_of_a_card_counts(void **state)
{
    (void)state;
    struct card read;
    for (size_t n = 0; n < card_bytes.len; n++)
        assert_int_equal(card_open(&read, card_bytes.p, n), GMM_EFORMAT);
    for (size_t bit = 0; bit < 8 * card_bytes.len; bit++) {
        card_bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(card_open(&read, card_bytes.p, card_bytes.len), GMM_OK);
        card_bytes.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_put_u8(&card_bytes, 0);
    assert_int_equal(card_open(&read, card_bytes.p, card_bytes.len), GMM_EFORMAT);
    card_bytes.p[0] = 2;
    assert_int_equal(card_open(&read, card_bytes.p, card_bytes.len), GMM_EVERSION);
    static const uint8_t long_one[CARD_BYTES_MAX + 1] = {1};
    assert_int_equal(card_open(&read, long_one, sizeof long_one), GMM_EFORMAT);
}

static void card_refused(void **state)
{
    (void)state;
    const struct card good = card;
    const struct gmm_id zero = {{0}};
#define REFUSED(change, code)                                                                                          \
    do {                                                                                                               \
        card = good;                                                                                                   \
        change;                                                                                                        \
        assert_int_equal(make_card(), code);                                                                           \
        assert_int_equal(card_bytes.len, 0);                                                                           \
    } while (0)
    REFUSED(card.id[0] = '\0', GMM_EFORMAT);
    REFUSED(card.id[0] = 'I', GMM_EFORMAT);
    REFUSED(card.name[0] = '\t', GMM_EFORMAT);
    REFUSED(card.kind = 0, GMM_EFORMAT);
    REFUSED(card.kind = 8, GMM_EFORMAT);
    REFUSED(card.office[0] = '_', GMM_EFORMAT);
    REFUSED(card.level = 5, GMM_EFORMAT);
    REFUSED(card.lang[0] = '\0', GMM_EFORMAT);
    REFUSED(card.addresses[0][3] = ' ', GMM_EFORMAT);
    REFUSED(card.address_count = 9, GMM_ELIMIT);
    REFUSED(card.root_pk = zero, GMM_EKEY);
    REFUSED(card.noise_pk = zero, GMM_EKEY);
    REFUSED(card.wrap_pk = zero, GMM_EKEY);
    REFUSED(card.wrap_pk = card.noise_pk, GMM_EKEY);
    REFUSED(card.sign_pk = card.root_pk, GMM_EKEY); /* not that of sign_sk */
#undef REFUSED
}

static void join_round_trip(void **state)
{
    (void)state;
    struct card_join read;
    assert_int_equal(make_join(), GMM_OK);
    assert_int_equal(card_join_open(&read, &nid, out.p, out.len), GMM_OK);
    assert_int_equal(card_join_authentic(out.p, out.len, secret), GMM_OK);
    assert_true(id_equal(&read.nid, &nid) && id_equal(&read.pid, &office.pid));
    assert_memory_equal(read.invite_id, join.invite_id, CARD_INVITE_ID_BYTES);
    assert_int_equal(read.card_len, card_bytes.len);
    assert_memory_equal(read.card_bytes, card_bytes.p, card_bytes.len);
    assert_int_equal(read.certificate_len, cert_bytes.len);
    assert_memory_equal(read.certificate_bytes, cert_bytes.p, cert_bytes.len);
    assert_string_equal(read.card.id, "ilo");
    assert_string_equal(read.certificate.office, "co-dhaka");
    assert_string_equal(read.person, "Anwara Begum");
    assert_memory_equal(read.signature, join.signature, HASH_SIG_BYTES);
    assert_int_equal(card_join_verify(&nid, &office.pid, &office.sign_pk, read.signature), GMM_OK);
    struct buffer again;
    buffer_init(&again, LIMIT_JOIN_REQUEST);
    assert_int_equal(card_join_make(&again, &read, office.sign_sk, secret), GMM_OK);
    assert_int_equal(again.len, out.len);
    assert_memory_equal(again.p, out.p, again.len);
    buffer_close(&again);
}

static void join_without_certificate_or_person(void **state)
{
    (void)state;
    struct card_join read;
    struct sample_office inviter;
    sample_office(&inviter, 2);
    join.certificate_bytes = NULL;
    join.person[0] = '\0';
    join.pid = inviter.pid; /* a second office of the inviter's participant */
    assert_int_equal(make_join(), GMM_OK);
    assert_int_equal(card_join_open(&read, &nid, out.p, out.len), GMM_OK);
    assert_null(read.certificate_bytes);
    assert_int_equal(read.certificate_len, 0);
    assert_true(id_equal(&read.pid, &inviter.pid));
    assert_string_equal(read.person, "");
}

/* Everything but the mac is refused without the invite; the mac covers all. */
static void every_bit_of_a_join_counts(void **state)
{
    (void)state;
    struct card_join read;
    assert_int_equal(make_join(), GMM_OK);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(card_join_open(&read, &nid, out.p, n), GMM_EFORMAT);
    for (size_t bit = 0; bit < 8 * out.len; bit += 3) {
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(card_join_authentic(out.p, out.len, secret), GMM_EDENIED);
        out.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    size_t signed_start = out.len - 32 - HASH_SIG_BYTES;
    for (size_t at = 0; at < out.len - 32; at++) {
        bool only_mac = (at >= 65 && at < 65 + CARD_INVITE_ID_BYTES) || /* the invite's id and the person are covered */
                        (at < signed_start && at >= signed_start - strlen("Anwara Begum")); /* by the mac alone */
        out.p[at] ^= 1;
        if (!only_mac)
            assert_int_not_equal(card_join_open(&read, &nid, out.p, out.len), GMM_OK);
        assert_int_equal(card_join_authentic(out.p, out.len, secret), GMM_EDENIED);
        out.p[at] ^= 1;
    }
    assert_int_equal(card_join_authentic(out.p, 31, secret), GMM_EDENIED);
    assert_int_equal(card_join_authentic(NULL, 0, secret), GMM_EDENIED);
    const uint8_t other[32] = {1, 2, 4};
    assert_int_equal(card_join_authentic(out.p, out.len, other), GMM_EDENIED);
    buffer_close(&out);
    out.max = LIMIT_JOIN_REQUEST + 1;
    assert_int_equal(make_join(), GMM_OK);
    buffer_put_u8(&out, 0);
    assert_int_equal(card_join_open(&read, &nid, out.p, out.len), GMM_EFORMAT);
    memset(buffer_extend(&out, LIMIT_JOIN_REQUEST + 1 - out.len), 0, LIMIT_JOIN_REQUEST + 1 - out.len);
    out.p[0] = 2;
    assert_int_equal(card_join_open(&read, &nid, out.p, 100), GMM_EVERSION);
    assert_int_equal(card_join_open(&read, &nid, out.p, out.len), GMM_EFORMAT);
}

static void join_of_another_network(void **state)
{
    (void)state;
    struct card_join read;
    struct gmm_id other = sample_id(8);
    assert_int_equal(make_join(), GMM_OK);
    assert_int_equal(card_join_open(&read, &other, out.p, out.len), GMM_ENETWORK);
    assert_int_equal(card_join_verify(&other, &office.pid, &office.sign_pk, join.signature), GMM_ESIGNATURE);
    assert_int_equal(card_join_verify(&nid, &other, &office.sign_pk, join.signature), GMM_ESIGNATURE);
    /* the certificate names the other network */
    join.nid = other;
    assert_int_equal(make_join(), GMM_ENETWORK);
    assert_int_equal(out.len, 0);
}

static enum gmm_err join_with(const struct certificate *cert, const uint8_t root_sk[64])
{
    buffer_close(&cert_bytes);
    assert_int_equal(certificate_make(&cert_bytes, cert, root_sk), GMM_OK);
    join.certificate_bytes = cert_bytes.p;
    join.certificate_len = cert_bytes.len;
    return make_join();
}

static void certificate_must_agree(void **state)
{
    (void)state;
    struct sample_office other;
    struct certificate good, cert;
    sample_office(&other, 2);
    sample_certificate(&good, &office, &nid);
#define REFUSED(change)                                                                                                \
    do {                                                                                                               \
        cert = good;                                                                                                   \
        change;                                                                                                        \
        assert_int_equal(join_with(&cert, office.root_sk), GMM_EFORMAT);                                               \
        assert_int_equal(out.len, 0);                                                                                  \
    } while (0)
    REFUSED(cert.sign_pk = other.sign_pk);
    REFUSED(cert.noise_pk = other.noise_pk);
    REFUSED(cert.wrap_pk = other.wrap_pk);
    REFUSED(cert.level = IDENTITY_HQ);
    REFUSED(cert.office[0] = 'k');
#undef REFUSED
    /* a good certificate of another participant for our keys */
    sample_certificate(&cert, &other, &nid);
    cert.sign_pk = office.sign_pk;
    cert.noise_pk = office.noise_pk;
    cert.wrap_pk = office.wrap_pk;
    assert_int_equal(join_with(&cert, other.root_sk), GMM_EFORMAT);
    assert_int_equal(join_with(&good, office.root_sk), GMM_OK);
}

static void join_refused(void **state)
{
    (void)state;
    assert_int_equal(card_join_make(&out, &join, office.root_sk, secret), GMM_ESIGNATURE);
    assert_int_equal(out.len, 0);
    join.person[0] = '\x1b';
    assert_int_equal(make_join(), GMM_EFORMAT);
    join.person[0] = 'A';
    join.card_len--;
    assert_int_equal(make_join(), GMM_EFORMAT);
    join.card_len++;
    join.certificate_len--;
    assert_int_equal(make_join(), GMM_EFORMAT);
    join.certificate_len++;
    static uint8_t huge[70000];
    join.card_bytes = huge;
    join.card_len = sizeof huge;
    assert_int_equal(make_join(), GMM_ELIMIT);
    buffer_close(&out);
    out.max = 100000;
    assert_int_equal(make_join(), GMM_ELIMIT); /* no length of 16 bits */
    join.card_len = LIMIT_JOIN_REQUEST;
    assert_int_equal(make_join(), GMM_ELIMIT);
    assert_int_equal(out.len, 0);
}

static void without_memory_or_room(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        buffer_close(&out);
        failmalloc_at(i);
        enum gmm_err err = card_join_make(&out, &join, office.sign_sk, secret);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_int_equal(out.len, 0);
    }
    for (size_t less = 1; less < 100; less += 33) {
        struct buffer tight;
        buffer_init(&tight, out.len - less);
        assert_int_equal(card_join_make(&tight, &join, office.sign_sk, secret), GMM_ELIMIT);
        assert_int_equal(tight.len, 0);
        buffer_close(&tight);
        buffer_init(&tight, card_bytes.len - less);
        assert_int_equal(card_make(&tight, &card, office.sign_sk), GMM_ELIMIT);
        assert_int_equal(tight.len, 0);
        buffer_close(&tight);
    }
}

static void fingerprints(void **state)
{
    (void)state;
    char text[CARD_FINGERPRINT_TEXT], typed[64];
    struct sample_office other;
    sample_office(&other, 2);
    card_fingerprint(text, &office.sign_pk, &office.noise_pk);
    assert_int_equal(strlen(text), 47);
    for (size_t i = 0; i < 47; i++)
        assert_true(i % 6 == 5 ? text[i] == ' ' : text[i] >= '0' && text[i] <= '9');

    /* as defined: the first group is the first 32 bits of H(fingerprint, sign_pk ‖ noise_pk), modulo 100,000 */
    uint8_t joined[64];
    struct gmm_id digest;
    memcpy(joined, office.sign_pk.b, 32);
    memcpy(joined + 32, office.noise_pk.b, 32);
    hash_h(&digest, LABEL_FINGERPRINT, joined, sizeof joined);
    uint32_t group = bytes_load_u32(digest.b) % 100000, last = bytes_load_u32(digest.b + 28) % 100000;
    for (size_t i = 5; i-- > 0; group /= 10, last /= 10) {
        assert_int_equal(text[i], '0' + group % 10);
        assert_int_equal(text[42 + i], '0' + last % 10);
    }

    assert_true(card_fingerprint_matches(text, &office.sign_pk, &office.noise_pk));
    assert_false(card_fingerprint_matches(text, &other.sign_pk, &office.noise_pk));
    assert_false(card_fingerprint_matches(text, &office.sign_pk, &other.noise_pk));
    assert_false(card_fingerprint_matches("", &office.sign_pk, &office.noise_pk));
    size_t n = 0;
    for (size_t i = 0; i < 47; i++)
        if (text[i] != ' ')
            typed[n++] = text[i];
    typed[n] = '\0';
    assert_true(card_fingerprint_matches(typed, &office.sign_pk, &office.noise_pk));
    typed[n] = '0';
    typed[n + 1] = '\0';
    assert_false(card_fingerprint_matches(typed, &office.sign_pk, &office.noise_pk));
    typed[n - 1] = '\0';
    assert_false(card_fingerprint_matches(typed, &office.sign_pk, &office.noise_pk));
    for (size_t i = 0; i < 47; i++) {
        memcpy(typed, text, sizeof text);
        typed[i] = typed[i] == ' ' ? '-' : '.';
        assert_int_equal(card_fingerprint_matches(typed, &office.sign_pk, &office.noise_pk), i % 6 == 5);
        typed[i] = 'x';
        assert_false(card_fingerprint_matches(typed, &office.sign_pk, &office.noise_pk));
        if (text[i] != ' ') {
            typed[i] = (char)('0' + (text[i] - '0' + 1) % 10);
            assert_false(card_fingerprint_matches(typed, &office.sign_pk, &office.noise_pk));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(card_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(largest, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_a_card_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(card_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(join_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(join_without_certificate_or_person, setup, teardown),
        cmocka_unit_test_setup_teardown(every_bit_of_a_join_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(join_of_another_network, setup, teardown),
        cmocka_unit_test_setup_teardown(certificate_must_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(join_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(without_memory_or_room, setup, teardown),
        cmocka_unit_test_setup_teardown(fingerprints, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
