/* Adversarial test 28: conflicting elections with one double voter resolve alike everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/control_chair.h"
#include "tests/lib/world.h"

#define MEMBERS 6u /* with the founder: four are two thirds */
#define ORDERS 500u

static struct world w;
static unsigned offices[MEMBERS];
static struct control_cut cut;

static int setup(void **state)
{
    (void)state;
    static const char *const names[MEMBERS] = {"ilo", "iom", "wb", "who", "undp", "fao"};
    world_open(&w, NULL);
    for (unsigned i = 1; i < MEMBERS; i++)
        offices[i] = world_join(&w, names[i], IDENTITY_MEMBER);
    world_log_of(&w, 0, NULL, &cut.log);
    cut.seq = w.entries[w.entry_count - 1].seq;
    cut.id = w.entries[w.entry_count - 1].id;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static void vote(unsigned voter, unsigned candidate)
{
    struct control_ballot r = {.term = 1, .until_ms = w.now_ms + WORLD_YEAR_MS, .cuts = {1, &cut}};
    struct buffer body;
    r.until_ms = WORLD_START_MS + 2 * WORLD_YEAR_MS;
    r.candidate = w.participants[w.offices[offices[candidate]].participant].pid;
    buffer_init(&body, 4096);
    assert_int_equal(control_ballot_encode(&body, &r), GMM_OK);
    world_append(&w, offices[voter], NULL, HEADER_BALLOT, body.p, body.len);
    buffer_close(&body);
}

/* The view of a node to which the entries came in this order, seen on the way too. */
static struct gmm_id seen_in_order(unsigned number, struct gmm_id *chair)
{
    struct gmm_id hash;
    unsigned *order = calloc(w.entry_count, sizeof *order), draw = number * 2654435761u + 1;
    struct fold *fold = fold_new(w.directory);
    assert_true(order != NULL && fold != NULL);
    for (unsigned i = 0; i < w.entry_count; i++)
        order[i] = i;
    for (unsigned i = w.entry_count; i > 1 && number > 0; i--) {
        draw = draw * 1664525u + 1013904223u;
        unsigned k = (draw >> 8) % i, kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[order[i]];
        assert_int_equal(fold_add(fold, e->header, &e->id, e->body, e->len), GMM_OK);
        if (i % 5 == number % 5)
            assert_non_null(fold_view(fold));
    }
    fold_advance(fold, w.now_ms + 1000);
    *chair = fold_view(fold)->chair;
    world_view_hash(&hash, fold_view(fold));
    fold_free(fold);
    free(order);
    return hash;
}

/* Everywhere the same; that participant presides. */
static void all_see(unsigned chair)
{
    struct gmm_id first, presides;
    for (unsigned number = 0; number < ORDERS; number++) {
        struct gmm_id hash = seen_in_order(number, &presides);
        first = number == 0 ? hash : first;
        assert_true(id_equal(&hash, &first));
        assert_true(id_equal(&presides, &w.participants[w.offices[offices[chair]].participant].pid));
    }
}

/* Each side of a partition counts the double voter for itself, and sees four of six: together nobody is elected. */
static void neither_is_elected(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 3; i++)
        vote(i, 2);
    vote(5, 2);
    vote(0, 4);
    vote(4, 4);
    vote(5, 4);
    all_see(0);
}

/* Four besides the double voter: it does not matter what that one did. */
static void honest_votes_are_enough(void **state)
{
    (void)state;
    vote(5, 4);
    vote(4, 4);
    for (unsigned i = 1; i <= 3; i++)
        vote(i, 2);
    vote(5, 2);
    all_see(0);
    vote(0, 2);
    all_see(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(neither_is_elected, setup, teardown),
        cmocka_unit_test_setup_teardown(honest_votes_are_enough, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
