#include "node/attesting.h"

#include <stdlib.h>
#include <string.h>

#include "proto/stored.h"

static void earlier(uint64_t *at_ms, uint64_t ms)
{
    if (*at_ms == 0 || ms < *at_ms)
        *at_ms = ms;
}

/* ---- by answers */

static int by_id(const void *a, const void *b)
{
    return id_compare(&(*(struct consult_fact *const *)a)->id, &(*(struct consult_fact *const *)b)->id);
}

/* The note that a record answers; NULL: it answers none. */
static const struct gmm_id *answered(const struct consult_fact *fact)
{
    if (fact->kind == CONSULT_DISPOSITION)
        return &fact->as.disposition.note;
    return fact->kind == CONSULT_NOTE && fact->as.note.reply ? &fact->as.note.parent : NULL;
}

/* What another participant answered is attested by the answer. */
static enum gmm_err by_answers(struct consulting *c)
{
    struct consult_fact **sorted = calloc(c->count + 1, sizeof(struct consult_fact *));
    if (sorted == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < c->count; i++)
        sorted[i] = &c->facts[i];
    if (c->count > 1)
        qsort(sorted, c->count, sizeof *sorted, by_id);
    for (size_t i = 0; i < c->count; i++) {
        const struct consult_fact *answer = &c->facts[i];
        const struct gmm_id *note = answered(answer);
        if (note == NULL)
            continue;
        struct consult_fact wanted = {.id = *note}, *key = &wanted;
        struct consult_fact **found = bsearch(&key, sorted, c->count, sizeof *sorted, by_id);
        if (found != NULL && !id_equal(&(*found)->author, &answer->author))
            earlier(&(*found)->witnessed_ms, header_time_ms(answer->time));
    }
    free(sorted);
    return GMM_OK;
}

/* ---- by anchors */

/* The logs asked about, each once: a log has many notes. */
struct log_claims {
    struct run_key log;
    struct stored_holding *list;
    size_t count;
};
struct anchored {
    struct consulting *c;
    struct log_claims *logs;
    size_t count, capacity;
};

static enum gmm_err claims_on(struct anchored *a, const struct run_key *log, const struct log_claims **out)
{
    for (size_t i = 0; i < a->count; i++)
        if (run_key_compare(&a->logs[i].log, log) == 0) {
            *out = &a->logs[i];
            return GMM_OK;
        }
    if (a->count == a->capacity) {
        size_t capacity = a->capacity == 0 ? 16 : 2 * a->capacity;
        struct log_claims *more = realloc(a->logs, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        a->logs = more;
        a->capacity = capacity;
    }
    struct log_claims *claims = &a->logs[a->count];
    *claims = (struct log_claims){.log = *log};
    enum gmm_err err = fold_holdings(engine_fold(a->c->node->engine), log, &claims->list, &claims->count);
    if (err == GMM_OK) {
        a->count++;
        *out = claims;
    }
    return err;
}

/* The claims on the log of an entry, and where it stands there. *out NULL: the entry is not held. */
static enum gmm_err claims_of(struct anchored *a, const struct gmm_id *id, const struct log_claims **out, uint64_t *seq)
{
    struct store_entry entry;
    struct header header;
    struct run_key log;
    *out = NULL;
    enum gmm_err err = store_load_entry(a->c->node->store, id, &entry);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    err = header_decode(&header, entry.header);
    store_entry_close(&entry);
    if (err != GMM_OK)
        return err;
    run_key_of(&log, &header);
    *seq = header.seq;
    return claims_on(a, &log, out);
}

static enum gmm_err add_holding(struct consulting *c, const struct gmm_id *document, const struct stored_holding *claim)
{
    for (size_t i = 0; i < c->holding_count; i++) {
        struct consult_holding *h = &c->holdings[i];
        if (id_equal(&h->document, document) && id_equal(&h->pid, &claim->pid)) {
            earlier(&h->since_ms, claim->time_ms);
            return GMM_OK;
        }
    }
    if (c->holding_count == c->holding_capacity) {
        size_t capacity = c->holding_capacity == 0 ? 16 : 2 * c->holding_capacity;
        struct consult_holding *more = realloc(c->holdings, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        c->holdings = more;
        c->holding_capacity = capacity;
    }
    c->holdings[c->holding_count++] = (struct consult_holding){*document, claim->pid, claim->time_ms};
    return GMM_OK;
}

static bool is_objection(const struct consult_fact *fact)
{
    if (fact->kind == CONSULT_RELEASE)
        return fact->as.release.position == RECORD_OBJECTION;
    return fact->kind == CONSULT_NOTE && !fact->as.note.reply && fact->as.note.position == RECORD_OBJECTION;
}

static enum gmm_err by_anchors(struct anchored *a, struct consult_fact *fact)
{
    const struct log_claims *claims;
    uint64_t seq;
    enum gmm_err err = claims_of(a, &fact->id, &claims, &seq);
    for (size_t i = 0; err == GMM_OK && claims != NULL && i < claims->count; i++) {
        if (claims->list[i].seq < seq)
            continue;
        if (fact->kind == CONSULT_VERSION)
            err = add_holding(a->c, &fact->id, &claims->list[i]);
        else
            earlier(&fact->witnessed_ms, claims->list[i].time_ms);
    }
    return err;
}

enum gmm_err attesting_fill(struct consulting *c)
{
    struct anchored a = {.c = c};
    enum gmm_err err = by_answers(c);
    for (size_t i = 0; i < c->count && err == GMM_OK; i++)
        if (c->facts[i].kind == CONSULT_VERSION || is_objection(&c->facts[i]))
            err = by_anchors(&a, &c->facts[i]);
    for (size_t i = 0; i < a.count; i++)
        free(a.logs[i].list);
    free(a.logs);
    return err;
}
