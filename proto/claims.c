#include "proto/claims.h"

#include <stdlib.h>
#include <string.h>

/* Who is asked: the log's group, and whoever counts in it. */
struct court {
    const struct state *s;
    const struct run_key *log;
    const struct state_group *group; /* NULL: the log is a control log */
    bool internal, unknown;
    unsigned author; /* unit of the log's own author */
};

static bool belongs(const struct court *court, unsigned participant)
{
    if (court->group != NULL)
        return state_is_member(court->s, court->group, participant);
    return court->s->participants[participant].status == VIEW_ACTIVE;
}

/* The unit that an office speaks for; false: for none. */
static bool unit_of(const struct court *court, const struct gmm_id *sign_pk, unsigned *unit)
{
    bool claimed;
    size_t count;
    unsigned participant = state_owner(court->s, sign_pk, &claimed);
    if (participant == STATE_NOBODY || !belongs(court, participant))
        return false;
    /* An office of `internal` counts while its key stands. */
    if (court->internal &&
        offices_revoked(court->s->offices, sign_pk, &court->s->participants[participant].pid) != NULL)
        return false;
    *unit = court->internal ? (unsigned)offices_of_key(court->s->offices, sign_pk, &count) : participant;
    return true;
}

static struct court court_of(const struct state *s, const struct run_key *log)
{
    bool claimed;
    size_t count;
    struct court court = {.s = s, .log = log};
    if (!id_is_zero(&log->group)) {
        court.group = state_group(s, &log->group);
        court.unknown = court.group == NULL;
        court.internal = court.group != NULL && court.group->kind == GROUP_INTERNAL;
    }
    court.author = court.internal ? (unsigned)offices_of_key(s->offices, &log->author, &count)
                                  : state_owner(s, &log->author, &claimed);
    return court;
}

/* Does an anchor's entry count, be its group this one or another that a report names? */
static bool stands(const struct state *s, const struct anchors_record *record)
{
    bool claimed;
    const struct run_key *log = &record->log->key;
    if (record->dropped)
        return false;
    unsigned participant = state_owner(s, &log->author, &claimed);
    if (participant == STATE_NOBODY)
        return false;
    const struct gmm_id *pid = &s->participants[participant].pid;
    uint64_t time_ms = header_time_ms(record->time);
    const struct office_cert *office = offices_at(s->offices, &log->author, pid, time_ms);
    const struct office_revocation *revocation = offices_revoked(s->offices, &log->author, pid);
    return office != NULL && time_ms <= office->cert->not_after_ms &&
           (revocation == NULL || offices_within(revocation, log, record->seq));
}

static enum gmm_err put(struct claims *c, size_t *cap, const struct claims_one *one)
{
    if (c->count == *cap) {
        size_t more = *cap == 0 ? 16 : 2 * *cap;
        struct claims_one *list = realloc(c->list, more * sizeof *list);
        if (list == NULL)
            return GMM_ENOMEM;
        c->list = list;
        *cap = more;
    }
    c->list[c->count++] = *one;
    return GMM_OK;
}

static enum gmm_err own_words(struct claims *c, size_t *cap, const struct court *court, const struct anchors_log *log,
                              uint64_t before)
{
    for (size_t i = 0; i < log->point_count; i++) {
        const struct anchors_point *p = &log->points[i];
        struct claims_one one = {.seq = p->seq, .time = p->record->time, .id = p->id};
        if (p->record->time >= before || !stands(court->s, p->record) ||
            !unit_of(court, &p->record->log->key.author, &one.unit) || one.unit == court->author)
            continue;
        enum gmm_err err = put(c, cap, &one);
        if (err != GMM_OK)
            return err;
    }
    return GMM_OK;
}

/* A log that has anchors of the one asked for, and how far one office has reported what it names. */
struct source {
    const struct anchors_log *log;
    uint64_t until; /* behind the last anchor reported */
};

/* The logs whose anchors name this one; *sources is the caller's to free. */
static enum gmm_err sources_of(const struct anchors_log *log, struct source **sources, size_t *count)
{
    *count = 0;
    *sources = calloc(log->point_count + 1, sizeof **sources);
    if (*sources == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < log->point_count; i++) {
        size_t k = 0;
        while (k < *count && (*sources)[k].log != log->points[i].record->log)
            k++;
        if (k == *count)
            (*sources)[(*count)++].log = log->points[i].record->log;
    }
    return GMM_OK;
}

/* An office "holds what those anchors, and those before them in their logs, name". */
static void read_reports(struct source *sources, size_t count, const struct court *court, const struct anchors *a,
                         const struct anchors_log *of, uint64_t before)
{
    for (size_t k = 0; k < count; k++)
        sources[k].until = 0;
    for (size_t i = 0; i < of->record_count; i++) {
        const struct anchors_record *report = of->records[i];
        if (report->report_count == 0 || report->time >= before || !stands(court->s, report))
            continue;
        for (uint16_t r = 0; r < report->report_count; r++) {
            const struct anchors_record *named = anchors_record(a, &report->holders[r]);
            for (size_t k = 0; named != NULL && k < count; k++)
                if (named->log == sources[k].log && named->seq >= sources[k].until)
                    sources[k].until = named->seq + 1;
        }
    }
}

static enum gmm_err by_reports(struct claims *c, size_t *cap, unsigned unit, const struct anchors_log *log,
                               const struct source *sources, size_t count)
{
    for (size_t i = 0; i < log->point_count; i++) {
        const struct anchors_point *p = &log->points[i];
        size_t k = 0;
        while (k < count && sources[k].log != p->record->log)
            k++;
        if (k == count || p->record->dropped || p->record->seq >= sources[k].until)
            continue;
        struct claims_one one = {.unit = unit, .seq = p->seq, .time = p->record->time, .id = p->id};
        enum gmm_err err = put(c, cap, &one);
        if (err != GMM_OK)
            return err;
    }
    return GMM_OK;
}

/* In `internal` sisters speak by reports. */
static enum gmm_err sisters_words(struct claims *c, size_t *cap, const struct court *court, const struct anchors *a,
                                  const struct anchors_log *log, uint64_t before)
{
    struct source *sources;
    size_t count;
    enum gmm_err err = sources_of(log, &sources, &count);
    for (size_t i = 0; i < anchors_log_count(a) && err == GMM_OK; i++) {
        const struct anchors_log *of = anchors_log_at(a, i);
        unsigned unit;
        if (of->record_count == 0 || !id_equal(&of->key.group, &log->key.group) ||
            !unit_of(court, &of->key.author, &unit) || unit == court->author)
            continue;
        read_reports(sources, count, court, a, of, before);
        err = by_reports(c, cap, unit, log, sources, count);
    }
    free(sources);
    return err;
}

static int compare_claims(const void *x, const void *y)
{
    const struct claims_one *a = x, *b = y;
    if (a->unit != b->unit)
        return a->unit < b->unit ? -1 : 1;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    int order = id_compare(&a->id, &b->id);
    return order != 0 ? order : (a->time > b->time) - (a->time < b->time);
}

static unsigned count_offices(const struct court *court)
{
    const struct offices *o = court->s->offices;
    unsigned units = 0;
    size_t count = 0;
    for (size_t first = 0; first < o->count; first += count) {
        unsigned unit;
        const struct certificate *cert = o->certs[first].cert;
        offices_of_key(o, &cert->sign_pk, &count);
        units += unit_of(court, &cert->sign_pk, &unit) && unit != court->author && !o->certs[first].voided;
    }
    return units;
}

static unsigned count_units(const struct court *court)
{
    if (court->internal)
        return count_offices(court);
    unsigned units = 0;
    for (unsigned i = 0; i < court->s->participant_count; i++)
        units += i != court->author && belongs(court, i);
    return units;
}

static enum gmm_err words_of(struct claims *c, const struct court *court, const struct anchors *a, uint64_t before)
{
    size_t cap = 0;
    const struct anchors_log *anchored = court->unknown ? NULL : anchors_find(a, court->log);
    if (anchored == NULL)
        return GMM_OK;
    enum gmm_err err = own_words(c, &cap, court, anchored, before);
    if (err == GMM_OK && court->internal)
        err = sisters_words(c, &cap, court, a, anchored, before);
    if (err != GMM_OK)
        claims_close(c);
    else if (c->count > 0)
        qsort(c->list, c->count, sizeof *c->list, compare_claims);
    return err;
}

enum gmm_err claims_words(struct claims *c, const struct anchors *a, const struct state *s, const struct run_key *log,
                          uint64_t before)
{
    *c = (struct claims){0};
    struct court court = court_of(s, log);
    return words_of(c, &court, a, before);
}

enum gmm_err claims_make(struct claims *c, const struct anchors *a, const struct state *s, const struct run_key *log,
                         uint64_t before)
{
    *c = (struct claims){0};
    struct court court = court_of(s, log);
    enum gmm_err err = words_of(c, &court, a, before);
    if (err == GMM_OK && !court.unknown)
        c->units = count_units(&court);
    return err;
}

void claims_close(struct claims *c)
{
    free(c->list);
    *c = (struct claims){0};
}

bool claims_unit(const struct state *s, const struct run_key *log, const struct gmm_id *sign_pk, unsigned *unit)
{
    struct court court = court_of(s, log);
    return !court.unknown && unit_of(&court, sign_pk, unit) && *unit != court.author;
}

bool claims_reached(const struct claims *c, unsigned unit, uint64_t *seq)
{
    bool any = false;
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].unit == unit) {
            *seq = c->list[i].seq; /* they ascend */
            any = true;
        }
    return any;
}

bool claims_name(const struct claims *c, unsigned unit, const struct fork_proof *proof)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].unit == unit &&
            (c->list[i].seq == proof->first_seq || fork_branch_of(proof, c->list[i].seq, &c->list[i].id) >= 0))
            return true;
    return false;
}

/* The last claim of a unit is its highest. */
static bool highest(const struct claims *c, size_t i)
{
    return i + 1 == c->count || c->list[i + 1].unit != c->list[i].unit;
}

uint64_t claims_reach(const struct claims *c, unsigned need)
{
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < c->count; i++) {
        unsigned units = 0;
        if (!highest(c, i) || (best != UINT64_MAX && c->list[i].seq <= best))
            continue;
        for (size_t k = 0; k < c->count; k++)
            units += highest(c, k) && c->list[k].seq >= c->list[i].seq;
        if (units >= need)
            best = c->list[i].seq;
    }
    return best;
}

enum gmm_err claims_covered(uint64_t *seq, const struct anchors *a, const struct state *s, const struct run_key *log,
                            uint64_t before, unsigned need)
{
    struct claims c;
    enum gmm_err err = claims_make(&c, a, s, log, before);
    *seq = err == GMM_OK ? claims_reach(&c, need) : UINT64_MAX;
    claims_close(&c);
    return err;
}
