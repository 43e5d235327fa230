#include "proto/control.h"

#include <stdlib.h>
#include <string.h>

#include "keys/epoch.h"
#include "keys/identity.h"
#include "keys/labels.h"

#define CONTROL_VERSION 1u

void control_version_put(struct buffer *out)
{
    buffer_put_u8(out, CONTROL_VERSION);
}

bool control_version_get(struct bytes_in *in, enum gmm_err *err)
{
    uint8_t version = bytes_get_u8(in);
    if (in->failed)
        *err = GMM_EFORMAT;
    else
        *err = version == CONTROL_VERSION ? GMM_OK : GMM_EVERSION;
    return *err == GMM_OK;
}

void control_subject(struct gmm_id *out, uint16_t type, const void *body, size_t len)
{
    struct hash h;
    uint8_t number[2];
    bytes_store_u16(number, type);
    hash_init(&h, LABEL_SUBJECT);
    hash_update(&h, number, sizeof number);
    hash_update(&h, body, len);
    hash_final(&h, out->b);
}

enum gmm_err control_admit_encode(struct buffer *out, const struct control_admit *r)
{
    control_version_put(out);
    buffer_put_id(out, &r->pid);
    buffer_put_text8(out, r->id, strnlen(r->id, sizeof r->id));
    buffer_put_text8(out, r->name, strnlen(r->name, sizeof r->name));
    buffer_put_u8(out, r->kind);
    buffer_put_id(out, &r->root_pk);
    buffer_put_id(out, &r->next_commit);
    buffer_put_id(out, &r->sign_pk);
    buffer_put_id(out, &r->noise_pk);
    buffer_put(out, r->join_signature, HASH_SIG_BYTES);
    return out->failed;
}

static bool admit_fields_ok(const struct control_admit *r)
{
    return identity_id_ok(r->id, strlen(r->id)) && identity_name_ok(r->name, strlen(r->name)) &&
           identity_kind_text(r->kind) != NULL;
}

static enum gmm_err admit_keys_ok(const struct control_admit *r)
{
    struct gmm_id pid;
    identity_pid(&pid, &r->root_pk, &r->next_commit);
    if (!id_equal(&pid, &r->pid) || hash_check_sign_pk(&r->root_pk) != GMM_OK ||
        hash_check_sign_pk(&r->sign_pk) != GMM_OK)
        return GMM_EKEY;
    return identity_check_dh_pk(&r->noise_pk);
}

enum gmm_err control_admit_decode(struct control_admit *out, const struct gmm_id *nid, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, &out->pid);
    bytes_get_text8(&in, out->id, LIMIT_PARTICIPANT_ID);
    bytes_get_text8(&in, out->name, LIMIT_NAME_TEXT);
    out->kind = bytes_get_u8(&in);
    bytes_get_id(&in, &out->root_pk);
    bytes_get_id(&in, &out->next_commit);
    bytes_get_id(&in, &out->sign_pk);
    bytes_get_id(&in, &out->noise_pk);
    bytes_get(&in, out->join_signature, HASH_SIG_BYTES);
    if (!bytes_in_done(&in) || !admit_fields_ok(out))
        return GMM_EFORMAT;
    err = admit_keys_ok(out);
    return err == GMM_OK ? card_join_verify(nid, &out->pid, &out->sign_pk, out->join_signature) : err;
}

/* Bodies of a version and one 32-byte name. */
static enum gmm_err one_id_encode(struct buffer *out, const struct gmm_id *id)
{
    control_version_put(out);
    buffer_put_id(out, id);
    return out->failed;
}

static enum gmm_err one_id_decode(struct gmm_id *id, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    bytes_get_id(&in, id);
    return bytes_in_done(&in) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err control_wrapkey_encode(struct buffer *out, const struct gmm_id *wrap_pk)
{
    return one_id_encode(out, wrap_pk);
}

enum gmm_err control_wrapkey_decode(struct gmm_id *wrap_pk, const void *body, size_t len)
{
    enum gmm_err err = one_id_decode(wrap_pk, body, len);
    return err == GMM_OK ? identity_check_dh_pk(wrap_pk) : err;
}

enum gmm_err control_epoch_bad_encode(struct buffer *out, const struct gmm_id *epoch)
{
    return one_id_encode(out, epoch);
}

enum gmm_err control_epoch_bad_decode(struct gmm_id *epoch, const void *body, size_t len)
{
    return one_id_decode(epoch, body, len);
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* Sorted and without repeats, as the decoder wants them. */
static void members_put(struct buffer *out, const struct gmm_id *members, uint16_t count)
{
    struct gmm_id sorted[LIMIT_PARTICIPANTS];
    uint16_t kept = 0;
    if (count > LIMIT_PARTICIPANTS) {
        if (out->failed == GMM_OK)
            out->failed = GMM_ELIMIT;
        return;
    }
    memcpy(sorted, members, count * sizeof *members);
    qsort(sorted, count, sizeof *sorted, compare_ids);
    for (uint16_t i = 0; i < count; i++)
        if (kept == 0 || !id_equal(&sorted[kept - 1], &sorted[i]))
            sorted[kept++] = sorted[i];
    buffer_put_u16(out, kept);
    for (uint16_t i = 0; i < kept; i++)
        buffer_put_id(out, &sorted[i]);
}

static void members_get(struct bytes_in *in, struct gmm_id *members, uint16_t *count)
{
    uint16_t n = bytes_get_u16(in);
    *count = 0;
    if (n > LIMIT_PARTICIPANTS)
        bytes_fail(in);
    for (uint16_t i = 0; i < n && !in->failed; i++) {
        bytes_get_id(in, &members[i]);
        if (i > 0 && id_compare(&members[i - 1], &members[i]) >= 0)
            bytes_fail(in);
        *count = (uint16_t)(i + 1);
    }
}

enum gmm_err control_group_encode(struct buffer *out, const struct control_group *r)
{
    control_version_put(out);
    buffer_put_u8(out, r->kind);
    buffer_put(out, r->random, sizeof r->random);
    buffer_put_u8(out, r->history);
    members_put(out, r->members, r->member_count);
    return out->failed;
}

enum gmm_err control_group_decode(struct control_group *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    out->kind = bytes_get_u8(&in);
    bytes_get(&in, out->random, sizeof out->random);
    out->history = bytes_get_u8(&in);
    members_get(&in, out->members, &out->member_count);
    return bytes_in_done(&in) && out->kind == GROUP_CIRCLE && out->history <= 1 ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err control_members_encode(struct buffer *out, const struct control_members *r)
{
    control_version_put(out);
    members_put(out, r->members, r->member_count);
    return out->failed;
}

enum gmm_err control_members_decode(struct control_members *out, const void *body, size_t len)
{
    struct bytes_in in;
    enum gmm_err err;
    bytes_in_init(&in, body, len);
    if (!control_version_get(&in, &err))
        return err;
    members_get(&in, out->members, &out->member_count);
    return bytes_in_done(&in) && out->member_count > 0 ? GMM_OK : GMM_EFORMAT;
}
