#include "node/standing.h"

#include <stdio.h>
#include <string.h>

#include "proto/control_chair.h"
#include "proto/control_roster.h"
#include "proto/cutting.h"

#define DIGITS_MIN 8u

static const struct gmm_id control_log;

const char *standing_type_text(uint16_t type)
{
    switch (type) {
    case HEADER_ADMIT:
        return "admit";
    case HEADER_SUSPEND:
        return "suspend";
    case HEADER_RESTORE:
        return "restore";
    case HEADER_EXPEL:
        return "expel";
    case HEADER_AMEND:
        return "amend";
    case HEADER_REPLACE:
        return "replace";
    case HEADER_HANDOVER:
        return "handover";
    case HEADER_ACCEPT:
        return "accept";
    case HEADER_BALLOT:
        return "election";
    case HEADER_LEAD:
        return "lead";
    default:
        return "other";
    }
}

static enum gmm_err find(struct node *node, const char *id, const struct view_participant **out, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    *out = view == NULL ? NULL : view_participant_by_id(view, id);
    return *out != NULL ? GMM_OK : gmm_fail(msg, GMM_ENOTFOUND, "no participant '%s' in the roster", id);
}

static enum gmm_err put_reason(char out[LIMIT_REASON_TEXT + 1], const char *reason, struct gmm_msg *msg)
{
    size_t len = reason == NULL ? 0 : strlen(reason);
    out[0] = '\0';
    if (len == 0)
        return GMM_OK;
    if (len > LIMIT_REASON_TEXT || !identity_name_ok(reason, len))
        return gmm_fail(msg, GMM_EUSAGE, "the reason is at most %u bytes of text without control characters",
                        LIMIT_REASON_TEXT);
    memcpy(out, reason, len + 1);
    return GMM_OK;
}

static enum gmm_err append(struct node *node, uint16_t type, const struct buffer *body, struct standing_done *out,
                           struct gmm_msg *msg)
{
    out->type = type;
    control_subject(&out->subject, type, body->p, body->len);
    return node_append(node, &control_log, type, body->p, body->len, NULL, &out->entry, msg);
}

/* Two proposals about one participant would divide those who agree. */
static enum gmm_err none_waits(struct node *node, uint16_t type, const struct gmm_id *pid, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    for (size_t i = 0; i < view->proposal_count; i++) {
        const struct view_proposal *p = &view->proposals[i];
        const struct view_participant *of = view_participant(view, pid);
        if (p->type == type && id_equal(&p->of, pid))
            return gmm_fail(msg, GMM_EEXISTS,
                            "a proposal to %s '%s' waits already (%u of %u participants support it): gmm roster cosign "
                            "%s",
                            standing_type_text(type), of == NULL ? "?" : of->id, p->support, p->need,
                            of == NULL ? "?" : of->id);
    }
    return GMM_OK;
}

/* ---- removals */

static enum gmm_err remove_as(struct node *node, uint16_t type, const char *id, const char *reason,
                              struct standing_done *out, struct gmm_msg *msg)
{
    const struct view_participant *p;
    struct control_removal removal = {.cuts = {0}};
    struct buffer body;
    *out = (struct standing_done){.logs = 0};
    enum gmm_err err = find(node, id, &p, msg);
    if (err == GMM_OK)
        err = put_reason(removal.reason, reason, msg);
    if (err == GMM_OK && type == HEADER_EXPEL)
        err = none_waits(node, type, &p->pid, msg);
    if (err != GMM_OK)
        return err;
    removal.pid = out->pid = p->pid;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = cutting_common(&removal.cuts, engine_view(node->engine), engine_logs(node->engine), &p->pid);
    if (err == GMM_ELIMIT)
        gmm_fail(msg, err, "the participant wrote more than %u logs", LIMIT_CUTS);
    if (err == GMM_OK)
        err = control_removal_encode(&body, &removal);
    if (err == GMM_OK)
        err = append(node, type, &body, out, msg);
    out->logs = removal.cuts.count;
    control_cuts_close(&removal.cuts);
    buffer_close(&body);
    return err;
}

enum gmm_err standing_suspend(struct node *node, const char *id, const char *reason, struct standing_done *out,
                              struct gmm_msg *msg)
{
    return remove_as(node, HEADER_SUSPEND, id, reason, out, msg);
}

enum gmm_err standing_expel(struct node *node, const char *id, const char *reason, struct standing_done *out,
                            struct gmm_msg *msg)
{
    return remove_as(node, HEADER_EXPEL, id, reason, out, msg);
}

enum gmm_err standing_restore(struct node *node, const char *id, const char *reason, struct standing_done *out,
                              struct gmm_msg *msg)
{
    const struct view_participant *p;
    struct control_removal restore = {.cuts = {0}};
    struct buffer body;
    *out = (struct standing_done){.logs = 0};
    enum gmm_err err = find(node, id, &p, msg);
    if (err == GMM_OK)
        err = put_reason(restore.reason, reason, msg);
    if (err == GMM_OK)
        err = none_waits(node, HEADER_RESTORE, &p->pid, msg);
    if (err != GMM_OK)
        return err;
    restore.pid = out->pid = p->pid;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = control_restore_encode(&body, &restore);
    if (err == GMM_OK)
        err = append(node, HEADER_RESTORE, &body, out, msg);
    buffer_close(&body);
    return err;
}

/* ---- name, kind, root */

static enum gmm_err kind_of(const char *text, uint8_t *kind, struct gmm_msg *msg)
{
    for (unsigned k = IDENTITY_MEMBER; k <= IDENTITY_OBSERVER; k++)
        if (strcmp(text, identity_kind_text(k)) == 0) {
            *kind = (uint8_t)k;
            return GMM_OK;
        }
    return gmm_fail(msg, GMM_EUSAGE,
                    "'%s' is no kind of participant: member, government, employers, workers, civil-society, intl-org, "
                    "observer",
                    text);
}

enum gmm_err standing_amend(struct node *node, const char *id, const char *name, const char *kind,
                            struct standing_done *out, struct gmm_msg *msg)
{
    const struct view_participant *p;
    struct control_amend amend;
    struct buffer body;
    *out = (struct standing_done){.logs = 0};
    enum gmm_err err = find(node, id, &p, msg);
    if (err == GMM_OK && name == NULL && kind == NULL)
        err = gmm_fail(msg, GMM_EUSAGE, "say what changes: --name TEXT, --kind KIND");
    if (err == GMM_OK && name != NULL && !identity_name_ok(name, strlen(name)))
        err = gmm_fail(msg, GMM_EUSAGE, "a name is 1 to %u bytes of text without control characters", LIMIT_NAME_TEXT);
    if (err != GMM_OK)
        return err;
    amend = (struct control_amend){.pid = p->pid, .kind = p->kind};
    snprintf(amend.name, sizeof amend.name, "%s", name == NULL ? p->name : name);
    if (kind != NULL && (err = kind_of(kind, &amend.kind, msg)) != GMM_OK)
        return err;
    out->pid = p->pid;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = control_amend_encode(&body, &amend);
    if (err == GMM_OK)
        err = append(node, HEADER_AMEND, &body, out, msg);
    buffer_close(&body);
    return err;
}

enum gmm_err standing_replace(struct node *node, const char *id, const struct control_admit *admit, const void *object,
                              size_t len, struct standing_done *out, struct gmm_msg *msg)
{
    const struct view_participant *p;
    struct control_replace replace = {.admit = *admit};
    struct buffer body;
    *out = (struct standing_done){.logs = 0};
    enum gmm_err err = find(node, id, &p, msg);
    if (err == GMM_OK)
        err = none_waits(node, HEADER_REPLACE, &p->pid, msg);
    if (err != GMM_OK)
        return err;
    replace.old = p->pid;
    out->pid = admit->pid;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = control_replace_encode(&body, &replace);
    /* Before the certificate is taken in: a refusal leaves no trace. */
    if (err == GMM_OK)
        err = fold_authorize(engine_fold(node->engine), &node->keystore->sign_pk, &control_log, HEADER_REPLACE, body.p,
                             body.len, node_now_ms(), msg);
    if (err == GMM_OK)
        err = node_add_object(node, object, len, msg);
    if (err == GMM_OK || err == GMM_EEXISTS)
        err = append(node, HEADER_REPLACE, &body, out, msg);
    buffer_close(&body);
    return err;
}

/* ---- support */

static bool is_meant(const struct view_proposal *p, const char *ref)
{
    char hex[GMM_ID_HEX + 1];
    if (strcmp(p->id, ref) == 0)
        return true;
    id_to_hex(&p->subject, hex);
    return strlen(ref) >= DIGITS_MIN && strlen(ref) <= GMM_ID_HEX && strncmp(hex, ref, strlen(ref)) == 0;
}

static enum gmm_err find_proposal(const struct view *view, const char *ref, const struct view_proposal **out,
                                  json_t *choices, struct gmm_msg *msg)
{
    char hex[GMM_ID_HEX + 1];
    size_t found = 0;
    *out = NULL;
    for (size_t i = 0; i < view->proposal_count; i++) {
        if (!is_meant(&view->proposals[i], ref))
            continue;
        *out = &view->proposals[i];
        id_to_hex(&view->proposals[i].subject, hex);
        json_array_append_new(choices, json_string(hex));
        found++;
    }
    if (found > 1)
        return gmm_fail(msg, GMM_EAMBIGUOUS, "%zu proposals are about '%s'", found, ref);
    return found == 1
               ? GMM_OK
               : gmm_fail(msg, GMM_ENOTFOUND, "no proposal about '%s' waits for support (gmm roster proposals)", ref);
}

enum gmm_err standing_cosign(struct node *node, const char *ref, struct standing_done *out, json_t *choices,
                             struct gmm_msg *msg)
{
    const struct view_proposal *proposal;
    struct buffer body;
    *out = (struct standing_done){.logs = 0};
    enum gmm_err err = find_proposal(engine_view(node->engine), ref, &proposal, choices, msg);
    if (err != GMM_OK)
        return err;
    out->pid = proposal->of;
    out->type = proposal->type;
    out->subject = proposal->subject;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = control_cosign_encode(&body, &out->subject);
    if (err == GMM_OK)
        err = node_append(node, &control_log, HEADER_COSIGN, body.p, body.len, NULL, &out->entry, msg);
    buffer_close(&body);
    return err;
}

const struct view_proposal *standing_waits(const struct view *view, const struct standing_done *done)
{
    for (size_t i = 0; i < view->proposal_count; i++)
        if (id_equal(&view->proposals[i].subject, &done->subject))
            return &view->proposals[i];
    return NULL;
}
