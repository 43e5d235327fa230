#include "proto/fold.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/world.h"

#define HISTORIES 40
#define RECORDS 120
#define PERMUTATIONS 4

static struct world w;
static struct gmm_msg msg;
static unsigned iom, wb;
static struct gmm_id all, control;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    iom = world_join(&w, "iom", IDENTITY_INTL_ORG);
    wb = world_join(&w, "wb", IDENTITY_MEMBER);
    world_gid_all(&w, &all);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static const struct gmm_id *pid_of(unsigned office)
{
    return &w.participants[w.offices[office].participant].pid;
}

static enum gmm_err add_entry(struct fold *fold, const struct world_entry *e)
{
    return fold_add(fold, e->header, &e->id, e->body, e->len);
}

static void nothing_yet(void **state)
{
    (void)state;
    struct directory *empty = directory_new();
    assert_non_null(empty);
    struct fold *fold = fold_new(empty);
    assert_non_null(fold);
    assert_null(fold_view(fold));
    assert_int_equal(fold_authorize(fold, &w.offices[0].sign_pk, &control, HEADER_WRAPKEY, "x", 1, 5, &msg),
                     GMM_EDENIED);
    assert_non_null(strstr(msg.text, "no network is known here yet"));
    /* records may come before the charter */
    const struct directory_object *added;
    for (unsigned i = 0; i < w.entry_count; i++)
        assert_int_equal(add_entry(fold, &w.entries[i]), GMM_OK);
    assert_null(fold_view(fold));
    for (unsigned kind = DIRECTORY_CHARTER; kind <= DIRECTORY_CERTIFICATE; kind++)
        for (size_t i = 0; i < directory_count(w.directory); i++) {
            const struct directory_object *o = directory_at(w.directory, i);
            if (o->kind == kind)
                assert_int_equal(directory_add(empty, o->bytes, o->len, &added), GMM_OK);
        }
    fold_touch(fold);
    struct gmm_id a, b;
    world_view_hash(&a, world_view(&w));
    world_view_hash(&b, fold_view(fold));
    assert_true(id_equal(&a, &b));
    fold_free(fold);
    fold_free(NULL);
    directory_free(empty);
}

static void founding(void **state)
{
    (void)state;
    struct world fresh;
    world_open(&fresh, NULL);
    const struct view *v = world_view(&fresh);
    assert_true(v->participant_count == 1 && v->office_count == 1 && v->group_count == 2 + LIMIT_THEMATIC);
    assert_true(id_equal(&v->chair, &fresh.charter.founder_pid));
    for (size_t i = 0; i < v->group_count; i++)
        assert_int_equal(v->groups[i].member_count, 1);
    /* before any certificate the founder is on the roster, and nobody can act */
    struct directory *bare = directory_new();
    const struct directory_object *added;
    assert_non_null(bare);
    for (size_t i = 0; i < directory_count(fresh.directory); i++)
        if (directory_at(fresh.directory, i)->kind == DIRECTORY_CHARTER)
            directory_add(bare, directory_at(fresh.directory, i)->bytes, directory_at(fresh.directory, i)->len, &added);
    struct fold *fold = fold_new(bare);
    assert_non_null(fold);
    v = fold_view(fold);
    assert_true(v->participants[0].status == VIEW_ADMITTED && id_is_zero(&v->participants[0].sign_pk));
    assert_int_equal(v->groups[0].member_count, 0);
    fold_free(fold);
    directory_free(bare);
    world_close(&fresh);
}

static void kept_until_something_comes(void **state)
{
    (void)state;
    const struct view *v = world_view(&w);
    const struct view_participant *participants = v->participants;
    unsigned e = world_append(&w, iom, NULL, 30, "of a later version", 18);
    world_append(&w, iom, &all, HEADER_EPOCH, "malformed", 9);
    failmalloc_count();
    v = world_view(&w);
    failmalloc_off();
    assert_int_equal(failmalloc_calls(), 0); /* nothing was folded anew */
    assert_ptr_equal(v->participants, participants);
    uint8_t header[HEADER_BYTES];
    memcpy(header, w.entries[e].header, sizeof header);
    header[0] = 9;
    assert_int_equal(fold_add(w.fold, header, &w.entries[e].id, w.entries[e].body, 18), GMM_OK);
    /* a record that came twice is one */
    struct gmm_id before, after;
    world_view_hash(&before, v);
    for (unsigned i = 0; i < w.entry_count; i++)
        assert_int_equal(add_entry(w.fold, &w.entries[i]), GMM_OK);
    world_view_hash(&after, world_view(&w));
    assert_true(id_equal(&before, &after));
}

/* Two admissions of one id: the earlier header time has it, whichever came first. */
static void canonical_order(void **state)
{
    (void)state;
    struct control_admit admit;
    struct buffer body;
    unsigned first = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    unsigned other = world_certified(&w, world_participant(&w, "other", IDENTITY_MEMBER), "hq", 0);
    w.now_ms += 60000;
    world_admit(&w, 0, first);
    assert_string_equal(view_participant(world_view(&w), pid_of(first))->id, "who");
    world_admission(&w, other, &admit);
    memcpy(admit.id, "who", 4);
    buffer_init(&body, 4096);
    control_admit_encode(&body, &admit);
    w.instance++; /* another log of the chair's office, written earlier */
    w.now_ms -= 30000;
    world_append(&w, 0, NULL, HEADER_ADMIT, body.p, body.len);
    buffer_close(&body);
    assert_null(view_participant(world_view(&w), pid_of(first)));
    assert_string_equal(view_participant(world_view(&w), pid_of(other))->id, "who");
}

/* At one time the smaller id of the entry goes first. */
static void equal_times(void **state)
{
    (void)state;
    unsigned wraps[2];
    const struct gmm_id *keys[2] = {&w.offices[0].wrap_pk, &w.offices[wb].wrap_pk};
    for (unsigned i = 0; i < 2; i++) {
        struct buffer body;
        buffer_init(&body, 64);
        control_wrapkey_encode(&body, keys[i]);
        w.instance = i;
        wraps[i] = world_append(&w, iom, NULL, HEADER_WRAPKEY, body.p, body.len);
        w.now_ms -= 1000;
        buffer_close(&body);
    }
    unsigned last = id_compare(&w.entries[wraps[0]].id, &w.entries[wraps[1]].id) < 0;
    assert_memory_equal(w.entries[wraps[0]].header + HEADER_TIME_AT, w.entries[wraps[1]].header + HEADER_TIME_AT, 8);
    assert_true(id_equal(&view_office(world_view(&w), &w.offices[iom].sign_pk)->wrap_pk, keys[last]));
}

/* "Its author must, at the record's own time, be an office of an admitted and active participant." */
static void not_yet_a_member(void **state)
{
    (void)state;
    struct gmm_id circle;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    world_circle(&w, who, 1, false, NULL, 0, &circle);
    world_admit(&w, 0, who);
    assert_null(view_group(world_view(&w), &circle));
    world_circle(&w, who, 1, false, NULL, 0, &circle);
    assert_non_null(view_group(world_view(&w), &circle));
}

/* With a clock behind, a record would stand before what it builds on: it is refused before it is written. */
static void judged_in_its_place(void **state)
{
    (void)state;
    struct buffer body;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    w.now_ms += 60000;
    world_admit(&w, 0, who);
    buffer_init(&body, 64);
    control_wrapkey_encode(&body, &w.offices[who].noise_pk);
    assert_int_equal(
        fold_authorize(w.fold, &w.offices[who].sign_pk, &control, HEADER_WRAPKEY, body.p, body.len, w.now_ms, &msg),
        GMM_OK);
    assert_int_equal(
        fold_authorize(w.fold, &w.offices[who].sign_pk, &control, HEADER_WRAPKEY, body.p, body.len, w.now_ms - 1, &msg),
        GMM_EDENIED);
    assert_non_null(strstr(msg.text, "admitted by then"));
    assert_int_equal(
        fold_authorize(w.fold, &w.offices[who].sign_pk, &control, HEADER_WRAPKEY, body.p, body.len, w.now_ms - 1, NULL),
        GMM_EDENIED);
    buffer_close(&body);
}

/* The newest root that the directory proves is the participant's. */
static void rotated_roots(void **state)
{
    (void)state;
    uint8_t object[1 + IDENTITY_ROTATION_BYTES] = {DIRECTORY_ROTATION};
    const struct directory_object *added;
    const struct world_participant *p = &w.participants[w.offices[iom].participant];
    struct identity_rotation r = {.nid = w.nid, .pid = p->pid, .n = 1, .root_pk = p->next_root_pk};
    r.next_commit = w.nid;
    const struct view_participant *seen = view_participant(world_view(&w), &p->pid);
    assert_true(seen->root_n == 0 && id_equal(&seen->root_pk, &p->root_pk));
    assert_int_equal(identity_rotation_make(object + 1, &r, p->next_root_sk), GMM_OK);
    assert_int_equal(directory_add(w.directory, object, sizeof object, &added), GMM_OK);
    fold_touch(w.fold);
    seen = view_participant(world_view(&w), &p->pid);
    assert_true(seen->root_n == 1 && id_equal(&seen->root_pk, &p->next_root_pk));
    assert_true(id_equal(&seen->next_commit, &r.next_commit));
}

/* Numbers from a seed (splitmix64). */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

/* One random record or object: mostly of those who may, often of those who may not. */
static void one_change(struct world *r, uint64_t *seed, struct gmm_id *circles, unsigned *circle_count,
                       unsigned *epochs, unsigned *epoch_count)
{
    char id[16];
    struct gmm_id gid;
    struct certificate cert;
    unsigned office = (unsigned)draw(seed, r->office_count), other = (unsigned)draw(seed, r->office_count);
    unsigned people[3];
    r->now_ms += draw(seed, 20000);
    r->now_ms -= draw(seed, 12000); /* clocks differ */
    r->instance = draw(seed, 3);
    for (unsigned i = 0; i < 3; i++)
        people[i] = (unsigned)draw(seed, r->participant_count);
    if (*circle_count > 0 && draw(seed, 2) == 0)
        gid = circles[draw(seed, *circle_count)];
    else if (draw(seed, 3) == 0)
        world_gid_all(r, &gid);
    else
        world_gid_thematic(r, charter_thematic_name((unsigned)draw(seed, LIMIT_THEMATIC)), &gid);
    switch (draw(seed, 12)) {
    case 0: /* a newcomer, sometimes certified only later, or never */
        snprintf(id, sizeof id, "p-%u", r->participant_count);
        other = world_office(r, world_participant(r, id, (uint8_t)(1 + draw(seed, IDENTITY_OBSERVER))), "hq");
        world_certificate(r, other, &cert);
        cert.roles = (uint16_t)draw(seed, 16);
        if (draw(seed, 4) > 0)
            world_issue(r, r->offices[other].participant, &cert, NULL);
        world_admit(r, draw(seed, 4) == 0 ? office : 0, other);
        break;
    case 1:
        world_admit(r, draw(seed, 2) == 0 ? office : 0, other);
        break;
    case 2: /* renewed, another role, or a serial given twice */
        world_certificate(r, other, &cert);
        cert.serial -= draw(seed, 8) == 0;
        cert.roles = (uint16_t)(other == 0 ? CERTIFICATE_ROLES_ALL : draw(seed, 16));
        cert.not_before_ms += draw(seed, 100000);
        if (other != 0 && cert.serial > 0)
            world_issue(r, r->offices[other].participant, &cert, NULL);
        break;
    case 3: {
        const struct revocation_cut cuts[] = {{.instance = 0, .seq = draw(seed, 3)}, {.instance = 1, .seq = 1}};
        if (draw(seed, 4) == 0)
            world_revoke(r, other, draw(seed, 2) == 0 ? UINT_MAX : other, cuts, (uint16_t)draw(seed, 3));
        break;
    }
    case 4:
        if (*circle_count < 8)
            world_circle(r, office, (uint8_t)draw(seed, 4), draw(seed, 2) == 0, people, 3, &circles[(*circle_count)++]);
        break;
    case 5:
    case 6:
        world_members(r, draw(seed, 2) == 0 ? office : 0, &gid, HEADER_ADD, people, (uint16_t)(1 + draw(seed, 3)));
        break;
    case 7:
        world_members(r, draw(seed, 2) == 0 ? office : 0, &gid, HEADER_REMOVE, people, 1);
        break;
    case 8:
    case 9: {
        const unsigned recipients[] = {office, other};
        unsigned parent = *epoch_count == 0 ? 0 : epochs[draw(seed, *epoch_count)];
        bool root = *epoch_count == 0 || draw(seed, 2) == 0;
        if (*epoch_count < RECORDS)
            epochs[(*epoch_count)++] = world_epoch(r, office, root ? &gid : &r->entries[parent].log.group, root ? 1 : 2,
                                                   &parent, root ? 0 : 1, recipients, office == other ? 1 : 2);
        break;
    }
    case 10:
        if (*epoch_count > 0) {
            unsigned epoch = epochs[draw(seed, *epoch_count)];
            gid = r->entries[epoch].log.group;
            world_epoch_bad(r, draw(seed, 2) == 0 ? office : r->entries[epoch].office, &gid, epoch);
        }
        break;
    default:
        if (*epoch_count > 0) {
            unsigned epoch = epochs[draw(seed, *epoch_count)];
            world_wrap(r, r->entries[epoch].office, epoch, draw(seed, 2) == 0 ? other : r->entries[epoch].office);
        }
        break;
    }
}

/* The hash of the view of all objects and records, taken in an order drawn from the seed, with views asked in between.
 */
static void fold_shuffled(const struct world *r, uint64_t *seed, struct gmm_id *out)
{
    struct directory *directory = directory_new();
    struct fold *fold = fold_new(directory);
    const struct directory_object *added;
    size_t objects = directory_count(r->directory);
    unsigned *order = calloc(r->entry_count + 1, sizeof *order);
    size_t *object_order = calloc(objects, sizeof *object_order);
    assert_true(directory != NULL && fold != NULL && order != NULL && object_order != NULL);
    for (unsigned i = 0; i < r->entry_count; i++) {
        unsigned k = (unsigned)draw(seed, i + 1);
        order[i] = order[k];
        order[k] = i;
    }
    for (size_t i = 0; i < objects; i++) {
        size_t k = (size_t)draw(seed, i + 1);
        object_order[i] = object_order[k];
        object_order[k] = i;
    }
    for (size_t i = 0; i < objects; i++)
        if (directory_at(r->directory, i)->kind == DIRECTORY_CHARTER)
            directory_add(directory, directory_at(r->directory, i)->bytes, directory_at(r->directory, i)->len, &added);
    for (size_t i = 0, n = 0; i < r->entry_count || n < objects;) {
        if (n == objects || (i < r->entry_count && draw(seed, 2) == 0)) {
            assert_int_equal(add_entry(fold, &r->entries[order[i++]]), GMM_OK);
        } else {
            const struct directory_object *o = directory_at(r->directory, object_order[n++]);
            enum gmm_err err = directory_add(directory, o->bytes, o->len, &added);
            assert_true(err == GMM_OK || err == GMM_EEXISTS);
            fold_touch(fold);
        }
        if (draw(seed, 16) == 0)
            assert_non_null(fold_view(fold));
    }
    world_view_hash(out, fold_view(fold));
    free(order);
    free(object_order);
    fold_free(fold);
    directory_free(directory);
}

/* "Order of arrival does not matter, and effect may change when further records arrive." */
static void any_order_of_arrival(void **state)
{
    (void)state;
    size_t participants = 0, members = 0, valid = 0, bad = 0, revoked = 0, voided = 0;
    for (uint64_t history = 1; history <= HISTORIES; history++) {
        struct world r;
        uint64_t seed = history;
        struct gmm_id circles[8], once, again;
        unsigned epochs[RECORDS], circle_count = 0, epoch_count = 0;
        world_open(&r, NULL);
        for (unsigned i = 0; i < 3; i++)
            world_join(&r, (const char *[]){"iom", "unu", "wb"}[i], (uint8_t)(i == 1 ? IDENTITY_OBSERVER : 1));
        while (r.entry_count < RECORDS)
            one_change(&r, &seed, circles, &circle_count, epochs, &epoch_count);
        const struct view *v = world_view(&r);
        world_view_hash(&once, v);
        participants += v->participant_count;
        for (size_t i = 0; i < v->group_count; i++)
            members += v->groups[i].kind == GROUP_CIRCLE ? v->groups[i].member_count : 0;
        for (size_t i = 0; i < v->epoch_count; i++) {
            valid += v->epochs[i].valid;
            bad += v->epochs[i].bad;
        }
        for (size_t i = 0; i < v->office_count; i++) {
            revoked += v->offices[i].status == VIEW_OFFICE_REVOKED;
            voided += v->offices[i].status == VIEW_OFFICE_VOID;
        }
        for (unsigned i = 0; i < PERMUTATIONS; i++) {
            fold_shuffled(&r, &seed, &again);
            if (!id_equal(&once, &again))
                fail_msg("history %llu, permutation %u: another view", (unsigned long long)history, i);
        }
        world_close(&r);
    }
    /* the histories are of the kind that they are meant to be */
    assert_true(participants > 8 * HISTORIES && members > HISTORIES && valid > HISTORIES);
    assert_true(bad > 0 && revoked > 0 && voided > 0);
}

/* 256 participants with 8 offices each and 10,000 records. */
static void full_size(void **state)
{
    (void)state;
    char id[16], name[16];
    struct buffer body;
    for (unsigned i = 3; i < LIMIT_PARTICIPANTS; i++) {
        snprintf(id, sizeof id, "p-%u", i);
        world_join(&w, id, IDENTITY_MEMBER);
    }
    for (unsigned p = 0; p < LIMIT_PARTICIPANTS; p++)
        for (unsigned i = 1; i < 8; i++) {
            snprintf(name, sizeof name, "office-%u", i);
            world_certified(&w, p, name, CERTIFICATE_ROLE_VOTE);
        }
    assert_int_equal(w.office_count, LIMIT_OFFICES);
    w.now_ms += 1000;
    buffer_init(&body, 64);
    for (unsigned i = 0; w.entry_count < 10000; i++) {
        buffer_close(&body);
        control_wrapkey_encode(&body, &w.offices[(i * 7 + i / LIMIT_OFFICES) % LIMIT_OFFICES].noise_pk);
        world_append(&w, i % LIMIT_OFFICES, NULL, HEADER_WRAPKEY, body.p, body.len);
    }
    const struct view *v = world_view(&w);
    assert_true(v->participant_count == LIMIT_PARTICIPANTS && v->office_count == LIMIT_OFFICES);
    assert_int_equal(view_group(v, &all)->member_count, LIMIT_PARTICIPANTS);
    const struct world_entry *last = &w.entries[w.entry_count - 1];
    assert_memory_equal(view_office(v, &w.offices[last->office].sign_pk)->wrap_pk.b, last->body + 1, 32);
    buffer_close(&body);
}

/* Every allocation fails once in a fold of all kinds of records; what is there by then stays usable. */
static void memory_ends(void **state)
{
    (void)state;
    struct gmm_id circle, expected, seen;
    struct fold *fold;
    world_circle(&w, iom, 1, true, (const unsigned[]){w.offices[wb].participant}, 1, &circle);
    unsigned epoch = world_epoch(&w, iom, &circle, 1, NULL, 0, (const unsigned[]){iom, wb}, 2);
    world_epoch_bad(&w, wb, &circle, epoch);
    world_wrap(&w, iom, epoch, wb);
    world_revoke(&w, wb, UINT_MAX, (const struct revocation_cut[]){{.group = circle, .seq = 1}}, 1);
    world_view_hash(&expected, world_view(&w));
    for (long i = 0;; i++) {
        failmalloc_at(i);
        fold = fold_new(w.directory);
        const struct view *v = NULL;
        enum gmm_err err = fold == NULL ? GMM_ENOMEM : GMM_OK;
        for (unsigned k = 0; k < w.entry_count && err == GMM_OK; k++)
            err = add_entry(fold, &w.entries[k]);
        if (err == GMM_OK)
            v = fold_view(fold);
        bool failed = failmalloc_off();
        assert_true(failed == (v == NULL));
        if (fold != NULL && err == GMM_OK) {
            world_view_hash(&seen, fold_view(fold));
            assert_true(id_equal(&expected, &seen));
        }
        if (!failed)
            break;
        fold_free(fold);
    }
    fold_free(fold);
}

static void memory_ends_while_authorizing(void **state)
{
    (void)state;
    struct control_admit admit;
    struct buffer body;
    unsigned who = world_certified(&w, world_participant(&w, "who", IDENTITY_MEMBER), "hq", 0);
    unsigned epoch = world_epoch(&w, iom, &all, 1, NULL, 0, (const unsigned[]){iom, wb}, 2);
    world_admission(&w, who, &admit);
    buffer_init(&body, 4096);
    control_admit_encode(&body, &admit);
    w.now_ms += 1000;
    world_append(&w, iom, NULL, HEADER_WRAPKEY, "late", 4); /* so that the trial stands in the middle */
    world_view(&w);
    for (unsigned what = 0; what < 2; what++)
        for (long i = 0;; i++) {
            const struct world_entry *e = &w.entries[epoch];
            failmalloc_at(i);
            enum gmm_err err = what == 0 ? fold_authorize(w.fold, &w.offices[0].sign_pk, &control, HEADER_ADMIT, body.p,
                                                          body.len, w.now_ms - 1000, &msg)
                                         : fold_authorize(w.fold, &w.offices[wb].sign_pk, &all, HEADER_EPOCH, e->body,
                                                          e->len, w.now_ms - 1000, &msg);
            bool failed = failmalloc_off();
            assert_int_equal(err, failed ? GMM_ENOMEM : GMM_OK);
            if (!failed)
                break;
        }
    buffer_close(&body);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(nothing_yet),         TEST(founding),      TEST(kept_until_something_comes),
        TEST(canonical_order),     TEST(equal_times),   TEST(not_yet_a_member),
        TEST(judged_in_its_place), TEST(rotated_roots), TEST(any_order_of_arrival),
        TEST(full_size),           TEST(memory_ends),   TEST(memory_ends_while_authorizing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
