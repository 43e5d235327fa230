#include "node/backlog.h"

#include <stdlib.h>

#include "node/log.h"
#include "node/net.h"
#include "node/project.h"
#include "node/receipts.h"
#include "node/sys.h"

#define SLICE_MS 8u
#define COMMIT_ENTRIES 8192u
#define COMMIT_MS 1000u
#define AGAIN_MS 60000u /* after a failure */
#define OWN_MS 50u      /* until what somebody posts is in the catalogue, unless it is asked for */
#define READER_WAITS_MS 1000u
#define WRITER_WAITS_MS 5000u

struct backlog {
    unsigned behind; /* PROJECT_: may be */
    size_t turn;     /* the log to look at next */
    uint64_t uncommitted, begun_ms;
    uint64_t again_ms; /* not before (sys_now_ms) */
    bool told;         /* the engine knows that the catalogue is behind */
    bool own;          /* so are entries of our own, until node->slice_due_ms */
};

static struct backlog *backlog_of(struct node *node)
{
    if (node->backlog == NULL)
        node->backlog = calloc(1, sizeof *node->backlog);
    return node->backlog;
}

void backlog_look(struct node *node, unsigned what)
{
    struct backlog *b = backlog_of(node);
    if (b == NULL)
        return; /* at the next start */
    b->behind |= what;
    b->turn = 0;
}

void backlog_close(struct node *node)
{
    free(node->backlog);
    node->backlog = NULL;
}

bool backlog_is_behind(const struct node *node)
{
    return node->backlog != NULL && (node->backlog->own || (node->backlog->behind & PROJECT_CATALOGUE) != 0);
}

static bool can_work(const struct node *node)
{
    return node->engine != NULL && !node->read_only && engine_view(node->engine) != NULL;
}

/* What is not in the catalogue may name bodies and chunks that nobody has asked for yet: a peer that only came to bring
 * them waits, unless we have given up for now. */
static enum gmm_err tell(struct node *node, struct backlog *b)
{
    bool behind = (b->behind & PROJECT_CATALOGUE) != 0 && b->again_ms <= sys_now_ms();
    if (b->told == behind || !can_work(node))
        return GMM_OK;
    b->told = behind;
    struct engine_event event = {.kind = ENGINE_BEHIND, .as.behind = behind};
    return node_step(node, &event);
}

static bool is_own(const struct node *node, const struct run_key *key)
{
    return !id_is_zero(&key->group) && id_equal(&key->author, &node->keystore->sign_pk);
}

static uint64_t end_of(const struct logs_log *log)
{
    return log->persisted.seq == LOGS_NO_SEQ ? 0 : log->persisted.seq + 1;
}

/* Ours that wait come into the catalogue, and the index follows. */
static enum gmm_err take_own(struct node *node, struct backlog *b)
{
    const struct logs *logs = engine_logs(node->engine);
    enum gmm_err err = GMM_OK;
    uint64_t done = 0;
    b->own = false;
    node->slice_due_ms = 0;
    for (size_t i = 0; i < logs_count(logs) && err == GMM_OK; i++) {
        struct run_key key = logs_at(logs, i)->key; /* projecting steps the engine */
        uint64_t end = end_of(logs_at(logs, i));
        if (is_own(node, &key) && end > 0)
            err = project_log_slice(node, &key, end, PROJECT_CATALOGUE, 0, &done);
    }
    b->behind |= err == GMM_OK ? PROJECT_INDEX : PROJECT_ALL;
    b->turn = 0;
    return err;
}

enum gmm_err backlog_own(struct node *node)
{
    return node->backlog != NULL && node->backlog->own && can_work(node) ? take_own(node, node->backlog) : GMM_OK;
}

enum gmm_err backlog_entries(struct node *node, const struct run_key *key, uint64_t first_seq, uint32_t count)
{
    struct backlog *b = backlog_of(node);
    if (id_is_zero(&key->group))
        return GMM_OK; /* control records say nothing that is shown */
    if (b == NULL)
        return GMM_ENOMEM;
    bool few = count <= BACKLOG_FEW;
    if (node->unhurried && is_own(node, key)) {
        node->slice_due_ms = b->own ? node->slice_due_ms : sys_now_ms() + OWN_MS;
        b->own = true;
        return GMM_OK;
    }
    bool waits = node->net != NULL && !is_own(node, key) && (!few || (b->behind & PROJECT_CATALOGUE) != 0);
    if (waits) {
        b->behind = PROJECT_ALL;
        b->turn = 0;
        return tell(node, b);
    }
    enum gmm_err err = project_entries(node, key, first_seq, count, PROJECT_CATALOGUE);
    uint64_t indexed = 0;
    if (err == GMM_OK && few)
        err = search_get_done(node->search, key, &indexed);
    if (err == GMM_OK && few && indexed >= first_seq)
        return project_entries(node, key, first_seq, count, PROJECT_INDEX);
    b->behind |= PROJECT_INDEX;
    b->turn = 0;
    return err;
}

/* The next log that is behind in this, from where the last slice stopped; until the time is over. */
static enum gmm_err work(struct node *node, struct backlog *b, unsigned what, uint64_t until_ms)
{
    const struct logs *logs = engine_logs(node->engine);
    enum gmm_err err = GMM_OK;
    bool in_time = true;
    while (err == GMM_OK && in_time && b->turn < logs_count(logs)) {
        const struct logs_log *log = logs_at(logs, b->turn);
        struct run_key key = log->key; /* projecting steps the engine */
        uint64_t end = end_of(log), done = 0;
        if (end > 0 && !id_is_zero(&key.group))
            err = project_log_slice(node, &key, end, what, until_ms, &done);
        b->uncommitted += done;
        node->handled += done;
        in_time = until_ms == 0 || sys_now_ms() < until_ms;
        if (in_time)
            b->turn++;
    }
    if (what == PROJECT_CATALOGUE)
        receipts_settle(node);
    return err;
}

static enum gmm_err commit(struct node *node, struct backlog *b)
{
    b->uncommitted = 0;
    b->begun_ms = 0;
    return store_in_transaction(node->store) ? node_flush(node) : GMM_OK;
}

/* One thing of what is behind, the catalogue first; what came meanwhile is found by looking until nothing is. */
static enum gmm_err step(struct node *node, struct backlog *b, unsigned what, uint64_t until_ms)
{
    if (b->begun_ms == 0)
        b->begun_ms = sys_now_ms();
    b->behind &= ~what; /* entries that come while we work set it again */
    enum gmm_err err = work(node, b, what, until_ms);
    if (err != GMM_OK || b->turn < logs_count(engine_logs(node->engine)))
        b->behind |= what;
    else
        b->turn = 0;
    if (err == GMM_OK &&
        (b->behind == 0 || b->uncommitted >= COMMIT_ENTRIES || sys_now_ms() - b->begun_ms >= COMMIT_MS))
        err = commit(node, b);
    return err;
}

static unsigned next_of(struct backlog *b)
{
    return (b->behind & PROJECT_CATALOGUE) != 0 ? PROJECT_CATALOGUE : b->behind;
}

/* What cannot be written now is tried again in a minute; it stands in the logs. */
static void failed(struct node *node, struct backlog *b, enum gmm_err err)
{
    log_warning("the catalogue or the index cannot be brought up to date: %s", gmm_err_text(err));
    node_discard(node);
    b->behind = PROJECT_ALL;
    b->turn = 0;
    b->uncommitted = b->begun_ms = 0;
    b->again_ms = sys_now_ms() + AGAIN_MS;
}

bool backlog_slice(struct node *node)
{
    struct backlog *b = node->backlog;
    if (b == NULL || !can_work(node) || sys_now_ms() < b->again_ms)
        return false;
    enum gmm_err err = b->own && node->slice_due_ms <= sys_now_ms() ? take_own(node, b) : GMM_OK;
    if (err == GMM_OK && b->behind == 0)
        return false;
    unsigned what = next_of(b);
    if (err == GMM_OK)
        err = step(node, b, what, sys_now_ms() + SLICE_MS);
    if (err != GMM_OK)
        failed(node, b, err);
    if (tell(node, b) != GMM_OK)
        log_warning("out of memory");
    if (what == PROJECT_CATALOGUE && !backlog_is_behind(node) && node->net != NULL)
        net_touch(node->net); /* who waits for it looks again */
    return err == GMM_OK && b->behind != 0;
}

static enum gmm_err finish(struct node *node, unsigned wanted, uint64_t limit_ms, bool *whole)
{
    struct backlog *b = node->backlog;
    enum gmm_err err = GMM_OK;
    *whole = true;
    if (b == NULL || !can_work(node))
        return GMM_OK;
    uint64_t until_ms = limit_ms == 0 ? 0 : sys_now_ms() + limit_ms;
    bool any = b->own || (b->behind & wanted) != 0;
    if (b->own)
        err = take_own(node, b);
    while (err == GMM_OK && (b->behind & wanted) != 0 && (until_ms == 0 || sys_now_ms() < until_ms))
        err = step(node, b, next_of(b), until_ms == 0 ? sys_now_ms() + COMMIT_MS : until_ms);
    if (err == GMM_OK && any)
        err = commit(node, b);
    if (err != GMM_OK)
        failed(node, b, err);
    if (err == GMM_OK)
        err = tell(node, b);
    *whole = (b->behind & wanted) == 0;
    return err;
}

enum gmm_err backlog_catalogue(struct node *node, uint64_t limit_ms, bool *whole)
{
    return finish(node, PROJECT_CATALOGUE, limit_ms, whole);
}

enum gmm_err backlog_index(struct node *node, uint64_t limit_ms, bool *whole)
{
    return finish(node, PROJECT_ALL, limit_ms, whole);
}

enum gmm_err backlog_before(struct node *node, bool writes, struct gmm_msg *msg)
{
    bool whole = true;
    /* what is committed but found no space in the catalogue is caught up with before anybody asks for it */
    (void)node_flush(node);
    (void)backlog_catalogue(node, writes ? WRITER_WAITS_MS : READER_WAITS_MS, &whole);
    return whole || !writes ? GMM_OK
                            : gmm_fail(msg, GMM_EBUSY,
                                       "much has just arrived and is not in the catalogue yet; try again in a moment");
}
