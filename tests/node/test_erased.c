#include "node/erased.h"

#include "tests/node/erasing_fixture.h"

static const struct gmm_id chunk = {{7}}, unknown = {{8}};

static void told_when_and_by_whom(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    assert_null(erased_of(ilo.node, &document));
    assert_int_equal(erased_tell(ilo.node, &document, "D/1", &msg), GMM_OK);
    erasing_post(&ilo, "D/1");
    assert_non_null(erased_of(ilo.node, &document));
    assert_int_equal(erased_tell(ilo.node, &document, "D/1", &msg), GMM_ENOTFOUND);
    assert_non_null(strstr(msg.text, "'D/1' was erased on 2014-03-18"));
    assert_non_null(strstr(msg.text, "by ilo; gmm erase --status"));
    /* an ERASE without effect on what is here: it is shown, and nobody says that it went */
    assert_int_equal(store_begin(ilo.node->store, false), GMM_OK);
    assert_int_equal(store_hide(ilo.node->store, &document, STORE_SHOWN, NULL), GMM_OK);
    assert_null(erased_of(ilo.node, &document));
    store_rollback(ilo.node->store);
    assert_null(erased_of(ilo.node, &unknown));
    assert_int_equal(erased_tell(ilo.node, &unknown, "x", &msg), GMM_OK);
    erasing_settle_at(&ilo, CARRYING_START_MS + ERASING_GRACE_MS + 60000); /* nothing is left, and it is still said */
    assert_int_equal(erased_tell(ilo.node, &document, "D/1", &msg), GMM_ENOTFOUND);
}

static void a_chunk_that_comes_unasked(void **state)
{
    (void)state;
    struct store *store = ilo.node->store;
    const struct view_erasure *none = erased_of(ilo.node, &document);
    struct gmm_id gid;
    assert_null(none);
    assert_int_equal(groups_find(ilo.node, "all", &gid, NULL, NULL), GMM_OK);
    assert_true(erased_takes_chunk(ilo.node, &gid, &chunk));
    assert_int_equal(store_begin(store, false), GMM_OK);
    assert_int_equal(store_put_chunk(store, &gid, &chunk, 100), GMM_OK);
    assert_true(erased_takes_chunk(ilo.node, &gid, &chunk));
    assert_int_equal(store_hide_chunk(store, &gid, &chunk, STORE_ERASED), GMM_OK);
    assert_false(erased_takes_chunk(ilo.node, &gid, &chunk));
    assert_true(erased_takes_chunk(ilo.node, &unknown, &chunk)); /* in another group */
    assert_int_equal(projection_want_chunk(ilo.node->projection, &gid, &chunk, &document), GMM_OK);
    assert_true(erased_takes_chunk(ilo.node, &gid, &chunk)); /* something else wants it */
    store_rollback(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, erasing_make, erasing_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(told_when_and_by_whom), TEST(a_chunk_that_comes_unasked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
