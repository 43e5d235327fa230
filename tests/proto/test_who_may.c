/* docs/threat-model.md, 'Who may do what', walked: each record of the table, asked for by each kind of office. That the
 * words of the docs are those of the table in the code is told_in_the_docs in test_authority.c. */
#include <stdlib.h>

#include "proto/authority.h"
#include "proto/control_erase.h"
#include "proto/control_relay.h"
#include "tests/proto/authority_fixture.h"

/* The offices that ask. */
enum actor {
    CHAIR = 1,        /* decides for the chair */
    DESK = 2,         /* another office of the chair's participant, without a role */
    LEAD = 4,         /* decides for the lead of decent-work */
    MEMBER = 8,       /* decides for a member; the creator of the circle */
    MEMBER_DESK = 16, /* that member's other office, without a role */
    OBSERVER = 32,
    SUSPENDED = 64, /* a member that the chair has suspended; in the circle */
    STRANGER = 128, /* certified under a root of its own, not admitted */
    NOBODY = 0
};
#define DECIDING_ELECTORS (CHAIR | LEAD | MEMBER)
#define ALL_CURRENT (CHAIR | DESK | LEAD | MEMBER | MEMBER_DESK | OBSERVER)
static const struct {
    enum actor actor;
    const char *name;
} actors[] = {{CHAIR, "the chair"},       {DESK, "the chair's desk"}, {LEAD, "the lead"},
              {MEMBER, "a member"},       {MEMBER_DESK, "its desk"},  {OBSERVER, "an observer"},
              {SUSPENDED, "a suspended"}, {STRANGER, "a stranger"}};
#define ACTORS (sizeof actors / sizeof *actors)

static uint8_t kind; /* of all of them but the observer */
static unsigned office_of[ACTORS], newcomer, proposer, handover, own_epoch, all_epoch, bad, wrap, own_bad, own_wrap;
static struct gmm_id all, decent_work, circle, orphan, internal, internal_of_member,
    proposal; /* orphan: a circle whose creator is suspended */

/* ---- the world */

static unsigned office(enum actor actor)
{
    for (size_t i = 0; i < ACTORS; i++)
        if (actors[i].actor == actor)
            return office_of[i];
    return 0;
}

static unsigned participant(enum actor actor)
{
    return w.offices[office(actor)].participant;
}

static void put_removal(enum actor whom, enum gmm_err (*encode)(struct buffer *, const struct control_removal *))
{
    const struct control_removal r = {.pid = *pid_of(office(whom)), .reason = "a reason"};
    assert_int_equal(encode(fresh(), &r), GMM_OK);
}

static void put_relay(enum actor whose, bool on)
{
    const struct control_relay r = {.on = on, .sign_pk = w.offices[office(whose)].sign_pk};
    assert_int_equal(control_relay_encode(fresh(), &r), GMM_OK);
}

static void put_handover(void)
{
    const struct control_handover r = {.term = 2,
                                       .to = *pid_of(office(LEAD)),
                                       .from_ms = w.now_ms + WORLD_YEAR_MS / 4,
                                       .until_ms = w.now_ms + WORLD_YEAR_MS};
    control_handover_encode(fresh(), &r);
}

static void open_epochs(void)
{
    const unsigned chair[] = {office(CHAIR), office(MEMBER)}, own[] = {office(SUSPENDED)};
    all_epoch = world_epoch(&w, office(CHAIR), &all, 1, NULL, 0, chair, 2);
    own_epoch = world_epoch(&w, office(SUSPENDED), &internal, 1, NULL, 0, own, 1);
    wrap = world_wrap(&w, office(CHAIR), all_epoch, office(LEAD));
    bad = world_epoch_bad(&w, office(MEMBER), &all, all_epoch);
    own_wrap = world_wrap(&w, office(SUSPENDED), own_epoch, office(SUSPENDED));
    own_bad = world_epoch_bad(&w, office(SUSPENDED), &internal, own_epoch);
}

static void open_as(uint8_t of_kind)
{
    struct charter charter;
    kind = of_kind;
    world_charter(&charter);
    charter.founder_kind = kind;
    snprintf(charter.leads[3], sizeof charter.leads[3], "iom");
    world_open(&w, &charter);
    office_of[0] = 0;
    office_of[1] = world_certified(&w, 0, "desk", 0);
    office_of[2] = world_join(&w, "iom", kind);
    office_of[3] = world_join(&w, "wb", kind);
    office_of[4] = world_certified(&w, participant(MEMBER), "desk", 0);
    office_of[5] = world_join(&w, "unu", IDENTITY_OBSERVER);
    office_of[6] = world_join(&w, "unhcr", kind);
    office_of[7] = world_certified(&w, world_participant(&w, "fao", kind), "hq", CERTIFICATE_ROLES_ALL);
    proposer = world_join(&w, "oecd", kind);
    newcomer = world_certified(&w, world_participant(&w, "wb2", kind), "hq", CERTIFICATE_ROLES_ALL);
    world_gid_all(&w, &all);
    world_gid_thematic(&w, "decent-work", &decent_work);
    world_gid_internal(&w, participant(SUSPENDED), &internal);
    world_gid_internal(&w, participant(MEMBER), &internal_of_member);
    const unsigned in_circle[] = {participant(LEAD), participant(SUSPENDED)};
    world_circle(&w, office(MEMBER), 1, false, in_circle, 2, &circle);
    const unsigned in_orphan[] = {participant(LEAD), participant(OBSERVER)};
    world_circle(&w, office(SUSPENDED), 2, false, in_orphan, 2, &orphan);
    put_removal(SUSPENDED, control_removal_encode);
    write_record(0, HEADER_SUSPEND);
    put_relay(SUSPENDED, true);
    world_append(&w, 0, &all, HEADER_RELAY, body.p, body.len);
    put_handover();
    handover = write_record(0, HEADER_HANDOVER);
    put_removal(OBSERVER, control_removal_encode);
    control_subject(&proposal, HEADER_EXPEL, body.p, body.len);
    write_record(proposer, HEADER_EXPEL);
    open_epochs();
}

static int setup(void **state)
{
    (void)state;
    open_as(IDENTITY_MEMBER);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

/* ---- one body a kind of record */

static void admit(void)
{
    struct control_admit r;
    world_admission(&w, office(STRANGER), &r);
    control_admit_encode(fresh(), &r);
}
static void wrapkey(void)
{
    control_wrapkey_encode(fresh(), &w.offices[newcomer].wrap_pk);
}
static void suspend(void)
{
    put_removal(MEMBER, control_removal_encode);
}
static void suspend_the_chair(void)
{
    put_removal(CHAIR, control_removal_encode);
}
static void suspend_the_next(void)
{
    put_removal(LEAD, control_removal_encode);
}
static void restore(void)
{
    put_removal(SUSPENDED, control_restore_encode);
}
static void accept(void)
{
    const struct control_accept r = {.subject = w.entries[handover].id, .term = 2};
    control_accept_encode(fresh(), &r);
}
static void ballot(void)
{
    struct control_cut cut = head_of(0);
    const struct control_ballot r = {
        .term = 1, .candidate = *pid_of(office(MEMBER)), .until_ms = w.now_ms + WORLD_YEAR_MS, .cuts = {1, &cut}};
    control_ballot_encode(fresh(), &r);
}
static void lead(void)
{
    const struct control_lead r = {.thematic = 3, .pid = *pid_of(office(MEMBER)), .from_ms = w.now_ms + 60000};
    control_lead_encode(fresh(), &r);
}
static void cosign(void)
{
    control_cosign_encode(fresh(), &proposal);
}
static void amend(void)
{
    const struct control_amend r = {.pid = *pid_of(office(MEMBER)), .name = "Another name", .kind = IDENTITY_MEMBER};
    control_amend_encode(fresh(), &r);
}
static void replace(void)
{
    struct control_replace r = {.old = *pid_of(office(MEMBER))};
    world_admission(&w, newcomer, &r.admit);
    snprintf(r.admit.id, sizeof r.admit.id, "wb");
    control_replace_encode(fresh(), &r);
}
static void put_members(enum actor whom)
{
    const struct control_members r = {.member_count = 1, .members = {*pid_of(office(whom))}};
    control_members_encode(fresh(), &r);
}
static void observer_in(void)
{
    put_members(OBSERVER);
}
static void lead_out(void)
{
    put_members(LEAD);
}
static void creator_out(void)
{
    put_members(MEMBER);
}
static void observer_relays(void)
{
    put_relay(OBSERVER, true);
}
static void suspended_relays_no_more(void)
{
    put_relay(SUSPENDED, false);
}
static void cut(void)
{
    const struct control_circle_cut r = {.kind = CONTROL_CUT_PARTICIPANT, .subject = *pid_of(office(SUSPENDED))};
    control_circle_cut_encode(fresh(), &r);
}
static void left_of_all(void)
{
    struct control_leaver leaver = {.subject = *pid_of(office(SUSPENDED)), .record = proposal};
    struct control_left r = {1, &leaver};
    control_left_encode(fresh(), &r);
}
static void written(unsigned entry)
{
    buffer_put(fresh(), w.entries[entry].body, w.entries[entry].len);
}
static void epoch_of_all(void)
{
    written(all_epoch);
}
static void epoch_of_its_own(void)
{
    written(own_epoch);
}
static void wrap_of_all(void)
{
    written(wrap);
}
static void wrap_of_its_own(void)
{
    written(own_wrap);
}
static void bad_of_all(void)
{
    written(bad);
}
static void bad_of_its_own(void)
{
    written(own_bad);
}
static void put_erase(enum actor whose)
{
    const struct control_erase r = {.author = w.offices[office(whose)].sign_pk, .instance = 1, .id = proposal};
    control_erase_encode(fresh(), &r);
}
static void erase_of_a_member(void)
{
    put_erase(MEMBER);
}
static void erase_of_the_lead(void)
{
    put_erase(LEAD);
}
static void erase_of_its_own(void)
{
    put_erase(SUSPENDED);
}
static void erase_of_an_observer(void)
{
    put_erase(OBSERVER);
}
static void erased(void)
{
    control_erased_encode(fresh(), &proposal, 1);
}
static void expel(void)
{
    put_removal(MEMBER, control_removal_encode);
}

/* A circle's gid follows from who founds it. */
static const struct gmm_id *new_circle(unsigned office)
{
    static struct gmm_id gid;
    struct control_group r = {.kind = GROUP_CIRCLE, .member_count = 1};
    memset(r.random, 9, sizeof r.random);
    r.members[0] = *pid_of(0);
    epoch_group_id(&gid, &w.nid, GROUP_CIRCLE, pid_of(office), r.random, sizeof r.random);
    control_group_encode(fresh(), &r);
    return &gid;
}

/* ---- the walk */

static const struct {
    const char *record;
    uint16_t type;
    const struct gmm_id *group; /* NULL: control */
    void (*make)(void);         /* NULL: new_circle */
    unsigned may;               /* enum actor; all others may not */
} cases[] = {
    {"ADMIT", HEADER_ADMIT, NULL, admit, CHAIR},
    {"WRAPKEY", HEADER_WRAPKEY, NULL, wrapkey, ALL_CURRENT | SUSPENDED},
    {"SUSPEND", HEADER_SUSPEND, NULL, suspend, CHAIR},
    {"SUSPEND", HEADER_SUSPEND, NULL, suspend_the_chair, NOBODY},
    {"SUSPEND", HEADER_SUSPEND, NULL, suspend_the_next, CHAIR}, /* until it has accepted it is not the next one */
    {"RESTORE", HEADER_RESTORE, NULL, restore, DECIDING_ELECTORS},
    {"EXPEL", HEADER_EXPEL, NULL, expel, CHAIR | LEAD}, /* not the one to be expelled */
    {"HANDOVER", HEADER_HANDOVER, NULL, put_handover, CHAIR},
    {"ACCEPT", HEADER_ACCEPT, NULL, accept, LEAD},
    {"BALLOT", HEADER_BALLOT, NULL, ballot, DECIDING_ELECTORS | SUSPENDED},
    {"LEAD", HEADER_LEAD, NULL, lead, CHAIR | LEAD},
    {"COSIGN", HEADER_COSIGN, NULL, cosign, DECIDING_ELECTORS | SUSPENDED},
    {"AMEND", HEADER_AMEND, NULL, amend, CHAIR},
    {"REPLACE", HEADER_REPLACE, NULL, replace, DECIDING_ELECTORS},
    {"GROUP", HEADER_GROUP, NULL, NULL, ALL_CURRENT & ~(unsigned)OBSERVER},
    {"ADD", HEADER_ADD, &decent_work, observer_in, CHAIR | LEAD},
    {"ADD", HEADER_ADD, &circle, observer_in, MEMBER | MEMBER_DESK},
    {"ADD", HEADER_ADD, &all, observer_in, NOBODY},
    {"ADD", HEADER_ADD, &internal, observer_in, NOBODY},
    {"REMOVE", HEADER_REMOVE, &decent_work, lead_out, CHAIR | LEAD},
    {"REMOVE", HEADER_REMOVE, &circle, lead_out, MEMBER | MEMBER_DESK},
    {"REMOVE", HEADER_REMOVE, &circle, creator_out, NOBODY},
    {"RELAY", HEADER_RELAY, &circle, observer_relays, MEMBER | MEMBER_DESK},
    {"RELAY", HEADER_RELAY, &decent_work, observer_relays, CHAIR | LEAD},
    {"RELAY", HEADER_RELAY, &internal, observer_relays, NOBODY}, /* its participant is suspended */
    {"RELAY", HEADER_RELAY, &internal_of_member, observer_relays, MEMBER},
    {"RELAY", HEADER_RELAY, &all, suspended_relays_no_more, CHAIR},
    {"CUT", HEADER_CUT, &circle, cut, MEMBER | MEMBER_DESK},
    {"CUT", HEADER_CUT, &orphan, cut, LEAD | OBSERVER},
    {"EPOCH", HEADER_EPOCH, &all, epoch_of_all, ALL_CURRENT},
    {"EPOCH", HEADER_EPOCH, &internal, epoch_of_its_own, SUSPENDED},
    {"LEFT", HEADER_LEFT, &all, left_of_all, ALL_CURRENT},
    {"LEFT", HEADER_LEFT, &internal, left_of_all, SUSPENDED},
    {"WRAP", HEADER_WRAP, &all, wrap_of_all, ALL_CURRENT},
    {"WRAP", HEADER_WRAP, &internal, wrap_of_its_own, SUSPENDED},
    {"EPOCH_BAD", HEADER_EPOCH_BAD, &all, bad_of_all, ALL_CURRENT},
    {"EPOCH_BAD", HEADER_EPOCH_BAD, &internal, bad_of_its_own, SUSPENDED},
    {"ERASE", HEADER_ERASE, &all, erase_of_a_member, CHAIR | MEMBER | MEMBER_DESK},
    {"ERASE", HEADER_ERASE, &all, erase_of_its_own, CHAIR},
    {"ERASE", HEADER_ERASE, &all, erase_of_an_observer, CHAIR | OBSERVER},
    {"ERASE", HEADER_ERASE, &decent_work, erase_of_a_member, LEAD | MEMBER | MEMBER_DESK},
    {"ERASE", HEADER_ERASE, &circle, erase_of_the_lead, LEAD | MEMBER | MEMBER_DESK},
    {"ERASE", HEADER_ERASE, &circle, erase_of_a_member, MEMBER | MEMBER_DESK},
    {"ERASE", HEADER_ERASE, &internal, erase_of_its_own, NOBODY},
    {"ERASED", HEADER_ERASED, &all, erased, ALL_CURRENT},
    {"ERASED", HEADER_ERASED, &internal, erased, SUSPENDED},
};
#define CASES (sizeof cases / sizeof *cases)

static unsigned walk(void)
{
    unsigned wrong = 0;
    for (size_t c = 0; c < CASES; c++)
        for (size_t a = 0; a < ACTORS; a++) {
            const struct gmm_id *gid = cases[c].group;
            if (cases[c].make != NULL)
                cases[c].make();
            else
                gid = new_circle(office_of[a]);
            enum gmm_err err = ask_at(office_of[a], gid, cases[c].type, w.now_ms + 1000);
            bool may = (cases[c].may & (unsigned)actors[a].actor) != 0;
            if ((err == GMM_OK) != may) {
                print_error("%s (case %zu) by %s, %s: %s, %s\n", cases[c].record, c, actors[a].name,
                            identity_kind_text(kind), gmm_err_name(err), msg.text);
                wrong++;
            }
            if (err != GMM_OK)
                assert_string_not_equal(msg.text, ""); /* each refusal names its rule */
        }
    return wrong;
}

/* Of whatever kind they are: of observers alone the kind decides. */
static void each_record_is_for_whom_the_table_says(void **state)
{
    unsigned wrong = 0, kinds = 0;
    for (uint8_t k = IDENTITY_MEMBER; identity_kind_text(k) != NULL; k++) {
        if (k == IDENTITY_OBSERVER)
            continue;
        teardown(state);
        open_as(k);
        wrong += walk();
        kinds++;
    }
    assert_int_equal(wrong, 0);
    assert_int_equal(kinds, 6);
}

/* No row goes unwalked, and its last columns are true as well. */
static void the_whole_table_is_walked(void **state)
{
    (void)state;
    struct authority_row row;
    for (size_t r = 0; authority_row(r, &row); r++) {
        unsigned count = 0, may = 0;
        for (size_t c = 0; c < CASES; c++)
            if (strcmp(cases[c].record, row.record) == 0) {
                assert_true(authority_known(cases[c].type));
                may |= cases[c].may;
                count++;
            }
        if (count == 0)
            fail_msg("%s is in the table, and nobody is asked who may write it", row.record);
        if (((may & SUSPENDED) != 0) != row.suspended_too)
            fail_msg("%s of a suspended participant: the table says otherwise", row.record);
        if (((may & OBSERVER) != 0) != row.observers_too)
            fail_msg("%s of an observer: the table says otherwise", row.record);
        assert_int_equal(may & STRANGER, 0);
    }
}

/* Once it has accepted. */
static void the_next_chair_is_not_suspended(void **state)
{
    (void)state;
    accept();
    write_record(office(LEAD), HEADER_ACCEPT);
    suspend_the_next();
    assert_int_equal(ask(office(CHAIR), HEADER_SUSPEND), GMM_EDENIED);
    suspend();
    assert_int_equal(ask(office(CHAIR), HEADER_SUSPEND), GMM_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_record_is_for_whom_the_table_says),
        cmocka_unit_test(the_whole_table_is_walked),
        cmocka_unit_test(the_next_chair_is_not_suspended),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
