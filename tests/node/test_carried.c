#include "node/carried.h"

#include "tests/node/posting_fixture.h"

#define V1 "1. The fund is paid by all.\n\n2. The seat is in Geneva.\n\n3. This ends the text here.\n"
#define V2 "1. A new beginning is made.\n\n2. The fund is paid by all.\n\n3. The seat is in Geneva.\n"

static struct office ilo;
static struct gmm_id all, v1, v1_fr, v2, other;

static int start(void **state)
{
    (void)state;
    posting_found(&ilo, &all);
    v1 = posting_post(&ilo, V1, "C/1", "en", NULL, NULL);
    v1_fr = posting_post(&ilo, "1. Un.\n\n2. Deux.\n\n3. Trois.\n", NULL, "fr", NULL, "C/1");
    v2 = posting_post(&ilo, V2, NULL, "en", "C/1", NULL);
    other = posting_post(&ilo, "1. Other.\n", "C/2", "en", NULL, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    office_drop(&ilo);
    return 0;
}

static void expect(const struct gmm_id *document, uint32_t para, enum carried_state want, uint32_t want_para,
                   uint32_t want_version)
{
    struct read_found found;
    struct gmm_msg msg = {.text = ""};
    struct carried *carried;
    enum carried_state state;
    uint32_t version = 99;
    assert_int_equal(read_find(ilo.node, "C/1", NULL, &found, NULL, &msg), GMM_OK);
    assert_int_equal(carried_open(&carried, ilo.node, &found), GMM_OK);
    for (unsigned twice = 0; twice < 2; twice++) { /* the second time from what was made */
        uint32_t at = para;
        assert_int_equal(carried_para(carried, document, &at, &version, &state), GMM_OK);
        assert_int_equal(state, want);
        assert_int_equal(at, want_para);
        assert_int_equal(version, want_version);
    }
    carried_close(carried);
    read_close(&found);
}

static void followed_to_where_it_went(void **state)
{
    (void)state;
    expect(&v1, 1, CARRIED_ON, 2, 1);
    expect(&v1, 2, CARRIED_ON, 3, 1);
    expect(&v1, 3, CARRIED_ORPHAN, 3, 1);
    expect(&v1, 9, CARRIED_ORPHAN, 9, 1);
}

static void stays_where_it_is(void **state)
{
    (void)state;
    expect(&v2, 1, CARRIED_HERE, 1, 2);
    expect(&v1, 0, CARRIED_HERE, 0, 1);    /* on the document as a whole */
    expect(&other, 1, CARRIED_HERE, 1, 0); /* of another symbol */
}

/* It has no successor in its language: its paragraphs bear the numbers of the original. */
static void of_a_translation_by_its_original(void **state)
{
    (void)state;
    expect(&v1_fr, 1, CARRIED_ON, 2, 1);
    expect(&v1_fr, 3, CARRIED_ORPHAN, 3, 1);
}

/* Two texts that cannot be compared: one is not here. */
static void unknown_without_the_text(void **state)
{
    (void)state;
    bool had = false;
    assert_int_equal(store_begin(ilo.node->store, false), GMM_OK);
    assert_int_equal(store_hide(ilo.node->store, &v1, STORE_HIDDEN, &had), GMM_OK);
    assert_true(had);
    expect(&v1, 1, CARRIED_UNKNOWN, 1, 1);
    store_rollback(ilo.node->store);
    expect(&v1, 1, CARRIED_ON, 2, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(followed_to_where_it_went),
        cmocka_unit_test(stays_where_it_is),
        cmocka_unit_test(of_a_translation_by_its_original),
        cmocka_unit_test(unknown_without_the_text),
    };
    return cmocka_run_group_tests(tests, start, end);
}
