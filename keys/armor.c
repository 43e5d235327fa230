#include "keys/armor.h"

#include <assert.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "keys/labels.h"
#include "keys/limits.h"

#define PREFIX "gmm-"
#define PREFIX_LEN (sizeof PREFIX - 1)
#define KIND_LEN_MAX 16u
#define SUM_BYTES 4u
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* A welcome brings whole control logs; everything else is a line that a person may copy. */
static size_t line_max(const char *kind)
{
    return strcmp(kind, "welcome") == 0 ? LIMIT_WELCOME_ARMOR : LIMIT_ARMOR_BYTES;
}

/* First 4 bytes of H(armor, kind ‖ bytes). */
static void checksum(uint8_t out[SUM_BYTES], const char *kind, const void *bytes, size_t len)
{
    struct hash h;
    uint8_t digest[32];
    hash_init(&h, LABEL_ARMOR);
    hash_update(&h, kind, strlen(kind));
    hash_update(&h, bytes, len);
    hash_final(&h, digest);
    memcpy(out, digest, SUM_BYTES);
}

enum gmm_err armor_write(struct buffer *out, const char *kind, const void *bytes, size_t len)
{
    uint8_t tail[2 + SUM_BYTES];
    char tail_text[sodium_base64_ENCODED_LEN(sizeof tail, VARIANT)];
    size_t kind_len = strlen(kind), start = out->len, whole = len - len % 3;
    assert(kind_len > 0 && kind_len <= KIND_LEN_MAX);
    if (len > line_max(kind))
        return GMM_ELIMIT;
    if (PREFIX_LEN + kind_len + 2 + sodium_base64_encoded_len(len + SUM_BYTES, VARIANT) - 1 > line_max(kind))
        return GMM_ELIMIT;
    buffer_put(out, PREFIX, PREFIX_LEN);
    buffer_put(out, kind, kind_len);
    buffer_put(out, "1:", 2);
    /* Base64 takes three bytes at a time: what is left over is joined with the sum. libsodium ends texts with a NUL. */
    size_t whole_text = whole / 3 * 4;
    char *text = (char *)buffer_extend(out, whole_text + 1);
    if (text != NULL) {
        sodium_bin2base64(text, whole_text + 1, bytes, whole, VARIANT);
        buffer_cut(out, out->len - 1);
    }
    if (len > whole)
        memcpy(tail, (const uint8_t *)bytes + whole, len - whole);
    checksum(tail + (len - whole), kind, bytes, len);
    sodium_bin2base64(tail_text, sizeof tail_text, tail, len - whole + SUM_BYTES, VARIANT);
    buffer_put(out, tail_text, strlen(tail_text));
    sodium_memzero(tail, sizeof tail);
    sodium_memzero(tail_text, sizeof tail_text);
    if (out->failed != GMM_OK)
        buffer_cut(out, start);
    return out->failed;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **text, size_t *len)
{
    while (*len > 0 && is_space((*text)[0])) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_space((*text)[*len - 1]))
        (*len)--;
}

/* libsodium 1.0.18 also decodes some bytes above 0x7f. */
static bool is_base64(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_')
            return false;
    }
    return true;
}

/* The letters of a kind or digits of its form at text: how many. */
static size_t span(const char *text, size_t len, char first, char last)
{
    size_t n = 0;
    while (n < len && n < KIND_LEN_MAX && text[n] >= first && text[n] <= last)
        n++;
    return n;
}

/* Moves past "gmm-KIND1:". */
static enum gmm_err skip_head(const char **text, size_t *len, const char *kind, struct gmm_msg *msg)
{
    const char *at = *text;
    size_t left = *len;
    if (left > PREFIX_LEN && memcmp(at, PREFIX, PREFIX_LEN) == 0) {
        at += PREFIX_LEN;
        left -= PREFIX_LEN;
        size_t letters = span(at, left, 'a', 'z'), digits = span(at + letters, left - letters, '0', '9');
        if (letters > 0 && digits > 0 && left > letters + digits && at[letters + digits] == ':') {
            if (letters != strlen(kind) || memcmp(at, kind, letters) != 0)
                return gmm_fail(msg, GMM_EFORMAT, "this text is of the kind \"%.*s\", needed is one of the kind \"%s\"",
                                (int)letters, at, kind);
            if (digits != 1 || at[letters] != '1')
                return gmm_fail(msg, GMM_EVERSION,
                                "this text begins \"gmm-%s%.*s:\", made by a later gmm: update this one", kind,
                                (int)digits, at + letters);
            *text = at + letters + 2;
            *len = left - letters - 2;
            return GMM_OK;
        }
    }
    return gmm_fail(msg, GMM_EFORMAT, "this text does not begin \"gmm-%s1:\": copy the whole line", kind);
}

enum gmm_err armor_read(uint8_t **out, size_t *out_len, const char *kind, const char *text, size_t len,
                        struct gmm_msg *msg)
{
    uint8_t sum[SUM_BYTES];
    size_t decoded;
    *out = NULL;
    *out_len = 0;
    trim(&text, &len);
    if (len > line_max(kind))
        return gmm_fail(msg, GMM_ELIMIT, "a text of %zu bytes is longer than the %zu allowed", len, line_max(kind));
    enum gmm_err err = skip_head(&text, &len, kind, msg);
    if (err != GMM_OK)
        return err;
    size_t room = len / 4 * 3 + 3;
    uint8_t *bytes = malloc(room);
    if (bytes == NULL)
        return gmm_fail(msg, GMM_ENOMEM, "out of memory");
    if (!is_base64(text, len) || sodium_base642bin(bytes, room, text, len, NULL, &decoded, NULL, VARIANT) != 0 ||
        decoded < SUM_BYTES)
        goto damaged;
    decoded -= SUM_BYTES;
    checksum(sum, kind, bytes, decoded);
    if (sodium_memcmp(sum, bytes + decoded, SUM_BYTES) != 0)
        goto damaged;
    *out = bytes;
    *out_len = decoded;
    return GMM_OK;

damaged:
    sodium_memzero(bytes, room);
    free(bytes);
    return gmm_fail(msg, GMM_ECORRUPT, "the %s is mistyped, cut or broken into lines: copy it again as one line", kind);
}
