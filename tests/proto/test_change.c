#include "proto/change.h"

#include "tests/lib/failmalloc.h"
#include "tests/proto/authority_fixture.h"

static unsigned iom;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    fresh();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

static struct change *change_of(unsigned entry)
{
    struct header h;
    struct change *c;
    const struct world_entry *e = &w.entries[entry];
    assert_int_equal(header_decode(&h, e->header), GMM_OK);
    assert_int_equal(change_new(&c, &h, &e->id, e->body, e->len), GMM_OK);
    return c;
}

/* One body of each type that is kept read. */
static void one_of_each(void **state)
{
    (void)state;
    static const uint16_t types[] = {HEADER_ADMIT,  HEADER_SUSPEND, HEADER_RESTORE,  HEADER_EXPEL, HEADER_ACCEPT,
                                     HEADER_BALLOT, HEADER_LEAD,    HEADER_HANDOVER, HEADER_AMEND, HEADER_REPLACE};
    struct control_cut cut = {.seq = 3};
    struct control_removal removal = {.cuts = {1, &cut}};
    struct control_accept accept = {.term = 2, .cuts = {1, &cut}};
    struct control_ballot ballot = {.term = 1, .cuts = {1, &cut}};
    struct control_lead lead = {.from_ms = 1};
    struct control_handover handover = {.term = 2, .until_ms = 5};
    struct control_amend amend = {.name = "x", .kind = IDENTITY_MEMBER};
    struct control_replace replace = {.old = w.nid};
    world_admission(&w, iom, &replace.admit);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        fresh();
        if (types[i] == HEADER_ADMIT)
            control_admit_encode(&body, &replace.admit);
        else if (types[i] == HEADER_SUSPEND || types[i] == HEADER_EXPEL)
            control_removal_encode(&body, &removal);
        else if (types[i] == HEADER_RESTORE)
            control_restore_encode(&body, &removal);
        else if (types[i] == HEADER_ACCEPT)
            control_accept_encode(&body, &accept);
        else if (types[i] == HEADER_BALLOT)
            control_ballot_encode(&body, &ballot);
        else if (types[i] == HEADER_LEAD)
            control_lead_encode(&body, &lead);
        else if (types[i] == HEADER_HANDOVER)
            control_handover_encode(&body, &handover);
        else if (types[i] == HEADER_AMEND)
            control_amend_encode(&body, &amend);
        else
            control_replace_encode(&body, &replace);
        struct change *c = change_of(write_record(0, types[i]));
        assert_null(c->read);
        failmalloc_at(0);
        assert_int_equal(change_read(c, &w.nid), GMM_ENOMEM);
        failmalloc_off();
        assert_false(c->malformed);
        assert_int_equal(change_read(c, &w.nid), GMM_OK);
        void *once = c->read;
        assert_non_null(once);
        assert_int_equal(change_read(c, &w.nid), GMM_OK);
        assert_ptr_equal(c->read, once);
        change_forget(c);
        change_free(c);
    }
    change_free(NULL);
}

static void circle_cuts_and_epochs(void **state)
{
    (void)state;
    struct gmm_id circle;
    struct control_cut cut = {.seq = 3};
    struct control_circle_cut r = {.kind = CONTROL_CUT_KEY, .cuts = {1, &cut}};
    world_circle(&w, iom, 1, false, NULL, 0, &circle);
    control_circle_cut_encode(fresh(), &r);
    struct change *c = change_of(world_append(&w, iom, &circle, HEADER_CUT, body.p, body.len));
    assert_int_equal(change_read(c, &w.nid), GMM_OK);
    assert_int_equal(c->cut->cuts.count, 1);
    change_free(c);
    c = change_of(world_epoch(&w, iom, &circle, 1, NULL, 0, &iom, 1));
    assert_non_null(c->epoch); /* read at once, and not kept */
    assert_int_equal(c->len, 0);
    change_free(c);
    /* a type that is not kept read */
    control_wrapkey_encode(fresh(), &w.offices[iom].wrap_pk);
    c = change_of(write_record(iom, HEADER_WRAPKEY));
    assert_int_equal(change_read(c, &w.nid), GMM_OK);
    assert_null(c->read);
    change_free(c);
}

static void malformed_for_good(void **state)
{
    (void)state;
    buffer_put_u8(fresh(), 1);
    struct change *c = change_of(write_record(0, HEADER_SUSPEND));
    assert_int_equal(change_read(c, &w.nid), GMM_EFORMAT);
    assert_true(c->malformed && c->read == NULL);
    change_free(c);
    struct header h;
    header_decode(&h, w.entries[w.entry_count - 1].header);
    h.type = HEADER_EPOCH;
    assert_int_equal(change_new(&c, &h, &w.nid, "\1", 1), GMM_EFORMAT);
    assert_null(c);
}

static void canonical_order(void **state)
{
    (void)state;
    struct change a = {.time = 5}, b = {.time = 6};
    a.id.b[0] = 9;
    assert_true(change_compare(&a, &b) < 0 && change_compare(&b, &a) > 0);
    b.time = 5;
    assert_true(change_compare(&a, &b) > 0 && change_compare(&b, &a) < 0);
    assert_int_equal(change_compare(&a, &a), 0);
    assert_string_equal(change_word(HEADER_BALLOT), "ballot");
    assert_string_equal(change_word(31), "plain");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_of_each),
        TEST(circle_cuts_and_epochs),
        TEST(malformed_for_good),
        TEST(canonical_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
