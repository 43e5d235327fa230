#include "proto/upkeep.h"

#include <stdlib.h>
#include <string.h>

#include "proto/leavers.h"

/* The plan being made for one group. */
struct plan {
    struct upkeep made;
    const struct keyring *ring;
    const struct view *view;
    const struct gmm_id *self;
    uint64_t now_ms;
    struct sending s;
    struct leavers leavers;
    size_t place; /* ours among the group's current offices */
};

static int compare_items(const void *a, const void *b)
{
    const struct upkeep_item *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    int order = id_compare(&x->gid, &y->gid);
    if (order == 0)
        order = id_compare(&x->epoch_id, &y->epoch_id);
    return order != 0 ? order : id_compare(&x->sign_pk, &y->sign_pk);
}

static enum gmm_err append(struct upkeep *u, const struct upkeep_item *item)
{
    if (u->count == u->capacity) {
        size_t capacity = u->capacity == 0 ? 16 : 2 * u->capacity;
        struct upkeep_item *items = realloc(u->items, capacity * sizeof *items);
        if (items == NULL)
            return GMM_ENOMEM;
        u->items = items;
        u->capacity = capacity;
    }
    u->items[u->count++] = *item;
    return GMM_OK;
}

static enum gmm_err owe(struct plan *p, enum upkeep_kind kind, const struct gmm_id *epoch_id,
                        const struct gmm_id *sign_pk, uint64_t due_ms)
{
    struct upkeep_item item = {.kind = kind, .gid = p->s.group->gid, .due_ms = due_ms};
    if (epoch_id != NULL)
        item.epoch_id = *epoch_id;
    if (sign_pk != NULL)
        item.sign_pk = *sign_pk;
    return append(&p->made, &item);
}

static uint64_t wait_ms(size_t place)
{
    return (1 + (uint64_t)place) * UPKEEP_STEP_MS;
}

/* "An office that does not hold the secrets of all tips, where history is full, waits for a further round": it leaves
 * the others their turn. */
static bool holds_tips(const struct plan *p)
{
    const struct view_epoch *tips[LIMIT_EPOCH_PARENTS];
    size_t count = p->s.group->history_full ? sending_tips(&p->s, tips, LIMIT_EPOCH_PARENTS) : 0;
    for (size_t i = 0; i < count; i++)
        if (keyring_secret(p->ring, &tips[i]->id) == NULL)
            return false;
    return true;
}

static enum gmm_err plan_rotation(struct plan *p, enum sending_state state)
{
    uint64_t wait = wait_ms(p->place);
    if (!holds_tips(p))
        wait += p->s.current_count * UPKEEP_STEP_MS;
    /* The answer to a complaint goes first. */
    if (state == SENDING_BAD)
        wait += p->s.current_count * UPKEEP_STEP_MS;
    return owe(p, UPKEEP_ROTATE, NULL, NULL, p->now_ms + wait);
}

static enum gmm_err plan_renewal(struct plan *p, const struct view_epoch *epoch)
{
    uint64_t old_ms = header_time_ms(epoch->time) + LIMIT_EPOCH_MS;
    if (old_ms < p->now_ms || keyring_entries(p->ring, &epoch->id) >= LIMIT_EPOCH_ENTRIES)
        old_ms = p->now_ms;
    return owe(p, UPKEEP_RENEW, &epoch->id, NULL, old_ms + wait_ms(p->place));
}

/* "Each current office that an epoch does not reach gets a WRAP from an office that holds it": for the epoch in use,
 * and for every other whose secret no later one wraps, since what was sealed under it is theirs to read. */
static enum gmm_err plan_wraps(struct plan *p)
{
    const struct view *v = p->view;
    enum gmm_err err = GMM_OK;
    for (size_t k = 0; k < p->s.count && err == GMM_OK; k++) {
        const struct view_epoch *epoch = p->s.epochs[k].epoch;
        if (p->s.epochs[k].covered || keyring_secret(p->ring, &epoch->id) == NULL)
            continue;
        for (size_t i = 0; i < v->office_count && err == GMM_OK; i++)
            if (p->s.current[i] && !sending_reaches(v, epoch, &v->offices[i].sign_pk) &&
                !leavers_withhold(&p->leavers, epoch, &v->offices[i].sign_pk))
                err = owe(p, UPKEEP_WRAP, &epoch->id, &v->offices[i].sign_pk, p->now_ms + wait_ms(p->place));
    }
    return err;
}

static bool is_current(const struct plan *p, const struct gmm_id *sign_pk)
{
    const struct view_office *office = view_office(p->view, sign_pk);
    return office != NULL && p->s.current[office - p->view->offices];
}

static const struct sending_epoch *listed(const struct plan *p, const struct gmm_id *epoch_id)
{
    for (size_t i = 0; i < p->s.count; i++)
        if (id_equal(&p->s.epochs[i].epoch->id, epoch_id))
            return &p->s.epochs[i];
    return NULL;
}

/* "Who holds the secret answers a standing EPOCH_BAD of a current office with a WRAP to its newest wrap key": with each
 * further complaint another holder begins, should the first one's WRAPs be no better. Not before our clock has passed
 * the complaint: the answer must stand behind it. */
static enum gmm_err plan_answers(struct plan *p)
{
    size_t n = p->s.current_count;
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < p->view->complaint_count && err == GMM_OK; i++) {
        const struct view_complaint *c = &p->view->complaints[i];
        const struct sending_epoch *e = listed(p, &c->epoch_id);
        if (c->answered || keyring_secret(p->ring, &c->epoch_id) == NULL || id_equal(&c->sign_pk, p->self) ||
            !is_current(p, &c->sign_pk) || e == NULL || leavers_withhold(&p->leavers, e->epoch, &c->sign_pk))
            continue;
        size_t place = (p->place + n - (c->count - 1) % n) % n;
        uint64_t due = p->now_ms + wait_ms(place);
        err = owe(p, UPKEEP_WRAP, &c->epoch_id, &c->sign_pk, due > c->last_ms ? due : c->last_ms + 1);
    }
    return err;
}

static const struct view_complaint *own_complaint(const struct plan *p, const struct gmm_id *epoch_id)
{
    for (size_t i = 0; i < p->view->complaint_count; i++)
        if (id_equal(&p->view->complaints[i].epoch_id, epoch_id) && id_equal(&p->view->complaints[i].sign_pk, p->self))
            return &p->view->complaints[i];
    return NULL;
}

/* One complaint that stands is enough for an epoch: the next follows when it is answered. */
static bool reported(const struct plan *p, const struct gmm_id *epoch_id)
{
    for (size_t i = 0; i < p->view->complaint_count; i++) {
        const struct view_complaint *c = &p->view->complaints[i];
        if (!c->answered && id_equal(&c->epoch_id, epoch_id) && is_current(p, &c->sign_pk))
            return true;
    }
    return false;
}

static enum gmm_err plan_complaint(struct plan *p, const struct keyring_closed *closed)
{
    const struct sending_epoch *e = listed(p, &closed->epoch_id);
    const struct view_complaint *before = own_complaint(p, &closed->epoch_id);
    /* A later epoch will open it: that one is told of if it does not open either. */
    if (e == NULL || reported(p, &closed->epoch_id) || (e->covered && !closed->broken))
        return GMM_OK;
    uint64_t due = closed->broken ? p->now_ms : p->now_ms + UPKEEP_COMPLAIN_MS;
    if (before != NULL) {
        uint32_t doublings = before->count - 1 < 10 ? before->count - 1 : 10;
        uint64_t again = before->last_ms + ((uint64_t)UPKEEP_COMPLAIN_MS << doublings);
        due = again > p->now_ms ? again : p->now_ms;
    }
    return owe(p, UPKEEP_COMPLAIN, &closed->epoch_id, NULL, due);
}

static enum gmm_err plan_complaints(struct plan *p)
{
    size_t count;
    enum gmm_err err = GMM_OK;
    const struct keyring_closed *closed = keyring_closed(p->ring, &count);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = plan_complaint(p, &closed[i]);
    return err;
}

static enum gmm_err plan_epochs(struct plan *p)
{
    enum sending_state state;
    const struct view_epoch *epoch = sending_choose(&p->s, keyring_have, p->ring, &state);
    enum gmm_err err = GMM_OK;
    switch (state) {
    case SENDING_USABLE:
        err = plan_renewal(p, epoch);
        if (err == GMM_OK && p->s.group->history_full)
            err = plan_wraps(p);
        return err;
    case SENDING_BAD:
    case SENDING_LACKING:
    case SENDING_LEFT:
        return plan_rotation(p, state);
    case SENDING_CLOSED: /* somebody's WRAP is due to us */
    case SENDING_NONE:   /* whoever posts first makes it */
        break;
    }
    return err;
}

static enum gmm_err plan_group(struct plan *p, const struct gmm_id *gid)
{
    const struct view_office *self = view_office(p->view, p->self);
    if (self == NULL || !view_is_member(p->view, gid, &self->pid))
        return GMM_OK;
    enum gmm_err err = sending_open(&p->s, p->view, gid, p->now_ms);
    if (err != GMM_OK)
        return err;
    err = leavers_open(&p->leavers, p->view, gid, p->self);
    if (err != GMM_OK) {
        sending_close(&p->s);
        return err;
    }
    size_t own = (size_t)(self - p->view->offices);
    p->made.until_ms = p->s.until_ms < p->made.until_ms ? p->s.until_ms : p->made.until_ms;
    p->place = 0;
    for (size_t i = 0; i < own; i++)
        p->place += p->s.current[i];
    if (p->s.current[own]) {
        err = plan_epochs(p);
        if (err == GMM_OK)
            err = plan_answers(p);
        if (err == GMM_OK)
            err = plan_complaints(p);
    }
    leavers_close(&p->leavers);
    sending_close(&p->s);
    return err;
}

/* What was owed before keeps its time, unless it has become more urgent. */
static void keep_times(struct upkeep *made, const struct upkeep *before)
{
    for (size_t i = 0; i < made->count && before->count > 0; i++) {
        const struct upkeep_item *old =
            bsearch(&made->items[i], before->items, before->count, sizeof *before->items, compare_items);
        if (old != NULL && old->due_ms < made->items[i].due_ms)
            made->items[i].due_ms = old->due_ms;
    }
}

static void find_next(struct upkeep *u)
{
    u->next_ms = UINT64_MAX;
    for (size_t i = 0; i < u->count; i++)
        u->next_ms = u->items[i].due_ms < u->next_ms ? u->items[i].due_ms : u->next_ms;
}

enum gmm_err upkeep_plan(struct upkeep *u, const struct keyring *ring, const struct view *view,
                         const struct gmm_id *self, uint64_t now_ms)
{
    struct plan p = {.made = {.until_ms = UINT64_MAX}, .ring = ring, .view = view, .self = self, .now_ms = now_ms};
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < view->group_count && err == GMM_OK; i++)
        err = plan_group(&p, &view->groups[i].gid);
    if (err != GMM_OK) {
        upkeep_close(&p.made);
        return err;
    }
    if (p.made.count > 0)
        qsort(p.made.items, p.made.count, sizeof *p.made.items, compare_items);
    keep_times(&p.made, u);
    find_next(&p.made);
    free(u->items);
    *u = p.made;
    return GMM_OK;
}

void upkeep_close(struct upkeep *u)
{
    free(u->items);
    *u = (struct upkeep){.until_ms = UINT64_MAX, .next_ms = UINT64_MAX};
}

uint64_t upkeep_next_ms(const struct upkeep *u)
{
    return u->next_ms < u->until_ms ? u->next_ms : u->until_ms;
}

static void take(struct upkeep *u, size_t at, struct upkeep_item *item)
{
    *item = u->items[at];
    u->items[at].due_ms = UINT64_MAX;
}

bool upkeep_take_due(struct upkeep *u, uint64_t now_ms, size_t *at, struct upkeep_item *item)
{
    for (; *at < u->count; (*at)++)
        if (u->items[*at].due_ms <= now_ms) {
            take(u, *at, item);
            return true;
        }
    find_next(u);
    return false;
}

bool upkeep_take_wrap(struct upkeep *u, const struct gmm_id *gid, size_t *at, struct upkeep_item *item)
{
    for (; *at < u->count; (*at)++)
        if (u->items[*at].kind == UPKEEP_WRAP && u->items[*at].due_ms != UINT64_MAX &&
            id_equal(&u->items[*at].gid, gid)) {
            take(u, *at, item);
            return true;
        }
    find_next(u);
    return false;
}

void upkeep_put_back(struct upkeep *u, const struct upkeep_item *item)
{
    struct upkeep_item *found =
        u->count == 0 ? NULL : bsearch(item, u->items, u->count, sizeof *u->items, compare_items);
    if (found != NULL)
        found->due_ms = item->due_ms;
    find_next(u);
}

bool upkeep_late(const struct keyring *ring, const struct view_epoch *epoch, uint64_t now_ms)
{
    return header_time_ms(epoch->time) + LIMIT_EPOCH_MS + UPKEEP_LATE_MS <= now_ms ||
           keyring_entries(ring, &epoch->id) >= LIMIT_EPOCH_ENTRIES + UPKEEP_LATE_ENTRIES;
}
