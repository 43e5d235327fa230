#include "proto/view_make.h"

#include <stdlib.h>
#include <string.h>

#include "proto/erasures.h"
#include "proto/rulings.h"

static enum gmm_err make_participants(struct view_made *made, const struct state *s)
{
    made->participants = calloc(s->participant_count + 1, sizeof *made->participants);
    if (made->participants == NULL)
        return GMM_ENOMEM;
    for (unsigned i = 0; i < s->participant_count; i++)
        made->participants[i] = s->participants[s->by_pid[i]];
    made->view.participants = made->participants;
    made->view.participant_count = s->participant_count;
    return GMM_OK;
}

/* Of a key's certificates by one participant, from the first on: the highest that is not void, else the highest. */
static const struct office_cert *standing(const struct offices *o, size_t first)
{
    const struct office_cert *best = &o->certs[first];
    for (size_t i = first + 1; i < o->count; i++) {
        const struct office_cert *c = &o->certs[i];
        if (!id_equal(&c->cert->sign_pk, &best->cert->sign_pk) || !id_equal(&c->cert->pid, &best->cert->pid))
            break;
        if (best->voided || !c->voided)
            best = c;
    }
    return best;
}

static enum view_office_status status_of(const struct state *s, const struct office_cert *c, bool contested)
{
    const struct gmm_id *pid = &c->cert->pid;
    if (contested || c->voided)
        return VIEW_OFFICE_VOID;
    if (offices_revoked(s->offices, &c->cert->sign_pk, pid) != NULL)
        return VIEW_OFFICE_REVOKED;
    const struct office_cert *ruling = offices_ruling(s->offices, pid, c->cert->office, UINT64_MAX);
    return id_equal(&ruling->cert->sign_pk, &c->cert->sign_pk) ? VIEW_OFFICE_ACTIVE : VIEW_OFFICE_SUPERSEDED;
}

/* The first certificate of the key by its owner, or of those that claim it in vain by the first; `end` when nobody
 * admitted certifies it. */
static size_t shown_under(const struct state *s, size_t first, size_t end, bool *contested)
{
    const struct offices *o = s->offices;
    bool claimed;
    unsigned owner = state_owner(s, &o->certs[first].cert->sign_pk, &claimed);
    *contested = owner == STATE_NOBODY;
    for (size_t i = first; i < end; i++) {
        unsigned p = state_participant(s, &o->certs[i].cert->pid);
        if (p != STATE_NOBODY && (p == owner || *contested))
            return i;
    }
    return end;
}

static void fill_office(struct view_office *out, const struct state *s, const struct office_cert *c, size_t first,
                        bool contested)
{
    const struct certificate *cert = c->cert;
    out->pid = cert->pid;
    out->sign_pk = cert->sign_pk;
    out->noise_pk = cert->noise_pk;
    out->wrap_pk = id_is_zero(&s->wrap_pks[first]) ? cert->wrap_pk : s->wrap_pks[first];
    out->certificate = c->hash;
    out->serial = cert->serial;
    out->not_before_ms = cert->not_before_ms;
    out->not_after_ms = cert->not_after_ms;
    out->roles = cert->roles;
    out->level = cert->level;
    out->status = status_of(s, c, contested);
    memcpy(out->office, cert->office, sizeof out->office);
    out->address_count = cert->address_count;
    out->addresses = cert->addresses;
}

static enum gmm_err make_offices(struct view_made *made, const struct state *s)
{
    const struct offices *o = s->offices;
    size_t made_count = 0, count = 0;
    made->offices = calloc(o->count + 1, sizeof *made->offices);
    if (made->offices == NULL)
        return GMM_ENOMEM;
    for (size_t first = 0; first < o->count; first += count) {
        bool contested;
        offices_of_key(o, &o->certs[first].cert->sign_pk, &count);
        size_t shown = shown_under(s, first, first + count, &contested);
        if (shown < first + count)
            fill_office(&made->offices[made_count++], s, standing(o, shown), first, contested);
    }
    made->view.offices = made->offices;
    made->view.office_count = made_count;
    return GMM_OK;
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

typedef bool belongs_fn(const struct state *s, const struct state_group *g, unsigned participant);

static uint16_t list_members(struct gmm_id *out, const struct state *s, const struct state_group *g,
                             belongs_fn *belongs)
{
    uint16_t count = 0;
    for (unsigned i = 0; i < s->participant_count; i++)
        if (belongs(s, g, s->by_pid[i])) {
            if (out != NULL)
                out[count] = s->participants[s->by_pid[i]].pid;
            count++;
        }
    return count;
}

static enum gmm_err make_groups(struct view_made *made, const struct state *s)
{
    size_t total = 0, used = 0;
    for (size_t i = 0; i < s->group_count; i++)
        total += (size_t)list_members(NULL, s, s->groups[i], state_is_member) +
                 list_members(NULL, s, s->groups[i], state_was_member) + s->groups[i]->relay_count;
    made->groups = calloc(s->group_count + 1, sizeof *made->groups);
    made->members = calloc(total + 1, sizeof *made->members);
    if (made->groups == NULL || made->members == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < s->group_count; i++) {
        const struct state_group *g = s->groups[i];
        struct view_group *out = &made->groups[i];
        *out =
            (struct view_group){.gid = g->gid, .kind = g->kind, .history_full = g->history_full, .vouched = g->vouched};
        if (g->owner != STATE_NOBODY)
            out->owner = s->participants[g->owner].pid;
        out->name = group_name(g);
        out->members = made->members + used;
        out->member_count = list_members(made->members + used, s, g, state_is_member);
        used += out->member_count;
        out->former = made->members + used;
        out->former_count = list_members(made->members + used, s, g, state_was_member);
        used += out->former_count;
        out->relays = made->members + used;
        out->relay_count = (uint16_t)g->relay_count;
        memcpy(made->members + used, g->relays, g->relay_count * sizeof *g->relays);
        used += g->relay_count;
    }
    made->view.groups = made->groups;
    made->view.group_count = s->group_count;
    return GMM_OK;
}

static int compare_cuts(const void *a, const void *b)
{
    const struct view_cut *x = a, *y = b;
    int order = id_compare(&x->sign_pk, &y->sign_pk);
    if (order == 0)
        order = id_compare(&x->group, &y->group);
    return order != 0 ? order : (x->instance > y->instance) - (x->instance < y->instance);
}

/* One a log: of a vouch by the root and one by others the farther. */
static void put_cut(struct view_made *made, size_t *used, const struct office_revocation *r,
                    const struct office_cut *cut)
{
    if (offices_cut(r, &cut->group, cut->instance) == cut)
        made->cuts[(*used)++] = (struct view_cut){.sign_pk = r->sign_pk,
                                                  .group = cut->group,
                                                  .id = cut->id,
                                                  .instance = cut->instance,
                                                  .seq = cut->seq,
                                                  .vouched = cut->vouched};
}

/* Of revocations by the participant whose key it is. */
static enum gmm_err make_cuts(struct view_made *made, const struct state *s)
{
    const struct offices *o = s->offices;
    size_t total = 0, used = 0;
    for (size_t i = 0; i < o->revocation_count; i++)
        total += o->revocations[i].cut_count + o->revocations[i].vouched_count;
    made->cuts = calloc(total + 1, sizeof *made->cuts);
    if (made->cuts == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < o->revocation_count; i++) {
        const struct office_revocation *r = &o->revocations[i];
        bool claimed;
        unsigned owner = state_owner(s, &r->sign_pk, &claimed);
        if (owner == STATE_NOBODY || !id_equal(&s->participants[owner].pid, &r->pid))
            continue;
        for (size_t j = 0; j < r->cut_count; j++)
            put_cut(made, &used, r, &r->cuts[j]);
        for (size_t j = 0; j < r->vouched_count; j++)
            put_cut(made, &used, r, &r->vouched[j]);
    }
    if (used > 1)
        qsort(made->cuts, used, sizeof *made->cuts, compare_cuts);
    made->view.cuts = made->cuts;
    made->view.cut_count = used;
    return GMM_OK;
}

static const struct view_doubt *find_doubt(const struct view *v, const struct gmm_id *gid)
{
    for (size_t i = 0; i < v->doubt_count; i++)
        if (id_equal(&v->doubts[i].gid, gid))
            return &v->doubts[i];
    return NULL;
}

static bool taken_out(const struct state *s, const struct gmm_id *gid, unsigned participant)
{
    for (size_t i = 0; i < s->doubt_count; i++)
        if (id_equal(&s->doubts[i].founding->log.group, gid) && state_set_has(&s->doubts[i].removed, participant))
            return true;
    return false;
}

static enum gmm_err make_doubts(struct view_made *made, const struct state *s)
{
    size_t used = 0;
    made->doubts = calloc(s->doubt_count + 1, sizeof *made->doubts);
    made->doubted = calloc(s->doubt_count * s->participant_count + 1, sizeof *made->doubted);
    made->view.doubts = made->doubts;
    if (made->doubts == NULL || made->doubted == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < s->doubt_count; i++) {
        const struct run_key *log = &s->doubts[i].founding->log;
        if (!state_doubted(s, &log->group) || find_doubt(&made->view, &log->group) != NULL)
            continue;
        struct view_doubt *out = &made->doubts[made->view.doubt_count++];
        *out = (struct view_doubt){log->group, s->participants[s->doubts[i].owner].pid, log->author, 0,
                                   made->doubted + used};
        for (unsigned k = 0; k < s->participant_count; k++) {
            unsigned p = s->by_pid[k];
            if (s->participants[p].status != VIEW_ACTIVE || !state_doubt_names(s, &log->group, p) ||
                taken_out(s, &log->group, p))
                continue;
            made->doubted[used++] = s->participants[p].pid;
            out->member_count++;
        }
    }
    return GMM_OK;
}

static enum gmm_err make_removals(struct view_made *made, const struct state *s)
{
    enum gmm_err err = removals_make(&made->removals, s);
    made->absences = calloc(s->absence_count + 1, sizeof *made->absences);
    if (err != GMM_OK || made->absences == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < s->absence_count; i++) {
        const struct state_absence *a = &s->absences[i];
        made->absences[i] = (struct view_absence){
            .pid = s->participants[a->participant].pid, .from_ms = a->from_ms, .until_ms = a->until_ms};
        if (a->change != NULL) {
            made->absences[i].entry = a->change->id;
            made->absences[i].log = a->change->log;
            made->absences[i].seq = a->change->seq;
        }
        if (a->group != NULL)
            made->absences[i].gid = a->group->gid;
    }
    made->view.removals = made->removals.list;
    made->view.removal_count = made->removals.count;
    made->view.absences = made->absences;
    made->view.absence_count = s->absence_count;
    return GMM_OK;
}

static enum gmm_err make_lefts(struct view_made *made, const struct state *s)
{
    made->lefts = calloc(s->left_count + 1, sizeof *made->lefts);
    if (made->lefts == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < s->left_count; i++)
        made->lefts[i] = (struct view_left){s->lefts[i]->log, s->lefts[i]->seq, s->lefts[i]->left};
    made->view.lefts = made->lefts;
    made->view.left_count = s->left_count;
    return GMM_OK;
}

static enum gmm_err make_history(struct view_made *made, const struct state *s)
{
    made->history = calloc(s->history_count + 1, sizeof *made->history);
    if (made->history == NULL)
        return GMM_ENOMEM;
    if (s->history_count > 0)
        memcpy(made->history, s->history, s->history_count * sizeof *made->history);
    made->view.history = made->history;
    made->view.event_count = s->history_count;
    return GMM_OK;
}

static enum gmm_err make_forks(struct view_made *made, const struct state *s)
{
    size_t count = s->rulings == NULL ? 0 : s->rulings->count;
    made->forks = calloc(count + 1, sizeof *made->forks);
    if (made->forks == NULL)
        return GMM_ENOMEM;
    if (count > 0)
        memcpy(made->forks, s->rulings->list, count * sizeof *made->forks);
    made->view.forks = made->forks;
    made->view.fork_count = count;
    return GMM_OK;
}

static void fill_network(struct view *v, const struct state *s)
{
    v->nid = s->charter->nid;
    v->at_ms = header_time_ms(s->now);
    v->chair = s->term->chair;
    v->deputy = s->term->deputy;
    v->term = s->term->number;
    v->term_from_ms = s->term->from_ms;
    v->term_until_ms = s->term->until_ms;
    unsigned acting = state_acting(s);
    if (acting != STATE_NOBODY)
        v->acting = s->participants[acting].pid;
    memcpy(v->name, s->charter->name, sizeof v->name);
    for (unsigned i = 0; i < LIMIT_THEMATIC; i++) {
        unsigned lead = state_lead(s, i);
        if (lead != STATE_NOBODY)
            v->leads[i] = s->participants[lead].pid;
    }
}

enum gmm_err view_make(struct view_made *made, const struct state *s)
{
    *made = (struct view_made){0};
    fill_network(&made->view, s);
    enum gmm_err err = view_roles_make(&made->roles, &made->view, s);
    if (err == GMM_OK)
        err = make_participants(made, s);
    if (err == GMM_OK)
        err = make_offices(made, s);
    if (err == GMM_OK)
        err = make_groups(made, s);
    if (err == GMM_OK)
        err = make_cuts(made, s);
    if (err == GMM_OK)
        err = make_doubts(made, s);
    if (err == GMM_OK)
        err = make_removals(made, s);
    if (err == GMM_OK)
        err = make_lefts(made, s);
    if (err == GMM_OK)
        err = erasures_make(&made->erasures, &made->view.erasure_count, s);
    if (err == GMM_OK)
        err = make_history(made, s);
    if (err == GMM_OK)
        err = make_forks(made, s);
    if (err == GMM_OK)
        err = epochs_resolve(&made->epochs, s);
    if (err != GMM_OK) {
        view_make_close(made);
        return err;
    }
    made->view.erasures = made->erasures;
    epochs_show(&made->epochs, &made->view);
    return GMM_OK;
}

void view_make_close(struct view_made *made)
{
    free(made->participants);
    free(made->offices);
    free(made->groups);
    free(made->members);
    epochs_close(&made->epochs);
    free(made->cuts);
    free(made->doubts);
    free(made->doubted);
    removals_close(&made->removals);
    free(made->absences);
    free(made->lefts);
    free(made->erasures);
    free(made->history);
    free(made->forks);
    view_roles_close(&made->roles);
    *made = (struct view_made){0};
}
