#include "proto/readers.h"

#include <stdlib.h>

#include "proto/control_roster.h"
#include "tests/lib/failmalloc.h"
#include "tests/proto/view_fixture.h"

/* Can nobody read but these offices? */
static bool only(unsigned epoch, const unsigned *offices, size_t count)
{
    const struct view *v = world_view(&w);
    struct readers r;
    bool *current = calloc(v->office_count + 1, sizeof *current);
    assert_non_null(current);
    for (size_t i = 0; i < count; i++) {
        const struct view_office *office = view_office(v, &w.offices[offices[i]].sign_pk);
        assert_non_null(office);
        current[office - v->offices] = true;
    }
    assert_int_equal(readers_open(&r, v, &w.entries[epoch].log.group), GMM_OK);
    bool answer = readers_are_all(&r, &w.entries[epoch].id, current);
    readers_close(&r);
    free(current);
    return answer;
}
#define ONLY(epoch, ...)                                                                                               \
    only(epoch, (const unsigned[]){__VA_ARGS__}, sizeof(const unsigned[]){__VA_ARGS__} / sizeof(unsigned))

static unsigned child_of(unsigned office, unsigned parent, uint32_t gen, const unsigned *recipients, size_t count)
{
    const struct world_epoch as = {.gen = gen,
                                   .parents = &parent,
                                   .parent_count = 1,
                                   .recipients = recipients,
                                   .recipient_count = count,
                                   .history = true};
    return world_epoch_as(&w, office, &all, &as);
}

static void suspend(unsigned office)
{
    struct control_removal removal = {.pid = *pid_of(office)};
    struct buffer body;
    buffer_init(&body, 4096);
    assert_int_equal(control_removal_encode(&body, &removal), GMM_OK);
    world_append(&w, 0, NULL, HEADER_SUSPEND, body.p, body.len);
    buffer_close(&body);
}

static void maker_and_recipients(void **state)
{
    (void)state;
    unsigned e = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, wb}, 2);
    assert_true(ONLY(e, 0, iom, wb) && ONLY(e, 0, iom, unu, wb));
    assert_false(ONLY(e, 0, wb) || ONLY(e, iom, wb) || ONLY(e, 0, iom));
    struct readers r;
    const bool none[8] = {false};
    assert_int_equal(readers_open(&r, world_view(&w), &circle), GMM_OK);
    assert_false(readers_are_all(&r, &w.entries[e].id, none)); /* not of this group */
    readers_close(&r);
    readers_close(&r);
}

/* By WRAPs with and without effect, of those who can read; a chain of them in whatever order. */
static void by_wraps(void **state)
{
    (void)state;
    unsigned e = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    world_wrap(&w, unu, e, wb); /* of what it does not have */
    assert_true(ONLY(e, 0, iom));
    suspend(wb);
    unsigned refused = world_wrap(&w, 0, e, wb);
    assert_int_equal(world_view(&w)->stray_count, 1);
    assert_memory_equal(&world_view(&w)->strays[0].author, &w.offices[0].sign_pk, 32);
    assert_true(w.entries[refused].len == world_view(&w)->strays[0].len);
    assert_true(ONLY(e, 0, iom, wb) && !ONLY(e, 0, iom));
    world_wrap(&w, wb, e, unu); /* suspended, it has no effect, but wb has the secret */
    assert_true(ONLY(e, 0, iom, unu, wb) && !ONLY(e, 0, iom, wb));
}

/* By an epoch with history, be it valid or not, if its maker could read. */
static void by_history(void **state)
{
    (void)state;
    unsigned e = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    child_of(wb, e, 2, (const unsigned[]){0, iom, wb}, 3); /* wb cannot have what it claims to wrap */
    assert_true(ONLY(e, 0, iom));
    unsigned invalid = child_of(0, e, 7, (const unsigned[]){0, iom, wb}, 3);
    assert_false(view_epoch(world_view(&w), &w.entries[invalid].id)->valid);
    assert_true(ONLY(e, 0, iom, wb) && !ONLY(e, 0, iom)); /* and now the first one of wb's counts as well */
    unsigned last = child_of(wb, invalid, 8, (const unsigned[]){unu}, 1);
    assert_true(ONLY(last, unu, wb));
    assert_true(ONLY(e, 0, iom, unu, wb) && !ONLY(e, 0, iom, wb));
    world_wrap(&w, unu, last, iom);
    assert_true(ONLY(last, iom, unu, wb) && !ONLY(last, unu, wb));
}

/* Who is named and is nobody's office may be anybody. */
static void strangers(void **state)
{
    (void)state;
    unsigned stranger = world_office(&w, w.offices[wb].participant, "uncertified");
    unsigned e = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){iom}, 1);
    assert_true(ONLY(e, iom));
    unsigned child = child_of(iom, e, 2, (const unsigned[]){iom, stranger}, 2);
    assert_false(ONLY(child, 0, iom, unu, wb));
    assert_false(ONLY(e, 0, iom, unu, wb));
}

static void allocations_fail(void **state)
{
    (void)state;
    unsigned e = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){iom}, 1);
    const struct view *v = world_view(&w);
    for (long i = 0;; i++) {
        struct readers r;
        failmalloc_at(i);
        enum gmm_err err = readers_open(&r, v, &all);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            readers_close(&r);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(r.epochs);
    }
    assert_true(ONLY(e, iom));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(maker_and_recipients, setup, teardown),
        cmocka_unit_test_setup_teardown(by_wraps, setup, teardown),
        cmocka_unit_test_setup_teardown(by_history, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers, setup, teardown),
        cmocka_unit_test_setup_teardown(allocations_fail, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
