#include "keys/invite.h"

#include <string.h>

#include "keys/labels.h"

static void content_put(struct buffer *out, const struct invite *invite)
{
    buffer_put_u8(out, 1);
    buffer_put_id(out, &invite->nid);
    buffer_put_text8(out, invite->network, strnlen(invite->network, sizeof invite->network));
    buffer_put_id(out, &invite->sign_pk);
    buffer_put_id(out, &invite->noise_pk);
    buffer_put_text8(out, invite->inviter_id, strnlen(invite->inviter_id, sizeof invite->inviter_id));
    buffer_put_text8(out, invite->inviter_office, strnlen(invite->inviter_office, sizeof invite->inviter_office));
    buffer_put(out, invite->secret, sizeof invite->secret);
    buffer_put_u64(out, invite->expires_ms);
    buffer_put_text8(out, invite->for_id, strnlen(invite->for_id, sizeof invite->for_id));
    buffer_put_text8(out, invite->office, strnlen(invite->office, sizeof invite->office));
    buffer_put_id(out, &invite->pid);
    address_list_put(out, invite->address_count, invite->addresses);
}

enum gmm_err invite_make(struct buffer *out, const struct invite *invite)
{
    struct invite made;
    size_t start = out->len;
    content_put(out, invite);
    enum gmm_err err = out->failed;
    if (err == GMM_OK)
        err = invite_open(&made, out->p + start, out->len - start);
    invite_close(&made);
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

static bool fields_ok(const struct invite *invite)
{
    bool second_office = invite->office[0] != '\0';
    return identity_name_ok(invite->network, strlen(invite->network)) &&
           identity_id_ok(invite->inviter_id, strlen(invite->inviter_id)) &&
           identity_office_ok(invite->inviter_office, strlen(invite->inviter_office)) &&
           invite->expires_ms <= IDENTITY_TIME_MS_MAX &&
           (invite->for_id[0] == '\0' || identity_id_ok(invite->for_id, strlen(invite->for_id))) &&
           (!second_office || identity_office_ok(invite->office, strlen(invite->office))) &&
           second_office != id_is_zero(&invite->pid);
}

static enum gmm_err decode(struct invite *out, const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get_id(&in, &out->nid);
    bytes_get_text8(&in, out->network, LIMIT_NAME_TEXT);
    bytes_get_id(&in, &out->sign_pk);
    bytes_get_id(&in, &out->noise_pk);
    bytes_get_text8(&in, out->inviter_id, LIMIT_PARTICIPANT_ID);
    bytes_get_text8(&in, out->inviter_office, LIMIT_OFFICE_TEXT);
    bytes_get(&in, out->secret, sizeof out->secret);
    out->expires_ms = bytes_get_u64(&in);
    bytes_get_text8(&in, out->for_id, LIMIT_PARTICIPANT_ID);
    bytes_get_text8(&in, out->office, LIMIT_OFFICE_TEXT);
    bytes_get_id(&in, &out->pid);
    address_list_get(&in, &out->address_count, out->addresses);
    if (!bytes_in_done(&in) || !fields_ok(out))
        return GMM_EFORMAT;
    if (hash_check_sign_pk(&out->sign_pk) != GMM_OK || identity_check_dh_pk(&out->noise_pk) != GMM_OK)
        return GMM_EKEY;
    return GMM_OK;
}

enum gmm_err invite_open(struct invite *out, const void *bytes, size_t len)
{
    enum gmm_err err = len > INVITE_BYTES_MAX ? GMM_EFORMAT : decode(out, bytes, len);
    if (err != GMM_OK)
        invite_close(out);
    return err;
}

void invite_id(uint8_t out[CARD_INVITE_ID_BYTES], const uint8_t secret[32])
{
    struct gmm_id id;
    hash_h(&id, LABEL_INVITE_ID, secret, 32);
    memcpy(out, id.b, CARD_INVITE_ID_BYTES);
}

void invite_close(struct invite *invite)
{
    sodium_memzero(invite, sizeof *invite);
}
