#include "proto/consult.h"

#include <stdlib.h>
#include <string.h>

#include "proto/consult_weigh.h"

const char *consult_state_text(enum consult_state state)
{
    switch (state) {
    case CONSULT_OPEN:
        return "open";
    case CONSULT_WAITING:
        return "waiting";
    case CONSULT_SILENCE:
        return "silence";
    case CONSULT_ADOPTED:
        return "adopted";
    case CONSULT_BROKEN:
        return "broken";
    case CONSULT_SUSPENDED:
        return "suspended";
    case CONSULT_LAPSED:
        return "lapsed";
    case CONSULT_CLOSED:
        return "closed";
    }
    return "";
}

const char *consult_reason_text(enum consult_reason reason)
{
    switch (reason) {
    case CONSULT_UNAUTHORISED:
        return "unauthorised";
    case CONSULT_DUPLICATE:
        return "duplicate";
    case CONSULT_CONTRADICTORY:
        return "contradictory";
    case CONSULT_UNKNOWN:
        return "unknown";
    case CONSULT_PAST:
        return "past";
    case CONSULT_TOO_SHORT:
        return "too-short";
    case CONSULT_LATE:
        return "late";
    case CONSULT_NOT_INVITED:
        return "not-invited";
    case CONSULT_NOT_RELEASED:
        return "not-released";
    }
    return "";
}

/* One consultation while its records are walked through. */
struct course {
    struct consult *c;
    const struct consult_fact *open;     /* names the invited */
    const struct consult_fact *original; /* of the version that is consulted on */
    const struct record_text *langs;
    uint32_t lang_count;
    uint64_t said_from_ms;                     /* when the round was begun: positions count from then on */
    uint64_t round_from_ms, round_deadline_ms; /* as recorded: of the round, or of its reopening */
    uint64_t silence_until_ms;
    bool closed;
};
struct walk {
    struct consult_index x;
    struct consults *out;
    struct course *courses;
    enum gmm_err err;
};

static void ignore(struct walk *w, const struct consult_fact *fact, enum consult_reason reason)
{
    w->out->ignored[w->out->ignored_count++] = (struct consult_ignored){fact->id, reason};
}

/* A deadline given at from_ms, as it counts: the clock starts when all required languages exist. 0: it stands. */
static uint64_t effective(const struct walk *w, const struct course *k, uint64_t from_ms, uint64_t deadline_ms)
{
    uint64_t complete = consult_index_complete(&w->x, &k->original->id, k->langs, k->lang_count);
    if (complete == 0)
        return 0;
    return complete > from_ms ? deadline_ms + (complete - from_ms) : deadline_ms;
}

static uint64_t silence_ends(const struct walk *w, const struct course *k)
{
    return effective(w, k, k->c->silence_ms, k->silence_until_ms);
}

static bool attested(const struct consult_fact *fact, uint64_t until_ms)
{
    return fact->witnessed_ms != 0 && fact->witnessed_ms <= until_ms;
}

/* The objections of a silence procedure as of at_ms, and what it has come to. list: room for every fact, or NULL. */
static enum consult_state judge_silence(struct walk *w, const struct course *k, uint64_t at_ms,
                                        struct consult_objection *list, size_t *count)
{
    struct consult_weighed weighed;
    uint64_t ends = silence_ends(w, k), until = ends == 0 || at_ms < ends ? at_ms : ends;
    bool over = ends != 0 && at_ms >= ends, seen = false;
    size_t found = 0, bound = 0;
    const struct record_ids *invited = &k->open->as.action.invited;
    enum gmm_err err = consult_weigh(&weighed, &w->x, invited, k->c->silence_ms, until);
    if (err != GMM_OK) {
        w->err = err;
        return CONSULT_SILENCE;
    }
    for (size_t i = 0; i < weighed.count; i++) {
        const struct consult_statement *s = &weighed.list[i];
        /* Who is suspended afterwards has objected all the same. */
        if (s->dead || s->position != RECORD_OBJECTION ||
            !consult_index_counts(&w->x, &s->pid, consult_index_ms(s->fact)))
            continue;
        bool known = attested(s->fact, ends) || !over;
        seen = seen || known;
        if (list != NULL)
            list[found] = (struct consult_objection){s->fact->id, s->pid, consult_index_ms(s->fact), !known};
        found++;
    }
    consult_weigh_close(&weighed);
    for (uint32_t i = 0; i < invited->count; i++) {
        struct gmm_id pid;
        record_ids_at(invited, i, &pid);
        uint64_t stored = consult_index_stored(&w->x, &k->original->id, &pid);
        bound += stored != 0 && stored <= until && consult_index_counts(&w->x, &pid, until);
    }
    if (count != NULL)
        *count = found;
    if (found > 0)
        return seen ? CONSULT_BROKEN : CONSULT_SUSPENDED;
    if (!over)
        return CONSULT_SILENCE;
    return bound > 0 ? CONSULT_ADOPTED : CONSULT_LAPSED;
}

static enum consult_state state_at(struct walk *w, const struct course *k, uint64_t at_ms)
{
    if (k->closed)
        return CONSULT_CLOSED;
    if (k->c->silence_ms != 0)
        return judge_silence(w, k, at_ms, NULL, NULL);
    return effective(w, k, k->round_from_ms, k->round_deadline_ms) == 0 ? CONSULT_WAITING : CONSULT_OPEN;
}

/* ---- the coordinator's records */

static bool is_lapsing(enum consult_state state)
{
    return state == CONSULT_BROKEN || state == CONSULT_SUSPENDED || state == CONSULT_LAPSED;
}

static void begin_round(struct course *k, const struct consult_fact *fact, const struct consult_fact *original)
{
    k->original = original;
    k->c->document = fact->document;
    k->c->version = original->as.version.version;
    k->said_from_ms = k->round_from_ms = consult_index_ms(fact);
    k->round_deadline_ms = fact->as.action.deadline_ms;
    k->c->silence_ms = 0;
    if (fact->as.action.lang_count > 0) {
        k->langs = k->c->langs = fact->as.action.langs;
        k->lang_count = k->c->lang_count = fact->as.action.lang_count;
    }
}

/* 0: it has effect. */
static enum consult_reason take_open(struct walk *w, const struct consult_fact *fact)
{
    const struct consult_fact *original = consult_index_original(&w->x, &fact->document);
    struct consults *out = w->out;
    if (original == NULL)
        return CONSULT_UNKNOWN;
    if (!fact->officer && !id_equal(&original->author, &fact->author))
        return CONSULT_UNAUTHORISED;
    if (out->count > 0 && !w->courses[out->count - 1].closed)
        return CONSULT_DUPLICATE;
    if (fact->as.action.deadline_ms <= consult_index_ms(fact))
        return CONSULT_PAST;
    struct course *k = &w->courses[out->count];
    *k = (struct course){.c = &out->list[out->count++], .open = fact};
    *k->c =
        (struct consult){.id = fact->id, .coordinator = fact->author, .round = 1, .opened_ms = consult_index_ms(fact)};
    begin_round(k, fact, original);
    return 0;
}

static enum consult_reason take_round(struct walk *w, struct course *k, const struct consult_fact *fact,
                                      enum consult_state state)
{
    const struct consult_fact *original = consult_index_original(&w->x, &fact->document);
    if (original == NULL)
        return CONSULT_UNKNOWN;
    if (state == CONSULT_CLOSED || state == CONSULT_ADOPTED || fact->as.action.round != k->c->round + 1)
        return CONSULT_CONTRADICTORY;
    k->c->round++;
    begin_round(k, fact, original);
    return 0;
}

static enum consult_reason take_extend(struct course *k, const struct consult_fact *fact, enum consult_state state)
{
    bool silent = k->c->silence_ms != 0;
    uint64_t *deadline = silent ? &k->silence_until_ms : &k->round_deadline_ms;
    if (state == CONSULT_CLOSED || (silent && state != CONSULT_SILENCE) || fact->as.action.deadline_ms <= *deadline)
        return CONSULT_CONTRADICTORY;
    *deadline = fact->as.action.deadline_ms;
    return 0;
}

static enum consult_reason take_silence(struct course *k, const struct consult_fact *fact, enum consult_state state)
{
    uint64_t from = consult_index_ms(fact);
    if (state == CONSULT_SILENCE)
        return CONSULT_DUPLICATE;
    if (state == CONSULT_CLOSED || state == CONSULT_ADOPTED)
        return CONSULT_CONTRADICTORY;
    if (!fact->as.action.has_reason && fact->as.action.deadline_ms - from < CONSULT_SILENCE_MS)
        return CONSULT_TOO_SHORT;
    k->c->silence_ms = from;
    k->silence_until_ms = fact->as.action.deadline_ms;
    return 0;
}

static enum consult_reason take_close(struct course *k, const struct consult_fact *fact, enum consult_state state)
{
    enum record_consult_outcome outcome = fact->as.action.outcome;
    if (state == CONSULT_CLOSED)
        return CONSULT_DUPLICATE;
    /* What came late may be unknown to who closes: of adoption and objections the silence itself says more later. */
    bool ended = state == CONSULT_ADOPTED || state == CONSULT_SUSPENDED || state == CONSULT_BROKEN;
    if (outcome == RECORD_OUTCOME_ADOPTED && !ended)
        return CONSULT_CONTRADICTORY;
    if (outcome == RECORD_OUTCOME_BROKEN && !is_lapsing(state))
        return CONSULT_CONTRADICTORY;
    k->closed = true;
    k->c->outcome = outcome;
    k->c->closed_ms = consult_index_ms(fact);
    k->c->close = fact->id;
    return 0;
}

static enum consult_reason take_reopen(struct course *k, const struct consult_fact *fact, enum consult_state state)
{
    if (state == CONSULT_OPEN || state == CONSULT_WAITING || state == CONSULT_SILENCE)
        return CONSULT_DUPLICATE;
    k->closed = false;
    k->c->outcome = RECORD_OUTCOME_NONE;
    k->c->closed_ms = 0;
    k->c->silence_ms = 0;
    k->round_from_ms = consult_index_ms(fact);
    k->round_deadline_ms = fact->as.action.deadline_ms;
    return 0;
}

static struct course *find_course(struct walk *w, const struct gmm_id *key)
{
    for (size_t i = 0; i < w->out->count; i++)
        if (id_equal(&w->out->list[i].id, key))
            return &w->courses[i];
    return NULL;
}

static enum consult_reason take_action(struct walk *w, const struct consult_fact *fact)
{
    enum record_consult_action action = fact->as.action.action;
    uint64_t at = consult_index_ms(fact);
    if (action == RECORD_CONSULT_OPEN)
        return take_open(w, fact);
    struct course *k = find_course(w, &fact->as.action.key);
    if (k == NULL)
        return CONSULT_UNKNOWN;
    if (!fact->officer && !id_equal(&k->c->coordinator, &fact->author))
        return CONSULT_UNAUTHORISED;
    /* what was followed by another consultation is over */
    if (k != &w->courses[w->out->count - 1])
        return CONSULT_CONTRADICTORY;
    if (action != RECORD_CONSULT_CLOSE && fact->as.action.deadline_ms <= at)
        return CONSULT_PAST;
    enum consult_state state = state_at(w, k, at);
    switch (action) {
    case RECORD_CONSULT_OPEN:
        break;
    case RECORD_CONSULT_ROUND:
        return take_round(w, k, fact, state);
    case RECORD_CONSULT_EXTEND:
        return take_extend(k, fact, state);
    case RECORD_CONSULT_SILENCE:
        return take_silence(k, fact, state);
    case RECORD_CONSULT_CLOSE:
        return take_close(k, fact, state);
    case RECORD_CONSULT_REOPEN:
        return take_reopen(k, fact, state);
    }
    return CONSULT_CONTRADICTORY;
}

/* ---- dispositions */

static bool may_dispose(const struct walk *w, const struct consult_fact *fact, const struct consult_fact *note)
{
    const struct consult_fact *text = consult_index_original(&w->x, &note->document);
    if (fact->as.disposition.as == RECORD_WITHDRAWN)
        return id_equal(&fact->author, &note->author);
    if (fact->officer || (text != NULL && id_equal(&fact->author, &text->author)))
        return true;
    for (size_t i = 0; i < w->out->count; i++)
        if (id_equal(&fact->author, &w->out->list[i].coordinator))
            return true;
    return false;
}

static int by_note(const void *a, const void *b)
{
    const struct consult_disposition *x = a, *y = b;
    int order = id_compare(&x->note, &y->note);
    if (order != 0)
        return order;
    if (x->time != y->time)
        return x->time > y->time ? -1 : 1;
    return id_compare(&y->id, &x->id);
}

/* The last that counts of each note. */
static void take_dispositions(struct walk *w)
{
    struct consults *out = w->out;
    size_t count = 0;
    for (size_t i = 0; i < w->x.count; i++) {
        const struct consult_fact *fact = w->x.order[i];
        if (fact->kind != CONSULT_DISPOSITION)
            continue;
        const struct consult_fact *note = consult_index_find(&w->x, &fact->as.disposition.note);
        if (note == NULL || (note->kind != CONSULT_NOTE && note->kind != CONSULT_RELEASE))
            ignore(w, fact, CONSULT_UNKNOWN);
        else if (!may_dispose(w, fact, note))
            ignore(w, fact, CONSULT_UNAUTHORISED);
        else
            out->dispositions[count++] =
                (struct consult_disposition){note->id, fact->id, fact->time, fact->as.disposition.as};
    }
    if (count > 1)
        qsort(out->dispositions, count, sizeof *out->dispositions, by_note);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !id_equal(&out->dispositions[i].note, &out->dispositions[i - 1].note))
            out->dispositions[out->disposition_count++] = out->dispositions[i];
}

const struct consult_disposition *consult_disposition(const struct consults *c, const struct gmm_id *note)
{
    size_t low = 0, high = c->disposition_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&c->dispositions[middle].note, note);
        if (order == 0)
            return &c->dispositions[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* ---- what participants say */

/* Behind this time nothing is said in time. */
static uint64_t last_ms(const struct course *k)
{
    uint64_t until = k->c->deadline_ms == 0 ? UINT64_MAX : k->c->deadline_ms;
    return k->closed && k->c->closed_ms < until ? k->c->closed_ms : until;
}

static void list_unheard(struct walk *w)
{
    size_t at = 0; /* courses that were opened before the fact at hand */
    for (size_t i = 0; i < w->x.count; i++) {
        const struct consult_fact *fact = w->x.order[i];
        while (at < w->out->count && w->out->list[at].opened_ms < consult_index_ms(fact))
            at++;
        if (at == 0 || !consult_weigh_is_position(fact))
            continue;
        const struct course *k = &w->courses[at - 1];
        if (!consult_weigh_is_invited(&k->open->as.action.invited, &fact->author))
            ignore(w, fact, CONSULT_NOT_INVITED);
        else if (consult_index_ms(fact) > last_ms(k))
            ignore(w, fact, CONSULT_LATE);
        else if (fact->kind == CONSULT_NOTE && !fact->as.note.alone)
            ignore(w, fact, CONSULT_NOT_RELEASED);
    }
}

static enum gmm_err fill_invited(struct walk *w, struct course *k, const struct consult_weighed *weighed)
{
    const struct record_ids *invited = &k->open->as.action.invited;
    struct consult *c = k->c;
    c->invited = calloc(invited->count + 1, sizeof *c->invited);
    if (c->invited == NULL)
        return GMM_ENOMEM;
    uint64_t at = c->deadline_ms == 0 ? c->opened_ms : c->deadline_ms;
    for (uint32_t i = 0; i < invited->count; i++) {
        struct consult_invited *one = &c->invited[c->invited_count++];
        record_ids_at(invited, i, &one->pid);
        one->counts = consult_index_counts(&w->x, &one->pid, at);
        one->stored_ms = consult_index_stored(&w->x, &k->original->id, &one->pid);
        consult_weigh_sum(weighed, one);
    }
    return GMM_OK;
}

static enum gmm_err fill_objections(struct walk *w, struct course *k, const struct consult_weighed *weighed,
                                    uint64_t now_ms)
{
    struct consult *c = k->c;
    c->objections = calloc(weighed->count + 1, sizeof *c->objections);
    if (c->objections == NULL)
        return GMM_ENOMEM;
    if (c->silence_ms == 0) {
        for (size_t i = 0; i < weighed->count; i++) {
            const struct consult_statement *s = &weighed->list[i];
            if (!s->dead && s->position == RECORD_OBJECTION)
                c->objections[c->objection_count++] =
                    (struct consult_objection){s->fact->id, s->pid, consult_index_ms(s->fact), false};
        }
        return GMM_OK;
    }
    uint64_t at = k->closed && c->deadline_ms > now_ms ? c->deadline_ms : now_ms;
    enum consult_state said = judge_silence(w, k, at, c->objections, &c->objection_count);
    if (k->closed && c->outcome == RECORD_OUTCOME_ADOPTED && (said == CONSULT_BROKEN || said == CONSULT_SUSPENDED))
        c->state = CONSULT_SUSPENDED;
    return w->err;
}

static enum gmm_err finish(struct walk *w, struct course *k, uint64_t now_ms)
{
    struct consult_weighed weighed;
    struct consult *c = k->c;
    c->state = state_at(w, k, now_ms);
    c->deadline_ms = c->silence_ms != 0 ? silence_ends(w, k) : effective(w, k, k->round_from_ms, k->round_deadline_ms);
    enum gmm_err err = w->err;
    if (err == GMM_OK)
        err = consult_weigh(&weighed, &w->x, &k->open->as.action.invited, k->said_from_ms, last_ms(k));
    if (err != GMM_OK)
        return err;
    err = fill_invited(w, k, &weighed);
    if (err == GMM_OK)
        err = fill_objections(w, k, &weighed, now_ms);
    consult_weigh_close(&weighed);
    return err;
}

static int by_ignored(const void *a, const void *b)
{
    return id_compare(&((const struct consult_ignored *)a)->id, &((const struct consult_ignored *)b)->id);
}

static enum gmm_err walk_through(struct walk *w, uint64_t now_ms)
{
    struct consults *out = w->out;
    out->list = calloc(w->x.count + 1, sizeof *out->list);
    out->ignored = calloc(w->x.count + 1, sizeof *out->ignored);
    out->dispositions = calloc(w->x.count + 1, sizeof *out->dispositions);
    w->courses = calloc(w->x.count + 1, sizeof *w->courses);
    if (out->list == NULL || out->ignored == NULL || out->dispositions == NULL || w->courses == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < w->x.count && w->err == GMM_OK; i++) {
        if (w->x.order[i]->kind != CONSULT_ACTION)
            continue;
        enum consult_reason reason = take_action(w, w->x.order[i]);
        if (reason != 0)
            ignore(w, w->x.order[i], reason);
    }
    enum gmm_err err = w->err;
    for (size_t i = 0; i < out->count && err == GMM_OK; i++)
        err = finish(w, &w->courses[i], now_ms);
    if (err != GMM_OK)
        return err;
    take_dispositions(w);
    list_unheard(w);
    if (out->ignored_count > 1)
        qsort(out->ignored, out->ignored_count, sizeof *out->ignored, by_ignored);
    return GMM_OK;
}

enum gmm_err consult_outcome(struct consults *out, const struct consult_facts *facts, uint64_t now_ms)
{
    struct walk w = {.out = out};
    *out = (struct consults){0};
    enum gmm_err err = consult_index_make(&w.x, facts);
    if (err == GMM_OK)
        err = walk_through(&w, now_ms);
    free(w.courses);
    consult_index_close(&w.x);
    if (err != GMM_OK)
        consult_close(out);
    return err;
}

void consult_close(struct consults *out)
{
    for (size_t i = 0; i < out->count; i++) {
        free(out->list[i].invited);
        free(out->list[i].objections);
    }
    free(out->list);
    free(out->ignored);
    free(out->dispositions);
    *out = (struct consults){0};
}
