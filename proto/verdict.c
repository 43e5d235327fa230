/* Effect on whole logs: which entries stand, and up to where a log is worth having (fold.h). */
#include <stdlib.h>

#include "proto/fold.h"

static int compare_cuts(const void *a, const void *b)
{
    const struct view_cut *x = a, *y = b;
    int order = id_compare(&x->sign_pk, &y->sign_pk);
    if (order == 0)
        order = id_compare(&x->group, &y->group);
    return order != 0 ? order : (x->instance > y->instance) - (x->instance < y->instance);
}

/* "Beyond it all is void whatever its time says; logs that are not named are void": the first seq that does not stand.
 */
static uint64_t revoked_from(const struct view *v, const struct run_key *key, struct gmm_msg *why)
{
    struct view_cut probe = {.sign_pk = key->author, .group = key->group, .instance = key->instance};
    const struct view_cut *cut =
        v->cut_count == 0 ? NULL : bsearch(&probe, v->cuts, v->cut_count, sizeof probe, compare_cuts);
    if (cut == NULL) {
        gmm_fail(why, GMM_EDENIED, "the office's key is revoked, and the revocation does not name this log");
        return 0;
    }
    gmm_fail(why, GMM_EDENIED, "the office's key is revoked from entry %llu of this log on",
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
    if (fork == NULL)
        return UINT64_MAX;
    gmm_fail(why, GMM_EDENIED,
             "the office signed two branches of this log, and nothing of it stands from entry %llu on",
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
    gmm_fail(why, GMM_EDENIED, "the author's participant was never a member of the group");
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
    gmm_fail(why, GMM_EDENIED, "the office's certificate is void: its serial or its key is claimed twice");
    return 0;
}

static size_t voids_of(const struct view *v, const struct run_key *key, bool outside, struct view_void out[VIEW_VOIDS],
                       struct gmm_msg *why)
{
    uint64_t from = author_void_from(v, key, view_office(v, &key->author), outside, why);
    uint64_t forked = forked_from(v, key, NULL);
    if (forked < from)
        from = forked_from(v, key, why);
    if (from == UINT64_MAX)
        return 0;
    out[0] = (struct view_void){from, UINT64_MAX};
    return 1;
}

size_t view_voids(const struct view *v, const struct run_key *key, struct view_void out[VIEW_VOIDS],
                  struct gmm_msg *why)
{
    return voids_of(v, key, false, out, why);
}

static bool stands(const struct view *v, const struct run_key *key, bool outside, uint64_t seq, uint64_t time,
                   struct gmm_msg *why)
{
    struct view_void voids[VIEW_VOIDS];
    size_t count = voids_of(v, key, outside, voids, NULL);
    for (size_t i = 0; i < count; i++)
        if (seq >= voids[i].from_seq && header_time_ms(time) < voids[i].until_ms) {
            voids_of(v, key, outside, voids, why);
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
    uint64_t end = view_log_end(v, key);
    if (fork == NULL || fork->end != end || id_is_zero(&fork->last_id))
        return false;
    *id = fork->last_id;
    return true;
}

/* Only what names a cut counts: who is not admitted yet, or no member yet, may become one. */
uint64_t view_log_end(const struct view *v, const struct run_key *key)
{
    const struct view_office *office = view_office(v, &key->author);
    uint64_t forked = forked_from(v, key, NULL);
    if (office == NULL || office->status != VIEW_OFFICE_REVOKED)
        return forked;
    uint64_t revoked = revoked_from(v, key, NULL);
    return revoked < forked ? revoked : forked;
}
