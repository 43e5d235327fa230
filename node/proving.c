#include "node/proving.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/proving_group.h"
#include "proto/evidence.h"

struct place { /* of a control record that belongs into the file */
    struct run_key log;
    uint64_t seq;
};
struct gathering {
    struct node *node;
    const struct view *view;
    struct place *places;
    size_t count, cap;
    struct run **runs;
    size_t run_count, run_cap;
};

static enum gmm_err on_plain(void *arg, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id, const uint8_t *body,
                             size_t len)
{
    struct gathering *g = arg;
    struct header header;
    struct place place;
    (void)id;
    (void)body;
    (void)len;
    if (header_decode(&header, bytes) != GMM_OK || !evidence_wants(header.type))
        return GMM_OK;
    run_key_of(&place.log, &header);
    place.seq = header.seq;
    if (!view_stands(g->view, &place.log, header.seq, header.time, NULL))
        return GMM_OK;
    void *places = g->places;
    if (!proving_grow(&places, g->count, &g->cap, sizeof *g->places))
        return GMM_ENOMEM;
    g->places = places;
    g->places[g->count++] = place;
    return GMM_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = run_key_compare(&x->log, &y->log);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

/* The last place that the run which begins at this one can take in. */
static size_t last_in_block(const struct gathering *g, size_t first)
{
    size_t i = first;
    while (i + 1 < g->count && run_key_compare(&g->places[i + 1].log, &g->places[first].log) == 0 &&
           g->places[i + 1].seq / LIMIT_RUN_ENTRIES == g->places[first].seq / LIMIT_RUN_ENTRIES)
        i++;
    return i;
}

static enum gmm_err load_control(struct gathering *g)
{
    for (size_t i = 0; i < g->count;) {
        const struct place *first = &g->places[i];
        struct run *run = NULL;
        void *runs = g->runs;
        if (!proving_grow(&runs, g->run_count, &g->run_cap, sizeof(struct run *)))
            return GMM_ENOMEM;
        g->runs = runs;
        enum gmm_err err =
            proving_load_run(g->node, &first->log, first->seq, g->places[last_in_block(g, i)].seq, false, &run);
        if (err == GMM_ENOTFOUND) { /* a name ends this log, not a head: its last records cannot be shown */
            i++;
            continue;
        }
        if (err != GMM_OK)
            return err;
        g->runs[g->run_count++] = run;
        uint64_t end = run->first_seq + run->count;
        while (i < g->count && run_key_compare(&g->places[i].log, &run->key) == 0 && g->places[i].seq < end)
            i++;
    }
    return GMM_OK;
}

static enum gmm_err gather(struct gathering *g)
{
    enum gmm_err err = store_each_plain(g->node->store, on_plain, g);
    if (err == GMM_OK && g->count > 1)
        qsort(g->places, g->count, sizeof *g->places, compare_places);
    return err == GMM_OK ? load_control(g) : err;
}

static void gathering_close(struct gathering *g)
{
    for (size_t i = 0; i < g->run_count; i++)
        run_free(g->runs[i]);
    free(g->runs);
    free(g->places);
}

/* What was made must convince a stranger. */
static enum gmm_err check(const struct gmm_id *id, const struct buffer *made, size_t from, struct gmm_msg *msg)
{
    struct evidence *e;
    struct gmm_msg why = {.text = ""};
    enum gmm_err err = evidence_open(&e, made->p + from, made->len - from, &why);
    if (err == GMM_ENOMEM)
        return err;
    bool same = err == GMM_OK && id_equal(&e->id, id);
    evidence_free(e);
    return same ? GMM_OK
                : gmm_fail(msg, GMM_ECORRUPT, "the proof that was made does not hold: %s",
                           why.text[0] != '\0' ? why.text : _("of another entry"));
}

/* As far as the anchors name it, when that much of the log is held here. */
static enum gmm_err load_entry_run(struct node *node, const struct header *header, uint64_t covered, struct run **run)
{
    struct run_key log;
    run_key_of(&log, header);
    enum gmm_err err = proving_load_run(node, &log, header->seq, covered, true, run);
    return err == GMM_ENOTFOUND && covered > header->seq
               ? proving_load_run(node, &log, header->seq, header->seq, true, run)
               : err;
}

static enum gmm_err make(struct node *node, const struct store_entry *entry, const struct header *header,
                         const uint8_t key[32], struct buffer *out, struct gmm_msg *msg)
{
    struct gathering g = {.node = node, .view = engine_view(node->engine)};
    struct proving_group group;
    struct run *run = NULL;
    size_t start = out->len;
    if (g.view == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = proving_group_gather(node, g.view, header, &group);
    if (err == GMM_OK)
        err = load_entry_run(node, header, group.covered, &run);
    if (err == GMM_ENOTFOUND)
        err = gmm_fail(msg, GMM_ESTATE, "no signature of its office over this entry is held here");
    if (err == GMM_OK)
        err = gather(&g);
    if (err == GMM_OK) {
        run->entries[0].body = entry->body;
        const struct evidence_parts parts = {.directory = engine_directory(node->engine),
                                             .forks = engine_forks(node->engine),
                                             .control = (const struct run *const *)g.runs,
                                             .control_count = g.run_count,
                                             .group = (const struct run *const *)group.runs,
                                             .group_count = group.count,
                                             .run = run,
                                             .key = key};
        err = evidence_make(out, &parts);
    }
    if (err == GMM_OK && (err = check(&entry->id, out, start, msg)) != GMM_OK)
        buffer_cut(out, start);
    run_free(run);
    gathering_close(&g);
    proving_group_close(&group);
    return err;
}

enum gmm_err proving_make(struct node *node, const struct gmm_id *id, struct buffer *out, struct gmm_msg *msg)
{
    struct store_entry entry = {0};
    struct header header;
    struct run_key log;
    uint8_t key[32] = {0};
    enum gmm_err err = node_flush(node);
    if (err == GMM_OK)
        err = store_load_entry(node->store, id, &entry);
    if (err == GMM_OK && header_decode(&header, entry.header) != GMM_OK)
        err = GMM_ECORRUPT;
    if (err == GMM_OK && entry.body == NULL)
        err = GMM_EABSENT;
    if (err == GMM_OK) {
        const struct view *view = engine_view(node->engine);
        const uint8_t *secret = engine_secret(node->engine, &header.epoch);
        run_key_of(&log, &header);
        if (view == NULL)
            err = GMM_ENOMEM;
        else if (!view_stands(view, &log, header.seq, header.time, msg))
            err = GMM_EDENIED;
        else if (secret == NULL)
            err = GMM_ENOTFOUND;
        else
            err = seal_reveal(key, secret, entry.header, entry.body, entry.body_len);
    }
    if (err == GMM_OK)
        err = make(node, &entry, &header, key, out, msg);
    else if (err == GMM_EDECRYPT || err == GMM_EFORMAT)
        err = GMM_ECORRUPT;
    sodium_memzero(key, sizeof key);
    store_entry_close(&entry);
    return err == GMM_OK || (msg != NULL && msg->text[0] != '\0')
               ? err
               : gmm_fail(msg, err, "the proof cannot be made: %s", gmm_err_text(err));
}
