/* Every refusal of the fold's judges, walked: each says which rule refuses, in which term and whom it is about. That
 * none is left out is seen in the sources: each GMM_EDENIED and GMM_EEXISTS of FILES has been met by its own words. */
#include <limits.h>
#include <stdlib.h>

#include "tests/proto/authority_fixture.h"
#include "tests/proto/refusals_fixture.h"

#define DAY_MS UINT64_C(86400000)
#define ILO "International Labour Organization"
static const char *const FILES[] = {"judge",
                                    "authority",
                                    "authority_chair",
                                    "authority_effects",
                                    "authority_epochs",
                                    "authority_groups",
                                    "authority_lead",
                                    "authority_roster",
                                    "authority_vote",
                                    "vouches"};

static unsigned iom, unu, wb, who; /* offices: members, an observer (unu) */
static uint64_t from_ms, until_ms; /* of terms to come: ten days from now, a year */
static struct gmm_id all, decent_work, circle, internal;

static int setup(void **state)
{
    (void)state;
    struct charter charter;
    world_charter(&charter);
    snprintf(charter.leads[3], sizeof charter.leads[3], "iom");
    world_open(&w, &charter);
    from_ms = w.now_ms + 10 * DAY_MS;
    until_ms = from_ms + WORLD_YEAR_MS;
    world_gid_all(&w, &all);
    world_gid_thematic(&w, "decent-work", &decent_work);
    fresh();
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    who = world_join(&w, "who", IDENTITY_INTL_ORG);
    world_gid_internal(&w, w.offices[iom].participant, &internal);
    const unsigned in_circle[] = {w.offices[wb].participant};
    world_circle(&w, iom, 1, false, in_circle, 1, &circle);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buffer_close(&body);
    world_close(&w);
    return 0;
}

static void told(enum gmm_err err, const char *wanted)
{
    if (err != GMM_EDENIED && err != GMM_EEXISTS)
        fail_msg("not refused (%s): %s", gmm_err_name(err), wanted);
    refusals_told(&msg, wanted);
}

/* What was put into the body, asked for by an office in its control log. */
static void refused(unsigned office, uint16_t type, const char *wanted)
{
    told(ask(office, type), wanted);
}

static void refused_in(const struct gmm_id *gid, unsigned office, uint16_t type, const char *wanted)
{
    told(ask_at(office, gid, type, w.now_ms + 1000), wanted);
}

/* ---- bodies */

static const struct gmm_id nobody = {{7}};

static void put_removal(const struct gmm_id *pid)
{
    const struct control_removal r = {.pid = *pid, .reason = "a reason"};
    control_removal_encode(fresh(), &r);
}

static void put_restore(unsigned office)
{
    const struct control_removal r = {.pid = *pid_of(office), .reason = "a reason"};
    control_restore_encode(fresh(), &r);
}

static void put_amend(unsigned office, const char *name, uint8_t kind)
{
    struct control_amend r = {.pid = *pid_of(office), .kind = kind};
    snprintf(r.name, sizeof r.name, "%s", name);
    control_amend_encode(fresh(), &r);
}

static void put_handover(uint32_t term, unsigned to, const struct gmm_id *deputy, uint64_t until)
{
    const struct control_handover r = {
        .term = term, .to = *pid_of(to), .deputy = *deputy, .from_ms = from_ms, .until_ms = until};
    control_handover_encode(fresh(), &r);
}

static unsigned hand_over(unsigned office, uint32_t term, unsigned to)
{
    static const struct gmm_id none;
    put_handover(term, to, &none, until_ms);
    return write_record(office, HEADER_HANDOVER);
}

static void put_accept(const struct gmm_id *subject, uint32_t term, struct control_cut *cut)
{
    const struct control_accept r = {.subject = *subject, .term = term, .cuts = {cut == NULL ? 0 : 1, cut}};
    control_accept_encode(fresh(), &r);
}

static unsigned accept(unsigned office, unsigned handover, uint32_t term, struct control_cut *cut)
{
    put_accept(&w.entries[handover].id, term, cut);
    return write_record(office, HEADER_ACCEPT);
}

static void put_ballot(uint32_t term, const struct gmm_id *candidate, struct control_cut *cut)
{
    const struct control_ballot r = {
        .term = term, .candidate = *candidate, .until_ms = until_ms, .cuts = {cut == NULL ? 0 : 1, cut}};
    control_ballot_encode(fresh(), &r);
}

static void vote(unsigned office, uint32_t term, unsigned candidate, struct control_cut *cut)
{
    put_ballot(term, pid_of(candidate), cut);
    write_record(office, HEADER_BALLOT);
}

static void put_lead(unsigned office, uint64_t until)
{
    const struct control_lead r = {
        .thematic = 3, .pid = *pid_of(office), .from_ms = w.now_ms + 60000, .until_ms = until};
    control_lead_encode(fresh(), &r);
}

static void put_members(const struct gmm_id *pid)
{
    const struct control_members r = {.member_count = 1, .members = {*pid}};
    control_members_encode(fresh(), &r);
}

static void put_wrapkey(void)
{
    control_wrapkey_encode(fresh(), &w.offices[0].wrap_pk);
}

static void put_admit(unsigned office)
{
    struct control_admit r;
    world_admission(&w, office, &r);
    control_admit_encode(fresh(), &r);
}

static void put_cut(const struct gmm_id *pid)
{
    const struct control_circle_cut r = {.kind = CONTROL_CUT_PARTICIPANT, .subject = *pid};
    control_circle_cut_encode(fresh(), &r);
}

/* Expelled by a body that two thirds sign. */
static void expel(unsigned office)
{
    put_removal(pid_of(office));
    const unsigned voters[] = {0, iom, wb, who};
    for (size_t i = 0; i < sizeof voters / sizeof *voters; i++)
        if (voters[i] != office && status_of(office) != VIEW_EXPELLED)
            write_record(voters[i], HEADER_EXPEL);
    assert_int_equal(status_of(office), VIEW_EXPELLED);
}

static unsigned newcomer(const char *id)
{
    return world_certified(&w, world_participant(&w, id, IDENTITY_MEMBER), "hq", CERTIFICATE_ROLES_ALL);
}

/* ---- the walk */

static void who_speaks(void **state)
{
    (void)state;
    struct certificate cert;
    put_wrapkey();
    refused(newcomer("fao"), HEADER_WRAPKEY, "the key ######## is no office of a participant admitted by then");

    unsigned later = world_office(&w, w.offices[iom].participant, "later");
    world_certificate(&w, later, &cert);
    cert.not_before_ms = until_ms;
    world_issue(&w, w.offices[iom].participant, &cert, NULL);
    refused(later, HEADER_WRAPKEY, "the office key ######## of Participant iom has no certificate in force");

    unsigned second = world_certified(&w, w.offices[iom].participant, "second", 0);
    world_certificate(&w, second, &cert);
    cert.pid = *pid_of(wb);
    cert.root_pk = w.participants[w.offices[wb].participant].root_pk;
    cert.next_commit = w.participants[w.offices[wb].participant].next_commit;
    cert.serial = 77;
    world_issue(&w, w.offices[wb].participant, &cert, NULL);
    refused(second, HEADER_WRAPKEY,
            "two participants certify the office key ########, and none joined with it: it may do nothing");

    unsigned another = world_office(&w, w.offices[who].participant, "new");
    world_certificate(&w, another, &cert);
    memcpy(cert.office, "hq", 3);
    world_issue(&w, w.offices[who].participant, &cert, NULL);
    refused(who, HEADER_WRAPKEY,
            "the key ######## is superseded: Participant who has certified another for its office hq");

    world_revoke(&w, wb, UINT_MAX, NULL, 0);
    refused(wb, HEADER_WRAPKEY, "the key ######## of the office hq of Participant wb is revoked");
    w.now_ms = WORLD_START_MS + 4 * WORLD_YEAR_MS;
    refused(iom, HEADER_WRAPKEY, "the certificate of the office hq of Participant iom had expired: renew it");
}

static void who_decides(void **state)
{
    (void)state;
    unsigned desk = world_certified(&w, 0, "desk", 0);
    put_removal(pid_of(wb));
    refused(desk, HEADER_SUSPEND, "only the office hq of " ILO ", with the role DECIDE, may decide for it");
    refused(iom, HEADER_SUSPEND, "only the chair of term 1 (" ILO ") may suspend a participant");
    put_admit(newcomer("fao"));
    refused(iom, HEADER_ADMIT, "only the chair of term 1 (" ILO ") may admit a participant");
    put_amend(wb, "Another name", IDENTITY_MEMBER);
    refused(iom, HEADER_AMEND, "only the chair of term 1 (" ILO ") may change a participant's name and kind");
    put_lead(wb, 0);
    refused(wb, HEADER_LEAD, "only the chair of term 1 (" ILO ") or the present lead may name the lead of a group");
    w.now_ms = w.charter.term_until_ms;
    put_removal(pid_of(wb));
    refused(0, HEADER_SUSPEND,
            "term 1 of the chair (" ILO ") has lapsed: until a successor it may only admit participants");
}

/* Its first certificate carries no role. */
static void nobody_decides(void **state)
{
    (void)state;
    unsigned alone = world_certified(&w, world_participant(&w, "fao", IDENTITY_MEMBER), "hq", 0);
    world_admit(&w, 0, alone);
    unsigned handover = hand_over(0, 2, alone);
    put_accept(&w.entries[handover].id, 2, NULL);
    refused(alone, HEADER_ACCEPT, "no office of Participant fao carries the role DECIDE: none may decide for it");
}

static void who_takes_part(void **state)
{
    (void)state;
    put_admit(wb);
    refused(0, HEADER_ADMIT, "wb is admitted already");
    struct control_admit other;
    world_admission(&w, newcomer("fao"), &other);
    snprintf(other.id, sizeof other.id, "wb");
    control_admit_encode(fresh(), &other);
    refused(0, HEADER_ADMIT, "wb is admitted already, under another root");

    put_removal(&nobody);
    refused(0, HEADER_SUSPEND, "the participant named (07000000) had not been admitted by then");
    put_removal(pid_of(0));
    refused(0, HEADER_SUSPEND, "the chair of term 1 (" ILO ") cannot be suspended: an election replaces it");
    struct control_cut cut = head_of(wb);
    cut.log.group = circle;
    const struct control_removal in_circle = {.pid = *pid_of(wb), .reason = "a reason", .cuts = {1, &cut}};
    control_removal_encode(fresh(), &in_circle);
    refused(0, HEADER_SUSPEND,
            "a removal names control logs and logs of all and the thematic groups only: a circle's cuts are published "
            "inside it");
    put_restore(wb);
    refused(0, HEADER_RESTORE, "Participant wb is neither suspended nor expelled");
    put_amend(wb, "Participant wb", IDENTITY_MEMBER);
    refused(0, HEADER_AMEND, "Participant wb has this name and kind already");

    put_removal(pid_of(wb));
    write_record(0, HEADER_SUSPEND);
    refused(0, HEADER_SUSPEND, "Participant wb is suspended already");
    put_restore(wb);
    refused(unu, HEADER_RESTORE,
            "only the chair of term 1 (" ILO "), or two thirds of its electorate, may restore a participant");
    put_removal(pid_of(iom));
    refused(wb, HEADER_EXPEL, "Participant wb is suspended: until it is restored no expulsion of its has effect");
    refused(iom, HEADER_EXPEL, "Participant iom does not count when its own expulsion is decided");
    expel(wb);
    refused(wb, HEADER_EXPEL, "Participant wb is expelled: no expulsion of its has effect");
    put_amend(wb, "Another name", IDENTITY_MEMBER);
    refused(0, HEADER_AMEND, "Participant wb is expelled: until it is restored no other record may be about it");
}

static void the_roster_is_full(void **state)
{
    (void)state;
    char id[16];
    for (size_t i = world_view(&w)->participant_count; i < LIMIT_PARTICIPANTS; i++) {
        snprintf(id, sizeof id, "p-%zu", i);
        world_admit(&w, 0, world_office(&w, world_participant(&w, id, IDENTITY_MEMBER), "hq"));
    }
    put_admit(newcomer("fao"));
    refused(0, HEADER_ADMIT, "the roster is full: a network has at most 256 participants");
}

static void what_needs_two_thirds(void **state)
{
    (void)state;
    struct gmm_id subject;
    unsigned desk = world_certified(&w, w.offices[iom].participant, "desk", 0);
    unsigned voter = world_certified(&w, w.offices[unu].participant, "voter", CERTIFICATE_ROLE_VOTE);
    put_removal(pid_of(wb));
    control_subject(&subject, HEADER_EXPEL, body.p, body.len);
    refused(voter, HEADER_EXPEL,
            "Participant unu is not of the electorate of term 1 (" ILO "): two thirds of that one decide");
    refused(desk, HEADER_EXPEL,
            "the office desk of Participant iom lacks the role VOTE: only one with it votes for it");
    control_cosign_encode(fresh(), &subject);
    refused(iom, HEADER_COSIGN, "no proposal ######## waits for the support of Participant iom");
    put_removal(pid_of(wb));
    write_record(iom, HEADER_EXPEL);
    refused(iom, HEADER_EXPEL, "Participant iom supports this expulsion already");
    control_cosign_encode(fresh(), &subject);
    refused(iom, HEADER_COSIGN, "Participant iom supports this already");
    refused(unu, HEADER_COSIGN, "Participant unu is an observer: observers do not cosign");
    refused(desk, HEADER_COSIGN, "only offices with the role VOTE, or the deciding one, cosign for Participant iom");
    expel(who);
    control_cosign_encode(fresh(), &subject);
    refused(who, HEADER_COSIGN, "Participant who is expelled: it does not cosign");
}

/* Its electorate are those whom its chair found; who joins later is none. */
static void a_later_electorate(void **state)
{
    (void)state;
    struct control_cut cut;
    unsigned handover = hand_over(0, 2, wb);
    accept(wb, handover, 2, NULL);
    w.now_ms = from_ms;
    unsigned late = newcomer("fao");
    put_admit(late);
    write_record(wb, HEADER_ADMIT);
    cut = head_of(wb);
    put_ballot(2, pid_of(iom), &cut);
    refused(late, HEADER_BALLOT,
            "Participant fao is not of the electorate of term 2 (Participant wb): only that one replaces its chair");
    refused(newcomer("oecd"), HEADER_BALLOT, "the key ######## is no office of a participant admitted by then");
    put_removal(pid_of(late));
    write_record(wb, HEADER_SUSPEND);
    control_cosign_encode(fresh(), &nobody);
    refused(late, HEADER_COSIGN, "Participant fao is suspended, and not of the electorate: it does not cosign");
}

static void who_is_to_preside(void **state)
{
    (void)state;
    static const struct gmm_id none;
    put_handover(3, wb, &none, until_ms);
    refused(iom, HEADER_HANDOVER, "only the chair of term 1 (" ILO ") may hand over the chair");
    refused(0, HEADER_HANDOVER, "the chair of term 1 (" ILO ") hands over term 2, not term 3");
    put_handover(2, 0, &none, until_ms);
    refused(0, HEADER_HANDOVER, ILO " presides in term 1 already: a chair does not hand over to itself");
    put_handover(2, unu, &none, until_ms);
    refused(0, HEADER_HANDOVER, "Participant unu is an observer: observers do not preside");
    put_handover(2, wb, pid_of(wb), until_ms);
    refused(0, HEADER_HANDOVER, "Participant wb cannot be its own deputy");
    from_ms = w.now_ms;
    put_handover(2, wb, &none, w.now_ms + DAY_MS);
    told(ask_at(0, NULL, HEADER_HANDOVER, w.now_ms + 2 * DAY_MS),
         "term 2, handed over to Participant wb, would have ended already");
    put_removal(pid_of(who));
    write_record(0, HEADER_SUSPEND);
    put_handover(2, who, &none, until_ms);
    refused(0, HEADER_HANDOVER, "Participant who is suspended: it cannot preside");
}

static void who_accepts(void **state)
{
    (void)state;
    struct control_cut early = head_of(0);
    unsigned other = hand_over(0, 2, who), handover = hand_over(0, 2, wb);
    put_accept(&nobody, 2, NULL);
    refused(wb, HEADER_ACCEPT, "no such handover of term 2 had been made by then");
    put_accept(&(struct gmm_id){{0}}, 2, NULL);
    refused(0, HEADER_ACCEPT,
            ILO " is not the elected chair of term 2: only that one accepts without a handover, in its term");
    put_accept(&w.entries[handover].id, 2, NULL);
    refused(iom, HEADER_ACCEPT, "only Participant wb, to whom term 2 is handed over, may accept it");
    told(ask_at(wb, NULL, HEADER_ACCEPT, until_ms + 1),
         "term 2, handed over to Participant wb, has ended: it cannot be accepted any more");
    told(ask_at(wb, NULL, HEADER_ACCEPT, from_ms),
         "term 2 has begun: Participant wb accepts it only with cuts, the predecessor's last control records");
    put_accept(&w.entries[handover].id, 2, &early);
    refused(wb, HEADER_ACCEPT, "the cuts leave out the handover of term 2 to Participant wb itself");

    put_amend(wb, "Participant wb", IDENTITY_OBSERVER);
    write_record(0, HEADER_AMEND);
    put_accept(&w.entries[handover].id, 2, NULL);
    refused(wb, HEADER_ACCEPT, "Participant wb is an observer: observers do not preside");
    put_amend(wb, "Participant wb", IDENTITY_MEMBER);
    write_record(0, HEADER_AMEND);

    accept(wb, handover, 2, NULL);
    static const struct gmm_id none;
    put_handover(2, iom, &none, until_ms);
    refused(0, HEADER_HANDOVER, "term 2 is accepted already, by Participant wb");
    put_removal(pid_of(wb));
    refused(0, HEADER_SUSPEND, "the chair of term 2 (Participant wb) cannot be suspended: an election replaces it");
    put_accept(&w.entries[other].id, 2, NULL);
    refused(who, HEADER_ACCEPT, "term 2 has been opened otherwise, by Participant wb");
    put_accept(&w.entries[handover].id, 2, NULL);
    refused(wb, HEADER_ACCEPT, "term 2 is accepted already, by Participant wb");
    struct control_cut cut = head_of(0), longer;
    put_amend(who, "Another name", IDENTITY_INTL_ORG);
    write_record(0, HEADER_AMEND);
    longer = head_of(0);
    w.now_ms = from_ms - 2 * DAY_MS;
    accept(wb, handover, 2, &cut);
    put_accept(&w.entries[handover].id, 2, &longer);
    refused(wb, HEADER_ACCEPT, "term 2 is accepted already, by Participant wb, and its cuts are named");
    put_removal(pid_of(iom));
    refused(0, HEADER_SUSPEND,
            "term 2 (Participant wb) has named cuts: no further record of the chair of term 1 (" ILO ") has effect");
}

/* From now on it is this office that decides for its participant: its certificate is the newest. */
static void certify_now(unsigned office)
{
    struct certificate cert;
    world_certificate(&w, office, &cert);
    cert.roles = CERTIFICATE_ROLES_ALL;
    cert.not_before_ms = w.now_ms + 1;
    world_issue(&w, w.offices[office].participant, &cert, NULL);
}

/* What a successor's cuts leave out must not be what it stands on itself: here another office admitted it. */
static void cuts_behind_an_admission(void **state)
{
    (void)state;
    struct control_cut cut = head_of(0);
    unsigned late = newcomer("fao"), desk = world_office(&w, 0, "desk");
    certify_now(desk);
    put_admit(late);
    write_record(desk, HEADER_ADMIT);
    put_ballot(1, pid_of(late), &cut);
    refused(iom, HEADER_BALLOT, "the cuts leave out the admission of Participant fao itself");
    certify_now(0);
    unsigned handover = hand_over(0, 2, late);
    cut = head_of(0);
    put_accept(&w.entries[handover].id, 2, &cut);
    refused(late, HEADER_ACCEPT, "the cuts leave out the admission of Participant fao itself");
}

static void who_elects(void **state)
{
    (void)state;
    struct control_cut cut = head_of(0);
    unsigned desk = world_certified(&w, w.offices[iom].participant, "desk", CERTIFICATE_ROLE_DECIDE);
    put_ballot(2, pid_of(iom), &cut);
    refused(iom, HEADER_BALLOT,
            "term 2 has not begun: there is no chair of it to vote against, the chair is that of term 1 (" ILO ")");
    put_ballot(1, pid_of(who), &cut);
    refused(desk, HEADER_BALLOT,
            "the office desk of Participant iom lacks the role VOTE: only one with it votes for it");
    told(ask_at(iom, NULL, HEADER_BALLOT, until_ms + 1),
         "the term for which Participant who is voted would have ended already");
    put_ballot(1, pid_of(unu), &cut);
    refused(iom, HEADER_BALLOT, "Participant unu is an observer: observers do not preside");
    put_ballot(1, &nobody, &cut);
    refused(iom, HEADER_BALLOT, "the participant named (07000000) had not been admitted by then");
    vote(iom, 1, who, &cut);
    put_ballot(1, pid_of(who), &cut);
    refused(iom, HEADER_BALLOT, "Participant iom has voted so already against the chair of term 1");
    put_ballot(1, pid_of(wb), &cut);
    refused(iom, HEADER_BALLOT,
            "Participant iom has voted otherwise against the chair of term 1: with two different ballots it counts for "
            "none");
    vote(wb, 1, who, &cut);
    vote(who, 1, who, &cut);
    w.now_ms += DAY_MS;
    put_ballot(1, pid_of(wb), &cut);
    refused(0, HEADER_BALLOT, "an election has ended term 1 already: term 2 is that of Participant who");
}

static void an_expelled_candidate(void **state)
{
    (void)state;
    expel(who);
    struct control_cut cut = head_of(0);
    put_ballot(1, pid_of(who), &cut);
    refused(iom, HEADER_BALLOT, "Participant who is expelled: the electorate of term 1 cannot elect it");
}

static enum gmm_err on_refusal(void *arg, const struct gmm_id *id, const struct gmm_msg *why)
{
    if (id_equal(id, arg))
        msg = *why;
    return GMM_OK;
}

/* It had the right when it cosigned; its participant was expelled with a cut before that. */
static void beyond_a_cut(void **state)
{
    (void)state;
    put_wrapkey();
    write_record(wb, HEADER_WRAPKEY);
    struct control_cut cut = head_of(wb);
    control_cosign_encode(fresh(), &nobody);
    struct gmm_id late = w.entries[write_record(wb, HEADER_COSIGN)].id;
    const struct control_removal r = {.pid = *pid_of(wb), .reason = "a reason", .cuts = {1, &cut}};
    control_removal_encode(fresh(), &r);
    const unsigned voters[] = {0, iom, who};
    for (size_t i = 0; i < 3 && status_of(wb) != VIEW_EXPELLED; i++)
        write_record(voters[i], HEADER_EXPEL);
    memset(&msg, 0, sizeof msg);
    assert_int_equal(fold_refusals(w.fold, on_refusal, &late), GMM_OK);
    told(GMM_EDENIED, "Participant wb was suspended or expelled: what lies beyond the cut, and is not anchored by two "
                      "others, is void");
}

static void who_leads(void **state)
{
    (void)state;
    struct gmm_id lead;
    put_lead(unu, 0);
    refused(iom, HEADER_LEAD, "Participant unu is an observer: observers do not lead");
    put_lead(wb, w.now_ms + DAY_MS);
    told(ask_at(iom, NULL, HEADER_LEAD, w.now_ms + 2 * DAY_MS),
         "the time for which Participant wb is named the lead of decent-work would have ended already");
    put_accept(&nobody, 0, NULL);
    refused(wb, HEADER_ACCEPT,
            "no record that had been made by then names Participant wb, which accepts it, the lead of a group");
    put_lead(wb, w.now_ms + DAY_MS);
    lead = w.entries[write_record(iom, HEADER_LEAD)].id;
    put_accept(&lead, 0, NULL);
    refused(who, HEADER_ACCEPT, "only Participant wb, who is named the lead of decent-work, may accept that");
    told(ask_at(wb, NULL, HEADER_ACCEPT, w.now_ms + 2 * DAY_MS),
         "the time for which Participant wb was named the lead of decent-work has ended");
    write_record(wb, HEADER_ACCEPT);
    refused(wb, HEADER_ACCEPT, "the lead of decent-work is accepted already, by Participant wb");
}

static void who_is_in_a_group(void **state)
{
    (void)state;
    struct control_group found = {.kind = GROUP_CIRCLE, .member_count = 1, .members = {*pid_of(wb)}};
    struct gmm_id gid;
    epoch_group_id(&gid, &w.nid, GROUP_CIRCLE, pid_of(iom), found.random, sizeof found.random);
    control_group_encode(fresh(), &found);
    refused_in(&gid, unu, HEADER_GROUP, "Participant unu is an observer: observers found no circle");
    refused_in(&gid, wb, HEADER_GROUP,
               "only the participant that a circle's id names may found it, and this one does not name Participant wb");
    world_append(&w, iom, &gid, HEADER_GROUP, body.p, body.len);
    refused_in(&gid, iom, HEADER_GROUP, "this circle of Participant iom exists already");

    put_members(pid_of(who));
    refused_in(&nobody, iom, HEADER_ADD, "no group 07000000 had been founded by then");
    refused_in(&decent_work, wb, HEADER_ADD,
               "only the chair of term 1 (" ILO ") or the lead (Participant iom) decides who is in decent-work");
    refused_in(&circle, wb, HEADER_ADD, "only the creator of a circle (Participant iom) decides who is in it");
    refused_in(&internal, iom, HEADER_ADD, "the group internal of Participant iom has its own offices and nobody else");
    refused_in(&all, 0, HEADER_ADD, "the group all has every active participant: nobody is added or removed");
    refused_in(&circle, iom, HEADER_REMOVE,
               "nothing changes: no admitted participant named is in the circle of "
               "Participant iom");
    put_members(pid_of(wb));
    refused_in(&circle, iom, HEADER_ADD,
               "nothing changes: all admitted participants named are in the circle of "
               "Participant iom already");
    put_members(pid_of(iom));
    refused_in(&circle, iom, HEADER_REMOVE, "the creator of a circle (Participant iom) stays in it");
    struct control_members two = {.member_count = 2, .members = {nobody, *pid_of(who)}};
    if (id_compare(&two.members[0], &two.members[1]) > 0) {
        two.members[0] = *pid_of(who);
        two.members[1] = nobody;
    }
    control_members_encode(fresh(), &two);
    refused_in(&circle, iom, HEADER_ADD, "a group has admitted participants only, and 07000000 had not been by then");

    put_cut(pid_of(wb));
    refused_in(&all, iom, HEADER_CUT,
               "the group all is no circle: cuts are published inside circles; elsewhere the removal names them");
    refused_in(&decent_work, iom, HEADER_CUT,
               "the group decent-work is no circle: cuts are published inside circles; elsewhere the removal names "
               "them");
    refused_in(&circle, wb, HEADER_CUT,
               "only the creator of a circle (Participant iom) says there where the logs of the removed end");
    refused_in(&circle, iom, HEADER_CUT, "Participant wb is neither suspended nor expelled now: a cut is of who is");
}

static void under_which_keys(void **state)
{
    (void)state;
    unsigned epoch = world_epoch(&w, iom, &internal, 1, NULL, 0, &iom, 1);
    unsigned to_wb = world_wrap(&w, iom, epoch, wb), to_nobody = world_wrap(&w, iom, epoch, newcomer("fao"));
    buffer_put(fresh(), w.entries[to_wb].body, w.entries[to_wb].len);
    refused_in(&internal, wb, HEADER_WRAP,
               "Participant wb is not a member of the group internal of Participant iom: only members write to it");
    refused_in(&internal, iom, HEADER_WRAP,
               "Participant wb is not a member of the group internal of Participant iom: epochs are wrapped to offices "
               "of members only");
    buffer_put(fresh(), w.entries[to_nobody].body, w.entries[to_nobody].len);
    refused_in(&internal, iom, HEADER_WRAP,
               "the key ######## is no office of a member of the group internal of Participant iom: epochs are wrapped "
               "to those only");
}

static void put_vouch(const struct gmm_id *gid)
{
    struct control_cut cut = head_of(wb);
    cut.log.group = *gid;
    const struct control_vouch vouch = {.sign_pk = w.offices[wb].sign_pk, .cuts = {1, &cut}};
    control_vouch_encode(fresh(), &vouch);
}

static void put_key_cut(void)
{
    struct control_cut cut = head_of(wb);
    cut.log.group = circle;
    const struct control_circle_cut r = {.kind = CONTROL_CUT_KEY, .subject = w.offices[wb].sign_pk, .cuts = {1, &cut}};
    control_circle_cut_encode(fresh(), &r);
}

static void who_vouches(void **state)
{
    (void)state;
    unsigned desk = world_certified(&w, w.offices[iom].participant, "desk", 0);
    unsigned sister = world_certified(&w, w.offices[wb].participant, "annex", CERTIFICATE_ROLE_DECIDE);
    struct revocation_cut named = {.group = all, .instance = w.instance, .seq = 2};
    world_revoke(&w, wb, UINT_MAX, &named, 1);
    put_vouch(&decent_work);
    refused(desk, HEADER_VOUCH, "only the office that decides for Participant iom may vouch");
    refused(sister, HEADER_VOUCH, "of a key of Participant wb its own root vouches, not its office");
    refused(newcomer("fao"), HEADER_VOUCH,
            "only an active participant may vouch, and a participant not admitted yet is none");
    put_vouch(&all);
    refused(iom, HEADER_VOUCH,
            "the revocation of the key ######## names the log: it stands up to there whoever vouches");
    put_key_cut();
    refused_in(&circle, who, HEADER_CUT,
               "only members of the circle of Participant iom say there where the logs of a revoked key end, and "
               "Participant who is none");
    refused_in(&circle, sister, HEADER_CUT,
               "only another office of Participant wb with the role REVOKE says where the logs of its own key end");
    struct control_cut cut = head_of(wb);
    cut.log.group = all;
    const struct control_circle_cut elsewhere = {
        .kind = CONTROL_CUT_KEY, .subject = w.offices[wb].sign_pk, .cuts = {1, &cut}};
    control_circle_cut_encode(fresh(), &elsewhere);
    refused_in(&all, iom, HEADER_CUT,
               "this is the log of no circle: cuts are published inside circles; elsewhere the revocation names them");
}

/* ---- none is left out */

static void none_is_left_out(void **state)
{
    static const char *const refusals[] = {"GMM_EDENIED,", "GMM_EEXISTS,"};
    (void)state;
    refusals_none_left_out(FILES, sizeof FILES / sizeof *FILES, refusals, 2);
}

/* Each names a participant, or says itself why it cannot: the key or the id that is nobody's, the rule that is about
 * none. */
static void each_names_whom_it_is_about(void **state)
{
    (void)state;
    static const char *const names[] = {ILO, "Participant ", "wb is admitted", "########",
                                        "a participant not admitted yet"};
    static const char *const of_none[] = {"the group all has every", "a removal names control logs",
                                          "the roster is full",      "is no circle",
                                          "the log of no circle",    "no such handover of term"};
    for (size_t i = 0; i < refusals_count; i++) {
        bool named = false;
        for (size_t n = 0; n < sizeof names / sizeof *names; n++)
            named = named || strstr(refusals_heard[i], names[n]) != NULL;
        for (size_t n = 0; n < sizeof of_none / sizeof *of_none; n++)
            named = named || strstr(refusals_heard[i], of_none[n]) != NULL;
        for (const char *at = refusals_heard[i]; !named && *at != '\0'; at++)
            named = strspn(at, "0123456789abcdef") >= 8;
        if (!named)
            fail_msg("about whom? %s", refusals_heard[i]);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_speaks),
        TEST(who_decides),
        TEST(nobody_decides),
        TEST(who_takes_part),
        TEST(the_roster_is_full),
        TEST(what_needs_two_thirds),
        TEST(a_later_electorate),
        TEST(who_is_to_preside),
        TEST(who_accepts),
        TEST(cuts_behind_an_admission),
        TEST(who_elects),
        TEST(an_expelled_candidate),
        TEST(beyond_a_cut),
        TEST(who_leads),
        TEST(who_is_in_a_group),
        TEST(under_which_keys),
        TEST(who_vouches),
        cmocka_unit_test(each_names_whom_it_is_about),
        cmocka_unit_test(none_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
