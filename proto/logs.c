#include "proto/logs.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_FIRST 64u /* slots, a power of two */

/* A log with its neighbours: the other instances of its author in its group, and the group's logs by arrival. */
struct node {
    struct logs_log log; /* first: a pointer to it is one to the node */
    struct node *next_instance;
    struct node *older, *newer;
    struct group *group;
};

/* The persisted logs of one group, newest arrival last. */
struct group {
    struct gmm_id gid;
    struct node *newest;
};

struct logs {
    struct node **nodes; /* in order of creation */
    size_t count, cap;
    struct node **table; /* (group, author) → its first instance; open addressing */
    size_t slots, used;
    struct group **groups; /* sorted by gid */
    size_t group_count, group_cap;
    uint64_t last_arrival;
};

struct logs *logs_new(void)
{
    struct logs *logs = calloc(1, sizeof *logs);
    if (logs == NULL)
        return NULL;
    logs->table = calloc(TABLE_FIRST, sizeof *logs->table);
    if (logs->table == NULL) {
        free(logs);
        return NULL;
    }
    logs->slots = TABLE_FIRST;
    return logs;
}

void logs_free(struct logs *logs)
{
    if (logs == NULL)
        return;
    for (size_t i = 0; i < logs->count; i++)
        free(logs->nodes[i]);
    for (size_t i = 0; i < logs->group_count; i++)
        free(logs->groups[i]);
    free(logs->nodes);
    free(logs->table);
    free(logs->groups);
    free(logs);
}

static size_t slot_hash(const struct gmm_id *group, const struct gmm_id *author)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] = {0};
    uint8_t both[2 * GMM_ID_BYTES], out[crypto_shorthash_BYTES];
    memcpy(both, group->b, GMM_ID_BYTES);
    memcpy(both + GMM_ID_BYTES, author->b, GMM_ID_BYTES);
    crypto_shorthash(out, both, sizeof both, key);
    return (size_t)bytes_load_u64(out);
}

/* The slot of (group, author): its chain, or the empty slot where it belongs. */
static struct node **slot_of(struct node **table, size_t slots, const struct gmm_id *group, const struct gmm_id *author)
{
    size_t i = slot_hash(group, author) & (slots - 1);
    while (table[i] != NULL &&
           !(id_equal(&table[i]->log.key.author, author) && id_equal(&table[i]->log.key.group, group)))
        i = (i + 1) & (slots - 1);
    return &table[i];
}

static struct node *chain(const struct logs *logs, const struct gmm_id *group, const struct gmm_id *author)
{
    return *slot_of(logs->table, logs->slots, group, author);
}

static struct node *find(const struct logs *logs, const struct run_key *key)
{
    struct node *node = chain(logs, &key->group, &key->author);
    while (node != NULL && node->log.key.instance != key->instance)
        node = node->next_instance;
    return node;
}

struct logs_log *logs_find(const struct logs *logs, const struct run_key *key)
{
    struct node *node = find(logs, key);
    return node == NULL ? NULL : &node->log;
}

/* Keeps the table at most half full. */
static bool table_room(struct logs *logs)
{
    if (2 * (logs->used + 1) <= logs->slots)
        return true;
    size_t slots = 2 * logs->slots;
    struct node **table = calloc(slots, sizeof *table);
    if (table == NULL)
        return false;
    for (size_t i = 0; i < logs->slots; i++)
        if (logs->table[i] != NULL) {
            const struct run_key *key = &logs->table[i]->log.key;
            *slot_of(table, slots, &key->group, &key->author) = logs->table[i];
        }
    free(logs->table);
    logs->table = table;
    logs->slots = slots;
    return true;
}

/* Room for one more pointer behind count of them. */
static bool array_room(void **array, size_t count, size_t *cap)
{
    if (count < *cap)
        return true;
    size_t more = *cap == 0 ? 16 : 2 * *cap;
    void *grown = realloc(*array, more * sizeof(void *));
    if (grown == NULL)
        return false;
    *array = grown;
    *cap = more;
    return true;
}

static size_t group_index(const struct logs *logs, const struct gmm_id *gid)
{
    size_t low = 0, high = logs->group_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (id_compare(&logs->groups[middle]->gid, gid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct group *group_find(const struct logs *logs, const struct gmm_id *gid)
{
    size_t i = group_index(logs, gid);
    return i < logs->group_count && id_equal(&logs->groups[i]->gid, gid) ? logs->groups[i] : NULL;
}

static struct group *group_get(struct logs *logs, const struct gmm_id *gid)
{
    struct group *group = group_find(logs, gid);
    if (group != NULL)
        return group;
    void *array = logs->groups;
    if (!array_room(&array, logs->group_count, &logs->group_cap))
        return NULL;
    logs->groups = array;
    group = calloc(1, sizeof *group);
    if (group == NULL)
        return NULL;
    group->gid = *gid;
    size_t i = group_index(logs, gid);
    memmove(logs->groups + i + 1, logs->groups + i, (logs->group_count - i) * sizeof *logs->groups);
    logs->groups[i] = group;
    logs->group_count++;
    return group;
}

struct logs_log *logs_get(struct logs *logs, const struct run_key *key)
{
    struct node *node = find(logs, key);
    if (node != NULL)
        return &node->log;
    void *array = logs->nodes;
    if (!table_room(logs) || !array_room(&array, logs->count, &logs->cap))
        return NULL;
    logs->nodes = array;
    struct group *group = group_get(logs, &key->group);
    node = group == NULL ? NULL : calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    node->log.index = logs->count;
    node->log.key = *key;
    node->log.admitted.seq = node->log.persisted.seq = LOGS_NO_SEQ;
    node->log.end = UINT64_MAX;
    node->group = group;
    struct node **slot = slot_of(logs->table, logs->slots, &key->group, &key->author);
    logs->used += *slot == NULL;
    node->next_instance = *slot;
    *slot = node;
    logs->nodes[logs->count++] = node;
    return &node->log;
}

size_t logs_count(const struct logs *logs)
{
    return logs->count;
}

struct logs_log *logs_at(const struct logs *logs, size_t index)
{
    return index < logs->count ? &logs->nodes[index]->log : NULL;
}

static void unlink_arrival(struct node *node)
{
    if (node->newer != NULL)
        node->newer->older = node->older;
    else if (node->group->newest == node)
        node->group->newest = node->older;
    if (node->older != NULL)
        node->older->newer = node->newer;
    node->older = node->newer = NULL;
}

/* Behind every log with a smaller number; at once when numbers rise. */
static void link_arrival(struct node *node)
{
    struct node *newer = NULL, *older = node->group->newest;
    while (older != NULL && older->log.arrival > node->log.arrival) {
        newer = older;
        older = older->older;
    }
    node->older = older;
    node->newer = newer;
    if (older != NULL)
        older->newer = node;
    if (newer != NULL)
        newer->older = node;
    else
        node->group->newest = node;
}

void logs_persist(struct logs *logs, struct logs_log *log, const struct logs_head *head, uint64_t arrival)
{
    struct node *node = (struct node *)log;
    unlink_arrival(node);
    log->persisted = *head;
    log->arrival = arrival;
    link_arrival(node);
    if (arrival > logs->last_arrival)
        logs->last_arrival = arrival;
}

void logs_rollback(struct logs *logs)
{
    for (size_t i = 0; i < logs->count; i++) {
        logs->nodes[i]->log.admitted = logs->nodes[i]->log.persisted;
        logs->nodes[i]->log.cutting = false;
    }
}

void logs_cut(struct logs *logs, struct logs_log *log, const struct logs_head *head)
{
    struct node *node = (struct node *)log;
    (void)logs;
    unlink_arrival(node);
    log->admitted = log->persisted = *head;
    log->cutting = false;
    if (head->seq != LOGS_NO_SEQ)
        link_arrival(node);
}

uint64_t logs_last_arrival(const struct logs *logs)
{
    return logs->last_arrival;
}

unsigned logs_instances(const struct logs *logs, const struct gmm_id *group, const struct gmm_id *author)
{
    unsigned open = 0;
    for (const struct node *node = chain(logs, group, author); node != NULL; node = node->next_instance)
        open += !node->log.closed && !node->log.forked && node->log.admitted.seq != LOGS_NO_SEQ;
    return open;
}

struct logs_log *logs_newest(const struct logs *logs, const struct gmm_id *group)
{
    const struct group *found = group_find(logs, group);
    return found == NULL || found->newest == NULL ? NULL : &found->newest->log;
}

struct logs_log *logs_older(const struct logs_log *log)
{
    const struct node *node = (const struct node *)log;
    return node->older == NULL ? NULL : &node->older->log;
}
