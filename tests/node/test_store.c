#include "node/store.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/logbook.h"
#include "tests/lib/tempdir.h"

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];
static struct logbook book;
static struct store *store;
static const uint8_t name[16] = "a store's own id";

static void reopen(void)
{
    static const uint8_t other[16] = "not looked at..";
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(&store, path, false, other, NULL), GMM_OK);
}

static int make(void **state)
{
    (void)state;
    tempdir_make(folder);
    tempdir_join(path, folder, "store.db");
    logbook_open(&book);
    return store_open(&store, path, false, name, NULL);
}

static int drop(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    logbook_close(&book);
    tempdir_remove(folder);
    return 0;
}

static void put(unsigned author, uint8_t group, uint32_t count, uint32_t body_len, uint64_t arrival)
{
    struct admitted *run = logbook_next(&book, author, group, count, body_len);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_run(store, run, arrival), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    admitted_free(run);
}

static int64_t number(const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(store_db(store), sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void a_new_store(void **state)
{
    (void)state;
    struct stat st;
    uint8_t id[16];
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(number("PRAGMA page_size"), 16384);
    assert_int_equal(number("PRAGMA user_version"), STORE_SCHEMA);
    assert_int_equal(number("PRAGMA foreign_keys"), 1);
    assert_int_equal(number("PRAGMA trusted_schema"), 0);
    assert_int_equal(number("PRAGMA secure_delete"), 1);
    assert_int_equal(number("PRAGMA synchronous"), 1); /* NORMAL: a commit that is durable says so itself */
    store_id(store, id);
    assert_memory_equal(id, name, sizeof id);
    reopen();
    store_id(store, id);
    assert_memory_equal(id, name, sizeof id);
    assert_int_equal(store_entry_count(store), 0);
}

struct walk {
    unsigned author;
    uint8_t group;
    uint64_t next, count, stop_after;
};

static enum gmm_err see_entry(void *arg, const uint8_t header[HEADER_BYTES], const struct gmm_id *id,
                              const uint8_t *body, size_t len)
{
    struct walk *walk = arg;
    struct header h;
    struct gmm_id real;
    uint8_t want[4096];
    assert_int_equal(header_decode(&h, header), GMM_OK);
    header_id(&real, header);
    assert_true(id_equal(&real, id));
    assert_int_equal(h.seq, walk->next);
    logbook_body(want, (uint32_t)len, walk->author, walk->group, h.seq);
    assert_memory_equal(body, want, len);
    walk->next++;
    return ++walk->count == walk->stop_after ? GMM_ECLOSED : GMM_OK;
}

static void entries_come_back(void **state)
{
    (void)state;
    put(0, 5, 256, 100, 1);
    put(1, 5, 7, 300, 2);
    put(0, 5, 10, 100, 3);
    put(0, 6, 1, 1000, 4);
    put(1, 5, 1, 300, 5);
    reopen();
    assert_int_equal(store_entry_count(store), 275);
    struct run_key key = logbook_key(&book, 0, 5), none = logbook_key(&book, 3, 5);
    struct walk walk = {.author = 0, .group = 5};
    assert_int_equal(store_each_entry(store, &key, 0, see_entry, &walk), GMM_OK);
    assert_int_equal(walk.count, 266);
    walk = (struct walk){.author = 0, .group = 5, .next = 260};
    assert_int_equal(store_each_entry(store, &key, 260, see_entry, &walk), GMM_OK);
    assert_int_equal(walk.count, 6);
    walk = (struct walk){.author = 0, .group = 5, .stop_after = 3};
    assert_int_equal(store_each_entry(store, &key, 0, see_entry, &walk), GMM_ECLOSED);
    assert_int_equal(walk.count, 3);
    walk.count = 0;
    assert_int_equal(store_each_entry(store, &key, 266, see_entry, &walk), GMM_OK);
    assert_int_equal(store_each_entry(store, &key, UINT64_MAX - 1, see_entry, &walk), GMM_OK);
    assert_int_equal(store_each_entry(store, &none, 0, see_entry, &walk), GMM_OK);
    assert_int_equal(walk.count, 0);
}

static enum gmm_err count_entry(void *arg, const uint8_t header[HEADER_BYTES], const struct gmm_id *id,
                                const uint8_t *body, size_t len)
{
    (void)id;
    (void)body;
    (void)len;
    assert_true(bytes_load_u16(header + 2) < 64);
    (*(unsigned *)arg)++;
    return GMM_OK;
}

static void plain_entries_are_found(void **state)
{
    (void)state;
    unsigned count = 0;
    put(0, 5, 200, 50, 1);
    put(0, 0, 3, 50, 2);
    put(1, 0, 4, 50, 3);
    assert_int_equal(store_each_plain(store, count_entry, &count), GMM_OK);
    assert_int_equal(count, 7);
}

static int count_steps(unsigned what, void *arg, void *stmt, void *ns)
{
    int *steps = arg;
    (void)what;
    (void)ns;
    *steps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 0);
    return 0;
}

static int steps_of_plain(void)
{
    unsigned count = 0;
    int steps = 0;
    sqlite3_trace_v2(store_db(store), SQLITE_TRACE_PROFILE, count_steps, &steps);
    assert_int_equal(store_each_plain(store, count_entry, &count), GMM_OK);
    sqlite3_trace_v2(store_db(store), 0, NULL, NULL);
    assert_int_equal(count, 3);
    assert_true(steps > 0);
    return steps;
}

/* Each start walks them: what is sealed is not walked for that. */
static void plain_entries_are_found_at_once(void **state)
{
    (void)state;
    put(0, 0, 3, 50, 1);
    int before = steps_of_plain();
    put(0, 5, 200, 50, 2);
    assert_int_equal(steps_of_plain(), before);
}

static enum gmm_err see_log(void *arg, const struct run_key *key, const struct logs_head *head, uint64_t arrival,
                            bool closed)
{
    unsigned *seen = arg;
    static const struct {
        unsigned author;
        uint64_t seq, arrival;
    } want[] = {{1, 7, 3}, {0, 19, 4}};
    struct run_key wanted = logbook_key(&book, want[*seen].author, 5);
    assert_int_equal(run_key_compare(key, &wanted), 0);
    assert_int_equal(head->seq, want[*seen].seq);
    assert_int_equal(head->time >> 16, LOGBOOK_TIME_MS + head->seq);
    assert_int_equal(arrival, want[*seen].arrival);
    assert_int_equal(closed, want[*seen].author == 1);
    assert_int_equal(run_head_verify(head->sig, &book.nid, key, head->seq, &head->id), GMM_OK);
    (*seen)++;
    return GMM_OK;
}

static void heads_come_back_in_order_of_arrival(void **state)
{
    (void)state;
    unsigned seen = 0;
    struct run_key key = logbook_key(&book, 1, 5);
    put(0, 5, 10, 20, 1);
    put(1, 5, 8, 20, 3);
    put(0, 5, 10, 20, 4);
    assert_int_equal(store_close_log(store, &key), GMM_OK);
    reopen();
    assert_int_equal(store_each_log(store, see_log, &seen), GMM_OK);
    assert_int_equal(seen, 2);
}

static void loads(uint64_t from, uint64_t to, size_t max, uint64_t last)
{
    struct run_key key = logbook_key(&book, 0, 5);
    struct run *run = NULL;
    assert_int_equal(store_load_run(store, &key, from, to, max, &run), GMM_OK);
    assert_int_equal(run->first_seq, from);
    assert_int_equal(run->first_seq + run->count - 1, last);
    struct verified_run *verified = NULL;
    assert_int_equal(run_verify(&verified, &run, &book.nid), GMM_OK);
    verified_run_free(verified);
}

static void loads_nothing(uint64_t from, uint64_t to)
{
    struct run_key key = logbook_key(&book, 0, 5);
    struct run *run = (struct run *)1;
    assert_int_equal(store_load_run(store, &key, from, to, 1000000, &run), GMM_ENOTFOUND);
    assert_null(run);
}

static void runs_end_at_signed_heads(void **state)
{
    (void)state;
    /* heads at 9, 29, 255, 259 */
    put(0, 5, 10, 100, 1);
    put(0, 5, 20, 100, 2);
    put(0, 5, 226, 100, 3);
    put(0, 5, 4, 100, 4);
    put(1, 5, 4, 100, 5);
    loads(0, UINT64_MAX, 1000000, 255);
    loads(0, 255, 1000000, 255);
    loads(0, 254, 1000000, 29);
    loads(0, 9, 1000000, 9);
    loads_nothing(0, 8);
    loads(5, UINT64_MAX, 1000000, 255);
    loads(255, 255, 1000000, 255);
    loads(256, UINT64_MAX, 1000000, 259);
    loads_nothing(256, 258);
    loads_nothing(260, UINT64_MAX);
    loads_nothing(UINT64_MAX, UINT64_MAX);
    loads_nothing((1ull << 40) - 256, UINT64_MAX);
    loads_nothing(20, 10);
    /* bytes: a head that is near enough, else the first one whatever its size */
    loads(0, UINT64_MAX, 3000, 29);
    loads(0, UINT64_MAX, 2999, 9);
    loads(0, UINT64_MAX, 1, 9);
    loads(30, UINT64_MAX, 1, 255);
}

static void ids_and_prefixes_lead_to_entries(void **state)
{
    (void)state;
    struct admitted *run = logbook_next(&book, 2, 5, 256, 60);
    struct gmm_id wanted = admitted_entry(run, 77)->id, found[4], other = sample_id(3);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_run(store, run, 1), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    admitted_free(run);
    struct store_entry entry;
    uint8_t body[60];
    assert_int_equal(store_load_entry(store, &wanted, &entry), GMM_OK);
    logbook_body(body, sizeof body, 2, 5, 77);
    assert_int_equal(entry.body_len, sizeof body);
    assert_memory_equal(entry.body, body, sizeof body);
    store_entry_close(&entry);
    store_entry_close(&entry);
    assert_int_equal(store_load_entry(store, &other, &entry), GMM_ENOTFOUND);
    /* the same first 8 bytes are not the same id */
    other = wanted;
    other.b[31] ^= 1;
    assert_int_equal(store_load_entry(store, &other, &entry), GMM_ENOTFOUND);

    char hex[GMM_ID_HEX + 1];
    size_t count = 9;
    id_to_hex(&wanted, hex);
    for (size_t len = GMM_ID_HEX; len >= 8; len--) {
        hex[len] = '\0';
        assert_int_equal(store_find_prefix(store, hex, found, 4, &count), GMM_OK);
        assert_int_equal(count, 1);
        assert_true(id_equal(&found[0], &wanted));
    }
    assert_int_equal(store_find_prefix(store, hex, found, 0, &count), GMM_OK);
    assert_int_equal(count, 0);
    hex[7] = '\0';
    assert_int_equal(store_find_prefix(store, hex, found, 4, &count), GMM_EUSAGE);
    assert_int_equal(store_find_prefix(store, "0123456g", found, 4, &count), GMM_EUSAGE);
    id_to_hex(&other, hex);
    assert_int_equal(store_find_prefix(store, hex, found, 4, &count), GMM_OK);
    assert_int_equal(count, 0);
}

static void what_does_not_continue_is_refused(void **state)
{
    (void)state;
    struct admitted *first = logbook_next(&book, 0, 5, 3, 30), *second = logbook_next(&book, 0, 5, 3, 30);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_set(store, "x", "1", 1), GMM_OK);
    assert_int_equal(store_put_run(store, second, 1), GMM_EORDER);
    /* poisoned: nothing more, and nothing of it stays */
    assert_int_equal(store_set(store, "y", "1", 1), GMM_EORDER);
    assert_int_equal(store_begin(store, true), GMM_EORDER);
    assert_int_equal(store_commit(store), GMM_EORDER);
    assert_false(store_in_transaction(store));
    assert_int_equal(number("SELECT count(*) FROM value WHERE name IN ('x', 'y')"), 0);
    assert_int_equal(number("SELECT count(*) FROM log"), 0);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_put_run(store, first, 1), GMM_OK);
    assert_int_equal(store_put_run(store, second, 2), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_run(store, second, 2), GMM_EORDER);
    store_rollback(store);
    assert_int_equal(store_entry_count(store), 6);
    admitted_free(first);
    admitted_free(second);
}

static void a_rollback_leaves_nothing(void **state)
{
    (void)state;
    struct admitted *run = logbook_next(&book, 0, 5, 200, 30);
    struct gmm_id id = admitted_entry(run, 7)->id;
    struct store_entry entry;
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_true(store_in_transaction(store));
    assert_int_equal(store_put_run(store, run, 1), GMM_OK);
    assert_int_equal(store_load_entry(store, &id, &entry), GMM_OK);
    store_entry_close(&entry);
    store_rollback(store);
    store_rollback(store);
    assert_int_equal(store_load_entry(store, &id, &entry), GMM_ENOTFOUND);
    assert_int_equal(store_entry_count(store), 0);
    /* closing in the midst of a transaction is a rollback as well */
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_put_run(store, run, 1), GMM_OK);
    reopen();
    assert_int_equal(store_entry_count(store), 0);
    assert_int_equal(store_commit(store), GMM_OK);
    admitted_free(run);
}

static enum gmm_err see_object(void *arg, const void *bytes, size_t len)
{
    unsigned *seen = arg;
    const char *const want[] = {"charter", "certificate", ""};
    assert_int_equal(len, strlen(want[*seen]));
    assert_memory_equal(bytes, want[*seen], len);
    (*seen)++;
    return *seen == 4 ? GMM_ECLOSED : GMM_OK;
}

static void objects_keep_their_order(void **state)
{
    (void)state;
    unsigned seen = 0;
    struct gmm_id high = sample_id(0xff), low = sample_id(0), middle = sample_id(7);
    assert_int_equal(store_put_object(store, &high, "charter", 7), GMM_OK);
    assert_int_equal(store_put_object(store, &low, "certificate", 11), GMM_OK);
    assert_int_equal(store_put_object(store, &middle, "", 0), GMM_OK);
    assert_int_equal(store_put_object(store, &high, "charter", 7), GMM_OK);
    assert_int_equal(store_each_object(store, see_object, &seen), GMM_OK);
    assert_int_equal(seen, 3);
}

static enum gmm_err see_chunk(void *arg, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len)
{
    assert_int_equal(gid->b[0], 5);
    assert_int_equal(len, id->b[0]);
    (*(unsigned *)arg)++;
    return GMM_OK;
}

static enum gmm_err see_blob(void *arg, const struct gmm_id *id, const void *bytes, size_t len)
{
    assert_int_equal(id->b[0], 1);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "new", 3);
    (*(unsigned *)arg)++;
    return GMM_OK;
}

static enum gmm_err see_tally(void *arg, const struct gmm_id *epoch_id, uint64_t entries)
{
    const struct gmm_id epoch = sample_id(9); /* that of logbook's sealed entries */
    assert_true(id_equal(epoch_id, &epoch));
    *(uint64_t *)arg += entries;
    return GMM_OK;
}

/* Sealed entries are counted with the run that brings them; plain ones are under no epoch. */
static void entries_under_an_epoch_are_counted(void **state)
{
    (void)state;
    uint64_t entries = 0;
    assert_int_equal(store_each_tally(store, see_tally, &entries), GMM_OK);
    assert_true(entries == 0);
    put(0, 0, 9, 100, 1);
    put(0, 7, 20, 100, 2);
    put(1, 7, 3, 100, 3);
    struct admitted *run = logbook_next(&book, 0, 7, 5, 100);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_run(store, run, 4), GMM_OK);
    store_rollback(store);
    admitted_free(run);
    reopen();
    assert_int_equal(store_each_tally(store, see_tally, &entries), GMM_OK);
    assert_true(entries == 23);
}

static void chunks_secrets_cursors_values(void **state)
{
    (void)state;
    struct gmm_id gid = sample_id(5), other = sample_id(6), one = sample_id(1), two = sample_id(2);
    uint32_t len = 0;
    unsigned chunks = 0, secrets = 0, cursors = 0;
    assert_int_equal(store_put_chunk(store, &gid, &one, 1), GMM_OK);
    assert_int_equal(store_put_chunk(store, &gid, &two, 2), GMM_OK);
    assert_int_equal(store_put_chunk(store, &gid, &two, 2), GMM_OK);
    assert_int_equal(store_has_chunk(store, &gid, &two, &len), GMM_OK);
    assert_int_equal(len, 2);
    /* held for one group is not held for another */
    assert_int_equal(store_has_chunk(store, &other, &two, &len), GMM_ENOTFOUND);
    assert_int_equal(store_each_chunk(store, see_chunk, &chunks), GMM_OK);
    assert_int_equal(chunks, 2);
    assert_int_equal(store_put_secret(store, &one, "old!", 4), GMM_OK);
    assert_int_equal(store_put_secret(store, &one, "new", 3), GMM_OK);
    assert_int_equal(store_each_secret(store, see_blob, &secrets), GMM_OK);
    assert_int_equal(secrets, 1);
    assert_int_equal(store_put_cursor(store, &one, "old!", 4), GMM_OK);
    assert_int_equal(store_put_cursor(store, &one, "new", 3), GMM_OK);
    assert_int_equal(store_each_cursor(store, see_blob, &cursors), GMM_OK);
    assert_int_equal(cursors, 1);

    uint8_t *bytes = NULL;
    size_t n = 9;
    assert_int_equal(store_get(store, "none", &bytes, &n), GMM_ENOTFOUND);
    assert_null(bytes);
    assert_int_equal(store_set(store, "empty", "", 0), GMM_OK);
    assert_int_equal(store_get(store, "empty", &bytes, &n), GMM_OK);
    assert_non_null(bytes);
    assert_int_equal(n, 0);
    free(bytes);
    assert_int_equal(store_set(store, "empty", "a\0b", 3), GMM_OK);
    assert_int_equal(store_get(store, "empty", &bytes, &n), GMM_OK);
    assert_int_equal(n, 3);
    assert_memory_equal(bytes, "a\0b", 3);
    free(bytes);
    assert_int_equal(store_unset(store, "empty"), GMM_OK);
    assert_int_equal(store_unset(store, "empty"), GMM_OK);
    assert_int_equal(store_get(store, "empty", &bytes, &n), GMM_ENOTFOUND);
}

static enum gmm_err see_peer(void *arg, const struct store_peer *peer)
{
    unsigned *seen = arg;
    assert_string_equal(peer->address, *seen == 0 ? "a:1" : "b:2");
    assert_int_equal(peer->bound, *seen == 0);
    assert_int_equal(peer->noise_pk.b[3], *seen == 0 ? 4 : 0);
    assert_int_equal(peer->last_seen_ms, *seen == 0 ? 77 : 0);
    (*seen)++;
    return GMM_OK;
}

static enum gmm_err see_invite(void *arg, const struct store_invite *invite)
{
    assert_memory_equal(invite->id, name, 16);
    assert_int_equal(invite->sealed_len, 6);
    assert_memory_equal(invite->sealed, "sealed", 6);
    assert_int_equal(invite->expires_ms, 99);
    assert_int_equal(invite->state, 'u');
    assert_int_equal(invite->used_by.b[0], 8);
    (*(unsigned *)arg)++;
    return GMM_OK;
}

static enum gmm_err see_request(void *arg, const struct store_request *request)
{
    assert_int_equal(request->sign_pk.b[0], 8);
    assert_int_equal(request->len, 4);
    assert_int_equal(request->state, 'n');
    assert_int_equal(request->time_ms, 12);
    assert_string_equal(request->participant, "ilo");
    assert_string_equal(request->reason, "refus\xc3\xa9");
    (*(unsigned *)arg)++;
    return GMM_OK;
}

static void peers_invites_requests_once(void **state)
{
    (void)state;
    unsigned peers = 0, invites = 0, requests = 0;
    struct store_peer peer = {.address = "b:2"};
    assert_int_equal(store_put_peer(store, &peer), GMM_OK);
    peer = (struct store_peer){.address = "a:1"};
    assert_int_equal(store_put_peer(store, &peer), GMM_OK);
    peer = (struct store_peer){.address = "a:1", .bound = true, .noise_pk = sample_id(4), .last_seen_ms = 77};
    assert_int_equal(store_put_peer(store, &peer), GMM_OK);
    assert_int_equal(store_each_peer(store, see_peer, &peers), GMM_OK);
    assert_int_equal(peers, 2);
    assert_int_equal(store_drop_peer(store, "a:1"), GMM_OK);
    assert_int_equal(number("SELECT count(*) FROM peer"), 1);

    uint8_t sealed[6] = "sealed", request_bytes[4] = "join";
    struct store_invite invite = {.sealed = sealed, .sealed_len = 6, .expires_ms = 99, .state = 'o'};
    memcpy(invite.id, name, 16);
    assert_int_equal(store_put_invite(store, &invite), GMM_OK);
    invite.state = 'u';
    invite.used_by = sample_id(8);
    assert_int_equal(store_put_invite(store, &invite), GMM_OK);
    assert_int_equal(store_each_invite(store, see_invite, &invites), GMM_OK);
    assert_int_equal(invites, 1);

    struct store_request request = {
        .sign_pk = sample_id(8), .bytes = request_bytes, .len = 4, .state = 'p', .time_ms = 12};
    memcpy(request.participant, "ilo", 4);
    assert_int_equal(store_put_request(store, &request), GMM_OK);
    request.state = 'n';
    memcpy(request.reason, "refus\xc3\xa9", 8);
    assert_int_equal(store_put_request(store, &request), GMM_OK);
    assert_int_equal(store_each_request(store, see_request, &requests), GMM_OK);
    assert_int_equal(requests, 1);

    uint64_t ms = 1;
    struct gmm_id id = sample_id(1), got;
    assert_int_equal(store_get_seen(store, &id, &ms), GMM_ENOTFOUND);
    assert_int_equal(store_set_seen(store, &id, 5), GMM_OK);
    assert_int_equal(store_set_seen(store, &id, 6), GMM_OK);
    assert_int_equal(store_get_seen(store, &id, &ms), GMM_OK);
    assert_int_equal(ms, 6);
    uint8_t key[32] = {1};
    assert_int_equal(store_get_once(store, key, &got), GMM_ENOTFOUND);
    assert_int_equal(store_put_once(store, key, &id), GMM_OK);
    assert_int_equal(store_get_once(store, key, &got), GMM_OK);
    assert_true(id_equal(&got, &id));
    /* the first answer stands */
    assert_int_equal(store_put_once(store, key, &got), GMM_EEXISTS);
}

static void bodies_of_every_size(void **state)
{
    (void)state;
    put(0, 5, 1, 1, 1);
    put(0, 5, 1, 16000, 2);
    put(0, 5, 1, 17000, 3);
    put(0, 5, 1, LIMIT_BODY_BYTES, 4);
    reopen();
    struct run_key key = logbook_key(&book, 0, 5);
    struct run *run = NULL;
    uint8_t *want = malloc(LIMIT_BODY_BYTES);
    assert_non_null(want);
    assert_int_equal(store_load_run(store, &key, 0, UINT64_MAX, SIZE_MAX, &run), GMM_OK);
    assert_int_equal(run->count, 4);
    for (uint32_t i = 0; i < run->count; i++) {
        logbook_body(want, run->entries[i].body_len, 0, 5, i);
        assert_memory_equal(run->entries[i].body, want, run->entries[i].body_len);
    }
    free(want);
    run_free(run);
}

static void memory_that_ends(void **state)
{
    (void)state;
    put(0, 5, 9, 100, 1);
    struct run_key key = logbook_key(&book, 0, 5);
    long i = 0;
    for (;; i++) {
        struct run *run = NULL;
        failmalloc_at(i);
        enum gmm_err err = store_load_run(store, &key, 0, UINT64_MAX, SIZE_MAX, &run);
        bool failed = failmalloc_off();
        run_free(run);
        if (!failed) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
    }
    assert_true(i >= 9);
    store_close(store);
    store = NULL;
    for (i = 0;; i++) {
        failmalloc_at(i);
        enum gmm_err err = store_open(&store, path, false, name, NULL);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(store);
    }
    assert_int_equal(store_entry_count(store), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_store, make, drop),
        cmocka_unit_test_setup_teardown(entries_come_back, make, drop),
        cmocka_unit_test_setup_teardown(plain_entries_are_found, make, drop),
        cmocka_unit_test_setup_teardown(plain_entries_are_found_at_once, make, drop),
        cmocka_unit_test_setup_teardown(heads_come_back_in_order_of_arrival, make, drop),
        cmocka_unit_test_setup_teardown(runs_end_at_signed_heads, make, drop),
        cmocka_unit_test_setup_teardown(ids_and_prefixes_lead_to_entries, make, drop),
        cmocka_unit_test_setup_teardown(what_does_not_continue_is_refused, make, drop),
        cmocka_unit_test_setup_teardown(a_rollback_leaves_nothing, make, drop),
        cmocka_unit_test_setup_teardown(objects_keep_their_order, make, drop),
        cmocka_unit_test_setup_teardown(chunks_secrets_cursors_values, make, drop),
        cmocka_unit_test_setup_teardown(entries_under_an_epoch_are_counted, make, drop),
        cmocka_unit_test_setup_teardown(peers_invites_requests_once, make, drop),
        cmocka_unit_test_setup_teardown(bodies_of_every_size, make, drop),
        cmocka_unit_test_setup_teardown(memory_that_ends, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
