/* Every rule of who may do what: each refusal with the sentence that names it, and what a record does that may. */
#include "proto/authority.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/world.h"

static struct world w;
static struct gmm_msg msg;
static unsigned iom, unu, wb; /* offices: members, an observer (unu) */
static struct gmm_id all, decent_work;

static void open_world(const struct charter *charter)
{
    world_open(&w, charter);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_all(&w, &all);
    world_gid_thematic(&w, "decent-work", &decent_work);
}

static int setup(void **state)
{
    (void)state;
    open_world(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static unsigned of(unsigned office)
{
    return w.offices[office].participant;
}

static const struct gmm_id *pid_of(unsigned office)
{
    return &w.participants[of(office)].pid;
}

/* What the fold says of a record of an office before it is written. */
static enum gmm_err ask(unsigned office, const struct gmm_id *gid, uint16_t type, const void *body, size_t len)
{
    static const struct gmm_id control;
    memset(&msg, 0, sizeof msg);
    return fold_authorize(w.fold, &w.offices[office].sign_pk, gid == NULL ? &control : gid, type, body, len,
                          w.now_ms + 1000, &msg);
}

static enum gmm_err ask_admit(unsigned office, unsigned joining)
{
    struct control_admit admit;
    struct buffer body;
    world_admission(&w, joining, &admit);
    buffer_init(&body, 4096);
    control_admit_encode(&body, &admit);
    enum gmm_err err = ask(office, NULL, HEADER_ADMIT, body.p, body.len);
    buffer_close(&body);
    return err;
}

static enum gmm_err ask_members(unsigned office, const struct gmm_id *gid, uint16_t type, const struct gmm_id *pid)
{
    struct control_members members = {.member_count = 1, .members = {*pid}};
    struct buffer body;
    buffer_init(&body, 4096);
    control_members_encode(&body, &members);
    enum gmm_err err = ask(office, gid, type, body.p, body.len);
    buffer_close(&body);
    return err;
}

static void assert_says(const char *words)
{
    if (strstr(msg.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", msg.text, words);
}

static bool is_member(const struct gmm_id *gid, unsigned office)
{
    return view_is_member(world_view(&w), gid, pid_of(office));
}

static void table(void **state)
{
    (void)state;
    unsigned count = 0, rows = 0;
    struct authority_row row;
    for (uint16_t type = 0; type < HEADER_DOCUMENT; type++)
        count += authority_known(type);
    for (; authority_row(rows, &row); rows++)
        assert_true(strlen(row.record) > 0 && strlen(row.who) > 0);
    assert_int_equal(count, rows);
    assert_false(authority_known(HEADER_DOCUMENT));
    assert_int_equal(ask(0, NULL, 30, "x", 1), GMM_EFORMAT);
    assert_says("type 30");
    assert_int_equal(ask(0, &all, HEADER_ADMIT, "x", 1), GMM_EFORMAT);
    assert_int_equal(ask(0, NULL, HEADER_ADD, "x", 1), GMM_EFORMAT);
    assert_says("does not stand in this kind of log");
}

/* docs/threat-model.md says who may do what in the words of the table in the code, row by row. */
static void told_in_the_docs(void **state)
{
    (void)state;
    char path[4096], line[1024], wanted[1024];
    const char *source = getenv("GMM_SOURCE");
    struct authority_row row;
    size_t found = 0;
    if (source == NULL)
        skip(); /* run by ctest, which names the source */
    snprintf(path, sizeof path, "%s/docs/threat-model.md", source);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL && strncmp(line, "## Who may do what", 18) != 0)
        ;
    while (fgets(line, sizeof line, f) != NULL && strncmp(line, "## ", 3) != 0) {
        if (strncmp(line, "| ", 2) != 0 || strncmp(line, "| record ", 9) == 0)
            continue;
        if (!authority_row(found++, &row))
            fail_msg("a row that the code does not have: %s", line);
        snprintf(wanted, sizeof wanted, "| %s | %s | %s | %s |\n", row.record, row.who,
                 row.suspended_too ? "yes" : "no", row.observers_too ? "yes" : "no");
        assert_string_equal(line, wanted);
    }
    fclose(f);
    assert_false(authority_row(found, &row)); /* and none is left out */
}

static void only_the_chair_admits(void **state)
{
    (void)state;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    assert_int_equal(ask_admit(iom, who), GMM_EDENIED);
    assert_string_equal(msg.text,
                        "only the chair of term 1 (International Labour Organization) may admit a participant");
    assert_int_equal(ask_admit(0, who), GMM_OK);
    world_admit(&w, iom, who);
    assert_null(view_participant(world_view(&w), pid_of(who)));
    world_admit(&w, 0, who);
    const struct view_participant *p = view_participant(world_view(&w), pid_of(who));
    assert_non_null(p);
    assert_string_equal(p->id, "who");
    assert_string_equal(p->name, "Participant who");
    assert_true(p->status == VIEW_ACTIVE && p->kind == IDENTITY_MEMBER && p->since_ms == w.now_ms);
    assert_true(id_equal(&p->sign_pk, &w.offices[who].sign_pk) && id_equal(&p->noise_pk, &w.offices[who].noise_pk));
    assert_int_equal(ask_admit(0, who), GMM_EEXISTS);
    assert_says("who is admitted already");
}

/* "Ruling, and not revoked at or before t, the highest serial." */
static void the_chair_signs_by_one_office(void **state)
{
    (void)state;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    unsigned field = world_certified(&w, 0, "field", CERTIFICATE_ROLE_VOTE);
    assert_int_equal(ask_admit(field, who), GMM_EDENIED);
    assert_says("only the office hq of International Labour Organization, with the role DECIDE");
    unsigned deputy = world_certified(&w, 0, "deputy", CERTIFICATE_ROLE_DECIDE);
    assert_int_equal(ask_admit(0, who), GMM_EDENIED);
    assert_says("only the office deputy");
    assert_int_equal(ask_admit(deputy, who), GMM_OK);
}

static void nobody_decides(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    world_certificate(&w, 0, &cert);
    cert.not_before_ms = w.now_ms;
    world_issue(&w, 0, &cert, NULL);
    assert_int_equal(ask_admit(0, who), GMM_EDENIED);
    assert_says("no office of International Labour Organization carries the role DECIDE");
}

static void one_id_one_root(void **state)
{
    (void)state;
    struct control_admit admit;
    struct buffer body;
    unsigned impostor = world_certified(&w, world_participant(&w, "impostor", IDENTITY_MEMBER), "hq", 0);
    world_admission(&w, impostor, &admit);
    memcpy(admit.id, "iom", 4);
    buffer_init(&body, 4096);
    control_admit_encode(&body, &admit);
    assert_int_equal(ask(0, NULL, HEADER_ADMIT, body.p, body.len), GMM_EEXISTS);
    assert_string_equal(msg.text, "iom is admitted already, under another root");
    world_append(&w, 0, NULL, HEADER_ADMIT, body.p, body.len);
    assert_null(view_participant(world_view(&w), pid_of(impostor)));
    buffer_close(&body);
}

/* A join signature for another network, or somebody else's. */
static void join_signature_is_needed(void **state)
{
    (void)state;
    struct control_admit admit;
    struct buffer body;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    world_admission(&w, who, &admit);
    admit.join_signature[3] ^= 1;
    buffer_init(&body, 4096);
    control_admit_encode(&body, &admit);
    assert_int_equal(ask(0, NULL, HEADER_ADMIT, body.p, body.len), GMM_EFORMAT);
    assert_says("the signature does not verify");
    world_append(&w, 0, NULL, HEADER_ADMIT, body.p, body.len);
    assert_null(view_participant(world_view(&w), pid_of(who)));
    assert_int_equal(ask(0, NULL, HEADER_ADMIT, "x", 1), GMM_EFORMAT);
    buffer_close(&body);
}

static void admission_policies(void **state)
{
    (void)state;
    for (uint8_t policy = CHARTER_BY_CHAIR_AND_SPONSOR; policy <= CHARTER_BY_TWO_THIRDS; policy++) {
        struct charter charter;
        world_charter(&charter);
        charter.admission = policy;
        world_close(&w);
        open_world(&charter);
        /* While there is nobody else to ask, one signature is enough. */
        assert_int_equal(world_view(&w)->participant_count, 2);
        assert_non_null(view_participant(world_view(&w), pid_of(iom)));
        assert_int_equal(ask_admit(0, wb), GMM_EEXISTS);
        assert_says("supports this admission already");
    }
}

/* A participant without a certificate is on the roster, but a member of nothing. */
static void certificates_are_needed(void **state)
{
    (void)state;
    unsigned who = world_office(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq");
    struct certificate cert;
    world_admit(&w, 0, who);
    assert_int_equal(view_participant(world_view(&w), pid_of(who))->status, VIEW_ADMITTED);
    assert_false(is_member(&all, who));
    assert_int_equal(ask(who, NULL, HEADER_WRAPKEY, "x", 1), GMM_EDENIED);
    assert_says("is no office of a participant admitted by then");
    world_certificate(&w, who, &cert);
    world_issue(&w, of(who), &cert, NULL);
    assert_int_equal(view_participant(world_view(&w), pid_of(who))->status, VIEW_ACTIVE);
    assert_true(is_member(&all, who));
}

static void the_roster_is_bounded(void **state)
{
    (void)state;
    char id[16];
    unsigned joining = 0;
    for (size_t i = world_view(&w)->participant_count; i <= LIMIT_PARTICIPANTS; i++) {
        snprintf(id, sizeof id, "p-%zu", i);
        joining = world_office(&w, world_participant(&w, id, IDENTITY_MEMBER), "hq");
        world_admit(&w, 0, joining);
    }
    assert_int_equal(world_view(&w)->participant_count, LIMIT_PARTICIPANTS);
    assert_null(view_participant(world_view(&w), pid_of(joining)));
    assert_int_equal(ask_admit(0, joining), GMM_EDENIED);
    assert_says("the roster is full");
}

static void who_is_nobody(void **state)
{
    (void)state;
    unsigned stranger = world_certified(&w, world_participant(&w, "stranger", IDENTITY_MEMBER), "hq", 15);
    assert_int_equal(ask(stranger, NULL, HEADER_WRAPKEY, "x", 1), GMM_EDENIED);
    assert_says("is no office of a participant admitted by then");
}

static enum gmm_err ask_wrapkey(unsigned office)
{
    struct buffer body;
    buffer_init(&body, 64);
    control_wrapkey_encode(&body, &w.offices[office].noise_pk); /* any good key */
    enum gmm_err err = ask(office, NULL, HEADER_WRAPKEY, body.p, body.len);
    buffer_close(&body);
    return err;
}

static void certificates_in_force(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned later = world_office(&w, of(iom), "later");
    world_certificate(&w, later, &cert);
    cert.not_before_ms = WORLD_START_MS + WORLD_YEAR_MS;
    world_issue(&w, of(iom), &cert, NULL);
    assert_int_equal(ask_wrapkey(later), GMM_EDENIED);
    assert_says("has no certificate in force");
    assert_int_equal(ask_wrapkey(iom), GMM_OK);
    w.now_ms = WORLD_START_MS + 4 * WORLD_YEAR_MS;
    assert_int_equal(ask_wrapkey(iom), GMM_EDENIED);
    assert_says("the certificate of the office hq of Participant iom had expired");
}

static void superseded_keys(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned fresh = world_office(&w, of(iom), "fresh");
    world_certificate(&w, fresh, &cert);
    memcpy(cert.office, "hq", 3);
    world_issue(&w, of(iom), &cert, NULL);
    assert_int_equal(ask_wrapkey(iom), GMM_EDENIED);
    assert_says("is superseded: Participant iom has certified another for its office hq");
    assert_int_equal(ask_wrapkey(fresh), GMM_OK);
}

static void revoked_keys(void **state)
{
    (void)state;
    const struct gmm_id first_wrap = w.offices[iom].noise_pk, second_wrap = w.offices[wb].noise_pk;
    struct buffer body;
    buffer_init(&body, 64);
    control_wrapkey_encode(&body, &first_wrap);
    unsigned named = world_append(&w, iom, NULL, HEADER_WRAPKEY, body.p, body.len);
    buffer_close(&body);
    control_wrapkey_encode(&body, &second_wrap);
    world_append(&w, iom, NULL, HEADER_WRAPKEY, body.p, body.len);
    buffer_close(&body);
    assert_true(id_equal(&view_office(world_view(&w), &w.offices[iom].sign_pk)->wrap_pk, &second_wrap));
    struct revocation_cut cut = {.instance = w.instance, .seq = w.entries[named].seq, .id = w.entries[named].id};
    world_revoke(&w, iom, UINT_MAX, &cut, 1);
    assert_true(id_equal(&view_office(world_view(&w), &w.offices[iom].sign_pk)->wrap_pk, &first_wrap));
    assert_int_equal(ask_wrapkey(iom), GMM_EDENIED);
    assert_says("the key");
    assert_says("of the office hq of Participant iom is revoked");
}

/* Another participant certifies a key that is not its own. */
static void keys_claimed_twice(void **state)
{
    (void)state;
    struct certificate cert;
    unsigned second = world_certified(&w, of(iom), "second", 0);
    world_certificate(&w, second, &cert);
    cert.pid = *pid_of(wb);
    cert.root_pk = w.participants[of(wb)].root_pk;
    cert.next_commit = w.participants[of(wb)].next_commit;
    cert.serial = 77;
    assert_int_equal(ask_wrapkey(second), GMM_OK);
    world_issue(&w, of(wb), &cert, NULL);
    assert_int_equal(ask_wrapkey(second), GMM_EDENIED);
    assert_says("two participants certify the office key");
    assert_int_equal(view_office(world_view(&w), &cert.sign_pk)->status, VIEW_OFFICE_VOID);
    /* the key that joined with its own signature, and the founder's first, cannot be claimed */
    cert.sign_pk = w.offices[iom].sign_pk;
    cert.serial = 78;
    world_issue(&w, of(wb), &cert, NULL);
    assert_int_equal(ask_wrapkey(iom), GMM_OK);
    assert_true(id_equal(&view_office(world_view(&w), &cert.sign_pk)->pid, pid_of(iom)));
    cert.sign_pk = w.offices[0].sign_pk;
    cert.serial = 79;
    world_issue(&w, of(wb), &cert, NULL);
    assert_int_equal(ask_wrapkey(0), GMM_OK);
    assert_true(id_equal(&view_office(world_view(&w), &cert.sign_pk)->pid, pid_of(0)));
}

static void wrap_keys(void **state)
{
    (void)state;
    static const uint8_t low[33] = {1};
    const struct view_office *office = view_office(world_view(&w), &w.offices[iom].sign_pk);
    assert_true(id_equal(&office->wrap_pk, &w.offices[iom].wrap_pk)); /* the certificate's, for a start */
    assert_int_equal(ask(iom, NULL, HEADER_WRAPKEY, low, sizeof low), GMM_EFORMAT);
    assert_says("the wrap key record is not well formed");
    world_append(&w, iom, NULL, HEADER_WRAPKEY, low, sizeof low);
    office = view_office(world_view(&w), &w.offices[iom].sign_pk);
    assert_true(id_equal(&office->wrap_pk, &w.offices[iom].wrap_pk));
    assert_int_equal(ask_wrapkey(unu), GMM_OK); /* observers read, so they too */
}

static void thematic_groups(void **state)
{
    (void)state;
    assert_true(is_member(&decent_work, 0) && is_member(&decent_work, iom) && !is_member(&decent_work, unu));
    assert_int_equal(ask_members(iom, &decent_work, HEADER_REMOVE, pid_of(wb)), GMM_EDENIED);
    assert_says("only the chair of term 1 (International Labour Organization) or the lead");
    assert_says("decides who is in decent-work");
    assert_int_equal(ask_members(0, &decent_work, HEADER_ADD, pid_of(iom)), GMM_EEXISTS);
    assert_says("nothing changes");
    assert_int_equal(ask_members(0, &decent_work, HEADER_REMOVE, pid_of(unu)), GMM_EEXISTS);
    assert_int_equal(ask_members(0, &decent_work, HEADER_REMOVE, &w.nid), GMM_EEXISTS);
    assert_int_equal(ask(0, &decent_work, HEADER_ADD, "x", 1), GMM_EFORMAT);
    assert_says("the addition record is not well formed");
    assert_int_equal(ask_members(0, &decent_work, HEADER_ADD, pid_of(unu)), GMM_OK);
    world_members(&w, 0, &decent_work, HEADER_ADD, (const unsigned[]){of(unu)}, 1);
    world_members(&w, 0, &decent_work, HEADER_REMOVE, (const unsigned[]){of(iom), of(wb)}, 2);
    assert_true(is_member(&decent_work, unu) && !is_member(&decent_work, iom) && !is_member(&decent_work, wb));
    world_members(&w, 0, &decent_work, HEADER_ADD, (const unsigned[]){of(wb)}, 1);
    world_members(&w, iom, &decent_work, HEADER_REMOVE, (const unsigned[]){of(wb)}, 1);
    assert_true(is_member(&decent_work, wb));
    struct gmm_id capacity;
    world_gid_thematic(&w, "capacity", &capacity);
    assert_true(is_member(&capacity, iom)); /* each group for itself */
}

static void leads(void **state)
{
    (void)state;
    struct charter charter;
    struct gmm_id capacity;
    world_charter(&charter);
    memcpy(charter.leads[3], "iom", 4);
    memcpy(charter.leads[4], "who", 4);
    world_close(&w);
    open_world(&charter);
    world_gid_thematic(&w, "capacity", &capacity);
    const struct view *v = world_view(&w);
    assert_true(id_equal(&v->leads[3], pid_of(iom)) && id_equal(&v->leads[0], pid_of(0)) && id_is_zero(&v->leads[4]));
    assert_int_equal(ask_members(iom, &decent_work, HEADER_REMOVE, pid_of(wb)), GMM_OK);
    assert_int_equal(ask_members(0, &decent_work, HEADER_REMOVE, pid_of(wb)), GMM_OK);
    assert_int_equal(ask_members(iom, &capacity, HEADER_REMOVE, pid_of(wb)), GMM_EDENIED);
    assert_says("or the lead (a participant not admitted yet) decides who is in capacity");
    unsigned field = world_certified(&w, of(iom), "field", 0);
    assert_int_equal(ask_members(field, &decent_work, HEADER_REMOVE, pid_of(wb)), GMM_EDENIED);
    assert_says("only the office hq of Participant iom, with the role DECIDE");
    /* the lead may outlive the chair's term, which keeps admission only */
    w.now_ms = w.charter.term_until_ms + 1;
    assert_int_equal(ask_members(iom, &decent_work, HEADER_REMOVE, pid_of(wb)), GMM_OK);
    assert_int_equal(ask_members(0, &decent_work, HEADER_REMOVE, pid_of(wb)), GMM_EDENIED);
    assert_says("term 1 of the chair (International Labour Organization) has lapsed: until a successor it may only "
                "admit participants");
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    assert_int_equal(ask_admit(0, who), GMM_OK);
}

static void listed_groups(void **state)
{
    (void)state;
    struct charter charter;
    world_charter(&charter);
    charter.thematic = CHARTER_THEMATIC_LISTED;
    memcpy(charter.leads[3], "iom", 4);
    world_close(&w);
    open_world(&charter);
    assert_true(is_member(&decent_work, 0) && is_member(&decent_work, iom) && !is_member(&decent_work, wb));
    world_members(&w, iom, &decent_work, HEADER_ADD, (const unsigned[]){of(wb), of(unu)}, 2);
    assert_true(is_member(&decent_work, wb) && is_member(&decent_work, unu));
    world_members(&w, 0, &decent_work, HEADER_REMOVE, (const unsigned[]){of(wb)}, 1);
    assert_false(is_member(&decent_work, wb));
}

static void common_groups_are_nobodys(void **state)
{
    (void)state;
    struct gmm_id internal;
    world_gid_internal(&w, of(iom), &internal);
    assert_true(is_member(&all, 0) && is_member(&all, iom) && is_member(&all, unu));
    assert_true(is_member(&internal, iom) && !is_member(&internal, 0));
    assert_int_equal(ask_members(0, &all, HEADER_REMOVE, pid_of(iom)), GMM_EDENIED);
    assert_says("the group all has every active participant");
    assert_int_equal(ask_members(iom, &internal, HEADER_ADD, pid_of(wb)), GMM_EDENIED);
    assert_says("the group internal of Participant iom has its own offices and nobody else");
}

static void circles(void **state)
{
    (void)state;
    struct gmm_id circle, other;
    world_circle(&w, iom, 1, false, (const unsigned[]){of(wb)}, 1, &circle);
    const struct view_group *g = view_group(world_view(&w), &circle);
    assert_non_null(g);
    assert_true(g->kind == GROUP_CIRCLE && !g->history_full && g->name == NULL && g->member_count == 2);
    assert_true(id_equal(&g->owner, pid_of(iom)) && is_member(&circle, iom) && is_member(&circle, wb));
    assert_int_equal(
        ask(iom, &circle, HEADER_GROUP, w.entries[w.entry_count - 1].body, w.entries[w.entry_count - 1].len),
        GMM_EEXISTS);
    assert_int_equal(
        ask(wb, &circle, HEADER_GROUP, w.entries[w.entry_count - 1].body, w.entries[w.entry_count - 1].len),
        GMM_EDENIED);
    assert_says(
        "only the participant that a circle's id names may found it, and this one does not name Participant wb");
    assert_int_equal(ask_members(wb, &circle, HEADER_ADD, pid_of(0)), GMM_EDENIED);
    assert_says("only the creator of a circle (Participant iom)");
    assert_int_equal(ask_members(0, &circle, HEADER_ADD, pid_of(0)), GMM_EDENIED); /* nor the chair */
    assert_int_equal(ask_members(iom, &circle, HEADER_REMOVE, pid_of(iom)), GMM_EDENIED);
    assert_says("the creator of a circle (Participant iom) stays in it");
    assert_int_equal(ask_members(iom, &circle, HEADER_ADD, &w.nid), GMM_EEXISTS);
    unsigned field = world_certified(&w, of(iom), "field", 0);
    world_members(&w, field, &circle, HEADER_ADD, (const unsigned[]){of(0)}, 1);
    world_members(&w, iom, &circle, HEADER_REMOVE, (const unsigned[]){of(wb)}, 1);
    assert_true(is_member(&circle, 0) && !is_member(&circle, wb));
    assert_int_equal(ask_members(iom, &w.nid, HEADER_ADD, pid_of(wb)), GMM_EDENIED);
    assert_says("had been founded by then");
    world_circle(&w, iom, 2, true, NULL, 0, &other);
    assert_true(view_group(world_view(&w), &other)->history_full);
    world_circle(&w, unu, 1, false, (const unsigned[]){of(wb)}, 1, &other);
    assert_null(view_group(world_view(&w), &other));
    assert_int_equal(
        ask(unu, &other, HEADER_GROUP, w.entries[w.entry_count - 1].body, w.entries[w.entry_count - 1].len),
        GMM_EDENIED);
    assert_says("observers found no circle");
    assert_int_equal(ask(iom, &other, HEADER_GROUP, "x", 1), GMM_EFORMAT);
}

/* Whoever is named but not admitted is passed over; the author hears of it before. */
static void names_not_admitted(void **state)
{
    (void)state;
    struct gmm_id circle;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    unsigned entry = world_circle(&w, iom, 1, false, (const unsigned[]){of(wb), of(who)}, 2, &circle);
    assert_true(is_member(&circle, wb) && !is_member(&circle, who));
    world_circle(&w, iom, 2, false, (const unsigned[]){of(wb), of(who)}, 2, &circle);
    struct control_group read;
    assert_int_equal(control_group_decode(&read, w.entries[entry].body, w.entries[entry].len), GMM_OK);
    memset(read.random, 9, sizeof read.random);
    struct gmm_id gid;
    struct buffer body;
    epoch_group_id(&gid, &w.nid, GROUP_CIRCLE, pid_of(iom), read.random, sizeof read.random);
    buffer_init(&body, 4096);
    control_group_encode(&body, &read);
    assert_int_equal(ask(iom, &gid, HEADER_GROUP, body.p, body.len), GMM_EDENIED);
    assert_says("a group has admitted participants only");
    world_admit(&w, 0, who);
    assert_int_equal(ask(iom, &gid, HEADER_GROUP, body.p, body.len), GMM_OK);
    buffer_close(&body);
    assert_false(is_member(&circle, who)); /* the record stands where it stood */
    world_members(&w, iom, &circle, HEADER_ADD, (const unsigned[]){of(who)}, 1);
    assert_true(is_member(&circle, who));
}

static void epochs(void **state)
{
    (void)state;
    struct gmm_id internal, circle;
    struct epoch epoch;
    struct buffer body;
    unsigned first = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    world_gid_internal(&w, of(iom), &internal);
    assert_int_equal(ask(wb, &internal, HEADER_EPOCH, w.entries[first].body, w.entries[first].len), GMM_EDENIED);
    assert_says("Participant wb is not a member of the group internal of Participant iom: only members write to it");
    assert_int_equal(ask(iom, &internal, HEADER_EPOCH, w.entries[first].body, w.entries[first].len), GMM_OK);
    assert_int_equal(ask(iom, &all, HEADER_EPOCH, "x", 1), GMM_EFORMAT);
    assert_says("the epoch record is not well formed");
    assert_int_equal(epoch_decode(&epoch, w.entries[first].body, w.entries[first].len), GMM_OK);
    epoch.gen = 3;
    epoch.parent_count = 1;
    epoch.parents[0] = w.entries[first].id;
    buffer_init(&body, LIMIT_BODY_BYTES);
    epoch_encode(&body, &epoch);
    assert_int_equal(ask(iom, &all, HEADER_EPOCH, body.p, body.len), GMM_EFORMAT);
    assert_says("generation");
    /* a circle without history takes no epoch that wraps its parents */
    world_circle(&w, iom, 1, false, (const unsigned[]){of(wb)}, 1, &circle);
    unsigned parent = world_epoch(&w, iom, &circle, 1, NULL, 0, (const unsigned[]){iom}, 1);
    epoch.gen = 2;
    epoch.parents[0] = w.entries[parent].id;
    buffer_close(&body);
    epoch_encode(&body, &epoch);
    assert_int_equal(ask(iom, &circle, HEADER_EPOCH, body.p, body.len), GMM_OK);
    epoch.history_count = 1;
    epoch.history[0] = (struct epoch_history){.parent = 0};
    buffer_close(&body);
    epoch_encode(&body, &epoch);
    assert_int_equal(ask(iom, &circle, HEADER_EPOCH, body.p, body.len), GMM_EFORMAT);
    assert_says("the circle of Participant iom keeps no history: an epoch of it wraps none of its parents");
    buffer_close(&body);
    epoch_close(&epoch);
}

static void complaints_and_wraps(void **state)
{
    (void)state;
    struct gmm_id internal;
    unsigned first = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){0, iom}, 2);
    const struct gmm_id *epoch_id = &w.entries[first].id;
    world_gid_internal(&w, of(iom), &internal);
    unsigned wrap = world_wrap(&w, iom, first, wb), bad = world_epoch_bad(&w, iom, &all, first);
    assert_int_equal(ask(iom, &all, HEADER_WRAP, w.entries[wrap].body, w.entries[wrap].len), GMM_OK);
    assert_int_equal(ask(wb, &internal, HEADER_WRAP, w.entries[wrap].body, w.entries[wrap].len), GMM_EDENIED);
    assert_int_equal(ask(iom, &internal, HEADER_WRAP, w.entries[wrap].body, w.entries[wrap].len), GMM_EDENIED);
    assert_says("Participant wb is not a member of the group internal of Participant iom: epochs are wrapped to "
                "offices of members only");
    assert_int_equal(ask(iom, &all, HEADER_WRAP, "x", 1), GMM_EFORMAT);
    assert_int_equal(ask(iom, &all, HEADER_EPOCH_BAD, w.entries[bad].body, w.entries[bad].len), GMM_OK);
    assert_int_equal(ask(wb, &internal, HEADER_EPOCH_BAD, w.entries[bad].body, w.entries[bad].len), GMM_EDENIED);
    assert_int_equal(ask(iom, &all, HEADER_EPOCH_BAD, "x", 1), GMM_EFORMAT);
    assert_says("the complaint about an epoch record");
    const struct view *v = world_view(&w);
    assert_int_equal(v->wrap_count, 1);
    assert_true(id_equal(&v->wraps[0].epoch_id, epoch_id) && id_equal(&v->wraps[0].author, &w.offices[iom].sign_pk));
    assert_true(id_equal(&v->wraps[0].sign_pk, &w.offices[wb].sign_pk));
    assert_memory_equal(v->wraps[0].body, w.entries[wrap].body, v->wraps[0].len);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(table),
        TEST(told_in_the_docs),
        TEST(only_the_chair_admits),
        TEST(the_chair_signs_by_one_office),
        TEST(nobody_decides),
        TEST(one_id_one_root),
        TEST(join_signature_is_needed),
        TEST(admission_policies),
        TEST(certificates_are_needed),
        TEST(the_roster_is_bounded),
        TEST(who_is_nobody),
        TEST(certificates_in_force),
        TEST(superseded_keys),
        TEST(revoked_keys),
        TEST(keys_claimed_twice),
        TEST(wrap_keys),
        TEST(thematic_groups),
        TEST(leads),
        TEST(listed_groups),
        TEST(common_groups_are_nobodys),
        TEST(circles),
        TEST(names_not_admitted),
        TEST(epochs),
        TEST(complaints_and_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
