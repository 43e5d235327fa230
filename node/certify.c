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

/* Does the certificate change what entries of this log may do from its beginning on? Another key of the office is
 * superseded, its own may lose roles, and who decides for the participant may be another office. */
static bool touches(const struct certificate *certificate, const struct view_office *author, const struct run_key *log)
{
    if (strcmp(author->office, certificate->office) != 0)
        return id_is_zero(&log->group) && (certificate->roles & CERTIFICATE_ROLE_DECIDE) != 0;
    return !id_equal(&author->sign_pk, &certificate->sign_pk) || (author->roles & ~certificate->roles) != 0;
}

/* Up to when those logs reach, as far as they are held here; 0: there are none. */
static uint64_t written_until_ms(struct node *node, const struct certificate *certificate)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct logs_log *log;
    uint64_t latest = 0;
    if (view == NULL)
        return 0;
    for (size_t i = 0; (log = logs_at(engine_logs(node->engine), i)) != NULL; i++) {
        const struct view_office *author = view_office(view, &log->key.author);
        if (author == NULL || !id_equal(&author->pid, &certificate->pid) || log->admitted.seq == LOGS_NO_SEQ ||
            !touches(certificate, author, &log->key))
            continue;
        if (header_time_ms(log->admitted.time) > latest)
            latest = header_time_ms(log->admitted.time);
    }
    return latest;
}

/* As early as a clock within bounds may ask for, but behind all whose effect it would change. */
static uint64_t begin_ms(struct node *node, const struct certificate *certificate, uint64_t now_ms)
{
    uint64_t early = now_ms > LIMIT_FUTURE_MS ? now_ms - LIMIT_FUTURE_MS : 0;
    uint64_t until = written_until_ms(node, certificate);
    return until >= early ? until + 1 : early;
}

enum gmm_err certify_office(struct buffer *out, struct node *node, const struct gmm_id *nid, const struct gmm_id *pid,
                            const struct card *card, uint64_t serial, uint16_t roles, struct gmm_msg *msg)
{
    struct certificate certificate;
    uint64_t now_ms = node_now_ms();
    enum gmm_err err = certify_root_here(node, msg);
    if (err != GMM_OK)
        return err;
    fill(&certificate, node->keystore, nid, pid, card);
    certificate.serial = serial;
    certificate.roles = roles;
    certificate.not_before_ms = begin_ms(node, &certificate, now_ms);
    certificate.not_after_ms = now_ms + CERTIFY_VALID_MS;
    size_t start = out->len;
    buffer_put_u8(out, DIRECTORY_CERTIFICATE);
    err = certificate_make(out, &certificate, node->keystore->root_sk);
    if (err == GMM_OK)
        return GMM_OK;
    buffer_cut(out, start);
    return gmm_fail(msg, err, "the certificate of office '%s' could not be made: %s", card->office, gmm_err_text(err));
}

/* Before there is a network no rotation can have passed this home's root. */
enum gmm_err certify_root_here(struct node *node, struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_participant *self = view == NULL ? NULL : view_participant(view, node_pid(node));
    if (!node->keystore->root_held)
        return gmm_fail(msg, GMM_EDENIED,
                        "only the holder of the root of '%s' certifies an office; this home does not hold it: do this "
                        "where it is, or bring it here with gmm key import-root",
                        node->card.id);
    if (self != NULL && self->root_n > node->keystore->root_n)
        return gmm_fail(msg, GMM_EDENIED,
                        "this home holds root %u of '%s', and root %u is in force: bring that one here with gmm key "
                        "import-root",
                        node->keystore->root_n, node->card.id, self->root_n);
    return GMM_OK;
}

/* The certificate that rules the office now, without what the root says anew. */
static enum gmm_err ruling(struct node *node, const char *office, struct certificate *out, struct gmm_msg *msg)
{
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    const struct view_office *held = view == NULL ? NULL : view_office_by_name(view, node_pid(node), office);
    const struct directory_object *object =
        held == NULL ? NULL : directory_find(engine_directory(node->engine), &held->certificate);
    if (object == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "'%s' has no office '%s' (gmm office lists them)", node->card.id, office);
    if (held->status == VIEW_OFFICE_REVOKED)
        return gmm_fail(
            msg, GMM_EDENIED,
            "the key of office '%s' is revoked, and stays so: let the office begin anew (gmm init there, then "
            "gmm invite --office %s here)",
            office, office);
    *out = object->as.certificate;
    return GMM_OK;
}

static enum gmm_err change(struct certificate *out, const struct certify_renewal *renewal, struct gmm_msg *msg)
{
    const struct card *keys = renewal->keys;
    if (keys != NULL) {
        out->sign_pk = keys->sign_pk;
        out->noise_pk = keys->noise_pk;
        out->wrap_pk = keys->wrap_pk;
    }
    if (renewal->with_roles)
        out->roles = renewal->roles;
    if (renewal->address_count == 0)
        return GMM_OK;
    memset(out->addresses, 0, sizeof out->addresses);
    for (size_t i = 0; i < renewal->address_count; i++) {
        if (!address_ok(renewal->addresses[i], strlen(renewal->addresses[i])))
            return gmm_fail(msg, GMM_EUSAGE, "'%s' is not an address: HOST:PORT", renewal->addresses[i]);
        snprintf(out->addresses[i], sizeof out->addresses[i], "%s", renewal->addresses[i]);
    }
    out->address_count = (uint8_t)renewal->address_count;
    return GMM_OK;
}

enum gmm_err certify_renew(struct node *node, const struct certify_renewal *renewal, struct gmm_id *sign_pk,
                           struct gmm_msg *msg)
{
    const struct keystore *ks = node->keystore;
    struct certificate certificate;
    struct buffer object;
    uint64_t now_ms = node_now_ms();
    enum gmm_err err = certify_root_here(node, msg);
    if (err == GMM_OK)
        err = ruling(node, renewal->office, &certificate, msg);
    if (err == GMM_OK)
        err = change(&certificate, renewal, msg);
    if (err == GMM_OK && renewal->until_ms != 0 && renewal->until_ms <= now_ms)
        err = gmm_fail(msg, GMM_EUSAGE, "the certificate would have ended already: give a later --until");
    if (err != GMM_OK)
        return err;
    certificate.root_pk = ks->root_pk;
    certificate.next_commit = ks->next_commit;
    certificate.root_n = ks->root_n;
    certificate.serial = certify_next_serial(engine_directory(node->engine), node_pid(node));
    certificate.not_before_ms = begin_ms(node, &certificate, now_ms);
    certificate.not_after_ms = renewal->until_ms != 0 ? renewal->until_ms : now_ms + CERTIFY_VALID_MS;
    *sign_pk = certificate.sign_pk;
    buffer_init(&object, CERTIFICATE_BYTES_MAX + 1);
    buffer_put_u8(&object, DIRECTORY_CERTIFICATE);
    err = certificate_make(&object, &certificate, ks->root_sk);
    if (err != GMM_OK)
        gmm_fail(msg, err, "the certificate of office '%s' could not be made: %s", renewal->office, gmm_err_text(err));
    if (err == GMM_OK)
        err = node_add_object(node, object.p, object.len, msg);
    buffer_close(&object);
    return err == GMM_OK ? node_flush(node) : err;
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
