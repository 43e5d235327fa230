#include "node/chairing.h"

#include <string.h>

#include "node/founding.h"
#include "node/times.h"
#include "proto/control_chair.h"
#include "proto/cutting.h"

static const struct gmm_id control_log;

static enum gmm_err find(struct node *node, const char *id, struct gmm_id *pid, struct gmm_msg *msg)
{
    const struct view *view = engine_view(node->engine);
    const struct view_participant *p = view == NULL ? NULL : view_participant_by_id(view, id);
    if (p == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "no participant '%s' in the roster", id);
    *pid = p->pid;
    return GMM_OK;
}

static enum gmm_err check_times(uint64_t from_ms, uint64_t until_ms, struct gmm_msg *msg)
{
    if (until_ms != 0 && until_ms <= from_ms)
        return gmm_fail(msg, GMM_EUSAGE, "the end (--until) does not lie behind the beginning (--from)");
    return GMM_OK;
}

static enum gmm_err append(struct node *node, uint16_t type, const struct buffer *body, struct gmm_id *entry,
                           struct gmm_msg *msg)
{
    return node_append(node, &control_log, type, body->p, body->len, NULL, entry, msg);
}

/* ---- given */

enum gmm_err chairing_give(struct node *node, const char *id, uint64_t from_ms, uint64_t until_ms, const char *deputy,
                           struct gmm_id *entry, struct gmm_msg *msg)
{
    struct control_handover handover = {.from_ms = from_ms, .until_ms = until_ms};
    struct buffer body;
    enum gmm_err err = find(node, id, &handover.to, msg);
    if (err == GMM_OK && deputy != NULL)
        err = find(node, deputy, &handover.deputy, msg);
    if (err == GMM_OK)
        err = check_times(from_ms, until_ms, msg);
    if (err != GMM_OK)
        return err;
    if (until_ms == 0)
        handover.until_ms = founding_year_end(from_ms);
    handover.term = engine_view(node->engine)->term + 1;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = control_handover_encode(&body, &handover);
    if (err == GMM_OK)
        err = append(node, HEADER_HANDOVER, &body, entry, msg);
    buffer_close(&body);
    return err;
}

static enum gmm_err thematic_of(const char *group, uint8_t *thematic, struct gmm_msg *msg)
{
    for (uint8_t i = 0; i < LIMIT_THEMATIC; i++)
        if (strcmp(group, charter_thematic_name(i)) == 0) {
            *thematic = i;
            return GMM_OK;
        }
    return gmm_fail(msg, GMM_EUSAGE,
                    "'%s' is no thematic group (data-research, rights-gender, mainstreaming, decent-work, capacity): "
                    "only those have a lead",
                    group);
}

enum gmm_err chairing_lead(struct node *node, const char *id, const char *group, uint64_t from_ms, uint64_t until_ms,
                           struct gmm_id *entry, struct gmm_msg *msg)
{
    struct control_lead lead = {.from_ms = from_ms, .until_ms = until_ms};
    struct buffer body;
    enum gmm_err err = thematic_of(group, &lead.thematic, msg);
    if (err == GMM_OK)
        err = find(node, id, &lead.pid, msg);
    if (err == GMM_OK)
        err = check_times(from_ms, until_ms, msg);
    if (err != GMM_OK)
        return err;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = control_lead_encode(&body, &lead);
    if (err == GMM_OK)
        err = append(node, HEADER_LEAD, &body, entry, msg);
    buffer_close(&body);
    return err;
}

/* ---- accepted */

/* What waits for us: of the chair, and of each group, the last that was given. */
struct waiting {
    const struct view_handover *chair;
    const struct view_lead *leads[LIMIT_THEMATIC];
    size_t count;
};

static void find_waiting(struct node *node, const struct view *view, struct waiting *w)
{
    *w = (struct waiting){.count = 0};
    for (size_t i = 0; i < view->handover_count; i++) {
        const struct view_handover *h = &view->handovers[i];
        if (id_equal(&h->to, node_pid(node)) && !h->closed && h->until_ms >= node_now_ms())
            w->chair = h;
    }
    for (size_t i = 0; i < view->lead_term_count; i++) {
        const struct view_lead *l = &view->lead_terms[i];
        bool over = l->until_ms != 0 && l->until_ms < node_now_ms();
        if (id_equal(&l->pid, node_pid(node)))
            w->leads[l->thematic] = l->accepted || over ? NULL : l;
    }
    w->count = w->chair != NULL;
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++)
        w->count += w->leads[i] != NULL;
}

static bool is_wanted(const char *what, const char *name)
{
    return what == NULL || strcmp(what, name) == 0;
}

static enum gmm_err choose(struct waiting *w, const char *what, json_t *choices, const struct node *node,
                           struct gmm_msg *msg)
{
    size_t left = 0;
    if (!is_wanted(what, CHAIRING_CHAIR))
        w->chair = NULL;
    if (w->chair != NULL) {
        json_array_append_new(choices, json_string(CHAIRING_CHAIR));
        left++;
    }
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++) {
        if (!is_wanted(what, charter_thematic_name(i)))
            w->leads[i] = NULL;
        if (w->leads[i] == NULL)
            continue;
        json_array_append_new(choices, json_string(charter_thematic_name(i)));
        left++;
    }
    if (left > 1)
        return gmm_fail(msg, GMM_EAMBIGUOUS, "%zu roles wait for '%s' to accept them", left, node->card.id);
    if (left == 0)
        return gmm_fail(msg, GMM_ENOTFOUND, "no role waits for '%s' to accept it (gmm role show)", node->card.id);
    return GMM_OK;
}

/* A term that has begun is accepted with the cuts; before, more of the predecessor's records may still come. */
static enum gmm_err make_accept(struct node *node, const struct waiting *w, struct control_accept *accept,
                                struct chairing_accepted *out)
{
    const struct view *view = engine_view(node->engine);
    if (w->chair != NULL) {
        *out = (struct chairing_accepted){.what = CHAIRING_CHAIR, .term = w->chair->term, .from_ms = w->chair->from_ms};
        accept->subject = w->chair->entry;
        accept->term = w->chair->term;
        if (node_now_ms() >= w->chair->from_ms)
            return cutting_chair(&accept->cuts, view, engine_logs(node->engine), w->chair->term - 1);
        return GMM_OK;
    }
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++)
        if (w->leads[i] != NULL) {
            *out = (struct chairing_accepted){.what = charter_thematic_name(i), .from_ms = w->leads[i]->from_ms};
            accept->subject = w->leads[i]->entry;
        }
    return GMM_OK;
}

enum gmm_err chairing_accept(struct node *node, const char *what, struct chairing_accepted *out, json_t *choices,
                             struct gmm_msg *msg)
{
    struct waiting waiting;
    struct control_accept accept = {.term = 0};
    struct buffer body;
    find_waiting(node, engine_view(node->engine), &waiting);
    enum gmm_err err = choose(&waiting, what, choices, node, msg);
    if (err != GMM_OK)
        return err;
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = make_accept(node, &waiting, &accept, out);
    if (err == GMM_OK)
        err = control_accept_encode(&body, &accept);
    if (err == GMM_OK)
        err = append(node, HEADER_ACCEPT, &body, &out->entry, msg);
    out->logs = accept.cuts.count;
    if (out->from_ms < node_now_ms())
        out->from_ms = node_now_ms();
    control_cuts_close(&accept.cuts);
    buffer_close(&body);
    return err;
}

/* ---- elected */

/* The ballot for a candidate that most have cast against the present term; NULL: none. Of as many the one with the
 * least bytes, so that all choose alike. */
static const struct view_ballot *leading(const struct view *view, const struct gmm_id *candidate)
{
    const struct view_ballot *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < view->ballot_count; i++) {
        const struct view_ballot *b = &view->ballots[i];
        size_t votes = 0;
        if (b->term != view->term || b->spoiled || !id_equal(&b->candidate, candidate))
            continue;
        for (size_t k = 0; k < view->ballot_count; k++) {
            const struct view_ballot *other = &view->ballots[k];
            votes += !other->spoiled && other->len == b->len && memcmp(other->body, b->body, b->len) == 0;
        }
        if (votes < most || (votes == most && best != NULL &&
                             (b->len != best->len ? b->len > best->len : memcmp(b->body, best->body, b->len) >= 0)))
            continue;
        most = votes;
        best = b;
    }
    return best;
}

enum gmm_err chairing_elect(struct node *node, const char *id, uint64_t until_ms, struct gmm_id *entry,
                            struct gmm_msg *msg)
{
    struct control_ballot ballot = {.until_ms = until_ms};
    struct buffer body;
    const struct view *view = engine_view(node->engine);
    enum gmm_err err = find(node, id, &ballot.candidate, msg);
    if (err == GMM_OK)
        err = check_times(node_now_ms(), until_ms, msg);
    if (err == GMM_OK && leading(view, &ballot.candidate) != NULL)
        err = gmm_fail(msg, GMM_EEXISTS,
                       "a ballot for '%s' has been cast already, and only equal ballots count together: gmm role "
                       "ballot %s",
                       id, id);
    if (err != GMM_OK)
        return err;
    ballot.term = view->term;
    if (until_ms == 0)
        ballot.until_ms = founding_year_end(node_now_ms());
    buffer_init(&body, LIMIT_BODY_BYTES);
    err = cutting_chair(&ballot.cuts, view, engine_logs(node->engine), view->term);
    if (err == GMM_OK)
        err = control_ballot_encode(&body, &ballot);
    if (err == GMM_OK)
        err = append(node, HEADER_BALLOT, &body, entry, msg);
    control_cuts_close(&ballot.cuts);
    buffer_close(&body);
    return err;
}

enum gmm_err chairing_vote(struct node *node, const char *id, struct gmm_id *entry, struct gmm_msg *msg)
{
    struct gmm_id candidate;
    struct buffer body;
    const struct view *view = engine_view(node->engine);
    enum gmm_err err = find(node, id, &candidate, msg);
    if (err != GMM_OK)
        return err;
    const struct view_ballot *ballot = leading(view, &candidate);
    if (ballot == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND,
                        "nobody has cast a ballot for '%s' against the chair of term %u: gmm role elect %s begins", id,
                        (unsigned)view->term, id);
    buffer_init(&body, LIMIT_BODY_BYTES);
    buffer_put(&body, ballot->body, ballot->len); /* the view goes with the next record */
    err = body.failed;
    if (err == GMM_OK)
        err = append(node, HEADER_BALLOT, &body, entry, msg);
    buffer_close(&body);
    return err;
}
