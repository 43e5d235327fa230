#include "node/chunkfile.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/home.h"
#include "tests/lib/failmalloc.h"
#include "tests/lib/tempdir.h"

static char home[TEMPDIR_PATH];
static struct chunkfile *dir;

static int make(void **state)
{
    (void)state;
    tempdir_make(home);
    if (home_create(home, NULL) != GMM_OK)
        return -1;
    return chunkfile_open(&dir, home, NULL);
}

static int drop(void **state)
{
    (void)state;
    chunkfile_close(dir);
    dir = NULL;
    tempdir_remove(home);
    return 0;
}

static struct gmm_id name_of(unsigned n)
{
    struct gmm_id id = {.b = {(uint8_t)n, (uint8_t)(n >> 8), 7}};
    return id;
}

static void path_of(char out[TEMPDIR_PATH], const struct gmm_id *id)
{
    char hex[GMM_ID_HEX + 1], name[GMM_ID_HEX + 20];
    id_to_hex(id, hex);
    snprintf(name, sizeof name, "chunks/%.2s/%s", hex, hex);
    tempdir_join(out, home, name);
}

static void assert_reads(const struct gmm_id *id, const uint8_t *bytes, size_t len)
{
    static uint8_t got_bytes[300000];
    size_t got = 0, total = 0;
    assert_int_equal(chunkfile_read(dir, id, 0, got_bytes, sizeof got_bytes, &got, &total), GMM_OK);
    assert_int_equal(got, len);
    assert_int_equal(total, len);
    assert_memory_equal(got_bytes, bytes, len);
}

static uint8_t bytes[200000];

static void fill(uint8_t with)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251 + with);
}

static void written_then_read(void **state)
{
    (void)state;
    struct gmm_id id = name_of(0xab);
    char path[TEMPDIR_PATH];
    struct stat st;
    fill(1);
    assert_int_equal(chunkfile_write(dir, &id, bytes, sizeof bytes, true), GMM_OK);
    assert_reads(&id, bytes, sizeof bytes);
    path_of(path, &id);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(chunkfile_write(dir, &id, bytes, sizeof bytes, true), GMM_OK);
    assert_int_equal(chunkfile_write(dir, &id, bytes, sizeof bytes, false), GMM_OK);
    assert_int_equal(chunkfile_sync(dir), GMM_OK);
    tempdir_join(path, home, "chunks/ab");
    assert_int_equal(tempdir_count(path), 1);
}

/* Sizes around those at which writing goes another way: whole blocks past the page cache, in pieces. */
static void every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,       4096,       (128u << 10) - 1, 128u << 10,        (128u << 10) + 1, 1u << 20,
                                   1048577, (2u << 20), (3u << 20) - 1,   (3u << 20) + 4095, 4u << 20,         4718656};
    size_t most = sizes[sizeof sizes / sizeof *sizes - 1], got = 0, total = 0;
    uint8_t *large = malloc(most), *back = malloc(most + 1);
    assert_true(large != NULL && back != NULL);
    for (size_t i = 0; i < most; i++)
        large[i] = (uint8_t)(i * 31 + i / 251);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct gmm_id id = name_of(i);
        assert_int_equal(chunkfile_write(dir, &id, large, sizes[i], true), GMM_OK);
        assert_int_equal(chunkfile_read(dir, &id, 0, back, most + 1, &got, &total), GMM_OK);
        assert_int_equal(total, sizes[i]);
        assert_int_equal(got, sizes[i]);
        assert_memory_equal(back, large, got);
    }
    free(back);
    free(large);
}

static void parts_of_a_chunk(void **state)
{
    (void)state;
    struct gmm_id id = name_of(1);
    static const struct {
        size_t offset, max, got;
    } cases[] = {{0, 10, 10},     {5, 10, 10},       {199990, 10, 10}, {199995, 10, 5},
                 {200000, 10, 0}, {SIZE_MAX, 10, 0}, {7, 0, 0}};
    fill(2);
    assert_int_equal(chunkfile_write(dir, &id, bytes, sizeof bytes, false), GMM_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t part[10];
        size_t got = 99, total = 99;
        assert_int_equal(chunkfile_read(dir, &id, cases[i].offset, part, cases[i].max, &got, &total), GMM_OK);
        assert_int_equal(got, cases[i].got);
        assert_int_equal(total, sizeof bytes);
        if (got > 0)
            assert_memory_equal(part, bytes + cases[i].offset, got);
    }
}

static void more_than_stays_open(void **state)
{
    (void)state;
    fill(3);
    for (unsigned i = 0; i < 200; i++) {
        struct gmm_id id = name_of(i);
        assert_int_equal(chunkfile_write(dir, &id, bytes, 100 + i, false), GMM_OK);
    }
    assert_int_equal(chunkfile_sync(dir), GMM_OK);
    for (unsigned i = 0; i < 200; i++) {
        struct gmm_id id = name_of(i);
        assert_reads(&id, bytes, 100 + i);
    }
}

static void a_torn_file_is_written_again(void **state)
{
    (void)state;
    struct gmm_id id = name_of(2);
    char path[TEMPDIR_PATH];
    fill(4);
    path_of(path, &id);
    assert_int_equal(chunkfile_write(dir, &id, bytes, sizeof bytes, true), GMM_OK);
    /* right length, wrong bytes */
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 150000, SEEK_SET), 0);
    assert_int_equal(fputc(bytes[150000] ^ 1, f), bytes[150000] ^ 1);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chunkfile_write(dir, &id, bytes, sizeof bytes, false), GMM_OK);
    assert_reads(&id, bytes, sizeof bytes);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(chunkfile_write(dir, &id, bytes, sizeof bytes, true), GMM_OK);
    assert_reads(&id, bytes, sizeof bytes);
}

static void what_is_not_there(void **state)
{
    (void)state;
    struct gmm_id id = name_of(3), other = name_of(0x103);
    size_t got = 1, total = 1;
    assert_int_equal(chunkfile_read(dir, &id, 0, bytes, 1, &got, &total), GMM_ENOTFOUND);
    assert_int_equal(got + total, 0);
    assert_int_equal(chunkfile_remove(dir, &id), GMM_ENOTFOUND);
    assert_int_equal(chunkfile_write(dir, &id, bytes, 1, true), GMM_OK);
    assert_int_equal(chunkfile_read(dir, &other, 0, bytes, 1, &got, &total), GMM_ENOTFOUND);
    assert_int_equal(chunkfile_remove(dir, &id), GMM_OK);
    assert_int_equal(chunkfile_sync(dir), GMM_OK);
    assert_int_equal(chunkfile_read(dir, &id, 0, bytes, 1, &got, &total), GMM_ENOTFOUND);
}

static void links_are_refused(void **state)
{
    (void)state;
    struct gmm_id id = name_of(4);
    char path[TEMPDIR_PATH], target[TEMPDIR_PATH];
    size_t got = 0, total = 0;
    tempdir_join(target, home, "target");
    assert_int_equal(mkdir(target, 0700), 0);
    tempdir_join(path, home, "chunks/04");
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(chunkfile_write(dir, &id, bytes, 1, true), GMM_EDENIED);
    assert_int_equal(tempdir_count(target), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(path, &id);
    tempdir_join(target, home, "file");
    FILE *f = fopen(target, "wb");
    assert_non_null(f);
    fclose(f);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(chunkfile_read(dir, &id, 0, bytes, 1, &got, &total), GMM_EDENIED);
    /* writing puts the chunk where the link was */
    assert_int_equal(chunkfile_write(dir, &id, bytes, 1, true), GMM_OK);
    assert_reads(&id, bytes, 1);
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 0);
}

static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    struct gmm_id id = name_of(5);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, 50000});
        bool full = chunkfile_write(dir, &id, bytes, sizeof bytes, true) == GMM_EFULL;
        _exit(full && chunkfile_write(dir, &id, bytes, 1000, true) == GMM_OK ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_reads(&id, bytes, 1000);
    char path[TEMPDIR_PATH];
    tempdir_join(path, home, "chunks/05");
    assert_int_equal(tempdir_count(path), 1);
}

static bool keep_even(void *arg, const struct gmm_id *id, int64_t written_s)
{
    unsigned *asked = arg;
    assert_in_range(written_s, time(NULL) - 3600, time(NULL) + 3600);
    (*asked)++;
    return id->b[1] % 2 == 0;
}

static void touch(const char *name)
{
    char path[TEMPDIR_PATH];
    tempdir_join(path, home, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fclose(f);
}

static void the_sweep_takes_what_no_row_knows(void **state)
{
    (void)state;
    unsigned asked = 0, removed = 9;
    assert_int_equal(chunkfile_sweep(dir, 6, keep_even, &asked, &removed), GMM_OK);
    assert_int_equal(removed, 0);
    for (unsigned i = 0; i < 10; i++) {
        struct gmm_id id = name_of(6 + (i << 8));
        assert_int_equal(chunkfile_write(dir, &id, bytes, 10, false), GMM_OK);
    }
    touch("chunks/06/.new-0123");
    touch("chunks/06/README");
    assert_int_equal(chunkfile_sweep(dir, 6, keep_even, &asked, &removed), GMM_OK);
    assert_int_equal(asked, 10);
    assert_int_equal(removed, 6);
    for (unsigned i = 0; i < 10; i++) {
        struct gmm_id id = name_of(6 + (i << 8));
        size_t got, total;
        assert_int_equal(chunkfile_read(dir, &id, 0, bytes, 10, &got, &total), i % 2 == 0 ? GMM_OK : GMM_ENOTFOUND);
    }
}

static void no_folder_of_chunks(void **state)
{
    (void)state;
    struct chunkfile *none = (struct chunkfile *)1;
    struct gmm_msg msg = {.text = ""};
    char path[TEMPDIR_PATH];
    tempdir_join(path, home, "keys");
    assert_int_equal(chunkfile_open(&none, path, &msg), GMM_ENOTFOUND);
    assert_null(none);
    assert_non_null(strstr(msg.text, path));
    failmalloc_at(0);
    enum gmm_err err = chunkfile_open(&none, home, NULL);
    assert_true(failmalloc_off());
    assert_int_equal(err, GMM_ENOMEM);
    chunkfile_close(NULL);
    assert_true(chunkfile_disk_free(dir) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(written_then_read, make, drop),
        cmocka_unit_test_setup_teardown(every_size, make, drop),
        cmocka_unit_test_setup_teardown(parts_of_a_chunk, make, drop),
        cmocka_unit_test_setup_teardown(more_than_stays_open, make, drop),
        cmocka_unit_test_setup_teardown(a_torn_file_is_written_again, make, drop),
        cmocka_unit_test_setup_teardown(what_is_not_there, make, drop),
        cmocka_unit_test_setup_teardown(links_are_refused, make, drop),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_nothing, make, drop),
        cmocka_unit_test_setup_teardown(the_sweep_takes_what_no_row_knows, make, drop),
        cmocka_unit_test_setup_teardown(no_folder_of_chunks, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
