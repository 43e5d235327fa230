#include "node/sealer.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "keys/chunk.h"

#define THREADS 2u

static_assert(SEALER_JOBS > THREADS, "one is filled while the others are sealed");

/* Jobs [first, first + put) of the ring were put; [first, first + begun) are sealed or being sealed. */
struct sealer {
    uint8_t conv[32];
    struct gmm_id nid, gid;
    struct sealer_job jobs[SEALER_JOBS];
    bool sealed[SEALER_JOBS];
    unsigned first, put, begun;
    uv_thread_t threads[THREADS];
    unsigned thread_count;
    bool ends;
    uv_mutex_t lock;
    uv_cond_t work, done;
};

static void seal(struct sealer *s, struct sealer_job *job)
{
    job->sealed_len = chunk_sealed_size(job->len);
    job->err = chunk_seal(job->sealed, job->chunk.key, &job->chunk.id, s->conv, &s->nid, &s->gid, job->plain, job->len);
    job->chunk.len = (uint32_t)job->len;
}

static void run(void *arg)
{
    struct sealer *s = arg;
    uv_mutex_lock(&s->lock);
    while (!s->ends) {
        if (s->begun == s->put) {
            uv_cond_wait(&s->work, &s->lock);
            continue;
        }
        unsigned at = (s->first + s->begun++) % SEALER_JOBS;
        uv_mutex_unlock(&s->lock);
        seal(s, &s->jobs[at]);
        uv_mutex_lock(&s->lock);
        s->sealed[at] = true;
        uv_cond_signal(&s->done);
    }
    uv_mutex_unlock(&s->lock);
}

static bool open_locks(struct sealer *s)
{
    if (uv_mutex_init(&s->lock) != 0)
        return false;
    if (uv_cond_init(&s->work) == 0) {
        if (uv_cond_init(&s->done) == 0)
            return true;
        uv_cond_destroy(&s->work);
    }
    uv_mutex_destroy(&s->lock);
    return false;
}

static void free_jobs(struct sealer *s)
{
    for (unsigned i = 0; i < SEALER_JOBS; i++) {
        free(s->jobs[i].plain);
        free(s->jobs[i].sealed);
    }
    sodium_memzero(s, sizeof *s);
    free(s);
}

enum gmm_err sealer_new(struct sealer **out, const uint8_t conv[32], const struct gmm_id *nid, const struct gmm_id *gid)
{
    *out = NULL;
    struct sealer *s = calloc(1, sizeof *s);
    if (s == NULL)
        return GMM_ENOMEM;
    memcpy(s->conv, conv, sizeof s->conv);
    s->nid = *nid;
    s->gid = *gid;
    bool whole = true;
    for (unsigned i = 0; i < SEALER_JOBS; i++) {
        s->jobs[i].plain = malloc(LIMIT_CHUNK_MAX + SEALER_SPARE_BYTES);
        s->jobs[i].sealed = malloc(chunk_sealed_size(LIMIT_CHUNK_MAX));
        whole = whole && s->jobs[i].plain != NULL && s->jobs[i].sealed != NULL;
    }
    if (!whole || !open_locks(s)) {
        free_jobs(s);
        return GMM_ENOMEM;
    }
    *out = s;
    return GMM_OK;
}

void sealer_free(struct sealer *s)
{
    if (s == NULL)
        return;
    uv_mutex_lock(&s->lock);
    s->ends = true;
    uv_cond_broadcast(&s->work);
    uv_mutex_unlock(&s->lock);
    for (unsigned i = 0; i < s->thread_count; i++)
        uv_thread_join(&s->threads[i]);
    uv_cond_destroy(&s->done);
    uv_cond_destroy(&s->work);
    uv_mutex_destroy(&s->lock);
    free_jobs(s);
}

struct sealer_job *sealer_room(struct sealer *s)
{
    return s->put == SEALER_JOBS ? NULL : &s->jobs[(s->first + s->put) % SEALER_JOBS];
}

/* A content of one chunk needs no thread. */
static void start_threads(struct sealer *s)
{
    while (s->thread_count < THREADS && uv_thread_create(&s->threads[s->thread_count], run, s) == 0)
        s->thread_count++;
}

void sealer_put(struct sealer *s)
{
    uv_mutex_lock(&s->lock);
    s->sealed[(s->first + s->put) % SEALER_JOBS] = false;
    s->put++;
    uv_cond_signal(&s->work);
    bool several = s->put > 1;
    uv_mutex_unlock(&s->lock);
    if (several && s->thread_count == 0)
        start_threads(s);
}

bool sealer_busy(const struct sealer *s)
{
    return s->put > 0;
}

struct sealer_job *sealer_take(struct sealer *s)
{
    assert(s->put > 0);
    uv_mutex_lock(&s->lock);
    bool ours = s->begun == 0; /* nobody has begun it: better here than to wait */
    if (ours)
        s->begun = 1;
    while (!ours && !s->sealed[s->first])
        uv_cond_wait(&s->done, &s->lock);
    uv_mutex_unlock(&s->lock);
    if (ours)
        seal(s, &s->jobs[s->first]);
    return &s->jobs[s->first];
}

void sealer_done(struct sealer *s)
{
    uv_mutex_lock(&s->lock);
    sodium_memzero(&s->jobs[s->first].chunk, sizeof s->jobs[s->first].chunk);
    s->first = (s->first + 1) % SEALER_JOBS;
    s->put--;
    s->begun--;
    uv_mutex_unlock(&s->lock);
}
