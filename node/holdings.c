#include "node/holdings.h"

#include <stdlib.h>
#include <string.h>

void holdings_init(struct holdings *h)
{
    *h = (struct holdings){0};
}

void holdings_close(struct holdings *h)
{
    free(h->heads);
    free(h->things);
    *h = (struct holdings){0};
}

static bool room(void **items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

enum gmm_err holdings_add_head(struct holdings *h, const struct run_key *key, uint64_t next)
{
    void *items = h->heads;
    if (!room(&items, h->head_count, &h->head_capacity, sizeof *h->heads))
        return GMM_ENOMEM;
    h->heads = items;
    h->heads[h->head_count++] = (struct cargo_head){*key, next};
    return GMM_OK;
}

enum gmm_err holdings_add_thing(struct holdings *h, uint64_t thing)
{
    void *items = h->things;
    if (!room(&items, h->thing_count, &h->thing_capacity, sizeof *h->things))
        return GMM_ENOMEM;
    h->things = items;
    h->things[h->thing_count++] = thing;
    return GMM_OK;
}

static int compare_heads(const void *a, const void *b)
{
    return cargo_head_compare(a, b);
}

static int compare_things(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void holdings_sort(struct holdings *h)
{
    size_t kept = 0;
    if (h->head_count > 1)
        qsort(h->heads, h->head_count, sizeof *h->heads, compare_heads);
    if (h->thing_count > 1)
        qsort(h->things, h->thing_count, sizeof *h->things, compare_things);
    for (size_t i = 0; i < h->thing_count; i++)
        if (kept == 0 || h->things[kept - 1] != h->things[i])
            h->things[kept++] = h->things[i];
    h->thing_count = kept;
}

uint64_t holdings_next(const struct holdings *h, const struct run_key *key)
{
    const struct cargo_head wanted = {.key = *key};
    const struct cargo_head *found =
        h->head_count == 0 ? NULL : bsearch(&wanted, h->heads, h->head_count, sizeof *h->heads, compare_heads);
    return found == NULL ? 0 : found->next;
}

bool holdings_has(const struct holdings *h, const struct gmm_id *name)
{
    uint64_t thing = cargo_thing(name);
    return h->thing_count > 0 && bsearch(&thing, h->things, h->thing_count, sizeof thing, compare_things) != NULL;
}

enum gmm_err holdings_copy(struct holdings *out, const struct holdings *h)
{
    enum gmm_err err = GMM_OK;
    holdings_init(out);
    for (size_t i = 0; err == GMM_OK && i < h->head_count; i++)
        err = holdings_add_head(out, &h->heads[i].key, h->heads[i].next);
    for (size_t i = 0; err == GMM_OK && i < h->thing_count; i++)
        err = holdings_add_thing(out, h->things[i]);
    if (err != GMM_OK)
        holdings_close(out);
    return err;
}

struct gathering {
    const struct view *view;
    struct gmm_id pid, sign_pk;
};

static bool may_have(const struct gathering *g, const struct gmm_id *gid)
{
    return id_is_zero(gid) || view_office_may_have(g->view, gid, &g->sign_pk, &g->pid);
}

enum gmm_err holdings_of(struct holdings *out, struct node *node, const struct view_office *office)
{
    const struct logs *logs = engine_logs(node->engine);
    const struct directory *directory = engine_directory(node->engine);
    const struct forks *forks = engine_forks(node->engine);
    struct gathering g = {engine_view(node->engine), office->pid, office->sign_pk};
    enum gmm_err err = g.view == NULL ? GMM_ESTATE : GMM_OK;
    holdings_init(out);
    for (size_t i = 0; err == GMM_OK && i < logs_count(logs); i++) {
        const struct logs_log *log = logs_at(logs, i);
        uint64_t next = log->persisted.seq == LOGS_NO_SEQ ? 0 : log->persisted.seq + 1;
        next = next < log->end ? next : log->end;
        if (next > 0 && may_have(&g, &log->key.group))
            err = holdings_add_head(out, &log->key, next);
    }
    for (size_t i = 0; err == GMM_OK && i < directory_count(directory); i++)
        err = holdings_add_thing(out, cargo_thing(&directory_at(directory, i)->hash));
    for (size_t i = 0; err == GMM_OK && i < forks_count(forks); i++)
        if (may_have(&g, &forks_at(forks, i)->key.group))
            err = holdings_add_thing(out, cargo_thing(&forks_at(forks, i)->hash));
    if (err == GMM_OK)
        holdings_sort(out);
    else
        holdings_close(out);
    return err;
}

void holdings_encode(struct buffer *out, const struct holdings *h)
{
    buffer_put_u32(out, (uint32_t)h->head_count);
    for (size_t i = 0; i < h->head_count && out->failed == GMM_OK; i++) {
        buffer_put_id(out, &h->heads[i].key.group);
        buffer_put_id(out, &h->heads[i].key.author);
        buffer_put_u64(out, h->heads[i].key.instance);
        buffer_put_u64(out, h->heads[i].next);
    }
    buffer_put_u32(out, (uint32_t)h->thing_count);
    for (size_t i = 0; i < h->thing_count && out->failed == GMM_OK; i++)
        buffer_put_u64(out, h->things[i]);
}

enum gmm_err holdings_decode(struct holdings *out, struct bytes_in *in)
{
    enum gmm_err err = GMM_OK;
    holdings_init(out);
    uint32_t count = bytes_get_u32(in);
    for (uint32_t i = 0; err == GMM_OK && i < count && !in->failed; i++) {
        struct run_key key;
        bytes_get_id(in, &key.group);
        bytes_get_id(in, &key.author);
        key.instance = bytes_get_u64(in);
        uint64_t next = bytes_get_u64(in);
        err = in->failed ? GMM_ECORRUPT : holdings_add_head(out, &key, next);
    }
    count = bytes_get_u32(in);
    for (uint32_t i = 0; err == GMM_OK && i < count && !in->failed; i++) {
        uint64_t thing = bytes_get_u64(in);
        err = in->failed ? GMM_ECORRUPT : holdings_add_thing(out, thing);
    }
    if (err == GMM_OK && in->failed)
        err = GMM_ECORRUPT;
    if (err == GMM_OK)
        holdings_sort(out);
    else
        holdings_close(out);
    return err;
}
