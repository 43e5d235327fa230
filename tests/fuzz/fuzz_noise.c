/* Handshake messages and frames from an unknown peer. The first byte chooses what is expected: message 1 or 3 (by the
 * responder), message 2 (by the initiator), a frame. All before it comes from an honest peer with fixed keys. What is
 * read well is what that peer would have written; after anything else nothing more is read. */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "keys/secret.h"
#include "proto/noise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t keys[2][32] = {{1}, {2}}, ephemerals[2][32] = {{3}, {4}};
static struct gmm_id pks[2];

static struct noise_handshake *party(enum noise_role role)
{
    size_t i = role == NOISE_INITIATOR ? 0 : 1;
    const struct noise_config config = {.pattern = NOISE_XKPSK3,
                                        .role = role,
                                        .prologue = "fuzz",
                                        .prologue_len = 4,
                                        .static_sk = keys[i],
                                        .static_pk = &pks[i],
                                        .remote_pk = i == 0 ? &pks[1] : NULL,
                                        .ephemeral_sk = ephemerals[i]};
    struct noise_handshake *hs = noise_new(&config);
    if (hs == NULL)
        exit(1);
    return hs;
}

static void pass(struct noise_handshake *from, struct noise_handshake *to)
{
    struct buffer message, payload;
    buffer_init(&message, LIMIT_NOISE_BYTES);
    buffer_init(&payload, LIMIT_NOISE_BYTES);
    if (noise_write(from, NULL, 0, &message) != GMM_OK || noise_read(to, message.p, message.len, &payload) != GMM_OK)
        abort();
    buffer_close(&message);
    buffer_close(&payload);
}

static void read_message(struct noise_handshake *hs, unsigned step, const uint8_t *message, size_t size)
{
    struct buffer payload;
    buffer_init(&payload, LIMIT_NOISE_BYTES);
    enum gmm_err err = noise_read(hs, message, size, &payload);
    if (err == GMM_OK) {
        if (payload.len + (step == 2 ? NOISE_FINAL_BYTES : NOISE_MESSAGE_BYTES) != size)
            abort();
        if (step == 2 && !id_equal(noise_remote_static(hs), &pks[0]))
            abort();
    } else if (payload.len != 0 || noise_read(hs, message, size, &payload) != GMM_ESTATE ||
               noise_write(hs, NULL, 0, &payload) != GMM_ESTATE) {
        abort();
    }
    buffer_close(&payload);
}

static void read_frame(struct noise_handshake *const ends[2], const uint8_t *frame, size_t size)
{
    struct noise_cipher send, receive;
    uint8_t hash[NOISE_HASH_BYTES], *out = malloc(size + 1);
    if (out == NULL || noise_split(ends[1], &send, &receive, hash) != GMM_OK)
        exit(1);
    if (noise_decrypt(&receive, out, frame, size) != GMM_OK && noise_decrypt(&receive, out, frame, size) != GMM_ESTATE)
        abort();
    noise_cipher_close(&send);
    noise_cipher_close(&receive);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        exit(1);
    for (size_t i = 0; i < 2; i++)
        crypto_scalarmult_base(pks[i].b, keys[i]);
    if (size < 1)
        return 0;
    unsigned step = data[0] % 4;
    struct noise_handshake *ends[2] = {party(NOISE_INITIATOR), party(NOISE_RESPONDER)};
    for (unsigned i = 0; i < step; i++)
        pass(ends[i % 2], ends[(i + 1) % 2]);
    if (step < 3)
        read_message(ends[(step + 1) % 2], step, data + 1, size - 1);
    else
        read_frame(ends, data + 1, size - 1);
    noise_free(ends[0]);
    noise_free(ends[1]);
    return 0;
}
