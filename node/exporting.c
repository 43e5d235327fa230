#include "node/exporting.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/call.h"
#include "node/net.h"
#include "node/stepwise.h"
#include "node/sys.h"

#define SYNC_BYTES (UINT64_C(32) << 20) /* written, until the disk is waited for: a slow one holds up nobody */
#define RATE_MS 2000u                   /* before that a rate says nothing */

struct exporting;

/* A wait for the disk, in a thread of the loop's. */
struct sync {
    uv_work_t work;
    int fd;
    enum gmm_err err;
    struct exporting *owner; /* NULL: it is gone */
};

struct exporting {
    struct stepwise s; /* first */
    exporting_done_fn *done;
    struct bundleout *out;
    enum bundleout_base base;
    struct gmm_id *offices;
    size_t count, at, sum_count;
    struct bundleout_sum *sums;
    struct exporting_result result;
    bool under_way, ended;    /* an office's bundle; all of them */
    uint64_t written;         /* bytes; as the file has them */
    uint64_t asked;           /* of them the disk has so many */
    uint64_t shown, begun_ms; /* MiB of the file */
    struct sync *sync;
};

static void end(struct stepwise *s)
{
    struct exporting *e = (struct exporting *)s;
    if (e->sync != NULL)
        e->sync->owner = NULL;
    e->done(s->node, s->call, s->err, &e->result, &s->msg);
    bundleout_free(e->out);
    free(e->offices);
    free(e->sums);
    free(e);
}

/* ---- the disk */

static void in_thread(uv_work_t *work)
{
    struct sync *sync = work->data;
    sync->err = sys_sync(sync->fd);
}

static void after_sync(uv_work_t *work, int status)
{
    struct sync *sync = work->data;
    struct exporting *e = sync->owner;
    if (e != NULL) {
        e->sync = NULL;
        e->s.waits = false;
        if (e->s.err == GMM_OK && (status != 0 || sync->err != GMM_OK)) {
            e->s.err = status != 0 ? GMM_ECLOSED : sync->err;
            gmm_fail(&e->s.msg, e->s.err, "the bundle cannot be written: %s", gmm_err_text(e->s.err));
        }
        if (e->s.node->net != NULL)
            net_touch(e->s.node->net);
    }
    sys_close(&sync->fd);
    free(sync);
}

/* Where a loop runs it goes on meanwhile, and there is no step until the disk has it. */
static enum gmm_err ask_disk(struct exporting *e)
{
    int fd = call_file(e->s.call, "file", 0, NULL);
    e->asked = e->written;
    if (e->s.node->net == NULL)
        return sys_sync(fd);
    struct sync *sync = calloc(1, sizeof *sync);
    if (sync == NULL)
        return GMM_ENOMEM;
    sync->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    sync->owner = e;
    sync->work.data = sync;
    if (sync->fd < 0 || uv_queue_work(net_loop(e->s.node->net), &sync->work, in_thread, after_sync) != 0) {
        sys_close(&sync->fd);
        free(sync);
        return sys_sync(fd);
    }
    e->sync = sync;
    e->s.waits = true;
    return GMM_OK;
}

/* ---- steps */

static void show_progress(struct exporting *e)
{
    struct bundleout_sum *sum = &e->sums[e->sum_count - 1];
    uint64_t mib = e->written >> 20, passed_ms = sys_now_ms() - e->begun_ms;
    char left[64] = "";
    if (mib == e->shown)
        return;
    e->shown = mib;
    uint64_t rate = passed_ms == 0 ? 0 : e->written * 1000u / passed_ms;
    if (passed_ms >= RATE_MS && rate > 0 && sum->chunk_bytes > 0 && sum->chunk_bytes_of > sum->chunk_bytes)
        snprintf(left, sizeof left, _(", about %llu s left"),
                 (unsigned long long)((sum->chunk_bytes_of - sum->chunk_bytes) / rate + 1u));
    call_progress(e->s.call, "office %zu of %zu: %llu of %llu entries, %llu of %llu MiB of attachments, %llu MiB/s%s",
                  e->at + 1, e->count, (unsigned long long)sum->entries, (unsigned long long)sum->entries_of,
                  (unsigned long long)(sum->chunk_bytes >> 20), (unsigned long long)(sum->chunk_bytes_of >> 20),
                  (unsigned long long)(rate >> 20), left);
}

/* One that has gone meanwhile gets nothing. */
static enum gmm_err begin_office(struct exporting *e)
{
    const struct view *view = e->s.node->engine == NULL ? NULL : engine_view(e->s.node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, &e->offices[e->at]);
    if (office == NULL || office->status != VIEW_OFFICE_ACTIVE) {
        e->at++;
        return GMM_OK;
    }
    e->under_way = true;
    return bundleout_office(e->out, office, e->base, &e->sums[e->sum_count++], &e->s.msg);
}

static enum gmm_err office_step(struct exporting *e)
{
    bool done;
    enum gmm_err err = bundleout_step(e->out, &done, &e->s.msg);
    e->written = bundleout_written(e->out);
    show_progress(e);
    if (done) {
        e->under_way = false;
        e->at++;
    }
    return err;
}

/* The disk has it: now it may be counted on. In one step, so that nobody else's writes are discarded. */
static enum gmm_err remember(struct exporting *e)
{
    enum gmm_err err = node_flush(e->s.node);
    if (err == GMM_OK)
        err = bundleout_remember(e->out);
    if (err == GMM_OK)
        err = node_flush(e->s.node);
    else
        node_discard(e->s.node);
    return err;
}

static enum gmm_err one_step(struct exporting *e)
{
    if (e->written - e->asked >= SYNC_BYTES)
        return ask_disk(e);
    if (e->under_way)
        return office_step(e);
    if (e->at < e->count)
        return begin_office(e);
    e->ended = true;
    enum gmm_err err = bundleout_end(e->out, &e->result.sizes, &e->result.file_count);
    e->result.sums = e->sums;
    e->result.count = e->sum_count;
    return err == GMM_OK ? ask_disk(e) : err;
}

static bool step(struct stepwise *s)
{
    struct exporting *e = (struct exporting *)s;
    bool over = e->ended;
    if (s->err == GMM_OK)
        s->err = over ? remember(e) : one_step(e);
    if (s->err != GMM_OK && s->msg.text[0] == '\0')
        gmm_fail(&s->msg, s->err, "the bundle cannot be written: %s", gmm_err_text(s->err));
    return over || s->err != GMM_OK;
}

void exporting_start(struct node *node, struct call *call, const struct gmm_id *offices, size_t count,
                     enum bundleout_base base, uint64_t file_bytes_max, exporting_done_fn *done)
{
    struct exporting *e = calloc(1, sizeof *e);
    if (e == NULL) {
        call_fail(call, GMM_ENOMEM, NULL, NULL);
        return;
    }
    e->s.step = step;
    e->s.end = end;
    e->done = done;
    e->base = base;
    e->count = count;
    e->begun_ms = sys_now_ms();
    e->offices = calloc(count + 1, sizeof *e->offices);
    e->sums = calloc(count + 1, sizeof *e->sums);
    e->out = bundleout_new(node, call_file(call, "file", 0, NULL), file_bytes_max);
    if (e->offices == NULL || e->sums == NULL || e->out == NULL)
        e->s.err = GMM_ENOMEM; /* of which the first step tells */
    else
        memcpy(e->offices, offices, count * sizeof *offices);
    stepwise_start(&e->s, node, call);
}
