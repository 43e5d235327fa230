#include "node/projection_private.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "keys/secret.h"
#include "keys/text.h"
#include "node/atrest.h"
#include "proto/packer.h"
#include "proto/reader.h"

#define SUMMARY_MAX 65536u
#define TEXT_FIELDS 5u

static_assert(HEADER_DOCUMENT == 64 && HEADER_NOTE == 65, "as the indexes below have them");

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS p_item(no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, log INTEGER NOT NULL,"
    " seq INTEGER NOT NULL, gid BLOB NOT NULL, author BLOB NOT NULL, type INTEGER NOT NULL, time INTEGER NOT NULL,"
    " counter INTEGER NOT NULL, document BLOB, symbol BLOB, summary BLOB NOT NULL, opened INTEGER NOT NULL DEFAULT 0) "
    "STRICT;"
    "CREATE INDEX IF NOT EXISTS p_item_time ON p_item(time, counter, id);"
    "CREATE INDEX IF NOT EXISTS p_item_document ON p_item(document, time, counter) WHERE document IS NOT NULL;"
    "CREATE INDEX IF NOT EXISTS p_item_documents ON p_item(type) WHERE type = 64;" /* for counting alone */
    "CREATE INDEX IF NOT EXISTS p_item_notes ON p_item(type) WHERE type = 65;"
    "CREATE INDEX IF NOT EXISTS p_item_symbol ON p_item(symbol) WHERE symbol IS NOT NULL;"
    "CREATE TABLE IF NOT EXISTS p_log(log INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS p_gap(log INTEGER, no INTEGER, from_seq INTEGER NOT NULL, from_ms INTEGER NOT NULL,"
    " until_ms INTEGER NOT NULL, PRIMARY KEY(log, no)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS p_deferred(epoch BLOB, id BLOB, PRIMARY KEY(epoch, id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS p_group(gid BLOB PRIMARY KEY, hash BLOB NOT NULL, name BLOB NOT NULL) STRICT,"
    " WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS p_group_hash ON p_group(hash);"
    "CREATE TABLE IF NOT EXISTS p_chunk(chunk BLOB PRIMARY KEY, gid BLOB NOT NULL, document BLOB NOT NULL) STRICT,"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS p_erased(target BLOB, office BLOB, gid BLOB NOT NULL, instance INTEGER, seq INTEGER,"
    " time INTEGER NOT NULL, PRIMARY KEY(target, office, instance, seq)) STRICT, WITHOUT ROWID;";
/* What is neither a document nor a note is little beside them, and looked for by its type at each start. */
static const char others[] =
    "CREATE INDEX IF NOT EXISTS p_item_others ON p_item(type, time, counter, id) WHERE type > 65;";
static const char drop[] =
    "DROP TABLE IF EXISTS p_item; DROP TABLE IF EXISTS p_log; DROP TABLE IF EXISTS p_gap;"
    "DROP TABLE IF EXISTS p_deferred; DROP TABLE IF EXISTS p_group; DROP TABLE IF EXISTS p_chunk;"
    "DROP TABLE IF EXISTS p_erased;";

static enum gmm_err execute(struct projection *p, const char *sql)
{
    int rc = sqlite3_exec(p->store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? GMM_OK : store_fault(p->store, rc);
}

static bool has_tables(struct projection *p)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store,
                                       "SELECT count(*) FROM sqlite_schema WHERE name IN "
                                       "('p_item','p_log','p_gap','p_deferred','p_group','p_chunk','p_erased')"
                                       " AND EXISTS(SELECT 1 FROM pragma_table_info('p_item') WHERE name = 'counter')",
                                       &err);
    bool all = stmt != NULL && store_row(p->store, stmt, &err) && sqlite3_column_int(stmt, 0) == 7;
    sqlite3_finalize(stmt);
    return all;
}

/* A table that is missing was damaged or dropped, one without a column is an older program's: all are made anew, and
 * the logs are projected from the start. */
enum gmm_err projection_reset(struct projection *p)
{
    enum gmm_err err = store_begin(p->store, false);
    if (err == GMM_OK)
        err = execute(p, drop);
    if (err == GMM_OK)
        err = execute(p, schema);
    if (err == GMM_OK)
        err = execute(p, others);
    enum gmm_err end = store_commit(p->store);
    return err == GMM_OK ? end : err;
}

enum gmm_err projection_open(struct projection **out, struct store *store, const uint8_t node_secret[32],
                             struct gmm_msg *msg)
{
    struct projection *p = calloc(1, sizeof *p);
    if (p == NULL || (p->key = secret_alloc(SECRET_KEY_BYTES)) == NULL) {
        projection_close(p);
        return GMM_ENOMEM;
    }
    p->store = store;
    memcpy(p->key, node_secret, SECRET_KEY_BYTES);
    enum gmm_err err = store->read_only ? GMM_OK : has_tables(p) ? execute(p, others) : projection_reset(p);
    if (err != GMM_OK) {
        gmm_fail(msg, err, "the catalogue cannot be made: %s", store_error(store));
        projection_close(p);
        return err;
    }
    *out = p;
    return GMM_OK;
}

void projection_close(struct projection *p)
{
    if (p == NULL)
        return;
    secret_free(p->key);
    free(p);
}

void projection_item_close(struct projection_item *item)
{
    free(item->title);
    free(item->symbol);
    free(item->lang);
    free(item->person);
    free(item->name);
    item->title = item->symbol = item->lang = item->person = item->name = NULL;
}

/* The keyed hash that a symbol or a name is found by: of its normal form (NFC, outer space trimmed). */
void projection_hash_text(const struct projection *p, const char *kind, const char *text, uint8_t out[32])
{
    UErrorCode code = U_ZERO_ERROR;
    UChar wide[2048], normal[4096];
    char utf8[8192];
    int32_t len = 0;
    while (*text == ' ' || *text == '\t' || *text == '\n')
        text++;
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t' || text[n - 1] == '\n'))
        n--;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&code);
    u_strFromUTF8(wide, 2048, &len, text, (int32_t)(n < 2048 ? n : 2048), &code);
    len = unorm2_normalize(nfc, wide, len, normal, 4096, &code);
    u_strToUTF8(utf8, sizeof utf8, &len, normal, len, &code);
    struct hash hash;
    hash_init_keyed(&hash, p->key, LABEL_SUMMARY);
    hash_update(&hash, kind, strlen(kind) + 1);
    if (U_SUCCESS(code))
        hash_update(&hash, utf8, (size_t)len);
    else
        hash_update(&hash, text, n);
    hash_final(&hash, out);
    sodium_memzero(utf8, sizeof utf8);
}

/* Which note is of which document is said in sealed bodies: disk has a keyed hash of the document's id. */
void projection_hash_document(const struct projection *p, const struct gmm_id *document, uint8_t out[32])
{
    struct hash hash;
    hash_init_keyed(&hash, p->key, LABEL_SUMMARY);
    hash_update(&hash, "document", sizeof "document");
    hash_update(&hash, document->b, sizeof document->b);
    hash_final(&hash, out);
}

/* The summary: [version, para, marking, tlp, position, bytes, attachments, document, parent, revises, translates,
 * title, symbol, lang, person, name], texts as bin or nil. */
static void pack_text(struct buffer *out, const char *text)
{
    if (text == NULL)
        packer_nil(out);
    else
        packer_bin(out, text, strlen(text));
}

static enum gmm_err seal_summary(const struct projection *p, const struct projection_item *item, struct buffer *sealed)
{
    struct buffer plain;
    buffer_init(&plain, SUMMARY_MAX);
    packer_array(&plain, 16);
    packer_uint(&plain, item->version);
    packer_uint(&plain, item->para);
    packer_uint(&plain, item->marking);
    packer_uint(&plain, item->tlp);
    packer_uint(&plain, item->position);
    packer_uint(&plain, item->bytes);
    packer_uint(&plain, item->attachments);
    packer_id(&plain, &item->document);
    packer_id(&plain, &item->parent);
    packer_id(&plain, &item->revises);
    packer_id(&plain, &item->translates);
    pack_text(&plain, item->title);
    pack_text(&plain, item->symbol);
    pack_text(&plain, item->lang);
    pack_text(&plain, item->person);
    pack_text(&plain, item->name);
    enum gmm_err err = plain.failed;
    if (err == GMM_OK)
        err = atrest_seal(sealed, p->key, LABEL_SUMMARY, item->id.b, sizeof item->id.b, plain.p, plain.len);
    buffer_close_wiped(&plain);
    return err;
}

static char *next_text(struct reader *r)
{
    size_t len;
    if (reader_peek(r) == READER_NIL) {
        reader_nil(r);
        return NULL;
    }
    const uint8_t *bytes = reader_bin(r, SUMMARY_MAX, &len);
    char *text = bytes == NULL ? NULL : malloc(len + 1);
    if (text == NULL) {
        reader_fail(r, GMM_ENOMEM);
        return NULL;
    }
    memcpy(text, bytes, len);
    text[len] = '\0';
    return text;
}

static enum gmm_err open_summary(const struct projection *p, struct projection_item *item, const uint8_t *sealed,
                                 size_t len)
{
    struct reader r;
    if (len < ATREST_OVERHEAD || len > SUMMARY_MAX + ATREST_OVERHEAD)
        return GMM_ECORRUPT;
    size_t plain_len = len - ATREST_OVERHEAD;
    uint8_t *plain = malloc(plain_len + 1);
    if (plain == NULL)
        return GMM_ENOMEM;
    enum gmm_err err = atrest_open(plain, p->key, LABEL_SUMMARY, item->id.b, sizeof item->id.b, sealed, len);
    if (err == GMM_OK)
        err = reader_init(&r, plain, plain_len);
    if (err == GMM_OK) {
        if (reader_array(&r, 16) != 16)
            reader_fail(&r, GMM_ECORRUPT);
        item->version = (uint32_t)reader_uint(&r);
        item->para = (uint32_t)reader_uint(&r);
        item->marking = (unsigned)reader_uint(&r);
        item->tlp = (unsigned)reader_uint(&r);
        item->position = (unsigned)reader_uint(&r);
        item->bytes = reader_uint(&r);
        item->attachments = (uint32_t)reader_uint(&r);
        reader_id(&r, &item->document);
        reader_id(&r, &item->parent);
        reader_id(&r, &item->revises);
        reader_id(&r, &item->translates);
        item->title = next_text(&r);
        item->symbol = next_text(&r);
        item->lang = next_text(&r);
        item->person = next_text(&r);
        item->name = next_text(&r);
        err = reader_done(&r);
    }
    sodium_memzero(plain, plain_len);
    free(plain);
    return err == GMM_OK || err == GMM_ENOMEM ? err : GMM_ECORRUPT;
}

/* The log that an entry stands in, by its id. */
enum gmm_err projection_log_of(struct projection *p, const struct gmm_id *id, int64_t *no)
{
    struct store_place place;
    enum gmm_err err = store_find_entry(p->store, id, &place);
    *no = place.key >> STORE_SEQ_BITS;
    return err;
}

enum gmm_err projection_put(struct projection *p, const struct projection_item *item)
{
    uint8_t symbol[32], document[32];
    struct buffer sealed;
    int64_t log = 0;
    enum gmm_err err = projection_begin(p);
    if (err == GMM_OK)
        err = projection_log_of(p, &item->id, &log);
    if (err != GMM_OK)
        return err;
    buffer_init(&sealed, SUMMARY_MAX + ATREST_OVERHEAD);
    err = seal_summary(p, item, &sealed);
    sqlite3_stmt *stmt = err == GMM_OK ? store_stmt(p->store, STORE_SQL_PUT_ITEM, &err) : NULL;
    if (stmt != NULL) {
        store_bind_id(stmt, 1, &item->id);
        sqlite3_bind_int64(stmt, 2, log);
        store_bind_u64(stmt, 3, item->seq);
        store_bind_id(stmt, 4, &item->gid);
        store_bind_id(stmt, 5, &item->author);
        sqlite3_bind_int(stmt, 6, item->type);
        store_bind_u64(stmt, 7, item->time_ms);
        if (!id_is_zero(&item->document)) {
            projection_hash_document(p, &item->document, document);
            store_bind_blob(stmt, 8, document, sizeof document);
        }
        if (item->symbol != NULL) {
            projection_hash_text(p, "symbol", item->symbol, symbol);
            store_bind_blob(stmt, 9, symbol, sizeof symbol);
        }
        store_bind_blob(stmt, 10, sealed.p, sealed.len);
        sqlite3_bind_int(stmt, 11, item->counter);
        err = store_run_stmt(p->store, stmt);
    }
    buffer_close(&sealed);
    return err;
}

#define ITEM_FROM                                                                                                      \
    " FROM p_item i JOIN p_log l ON l.log = i.log WHERE NOT EXISTS"                                                    \
    " (SELECT 1 FROM p_gap v WHERE v.log = i.log AND i.seq >= v.from_seq AND i.time >= v.from_ms"                      \
    " AND i.time < v.until_ms)"

enum gmm_err projection_read_item(struct projection *p, sqlite3_stmt *stmt, struct projection_item *item)
{
    size_t len;
    *item = (struct projection_item){.seq = store_col_u64(stmt, 1),
                                     .type = (uint16_t)sqlite3_column_int(stmt, 4),
                                     .time_ms = store_col_u64(stmt, 5),
                                     .opened_ms = store_col_u64(stmt, 7),
                                     .counter = (uint16_t)sqlite3_column_int(stmt, 8)};
    const uint8_t *sealed = store_col_blob(stmt, 6, &len);
    if (sealed == NULL || !store_col_id(stmt, 0, &item->id) || !store_col_id(stmt, 2, &item->gid) ||
        !store_col_id(stmt, 3, &item->author))
        return store_fault_as(p->store, GMM_ECORRUPT,
                              _("a line of the catalogue (gmm doctor --rebuild makes it anew)"));
    enum gmm_err err = open_summary(p, item, sealed, len);
    if (err != GMM_OK)
        projection_item_close(item);
    return err == GMM_ECORRUPT
               ? store_fault_as(p->store, err, _("a line of the catalogue (gmm doctor --rebuild makes it anew)"))
               : err;
}

enum gmm_err projection_get(struct projection *p, const struct gmm_id *id, struct projection_item *out)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store, "SELECT " PROJECTION_COLUMNS ITEM_FROM " AND i.id = ?1", &err);
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    if (store_row(p->store, stmt, &err))
        err = projection_read_item(p, stmt, out);
    else if (err == GMM_OK)
        err = GMM_ENOTFOUND;
    sqlite3_finalize(stmt);
    return err;
}

/* Rows to the caller, one at a time. */
static enum gmm_err give_items(struct projection *p, sqlite3_stmt *stmt, projection_item_fn *fn, void *arg)
{
    enum gmm_err err = GMM_OK;
    while (store_row(p->store, stmt, &err)) {
        struct projection_item item;
        if ((err = projection_read_item(p, stmt, &item)) != GMM_OK)
            break;
        err = fn(arg, &item);
        projection_item_close(&item);
    }
    return err;
}

static const char *order_of(const struct projection_query *query)
{
    if (query->by_arrival)
        return query->after != NULL ? " AND i.no > (SELECT no FROM p_item WHERE id = ?5) ORDER BY i.no"
                                    : " AND ?5 IS NULL ORDER BY i.no";
    if (query->oldest_first)
        return query->after != NULL ? " AND (i.time, i.counter, i.id) > (SELECT time, counter, id FROM p_item WHERE id "
                                      "= ?5) ORDER BY i.time, i.counter, i.id"
                                    : " AND ?5 IS NULL ORDER BY i.time, i.counter, i.id";
    return query->after != NULL ? " AND (i.time, i.counter, i.id) < (SELECT time, counter, id FROM p_item WHERE id = "
                                  "?5) ORDER BY i.time DESC, i.counter DESC, i.id DESC"
                                : " AND ?5 IS NULL ORDER BY i.time DESC, i.counter DESC, i.id DESC";
}

enum gmm_err projection_each(struct projection *p, const struct projection_query *query, projection_item_fn *fn,
                             void *arg)
{
    char sql[1024];
    uint8_t document[32];
    enum gmm_err err;
    /* Said as the index has it, for SQLite does not conclude it; what names a document has a better one. */
    bool other = query->type > HEADER_NOTE && query->document == NULL;
    const char *types = other               ? "i.type > 65 AND i.type = ?4"
                        : query->type != 0  ? "i.type = ?4"
                        : query->every_type ? "?4 = 0"
                                            : "i.type IN (64, 65, 70, 72) AND ?4 = 0";
    snprintf(sql, sizeof sql, "SELECT " PROJECTION_COLUMNS ITEM_FROM "%s%s AND i.time >= ?3 AND %s%s%s LIMIT ?6",
             query->gid != NULL ? " AND i.gid = ?1" : " AND ?1 IS NULL",
             query->document != NULL ? " AND i.document = ?2" : " AND ?2 IS NULL", types,
             query->unread != NULL ? " AND i.opened = 0 AND i.author != ?7" : " AND ?7 IS NULL", order_of(query));
    sqlite3_stmt *stmt = store_prepare(p->store, sql, &err);
    if (stmt == NULL)
        return err;
    if (query->gid != NULL)
        store_bind_id(stmt, 1, query->gid);
    if (query->document != NULL) {
        projection_hash_document(p, query->document, document);
        store_bind_blob(stmt, 2, document, sizeof document);
    }
    store_bind_u64(stmt, 3, query->since_ms);
    sqlite3_bind_int(stmt, 4, query->type);
    if (query->after != NULL)
        store_bind_id(stmt, 5, query->after);
    sqlite3_bind_int64(stmt, 6, query->limit == 0 ? -1 : (sqlite3_int64)query->limit);
    if (query->unread != NULL)
        store_bind_id(stmt, 7, query->unread);
    err = give_items(p, stmt, fn, arg);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_is_named(struct projection *p, const struct gmm_id *document, uint16_t type, bool *named)
{
    uint8_t hash[32];
    enum gmm_err err;
    *named = false;
    sqlite3_stmt *stmt = store_stmt(p->store, STORE_SQL_HAS_ITEM, &err);
    if (stmt == NULL)
        return err;
    projection_hash_document(p, document, hash);
    store_bind_blob(stmt, 1, hash, sizeof hash);
    sqlite3_bind_int(stmt, 2, type);
    *named = store_row(p->store, stmt, &err);
    sqlite3_reset(stmt);
    return err;
}

/* Newest version first needs the summaries: they are opened, then sorted. A symbol has a few versions and languages. */
struct items {
    struct projection_item *list;
    size_t count;
};

static enum gmm_err collect(void *arg, const struct projection_item *item)
{
    struct items *items = arg;
    struct projection_item *list = realloc(items->list, (items->count + 1) * sizeof *list);
    if (list == NULL)
        return GMM_ENOMEM;
    items->list = list;
    list[items->count++] = *item;
    /* The texts move: the walk's own copy must not free them. */
    struct projection_item *own = (struct projection_item *)(uintptr_t)item;
    own->title = own->symbol = own->lang = own->person = own->name = NULL;
    return GMM_OK;
}

static int newest_first(const void *a, const void *b)
{
    const struct projection_item *x = a, *y = b;
    if (x->version != y->version)
        return x->version < y->version ? 1 : -1;
    uint64_t x_time = projection_item_time(x), y_time = projection_item_time(y);
    if (x_time != y_time)
        return x_time < y_time ? 1 : -1;
    return id_compare(&x->id, &y->id);
}

enum gmm_err projection_by_symbol(struct projection *p, const char *symbol, projection_item_fn *fn, void *arg)
{
    uint8_t hash[32];
    struct items items = {0};
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store, "SELECT " PROJECTION_COLUMNS ITEM_FROM " AND i.symbol = ?1", &err);
    if (stmt == NULL)
        return err;
    projection_hash_text(p, "symbol", symbol, hash);
    store_bind_blob(stmt, 1, hash, sizeof hash);
    err = give_items(p, stmt, collect, &items);
    sqlite3_finalize(stmt);
    if (items.count > 1)
        qsort(items.list, items.count, sizeof *items.list, newest_first);
    for (size_t i = 0; i < items.count; i++) {
        if (err == GMM_OK)
            err = fn(arg, &items.list[i]);
        projection_item_close(&items.list[i]);
    }
    free(items.list);
    return err;
}

static enum gmm_err has_gaps(struct projection *p, bool *has)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store, "SELECT 1 FROM p_gap LIMIT 1", &err);
    *has = store_row(p->store, stmt, &err);
    sqlite3_finalize(stmt);
    return err;
}

/* Without void entries an index is counted; each row is looked at only where some are void. */
enum gmm_err projection_counts(struct projection *p, uint64_t *documents, uint64_t *notes)
{
    bool gaps;
    enum gmm_err err = has_gaps(p, &gaps);
    if (err != GMM_OK)
        return err;
    sqlite3_stmt *stmt = store_prepare(
        p->store,
        gaps ? "SELECT coalesce(sum(i.type = ?1), 0), coalesce(sum(i.type = ?2), 0)" ITEM_FROM
             : "SELECT (SELECT count(*) FROM p_item WHERE type = 64), (SELECT count(*) FROM p_item WHERE type = 65)",
        &err);
    if (stmt == NULL)
        return err;
    if (gaps) {
        sqlite3_bind_int(stmt, 1, HEADER_DOCUMENT);
        sqlite3_bind_int(stmt, 2, HEADER_NOTE);
    }
    if (store_row(p->store, stmt, &err)) {
        *documents = store_col_u64(stmt, 0);
        *notes = store_col_u64(stmt, 1);
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_set_opened(struct projection *p, const struct gmm_id *id, uint64_t ms)
{
    enum gmm_err err = projection_begin(p);
    sqlite3_stmt *stmt =
        err == GMM_OK ? store_prepare(p->store, "UPDATE p_item SET opened = ?2 WHERE id = ?1", &err) : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    store_bind_u64(stmt, 2, ms);
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

/* Waiting for an epoch's secret */

enum gmm_err projection_defer(struct projection *p, const struct gmm_id *epoch_id, const struct gmm_id *id)
{
    enum gmm_err err = projection_begin(p);
    sqlite3_stmt *stmt =
        err == GMM_OK ? store_prepare(p->store, "INSERT OR IGNORE INTO p_deferred(epoch, id) VALUES(?1, ?2)", &err)
                      : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, epoch_id);
    store_bind_id(stmt, 2, id);
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_take_deferred(struct projection *p, const struct gmm_id *epoch_id, projection_id_fn *fn,
                                      void *arg)
{
    struct gmm_id *ids = NULL;
    size_t count = 0;
    enum gmm_err err = projection_begin(p);
    sqlite3_stmt *stmt =
        err == GMM_OK ? store_prepare(p->store, "DELETE FROM p_deferred WHERE epoch = ?1 RETURNING id", &err) : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, epoch_id);
    while (store_row(p->store, stmt, &err)) {
        struct gmm_id *grown = realloc(ids, (count + 1) * sizeof *grown);
        if (grown == NULL) {
            err = GMM_ENOMEM;
            break;
        }
        ids = grown;
        if (store_col_id(stmt, 0, &ids[count]))
            count++;
    }
    sqlite3_finalize(stmt);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        err = fn(arg, &ids[i]);
    free(ids);
    return err;
}

/* Names of circles */

enum gmm_err projection_put_group_name(struct projection *p, const struct gmm_id *gid, const char *name)
{
    uint8_t hash[32];
    struct buffer sealed;
    enum gmm_err err = projection_begin(p);
    buffer_init(&sealed, 4096);
    if (err == GMM_OK)
        err = atrest_seal(&sealed, p->key, LABEL_SUMMARY, gid->b, sizeof gid->b, name, strlen(name));
    sqlite3_stmt *stmt = err == GMM_OK
                             ? store_prepare(p->store,
                                             "INSERT INTO p_group(gid, hash, name) VALUES(?1, ?2, ?3) ON CONFLICT(gid) "
                                             "DO UPDATE SET hash = excluded.hash, name = excluded.name",
                                             &err)
                             : NULL;
    if (stmt != NULL) {
        projection_hash_text(p, "group", name, hash);
        store_bind_id(stmt, 1, gid);
        store_bind_blob(stmt, 2, hash, sizeof hash);
        store_bind_blob(stmt, 3, sealed.p, sealed.len);
        err = store_run_stmt(p->store, stmt);
        sqlite3_finalize(stmt);
    }
    buffer_close(&sealed);
    return err;
}

enum gmm_err projection_get_group_name(struct projection *p, const struct gmm_id *gid, char **name)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store, "SELECT name FROM p_group WHERE gid = ?1", &err);
    *name = NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, gid);
    if (store_row(p->store, stmt, &err)) {
        size_t len;
        const uint8_t *sealed = store_col_blob(stmt, 0, &len);
        if (sealed == NULL || len < ATREST_OVERHEAD)
            err = GMM_ECORRUPT;
        else if ((*name = calloc(1, len)) == NULL)
            err = GMM_ENOMEM;
        else
            err = atrest_open(*name, p->key, LABEL_SUMMARY, gid->b, sizeof gid->b, sealed, len);
        if (err != GMM_OK) {
            free(*name);
            *name = NULL;
        }
    } else if (err == GMM_OK) {
        err = GMM_ENOTFOUND;
    }
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_groups_by_name(struct projection *p, const char *name, struct gmm_id *out, size_t max,
                                       size_t *count)
{
    uint8_t hash[32];
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store, "SELECT gid FROM p_group WHERE hash = ?1 ORDER BY gid", &err);
    *count = 0;
    if (stmt == NULL)
        return err;
    projection_hash_text(p, "group", name, hash);
    store_bind_blob(stmt, 1, hash, sizeof hash);
    while (*count < max && store_row(p->store, stmt, &err))
        if (store_col_id(stmt, 0, &out[*count]))
            (*count)++;
    sqlite3_finalize(stmt);
    return err;
}

/* Chunks that are wanted */

enum gmm_err projection_want_chunk(struct projection *p, const struct gmm_id *gid, const struct gmm_id *chunk,
                                   const struct gmm_id *document)
{
    enum gmm_err err = projection_begin(p);
    sqlite3_stmt *stmt =
        err == GMM_OK
            ? store_prepare(p->store, "INSERT OR IGNORE INTO p_chunk(chunk, gid, document) VALUES(?1, ?2, ?3)", &err)
            : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, chunk);
    store_bind_id(stmt, 2, gid);
    store_bind_id(stmt, 3, document);
    err = store_run_stmt(p->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err projection_got_chunk(struct projection *p, const struct gmm_id *chunk, struct gmm_id *document)
{
    struct gmm_id ignored;
    enum gmm_err err = projection_begin(p);
    sqlite3_stmt *stmt =
        err == GMM_OK ? store_prepare(p->store, "DELETE FROM p_chunk WHERE chunk = ?1 RETURNING document", &err) : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, chunk);
    bool found = false;
    while (store_row(p->store, stmt, &err))
        found = store_col_id(stmt, 0, document == NULL ? &ignored : document);
    sqlite3_finalize(stmt);
    return err == GMM_OK && !found ? GMM_ENOTFOUND : err;
}

enum gmm_err projection_each_wanted(struct projection *p, projection_chunk_fn *fn, void *arg)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(p->store, "SELECT gid, chunk FROM p_chunk ORDER BY gid, chunk", &err);
    while (store_row(p->store, stmt, &err)) {
        struct gmm_id gid, chunk;
        if (store_col_id(stmt, 0, &gid) && store_col_id(stmt, 1, &chunk))
            err = fn(arg, &gid, &chunk);
    }
    sqlite3_finalize(stmt);
    return err;
}
