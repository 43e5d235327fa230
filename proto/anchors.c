#include "proto/anchors.h"

#include <stdlib.h>
#include <string.h>

#define TABLE_FIRST 64u /* slots, a power of two */

struct anchors {
    struct anchors_log **logs; /* in order of coming */
    size_t log_count, log_cap;
    struct anchors_log **by_key; /* open addressing, at most half full, like by_id */
    size_t key_slots;
    struct anchors_record **records; /* all of them, dropped ones too */
    size_t record_count, record_cap;
    struct anchors_record **by_id;
    size_t id_slots;
};

struct anchors *anchors_new(void)
{
    struct anchors *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->by_key = calloc(TABLE_FIRST, sizeof *a->by_key);
    a->by_id = calloc(TABLE_FIRST, sizeof *a->by_id);
    a->key_slots = a->id_slots = TABLE_FIRST;
    if (a->by_key == NULL || a->by_id == NULL) {
        anchors_free(a);
        return NULL;
    }
    return a;
}

static void record_free(struct anchors_record *record)
{
    if (record == NULL)
        return;
    free(record->holders);
    free(record);
}

void anchors_free(struct anchors *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->log_count; i++) {
        free(a->logs[i]->points);
        free(a->logs[i]->records);
        free(a->logs[i]);
    }
    for (size_t i = 0; i < a->record_count; i++)
        record_free(a->records[i]);
    free(a->logs);
    free(a->records);
    free(a->by_key);
    free(a->by_id);
    free(a);
}

static size_t key_hash(const struct run_key *key)
{
    static const uint8_t secret[crypto_shorthash_KEYBYTES] = {0};
    uint8_t bytes[32 + 32 + 8], out[crypto_shorthash_BYTES];
    memcpy(bytes, key->group.b, 32);
    memcpy(bytes + 32, key->author.b, 32);
    bytes_store_u64(bytes + 64, key->instance);
    crypto_shorthash(out, bytes, sizeof bytes, secret);
    return (size_t)bytes_load_u64(out);
}

static struct anchors_log **key_slot(struct anchors_log **table, size_t slots, const struct run_key *key)
{
    size_t i = key_hash(key) & (slots - 1);
    while (table[i] != NULL && run_key_compare(&table[i]->key, key) != 0)
        i = (i + 1) & (slots - 1);
    return &table[i];
}

/* The record of that id that is not dropped, or the empty slot behind those that are. */
static struct anchors_record **id_slot(struct anchors_record **table, size_t slots, const struct gmm_id *id)
{
    size_t i = (size_t)bytes_load_u64(id->b) & (slots - 1);
    while (table[i] != NULL && (table[i]->dropped || !id_equal(&table[i]->id, id)))
        i = (i + 1) & (slots - 1);
    return &table[i];
}

static bool key_room(struct anchors *a)
{
    if (2 * (a->log_count + 1) <= a->key_slots)
        return true;
    size_t slots = 2 * a->key_slots;
    struct anchors_log **table = calloc(slots, sizeof(struct anchors_log *));
    if (table == NULL)
        return false;
    for (size_t i = 0; i < a->log_count; i++)
        *key_slot(table, slots, &a->logs[i]->key) = a->logs[i];
    free(a->by_key);
    a->by_key = table;
    a->key_slots = slots;
    return true;
}

static bool id_room(struct anchors *a)
{
    if (2 * (a->record_count + 1) <= a->id_slots)
        return true;
    size_t slots = 2 * a->id_slots;
    struct anchors_record **table = calloc(slots, sizeof(struct anchors_record *));
    if (table == NULL)
        return false;
    for (size_t i = 0; i < a->record_count; i++)
        if (!a->records[i]->dropped)
            *id_slot(table, slots, &a->records[i]->id) = a->records[i];
    free(a->by_id);
    a->by_id = table;
    a->id_slots = slots;
    return true;
}

/* Room for `more` elements of this size behind count; NULL when memory ends (the array stays as it was). */
static void *room(void *array, size_t count, size_t more, size_t *cap, size_t size)
{
    if (count + more <= *cap && array != NULL)
        return array;
    size_t wanted = *cap == 0 ? 4 : 2 * *cap;
    if (wanted < count + more)
        wanted = count + more;
    void *grown = realloc(array, wanted * size);
    if (grown != NULL)
        *cap = wanted;
    return grown;
}

static struct anchors_log *get_log(struct anchors *a, const struct run_key *key)
{
    struct anchors_log **slot = key_slot(a->by_key, a->key_slots, key);
    if (*slot != NULL)
        return *slot;
    void *logs = room(a->logs, a->log_count, 1, &a->log_cap, sizeof(struct anchors_log *));
    if (logs == NULL || (a->logs = logs, !key_room(a)))
        return NULL;
    struct anchors_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return NULL;
    log->key = *key;
    *key_slot(a->by_key, a->key_slots, key) = log;
    a->logs[a->log_count++] = log;
    return log;
}

const struct anchors_log *anchors_find(const struct anchors *a, const struct run_key *log)
{
    return *key_slot(a->by_key, a->key_slots, log);
}

size_t anchors_log_count(const struct anchors *a)
{
    return a->log_count;
}

const struct anchors_log *anchors_log_at(const struct anchors *a, size_t index)
{
    return index < a->log_count ? a->logs[index] : NULL;
}

const struct anchors_record *anchors_record(const struct anchors *a, const struct gmm_id *id)
{
    return *id_slot(a->by_id, a->id_slots, id);
}

/* Makes room for a point in each of the logs named, so that putting them cannot fail half way. */
static enum gmm_err prepare_points(struct anchors *a, const struct gmm_id *group, const struct control_anchor *body)
{
    for (uint16_t i = 0; i < body->count; i++) {
        struct control_anchor_head head;
        control_anchor_head_at(body, i, &head);
        struct run_key key = {.group = *group, .author = head.author, .instance = head.instance};
        struct anchors_log *log = get_log(a, &key);
        if (log == NULL)
            return GMM_ENOMEM;
        /* One log may be named several times: room for all of the record's is room enough. */
        size_t more = 1;
        for (uint16_t k = i; k > 0; k--) {
            struct control_anchor_head before;
            control_anchor_head_at(body, (uint16_t)(k - 1), &before);
            if (before.instance != head.instance || !id_equal(&before.author, &head.author))
                break;
            more++;
        }
        void *points = room(log->points, log->point_count, more, &log->point_cap, sizeof *log->points);
        if (points == NULL)
            return GMM_ENOMEM;
        log->points = points;
    }
    return GMM_OK;
}

static void put_points(struct anchors *a, const struct gmm_id *group, const struct control_anchor *body,
                       const struct anchors_record *record)
{
    for (uint16_t i = 0; i < body->count; i++) {
        struct control_anchor_head head;
        control_anchor_head_at(body, i, &head);
        struct run_key key = {.group = *group, .author = head.author, .instance = head.instance};
        struct anchors_log *log = *key_slot(a->by_key, a->key_slots, &key);
        log->points[log->point_count++] = (struct anchors_point){head.seq, head.id, record};
    }
}

static struct anchors_record *record_new(const struct header *header, const struct gmm_id *id,
                                         const struct control_anchor *body)
{
    bool report = body->kind == CONTROL_ANCHOR_REPORT;
    size_t ids = report ? body->count : body->new_count;
    struct anchors_record *record = calloc(1, sizeof *record);
    if (record == NULL)
        return NULL;
    record->id = *id;
    record->seq = header->seq;
    record->time = header->time;
    record->kind = body->kind;
    record->names_heads = !report && body->count > 0;
    if (ids + body->mark_len == 0)
        return record;
    record->holders = malloc(ids * sizeof *record->holders + body->mark_len);
    if (record->holders == NULL) {
        free(record);
        return NULL;
    }
    memcpy(record->holders, report ? body->list : body->new_holders, ids * sizeof *record->holders);
    record->marks =
        memcpy(record->holders + ids, body->marks == NULL ? (const uint8_t *)"" : body->marks, body->mark_len);
    record->holder_count = report ? 0 : body->new_count;
    record->report_count = report ? body->count : 0;
    record->mark_len = body->mark_len;
    return record;
}

/* Behind the records of a lower seq; at once when they come in order. */
static void put_record(struct anchors_log *log, struct anchors_record *record)
{
    size_t i = log->record_count++;
    while (i > 0 && log->records[i - 1]->seq > record->seq) {
        log->records[i] = log->records[i - 1];
        i--;
    }
    log->records[i] = record;
    record->log = log;
}

enum gmm_err anchors_add(struct anchors *a, const struct header *header, const struct gmm_id *id, const void *body,
                         size_t len)
{
    struct control_anchor anchor;
    struct run_key key;
    run_key_of(&key, header);
    if (control_anchor_decode(&anchor, body, len) != GMM_OK ||
        (anchor.kind == CONTROL_ANCHOR_REPORT && header->type != HEADER_GROUP_ANCHOR) || anchors_record(a, id) != NULL)
        return GMM_OK;
    struct anchors_log *log = get_log(a, &key);
    void *all = room(a->records, a->record_count, 1, &a->record_cap, sizeof(struct anchors_record *));
    if (all != NULL)
        a->records = all;
    if (log == NULL || all == NULL || !id_room(a))
        return GMM_ENOMEM;
    void *own = room(log->records, log->record_count, 1, &log->record_cap, sizeof(struct anchors_record *));
    if (own == NULL)
        return GMM_ENOMEM;
    log->records = own;
    if (anchor.kind == CONTROL_ANCHOR_HEADS && prepare_points(a, &key.group, &anchor) != GMM_OK)
        return GMM_ENOMEM;
    struct anchors_record *record = record_new(header, id, &anchor);
    if (record == NULL)
        return GMM_ENOMEM;
    put_record(log, record);
    a->records[a->record_count++] = record;
    *id_slot(a->by_id, a->id_slots, id) = record;
    if (anchor.kind == CONTROL_ANCHOR_HEADS)
        put_points(a, &key.group, &anchor, record);
    return GMM_OK;
}

void anchors_drop(struct anchors *a, const struct run_key *key, uint64_t from_seq)
{
    struct anchors_log *log = *key_slot(a->by_key, a->key_slots, key);
    while (log != NULL && log->record_count > 0 && log->records[log->record_count - 1]->seq >= from_seq)
        log->records[--log->record_count]->dropped = true;
}

bool anchors_solid(const struct anchors *a, const struct run_key *key, uint64_t head_seq, uint64_t *seq)
{
    const struct anchors_log *log = anchors_find(a, key);
    size_t i = log == NULL ? 0 : log->record_count;
    *seq = head_seq;
    for (; i > 0 && log->records[i - 1]->seq >= *seq; i--) {
        if (log->records[i - 1]->seq > *seq)
            continue;
        if (*seq == 0)
            return false;
        (*seq)--;
    }
    return true;
}
