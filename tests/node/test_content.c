#include "node/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/node/posting_fixture.h"

#define MIB (1u << 20)

static struct office office;
static struct gmm_id all;

static int start(void **state)
{
    (void)state;
    posting_found(&office, &all);
    return 0;
}

static int end(void **state)
{
    (void)state;
    office_drop(&office);
    return 0;
}

/* Bytes that do not repeat; the same seed, the same bytes. */
static uint8_t *noise(size_t len, uint64_t seed)
{
    uint8_t *out = malloc(len + 1);
    assert_non_null(out);
    for (size_t i = 0; i < len; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(seed >> 56);
    }
    return out;
}

static struct manifest store(const uint8_t *bytes, size_t len, size_t inline_max, uint8_t **inlined)
{
    struct manifest m;
    struct gmm_msg msg = {.text = ""};
    int fd = posting_file(bytes, len);
    enum gmm_err err = content_store(office.node, &all, fd, inline_max, &m, inlined, &msg);
    if (err != GMM_OK)
        fail_msg("%s", msg.text);
    assert_int_equal(node_flush(office.node), GMM_OK);
    assert_int_equal(m.size, len);
    close(fd);
    return m;
}

static void expect_content(const struct manifest *m, const uint8_t *bytes, size_t len)
{
    uint8_t *got = NULL, *file = malloc(len + 1);
    size_t got_len = 0, missing = 1;
    int fd = memfd_create("out", MFD_CLOEXEC);
    assert_non_null(file);
    assert_int_equal(content_read(office.node, &all, m, len, &got, &got_len, NULL), GMM_OK);
    assert_int_equal(got_len, len);
    assert_memory_equal(got, bytes, len);
    assert_int_equal(content_write(office.node, &all, m, fd, &missing, NULL), GMM_OK);
    assert_int_equal(missing, 0);
    assert_int_equal(lseek(fd, 0, SEEK_END), len);
    assert_int_equal(pread(fd, file, len, 0), len);
    assert_memory_equal(file, bytes, len);
    close(fd);
    free(file);
    free(got);
}

static void test_inline_and_chunks(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 4097, MIB, 5 * MIB + 3};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t *bytes = noise(sizes[i], i + 1), *inlined = NULL;
        struct manifest m = store(bytes, sizes[i], 4096, &inlined);
        assert_int_equal(inlined != NULL, sizes[i] <= 4096);
        assert_int_equal(m.count > 0, sizes[i] > 4096);
        expect_content(&m, bytes, sizes[i]);
        free(inlined);
        manifest_close(&m);
        free(bytes);
    }
}

static void test_same_stretches_same_chunks(void **state)
{
    (void)state;
    size_t len = 12 * MIB, same = 0;
    uint8_t *bytes = noise(len, 77), *inlined = NULL;
    struct manifest before = store(bytes, len, 0, &inlined);
    memset(bytes + len / 2, 0, 100);
    struct manifest after = store(bytes, len, 0, &inlined);
    for (uint32_t i = 0; i < before.count; i++)
        for (uint32_t j = 0; j < after.count; j++)
            same += id_equal(&before.chunks[i].id, &after.chunks[j].id);
    assert_true(same + 3 >= before.count && same < before.count);
    expect_content(&after, bytes, len);
    manifest_close(&before);
    manifest_close(&after);
    free(bytes);
}

/* Two bytes repeated give chunks of the largest size: a long file is a few chunks many times over. */
static void test_lists_of_chunks(void **state)
{
    (void)state;
    size_t len = (size_t)(CONTENT_FLAT_CHUNKS + 2) * LIMIT_CHUNK_MAX;
    uint8_t *inlined = NULL;
    struct gmm_id *ids = NULL;
    size_t count = 0;
    int fd = memfd_create("long", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
    struct manifest m;
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    assert_int_equal(content_store(office.node, &all, fd, 4096, &m, &inlined, NULL), GMM_OK);
    assert_int_equal(node_flush(office.node), GMM_OK);
    assert_int_equal(m.level, 1);
    assert_int_equal(m.count, 1);
    assert_int_equal(content_missing(office.node, &all, &m, &ids, &count), GMM_OK);
    assert_int_equal(count, 0);
    assert_int_equal(content_write(office.node, &all, &m, out, NULL, NULL), GMM_OK);
    assert_int_equal(lseek(out, 0, SEEK_END), len);
    /* A manifest that says another size than its lists is refused before anything is written. */
    m.size--;
    assert_int_equal(ftruncate(out, 0), 0);
    assert_int_equal(content_write(office.node, &all, &m, out, NULL, NULL), GMM_ECORRUPT);
    assert_int_equal(lseek(out, 0, SEEK_END), 0);
    m.size += 2;
    assert_int_equal(content_missing(office.node, &all, &m, &ids, &count), GMM_ECORRUPT);
    assert_null(ids);
    close(fd);
    close(out);
    manifest_close(&m);
}

static void chunk_path(char out[TEMPDIR_PATH], const struct gmm_id *id)
{
    char hex[GMM_ID_HEX + 1], name[128];
    id_to_hex(id, hex);
    snprintf(name, sizeof name, "chunks/%.2s/%s", hex, hex);
    tempdir_join(out, office.home, name);
}

static void test_missing_and_damaged(void **state)
{
    (void)state;
    size_t len = 3 * MIB, missing = 0, count = 0;
    uint8_t *bytes = noise(len, 5), *inlined = NULL, byte = 0;
    char path[TEMPDIR_PATH];
    struct gmm_msg msg = {.text = ""};
    struct gmm_id *ids = NULL;
    int out = memfd_create("out", MFD_CLOEXEC);
    struct manifest m = store(bytes, len, 4096, &inlined);
    /* One that nobody has. */
    struct gmm_id held = m.chunks[1].id;
    m.chunks[1].id.b[0] ^= 1;
    assert_int_equal(content_write(office.node, &all, &m, out, &missing, NULL), GMM_EABSENT);
    assert_int_equal(missing, 1);
    assert_int_equal(lseek(out, 0, SEEK_END), 0);
    assert_int_equal(content_missing(office.node, &all, &m, &ids, &count), GMM_OK);
    assert_int_equal(count, 1);
    assert_true(id_equal(&ids[0], &m.chunks[1].id));
    free(ids);
    m.chunks[1].id = held;
    /* Another key than the chunk's, another length, another group. */
    m.chunks[0].key[3] ^= 1;
    assert_int_equal(content_write(office.node, &all, &m, out, NULL, &msg), GMM_ECORRUPT);
    m.chunks[0].key[3] ^= 1;
    m.chunks[0].len++;
    assert_int_equal(content_write(office.node, &all, &m, out, NULL, &msg), GMM_ECORRUPT);
    m.chunks[0].len--;
    struct gmm_id other = all;
    other.b[0] ^= 1;
    assert_int_equal(content_write(office.node, &other, &m, out, NULL, NULL), GMM_EABSENT);
    /* A flipped bit on disk, a file that is gone: each is named. */
    chunk_path(path, &m.chunks[0].id);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0 && pread(fd, &byte, 1, 40) == 1);
    byte ^= 4;
    assert_int_equal(pwrite(fd, &byte, 1, 40), 1);
    assert_int_equal(content_write(office.node, &all, &m, out, NULL, &msg), GMM_ECORRUPT);
    assert_non_null(strstr(msg.text, path + strlen(path) - GMM_ID_HEX));
    close(fd);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(content_write(office.node, &all, &m, out, NULL, &msg), GMM_ECORRUPT);
    assert_non_null(strstr(msg.text, "missing"));
    close(out);
    manifest_close(&m);
    free(bytes);
}

static size_t count_chunk_files(void)
{
    size_t count = 0;
    for (unsigned i = 0; i < 256; i++) {
        char name[16], path[TEMPDIR_PATH];
        snprintf(name, sizeof name, "chunks/%02x", i);
        tempdir_join(path, office.home, name);
        count += access(path, F_OK) == 0 ? tempdir_count(path) : 0;
    }
    return count;
}

/* A post that failed leaves no chunk file, whatever allocation it failed at. */
static void test_without_memory(void **state)
{
    (void)state;
    size_t len = 2 * MIB, before = count_chunk_files();
    uint8_t *bytes = noise(len, 9), *inlined = NULL;
    int fd = posting_file(bytes, len);
    struct manifest m;
    bool failed = true;
    for (long i = 0; failed; i++) {
        failmalloc_at(i);
        enum gmm_err err = content_store(office.node, &all, fd, 4096, &m, &inlined, NULL);
        failed = failmalloc_off();
        if (err == GMM_OK) {
            assert_int_equal(node_flush(office.node), GMM_OK);
            break;
        }
        assert_true(failed);
        node_discard(office.node);
        assert_int_equal(count_chunk_files(), before);
    }
    expect_content(&m, bytes, len);
    manifest_close(&m);
    free(bytes);
    close(fd);
}

static void test_forget(void **state)
{
    (void)state;
    size_t len = 2 * MIB, before = count_chunk_files();
    uint8_t *bytes = noise(len, 11), *inlined = NULL;
    int fd = posting_file(bytes, len);
    struct manifest m;
    assert_int_equal(content_store(office.node, &all, fd, 4096, &m, &inlined, NULL), GMM_OK);
    assert_true(count_chunk_files() > before);
    node_discard(office.node);
    content_forget(office.node, &all, &m);
    assert_int_equal(count_chunk_files(), before);
    manifest_close(&m);
    free(bytes);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inline_and_chunks), cmocka_unit_test(test_same_stretches_same_chunks),
        cmocka_unit_test(test_lists_of_chunks),   cmocka_unit_test(test_missing_and_damaged),
        cmocka_unit_test(test_without_memory),    cmocka_unit_test(test_forget),
    };
    return cmocka_run_group_tests(tests, start, end);
}
