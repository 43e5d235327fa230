/* Records that settle terms and removals in several rounds, and memory that ends on the way. */
#include "proto/replay.h"

#include "tests/lib/failmalloc.h"
#include "tests/proto/authority_fixture.h"

static unsigned iom, unu, wb, who; /* offices: members, an observer (unu) */
static struct gmm_id all, circle;

static void put_handover(uint32_t term, unsigned from, unsigned to)
{
    struct control_handover r = {.term = term, .to = *pid_of(to), .from_ms = w.now_ms};
    r.until_ms = w.now_ms + WORLD_YEAR_MS;
    control_handover_encode(fresh(), &r);
    unsigned handover = write_record(from, HEADER_HANDOVER);
    struct control_cut cut = head_of(from);
    struct control_accept accept = {.subject = w.entries[handover].id, .term = term, .cuts = {1, &cut}};
    control_accept_encode(fresh(), &accept);
    write_record(to, HEADER_ACCEPT);
}

static void elect(uint32_t term, unsigned candidate, struct control_cut *cut)
{
    const unsigned voters[] = {0, iom, who};
    struct control_ballot r = {.term = term, .candidate = *pid_of(candidate), .cuts = {1, cut}};
    r.until_ms = WORLD_START_MS + 3 * WORLD_YEAR_MS;
    for (unsigned i = 0; i < 3; i++) {
        control_ballot_encode(fresh(), &r);
        write_record(voters[i], HEADER_BALLOT);
    }
}

static void remove_one(unsigned by, unsigned whom, uint16_t type)
{
    struct control_cut cut = head_of(whom);
    struct control_removal r = {.pid = *pid_of(whom), .reason = "no answer", .cuts = {1, &cut}};
    control_removal_encode(fresh(), &r);
    write_record(by, type);
}

/* Two elections, of which the second undoes handovers; an expulsion, a suspension with a cut in a circle, a lead, a
 * proposal that waits. */
static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    fresh();
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    who = world_join(&w, "who", IDENTITY_INTL_ORG);
    world_gid_all(&w, &all);
    world_circle(&w, iom, 1, false, (const unsigned[]){w.offices[wb].participant, w.offices[who].participant}, 2,
                 &circle);
    struct control_cut founder = head_of(0);
    elect(1, iom, &founder);
    put_handover(3, iom, wb);
    struct control_cut cut = head_of(wb);
    remove_one(wb, who, HEADER_SUSPEND);
    put_handover(4, wb, unu);
    elect(3, who, &cut);
    struct run_key log;
    world_log_of(&w, wb, &all, &log);
    struct control_anchor_head head = {.author = log.author, .instance = log.instance, .seq = 7};
    world_anchor(&w, iom, &all, &head, 1);
    world_anchor(&w, 0, &all, &head, 1);
    remove_one(who, wb, HEADER_SUSPEND);
    struct control_circle_cut circle_cut = {.kind = CONTROL_CUT_PARTICIPANT, .subject = *pid_of(wb)};
    control_circle_cut_encode(fresh(), &circle_cut);
    world_append(&w, iom, &circle, HEADER_CUT, body.p, body.len);
    struct control_lead lead = {.thematic = 1, .pid = *pid_of(iom), .from_ms = w.now_ms};
    control_lead_encode(fresh(), &lead);
    unsigned named = write_record(who, HEADER_LEAD);
    struct control_accept accept = {.subject = w.entries[named].id};
    control_accept_encode(fresh(), &accept);
    write_record(iom, HEADER_ACCEPT);
    remove_one(iom, unu, HEADER_EXPEL);
    fold_advance(w.fold, w.now_ms + 1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

static void settled_in_rounds(void **state)
{
    (void)state;
    const struct view *v = world_view(&w);
    assert_int_equal(v->term_count, 4);
    assert_true(v->terms[1].how == VIEW_TERM_ELECTION && v->terms[2].how == VIEW_TERM_HANDOVER &&
                v->terms[3].how == VIEW_TERM_ELECTION);
    assert_true(id_equal(&v->chair, pid_of(who)) && id_equal(&v->terms[2].chair, pid_of(wb)));
    assert_true(status_of(who) == VIEW_ACTIVE && status_of(wb) == VIEW_SUSPENDED && status_of(unu) == VIEW_ACTIVE);
    assert_int_equal(v->removal_count, 1); /* what the chair of term 3 did beyond its cut was never done */
    assert_true(v->removals[0].circle_count == 1 && v->removals[0].log_count == 2);
    assert_int_equal(v->proposal_count, 1);
    assert_int_equal(v->lead_term_count, 1);
    assert_int_equal(v->ballot_count, 6);
    assert_true(id_equal(&v->leads[1], pid_of(iom)));
}

struct refusals {
    unsigned count;
    struct gmm_id ids[8];
    struct gmm_msg whys[8];
};

static enum gmm_err on_refusal(void *arg, const struct gmm_id *id, const struct gmm_msg *why)
{
    struct refusals *r = arg;
    if (r->count == 8)
        return GMM_ELIMIT;
    r->ids[r->count] = *id;
    r->whys[r->count++] = *why;
    return GMM_OK;
}

static enum gmm_err stop_at_once(void *arg, const struct gmm_id *id, const struct gmm_msg *why)
{
    (void)arg;
    (void)id;
    (void)why;
    return GMM_ELIMIT;
}

static const struct world_entry *entry_of(const struct gmm_id *id)
{
    unsigned i = 0;
    while (i < w.entry_count && !id_equal(&w.entries[i].id, id))
        i++;
    assert_true(i < w.entry_count);
    return &w.entries[i];
}

/* What the chair of term 3 did beyond its cut, and what rests on that; nothing else. */
static void refusals_are_told(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        const char *why;
    } wanted[] = {
        {HEADER_SUSPEND,
         "term 4 (Participant who) has named cuts: no further record of the chair of term 3 (Participant "
         "wb) has effect"},
        {HEADER_HANDOVER, "term 4 (Participant who) has named cuts: no further record of the chair of term 3 "
                          "(Participant wb) has effect"},
        {HEADER_ACCEPT, "no such handover of term 4 had been made by then"},
    };
    struct refusals told = {0};
    assert_int_equal(fold_refusals(w.fold, on_refusal, &told), GMM_OK);
    assert_int_equal(told.count, sizeof wanted / sizeof *wanted);
    for (unsigned i = 0; i < told.count; i++) {
        assert_int_equal(bytes_load_u16(entry_of(&told.ids[i])->header + 2), wanted[i].type);
        assert_string_equal(told.whys[i].text, wanted[i].why);
    }
    struct gmm_id before, after;
    world_view_hash(&before, world_view(&w));
    assert_int_equal(fold_refusals(w.fold, stop_at_once, NULL), GMM_ELIMIT);
    world_view_hash(&after, world_view(&w));
    assert_true(id_equal(&before, &after)); /* asking changes nothing */
    for (long i = 0;; i++) {
        told.count = 0;
        failmalloc_at(i);
        enum gmm_err err = fold_refusals(w.fold, on_refusal, &told);
        if (!failmalloc_off())
            break;
        assert_int_equal(err, GMM_ENOMEM);
    }
    assert_int_equal(told.count, 3);
}

static void memory_ends(void **state)
{
    (void)state;
    struct gmm_id whole, again;
    world_view_hash(&whole, world_view(&w));
    for (long i = 0;; i++) {
        fold_touch(w.fold);
        failmalloc_at(i);
        const struct view *v = fold_view(w.fold);
        bool failed = failmalloc_off();
        assert_true((v == NULL) == failed);
        if (failed)
            continue;
        world_view_hash(&again, v);
        assert_true(id_equal(&again, &whole));
        break;
    }
}

static void memory_ends_on_the_way_back(void **state)
{
    (void)state;
    for (long i = 0;; i++) {
        struct fold_past *past;
        failmalloc_at(i);
        enum gmm_err err = fold_view_at(w.fold, w.now_ms - 5000, &past);
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        fold_past_free(past);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(settled_in_rounds, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_ends_on_the_way_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
