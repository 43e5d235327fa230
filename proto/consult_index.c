#include "proto/consult_index.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int by_order(const void *a, const void *b)
{
    const struct consult_fact *x = *(const struct consult_fact *const *)a, *y = *(const struct consult_fact *const *)b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return id_compare(&x->id, &y->id);
}

static int by_id(const void *a, const void *b)
{
    const struct consult_fact *x = *(const struct consult_fact *const *)a, *y = *(const struct consult_fact *const *)b;
    return id_compare(&x->id, &y->id);
}

enum gmm_err consult_index_make(struct consult_index *out, const struct consult_facts *facts)
{
    *out = (struct consult_index){.facts = facts};
    out->order = calloc(facts->count + 1, sizeof *out->order);
    out->by_id = calloc(facts->count + 1, sizeof *out->by_id);
    if (out->order == NULL || out->by_id == NULL) {
        consult_index_close(out);
        return GMM_ENOMEM;
    }
    for (size_t i = 0; i < facts->count; i++)
        out->by_id[i] = &facts->facts[i];
    if (facts->count > 1)
        qsort(out->by_id, facts->count, sizeof *out->by_id, by_id);
    for (size_t i = 0; i < facts->count; i++)
        if (i == 0 || !id_equal(&out->by_id[i]->id, &out->by_id[out->count - 1]->id))
            out->by_id[out->count++] = out->by_id[i];
    for (size_t i = 0; i < out->count; i++)
        out->order[i] = out->by_id[i];
    if (out->count > 1)
        qsort(out->order, out->count, sizeof *out->order, by_order);
    return GMM_OK;
}

void consult_index_close(struct consult_index *x)
{
    free(x->order);
    free(x->by_id);
    *x = (struct consult_index){0};
}

const struct consult_fact *consult_index_find(const struct consult_index *x, const struct gmm_id *id)
{
    size_t low = 0, high = x->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&x->by_id[middle]->id, id);
        if (order == 0)
            return x->by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const struct consult_fact *find_version(const struct consult_index *x, const struct gmm_id *id)
{
    const struct consult_fact *fact = consult_index_find(x, id);
    return fact != NULL && fact->kind == CONSULT_VERSION ? fact : NULL;
}

const struct consult_fact *consult_index_original(const struct consult_index *x, const struct gmm_id *document)
{
    const struct consult_fact *text = find_version(x, document);
    if (text == NULL || id_is_zero(&text->as.version.translates))
        return text;
    return find_version(x, &text->as.version.translates);
}

static bool is_text_of(const struct consult_fact *fact, const struct gmm_id *original)
{
    return fact->kind == CONSULT_VERSION &&
           (id_equal(&fact->id, original) || id_equal(&fact->as.version.translates, original));
}

static bool same_lang(const struct record_text *a, const struct record_text *b)
{
    return a->len == b->len && (a->len == 0 || strncasecmp(a->p, b->p, a->len) == 0);
}

uint64_t consult_index_complete(const struct consult_index *x, const struct gmm_id *original,
                                const struct record_text *langs, uint32_t count)
{
    uint64_t complete = 1;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t since = 0;
        for (size_t k = 0; k < x->count && since == 0; k++)
            if (is_text_of(x->order[k], original) && same_lang(&x->order[k]->as.version.lang, &langs[i]))
                since = consult_index_ms(x->order[k]);
        if (since == 0)
            return 0;
        complete = since > complete ? since : complete;
    }
    return complete;
}

/* By anchors. */
static uint64_t held_since(const struct consult_index *x, const struct gmm_id *original, const struct gmm_id *pid)
{
    uint64_t since = 0;
    for (size_t i = 0; i < x->facts->holding_count; i++) {
        const struct consult_holding *h = &x->facts->holdings[i];
        const struct consult_fact *text = id_equal(&h->pid, pid) ? find_version(x, &h->document) : NULL;
        if (text != NULL && is_text_of(text, original) && (since == 0 || h->since_ms < since))
            since = h->since_ms;
    }
    return since;
}

/* By what it wrote about it; the facts ascend in time. */
static uint64_t said_since(const struct consult_index *x, const struct gmm_id *original, const struct gmm_id *pid)
{
    for (size_t i = 0; i < x->count; i++) {
        const struct consult_fact *fact = x->order[i];
        if (!id_equal(&fact->author, pid))
            continue;
        if (is_text_of(fact, original)) /* who wrote it has it */
            return consult_index_ms(fact);
        const struct consult_fact *text = fact->kind == CONSULT_RECEIPT ? find_version(x, &fact->document) : NULL;
        if (text != NULL && is_text_of(text, original))
            return consult_index_ms(fact);
    }
    return 0;
}

uint64_t consult_index_stored(const struct consult_index *x, const struct gmm_id *original, const struct gmm_id *pid)
{
    uint64_t said = said_since(x, original, pid), held = held_since(x, original, pid);
    return held != 0 && (said == 0 || held < said) ? held : said;
}

bool consult_index_counts(const struct consult_index *x, const struct gmm_id *pid, uint64_t at_ms)
{
    for (size_t i = 0; i < x->facts->party_count; i++) {
        const struct consult_party *p = &x->facts->parties[i];
        if (id_equal(&p->pid, pid) && !p->observer && p->from_ms <= at_ms && at_ms < p->until_ms)
            return true;
    }
    return false;
}
