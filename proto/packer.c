#include "proto/packer.h"

#include <msgpack/pack.h>
#include <string.h>

static int append(void *data, const char *bytes, size_t len)
{
    struct buffer *out = data;
    buffer_put(out, bytes, len);
    return out->failed == GMM_OK ? 0 : -1;
}

static msgpack_packer packer_on(struct buffer *out)
{
    msgpack_packer pk;
    msgpack_packer_init(&pk, out, append);
    return pk;
}

static void fail(struct buffer *out, enum gmm_err err)
{
    if (out->failed == GMM_OK)
        out->failed = err;
}

void packer_nil(struct buffer *out)
{
    msgpack_packer pk = packer_on(out);
    (void)msgpack_pack_nil(&pk);
}

void packer_bool(struct buffer *out, bool v)
{
    msgpack_packer pk = packer_on(out);
    (void)(v ? msgpack_pack_true(&pk) : msgpack_pack_false(&pk));
}

void packer_uint(struct buffer *out, uint64_t v)
{
    msgpack_packer pk = packer_on(out);
    (void)msgpack_pack_uint64(&pk, v);
}

void packer_int(struct buffer *out, int64_t v)
{
    msgpack_packer pk = packer_on(out);
    (void)msgpack_pack_int64(&pk, v);
}

void packer_str(struct buffer *out, const char *text, size_t len)
{
    if (len > UINT32_MAX) {
        fail(out, GMM_ELIMIT);
        return;
    }
    if (len > 0 && (memchr(text, 0, len) != NULL || !bytes_is_utf8(text, len))) {
        fail(out, GMM_EFORMAT);
        return;
    }
    msgpack_packer pk = packer_on(out);
    if (msgpack_pack_str(&pk, len) == 0 && len > 0)
        (void)msgpack_pack_str_body(&pk, text, len);
}

void packer_text(struct buffer *out, const char *text)
{
    packer_str(out, text, strlen(text));
}

void packer_bin(struct buffer *out, const void *data, size_t len)
{
    if (len > UINT32_MAX) {
        fail(out, GMM_ELIMIT);
        return;
    }
    msgpack_packer pk = packer_on(out);
    if (msgpack_pack_bin(&pk, len) == 0 && len > 0)
        (void)msgpack_pack_bin_body(&pk, data, len);
}

void packer_id(struct buffer *out, const struct gmm_id *id)
{
    packer_bin(out, id->b, sizeof id->b);
}

void packer_array(struct buffer *out, uint32_t count)
{
    msgpack_packer pk = packer_on(out);
    (void)msgpack_pack_array(&pk, count);
}

void packer_map(struct buffer *out, uint32_t count)
{
    msgpack_packer pk = packer_on(out);
    (void)msgpack_pack_map(&pk, count);
}
