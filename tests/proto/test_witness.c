#include "proto/witness.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/exhibit.h"

static struct exhibit x;
static struct evidence *e;

static int setup(void **state)
{
    exhibit_open(&x, *state != NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    evidence_free(e);
    e = NULL;
    exhibit_close(&x);
    return 0;
}

/* The file, with these records of the group. */
static void show(struct run *const *group, size_t count)
{
    struct evidence_parts parts;
    struct buffer made;
    struct gmm_msg why;
    exhibit_parts(&x, &parts);
    parts.group = (const struct run *const *)group;
    parts.group_count = count;
    buffer_init(&made, LIMIT_EVIDENCE_BYTES);
    assert_int_equal(evidence_make(&made, &parts), GMM_OK);
    evidence_free(e);
    assert_int_equal(evidence_open(&e, made.p, made.len, &why), GMM_OK);
    buffer_close(&made);
}

/* Of one anchor by an office, of an entry of the document's log. */
static bool is_one(unsigned office, uint64_t seq, const struct gmm_id *id)
{
    struct witness w;
    struct run_key log;
    struct control_anchor_head head = {x.log.author, *id, x.log.instance, seq};
    world_log_of(&x.t.a, office, &x.all, &log);
    struct run *run = world_run(&x.t.a, &log, x.t.a.entries[world_anchor(&x.t.a, office, &x.all, &head, 1)].seq, 1);
    show(&run, 1);
    run_free(run);
    return witness_at(e, evidence_view(e), 0, &w);
}

static void who_anchored_it_and_when(void **state)
{
    (void)state;
    struct witness first, second;
    show(x.group, x.group_count);
    assert_true(witness_at(e, evidence_view(e), 0, &first));
    assert_true(witness_at(e, evidence_view(e), 1, &second));
    assert_true(id_equal(&first.sign_pk, &x.t.a.offices[0].sign_pk));
    assert_true(id_equal(&first.pid, &x.t.a.participants[0].pid));
    assert_int_equal(second.time_ms - first.time_ms, 1000);
}

static void what_is_behind_it_in_the_run_covers_it(void **state)
{
    (void)state;
    const struct run_entry *entries = x.run->entries;
    assert_true(is_one(0, 2, &entries[0].id));
    assert_true(is_one(0, 4, &entries[2].id));
    assert_false(is_one(0, 4, &entries[1].id)); /* another entry there: of another branch, or a lie */
    assert_false(is_one(0, 5, &entries[2].id)); /* behind the run: the file does not show that it leads there */
    assert_false(is_one(0, 1, &entries[0].id)); /* before it */
}

/* Its own participant claims nothing by an anchor of its own log. */
static void its_own_participant_is_none(void **state)
{
    (void)state;
    unsigned sister = world_certified(&x.t.a, x.t.a.offices[1].participant, "desk", 0);
    assert_false(is_one(1, 2, &x.run->entries[0].id));
    assert_false(is_one(sister, 2, &x.run->entries[0].id));
    assert_true(is_one(2, 2, &x.run->entries[0].id));
}

/* An anchor of an office whose key is revoked, unless the revocation names it. */
static void an_anchor_that_does_not_stand_is_none(void **state)
{
    (void)state;
    assert_true(is_one(2, 2, &x.run->entries[0].id));
    world_revoke(&x.t.a, 2, UINT_MAX, NULL, 0);
    assert_false(is_one(2, 2, &x.run->entries[0].id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_anchored_it_and_when, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_behind_it_in_the_run_covers_it, setup, teardown),
        cmocka_unit_test_setup_teardown(its_own_participant_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(an_anchor_that_does_not_stand_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
