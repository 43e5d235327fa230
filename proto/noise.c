#include "proto/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "keys/secret.h"
#include "proto/hmac.h"

#define DH_BYTES 32
#define KEY_BYTES 32
#define NONCE_REKEY UINT64_MAX /* reserved by Noise */

static_assert(NOISE_HASH_BYTES == HMAC_BYTES, "BLAKE2b-512");
static_assert(LIMIT_FRAME_PLAIN + NOISE_TAG_BYTES == LIMIT_NOISE_BYTES, "a frame is one Noise message");

enum token { TOKEN_END, TOKEN_E, TOKEN_S, TOKEN_EE, TOKEN_ES, TOKEN_SE, TOKEN_PSK };

static const enum token messages[2][3][4] = {
    [NOISE_XK] = {{TOKEN_E, TOKEN_ES}, {TOKEN_E, TOKEN_EE}, {TOKEN_S, TOKEN_SE}},
    [NOISE_XKPSK3] = {{TOKEN_E, TOKEN_ES}, {TOKEN_E, TOKEN_EE}, {TOKEN_S, TOKEN_SE, TOKEN_PSK}},
};
static const char *const names[2] = {
    [NOISE_XK] = "Noise_XK_25519_ChaChaPoly_BLAKE2b",
    [NOISE_XKPSK3] = "Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b",
};

struct noise_handshake {
    enum noise_pattern pattern;
    enum noise_role role;
    unsigned step; /* messages done; STEP_DEAD after a failure or the split */
    bool has_remote;
    uint8_t s[DH_BYTES], e[DH_BYTES], psk[KEY_BYTES];
    struct gmm_id s_pk, e_pk, rs, re;
    uint8_t ck[HMAC_BYTES], h[NOISE_HASH_BYTES], k[KEY_BYTES];
    uint64_t n;
};

enum { STEPS = 3, STEP_DEAD = 4 };

/* ChaChaPoly's nonce: 32 zero bits, then n, little-endian. */
static void nonce_write(uint8_t nonce[12], uint64_t n)
{
    memset(nonce, 0, 4);
    for (size_t i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(n >> (8 * i));
}

static void seal_at(uint8_t *out, const uint8_t key[KEY_BYTES], uint64_t n, const uint8_t *ad, size_t ad_len,
                    const void *plain, size_t len)
{
    uint8_t nonce[12];
    nonce_write(nonce, n);
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, ad, ad_len, NULL, nonce, key);
}

/* len is that of the ciphertext, tag included. */
static enum gmm_err open_at(uint8_t *out, const uint8_t key[KEY_BYTES], uint64_t n, const uint8_t *ad, size_t ad_len,
                            const uint8_t *sealed, size_t len)
{
    uint8_t nonce[12];
    nonce_write(nonce, n);
    return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, len, ad, ad_len, nonce, key) == 0
               ? GMM_OK
               : GMM_EDECRYPT;
}

static void mix_hash(struct noise_handshake *hs, const void *data, size_t len)
{
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_BYTES);
    crypto_generichash_blake2b_update(&state, hs->h, sizeof hs->h);
    if (len > 0)
        crypto_generichash_blake2b_update(&state, data, len);
    crypto_generichash_blake2b_final(&state, hs->h, sizeof hs->h);
}

static void set_key(struct noise_handshake *hs, uint8_t key[HMAC_BYTES])
{
    memcpy(hs->k, key, KEY_BYTES);
    sodium_memzero(key, HMAC_BYTES);
    hs->n = 0;
}

static void mix_key(struct noise_handshake *hs, const uint8_t input[DH_BYTES])
{
    uint8_t key[HMAC_BYTES];
    hmac_hkdf(hs->ck, key, NULL, hs->ck, input, DH_BYTES);
    set_key(hs, key);
}

static void mix_key_and_hash(struct noise_handshake *hs, const uint8_t input[KEY_BYTES])
{
    uint8_t hash[HMAC_BYTES], key[HMAC_BYTES];
    hmac_hkdf(hs->ck, hash, key, hs->ck, input, KEY_BYTES);
    mix_hash(hs, hash, sizeof hash);
    set_key(hs, key);
    sodium_memzero(hash, sizeof hash);
}

static enum gmm_err mix_dh(struct noise_handshake *hs, const uint8_t sk[DH_BYTES], const struct gmm_id *pk)
{
    uint8_t shared[DH_BYTES];
    enum gmm_err err = crypto_scalarmult(shared, sk, pk->b) == 0 ? GMM_OK : GMM_EKEY;
    if (err == GMM_OK)
        mix_key(hs, shared);
    sodium_memzero(shared, sizeof shared);
    return err;
}

static enum gmm_err encrypt_and_hash(struct noise_handshake *hs, const void *plain, size_t len, struct buffer *out)
{
    size_t size = len + NOISE_TAG_BYTES;
    uint8_t *sealed = buffer_extend(out, size);
    if (sealed == NULL)
        return out->failed;
    seal_at(sealed, hs->k, hs->n++, hs->h, sizeof hs->h, plain, len);
    mix_hash(hs, sealed, size);
    return GMM_OK;
}

/* plain takes len - NOISE_TAG_BYTES bytes. */
static enum gmm_err decrypt_and_hash(struct noise_handshake *hs, uint8_t *plain, const uint8_t *sealed, size_t len)
{
    enum gmm_err err = open_at(plain, hs->k, hs->n++, hs->h, sizeof hs->h, sealed, len);
    mix_hash(hs, sealed, len);
    return err;
}

struct noise_handshake *noise_new(const struct noise_config *config)
{
    struct noise_handshake *hs = secret_alloc(sizeof *hs);
    if (hs == NULL)
        return NULL;
    assert((config->role == NOISE_INITIATOR) == (config->remote_pk != NULL));
    hs->pattern = config->pattern;
    hs->role = config->role;
    memcpy(hs->s, config->static_sk, sizeof hs->s);
    memcpy(hs->e, config->ephemeral_sk, sizeof hs->e);
    hs->s_pk = *config->static_pk;
    if (config->psk != NULL)
        memcpy(hs->psk, config->psk, sizeof hs->psk);
    if (config->role == NOISE_INITIATOR) {
        hs->rs = *config->remote_pk;
        hs->has_remote = true;
    }
    const char *name = names[config->pattern];
    assert(strlen(name) <= sizeof hs->h);
    memcpy(hs->h, name, strlen(name));
    memcpy(hs->ck, hs->h, sizeof hs->ck);
    mix_hash(hs, config->prologue, config->prologue_len);
    mix_hash(hs, config->role == NOISE_INITIATOR ? hs->rs.b : hs->s_pk.b, DH_BYTES);
    return hs;
}

void noise_free(struct noise_handshake *hs)
{
    secret_free(hs);
}

/* es and se name the initiator's key first. */
static enum gmm_err token_dh(struct noise_handshake *hs, enum token token)
{
    bool initiator = hs->role == NOISE_INITIATOR;
    if (token == TOKEN_EE)
        return mix_dh(hs, hs->e, &hs->re);
    return (token == TOKEN_ES) == initiator ? mix_dh(hs, hs->e, &hs->rs) : mix_dh(hs, hs->s, &hs->re);
}

static void mix_e(struct noise_handshake *hs, const struct gmm_id *e_pk)
{
    mix_hash(hs, e_pk->b, sizeof e_pk->b);
    /* In a psk handshake "e" is mixed into the key as well. */
    if (hs->pattern == NOISE_XKPSK3)
        mix_key(hs, e_pk->b);
}

static enum gmm_err token_write(struct noise_handshake *hs, enum token token, struct buffer *out)
{
    switch (token) {
    case TOKEN_E:
        crypto_scalarmult_base(hs->e_pk.b, hs->e);
        buffer_put_id(out, &hs->e_pk);
        mix_e(hs, &hs->e_pk);
        return out->failed;
    case TOKEN_S:
        return encrypt_and_hash(hs, hs->s_pk.b, sizeof hs->s_pk.b, out);
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE:
        return token_dh(hs, token);
    case TOKEN_PSK:
        mix_key_and_hash(hs, hs->psk);
        return GMM_OK;
    case TOKEN_END:
        break;
    }
    return GMM_OK;
}

static enum gmm_err token_read(struct noise_handshake *hs, enum token token, struct bytes_in *in)
{
    const uint8_t *sealed;
    switch (token) {
    case TOKEN_E:
        bytes_get_id(in, &hs->re);
        mix_e(hs, &hs->re);
        return in->failed ? GMM_EFORMAT : GMM_OK;
    case TOKEN_S:
        sealed = bytes_take(in, DH_BYTES + NOISE_TAG_BYTES);
        return sealed == NULL ? GMM_EFORMAT : decrypt_and_hash(hs, hs->rs.b, sealed, DH_BYTES + NOISE_TAG_BYTES);
    case TOKEN_EE:
    case TOKEN_ES:
    case TOKEN_SE:
        return token_dh(hs, token);
    case TOKEN_PSK:
        mix_key_and_hash(hs, hs->psk);
        return GMM_OK;
    case TOKEN_END:
        break;
    }
    return GMM_OK;
}

/* Whoever speaks: the initiator at steps 0 and 2. */
static bool may(const struct noise_handshake *hs, bool write)
{
    return hs->step < STEPS && ((hs->step % 2 == 0) == (hs->role == NOISE_INITIATOR)) == write;
}

static enum gmm_err finish_step(struct noise_handshake *hs, enum gmm_err err)
{
    if (err == GMM_OK) {
        hs->step++;
        return GMM_OK;
    }
    sodium_memzero(hs, sizeof *hs);
    hs->step = STEP_DEAD;
    return err;
}

enum gmm_err noise_write(struct noise_handshake *hs, const void *payload, size_t len, struct buffer *out)
{
    if (!may(hs, true))
        return GMM_ESTATE;
    size_t overhead = hs->step == STEPS - 1 ? NOISE_FINAL_BYTES : NOISE_MESSAGE_BYTES;
    enum gmm_err err = len > LIMIT_NOISE_BYTES - overhead ? GMM_ELIMIT : out->failed;
    for (const enum token *token = messages[hs->pattern][hs->step]; err == GMM_OK && *token != TOKEN_END; token++)
        err = token_write(hs, *token, out);
    if (err == GMM_OK)
        err = encrypt_and_hash(hs, payload, len, out);
    return finish_step(hs, err);
}

static enum gmm_err payload_read(struct noise_handshake *hs, struct bytes_in *in, struct buffer *payload)
{
    size_t len = in->left;
    const uint8_t *sealed = bytes_take(in, len);
    if (sealed == NULL || len < NOISE_TAG_BYTES)
        return GMM_EFORMAT;
    uint8_t *plain = buffer_extend(payload, len - NOISE_TAG_BYTES);
    if (plain == NULL)
        return payload->failed;
    enum gmm_err err = decrypt_and_hash(hs, plain, sealed, len);
    if (err != GMM_OK)
        payload->len -= len - NOISE_TAG_BYTES;
    return err;
}

enum gmm_err noise_read(struct noise_handshake *hs, const void *message, size_t len, struct buffer *payload)
{
    if (!may(hs, false))
        return GMM_ESTATE;
    struct bytes_in in;
    bytes_in_init(&in, message, len);
    bool final = hs->step == STEPS - 1;
    bool fits = len >= (final ? NOISE_FINAL_BYTES : NOISE_MESSAGE_BYTES) && len <= LIMIT_NOISE_BYTES;
    enum gmm_err err = fits ? GMM_OK : GMM_EFORMAT;
    for (const enum token *token = messages[hs->pattern][hs->step]; err == GMM_OK && *token != TOKEN_END; token++)
        err = token_read(hs, *token, &in);
    if (err == GMM_OK)
        err = payload_read(hs, &in, payload);
    if (err == GMM_OK && final)
        hs->has_remote = true;
    return finish_step(hs, err);
}

const struct gmm_id *noise_remote_static(const struct noise_handshake *hs)
{
    return hs->has_remote ? &hs->rs : NULL;
}

enum gmm_err noise_split(struct noise_handshake *hs, struct noise_cipher *send, struct noise_cipher *receive,
                         uint8_t hash[NOISE_HASH_BYTES])
{
    *send = *receive = (struct noise_cipher){0};
    if (hs->step != STEPS)
        return GMM_ESTATE;
    struct noise_cipher first = {.key = secret_alloc(KEY_BYTES)}, second = {.key = secret_alloc(KEY_BYTES)};
    if (first.key == NULL || second.key == NULL) {
        noise_cipher_close(&first);
        noise_cipher_close(&second);
        return GMM_ENOMEM;
    }
    uint8_t k1[HMAC_BYTES], k2[HMAC_BYTES];
    hmac_hkdf(k1, k2, NULL, hs->ck, NULL, 0);
    memcpy(first.key, k1, KEY_BYTES);
    memcpy(second.key, k2, KEY_BYTES);
    sodium_memzero(k1, sizeof k1);
    sodium_memzero(k2, sizeof k2);
    *send = hs->role == NOISE_INITIATOR ? first : second;
    *receive = hs->role == NOISE_INITIATOR ? second : first;
    memcpy(hash, hs->h, NOISE_HASH_BYTES);
    struct gmm_id remote = hs->rs;
    sodium_memzero(hs, sizeof *hs);
    hs->rs = remote;
    hs->has_remote = true;
    hs->step = STEP_DEAD;
    return GMM_OK;
}

void noise_cipher_close(struct noise_cipher *cipher)
{
    secret_free(cipher->key);
    cipher->key = NULL;
}

/* REKEY(k): the first 32 bytes of ENCRYPT(k, 2^64-1, nothing, 32 zeros). The nonce goes on. */
static void count_message(struct noise_cipher *cipher)
{
    static const uint8_t zeros[KEY_BYTES];
    uint8_t key[KEY_BYTES + NOISE_TAG_BYTES];
    cipher->nonce++;
    if (cipher->nonce % LIMIT_REKEY_MESSAGES != 0)
        return;
    seal_at(key, cipher->key, NONCE_REKEY, NULL, 0, zeros, sizeof zeros);
    memcpy(cipher->key, key, KEY_BYTES);
    sodium_memzero(key, sizeof key);
}

enum gmm_err noise_encrypt(struct noise_cipher *cipher, uint8_t *out, const void *plain, size_t len)
{
    if (cipher->key == NULL || cipher->nonce == NONCE_REKEY)
        return GMM_ESTATE;
    if (len > LIMIT_FRAME_PLAIN)
        return GMM_ELIMIT;
    seal_at(out, cipher->key, cipher->nonce, NULL, 0, plain, len);
    count_message(cipher);
    return GMM_OK;
}

enum gmm_err noise_decrypt(struct noise_cipher *cipher, uint8_t *out, const void *message, size_t len)
{
    if (cipher->key == NULL || cipher->nonce == NONCE_REKEY)
        return GMM_ESTATE;
    enum gmm_err err = GMM_EFORMAT;
    if (len >= NOISE_TAG_BYTES && len <= LIMIT_NOISE_BYTES)
        err = open_at(out, cipher->key, cipher->nonce, NULL, 0, message, len);
    if (err == GMM_OK)
        count_message(cipher);
    else
        noise_cipher_close(cipher);
    return err;
}
