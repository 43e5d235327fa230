#include "node/importing.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/call.h"
#include "node/net.h"

struct importing {
    struct importing *next;
    struct node *node;
    struct call *call;
    importing_done_fn *done;
    struct bundlein *in; /* NULL: its turn has not come */
    struct bundlein_sum sum;
    size_t file, file_count;
    bool reading;                  /* this file is open */
    bool gone;                     /* nobody waits for the answer */
    uint64_t bytes, before, shown; /* of all files; of those that are over; MiB */
    enum gmm_err err;
    struct gmm_msg msg;
};

static void on_gone(void *arg, struct call *call)
{
    struct importing *import = arg;
    (void)call;
    import->gone = true;
}

static void end(struct importing *import)
{
    enum lang before = lang_used();
    bundlein_free(import->in); /* remembers what lacks */
    for (struct importing **at = &import->node->imports; *at != NULL; at = &(*at)->next)
        if (*at == import) {
            *at = import->next;
            break;
        }
    call_on_gone(import->call, NULL, NULL);
    (void)lang_use(call_lang(import->call));
    import->done(import->node, import->call, import->err, &import->sum, &import->msg);
    (void)lang_use(before);
    free(import);
}

static uint64_t size_of(const struct importing *import, size_t file)
{
    struct stat st;
    return fstat(call_file(import->call, "file", file, NULL), &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static void show_progress(struct importing *import)
{
    off_t at = import->reading ? lseek(call_file(import->call, "file", import->file, NULL), 0, SEEK_CUR) : 0;
    uint64_t mib = (import->before + (at > 0 ? (uint64_t)at : 0)) >> 20;
    if (mib == import->shown)
        return;
    import->shown = mib;
    call_progress(import->call, "%llu of %llu MiB", (unsigned long long)mib, (unsigned long long)(import->bytes >> 20));
}

/* The first error is told; after one of this node's own nothing more is read. */
static void file_ended(struct importing *import, enum gmm_err bad, struct gmm_msg *one)
{
    char name[256];
    (void)call_file(import->call, "file", import->file, name);
    if (bad == GMM_EFORMAT)
        gmm_fail(one, bad, "'%s' is no bundle", name);
    else if (bad == GMM_ECORRUPT)
        gmm_fail(one, bad, "'%s' was altered; what stood before that is taken in", name);
    else if (bad == GMM_EVERSION)
        gmm_fail(one, bad, "'%s' is of a later version of gmm", name);
    if (bad != GMM_OK && import->err == GMM_OK) {
        import->err = bad;
        import->msg = *one;
    }
    import->before += size_of(import, import->file);
    import->reading = false;
    import->file = bad == GMM_OK || bad == GMM_EFORMAT || bad == GMM_ECORRUPT || bad == GMM_EVERSION
                       ? import->file + 1
                       : import->file_count;
    if (import->sum.cut_off)
        call_say(import->call, "'%s' ends too early; what it has is taken in", name);
}

static void read_step(struct importing *import)
{
    struct gmm_msg one = {.text = ""};
    bool done;
    if (!import->reading) {
        import->sum.cut_off = false;
        bundlein_file(import->in, call_file(import->call, "file", import->file, NULL));
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
    if (err != GMM_OK && import->err == GMM_OK)
        import->err = gmm_fail(&import->msg, err, "what had come before could not be taken in: %s", gmm_err_text(err));
    return done;
}

static bool step(struct importing *import)
{
    if (import->in == NULL && (import->in = bundlein_new(import->node, &import->sum)) == NULL) {
        import->err = GMM_ENOMEM;
        return true;
    }
    if (import->file == import->file_count)
        return settle_step(import);
    read_step(import);
    return false;
}

bool importing_slice(struct node *node)
{
    struct importing *import = node->imports;
    if (import == NULL)
        return false;
    enum lang before = lang_used();
    (void)lang_use(call_lang(import->call));
    bool over = import->gone || step(import);
    (void)lang_use(before);
    if (over)
        end(import);
    if (node->net != NULL)
        net_touch(node->net); /* what came goes on to peers, and to who waits for it */
    return node->imports != NULL;
}

void importing_start(struct node *node, struct call *call, importing_done_fn *done)
{
    struct importing *import = calloc(1, sizeof *import), **at = &node->imports;
    if (import == NULL) {
        call_fail(call, GMM_ENOMEM, NULL, NULL);
        return;
    }
    import->node = node;
    import->call = call;
    import->done = done;
    import->file_count = call_count(call, "file");
    for (size_t i = 0; i < import->file_count; i++)
        import->bytes += size_of(import, i);
    while (*at != NULL)
        at = &(*at)->next;
    *at = import;
    call_on_gone(call, on_gone, import);
    while (node->net == NULL && importing_slice(node)) {
    }
}

void importing_close(struct node *node)
{
    while (node->imports != NULL) {
        struct importing *import = node->imports;
        node->imports = import->next;
        if (import->err == GMM_OK)
            import->err = gmm_fail(&import->msg, GMM_ECLOSED, "the node stops; what came in stays");
        end(import);
    }
}
