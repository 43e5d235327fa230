/* "A body re-headed under another author fails to open": and under any other changed header, with any secret at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/seal.h"

static const uint8_t epoch_secret[32] = {0xe1}, other_secret[32] = {0xe2}, node_secret[32] = {1}, entropy[32] = {2};

/* Where a header's fields stand (protocol: Log and entry). */
static const struct {
    const char *name;
    size_t at, len;
} fields[] = {{"version", 0, 1},  {"suite", 1, 1},   {"type", 2, 2},     {"flags", 4, 4},
              {"network", 8, 32}, {"group", 40, 32}, {"author", 72, 32}, {"instance", 104, 8},
              {"seq", 112, 8},    {"prev", 120, 32}, {"time", 152, 8},   {"epoch", 160, 32}};

static void make_header(uint8_t prefix[192])
{
    memset(prefix, 0, 192);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        memset(prefix + fields[i].at, (int)(i + 1), fields[i].len);
}

static enum gmm_err open_under(const uint8_t secret[32], const uint8_t prefix[192], const uint8_t *body, size_t len)
{
    uint8_t *plain;
    size_t n;
    enum seal_compression compression;
    enum gmm_err err = seal_open(&plain, &n, &compression, secret, prefix, body, len);
    if (err != GMM_OK)
        assert_null(plain);
    seal_free(plain, n);
    return err;
}

static void another_header_does_not_open_it(void **state)
{
    (void)state;
    static const char text[] = "the author's words";
    uint8_t prefix[192], other[192], body[512];
    size_t size = seal_size(sizeof text), covered = 0;
    make_header(prefix);
    assert_true(size <= sizeof body);
    assert_int_equal(seal_body(body, epoch_secret, prefix, SEAL_PLAIN, text, sizeof text, node_secret, entropy),
                     GMM_OK);
    assert_int_equal(open_under(epoch_secret, prefix, body, size), GMM_OK);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        memcpy(other, prefix, sizeof other);
        memset(other + fields[i].at, 0x5c, fields[i].len);
        assert_int_equal(open_under(epoch_secret, other, body, size), GMM_EDECRYPT);
        assert_int_equal(open_under(other_secret, other, body, size), GMM_EDECRYPT);
        assert_int_equal(fields[i].at, covered);
        covered += fields[i].len;
    }
    assert_int_equal(covered, sizeof prefix);
}

/* The thief is a member, has the secret, and takes the sealed bytes over into an entry of its own log: what readers see
 * there is not the author's text under another name, but nothing. Only sealing the text anew gives a body of its own.
 */
static void a_member_cannot_take_over_a_body(void **state)
{
    (void)state;
    uint8_t authors[192], thiefs[192], body[512], own[512];
    size_t size = seal_size(4);
    make_header(authors);
    memcpy(thiefs, authors, sizeof thiefs);
    memset(thiefs + 72, 0x77, 32);
    assert_int_equal(seal_body(body, epoch_secret, authors, SEAL_PLAIN, "text", 4, node_secret, entropy), GMM_OK);
    assert_int_equal(open_under(epoch_secret, thiefs, body, size), GMM_EDECRYPT);
    memset(thiefs + 104, 0x78, 8);
    assert_int_equal(open_under(epoch_secret, thiefs, body, size), GMM_EDECRYPT);
    assert_int_equal(seal_body(own, epoch_secret, thiefs, SEAL_PLAIN, "text", 4, node_secret, entropy), GMM_OK);
    assert_int_equal(open_under(epoch_secret, thiefs, own, size), GMM_OK);
    assert_memory_not_equal(own, body, size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_header_does_not_open_it),
        cmocka_unit_test(a_member_cannot_take_over_a_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
