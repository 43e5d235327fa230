#include "proto/forks.h"

#include <stdlib.h>
#include <string.h>

struct forks {
    struct fork_proof **list; /* sorted by log, f, name */
    size_t count, cap;
};

struct forks *forks_new(void)
{
    return calloc(1, sizeof(struct forks));
}

void forks_free(struct forks *forks)
{
    if (forks == NULL)
        return;
    for (size_t i = 0; i < forks->count; i++)
        free(forks->list[i]);
    free(forks->list);
    free(forks);
}

static int compare(const struct fork_proof *a, const struct fork_proof *b)
{
    int order = run_key_compare(&a->key, &b->key);
    if (order == 0)
        order = (a->first_seq > b->first_seq) - (a->first_seq < b->first_seq);
    return order != 0 ? order : id_compare(&a->hash, &b->hash);
}

/* Where a proof stands, or belongs. */
static size_t slot_of(const struct forks *forks, const struct fork_proof *proof)
{
    size_t low = 0, high = forks->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(forks->list[middle], proof) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t forks_of(const struct forks *forks, const struct run_key *key, size_t *count)
{
    const struct fork_proof probe = {.key = *key};
    size_t first = slot_of(forks, &probe), end = first;
    while (end < forks->count && run_key_compare(&forks->list[end]->key, key) == 0)
        end++;
    *count = end - first;
    return first;
}

/* Forked logs of one author in one group: they lie side by side. */
static unsigned instances(const struct forks *forks, const struct run_key *key)
{
    const struct fork_proof probe = {.key = {.group = key->group, .author = key->author}};
    unsigned count = 0;
    for (size_t i = slot_of(forks, &probe); i < forks->count; i++) {
        const struct run_key *other = &forks->list[i]->key;
        if (!id_equal(&other->group, &key->group) || !id_equal(&other->author, &key->author))
            break;
        count += i == 0 || run_key_compare(&forks->list[i - 1]->key, other) != 0;
    }
    return count;
}

static struct fork_proof *take_at(struct forks *forks, size_t index)
{
    struct fork_proof *taken = forks->list[index];
    forks->count--;
    memmove(forks->list + index, forks->list + index + 1, (forks->count - index) * sizeof(struct fork_proof *));
    return taken;
}

enum gmm_err forks_add(struct forks *forks, struct fork_proof *proof, struct fork_proof **evicted)
{
    size_t of_log, first = forks_of(forks, &proof->key, &of_log);
    size_t slot = slot_of(forks, proof);
    if (evicted != NULL)
        *evicted = NULL;
    if (slot < forks->count && compare(forks->list[slot], proof) == 0)
        return GMM_EEXISTS;
    if (slot == first + LIMIT_FORK_PROOFS || (of_log == 0 && instances(forks, &proof->key) >= LIMIT_INSTANCES))
        return GMM_ELIMIT;
    if (forks->count == forks->cap) {
        size_t cap = forks->cap == 0 ? 8 : 2 * forks->cap;
        struct fork_proof **grown = realloc(forks->list, cap * sizeof(struct fork_proof *));
        if (grown == NULL)
            return GMM_ENOMEM;
        forks->list = grown;
        forks->cap = cap;
    }
    memmove(forks->list + slot + 1, forks->list + slot, (forks->count - slot) * sizeof(struct fork_proof *));
    forks->list[slot] = proof;
    forks->count++;
    if (of_log == LIMIT_FORK_PROOFS) {
        struct fork_proof *last = take_at(forks, first + of_log);
        if (evicted != NULL)
            *evicted = last;
        else
            free(last);
    }
    return GMM_OK;
}

static size_t index_of(const struct forks *forks, const struct gmm_id *hash)
{
    size_t i = 0;
    while (i < forks->count && !id_equal(&forks->list[i]->hash, hash))
        i++;
    return i;
}

struct fork_proof *forks_take(struct forks *forks, const struct gmm_id *hash)
{
    size_t i = index_of(forks, hash);
    return i == forks->count ? NULL : take_at(forks, i);
}

size_t forks_count(const struct forks *forks)
{
    return forks->count;
}

const struct fork_proof *forks_at(const struct forks *forks, size_t index)
{
    return index < forks->count ? forks->list[index] : NULL;
}

const struct fork_proof *forks_find(const struct forks *forks, const struct gmm_id *hash)
{
    return forks_at(forks, index_of(forks, hash));
}
