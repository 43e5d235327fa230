#include "node/chunkwriter.h"

#include <stdlib.h>
#include <uv.h>

#include "keys/chunk.h"
#include "node/chunkfile.h"

/* They wait for the disk most of the time, and the disk likes to be asked for several things at once. */
#define THREADS 3u

struct queue {
    struct chunkwriter_job *first, *last;
};

/* under_way: put, and not in done yet. Each thread has its folder, for a chunkfile is of one thread; one more for the
 * caller's. */
struct chunkwriter {
    struct gmm_id nid;
    void (*wake)(void *arg);
    void *arg;
    struct queue todo, done;
    size_t under_way;
    struct chunkfile *files[THREADS + 1];
    uv_thread_t threads[THREADS];
    unsigned thread_count, started;
    bool ends;
    uv_mutex_t lock;
    uv_cond_t work, finished;
};

static void push(struct queue *q, struct chunkwriter_job *job)
{
    job->next = NULL;
    if (q->first == NULL)
        q->first = job;
    else
        q->last->next = job;
    q->last = job;
}

static struct chunkwriter_job *pop(struct queue *q)
{
    struct chunkwriter_job *job = q->first;
    if (job != NULL)
        q->first = job->next;
    return job;
}

static void write_chunk(const struct chunkwriter *w, struct chunkfile *files, struct chunkwriter_job *job)
{
    struct gmm_id id;
    chunk_id(&id, &w->nid, &job->gid, job->bytes, job->len);
    job->err = id_equal(&id, &job->id) ? chunkfile_write(files, &job->id, job->bytes, job->len, true) : GMM_ESIGNATURE;
    free(job->bytes);
    job->bytes = NULL;
}

/* With the lock held. */
static void put_done(struct chunkwriter *w, struct chunkwriter_job *job)
{
    push(&w->done, job);
    w->under_way--;
    uv_cond_signal(&w->finished);
}

static void run(void *arg)
{
    struct chunkwriter *w = arg;
    uv_mutex_lock(&w->lock);
    struct chunkfile *files = w->files[w->started++];
    while (!w->ends) {
        struct chunkwriter_job *job = pop(&w->todo);
        if (job == NULL) {
            uv_cond_wait(&w->work, &w->lock);
            continue;
        }
        uv_mutex_unlock(&w->lock);
        write_chunk(w, files, job);
        uv_mutex_lock(&w->lock);
        put_done(w, job);
        if (w->wake != NULL)
            w->wake(w->arg);
    }
    uv_mutex_unlock(&w->lock);
}

static bool open_locks(struct chunkwriter *w)
{
    if (uv_mutex_init(&w->lock) != 0)
        return false;
    if (uv_cond_init(&w->work) == 0) {
        if (uv_cond_init(&w->finished) == 0)
            return true;
        uv_cond_destroy(&w->work);
    }
    uv_mutex_destroy(&w->lock);
    return false;
}

static void close_files(struct chunkwriter *w)
{
    for (unsigned i = 0; i <= THREADS; i++)
        chunkfile_close(w->files[i]);
}

enum gmm_err chunkwriter_new(struct chunkwriter **out, const char *home, const struct gmm_id *nid,
                             void (*wake)(void *arg), void *arg, struct gmm_msg *msg)
{
    *out = NULL;
    struct chunkwriter *w = calloc(1, sizeof *w);
    if (w == NULL)
        return GMM_ENOMEM;
    w->nid = *nid;
    w->wake = wake;
    w->arg = arg;
    enum gmm_err err = GMM_OK;
    for (unsigned i = 0; i <= THREADS && err == GMM_OK; i++)
        err = chunkfile_open(&w->files[i], home, msg);
    if (err == GMM_OK && !open_locks(w))
        err = GMM_ENOMEM;
    if (err != GMM_OK) {
        close_files(w);
        free(w);
        return err;
    }
    while (w->thread_count < THREADS && uv_thread_create(&w->threads[w->thread_count], run, w) == 0)
        w->thread_count++;
    *out = w;
    return GMM_OK;
}

static void drop(struct queue *q)
{
    struct chunkwriter_job *job;
    while ((job = pop(q)) != NULL)
        chunkwriter_job_free(job);
}

void chunkwriter_free(struct chunkwriter *w)
{
    if (w == NULL)
        return;
    uv_mutex_lock(&w->lock);
    w->ends = true;
    uv_cond_broadcast(&w->work);
    uv_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->thread_count; i++)
        uv_thread_join(&w->threads[i]);
    drop(&w->todo);
    drop(&w->done);
    uv_cond_destroy(&w->finished);
    uv_cond_destroy(&w->work);
    uv_mutex_destroy(&w->lock);
    close_files(w);
    free(w);
}

void chunkwriter_put(struct chunkwriter *w, struct chunkwriter_job *job)
{
    uv_mutex_lock(&w->lock);
    push(&w->todo, job);
    w->under_way++;
    uv_cond_signal(&w->work);
    uv_mutex_unlock(&w->lock);
    if (w->thread_count == 0 && w->wake != NULL)
        w->wake(w->arg);
}

/* Who waits, or has no threads, writes itself what nobody has begun. With the lock held. */
static bool write_here(struct chunkwriter *w)
{
    struct chunkwriter_job *job = pop(&w->todo);
    if (job == NULL)
        return false;
    uv_mutex_unlock(&w->lock);
    write_chunk(w, w->files[THREADS], job);
    uv_mutex_lock(&w->lock);
    put_done(w, job);
    return true;
}

struct chunkwriter_job *chunkwriter_take(struct chunkwriter *w, bool wait)
{
    uv_mutex_lock(&w->lock);
    while (w->done.first == NULL && (wait || w->thread_count == 0) && w->under_way > 0)
        if (!write_here(w))
            uv_cond_wait(&w->finished, &w->lock);
    struct chunkwriter_job *job = pop(&w->done);
    uv_mutex_unlock(&w->lock);
    return job;
}

bool chunkwriter_busy(struct chunkwriter *w)
{
    uv_mutex_lock(&w->lock);
    bool busy = w->under_way > 0 || w->done.first != NULL;
    uv_mutex_unlock(&w->lock);
    return busy;
}

void chunkwriter_job_free(struct chunkwriter_job *job)
{
    if (job == NULL)
        return;
    free(job->bytes);
    free(job);
}
