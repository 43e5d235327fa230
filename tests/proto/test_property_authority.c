/* Random histories of who may do what, with conflicts, double votes, forks, back-dating and expiry: in whatever order
 * the records come, every node has the same roster, chair, groups, void entries and epochs.
 *
 * The fold takes entries that the gate has admitted, so nothing here is signed but what bodies themselves carry. A
 * history is drawn from its number alone; GMM_HISTORIES says how many (10,000, fewer under a sanitizer),
 * GMM_HISTORY draws one.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/control_chair.h"
#include "proto/control_roster.h"
#include "proto/forks.h"
#include "tests/lib/world.h"

#define DAY_MS UINT64_C(86400000)
#define OFFICES 8u
#define NEWCOMERS 3u
#define RECORDS_MAX 64u
#ifdef __SANITIZE_ADDRESS__ /* costs ten times the time, and sees in few what it would see in many */
#define HISTORIES 1000u
#else
#define HISTORIES 10000u
#endif

struct record {
    uint8_t header[HEADER_BYTES];
    struct gmm_id id;
    struct run_key log;
    uint64_t seq;
    uint16_t type;
    uint8_t body[1024];
    uint32_t len;
};
struct base { /* a network of eight offices; what histories add is dropped again */
    struct world w;
    struct fold *other;
    unsigned offices[OFFICES], newcomers[NEWCOMERS]; /* the last two: an observer, and one whose certificate runs out */
    unsigned lost, annex;                            /* of the second's participant: revoked; with REVOKE */
    struct gmm_id gids[5];                           /* zero, all, decent-work, a circle, one that `lost` founded */
    uint8_t epoch[1024];
    uint32_t epoch_len;
};
struct history {
    const struct base *base;
    uint64_t seed, now_ms;
    unsigned chair; /* a guess */
    uint32_t term;
    struct record records[RECORDS_MAX];
    unsigned count;
    struct forks *forks;
};
static struct {
    unsigned handovers, elections, spoiled, expelled, suspended, leads, proposals, forked, kept, cuts, doubted, founded;
} seen;
static struct history h;

static uint64_t draw(uint64_t below)
{
    uint64_t z = (h.seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static const struct gmm_id *pid_of(unsigned office)
{
    return &h.base->w.participants[h.base->w.offices[office].participant].pid;
}

static unsigned any_office(void)
{
    return h.base->offices[draw(OFFICES)];
}

static uint64_t next_seq(const struct run_key *log, struct gmm_id *last)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < h.base->w.entry_count; i++)
        if (run_key_compare(&h.base->w.entries[i].log, log) == 0) {
            next = h.base->w.entries[i].seq + 1;
            *last = h.base->w.entries[i].id;
        }
    for (unsigned i = 0; i < h.count; i++)
        if (run_key_compare(&h.records[i].log, log) == 0 && h.records[i].seq >= next) {
            next = h.records[i].seq + 1;
            *last = h.records[i].id;
        }
    return next;
}

static const struct record *put_at(const struct run_key *log, uint64_t seq, uint16_t type, const struct buffer *body,
                                   uint64_t ms)
{
    struct record *r = &h.records[h.count];
    struct header header = {.version = HEADER_VERSION, .suite = HEADER_SUITE, .type = type, .network = h.base->w.nid};
    if (h.count == RECORDS_MAX)
        return NULL;
    assert_true(body->failed == GMM_OK && body->len <= sizeof r->body);
    header.group = log->group;
    header.author = log->author;
    header.instance = log->instance;
    header.seq = seq;
    header.time = ms << 16 | draw(4);
    header.body_len = (uint32_t)body->len;
    header_body_hash(&header.body_hash, body->p, body->len);
    memset(header.prev.b, (int)h.count + 1, sizeof header.prev.b);
    *r = (struct record){.log = *log, .seq = seq, .type = type, .len = header.body_len};
    header_encode(r->header, &header);
    header_id(&r->id, r->header);
    memcpy(r->body, body->p, body->len);
    h.count++;
    return r;
}

/* The two entries at the end of a log, as a proof would name them. */
static void fork_at(const struct record *a, const struct record *b)
{
    struct fork_proof *proof = calloc(1, sizeof *proof + 2 * sizeof(struct gmm_id));
    assert_non_null(proof);
    struct gmm_id *ids = (struct gmm_id *)(proof + 1);
    bool swap = id_compare(&a->id, &b->id) > 0;
    ids[0] = swap ? b->id : a->id;
    ids[1] = swap ? a->id : b->id;
    proof->hash = ids[0];
    proof->key = a->log;
    proof->first_seq = a->seq;
    proof->prev = ids[1];
    for (unsigned i = 0; i < 2; i++)
        proof->branches[i] = (struct fork_branch){1, &ids[i]};
    if (forks_add(h.forks, proof, NULL) != GMM_OK)
        free(proof);
    else
        seen.forked++;
}

static void anchor(const struct record *of, unsigned office);

/* The next record of an office; now and then back-dated, in another instance, or forked. */
static const struct record *put(unsigned office, unsigned group, uint16_t type, struct buffer *body)
{
    struct run_key log;
    struct gmm_id last;
    world_log_of(&h.base->w, office, group == 0 ? NULL : &h.base->gids[group], &log);
    log.instance += draw(8) == 0;
    uint64_t seq = next_seq(&log, &last), ms = h.now_ms;
    h.now_ms += draw(100) < 80 ? draw(DAY_MS) : draw(60 * DAY_MS);
    if (draw(8) == 0)
        ms -= draw(40 * DAY_MS);
    const struct record *r = put_at(&log, seq, type, body, ms);
    if (r != NULL && draw(40) == 0) {
        const struct record *twin = put_at(&log, seq, type, body, ms + draw(1000));
        if (twin != NULL) {
            fork_at(r, twin);
            for (unsigned i = (unsigned)draw(OFFICES); i < OFFICES; i++)
                anchor(draw(10) == 0 ? r : twin, h.base->offices[i]);
        }
    }
    buffer_close(body);
    return r;
}

static struct buffer fresh(void)
{
    struct buffer body;
    buffer_init(&body, 1024);
    return body;
}

static void anchor(const struct record *of, unsigned office)
{
    struct control_anchor_head head = {of->log.author, of->id, of->log.instance, of->seq};
    struct control_anchor_source a = {.heads = &head, .count = 1};
    struct buffer body = fresh();
    struct run_key log;
    struct gmm_id last;
    bool control = id_is_zero(&of->log.group);
    control_anchor_encode(&body, &a);
    world_log_of(&h.base->w, office, control ? NULL : &of->log.group, &log);
    put_at(&log, next_seq(&log, &last), control ? HEADER_ANCHOR : HEADER_GROUP_ANCHOR, &body, h.now_ms);
    buffer_close(&body);
}

/* The chair's control log, up to its end or a little less. */
static struct control_cut cut_of(unsigned office, const struct gmm_id *gid)
{
    struct control_cut cut = {{{{0}}, {{0}}, 0}, 0, {{0}}};
    world_log_of(&h.base->w, office, gid, &cut.log);
    uint64_t next = next_seq(&cut.log, &cut.id), less = draw(6) == 0 ? draw(3) : 0;
    cut.seq = next > less ? next - less - 1 : 0;
    return cut;
}

static void hand_over(void)
{
    unsigned from = draw(8) == 0 ? any_office() : h.chair, to = any_office();
    struct control_handover r = {.term = h.term + 1, .to = *pid_of(to)};
    r.from_ms = h.now_ms + draw(20 * DAY_MS);
    r.until_ms = r.from_ms + DAY_MS + draw(WORLD_YEAR_MS);
    if (draw(3) == 0)
        r.deputy = *pid_of(any_office());
    struct buffer body = fresh();
    control_handover_encode(&body, &r);
    const struct record *handover = put(from, 0, HEADER_HANDOVER, &body);
    for (unsigned times = (unsigned)draw(3); handover != NULL && times > 0; times--) {
        struct control_cut cut = cut_of(from, NULL);
        struct control_accept accept = {.subject = handover->id, .term = r.term, .cuts = {draw(2) == 0, &cut}};
        body = fresh();
        control_accept_encode(&body, &accept);
        put(draw(10) == 0 ? any_office() : to, 0, HEADER_ACCEPT, &body);
        h.chair = to;
        h.term = r.term;
    }
}

static void elect(void)
{
    unsigned candidate = any_office();
    struct control_cut cut = cut_of(h.chair, NULL);
    struct control_ballot r = {.term = 1 + (uint32_t)draw(h.term), .candidate = *pid_of(candidate)};
    r.until_ms = h.now_ms + 30 * DAY_MS + draw(WORLD_YEAR_MS);
    r.cuts = (struct control_cuts){draw(8) != 0, &cut};
    for (unsigned i = 0; i < OFFICES; i++) {
        struct control_ballot other = r;
        if (draw(4) == 0)
            continue;
        struct buffer body = fresh();
        control_ballot_encode(&body, &r);
        put(h.base->offices[i], 0, HEADER_BALLOT, &body);
        if (draw(20) != 0)
            continue;
        other.until_ms++;
        body = fresh();
        control_ballot_encode(&body, &other);
        put(h.base->offices[i], 0, HEADER_BALLOT, &body);
    }
    if (draw(2) == 0) {
        h.chair = candidate;
        h.term = r.term + 1;
    }
}

/* A proposal, and cosignatures of it before and behind. */
static void propose(uint16_t type, struct buffer *body)
{
    struct gmm_id subject;
    control_subject(&subject, type, body->p, body->len);
    unsigned at = (unsigned)draw(OFFICES);
    for (unsigned i = 0; i < OFFICES; i++) {
        struct buffer cosign = fresh();
        control_cosign_encode(&cosign, &subject);
        if (i == at)
            put(h.base->offices[i], 0, type, body);
        if (i == at || draw(4) == 0)
            buffer_close(&cosign);
        else
            put(h.base->offices[i], 0, HEADER_COSIGN, &cosign);
    }
}

static void remove_somebody(void)
{
    unsigned whom = any_office();
    struct control_cut cut = cut_of(whom, draw(2) == 0 ? NULL : &h.base->gids[1]);
    struct control_removal r = {.pid = *pid_of(whom), .cuts = {draw(2) == 0, &cut}};
    struct buffer body = fresh();
    switch (draw(4)) {
    case 0:
        control_removal_encode(&body, &r);
        propose(HEADER_EXPEL, &body);
        return;
    case 1:
        control_restore_encode(&body, &r);
        if (draw(2) == 0)
            propose(HEADER_RESTORE, &body);
        else
            put(h.chair, 0, HEADER_RESTORE, &body);
        return;
    default:
        control_removal_encode(&body, &r);
        put(h.chair, 0, HEADER_SUSPEND, &body);
    }
    struct control_circle_cut circle = {.kind = CONTROL_CUT_PARTICIPANT, .subject = r.pid};
    struct control_cut end = cut_of(whom, &h.base->gids[3]);
    circle.cuts = (struct control_cuts){draw(2) == 0, &end};
    body = fresh();
    control_circle_cut_encode(&body, &circle);
    put(draw(2) == 0 ? h.base->offices[1] : any_office(), 3, HEADER_CUT, &body);
}

static void admit_somebody(void)
{
    struct control_replace r = {.old = *pid_of(any_office())};
    struct buffer body = fresh();
    world_admission(&h.base->w, h.base->newcomers[draw(NEWCOMERS)], &r.admit);
    if (draw(3) == 0) {
        control_replace_encode(&body, &r);
        propose(HEADER_REPLACE, &body);
        return;
    }
    control_admit_encode(&body, &r.admit);
    if (draw(2) == 0)
        propose(HEADER_ADMIT, &body);
    else
        put(h.chair, 0, HEADER_ADMIT, &body);
}

static void lead(void)
{
    unsigned whom = any_office();
    struct control_lead r = {.thematic = 3, .pid = *pid_of(whom), .from_ms = h.now_ms + draw(10 * DAY_MS)};
    struct control_accept accept = {.term = 0};
    if (draw(2) == 0)
        r.until_ms = r.from_ms + DAY_MS + draw(90 * DAY_MS);
    struct buffer body = fresh();
    control_lead_encode(&body, &r);
    const struct record *named = put(draw(3) == 0 ? any_office() : h.chair, 0, HEADER_LEAD, &body);
    if (named == NULL || draw(4) == 0)
        return;
    accept.subject = named->id;
    body = fresh();
    control_accept_encode(&body, &accept);
    put(whom, 0, HEADER_ACCEPT, &body);
}

static void change_group(void)
{
    struct control_members r = {.member_count = 1, .members = {*pid_of(any_office())}};
    struct buffer body = fresh();
    unsigned group = 2 + (unsigned)draw(2);
    control_members_encode(&body, &r);
    put(draw(3) == 0 ? any_office() : (group == 3 ? h.base->offices[1] : h.chair), group,
        draw(2) == 0 ? HEADER_ADD : HEADER_REMOVE, &body);
}

static void amend(void)
{
    unsigned whom = any_office();
    struct control_amend r = {.pid = *pid_of(whom), .kind = draw(2) == 0 ? IDENTITY_OBSERVER : IDENTITY_MEMBER};
    snprintf(r.name, sizeof r.name, "Changed %u", whom);
    struct buffer body = fresh();
    control_amend_encode(&body, &r);
    put(h.chair, 0, HEADER_AMEND, &body);
}

static void seal(void)
{
    struct buffer body = fresh();
    buffer_put(&body, h.base->epoch, h.base->epoch_len);
    put(any_office(), 1 + (unsigned)draw(3), HEADER_EPOCH, &body);
}

static struct buffer founding_of(const struct base *base, unsigned first, uint16_t count)
{
    struct control_group circle = {.kind = GROUP_CIRCLE, .member_count = count};
    struct buffer body = fresh();
    memset(circle.random, 2, sizeof circle.random); /* gids[4] */
    for (uint16_t i = 0; i < count; i++)
        circle.members[i] = base->w.participants[base->w.offices[base->offices[first + i]].participant].pid;
    control_group_encode(&body, &circle);
    return body;
}

/* Of the circle that a lost key founded: its thief founds it once more, somebody comes or goes, some speak for what
 * they hold of the key's logs. */
static void doubt(void)
{
    const struct base *base = h.base;
    struct run_key log;
    struct gmm_id last;
    struct buffer body;
    world_log_of(&base->w, base->lost, &base->gids[4], &log);
    if (draw(4) == 0) {
        log.instance += 2 + draw(2);
        body = founding_of(base, 2 + (unsigned)draw(3), 2);
        put_at(&log, next_seq(&log, &last), HEADER_GROUP, &body, h.now_ms - draw(40 * DAY_MS));
        buffer_close(&body);
    }
    if (draw(3) == 0) {
        struct control_members r = {.member_count = 1, .members = {*pid_of(any_office())}};
        body = fresh();
        control_members_encode(&body, &r);
        put(draw(2) == 0 ? base->lost : base->annex, 4, draw(2) == 0 ? HEADER_ADD : HEADER_REMOVE, &body);
    }
    for (unsigned times = (unsigned)draw(4); times > 0; times--) {
        struct control_cut cut = cut_of(base->lost, &base->gids[4]);
        if (draw(4) == 0) {
            cut.log.instance += 2 + draw(2);
            uint64_t next = next_seq(&cut.log, &cut.id);
            cut.seq = next == 0 ? 0 : next - 1;
        }
        const struct control_circle_cut r = {
            .kind = CONTROL_CUT_KEY, .subject = base->w.offices[base->lost].sign_pk, .cuts = {1, &cut}};
        body = fresh();
        control_circle_cut_encode(&body, &r);
        put(draw(3) == 0 ? base->annex : any_office(), 4, HEADER_CUT, &body);
    }
}

static void draw_history(const struct base *base, uint64_t number)
{
    static void (*const turns[])(void) = {hand_over, elect, remove_somebody, admit_somebody, lead, change_group, amend,
                                          seal,      doubt};
    h.base = base;
    h.seed = number * UINT64_C(0xd1342543de82ef95) + 1;
    h.now_ms = base->w.now_ms + DAY_MS;
    h.chair = base->offices[0];
    h.term = 1;
    h.count = 0;
    h.forks = forks_new();
    assert_non_null(h.forks);
    for (unsigned turn = 2 + (unsigned)draw(6); turn > 0; turn--)
        turns[draw(sizeof turns / sizeof *turns)]();
}

static void give(struct fold *fold, const struct record *r)
{
    assert_int_equal(fold_add(fold, r->header, &r->id, r->body, r->len), GMM_OK);
}

/* What the fold comes to: its view, and what of each log is void. */
static struct gmm_id outcome(struct fold *fold)
{
    struct {
        struct gmm_id view, past;
        uint64_t voids[RECORDS_MAX][3];
    } sum;
    struct gmm_id out;
    struct fold_past *past;
    memset(&sum, 0, sizeof sum);
    const struct view *v = fold_view(fold);
    assert_non_null(v);
    world_view_hash(&sum.view, v);
    for (unsigned i = 0; i < h.count; i++) {
        struct view_void voids[VIEW_VOIDS];
        for (size_t k = view_voids(v, &h.records[i].log, voids, NULL); k > 0; k--) {
            sum.voids[i][0] = 31 * sum.voids[i][0] + voids[k - 1].from_seq;
            sum.voids[i][1] = 31 * sum.voids[i][1] + voids[k - 1].from_ms;
            sum.voids[i][2] = 31 * sum.voids[i][2] + voids[k - 1].until_ms;
        }
    }
    assert_int_equal(fold_view_at(fold, h.base->w.now_ms + 60 * DAY_MS, &past), GMM_OK);
    world_view_hash(&sum.past, fold_past_view(past));
    fold_past_free(past);
    hash_h(&out, "an outcome", &sum, sizeof sum);
    return out;
}

static void count_what_was_seen(const struct view *v)
{
    for (size_t i = 0; i < v->term_count; i++) {
        seen.handovers += v->terms[i].how == VIEW_TERM_HANDOVER;
        seen.elections += v->terms[i].how == VIEW_TERM_ELECTION;
        seen.cuts += v->terms[i].cuts != NULL;
    }
    for (size_t i = 0; i < v->ballot_count; i++)
        seen.spoiled += v->ballots[i].spoiled;
    for (size_t i = 0; i < v->removal_count; i++) {
        seen.expelled += v->removals[i].expelled;
        seen.suspended += !v->removals[i].expelled;
    }
    for (size_t i = 0; i < v->lead_term_count; i++)
        seen.leads += v->lead_terms[i].accepted;
    for (size_t i = 0; i < v->fork_count; i++)
        seen.kept += v->forks[i].kept_count > 0;
    seen.proposals += v->proposal_count > 0;
    seen.doubted += v->doubt_count > 0;
    for (size_t i = 0; i < v->group_count; i++)
        seen.founded += v->groups[i].vouched;
}

/* Back to the network as it was. */
static void undo(struct fold *fold)
{
    fold_forks(fold, NULL);
    for (unsigned i = 0; i < h.count; i++) {
        struct gmm_id last;
        struct run_key log = h.records[i].log;
        unsigned all = h.count;
        h.count = 0;
        fold_drop(fold, &log, next_seq(&log, &last));
        h.count = all;
    }
}

static void in_some_order(struct fold *fold, uint64_t now_ms)
{
    unsigned order[RECORDS_MAX], forks_at = (unsigned)draw(h.count + 1);
    for (unsigned i = 0; i < h.count; i++)
        order[i] = i;
    for (unsigned i = h.count; i > 1; i--) {
        unsigned k = (unsigned)draw(i), kept = order[i - 1];
        order[i - 1] = order[k];
        order[k] = kept;
    }
    for (unsigned i = 0; i < h.count; i++) {
        if (i == forks_at)
            fold_forks(fold, h.forks);
        give(fold, &h.records[order[i]]);
        if (draw(16) == 0)
            assert_non_null(fold_view(fold));
    }
    if (draw(8) == 0 && h.count > 0)
        give(fold, &h.records[draw(h.count)]); /* once more */
    fold_forks(fold, h.forks);
    fold_advance(fold, now_ms);
}

static void live_through(struct base *base, uint64_t number)
{
    draw_history(base, number);
    uint64_t now_ms = h.now_ms + draw(400 * DAY_MS);
    for (unsigned i = 0; i < h.count; i++)
        give(base->w.fold, &h.records[i]);
    fold_forks(base->w.fold, h.forks);
    fold_advance(base->w.fold, now_ms);
    struct gmm_id here = outcome(base->w.fold);
    count_what_was_seen(fold_view(base->w.fold));
    in_some_order(base->other, now_ms);
    struct gmm_id there = outcome(base->other);
    if (!id_equal(&here, &there))
        fail_msg("history %llu comes to something else in another order", (unsigned long long)number);
    undo(base->w.fold);
    undo(base->other);
    forks_free(h.forks);
}

/* Admitted as the charter's policy wants it. */
static unsigned join(struct base *base, unsigned index, const char *id, uint8_t kind, uint64_t not_after_ms)
{
    unsigned p = world_participant(&base->w, id, kind), office = world_office(&base->w, p, "hq");
    struct certificate cert;
    world_certificate(&base->w, office, &cert);
    cert.roles = CERTIFICATE_ROLE_VOTE | CERTIFICATE_ROLE_DECIDE;
    if (not_after_ms != 0)
        cert.not_after_ms = not_after_ms;
    world_issue(&base->w, p, &cert, NULL);
    unsigned admission = world_admit(&base->w, base->offices[0], office);
    struct world_entry admitted = base->w.entries[admission];
    for (unsigned i = 1; i < index && base->w.charter.admission != CHARTER_BY_CHAIR; i++) {
        struct gmm_id subject;
        struct buffer body = fresh();
        control_subject(&subject, HEADER_ADMIT, admitted.body, admitted.len);
        control_cosign_encode(&body, &subject);
        world_append(&base->w, base->offices[i], NULL, HEADER_COSIGN, body.p, body.len);
        buffer_close(&body);
    }
    return office;
}

static void open_base(struct base *base, uint8_t admission)
{
    static const char *const names[OFFICES] = {"ilo", "iom", "wb", "who", "undp", "fao", "unu", "itu"};
    struct charter charter;
    world_charter(&charter);
    charter.admission = admission;
    charter.thematic = admission == CHARTER_BY_CHAIR_AND_SPONSOR ? CHARTER_THEMATIC_LISTED : CHARTER_THEMATIC_OPEN;
    snprintf(charter.leads[3], sizeof charter.leads[3], "wb");
    world_open(&base->w, &charter);
    base->offices[0] = 0;
    for (unsigned i = 1; i < OFFICES; i++)
        base->offices[i] = join(base, i, names[i], i == 6 ? IDENTITY_OBSERVER : IDENTITY_MEMBER,
                                i == 7 ? base->w.now_ms + 60 * DAY_MS : 0);
    for (unsigned i = 0; i < NEWCOMERS; i++) {
        char id[16];
        snprintf(id, sizeof id, "new-%u", i);
        base->newcomers[i] = world_certified(&base->w, world_participant(&base->w, id, IDENTITY_MEMBER), "hq", 7);
    }
    world_gid_all(&base->w, &base->gids[1]);
    world_gid_thematic(&base->w, "decent-work", &base->gids[2]);
    world_circle(&base->w, base->offices[1], 1, false,
                 (const unsigned[]){base->w.offices[base->offices[2]].participant,
                                    base->w.offices[base->offices[3]].participant},
                 2, &base->gids[3]);
    unsigned epoch = world_epoch(&base->w, base->offices[0], &base->gids[1], 1, NULL, 0, base->offices, 3);
    base->epoch_len = base->w.entries[epoch].len;
    assert_true(base->epoch_len <= sizeof base->epoch);
    memcpy(base->epoch, base->w.entries[epoch].body, base->epoch_len);
    unsigned second = base->w.offices[base->offices[1]].participant;
    base->lost = world_certified(&base->w, second, "lost", CERTIFICATE_ROLE_VOTE);
    base->annex = world_certified(&base->w, second, "annex", CERTIFICATE_ROLE_REVOKE);
    world_circle(&base->w, base->lost, 2, false,
                 (const unsigned[]){base->w.offices[base->offices[2]].participant,
                                    base->w.offices[base->offices[3]].participant,
                                    base->w.offices[base->offices[4]].participant},
                 3, &base->gids[4]);
    world_revoke(&base->w, base->lost, UINT_MAX, NULL, 0);
    base->other = fold_new(base->w.directory);
    assert_non_null(base->other);
    for (unsigned i = base->w.entry_count; i > 0; i--) {
        const struct world_entry *e = &base->w.entries[i - 1];
        assert_int_equal(fold_add(base->other, e->header, &e->id, e->body, e->len), GMM_OK);
    }
    assert_int_equal(fold_view(base->other)->participant_count, OFFICES);
}

static void close_base(struct base *base)
{
    fold_free(base->other);
    world_close(&base->w);
}

static void every_order_gives_the_same(void **state)
{
    (void)state;
    const char *one = getenv("GMM_HISTORY"), *many = getenv("GMM_HISTORIES");
    uint64_t count = many == NULL ? HISTORIES : strtoull(many, NULL, 10), first = 0;
    if (one != NULL) {
        first = strtoull(one, NULL, 10);
        count = 1;
    }
    for (uint8_t admission = CHARTER_BY_CHAIR; admission <= CHARTER_BY_TWO_THIRDS; admission++) {
        struct base *base = calloc(1, sizeof *base);
        assert_non_null(base);
        open_base(base, admission);
        for (uint64_t number = first; number < first + count; number++)
            if (1 + number % 3 == admission)
                live_through(base, number);
        close_base(base);
        free(base);
    }
    print_message("handovers %u, elections %u, cuts %u, spoiled %u, expelled %u, suspended %u, leads %u, proposals %u, "
                  "forks %u, kept %u, in doubt %u, founded all the same %u\n",
                  seen.handovers, seen.elections, seen.cuts, seen.spoiled, seen.expelled, seen.suspended, seen.leads,
                  seen.proposals, seen.forked, seen.kept, seen.doubted, seen.founded);
    /* Histories in which nothing happens would prove nothing. */
    if (count >= 1000)
        assert_true(seen.handovers > 50 && seen.elections > 50 && seen.cuts > 50 && seen.spoiled > 50 &&
                    seen.expelled > 50 && seen.suspended > 50 && seen.leads > 50 && seen.proposals > 50 &&
                    seen.forked > 50 && seen.kept > 20 && seen.doubted > 50 && seen.founded > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_order_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
