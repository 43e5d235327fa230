#include "node/revoke.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/certify.h"

#define DIGITS_MIN 8u

/* Of several keys that an office had, its name means the one in force. */
enum gmm_err revoke_find(struct node *node, const char *name, const struct view_office **out, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    size_t len = strlen(name), found = 0;
    char hex[GMM_ID_HEX + 1];
    if (view == NULL)
        return GMM_ENOMEM;
    *out = view_office_by_name(view, node_pid(node), name);
    if (*out != NULL)
        return GMM_OK;
    for (size_t i = 0; i < view->office_count && len >= DIGITS_MIN && len <= GMM_ID_HEX; i++) {
        const struct view_office *office = &view->offices[i];
        id_to_hex(&office->sign_pk, hex);
        if (!id_equal(&office->pid, node_pid(node)) || strncmp(hex, name, len) != 0)
            continue;
        *out = office;
        found++;
    }
    if (found > 1)
        return gmm_fail(msg, GMM_EAMBIGUOUS, "%zu keys of '%s' begin with %s: give more digits", found, node->card.id,
                        name);
    if (found == 0)
        return gmm_fail(msg, GMM_ENOTFOUND, "'%s' has no office or key '%s' (gmm office lists them)", node->card.id,
                        name);
    return GMM_OK;
}

/* A revocation goes to everybody: circles are not named in it. */
static bool may_be_named(const struct view *view, const struct gmm_id *gid)
{
    const struct view_group *group = view_group(view, gid);
    return id_is_zero(gid) || (group != NULL && group->kind != GROUP_CIRCLE);
}

static enum gmm_err collect_cuts(struct node *node, struct revocation *r, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    const struct logs *logs = engine_logs(node->engine);
    const struct logs_log *log;
    r->cuts = calloc(logs_count(logs) + 1, sizeof *r->cuts);
    if (r->cuts == NULL || view == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; (log = logs_at(logs, i)) != NULL; i++) {
        if (!id_equal(&log->key.author, &r->sign_pk) || log->persisted.seq == LOGS_NO_SEQ ||
            !may_be_named(view, &log->key.group))
            continue;
        if (r->count == UINT16_MAX)
            return gmm_fail(msg, GMM_ELIMIT, "this key wrote more than %u logs", UINT16_MAX);
        r->cuts[r->count++] = (struct revocation_cut){
            .group = log->key.group, .instance = log->key.instance, .seq = log->persisted.seq, .id = log->persisted.id};
    }
    return GMM_OK;
}

/* Who signs: the root where it is, for nobody revokes that signature. */
static enum gmm_err choose_signer(struct node *node, struct revocation *r, const uint8_t **sk, struct revoke_done *out,
                                  struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    const struct view_office *own = view == NULL ? NULL : view_office(view, &node->keystore->sign_pk);
    out->by_root = certify_root_here(node, NULL) == GMM_OK;
    if (out->by_root) {
        r->signer = node->keystore->root_pk;
        *sk = node->keystore->root_sk;
        return GMM_OK;
    }
    if (own == NULL || own->status != VIEW_OFFICE_ACTIVE || (own->roles & CERTIFICATE_ROLE_REVOKE) == 0)
        return gmm_fail(msg, GMM_EDENIED,
                        "only the root of '%s', or an office of it with the role revoke, may revoke a key; this office "
                        "is neither (gmm office renew %s --role revoke, where the root is)",
                        node->card.id, node->card.office);
    if (own->not_after_ms < r->time_ms)
        return gmm_fail(msg, GMM_EDENIED, "this office's certificate has expired: have it renewed first");
    r->signer = node->keystore->sign_pk;
    *sk = node->keystore->sign_sk;
    return GMM_OK;
}

static bool decided(struct node *node)
{
    const struct view *view = engine_view(node->engine);
    for (size_t i = 0; view != NULL && i < view->office_count; i++) {
        const struct view_office *office = &view->offices[i];
        if (id_equal(&office->pid, node_pid(node)) && office->status == VIEW_OFFICE_ACTIVE &&
            (office->roles & CERTIFICATE_ROLE_DECIDE) != 0 && node_now_ms() <= office->not_after_ms)
            return true;
    }
    return false;
}

static enum gmm_err publish(struct node *node, const struct revocation *r, const uint8_t *sk, struct gmm_msg *msg)
{
    struct buffer object;
    buffer_init(&object, LIMIT_MESSAGE_BYTES);
    buffer_put_u8(&object, DIRECTORY_REVOCATION);
    enum gmm_err err = revocation_make(&object, r, sk);
    if (err == GMM_EFORMAT)
        err = gmm_fail(msg, GMM_EUSAGE, "the reason is at most %u bytes of text without control characters",
                       LIMIT_REASON_TEXT);
    else if (err != GMM_OK)
        gmm_fail(msg, err, "the revocation could not be made: %s", gmm_err_text(err));
    if (err == GMM_OK)
        err = node_add_object(node, object.p, object.len, msg);
    buffer_close(&object);
    return err == GMM_OK ? node_flush(node) : err;
}

static int compare_cuts(const void *a, const void *b)
{
    const struct control_cut *x = a, *y = b;
    return run_key_compare(&x->log, &y->log);
}

/* Is there anything of this log here that does not stand yet? */
static bool falls_short(const struct view *view, const struct logs_log *log)
{
    const struct view_cut *cut = view_cut(view, &log->key);
    return cut == NULL || cut->seq < log->persisted.seq;
}

/* What of the key's logs in one circle is held: said there, by who may revoke keys. */
static enum gmm_err cut_circle(struct node *node, const struct gmm_id *sign_pk, const struct gmm_id *gid, size_t *count)
{
    const struct logs *logs = engine_logs(node->engine);
    const struct logs_log *log;
    const struct view *view = engine_view(node->engine);
    struct control_circle_cut cut = {.kind = CONTROL_CUT_KEY, .subject = *sign_pk};
    struct buffer body;
    struct gmm_id id;
    bool more = false;
    cut.cuts.list = calloc(logs_count(logs) + 1, sizeof *cut.cuts.list);
    if (cut.cuts.list == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; (log = logs_at(logs, i)) != NULL && cut.cuts.count < LIMIT_CUTS; i++) {
        if (!id_equal(&log->key.author, sign_pk) || !id_equal(&log->key.group, gid) ||
            log->persisted.seq == LOGS_NO_SEQ)
            continue;
        more = more || view == NULL || falls_short(view, log);
        cut.cuts.list[cut.cuts.count++] =
            (struct control_cut){.log = {.author = *sign_pk, .instance = log->key.instance},
                                 .seq = log->persisted.seq,
                                 .id = log->persisted.id};
    }
    qsort(cut.cuts.list, cut.cuts.count, sizeof *cut.cuts.list, compare_cuts);
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = !more ? GMM_ENOTFOUND : control_circle_cut_encode(&body, &cut);
    if (err == GMM_OK)
        err = node_append(node, gid, HEADER_CUT, body.p, body.len, NULL, &id, NULL);
    if (err == GMM_OK)
        *count += cut.cuts.count;
    buffer_close(&body);
    control_cuts_close(&cut.cuts);
    return err;
}

enum gmm_err revoke_cut_circles(struct node *node, const struct gmm_id *sign_pk, size_t *count)
{
    const struct view *view = engine_view(node->engine);
    struct gmm_id *gids = calloc(LIMIT_GROUPS, sizeof *gids);
    enum gmm_err err = gids == NULL ? GMM_ENOMEM : GMM_OK;
    size_t circles = 0;
    *count = 0;
    for (size_t i = 0; err == GMM_OK && view != NULL && i < view->group_count && circles < LIMIT_GROUPS; i++)
        if (view->groups[i].kind == GROUP_CIRCLE)
            gids[circles++] = view->groups[i].gid; /* the view changes while we write */
    for (size_t i = 0; err == GMM_OK && view != NULL && i < view->doubt_count && circles < LIMIT_GROUPS; i++)
        gids[circles++] = view->doubts[i].gid;
    for (size_t i = 0; i < circles && err == GMM_OK; i++)
        err = cut_circle(node, sign_pk, &gids[i], count) == GMM_ENOMEM ? GMM_ENOMEM : GMM_OK;
    free(gids);
    return err;
}

enum gmm_err revoke_office(struct node *node, const char *name, const char *reason, struct revoke_done *out,
                           struct gmm_msg *msg)
{
    const struct view_office *office;
    const uint8_t *sk = NULL;
    struct revocation r = {.pid = *node_pid(node), .time_ms = node_now_ms()};
    *out = (struct revoke_done){.by_root = false};
    enum gmm_err err = revoke_find(node, name, &office, msg);
    if (err != GMM_OK)
        return err;
    if (id_equal(&office->sign_pk, &node->keystore->sign_pk))
        return gmm_fail(msg, GMM_EUSAGE, "this is the office that you work at: revoke it from another one");
    if (office->status == VIEW_OFFICE_REVOKED)
        return gmm_fail(msg, GMM_EEXISTS, "this key of office '%s' is revoked already", office->office);
    if (reason != NULL && strlen(reason) > LIMIT_REASON_TEXT)
        return gmm_fail(msg, GMM_EUSAGE, "the reason is longer than %u bytes", LIMIT_REASON_TEXT);
    r.nid = engine_view(node->engine)->nid;
    r.sign_pk = out->sign_pk = office->sign_pk;
    snprintf(out->office, sizeof out->office, "%s", office->office);
    snprintf(r.reason, sizeof r.reason, "%s", reason == NULL ? "" : reason);
    err = choose_signer(node, &r, &sk, out, msg);
    if (err == GMM_OK)
        err = collect_cuts(node, &r, msg);
    out->logs = r.count;
    if (err == GMM_OK)
        err = publish(node, &r, sk, msg);
    size_t circles = 0;
    if (err == GMM_OK)
        (void)revoke_cut_circles(node, &r.sign_pk, &circles); /* the revocation stands whatever comes of it */
    out->logs += circles;
    free(r.cuts);
    out->undecided = err == GMM_OK && !decided(node);
    return err;
}
