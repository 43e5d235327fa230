#include "node/erasing_chunks.h"

#include "node/content.h"
#include "node/project.h"
#include "tests/node/posting_fixture.h"

#define LARGE_BYTES 300000u

static struct office ilo;
static struct gmm_id all, small, first, copy, apart;

static char *large(unsigned seed)
{
    char *text = malloc(LARGE_BYTES + 1);
    assert_non_null(text);
    for (size_t i = 0; i < LARGE_BYTES; i++)
        text[i] = (char)('a' + (i * i * seed + i / 977) % 26);
    text[LARGE_BYTES] = '\0';
    return text;
}

static int start(void **state)
{
    (void)state;
    posting_found(&ilo, &all);
    char *one = large(1), *two = large(3);
    small = posting_post(&ilo, "small", "C/0", "en", NULL, NULL);
    first = posting_post(&ilo, one, "C/1", "en", NULL, NULL);
    copy = posting_post(&ilo, one, "C/2", "en", NULL, NULL); /* the same content: the same chunks */
    apart = posting_post(&ilo, two, "C/3", "en", NULL, NULL);
    free(one);
    free(two);
    return 0;
}

static int end(void **state)
{
    (void)state;
    office_drop(&ilo);
    return 0;
}

static size_t named(const struct gmm_id *id, struct gmm_id **ids)
{
    struct header h;
    uint8_t *plain = NULL;
    size_t len = 0, count = 99;
    assert_int_equal(node_open_record(ilo.node, id, &h, &plain, &len), GMM_OK);
    assert_int_equal(erasing_chunks_named(ilo.node, &h, plain, len, ids, &count), GMM_OK);
    /* a record that does not read names nothing */
    struct gmm_id *none = NULL;
    size_t zero = 99;
    assert_int_equal(erasing_chunks_named(ilo.node, &h, plain, len - 1, &none, &zero), GMM_OK);
    assert_true(zero == 0 && none == NULL);
    h.type = HEADER_NOTE;
    assert_int_equal(erasing_chunks_named(ilo.node, &h, plain, len, &none, &zero), GMM_OK);
    assert_true(zero == 0 && none == NULL);
    seal_free(plain, len);
    return count;
}

static void all_that_a_record_names(void **state)
{
    (void)state;
    struct gmm_id *ids = NULL, *same = NULL, *others = NULL;
    uint32_t len;
    assert_int_equal(named(&small, &ids), 0); /* inside the record */
    assert_null(ids);
    size_t count = named(&first, &ids);
    assert_true(count >= 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(store_has_chunk(ilo.node->store, &all, &ids[i], &len), GMM_OK);
    assert_int_equal(named(&copy, &same), count);
    assert_memory_equal(same, ids, count * sizeof *ids);
    assert_true(named(&apart, &others) >= 1);
    assert_memory_not_equal(others, ids, sizeof *ids);
    free(ids);
    free(same);
    free(others);
}

static void what_something_else_names_stays(void **state)
{
    (void)state;
    struct gmm_id *ids = NULL;
    size_t count = named(&first, &ids), kept = count;
    assert_int_equal(erasing_chunks_alone(ilo.node, &all, &first, ids, &kept), GMM_OK);
    assert_int_equal(kept, 0); /* the copy names them all */
    free(ids);
    count = kept = named(&apart, &ids);
    struct gmm_id *before = malloc(count * sizeof *before);
    assert_non_null(before);
    memcpy(before, ids, count * sizeof *before);
    assert_int_equal(erasing_chunks_alone(ilo.node, &all, &apart, ids, &kept), GMM_OK);
    assert_int_equal(kept, count);
    assert_memory_equal(ids, before, count * sizeof *ids); /* in their order */
    free(before);
    free(ids);
    kept = 0;
    assert_int_equal(erasing_chunks_alone(ilo.node, &all, &small, NULL, &kept), GMM_OK);
    assert_int_equal(kept, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_that_a_record_names),
                                       cmocka_unit_test(what_something_else_names_stays)};
    return cmocka_run_group_tests(tests, start, end);
}
