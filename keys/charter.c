#include "keys/charter.h"

#include <string.h>

#include "keys/labels.h"

const char *charter_thematic_name(unsigned index)
{
    static const char *const names[LIMIT_THEMATIC] = {"data-research", "rights-gender", "mainstreaming", "decent-work",
                                                      "capacity"};
    return index < LIMIT_THEMATIC ? names[index] : NULL;
}

static void content_put(struct buffer *out, const struct charter *charter)
{
    buffer_put_u8(out, 1);
    buffer_put(out, charter->random, sizeof charter->random);
    buffer_put_u64(out, charter->time_ms);
    buffer_put_text8(out, charter->name, strnlen(charter->name, sizeof charter->name));
    buffer_put_text8(out, charter->founder_id, strnlen(charter->founder_id, sizeof charter->founder_id));
    buffer_put_text8(out, charter->founder_name, strnlen(charter->founder_name, sizeof charter->founder_name));
    buffer_put_u8(out, charter->founder_kind);
    buffer_put_id(out, &charter->founder_root_pk);
    buffer_put_id(out, &charter->founder_next_commit);
    buffer_put_u64(out, charter->term_until_ms);
    buffer_put_u8(out, charter->admission);
    buffer_put_u8(out, charter->thematic);
    for (size_t i = 0; i < LIMIT_THEMATIC; i++)
        buffer_put_text8(out, charter->leads[i], strnlen(charter->leads[i], sizeof charter->leads[i]));
}

/* What follows from the content. */
static void derive(struct charter *charter, const void *content, size_t len)
{
    hash_h(&charter->nid, LABEL_CHARTER, content, len);
    identity_pid(&charter->founder_pid, &charter->founder_root_pk, &charter->founder_next_commit);
}

enum gmm_err charter_make(struct buffer *out, struct charter *charter, const uint8_t root_sk[64])
{
    struct charter made;
    size_t start = out->len;
    content_put(out, charter);
    if (out->failed == GMM_OK)
        derive(charter, out->p + start, out->len - start);
    enum gmm_err err =
        identity_sign_object(out, start, root_sk, &charter->founder_root_pk, LABEL_CHARTER_SIG, &charter->nid);
    if (err == GMM_OK)
        err = charter_open(&made, out->p + start, out->len - start);
    if (err != GMM_OK)
        buffer_cut(out, start);
    return err;
}

static bool admission_ok(uint8_t admission)
{
    return admission >= CHARTER_BY_CHAIR && admission <= CHARTER_BY_TWO_THIRDS;
}

static bool fields_ok(const struct charter *charter)
{
    for (size_t i = 0; i < LIMIT_THEMATIC; i++)
        if (charter->leads[i][0] != '\0' && !identity_id_ok(charter->leads[i], strlen(charter->leads[i])))
            return false;
    return identity_name_ok(charter->name, strlen(charter->name)) &&
           identity_id_ok(charter->founder_id, strlen(charter->founder_id)) &&
           identity_name_ok(charter->founder_name, strlen(charter->founder_name)) &&
           identity_kind_text(charter->founder_kind) != NULL && charter->time_ms < charter->term_until_ms &&
           charter->term_until_ms <= IDENTITY_TIME_MS_MAX && admission_ok(charter->admission) &&
           (charter->thematic == CHARTER_THEMATIC_OPEN || charter->thematic == CHARTER_THEMATIC_LISTED);
}

static enum gmm_err decode(struct charter *out, uint8_t sig[HASH_SIG_BYTES], const void *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    if (!in.failed && version != 1)
        return GMM_EVERSION;
    bytes_get(&in, out->random, sizeof out->random);
    out->time_ms = bytes_get_u64(&in);
    bytes_get_text8(&in, out->name, LIMIT_NAME_TEXT);
    bytes_get_text8(&in, out->founder_id, LIMIT_PARTICIPANT_ID);
    bytes_get_text8(&in, out->founder_name, LIMIT_NAME_TEXT);
    out->founder_kind = bytes_get_u8(&in);
    bytes_get_id(&in, &out->founder_root_pk);
    bytes_get_id(&in, &out->founder_next_commit);
    out->term_until_ms = bytes_get_u64(&in);
    out->admission = bytes_get_u8(&in);
    out->thematic = bytes_get_u8(&in);
    for (size_t i = 0; i < LIMIT_THEMATIC; i++)
        bytes_get_text8(&in, out->leads[i], LIMIT_PARTICIPANT_ID);
    bytes_get(&in, sig, HASH_SIG_BYTES);
    return bytes_in_done(&in) && fields_ok(out) ? GMM_OK : GMM_EFORMAT;
}

enum gmm_err charter_open(struct charter *out, const void *bytes, size_t len)
{
    uint8_t sig[HASH_SIG_BYTES];
    if (len > CHARTER_BYTES_MAX)
        return GMM_EFORMAT;
    enum gmm_err err = decode(out, sig, bytes, len);
    if (err != GMM_OK)
        return err;
    if (hash_check_sign_pk(&out->founder_root_pk) != GMM_OK)
        return GMM_EKEY;
    derive(out, bytes, len - HASH_SIG_BYTES);
    return hash_verify(sig, &out->founder_root_pk, LABEL_CHARTER_SIG, &out->nid, bytes, len - HASH_SIG_BYTES);
}
