#include "proto/removals.h"

#include <stdlib.h>
#include <string.h>

#include "proto/claims.h"

#define COVERING 2u /* anchors of so many other participants keep what a cut does not name */

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

static int compare_stands(const void *a, const void *b)
{
    const struct view_stand *x = a, *y = b;
    return run_key_compare(&x->log, &y->log);
}

static bool in_circle(const struct state *s, const struct gmm_id *gid)
{
    const struct state_group *g = id_is_zero(gid) ? NULL : state_group(s, gid);
    return g != NULL && g->kind == GROUP_CIRCLE;
}

/* The first seq beyond the cut; 0: the log is not named. In a circle of all CUTs the lowest. */
static uint64_t named(const struct state *s, size_t removal, const struct run_key *log)
{
    const struct state_removal *r = &s->removals[removal];
    uint64_t from = UINT64_MAX;
    if (!in_circle(s, &log->group)) {
        const struct control_cut *cut = control_cuts_find(&r->change->removal->cuts, log);
        return cut == NULL ? 0 : cut->seq + 1;
    }
    for (size_t i = 0; i < s->circle_cut_count; i++) {
        const struct change *c = s->circle_cuts[i].change;
        struct run_key bare = *log;
        if (s->circle_cuts[i].removal != removal || !id_equal(&c->log.group, &log->group))
            continue;
        memset(&bare.group, 0, sizeof bare.group);
        const struct control_cut *cut = control_cuts_find(&c->cut->cuts, &bare);
        uint64_t behind = cut == NULL ? 0 : cut->seq + 1;
        from = behind < from ? behind : from;
    }
    return from == UINT64_MAX ? 0 : from;
}

/* "What anchors of two other participants, timed before the removal, cover" stands too. */
static enum gmm_err put_log(struct removals *out, size_t *used, const struct state *s, size_t removal,
                            const struct run_key *log)
{
    uint64_t covered = UINT64_MAX, from = named(s, removal, log);
    if (s->anchors != NULL) {
        enum gmm_err err = claims_covered(&covered, s->anchors, s, log, s->removals[removal].time, COVERING);
        if (err != GMM_OK)
            return err;
    }
    if (covered != UINT64_MAX && covered + 1 > from)
        from = covered + 1;
    out->logs[(*used)++] = (struct view_stand){*log, from};
    return GMM_OK;
}

static bool is_of(const struct state *s, unsigned participant, const struct run_key *log)
{
    bool claimed;
    return state_owner(s, &log->author, &claimed) == participant;
}

/* Logs that a removal or the CUTs for it name, and all that anybody anchored. */
static enum gmm_err put_logs(struct removals *out, size_t *used, const struct state *s, size_t removal)
{
    const struct state_removal *r = &s->removals[removal];
    const struct control_cuts *cuts = &r->change->removal->cuts;
    enum gmm_err err = GMM_OK;
    for (uint16_t i = 0; i < cuts->count && err == GMM_OK; i++)
        if (is_of(s, r->participant, &cuts->list[i].log))
            err = put_log(out, used, s, removal, &cuts->list[i].log);
    for (size_t k = 0; k < s->circle_cut_count && err == GMM_OK; k++) {
        const struct change *c = s->circle_cuts[k].change;
        for (uint16_t i = 0; s->circle_cuts[k].removal == removal && i < c->cut->cuts.count && err == GMM_OK; i++) {
            struct run_key log = c->cut->cuts.list[i].log;
            log.group = c->log.group;
            if (is_of(s, r->participant, &log))
                err = put_log(out, used, s, removal, &log);
        }
    }
    for (size_t i = 0; s->anchors != NULL && i < anchors_log_count(s->anchors) && err == GMM_OK; i++) {
        const struct anchors_log *log = anchors_log_at(s->anchors, i);
        if (log->point_count > 0 && is_of(s, r->participant, &log->key))
            err = put_log(out, used, s, removal, &log->key);
    }
    return err;
}

/* How many logs the table may have to hold. */
static size_t most_logs(const struct state *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->removal_count; i++)
        if (s->removals[i].change->type != HEADER_REPLACE)
            count +=
                s->removals[i].change->removal->cuts.count + (s->anchors == NULL ? 0 : anchors_log_count(s->anchors));
    for (size_t i = 0; i < s->circle_cut_count; i++)
        count += s->circle_cuts[i].change->cut->cuts.count;
    return count;
}

/* Sorted, each log once. */
static size_t settle_logs(struct view_stand *logs, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(logs, count, sizeof *logs, compare_stands);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_stands(&logs[kept - 1], &logs[i]) != 0)
            logs[kept++] = logs[i];
    return kept;
}

static size_t put_circles(struct gmm_id *circles, const struct state *s, size_t removal)
{
    size_t count = 0;
    for (size_t i = 0; i < s->circle_cut_count; i++)
        if (s->circle_cuts[i].removal == removal)
            circles[count++] = s->circle_cuts[i].change->log.group;
    if (count > 0)
        qsort(circles, count, sizeof *circles, compare_ids);
    return count;
}

enum gmm_err removals_make(struct removals *out, const struct state *s)
{
    size_t logs = 0, circles = 0;
    enum gmm_err err = GMM_ENOMEM;
    *out = (struct removals){0};
    out->list = calloc(s->removal_count + 1, sizeof *out->list);
    out->logs = calloc(most_logs(s) + 1, sizeof *out->logs);
    out->circles = calloc(s->circle_cut_count + 1, sizeof *out->circles);
    if (out->list != NULL && out->logs != NULL && out->circles != NULL)
        err = GMM_OK;
    for (size_t i = 0; i < s->removal_count && err == GMM_OK; i++) {
        const struct state_removal *r = &s->removals[i];
        bool lost = r->change->type == HEADER_REPLACE;
        struct view_removal *to = &out->list[out->count++];
        *to = (struct view_removal){.pid = s->participants[r->participant].pid,
                                    .entry = r->change->id,
                                    .time = r->time,
                                    .until = r->until,
                                    .term = r->term,
                                    .expelled = r->change->type != HEADER_SUSPEND,
                                    .cuts = lost ? NULL : &r->change->removal->cuts};
        to->logs = out->logs + logs;
        to->circles = out->circles + circles;
        if (lost)
            continue;
        size_t used = 0, first = logs;
        struct removals at = {.logs = out->logs + first};
        err = put_logs(&at, &used, s, i);
        to->log_count = err == GMM_OK ? settle_logs(out->logs + first, used) : 0;
        logs += to->log_count;
        to->circle_count = put_circles(out->circles + circles, s, i);
        circles += to->circle_count;
    }
    if (err != GMM_OK)
        removals_close(out);
    return err;
}

void removals_close(struct removals *r)
{
    free(r->list);
    free(r->logs);
    free(r->circles);
    *r = (struct removals){0};
}

struct view_void removals_gap(const struct view_removal *removal, const struct run_key *log, bool circle)
{
    struct view_stand probe = {.log = *log};
    struct view_void gap = {.until_ms = UINT64_MAX};
    if (removal->until != UINT64_MAX)
        gap.until_ms = header_time_ms(removal->until);
    bool published =
        !circle || (removal->circle_count > 0 && bsearch(&log->group, removal->circles, removal->circle_count,
                                                         sizeof *removal->circles, compare_ids) != NULL);
    if (removal->cuts == NULL || !published) {
        gap.from_ms = header_time_ms(removal->time) + 1;
        return gap;
    }
    const struct view_stand *stand =
        removal->log_count == 0 ? NULL
                                : bsearch(&probe, removal->logs, removal->log_count, sizeof probe, compare_stands);
    gap.from_seq = stand == NULL ? 0 : stand->from_seq;
    return gap;
}

/* Has the removal a say on this kind of record? Votes are the electorate's, whoever suspends its members; what was done
 * for the chair in a term that has ended is bounded by that term's cuts; keys and epochs exclude whom they must. */
static bool concerns(const struct view_removal *r, const struct change *c, uint32_t acted)
{
    switch (c->type) {
    case HEADER_WRAPKEY:
    case HEADER_LEFT:
    case HEADER_EPOCH:
    case HEADER_WRAP:
    case HEADER_EPOCH_BAD:
        return false;
    case HEADER_BALLOT:
    case HEADER_COSIGN:
        return r->expelled;
    default:
        return acted == 0 || (r->expelled && acted == r->term);
    }
}

bool removals_void(const struct removals *r, const struct state *s, const struct change *c, unsigned author,
                   uint32_t acted)
{
    for (size_t i = 0; r != NULL && i < r->count; i++) {
        const struct view_removal *removal = &r->list[i];
        if (!id_equal(&removal->pid, &s->participants[author].pid) || !concerns(removal, c, acted))
            continue;
        const struct state_group *g = id_is_zero(&c->log.group) ? NULL : state_group(s, &c->log.group);
        if (g != NULL && g->kind == GROUP_INTERNAL)
            continue;
        bool circle = c->type == HEADER_GROUP || (g != NULL && g->kind == GROUP_CIRCLE);
        struct view_void gap = removals_gap(removal, &c->log, circle);
        if (c->seq >= gap.from_seq && change_ms(c) >= gap.from_ms && change_ms(c) < gap.until_ms)
            return true;
    }
    return false;
}
