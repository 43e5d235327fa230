#include "proto/stored.h"

#include <stdlib.h>

#include "proto/anchors.h"
#include "proto/claims.h"

static void earlier(uint64_t *ms, const struct anchors_record *record)
{
    uint64_t at = header_time_ms(record->time);
    if (*ms == 0 || at < *ms)
        *ms = at;
}

/* The number of an office among those that the log's anchors list. */
static bool number_of(const struct anchors_log *log, const struct gmm_id *office, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < log->record_count; i++)
        for (uint16_t k = 0; k < log->records[i]->holder_count; k++, ++*number)
            if (id_equal(&log->records[i]->holders[k], office))
                return true;
    return false;
}

/* "Bit i % 8 of byte i / 8 of `marks` says that office number i has reported that it holds what the earlier anchors of
 * this log name": the first such mark behind that anchor. */
static void by_marks(uint64_t *ms, const struct anchors_record *anchor, const struct gmm_id *office)
{
    size_t number;
    const struct anchors_log *log = anchor->log;
    if (!number_of(log, office, &number))
        return;
    for (size_t i = 0; i < log->record_count; i++) {
        const struct anchors_record *record = log->records[i];
        if (record->seq > anchor->seq && number / 8 < record->mark_len &&
            ((unsigned)record->marks[number / 8] >> number % 8 & 1u) != 0) {
            earlier(ms, record);
            return;
        }
    }
}

/* The office's own report of that anchor, or of a later one in its log: its sisters see it. */
static void by_reports(uint64_t *ms, const struct anchors *a, const struct anchors_record *anchor,
                       const struct gmm_id *office)
{
    for (size_t i = 0; i < anchors_log_count(a); i++) {
        const struct anchors_log *log = anchors_log_at(a, i);
        for (size_t k = 0; k < log->record_count && id_equal(&log->key.author, office); k++)
            for (uint16_t r = 0; r < log->records[k]->report_count; r++) {
                const struct anchors_record *named = anchors_record(a, &log->records[k]->holders[r]);
                if (named != NULL && named->log == anchor->log && named->seq >= anchor->seq)
                    earlier(ms, log->records[k]);
            }
    }
}

uint64_t stored_since(const struct anchors *a, const struct run_key *log, uint64_t seq, const struct gmm_id *office,
                      const struct gmm_id *const *sisters, size_t sister_count)
{
    const struct anchors_log *anchored = anchors_find(a, log);
    uint64_t ms = 0;
    for (size_t i = 0; anchored != NULL && i < anchored->point_count; i++) {
        const struct anchors_point *point = &anchored->points[i];
        if (point->record->dropped || point->seq < seq)
            continue;
        const struct gmm_id *author = &point->record->log->key.author;
        if (id_equal(author, office))
            earlier(&ms, point->record);
        for (size_t k = 0; k < sister_count; k++)
            if (id_equal(author, sisters[k])) {
                by_marks(&ms, point->record, office);
                by_reports(&ms, a, point->record, office);
            }
    }
    return ms;
}

enum gmm_err stored_holdings(const struct anchors *a, const struct state *s, const struct run_key *log,
                             struct stored_holding **list, size_t *count)
{
    const struct state_group *group = id_is_zero(&log->group) ? NULL : state_group(s, &log->group);
    struct claims claims;
    *list = NULL;
    *count = 0;
    if (group != NULL && group->kind == GROUP_INTERNAL)
        return GMM_OK;
    enum gmm_err err = claims_words(&claims, a, s, log, UINT64_MAX);
    if (err != GMM_OK)
        return err;
    *list = calloc(claims.count + 1, sizeof **list);
    for (size_t i = 0; *list != NULL && i < claims.count; i++)
        (*list)[(*count)++] = (struct stored_holding){s->participants[claims.list[i].unit].pid, claims.list[i].seq,
                                                      header_time_ms(claims.list[i].time)};
    claims_close(&claims);
    return *list == NULL ? GMM_ENOMEM : GMM_OK;
}
