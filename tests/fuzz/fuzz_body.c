/* The first byte says what the rest is: a body as it came; data that a member sealed as "compressed"; a plaintext,
 * which must come back from its body. */
#include <stdlib.h>
#include <string.h>

#include "proto/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t secret[32] = {1}, node[32] = {2}, entropy[32] = {3}, prefix[192] = {4};

static void open_body(const uint8_t *body, size_t len, const uint8_t *expected, size_t expected_len)
{
    uint8_t *plain;
    size_t plain_len;
    enum gmm_err err = body_open(&plain, &plain_len, secret, prefix, body, len);
    if (expected != NULL && (err != GMM_OK || plain_len != expected_len || memcmp(plain, expected, plain_len) != 0))
        abort();
    if ((err == GMM_OK) != (plain != NULL) || plain_len > BODY_PLAIN_MAX)
        abort();
    seal_free(plain, plain_len);
}

static void open_frame(const uint8_t *frame, size_t len)
{
    size_t body_len = seal_size(len);
    uint8_t *body = malloc(body_len);
    if (body == NULL)
        return;
    if (seal_body(body, secret, prefix, SEAL_ZSTD, frame, len, node, entropy) == GMM_OK)
        open_body(body, body_len, NULL, 0);
    free(body);
}

static void open_sealed(const uint8_t *plain, size_t len)
{
    struct buffer body;
    buffer_init(&body, LIMIT_BODY_BYTES);
    if (body_seal(&body, secret, prefix, plain, len, node, entropy) == GMM_OK)
        open_body(body.p, body.len, plain, len);
    buffer_close(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] == 0)
        open_body(data + 1, size - 1, NULL, 0);
    else if (data[0] % 2 == 1)
        open_frame(data + 1, size - 1);
    else
        open_sealed(data + 1, size - 1);
    return 0;
}
