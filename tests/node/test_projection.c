#include "node/projection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "node/keyfile.h"
#include "node/store_private.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/logbook.h"
#include "tests/lib/tempdir.h"

#define COUNT 40u

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];
static struct logbook book;
static struct store *store;
static struct projection *p;
static struct gmm_id ids[2][COUNT]; /* by author */
static const uint8_t secret[32] = {9, 8, 7};

static void fill(unsigned author, uint8_t group)
{
    struct admitted *run = logbook_next(&book, author, group, COUNT, 80);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_run(store, run, author + 1), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    for (uint32_t i = 0; i < COUNT; i++)
        ids[author][i] = admitted_entry(run, i)->id;
    admitted_free(run);
}

static void judge(unsigned author, uint8_t group, bool any, uint64_t until)
{
    struct run_key key = logbook_key(&book, author, group);
    struct view_void v = {.from_seq = any ? until + 1 : 0, .until_ms = UINT64_MAX};
    assert_int_equal(projection_set_voids(p, &key, &v, any && until == UINT64_MAX ? 0 : 1), GMM_OK);
}

static int make(void **state)
{
    (void)state;
    tempdir_make(folder);
    tempdir_join(path, folder, "store.db");
    logbook_open(&book);
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK || store_open(&store, path, false, secret, NULL) != GMM_OK ||
        projection_open(&p, store, secret, NULL) != GMM_OK)
        return -1;
    fill(0, 5);
    fill(1, 6);
    judge(0, 5, true, UINT64_MAX);
    judge(1, 6, true, UINT64_MAX);
    return store_commit(store);
}

static int drop(void **state)
{
    (void)state;
    projection_close(p);
    p = NULL;
    store_close(store);
    store = NULL;
    logbook_close(&book);
    tempdir_remove(folder);
    return secret_in_use() == 0 ? 0 : -1;
}

static struct projection_item item_of(unsigned author, unsigned seq, uint16_t type)
{
    struct projection_item item = {.id = ids[author][seq],
                                   .author = book.authors[author].sign_pk,
                                   .type = type,
                                   .time_ms = LOGBOOK_TIME_MS + seq,
                                   .seq = seq,
                                   .version = 1};
    memset(item.gid.b, author == 0 ? 5 : 6, sizeof item.gid.b);
    return item;
}

static void put(unsigned author, unsigned seq, uint16_t type, char *symbol, uint32_t version)
{
    struct projection_item item = item_of(author, seq, type);
    item.symbol = symbol;
    item.version = version;
    assert_int_equal(projection_put(p, &item), GMM_OK);
}

static char title[] = "Pr\xc3\xa9sentation du programme", symbol[] = "GMG/2014/7", lang[] = "fr", person[] = "amina",
            name[] = "draft\xff.docx";

static struct projection_item full_item(void)
{
    struct projection_item item = item_of(0, 3, HEADER_NOTE);
    item.document = sample_id(1);
    item.parent = sample_id(2);
    item.revises = sample_id(3);
    item.translates = sample_id(4);
    item.version = UINT32_MAX;
    item.para = 17;
    item.marking = 2;
    item.tlp = 5;
    item.position = 37;
    item.bytes = UINT64_MAX;
    item.attachments = 64;
    item.title = title;
    item.symbol = symbol;
    item.lang = lang;
    item.person = person;
    item.name = name;
    return item;
}

static void assert_item(const struct projection_item *got, const struct projection_item *want)
{
    assert_true(id_equal(&got->id, &want->id) && id_equal(&got->gid, &want->gid));
    assert_true(id_equal(&got->author, &want->author) && id_equal(&got->document, &want->document));
    assert_true(id_equal(&got->parent, &want->parent) && id_equal(&got->revises, &want->revises));
    assert_true(id_equal(&got->translates, &want->translates));
    assert_int_equal(got->type, want->type);
    assert_int_equal(got->time_ms, want->time_ms);
    assert_int_equal(got->seq, want->seq);
    assert_int_equal(got->version, want->version);
    assert_int_equal(got->para, want->para);
    assert_int_equal(got->marking, want->marking);
    assert_int_equal(got->tlp, want->tlp);
    assert_int_equal(got->position, want->position);
    assert_true(got->bytes == want->bytes);
    assert_int_equal(got->attachments, want->attachments);
    assert_string_equal(got->title, want->title);
    assert_string_equal(got->symbol, want->symbol);
    assert_string_equal(got->lang, want->lang);
    assert_string_equal(got->person, want->person);
    assert_string_equal(got->name, want->name);
}

static void every_field_comes_back(void **state)
{
    (void)state;
    struct projection_item want = full_item(), got;
    assert_int_equal(projection_put(p, &want), GMM_OK);
    assert_int_equal(projection_get(p, &want.id, &got), GMM_OK);
    assert_item(&got, &want);
    assert_int_equal(got.opened_ms, 0);
    projection_item_close(&got);
    projection_item_close(&got);
    /* putting again replaces; what is absent stays absent; what was read stays read */
    assert_int_equal(projection_set_opened(p, &want.id, 77), GMM_OK);
    want.title = NULL;
    want.para = 1;
    assert_int_equal(projection_put(p, &want), GMM_OK);
    assert_int_equal(projection_get(p, &want.id, &got), GMM_OK);
    assert_null(got.title);
    assert_int_equal(got.para, 1);
    assert_int_equal(got.opened_ms, 77);
    projection_item_close(&got);
    assert_int_equal(projection_get(p, &ids[0][4], &got), GMM_ENOTFOUND);
    /* an entry that the store does not hold */
    want.id = sample_id(9);
    assert_int_equal(projection_put(p, &want), GMM_ENOTFOUND);
}

static bool on_disk(const void *needle, size_t len)
{
    char file[TEMPDIR_PATH];
    bool found = false;
    static const char *const files[] = {"store.db", "store.db-wal"};
    for (size_t i = 0; i < 2; i++) {
        uint8_t *bytes = NULL;
        size_t n = 0;
        tempdir_join(file, folder, files[i]);
        if (keyfile_read(&bytes, &n, file, 64u << 20, 0, NULL) == GMM_OK)
            found = found || memmem(bytes, n, needle, len) != NULL;
        keyfile_free(bytes, n);
    }
    return found;
}

static void disk_holds_no_plaintext(void **state)
{
    (void)state;
    struct projection_item item = full_item();
    struct gmm_id gid = sample_id(8);
    assert_int_equal(projection_put(p, &item), GMM_OK);
    assert_int_equal(projection_put_group_name(p, &gid, "Secret circle"), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_true(on_disk(item.id.b, sizeof item.id.b));
    assert_false(on_disk(title, strlen(title)));
    assert_false(on_disk(symbol, strlen(symbol)));
    assert_false(on_disk(person, strlen(person)));
    assert_false(on_disk(name, strlen(name)));
    assert_false(on_disk("Secret circle", 13));
    assert_false(on_disk(item.document.b, sizeof item.document.b));
}

static void another_node_cannot_read_it(void **state)
{
    (void)state;
    static const uint8_t other[32] = {1};
    struct projection *q = NULL;
    struct projection_item item = full_item(), got;
    assert_int_equal(projection_put(p, &item), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(projection_open(&q, store, other, NULL), GMM_OK);
    assert_int_equal(projection_get(q, &item.id, &got), GMM_ECORRUPT);
    projection_close(q);
    /* a summary put on another row does not open there */
    put(0, 4, HEADER_DOCUMENT, NULL, 1);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(sqlite3_exec(store->db, "UPDATE p_item SET summary = (SELECT summary FROM p_item WHERE seq = 3)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(projection_get(p, &ids[0][4], &got), GMM_ECORRUPT);
    assert_int_equal(projection_get(p, &item.id, &got), GMM_OK);
    projection_item_close(&got);
}

struct listing {
    unsigned count, stop_after;
    uint64_t seqs[2 * COUNT];
};

static enum gmm_err take(void *arg, const struct projection_item *item)
{
    struct listing *l = arg;
    l->seqs[l->count++] = item->seq;
    return l->count == l->stop_after ? GMM_ECLOSED : GMM_OK;
}

static void lists(const struct projection_query *query, const char *want)
{
    struct listing l = {.count = 0};
    char got[400] = "";
    size_t n = 0;
    assert_int_equal(projection_each(p, query, take, &l), GMM_OK);
    for (unsigned i = 0; i < l.count; i++)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%d", i == 0 ? "" : " ", (int)l.seqs[i]);
    assert_string_equal(got, want);
}

static void lists_in_order(void **state)
{
    (void)state;
    struct gmm_id five = sample_id(5), document = sample_id(1);
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    put(1, 2, HEADER_DOCUMENT, NULL, 1);
    put(0, 9, HEADER_PRACTICE, NULL, 1);
    put(0, 5, HEADER_RECEIPT, NULL, 1);
    struct projection_item note = item_of(0, 7, HEADER_NOTE);
    note.document = document;
    assert_int_equal(projection_put(p, &note), GMM_OK);
    note = item_of(0, 6, HEADER_NOTE);
    note.document = document;
    assert_int_equal(projection_put(p, &note), GMM_OK);

    lists(&(struct projection_query){.limit = 0}, "9 7 6 2 1");
    lists(&(struct projection_query){.oldest_first = true}, "1 2 6 7 9");
    lists(&(struct projection_query){.by_arrival = true}, "1 2 9 7 6");
    lists(&(struct projection_query){.limit = 2}, "9 7");
    lists(&(struct projection_query){.gid = &five}, "9 7 6 1");
    lists(&(struct projection_query){.type = HEADER_DOCUMENT}, "2 1");
    lists(&(struct projection_query){.type = HEADER_RECEIPT}, "5");
    lists(&(struct projection_query){.since_ms = LOGBOOK_TIME_MS + 7}, "9 7");
    lists(&(struct projection_query){.document = &document, .oldest_first = true}, "6 7");
    lists(&(struct projection_query){.document = &five}, "");
    lists(&(struct projection_query){.after = &ids[0][7]}, "6 2 1");
    lists(&(struct projection_query){.after = &ids[0][7], .limit = 1}, "6");
    lists(&(struct projection_query){.after = &ids[0][6], .oldest_first = true}, "7 9");
    lists(&(struct projection_query){.after = &ids[0][9], .by_arrival = true}, "7 6");
    lists(&(struct projection_query){.after = &five}, "");
    lists(&(struct projection_query){.gid = &five, .after = &ids[0][9], .type = HEADER_NOTE, .limit = 5}, "7 6");

    struct listing l = {.stop_after = 2};
    assert_int_equal(projection_each(p, &(struct projection_query){.limit = 0}, take, &l), GMM_ECLOSED);
    assert_int_equal(l.count, 2);
    uint64_t documents = 0, notes = 0;
    assert_int_equal(projection_counts(p, &documents, &notes), GMM_OK);
    assert_int_equal(documents, 2);
    assert_int_equal(notes, 2);
}

static void within_a_millisecond_the_counter_orders(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct projection_item item = item_of(0, i, HEADER_NOTE);
        item.time_ms = LOGBOOK_TIME_MS;
        item.counter = (uint16_t)(i < 3 ? UINT16_MAX - i : i);
        assert_int_equal(projection_put(p, &item), GMM_OK);
    }
    lists(&(struct projection_query){.oldest_first = true}, "3 4 5 2 1 0");
    lists(&(struct projection_query){.limit = 0}, "0 1 2 5 4 3");
    lists(&(struct projection_query){.after = &ids[0][5]}, "4 3");
    lists(&(struct projection_query){.after = &ids[0][5], .oldest_first = true}, "2 1 0");
    struct projection_item got;
    assert_int_equal(projection_get(p, &ids[0][2], &got), GMM_OK);
    assert_int_equal(projection_item_time(&got), (LOGBOOK_TIME_MS << 16) + UINT16_MAX - 2);
    projection_item_close(&got);
}

static int count_steps(unsigned what, void *arg, void *stmt, void *ns)
{
    int *steps = arg;
    (void)what;
    (void)ns;
    *steps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
    return 0;
}

/* What SQLite does for a list of one entry of this type. */
static int steps_of(uint16_t type)
{
    int steps = 0;
    struct listing l = {.count = 0};
    sqlite3_trace_v2(store->db, SQLITE_TRACE_PROFILE, count_steps, &steps);
    assert_int_equal(projection_each(p, &(struct projection_query){.type = type, .oldest_first = true}, take, &l),
                     GMM_OK);
    sqlite3_trace_v2(store->db, 0, NULL, NULL);
    assert_int_equal(l.count, 1);
    assert_true(steps > 0);
    return steps;
}

static void documents_do_not_hide_what_is_rare(void **state)
{
    (void)state;
    put(0, 0, HEADER_CONSULT, NULL, 1);
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    int before = steps_of(HEADER_CONSULT);
    for (unsigned i = 2; i < COUNT; i++)
        put(0, i, i % 2 == 0 ? HEADER_DOCUMENT : HEADER_NOTE, NULL, 1);
    assert_int_equal(steps_of(HEADER_CONSULT), before);
}

static void an_older_catalogue_is_made_anew(void **state)
{
    (void)state;
    struct projection *q = NULL;
    struct projection_item got;
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(sqlite3_exec(store->db,
                                  "DROP INDEX p_item_time; DROP INDEX p_item_document; DROP INDEX p_item_others;"
                                  "ALTER TABLE p_item DROP COLUMN counter",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(projection_open(&q, store, secret, NULL), GMM_OK);
    assert_int_equal(projection_get(q, &ids[0][1], &got), GMM_ENOTFOUND);
    projection_close(q);
    judge(0, 5, true, UINT64_MAX);
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    assert_int_equal(projection_get(p, &ids[0][1], &got), GMM_OK);
    projection_item_close(&got);
}

static void what_has_no_effect_is_not_shown(void **state)
{
    (void)state;
    struct projection_item got;
    uint64_t documents = 0, notes = 0;
    char s[] = "S/1";
    for (unsigned i = 0; i < 10; i++)
        put(0, i, HEADER_DOCUMENT, s, 1);
    judge(0, 5, true, 4);
    lists(&(struct projection_query){.limit = 0}, "4 3 2 1 0");
    assert_int_equal(projection_get(p, &ids[0][4], &got), GMM_OK);
    projection_item_close(&got);
    assert_int_equal(projection_get(p, &ids[0][5], &got), GMM_ENOTFOUND);
    assert_int_equal(projection_counts(p, &documents, &notes), GMM_OK);
    assert_int_equal(documents, 5);
    struct listing l = {.count = 0};
    assert_int_equal(projection_by_symbol(p, s, take, &l), GMM_OK);
    assert_int_equal(l.count, 5);
    judge(0, 5, false, 0);
    lists(&(struct projection_query){.limit = 0}, "");
    judge(0, 5, true, 0);
    lists(&(struct projection_query){.limit = 0}, "0");
    /* and comes again when a vouch arrives */
    judge(0, 5, true, UINT64_MAX);
    lists(&(struct projection_query){.limit = 3}, "9 8 7");
}

/* A suspension that ended: void between its cut and the restoration. */
static void void_for_a_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        put(0, i, HEADER_DOCUMENT, NULL, 1);
    struct run_key key = logbook_key(&book, 0, 5);
    const struct view_void voids[] = {{2, 0, LOGBOOK_TIME_MS + 4}, {0, LOGBOOK_TIME_MS + 6, LOGBOOK_TIME_MS + 8}};
    assert_int_equal(projection_set_voids(p, &key, voids, 2), GMM_OK);
    lists(&(struct projection_query){.limit = 0}, "9 8 5 4 1 0");
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(projection_set_voids(p, &key, voids, 2), GMM_OK);
    assert_false(store_in_transaction(store));
    assert_int_equal(projection_set_voids(p, &key, voids, 1), GMM_OK);
    lists(&(struct projection_query){.limit = 0}, "9 8 7 6 5 4 1 0");
}

/* Entries that were taken away, and others that took their place. */
static void a_log_that_was_cut(void **state)
{
    (void)state;
    struct run_key key = logbook_key(&book, 0, 5), nobodys = logbook_key(&book, 3, 5);
    uint64_t next;
    for (unsigned i = 0; i < 10; i++)
        put(0, i, HEADER_DOCUMENT, NULL, 1);
    put(1, 5, HEADER_DOCUMENT, NULL, 1);
    assert_int_equal(projection_set_done(p, &key, 10), GMM_OK);
    assert_int_equal(projection_cut(p, &key, 4), GMM_OK);
    assert_int_equal(projection_cut(p, &nobodys, 0), GMM_OK);
    assert_int_equal(projection_get_done(p, &key, &next), GMM_OK);
    assert_int_equal(next, 4);
    lists(&(struct projection_query){.limit = 0}, "5 3 2 1 0");
    assert_int_equal(projection_cut(p, &key, 7), GMM_OK);
    assert_int_equal(projection_get_done(p, &key, &next), GMM_OK);
    assert_int_equal(next, 4);
}

static void the_same_verdict_writes_nothing(void **state)
{
    (void)state;
    assert_int_equal(store_commit(store), GMM_OK);
    judge(0, 5, true, UINT64_MAX);
    assert_false(store_in_transaction(store));
    judge(0, 5, true, 7);
    assert_true(store_in_transaction(store));
}

static void symbols_in_any_unicode_form(void **state)
{
    (void)state;
    char composed[] = "CM\xc3\x89/1", decomposed[] = "  CME\xcc\x81/1\n", other[] = "cm\xc3\xa9/1";
    put(0, 1, HEADER_DOCUMENT, composed, 1);
    put(0, 2, HEADER_DOCUMENT, decomposed, 3);
    put(0, 4, HEADER_DOCUMENT, composed, 2);
    put(0, 5, HEADER_DOCUMENT, composed, 3);
    put(0, 6, HEADER_DOCUMENT, other, 9);
    struct listing l = {.count = 0};
    assert_int_equal(projection_by_symbol(p, "CM\xc3\x89/1 ", take, &l), GMM_OK);
    assert_int_equal(l.count, 4);
    static const unsigned want[] = {5, 2, 4, 1};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(l.seqs[i], want[i]);
    l.count = 0;
    assert_int_equal(projection_by_symbol(p, "CM\xc3\x89/2", take, &l), GMM_OK);
    assert_int_equal(l.count, 0);
}

static enum gmm_err take_id(void *arg, const struct gmm_id *id)
{
    unsigned *count = arg;
    assert_true(id_equal(id, &ids[0][0]) || id_equal(id, &ids[0][1]));
    (*count)++;
    return GMM_OK;
}

static void deferred_until_the_secret_comes(void **state)
{
    (void)state;
    struct gmm_id one = sample_id(1), two = sample_id(2);
    unsigned count = 0;
    assert_int_equal(projection_defer(p, &one, &ids[0][0]), GMM_OK);
    assert_int_equal(projection_defer(p, &one, &ids[0][0]), GMM_OK);
    assert_int_equal(projection_defer(p, &one, &ids[0][1]), GMM_OK);
    assert_int_equal(projection_defer(p, &two, &ids[0][2]), GMM_OK);
    assert_int_equal(projection_take_deferred(p, &one, take_id, &count), GMM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(projection_take_deferred(p, &one, take_id, &count), GMM_OK);
    assert_int_equal(count, 2);
    store_rollback(store);
    assert_int_equal(projection_take_deferred(p, &one, take_id, &count), GMM_OK);
    assert_int_equal(count, 2);
}

static void how_far_each_log_is(void **state)
{
    (void)state;
    struct run_key key = logbook_key(&book, 0, 5), other = logbook_key(&book, 1, 6), none = logbook_key(&book, 2, 5);
    uint64_t next = 9;
    assert_int_equal(projection_get_done(p, &key, &next), GMM_OK);
    assert_int_equal(next, 0);
    assert_int_equal(projection_set_done(p, &key, 40), GMM_OK);
    assert_int_equal(projection_get_done(p, &key, &next), GMM_OK);
    assert_int_equal(next, 40);
    assert_int_equal(projection_get_done(p, &other, &next), GMM_OK);
    assert_int_equal(next, 0);
    assert_int_equal(projection_get_done(p, &none, &next), GMM_OK);
    assert_int_equal(next, 0);
    /* neither changes the other */
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    judge(0, 5, true, 3);
    assert_int_equal(projection_get_done(p, &key, &next), GMM_OK);
    assert_int_equal(next, 40);
    assert_int_equal(projection_set_done(p, &key, 41), GMM_OK);
    lists(&(struct projection_query){.limit = 0}, "1");
}

static void names_of_circles(void **state)
{
    (void)state;
    struct gmm_id one = sample_id(1), two = sample_id(2), out[4];
    char *text = NULL;
    size_t count = 9;
    assert_int_equal(projection_get_group_name(p, &one, &text), GMM_ENOTFOUND);
    assert_int_equal(projection_put_group_name(p, &one, "Drafting"), GMM_OK);
    assert_int_equal(projection_put_group_name(p, &two, "Drafting"), GMM_OK);
    assert_int_equal(projection_get_group_name(p, &one, &text), GMM_OK);
    assert_string_equal(text, "Drafting");
    free(text);
    assert_int_equal(projection_groups_by_name(p, " Drafting", out, 4, &count), GMM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(projection_groups_by_name(p, "Drafting", out, 1, &count), GMM_OK);
    assert_int_equal(count, 1);
    assert_int_equal(projection_put_group_name(p, &one, ""), GMM_OK);
    assert_int_equal(projection_groups_by_name(p, "Drafting", out, 4, &count), GMM_OK);
    assert_int_equal(count, 1);
    assert_true(id_equal(&out[0], &two));
    assert_int_equal(projection_get_group_name(p, &one, &text), GMM_OK);
    assert_string_equal(text, "");
    free(text);
}

static enum gmm_err take_chunk(void *arg, const struct gmm_id *gid, const struct gmm_id *chunk)
{
    assert_int_equal(gid->b[0], 5);
    assert_true(chunk->b[0] == 1 || chunk->b[0] == 2);
    (*(unsigned *)arg)++;
    return GMM_OK;
}

static void chunks_are_wanted_once(void **state)
{
    (void)state;
    struct gmm_id gid = sample_id(5), one = sample_id(1), two = sample_id(2), document = sample_id(7), got;
    unsigned count = 0;
    assert_int_equal(projection_want_chunk(p, &gid, &one, &document), GMM_OK);
    assert_int_equal(projection_want_chunk(p, &gid, &one, &two), GMM_OK);
    assert_int_equal(projection_want_chunk(p, &gid, &two, &document), GMM_OK);
    assert_int_equal(projection_each_wanted(p, take_chunk, &count), GMM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(projection_got_chunk(p, &one, &got), GMM_OK);
    assert_true(id_equal(&got, &document));
    assert_int_equal(projection_got_chunk(p, &one, NULL), GMM_ENOTFOUND);
    assert_int_equal(projection_each_wanted(p, take_chunk, &count), GMM_OK);
    assert_int_equal(count, 3);
}

static void made_anew(void **state)
{
    (void)state;
    struct run_key key = logbook_key(&book, 0, 5);
    uint64_t next = 9;
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    assert_int_equal(projection_set_done(p, &key, 2), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    /* opening keeps what is there; a table that is gone makes all of it anew */
    projection_close(p);
    assert_int_equal(projection_open(&p, store, secret, NULL), GMM_OK);
    lists(&(struct projection_query){.limit = 0}, "1");
    assert_int_equal(sqlite3_exec(store->db, "DROP TABLE p_chunk", NULL, NULL, NULL), SQLITE_OK);
    projection_close(p);
    assert_int_equal(projection_open(&p, store, secret, NULL), GMM_OK);
    lists(&(struct projection_query){.limit = 0}, "");
    assert_int_equal(projection_get_done(p, &key, &next), GMM_OK);
    assert_int_equal(next, 0);
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    assert_int_equal(projection_reset(p), GMM_OK);
    judge(0, 5, true, UINT64_MAX);
    lists(&(struct projection_query){.limit = 0}, "");
    put(0, 1, HEADER_DOCUMENT, NULL, 1);
    lists(&(struct projection_query){.limit = 0}, "1");
}

static void memory_that_ends(void **state)
{
    (void)state;
    struct projection_item item = full_item(), got;
    long i = 0;
    for (;; i++) {
        store_rollback(store);
        failmalloc_at(i);
        enum gmm_err err = projection_put(p, &item);
        if (err == GMM_OK)
            err = projection_get(p, &item.id, &got);
        bool failed = failmalloc_off();
        if (err == GMM_OK)
            projection_item_close(&got);
        if (!failed) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
    }
    assert_true(i > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_field_comes_back, make, drop),
        cmocka_unit_test_setup_teardown(disk_holds_no_plaintext, make, drop),
        cmocka_unit_test_setup_teardown(another_node_cannot_read_it, make, drop),
        cmocka_unit_test_setup_teardown(lists_in_order, make, drop),
        cmocka_unit_test_setup_teardown(within_a_millisecond_the_counter_orders, make, drop),
        cmocka_unit_test_setup_teardown(documents_do_not_hide_what_is_rare, make, drop),
        cmocka_unit_test_setup_teardown(an_older_catalogue_is_made_anew, make, drop),
        cmocka_unit_test_setup_teardown(what_has_no_effect_is_not_shown, make, drop),
        cmocka_unit_test_setup_teardown(void_for_a_time, make, drop),
        cmocka_unit_test_setup_teardown(a_log_that_was_cut, make, drop),
        cmocka_unit_test_setup_teardown(the_same_verdict_writes_nothing, make, drop),
        cmocka_unit_test_setup_teardown(symbols_in_any_unicode_form, make, drop),
        cmocka_unit_test_setup_teardown(deferred_until_the_secret_comes, make, drop),
        cmocka_unit_test_setup_teardown(how_far_each_log_is, make, drop),
        cmocka_unit_test_setup_teardown(names_of_circles, make, drop),
        cmocka_unit_test_setup_teardown(chunks_are_wanted_once, make, drop),
        cmocka_unit_test_setup_teardown(made_anew, make, drop),
        cmocka_unit_test_setup_teardown(memory_that_ends, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
