#include "node/certify.h"

#include <stdio.h>
#include <string.h>

static void fill(struct certificate *out, const struct keystore *ks, const struct gmm_id *nid, const struct gmm_id *pid,
                 const struct card *card)
{
    *out = (struct certificate){
        .nid = *nid,
        .pid = *pid,
        .root_pk = ks->root_pk,
        .next_commit = ks->next_commit,
        .sign_pk = card->sign_pk,
        .noise_pk = card->noise_pk,
        .wrap_pk = card->wrap_pk,
        .root_n = ks->root_n,
        .level = card->level,
        .address_count = card->address_count,
    };
    snprintf(out->office, sizeof out->office, "%s", card->office);
    memcpy(out->addresses, card->addresses, sizeof out->addresses);
}

enum gmm_err certify_office(struct buffer *out, struct node *node, const struct gmm_id *nid, const struct gmm_id *pid,
                            const struct card *card, uint64_t serial, uint16_t roles, struct gmm_msg *msg)
{
    struct certificate certificate;
    uint64_t now_ms = node_now_ms();
    if (!node->keystore->root_held)
        return gmm_fail(msg, GMM_EDENIED,
                        "only the holder of the participant's root certifies an office; this home does not hold it");
    fill(&certificate, node->keystore, nid, pid, card);
    certificate.serial = serial;
    certificate.roles = roles;
    certificate.not_before_ms = now_ms > LIMIT_FUTURE_MS ? now_ms - LIMIT_FUTURE_MS : 0;
    certificate.not_after_ms = now_ms + CERTIFY_VALID_MS;
    size_t start = out->len;
    buffer_put_u8(out, DIRECTORY_CERTIFICATE);
    enum gmm_err err = certificate_make(out, &certificate, node->keystore->root_sk);
    if (err == GMM_OK)
        return GMM_OK;
    buffer_cut(out, start);
    return gmm_fail(msg, err, "the certificate of office '%s' could not be made: %s", card->office, gmm_err_text(err));
}

uint64_t certify_next_serial(const struct directory *directory, const struct gmm_id *pid)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < directory_count(directory); i++) {
        const struct directory_object *object = directory_at(directory, i);
        if (object->kind == DIRECTORY_CERTIFICATE && id_equal(&object->as.certificate.pid, pid) &&
            object->as.certificate.serial > highest)
            highest = object->as.certificate.serial;
    }
    return highest + 1;
}
