/* What is hidden is as absent, until it is shown again; what is erased is gone, also from the file. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store.h"
#include "tests/lib/logbook.h"
#include "tests/lib/tempdir.h"

#define BODY 9000u

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];
static struct logbook book;
static struct store *store;
static struct run_key key;
static const struct gmm_id gid = {{5}}, chunk = {{7}}, other = {{8}};

static int make(void **state)
{
    (void)state;
    tempdir_make(folder);
    tempdir_join(path, folder, "store.db");
    logbook_open(&book);
    assert_int_equal(store_open(&store, path, false, (const uint8_t *)"a store's own id", NULL), GMM_OK);
    struct admitted *run = logbook_next(&book, 0, 5, 3, BODY);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_put_run(store, run, 1), GMM_OK);
    assert_int_equal(store_put_chunk(store, &gid, &chunk, 100), GMM_OK);
    assert_int_equal(store_commit(store), GMM_OK);
    admitted_free(run);
    key = logbook_key(&book, 0, 5);
    return 0;
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

struct seen {
    struct gmm_id ids[3];
    bool bodies[3];
    unsigned count;
};

static enum gmm_err see(void *arg, const uint8_t header[HEADER_BYTES], const struct gmm_id *id, const uint8_t *body,
                        size_t len)
{
    struct seen *seen = arg;
    (void)header;
    (void)len;
    seen->ids[seen->count] = *id;
    seen->bodies[seen->count++] = body != NULL;
    return GMM_OK;
}

static struct seen look(void)
{
    struct seen seen = {.count = 0};
    assert_int_equal(store_each_entry(store, &key, 0, see, &seen), GMM_OK);
    assert_int_equal(seen.count, 3);
    return seen;
}

static bool run_has_body(uint32_t at)
{
    struct run *run = NULL;
    assert_int_equal(store_load_run(store, &key, 0, 2, SIZE_MAX, &run), GMM_OK);
    assert_int_equal(run->count, 3);
    bool has = run->entries[at].body != NULL;
    run_free(run);
    return has;
}

static bool loads(enum gmm_err (*load)(struct store *, const struct gmm_id *, struct store_entry *),
                  const struct gmm_id *id)
{
    struct store_entry entry;
    assert_int_equal(load(store, id, &entry), GMM_OK);
    bool has = entry.body != NULL;
    store_entry_close(&entry);
    return has;
}

static void hide(const struct gmm_id *id, enum store_hidden hidden, enum gmm_err want)
{
    bool had = false;
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_hide(store, id, hidden, &had), want);
    assert_int_equal(store_commit(store), GMM_OK);
}

static void hidden_is_absent_and_comes_back(void **state)
{
    (void)state;
    uint64_t gaps = 9;
    struct gmm_id id = look().ids[1];
    hide(&id, STORE_HIDDEN, GMM_OK);
    assert_int_equal(store_hidden_of(store, &id), STORE_HIDDEN);
    assert_false(look().bodies[1] || run_has_body(1) || loads(store_load_entry, &id));
    assert_true(look().bodies[0] && look().bodies[2] && run_has_body(0) && loads(store_load_hidden, &id));
    assert_int_equal(store_count_gaps(store, &key, &gaps), GMM_OK);
    assert_int_equal(gaps, 0); /* nothing is missing */
    hide(&id, STORE_SHOWN, GMM_OK);
    assert_true(look().bodies[1] && run_has_body(1) && loads(store_load_entry, &id));
    hide(&other, STORE_HIDDEN, GMM_ENOTFOUND);
    assert_int_equal(store_hidden_of(store, &other), STORE_SHOWN);
}

static bool file_has(const void *bytes, size_t len)
{
    FILE *f = fopen(path, "rbe");
    static uint8_t file[8u << 20];
    assert_non_null(f);
    size_t n = fread(file, 1, sizeof file, f);
    fclose(f);
    return memmem(file, n, bytes, len) != NULL;
}

static void erased_is_gone_for_good(void **state)
{
    (void)state;
    uint8_t body[BODY];
    struct gmm_id id = look().ids[1];
    uint64_t gaps = 9;
    logbook_body(body, BODY, 0, 5, 1);
    assert_int_equal(store_purge(store), GMM_OK);
    assert_true(file_has(body + 100, 64));
    const struct seen all = look();
    for (unsigned i = 0; i < 3; i++) { /* their bytes are alike */
        hide(&all.ids[i], STORE_HIDDEN, GMM_OK);
        hide(&all.ids[i], STORE_ERASED, GMM_OK);
    }
    assert_int_equal(store_purge(store), GMM_OK);
    assert_false(file_has(body + 100, 64) || file_has(body + BODY - 64, 64));
    assert_false(loads(store_load_hidden, &id) || run_has_body(1));
    hide(&id, STORE_SHOWN, GMM_ESTATE);
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_put_body(store, &id, body, BODY), GMM_OK); /* whatever comes */
    assert_int_equal(store_commit(store), GMM_OK);
    assert_false(loads(store_load_hidden, &id));
    assert_int_equal(store_count_gaps(store, &key, &gaps), GMM_OK);
    assert_int_equal(gaps, 0);
}

static void a_body_that_never_came(void **state)
{
    (void)state;
    uint64_t gaps = 0;
    struct gmm_id id = look().ids[2];
    assert_int_equal(sqlite3_exec(store_db(store), "UPDATE entry SET body = NULL WHERE key & 3 = 2", NULL, NULL, NULL),
                     SQLITE_OK);
    hide(&id, STORE_HIDDEN, GMM_OK);
    assert_int_equal(store_count_gaps(store, &key, &gaps), GMM_OK);
    assert_int_equal(gaps, 0);
    hide(&id, STORE_SHOWN, GMM_OK); /* it is missing again */
    assert_int_equal(store_count_gaps(store, &key, &gaps), GMM_OK);
    assert_int_equal(gaps, 1);
}

static enum gmm_err count_chunk(void *arg, const struct gmm_id *group, const struct gmm_id *id, uint32_t len)
{
    (void)group;
    (void)id;
    (void)len;
    ++*(unsigned *)arg;
    return GMM_OK;
}

static unsigned chunks(void)
{
    unsigned count = 0;
    assert_int_equal(store_each_chunk(store, count_chunk, &count), GMM_OK);
    return count;
}

static void chunks_too(void **state)
{
    (void)state;
    uint32_t len = 0;
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_hide_chunk(store, &gid, &chunk, STORE_HIDDEN), GMM_OK);
    assert_int_equal(store_has_chunk(store, &gid, &chunk, &len), GMM_ENOTFOUND);
    assert_int_equal(chunks(), 0);
    assert_int_equal(store_hide_chunk(store, &gid, &chunk, STORE_ERASED), GMM_OK);
    assert_int_equal(store_chunk_hidden_of(store, &gid, &chunk), STORE_ERASED);
    assert_int_equal(store_hide_chunk(store, &gid, &other, STORE_HIDDEN), GMM_OK); /* not here */
    assert_int_equal(store_chunk_hidden_of(store, &gid, &other), STORE_SHOWN);
    assert_int_equal(store_put_chunk(store, &gid, &chunk, 100), GMM_OK); /* posted anew */
    assert_int_equal(store_has_chunk(store, &gid, &chunk, &len), GMM_OK);
    assert_int_equal(chunks(), 1);
    assert_int_equal(store_commit(store), GMM_OK);
}

static void how_far_it_is(void **state)
{
    (void)state;
    const struct gmm_id two[2] = {chunk, other};
    struct store_erasure one = {gid, gid, 1000, 0, STORE_ERASURE_HIDDEN}, later = {other, gid, 900, 0, 1}, back;
    struct store_erasure *list = NULL;
    struct gmm_id *named = NULL;
    size_t count = 0;
    assert_int_equal(store_begin(store, true), GMM_OK);
    assert_int_equal(store_get_erasure(store, &gid, &back), GMM_ENOTFOUND);
    assert_int_equal(store_put_erasure(store, &one), GMM_OK);
    assert_int_equal(store_put_erasure(store, &later), GMM_OK);
    one.seen_ms = 5000; /* since when it is known stays */
    one.state = STORE_ERASURE_DELETED;
    one.done_ms = 2000;
    assert_int_equal(store_put_erasure(store, &one), GMM_OK);
    assert_int_equal(store_get_erasure(store, &gid, &back), GMM_OK);
    assert_true(back.seen_ms == 1000 && back.done_ms == 2000 && back.state == STORE_ERASURE_DELETED);
    assert_int_equal(store_list_erasures(store, &list, &count), GMM_OK);
    assert_true(count == 2 && id_equal(&list[0].id, &other) && id_equal(&list[1].id, &gid));
    free(list);
    assert_int_equal(store_put_erasure_chunks(store, &gid, two, 2), GMM_OK);
    assert_int_equal(store_list_erasure_chunks(store, &gid, &named, &count), GMM_OK);
    assert_true(count == 2 && id_equal(&named[0], &chunk) && id_equal(&named[1], &other));
    free(named);
    assert_int_equal(store_drop_erasure(store, &gid), GMM_OK);
    assert_int_equal(store_list_erasure_chunks(store, &gid, &named, &count), GMM_OK);
    assert_true(count == 0 && named == NULL);
    assert_int_equal(store_commit(store), GMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(hidden_is_absent_and_comes_back, make, drop),
        cmocka_unit_test_setup_teardown(erased_is_gone_for_good, make, drop),
        cmocka_unit_test_setup_teardown(a_body_that_never_came, make, drop),
        cmocka_unit_test_setup_teardown(chunks_too, make, drop),
        cmocka_unit_test_setup_teardown(how_far_it_is, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
