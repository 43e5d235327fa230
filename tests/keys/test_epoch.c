#include "keys/epoch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

#define TARGETS 4

static const struct gmm_id nid = {{1}}, gid = {{2}}, author = {{3}}, other = {{4}};
static const struct epoch_context ctx = {.nid = &nid, .gid = &gid, .author = &author};
static const uint8_t eph_sk[32] = {5, 5}, wrap_eph_sk[32] = {6, 6};
static uint8_t secret[32], parent_secret[2][32], wrap_sk[TARGETS][32];
static struct epoch_target targets[TARGETS];
static const struct gmm_id parents[2] = {{{0xb1}}, {{0xa1}}};
static const uint8_t *const parent_secrets[2] = {parent_secret[0], parent_secret[1]};

static int start(void **state)
{
    (void)state;
    memset(secret, 0x5e, sizeof secret);
    memset(parent_secret[0], 0x10, 32);
    memset(parent_secret[1], 0x11, 32);
    for (size_t i = 0; i < TARGETS; i++) {
        memset(wrap_sk[i], (int)(0x70 + i), 32);
        crypto_scalarmult_base(targets[i].wrap_pk.b, wrap_sk[i]);
        memset(targets[i].sign_pk.b, (int)(0x90 - i), 32); /* not sorted */
    }
    return sodium_init() < 0;
}

static void make(struct epoch *epoch)
{
    assert_int_equal(epoch_make(epoch, &ctx, 9, EPOCH_DOMAIN_INHERITED, parents, parent_secrets, 2, true, targets,
                                TARGETS, secret, eph_sk),
                     GMM_OK);
}

static void encode(struct buffer *out, const struct epoch *epoch)
{
    buffer_init(out, LIMIT_BODY_BYTES);
    assert_int_equal(epoch_encode(out, epoch), GMM_OK);
}

static enum gmm_err decode(const uint8_t *bytes, size_t len)
{
    struct epoch epoch;
    enum gmm_err err = epoch_decode(&epoch, bytes, len);
    if (err != GMM_OK)
        assert_null(epoch.recipients);
    epoch_close(&epoch);
    return err;
}

static void recipients_get_the_secret(void **state)
{
    (void)state;
    struct epoch epoch;
    uint8_t got[32];
    make(&epoch);
    assert_int_equal(epoch.recipient_count, TARGETS);
    for (size_t i = 0; i < TARGETS; i++) {
        assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[i].sign_pk, wrap_sk[i]), GMM_OK);
        assert_memory_equal(got, secret, 32);
        assert_non_null(epoch_find(&epoch, &targets[i].sign_pk));
        if (i > 0)
            assert_true(id_compare(&epoch.recipients[i - 1].sign_pk, &epoch.recipients[i].sign_pk) < 0);
    }
    assert_null(epoch_find(&epoch, &other));
    assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &other, wrap_sk[0]), GMM_ENOTFOUND);
    assert_true(sodium_is_zero(got, 32));
    assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[0].sign_pk, wrap_sk[1]), GMM_ENOTFOUND);
    assert_int_equal(epoch_check(&epoch, &ctx, secret), GMM_OK);
    assert_int_equal(epoch_check(&epoch, &ctx, parent_secret[0]), GMM_EDECRYPT);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(epoch_unwrap_parent(got, &epoch, i, secret), GMM_OK);
        assert_memory_equal(got, parent_secret[i], 32);
        assert_int_equal(epoch_unwrap_parent(got, &epoch, i, parent_secret[0]), GMM_EDECRYPT);
        assert_true(sodium_is_zero(got, 32));
    }
    assert_int_equal(epoch_unwrap_parent(got, &epoch, 2, secret), GMM_ENOTFOUND);
    epoch_close(&epoch);
}

static void history_is_wrapped_only_when_asked_and_held(void **state)
{
    (void)state;
    const uint8_t *const second[2] = {NULL, parent_secret[1]};
    struct epoch epoch;
    uint8_t got[32];
    assert_int_equal(
        epoch_make(&epoch, &ctx, 2, EPOCH_DOMAIN_NEW, parents, parent_secrets, 2, false, targets, 1, secret, eph_sk),
        GMM_OK);
    assert_int_equal(epoch.history_count, 0);
    assert_int_equal(epoch_unwrap_parent(got, &epoch, 0, secret), GMM_ENOTFOUND);
    epoch_close(&epoch);
    assert_int_equal(
        epoch_make(&epoch, &ctx, 2, EPOCH_DOMAIN_NEW, parents, second, 2, true, targets, 1, secret, eph_sk), GMM_OK);
    assert_int_equal(epoch.history_count, 1);
    assert_int_equal(epoch_unwrap_parent(got, &epoch, 0, secret), GMM_ENOTFOUND);
    assert_true(sodium_is_zero(got, 32));
    assert_int_equal(epoch_unwrap_parent(got, &epoch, 1, secret), GMM_OK);
    assert_memory_equal(got, parent_secret[1], 32);
    epoch_close(&epoch);
}

static enum gmm_err make_with(uint32_t gen, unsigned domain, const struct gmm_id *from, size_t parent_count,
                              const struct epoch_target *to, size_t target_count)
{
    struct epoch epoch;
    enum gmm_err err = epoch_make(&epoch, &ctx, gen, domain == 0 ? EPOCH_DOMAIN_NEW : EPOCH_DOMAIN_INHERITED, from,
                                  NULL, parent_count, false, to, target_count, secret, eph_sk);
    if (err != GMM_OK)
        assert_null(epoch.recipients);
    epoch_close(&epoch);
    return err;
}

static void wrong_epochs_are_not_made(void **state)
{
    (void)state;
    struct epoch_target twice[2] = {targets[0], targets[0]}, low[2] = {targets[0], targets[1]};
    const struct gmm_id same[2] = {{{1}}, {{1}}};
    struct gmm_id many[LIMIT_EPOCH_PARENTS + 1];
    for (size_t i = 0; i <= LIMIT_EPOCH_PARENTS; i++)
        many[i] = (struct gmm_id){{(uint8_t)i}};
    memset(&low[1].wrap_pk, 0, sizeof low[1].wrap_pk);
    assert_int_equal(make_with(1, 0, NULL, 0, targets, 1), GMM_OK);
    assert_int_equal(make_with(2, 1, many, LIMIT_EPOCH_PARENTS, targets, 1), GMM_OK);
    assert_int_equal(make_with(0, 0, NULL, 0, targets, 1), GMM_EFORMAT);
    assert_int_equal(make_with(2, 0, NULL, 0, targets, 1), GMM_EFORMAT);
    assert_int_equal(make_with(1, 0, parents, 1, targets, 1), GMM_EFORMAT);
    assert_int_equal(make_with(1, 1, NULL, 0, targets, 1), GMM_EFORMAT);
    assert_int_equal(make_with(2, 0, same, 2, targets, 1), GMM_EFORMAT);
    assert_int_equal(make_with(2, 0, many, LIMIT_EPOCH_PARENTS + 1, targets, 1), GMM_ELIMIT);
    assert_int_equal(make_with(1, 0, NULL, 0, targets, 0), GMM_EFORMAT);
    assert_int_equal(make_with(1, 0, NULL, 0, targets, LIMIT_OFFICES + 1), GMM_ELIMIT);
    assert_int_equal(make_with(1, 0, NULL, 0, twice, 2), GMM_EFORMAT);
    assert_int_equal(make_with(1, 0, NULL, 0, low, 2), GMM_EKEY);
}

/* Each thing that surrounds an epoch is bound into wraps or commitment. */
static void wraps_are_bound_to_their_context(void **state)
{
    (void)state;
    struct epoch epoch;
    uint8_t got[32];
    const struct epoch_context nets = {.nid = &other, .gid = &gid, .author = &author},
                               groups = {.nid = &nid, .gid = &other, .author = &author},
                               authors = {.nid = &nid, .gid = &gid, .author = &other};
    make(&epoch);
    assert_int_equal(epoch_unwrap(got, &epoch, &nets, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
    assert_int_equal(epoch_unwrap(got, &epoch, &groups, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
    assert_int_equal(epoch_unwrap(got, &epoch, &authors, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
    assert_int_equal(epoch_check(&epoch, &nets, secret), GMM_EDECRYPT);
    assert_int_equal(epoch_check(&epoch, &groups, secret), GMM_EDECRYPT);
    epoch.gen++;
    assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
    assert_int_equal(epoch_check(&epoch, &ctx, secret), GMM_EDECRYPT);
    epoch.gen--;
    /* A parent's wrap put under another parent's name. */
    memcpy(epoch.history[1].wrap, epoch.history[0].wrap, EPOCH_WRAP_BYTES);
    assert_int_equal(epoch_unwrap_parent(got, &epoch, 1, secret), GMM_EDECRYPT);
    /* One recipient's wrap put under another's name. */
    struct epoch_recipient *last = &epoch.recipients[TARGETS - 1]; /* of targets[0] */
    memcpy(last->wrap, epoch.recipients[0].wrap, EPOCH_WRAP_BYTES);
    assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
    assert_true(sodium_is_zero(got, 32));
    epoch_close(&epoch);
}

/* By hand, after the header's words. */
static void kek_by_hand(uint8_t kek[32], const struct epoch *epoch, const struct gmm_id *eph_pk,
                        const struct epoch_target *target, const uint8_t sk[32])
{
    uint8_t shared[32], bytes[9 + 32 * 3 + 4 + 32 * 5] = "\x08GMM1/kek", *at = bytes + 9;
    assert_int_equal(crypto_scalarmult(shared, sk, target->wrap_pk.b), 0);
    memcpy(at, nid.b, 32);
    memcpy(at + 32, gid.b, 32);
    memcpy(at + 64, author.b, 32);
    bytes_store_u32(at + 96, epoch->gen);
    memcpy(at + 100, eph_pk->b, 32);
    memcpy(at + 132, target->sign_pk.b, 32);
    memcpy(at + 164, target->wrap_pk.b, 32);
    memcpy(at + 196, epoch->commit.b, 32);
    memset(at + 228, 0, 32);
    crypto_generichash(kek, 32, bytes, sizeof bytes, shared, 32);
}

static void the_epoch_is_made_as_defined(void **state)
{
    (void)state;
    static const uint8_t nonce[12];
    struct epoch epoch;
    struct gmm_id eph_pk, id;
    uint8_t bytes[18 + 32 * 3 + 4 + 32], hash[32], kek[32], wrap[48];
    make(&epoch);
    crypto_scalarmult_base(eph_pk.b, eph_sk);
    assert_true(id_equal(&epoch.eph_pk, &eph_pk));
    memcpy(bytes, "\x11GMM1/epoch-commit", 18);
    memcpy(bytes + 18, secret, 32);
    memcpy(bytes + 50, nid.b, 32);
    memcpy(bytes + 82, gid.b, 32);
    bytes_store_u32(bytes + 114, 9);
    memcpy(bytes + 118, eph_pk.b, 32);
    crypto_generichash(hash, 32, bytes, 150, NULL, 0);
    assert_memory_equal(epoch.commit.b, hash, 32);

    const struct epoch_recipient *recipient = epoch_find(&epoch, &targets[2].sign_pk);
    kek_by_hand(kek, &epoch, &eph_pk, &targets[2], eph_sk);
    crypto_aead_chacha20poly1305_ietf_encrypt(wrap, NULL, secret, 32, NULL, 0, NULL, nonce, kek);
    assert_memory_equal(recipient->wrap, wrap, 48);
    memcpy(bytes, "\x0cGMM1/wrap-id", 13);
    memcpy(bytes + 13, targets[2].wrap_pk.b, 32);
    crypto_generichash(hash, 32, bytes, 45, NULL, 0);
    assert_memory_equal(recipient->wrap_id, hash, 8);

    memcpy(bytes, "\x11GMM1/history-wrap", 18);
    memcpy(bytes + 18, parents[1].b, 32);
    memcpy(bytes + 50, epoch.commit.b, 32);
    crypto_generichash(kek, 32, bytes, 82, secret, 32);
    crypto_aead_chacha20poly1305_ietf_encrypt(wrap, NULL, parent_secret[1], 32, NULL, 0, NULL, nonce, kek);
    assert_memory_equal(epoch.history[1].wrap, wrap, 48);

    memcpy(bytes, "\x0aGMM1/group", 11);
    memcpy(bytes + 11, nid.b, 32);
    bytes[43] = GROUP_CIRCLE;
    memcpy(bytes + 44, author.b, 32);
    memcpy(bytes + 76, "0123456789abcdef", 16);
    crypto_generichash(hash, 32, bytes, 92, NULL, 0);
    epoch_group_id(&id, &nid, GROUP_CIRCLE, &author, "0123456789abcdef", 16);
    assert_memory_equal(id.b, hash, 32);
    epoch_close(&epoch);
}

static void encodings_come_back(void **state)
{
    (void)state;
    struct epoch epoch, back;
    struct buffer out, again;
    uint8_t got[32];
    make(&epoch);
    encode(&out, &epoch);
    assert_int_equal(out.len, 1 + 4 + 1 + 2 * 32 + 32 + 32 + 1 + 1 + 2 * 49 + 2 + TARGETS * 88);
    assert_int_equal(epoch_decode(&back, out.p, out.len), GMM_OK);
    encode(&again, &back);
    assert_int_equal(again.len, out.len);
    assert_memory_equal(again.p, out.p, out.len);
    assert_int_equal(back.gen, 9);
    assert_int_equal(back.domain, EPOCH_DOMAIN_INHERITED);
    assert_int_equal(epoch_unwrap(got, &back, &ctx, &targets[3].sign_pk, wrap_sk[3]), GMM_OK);
    assert_memory_equal(got, secret, 32);
    epoch_close(&back);
    epoch_close(&back);
    epoch_close(&epoch);
    buffer_close(&out);
    buffer_close(&again);
}

static void cut_and_lengthened_bytes_are_refused(void **state)
{
    (void)state;
    struct epoch epoch;
    struct buffer out;
    make(&epoch);
    encode(&out, &epoch);
    for (size_t n = 0; n < out.len; n++)
        assert_int_equal(decode(out.p, n), GMM_EFORMAT);
    buffer_put_u8(&out, 0);
    assert_int_equal(decode(out.p, out.len), GMM_EFORMAT);
    epoch_close(&epoch);
    buffer_close(&out);
}

/* Offsets in the encoding of make(). */
enum { AT_GEN = 1, AT_PARENTS = 5, AT_DOMAIN = 134, AT_HISTORY = 135, AT_COUNT = 234, AT_RECIPIENTS = 236 };

static enum gmm_err decode_changed(const struct buffer *from, size_t at, uint8_t value)
{
    uint8_t kept = from->p[at];
    from->p[at] = value;
    enum gmm_err err = decode(from->p, from->len);
    from->p[at] = kept;
    return err;
}

static void non_canonical_forms_are_refused(void **state)
{
    (void)state;
    struct epoch epoch;
    struct buffer out;
    uint8_t kept[88];
    make(&epoch);
    encode(&out, &epoch);
    assert_int_equal(decode(out.p, out.len), GMM_OK);
    assert_int_equal(decode_changed(&out, 0, 2), GMM_EVERSION);
    assert_int_equal(decode_changed(&out, 0, 0), GMM_EVERSION);
    assert_int_equal(decode_changed(&out, AT_GEN + 3, 0), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_GEN + 3, 1), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_PARENTS, 9), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_PARENTS, 255), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_PARENTS + 1, 0xa1), GMM_EFORMAT); /* the same parent twice */
    assert_int_equal(decode_changed(&out, AT_DOMAIN, 0), GMM_OK);
    assert_int_equal(decode_changed(&out, AT_DOMAIN, 2), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_HISTORY, 3), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_HISTORY + 1, 1), GMM_EFORMAT); /* not ascending */
    assert_int_equal(decode_changed(&out, AT_HISTORY + 1, 2), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_HISTORY + 50, 0), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_HISTORY + 50, 2), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_COUNT, 0xff), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_COUNT + 1, 0), GMM_EFORMAT);
    assert_int_equal(decode_changed(&out, AT_COUNT + 1, 3), GMM_EFORMAT);
    memcpy(kept, out.p + AT_RECIPIENTS, 88); /* two recipients in the wrong order, then one twice */
    memcpy(out.p + AT_RECIPIENTS, out.p + AT_RECIPIENTS + 88, 88);
    assert_int_equal(decode(out.p, out.len), GMM_EFORMAT);
    memcpy(out.p + AT_RECIPIENTS + 88, kept, 88);
    assert_int_equal(decode(out.p, out.len), GMM_EFORMAT);
    /* an empty audience */
    out.len = AT_RECIPIENTS;
    out.p[AT_COUNT] = out.p[AT_COUNT + 1] = 0;
    assert_int_equal(decode(out.p, out.len), GMM_EFORMAT);
    /* inherited without a parent */
    uint8_t orphan[1 + 4 + 1 + 64 + 1 + 1 + 2 + 88] = {1, 0, 0, 0, 1, 0, [73] = 1};
    assert_int_equal(decode(orphan, sizeof orphan), GMM_OK);
    orphan[70] = EPOCH_DOMAIN_INHERITED;
    assert_int_equal(decode(orphan, sizeof orphan), GMM_EFORMAT);
    epoch_close(&epoch);
    buffer_close(&out);
}

static void a_hostile_count_allocates_nothing(void **state)
{
    (void)state;
    struct epoch epoch;
    struct buffer out;
    make(&epoch);
    encode(&out, &epoch);
    out.p[AT_COUNT] = 0x08; /* within LIMIT_OFFICES, but not there */
    out.p[AT_COUNT + 1] = 0;
    failmalloc_count();
    struct epoch back;
    enum gmm_err err = epoch_decode(&back, out.p, out.len);
    long calls = failmalloc_calls();
    failmalloc_off();
    assert_int_equal(err, GMM_EFORMAT);
    assert_int_equal(calls, 0);
    epoch_close(&epoch);
    buffer_close(&out);
}

static void the_largest_audience_fits_a_body(void **state)
{
    (void)state;
    struct epoch_target *all = calloc(LIMIT_OFFICES, sizeof *all);
    struct epoch epoch;
    struct buffer out;
    assert_non_null(all);
    for (size_t i = 0; i < LIMIT_OFFICES; i++) {
        all[i].wrap_pk = targets[i % TARGETS].wrap_pk;
        bytes_store_u32(all[i].sign_pk.b, (uint32_t)((i * 733) % LIMIT_OFFICES));
    }
    assert_int_equal(
        epoch_make(&epoch, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, false, all, LIMIT_OFFICES, secret, eph_sk),
        GMM_OK);
    encode(&out, &epoch);
    epoch_close(&epoch);
    assert_int_equal(epoch_decode(&epoch, out.p, out.len), GMM_OK);
    for (size_t i = 0; i < LIMIT_OFFICES; i++)
        assert_non_null(epoch_find(&epoch, &all[i].sign_pk));
    epoch_close(&epoch);
    buffer_close(&out);
    free(all);
}

static void every_flipped_bit_of_a_wrap_is_noticed(void **state)
{
    (void)state;
    struct epoch epoch;
    uint8_t got[32];
    make(&epoch);
    struct epoch_recipient *recipient = &epoch.recipients[TARGETS - 1]; /* of targets[0] */
    for (size_t bit = 0; bit < 8 * EPOCH_WRAP_BYTES; bit++) {
        recipient->wrap[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
        assert_true(sodium_is_zero(got, 32));
        recipient->wrap[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 256; bit++) {
        epoch.commit.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
        epoch.commit.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memset(&epoch.eph_pk, 0, sizeof epoch.eph_pk);
    assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[0].sign_pk, wrap_sk[0]), GMM_EKEY);
    epoch_close(&epoch);
}

/* A member that wraps well to one and another secret to the other: the commitment tells. */
static void a_differing_secret_is_refused(void **state)
{
    (void)state;
    static const uint8_t nonce[12];
    struct epoch epoch;
    uint8_t got[32], kek[32];
    make(&epoch);
    kek_by_hand(kek, &epoch, &epoch.eph_pk, &targets[0], eph_sk);
    crypto_aead_chacha20poly1305_ietf_encrypt(epoch.recipients[TARGETS - 1].wrap, NULL, parent_secret[0], 32, NULL, 0,
                                              NULL, nonce, kek);
    assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[0].sign_pk, wrap_sk[0]), GMM_EDECRYPT);
    assert_true(sodium_is_zero(got, 32));
    assert_int_equal(epoch_unwrap(got, &epoch, &ctx, &targets[1].sign_pk, wrap_sk[1]), GMM_OK);
    epoch_close(&epoch);
}

static void a_wrap_repairs_or_adds(void **state)
{
    (void)state;
    const struct gmm_id epoch_id = {{0xee}};
    const struct epoch_context by_other = {.nid = &nid, .gid = &gid, .author = &other};
    const struct epoch_target added = {.sign_pk = other, .wrap_pk = targets[2].wrap_pk};
    struct epoch epoch;
    struct gmm_id id, whose;
    uint8_t wrap[EPOCH_REWRAP_BYTES], got[32];
    make(&epoch);
    assert_int_equal(epoch_rewrap(wrap, &epoch_id, &epoch, &by_other, &added, secret, wrap_eph_sk), GMM_OK);
    assert_int_equal(epoch_rewrap_peek(&id, &whose, wrap, sizeof wrap), GMM_OK);
    assert_true(id_equal(&id, &epoch_id) && id_equal(&whose, &other));
    assert_int_equal(epoch_rewrap_open(got, &epoch, &by_other, &other, wrap_sk[2], wrap, sizeof wrap), GMM_OK);
    assert_memory_equal(got, secret, 32);
    assert_int_equal(epoch_rewrap_open(got, &epoch, &ctx, &other, wrap_sk[2], wrap, sizeof wrap), GMM_EDECRYPT);
    assert_true(sodium_is_zero(got, 32));
    assert_int_equal(epoch_rewrap_open(got, &epoch, &by_other, &other, wrap_sk[1], wrap, sizeof wrap), GMM_ENOTFOUND);
    assert_int_equal(epoch_rewrap_open(got, &epoch, &by_other, &author, wrap_sk[2], wrap, sizeof wrap), GMM_ENOTFOUND);
    assert_int_equal(epoch_rewrap(wrap, &epoch_id, &epoch, &by_other, &added, parent_secret[0], wrap_eph_sk),
                     GMM_EDECRYPT);
    const struct epoch_target low = {.sign_pk = other};
    assert_int_equal(epoch_rewrap(wrap, &epoch_id, &epoch, &by_other, &low, secret, wrap_eph_sk), GMM_EKEY);
    epoch_close(&epoch);
}

static void damaged_wraps_are_refused(void **state)
{
    (void)state;
    const struct gmm_id epoch_id = {{0xee}};
    struct epoch epoch;
    struct gmm_id id, whose;
    uint8_t wrap[EPOCH_REWRAP_BYTES + 1] = {0}, got[32];
    make(&epoch);
    assert_int_equal(epoch_rewrap(wrap, &epoch_id, &epoch, &ctx, &targets[1], secret, wrap_eph_sk), GMM_OK);
    for (size_t n = 0; n <= sizeof wrap; n++) {
        if (n == EPOCH_REWRAP_BYTES)
            continue;
        assert_int_equal(epoch_rewrap_peek(&id, &whose, wrap, n), GMM_EFORMAT);
        assert_int_equal(epoch_rewrap_open(got, &epoch, &ctx, &targets[1].sign_pk, wrap_sk[1], wrap, n), GMM_EFORMAT);
    }
    for (size_t bit = 0; bit < 8 * EPOCH_REWRAP_BYTES; bit++) {
        if (bit >= 8 && bit < 8 * 33)
            continue; /* the epoch's id: the caller finds the epoch by it */
        wrap[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum gmm_err err =
            epoch_rewrap_open(got, &epoch, &ctx, &targets[1].sign_pk, wrap_sk[1], wrap, EPOCH_REWRAP_BYTES);
        wrap[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bit < 8)
            assert_int_equal(err, GMM_EVERSION);
        else if (bit < 8 * 65) /* also the bit that X25519 ignores: the kek does not */
            assert_int_equal(err, GMM_EDECRYPT);
        else if (bit < 8 * 105)
            assert_int_equal(err, GMM_ENOTFOUND);
        else
            assert_int_equal(err, GMM_EDECRYPT);
    }
    memset(wrap + 33, 0, 32);
    assert_int_equal(epoch_rewrap_open(got, &epoch, &ctx, &targets[1].sign_pk, wrap_sk[1], wrap, EPOCH_REWRAP_BYTES),
                     GMM_EKEY);
    epoch_close(&epoch);
}

static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    struct epoch epoch, back;
    struct buffer out;
    long i = 0;
    for (;; i++) {
        failmalloc_at(i);
        enum gmm_err err =
            epoch_make(&epoch, &ctx, 1, EPOCH_DOMAIN_NEW, NULL, NULL, 0, false, targets, TARGETS, secret, eph_sk);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_null(epoch.recipients);
    }
    assert_true(i >= 2);
    encode(&out, &epoch);
    for (i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = epoch_decode(&back, out.p, out.len);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        if (!failed)
            break;
        assert_null(back.recipients);
    }
    assert_int_equal(i, 1);
    buffer_close(&out);
    buffer_init(&out, 100);
    assert_int_equal(epoch_encode(&out, &epoch), GMM_ELIMIT);
    buffer_close(&out);
    epoch_close(&back);
    epoch_close(&epoch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipients_get_the_secret),
        cmocka_unit_test(history_is_wrapped_only_when_asked_and_held),
        cmocka_unit_test(wrong_epochs_are_not_made),
        cmocka_unit_test(wraps_are_bound_to_their_context),
        cmocka_unit_test(the_epoch_is_made_as_defined),
        cmocka_unit_test(encodings_come_back),
        cmocka_unit_test(cut_and_lengthened_bytes_are_refused),
        cmocka_unit_test(non_canonical_forms_are_refused),
        cmocka_unit_test(a_hostile_count_allocates_nothing),
        cmocka_unit_test(the_largest_audience_fits_a_body),
        cmocka_unit_test(every_flipped_bit_of_a_wrap_is_noticed),
        cmocka_unit_test(a_differing_secret_is_refused),
        cmocka_unit_test(a_wrap_repairs_or_adds),
        cmocka_unit_test(damaged_wraps_are_refused),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
