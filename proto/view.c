#include <stdlib.h>
#include <string.h>

#include "proto/view_state.h"

/* Each looks up a key in a sorted array of structs that begin with, or contain at `offset`, that key. */
static const void *find(const void *array, size_t count, size_t size, size_t offset, const struct gmm_id *key)
{
    const uint8_t *base = array;
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct gmm_id id;
        memcpy(&id, base + middle * size + offset, sizeof id);
        int order = id_compare(&id, key);
        if (order == 0)
            return base + middle * size;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct view_participant *view_participant(const struct view *v, const struct gmm_id *pid)
{
    return find(v->participants, v->participant_count, sizeof *v->participants, offsetof(struct view_participant, pid),
                pid);
}

const struct view_participant *view_participant_by_id(const struct view *v, const char *id)
{
    for (size_t i = 0; i < v->participant_count; i++)
        if (strcmp(v->participants[i].id, id) == 0)
            return &v->participants[i];
    return NULL;
}

const struct view_office *view_office(const struct view *v, const struct gmm_id *sign_pk)
{
    return find(v->offices, v->office_count, sizeof *v->offices, offsetof(struct view_office, sign_pk), sign_pk);
}

const struct view_office *view_office_by_noise(const struct view *v, const struct gmm_id *noise_pk)
{
    for (size_t i = 0; i < v->office_count; i++)
        if (id_equal(&v->offices[i].noise_pk, noise_pk))
            return &v->offices[i];
    return NULL;
}

const struct view_office *view_office_by_name(const struct view *v, const struct gmm_id *pid, const char *office)
{
    const struct view_office *best = NULL;
    for (size_t i = 0; i < v->office_count; i++) {
        const struct view_office *o = &v->offices[i];
        if (id_equal(&o->pid, pid) && strcmp(o->office, office) == 0 &&
            (best == NULL || o->status == VIEW_OFFICE_ACTIVE))
            best = o;
    }
    return best;
}

const struct view_group *view_group(const struct view *v, const struct gmm_id *gid)
{
    return find(v->groups, v->group_count, sizeof *v->groups, offsetof(struct view_group, gid), gid);
}

const struct view_group *view_group_by_name(const struct view *v, const char *name, const struct gmm_id *own_pid)
{
    for (size_t i = 0; i < v->group_count; i++) {
        const struct view_group *g = &v->groups[i];
        if (g->name != NULL && strcmp(g->name, name) == 0 &&
            (g->kind != GROUP_INTERNAL || id_equal(&g->owner, own_pid)))
            return g;
    }
    return NULL;
}

bool view_is_member(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid)
{
    const struct view_group *g = view_group(v, gid);
    return g != NULL && find(g->members, g->member_count, sizeof *g->members, 0, pid) != NULL;
}

const struct view_epoch *view_epoch(const struct view *v, const struct gmm_id *id)
{
    return find(v->epochs, v->epoch_count, sizeof *v->epochs, offsetof(struct view_epoch, id), id);
}

bool view_office_in_group(const struct view *v, const struct gmm_id *gid, const struct view_office *office,
                          uint64_t now_ms)
{
    return office->status == VIEW_OFFICE_ACTIVE && now_ms >= office->not_before_ms && now_ms <= office->not_after_ms &&
           view_is_member(v, gid, &office->pid);
}

/* How far a log of a revoked key stands: the cut that names it; false: it is not named, so nothing does. */
static bool cut_of(const struct office_revocation *revocation, const struct run_key *key, uint64_t *until)
{
    for (size_t i = 0; i < revocation->cut_count; i++)
        if (id_equal(&revocation->cuts[i].group, &key->group) && revocation->cuts[i].instance == key->instance) {
            *until = revocation->cuts[i].seq;
            return true;
        }
    return false;
}

bool view_log_verdict(const struct view *v, const struct run_key *key, uint64_t *valid_until, struct gmm_msg *why)
{
    const struct state *s = ((const struct view_state *)(const void *)v)->state;
    bool claimed;
    unsigned author = state_owner(s, &key->author, &claimed);
    *valid_until = UINT64_MAX;
    if (author == STATE_NOBODY) {
        gmm_fail(why, GMM_EDENIED, "its author is not admitted to this network");
        return false;
    }
    const struct view_participant *participant = &s->participants[author];
    const struct office_revocation *revocation = offices_revoked(s->offices, &key->author, &participant->pid);
    if (revocation != NULL && !cut_of(revocation, key, valid_until)) {
        gmm_fail(why, GMM_EDENIED, "its author's key is revoked and this log is not vouched for");
        return false;
    }
    if (id_is_zero(&key->group))
        return true;
    const struct state_group *g = state_group(s, &key->group);
    bool former = g != NULL && (g->former.bits[author / 64] >> (author % 64) & 1u) != 0;
    if (g == NULL || (!former && !state_entitled(s, g, author)) || participant->status == VIEW_ADMITTED) {
        gmm_fail(why, GMM_EDENIED, "participant %s is not a member of the group", participant->id);
        return false;
    }
    return true;
}

/* "every recipient is, in the sender's fold, a current member". */
static bool all_current(const struct view *v, const struct view_epoch *epoch, uint64_t now_ms)
{
    for (uint16_t i = 0; i < epoch->epoch.recipient_count; i++) {
        const struct view_office *office = view_office(v, &epoch->epoch.recipients[i].sign_pk);
        if (office == NULL || !view_office_in_group(v, &epoch->gid, office, now_ms))
            return false;
    }
    return true;
}

const struct view_epoch *view_epoch_for_sending(const struct view *v, const struct gmm_id *gid, uint64_t now_ms,
                                                bool (*have)(const void *arg, const struct gmm_id *epoch_id),
                                                const void *arg)
{
    const struct view_epoch *best = NULL;
    for (size_t i = 0; i < v->epoch_count; i++) {
        const struct view_epoch *epoch = &v->epochs[i];
        /* In ascending order of id: of equal gens the first stays. */
        if (!id_equal(&epoch->gid, gid) || (best != NULL && epoch->epoch.gen <= best->epoch.gen))
            continue;
        if (epoch->valid && !epoch->bad && have(arg, &epoch->id) && all_current(v, epoch, now_ms))
            best = epoch;
    }
    return best;
}

static bool is_parent(const struct view *v, const struct gmm_id *gid, const struct gmm_id *id)
{
    for (size_t i = 0; i < v->epoch_count; i++) {
        const struct view_epoch *epoch = &v->epochs[i];
        if (!epoch->valid || !id_equal(&epoch->gid, gid))
            continue;
        for (unsigned k = 0; k < epoch->epoch.parent_count; k++)
            if (id_equal(&epoch->epoch.parents[k], id))
                return true;
    }
    return false;
}

size_t view_epoch_tips(const struct view *v, const struct gmm_id *gid, const struct view_epoch **out, size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < v->epoch_count; i++) {
        const struct view_epoch *epoch = &v->epochs[i];
        if (!epoch->valid || !id_equal(&epoch->gid, gid) || is_parent(v, gid, &epoch->id))
            continue;
        size_t at = count < max ? count++ : max;
        while (at > 0 && out[at - 1]->epoch.gen < epoch->epoch.gen) {
            if (at < max)
                out[at] = out[at - 1];
            at--;
        }
        if (at < max)
            out[at] = epoch;
    }
    return count;
}
