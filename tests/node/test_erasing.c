#include "node/erasing.h"

#include "node/attesting.h"
#include "tests/node/erasing_fixture.h"

#define DUE_MS (CARRYING_START_MS + ERASING_GRACE_MS)
#define MINUTE_MS 60000u

static enum gmm_err count_said(void *arg, const struct run_key *key, uint64_t seq, uint64_t time)
{
    (void)key;
    (void)seq;
    (void)time;
    ++*(unsigned *)arg;
    return GMM_OK;
}

/* How many offices have confirmed it, as far as this one knows. */
static unsigned confirmed(struct office *o)
{
    unsigned count = 0;
    assert_int_equal(projection_each_erased(o->node->projection, &document, count_said, &count), GMM_OK);
    return count;
}

static enum store_hidden hidden(struct office *o)
{
    return store_hidden_of(o->node->store, &document);
}

static bool is_listed(struct office *o)
{
    struct projection_item item;
    bool listed = projection_get(o->node->projection, &document, &item) == GMM_OK;
    if (listed)
        projection_item_close(&item);
    return listed;
}

static void hidden_at_once_and_gone_when_due(void **state)
{
    (void)state;
    erasing_post(&ilo, "D/1");
    assert_true(hidden(&ilo) == STORE_HIDDEN && !is_listed(&ilo) && erasing_has_body(&ilo, &document));
    uint64_t due = erasing_due_ms(ilo.node, erasing_of(&ilo, &document));
    assert_true(due >= DUE_MS && due < DUE_MS + MINUTE_MS);
    erasing_settle_at(&ilo, DUE_MS - 60 * MINUTE_MS);
    assert_true(erasing_has_body(&ilo, &document) && confirmed(&ilo) == 0);
    erasing_settle_at(&ilo, DUE_MS + MINUTE_MS);
    assert_int_equal(hidden(&ilo), STORE_ERASED);
    assert_false(erasing_has_body(&ilo, &document));
    assert_int_equal(confirmed(&ilo), 1);
    assert_int_equal(erasing_due_ms(ilo.node, erasing_of(&ilo, &document)), 0);
    erasing_settle_at(&ilo, DUE_MS + 100 * MINUTE_MS); /* said once */
    assert_int_equal(confirmed(&ilo), 1);
}

static void each_at_its_own_time(void **state)
{
    (void)state;
    const struct gmm_id second = posting_post(&ilo, "and this too", "D/2", "en", NULL, NULL);
    erasing_post(&ilo, "D/1");
    carrying_clock(CARRYING_START_MS + 60 * MINUTE_MS);
    erasing_post(&ilo, "D/2");
    erasing_settle_at(&ilo, DUE_MS + MINUTE_MS);
    assert_true(!erasing_has_body(&ilo, &document) && erasing_has_body(&ilo, &second));
    erasing_settle_at(&ilo, DUE_MS + 70 * MINUTE_MS);
    assert_false(erasing_has_body(&ilo, &second));
}

/* "behind the ERASE's time, or behind when it was first known here, whichever is later" */
static void who_hears_late_has_the_same_grace(void **state)
{
    (void)state;
    erasing_post(&ilo, "D/1");
    carrying_clock(DUE_MS - MINUTE_MS);
    carrying_bundle(&ilo, &iom);
    assert_int_equal(hidden(&iom), STORE_HIDDEN);
    uint64_t due = erasing_due_ms(iom.node, erasing_of(&iom, &document));
    assert_true(due >= DUE_MS - MINUTE_MS + ERASING_GRACE_MS);
    erasing_settle_at(&iom, DUE_MS + 5 * MINUTE_MS);
    assert_true(erasing_has_body(&iom, &document));
    /* "where this office, or one of another participant, has confirmed it before, behind the ERASE's time" */
    erasing_settle_at(&ilo, DUE_MS + 5 * MINUTE_MS);
    assert_int_equal(confirmed(&ilo), 1);
    carrying_bundle(&ilo, &iom);
    erasing_settle_at(&iom, DUE_MS + 6 * MINUTE_MS);
    assert_false(erasing_has_body(&iom, &document));
    assert_int_equal(confirmed(&iom), 2);
}

static void goes_on_after_a_restart(void **state)
{
    (void)state;
    erasing_post(&ilo, "D/1");
    office_again(&ilo);
    assert_true(hidden(&ilo) == STORE_HIDDEN && !is_listed(&ilo) && erasing_has_body(&ilo, &document));
    node_close(ilo.node);
    ilo.node = NULL;
    carrying_clock(DUE_MS + MINUTE_MS);
    office_open(&ilo); /* what is due is done at opening */
    assert_false(erasing_has_body(&ilo, &document));
    assert_int_equal(confirmed(&ilo), 1);
}

/* Deleted, and the process ended before it was said. */
static void said_after_a_restart(void **state)
{
    (void)state;
    struct store_erasure row;
    erasing_post(&ilo, "D/1");
    erasing_settle_at(&ilo, DUE_MS + MINUTE_MS);
    assert_int_equal(confirmed(&ilo), 1);
    /* as it stood before the ERASED */
    assert_int_equal(store_get_erasure(ilo.node->store, &document, &row), GMM_OK);
    assert_int_equal(row.state, STORE_ERASURE_PURGED);
    assert_true(row.done_ms >= DUE_MS + MINUTE_MS);
    office_again(&ilo);
    assert_int_equal(confirmed(&ilo), 1); /* it stands: not said again */
}

/* An entry that comes when its ERASE is known already is hidden before anybody sees it. */
static void an_entry_behind_its_erasure(void **state)
{
    (void)state;
    struct gmm_msg msg = {.text = ""};
    struct office late;
    erasing_post(&ilo, "D/1");
    office_init(&late, "wb", "hq", IDENTITY_MEMBER);
    office_admit(&ilo, &late, NULL);
    carrying_bundle(&ilo, &late);
    struct store_entry entry;
    assert_int_equal(store_load_hidden(late.node->store, &document, &entry), GMM_OK);
    assert_null(entry.body); /* nobody gives its body any more */
    store_entry_close(&entry);
    assert_false(is_listed(&late));
    assert_int_equal(hidden(&late), STORE_HIDDEN);
    (void)msg;
    office_drop(&late);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, erasing_make, erasing_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(hidden_at_once_and_gone_when_due), TEST(each_at_its_own_time), TEST(who_hears_late_has_the_same_grace),
        TEST(goes_on_after_a_restart),          TEST(said_after_a_restart), TEST(an_entry_behind_its_erasure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
