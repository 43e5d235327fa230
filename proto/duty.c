#include "proto/duty.h"

#include <stdlib.h>
#include <string.h>

#include "proto/claims.h"
#include "proto/rulings.h"

/* The asker's place in the network. */
struct desk {
    const struct anchors *anchors;
    const struct state *s;
    const struct forks *forks;
    const struct view *view;
    const struct duty_asker *asker;
    struct gmm_id pid, internal;
};

static bool room(void **array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return true;
    size_t wanted = *cap == 0 ? 8 : 2 * *cap;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *cap = wanted;
    return true;
}

/* A current office of the asker's participant. */
static bool is_sister(const struct desk *desk, const struct gmm_id *sign_pk)
{
    const struct view_office *office = view_office(desk->view, sign_pk);
    return office != NULL && id_equal(&office->pid, &desk->pid) && office->status == VIEW_OFFICE_ACTIVE &&
           office->not_before_ms <= desk->asker->now_ms && desk->asker->now_ms <= office->not_after_ms;
}

static bool is_urgent(const struct desk *desk, const struct run_key *log)
{
    for (size_t i = 0; i < desk->asker->urgent_count; i++)
        if (run_key_compare(&desk->asker->urgent[i], log) == 0)
            return true;
    return false;
}

/* The log of ours that the next entry of its group stands in (author_append takes the first that is open). */
static bool is_open(const struct desk *desk, const struct run_key *key)
{
    for (size_t i = 0; i < logs_count(desk->asker->logs); i++) {
        const struct logs_log *log = logs_at(desk->asker->logs, i);
        if (!log->closed && !log->forked && id_equal(&log->key.author, &key->author) &&
            id_equal(&log->key.group, &key->group) && log->persisted.seq != LOGS_NO_SEQ &&
            header_time_ms(log->persisted.time) <= desk->asker->now_ms + LIMIT_FUTURE_MS)
            return run_key_compare(&log->key, key) == 0;
    }
    return false;
}

static struct duty_group *group_of(struct duty *duty, const struct gmm_id *gid)
{
    for (size_t i = 0; i < duty->group_count; i++)
        if (id_equal(&duty->groups[i].gid, gid))
            return &duty->groups[i];
    void *groups = duty->groups;
    if (!room(&groups, duty->group_count, &duty->group_cap, sizeof *duty->groups))
        return NULL;
    duty->groups = groups;
    duty->groups[duty->group_count] = (struct duty_group){.gid = *gid};
    return &duty->groups[duty->group_count++];
}

void duty_close(struct duty *duty)
{
    for (size_t i = 0; i < duty->group_count; i++) {
        free(duty->groups[i].heads);
        free(duty->groups[i].new_holders);
        free(duty->groups[i].marks);
    }
    free(duty->groups);
    free(duty->reports);
    free(duty->places);
    *duty = (struct duty){0};
}

/* Heads */

/* Has its unit said something of each place where the log's branches part, up to where it reaches? */
static enum gmm_err name_places(struct duty *duty, const struct desk *desk, const struct claims *claims, unsigned unit,
                                const struct logs_log *log, uint64_t reached)
{
    size_t count, first = forks_of(desk->forks, &log->key, &count);
    for (size_t i = first; i < first + count; i++) {
        const struct fork_proof *proof = forks_at(desk->forks, i);
        bool named = proof->first_seq > reached || proof->first_seq > log->persisted.seq ||
                     (i > first && forks_at(desk->forks, i - 1)->first_seq == proof->first_seq);
        for (size_t k = first; k < first + count && !named; k++)
            named = forks_at(desk->forks, k)->first_seq == proof->first_seq &&
                    claims_name(claims, unit, forks_at(desk->forks, k));
        if (named)
            continue;
        void *places = duty->places;
        if (!room(&places, duty->place_count, &duty->place_cap, sizeof *duty->places))
            return GMM_ENOMEM;
        duty->places = places;
        duty->places[duty->place_count++] = (struct duty_place){log->key, proof->first_seq};
    }
    return GMM_OK;
}

static enum gmm_err put_head(struct duty *duty, const struct desk *desk, const struct logs_log *log)
{
    struct duty_group *group = group_of(duty, &log->key.group);
    if (group == NULL)
        return GMM_ENOMEM;
    if (group->head_count == LIMIT_CUTS)
        return GMM_OK; /* the rest is the next difference */
    void *heads = group->heads;
    if (!room(&heads, group->head_count, &group->head_cap, sizeof *group->heads))
        return GMM_ENOMEM;
    group->heads = heads;
    group->heads[group->head_count++] = (struct control_anchor_head){
        .author = log->key.author, .instance = log->key.instance, .seq = log->persisted.seq, .id = log->persisted.id};
    uint64_t ms = header_time_ms(log->persisted.time);
    group->since_ms = group->since_ms == 0 || ms < group->since_ms ? ms : group->since_ms;
    group->urgent = group->urgent || is_urgent(desk, &log->key);
    return GMM_OK;
}

/* Only the office whose own anchors reach beyond a fork knows on which branch they lie. */
static bool anchored_itself(const struct desk *desk, const struct run_key *log, uint64_t seq)
{
    const struct anchors_log *anchored = anchors_find(desk->anchors, log);
    for (size_t i = 0; anchored != NULL && i < anchored->point_count; i++)
        if (!anchored->points[i].record->dropped && anchored->points[i].seq >= seq &&
            id_equal(&anchored->points[i].record->log->key.author, desk->asker->self))
            return true;
    return false;
}

static enum gmm_err look_at(struct duty *duty, const struct desk *desk, const struct logs_log *log)
{
    struct claims claims;
    unsigned unit;
    uint64_t solid, reached;
    if (log->persisted.seq == LOGS_NO_SEQ || log->cutting || !claims_unit(desk->s, &log->key, desk->asker->self, &unit))
        return GMM_OK;
    enum gmm_err err = claims_words(&claims, desk->anchors, desk->s, &log->key, UINT64_MAX);
    if (err != GMM_OK)
        return err;
    bool any = claims_reached(&claims, unit, &reached);
    /* Nothing of a forked log, but the entry from which its earlier anchors go on. */
    bool forked = view_fork(desk->view, &log->key) != NULL;
    if (forked && any && anchored_itself(desk, &log->key, reached))
        err = name_places(duty, desk, &claims, unit, log, reached);
    else if (!forked && log->gaps == 0 && log->persisted.seq < log->end &&
             anchors_solid(desk->anchors, &log->key, log->persisted.seq, &solid) && (!any || solid > reached))
        err = put_head(duty, desk, log);
    claims_close(&claims);
    return err;
}

static enum gmm_err look_at_all(struct duty *duty, const struct desk *desk)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < logs_count(desk->asker->logs) && err == GMM_OK; i++)
        err = look_at(duty, desk, logs_at(desk->asker->logs, i));
    return err;
}

static enum gmm_err look_at_forked(struct duty *duty, const struct desk *desk)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < desk->view->fork_count && err == GMM_OK; i++) {
        const struct logs_log *log = logs_find(desk->asker->logs, &desk->view->forks[i].log);
        if (log != NULL)
            err = look_at(duty, desk, log);
    }
    return err;
}

/* Sisters */

/* Up to where the reports in a log say to hold what the anchors of that one name: behind the last of these. */
static uint64_t reported_in(const struct desk *desk, const struct anchors_log *log, const struct anchors_log *of)
{
    uint64_t until = 0;
    for (size_t k = 0; k < log->record_count; k++)
        for (uint16_t r = 0; r < log->records[k]->report_count; r++) {
            const struct anchors_record *named = anchors_record(desk->anchors, &log->records[k]->holders[r]);
            if (named != NULL && named->log == of && named->seq >= until)
                until = named->seq + 1;
        }
    return until;
}

/* Is it a log in which that office reports? */
static bool reports_of(const struct desk *desk, const struct anchors_log *log, const struct gmm_id *office)
{
    return id_equal(&log->key.author, office) && id_equal(&log->key.group, &desk->internal);
}

/* Does the office hold a head, as far as it is worth having? Of a forked log only `internal` asks: there a report is a
 * claim. */
static bool holds_point(const struct desk *desk, const struct run_key *log, const struct anchors_point *p)
{
    const struct logs_log *held = logs_find(desk->asker->logs, log);
    if (view_fork(desk->view, log) != NULL)
        return !id_equal(&log->group, &desk->internal);
    if (p->seq >= view_log_end(desk->view, log))
        return true;
    return held != NULL && held->persisted.seq != LOGS_NO_SEQ && held->persisted.seq >= p->seq &&
           (held->persisted.seq > p->seq || id_equal(&held->persisted.id, &p->id));
}

/* All heads that an anchor names? */
static bool holds(const struct desk *desk, const struct anchors_record *record)
{
    const struct gmm_id *group = &record->log->key.group;
    for (size_t i = 0; i < anchors_log_count(desk->anchors); i++) {
        const struct anchors_log *log = anchors_log_at(desk->anchors, i);
        for (size_t k = 0; k < log->point_count && id_equal(&log->key.group, group); k++) {
            if (log->points[k].record == record && !holds_point(desk, &log->key, &log->points[k]))
                return false;
        }
    }
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

static bool last_with_heads(const struct anchors_log *log, uint64_t *seq)
{
    for (size_t i = log->record_count; i > 0; i--)
        if (log->records[i - 1]->names_heads) {
            *seq = log->records[i - 1]->seq;
            return true;
        }
    return false;
}

/* The last of a sister's anchors in a log up to which all that they name is held here. */
static enum gmm_err report_on(struct duty *duty, const struct desk *desk, const struct anchors_log *of)
{
    const struct anchors_record *last = NULL;
    uint64_t until = 0, end;
    if (!last_with_heads(of, &end))
        return GMM_OK;
    for (size_t i = 0; i < anchors_log_count(desk->anchors); i++) {
        const struct anchors_log *log = anchors_log_at(desk->anchors, i);
        uint64_t here = reports_of(desk, log, desk->asker->self) ? reported_in(desk, log, of) : 0;
        until = here > until ? here : until;
    }
    for (size_t i = 0; i < of->record_count; i++) {
        if (!of->records[i]->names_heads || of->records[i]->seq < until)
            continue;
        if (!holds(desk, of->records[i]))
            break;
        last = of->records[i];
    }
    if (last == NULL || duty->report_count == LIMIT_CUTS)
        return GMM_OK;
    void *reports = duty->reports;
    if (!room(&reports, duty->report_count, &duty->report_cap, sizeof *duty->reports))
        return GMM_ENOMEM;
    duty->reports = reports;
    duty->reports[duty->report_count++] = last->id;
    uint64_t ms = header_time_ms(last->time);
    duty->report_since_ms = duty->report_since_ms == 0 || ms < duty->report_since_ms ? ms : duty->report_since_ms;
    return GMM_OK;
}

/* The number of an office among those that the log's anchors list; count when it is not there. */
static size_t number_of(const struct anchors_log *log, const struct gmm_id *office, size_t *count)
{
    size_t number = SIZE_MAX;
    *count = 0;
    for (size_t i = 0; i < log->record_count; i++)
        for (uint16_t k = 0; k < log->records[i]->holder_count; k++, ++*count)
            if (number == SIZE_MAX && id_equal(&log->records[i]->holders[k], office))
                number = *count;
    return number == SIZE_MAX ? *count : number;
}

/* Marked by an anchor behind the last one that names a head? */
static bool marked(const struct anchors_log *log, size_t number)
{
    for (size_t i = log->record_count; i > 0; i--) {
        const struct anchors_record *record = log->records[i - 1];
        if (record->names_heads) /* its marks are about earlier ones */
            return false;
        if (number / 8 < record->mark_len && ((unsigned)record->marks[number / 8] >> number % 8 & 1u) != 0)
            return true;
    }
    return false;
}

static enum gmm_err mark(struct duty_group *group, size_t number, const struct gmm_id *unlisted)
{
    if (unlisted != NULL) {
        struct gmm_id *holders = realloc(group->new_holders, (group->new_count + 1u) * sizeof *holders);
        if (holders == NULL)
            return GMM_ENOMEM;
        group->new_holders = holders;
        holders[group->new_count++] = *unlisted;
    }
    if (number / 8 >= group->mark_len) {
        size_t len = number / 8 + 1;
        uint8_t *marks = realloc(group->marks, len);
        if (marks == NULL)
            return GMM_ENOMEM;
        memset(marks + group->mark_len, 0, len - group->mark_len);
        group->marks = marks;
        group->mark_len = (uint16_t)len;
    }
    group->marks[number / 8] = (uint8_t)(group->marks[number / 8] | 1u << number % 8);
    return GMM_OK;
}

static enum gmm_err list_sister(struct duty *duty, const struct anchors_log *own, const struct gmm_id *office)
{
    size_t listed;
    size_t number = number_of(own, office, &listed);
    if (marked(own, number))
        return GMM_OK;
    struct duty_group *group = group_of(duty, &own->key.group);
    if (group == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < group->new_count; i++)
        if (id_equal(&group->new_holders[i], office))
            return GMM_OK;
    if (number < listed)
        return mark(group, number, NULL);
    listed += group->new_count;
    return listed < 8u * LIMIT_OFFICES ? mark(group, listed, office) : GMM_OK;
}

/* Which sisters have reported that they hold what our anchors in this log name. */
static enum gmm_err list_sisters(struct duty *duty, const struct desk *desk, const struct anchors_log *own)
{
    uint64_t last;
    enum gmm_err err = GMM_OK;
    if (!last_with_heads(own, &last))
        return GMM_OK;
    for (size_t i = 0; i < anchors_log_count(desk->anchors) && err == GMM_OK; i++) {
        const struct anchors_log *log = anchors_log_at(desk->anchors, i);
        const struct gmm_id *office = &log->key.author;
        if (log->record_count > 0 && !id_equal(office, desk->asker->self) && is_sister(desk, office) &&
            reports_of(desk, log, office) && reported_in(desk, log, own) > last)
            err = list_sister(duty, own, office);
    }
    return err;
}

/* What the participant's offices have said so far. New reports go into the open instance alone: marks are numbered in
 * one log. */
static enum gmm_err read_sisters(struct duty *duty, const struct desk *desk)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < anchors_log_count(desk->anchors) && err == GMM_OK; i++) {
        const struct anchors_log *log = anchors_log_at(desk->anchors, i);
        if (log->record_count == 0 || !is_sister(desk, &log->key.author))
            continue;
        if (!id_equal(&log->key.author, desk->asker->self))
            err = report_on(duty, desk, log);
        else if (is_open(desk, &log->key))
            err = list_sisters(duty, desk, log);
    }
    return err;
}

/* When an anchor of this office's participant spoke last of each group; in `internal` it is the office that counts. */
static void read_times(struct duty *duty, const struct desk *desk)
{
    for (size_t i = 0; i < anchors_log_count(desk->anchors); i++) {
        const struct anchors_log *log = anchors_log_at(desk->anchors, i);
        bool own = id_equal(&log->key.author, desk->asker->self);
        if (log->record_count == 0 || !is_sister(desk, &log->key.author))
            continue;
        for (size_t r = 0; r < log->record_count; r++) {
            uint64_t ms = header_time_ms(log->records[r]->time);
            if (log->records[r]->kind == CONTROL_ANCHOR_REPORT && own && ms > duty->report_last_ms)
                duty->report_last_ms = ms;
            for (size_t k = 0; k < duty->group_count && log->records[r]->kind == CONTROL_ANCHOR_HEADS; k++) {
                struct duty_group *group = &duty->groups[k];
                if (id_equal(&group->gid, &log->key.group) && (own || !id_equal(&group->gid, &desk->internal)) &&
                    ms > group->last_ms)
                    group->last_ms = ms;
            }
        }
    }
}

static unsigned rank_of(const struct desk *desk)
{
    unsigned rank = 0;
    for (size_t i = 0; i < desk->view->office_count; i++)
        rank += is_sister(desk, &desk->view->offices[i].sign_pk) &&
                id_compare(&desk->view->offices[i].sign_pk, desk->asker->self) < 0;
    return rank;
}

/* At most daily, within 60 s for a log under consultation: by the first of the participant's offices, by the next one
 * when that has let a turn go by. In `internal` the first speaks of the others, and the second of the first. */
static void set_due(struct duty *duty, const struct desk *desk)
{
    unsigned rank = rank_of(desk);
    for (size_t i = 0; i < duty->group_count; i++) {
        struct duty_group *group = &duty->groups[i];
        unsigned turn = rank > 0 && id_equal(&group->gid, &desk->internal) ? rank - 1 : rank;
        uint64_t step = group->urgent ? LIMIT_ANCHOR_URGENT_MS : LIMIT_ANCHOR_MS;
        uint64_t free_ms = group->last_ms == 0 || group->urgent ? 0 : group->last_ms + LIMIT_ANCHOR_MS;
        uint64_t first_ms = free_ms > group->since_ms ? free_ms : group->since_ms;
        group->due_ms = first_ms + turn * step;
        if (group->head_count == 0) /* marks are our own log's */
            group->due_ms = free_ms;
    }
    duty->report_due_ms = duty->report_last_ms == 0 ? duty->report_since_ms : duty->report_last_ms + LIMIT_ANCHOR_MS;
}

static void sort_lists(struct duty *duty)
{
    for (size_t i = 0; i < duty->group_count; i++)
        if (duty->groups[i].head_count > 1)
            qsort(duty->groups[i].heads, duty->groups[i].head_count, sizeof *duty->groups[i].heads,
                  control_anchor_head_compare);
    for (size_t i = 0; i < duty->group_count; i++)
        if (duty->groups[i].new_count > 1)
            qsort(duty->groups[i].new_holders, duty->groups[i].new_count, sizeof *duty->groups[i].new_holders,
                  compare_ids);
    if (duty->report_count > 1)
        qsort(duty->reports, duty->report_count, sizeof *duty->reports, compare_ids);
}

enum gmm_err duty_make(struct duty *duty, const struct anchors *anchors, const struct state *s,
                       const struct forks *forks, const struct view *view, const struct duty_asker *asker)
{
    const struct view_office *office = view_office(view, asker->self);
    struct desk desk = {.anchors = anchors, .s = s, .forks = forks, .view = view, .asker = asker};
    *duty = (struct duty){0};
    if (office == NULL)
        return GMM_EDENIED;
    desk.pid = office->pid;
    const struct view_group *internal = view_group_by_name(view, "internal", &desk.pid);
    if (!is_sister(&desk, asker->self) || internal == NULL)
        return GMM_EDENIED;
    duty->internal = desk.internal = internal->gid;
    enum gmm_err err = asker->places_only ? look_at_forked(duty, &desk) : look_at_all(duty, &desk);
    if (err == GMM_OK && !asker->places_only)
        err = read_sisters(duty, &desk);
    if (err != GMM_OK) {
        duty_close(duty);
        return err;
    }
    read_times(duty, &desk);
    set_due(duty, &desk);
    sort_lists(duty);
    return GMM_OK;
}
