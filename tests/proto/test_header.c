#include "proto/header.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/labels.h"

static struct gmm_id filled(uint8_t byte)
{
    struct gmm_id id;
    memset(id.b, byte, sizeof id.b);
    return id;
}

/* A sealed entry of a group. */
static struct header sealed(void)
{
    return (struct header){.version = 1,
                           .suite = 1,
                           .type = HEADER_DOCUMENT,
                           .network = filled(1),
                           .group = filled(2),
                           .author = filled(3),
                           .instance = UINT64_C(0x0102030405060708),
                           .seq = 9,
                           .prev = filled(4),
                           .time = UINT64_C(0x1122334455660001),
                           .epoch = filled(5),
                           .body_len = 0x01020,
                           .body_hash = filled(6)};
}

static enum gmm_err decode(const struct header *h)
{
    uint8_t bytes[HEADER_BYTES];
    struct header read;
    header_encode(bytes, h);
    return header_decode(&read, bytes);
}

static void layout(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_BYTES];
    struct header h = sealed(), read;
    header_encode(bytes, &h);
    assert_int_equal(bytes[0], 1);
    assert_int_equal(bytes[1], 1);
    assert_int_equal(bytes_load_u16(bytes + 2), HEADER_DOCUMENT);
    assert_int_equal(bytes_load_u32(bytes + 4), 0);
    assert_int_equal(bytes[8], 1);
    assert_int_equal(bytes[40], 2);
    assert_int_equal(bytes[72], 3);
    assert_true(bytes_load_u64(bytes + 104) == h.instance);
    assert_true(bytes_load_u64(bytes + 112) == 9);
    assert_int_equal(bytes[120], 4);
    assert_true(bytes_load_u64(bytes + HEADER_TIME_AT) == h.time);
    assert_int_equal(bytes[160], 5);
    assert_int_equal(bytes_load_u32(bytes + 192), h.body_len);
    assert_int_equal(bytes[196], 6);
    assert_int_equal(bytes[227], 6);
    assert_int_equal(header_decode(&read, bytes), GMM_OK);
    assert_true(read.type == h.type && read.instance == h.instance && read.seq == h.seq && read.time == h.time);
    assert_true(id_equal(&read.network, &h.network) && id_equal(&read.group, &h.group));
    assert_true(id_equal(&read.author, &h.author) && id_equal(&read.prev, &h.prev));
    assert_true(id_equal(&read.epoch, &h.epoch) && id_equal(&read.body_hash, &h.body_hash));
    assert_int_equal(read.body_len, h.body_len);
}

static void versions(void **state)
{
    (void)state;
    struct header h = sealed();
    h.version = 2;
    assert_int_equal(decode(&h), GMM_EVERSION);
    h.version = 1;
    h.suite = 0;
    assert_int_equal(decode(&h), GMM_EVERSION);
}

static void flags_are_refused(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        struct header h = sealed();
        h.flags = UINT32_C(1) << bit;
        assert_int_equal(decode(&h), GMM_EFORMAT);
    }
}

/* Which types stand where, at each boundary. */
static void types(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        bool group, epoch;
        enum gmm_err err;
    } cases[] = {
        {0, false, false, GMM_EFORMAT},
        {1, false, false, GMM_OK},
        {31, false, false, GMM_OK},
        {1, true, false, GMM_EFORMAT},
        {31, true, false, GMM_EFORMAT},
        {31, false, true, GMM_EFORMAT},
        {32, true, false, GMM_OK},
        {63, true, false, GMM_OK},
        {32, false, false, GMM_EFORMAT},
        {63, false, false, GMM_EFORMAT},
        {63, true, true, GMM_EFORMAT},
        {64, true, true, GMM_OK},
        {64, true, false, GMM_EFORMAT},
        {64, false, true, GMM_EFORMAT},
        {64, false, false, GMM_EFORMAT},
        {UINT16_MAX, true, true, GMM_OK},
        {UINT16_MAX, true, false, GMM_EFORMAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct header h = sealed();
        h.type = cases[i].type;
        h.group = filled(cases[i].group ? 2 : 0);
        h.epoch = filled(cases[i].epoch ? 5 : 0);
        assert_int_equal(decode(&h), cases[i].err);
    }
}

static void body_lengths(void **state)
{
    (void)state;
    struct header h = sealed();
    h.body_len = 0;
    assert_int_equal(decode(&h), GMM_EFORMAT);
    h.body_len = 1;
    assert_int_equal(decode(&h), GMM_OK);
    h.body_len = LIMIT_BODY_BYTES;
    assert_int_equal(decode(&h), GMM_OK);
    h.body_len = LIMIT_BODY_BYTES + 1;
    assert_int_equal(decode(&h), GMM_ELIMIT);
}

static void hashes(void **state)
{
    (void)state;
    uint8_t bytes[HEADER_BYTES], input[32 * 3 + 8];
    struct header h = sealed();
    struct gmm_id id, expected;
    header_encode(bytes, &h);
    header_id(&id, bytes);
    hash_h(&expected, LABEL_ENTRY, bytes, sizeof bytes);
    assert_true(id_equal(&id, &expected));
    header_body_hash(&id, "body", 4);
    hash_h(&expected, LABEL_BODY, "body", 4);
    assert_true(id_equal(&id, &expected));
    memcpy(input, h.network.b, 32);
    memcpy(input + 32, h.group.b, 32);
    memcpy(input + 64, h.author.b, 32);
    bytes_store_u64(input + 96, h.instance);
    header_log0(&id, &h.network, &h.group, &h.author, h.instance);
    hash_h(&expected, LABEL_LOG0, input, sizeof input);
    assert_true(id_equal(&id, &expected));
}

static void next_times(void **state)
{
    (void)state;
    assert_true(header_time_next(0, 5) == 5u << 16);
    assert_true(header_time_next(5u << 16, 5) == (5u << 16) + 1);
    assert_true(header_time_next((5u << 16) + 0xffff, 5) == 6u << 16);
    assert_true(header_time_next(9u << 16, 5) == (9u << 16) + 1);
    assert_true(header_time_next((5u << 16) + 7, 6) == 6u << 16);
    assert_true(header_time_ms(header_time_next(0, UINT64_MAX)) == UINT64_MAX >> 16);
    assert_true(header_time_next(UINT64_MAX, 1) == UINT64_MAX);
}

/* What the table of types in docs/protocol.md, section 12, names has that word in `gmm log`, and nothing else has one.
 */
static unsigned words_of(const char *line)
{
    unsigned found = 0;
    for (const char *at = line + strcspn(line, "0123456789"); *at != '\0'; at += strcspn(at, "0123456789")) {
        char word[32];
        char *end;
        unsigned long type = strtoul(at, &end, 10);
        size_t n = *end == ' ' ? strspn(end + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") : 0;
        at = end;
        if (n == 0 || n >= sizeof word)
            continue; /* a section's number */
        for (size_t i = 0; i < n; i++)
            word[i] = end[1 + i] == '_' ? '-' : (char)tolower((unsigned char)end[1 + i]);
        word[n] = '\0';
        if (header_type_text((unsigned)type) == NULL)
            fail_msg("type %lu (%s) has no word", type, word);
        assert_string_equal(header_type_text((unsigned)type), word);
        assert_int_equal(header_type_from_text(word), type);
        found++;
    }
    return found;
}

static void words(void **state)
{
    (void)state;
    char path[4096], line[1024];
    const char *source = getenv("GMM_SOURCE");
    unsigned found = 0, known = 0;
    if (source == NULL)
        skip(); /* run by ctest, which names the source */
    snprintf(path, sizeof path, "%s/docs/protocol.md", source);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL && strncmp(line, "| type | ", 9) != 0)
        ;
    while (fgets(line, sizeof line, f) != NULL && line[0] == '|')
        found += words_of(line);
    fclose(f);
    for (unsigned type = 0; type <= UINT16_MAX; type++)
        known += header_type_text(type) != NULL;
    assert_int_equal(found, known);
    assert_true(known > 0);
    assert_int_equal(header_type_from_text("nonsense"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout), cmocka_unit_test(versions),   cmocka_unit_test(flags_are_refused),
        cmocka_unit_test(types),  cmocka_unit_test(words),      cmocka_unit_test(body_lengths),
        cmocka_unit_test(hashes), cmocka_unit_test(next_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
