/* Lookups over a view (fold.h). */
#include <stdlib.h>
#include <string.h>

#include "proto/fold.h"

/* The lists are sorted by one id of their elements. */
typedef const struct gmm_id *id_at_fn(const struct view *v, size_t index);

static const struct gmm_id *participant_pid(const struct view *v, size_t i)
{
    return &v->participants[i].pid;
}

static const struct gmm_id *office_key(const struct view *v, size_t i)
{
    return &v->offices[i].sign_pk;
}

static const struct gmm_id *group_gid(const struct view *v, size_t i)
{
    return &v->groups[i].gid;
}

static const struct gmm_id *epoch_id(const struct view *v, size_t i)
{
    return &v->epochs[i].id;
}

/* Index of the id, or count. */
static size_t find(const struct view *v, id_at_fn *id_at, size_t count, const struct gmm_id *id)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(id_at(v, middle), id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && id_equal(id_at(v, low), id) ? low : count;
}

const struct view_participant *view_participant(const struct view *v, const struct gmm_id *pid)
{
    size_t i = find(v, participant_pid, v->participant_count, pid);
    return i == v->participant_count ? NULL : &v->participants[i];
}

const struct view_participant *view_participant_by_id(const struct view *v, const char *id)
{
    const struct view_participant *expelled = NULL;
    for (size_t i = 0; i < v->participant_count; i++) {
        if (strcmp(v->participants[i].id, id) != 0)
            continue;
        if (v->participants[i].status != VIEW_EXPELLED)
            return &v->participants[i];
        expelled = &v->participants[i];
    }
    return expelled;
}

const struct view_office *view_office(const struct view *v, const struct gmm_id *sign_pk)
{
    size_t i = find(v, office_key, v->office_count, sign_pk);
    return i == v->office_count ? NULL : &v->offices[i];
}

/* Nothing proves that a certificate's Noise key is its office's: an active office goes first, then the participant that
 * was there first. */
static bool rather(const struct view *v, const struct view_office *a, const struct view_office *b)
{
    bool a_active = a->status == VIEW_OFFICE_ACTIVE, b_active = b->status == VIEW_OFFICE_ACTIVE;
    if (a_active != b_active)
        return a_active;
    const struct view_participant *p = view_participant(v, &a->pid), *q = view_participant(v, &b->pid);
    return p != NULL && q != NULL && p->since_ms < q->since_ms;
}

const struct view_office *view_office_by_noise(const struct view *v, const struct gmm_id *noise_pk)
{
    const struct view_office *best = NULL;
    for (size_t i = 0; i < v->office_count; i++)
        if (id_equal(&v->offices[i].noise_pk, noise_pk) && (best == NULL || rather(v, &v->offices[i], best)))
            best = &v->offices[i];
    return best;
}

const struct view_office *view_office_by_name(const struct view *v, const struct gmm_id *pid, const char *office)
{
    const struct view_office *best = NULL;
    for (size_t i = 0; i < v->office_count; i++) {
        const struct view_office *o = &v->offices[i];
        if (!id_equal(&o->pid, pid) || strcmp(o->office, office) != 0)
            continue;
        bool active = o->status == VIEW_OFFICE_ACTIVE, best_active = best != NULL && best->status == VIEW_OFFICE_ACTIVE;
        if (best == NULL || (active && !best_active) || (active == best_active && o->serial > best->serial))
            best = o;
    }
    return best;
}

const struct view_group *view_group(const struct view *v, const struct gmm_id *gid)
{
    size_t i = find(v, group_gid, v->group_count, gid);
    return i == v->group_count ? NULL : &v->groups[i];
}

const struct view_group *view_group_by_name(const struct view *v, const char *name, const struct gmm_id *own_pid)
{
    for (size_t i = 0; i < v->group_count; i++) {
        const struct view_group *g = &v->groups[i];
        if (g->name == NULL || strcmp(g->name, name) != 0)
            continue;
        if (g->kind != GROUP_INTERNAL || (own_pid != NULL && id_equal(&g->owner, own_pid)))
            return g;
    }
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

static bool listed(const struct gmm_id *pids, size_t count, const struct gmm_id *pid)
{
    return count > 0 && bsearch(pid, pids, count, sizeof *pids, compare_ids) != NULL;
}

bool view_is_member(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid)
{
    const struct view_group *g = view_group(v, gid);
    return g != NULL && listed(g->members, g->member_count, pid);
}

const struct view_doubt *view_doubt(const struct view *v, const struct gmm_id *gid)
{
    for (size_t i = 0; i < v->doubt_count; i++)
        if (id_equal(&v->doubts[i].gid, gid))
            return &v->doubts[i];
    return NULL;
}

bool view_may_have(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid)
{
    const struct view_doubt *doubt = view_doubt(v, gid);
    return view_is_member(v, gid, pid) || (doubt != NULL && listed(doubt->members, doubt->member_count, pid));
}

const struct view_absence *view_removed_from(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid)
{
    for (size_t i = v->absence_count; i > 0; i--) {
        const struct view_absence *a = &v->absences[i - 1];
        if (a->until_ms == UINT64_MAX && id_equal(&a->gid, gid) && id_equal(&a->pid, pid) && !id_is_zero(gid) &&
            !view_is_member(v, gid, pid))
            return a;
    }
    return NULL;
}

bool view_is_relay(const struct view *v, const struct gmm_id *gid, const struct gmm_id *sign_pk)
{
    const struct view_group *g = view_group(v, gid);
    if (g == NULL || !listed(g->relays, g->relay_count, sign_pk))
        return false;
    const struct view_office *office = view_office(v, sign_pk);
    if (office == NULL || office->status != VIEW_OFFICE_ACTIVE || (office->roles & CERTIFICATE_ROLE_RELAY) == 0)
        return false;
    const struct view_participant *p = view_participant(v, &office->pid);
    return p != NULL && p->status == VIEW_ACTIVE;
}

bool view_office_may_have(const struct view *v, const struct gmm_id *gid, const struct gmm_id *sign_pk,
                          const struct gmm_id *pid)
{
    return view_may_have(v, gid, pid) || view_is_relay(v, gid, sign_pk);
}

bool view_was_member(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid)
{
    const struct view_group *g = view_group(v, gid);
    return g != NULL && listed(g->former, g->former_count, pid);
}

const struct view_epoch *view_epoch(const struct view *v, const struct gmm_id *id)
{
    size_t i = find(v, epoch_id, v->epoch_count, id);
    return i == v->epoch_count ? NULL : &v->epochs[i];
}

static bool in_force(const struct view_office *office, uint64_t now_ms)
{
    return office->status == VIEW_OFFICE_ACTIVE && office->not_before_ms <= now_ms && now_ms <= office->not_after_ms;
}

bool view_office_in_group(const struct view *v, const struct gmm_id *gid, const struct view_office *office,
                          uint64_t now_ms)
{
    return in_force(office, now_ms) && view_is_member(v, gid, &office->pid);
}

bool view_may_post(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid, struct gmm_msg *why)
{
    const struct view_group *g = view_group(v, gid);
    const struct view_participant *p = view_participant(v, pid);
    enum gmm_err err = GMM_OK;
    if (p == NULL || g == NULL)
        err = gmm_fail(why, GMM_EDENIED, "only admitted participants post, and to groups that exist");
    else if (!listed(g->members, g->member_count, pid))
        err = gmm_fail(why, GMM_EDENIED, "%s is not a member of the group: only members post to it", p->name);
    else if (p->kind == IDENTITY_OBSERVER && g->kind != GROUP_INTERNAL)
        err = gmm_fail(why, GMM_EDENIED, "%s is an observer: it reads, and posts to its own group internal only",
                       p->name);
    return err == GMM_OK;
}

const char *view_status_text(enum view_status status)
{
    switch (status) {
    case VIEW_ADMITTED:
        return "admitted";
    case VIEW_ACTIVE:
        return "active";
    case VIEW_SUSPENDED:
        return "suspended";
    case VIEW_EXPELLED:
        return "expelled";
    }
    return "expelled";
}
