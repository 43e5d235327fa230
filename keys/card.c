#include "keys/card.h"

#include <string.h>

#include "keys/labels.h"

/* "Self-signed, without network." */
static const struct gmm_id no_network;

static void content_put(struct buffer *out, const struct card *card)
{
    buffer_put_u8(out, 1);
    buffer_put_text8(out, card->id, strnlen(card->id, sizeof card->id));
    buffer_put_text8(out, card->name, strnlen(card->name, sizeof card->name));
    buffer_put_u8(out, card->kind);
    buffer_put_text8(out, card->office, strnlen(card->office, sizeof card->office));
    buffer_put_u8(out, card->level);
    buffer_put_text8(out, card->lang, strnlen(card->lang, sizeof card->lang));
    buffer_put_id(out, &card->root_pk);
    buffer_put_id(out, &card->next_commit);
    buffer_put_id(out, &card->sign_pk);
    buffer_put_id(out, &card->noise_pk);
    buffer_put_id(out, &card->wrap_pk);
    address_list_put(out, card->address_count, card->addresses);
}

enum gmm_err card_make(struct buffer *out, const struct card *card, const uint8_t sign_sk[64])
{
    struct card made;
    size_t start = out->len;
    content_put(out, card);
    enum gmm_err err = identity_sign_object(out, start, sign_sk, &card->sign_pk, LABEL_CARD, &no_network);
    if (err == GMM_OK)
        err = card_open(&made, out->p + start, out->len - start);
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

static bool fields_ok(const struct card *card)
{
    return identity_id_ok(card->id, strlen(card->id)) && identity_name_ok(card->name, strlen(card->name)) &&
           identity_kind_text(card->kind) != NULL && identity_office_ok(card->office, strlen(card->office)) &&
           identity_level_text(card->level) != NULL && identity_lang_ok(card->lang, strlen(card->lang));
}

static enum gmm_err decode(struct card *out, uint8_t sig[HASH_SIG_BYTES], const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get_text8(&in, out->id, LIMIT_PARTICIPANT_ID);
    bytes_get_text8(&in, out->name, LIMIT_NAME_TEXT);
    out->kind = bytes_get_u8(&in);
    bytes_get_text8(&in, out->office, LIMIT_OFFICE_TEXT);
    out->level = bytes_get_u8(&in);
    bytes_get_text8(&in, out->lang, LIMIT_LANG_TEXT);
    bytes_get_id(&in, &out->root_pk);
    bytes_get_id(&in, &out->next_commit);
    bytes_get_id(&in, &out->sign_pk);
    bytes_get_id(&in, &out->noise_pk);
    bytes_get_id(&in, &out->wrap_pk);
    address_list_get(&in, &out->address_count, out->addresses);
    bytes_get(&in, sig, HASH_SIG_BYTES);
    return bytes_in_done(&in) && fields_ok(out) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err card_open(struct card *out, const void *bytes, size_t len)
{
    uint8_t sig[HASH_SIG_BYTES];
    if (len > CARD_BYTES_MAX)
        return GMM_EFORMAT;
    enum gmm_err err = decode(out, sig, bytes, len);
    if (err != GMM_OK)
        return err;
    if (hash_check_sign_pk(&out->root_pk) != GMM_OK || hash_check_sign_pk(&out->sign_pk) != GMM_OK ||
        identity_check_dh_pair(&out->noise_pk, &out->wrap_pk) != GMM_OK)
        return GMM_EKEY;
    return hash_verify(sig, &out->sign_pk, LABEL_CARD, &no_network, bytes, len - HASH_SIG_BYTES);
}

#define FINGERPRINT_GROUPS 8
#define FINGERPRINT_DIGITS 40
static_assert(FINGERPRINT_DIGITS == 5 * FINGERPRINT_GROUPS, "groups of five digits");
static_assert(CARD_FINGERPRINT_TEXT == FINGERPRINT_DIGITS + FINGERPRINT_GROUPS, "a space or the NUL after each group");

/* Group i: bytes 4i to 4i + 3 of the hash as a number, modulo 100,000. */
static void fingerprint_digits(char out[FINGERPRINT_DIGITS], const struct gmm_id *sign_pk,
                               const struct gmm_id *noise_pk)
{
    struct hash h;
    uint8_t digest[32];
    hash_init(&h, LABEL_FINGERPRINT);
    hash_update(&h, sign_pk->b, sizeof sign_pk->b);
    hash_update(&h, noise_pk->b, sizeof noise_pk->b);
    hash_final(&h, digest);
    for (size_t group = 0; group < FINGERPRINT_GROUPS; group++) {
        uint32_t number = bytes_load_u32(digest + 4 * group);
        for (size_t digit = 5; digit-- > 0; number /= 10)
            out[5 * group + digit] = (char)('0' + number % 10);
    }
}

void card_fingerprint(char out[CARD_FINGERPRINT_TEXT], const struct gmm_id *sign_pk, const struct gmm_id *noise_pk)
{
    char digits[FINGERPRINT_DIGITS];
    fingerprint_digits(digits, sign_pk, noise_pk);
    for (size_t group = 0; group < FINGERPRINT_GROUPS; group++) {
        memcpy(out + 6 * group, digits + 5 * group, 5);
        out[6 * group + 5] = ' ';
    }
    out[CARD_FINGERPRINT_TEXT - 1] = '\0';
}

bool card_fingerprint_matches(const char *text, const struct gmm_id *sign_pk, const struct gmm_id *noise_pk)
{
    char digits[FINGERPRINT_DIGITS];
    size_t matched = 0;
    fingerprint_digits(digits, sign_pk, noise_pk);
    for (; *text != '\0'; text++) {
        if (*text == ' ' || *text == '.' || *text == '-')
            continue;
        if (matched == FINGERPRINT_DIGITS || *text != digits[matched])
            return false;
        matched++;
    }
    return matched == FINGERPRINT_DIGITS;
}

#define MAC_BYTES 32

static void put_bytes16(struct buffer *out, const uint8_t *bytes, size_t len)
{
    if (len > UINT16_MAX && out->failed == GMM_OK)
        out->failed = GMM_ELIMIT;
    buffer_put_u16(out, (uint16_t)len);
    buffer_put(out, bytes, len);
}

static void join_content_put(struct buffer *out, const struct card_join *join)
{
    buffer_put_u8(out, 1);
    buffer_put_id(out, &join->nid);
    buffer_put_id(out, &join->pid);
    buffer_put(out, join->invite_id, sizeof join->invite_id);
    put_bytes16(out, join->card_bytes, join->card_len);
    put_bytes16(out, join->certificate_bytes, join->certificate_bytes == NULL ? 0 : join->certificate_len);
    buffer_put_text8(out, join->person, strnlen(join->person, sizeof join->person));
}

enum gmm_err card_join_make(struct buffer *out, struct card_join *join, const uint8_t sign_sk[64],
                            const uint8_t invite_secret[32])
{
    struct card_join made;
    uint8_t mac[MAC_BYTES];
    size_t start = out->len;
    join_content_put(out, join);
    hash_sign(join->signature, sign_sk, LABEL_JOIN, &join->nid, join->pid.b, sizeof join->pid.b);
    buffer_put(out, join->signature, sizeof join->signature);
    if (out->failed == GMM_OK)
        hash_k(mac, invite_secret, LABEL_INVITE_MAC, out->p + start, out->len - start);
    buffer_put(out, mac, sizeof mac);
    enum gmm_err err = out->failed;
    if (err == GMM_OK && out->len - start > LIMIT_JOIN_REQUEST)
        err = GMM_ELIMIT;
    if (err == GMM_OK)
        err = card_join_open(&made, &join->nid, out->p + start, out->len - start);
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

static const uint8_t *take_bytes16(struct bytes_in *in, size_t *len)
{
    *len = bytes_get_u16(in);
    return bytes_take(in, *len);
}

static enum gmm_err join_decode(struct card_join *out, const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->nid);
    bytes_get_id(&in, &out->pid);
    bytes_get(&in, out->invite_id, sizeof out->invite_id);
    out->card_bytes = take_bytes16(&in, &out->card_len);
    out->certificate_bytes = take_bytes16(&in, &out->certificate_len);
    if (out->certificate_len == 0)
        out->certificate_bytes = NULL;
    bytes_get_text8(&in, out->person, LIMIT_PERSON_TEXT);
    bytes_get(&in, out->signature, sizeof out->signature);
    bytes_take(&in, MAC_BYTES);
    if (!bytes_in_done(&in))
        return GMM_EFORMAT;
    size_t person_len = strlen(out->person);
    return person_len == 0 || identity_name_ok(out->person, person_len) ? GMM_OK : GMM_EFORMAT;
}

/* "A certificate must agree with the card in sign, noise and wrap key, office and level, and with pid." */
static bool certificate_agrees(const struct card_join *join)
{
    const struct card *card = &join->card;
    const struct certificate *cert = &join->certificate;
    return id_equal(&cert->pid, &join->pid) && id_equal(&cert->sign_pk, &card->sign_pk) &&
           id_equal(&cert->noise_pk, &card->noise_pk) && id_equal(&cert->wrap_pk, &card->wrap_pk) &&
           cert->level == card->level && strcmp(cert->office, card->office) == 0;
}

enum gmm_err card_join_open(struct card_join *out, const struct gmm_id *nid, const void *bytes, size_t len)
{
    memset(out, 0, sizeof *out);
    if (len > LIMIT_JOIN_REQUEST)
        return GMM_EFORMAT;
    enum gmm_err err = join_decode(out, bytes, len);
    if (err != GMM_OK)
        return err;
    if (!id_equal(nid, &out->nid))
        return GMM_ENETWORK;
    err = card_open(&out->card, out->card_bytes, out->card_len);
    if (err != GMM_OK)
        return err;
    if (out->certificate_bytes != NULL) {
        err = certificate_open(&out->certificate, nid, out->certificate_bytes, out->certificate_len);
        if (err != GMM_OK)
            return err;
        if (!certificate_agrees(out))
            return GMM_EFORMAT;
    }
    return card_join_verify(nid, &out->pid, &out->card.sign_pk, out->signature);
}

enum gmm_err card_join_authentic(const void *bytes, size_t len, const uint8_t invite_secret[32])
{
    uint8_t mac[MAC_BYTES];
    if (len < sizeof mac)
        return GMM_EDENIED;
    const uint8_t *held = (const uint8_t *)bytes + len - sizeof mac;
    hash_k(mac, invite_secret, LABEL_INVITE_MAC, bytes, len - sizeof mac);
    return sodium_memcmp(mac, held, sizeof mac) == 0 ? GMM_OK : GMM_EDENIED;
}

enum gmm_err card_join_verify(const struct gmm_id *nid, const struct gmm_id *pid, const struct gmm_id *sign_pk,
                              const uint8_t signature[HASH_SIG_BYTES])
{
    return hash_verify(signature, sign_pk, LABEL_JOIN, nid, pid->b, sizeof pid->b);
}
