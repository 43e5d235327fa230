#include "tests/sim/disk.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    uint8_t header[HEADER_BYTES];
    struct gmm_id id;
    uint8_t *body;
    uint32_t body_len;
    bool has_sig;
    uint8_t sig[HASH_SIG_BYTES];
};
/* One write of the journal: copies of what the effect said. */
struct write {
    struct run_key key;
    struct entry *entries;
    uint32_t count;
    uint64_t arrival;
    uint8_t *object;
    size_t object_len;
    uint64_t floor;
    bool has_secret, has_cursor, closed, has_cut, raised;
    uint64_t cut_from;
    uint8_t *proof;
    size_t proof_len;
    struct gmm_id id;
    uint8_t secret[32];
    uint8_t cursor[64];
    size_t cursor_len;
    size_t place; /* of the STORE that it belongs to */
};
struct log {
    struct run_key key;
    const struct entry **entries;
    size_t count;
    uint64_t arrival;
    bool closed;
};
struct disk {
    struct write *writes;
    size_t count, capacity, place, synced;
    struct log *logs;
    size_t log_count;
};

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

struct disk *disk_new(void)
{
    return must(calloc(1, sizeof(struct disk)));
}

static void write_close(struct write *w)
{
    for (uint32_t i = 0; i < w->count; i++)
        free(w->entries[i].body);
    free(w->entries);
    free(w->object);
    free(w->proof);
}

static void drop_index(struct disk *disk)
{
    for (size_t i = 0; i < disk->log_count; i++)
        free(disk->logs[i].entries);
    free(disk->logs);
    disk->logs = NULL;
    disk->log_count = 0;
}

void disk_free(struct disk *disk)
{
    if (disk == NULL)
        return;
    for (size_t i = 0; i < disk->count; i++)
        write_close(&disk->writes[i]);
    free(disk->writes);
    drop_index(disk);
    free(disk);
}

bool disk_find_log(const struct disk *disk, const struct run_key *key, size_t *log)
{
    for (size_t i = 0; i < disk->log_count; i++)
        if (run_key_compare(&disk->logs[i].key, key) == 0) {
            *log = i;
            return true;
        }
    return false;
}

static struct log *index_log(struct disk *disk, const struct run_key *key)
{
    size_t at;
    if (disk_find_log(disk, key, &at))
        return &disk->logs[at];
    disk->logs = must(realloc(disk->logs, (disk->log_count + 1) * sizeof *disk->logs));
    disk->logs[disk->log_count] = (struct log){.key = *key};
    return &disk->logs[disk->log_count++];
}

static void index_write(struct disk *disk, const struct write *w)
{
    if (w->count > 0) {
        struct log *log = index_log(disk, &w->key);
        log->arrival = w->arrival;
        log->entries = must(realloc(log->entries, (log->count + w->count) * sizeof *log->entries));
        for (uint32_t i = 0; i < w->count; i++)
            log->entries[log->count++] = &w->entries[i];
    }
    if (w->raised)
        index_log(disk, &w->key)->arrival = w->arrival;
    if (w->has_cut && index_log(disk, &w->key)->count > w->cut_from)
        index_log(disk, &w->key)->count = w->cut_from;
    if (w->closed)
        index_log(disk, &w->key)->closed = true;
}

static struct write *add(struct disk *disk)
{
    if (disk->count == disk->capacity) {
        disk->capacity = disk->capacity == 0 ? 64 : 2 * disk->capacity;
        disk->writes = must(realloc(disk->writes, disk->capacity * sizeof *disk->writes));
    }
    struct write *w = &disk->writes[disk->count++];
    memset(w, 0, sizeof *w);
    w->place = disk->place;
    return w;
}

static void add_run(struct disk *disk, const struct admitted *run, uint64_t arrival)
{
    struct write *w = add(disk);
    w->key = *admitted_key(run);
    w->count = admitted_count(run);
    w->arrival = arrival;
    w->entries = must(calloc(w->count, sizeof *w->entries));
    for (uint32_t i = 0; i < w->count; i++) {
        const struct run_entry *from = admitted_entry(run, i);
        struct entry *to = &w->entries[i];
        memcpy(to->header, from->header, sizeof to->header);
        to->id = from->id;
        to->body_len = from->body_len;
        if (from->body != NULL)
            memcpy(to->body = must(malloc(from->body_len + 1u)), from->body, from->body_len);
    }
    w->entries[w->count - 1].has_sig = run_is_signed(admitted_sig(run));
    memcpy(w->entries[w->count - 1].sig, admitted_sig(run), HASH_SIG_BYTES);
    index_write(disk, w);
}

size_t disk_write(struct disk *disk, const struct engine *engine, const struct effect *store)
{
    const struct engine_store *s = &store->as.store;
    disk->place++;
    for (uint32_t i = 0; i < s->object_count; i++) {
        const struct directory_object *object = directory_find(engine_directory(engine), &s->object_hashes[i]);
        if (object == NULL)
            continue;
        struct write *w = add(disk);
        memcpy(w->object = must(malloc(object->len)), object->bytes, object->len);
        w->object_len = object->len;
    }
    for (uint32_t i = 0; i < s->secret_count; i++) {
        const uint8_t *secret = engine_secret(engine, &s->secret_ids[i]);
        if (secret == NULL)
            abort();
        struct write *w = add(disk);
        w->has_secret = true;
        w->id = s->secret_ids[i];
        memcpy(w->secret, secret, 32);
    }
    for (uint32_t i = 0; i < s->run_count; i++)
        add_run(disk, s->runs[i], s->arrivals[i]);
    if (s->floor != 0)
        add(disk)->floor = s->floor;
    if (s->has_cursor) {
        struct write *w = add(disk);
        w->has_cursor = true;
        w->id = s->cursor_peer;
        memcpy(w->cursor, s->cursor, s->cursor_len);
        w->cursor_len = s->cursor_len;
    }
    for (uint32_t i = 0; i < s->proof_count; i++) {
        const struct fork_proof *proof = forks_find(engine_forks(engine), &s->proof_hashes[i]);
        if (proof == NULL)
            continue;
        struct write *w = add(disk);
        memcpy(w->proof = must(malloc(proof->len)), proof->bytes, proof->len);
        w->proof_len = proof->len;
    }
    for (uint32_t i = 0; i < s->raised_count; i++) {
        struct write *w = add(disk);
        w->raised = true;
        w->key = s->raised[i];
        w->arrival = s->raised_arrivals[i];
        index_write(disk, w);
    }
    if (s->has_cut) {
        struct write *w = add(disk);
        w->has_cut = true;
        w->key = s->cut;
        w->cut_from = s->cut_from;
        index_write(disk, w);
    }
    if (s->has_closed) {
        struct write *w = add(disk);
        w->closed = true;
        w->key = s->closed;
        index_write(disk, w);
    }
    return disk->place;
}

void disk_sync(struct disk *disk, size_t place)
{
    if (place > disk->synced)
        disk->synced = place;
}

size_t disk_synced(const struct disk *disk)
{
    return disk->synced;
}

size_t disk_length(const struct disk *disk)
{
    return disk->place;
}

void disk_crash(struct disk *disk, size_t place)
{
    if (place < disk->synced)
        place = disk->synced;
    while (disk->count > 0 && disk->writes[disk->count - 1].place > place)
        write_close(&disk->writes[--disk->count]);
    disk->place = place;
    drop_index(disk);
    for (size_t i = 0; i < disk->count; i++)
        index_write(disk, &disk->writes[i]);
}

static void feed(struct engine *engine, struct effects *effects, struct engine_event *event, uint64_t now_ms)
{
    event->now_ms = now_ms;
    if (engine_step(engine, event, effects) == GMM_ENOMEM)
        abort();
    effects_reset(effects);
}

static void restore_tallies(const struct log *log, struct engine *engine, struct effects *effects, uint64_t now_ms)
{
    for (size_t i = 0; i < log->count; i++) {
        struct engine_event event = {.kind = ENGINE_RESTORE_TALLY, .as.tally.entries = 1};
        memcpy(event.as.tally.epoch_id.b, log->entries[i]->header + HEADER_EPOCH_AT, GMM_ID_BYTES);
        if (!id_is_zero(&event.as.tally.epoch_id))
            feed(engine, effects, &event, now_ms);
    }
}

static void restore_plains(const struct log *log, struct engine *engine, struct effects *effects, uint64_t now_ms)
{
    for (size_t i = 0; i < log->count; i++) {
        const struct entry *entry = log->entries[i];
        if (bytes_load_u16(entry->header + 2) >= 64)
            continue;
        struct engine_event event = {.kind = ENGINE_RESTORE_ENTRY,
                                     .as.entry = {entry->header, entry->id, entry->body, entry->body_len}};
        feed(engine, effects, &event, now_ms);
    }
}

static void restore_log(const struct log *log, struct engine *engine, struct effects *effects, uint64_t now_ms)
{
    if (log->count == 0)
        return;
    const struct entry *last = log->entries[log->count - 1];
    struct engine_event event = {.kind = ENGINE_RESTORE_LOG};
    event.as.restore_log.key = log->key;
    event.as.restore_log.arrival = log->arrival;
    event.as.restore_log.closed = log->closed;
    event.as.restore_log.head =
        (struct logs_head){.seq = log->count - 1, .id = last->id, .time = bytes_load_u64(last->header + 152)};
    memcpy(event.as.restore_log.head.sig, last->sig, HASH_SIG_BYTES);
    feed(engine, effects, &event, now_ms);
}

void disk_restore(const struct disk *disk, struct engine *engine, struct effects *effects, uint64_t now_ms)
{
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < disk->count; i++) {
            const struct write *w = &disk->writes[i];
            if (w->object == NULL || (w->object[0] == DIRECTORY_CHARTER) != (pass == 0))
                continue;
            struct engine_event event = {.kind = ENGINE_RESTORE_OBJECT, .bytes = w->object, .len = w->object_len};
            feed(engine, effects, &event, now_ms);
        }
    for (size_t i = 0; i < disk->log_count; i++)
        restore_log(&disk->logs[i], engine, effects, now_ms);
    for (size_t i = 0; i < disk->log_count; i++)
        restore_plains(&disk->logs[i], engine, effects, now_ms);
    for (size_t i = 0; i < disk->log_count; i++)
        restore_tallies(&disk->logs[i], engine, effects, now_ms);
    size_t cut = 0; /* cursors of before the last cut are gone */
    for (size_t i = 0; i < disk->count; i++) {
        const struct write *w = &disk->writes[i];
        struct engine_event event = {.kind = ENGINE_RESTORE_PROOF, .bytes = w->proof, .len = w->proof_len};
        if (w->proof != NULL)
            feed(engine, effects, &event, now_ms);
        cut = w->has_cut ? i : cut;
    }
    for (size_t i = 0; i < disk->count; i++) {
        const struct write *w = &disk->writes[i];
        struct engine_event event = {.kind = ENGINE_RESTORE_SECRET, .as.secret = {w->id, w->secret}};
        if (w->has_secret)
            feed(engine, effects, &event, now_ms);
        struct engine_event cursor = {.kind = ENGINE_RESTORE_CURSOR, .as.cursor = {w->id, w->cursor, w->cursor_len}};
        if (w->has_cursor && i >= cut)
            feed(engine, effects, &cursor, now_ms);
    }
}

struct run *disk_load(const struct disk *disk, const struct run_key *key, uint64_t from_seq, uint64_t to_seq,
                      bool headers, bool exact)
{
    static const uint8_t no_sig[HASH_SIG_BYTES];
    size_t at;
    struct run_source sources[LIMIT_RUN_ENTRIES];
    struct run *run = NULL;
    if (!disk_find_log(disk, key, &at) || from_seq >= disk->logs[at].count)
        return NULL;
    const struct log *log = &disk->logs[at];
    /* The last signed head in this block of 256 that is not past to_seq. */
    uint64_t best = UINT64_MAX;
    for (uint64_t end = from_seq; end < log->count && end <= to_seq && end / 256 == from_seq / 256; end++)
        if (log->entries[end]->has_sig || (exact && end == to_seq))
            best = end;
    if (best == UINT64_MAX)
        return NULL;
    for (uint64_t i = from_seq; i <= best; i++)
        sources[i - from_seq] = (struct run_source){log->entries[i]->header, headers ? NULL : log->entries[i]->body,
                                                    log->entries[i]->body_len};
    const uint8_t *sig = log->entries[best]->has_sig ? log->entries[best]->sig : no_sig;
    return run_make(&run, sources, (uint32_t)(best - from_seq + 1), sig) == GMM_OK ? run : NULL;
}

size_t disk_logs(const struct disk *disk)
{
    return disk->log_count;
}

const struct run_key *disk_log_key(const struct disk *disk, size_t log, uint64_t *count)
{
    *count = disk->logs[log].count;
    return &disk->logs[log].key;
}

const struct gmm_id *disk_entry_id(const struct disk *disk, size_t log, uint64_t seq)
{
    return seq < disk->logs[log].count ? &disk->logs[log].entries[seq]->id : NULL;
}

const uint8_t *disk_entry_header(const struct disk *disk, size_t log, uint64_t seq)
{
    return disk->logs[log].entries[seq]->header;
}

const uint8_t *disk_entry_body(const struct disk *disk, size_t log, uint64_t seq, size_t *len)
{
    *len = disk->logs[log].entries[seq]->body_len;
    return disk->logs[log].entries[seq]->body;
}

const uint8_t *disk_secret(const struct disk *disk, const struct gmm_id *epoch_id)
{
    for (size_t i = 0; i < disk->count; i++)
        if (disk->writes[i].has_secret && id_equal(&disk->writes[i].id, epoch_id))
            return disk->writes[i].secret;
    return NULL;
}

uint64_t disk_floor(const struct disk *disk)
{
    uint64_t floor = 0;
    for (size_t i = 0; i < disk->count; i++)
        floor = disk->writes[i].floor > floor ? disk->writes[i].floor : floor;
    return floor;
}

bool disk_holds(const struct disk *disk, const struct gmm_id *id)
{
    for (size_t i = 0; i < disk->log_count; i++)
        for (size_t k = 0; k < disk->logs[i].count; k++)
            if (id_equal(&disk->logs[i].entries[k]->id, id))
                return true;
    return false;
}

static void *copy_bytes(const void *bytes, size_t len)
{
    return bytes == NULL ? NULL : memcpy(must(malloc(len + 1)), bytes, len);
}

struct disk *disk_copy(const struct disk *disk)
{
    struct disk *made = disk_new();
    made->place = made->synced = disk->place;
    for (size_t i = 0; i < disk->count; i++) {
        const struct write *from = &disk->writes[i];
        struct write *w = add(made);
        *w = *from;
        w->object = copy_bytes(from->object, from->object_len);
        w->proof = copy_bytes(from->proof, from->proof_len);
        w->entries = copy_bytes(from->entries, from->count * sizeof *from->entries);
        for (uint32_t k = 0; k < from->count; k++)
            w->entries[k].body = copy_bytes(from->entries[k].body, from->entries[k].body_len);
        index_write(made, w);
    }
    return made;
}
