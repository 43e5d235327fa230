#include "proto/rulings.h"

#include <stdlib.h>
#include <string.h>

/* One unit's anchors of one log: how far they reach, and which entry they name where branches part. */
struct line {
    bool both; /* "who anchors both counts for neither" */
    uint64_t reach;
    struct gmm_id last; /* the entry there */
    bool named[LIMIT_FORK_PROOFS];
    struct gmm_id at[LIMIT_FORK_PROOFS];
};
/* A forked log: the proofs, and the places where they say that branches part. */
struct dispute {
    const struct forks *forks;
    size_t first, proof_count;
    uint64_t places[LIMIT_FORK_PROOFS]; /* ascending */
    unsigned place_count;
};

static struct dispute dispute_of(const struct forks *forks, const struct run_key *log)
{
    struct dispute d = {.forks = forks};
    d.first = forks_of(forks, log, &d.proof_count);
    for (size_t i = 0; i < d.proof_count; i++) {
        uint64_t seq = forks_at(forks, d.first + i)->first_seq;
        if (d.place_count == 0 || d.places[d.place_count - 1] != seq)
            d.places[d.place_count++] = seq;
    }
    return d;
}

enum gmm_err rulings_make(struct rulings *r, const struct forks *forks)
{
    size_t count = forks == NULL ? 0 : forks_count(forks), of_log = 0;
    *r = (struct rulings){.forks = forks};
    r->list = calloc(count + 1, sizeof *r->list);
    if (r->list == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i += of_log) {
        const struct fork_proof *proof = forks_at(forks, i);
        forks_of(forks, &proof->key, &of_log);
        struct view_fork *fork = &r->list[r->count++];
        *fork = (struct view_fork){.log = proof->key, .first_seq = proof->first_seq, .end = proof->first_seq};
        fork->last_id = proof->first_seq == 0 ? (struct gmm_id){{0}} : proof->prev;
    }
    return GMM_OK;
}

void rulings_close(struct rulings *r)
{
    free(r->list);
    *r = (struct rulings){0};
}

static void name(struct line *line, unsigned place, const struct gmm_id *id)
{
    line->both = line->both || (line->named[place] && !id_equal(&line->at[place], id));
    line->named[place] = true;
    line->at[place] = *id;
}

/* Which entry a claim names where branches part: itself, or the one that its proven branch begins with. */
static void read_claim(struct line *line, const struct dispute *d, const struct claims_one *claim)
{
    for (unsigned j = 0; j < d->place_count; j++)
        if (claim->seq == d->places[j])
            name(line, j, &claim->id);
    for (size_t i = 0; i < d->proof_count; i++) {
        const struct fork_proof *proof = forks_at(d->forks, d->first + i);
        int branch = fork_branch_of(proof, claim->seq, &claim->id);
        for (unsigned j = 0; branch >= 0 && j < d->place_count; j++)
            if (d->places[j] == proof->first_seq)
                name(line, j, &proof->branches[branch].ids[0]);
    }
}

/* One line a unit that claims anything; their number. */
static size_t read_lines(struct line *lines, const struct dispute *d, const struct claims *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct claims_one *claim = &c->list[i];
        bool same = i > 0 && c->list[i - 1].unit == claim->unit;
        if (!same)
            lines[count++] = (struct line){0};
        struct line *line = &lines[count - 1];
        line->both =
            line->both || (same && c->list[i - 1].seq == claim->seq && !id_equal(&c->list[i - 1].id, &claim->id));
        line->reach = claim->seq;
        line->last = claim->id;
        read_claim(line, d, claim);
    }
    return count;
}

/* Narrows the lines to those that name one entry at a place, when enough of them do. */
static size_t agree(struct line *lines, size_t count, unsigned place, unsigned need, struct gmm_id *id)
{
    for (size_t i = 0; i < count; i++) {
        size_t with = 0;
        for (size_t k = 0; k < count && lines[i].named[place] && !lines[i].both; k++)
            with += !lines[k].both && lines[k].named[place] && id_equal(&lines[k].at[place], &lines[i].at[place]);
        if (with < need)
            continue;
        *id = lines[i].at[place];
        size_t kept = 0;
        for (size_t k = 0; k < count; k++)
            if (!lines[k].both && lines[k].named[place] && id_equal(&lines[k].at[place], id))
                lines[kept++] = lines[k];
        return kept;
    }
    return 0;
}

static int farthest_first(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int order = (x->reach < y->reach) - (x->reach > y->reach);
    return order != 0 ? order : id_compare(&x->last, &y->last);
}

static void judge_one(struct view_fork *fork, const struct dispute *d, const struct claims *c, struct line *lines)
{
    /* "all of them where there are fewer than two" */
    unsigned need = c->units < 2 ? c->units : c->units / 2 + 1;
    size_t count = read_lines(lines, d, c);
    for (unsigned j = 0; j < d->place_count && need > 0; j++) {
        struct gmm_id id;
        if ((count = agree(lines, count, j, need, &id)) == 0)
            break;
        qsort(lines, count, sizeof *lines, farthest_first);
        const struct line *last = &lines[need - 1];
        fork->kept[fork->kept_count].seq = d->places[j];
        fork->kept[fork->kept_count++].id = id;
        fork->end = last->reach + 1;
        fork->last_id = last->last;
        if (j + 1 == d->place_count || last->reach < d->places[j + 1])
            break;
        /* Not beyond the next place, unless they agree there too. */
        fork->end = d->places[j + 1];
        fork->last_id = (struct gmm_id){{0}};
    }
}

enum gmm_err rulings_judge(struct rulings *r, const struct anchors *anchors, const struct state *s)
{
    for (size_t i = 0; i < r->count; i++) {
        struct dispute d = dispute_of(r->forks, &r->list[i].log);
        struct claims claims;
        enum gmm_err err = claims_make(&claims, anchors, s, &r->list[i].log, UINT64_MAX);
        if (err != GMM_OK)
            return err;
        struct line *lines = calloc(claims.count + 1, sizeof *lines);
        if (lines == NULL) {
            claims_close(&claims);
            return GMM_ENOMEM;
        }
        judge_one(&r->list[i], &d, &claims, lines);
        free(lines);
        claims_close(&claims);
    }
    return GMM_OK;
}

static int compare_forks(const void *a, const void *b)
{
    const struct view_fork *x = a, *y = b;
    return run_key_compare(&x->log, &y->log);
}

const struct view_fork *rulings_find(const struct rulings *r, const struct run_key *log)
{
    struct view_fork probe = {.log = *log};
    return r->count == 0 ? NULL : bsearch(&probe, r->list, r->count, sizeof probe, compare_forks);
}

/* The entry kept where a proof's branches part; NULL: nobody agreed on one there. */
static const struct gmm_id *kept_at(const struct view_fork *fork, uint64_t seq)
{
    for (unsigned i = 0; i < fork->kept_count; i++)
        if (fork->kept[i].seq == seq)
            return &fork->kept[i].id;
    return NULL;
}

static uint64_t next_place(const struct forks *forks, size_t first, size_t count, uint64_t place)
{
    for (size_t i = first; i < first + count; i++)
        if (forks_at(forks, i)->first_seq > place)
            return forks_at(forks, i)->first_seq;
    return UINT64_MAX;
}

bool rulings_fit(const struct forks *forks, const struct view_fork *fork, uint64_t seq, const struct gmm_id *id)
{
    size_t count, first = forks_of(forks, &fork->log, &count);
    const struct gmm_id *kept = kept_at(fork, seq);
    if (kept != NULL && !id_equal(kept, id))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct fork_proof *proof = forks_at(forks, first + i);
        kept = kept_at(fork, proof->first_seq);
        if (kept == NULL || seq < proof->first_seq)
            continue;
        int branch = fork_branch_of(proof, seq, id);
        if (branch >= 0 && !id_equal(&proof->branches[branch].ids[0], kept))
            return false;
        /* The kept branch itself has another entry there; behind the next place it may have parted again. */
        for (unsigned k = 0; k < 2 && branch < 0 && seq < next_place(forks, first, count, proof->first_seq); k++)
            if (id_equal(&proof->branches[k].ids[0], kept) && seq - proof->first_seq < proof->branches[k].count)
                return false;
    }
    return true;
}

bool rulings_stand(const struct rulings *r, const struct run_key *log, uint64_t seq, const struct gmm_id *id)
{
    const struct view_fork *fork = rulings_find(r, log);
    if (fork == NULL || seq < fork->first_seq)
        return true;
    return seq < fork->end && rulings_fit(r->forks, fork, seq, id);
}
