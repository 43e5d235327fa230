/* Effect on whole logs: which entries stand, and up to where a log is worth having (fold.h). */
#include <stdlib.h>

#include "keys/text.h"
#include "proto/removals.h"

static int compare_cuts(const void *a, const void *b)
{
    const struct view_cut *x = a, *y = b;
    int order = id_compare(&x->sign_pk, &y->sign_pk);
    if (order == 0)
        order = id_compare(&x->group, &y->group);
    return order != 0 ? order : (x->instance > y->instance) - (x->instance < y->instance);
}

const struct view_cut *view_cut(const struct view *v, const struct run_key *key)
{
    struct view_cut probe = {.sign_pk = key->author, .group = key->group, .instance = key->instance};
    return v->cut_count == 0 ? NULL : bsearch(&probe, v->cuts, v->cut_count, sizeof probe, compare_cuts);
}

static const char *name_of(const struct view *v, const struct gmm_id *pid)
{
    const struct view_participant *p = view_participant(v, pid);
    return p == NULL ? _("a participant not admitted yet") : p->name;
}

/* "Beyond it all is void whatever its time says; logs that are not named are void": the first seq that does not stand.
 */
static uint64_t revoked_from(const struct view *v, const struct run_key *key, struct gmm_msg *why)
{
    const struct view_office *office = view_office(v, &key->author);
    const char *name = office == NULL ? "" : office->office, *of = office == NULL ? "" : name_of(v, &office->pid);
    const struct view_cut *cut = view_cut(v, key);
    if (cut == NULL) {
        gmm_fail(why, GMM_EDENIED,
                 "the key of the office %s of %s is revoked, the revocation does not name this log, and nobody vouches "
                 "for it",
                 name, of);
        return 0;
    }
    gmm_fail(why, GMM_EDENIED, "the key of the office %s of %s is revoked from entry %llu of this log on", name, of,
             (unsigned long long)cut->seq + 1);
    return cut->seq == UINT64_MAX ? UINT64_MAX : cut->seq + 1;
}

static int compare_forks(const void *a, const void *b)
{
    const struct view_fork *x = a, *y = b;
    return run_key_compare(&x->log, &y->log);
}

const struct view_fork *view_fork(const struct view *v, const struct run_key *key)
{
    struct view_fork probe = {.log = *key};
    return v->fork_count == 0 ? NULL : bsearch(&probe, v->forks, v->fork_count, sizeof probe, compare_forks);
}

/* The first entry that is void because the log was forked; UINT64_MAX: none. */
static uint64_t forked_from(const struct view *v, const struct run_key *key, struct gmm_msg *why)
{
    const struct view_fork *fork = view_fork(v, key);
    const struct view_office *office = view_office(v, &key->author);
    if (fork == NULL)
        return UINT64_MAX;
    gmm_fail(why, GMM_EDENIED,
             "the office %s of %s signed two branches of this log, and nothing of it stands from entry %llu on",
             office == NULL ? "" : office->office, office == NULL ? "" : name_of(v, &office->pid),
             (unsigned long long)fork->end);
    return fork->end;
}

/* Does the author's participant belong to the group, or did it before it was removed? */
static bool belonged(const struct view *v, const struct gmm_id *gid, const struct gmm_id *pid, struct gmm_msg *why)
{
    const struct view_group *g = view_group(v, gid);
    if (g == NULL) {
        gmm_fail(why, GMM_EDENIED, "the group is not known");
        return false;
    }
    if (view_is_member(v, gid, pid) || view_was_member(v, gid, pid))
        return true;
    gmm_fail(why, GMM_EDENIED, "%s, the author, was never a member of the group", name_of(v, pid));
    return false;
}

/* The first seq of the log that is void for ever because of who its author is; UINT64_MAX: none. */
static uint64_t author_void_from(const struct view *v, const struct run_key *key, const struct view_office *office,
                                 bool outside, struct gmm_msg *why)
{
    if (office == NULL) {
        gmm_fail(why, GMM_EDENIED, "the author is no office of an admitted participant");
        return 0;
    }
    if (!outside && !id_is_zero(&key->group) && !belonged(v, &key->group, &office->pid, why))
        return 0;
    switch (office->status) {
    case VIEW_OFFICE_ACTIVE:
    case VIEW_OFFICE_SUPERSEDED:
        return UINT64_MAX;
    case VIEW_OFFICE_REVOKED:
        return revoked_from(v, key, why);
    case VIEW_OFFICE_VOID:
        break;
    }
    gmm_fail(why, GMM_EDENIED, "the certificate of the office %s of %s is void: its serial or its key is claimed twice",
             office->office, name_of(v, &office->pid));
    return 0;
}

/* The next gap; of more than there is room for the last one covers all. */
static void put_gap(struct view_void *out, size_t *count, const struct view_void *gap)
{
    if (*count < VIEW_VOIDS) {
        out[(*count)++] = *gap;
        return;
    }
    struct view_void *last = &out[VIEW_VOIDS - 1];
    last->from_seq = gap->from_seq < last->from_seq ? gap->from_seq : last->from_seq;
    last->from_ms = gap->from_ms < last->from_ms ? gap->from_ms : last->from_ms;
    last->until_ms = gap->until_ms > last->until_ms ? gap->until_ms : last->until_ms;
}

/* A message for one gap of the list that is made. */
struct telling {
    size_t which;
    struct gmm_msg *why;
};

static struct gmm_msg *told(const struct telling *t, size_t at)
{
    return t->which == at ? t->why : NULL;
}

/* What the participant's removals make void of the log; a control log goes on when it is only suspended. */
static void put_removals(struct view_void *out, size_t *count, const struct view *v, const struct run_key *key,
                         const struct gmm_id *pid, const struct telling *t)
{
    const struct view_group *g = id_is_zero(&key->group) ? NULL : view_group(v, &key->group);
    for (size_t i = 0; i < v->removal_count; i++) {
        const struct view_removal *r = &v->removals[i];
        if (!id_equal(&r->pid, pid) || (id_is_zero(&key->group) && !r->expelled) ||
            (g != NULL && g->kind == GROUP_INTERNAL))
            continue;
        struct view_void gap = removals_gap(r, key, g != NULL && g->kind == GROUP_CIRCLE);
        gmm_fail(told(t, *count), GMM_EDENIED,
                 r->expelled
                     ? "%s was expelled in term %u: what lies beyond the cut, and is not anchored by two others, "
                       "is void"
                     : "%s was suspended in term %u: what lies beyond the cut, and is not anchored by two "
                       "others, is void",
                 name_of(v, pid), (unsigned)r->term);
        put_gap(out, count, &gap);
    }
}

/* While it was removed from the group, or an observer. */
static void put_absences(struct view_void *out, size_t *count, const struct view *v, const struct run_key *key,
                         const struct gmm_id *pid, const struct telling *t)
{
    const struct view_group *g = id_is_zero(&key->group) ? NULL : view_group(v, &key->group);
    for (size_t i = 0; g != NULL && g->kind != GROUP_INTERNAL && i < v->absence_count; i++) {
        const struct view_absence *a = &v->absences[i];
        bool observer = id_is_zero(&a->gid);
        if (!id_equal(&a->pid, pid) || (!observer && !id_equal(&a->gid, &key->group)))
            continue;
        struct view_void gap = {.from_ms = a->from_ms, .until_ms = a->until_ms};
        gmm_fail(told(t, *count), GMM_EDENIED,
                 observer ? "%s was an observer then: it posts to its own group internal only"
                          : "%s had been removed from the group then",
                 name_of(v, pid));
        put_gap(out, count, &gap);
    }
}

static size_t voids_of(const struct view *v, const struct run_key *key, bool outside, struct view_void out[VIEW_VOIDS],
                       const struct telling *t)
{
    const struct view_office *office = view_office(v, &key->author);
    size_t count = 0;
    uint64_t from = author_void_from(v, key, office, outside, told(t, 0));
    uint64_t forked = forked_from(v, key, NULL);
    if (forked < from)
        from = forked_from(v, key, told(t, 0));
    if (from != UINT64_MAX)
        out[count++] = (struct view_void){.from_seq = from, .until_ms = UINT64_MAX};
    if (office != NULL) {
        put_removals(out, &count, v, key, &office->pid, t);
        put_absences(out, &count, v, key, &office->pid, t);
    }
    return count;
}

size_t view_voids(const struct view *v, const struct run_key *key, struct view_void out[VIEW_VOIDS],
                  struct gmm_msg *why)
{
    return voids_of(v, key, false, out, &(struct telling){0, why});
}

static bool hits(const struct view_void *gap, uint64_t seq, uint64_t time_ms)
{
    return seq >= gap->from_seq && time_ms >= gap->from_ms && time_ms < gap->until_ms;
}

static bool stands(const struct view *v, const struct run_key *key, bool outside, uint64_t seq, uint64_t time,
                   struct gmm_msg *why)
{
    struct view_void voids[VIEW_VOIDS];
    size_t count = voids_of(v, key, outside, voids, &(struct telling){0, NULL});
    for (size_t i = 0; i < count; i++)
        if (hits(&voids[i], seq, header_time_ms(time))) {
            voids_of(v, key, outside, voids, &(struct telling){i, why});
            return false;
        }
    return true;
}

bool view_stands(const struct view *v, const struct run_key *key, uint64_t seq, uint64_t time, struct gmm_msg *why)
{
    return stands(v, key, false, seq, time, why);
}

bool view_stands_outside(const struct view *v, const struct run_key *key, uint64_t seq, uint64_t time,
                         struct gmm_msg *why)
{
    return stands(v, key, true, seq, time, why);
}

bool view_log_last(const struct view *v, const struct run_key *key, struct gmm_id *id)
{
    const struct view_fork *fork = view_fork(v, key);
    const struct view_office *office = view_office(v, &key->author);
    const struct view_cut *cut = NULL;
    uint64_t end = view_log_end(v, key);
    *id = (struct gmm_id){{0}};
    if (fork != NULL && fork->end == end)
        *id = fork->last_id;
    else if (office != NULL && office->status == VIEW_OFFICE_REVOKED && (cut = view_cut(v, key)) != NULL &&
             cut->seq + 1 == end)
        *id = cut->id;
    return !id_is_zero(id);
}

/* Of a founding that a revoked key wrote others may still say that it stands; until then there is no cut, and members
 * give one another all of it (protocol: Foundings). */
static bool in_doubt(const struct view *v, const struct run_key *key, const struct view_office *office)
{
    const struct view_group *g = view_group(v, &key->group);
    if (id_is_zero(&key->group) || view_cut(v, key) != NULL)
        return false;
    return g == NULL || (g->vouched && id_equal(&g->owner, &office->pid));
}

/* Only what names a cut counts: who is not admitted yet, or no member yet, may become one. */
uint64_t view_log_end(const struct view *v, const struct run_key *key)
{
    const struct view_office *office = view_office(v, &key->author);
    uint64_t forked = forked_from(v, key, NULL);
    if (office == NULL || office->status != VIEW_OFFICE_REVOKED || in_doubt(v, key, office))
        return forked;
    uint64_t revoked = revoked_from(v, key, NULL);
    return revoked < forked ? revoked : forked;
}
