#include "node/proving_group.h"

#include <stdlib.h>
#include <string.h>

#include "proto/control_proof.h"
#include "proto/evidence.h"

#define ANCHOR_BYTES_MOST (4u << 20) /* of all anchors in one file: the earliest are taken */

struct place {
    struct run_key log;
    struct gmm_id id, claimant; /* claimant: whose anchor it is; zero: no anchor */
    uint64_t seq, time, names;  /* names: the seq in the entry's log */
    size_t len;
};
struct search {
    const struct view *view;
    const struct header *entry;
    struct run_key log;
    const struct view_group *group;
    struct place *places;
    size_t count, cap;
};

bool proving_grow(void **array, size_t count, size_t *cap, size_t size)
{
    size_t wanted = *cap == 0 ? 64 : 2 * *cap;
    if (count < *cap)
        return true;
    void *grown = realloc(*array, wanted * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *cap = wanted;
    return true;
}

enum gmm_err proving_load_run(struct node *node, const struct run_key *log, uint64_t from, uint64_t to, bool headers,
                              struct run **out)
{
    uint64_t last = from | (LIMIT_RUN_ENTRIES - 1);
    enum gmm_err err = GMM_ENOTFOUND;
    for (; err == GMM_ENOTFOUND && to <= last; to++)
        err = store_load_part(node->store, log, from, to, LIMIT_RUN_BYTES, headers, false, out);
    return err;
}

/* The first head that it names of the entry's log, at the entry or behind it in the same block. */
static bool names(const struct search *s, const uint8_t *body, size_t len, uint64_t *seq)
{
    struct control_anchor anchor;
    if (control_anchor_decode(&anchor, body, len) != GMM_OK || anchor.kind != CONTROL_ANCHOR_HEADS)
        return false;
    for (uint16_t i = 0; i < anchor.count; i++) {
        struct control_anchor_head head;
        control_anchor_head_at(&anchor, i, &head);
        if (id_equal(&head.author, &s->log.author) && head.instance == s->log.instance && head.seq >= s->entry->seq &&
            head.seq <= (s->entry->seq | (LIMIT_RUN_ENTRIES - 1))) {
            *seq = head.seq;
            return true;
        }
    }
    return false;
}

/* Who claims by an anchor of this office to hold the entry; false: nobody that counts. */
static bool claimant_of(const struct search *s, const struct gmm_id *sign_pk, struct gmm_id *claimant)
{
    const struct view_office *office = view_office(s->view, sign_pk);
    const struct view_office *author = view_office(s->view, &s->log.author);
    bool internal = s->group->kind == GROUP_INTERNAL;
    if (office == NULL || id_equal(sign_pk, &s->log.author) ||
        (!internal && author != NULL && id_equal(&office->pid, &author->pid)))
        return false;
    *claimant = internal ? *sign_pk : office->pid;
    return true;
}

static enum gmm_err keep(struct search *s, const struct place *place)
{
    for (size_t i = 0; !id_is_zero(&place->claimant) && i < s->count; i++)
        if (id_equal(&s->places[i].claimant, &place->claimant)) {
            if (place->time < s->places[i].time)
                s->places[i] = *place;
            return GMM_OK;
        }
    void *places = s->places;
    if (!proving_grow(&places, s->count, &s->cap, sizeof *s->places))
        return GMM_ENOMEM;
    s->places = places;
    s->places[s->count++] = *place;
    return GMM_OK;
}

static enum gmm_err on_plain(void *arg, const uint8_t bytes[HEADER_BYTES], const struct gmm_id *id, const uint8_t *body,
                             size_t len)
{
    struct search *s = arg;
    struct header header;
    struct place place = {.id = *id, .len = len};
    if (body == NULL || header_decode(&header, bytes) != GMM_OK || !evidence_wants_of_group(header.type) ||
        !id_equal(&header.group, &s->log.group))
        return GMM_OK;
    run_key_of(&place.log, &header);
    place.seq = header.seq;
    place.time = header.time;
    if (!view_stands(s->view, &place.log, header.seq, header.time, NULL))
        return GMM_OK;
    if (header.type == HEADER_GROUP_ANCHOR)
        return names(s, body, len, &place.names) && claimant_of(s, &header.author, &place.claimant) ? keep(s, &place)
                                                                                                    : GMM_OK;
    return header.time <= s->entry->time ? keep(s, &place) : GMM_OK;
}

static int by_time(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    bool x_anchors = !id_is_zero(&x->claimant), y_anchors = !id_is_zero(&y->claimant);
    if (x_anchors != y_anchors)
        return x_anchors - y_anchors;
    return (x->time > y->time) - (x->time < y->time);
}

static int by_log(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int order = run_key_compare(&x->log, &y->log);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

/* All records about members, and the earliest anchors as far as there is room for them. */
static void choose(struct search *s, uint64_t *covered)
{
    size_t bytes = 0, kept = 0;
    if (s->count > 1)
        qsort(s->places, s->count, sizeof *s->places, by_time);
    for (; kept < s->count; kept++) {
        const struct place *place = &s->places[kept];
        if (id_is_zero(&place->claimant))
            continue;
        bytes += place->len;
        if (bytes > ANCHOR_BYTES_MOST)
            break;
        if (place->names > *covered)
            *covered = place->names;
    }
    s->count = kept;
    if (s->count > 1)
        qsort(s->places, s->count, sizeof *s->places, by_log);
}

static enum gmm_err load(struct node *node, const struct place *place, struct proving_group *out)
{
    struct run *run = NULL;
    struct store_entry *entry = &out->entries[out->count];
    enum gmm_err err = proving_load_run(node, &place->log, place->seq, place->seq, true, &run);
    if (err == GMM_ENOTFOUND) /* a name ends this log, not a head: its last records cannot be shown */
        return GMM_OK;
    if (err == GMM_OK)
        err = store_load_entry(node->store, &place->id, entry);
    if (err == GMM_OK && entry->body == NULL) {
        store_entry_close(entry);
        run_free(run);
        return GMM_OK;
    }
    if (err != GMM_OK) {
        run_free(run);
        return err;
    }
    run->entries[0].body = entry->body;
    out->runs[out->count++] = run;
    return GMM_OK;
}

enum gmm_err proving_group_gather(struct node *node, const struct view *view, const struct header *entry,
                                  struct proving_group *out)
{
    struct search s = {.view = view, .entry = entry, .group = view_group(view, &entry->group)};
    *out = (struct proving_group){.covered = entry->seq};
    if (s.group == NULL || s.group->kind == GROUP_CIRCLE)
        return GMM_OK;
    run_key_of(&s.log, entry);
    enum gmm_err err = store_each_plain(node->store, on_plain, &s);
    if (err == GMM_OK) {
        choose(&s, &out->covered);
        out->runs = calloc(s.count + 1, sizeof *out->runs);
        out->entries = calloc(s.count + 1, sizeof *out->entries);
        err = out->runs == NULL || out->entries == NULL ? GMM_ENOMEM : GMM_OK;
    }
    for (size_t i = 0; err == GMM_OK && i < s.count; i++)
        err = load(node, &s.places[i], out);
    free(s.places);
    return err;
}

void proving_group_close(struct proving_group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        run_free(g->runs[i]);
        store_entry_close(&g->entries[i]);
    }
    free(g->runs);
    free(g->entries);
    *g = (struct proving_group){0};
}
