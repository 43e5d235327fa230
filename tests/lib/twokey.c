#include "tests/lib/twokey.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers modulo p = 2^130 - 5, five limbs of 26 bits. */
#define LIMBS 5
#define LIMB_MASK 0x3ffffffu

struct num {
    uint64_t v[LIMBS];
};

/* Carries until every limb fits. */
static void carry(struct num *a)
{
    for (int round = 0; round < 3; round++) {
        uint64_t over = 0;
        for (int i = 0; i < LIMBS; i++) {
            a->v[i] += over;
            over = a->v[i] >> 26;
            a->v[i] &= LIMB_MASK;
        }
        a->v[0] += 5 * over;
    }
}

static struct num add(struct num a, struct num b)
{
    for (int i = 0; i < LIMBS; i++)
        a.v[i] += b.v[i];
    carry(&a);
    return a;
}

static struct num sub(struct num a, struct num b)
{
    /* a + 4p - b: no limb goes below zero. */
    for (int i = 0; i < LIMBS; i++)
        a.v[i] += (i == 0 ? 4 * (LIMB_MASK - 4ull) : 4ull * LIMB_MASK) - b.v[i];
    carry(&a);
    return a;
}

static struct num mul(struct num a, struct num b)
{
    struct num r = {{0}};
    for (int i = 0; i < LIMBS; i++)
        for (int j = 0; j < LIMBS; j++)
            r.v[(i + j) % LIMBS] += a.v[i] * b.v[j] * (i + j < LIMBS ? 1 : 5);
    carry(&r);
    return r;
}

/* a^(p-2): the exponent's bits are all one but the second and the third. */
static struct num inverse(struct num a)
{
    struct num r = {{1}};
    for (int bit = 129; bit >= 0; bit--) {
        r = mul(r, r);
        if (bit != 1 && bit != 2)
            r = mul(r, a);
    }
    return r;
}

/* Little-endian 16 bytes and the bits above them. */
static struct num load(const uint8_t b[16], uint64_t high)
{
    struct num r = {{0}};
    for (int bit = 0; bit < 128; bit++)
        r.v[bit / 26] |= (uint64_t)(b[bit / 8] >> bit % 8 & 1) << bit % 26;
    r.v[4] += high << 24; /* 2^128 = 2^24 in the last limb */
    carry(&r);
    return r;
}

/* The least form; returns what stands above 128 bits. */
static unsigned store(uint8_t b[16], struct num a)
{
    carry(&a);
    int above = a.v[0] >= LIMB_MASK - 4;
    for (int i = 1; i < LIMBS; i++)
        above = above && a.v[i] == LIMB_MASK;
    if (above)
        a = (struct num){{a.v[0] - (LIMB_MASK - 4)}};
    memset(b, 0, 16);
    for (int bit = 0; bit < 128; bit++)
        b[bit / 8] = (uint8_t)(b[bit / 8] | (a.v[bit / 26] >> bit % 26 & 1) << bit % 8);
    return (unsigned)(a.v[4] >> 24);
}

/* What Poly1305 sees of one key: sum over blocks of block × r^(blocks after it + 1), plus s. The solved block counts as
 * zero in `rest`; `factor` is its power of r. */
struct side {
    uint8_t one_time[32];
    struct num r, rest, factor;
};

static void one_time_key(uint8_t out[32], enum twokey_alg alg, const uint8_t key[32], const uint8_t *nonce)
{
    if (alg == TWOKEY_CHACHA20_IETF)
        crypto_stream_chacha20_ietf(out, 32, nonce, key);
    else
        crypto_stream_xchacha20(out, 32, nonce, key);
}

static void absorb(struct side *s, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i += 16) {
        uint8_t block[16] = {0};
        memcpy(block, data + i, len - i < 16 ? len - i : 16);
        s->rest = mul(add(s->rest, load(block, 1)), s->r);
        s->factor = mul(s->factor, s->r);
    }
}

static void side_init(struct side *s, enum twokey_alg alg, const uint8_t key[32], const uint8_t *nonce,
                      const uint8_t *sealed, size_t len, size_t solved, const void *ad, size_t ad_len)
{
    uint8_t clamped[16], lengths[16] = {0};
    memset(s, 0, sizeof *s);
    one_time_key(s->one_time, alg, key, nonce);
    memcpy(clamped, s->one_time, 16);
    for (int i = 3; i < 16; i += 4)
        clamped[i] &= 15;
    for (int i = 4; i < 16; i += 4)
        clamped[i] &= 252;
    s->r = load(clamped, 0);
    absorb(s, ad, ad_len);
    absorb(s, sealed, 16 * solved);
    s->factor = (struct num){{1}};
    static const uint8_t zero[16];
    absorb(s, zero, sizeof zero);
    absorb(s, sealed + 16 * (solved + 1), len - 16 * (solved + 1));
    for (int i = 0; i < 8; i++) {
        lengths[i] = (uint8_t)((uint64_t)ad_len >> 8 * i);
        lengths[8 + i] = (uint8_t)((uint64_t)len >> 8 * i);
    }
    absorb(s, lengths, sizeof lengths);
}

static void write_tag(uint8_t *sealed, size_t len, const struct side *s, const uint8_t block[16])
{
    uint8_t hash[16];
    store(hash, add(s->rest, mul(load(block, 0), s->factor)));
    unsigned over = 0;
    for (int i = 0; i < 16; i++) {
        over += (unsigned)hash[i] + s->one_time[16 + i];
        sealed[len + (size_t)i] = (uint8_t)over;
        over >>= 8;
    }
}

int twokey_open(enum twokey_alg alg, uint8_t *plain, const uint8_t *sealed, size_t len, const uint8_t key[32],
                const uint8_t *nonce, const void *ad, size_t ad_len)
{
    if (alg == TWOKEY_CHACHA20_IETF)
        return crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, len + 16, ad, ad_len, nonce, key);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, len + 16, ad, ad_len, nonce, key);
}

void twokey_solve(enum twokey_alg alg, uint8_t *sealed, size_t len, size_t solved, size_t varied,
                  const uint8_t key1[32], const uint8_t key2[32], const uint8_t *nonce, const void *ad, size_t ad_len)
{
    uint8_t *plain = malloc(len), block[16];
    if (plain == NULL)
        exit(1);
    for (unsigned attempt = 0; attempt < 256; attempt++, sealed[16 * varied]++) {
        struct side a, b;
        side_init(&a, alg, key1, nonce, sealed, len, solved, ad, ad_len);
        side_init(&b, alg, key2, nonce, sealed, len, solved, ad, ad_len);
        struct num s1 = load(a.one_time + 16, 0), s2 = load(b.one_time + 16, 0);
        struct num scale = inverse(sub(a.factor, b.factor));
        for (uint64_t wraps = 0; wraps < 8; wraps++) {
            /* hash1 + s1 = hash2 + s2 + (wraps - 4) × 2^128, since the tag keeps 128 bits */
            static const uint8_t zero[16];
            struct num shift = sub(load(zero, wraps), load(zero, 4));
            struct num gap = add(sub(add(b.rest, s2), add(a.rest, s1)), shift);
            if (store(block, mul(gap, scale)) != 0)
                continue;
            memcpy(sealed + 16 * solved, block, 16);
            write_tag(sealed, len, &a, block);
            if (twokey_open(alg, plain, sealed, len, key1, nonce, ad, ad_len) == 0 &&
                twokey_open(alg, plain, sealed, len, key2, nonce, ad, ad_len) == 0) {
                free(plain);
                return;
            }
        }
    }
    printf("no ciphertext for two keys was found\n");
    exit(1);
}
