#include "keys/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"
#include "tests/lib/sample.h"

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

static void words(void **state)
{
    (void)state;
    static const char *const kinds[] = {"member",        "government", "employers", "workers",
                                        "civil-society", "intl-org",   "observer"};
    static const char *const levels[] = {"hq", "regional", "country", "field"};
    for (unsigned i = 0; i < 7; i++) {
        assert_string_equal(identity_kind_text(i + 1), kinds[i]);
        assert_int_equal(identity_kind_from_text(kinds[i]), i + 1);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(identity_level_text(i + 1), levels[i]);
        assert_int_equal(identity_level_from_text(levels[i]), i + 1);
    }
    assert_null(identity_kind_text(0));
    assert_null(identity_kind_text(8));
    assert_null(identity_kind_text(UINT32_MAX));
    assert_null(identity_level_text(0));
    assert_null(identity_level_text(5));
    assert_int_equal(identity_kind_from_text(""), 0);
    assert_int_equal(identity_kind_from_text("Member"), 0);
    assert_int_equal(identity_kind_from_text("hq"), 0);
    assert_int_equal(identity_level_from_text("hqs"), 0);
    assert_int_equal(IDENTITY_OBSERVER, 7);
    assert_int_equal(IDENTITY_FIELD, 4);
}

static void ids_and_offices(void **state)
{
    (void)state;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    char text[130];
    assert_true(identity_id_ok("ilo", 3));
    assert_true(identity_id_ok("gov-xa", 6));
    assert_true(identity_id_ok("4h", 2));
    assert_true(identity_id_ok("a-", 2));
    assert_false(identity_id_ok("-a", 2));
    assert_false(identity_id_ok("", 0));
    assert_true(identity_office_ok("co-dhaka", 8));
    assert_false(identity_office_ok("", 0));
    for (int c = 0; c < 256; c++) {
        text[0] = 'x';
        text[1] = (char)c;
        bool good = c != 0 && strchr(letters, c) != NULL;
        assert_int_equal(identity_id_ok(text, 2), good);
        assert_int_equal(identity_office_ok(text, 2), good);
    }
    memset(text, 'a', sizeof text);
    assert_true(identity_id_ok(text, 32));
    assert_false(identity_id_ok(text, 33));
    assert_true(identity_office_ok(text, 128));
    assert_false(identity_office_ok(text, 129));
}

static bool name_ok(const char *text)
{
    return identity_name_ok(text, strlen(text));
}

static void names(void **state)
{
    (void)state;
    char text[257];
    assert_true(name_ok("Organisation internationale du Travail"));
    assert_true(name_ok("\xd8\xa7\xd9\x84\xd8\xb9\xd9\x85\xd9\x84"));
    assert_true(name_ok("\xc2\xa0")); /* U+00A0, the first after C1 */
    assert_true(name_ok("a\xe2\x80\x8f"
                        "b"));            /* U+200F, a mark, is needed in Arabic text */
    assert_true(name_ok("\xe2\x80\xaf")); /* U+202F */
    assert_false(name_ok(""));
    assert_false(identity_name_ok("a\0b", 3));
    assert_false(name_ok("a\nb"));
    assert_false(name_ok("a\x1b[31m"));
    assert_false(name_ok("a\x7f"));
    assert_false(name_ok("a\xc2\x80"));
    assert_false(name_ok("a\xc2\x9f"));
    assert_false(name_ok("a\xe2\x80\xa8"));
    assert_false(name_ok("a\xe2\x80\xae"
                         "b"));
    assert_false(name_ok("a\xe2\x81\xa6"));
    assert_false(name_ok("a\xe2\x81\xa9"));
    assert_true(name_ok("a\xe2\x81\xaa"));
    assert_false(name_ok("a\xff"));
    memset(text, 'a', sizeof text);
    assert_true(identity_name_ok(text, 255));
    assert_false(identity_name_ok(text, 256));
}

static void languages(void **state)
{
    (void)state;
    char text[37];
    assert_true(identity_lang_ok("fr", 2));
    assert_true(identity_lang_ok("zh-Hant-TW", 10));
    assert_true(identity_lang_ok("es-419", 6));
    assert_false(identity_lang_ok("", 0));
    assert_false(identity_lang_ok("4r", 2));
    assert_false(identity_lang_ok("fr_FR", 5));
    assert_false(identity_lang_ok("fr ", 3));
    memset(text, 'a', sizeof text);
    assert_true(identity_lang_ok(text, 35));
    assert_false(identity_lang_ok(text, 36));
}

static void commitments_are_as_defined(void **state)
{
    (void)state;
    struct sample_office office;
    struct gmm_id expected;
    uint8_t joined[64];
    sample_office(&office, 1);
    hash_h(&expected, LABEL_NEXT_ROOT, office.next_root_pk.b, 32);
    assert_true(id_equal(&office.next_commit, &expected));
    memcpy(joined, office.root_pk.b, 32);
    memcpy(joined + 32, office.next_commit.b, 32);
    hash_h(&expected, LABEL_PID, joined, sizeof joined);
    assert_true(id_equal(&office.pid, &expected));
}

/* The points of low order on the curve and its twist, and encodings that are not canonical. */
static void unusable_dh_keys(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 9 again */
        "0900000000000000000000000000000000000000000000000000000000000080",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    static const char *const good[] = {
        "0900000000000000000000000000000000000000000000000000000000000000",
        "e4ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* -9 */
        "edfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe7f",
    };
    struct gmm_id pk, other;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(id_from_hex(&pk, bad[i], GMM_ID_HEX));
        assert_int_equal(identity_check_dh_pk(&pk), GMM_EKEY);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(id_from_hex(&pk, good[i], GMM_ID_HEX));
        assert_int_equal(identity_check_dh_pk(&pk), GMM_OK);
    }
    assert_true(id_from_hex(&pk, good[0], GMM_ID_HEX) && id_from_hex(&other, good[1], GMM_ID_HEX));
    assert_int_equal(identity_check_dh_pair(&pk, &other), GMM_OK);
    assert_int_equal(identity_check_dh_pair(&pk, &pk), GMM_EKEY);
    assert_true(id_from_hex(&other, bad[2], GMM_ID_HEX));
    assert_int_equal(identity_check_dh_pair(&pk, &other), GMM_EKEY);
    assert_int_equal(identity_check_dh_pair(&other, &pk), GMM_EKEY);
}

static struct identity_rotation sample_rotation(const struct sample_office *office)
{
    return (struct identity_rotation){
        .nid = sample_id(7),
        .pid = office->pid,
        .root_pk = office->next_root_pk,
        .next_commit = sample_id(9),
        .n = 1,
    };
}

static void rotation_round_trip(void **state)
{
    (void)state;
    struct sample_office office;
    uint8_t bytes[IDENTITY_ROTATION_BYTES + 1] = {0}, again[IDENTITY_ROTATION_BYTES];
    sample_office(&office, 1);
    struct identity_rotation rotation = sample_rotation(&office), read;
    struct gmm_id other = sample_id(8);
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.next_root_sk), GMM_OK);
    assert_int_equal(identity_rotation_open(&read, NULL, bytes, IDENTITY_ROTATION_BYTES), GMM_OK);
    assert_int_equal(identity_rotation_open(&read, &rotation.nid, bytes, IDENTITY_ROTATION_BYTES), GMM_OK);
    assert_true(id_equal(&read.nid, &rotation.nid) && id_equal(&read.pid, &rotation.pid));
    assert_true(id_equal(&read.root_pk, &rotation.root_pk) && id_equal(&read.next_commit, &rotation.next_commit));
    assert_int_equal(read.n, 1);
    assert_int_equal(identity_rotation_make(again, &read, office.next_root_sk), GMM_OK);
    assert_memory_equal(bytes, again, sizeof again);

    assert_int_equal(identity_rotation_open(&read, &other, bytes, IDENTITY_ROTATION_BYTES), GMM_ENETWORK);
    for (size_t n = 0; n < IDENTITY_ROTATION_BYTES; n++)
        assert_int_equal(identity_rotation_open(&read, NULL, bytes, n), GMM_EFORMAT);
    assert_int_equal(identity_rotation_open(&read, NULL, bytes, IDENTITY_ROTATION_BYTES + 1), GMM_EFORMAT);
    for (size_t bit = 0; bit < 8 * IDENTITY_ROTATION_BYTES; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(identity_rotation_open(&read, NULL, bytes, IDENTITY_ROTATION_BYTES), GMM_OK);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    bytes[0] = 2;
    assert_int_equal(identity_rotation_open(&read, NULL, bytes, IDENTITY_ROTATION_BYTES), GMM_EVERSION);
}

/* What earlier roots signed and a later one lets stand. */
static void rotation_names_what_stands(void **state)
{
    (void)state;
    struct sample_office office;
    uint8_t names[3 * 32], *bytes = malloc(IDENTITY_ROTATION_BYTES + 32 * (LIMIT_ROTATION_NAMES + 1));
    assert_non_null(bytes);
    sample_office(&office, 1);
    for (uint8_t i = 0; i < 3; i++)
        memset(names + 32 * i, 10 * (i + 1), 32);
    struct identity_rotation rotation = sample_rotation(&office), read;
    rotation.standing = names;
    rotation.standing_count = 3;
    size_t len = identity_rotation_size(&rotation);
    assert_int_equal(len, IDENTITY_ROTATION_BYTES + 96);
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.next_root_sk), GMM_OK);
    assert_int_equal(identity_rotation_open(&read, NULL, bytes, len), GMM_OK);
    assert_int_equal(read.standing_count, 3);
    for (unsigned i = 0; i < 40; i++) {
        const struct gmm_id name = sample_id((uint8_t)i);
        assert_int_equal(identity_rotation_names(&read, &name), i > 0 && i % 10 == 0);
    }
    for (size_t n = 0; n < len; n++)
        assert_int_not_equal(identity_rotation_open(&read, NULL, bytes, n), GMM_OK);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(identity_rotation_open(&read, NULL, bytes, len), GMM_OK);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memset(names + 32, 10, 32); /* one twice */
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.next_root_sk), GMM_EFORMAT);
    memset(names + 32, 40, 32); /* out of order */
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.next_root_sk), GMM_EFORMAT);

    uint8_t *many = calloc(LIMIT_ROTATION_NAMES + 1, 32);
    assert_non_null(many);
    for (uint32_t i = 0; i <= LIMIT_ROTATION_NAMES; i++)
        bytes_store_u32(many + (size_t)32 * i, i);
    rotation.standing = many;
    rotation.standing_count = LIMIT_ROTATION_NAMES;
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.next_root_sk), GMM_OK);
    rotation.standing_count++;
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.next_root_sk), GMM_ELIMIT);
    free(many);
    free(bytes);
}

static void rotation_refused(void **state)
{
    (void)state;
    struct sample_office office;
    uint8_t bytes[IDENTITY_ROTATION_BYTES];
    sample_office(&office, 1);
    struct identity_rotation rotation = sample_rotation(&office);
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.root_sk), GMM_EKEY);
    rotation.n = 0;
    assert_int_equal(identity_rotation_make(bytes, &rotation, office.next_root_sk), GMM_EFORMAT);
    rotation.n = 1;
    memset(&rotation.root_pk, 0, sizeof rotation.root_pk);
    uint8_t sk[64] = {0};
    assert_int_equal(identity_rotation_make(bytes, &rotation, sk), GMM_EKEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(ids_and_offices),
        cmocka_unit_test(names),
        cmocka_unit_test(languages),
        cmocka_unit_test(commitments_are_as_defined),
        cmocka_unit_test(unusable_dh_keys),
        cmocka_unit_test(rotation_round_trip),
        cmocka_unit_test(rotation_names_what_stands),
        cmocka_unit_test(rotation_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
