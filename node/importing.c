#include "node/importing.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/call.h"
#include "node/stepwise.h"

struct importing {
    struct stepwise s; /* first */
    importing_done_fn *done;
    struct bundlein *in; /* NULL: its turn has not come */
    struct bundlein_sum sum;
    size_t file, file_count;
    bool reading;                  /* this file is open */
    uint64_t bytes, before, shown; /* of all files; of those that are over; MiB */
};

static void end(struct stepwise *s)
{
    struct importing *import = (struct importing *)s;
    bundlein_free(import->in); /* remembers what lacks */
    import->done(s->node, s->call, s->err, &import->sum, &s->msg);
    free(import);
}

static uint64_t size_of(const struct importing *import, size_t file)
{
    struct stat st;
    return fstat(call_file(import->s.call, "file", file, NULL), &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static void show_progress(struct importing *import)
{
    off_t at = import->reading ? lseek(call_file(import->s.call, "file", import->file, NULL), 0, SEEK_CUR) : 0;
    uint64_t mib = (import->before + (at > 0 ? (uint64_t)at : 0)) >> 20;
    if (mib == import->shown)
        return;
    import->shown = mib;
    call_progress(import->s.call, "%llu of %llu MiB", (unsigned long long)mib,
                  (unsigned long long)(import->bytes >> 20));
}

/* The first error is told; after one of this node's own nothing more is read. */
static void file_ended(struct importing *import, enum gmm_err bad, struct gmm_msg *one)
{
    char name[256];
    (void)call_file(import->s.call, "file", import->file, name);
    if (bad == GMM_EFORMAT)
        gmm_fail(one, bad, "'%s' is no bundle", name);
    else if (bad == GMM_ECORRUPT)
        gmm_fail(one, bad, "'%s' was altered; what stood before that is taken in", name);
    else if (bad == GMM_EVERSION)
        gmm_fail(one, bad, "'%s' is of a later version of gmm", name);
    if (bad != GMM_OK && import->s.err == GMM_OK) {
        import->s.err = bad;
        import->s.msg = *one;
    }
    import->before += size_of(import, import->file);
    import->reading = false;
    import->file = bad == GMM_OK || bad == GMM_EFORMAT || bad == GMM_ECORRUPT || bad == GMM_EVERSION
                       ? import->file + 1
                       : import->file_count;
    if (import->sum.cut_off)
        call_say(import->s.call, "'%s' ends too early; what it has is taken in", name);
}

static void read_step(struct importing *import)
{
    struct gmm_msg one = {.text = ""};
    bool done;
    if (!import->reading) {
        import->sum.cut_off = false;
        bundlein_file(import->in, call_file(import->s.call, "file", import->file, NULL));
        import->reading = true;
    }
    enum gmm_err bad = bundlein_step(import->in, &done, &one);
    if (done)
        file_ended(import, bad, &one);
    show_progress(import);
}

/* True: it is over. */
static bool settle_step(struct importing *import)
{
    bool done;
    enum gmm_err err = bundlein_settle(import->in, &done);
    if (err != GMM_OK && import->s.err == GMM_OK)
        import->s.err =
            gmm_fail(&import->s.msg, err, "what had come before could not be taken in: %s", gmm_err_text(err));
    return done;
}

static bool step(struct stepwise *s)
{
    struct importing *import = (struct importing *)s;
    if (import->in == NULL && (import->in = bundlein_new(s->node, &import->sum)) == NULL) {
        s->err = GMM_ENOMEM;
        return true;
    }
    if (import->file == import->file_count)
        return settle_step(import);
    read_step(import);
    return false;
}

void importing_start(struct node *node, struct call *call, importing_done_fn *done)
{
    struct importing *import = calloc(1, sizeof *import);
    if (import == NULL) {
        call_fail(call, GMM_ENOMEM, NULL, NULL);
        return;
    }
    import->s.step = step;
    import->s.end = end;
    import->s.call = call;
    import->done = done;
    import->file_count = call_count(call, "file");
    for (size_t i = 0; i < import->file_count; i++)
        import->bytes += size_of(import, i);
    stepwise_start(&import->s, node, call);
}
