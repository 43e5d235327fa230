#include "proto/vouches.h"

#include <stdlib.h>

#include "proto/judge.h"
#include "proto/rulings.h"

struct record {
    struct gmm_id id;
    struct run_key log;
    uint64_t seq, time;
    struct control_vouch vouch;
    bool in_circle; /* a CUT: about logs of the circle that it stands in */
};
struct vouches {
    struct record *records;
    size_t count, cap;
};
/* What one participant says of one log. */
struct word {
    size_t revocation; /* index */
    unsigned participant;
    bool alone; /* of the key's own participant: nobody else need say so */
    struct office_cut cut;
};

struct vouches *vouches_new(void)
{
    return calloc(1, sizeof(struct vouches));
}

void vouches_free(struct vouches *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < v->count; i++)
        control_cuts_close(&v->records[i].vouch.cuts);
    free(v->records);
    free(v);
}

bool vouches_concern(uint16_t type, const void *body, size_t len)
{
    const uint8_t *bytes = body;
    return type == HEADER_VOUCH || (type == HEADER_CUT && len > 1 && bytes[1] == CONTROL_CUT_KEY);
}

/* A CUT of kind 1 as the vouch that it is, inside of its circle. */
static enum gmm_err read_cut(struct control_vouch *out, const struct gmm_id *gid, const void *body, size_t len)
{
    struct control_circle_cut cut;
    enum gmm_err err = control_circle_cut_decode(&cut, body, len);
    if (err != GMM_OK)
        return err;
    *out = (struct control_vouch){.sign_pk = cut.subject, .cuts = cut.cuts};
    for (uint16_t i = 0; i < out->cuts.count; i++) {
        out->cuts.list[i].log.group = *gid;
        if (!id_equal(&out->cuts.list[i].log.author, &out->sign_pk))
            err = GMM_EFORMAT;
    }
    if (err != GMM_OK || cut.kind != CONTROL_CUT_KEY) {
        control_cuts_close(&out->cuts);
        return GMM_EFORMAT;
    }
    return GMM_OK;
}

enum gmm_err vouches_add(struct vouches *v, const struct header *header, const struct gmm_id *id, const void *body,
                         size_t len)
{
    struct record record = {
        .id = *id, .seq = header->seq, .time = header->time, .in_circle = header->type == HEADER_CUT};
    run_key_of(&record.log, header);
    if (v->count == v->cap) {
        size_t cap = v->cap == 0 ? 16 : 2 * v->cap;
        struct record *grown = realloc(v->records, cap * sizeof *grown);
        if (grown == NULL)
            return GMM_ENOMEM;
        v->records = grown;
        v->cap = cap;
    }
    enum gmm_err err = record.in_circle ? read_cut(&record.vouch, &header->group, body, len)
                                        : control_vouch_decode(&record.vouch, body, len);
    if (err == GMM_OK)
        v->records[v->count++] = record;
    return err == GMM_ENOMEM ? err : GMM_OK;
}

void vouches_drop(struct vouches *v, const struct run_key *log, uint64_t from_seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++) {
        if (v->records[i].seq >= from_seq && run_key_compare(&v->records[i].log, log) == 0)
            control_cuts_close(&v->records[i].vouch.cuts);
        else
            v->records[kept++] = v->records[i];
    }
    v->count = kept;
}

/* "Its author decided for an active participant at its time": whose word it is. */
static enum gmm_err speaks(const struct state *s, const struct gmm_id *author, uint64_t time_ms, unsigned *participant,
                           struct gmm_msg *why)
{
    bool claimed;
    *participant = state_owner(s, author, &claimed);
    if (*participant == STATE_NOBODY || s->participants[*participant].status != VIEW_ACTIVE)
        return gmm_fail(why, GMM_EDENIED, "only an active participant may vouch, and %s is none",
                        judge_name(s, *participant));
    const struct office_cert *office = offices_deciding(s->offices, &s->participants[*participant].pid, time_ms);
    if (office == NULL || !id_equal(&office->sign_pk, author))
        return gmm_fail(why, GMM_EDENIED, "only the office that decides for %s may vouch",
                        s->participants[*participant].name);
    return GMM_OK;
}

/* The revocation of the key, of another participant's office. */
static enum gmm_err revoked(const struct state *s, const struct gmm_id *sign_pk, unsigned by,
                            const struct office_revocation **out, struct gmm_msg *why)
{
    bool claimed;
    unsigned owner = state_owner(s, sign_pk, &claimed);
    char hex[GMM_ID_HEX + 1];
    *out = owner == STATE_NOBODY ? NULL : offices_revoked(s->offices, sign_pk, &s->participants[owner].pid);
    if (*out == NULL)
        return gmm_fail(why, GMM_ENOTFOUND, "the key %s is not revoked: nothing of it needs a vouch",
                        judge_digits(hex, sign_pk));
    if (owner == by)
        return gmm_fail(why, GMM_EDENIED, "of a key of %s its own root vouches, not its office", judge_name(s, by));
    return GMM_OK;
}

/* In a circle its members speak; for one in doubt those whom all its foundings name; where no founding is held yet, it
 * is for them to tell later. */
static bool may_speak(const struct state *s, const struct gmm_id *gid, unsigned participant)
{
    const struct state_group *g = state_group(s, gid);
    if (g != NULL)
        return state_is_member(s, g, participant);
    return !state_doubted(s, gid) ||
           (s->participants[participant].status == VIEW_ACTIVE && state_doubt_names(s, gid, participant));
}

static const char *owner_name(const struct state *s, const struct gmm_id *gid)
{
    const struct state_group *g = state_group(s, gid);
    for (size_t i = 0; g == NULL && i < s->doubt_count; i++)
        if (id_equal(&s->doubts[i].founding->log.group, gid))
            return judge_name(s, s->doubts[i].owner);
    return judge_name(s, g == NULL ? STATE_NOBODY : g->owner);
}

/* In a circle: by another office of the key's participant that may revoke, alone; or by others, as everywhere. All of
 * them belong to the circle. */
static enum gmm_err cuts(const struct state *s, const struct run_key *log, const struct gmm_id *sign_pk,
                         uint64_t time_ms, unsigned *participant, const struct office_revocation **out, bool *alone,
                         struct gmm_msg *why)
{
    bool claimed;
    char hex[GMM_ID_HEX + 1];
    const struct state_group *g = state_group(s, &log->group);
    *participant = state_owner(s, &log->author, &claimed);
    if (g != NULL && g->kind != GROUP_CIRCLE)
        return gmm_fail(why, GMM_EDENIED,
                        "this is the log of no circle: cuts are published inside circles; elsewhere the revocation "
                        "names them");
    if (*participant == STATE_NOBODY || !may_speak(s, &log->group, *participant))
        return gmm_fail(
            why, GMM_EDENIED,
            "only members of the circle of %s say there where the logs of a revoked key end, and %s is none",
            owner_name(s, &log->group), judge_name(s, *participant));
    const struct gmm_id *pid = &s->participants[*participant].pid;
    *alone = *participant == state_owner(s, sign_pk, &claimed);
    if (!*alone) {
        enum gmm_err err = speaks(s, &log->author, time_ms, participant, why);
        return err == GMM_OK ? revoked(s, sign_pk, *participant, out, why) : err;
    }
    const struct office_cert *office = offices_at(s->offices, &log->author, pid, time_ms);
    *out = offices_revoked(s->offices, sign_pk, pid);
    if (*out == NULL)
        return gmm_fail(why, GMM_ENOTFOUND, "the key %s is not revoked: nothing of it needs a cut",
                        judge_digits(hex, sign_pk));
    if (office == NULL || time_ms > office->cert->not_after_ms ||
        (office->cert->roles & CERTIFICATE_ROLE_REVOKE) == 0 || id_equal(&log->author, sign_pk))
        return gmm_fail(why, GMM_EDENIED,
                        "only another office of %s with the role REVOKE says where the logs of its own key end",
                        judge_name(s, *participant));
    return GMM_OK;
}

static bool named(const struct office_revocation *r, const struct control_cut *cut)
{
    struct office_revocation only = *r;
    only.vouched_count = 0;
    const struct office_cut *found = offices_cut(&only, &cut->log.group, cut->log.instance);
    return found != NULL && !found->vouched;
}

/* Does the cut hold a founding in doubt? Then the founding is what is spoken for; its place, or SIZE_MAX. */
static size_t founding_of(const struct state *s, const struct control_cut *cut)
{
    for (size_t i = 0; i < s->doubt_count; i++) {
        const struct change *founding = s->doubts[i].founding;
        if (run_key_compare(&founding->log, &cut->log) == 0 && state_doubted(s, &cut->log.group))
            return cut->seq > 0 || id_equal(&cut->id, &founding->id) ? i : SIZE_MAX;
    }
    return SIZE_MAX;
}

static enum gmm_err put_words(struct word **words, size_t *count, const struct state *s, const struct record *record,
                              bool foundings)
{
    const struct office_revocation *r, *own;
    unsigned participant;
    bool alone = false;
    uint64_t time_ms = header_time_ms(record->time);
    if (foundings && !record->in_circle)
        return GMM_OK;
    if (!rulings_stand(s->rulings, &record->log, record->seq, &record->id))
        return GMM_OK;
    enum gmm_err err;
    if (record->in_circle) {
        err = cuts(s, &record->log, &record->vouch.sign_pk, time_ms, &participant, &r, &alone, NULL);
    } else {
        err = speaks(s, &record->log.author, time_ms, &participant, NULL);
        if (err == GMM_OK)
            err = revoked(s, &record->vouch.sign_pk, participant, &r, NULL);
    }
    if (err != GMM_OK)
        return GMM_OK;
    own = offices_revoked(s->offices, &record->log.author, &s->participants[participant].pid);
    if (own != NULL && !offices_within(own, &record->log, record->seq))
        return GMM_OK;
    struct word *grown = realloc(*words, (*count + record->vouch.cuts.count) * sizeof *grown);
    if (grown == NULL)
        return GMM_ENOMEM;
    *words = grown;
    for (uint16_t i = 0; i < record->vouch.cuts.count; i++) {
        const struct control_cut *cut = &record->vouch.cuts.list[i];
        size_t doubt = foundings ? founding_of(s, cut) : SIZE_MAX;
        if (named(r, cut) || (foundings && doubt == SIZE_MAX))
            continue;
        grown[(*count)++] = (struct word){.revocation = (size_t)(r - s->offices->revocations),
                                          .participant = participant,
                                          .alone = alone,
                                          .cut = {.group = cut->log.group,
                                                  .instance = cut->log.instance,
                                                  .seq = foundings ? 0 : cut->seq,
                                                  .id = foundings ? s->doubts[doubt].founding->id : cut->id,
                                                  .vouched = true}};
    }
    return GMM_OK;
}

static int compare_logs(const struct word *x, const struct word *y)
{
    if (x->revocation != y->revocation)
        return x->revocation < y->revocation ? -1 : 1;
    int order = id_compare(&x->cut.group, &y->cut.group);
    return order != 0 ? order : (x->cut.instance > y->cut.instance) - (x->cut.instance < y->cut.instance);
}

/* By log; in one the farthest first. */
static int compare_words(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    int order = compare_logs(x, y);
    if (order == 0)
        order = (x->cut.seq < y->cut.seq) - (x->cut.seq > y->cut.seq);
    if (order == 0)
        order = id_compare(&x->cut.id, &y->cut.id);
    return order != 0 ? order : (x->participant > y->participant) - (x->participant < y->participant);
}

/* Of the words on one log: how far the second farthest participant goes, or whoever need not be two. */
static bool second(const struct word *words, size_t count, struct office_cut *cut)
{
    size_t at = words[0].alone ? 0 : 1;
    while (at > 0 && at < count && !words[at].alone && words[at].participant == words[0].participant)
        at++;
    if (at == count)
        return false;
    *cut = words[at].cut;
    for (size_t i = 0; i < count && words[i].cut.seq >= cut->seq; i++)
        if (words[i].cut.seq == cut->seq && !id_equal(&words[i].cut.id, &cut->id))
            cut->id = (struct gmm_id){{0}};
    return true;
}

/* The words on one revocation's logs, from `first` on; *next: behind them. */
static enum gmm_err restore(struct offices *o, const struct word *words, size_t count, size_t first, size_t *next,
                            bool *any)
{
    size_t end = first, made = 0;
    while (end < count && words[end].revocation == words[first].revocation)
        end++;
    *next = end;
    struct office_cut *cuts = calloc(end - first, sizeof *cuts);
    if (cuts == NULL)
        return GMM_ENOMEM;
    for (size_t i = first, to; i < end; i = to) {
        for (to = i; to < end && compare_logs(&words[to], &words[i]) == 0;)
            to++;
        made += second(&words[i], to - i, &cuts[made]);
    }
    *any = *any || made > 0;
    offices_vouch(&o->revocations[words[first].revocation], cuts, made);
    return GMM_OK;
}

/* "Of the former there need be one for none of the latter to count, for any founding of that circle." */
static size_t leave_to_owners(struct word *words, size_t count, const struct state *s)
{
    for (size_t d = 0; d < s->doubt_count; d++) {
        const struct gmm_id *gid = &s->doubts[d].founding->log.group;
        size_t kept = 0;
        bool owners = false;
        for (size_t i = 0; i < count; i++)
            owners = owners || (words[i].alone && id_equal(&words[i].cut.group, gid));
        for (size_t i = 0; i < count; i++)
            if (!owners || words[i].alone || !id_equal(&words[i].cut.group, gid))
                words[kept++] = words[i];
        count = kept;
    }
    return count;
}

static enum gmm_err judge_words(const struct vouches *v, const struct state *s, struct offices *o, bool foundings,
                                bool *any)
{
    struct word *words = NULL;
    size_t count = 0;
    enum gmm_err err = GMM_OK;
    *any = false;
    for (size_t i = 0; i < v->count && err == GMM_OK; i++)
        err = put_words(&words, &count, s, &v->records[i], foundings);
    if (foundings)
        count = leave_to_owners(words, count, s);
    offices_unvouch(o);
    if (count > 1)
        qsort(words, count, sizeof *words, compare_words);
    for (size_t first = 0; first < count && err == GMM_OK;)
        err = restore(o, words, count, first, &first, any);
    free(words);
    return err;
}

enum gmm_err vouches_found(const struct vouches *v, const struct state *s, struct offices *o, bool *any)
{
    return judge_words(v, s, o, true, any);
}

enum gmm_err vouches_judge(const struct vouches *v, const struct state *s, struct offices *o, bool *any)
{
    return judge_words(v, s, o, false, any);
}

enum gmm_err vouches_ask(const struct state *s, const struct gmm_id *author, const struct gmm_id *group,
                         uint64_t time_ms, const void *body, size_t len, struct gmm_msg *why)
{
    struct control_vouch vouch;
    const struct office_revocation *r;
    const struct run_key log = {.group = *group, .author = *author};
    unsigned participant;
    bool alone;
    char hex[GMM_ID_HEX + 1];
    enum gmm_err err = id_is_zero(group) ? control_vouch_decode(&vouch, body, len) : read_cut(&vouch, group, body, len);
    if (err != GMM_OK)
        return gmm_fail(why, err, "the vouch record is %s", gmm_err_text(err));
    if (id_is_zero(group)) {
        err = speaks(s, author, time_ms, &participant, why);
        if (err == GMM_OK)
            err = revoked(s, &vouch.sign_pk, participant, &r, why);
    } else if (state_group(s, group) == NULL && !state_doubted(s, group)) {
        err = gmm_fail(why, GMM_EDENIED, "no group %s had been founded by then", judge_digits(hex, group));
    } else {
        err = cuts(s, &log, &vouch.sign_pk, time_ms, &participant, &r, &alone, why);
    }
    for (uint16_t i = 0; i < vouch.cuts.count && err == GMM_OK; i++)
        if (named(r, &vouch.cuts.list[i]))
            err = gmm_fail(why, GMM_EDENIED,
                           "the revocation of the key %s names the log: it stands up to there whoever vouches",
                           judge_digits(hex, &vouch.sign_pk));
    control_cuts_close(&vouch.cuts);
    return err;
}
