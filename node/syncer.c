#include "node/syncer.h"

#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "node/sys.h"

#define THREADS 4u

/* fds [first, first + count) of the ring wait; busy threads have one each. */
struct syncer {
    int fds[SYNCER_FILES];
    unsigned first, count, busy;
    uv_thread_t threads[THREADS];
    unsigned thread_count;
    bool ends;
    enum gmm_err err;
    uv_mutex_t lock;
    uv_cond_t work, done;
};

/* One of those that wait, with the lock held. */
static void sync_one(struct syncer *s)
{
    int fd = s->fds[s->first];
    s->first = (s->first + 1) % SYNCER_FILES;
    s->count--;
    s->busy++;
    uv_mutex_unlock(&s->lock);
    enum gmm_err err = sys_sync(fd);
    sys_close(&fd);
    uv_mutex_lock(&s->lock);
    s->busy--;
    if (s->err == GMM_OK)
        s->err = err;
    uv_cond_signal(&s->done);
}

static void run(void *arg)
{
    struct syncer *s = arg;
    uv_mutex_lock(&s->lock);
    while (s->count > 0 || !s->ends) {
        if (s->count == 0)
            uv_cond_wait(&s->work, &s->lock);
        else
            sync_one(s);
    }
    uv_mutex_unlock(&s->lock);
}

enum gmm_err syncer_new(struct syncer **out)
{
    *out = NULL;
    struct syncer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return GMM_ENOMEM;
    if (uv_mutex_init(&s->lock) != 0)
        goto no_lock;
    if (uv_cond_init(&s->work) != 0)
        goto no_work;
    if (uv_cond_init(&s->done) != 0)
        goto no_done;
    *out = s;
    return GMM_OK;
no_done:
    uv_cond_destroy(&s->work);
no_work:
    uv_mutex_destroy(&s->lock);
no_lock:
    free(s);
    return GMM_ENOMEM;
}

void syncer_free(struct syncer *s)
{
    if (s == NULL)
        return;
    (void)syncer_wait(s);
    uv_cond_destroy(&s->done);
    uv_cond_destroy(&s->work);
    uv_mutex_destroy(&s->lock);
    free(s);
}

/* One file alone needs no thread. */
static void start_thread(struct syncer *s)
{
    if (s->count > 1 && s->thread_count < THREADS && uv_thread_create(&s->threads[s->thread_count], run, s) == 0)
        s->thread_count++;
}

void syncer_put(struct syncer *s, int fd)
{
    uv_mutex_lock(&s->lock);
    while (s->count == SYNCER_FILES)
        sync_one(s);
    s->fds[(s->first + s->count++) % SYNCER_FILES] = fd;
    start_thread(s);
    uv_cond_signal(&s->work);
    uv_mutex_unlock(&s->lock);
}

enum gmm_err syncer_wait(struct syncer *s)
{
    uv_mutex_lock(&s->lock);
    while (s->count > 0)
        sync_one(s);
    while (s->busy > 0)
        uv_cond_wait(&s->done, &s->lock);
    enum gmm_err err = s->err;
    s->err = GMM_OK;
    s->ends = true;
    uv_cond_broadcast(&s->work);
    uv_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->thread_count; i++)
        uv_thread_join(&s->threads[i]);
    s->thread_count = 0;
    s->ends = false;
    return err;
}
