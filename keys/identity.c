#include "keys/identity.h"

#include <assert.h>
#include <string.h>

#include "keys/labels.h"

static const char *const kind_texts[] = {
    [IDENTITY_MEMBER] = "member",     [IDENTITY_GOVERNMENT] = "government",       [IDENTITY_EMPLOYERS] = "employers",
    [IDENTITY_WORKERS] = "workers",   [IDENTITY_CIVIL_SOCIETY] = "civil-society", [IDENTITY_INTL_ORG] = "intl-org",
    [IDENTITY_OBSERVER] = "observer",
};
static const char *const level_texts[] = {
    [IDENTITY_HQ] = "hq",
    [IDENTITY_REGIONAL] = "regional",
    [IDENTITY_COUNTRY] = "country",
    [IDENTITY_FIELD] = "field",
};
#define KINDS (sizeof kind_texts / sizeof kind_texts[0])
#define LEVELS (sizeof level_texts / sizeof level_texts[0])

static unsigned number_of(const char *text, const char *const *texts, unsigned count)
{
    for (unsigned i = 1; i < count; i++)
        if (strcmp(text, texts[i]) == 0)
            return i;
    return 0;
}

const char *identity_kind_text(unsigned kind)
{
    return kind < KINDS ? kind_texts[kind] : NULL;
}

unsigned identity_kind_from_text(const char *text)
{
    return number_of(text, kind_texts, KINDS);
}

const char *identity_level_text(unsigned level)
{
    return level < LEVELS ? level_texts[level] : NULL;
}

unsigned identity_level_from_text(const char *text)
{
    return number_of(text, level_texts, LEVELS);
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool slug_ok(const char *text, size_t len, size_t max)
{
    if (len == 0 || len > max || text[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_lower(text[i]) && !is_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

bool identity_id_ok(const char *text, size_t len)
{
    return slug_ok(text, len, LIMIT_PARTICIPANT_ID);
}

bool identity_office_ok(const char *text, size_t len)
{
    return slug_ok(text, len, LIMIT_OFFICE_TEXT);
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

bool identity_lang_ok(const char *text, size_t len)
{
    if (len == 0 || len > LIMIT_LANG_TEXT || !is_letter(text[0]))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-')
            return false;
    return true;
}

/* At a valid UTF-8 character: is it one that would control the terminal or the order of what is shown? */
static bool is_control(const uint8_t *p)
{
    if (p[0] < 0x20 || p[0] == 0x7f)
        return true;
    if (p[0] == 0xc2)
        return p[1] < 0xa0;
    if (p[0] != 0xe2)
        return false;
    /* U+2028 to U+202E and U+2066 to U+2069 */
    return (p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) || (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

bool identity_name_ok(const char *text, size_t len)
{
    if (len == 0 || len > LIMIT_NAME_TEXT || !bytes_is_utf8(text, len))
        return false;
    for (size_t i = 0; i < len; i++)
        if (is_control((const uint8_t *)text + i))
            return false;
    return true;
}

void identity_pair(struct gmm_id *pk, uint8_t sk[64], const uint8_t seed[32])
{
    crypto_sign_seed_keypair(pk->b, sk, seed);
}

/* At least 2^255 - 19, or with the bit that X25519 ignores: another encoding of some other key. */
static bool dh_pk_is_canonical(const struct gmm_id *dh_pk)
{
    if (dh_pk->b[31] != 0x7f)
        return dh_pk->b[31] < 0x7f;
    for (size_t i = 1; i < 31; i++)
        if (dh_pk->b[i] != 0xff)
            return true;
    return dh_pk->b[0] < 0xed;
}

enum gmm_err identity_check_dh_pk(const struct gmm_id *dh_pk)
{
    /* The u of every point of low order on the curve and its twist: 0, 1, two of order 8, -1. A list, because the check
     * is made for each wrap key held whenever a node starts. */
    static const uint8_t low[5][32] = {
        {0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
         0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
         0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
         0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };
    for (size_t i = 0; i < sizeof low / sizeof *low; i++)
        if (memcmp(dh_pk->b, low[i], sizeof *low) == 0)
            return GMM_EKEY;
    return dh_pk_is_canonical(dh_pk) ? GMM_OK : GMM_EKEY;
}

enum gmm_err identity_check_dh_pair(const struct gmm_id *noise_pk, const struct gmm_id *wrap_pk)
{
    if (id_equal(noise_pk, wrap_pk) || identity_check_dh_pk(noise_pk) != GMM_OK)
        return GMM_EKEY;
    return identity_check_dh_pk(wrap_pk);
}

void identity_next_commit(struct gmm_id *out, const struct gmm_id *next_root_pk)
{
    hash_h(out, LABEL_NEXT_ROOT, next_root_pk->b, sizeof next_root_pk->b);
}

void identity_pid(struct gmm_id *out, const struct gmm_id *root0_pk, const struct gmm_id *next_commit)
{
    struct hash h;
    hash_init(&h, LABEL_PID);
    hash_update(&h, root0_pk->b, sizeof root0_pk->b);
    hash_update(&h, next_commit->b, sizeof next_commit->b);
    hash_final(&h, out->b);
}

/* libsodium's secret key ends with the public one. */
static bool is_pair(const uint8_t sk[64], const struct gmm_id *pk)
{
    return memcmp(sk + 32, pk->b, sizeof pk->b) == 0;
}

enum gmm_err identity_sign_object(struct buffer *out, size_t start, const uint8_t sk[64], const struct gmm_id *pk,
                                  const char *label, const struct gmm_id *nid)
{
    uint8_t sig[HASH_SIG_BYTES];
    if (out->failed != GMM_OK)
        return out->failed;
    if (!is_pair(sk, pk))
        return GMM_EKEY;
    hash_sign(sig, sk, label, nid, out->p + start, out->len - start);
    buffer_put(out, sig, sizeof sig);
    return out->failed;
}

#define ROTATION_FIXED_BYTES (IDENTITY_ROTATION_BYTES - HASH_SIG_BYTES)
static_assert(ROTATION_FIXED_BYTES == 135, "ver, nid, pid, n, new_root_pk, next_commit, count");

size_t identity_rotation_size(const struct identity_rotation *rotation)
{
    return IDENTITY_ROTATION_BYTES + (size_t)rotation->standing_count * GMM_ID_BYTES;
}

enum gmm_err identity_rotation_make(uint8_t *out, const struct identity_rotation *rotation,
                                    const uint8_t new_root_sk[64])
{
    struct identity_rotation made;
    if (rotation->standing_count > LIMIT_ROTATION_NAMES)
        return GMM_ELIMIT;
    if (!is_pair(new_root_sk, &rotation->root_pk))
        return GMM_EKEY;
    size_t content = identity_rotation_size(rotation) - HASH_SIG_BYTES;
    uint8_t *p = out;
    *p++ = 1;
    memcpy(p, rotation->nid.b, 32);
    memcpy(p + 32, rotation->pid.b, 32);
    bytes_store_u32(p + 64, rotation->n);
    memcpy(p + 68, rotation->root_pk.b, 32);
    memcpy(p + 100, rotation->next_commit.b, 32);
    bytes_store_u16(p + 132, rotation->standing_count);
    if (rotation->standing_count > 0)
        memcpy(p + 134, rotation->standing, (size_t)rotation->standing_count * GMM_ID_BYTES);
    hash_sign(out + content, new_root_sk, LABEL_ROTATION, &rotation->nid, out, content);
    return identity_rotation_open(&made, &rotation->nid, out, content + HASH_SIG_BYTES);
}

static bool ascending(const uint8_t *names, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (memcmp(names + (i - 1) * GMM_ID_BYTES, names + i * GMM_ID_BYTES, GMM_ID_BYTES) >= 0)
            return false;
    return true;
}

enum gmm_err identity_rotation_open(struct identity_rotation *out, const struct gmm_id *nid, const void *bytes,
                                    size_t len)
{
    struct bytes_in in;
    uint8_t sig[HASH_SIG_BYTES];
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->nid);
    bytes_get_id(&in, &out->pid);
    out->n = bytes_get_u32(&in);
    bytes_get_id(&in, &out->root_pk);
    bytes_get_id(&in, &out->next_commit);
    out->standing_count = bytes_get_u16(&in);
    out->standing = bytes_take(&in, (size_t)out->standing_count * GMM_ID_BYTES);
    bytes_get(&in, sig, sizeof sig);
    if (!bytes_in_done(&in) || out->n == 0 || !ascending(out->standing, out->standing_count))
        return GMM_EFORMAT;
    if (out->standing_count > LIMIT_ROTATION_NAMES)
        return GMM_ELIMIT;
    if (nid != NULL && !id_equal(nid, &out->nid))
        return GMM_ENETWORK;
    if (hash_check_sign_pk(&out->root_pk) != GMM_OK)
        return GMM_EKEY;
    return hash_verify(sig, &out->root_pk, LABEL_ROTATION, &out->nid, bytes, len - HASH_SIG_BYTES);
}

bool identity_rotation_names(const struct identity_rotation *rotation, const struct gmm_id *name)
{
    size_t low = 0, high = rotation->standing_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(rotation->standing + middle * GMM_ID_BYTES, name->b, GMM_ID_BYTES);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}
