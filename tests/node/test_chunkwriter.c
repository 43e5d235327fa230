#include "node/chunkwriter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/chunk.h"
#include "node/chunkfile.h"
#include "node/home.h"
#include "tests/lib/tempdir.h"

#define CHUNKS 40u

static const struct gmm_id nid = {{2}}, gid = {{3}};
static char home[TEMPDIR_PATH];
static struct chunkwriter *writer;
static atomic_uint woken;

static void wake(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

static int make(void **state)
{
    (void)state;
    tempdir_make(home);
    atomic_store(&woken, 0);
    if (home_create(home, NULL) != GMM_OK)
        return -1;
    return chunkwriter_new(&writer, home, &nid, wake, &woken, NULL);
}

static int drop(void **state)
{
    (void)state;
    chunkwriter_free(writer);
    writer = NULL;
    tempdir_remove(home);
    return 0;
}

static size_t length_of(uint64_t n)
{
    return n % 3 == 0 ? 100000u : (size_t)n + 1; /* long and short ones end in another order than they began */
}

static void fill(uint8_t *bytes, uint64_t n)
{
    memset(bytes, (int)n + 1, length_of(n));
}

static struct gmm_id put(uint64_t n)
{
    struct chunkwriter_job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    job->ticket = n;
    job->gid = gid;
    job->len = length_of(n);
    job->bytes = malloc(job->len);
    assert_non_null(job->bytes);
    fill(job->bytes, n);
    chunk_id(&job->id, &nid, &gid, job->bytes, job->len);
    struct gmm_id id = job->id;
    chunkwriter_put(writer, job);
    return id;
}

static void assert_on_disk(const struct gmm_id *id, uint64_t n)
{
    static uint8_t expected[100000], found[100001];
    struct chunkfile *files;
    size_t got = 0, total = 0;
    fill(expected, n);
    assert_int_equal(chunkfile_open(&files, home, NULL), GMM_OK);
    assert_int_equal(chunkfile_read(files, id, 0, found, sizeof found, &got, &total), GMM_OK);
    assert_true(got == length_of(n) && total == got);
    assert_memory_equal(found, expected, got);
    chunkfile_close(files);
}

static void each_is_on_the_disk_when_it_comes_out(void **state)
{
    struct gmm_id ids[CHUNKS];
    bool seen[CHUNKS] = {false};
    struct chunkwriter_job *job;
    (void)state;
    assert_null(chunkwriter_take(writer, false));
    assert_null(chunkwriter_take(writer, true)); /* none is under way: nothing to wait for */
    for (uint64_t n = 0; n < CHUNKS; n++)
        ids[n] = put(n);
    for (unsigned k = 0; k < CHUNKS; k++) {
        assert_non_null(job = chunkwriter_take(writer, true));
        assert_int_equal(job->err, GMM_OK);
        assert_true(job->ticket < CHUNKS && !seen[job->ticket]);
        seen[job->ticket] = true;
        assert_true(id_equal(&job->id, &ids[job->ticket]) && job->len == length_of(job->ticket) && job->bytes == NULL);
        assert_on_disk(&job->id, job->ticket);
        chunkwriter_job_free(job);
    }
    assert_null(chunkwriter_take(writer, true));
    assert_true(atomic_load(&woken) <= CHUNKS); /* who waits does some of it, and need not be woken for that */
}

/* A loop that only comes when it is woken misses none. */
static void who_is_woken_finds_what_is_done(void **state)
{
    (void)state;
    unsigned taken = 0, told = 0;
    for (uint64_t n = 0; n < CHUNKS; n++)
        put(n);
    while (taken < CHUNKS) {
        unsigned now = atomic_load(&woken);
        if (now == told)
            continue;
        told = now;
        struct chunkwriter_job *job;
        while ((job = chunkwriter_take(writer, false)) != NULL) {
            taken++;
            chunkwriter_job_free(job);
        }
    }
    assert_int_equal(taken, CHUNKS);
}

static void other_bytes_are_not_written(void **state)
{
    struct chunkwriter_job *job = calloc(1, sizeof *job);
    struct chunkfile *files;
    size_t got, total;
    uint8_t byte;
    (void)state;
    assert_non_null(job);
    *job = (struct chunkwriter_job){.ticket = 7, .gid = gid, .bytes = malloc(10), .len = 10};
    assert_non_null(job->bytes);
    memset(job->bytes, 1, 10);
    chunk_id(&job->id, &nid, &gid, job->bytes, 10);
    struct gmm_id id = job->id;
    job->bytes[9] ^= 1;
    chunkwriter_put(writer, job);
    assert_non_null(job = chunkwriter_take(writer, true));
    assert_true(job->ticket == 7 && job->err == GMM_ESIGNATURE);
    chunkwriter_job_free(job);
    assert_int_equal(chunkfile_open(&files, home, NULL), GMM_OK);
    assert_int_equal(chunkfile_read(files, &id, 0, &byte, 1, &got, &total), GMM_ENOTFOUND);
    chunkfile_close(files);
}

/* Where the folder of chunks cannot be written, each chunk says so. */
static void what_cannot_be_written_says_so(void **state)
{
    struct chunkwriter_job *job;
    char chunks[TEMPDIR_PATH], folder[TEMPDIR_PATH], name[40], hex[GMM_ID_HEX + 1];
    struct gmm_id id;
    uint8_t bytes[2] = {0};
    (void)state;
    fill(bytes, 1);
    chunk_id(&id, &nid, &gid, bytes, length_of(1));
    id_to_hex(&id, hex);
    snprintf(name, sizeof name, "chunks/%.2s", hex);
    tempdir_join(folder, home, name);
    tempdir_join(chunks, home, "chunks/elsewhere");
    assert_int_equal(mkdir(chunks, 0700), 0);
    assert_int_equal(symlink(chunks, folder), 0); /* no link is followed */
    put(1);
    assert_non_null(job = chunkwriter_take(writer, true));
    assert_int_equal(job->err, GMM_EDENIED);
    chunkwriter_job_free(job);
}

static void freed_with_work_under_way(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < CHUNKS; n++)
        put(n);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_is_on_the_disk_when_it_comes_out),
        TEST(who_is_woken_finds_what_is_done),
        TEST(other_bytes_are_not_written),
        TEST(what_cannot_be_written_says_so),
        TEST(freed_with_work_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
