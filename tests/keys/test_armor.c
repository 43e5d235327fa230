#include "keys/armor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "keys/hash.h"
#include "keys/labels.h"
#include "keys/limits.h"
#include "tests/lib/failmalloc.h"

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

/* Expects the code; frees what came. */
static enum gmm_err try_read(const char *kind, const char *text, struct gmm_msg *msg)
{
    uint8_t *bytes;
    size_t len;
    enum gmm_err err = armor_read(&bytes, &len, kind, text, strlen(text), msg);
    assert_int_equal(err == GMM_OK, bytes != NULL);
    if (err != GMM_OK)
        assert_int_equal(len, 0);
    free(bytes);
    return err;
}

static void as_defined(void **state)
{
    (void)state;
    struct buffer b;
    struct gmm_id digest;
    char expected[64];
    uint8_t bytes[2 + 4] = {0xfb, 0xff};
    hash_h(&digest, LABEL_ARMOR, "card\xfb\xff", 6);
    memcpy(bytes + 2, digest.b, 4);
    memcpy(expected, "gmm-card1:", 10);
    sodium_bin2base64(expected + 10, sizeof expected - 10, bytes, sizeof bytes,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buffer_init(&b, strlen(expected));
    assert_int_equal(armor_write(&b, "card", bytes, 2), GMM_OK);
    assert_int_equal(b.len, strlen(expected));
    assert_memory_equal(b.p, expected, b.len);
    buffer_close(&b);
}

static void round_trips(void **state)
{
    (void)state;
    static const char *const kinds[] = {"card", "invite", "join", "welcome"};
    uint8_t data[200];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(7 * i + 0xf0);
    for (size_t k = 0; k < 4; k++) {
        for (size_t n = 0; n <= sizeof data; n++) {
            struct buffer b;
            uint8_t *bytes;
            size_t len;
            struct gmm_msg msg;
            buffer_init(&b, 4096);
            buffer_put(&b, " \r\n\t", 4);
            assert_int_equal(armor_write(&b, kinds[k], data, n), GMM_OK);
            for (size_t i = 4; i < b.len; i++)
                assert_true(b.p[i] > ' ' && b.p[i] < 0x7f);
            buffer_put(&b, "\r\n \t", 4);
            assert_int_equal(armor_read(&bytes, &len, kinds[k], (const char *)b.p, b.len, &msg), GMM_OK);
            assert_int_equal(len, n);
            if (n > 0)
                assert_memory_equal(bytes, data, n);
            free(bytes);
            assert_int_equal(armor_read(&bytes, &len, kinds[(k + 1) % 4], (const char *)b.p, b.len, &msg), GMM_EFORMAT);
            assert_non_null(strstr(msg.text, kinds[k]));
            assert_non_null(strstr(msg.text, kinds[(k + 1) % 4]));
            assert_null(bytes);
            buffer_close(&b);
        }
    }
}

/* Any one character mistyped, missing, doubled, or exchanged with its neighbour. */
static void mistyped(void **state)
{
    (void)state;
    struct buffer b;
    char text[128];
    buffer_init(&b, 4096);
    assert_int_equal(armor_write(&b, "invite", "some thirty bytes of an invite", 30), GMM_OK);
    buffer_put_u8(&b, 0);
    size_t len = b.len - 1, head = strlen("gmm-invite1:");
    const char *good = (const char *)b.p;
    assert_int_equal(try_read("invite", good, NULL), GMM_OK);
    for (size_t at = head; at < len; at++) {
        for (unsigned c = 1; c < 256; c++) {
            memcpy(text, good, len + 1);
            if (text[at] == (char)c)
                continue;
            text[at] = (char)c;
            assert_int_equal(try_read("invite", text, NULL), GMM_ECORRUPT);
        }
        memcpy(text, good, at);
        memcpy(text + at, good + at + 1, len - at);
        assert_int_equal(try_read("invite", text, NULL), GMM_ECORRUPT);
        memcpy(text, good, at + 1);
        memcpy(text + at + 1, good + at, len - at + 1);
        assert_int_equal(try_read("invite", text, NULL), GMM_ECORRUPT);
        memcpy(text, good, len + 1);
        text[at] = '\0';
        assert_int_equal(try_read("invite", text, NULL), GMM_ECORRUPT);
        if (at + 1 < len && good[at] != good[at + 1]) {
            memcpy(text, good, len + 1);
            text[at] = good[at + 1];
            text[at + 1] = good[at];
            assert_int_equal(try_read("invite", text, NULL), GMM_ECORRUPT);
        }
    }
    for (size_t at = 0; at < head; at++) {
        memcpy(text, good, len + 1);
        text[at] = '\0';
        assert_int_equal(try_read("invite", text, NULL), GMM_EFORMAT);
        text[at] = '!';
        assert_int_equal(try_read("invite", text, NULL), GMM_EFORMAT);
    }
    buffer_close(&b);
}

static void heads(void **state)
{
    (void)state;
    struct gmm_msg msg;
    static const char *const bad[] = {"",       "gmm",        "gmm-",       "gmm-card",    "gmm-card1",
                                      "gmm-1:", "gmm-card:x", "GMM-card1:", "gmm_card1:x", "gmm-Card1:",
                                      "card1:", "gmm-card1x:"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(try_read("card", bad[i], &msg), GMM_EFORMAT);
        assert_non_null(strstr(msg.text, "gmm-card1:"));
    }
    assert_int_equal(try_read("card", "gmm-card1:", &msg), GMM_ECORRUPT); /* cut */
    assert_int_equal(try_read("card", "gmm-card1:A", &msg), GMM_ECORRUPT);
    assert_int_equal(try_read("card", "gmm-card2:AAAA", &msg), GMM_EVERSION);
    assert_non_null(strstr(msg.text, "later"));
    assert_int_equal(try_read("card", "gmm-card10:AAAA", &msg), GMM_EVERSION);
    assert_int_equal(try_read("card", "gmm-card01:AAAA", &msg), GMM_EVERSION);
    assert_int_equal(try_read("card", "gmm-cards1:AAAA", &msg), GMM_EFORMAT);
    assert_int_equal(try_read("card", "gmm-car1:AAAA", &msg), GMM_EFORMAT);
    assert_int_equal(try_read("card", "gmm-abcdefghijklmnopqrstuvwxyz1:AAAA", &msg), GMM_EFORMAT);
    uint8_t *bytes;
    size_t len;
    assert_int_equal(armor_read(&bytes, &len, "card", NULL, 0, NULL), GMM_EFORMAT);
    assert_int_equal(armor_read(&bytes, &len, "card", " \n", 2, NULL), GMM_EFORMAT);
}

static void bounds(void **state)
{
    (void)state;
    static uint8_t data[LIMIT_ARMOR_BYTES + 1];
    struct buffer b;
    uint8_t *bytes;
    size_t len, most = (LIMIT_ARMOR_BYTES - strlen("gmm-card1:")) / 4 * 3 - 4;
    buffer_init(&b, 1u << 20);
    while (armor_write(&b, "card", data, most) == GMM_OK) {
        most++;
        assert_true(b.len <= LIMIT_ARMOR_BYTES);
        buffer_close(&b);
    }
    assert_int_equal(b.len, 0);
    assert_int_equal(b.failed, GMM_OK);
    assert_int_equal(armor_write(&b, "card", data, sizeof data), GMM_ELIMIT);
    assert_int_equal(armor_write(&b, "card", data, SIZE_MAX), GMM_ELIMIT);
    assert_int_equal(armor_write(&b, "card", data, most - 1), GMM_OK);
    assert_true(b.len > LIMIT_ARMOR_BYTES - 4);
    assert_int_equal(armor_read(&bytes, &len, "card", (const char *)b.p, b.len, NULL), GMM_OK);
    assert_int_equal(len, most - 1);
    free(bytes);
    while (b.len <= LIMIT_ARMOR_BYTES)
        buffer_put_u8(&b, 'A');
    assert_int_equal(armor_read(&bytes, &len, "card", (const char *)b.p, b.len, NULL), GMM_ELIMIT);
    assert_null(bytes);
    buffer_close(&b);

    /* a welcome may be longer, and is not taken for anything else */
    assert_int_equal(armor_write(&b, "welcome", data, most), GMM_OK);
    assert_int_equal(armor_read(&bytes, &len, "welcome", (const char *)b.p, b.len, NULL), GMM_OK);
    assert_int_equal(len, most);
    free(bytes);
    assert_int_equal(armor_read(&bytes, &len, "card", (const char *)b.p, b.len, NULL), GMM_ELIMIT);
    buffer_close(&b);
    assert_int_equal(armor_write(&b, "welcome", data, LIMIT_WELCOME_ARMOR), GMM_ELIMIT);
    assert_int_equal(b.len, 0);
}

static void without_memory_or_room(void **state)
{
    (void)state;
    struct buffer b;
    uint8_t *bytes;
    size_t len;
    for (size_t max = 0; max < 27; max++) {
        buffer_init(&b, max);
        assert_int_equal(armor_write(&b, "join", "ten bytes!", 10), GMM_ELIMIT);
        assert_int_equal(b.len, 0);
        buffer_close(&b);
    }
    buffer_init(&b, 4096);
    failmalloc_at(0);
    assert_int_equal(armor_write(&b, "join", "ten bytes!", 10), GMM_ENOMEM);
    assert_true(failmalloc_off());
    buffer_close(&b);
    assert_int_equal(armor_write(&b, "join", "ten bytes!", 10), GMM_OK);
    failmalloc_at(0);
    assert_int_equal(armor_read(&bytes, &len, "join", (const char *)b.p, b.len, NULL), GMM_ENOMEM);
    assert_true(failmalloc_off());
    assert_null(bytes);
    buffer_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_defined), cmocka_unit_test(round_trips), cmocka_unit_test(mistyped),
        cmocka_unit_test(heads),      cmocka_unit_test(bounds),      cmocka_unit_test(without_memory_or_room),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
