#include "node/erasing.h"

#include <stdlib.h>
#include <string.h>

#include "node/erasing_chunks.h"
#include "node/erasing_delete.h"
#include "node/erasing_judge.h"
#include "node/log.h"
#include "node/partial.h"
#include "node/project.h"
#include "node/watch.h"

#define AGAIN_MS 60000u
#define REST_MS 3600000u /* between two times that the index is made anew for what was deleted */

struct erasing {
    struct view_erasure *known; /* as the view had them when it was looked at last */
    size_t count;
    uint64_t due_ms;   /* the first deletion; UINT64_MAX: none */
    uint64_t rest_ms;  /* and not before */
    uint64_t again_ms; /* after a failure: nothing before */
    bool confirms;     /* something is gone, and not yet said */
    bool working;
};

static struct erasing *state_of(struct node *node)
{
    if (node->erasing == NULL && (node->erasing = calloc(1, sizeof *node->erasing)) != NULL)
        node->erasing->due_ms = UINT64_MAX;
    return node->erasing;
}

void erasing_close(struct node *node)
{
    if (node->erasing != NULL)
        free(node->erasing->known);
    free(node->erasing);
    node->erasing = NULL;
}

static const struct view *view_of(struct node *node)
{
    return node->engine == NULL || node->keystore == NULL ? NULL : engine_view(node->engine);
}

/* ---- when */

struct said {
    const struct node *node;
    const struct view *view;
    bool ours, others; /* confirmed by this office; by one of another participant */
};

static enum gmm_err on_said(void *arg, const struct run_key *key, uint64_t seq, uint64_t time)
{
    struct said *said = arg;
    const struct view_office *office = view_office(said->view, &key->author);
    (void)time;
    if (id_equal(&key->author, &said->node->keystore->sign_pk))
        said->ours = true;
    else if (office != NULL && seq < view_log_end(said->view, key) && !id_equal(&office->pid, node_pid(said->node)))
        said->others = true;
    return GMM_OK;
}

static struct said who_said(struct node *node, const struct gmm_id *id)
{
    struct said said = {.node = node, .view = view_of(node)};
    (void)projection_each_erased(node->projection, id, on_said, &said);
    return said;
}

/* "72 hours behind the ERASE's time, or behind when it was first known here, whichever is later; where this office, or
 * one of another participant, has confirmed it before, behind the ERASE's time." */
static uint64_t due_of(struct node *node, const struct view_erasure *e, const struct store_erasure *row)
{
    uint64_t from = header_time_ms(e->time);
    struct said said = who_said(node, &e->id);
    if (!said.ours && !said.others && row->done_ms == 0 && row->seen_ms > from)
        from = row->seen_ms;
    return from + ERASING_GRACE_MS;
}

uint64_t erasing_due_ms(struct node *node, const struct view_erasure *e)
{
    struct store_erasure row;
    if (store_get_erasure(node->store, &e->id, &row) != GMM_OK || row.state != STORE_ERASURE_HIDDEN)
        return 0;
    return due_of(node, e, &row);
}

/* ---- hidden, and shown again */

/* What the engine is told when no walk through the store is under way. */
struct forgotten {
    struct gmm_id gid, *ids;
    size_t count;
};

static enum gmm_err on_wanted(void *arg, const struct gmm_id *gid, const struct gmm_id *chunk)
{
    struct forgotten *f = arg;
    struct gmm_id *ids = realloc(f->ids, (f->count + 1) * sizeof *ids);
    if (ids == NULL)
        return GMM_ENOMEM;
    f->gid = *gid;
    f->ids = ids;
    ids[f->count++] = *chunk;
    return GMM_OK;
}

static enum gmm_err tell_engine(struct node *node, const struct gmm_id *gid, const struct gmm_id *id,
                                const struct run_key *log, int gaps)
{
    struct engine_event event = {.kind = ENGINE_ERASED, .as.erased = {*gid, *id, log, gaps}};
    return node_step(node, &event);
}

static enum gmm_err hide_chunks(struct node *node, const struct store_entry *entry, const struct gmm_id *gid)
{
    struct header h;
    uint8_t *plain = NULL;
    size_t len = 0, count = 0;
    struct gmm_id *chunks = NULL;
    if (entry->body == NULL)
        return GMM_OK;
    enum gmm_err err = node_open_body(node, entry->header, entry->body, entry->body_len, &h, &plain, &len);
    if (err == GMM_OK)
        err = erasing_chunks_named(node, &h, plain, len, &chunks, &count);
    else if (err != GMM_ENOMEM)
        err = GMM_OK; /* who cannot open it holds no chunks of it that it could tell */
    if (err == GMM_OK)
        err = erasing_chunks_alone(node, gid, &entry->id, chunks, &count);
    if (err == GMM_OK)
        err = store_put_erasure_chunks(node->store, &entry->id, chunks, count);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = store_hide_chunk(node->store, gid, &chunks[i], STORE_HIDDEN);
    free(chunks);
    seal_free(plain, len);
    return err;
}

static enum gmm_err hide(struct node *node, const struct view_erasure *e, const struct store_entry *entry,
                         uint64_t seen_ms, uint64_t done_ms)
{
    const struct store_erasure row = {e->id, e->log.group, seen_ms, done_ms, STORE_ERASURE_HIDDEN};
    struct forgotten forgotten = {.count = 0};
    bool had_body = false;
    node_land(node, true); /* a chunk of it that is being written is found like the others */
    enum gmm_err err = store_begin(node->store, false);
    if (err == GMM_OK)
        err = store_put_erasure(node->store, &row);
    if (err == GMM_OK)
        err = hide_chunks(node, entry, &e->log.group);
    if (err == GMM_OK)
        err = store_hide(node->store, &e->id, STORE_HIDDEN, &had_body);
    if (err == GMM_OK)
        err = projection_drop(node->projection, &e->id, on_wanted, &forgotten);
    if (err == GMM_OK)
        err = search_drop(node->search, &e->id);
    if (err == GMM_OK)
        watch_erased(node, e);
    if (err == GMM_OK)
        err = tell_engine(node, &e->log.group, &e->id, &e->log, had_body ? 0 : -1);
    for (size_t i = 0; i < forgotten.count && err == GMM_OK; i++)
        err = tell_engine(node, &forgotten.gid, &forgotten.ids[i], NULL, 0);
    free(forgotten.ids);
    return err;
}

static enum gmm_err show(struct node *node, const struct store_erasure *row)
{
    struct store_entry entry;
    struct header h;
    struct run_key key;
    struct gmm_id *chunks = NULL;
    size_t count = 0;
    bool had_body = false;
    enum gmm_err err = store_load_hidden(node->store, &row->id, &entry);
    if (err == GMM_ENOTFOUND)
        return store_drop_erasure(node->store, &row->id);
    if (err == GMM_OK)
        err = header_decode(&h, entry.header);
    store_entry_close(&entry);
    if (err == GMM_OK)
        err = store_begin(node->store, false);
    if (err == GMM_OK)
        err = store_list_erasure_chunks(node->store, &row->id, &chunks, &count);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        if (store_chunk_hidden_of(node->store, &row->gid, &chunks[i]) == STORE_HIDDEN)
            err = store_hide_chunk(node->store, &row->gid, &chunks[i], STORE_SHOWN);
    free(chunks);
    if (err == GMM_OK)
        err = store_hide(node->store, &row->id, STORE_SHOWN, &had_body);
    if (err == GMM_OK)
        err = store_drop_erasure(node->store, &row->id);
    if (err != GMM_OK)
        return err;
    run_key_of(&key, &h);
    err = tell_engine(node, &row->gid, &row->id, &key, had_body ? 0 : 1);
    return err == GMM_OK ? project_body_here(node, &row->id) : err;
}

/* ---- what the view says, against what was done */

static void plan(struct node *node, const struct view_erasure *e, const struct store_erasure *row)
{
    uint64_t due = due_of(node, e, row);
    if (due < node->erasing->due_ms)
        node->erasing->due_ms = due;
}

/* One erasure. *holds: it has effect on this entry, which is here. */
static enum gmm_err carry(struct node *node, const struct view_erasure *e, bool *holds)
{
    struct store_entry entry;
    struct store_erasure row = {.id = e->id};
    struct gmm_msg why = {.text = ""};
    *holds = false;
    enum gmm_err err = store_load_hidden(node->store, &e->id, &entry);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    enum gmm_err known = store_get_erasure(node->store, &e->id, &row);
    enum store_hidden hidden = store_hidden_of(node->store, &e->id);
    err = known == GMM_OK || known == GMM_ENOTFOUND ? GMM_OK : known;
    if (err == GMM_OK && hidden == STORE_ERASED)
        *holds = true;
    else if (err == GMM_OK)
        *holds = erasing_judge(node, e, &entry, &why) == GMM_OK;
    if (*holds && hidden == STORE_SHOWN)
        err = hide(node, e, &entry, known == GMM_OK ? row.seen_ms : node_now_ms(), row.done_ms);
    store_entry_close(&entry);
    if (err == GMM_OK && *holds && store_get_erasure(node->store, &e->id, &row) == GMM_OK) {
        if (row.state == STORE_ERASURE_HIDDEN)
            plan(node, e, &row);
        else
            node->erasing->confirms = true;
    }
    return err;
}

static enum gmm_err remember(struct erasing *state, const struct view *view)
{
    struct view_erasure *copy = malloc((view->erasure_count + 1) * sizeof *copy);
    if (copy == NULL)
        return GMM_ENOMEM;
    if (view->erasure_count > 0)
        memcpy(copy, view->erasures, view->erasure_count * sizeof *copy);
    free(state->known);
    state->known = copy;
    state->count = view->erasure_count;
    return GMM_OK;
}

static bool is_new(const struct erasing *state, const struct view *view)
{
    if (state->count != view->erasure_count)
        return true;
    for (size_t i = 0; i < state->count; i++)
        if (!id_equal(&state->known[i].entry, &view->erasures[i].entry))
            return true;
    return false;
}

static const struct view_erasure *find_known(const struct erasing *state, const struct gmm_id *id)
{
    for (size_t i = 0; i < state->count; i++)
        if (id_equal(&state->known[i].id, id))
            return &state->known[i];
    return NULL;
}

/* Those that were carried out here and do not hold any more. */
static enum gmm_err show_again(struct node *node)
{
    struct store_erasure *rows = NULL;
    size_t count = 0;
    enum gmm_err err = store_list_erasures(node->store, &rows, &count);
    for (size_t i = 0; i < count && err == GMM_OK; i++) {
        const struct view_erasure *e = find_known(node->erasing, &rows[i].id);
        bool holds = false;
        if (rows[i].state != STORE_ERASURE_HIDDEN)
            continue;
        if (e != NULL)
            err = carry(node, e, &holds);
        if (err == GMM_OK && !holds)
            err = show(node, &rows[i]);
    }
    free(rows);
    return err;
}

/* Working may step the engine, and change the view: the erasures are a copy. */
static enum gmm_err look(struct node *node)
{
    struct erasing *state = state_of(node);
    const struct view *view = view_of(node);
    if (view == NULL || node->read_only)
        return GMM_OK;
    enum gmm_err err = state == NULL ? GMM_ENOMEM : remember(state, view);
    if (err != GMM_OK)
        return err;
    node->erase_again = false;
    state->due_ms = UINT64_MAX;
    for (size_t i = 0; i < state->count && err == GMM_OK; i++) {
        struct view_erasure e = state->known[i];
        bool holds;
        err = carry(node, &e, &holds);
    }
    return err == GMM_OK ? show_again(node) : err;
}

enum gmm_err erasing_view(struct node *node)
{
    const struct erasing *state = state_of(node);
    const struct view *view = view_of(node);
    if (state == NULL || view == NULL || node->read_only || !is_new(state, view))
        return state == NULL ? GMM_ENOMEM : GMM_OK;
    return look(node);
}

/* What is erased of a stretch of a log, copied: working may change the view. */
static enum gmm_err list_stretch(const struct view *view, const struct run_key *key, uint64_t first_seq, uint32_t count,
                                 struct view_erasure **list, size_t *listed)
{
    const struct view_erasure *e = view_erasures(view, key, first_seq), *end = view->erasures + view->erasure_count;
    size_t n = 0;
    while (e != NULL && e + n < end && run_key_compare(&e[n].log, key) == 0 && e[n].seq - first_seq < count)
        n++;
    *listed = n;
    *list = n == 0 ? NULL : malloc(n * sizeof **list);
    if (n > 0 && *list == NULL)
        return GMM_ENOMEM;
    if (n > 0)
        memcpy(*list, e, n * sizeof **list);
    return GMM_OK;
}

enum gmm_err erasing_entries(struct node *node, const struct run_key *key, uint64_t first_seq, uint32_t count)
{
    const struct view *view = view_of(node);
    struct view_erasure *list = NULL;
    size_t listed = 0;
    if (view == NULL || node->read_only || view->erasure_count == 0)
        return GMM_OK;
    enum gmm_err err = state_of(node) == NULL ? GMM_ENOMEM : list_stretch(view, key, first_seq, count, &list, &listed);
    for (size_t i = 0; i < listed && err == GMM_OK; i++) {
        bool holds;
        err = carry(node, &list[i], &holds);
    }
    free(list);
    return err;
}

enum gmm_err erasing_load(struct node *node)
{
    return look(node);
}

/* ---- what is due */

static enum gmm_err delete_due(struct node *node, bool *any)
{
    struct erasing *state = node->erasing;
    uint64_t now_ms = node_now_ms();
    enum gmm_err err = GMM_OK;
    *any = false;
    state->due_ms = UINT64_MAX;
    for (size_t i = 0; i < state->count && err == GMM_OK; i++) {
        struct view_erasure e = state->known[i];
        struct store_erasure row;
        bool holds = false;
        if (store_get_erasure(node->store, &e.id, &row) != GMM_OK || row.state != STORE_ERASURE_HIDDEN)
            continue;
        if (due_of(node, &e, &row) > now_ms) {
            plan(node, &e, &row);
            continue;
        }
        err = carry(node, &e, &holds); /* judged once more, by all that is known now */
        if (err == GMM_OK && holds)
            err = erasing_delete(node, &e, &row);
        *any = *any || holds;
    }
    return err;
}

static bool is_due(const struct node *node)
{
    uint64_t now_ms = node_now_ms();
    return node->erasing->due_ms <= now_ms && node->erasing->rest_ms <= now_ms;
}

static enum gmm_err work(struct node *node)
{
    struct erasing *state = node->erasing;
    enum gmm_err err = node->erase_again ? look(node) : GMM_OK;
    bool any = false;
    if (err == GMM_OK && is_due(node)) {
        err = delete_due(node, &any);
        if (err == GMM_OK)
            err = node_flush(node);
        state->confirms = state->confirms || any;
        if (any)
            state->rest_ms = node_now_ms() + REST_MS;
    }
    if (err != GMM_OK || !state->confirms)
        return err;
    err = erasing_purge(node);
    if (err == GMM_OK)
        err = erasing_confirm(node);
    state->confirms = err != GMM_OK;
    return err;
}

void erasing_settle(struct node *node)
{
    struct erasing *state = node->erasing;
    if (state == NULL || state->working || node->read_only || view_of(node) == NULL ||
        state->again_ms > node_now_ms() || (!node->erase_again && !state->confirms && !is_due(node)))
        return;
    state->working = true;
    enum gmm_err err = work(node);
    if (err != GMM_OK) {
        log_warning("what was erased could not be deleted or confirmed yet: %s", gmm_err_text(err));
        node_discard(node);
        node->erase_again = true;
        state->again_ms = node_now_ms() + AGAIN_MS;
    }
    state->working = false;
}
