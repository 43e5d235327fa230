#include "keys/keystore.h"

#include <assert.h>
#include <string.h>

#include "keys/labels.h"

#define MAGIC "GMMKEYS"
#define MAGIC_BYTES 7 /* the eighth byte is the version, '1' */
#define METHOD_AT 8
#define OPS_AT 9
#define MEM_AT 13
#define SALT_AT 17
#define SALT_BYTES 16
#define NONCE_AT 33
#define NONCE_BYTES 24
#define COMMIT_AT 57
#define LENGTH_AT 89
#define HEADER_BYTES 93
#define TAG_BYTES 16
#define SUM_BYTES 32

#define FLAG_ROOT 1u
#define FLAG_NEXT_ROOT 2u
#define FLAG_PROVISIONAL 4u
#define FLAG_NEXT_KEYS 8u
#define FLAG_FORMER 16u
#define FLAGS_ALL 31u
#define PAYLOAD_VERSION 1
#define WRAP_BYTES (32 + 8 + 8)
#define PAYLOAD_FIXED (1 + 1 + 32 + 32 + 32 + 4 + 32 + 32 + 32 + 2 + 2)
#define CARD_MAX (sizeof((struct keystore *)NULL)->card)
#define PAYLOAD_MAX (PAYLOAD_FIXED + KEYSTORE_WRAPS * WRAP_BYTES + CARD_MAX + 4 * 32)

static_assert(SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "Argon2id's salt");
static_assert(NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "XChaCha20's nonce");
static_assert(HEADER_BYTES == LENGTH_AT + 4, "the header ends with the length");
static_assert(PAYLOAD_MAX <= SECRET_BYTES_MAX && sizeof(struct keystore) <= SECRET_BYTES_MAX, "fits guarded memory");
static_assert(HEADER_BYTES + PAYLOAD_MAX + TAG_BYTES + SUM_BYTES <= LIMIT_KEYSTORE_BYTES, "fits a keystore file");

/* What a passphrase or key becomes; guarded memory. */
struct derived {
    uint8_t master[32], key[32], commit[32];
};

struct keystore *keystore_new(void)
{
    return secret_alloc(sizeof(struct keystore));
}

void keystore_free(struct keystore *ks)
{
    secret_free(ks);
}

void keystore_derive(struct keystore *ks)
{
    struct gmm_id next_root_pk;
    uint8_t next_root_sk[64];
    identity_pair(&ks->sign_pk, ks->sign_sk, ks->sign_seed);
    crypto_scalarmult_base(ks->noise_pk.b, ks->noise_sk);
    sodium_memzero(&ks->next_sign_pk, sizeof ks->next_sign_pk);
    sodium_memzero(&ks->former_noise_pk, sizeof ks->former_noise_pk);
    if (ks->former_held)
        crypto_scalarmult_base(ks->former_noise_pk.b, ks->former_noise_sk);
    if (ks->next_held) {
        uint8_t next_sign_sk[64];
        identity_pair(&ks->next_sign_pk, next_sign_sk, ks->next_sign_seed);
        sodium_memzero(next_sign_sk, sizeof next_sign_sk);
    }
    sodium_memzero(&ks->root_pk, sizeof ks->root_pk);
    sodium_memzero(ks->root_sk, sizeof ks->root_sk);
    sodium_memzero(&ks->next_commit, sizeof ks->next_commit);
    if (ks->root_held)
        identity_pair(&ks->root_pk, ks->root_sk, ks->root_seed);
    if (ks->next_root_held) {
        identity_pair(&next_root_pk, next_root_sk, ks->next_root_seed);
        identity_next_commit(&ks->next_commit, &next_root_pk);
        sodium_memzero(next_root_sk, sizeof next_root_sk);
    }
}

static bool cost_ok(uint32_t ops, uint32_t mem_kib)
{
    return ops >= KEYSTORE_OPS_MIN && ops <= KEYSTORE_OPS_MAX && mem_kib >= KEYSTORE_MEM_KIB_MIN &&
           mem_kib <= KEYSTORE_MEM_KIB_MAX;
}

static enum gmm_err derive_master(uint8_t master[32], const struct keystore_lock *lock, const uint8_t salt[SALT_BYTES])
{
    switch (lock->method) {
    case KEYSTORE_NONE:
        sodium_memzero(master, 32);
        return GMM_OK;
    case KEYSTORE_KEY:
        memcpy(master, lock->passphrase, 32);
        return GMM_OK;
    case KEYSTORE_PASSPHRASE:
        if (crypto_pwhash(master, 32, lock->passphrase, lock->passphrase_len, salt, lock->ops,
                          (size_t)lock->mem_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
            return GMM_ENOMEM;
        return GMM_OK;
    }
    assert(false && "a method of the enum");
    return GMM_EUSAGE;
}

static enum gmm_err derive(struct derived *d, const struct keystore_lock *lock, const uint8_t salt[SALT_BYTES],
                           const uint8_t nonce[NONCE_BYTES])
{
    uint8_t salt_nonce[SALT_BYTES + NONCE_BYTES];
    enum gmm_err err = derive_master(d->master, lock, salt);
    if (err != GMM_OK)
        return err;
    memcpy(salt_nonce, salt, SALT_BYTES);
    memcpy(salt_nonce + SALT_BYTES, nonce, NONCE_BYTES);
    hash_k(d->key, d->master, LABEL_KEYSTORE_KEY, salt, SALT_BYTES);
    hash_k(d->commit, d->master, LABEL_KEYSTORE_COMMIT, salt_nonce, sizeof salt_nonce);
    return GMM_OK;
}

static void put(uint8_t **at, const void *bytes, size_t n)
{
    memcpy(*at, bytes, n);
    *at += n;
}

static void put_u16(uint8_t **at, uint16_t v)
{
    bytes_store_u16(*at, v);
    *at += 2;
}

static void put_u64(uint8_t **at, uint64_t v)
{
    bytes_store_u64(*at, v);
    *at += 8;
}

/* A seed that is not held is stored as zeros. */
static void put_seed(uint8_t **at, const uint8_t seed[32], bool held)
{
    static const uint8_t none[32];
    put(at, held ? seed : none, 32);
}

static size_t payload_encode(uint8_t *out, const struct keystore *ks)
{
    uint8_t *at = out;
    *at++ = PAYLOAD_VERSION;
    *at++ = (uint8_t)((ks->root_held ? FLAG_ROOT : 0) | (ks->next_root_held ? FLAG_NEXT_ROOT : 0) |
                      (ks->root_provisional ? FLAG_PROVISIONAL : 0) | (ks->next_held ? FLAG_NEXT_KEYS : 0) |
                      (ks->former_held ? FLAG_FORMER : 0));
    put(&at, ks->node, 32);
    put(&at, ks->sign_seed, 32);
    put(&at, ks->noise_sk, 32);
    bytes_store_u32(at, ks->root_n);
    at += 4;
    put_seed(&at, ks->root_seed, ks->root_held);
    put_seed(&at, ks->next_root_seed, ks->next_root_held);
    put(&at, ks->pid.b, 32);
    put_u16(&at, ks->wrap_count);
    for (size_t i = 0; i < ks->wrap_count; i++) {
        put(&at, ks->wraps[i].sk, 32);
        put_u64(&at, ks->wraps[i].created_ms);
        put_u64(&at, ks->wraps[i].retired_ms);
    }
    put_u16(&at, ks->card_len);
    put(&at, ks->card, ks->card_len);
    if (ks->next_held) {
        put(&at, ks->next_sign_seed, 32);
        put(&at, ks->next_noise_sk, 32);
        put(&at, ks->next_wrap_sk, 32);
    }
    if (ks->former_held)
        put(&at, ks->former_noise_sk, 32);
    return (size_t)(at - out);
}

static void get_seed(struct bytes_in *in, uint8_t seed[32], bool held)
{
    bytes_get(in, seed, 32);
    if (!held && !sodium_is_zero(seed, 32))
        bytes_fail(in);
}

static enum gmm_err payload_decode(struct keystore *ks, const uint8_t *payload, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, payload, len);
    if (bytes_get_u8(&in) != PAYLOAD_VERSION)
        return in.failed ? GMM_ECORRUPT : GMM_EVERSION;
    unsigned flags = bytes_get_u8(&in);
    if ((flags & ~FLAGS_ALL) != 0)
        return GMM_ECORRUPT;
    ks->root_held = (flags & FLAG_ROOT) != 0;
    ks->next_root_held = (flags & FLAG_NEXT_ROOT) != 0;
    ks->root_provisional = (flags & FLAG_PROVISIONAL) != 0;
    ks->next_held = (flags & FLAG_NEXT_KEYS) != 0;
    ks->former_held = (flags & FLAG_FORMER) != 0;
    bytes_get(&in, ks->node, 32);
    bytes_get(&in, ks->sign_seed, 32);
    bytes_get(&in, ks->noise_sk, 32);
    ks->root_n = bytes_get_u32(&in);
    get_seed(&in, ks->root_seed, ks->root_held);
    get_seed(&in, ks->next_root_seed, ks->next_root_held);
    bytes_get_id(&in, &ks->pid);
    ks->wrap_count = bytes_get_u16(&in);
    if (ks->wrap_count > KEYSTORE_WRAPS)
        return GMM_ECORRUPT;
    for (size_t i = 0; i < ks->wrap_count; i++) {
        bytes_get(&in, ks->wraps[i].sk, 32);
        ks->wraps[i].created_ms = bytes_get_u64(&in);
        ks->wraps[i].retired_ms = bytes_get_u64(&in);
    }
    ks->card_len = bytes_get_u16(&in);
    if (ks->card_len > sizeof ks->card)
        return GMM_ECORRUPT;
    bytes_get(&in, ks->card, ks->card_len);
    if (ks->next_held) {
        bytes_get(&in, ks->next_sign_seed, 32);
        bytes_get(&in, ks->next_noise_sk, 32);
        bytes_get(&in, ks->next_wrap_sk, 32);
    }
    if (ks->former_held)
        bytes_get(&in, ks->former_noise_sk, 32);
    return bytes_in_done(&in) ? GMM_OK : GMM_ECORRUPT;
}

static void file_sum(uint8_t sum[SUM_BYTES], const uint8_t *file, size_t len)
{
    struct gmm_id id;
    hash_h(&id, LABEL_KEYSTORE_SUM, file, len);
    memcpy(sum, id.b, SUM_BYTES);
}

static bool lock_ok(const struct keystore_lock *lock)
{
    switch (lock->method) {
    case KEYSTORE_NONE:
        return lock->ops == 0 && lock->mem_kib == 0;
    case KEYSTORE_KEY:
        return lock->ops == 0 && lock->mem_kib == 0 && lock->passphrase != NULL && lock->passphrase_len == 32;
    case KEYSTORE_PASSPHRASE:
        return cost_ok(lock->ops, lock->mem_kib) && lock->passphrase != NULL && lock->passphrase_len > 0 &&
               lock->passphrase_len <= KEYSTORE_PASSPHRASE_MAX;
    }
    return false;
}

/* The whole file into `file`, of HEADER_BYTES + len + TAG_BYTES + SUM_BYTES bytes. */
static void file_write(uint8_t *file, const struct keystore_lock *lock, const struct derived *d,
                       const uint8_t salt[SALT_BYTES], const uint8_t nonce[NONCE_BYTES], const uint8_t *payload,
                       size_t len)
{
    size_t sealed = len + TAG_BYTES;
    memcpy(file, MAGIC "1", METHOD_AT);
    file[METHOD_AT] = (uint8_t)lock->method;
    bytes_store_u32(file + OPS_AT, lock->ops);
    bytes_store_u32(file + MEM_AT, lock->mem_kib);
    memcpy(file + SALT_AT, salt, SALT_BYTES);
    memcpy(file + NONCE_AT, nonce, NONCE_BYTES);
    memcpy(file + COMMIT_AT, d->commit, 32);
    bytes_store_u32(file + LENGTH_AT, (uint32_t)sealed);
    crypto_aead_xchacha20poly1305_ietf_encrypt(file + HEADER_BYTES, NULL, payload, len, file, HEADER_BYTES, NULL, nonce,
                                               d->key);
    file_sum(file + HEADER_BYTES + sealed, file, HEADER_BYTES + sealed);
}

enum gmm_err keystore_seal(struct buffer *out, const struct keystore *ks, const struct keystore_lock *lock,
                           const uint8_t salt[16], const uint8_t nonce[24])
{
    if (!lock_ok(lock) || ks->wrap_count > KEYSTORE_WRAPS || ks->card_len > sizeof ks->card)
        return GMM_EUSAGE;
    enum gmm_err err = GMM_ENOMEM;
    struct derived *d = secret_alloc(sizeof *d);
    uint8_t *payload = secret_alloc(PAYLOAD_MAX);
    if (d == NULL || payload == NULL)
        goto done;
    err = derive(d, lock, salt, nonce);
    if (err != GMM_OK)
        goto done;
    size_t len = payload_encode(payload, ks);
    uint8_t *file = buffer_extend(out, HEADER_BYTES + len + TAG_BYTES + SUM_BYTES);
    if (file != NULL)
        file_write(file, lock, d, salt, nonce, payload, len);
    err = out->failed;
done:
    secret_free(payload);
    secret_free(d);
    return err;
}

/* Everything that can be known without a secret. Fills the lock but for its passphrase. */
static enum gmm_err header_check(struct keystore_lock *lock, const uint8_t *file, size_t len)
{
    uint8_t sum[SUM_BYTES];
    if (len < HEADER_BYTES + TAG_BYTES + SUM_BYTES || len > LIMIT_KEYSTORE_BYTES)
        return GMM_ECORRUPT;
    file_sum(sum, file, len - SUM_BYTES);
    if (memcmp(sum, file + len - SUM_BYTES, SUM_BYTES) != 0 || memcmp(file, MAGIC, MAGIC_BYTES) != 0)
        return GMM_ECORRUPT;
    if (file[MAGIC_BYTES] != '1')
        return GMM_EVERSION;
    if (file[METHOD_AT] > KEYSTORE_KEY || bytes_load_u32(file + LENGTH_AT) != len - HEADER_BYTES - SUM_BYTES)
        return GMM_ECORRUPT;
    lock->method = (enum keystore_method)file[METHOD_AT];
    lock->ops = bytes_load_u32(file + OPS_AT);
    lock->mem_kib = bytes_load_u32(file + MEM_AT);
    if (lock->method == KEYSTORE_PASSPHRASE ? !cost_ok(lock->ops, lock->mem_kib) : lock->ops != 0 || lock->mem_kib != 0)
        return GMM_ECORRUPT;
    return GMM_OK;
}

enum gmm_err keystore_method(enum keystore_method *method, const void *bytes, size_t len)
{
    struct keystore_lock lock = {.method = KEYSTORE_NONE};
    enum gmm_err err = header_check(&lock, bytes, len);
    *method = lock.method;
    return err;
}

static enum gmm_err file_open(struct keystore *ks, struct derived *d, uint8_t *payload,
                              const struct keystore_lock *lock, const uint8_t *file, size_t len)
{
    size_t sealed = len - HEADER_BYTES - SUM_BYTES;
    enum gmm_err err = derive(d, lock, file + SALT_AT, file + NONCE_AT);
    if (err != GMM_OK)
        return err;
    if (sodium_memcmp(d->commit, file + COMMIT_AT, 32) != 0)
        return GMM_EPASSPHRASE;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(payload, NULL, NULL, file + HEADER_BYTES, sealed, file, HEADER_BYTES,
                                                   file + NONCE_AT, d->key) != 0)
        return GMM_ECORRUPT;
    err = payload_decode(ks, payload, sealed - TAG_BYTES);
    if (err == GMM_OK)
        keystore_derive(ks);
    return err;
}

enum gmm_err keystore_open(struct keystore **out, const void *bytes, size_t len, const void *passphrase,
                           size_t passphrase_len)
{
    struct keystore_lock lock = {.method = KEYSTORE_NONE};
    *out = NULL;
    enum gmm_err err = header_check(&lock, bytes, len);
    if (err != GMM_OK)
        return err;
    if (len - HEADER_BYTES - SUM_BYTES - TAG_BYTES > PAYLOAD_MAX)
        return GMM_ECORRUPT;
    lock.passphrase = passphrase;
    lock.passphrase_len = passphrase_len;
    if (!lock_ok(&lock))
        return GMM_EPASSPHRASE;
    err = GMM_ENOMEM;
    struct keystore *ks = keystore_new();
    struct derived *d = secret_alloc(sizeof *d);
    uint8_t *payload = secret_alloc(PAYLOAD_MAX);
    if (ks != NULL && d != NULL && payload != NULL)
        err = file_open(ks, d, payload, &lock, bytes, len);
    if (err == GMM_OK) {
        *out = ks;
        ks = NULL;
    }
    secret_free(payload);
    secret_free(d);
    keystore_free(ks);
    return err;
}
