#include "node/projection.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "tests/lib/logbook.h"
#include "tests/lib/tempdir.h"

static char folder[TEMPDIR_PATH], path[TEMPDIR_PATH];
static struct logbook book;
static struct store *store;
static struct projection *projection;
static struct gmm_id gid, a, b;
static const struct gmm_id chunk = {{7}}, shared = {{8}};

static int make(void **state)
{
    (void)state;
    const uint8_t secret[32] = {9};
    tempdir_make(folder);
    tempdir_join(path, folder, "store.db");
    logbook_open(&book);
    assert_int_equal(store_open(&store, path, false, (const uint8_t *)"a store's own id", NULL), GMM_OK);
    assert_int_equal(projection_open(&projection, store, secret, NULL), GMM_OK);
    struct admitted *run = logbook_next(&book, 0, 5, 2, 80);
    const struct run_key key = logbook_key(&book, 0, 5);
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_run(store, run, 1), GMM_OK);
    assert_int_equal(projection_set_voids(projection, &key, NULL, 0), GMM_OK);
    gid = key.group;
    a = admitted_entry(run, 0)->id;
    b = admitted_entry(run, 1)->id;
    admitted_free(run);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    store_rollback(store);
    projection_close(projection);
    store_close(store);
    logbook_close(&book);
    tempdir_remove(folder);
    return 0;
}

static void put(const struct gmm_id *id)
{
    char title[] = "t", lang[] = "en";
    const struct projection_item item = {.id = *id,
                                         .gid = gid,
                                         .author = book.authors[0].sign_pk,
                                         .type = HEADER_DOCUMENT,
                                         .time_ms = LOGBOOK_TIME_MS,
                                         .seq = id_equal(id, &b),
                                         .version = 1,
                                         .title = title,
                                         .lang = lang};
    assert_int_equal(projection_put(projection, &item), GMM_OK);
}

static bool has(const struct gmm_id *id)
{
    struct projection_item item;
    enum gmm_err err = projection_get(projection, id, &item);
    assert_true(err == GMM_OK || err == GMM_ENOTFOUND);
    if (err == GMM_OK)
        projection_item_close(&item);
    return err == GMM_OK;
}

static bool wants(const struct gmm_id *id)
{
    bool wanted = false;
    assert_int_equal(projection_wants_chunk(projection, id, &wanted), GMM_OK);
    return wanted;
}

struct heard {
    struct gmm_id chunks[4];
    unsigned count;
    enum gmm_err answer;
};

static enum gmm_err hear(void *arg, const struct gmm_id *of, const struct gmm_id *id)
{
    struct heard *heard = arg;
    assert_true(id_equal(of, &gid) && heard->count < 4);
    heard->chunks[heard->count++] = *id;
    return heard->answer;
}

static void its_line_and_what_waited_for_it(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    put(&a);
    put(&b);
    assert_int_equal(projection_want_chunk(projection, &gid, &chunk, &a), GMM_OK);
    assert_int_equal(projection_want_chunk(projection, &gid, &shared, &b), GMM_OK);
    assert_int_equal(projection_want_chunk(projection, &gid, &a, &b), GMM_OK); /* its body, asked for */
    assert_int_equal(projection_drop(projection, &a, hear, &heard), GMM_OK);
    assert_false(wants(&a));
    assert_true(heard.count == 1 && id_equal(&heard.chunks[0], &chunk));
    assert_true(!has(&a) && has(&b) && !wants(&chunk) && wants(&shared));
    assert_int_equal(projection_drop(projection, &a, NULL, NULL), GMM_OK); /* twice is fine */
}

static void a_failure_keeps_it(void **state)
{
    (void)state;
    struct heard heard = {.answer = GMM_ENOMEM};
    put(&a);
    assert_int_equal(projection_want_chunk(projection, &gid, &chunk, &a), GMM_OK);
    assert_int_equal(projection_drop(projection, &a, hear, &heard), GMM_ENOMEM);
    assert_true(has(&a) && wants(&chunk));
}

struct said {
    struct run_key keys[4];
    uint64_t seqs[4], times[4];
    unsigned count;
};

static enum gmm_err on_said(void *arg, const struct run_key *key, uint64_t seq, uint64_t time)
{
    struct said *said = arg;
    assert_true(said->count < 4);
    said->keys[said->count] = *key;
    said->seqs[said->count] = seq;
    said->times[said->count++] = time;
    return GMM_OK;
}

static void put_said(uint8_t office, uint64_t seq, uint64_t time)
{
    const struct header h = {
        .group = gid, .author = {{office}}, .instance = UINT64_MAX - office, .seq = seq, .time = time};
    assert_int_equal(projection_put_erased(projection, &a, &h), GMM_OK);
}

static void who_says_so_by_time(void **state)
{
    (void)state;
    struct said said = {.count = 0};
    put_said(3, 4, UINT64_C(3000) << 16);
    put_said(2, 9, UINT64_C(1000) << 16);
    put_said(3, 4, UINT64_C(9000) << 16); /* the same entry once more */
    assert_int_equal(projection_each_erased(projection, &a, on_said, &said), GMM_OK);
    assert_int_equal(said.count, 2);
    assert_true(said.keys[0].author.b[0] == 2 && said.keys[1].author.b[0] == 3);
    assert_true(said.seqs[0] == 9 && said.seqs[1] == 4);
    assert_true(said.times[0] == UINT64_C(1000) << 16 && id_equal(&said.keys[0].group, &gid));
    assert_true(said.keys[1].instance == UINT64_MAX - 3);
    said.count = 0;
    assert_int_equal(projection_each_erased(projection, &b, on_said, &said), GMM_OK);
    assert_int_equal(said.count, 0);
}

static int start(void **state)
{
    (void)state;
    return secret_open(SECRET_ALLOW_UNLOCKED, NULL) == GMM_OK ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(its_line_and_what_waited_for_it), TEST(a_failure_keeps_it),
                                       TEST(who_says_so_by_time)};
    return cmocka_run_group_tests(tests, start, end);
}
