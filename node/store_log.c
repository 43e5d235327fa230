#include <stdlib.h>
#include <string.h>

#include "node/store_private.h"

enum gmm_err store_put_object(struct store *store, const struct gmm_id *hash, const void *bytes, size_t len)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_PUT_OBJECT, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, hash);
    store_bind_blob(stmt, 2, bytes, len);
    return store_run_stmt(store, stmt);
}

/* What the column "closed" may say. */
#define LOG_CLOSED 1
#define LOG_GAPS 2 /* entries may stand there whose body is not here */

struct log_row {
    int64_t no;
    struct logs_head head;
    uint64_t arrival;
    bool closed, has_gaps;
};

/* Columns from `at` on: head_seq, head_id, head_time, head_sig, arrival, closed. */
static bool read_head(sqlite3_stmt *stmt, int at, struct log_row *out)
{
    int64_t seq = sqlite3_column_int64(stmt, at);
    out->head.seq = seq < 0 ? LOGS_NO_SEQ : (uint64_t)seq;
    out->head.time = store_col_u64(stmt, at + 2);
    out->arrival = store_col_u64(stmt, at + 4);
    int flags = sqlite3_column_int(stmt, at + 5);
    out->closed = (flags & LOG_CLOSED) != 0;
    out->has_gaps = (flags & LOG_GAPS) != 0;
    return store_col_id(stmt, at + 1, &out->head.id) && store_col_bytes(stmt, at + 3, out->head.sig, HASH_SIG_BYTES);
}

static enum gmm_err find_log(struct store *store, const struct run_key *key, struct log_row *out)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_FIND_LOG, &err);
    if (stmt == NULL)
        return err;
    store_bind_u64(stmt, 1, key->instance);
    store_bind_id(stmt, 2, &key->author);
    store_bind_id(stmt, 3, &key->group);
    if (store_row(store, stmt, &err)) {
        out->no = sqlite3_column_int64(stmt, 0);
        if (!read_head(stmt, 1, out))
            err = store_fault_as(store, GMM_ECORRUPT, "the row of a log");
    } else if (err == GMM_OK) {
        err = GMM_ENOTFOUND;
    }
    sqlite3_reset(stmt);
    return err;
}

static enum gmm_err get_log(struct store *store, const struct run_key *key, struct log_row *out)
{
    enum gmm_err err = find_log(store, key, out);
    if (err != GMM_ENOTFOUND)
        return err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_ADD_LOG, &err);
    if (stmt == NULL)
        return err;
    store_bind_u64(stmt, 1, key->instance);
    store_bind_id(stmt, 2, &key->author);
    store_bind_id(stmt, 3, &key->group);
    if ((err = store_run_stmt(store, stmt)) != GMM_OK)
        return err;
    *out = (struct log_row){.no = sqlite3_last_insert_rowid(store->db), .head = {.seq = LOGS_NO_SEQ}};
    return GMM_OK;
}

static enum gmm_err put_entry(struct store *store, int64_t key, const struct run_entry *entry, const uint8_t *sig)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_PUT_ENTRY, &err);
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, key);
    store_bind_u64(stmt, 2, bytes_load_u64(entry->id.b));
    sqlite3_bind_int(stmt, 3, bytes_load_u16(entry->header + 2));
    store_bind_blob(stmt, 4, entry->header, HEADER_BYTES);
    store_bind_blob(stmt, 5, sig, HASH_SIG_BYTES);
    store_bind_blob(stmt, 6, entry->body, entry->body_len);
    return store_run_stmt(store, stmt);
}

static enum gmm_err add_tally(struct store *store, const struct gmm_id *epoch_id, uint32_t count)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_ADD_TALLY, &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, epoch_id);
    sqlite3_bind_int64(stmt, 2, count);
    return store_run_stmt(store, stmt);
}

/* One row a stretch of entries under one epoch: mostly a run is that. */
static enum gmm_err tally(struct store *store, const struct admitted *run)
{
    struct gmm_id epoch = {{0}}, next;
    uint32_t count = 0;
    enum gmm_err err = GMM_OK;
    for (uint32_t i = 0; i < admitted_count(run) && err == GMM_OK; i++) {
        memcpy(next.b, admitted_entry(run, i)->header + HEADER_EPOCH_AT, sizeof next.b);
        if (count > 0 && !id_equal(&next, &epoch)) {
            err = add_tally(store, &epoch, count);
            count = 0;
        }
        epoch = next;
        count += !id_is_zero(&epoch); /* plain */
    }
    return err == GMM_OK && count > 0 ? add_tally(store, &epoch, count) : err;
}

static enum gmm_err set_head(struct store *store, const struct log_row *log)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_SET_HEAD, &err);
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, log->no);
    if (log->head.seq == LOGS_NO_SEQ)
        sqlite3_bind_int64(stmt, 2, -1);
    else
        store_bind_u64(stmt, 2, log->head.seq);
    store_bind_id(stmt, 3, &log->head.id);
    store_bind_u64(stmt, 4, log->head.time);
    store_bind_blob(stmt, 5, log->head.sig, HASH_SIG_BYTES);
    store_bind_u64(stmt, 6, log->arrival);
    return store_run_stmt(store, stmt);
}

static bool has_gaps(const struct admitted *run)
{
    for (uint32_t i = 0; i < admitted_count(run); i++)
        if (admitted_entry(run, i)->body == NULL)
            return true;
    return false;
}

static enum gmm_err mark_gaps(struct store *store, int64_t no, bool on)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store,
                                       on ? "UPDATE log SET closed = closed | 2 WHERE no = ?1"
                                          : "UPDATE log SET closed = closed & ~2 WHERE no = ?1",
                                       &err);
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, no);
    err = store_run_stmt(store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_put_run(struct store *store, const struct admitted *run, uint64_t arrival)
{
    struct log_row log;
    uint64_t first = admitted_first_seq(run);
    uint32_t count = admitted_count(run);
    enum gmm_err err = get_log(store, admitted_key(run), &log);
    if (err != GMM_OK)
        return err;
    /* The gate saw to it; that the store agrees is what keeps a log from forking on disk. */
    if ((log.head.seq == LOGS_NO_SEQ ? 0 : log.head.seq + 1) != first)
        return store_fault_as(store, GMM_EORDER, "a run that does not continue its log");
    for (uint32_t i = 0; i < count && err == GMM_OK; i++)
        err = put_entry(store, store_key(log.no, first + i), admitted_entry(run, i),
                        i + 1 == count && run_is_signed(admitted_sig(run)) ? admitted_sig(run) : NULL);
    if (err == GMM_OK)
        err = tally(store, run);
    if (err == GMM_OK && !log.has_gaps && has_gaps(run))
        err = mark_gaps(store, log.no, true);
    admitted_head(run, &log.head);
    log.arrival = arrival;
    return err == GMM_OK ? set_head(store, &log) : err;
}

/* The entry at seq becomes the head. */
static enum gmm_err head_at(struct store *store, struct log_row *log, uint64_t seq)
{
    enum gmm_err err;
    uint8_t header[HEADER_BYTES];
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_GET_RANGE, &err);
    if (stmt == NULL)
        return err;
    log->head = (struct logs_head){.seq = seq};
    sqlite3_bind_int64(stmt, 1, store_key(log->no, seq));
    sqlite3_bind_int64(stmt, 2, store_key(log->no, seq));
    if (store_row(store, stmt, &err) && store_col_bytes(stmt, 1, header, sizeof header)) {
        header_id(&log->head.id, header);
        log->head.time = bytes_load_u64(header + HEADER_TIME_AT);
        if (!store_col_bytes(stmt, 2, log->head.sig, HASH_SIG_BYTES))
            memset(log->head.sig, 0, HASH_SIG_BYTES);
    } else if (err == GMM_OK) {
        err = store_fault_as(store, GMM_ECORRUPT, "a log has a gap");
    }
    sqlite3_reset(stmt);
    return err;
}

enum gmm_err store_cut_log(struct store *store, const struct run_key *key, uint64_t from_seq)
{
    struct log_row log = {0};
    enum gmm_err err = find_log(store, key, &log);
    sqlite3_stmt *stmt = err == GMM_OK ? store_stmt(store, STORE_SQL_DROP_CURSORS, &err) : NULL;
    if (stmt != NULL)
        err = store_run_stmt(store, stmt);
    if (err != GMM_OK || log.head.seq == LOGS_NO_SEQ || log.head.seq < from_seq)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    if ((stmt = store_stmt(store, STORE_SQL_CUT_LOG, &err)) == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, store_key(log.no, from_seq));
    sqlite3_bind_int64(stmt, 2, store_key(log.no, log.head.seq));
    err = store_run_stmt(store, stmt);
    if (err == GMM_OK && from_seq == 0)
        log.head = (struct logs_head){.seq = LOGS_NO_SEQ};
    else if (err == GMM_OK)
        err = head_at(store, &log, from_seq - 1);
    return err == GMM_OK ? set_head(store, &log) : err;
}

enum gmm_err store_raise_log(struct store *store, const struct run_key *key, uint64_t arrival)
{
    struct log_row log;
    enum gmm_err err = find_log(store, key, &log);
    sqlite3_stmt *stmt = err == GMM_OK ? store_stmt(store, STORE_SQL_RAISE_LOG, &err) : NULL;
    if (stmt == NULL)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    sqlite3_bind_int64(stmt, 1, log.no);
    store_bind_u64(stmt, 2, arrival);
    return store_run_stmt(store, stmt);
}

enum gmm_err store_close_log(struct store *store, const struct run_key *key)
{
    struct log_row log;
    enum gmm_err err = get_log(store, key, &log);
    sqlite3_stmt *stmt = err == GMM_OK ? store_stmt(store, STORE_SQL_CLOSE_LOG, &err) : NULL;
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, log.no);
    return store_run_stmt(store, stmt);
}

/* Walks */

enum gmm_err store_each_object(struct store *store, store_object_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT bytes FROM object ORDER BY no", &err);
    while (store_row(store, stmt, &err)) {
        size_t len;
        const uint8_t *bytes = store_col_blob(stmt, 0, &len);
        err = bytes == NULL ? store_fault_as(store, GMM_ECORRUPT, "an object") : fn(arg, bytes, len);
    }
    sqlite3_finalize(stmt);
    return err;
}

static bool read_key(sqlite3_stmt *stmt, int at, struct run_key *key)
{
    key->instance = store_col_u64(stmt, at);
    return store_col_id(stmt, at + 1, &key->author) && store_col_id(stmt, at + 2, &key->group);
}

enum gmm_err store_each_log(struct store *store, store_log_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt =
        store_prepare(store,
                      "SELECT instance, author, grp, head_seq, head_id, head_time, head_sig, arrival, closed "
                      "FROM log ORDER BY arrival",
                      &err);
    while (store_row(store, stmt, &err)) {
        struct run_key key;
        struct log_row log;
        if (!read_key(stmt, 0, &key) || !read_head(stmt, 3, &log))
            err = store_fault_as(store, GMM_ECORRUPT, "the row of a log");
        else if (log.head.seq != LOGS_NO_SEQ || log.closed)
            err = fn(arg, &key, &log.head, log.arrival, log.closed);
    }
    sqlite3_finalize(stmt);
    return err;
}

/* Columns: header, body. */
static enum gmm_err give_entry(struct store *store, sqlite3_stmt *stmt, store_entry_fn *fn, void *arg)
{
    uint8_t header[HEADER_BYTES];
    struct gmm_id id;
    size_t len;
    if (!store_col_bytes(stmt, 0, header, sizeof header))
        return store_fault_as(store, GMM_ECORRUPT, "the header of an entry");
    const uint8_t *body = store_col_blob(stmt, 1, &len);
    header_id(&id, header);
    return fn(arg, header, &id, body, len);
}

enum gmm_err store_each_plain(struct store *store, store_entry_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store,
                                       "SELECT header, body FROM entry WHERE key IN "
                                       "(SELECT key FROM entry INDEXED BY entry_plain WHERE type < 64) ORDER BY key",
                                       &err);
    while (store_row(store, stmt, &err))
        err = give_entry(store, stmt, fn, arg);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_each_entry(struct store *store, const struct run_key *key, uint64_t from_seq, store_entry_fn *fn,
                              void *arg)
{
    struct log_row log;
    enum gmm_err err = find_log(store, key, &log);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    sqlite3_stmt *stmt = store_prepare(
        store, "SELECT header, iif(hidden = 0, body, NULL) FROM entry WHERE key BETWEEN ?1 AND ?2 ORDER BY key", &err);
    if (stmt != NULL && log.head.seq != LOGS_NO_SEQ && from_seq <= log.head.seq) {
        sqlite3_bind_int64(stmt, 1, store_key(log.no, from_seq));
        sqlite3_bind_int64(stmt, 2, store_key(log.no, log.head.seq));
        while (store_row(store, stmt, &err))
            err = give_entry(store, stmt, fn, arg);
    }
    sqlite3_finalize(stmt);
    return err;
}

/* Runs as replication wants them */

/* Where a run from here ends: the last signed head up to `to` within the bytes, else the first one. exact: `to` is as
 * good as a signed head. */
static enum gmm_err find_end(struct store *store, int64_t from, int64_t to, size_t max_bytes, bool exact, int64_t *end)
{
    enum gmm_err err;
    size_t bytes = 0;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_GET_SIZES, &err);
    if (stmt == NULL)
        return err;
    *end = -1;
    sqlite3_bind_int64(stmt, 1, from);
    sqlite3_bind_int64(stmt, 2, to);
    while (store_row(store, stmt, &err)) {
        bytes += (size_t)sqlite3_column_int64(stmt, 2);
        if (*end >= 0 && bytes > max_bytes)
            break;
        if (sqlite3_column_int(stmt, 1) != 0 || (exact && sqlite3_column_int64(stmt, 0) == to))
            *end = sqlite3_column_int64(stmt, 0);
    }
    sqlite3_reset(stmt);
    return err == GMM_OK && *end < 0 ? GMM_ENOTFOUND : err;
}

static void sources_free(struct run_source *sources, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        free((void *)(uintptr_t)sources[i].header);
}

/* One allocation an entry: header, then body. */
static enum gmm_err read_source(struct store *store, sqlite3_stmt *stmt, bool headers, struct run_source *out)
{
    size_t len = 0;
    const uint8_t *body = headers ? NULL : store_col_blob(stmt, 3, &len);
    uint8_t *copy = malloc(HEADER_BYTES + len + 1);
    if (copy == NULL)
        return GMM_ENOMEM;
    if (!store_col_bytes(stmt, 1, copy, HEADER_BYTES)) {
        free(copy);
        return store_fault_as(store, GMM_ECORRUPT, "the header of an entry");
    }
    if (body != NULL)
        memcpy(copy + HEADER_BYTES, body, len);
    *out = (struct run_source){copy, body == NULL ? NULL : copy + HEADER_BYTES, (uint32_t)len};
    if (body == NULL)
        out->body_len = bytes_load_u32(copy + LIMIT_HEADER_PREFIX_BYTES);
    return GMM_OK;
}

static enum gmm_err read_run(struct store *store, int64_t from, int64_t end, bool headers, bool exact, struct run **out)
{
    struct run_source sources[LIMIT_RUN_ENTRIES];
    uint8_t sig[HASH_SIG_BYTES];
    uint32_t count = 0;
    bool signed_end = false;
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_GET_RANGE, &err);
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, from);
    sqlite3_bind_int64(stmt, 2, end);
    while (count < LIMIT_RUN_ENTRIES && store_row(store, stmt, &err)) {
        if ((err = read_source(store, stmt, headers, &sources[count])) != GMM_OK)
            break;
        count++;
        signed_end = store_col_bytes(stmt, 2, sig, sizeof sig);
    }
    sqlite3_reset(stmt);
    if (err == GMM_OK && exact && !signed_end) {
        memset(sig, 0, sizeof sig);
        signed_end = true;
    }
    if (err == GMM_OK && (!signed_end || count != (uint32_t)(end - from + 1)))
        err = store_fault_as(store, GMM_ECORRUPT, "a log has a gap");
    if (err == GMM_OK)
        err = run_make(out, sources, count, sig);
    sources_free(sources, count);
    return err;
}

enum gmm_err store_load_run(struct store *store, const struct run_key *key, uint64_t from_seq, uint64_t to_seq,
                            size_t max_bytes, struct run **out)
{
    return store_load_part(store, key, from_seq, to_seq, max_bytes, false, false, out);
}

enum gmm_err store_load_part(struct store *store, const struct run_key *key, uint64_t from_seq, uint64_t to_seq,
                             size_t max_bytes, bool headers, bool exact, struct run **out)
{
    struct log_row log = {0};
    int64_t end = -1;
    *out = NULL;
    enum gmm_err err = find_log(store, key, &log);
    if (err != GMM_OK)
        return err;
    if (log.head.seq == LOGS_NO_SEQ || from_seq > log.head.seq)
        return GMM_ENOTFOUND; /* asked by a peer, perhaps: no seq of its choice may reach into the next log */
    uint64_t last = from_seq | (LIMIT_RUN_ENTRIES - 1);
    last = last < to_seq ? last : to_seq;
    exact = exact && last == to_seq;
    err = find_end(store, store_key(log.no, from_seq), store_key(log.no, last), headers ? SIZE_MAX : max_bytes, exact,
                   &end);
    return err == GMM_OK ? read_run(store, store_key(log.no, from_seq), end, headers, exact, out) : err;
}

/* By id */

enum gmm_err store_load_entry(struct store *store, const struct gmm_id *id, struct store_entry *out)
{
    enum gmm_err err;
    bool found = false;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_GET_BY_ID, &err);
    *out = (struct store_entry){0};
    if (stmt == NULL)
        return err;
    store_bind_u64(stmt, 1, bytes_load_u64(id->b));
    while (!found && store_row(store, stmt, &err)) {
        size_t len;
        if (!store_col_bytes(stmt, 0, out->header, HEADER_BYTES))
            continue;
        header_id(&out->id, out->header);
        if (!id_equal(&out->id, id))
            continue;
        found = true;
        const uint8_t *body = store_col_blob(stmt, 1, &len);
        if (body == NULL)
            continue;
        if ((out->body = malloc(len + 1)) == NULL) {
            err = GMM_ENOMEM;
            break;
        }
        memcpy(out->body, body, len);
        out->body_len = len;
    }
    sqlite3_reset(stmt);
    return err == GMM_OK && !found ? GMM_ENOTFOUND : err;
}

enum gmm_err store_find_entry(struct store *store, const struct gmm_id *id, struct store_place *out)
{
    enum gmm_err err;
    bool found = false;
    *out = (struct store_place){.hidden = STORE_SHOWN};
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_FIND_ENTRY, &err);
    if (stmt == NULL)
        return err;
    store_bind_u64(stmt, 1, bytes_load_u64(id->b));
    while (!found && store_row(store, stmt, &err)) {
        uint8_t header[HEADER_BYTES];
        struct gmm_id is;
        if (!store_col_bytes(stmt, 0, header, sizeof header))
            continue;
        header_id(&is, header);
        found = id_equal(&is, id);
        out->key = sqlite3_column_int64(stmt, 1);
        out->hidden = (enum store_hidden)sqlite3_column_int(stmt, 2);
        out->has_body = sqlite3_column_int(stmt, 3) != 0;
    }
    sqlite3_reset(stmt);
    return err == GMM_OK && !found ? GMM_ENOTFOUND : err;
}

enum gmm_err store_put_body(struct store *store, const struct gmm_id *id, const void *body, size_t len)
{
    struct store_place place;
    enum gmm_err err = store_find_entry(store, id, &place);
    sqlite3_stmt *stmt =
        err == GMM_OK
            ? store_prepare(store, "UPDATE entry SET body = ?2 WHERE key = ?1 AND body IS NULL AND hidden = 0", &err)
            : NULL;
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, place.key);
    store_bind_blob(stmt, 2, body, len);
    err = store_run_stmt(store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_count_gaps(struct store *store, const struct run_key *key, uint64_t *gaps)
{
    struct log_row log = {0};
    *gaps = 0;
    enum gmm_err err = find_log(store, key, &log);
    if (err != GMM_OK || !log.has_gaps)
        return err;
    sqlite3_stmt *stmt = store_prepare(
        store, "SELECT count(*) FROM entry WHERE key BETWEEN ?1 AND ?2 AND body IS NULL AND hidden = 0", &err);
    if (stmt == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, store_key(log.no, 0));
    sqlite3_bind_int64(stmt, 2, store_key(log.no + 1, 0) - 1);
    if (store_row(store, stmt, &err))
        *gaps = store_col_u64(stmt, 0);
    sqlite3_finalize(stmt);
    return err == GMM_OK && *gaps == 0 && store_in_transaction(store) ? mark_gaps(store, log.no, false) : err;
}

void store_entry_close(struct store_entry *entry)
{
    free(entry->body);
    entry->body = NULL;
}

/* The numbers that the first 16 hex digits of such ids may have. The index orders them as signed: two ranges at most.
 */
static enum gmm_err find_range(struct store *store, uint64_t low, uint64_t high, const char *hex, struct gmm_id *out,
                               size_t max, size_t *count)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(store, "SELECT header FROM entry WHERE id8 BETWEEN ?1 AND ?2", &err);
    if (stmt == NULL)
        return err;
    store_bind_u64(stmt, 1, low);
    store_bind_u64(stmt, 2, high);
    while (*count < max && store_row(store, stmt, &err)) {
        uint8_t header[HEADER_BYTES];
        struct gmm_id id;
        char text[GMM_ID_HEX + 1];
        if (!store_col_bytes(stmt, 0, header, sizeof header))
            continue;
        header_id(&id, header);
        id_to_hex(&id, text);
        if (strncmp(text, hex, strlen(hex)) == 0)
            out[(*count)++] = id;
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err store_find_prefix(struct store *store, const char *hex, struct gmm_id *out, size_t max, size_t *count)
{
    char low[17] = "0000000000000000", high[17] = "ffffffffffffffff";
    size_t len = strlen(hex);
    *count = 0;
    if (len < 8 || len > GMM_ID_HEX || strspn(hex, "0123456789abcdef") != len)
        return GMM_EUSAGE;
    memcpy(low, hex, len < 16 ? len : 16);
    memcpy(high, hex, len < 16 ? len : 16);
    return find_range(store, strtoull(low, NULL, 16), strtoull(high, NULL, 16), hex, out, max, count);
}

uint64_t store_entry_count(struct store *store)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(store, STORE_SQL_COUNT, &err);
    uint64_t count = stmt != NULL && store_row(store, stmt, &err) ? store_col_u64(stmt, 0) : 0;
    if (stmt != NULL)
        sqlite3_reset(stmt);
    return count;
}
