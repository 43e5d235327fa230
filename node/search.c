#include "node/search.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/ahead.h"
#include "node/store_private.h"
#include "node/tokenizer.h"

#define GATHERED 128u             /* texts */
#define GATHERED_BYTES (2u << 20) /* of them */

struct gathered {
    struct gmm_id id;
    char *bytes; /* of both texts */
    struct tokenizer_row row;
};

struct search {
    struct store *store;
    struct tokenizer *tokenizer;
    struct tokenizer_maker *maker; /* NULL: not needed yet */
    struct gathered *items;        /* GATHERED; NULL: nothing is gathered */
    size_t count, bytes;
    bool rebuilt; /* the index was made anew: every log is to be indexed again */
};

static const char create[] = "CREATE TABLE s_entry(no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE) STRICT;"
                             "CREATE TABLE s_log(log INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;"
                             "CREATE VIRTUAL TABLE s_words USING fts5(title, text, content='', tokenize='gmm');";
static const char drop[] = "DROP TABLE IF EXISTS s_words; DROP TABLE IF EXISTS s_entry; DROP TABLE IF EXISTS s_log;";
/* An index of before it remembered how far it got: it was made together with the catalogue. */
static const char adopt[] = "CREATE TABLE s_log(log INTEGER PRIMARY KEY, next INTEGER NOT NULL) STRICT;"
                            "INSERT INTO s_log(log, next) SELECT log, next FROM p_log;";
/* Words are gathered in memory and written as one segment: of many entries at once (node/backlog.c) few large ones,
 * which are merged less often. Both stand in the index. */
static const struct {
    const char *name;
    int64_t value;
} settings[] = {{"hashsize", 16 << 20}, {"automerge", 8}};
#define VERSION "search.version"

static enum gmm_err execute(struct search *s, const char *sql)
{
    int rc = sqlite3_exec(s->store->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? GMM_OK : store_fault(s->store, rc);
}

/* An index that is damaged cannot be opened to be dropped: its row in the schema goes, and then its parts one by one.
 */
static const char drop_parts[] =
    "PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE name = 's_words'; PRAGMA writable_schema=RESET;"
    "DROP TABLE IF EXISTS s_words_data; DROP TABLE IF EXISTS s_words_idx; DROP TABLE IF EXISTS s_words_content;"
    "DROP TABLE IF EXISTS s_words_docsize; DROP TABLE IF EXISTS s_words_config; DROP TABLE IF EXISTS s_entry; DROP "
    "TABLE IF EXISTS s_log;";

static enum gmm_err drop_tables(struct search *s)
{
    if (sqlite3_exec(s->store->db, drop, NULL, NULL, NULL) == SQLITE_OK)
        return GMM_OK;
    sqlite3_db_config(s->store->db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    enum gmm_err err = execute(s, drop_parts);
    sqlite3_db_config(s->store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return err;
}

enum gmm_err search_reset(struct search *s)
{
    const char *version = tokenizer_version();
    /* Statements over the old tables must not outlive them. */
    static const enum store_sql over[] = {STORE_SQL_PUT_WORDS, STORE_SQL_GET_INDEXED, STORE_SQL_SET_INDEXED};
    for (size_t i = 0; i < sizeof over / sizeof *over; i++) {
        sqlite3_finalize(s->store->stmts[over[i]]);
        s->store->stmts[over[i]] = NULL;
    }
    enum gmm_err err = store_begin(s->store, false);
    if (err == GMM_OK)
        err = drop_tables(s);
    if (err == GMM_OK)
        err = execute(s, create);
    if (err == GMM_OK)
        err = store_set(s->store, VERSION, version, strlen(version));
    enum gmm_err end = store_commit(s->store);
    s->rebuilt = true;
    return err == GMM_OK ? end : err;
}

static int count_tables(struct search *s, const char *names)
{
    char sql[128];
    enum gmm_err err;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM sqlite_schema WHERE name IN (%s)", names);
    sqlite3_stmt *stmt = store_prepare(s->store, sql, &err);
    int count = stmt != NULL && store_row(s->store, stmt, &err) ? sqlite3_column_int(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return count;
}

/* Made under the rules for words that hold now, and whole? */
static bool is_current(struct search *s)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    const char *version = tokenizer_version();
    bool same = store_get(s->store, VERSION, &bytes, &len) == GMM_OK && len == strlen(version) &&
                memcmp(bytes, version, len) == 0;
    free(bytes);
    return same && count_tables(s, "'s_entry', 's_words'") == 2;
}

static enum gmm_err adopt_older(struct search *s)
{
    if (count_tables(s, "'s_log'") == 1 || count_tables(s, "'p_log'") == 0)
        return GMM_OK;
    enum gmm_err err = store_begin(s->store, false);
    if (err == GMM_OK)
        err = execute(s, adopt);
    enum gmm_err end = store_commit(s->store);
    return err == GMM_OK ? end : err;
}

static bool is_set(struct search *s, const char *name, int64_t value)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_prepare(s->store, "SELECT 1 FROM s_words_config WHERE k = ?1 AND v = ?2", &err);
    if (stmt == NULL)
        return false;
    store_bind_text(stmt, 1, name);
    sqlite3_bind_int64(stmt, 2, value);
    bool set = store_row(s->store, stmt, &err);
    sqlite3_finalize(stmt);
    return set;
}

static enum gmm_err set_up(struct search *s)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; i < sizeof settings / sizeof *settings && err == GMM_OK; i++) {
        if (is_set(s, settings[i].name, settings[i].value))
            continue;
        sqlite3_stmt *stmt = store_prepare(s->store, "INSERT INTO s_words(s_words, rank) VALUES(?1, ?2)", &err);
        if (stmt == NULL)
            return err;
        store_bind_text(stmt, 1, settings[i].name);
        sqlite3_bind_int64(stmt, 2, settings[i].value);
        err = store_run_stmt(s->store, stmt);
        sqlite3_finalize(stmt);
    }
    return err;
}

enum gmm_err search_open(struct search **out, struct store *store, const uint8_t node_secret[32], struct gmm_msg *msg)
{
    struct search *s = calloc(1, sizeof *s);
    if (s == NULL)
        return GMM_ENOMEM;
    s->store = store;
    enum gmm_err err = tokenizer_register(store->db, node_secret, &s->tokenizer);
    if (err == GMM_OK && !store->read_only && !is_current(s))
        err = search_reset(s);
    if (err == GMM_OK && !store->read_only)
        err = adopt_older(s);
    if (err == GMM_OK && !store->read_only)
        err = set_up(s);
    if (err != GMM_OK) {
        gmm_fail(msg, err, "the search index cannot be opened: %s", store_error(store));
        free(s);
        return err;
    }
    *out = s;
    return GMM_OK;
}

void search_close(struct search *s)
{
    if (s == NULL)
        return;
    (void)search_gathered(s, false);
    tokenizer_maker_free(s->maker);
    free(s);
}

bool search_was_rebuilt(const struct search *s)
{
    return s->rebuilt;
}

static enum gmm_err log_number(struct search *s, const struct run_key *key, int64_t *no)
{
    enum gmm_err err;
    sqlite3_stmt *stmt = store_stmt(s->store, STORE_SQL_FIND_LOG, &err);
    if (stmt == NULL)
        return err;
    store_bind_u64(stmt, 1, key->instance);
    store_bind_id(stmt, 2, &key->author);
    store_bind_id(stmt, 3, &key->group);
    if (store_row(s->store, stmt, &err))
        *no = sqlite3_column_int64(stmt, 0);
    else if (err == GMM_OK)
        err = GMM_ENOTFOUND;
    sqlite3_reset(stmt);
    return err;
}

enum gmm_err search_get_done(struct search *s, const struct run_key *key, uint64_t *next_seq)
{
    int64_t no = 0;
    *next_seq = 0;
    enum gmm_err err = log_number(s, key, &no);
    sqlite3_stmt *stmt = err == GMM_OK ? store_stmt(s->store, STORE_SQL_GET_INDEXED, &err) : NULL;
    if (stmt == NULL)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    sqlite3_bind_int64(stmt, 1, no);
    if (store_row(s->store, stmt, &err))
        *next_seq = store_col_u64(stmt, 0);
    sqlite3_reset(stmt);
    return err;
}

enum gmm_err search_set_done(struct search *s, const struct run_key *key, uint64_t next_seq)
{
    int64_t no = 0;
    enum gmm_err err = log_number(s, key, &no);
    if (err == GMM_OK && !store_in_transaction(s->store))
        err = store_begin(s->store, false);
    sqlite3_stmt *stmt = err == GMM_OK ? store_stmt(s->store, STORE_SQL_SET_INDEXED, &err) : NULL;
    if (stmt == NULL)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    sqlite3_bind_int64(stmt, 1, no);
    store_bind_u64(stmt, 2, next_seq);
    return store_run_stmt(s->store, stmt);
}

/* made: its tokens are there; else they are made now. */
static enum gmm_err put(struct search *s, const struct gmm_id *id, const struct tokenizer_row *row, bool made)
{
    enum gmm_err err = store_in_transaction(s->store) ? GMM_OK : store_begin(s->store, false);
    sqlite3_stmt *stmt = err == GMM_OK ? store_stmt(s->store, STORE_SQL_PUT_INDEXED, &err) : NULL;
    if (stmt == NULL)
        return err;
    store_bind_id(stmt, 1, id);
    err = store_run_stmt(s->store, stmt);
    if (err != GMM_OK || sqlite3_changes(s->store->db) == 0)
        return err;
    sqlite3_int64 no = sqlite3_last_insert_rowid(s->store->db);
    if ((stmt = store_stmt(s->store, STORE_SQL_PUT_WORDS, &err)) == NULL)
        return err;
    sqlite3_bind_int64(stmt, 1, no);
    for (int i = 0; i < 2; i++)
        sqlite3_bind_text64(stmt, 2 + i, row->texts[i] == NULL ? "" : row->texts[i], row->lens[i], SQLITE_STATIC,
                            SQLITE_UTF8);
    tokenizer_use(s->tokenizer, made ? row : NULL);
    err = store_run_stmt(s->store, stmt);
    tokenizer_use(s->tokenizer, NULL);
    return err;
}

static void make(void *arg, size_t at)
{
    struct search *s = arg;
    tokenizer_make(s->maker, &s->items[at].row);
}

static void forget(struct search *s)
{
    for (size_t i = 0; i < s->count; i++) {
        sodium_memzero(s->items[i].bytes, s->items[i].row.lens[0] + s->items[i].row.lens[1]);
        free(s->items[i].bytes);
        buffer_close(&s->items[i].row.tokens[0]);
        buffer_close(&s->items[i].row.tokens[1]);
    }
    s->count = s->bytes = 0;
}

/* In the order in which they were put. */
static enum gmm_err write_gathered(struct search *s)
{
    struct ahead *ahead = NULL;
    enum gmm_err err = GMM_OK;
    bool made = s->count > 0 && ahead_new(&ahead, s->count, s->count, AHEAD_ALONE, make, s) == GMM_OK;
    for (size_t i = 0; i < s->count && err == GMM_OK; i++) {
        if (made)
            ahead_take(ahead);
        err = put(s, &s->items[i].id, &s->items[i].row, made);
    }
    ahead_free(ahead);
    forget(s);
    return err;
}

void search_gather(struct search *s)
{
    if (s->maker == NULL)
        s->maker = tokenizer_maker_new(s->tokenizer);
    if (s->maker != NULL && s->items == NULL)
        s->items = malloc(GATHERED * sizeof *s->items);
}

enum gmm_err search_gathered(struct search *s, bool keep)
{
    enum gmm_err err = keep ? write_gathered(s) : GMM_OK;
    forget(s);
    free(s->items);
    s->items = NULL;
    return err;
}

enum gmm_err search_put(struct search *s, const struct gmm_id *id, const char *title, size_t title_len,
                        const char *text, size_t text_len)
{
    struct gathered new = {.id = *id, .row = {{title, text}, {title_len, text_len}, {{0}, {0}}}};
    if (s->items == NULL)
        return put(s, id, &new.row, false);
    enum gmm_err err = s->count == GATHERED || s->bytes >= GATHERED_BYTES ? write_gathered(s) : GMM_OK;
    if (err != GMM_OK)
        return err;
    if ((new.bytes = malloc(title_len + text_len + 1)) == NULL)
        return GMM_ENOMEM;
    if (title_len > 0)
        memcpy(new.bytes, title, title_len);
    if (text_len > 0)
        memcpy(new.bytes + title_len, text, text_len);
    new.row.texts[0] = new.bytes;
    new.row.texts[1] = new.bytes + title_len;
    buffer_init(&new.row.tokens[0], 0);
    buffer_init(&new.row.tokens[1], 0);
    s->items[s->count++] = new;
    s->bytes += title_len + text_len;
    return GMM_OK;
}

/* Its number stays taken: another entry's words must not join those that are still there. */
enum gmm_err search_drop(struct search *s, const struct gmm_id *id)
{
    uint8_t nobody[sizeof id->b + 8]; /* longer than an id: it is none */
    enum gmm_err err = store_in_transaction(s->store) ? GMM_OK : store_begin(s->store, false);
    sqlite3_stmt *stmt =
        err == GMM_OK ? store_prepare(s->store, "UPDATE s_entry SET id = ?2 WHERE id = ?1", &err) : NULL;
    if (stmt == NULL)
        return err;
    randombytes_buf(nobody, sizeof nobody);
    store_bind_id(stmt, 1, id);
    store_bind_blob(stmt, 2, nobody, sizeof nobody);
    err = store_run_stmt(s->store, stmt);
    sqlite3_finalize(stmt);
    return err;
}

enum gmm_err search_query(struct search *s, const char *words, uint32_t limit, search_hit_fn *fn, void *arg)
{
    struct buffer query;
    buffer_init(&query, 65536);
    enum gmm_err err = tokenizer_query(&query, words);
    buffer_put_u8(&query, 0);
    if (err == GMM_OK)
        err = query.failed;
    sqlite3_stmt *stmt =
        err == GMM_OK
            ? store_prepare(s->store,
                            "SELECT e.id, -bm25(s_words, 4.0, 1.0) FROM s_words JOIN s_entry e "
                            "ON e.no = s_words.rowid WHERE s_words MATCH ?1 ORDER BY 2 DESC, e.no DESC LIMIT ?2",
                            &err)
            : NULL;
    if (stmt != NULL) {
        store_bind_text(stmt, 1, (const char *)query.p);
        sqlite3_bind_int64(stmt, 2, limit == 0 ? -1 : (sqlite3_int64)limit);
        while (store_row(s->store, stmt, &err)) {
            struct gmm_id id;
            if (store_col_id(stmt, 0, &id))
                err = fn(arg, &id, sqlite3_column_double(stmt, 1));
        }
        sqlite3_finalize(stmt);
    }
    buffer_close_wiped(&query);
    return err;
}

enum gmm_err search_check(struct search *s)
{
    if (!is_current(s))
        return GMM_ECORRUPT;
    /* The check is a special insert, which a store that is open for reading refuses. */
    if (s->store->read_only)
        return GMM_OK;
    int rc = sqlite3_exec(s->store->db, "INSERT INTO s_words(s_words) VALUES('integrity-check')", NULL, NULL, NULL);
    return store_code(s->store->db, rc);
}
