/* Keystore files. The first byte chooses: the rest is a file as it is; a file whose sum is made again; or the payload
 * of a well-formed file (sealed here, so that what lies behind the tag is reached). What opens seals to the same bytes.
 * Files that ask for Argon2 are only asked for their method: what they cost is bounded, but not cheap. */
#include <stdlib.h>
#include <string.h>

#include "keys/keystore.h"
#include "keys/labels.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_BYTES 93
#define SUM_BYTES 32
#define SALT_AT 17
#define NONCE_AT 33
#define COMMIT_AT 57
#define LENGTH_AT 89

static const uint8_t key[32] = {0x6b};

static void try_file(const uint8_t *file, size_t size)
{
    enum keystore_method method;
    struct keystore *ks;
    size_t before = secret_in_use();
    if (keystore_method(&method, file, size) != GMM_OK || method == KEYSTORE_PASSPHRASE)
        return;
    if (keystore_open(&ks, file, size, key, sizeof key) != GMM_OK) {
        if (ks != NULL || secret_in_use() != before)
            abort();
        return;
    }
    const struct keystore_lock lock = {.method = method, .passphrase = key, .passphrase_len = sizeof key};
    struct buffer again;
    buffer_init(&again, LIMIT_KEYSTORE_BYTES);
    if (keystore_seal(&again, ks, &lock, file + SALT_AT, file + NONCE_AT) != GMM_OK || again.len != size ||
        memcmp(again.p, file, size) != 0)
        abort();
    buffer_close(&again);
    keystore_free(ks);
}

static void sum_again(uint8_t *file, size_t size)
{
    struct gmm_id sum;
    hash_h(&sum, LABEL_KEYSTORE_SUM, file, size - SUM_BYTES);
    memcpy(file + size - SUM_BYTES, sum.b, SUM_BYTES);
}

static void seal_payload(uint8_t *file, const uint8_t *payload, size_t len)
{
    uint8_t file_key[32];
    memset(file, 0, HEADER_BYTES);
    memcpy(file, "GMMKEYS1\x02", 9);
    hash_k(file_key, key, LABEL_KEYSTORE_KEY, file + SALT_AT, 16);
    hash_k(file + COMMIT_AT, key, LABEL_KEYSTORE_COMMIT, file + SALT_AT, 40);
    bytes_store_u32(file + LENGTH_AT, (uint32_t)len + 16);
    crypto_aead_xchacha20poly1305_ietf_encrypt(file + HEADER_BYTES, NULL, payload, len, file, HEADER_BYTES, NULL,
                                               file + NONCE_AT, file_key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        exit(1);
    if (size < 1 || size > LIMIT_KEYSTORE_BYTES)
        return 0;
    uint8_t *file = malloc(HEADER_BYTES + size + 16 + SUM_BYTES);
    if (file == NULL)
        exit(1);
    uint8_t how = data[0];
    size_t len = size - 1;
    if (how == 0 || (how == 1 && len < SUM_BYTES)) {
        try_file(data + 1, len);
    } else if (how == 1) {
        memcpy(file, data + 1, len);
        sum_again(file, len);
        try_file(file, len);
    } else {
        seal_payload(file, data + 1, len);
        sum_again(file, HEADER_BYTES + len + 16 + SUM_BYTES);
        try_file(file, HEADER_BYTES + len + 16 + SUM_BYTES);
    }
    free(file);
    return 0;
}
