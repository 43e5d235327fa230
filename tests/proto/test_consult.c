#include "proto/consult.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

#define HOUR (3600u * 1000u)
#define T(hours) (UINT64_C(1394000000000) + (uint64_t)(hours)*HOUR)

enum { ILO = 1, IOM, WHO, GOV, OBS, CHAIR, STRANGER };

static struct gmm_id named(unsigned kind, unsigned n)
{
    struct gmm_id id = {{(uint8_t)kind, (uint8_t)(n >> 8), (uint8_t)n, 7}};
    return id;
}

static struct gmm_id pid(unsigned n)
{
    return named(1, n);
}

static struct gmm_id entry(unsigned n)
{
    return named(2, n);
}

/* A consultation as it is told: facts are numbered as they come, and the number names the entry. */
static struct consult_fact facts[600];
static size_t count;
static struct consult_holding holdings[8]; /* by anchors */
static size_t holding_count;
static struct gmm_id invited_ids[4];
static struct gmm_id superseded[600];
static struct consult_party parties[] = {
    {{{1, 0, ILO, 7}}, false, 0, UINT64_MAX}, {{{1, 0, IOM, 7}}, false, 0, UINT64_MAX},
    {{{1, 0, WHO, 7}}, false, 0, UINT64_MAX}, {{{1, 0, GOV, 7}}, false, 0, UINT64_MAX},
    {{{1, 0, OBS, 7}}, true, 0, UINT64_MAX},  {{{1, 0, CHAIR, 7}}, false, 0, UINT64_MAX},
};

static struct consult_fact *add(enum consult_fact_kind kind, unsigned author, uint64_t ms)
{
    struct consult_fact *fact = &facts[count++];
    *fact = (struct consult_fact){
        .kind = kind, .id = entry((unsigned)count), .author = pid(author), .time = ms << 16, .document = entry(1)};
    fact->officer = author == CHAIR;
    return fact;
}

static struct consult_fact *document(unsigned author, uint64_t ms, uint32_t version, const char *lang, unsigned of)
{
    struct consult_fact *fact = add(CONSULT_VERSION, author, ms);
    fact->document = fact->id;
    fact->as.version.version = version;
    fact->as.version.lang = (struct record_text){lang, strlen(lang)};
    if (of != 0)
        fact->as.version.translates = entry(of);
    return fact;
}

static struct consult_fact *act(enum record_consult_action action, unsigned author, uint64_t ms, uint64_t deadline)
{
    struct consult_fact *fact = add(CONSULT_ACTION, author, ms);
    fact->as.action.action = action;
    fact->as.action.deadline_ms = deadline;
    if (action == RECORD_CONSULT_OPEN)
        fact->as.action.invited = (struct record_ids){.count = 4, .ids = invited_ids};
    else
        fact->as.action.key = entry(2);
    return fact;
}

static struct consult_fact *note(unsigned author, uint64_t ms, uint32_t para, unsigned position)
{
    struct consult_fact *fact = add(CONSULT_NOTE, author, ms);
    fact->as.note.para = para;
    fact->as.note.position = position;
    fact->as.note.alone = true;
    return fact;
}

static struct consult_fact *release(unsigned author, uint64_t ms, unsigned position, unsigned supersedes)
{
    struct consult_fact *fact = add(CONSULT_RELEASE, author, ms);
    fact->as.release.position = position;
    if (supersedes != 0) {
        superseded[count] = entry(supersedes);
        fact->as.release.supersedes = (struct record_ids){.count = 1, .ids = &superseded[count]};
    }
    return fact;
}

static void stored(unsigned author, uint64_t ms)
{
    (void)add(CONSULT_RECEIPT, author, ms);
}

static void begin(void)
{
    count = holding_count = 0;
    invited_ids[0] = pid(IOM);
    invited_ids[1] = pid(WHO);
    invited_ids[2] = pid(GOV);
    invited_ids[3] = pid(OBS);
    document(ILO, T(0), 1, "fr", 0);
    act(RECORD_CONSULT_OPEN, ILO, T(1), T(100));
}

static void held(unsigned participant, unsigned document, uint64_t ms)
{
    holdings[holding_count++] = (struct consult_holding){entry(document), pid(participant), ms};
}

static struct consult_facts told(void)
{
    return (struct consult_facts){facts, count, parties, sizeof parties / sizeof parties[0], holdings, holding_count};
}

static struct consults outcome(uint64_t now)
{
    struct consults out;
    struct consult_facts all = told();
    assert_int_equal(consult_outcome(&out, &all, now), GMM_OK);
    return out;
}

static enum consult_state state(uint64_t now)
{
    struct consults out = outcome(now);
    enum consult_state said = out.count == 0 ? 0 : out.list[out.count - 1].state;
    consult_close(&out);
    return said;
}

static enum consult_reason refused(unsigned n)
{
    struct consults out = outcome(T(5000));
    struct gmm_id id = entry(n);
    enum consult_reason reason = 0;
    for (size_t i = 0; i < out.ignored_count; i++)
        if (id_equal(&out.ignored[i].id, &id))
            reason = out.ignored[i].reason;
    consult_close(&out);
    return reason;
}

static struct consult_invited of(unsigned participant, uint64_t now)
{
    struct consults out = outcome(now);
    struct gmm_id wanted = pid(participant);
    struct consult_invited found = {0};
    const struct consult *c = &out.list[out.count - 1];
    for (size_t i = 0; i < c->invited_count; i++)
        if (id_equal(&c->invited[i].pid, &wanted))
            found = c->invited[i];
    consult_close(&out);
    return found;
}

static void test_who_may_open(void **s)
{
    (void)s;
    begin();
    assert_int_equal(state(T(2)), CONSULT_OPEN);
    act(RECORD_CONSULT_OPEN, ILO, T(2), T(50)); /* a second one while the first is open */
    assert_int_equal(refused(3), CONSULT_DUPLICATE);
    facts[1].author = pid(IOM);
    assert_int_equal(refused(2), CONSULT_UNAUTHORISED);
    facts[1].author = pid(CHAIR);
    facts[1].officer = true;
    assert_int_equal(refused(2), 0);
    facts[1].as.action.deadline_ms = T(1);
    assert_int_equal(refused(2), CONSULT_PAST);
    facts[1].document = entry(77);
    assert_int_equal(refused(2), CONSULT_UNKNOWN);
}

static void test_positions(void **s)
{
    (void)s;
    begin();
    note(IOM, T(3), 7, RECORD_OBJECTION);
    note(IOM, T(4), 0, RECORD_SUPPORT);
    assert_int_equal(of(IOM, T(5)).position, RECORD_OBJECTION);
    note(IOM, T(5), 7, RECORD_AMENDMENT); /* takes the place of the objection to this paragraph */
    assert_int_equal(of(IOM, T(6)).position, RECORD_AMENDMENT);
    note(WHO, T(101), 0, RECORD_OBJECTION);
    assert_int_equal(of(WHO, T(102)).position, 0);
    assert_int_equal(refused(6), CONSULT_LATE);
    note(STRANGER, T(6), 0, RECORD_OBJECTION);
    assert_int_equal(refused(7), CONSULT_NOT_INVITED);
    note(GOV, T(7), 0, RECORD_OBJECTION)->as.note.alone = false;
    assert_int_equal(refused(8), CONSULT_NOT_RELEASED);
    assert_int_equal(of(GOV, T(8)).position, 0);
    note(GOV, T(8), 0, RECORD_OBJECTION)->as.note.reply = true;
    assert_int_equal(refused(9), 0);
    assert_int_equal(of(GOV, T(9)).position, 0);
    assert_false(of(OBS, T(9)).counts);
}

static void test_releases(void **s)
{
    (void)s;
    begin();
    release(IOM, T(3), RECORD_SUPPORT, 0)->as.release.cleared = true;
    struct consult_invited iom = of(IOM, T(4));
    assert_true(iom.released && iom.cleared && !iom.conflict);
    assert_int_equal(iom.position, RECORD_SUPPORT);
    release(IOM, T(4), RECORD_OBJECTION, 0); /* by another office, which did not know the first */
    iom = of(IOM, T(5));
    assert_true(iom.conflict);
    assert_int_equal(iom.position, RECORD_OBJECTION);
    release(IOM, T(5), RECORD_COMMENT, 4);
    assert_true(of(IOM, T(6)).conflict);
    assert_int_equal(of(IOM, T(6)).position, RECORD_COMMENT);
    struct consult_fact *both = release(IOM, T(6), RECORD_NO_OBJECTION, 3);
    static struct gmm_id two[2];
    two[0] = entry(3);
    two[1] = entry(5);
    both->as.release.supersedes = (struct record_ids){.count = 2, .ids = two};
    iom = of(IOM, T(7));
    assert_false(iom.conflict);
    assert_int_equal(iom.position, RECORD_NO_OBJECTION);
    release(WHO, T(7), RECORD_SUPPORT, 6); /* nobody supersedes what another said */
    assert_int_equal(of(IOM, T(8)).position, RECORD_NO_OBJECTION);
    struct consult_fact *withdrawn = add(CONSULT_DISPOSITION, IOM, T(8));
    withdrawn->as.disposition.note = entry(6);
    withdrawn->as.disposition.as = RECORD_WITHDRAWN;
    assert_int_equal(of(IOM, T(9)).position, 0);
}

static void test_silence(void **s)
{
    (void)s;
    begin();
    stored(IOM, T(2));
    stored(OBS, T(2));
    act(RECORD_CONSULT_SILENCE, ILO, T(10), T(20));
    assert_int_equal(refused(5), CONSULT_TOO_SHORT);
    facts[4].as.action.has_reason = true;
    assert_int_equal(state(T(19)), CONSULT_SILENCE);
    assert_int_equal(state(T(20)), CONSULT_ADOPTED);
    facts[4].as.action.deadline_ms = T(82);
    facts[4].as.action.has_reason = false;
    assert_int_equal(refused(5), 0);
    assert_int_equal(of(WHO, T(90)).stored_ms, 0);
    act(RECORD_CONSULT_SILENCE, ILO, T(11), T(100));
    assert_int_equal(refused(6), CONSULT_DUPLICATE);
    facts[2].author = pid(STRANGER); /* only the observer has it: nobody is bound */
    assert_int_equal(state(T(82)), CONSULT_LAPSED);
}

/* What a participant's anchors say counts as its receipt does; of another version, or too late, it does not. */
static void test_held(void **s)
{
    (void)s;
    begin();
    act(RECORD_CONSULT_SILENCE, ILO, T(10), T(82));
    document(ILO, T(11), 1, "en", 1);
    document(ILO, T(12), 2, "fr", 0);
    assert_int_equal(state(T(90)), CONSULT_LAPSED);
    held(OBS, 1, T(20));
    held(IOM, 5, T(20));
    held(IOM, 77, T(20));
    held(WHO, 1, T(83));
    assert_int_equal(state(T(90)), CONSULT_LAPSED);
    assert_true(of(WHO, T(90)).stored_ms == T(83) && of(IOM, T(90)).stored_ms == 0);
    held(GOV, 4, T(30)); /* a translation will do */
    assert_int_equal(state(T(90)), CONSULT_ADOPTED);
    held(GOV, 1, T(25));
    stored(GOV, T(28));
    assert_true(of(GOV, T(90)).stored_ms == T(25));
    stored(GOV, T(13));
    assert_true(of(GOV, T(90)).stored_ms == T(13));
}

static void test_objections(void **s)
{
    (void)s;
    begin();
    stored(IOM, T(2));
    act(RECORD_CONSULT_SILENCE, ILO, T(10), T(82));
    struct consult_fact *objection = note(WHO, T(81), 0, RECORD_OBJECTION);
    assert_int_equal(state(T(81)), CONSULT_BROKEN);
    assert_int_equal(state(T(82)), CONSULT_SUSPENDED); /* in time, says its author alone */
    objection->witnessed_ms = T(82);
    assert_int_equal(state(T(82)), CONSULT_BROKEN);
    objection->witnessed_ms = T(83);
    assert_int_equal(state(T(90)), CONSULT_SUSPENDED);
    struct consults out = outcome(T(90));
    assert_int_equal(out.list[0].objection_count, 1);
    assert_true(out.list[0].objections[0].asserted);
    consult_close(&out);
    objection->time = T(83) << 16;
    assert_int_equal(state(T(90)), CONSULT_ADOPTED);
    objection->time = T(9) << 16; /* before silence was asked for: another text, or answered since */
    assert_int_equal(state(T(90)), CONSULT_ADOPTED);
    objection->time = T(50) << 16;
    objection->author = pid(OBS);
    assert_int_equal(state(T(90)), CONSULT_ADOPTED);
    objection->author = pid(WHO);
    parties[2].until_ms = T(60); /* suspended after it had objected, or before */
    assert_int_equal(state(T(59)), CONSULT_BROKEN);
    assert_int_equal(state(T(90)), CONSULT_SUSPENDED);
    assert_false(of(WHO, T(90)).counts);
    parties[2].until_ms = T(40);
    assert_int_equal(state(T(90)), CONSULT_ADOPTED);
    parties[2].until_ms = UINT64_MAX;
    struct consult_fact *withdrawn = add(CONSULT_DISPOSITION, WHO, T(60));
    withdrawn->as.disposition.note = objection->id;
    withdrawn->as.disposition.as = RECORD_WITHDRAWN;
    assert_int_equal(state(T(90)), CONSULT_ADOPTED);
    withdrawn->time = T(85) << 16; /* too late: it is broken */
    assert_int_equal(state(T(90)), CONSULT_SUSPENDED);
    withdrawn->time = T(60) << 16;
    withdrawn->author = pid(ILO); /* the coordinator does not withdraw what others said */
    assert_int_equal(state(T(90)), CONSULT_SUSPENDED);
    assert_int_equal(refused(6), CONSULT_UNAUTHORISED);
}

static void test_close_and_reopen(void **s)
{
    (void)s;
    begin();
    stored(IOM, T(2));
    act(RECORD_CONSULT_SILENCE, ILO, T(10), T(82));
    struct consult_fact *close = act(RECORD_CONSULT_CLOSE, ILO, T(50), 0);
    close->as.action.outcome = RECORD_OUTCOME_ADOPTED;
    assert_int_equal(refused(5), CONSULT_CONTRADICTORY);
    close->time = T(84) << 16;
    assert_int_equal(state(T(90)), CONSULT_CLOSED);
    act(RECORD_CONSULT_EXTEND, ILO, T(85), T(200));
    assert_int_equal(refused(6), CONSULT_CONTRADICTORY);
    act(RECORD_CONSULT_CLOSE, ILO, T(86), 0)->as.action.outcome = RECORD_OUTCOME_COMMENTS;
    assert_int_equal(refused(7), CONSULT_DUPLICATE);
    note(WHO, T(81), 0, RECORD_OBJECTION); /* signed in time, it comes now: what was adopted is suspended */
    assert_int_equal(state(T(90)), CONSULT_SUSPENDED);
    act(RECORD_CONSULT_REOPEN, IOM, T(91), T(200));
    assert_int_equal(refused(9), CONSULT_UNAUTHORISED);
    act(RECORD_CONSULT_REOPEN, CHAIR, T(92), T(200));
    assert_int_equal(state(T(93)), CONSULT_OPEN);
    assert_int_equal(of(WHO, T(93)).position, RECORD_OBJECTION); /* the same round: what was said in it stands */
    act(RECORD_CONSULT_REOPEN, ILO, T(94), T(200));
    assert_int_equal(refused(11), CONSULT_DUPLICATE);
    act(RECORD_CONSULT_CLOSE, ILO, T(95), 0)->as.action.outcome = RECORD_OUTCOME_COMMENTS;
    act(RECORD_CONSULT_OPEN, ILO, T(96), T(200));
    struct consults out = outcome(T(97));
    assert_int_equal(out.count, 2);
    consult_close(&out);
    act(RECORD_CONSULT_EXTEND, ILO, T(98), T(300)); /* the first one is over */
    assert_int_equal(refused(14), CONSULT_CONTRADICTORY);
}

static void test_languages_and_rounds(void **s)
{
    (void)s;
    static const struct record_text langs[2] = {{"en", 2}, {"fr", 2}};
    begin();
    facts[1].as.action.langs = langs;
    facts[1].as.action.lang_count = 2;
    assert_int_equal(state(T(2)), CONSULT_WAITING);
    document(ILO, T(11), 1, "EN", 1);
    struct consults out = outcome(T(12));
    assert_int_equal(out.list[0].state, CONSULT_OPEN);
    assert_true(out.list[0].deadline_ms == T(110)); /* the clock started 10 hours after the record */
    consult_close(&out);
    note(IOM, T(12), 0, RECORD_OBJECTION);
    document(ILO, T(120), 2, "fr", 0);
    struct consult_fact *round = act(RECORD_CONSULT_ROUND, ILO, T(121), T(200));
    round->document = entry(5);
    round->as.action.round = 3;
    assert_int_equal(refused(6), CONSULT_CONTRADICTORY);
    round->as.action.round = 2;
    assert_int_equal(state(T(122)), CONSULT_WAITING);
    document(ILO, T(121), 2, "en", 5);
    assert_int_equal(state(T(122)), CONSULT_OPEN);
    assert_int_equal(of(IOM, T(122)).position, 0); /* a new round, a new text */
    act(RECORD_CONSULT_EXTEND, ILO, T(130), T(150));
    assert_int_equal(refused(8), CONSULT_CONTRADICTORY);
    facts[7].as.action.deadline_ms = T(250);
    out = outcome(T(300));
    assert_int_equal(out.list[0].round, 2);
    assert_int_equal(out.list[0].version, 2);
    assert_true(out.list[0].deadline_ms == T(250));
    consult_close(&out);
    facts[7].as.action.deadline_ms = T(130);
    assert_int_equal(refused(8), CONSULT_PAST);
    facts[7].as.action.key = entry(99);
    assert_int_equal(refused(8), CONSULT_UNKNOWN);
}

static void test_dispositions(void **s)
{
    (void)s;
    begin();
    note(IOM, T(3), 1, RECORD_AMENDMENT);
    static const struct {
        unsigned author, as;
    } said[] = {{ILO, RECORD_NOTED}, {ILO, RECORD_ACCEPTED}, {WHO, RECORD_NOT_ACCEPTED}, {ILO, RECORD_WITHDRAWN}};
    for (unsigned i = 0; i < 4; i++) {
        struct consult_fact *fact = add(CONSULT_DISPOSITION, said[i].author, T(4 + i));
        fact->as.disposition.note = entry(3);
        fact->as.disposition.as = said[i].as;
    }
    add(CONSULT_DISPOSITION, ILO, T(9))->as.disposition.note = entry(88);
    struct consults out = outcome(T(10));
    assert_int_equal(out.disposition_count, 1);
    struct gmm_id noted = entry(3);
    assert_int_equal(consult_disposition(&out, &noted)->as, RECORD_ACCEPTED);
    noted = entry(4);
    assert_null(consult_disposition(&out, &noted));
    consult_close(&out);
    assert_int_equal(refused(6), CONSULT_UNAUTHORISED);
    assert_int_equal(refused(7), CONSULT_UNAUTHORISED);
    assert_int_equal(refused(8), CONSULT_UNKNOWN);
}

/* ---- the same set, the same outcome */

static uint64_t seed;

static unsigned random_below(unsigned n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* Of what the act is, whom it is about, when: now and then of something that nobody holds, or of another consultation.
 */
static void twist(struct consult_fact *fact)
{
    static const struct record_text required[] = {{"en", 2}, {"es", 2}};
    if (random_below(6) == 0)
        fact->document = entry(1 + random_below(5));
    if (random_below(12) == 0)
        fact->document = entry(590); /* not held */
    if (fact->kind != CONSULT_ACTION)
        return;
    if (random_below(8) == 0)
        fact->as.action.key = entry(1 + random_below((unsigned)count));
    if (random_below(3) == 0) {
        fact->as.action.langs = required;
        fact->as.action.lang_count = 1 + random_below(2);
    }
}

/* Everything that can be said, most of it wrong: late, twice, by strangers, against what stands; many in one
 * millisecond, where the counter of the header's time orders, or else the id. */
static void tell_anything(unsigned n)
{
    begin();
    for (unsigned i = random_below(4); i > 0; i--)
        held(1 + random_below(STRANGER), 1 + random_below(4), T(random_below(200)));
    document(ILO, T(random_below(50)), 1, "en", 1);
    document(IOM, T(random_below(50)), 2, "fr", 0);
    for (unsigned i = 0; i < n; i++) {
        unsigned author = 1 + random_below(STRANGER);
        uint64_t at = T(random_below(300));
        unsigned what = random_below(6), named_fact = 1 + random_below((unsigned)count);
        if (what == 0) {
            struct consult_fact *fact =
                act((enum record_consult_action)(1 + random_below(6)), random_below(2) ? ILO : author, at,
                    at + HOUR * (uint64_t)random_below(150));
            twist(fact);
            fact->as.action.round = 2 + random_below(2);
            fact->as.action.has_reason = random_below(2) != 0;
            fact->as.action.outcome = (enum record_consult_outcome)(1 + random_below(3));
        } else if (what == 1) {
            struct consult_fact *fact = note(author, at, random_below(3), random_below(9));
            fact->witnessed_ms = random_below(2) ? at : 0;
            fact->as.note.alone = random_below(4) != 0;
            fact->as.note.reply = random_below(5) == 0;
            twist(fact);
        } else if (what == 2) {
            struct consult_fact *fact = release(author, at, 1 + random_below(8), named_fact);
            fact->as.release.para = random_below(3);
            fact->as.release.cleared = random_below(2) != 0;
        } else if (what == 3) {
            struct consult_fact *fact = add(CONSULT_DISPOSITION, author, at);
            fact->as.disposition.note = entry(random_below(10) == 0 ? 590 : named_fact);
            fact->as.disposition.as = RECORD_ACCEPTED + random_below(6);
        } else if (what == 4) {
            stored(author, at);
        } else {
            facts[count] = facts[random_below((unsigned)count)]; /* the same entry again */
            count++;
            continue;
        }
        facts[count - 1].time |= random_below(3);
    }
}

static void shuffle(void)
{
    for (size_t i = count; i > 1; i--) {
        size_t k = random_below((unsigned)i);
        struct consult_fact other = facts[k];
        facts[k] = facts[i - 1];
        facts[i - 1] = other;
    }
    for (size_t i = holding_count; i > 1; i--) {
        size_t k = random_below((unsigned)i);
        struct consult_holding other = holdings[k];
        holdings[k] = holdings[i - 1];
        holdings[i - 1] = other;
    }
}

static void assert_same(const struct consults *a, const struct consults *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->ignored_count, b->ignored_count);
    assert_int_equal(a->disposition_count, b->disposition_count);
    for (size_t i = 0; i < a->ignored_count; i++) {
        assert_true(id_equal(&a->ignored[i].id, &b->ignored[i].id));
        assert_int_equal(a->ignored[i].reason, b->ignored[i].reason);
    }
    for (size_t i = 0; i < a->disposition_count; i++)
        assert_true(id_equal(&a->dispositions[i].id, &b->dispositions[i].id) &&
                    id_equal(&a->dispositions[i].note, &b->dispositions[i].note) &&
                    a->dispositions[i].as == b->dispositions[i].as);
    for (size_t i = 0; i < a->count; i++) {
        const struct consult *x = &a->list[i], *y = &b->list[i];
        assert_true(id_equal(&x->id, &y->id) && id_equal(&x->document, &y->document) && id_equal(&x->close, &y->close));
        assert_true(x->state == y->state && x->round == y->round && x->deadline_ms == y->deadline_ms &&
                    x->silence_ms == y->silence_ms && x->outcome == y->outcome && x->version == y->version &&
                    x->lang_count == y->lang_count && x->opened_ms == y->opened_ms && x->closed_ms == y->closed_ms &&
                    id_equal(&x->coordinator, &y->coordinator));
        assert_int_equal(x->invited_count, y->invited_count);
        assert_int_equal(x->objection_count, y->objection_count);
        for (size_t k = 0; k < x->invited_count; k++) {
            const struct consult_invited *p = &x->invited[k], *q = &y->invited[k];
            assert_true(id_equal(&p->pid, &q->pid) && p->stored_ms == q->stored_ms && p->position == q->position &&
                        p->released == q->released && p->conflict == q->conflict && p->counts == q->counts &&
                        p->cleared == q->cleared);
        }
        for (size_t k = 0; k < x->objection_count; k++)
            assert_true(id_equal(&x->objections[k].id, &y->objections[k].id) &&
                        x->objections[k].asserted == y->objections[k].asserted);
    }
}

static bool is_ignored(const struct consults *out, const struct gmm_id *id)
{
    for (size_t i = 0; i < out->ignored_count; i++)
        if (id_equal(&out->ignored[i].id, id))
            return true;
    return false;
}

/* Of a note's dispositions that count the last in canonical order stands, and none without one. */
static void assert_last_stands(const struct consults *out)
{
    for (size_t i = 0; i < count; i++) {
        const struct consult_fact *fact = &facts[i];
        if (fact->kind != CONSULT_DISPOSITION || is_ignored(out, &fact->id))
            continue;
        const struct consult_disposition *stands = consult_disposition(out, &fact->as.disposition.note);
        assert_non_null(stands);
        assert_true(fact->time < stands->time ||
                    (fact->time == stands->time && id_compare(&fact->id, &stands->id) <= 0));
    }
}

static void test_any_order(void **s)
{
    (void)s;
    unsigned states[CONSULT_CLOSED + 1] = {0}, reasons[CONSULT_NOT_RELEASED + 1] = {0};
    for (unsigned round = 0; round < 400; round++) {
        seed = round + 1;
        tell_anything(5 + random_below(80));
        struct consults first = outcome(T(280));
        for (size_t i = 0; i < first.count; i++)
            states[first.list[i].state]++;
        for (size_t i = 0; i < first.ignored_count; i++)
            reasons[first.ignored[i].reason]++;
        assert_last_stands(&first);
        for (unsigned k = 0; k < 4; k++) {
            shuffle();
            struct consults again = outcome(T(280));
            assert_same(&first, &again);
            consult_close(&again);
        }
        consult_close(&first);
    }
    /* the stories reach what they are to tell of: every state, and every reason why something has no effect */
    for (int i = CONSULT_OPEN; i <= CONSULT_CLOSED; i++)
        assert_true(states[i] > 0);
    for (int i = CONSULT_UNAUTHORISED; i <= CONSULT_NOT_RELEASED; i++)
        assert_true(reasons[i] > 0);
}

static void test_memory_ends(void **s)
{
    (void)s;
    begin();
    stored(IOM, T(2));
    act(RECORD_CONSULT_SILENCE, ILO, T(10), T(82));
    note(WHO, T(81), 0, RECORD_OBJECTION);
    struct consult_facts all = told();
    for (long at = 0;; at++) {
        struct consults out;
        failmalloc_at(at);
        enum gmm_err err = consult_outcome(&out, &all, T(90));
        bool failed = failmalloc_off();
        assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
        consult_close(&out);
        if (!failed)
            break;
    }
}

static void test_words(void **s)
{
    (void)s;
    for (int i = CONSULT_OPEN; i <= CONSULT_CLOSED; i++)
        assert_true(consult_state_text((enum consult_state)i)[0] != '\0');
    for (int i = CONSULT_UNAUTHORISED; i <= CONSULT_NOT_RELEASED; i++)
        assert_true(consult_reason_text((enum consult_reason)i)[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_may_open),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_releases),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_objections),
        cmocka_unit_test(test_close_and_reopen),
        cmocka_unit_test(test_languages_and_rounds),
        cmocka_unit_test(test_dispositions),
        cmocka_unit_test(test_any_order),
        cmocka_unit_test(test_memory_ends),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
