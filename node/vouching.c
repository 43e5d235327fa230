#include "node/vouching.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/certify.h"
#include "node/revoke.h"
#include "proto/control_proof.h"

#define DIGITS_MIN 8u

static bool is_named(const struct node *node, const struct view *view, const struct view_office *office,
                     const char *name)
{
    char hex[GMM_ID_HEX + 1];
    char full[LIMIT_PARTICIPANT_ID + LIMIT_OFFICE_TEXT + 2];
    const struct view_participant *p = view_participant(view, &office->pid);
    size_t len = strlen(name);
    id_to_hex(&office->sign_pk, hex);
    if (len >= DIGITS_MIN && len <= GMM_ID_HEX && strncmp(hex, name, len) == 0)
        return true;
    snprintf(full, sizeof full, "%s/%s", p == NULL ? "" : p->id, office->office);
    return strcmp(full, name) == 0 || (id_equal(&office->pid, node_pid(node)) && strcmp(office->office, name) == 0);
}

/* Keys in force are no matter of vouches: of an office that had several, the revoked one is meant. */
static enum gmm_err find_key(struct node *node, const char *name, const struct view_office **out, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    size_t found = 0, others = 0;
    if (view == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < view->office_count; i++) {
        const struct view_office *office = &view->offices[i];
        if (!is_named(node, view, office, name))
            continue;
        if (office->status != VIEW_OFFICE_REVOKED) {
            others++;
            continue;
        }
        *out = office;
        found++;
    }
    if (found > 1)
        return gmm_fail(msg, GMM_EAMBIGUOUS, "%zu revoked keys are '%s': give digits of one (gmm office list)", found,
                        name);
    if (found == 0 && others > 0)
        return gmm_fail(msg, GMM_ENOTFOUND, "the key of '%s' is not revoked: nothing of it needs a vouch", name);
    if (found == 0)
        return gmm_fail(msg, GMM_ENOTFOUND, "no office or key '%s' is known (gmm office lists them)", name);
    return GMM_OK;
}

/* What everybody hears of names no circle; and what is named in the revocation stands up to there whoever vouches. */
static bool may_be_vouched(const struct view *view, const struct run_key *log)
{
    const struct view_group *group = view_group(view, &log->group);
    const struct view_cut *cut = view_cut(view, log);
    return (cut == NULL || cut->vouched) && (id_is_zero(&log->group) || (group != NULL && group->kind != GROUP_CIRCLE));
}

static enum gmm_err collect(struct node *node, const struct gmm_id *sign_pk, struct revocation_cut **cuts,
                            uint16_t *count, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    const struct logs *logs = engine_logs(node->engine);
    const struct logs_log *log;
    *count = 0;
    *cuts = calloc(logs_count(logs) + 1, sizeof **cuts);
    if (*cuts == NULL || view == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; (log = logs_at(logs, i)) != NULL; i++) {
        if (!id_equal(&log->key.author, sign_pk) || log->persisted.seq == LOGS_NO_SEQ ||
            !may_be_vouched(view, &log->key))
            continue;
        if (*count == LIMIT_CUTS)
            return gmm_fail(msg, GMM_ELIMIT, "this key wrote more than %u logs", LIMIT_CUTS);
        (*cuts)[(*count)++] = (struct revocation_cut){
            .group = log->key.group, .instance = log->key.instance, .seq = log->persisted.seq, .id = log->persisted.id};
    }
    return GMM_OK;
}

static enum gmm_err by_root(struct node *node, const struct gmm_id *sign_pk, struct revocation_cut *cuts,
                            uint16_t count, struct gmm_msg *msg)
{
    enum gmm_err err = certify_root_here(node, msg);
    if (err != GMM_OK)
        return err;
    const struct vouch vouch = {.nid = engine_view(node->engine)->nid,
                                .pid = *node_pid(node),
                                .sign_pk = *sign_pk,
                                .signer = node->keystore->root_pk,
                                .time_ms = node_now_ms(),
                                .count = count,
                                .cuts = cuts};
    struct buffer object;
    buffer_init(&object, LIMIT_MESSAGE_BYTES);
    buffer_put_u8(&object, DIRECTORY_VOUCH);
    err = vouch_make(&object, &vouch, node->keystore->root_sk);
    if (err != GMM_OK)
        gmm_fail(msg, err, "the vouch could not be made: %s", gmm_err_text(err));
    if (err == GMM_OK)
        err = node_add_object(node, object.p, object.len, msg);
    buffer_close(&object);
    return err == GMM_OK ? node_flush(node) : err;
}

static enum gmm_err by_record(struct node *node, const struct gmm_id *sign_pk, const struct revocation_cut *cuts,
                              uint16_t count, struct gmm_msg *msg)
{
    static const struct gmm_id control;
    struct control_vouch vouch = {.sign_pk = *sign_pk, .cuts = {.count = count}};
    struct buffer body;
    struct gmm_id id;
    vouch.cuts.list = calloc(count + 1u, sizeof *vouch.cuts.list);
    if (vouch.cuts.list == NULL)
        return GMM_ENOMEM;
    for (uint16_t i = 0; i < count; i++)
        vouch.cuts.list[i] =
            (struct control_cut){.log = {.group = cuts[i].group, .author = *sign_pk, .instance = cuts[i].instance},
                                 .seq = cuts[i].seq,
                                 .id = cuts[i].id};
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_vouch_encode(&body, &vouch);
    if (err == GMM_OK)
        err = node_append(node, &control, HEADER_VOUCH, body.p, body.len, NULL, &id, msg);
    buffer_close(&body);
    free(vouch.cuts.list);
    return err;
}

enum gmm_err vouching_vouch(struct node *node, const char *name, struct vouching_done *out, struct gmm_msg *msg)
{
    const struct view_office *office = NULL;
    struct revocation_cut *cuts = NULL;
    uint16_t count;
    size_t circles = 0;
    *out = (struct vouching_done){.by_root = false};
    enum gmm_err err = find_key(node, name, &office, msg);
    if (err != GMM_OK)
        return err;
    out->sign_pk = office->sign_pk;
    out->by_root = id_equal(&office->pid, node_pid(node));
    err = collect(node, &out->sign_pk, &cuts, &count, msg);
    if (err == GMM_OK && count > 0)
        err = out->by_root ? by_root(node, &out->sign_pk, cuts, count, msg)
                           : by_record(node, &out->sign_pk, cuts, count, msg);
    if (err == GMM_OK)
        err = revoke_cut_circles(node, &out->sign_pk, &circles);
    if (err == GMM_OK && count + circles == 0)
        err = gmm_fail(msg, GMM_ENOTFOUND, "nothing of this key is held here beyond what its revocation lets stand");
    out->logs = count + circles;
    free(cuts);
    return err;
}
