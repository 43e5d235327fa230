#include "proto/consult_weigh.h"

#include <stdlib.h>

bool consult_weigh_is_position(const struct consult_fact *fact)
{
    if (fact->kind == CONSULT_RELEASE)
        return true;
    unsigned position = fact->kind == CONSULT_NOTE ? fact->as.note.position : 0;
    return position >= RECORD_SUPPORT && position <= RECORD_NO_OBJECTION && !fact->as.note.reply;
}

bool consult_weigh_is_invited(const struct record_ids *invited, const struct gmm_id *pid)
{
    for (uint32_t i = 0; i < invited->count; i++) {
        struct gmm_id id;
        record_ids_at(invited, i, &id);
        if (id_equal(&id, pid))
            return true;
    }
    return false;
}

static int by_place(const void *a, const void *b)
{
    const struct consult_statement *x = a, *y = b;
    int order = id_compare(&x->pid, &y->pid);
    if (order != 0)
        return order;
    if (x->para != y->para)
        return x->para < y->para ? -1 : 1;
    if (x->fact->time != y->fact->time)
        return x->fact->time < y->fact->time ? -1 : 1;
    return id_compare(&x->fact->id, &y->fact->id);
}

static int by_entry(const void *a, const void *b)
{
    const struct consult_statement *x = a, *y = b;
    return id_compare(&x->fact->id, &y->fact->id);
}

static struct consult_statement statement_of(const struct consult_fact *fact)
{
    bool release = fact->kind == CONSULT_RELEASE;
    return (struct consult_statement){.fact = fact,
                                      .pid = fact->author,
                                      .para = release ? fact->as.release.para : fact->as.note.para,
                                      .position = release ? fact->as.release.position : fact->as.note.position,
                                      .release = release};
}

static void kill(struct consult_weighed *w, const struct gmm_id *id, const struct gmm_id *pid)
{
    struct consult_fact wanted = {.id = *id};
    struct consult_statement key = {.fact = &wanted};
    struct consult_statement *found =
        w->count == 0 ? NULL : bsearch(&key, w->list, w->count, sizeof *w->list, by_entry);
    if (found != NULL && id_equal(&found->pid, pid))
        found->dead = true;
}

static bool is_within(const struct consult_fact *fact, uint64_t from_ms, uint64_t until_ms)
{
    return consult_index_ms(fact) > from_ms && consult_index_ms(fact) <= until_ms;
}

/* By name: what a release supersedes, what was withdrawn. The list is by entry here. */
static void kill_named(struct consult_weighed *w, const struct consult_index *x, uint64_t from_ms, uint64_t until_ms)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct consult_statement *s = &w->list[i];
        for (uint32_t k = 0; s->release && k < s->fact->as.release.supersedes.count; k++) {
            struct gmm_id id;
            record_ids_at(&s->fact->as.release.supersedes, k, &id);
            kill(w, &id, &s->pid);
        }
    }
    for (size_t i = 0; i < x->count; i++) {
        const struct consult_fact *fact = x->order[i];
        if (fact->kind == CONSULT_DISPOSITION && fact->as.disposition.as == RECORD_WITHDRAWN &&
            is_within(fact, from_ms, until_ms))
            kill(w, &fact->as.disposition.note, &fact->author);
    }
}

static bool same_place(const struct consult_statement *a, const struct consult_statement *b)
{
    return id_equal(&a->pid, &b->pid) && a->para == b->para;
}

/* By order: a note gives way to whatever its participant says later on the same paragraph. */
static void kill_earlier(struct consult_weighed *w)
{
    bool later = false; /* something alive stands behind, in the same place */
    for (size_t i = w->count; i-- > 0;) {
        struct consult_statement *s = &w->list[i];
        if (i + 1 < w->count && !same_place(s, &w->list[i + 1]))
            later = false;
        if (s->dead)
            continue;
        if (later && !s->release)
            s->dead = true;
        later = true;
    }
}

enum gmm_err consult_weigh(struct consult_weighed *out, const struct consult_index *x, const struct record_ids *invited,
                           uint64_t from_ms, uint64_t until_ms)
{
    *out = (struct consult_weighed){0};
    out->list = calloc(x->count + 1, sizeof *out->list);
    if (out->list == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < x->count; i++) {
        const struct consult_fact *fact = x->by_id[i];
        bool alone = fact->kind == CONSULT_RELEASE || (fact->kind == CONSULT_NOTE && fact->as.note.alone);
        if (alone && consult_weigh_is_position(fact) && is_within(fact, from_ms, until_ms) &&
            consult_weigh_is_invited(invited, &fact->author))
            out->list[out->count++] = statement_of(fact);
    }
    kill_named(out, x, from_ms, until_ms);
    if (out->count > 1)
        qsort(out->list, out->count, sizeof *out->list, by_place);
    kill_earlier(out);
    return GMM_OK;
}

void consult_weigh_close(struct consult_weighed *w)
{
    free(w->list);
    *w = (struct consult_weighed){0};
}

static unsigned gravity(unsigned position)
{
    switch ((enum record_position)position) {
    case RECORD_OBJECTION:
        return 8;
    case RECORD_RESERVATION:
        return 7;
    case RECORD_CONCERN:
        return 6;
    case RECORD_AMENDMENT:
        return 5;
    case RECORD_COMMENT:
        return 4;
    case RECORD_SUPPORT:
        return 3;
    case RECORD_NO_OBJECTION:
        return 2;
    case RECORD_NO_COMMENT:
        return 1;
    case RECORD_NO_POSITION:
    case RECORD_ACCEPTED:
    case RECORD_ACCEPTED_IN_PART:
    case RECORD_NOT_ACCEPTED:
    case RECORD_NOTED:
    case RECORD_DEFERRED:
    case RECORD_WITHDRAWN:
        return 0;
    }
    return 0;
}

void consult_weigh_sum(const struct consult_weighed *w, struct consult_invited *invited)
{
    const struct consult_statement *before = NULL; /* the last release that stands */
    for (size_t i = 0; i < w->count; i++) {
        const struct consult_statement *s = &w->list[i];
        if (s->dead || !id_equal(&s->pid, &invited->pid))
            continue;
        if (gravity(s->position) > gravity(invited->position))
            invited->position = s->position;
        if (!s->release)
            continue;
        invited->released = true;
        invited->cleared = invited->cleared || s->fact->as.release.cleared;
        invited->conflict = invited->conflict || (before != NULL && same_place(before, s));
        before = s;
    }
}
