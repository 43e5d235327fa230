#include "proto/session_hello.h"

#define HELLO_VERSION 1u

static enum gmm_err sizes_check(const struct session_hello *hello)
{
    if (hello->certificate_len == 0)
        return GMM_EFORMAT;
    if (hello->certificate_len > CERTIFICATE_BYTES_MAX || hello->token_len > SESSION_HELLO_TOKEN_MAX)
        return GMM_ELIMIT;
    return GMM_OK;
}

enum gmm_err session_hello_encode(struct buffer *out, const struct session_hello *hello)
{
    enum gmm_err err = sizes_check(hello);
    if (err != GMM_OK)
        return err;
    buffer_put_u8(out, HELLO_VERSION);
    buffer_put_u32(out, hello->features);
    buffer_put_u64(out, hello->clock_ms);
    buffer_put_u32(out, hello->build);
    buffer_put_u16(out, (uint16_t)hello->certificate_len);
    buffer_put(out, hello->certificate, hello->certificate_len);
    buffer_put_u8(out, (uint8_t)hello->token_len);
    buffer_put(out, hello->token, hello->token_len);
    buffer_put_id(out, &hello->objects);
    return out->failed;
}

enum gmm_err session_hello_decode(struct session_hello *out, const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    *out = (struct session_hello){0};
    uint8_t version = bytes_get_u8(&in);
    if (in.failed)
        return GMM_EFORMAT;
    if (version != HELLO_VERSION)
        return GMM_EVERSION;
    out->features = bytes_get_u32(&in);
    out->clock_ms = bytes_get_u64(&in);
    out->build = bytes_get_u32(&in);
    out->certificate_len = bytes_get_u16(&in);
    out->certificate = bytes_take(&in, out->certificate_len);
    out->token_len = bytes_get_u8(&in);
    out->token = bytes_take(&in, out->token_len);
    bytes_get_id(&in, &out->objects);
    if (!bytes_in_done(&in))
        return GMM_EFORMAT;
    return sizes_check(out);
}
