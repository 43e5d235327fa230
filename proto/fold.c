#include "proto/fold.h"

#include <stdlib.h>
#include <string.h>

#include "proto/authority.h"
#include "proto/duty.h"
#include "proto/epochs.h"
#include "proto/replay.h"
#include "proto/rulings.h"
#include "proto/stored.h"
#include "proto/view_make.h"
#include "proto/vouches.h"

/* What is folded is kept until something is added: certificates, the state behind the last record, the view of it. */
struct fold {
    const struct directory *directory;
    const struct forks *forks;
    struct anchors *anchors;
    struct vouches *vouches;
    struct change **changes;
    size_t count, cap;
    bool sorted;
    bool have_offices, have_state; /* offices, state and made are open */
    bool stale, objects_stale;     /* something was added since; the directory changed */
    struct offices offices;
    struct rulings rulings;
    struct terms terms;
    struct removals removed;
    uint64_t now; /* header time: the latest moment told */
    struct state state;
    struct view_made made;
    uint64_t serial; /* of the last view made */
};

struct fold *fold_new(const struct directory *directory)
{
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold == NULL)
        return NULL;
    fold->anchors = anchors_new();
    fold->vouches = vouches_new();
    if (fold->anchors == NULL || fold->vouches == NULL) {
        anchors_free(fold->anchors);
        vouches_free(fold->vouches);
        free(fold);
        return NULL;
    }
    fold->directory = directory;
    fold->sorted = true;
    return fold;
}

static void forget_state(struct fold *fold)
{
    if (!fold->have_state)
        return;
    view_make_close(&fold->made);
    state_close(&fold->state);
    fold->have_state = false;
}

void fold_free(struct fold *fold)
{
    if (fold == NULL)
        return;
    forget_state(fold);
    offices_close(&fold->offices);
    rulings_close(&fold->rulings);
    removals_close(&fold->removed);
    anchors_free(fold->anchors);
    vouches_free(fold->vouches);
    for (size_t i = 0; i < fold->count; i++)
        change_free(fold->changes[i]);
    free(fold->changes);
    free(fold);
}

/* Canonical order of what the array points to. */
static int compare_changes(const void *a, const void *b)
{
    const struct change *const *x = a, *const *y = b;
    return change_compare(*x, *y);
}

enum gmm_err fold_add(struct fold *fold, const uint8_t header[HEADER_BYTES], const struct gmm_id *id,
                      const uint8_t *body, size_t len)
{
    struct header h;
    if (header_decode(&h, header) != GMM_OK)
        return GMM_OK;
    if (h.type == HEADER_ANCHOR || h.type == HEADER_GROUP_ANCHOR) {
        fold->stale = true;
        return anchors_add(fold->anchors, &h, id, body, len);
    }
    if (vouches_concern(h.type, body, len)) {
        fold->stale = true;
        return vouches_add(fold->vouches, &h, id, body, len);
    }
    if (!authority_known(h.type) || h.type == HEADER_ERASED) /* of no effect on anything here */
        return GMM_OK;
    if (fold->count == fold->cap) {
        size_t cap = fold->cap == 0 ? 64 : 2 * fold->cap;
        struct change **grown = realloc(fold->changes, cap * sizeof(struct change *));
        if (grown == NULL)
            return GMM_ENOMEM;
        fold->changes = grown;
        fold->cap = cap;
    }
    struct change *c;
    enum gmm_err err = change_new(&c, &h, id, body, len);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_OK;
    fold->sorted = fold->sorted && (fold->count == 0 || compare_changes(&fold->changes[fold->count - 1], &c) < 0);
    fold->changes[fold->count++] = c;
    fold->stale = true;
    return GMM_OK;
}

void fold_touch(struct fold *fold)
{
    fold->stale = fold->objects_stale = true;
}

void fold_forks(struct fold *fold, const struct forks *forks)
{
    fold->forks = forks;
    fold->stale = true;
}

void fold_drop(struct fold *fold, const struct run_key *log, uint64_t from_seq)
{
    size_t kept = 0;
    forget_state(fold); /* it points into the records */
    for (size_t i = 0; i < fold->count; i++) {
        struct change *c = fold->changes[i];
        if (c->seq >= from_seq && run_key_compare(&c->log, log) == 0)
            change_free(c);
        else
            fold->changes[kept++] = c;
    }
    fold->count = kept;
    anchors_drop(fold->anchors, log, from_seq);
    vouches_drop(fold->vouches, log, from_seq);
    fold->stale = true;
}

bool fold_fits(const struct fold *fold, const struct view_fork *fork, uint64_t seq, const struct gmm_id *id)
{
    return rulings_fit(fold->forks, fork, seq, id);
}

/* Canonical order; a record that came twice is kept once. */
static void sort_changes(struct fold *fold)
{
    size_t kept = 0;
    if (fold->sorted)
        return;
    qsort(fold->changes, fold->count, sizeof(struct change *), compare_changes);
    for (size_t i = 0; i < fold->count; i++) {
        if (kept > 0 && compare_changes(&fold->changes[kept - 1], &fold->changes[i]) == 0)
            change_free(fold->changes[i]);
        else
            fold->changes[kept++] = fold->changes[i];
    }
    fold->count = kept;
    fold->sorted = true;
}

static struct replay whole(const struct fold *fold)
{
    return (struct replay){fold->directory, &fold->offices, fold->anchors, &fold->rulings,
                           &fold->removed,  fold->changes,  fold->count};
}

/* Circles in doubt for whose founding somebody speaks: there they are, with nothing else that others vouch for. */
static enum gmm_err replay_founded(struct fold *fold, struct state *s, bool *founded)
{
    struct replay r = whole(fold);
    enum gmm_err err = vouches_found(fold->vouches, s, &fold->offices, founded);
    if (err == GMM_OK && !*founded)
        return GMM_OK;
    state_close(s);
    return err == GMM_OK ? replay_all(s, &r, &fold->terms, &fold->removed) : err;
}

/* On the strict rulings first, and without what others vouch for; what is judged on that state has effect in the state
 * that is kept. */
static enum gmm_err replay_ruled(struct fold *fold, struct state *s)
{
    struct replay r = whole(fold);
    bool vouched = false, founded = false;
    rulings_close(&fold->rulings);
    offices_unvouch(&fold->offices);
    enum gmm_err err = rulings_make(&fold->rulings, fold->forks);
    if (err == GMM_OK)
        err = replay_all(s, &r, &fold->terms, &fold->removed);
    if (err == GMM_OK && s->doubt_count > 0)
        err = replay_founded(fold, s, &founded);
    if (err != GMM_OK)
        return err;
    err = rulings_judge(&fold->rulings, fold->anchors, s);
    if (err == GMM_OK)
        err = vouches_judge(fold->vouches, s, &fold->offices, &vouched);
    if (err == GMM_OK && fold->rulings.count == 0 && !vouched && !founded)
        return GMM_OK;
    state_close(s);
    return err == GMM_OK ? replay_all(s, &r, &fold->terms, &fold->removed) : err;
}

static enum gmm_err refresh_offices(struct fold *fold)
{
    if (fold->have_offices && fold->objects_stale) {
        offices_close(&fold->offices);
        fold->have_offices = false;
    }
    if (fold->have_offices)
        return GMM_OK;
    enum gmm_err err = offices_make(&fold->offices, fold->directory);
    fold->have_offices = err == GMM_OK;
    fold->objects_stale = !fold->have_offices;
    return err;
}

/* Of which the view is: what time it is, or of the last record where the clock of others is ahead. */
static uint64_t moment(const struct fold *fold)
{
    uint64_t last = fold->count == 0 ? 0 : fold->changes[fold->count - 1]->time;
    return last > fold->now ? last : fold->now;
}

static enum gmm_err refresh(struct fold *fold)
{
    if (fold->have_state && !fold->stale)
        return GMM_OK;
    forget_state(fold);
    if (directory_charter(fold->directory) == NULL)
        return GMM_EUNKNOWN;
    enum gmm_err err = refresh_offices(fold);
    if (err != GMM_OK)
        return err;
    sort_changes(fold);
    err = replay_ruled(fold, &fold->state);
    if (err != GMM_OK)
        return err;
    state_at(&fold->state, moment(fold));
    err = view_make(&fold->made, &fold->state);
    if (err != GMM_OK) {
        state_close(&fold->state);
        return err;
    }
    fold->made.view.serial = ++fold->serial;
    fold->have_state = true;
    fold->stale = false;
    return GMM_OK;
}

/* The first header time behind this one at which a term or a lead begins or lapses, or another office may act for the
 * chair; UINT64_MAX: none. */
static uint64_t next_turn(const struct fold *fold, uint64_t time)
{
    const struct state *s = &fold->state;
    uint64_t turns[] = {terms_next(&fold->terms, time), leads_next(&s->leads, time),
                        offices_turn(&fold->offices, &s->term->chair, time),
                        offices_turn(&fold->offices, &s->term->deputy, time)};
    uint64_t next = turns[0];
    for (size_t i = 1; i < sizeof turns / sizeof turns[0]; i++)
        next = turns[i] < next ? turns[i] : next;
    return next;
}

bool fold_advance(struct fold *fold, uint64_t now_ms)
{
    uint64_t before = moment(fold);
    fold->now = now_ms << 16 | 0xffff;
    if (!fold->have_state || fold->stale)
        return false;
    uint64_t after = moment(fold);
    fold->stale = before < after ? next_turn(fold, before) <= after : next_turn(fold, after) <= before;
    return fold->stale;
}

uint64_t fold_next_ms(const struct fold *fold)
{
    uint64_t next = fold->have_state && !fold->stale ? next_turn(fold, moment(fold)) : UINT64_MAX;
    return next == UINT64_MAX ? UINT64_MAX : header_time_ms(next);
}

const struct view *fold_view(struct fold *fold)
{
    return refresh(fold) == GMM_OK ? &fold->made.view : NULL;
}

uint64_t fold_stored(const struct fold *fold, const struct run_key *log, uint64_t seq, const struct gmm_id *office,
                     const struct gmm_id *const *sisters, size_t sister_count)
{
    return stored_since(fold->anchors, log, seq, office, sisters, sister_count);
}

enum gmm_err fold_holdings(struct fold *fold, const struct run_key *log, struct stored_holding **list, size_t *count)
{
    *list = NULL;
    *count = 0;
    enum gmm_err err = refresh(fold);
    return err == GMM_OK ? stored_holdings(fold->anchors, &fold->state, log, list, count) : err;
}

enum gmm_err fold_duty(struct duty *duty, struct fold *fold, const struct duty_asker *asker)
{
    static const struct duty none;
    *duty = none;
    enum gmm_err err = refresh(fold);
    if (err != GMM_OK)
        return err == GMM_ENOMEM ? err : GMM_EDENIED;
    return duty_make(duty, fold->anchors, &fold->state, fold->forks, &fold->made.view, asker);
}

/* How many records stand at or before a time. */
static size_t changes_until(const struct fold *fold, uint64_t time)
{
    size_t low = 0, high = fold->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (fold->changes[middle]->time <= time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct fold_past {
    struct state state;
    struct view_made made;
};

enum gmm_err fold_view_at(struct fold *fold, uint64_t ms, struct fold_past **past)
{
    uint64_t time = ms << 16 | 0xffff;
    *past = NULL;
    enum gmm_err err = refresh(fold);
    if (err != GMM_OK)
        return err;
    struct fold_past *made = calloc(1, sizeof *made);
    if (made == NULL)
        return GMM_ENOMEM;
    struct replay r = whole(fold);
    err = replay_some(&made->state, &r, &fold->terms, changes_until(fold, time));
    if (err != GMM_OK) {
        free(made);
        return err;
    }
    state_at(&made->state, time);
    err = view_make(&made->made, &made->state);
    if (err != GMM_OK) {
        state_close(&made->state);
        free(made);
        return err;
    }
    *past = made;
    return GMM_OK;
}

const struct view *fold_past_view(const struct fold_past *past)
{
    return &past->made.view;
}

void fold_past_free(struct fold_past *past)
{
    if (past == NULL)
        return;
    view_make_close(&past->made);
    state_close(&past->state);
    free(past);
}

enum gmm_err fold_refusals(struct fold *fold, fold_refused_fn *fn, void *arg)
{
    enum gmm_err err = refresh(fold);
    if (err != GMM_OK)
        return err;
    struct replay r = whole(fold);
    return replay_refusals(&r, &fold->terms, fn, arg);
}

/* On the state at the record's own place in canonical order, when others stand behind it already. */
static enum gmm_err judge_in_place(struct fold *fold, struct change *c, struct gmm_msg *msg)
{
    struct state s;
    size_t before = changes_until(fold, c->time);
    if (before == fold->count)
        return GMM_OK;
    struct replay r = whole(fold);
    enum gmm_err err = replay_some(&s, &r, &fold->terms, before);
    if (err != GMM_OK)
        return err;
    err = authority_judge(&s, c, msg);
    state_close(&s);
    return err;
}

static enum gmm_err judge_epoch_body(const struct view *v, struct change *c, struct gmm_msg *msg)
{
    enum gmm_err err = change_read(c, &v->nid);
    if (err == GMM_ENOMEM)
        return err;
    if (err != GMM_OK)
        return gmm_fail(msg, GMM_EFORMAT, "the epoch record is not well formed (%s)", gmm_err_text(err));
    if (!epochs_gen_ok(v->epochs, v->epoch_count, &c->log.group, c->epoch))
        return gmm_fail(msg, GMM_EFORMAT, "an epoch's generation is one more than that of its valid parents");
    return GMM_OK;
}

enum gmm_err fold_authorize(struct fold *fold, const struct gmm_id *author, const struct gmm_id *group, uint16_t type,
                            const void *body, size_t len, uint64_t time_ms, struct gmm_msg *msg)
{
    struct change c = {.type = type, .time = time_ms << 16 | 0xffff, .body = body, .len = len};
    enum gmm_err err = refresh(fold);
    if (err == GMM_EUNKNOWN)
        return gmm_fail(msg, GMM_EDENIED, "no network is known here yet: found one or join one");
    if (err != GMM_OK)
        return gmm_fail(msg, err, "%s", gmm_err_text(err));
    if (id_is_zero(group) != (type < HEADER_GROUP))
        return gmm_fail(msg, GMM_EFORMAT, "a record of type %u does not stand in this kind of log", (unsigned)type);
    c.log.author = *author;
    c.log.group = *group;
    c.seq = UINT64_MAX; /* behind every cut */
    if (type == HEADER_EPOCH)
        err = judge_epoch_body(&fold->made.view, &c, msg);
    if (vouches_concern(type, body, len))
        return vouches_ask(&fold->state, author, group, time_ms, body, len, msg);
    if (err == GMM_OK)
        err = judge_in_place(fold, &c, msg);
    if (err == GMM_OK)
        err = authority_judge(&fold->state, &c, msg);
    change_forget(&c);
    return err == GMM_ENOMEM ? gmm_fail(msg, err, "%s", gmm_err_text(err)) : err;
}
