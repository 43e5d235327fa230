#include "proto/view_state.h"

#include <stdlib.h>
#include <string.h>

void view_state_close(struct view_state *v)
{
    free(v->participants);
    free(v->offices);
    free(v->groups);
    free(v->members);
    free(v->epochs);
    free(v->wraps);
    *v = (struct view_state){0};
}

static void make_participants(struct view_state *v, const struct state *s)
{
    for (unsigned i = 0; i < s->participant_count; i++)
        v->participants[i] = s->participants[s->by_pid[i]];
    v->view.participant_count = s->participant_count;
}

/* Of the certificates of a key by its owner: the highest serial that is not void, else any. */
static const struct office_cert *certificate_of(const struct state *s, size_t first, size_t count,
                                                const struct gmm_id *pid)
{
    const struct office_cert *best = NULL;
    for (size_t i = first; i < first + count; i++) {
        const struct office_cert *cert = &s->offices->certs[i];
        if (!id_equal(&cert->cert->pid, pid))
            continue;
        if (best == NULL || best->voided > cert->voided ||
            (best->voided == cert->voided && cert->cert->serial > best->cert->serial))
            best = cert;
    }
    return best;
}

static enum view_office_status status_of(const struct state *s, const struct office_cert *cert)
{
    const struct certificate *c = cert->cert;
    if (offices_revoked(s->offices, &c->sign_pk, &c->pid) != NULL)
        return VIEW_OFFICE_REVOKED;
    if (cert->voided)
        return VIEW_OFFICE_VOID;
    const struct office_cert *ruling = offices_ruling(s->offices, &c->pid, c->office, UINT64_MAX);
    return ruling != NULL && id_equal(&ruling->cert->sign_pk, &c->sign_pk) ? VIEW_OFFICE_ACTIVE
                                                                           : VIEW_OFFICE_SUPERSEDED;
}

static void make_office(struct view_office *out, const struct state *s, const struct office_cert *cert, size_t first)
{
    const struct certificate *c = cert->cert;
    *out = (struct view_office){.pid = c->pid,
                                .sign_pk = c->sign_pk,
                                .noise_pk = c->noise_pk,
                                .wrap_pk = c->wrap_pk,
                                .certificate = cert->hash,
                                .serial = c->serial,
                                .not_before_ms = c->not_before_ms,
                                .not_after_ms = c->not_after_ms,
                                .roles = c->roles,
                                .level = c->level,
                                .status = status_of(s, cert),
                                .address_count = c->address_count,
                                .addresses = c->addresses};
    if (!id_is_zero(&s->wrap_pks[first]))
        out->wrap_pk = s->wrap_pks[first];
    memcpy(out->office, c->office, sizeof out->office);
}

static void make_offices(struct view_state *v, const struct state *s)
{
    for (size_t first = 0, count; first < s->offices->count; first += count) {
        const struct gmm_id *key = &s->offices->certs[first].cert->sign_pk;
        bool claimed;
        offices_of_key(s->offices, key, &count);
        unsigned owner = state_owner(s, key, &claimed);
        if (owner == STATE_NOBODY)
            continue;
        const struct office_cert *cert = certificate_of(s, first, count, &s->participants[owner].pid);
        if (cert != NULL)
            make_office(&v->offices[v->view.office_count++], s, cert, first);
    }
}

static const char *group_name(const struct state_group *g)
{
    switch (g->kind) {
    case GROUP_ALL:
        return "all";
    case GROUP_THEMATIC:
        return charter_thematic_name(g->thematic);
    case GROUP_INTERNAL:
        return "internal";
    case GROUP_CIRCLE:
        break;
    }
    return NULL;
}

static void make_groups(struct view_state *v, const struct state *s)
{
    static const struct gmm_id nobody = {{0}};
    struct gmm_id *member = v->members;
    for (size_t i = 0; i < s->group_count; i++) {
        const struct state_group *g = s->groups[i];
        struct view_group *out = &v->groups[i];
        *out = (struct view_group){.gid = g->gid,
                                   .kind = g->kind,
                                   .history_full = g->history_full,
                                   .name = group_name(g),
                                   .members = member,
                                   .owner = g->owner == STATE_NOBODY ? nobody : s->participants[g->owner].pid};
        for (unsigned k = 0; k < s->participant_count; k++)
            if (state_is_member(s, g, s->by_pid[k])) {
                *member++ = s->participants[s->by_pid[k]].pid;
                out->member_count++;
            }
    }
    v->view.group_count = s->group_count;
}

static int compare_epochs(const void *a, const void *b)
{
    const struct view_epoch *x = a, *y = b;
    return id_compare(&x->id, &y->id);
}

/* "gen = 1 + max(parents)", as far as the parents are held. */
static bool gen_consistent(const struct view *v, const struct view_epoch *epoch)
{
    uint32_t highest = 0;
    bool all = true;
    for (unsigned i = 0; i < epoch->epoch.parent_count; i++) {
        const struct view_epoch *parent = view_epoch(v, &epoch->epoch.parents[i]);
        if (parent == NULL)
            all = false;
        else if (!id_equal(&parent->gid, &epoch->gid) || parent->epoch.gen >= epoch->epoch.gen)
            return false;
        else if (parent->epoch.gen > highest)
            highest = parent->epoch.gen;
    }
    return !all || epoch->epoch.gen == highest + 1;
}

/* "no EPOCH_BAD stands against it": a complaint is answered by a later WRAP to the office that complained. */
static bool is_bad(const struct state *s, const struct view_epoch *epoch)
{
    for (size_t i = 0; i < s->complaints.count; i++) {
        const struct state_note *complaint = &s->complaints.list[i];
        bool answered = false;
        if (!id_equal(&complaint->epoch_id, &epoch->id) || epoch_find(&epoch->epoch, &complaint->sign_pk) == NULL)
            continue;
        for (size_t k = 0; k < s->wraps.count && !answered; k++)
            answered = id_equal(&s->wraps.list[k].epoch_id, &epoch->id) &&
                       id_equal(&s->wraps.list[k].sign_pk, &complaint->sign_pk) &&
                       s->wraps.list[k].position > complaint->position;
        if (!answered)
            return true;
    }
    return false;
}

static void make_epochs(struct view_state *v, const struct state *s)
{
    for (size_t i = 0; i < s->epoch_count; i++) {
        const struct change *change = s->epochs[i].change;
        v->epochs[i] = (struct view_epoch){.id = change->id,
                                           .gid = change->log.group,
                                           .author = change->log.author,
                                           .epoch = *change->epoch,
                                           .time = change->time,
                                           .valid = s->epochs[i].by_member};
    }
    v->view.epoch_count = s->epoch_count;
    if (s->epoch_count > 1)
        qsort(v->epochs, s->epoch_count, sizeof *v->epochs, compare_epochs);
    for (size_t i = 0; i < s->epoch_count; i++) {
        struct view_epoch *epoch = &v->epochs[i];
        epoch->valid = epoch->valid && gen_consistent(&v->view, epoch);
        epoch->bad = is_bad(s, epoch);
    }
}

static void make_wraps(struct view_state *v, const struct state *s)
{
    for (size_t i = 0; i < s->wraps.count; i++) {
        const struct state_note *note = &s->wraps.list[i];
        v->wraps[i] = (struct view_wrap){note->epoch_id, note->sign_pk, note->change->log.author, note->change->body,
                                         note->change->len};
    }
    v->view.wrap_count = s->wraps.count;
}

static void make_summary(struct view *v, const struct state *s)
{
    v->nid = s->charter->nid;
    v->chair = s->participants[s->chair].pid;
    v->term = s->term;
    v->term_from_ms = s->term_from_ms;
    v->term_until_ms = s->term_until_ms;
    memcpy(v->name, s->charter->name, sizeof v->name);
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++) {
        unsigned lead = state_lead(s, i);
        if (lead != STATE_NOBODY)
            v->leads[i] = s->participants[lead].pid;
    }
}

enum gmm_err view_state_make(struct view_state *v, const struct state *s)
{
    *v = (struct view_state){.state = s};
    v->participants = calloc(s->participant_count + 1u, sizeof *v->participants);
    v->offices = calloc(s->offices->count + 1u, sizeof *v->offices);
    v->groups = calloc(s->group_count + 1u, sizeof *v->groups);
    v->members = calloc(s->group_count * s->participant_count + 1u, sizeof *v->members);
    v->epochs = calloc(s->epoch_count + 1u, sizeof *v->epochs);
    v->wraps = calloc(s->wraps.count + 1u, sizeof *v->wraps);
    if (v->participants == NULL || v->offices == NULL || v->groups == NULL || v->members == NULL || v->epochs == NULL ||
        v->wraps == NULL) {
        view_state_close(v);
        return GMM_ENOMEM;
    }
    v->view.participants = v->participants;
    v->view.offices = v->offices;
    v->view.groups = v->groups;
    v->view.epochs = v->epochs;
    v->view.wraps = v->wraps;
    make_summary(&v->view, s);
    make_participants(v, s);
    make_offices(v, s);
    make_groups(v, s);
    make_epochs(v, s);
    make_wraps(v, s);
    return GMM_OK;
}
