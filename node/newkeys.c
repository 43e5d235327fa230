#include "node/newkeys.h"

#include <stdlib.h>
#include <string.h>

#include "keys/rekey.h"
#include "keys/wrapkeys.h"
#include "node/certify.h"
#include "node/log.h"

/* The card of the next keys; into bytes when given. */
static enum gmm_err next_card(const struct node *node, struct card *card, struct buffer *bytes)
{
    const struct keystore *ks = node->keystore;
    uint8_t *sign_sk = secret_alloc(64);
    if (sign_sk == NULL)
        return GMM_ENOMEM;
    *card = node->card;
    identity_pair(&card->sign_pk, sign_sk, ks->next_sign_seed);
    crypto_scalarmult_base(card->noise_pk.b, ks->next_noise_sk);
    crypto_scalarmult_base(card->wrap_pk.b, ks->next_wrap_sk);
    enum gmm_err err = bytes == NULL ? GMM_OK : card_make(bytes, card, sign_sk);
    secret_free(sign_sk);
    return err;
}

static const struct view_office *own_office(struct node *node)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    return view == NULL ? NULL : view_office(view, &node->keystore->sign_pk);
}

enum gmm_err newkeys_begin(struct node *node, struct card *card, struct gmm_msg *msg)
{
    struct keystore *ks = node->keystore;
    struct card made;
    const struct view_office *own = own_office(node);
    if (own == NULL || own->status != VIEW_OFFICE_ACTIVE)
        return gmm_fail(msg, GMM_EDENIED,
                        "this office is not in force any more: it cannot vouch for new keys (gmm office shows how it "
                        "stands; gmm init a new home for it)");
    if (!ks->next_held) {
        randombytes_buf(ks->next_sign_seed, sizeof ks->next_sign_seed);
        randombytes_buf(ks->next_noise_sk, sizeof ks->next_noise_sk);
        randombytes_buf(ks->next_wrap_sk, sizeof ks->next_wrap_sk);
        ks->next_held = true;
        keystore_derive(ks);
        enum gmm_err err = node_save_keystore(node, msg);
        if (err != GMM_OK) {
            ks->next_held = false;
            return err;
        }
    }
    return next_card(node, card == NULL ? &made : card, NULL);
}

enum gmm_err newkeys_request(struct node *node, struct buffer *out, struct gmm_msg *msg)
{
    struct card card;
    struct buffer bytes;
    buffer_init(&bytes, CARD_BYTES_MAX);
    enum gmm_err err = next_card(node, &card, &bytes);
    const struct rekey rekey = {.nid = engine_view(node->engine)->nid,
                                .pid = *node_pid(node),
                                .sign_pk = node->keystore->sign_pk,
                                .card_bytes = bytes.p,
                                .card_len = bytes.len};
    if (err == GMM_OK)
        err = rekey_make(out, &rekey, node->keystore->sign_sk);
    buffer_close(&bytes);
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the request could not be made: %s", gmm_err_text(err));
}

enum gmm_err newkeys_certificate(struct node *node, const void *bytes, size_t len, struct gmm_msg *msg)
{
    struct certificate certificate;
    const uint8_t *p = bytes;
    const struct gmm_id nid = engine_view(node->engine)->nid;
    if (len < 2 || p[0] != DIRECTORY_CERTIFICATE || certificate_open(&certificate, &nid, p + 1, len - 1) != GMM_OK)
        return gmm_fail(msg, GMM_EFORMAT, "this is not a certificate of this network");
    if (!node->keystore->next_held || !id_equal(&certificate.sign_pk, &node->keystore->next_sign_pk) ||
        !id_equal(&certificate.pid, node_pid(node)))
        return gmm_fail(msg, GMM_EDENIED, "the certificate is not for the keys that wait here");
    enum gmm_err err = node_add_object(node, bytes, len, msg);
    if (err == GMM_OK || err == GMM_EEXISTS)
        return node_flush(node);
    return err;
}

bool newkeys_due(struct node *node)
{
    if (node->keystore == NULL || !node->keystore->next_held || node->engine == NULL || node->read_only ||
        node->batches != NULL)
        return false;
    const struct view *view = engine_view(node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, &node->keystore->next_sign_pk);
    return office != NULL && office->status == VIEW_OFFICE_ACTIVE && id_equal(&office->pid, node_pid(node));
}

/* The next keys in the place of the present ones; the card is theirs. */
static void exchange(struct keystore *ks, const struct buffer *card)
{
    memcpy(ks->sign_seed, ks->next_sign_seed, sizeof ks->sign_seed);
    memcpy(ks->former_noise_sk, ks->noise_sk, sizeof ks->former_noise_sk);
    ks->former_held = true;
    memcpy(ks->noise_sk, ks->next_noise_sk, sizeof ks->noise_sk);
    wrapkeys_add(ks, ks->next_wrap_sk, node_now_ms());
    memcpy(ks->card, card->p, card->len);
    ks->card_len = (uint16_t)card->len;
    ks->next_held = false;
    sodium_memzero(ks->next_sign_seed, sizeof ks->next_sign_seed);
    sodium_memzero(ks->next_noise_sk, sizeof ks->next_noise_sk);
    sodium_memzero(ks->next_wrap_sk, sizeof ks->next_wrap_sk);
    keystore_derive(ks);
}

enum gmm_err newkeys_take(struct node *node, struct gmm_msg *msg)
{
    struct keystore *before = keystore_new();
    struct card card;
    struct buffer bytes;
    buffer_init(&bytes, CARD_BYTES_MAX);
    enum gmm_err err = before == NULL ? GMM_ENOMEM : next_card(node, &card, &bytes);
    if (err == GMM_OK)
        err = node_flush(node);
    if (err == GMM_OK) {
        node_suspend(node);
        memcpy(before, node->keystore, sizeof *before);
        exchange(node->keystore, &bytes);
        err = node_save_keystore(node, msg);
        if (err == GMM_OK)
            node->card = card;
        else
            memcpy(node->keystore, before, sizeof *before);
        enum gmm_err again = node_resume(node, msg);
        err = err == GMM_OK ? again : err;
    }
    buffer_close(&bytes);
    keystore_free(before);
    if (err == GMM_OK)
        log_info("this office has new keys");
    return err == GMM_OK ? GMM_OK : gmm_fail(msg, err, "the new keys could not be taken: %s", gmm_err_text(err));
}

enum gmm_err newkeys_certify(struct node *node, const char *office, const char *fingerprint, const void *request,
                             size_t len, struct buffer *object, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    struct rekey rekey;
    struct gmm_id sign_pk;
    enum gmm_err err = rekey_open(&rekey, &view->nid, request, len);
    if (err != GMM_OK)
        return gmm_fail(msg, GMM_EDENIED, "the request is %s", gmm_err_text(err));
    const struct view_office *present = view_office(view, &rekey.sign_pk);
    if (present == NULL || !id_equal(&present->pid, node_pid(node)) || strcmp(present->office, office) != 0 ||
        strcmp(rekey.card.office, office) != 0 || strcmp(rekey.card.id, node->card.id) != 0)
        return gmm_fail(msg, GMM_EDENIED, "the request is not of the office '%s' of '%s'", office, node->card.id);
    bool done = view_office(view, &rekey.card.sign_pk) != NULL;
    if (!done && present->status != VIEW_OFFICE_ACTIVE)
        return gmm_fail(msg, GMM_EDENIED, "the key that vouches for the request is not in force any more");
    if (fingerprint != NULL && !card_fingerprint_matches(fingerprint, &rekey.card.sign_pk, &rekey.card.noise_pk))
        return gmm_fail(msg, GMM_EDENIED, "the new keys have another fingerprint than the one given");
    const struct certify_renewal renewal = {.office = office, .keys = &rekey.card};
    if (!done)
        err = certify_renew(node, &renewal, &sign_pk, msg);
    view = engine_view(node->engine);
    const struct view_office *now = view == NULL ? NULL : view_office(view, &rekey.card.sign_pk);
    const struct directory_object *held =
        now == NULL ? NULL : directory_find(engine_directory(node->engine), &now->certificate);
    if (err == GMM_OK && held == NULL)
        err = gmm_fail(msg, GMM_ESTATE, "the new certificate is not held");
    if (err == GMM_OK)
        buffer_put(object, held->bytes, held->len);
    return err == GMM_OK ? object->failed : err;
}

/* ---- the root */

/* Who signed what may be a root of ours: a revocation, a vouch. NULL: it is another's, or of another kind. */
static const struct gmm_id *signer_of(const struct directory_object *o, const struct gmm_id *pid)
{
    if (o->kind == DIRECTORY_REVOCATION && id_equal(&o->as.revocation.pid, pid))
        return &o->as.revocation.signer;
    return o->kind == DIRECTORY_VOUCH && id_equal(&o->as.vouch.pid, pid) ? &o->as.vouch.signer : NULL;
}

/* Signed by a root of ours before n, and so to be named by the rotation to n. */
static bool by_earlier_root(const struct directory *d, const struct gmm_id *pid, const struct directory_object *o,
                            uint32_t n)
{
    const struct gmm_id *signer = signer_of(o, pid);
    if (o->kind == DIRECTORY_CERTIFICATE)
        return id_equal(&o->as.certificate.pid, pid) && o->as.certificate.root_n < n;
    for (uint32_t i = 0; i < n && signer != NULL; i++) {
        const struct gmm_id *root = directory_root(d, pid, i);
        if (root != NULL && id_equal(root, signer))
            return true;
    }
    return false;
}

/* What earlier rotations let go of does not come back. */
static bool retired(const struct directory *d, const struct gmm_id *pid, const struct directory_object *o, uint32_t n)
{
    const struct gmm_id *signer = signer_of(o, pid);
    uint32_t from = o->kind == DIRECTORY_CERTIFICATE ? o->as.certificate.root_n : 0;
    while (signer != NULL && from < n &&
           (directory_root(d, pid, from) == NULL || !id_equal(directory_root(d, pid, from), signer)))
        from++;
    for (uint32_t i = from + 1; i < n; i++) {
        const struct identity_rotation *rotation = directory_rotation(d, pid, i);
        if (rotation != NULL && !identity_rotation_names(rotation, &o->hash))
            return true;
    }
    return false;
}

static enum gmm_err publish_rotation(struct node *node, size_t *standing, struct gmm_msg *msg)
{
    const struct keystore *ks = node->keystore;
    const struct directory *d = engine_directory(node->engine);
    uint8_t *names = malloc(LIMIT_ROTATION_NAMES * GMM_ID_BYTES);
    struct identity_rotation rotation = {.nid = engine_view(node->engine)->nid,
                                         .pid = ks->pid,
                                         .root_pk = ks->root_pk,
                                         .next_commit = ks->next_commit,
                                         .n = ks->root_n,
                                         .standing = names};
    struct buffer object;
    enum gmm_err err = names == NULL ? GMM_ENOMEM : GMM_OK;
    /* in ascending order, as the directory has them */
    for (size_t i = 0; err == GMM_OK && i < directory_count(d); i++) {
        const struct directory_object *o = directory_at(d, i);
        if (!by_earlier_root(d, &ks->pid, o, ks->root_n) || retired(d, &ks->pid, o, ks->root_n))
            continue;
        if (rotation.standing_count == LIMIT_ROTATION_NAMES)
            err = gmm_fail(msg, GMM_ELIMIT, "a rotation names at most %u certificates, revocations and vouches",
                           LIMIT_ROTATION_NAMES);
        else
            memcpy(names + (size_t)rotation.standing_count++ * GMM_ID_BYTES, o->hash.b, GMM_ID_BYTES);
    }
    *standing = rotation.standing_count;
    buffer_init(&object, 1 + identity_rotation_size(&rotation));
    buffer_put_u8(&object, DIRECTORY_ROTATION);
    uint8_t *bytes = err == GMM_OK ? buffer_extend(&object, identity_rotation_size(&rotation)) : NULL;
    if (err == GMM_OK)
        err = bytes == NULL ? GMM_ENOMEM : identity_rotation_make(bytes, &rotation, ks->root_sk);
    if (err == GMM_OK)
        err = node_add_object(node, object.p, object.len, msg);
    buffer_close(&object);
    free(names);
    return err == GMM_OK ? node_flush(node) : err;
}

/* The keystore first: a rotation that is out can only be followed by who has the new root. */
static enum gmm_err step_root(struct node *node, struct gmm_msg *msg)
{
    struct keystore *ks = node->keystore, *before = keystore_new();
    if (before == NULL)
        return gmm_fail(msg, GMM_ENOMEM, "out of guarded memory for the root");
    memcpy(before, ks, sizeof *before);
    memcpy(ks->root_seed, ks->next_root_seed, sizeof ks->root_seed);
    randombytes_buf(ks->next_root_seed, sizeof ks->next_root_seed);
    ks->root_n++;
    keystore_derive(ks);
    enum gmm_err err = node_save_keystore(node, msg);
    if (err != GMM_OK)
        memcpy(ks, before, sizeof *before);
    keystore_free(before);
    return err;
}

enum gmm_err newkeys_root(struct node *node, uint32_t *n, size_t *standing, struct gmm_msg *msg)
{
    const struct keystore *ks = node->keystore;
    const struct view *view = engine_view(node->engine);
    const struct view_participant *self = view == NULL ? NULL : view_participant(view, node_pid(node));
    enum gmm_err err = certify_root_here(node, msg);
    if (err != GMM_OK)
        return err;
    if (self == NULL || !ks->next_root_held)
        return gmm_fail(msg, GMM_EDENIED, "the next root of '%s' is not in this home: gmm key import-root",
                        node->card.id);
    if (ks->root_n >= LIMIT_ROOT_ROTATIONS)
        return gmm_fail(msg, GMM_ELIMIT, "a root is rotated at most %u times", LIMIT_ROOT_ROTATIONS);
    if (self->root_n == ks->root_n) /* else: saved before, and not out yet */
        err = step_root(node, msg);
    if (err == GMM_OK)
        err = publish_rotation(node, standing, msg);
    *n = ks->root_n;
    return err;
}
