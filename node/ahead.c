#include "node/ahead.h"

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

#include "proto/body.h"

/* Items [0, begun) are made, but for the one that the thread has in hand. taken <= begun. */
struct ahead {
    ahead_make_fn *make;
    void *arg;
    size_t count, window, begun, taken, in_hand;
    bool busy, ends, idle, waits; /* idle: the thread waits; waits: the taker does */
    bool threaded;
    enum ahead_how how;
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t room, made;
};

/* Not at once when there is room for one: a thread that is woken for each item costs more than it saves. */
static bool has_room(const struct ahead *a)
{
    return a->begun < a->count && a->begun - a->taken < (a->idle ? (a->window + 1) / 2 : a->window);
}

static void run(void *arg)
{
    struct ahead *a = arg;
    uv_mutex_lock(&a->lock);
    while (!a->ends && a->begun < a->count) {
        if (!has_room(a)) {
            a->idle = true;
            uv_cond_wait(&a->room, &a->lock);
            continue;
        }
        a->idle = false;
        a->in_hand = a->begun++;
        a->busy = true;
        uv_mutex_unlock(&a->lock);
        a->make(a->arg, a->in_hand);
        uv_mutex_lock(&a->lock);
        a->busy = false;
        if (a->waits)
            uv_cond_signal(&a->made);
    }
    uv_mutex_unlock(&a->lock);
    body_end_thread();
}

static bool open_locks(struct ahead *a)
{
    if (uv_mutex_init(&a->lock) != 0)
        return false;
    if (uv_cond_init(&a->room) == 0) {
        if (uv_cond_init(&a->made) == 0)
            return true;
        uv_cond_destroy(&a->room);
    }
    uv_mutex_destroy(&a->lock);
    return false;
}

enum gmm_err ahead_new(struct ahead **out, size_t count, size_t window, enum ahead_how how, ahead_make_fn *make,
                       void *arg)
{
    *out = NULL;
    struct ahead *a = calloc(1, sizeof *a);
    if (a == NULL)
        return GMM_ENOMEM;
    *a = (struct ahead){.make = make, .arg = arg, .count = count, .window = window, .how = how};
    if (!open_locks(a)) {
        free(a);
        return GMM_ENOMEM;
    }
    a->threaded = uv_thread_create(&a->thread, run, a) == 0;
    *out = a;
    return GMM_OK;
}

void ahead_take(struct ahead *a)
{
    assert(a->taken < a->count);
    uv_mutex_lock(&a->lock);
    size_t at = a->taken;
    bool ours = a->begun == at && (a->how == AHEAD_BOTH || !a->threaded);
    if (ours)
        a->begun++;
    a->waits = true;
    while (!ours && (a->begun == at || (a->busy && a->in_hand == at)))
        uv_cond_wait(&a->made, &a->lock);
    a->waits = false;
    a->taken++;
    if (a->idle && has_room(a))
        uv_cond_signal(&a->room);
    uv_mutex_unlock(&a->lock);
    if (ours)
        a->make(a->arg, at);
}

void ahead_free(struct ahead *a)
{
    if (a == NULL)
        return;
    uv_mutex_lock(&a->lock);
    a->ends = true;
    uv_cond_signal(&a->room);
    uv_mutex_unlock(&a->lock);
    if (a->threaded)
        uv_thread_join(&a->thread);
    uv_cond_destroy(&a->made);
    uv_cond_destroy(&a->room);
    uv_mutex_destroy(&a->lock);
    free(a);
}
