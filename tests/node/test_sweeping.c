#include "node/sweeping.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>

#include "keys/chunk.h"
#include "node/content.h"
#include "node/node_state.h"
#include "node/read.h"
#include "tests/node/posting_fixture.h"

#define LARGE_BYTES 300000u

static struct office office;
static struct gmm_id all, document;
static const struct gmm_id stray = {{0xab, 1}}, hidden = {{0xab, 2}}, erased = {{0xcd, 3}}, fresh = {{0xef, 4}};

static int make(void **state)
{
    (void)state;
    char *text = malloc(LARGE_BYTES + 1);
    if (text == NULL)
        return 1;
    for (size_t i = 0; i < LARGE_BYTES; i++)
        text[i] = (char)('a' + (i * i + i / 977) % 26);
    text[LARGE_BYTES] = '\0';
    posting_found(&office, &all);
    document = posting_post(&office, text, "S/1", "en", NULL, NULL);
    free(text);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    office_drop(&office);
    return 0;
}

static bool has_file(const struct gmm_id *id)
{
    uint8_t byte;
    size_t got, total;
    enum gmm_err err = chunkfile_read(office.node->chunks, id, 0, &byte, 1, &got, &total);
    assert_true(err == GMM_OK || err == GMM_ENOTFOUND);
    return err == GMM_OK;
}

static void put_file(const struct gmm_id *id)
{
    assert_int_equal(chunkfile_write(office.node->chunks, id, "sealed", 6, true), GMM_OK);
}

/* As if it had been written two days ago. */
static void age(const struct gmm_id *id)
{
    char hex[GMM_ID_HEX + 1], name[GMM_ID_HEX + 20], path[TEMPDIR_PATH];
    const struct timespec then = {.tv_sec = time(NULL) - 172800};
    id_to_hex(id, hex);
    snprintf(name, sizeof name, "chunks/%.2s/%s", hex, hex);
    tempdir_join(path, office.home, name);
    assert_int_equal(utimensat(AT_FDCWD, path, (const struct timespec[]){then, then}, 0), 0);
}

static void put_row(const struct gmm_id *id, enum store_hidden how)
{
    assert_int_equal(store_put_chunk(office.node->store, &all, id, 6), GMM_OK);
    assert_int_equal(store_hide_chunk(office.node->store, &all, id, how), GMM_OK);
}

/* As a daemon does when it has nothing else to do; how many slices. */
static unsigned sweep(void)
{
    unsigned slices = 1;
    office.node->daemon = true;
    while (sweeping_slice(office.node))
        slices++;
    office.node->daemon = false;
    return slices;
}

static struct gmm_id chunk_of_document(void)
{
    struct read_record record;
    struct gmm_id *ids = NULL, id;
    size_t count = 0;
    assert_int_equal(read_record(office.node, &document, &record, NULL), GMM_OK);
    assert_int_equal(content_chunks(office.node, &all, &record.document.content, &ids, &count), GMM_OK);
    assert_true(count > 0);
    id = ids[0];
    free(ids);
    read_record_close(&record);
    return id;
}

static void what_nothing_names_goes(void **state)
{
    (void)state;
    char folder[TEMPDIR_PATH], half[TEMPDIR_PATH];
    struct stat st;
    const struct gmm_id held = chunk_of_document();
    const struct gmm_id young = {{0xab, 5}};
    put_file(&stray);
    age(&stray);
    age(&held);
    put_file(&young); /* perhaps it is taken up again */
    tempdir_join(folder, office.home, "chunks/ab");
    tempdir_join(half, folder, ".new-0123456789abcdef");
    FILE *f = fopen(half, "we");
    assert_non_null(f);
    fclose(f);
    assert_true(has_file(&stray) && has_file(&held));
    assert_int_equal(sweep(), 256);
    assert_true(!has_file(&stray) && has_file(&held) && has_file(&young) && stat(half, &st) != 0);
    put_file(&stray);
    age(&stray);
    assert_int_equal(sweep(), 1); /* once a start */
    assert_true(has_file(&stray));
}

/* Also what is hidden, for it may be shown again, and what stands in a transaction that is not committed. */
static void what_a_row_names_stays(void **state)
{
    (void)state;
    put_file(&hidden);
    age(&hidden);
    put_file(&erased);
    assert_int_equal(store_begin(office.node->store, true), GMM_OK);
    put_row(&hidden, STORE_HIDDEN);
    put_row(&erased, STORE_ERASED);
    assert_int_equal(store_commit(office.node->store), GMM_OK);
    put_file(&fresh);
    age(&fresh);
    assert_int_equal(store_begin(office.node->store, true), GMM_OK);
    put_row(&fresh, STORE_SHOWN);
    assert_int_equal(sweep(), 256);
    assert_int_equal(store_commit(office.node->store), GMM_OK);
    assert_true(has_file(&hidden) && has_file(&fresh) && !has_file(&erased));
}

static void only_a_daemon(void **state)
{
    (void)state;
    put_file(&stray);
    age(&stray);
    assert_false(sweeping_slice(office.node));
    assert_true(has_file(&stray));
    office.node->daemon = office.node->read_only = true;
    assert_false(sweeping_slice(office.node));
    office.node->daemon = office.node->read_only = false;
    assert_true(has_file(&stray));
}

/* What the store does not answer is kept. */
static void nothing_goes_unread(void **state)
{
    (void)state;
    const struct gmm_id held = chunk_of_document();
    assert_int_equal(store_begin(office.node->store, true), GMM_OK);
    assert_int_equal(
        sqlite3_exec(store_db(office.node->store), "ALTER TABLE chunk RENAME TO elsewhere", NULL, NULL, NULL),
        SQLITE_OK);
    assert_true(sweep() > 0);
    assert_true(has_file(&held));
    store_rollback(office.node->store);
}

/* Received: its file is written on a thread, and its row comes when the loop hears of that. */
static void not_while_chunks_are_on_their_way(void **state)
{
    (void)state;
    struct node_pending *p = office.node->pending;
    const struct gmm_id nid = engine_view(office.node->engine)->nid;
    struct chunkwriter_job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    assert_int_equal(chunkwriter_new(&p->writer, office.home, &nid, NULL, NULL, NULL), GMM_OK);
    job->bytes = malloc(6);
    assert_non_null(job->bytes);
    memcpy(job->bytes, "sealed", 6);
    job->len = 6;
    job->gid = all;
    chunk_id(&job->id, &nid, &all, "sealed", 6);
    const struct gmm_id id = job->id;
    chunkwriter_put(p->writer, job);
    assert_int_equal(sweep(), 1); /* written by now, or not */
    job = chunkwriter_take(p->writer, true);
    assert_true(job != NULL && job->err == GMM_OK && has_file(&id));
    chunkwriter_job_free(job);
    age(&id);
    assert_int_equal(sweep(), 256);
    assert_false(has_file(&id));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(what_nothing_names_goes), TEST(what_a_row_names_stays), TEST(only_a_daemon),
                                       TEST(nothing_goes_unread), TEST(not_while_chunks_are_on_their_way)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
