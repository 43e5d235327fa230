/* What a member asks the relays of its groups: nothing twice, not too much at once, and no more of who has it. */
#include "proto/offers.h"

#include <stdlib.h>
#include <string.h>

#include "keys/secret.h"
#include "tests/proto/ends_fixture.h"

#define CHUNKS 40u
#define AT_ONCE 32u

static struct world w;
static struct core core;
static struct offers *offers;
static struct gmm_id circle;
static struct end relay, member;
static struct gmm_id ids[CHUNKS];
static uint32_t lens[CHUNKS];
static struct keystore self; /* ours: ilo */
static struct gmm_id relays[1];

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    unsigned iom = world_join(&w, "iom", IDENTITY_MEMBER), unu = world_join(&w, "unu", IDENTITY_OBSERVER);
    world_circle(&w, 0, 1, false, (const unsigned[]){w.offices[iom].participant}, 1, &circle);
    self.sign_pk = w.offices[0].sign_pk;
    core = (struct core){.keystore = &self,
                         .nid = w.nid,
                         .fold = w.fold,
                         .logs = logs_new(),
                         .effects = effects_new(),
                         .now_ms = w.now_ms};
    offers = offers_new();
    assert_true(core.logs != NULL && core.effects != NULL && offers != NULL);
    assert_non_null(world_view(&w));
    end_open(&relay, &w, 1, unu);
    end_open(&member, &w, 2, iom);
    for (unsigned i = 0; i < CHUNKS; i++) {
        ids[i] = (struct gmm_id){.b = {(uint8_t)(CHUNKS - i), 9}};
        lens[i] = 1000 + i;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    offers_free(offers);
    end_close(&relay);
    end_close(&member);
    logs_free(core.logs);
    take_close(&core.take);
    effects_free(core.effects);
    world_close(&w);
    return 0;
}

/* As a RELAY record of the circle would have it. */
static void name_relay(bool named)
{
    const struct view *view = fold_view(core.fold);
    for (size_t i = 0; i < view->group_count; i++)
        if (id_equal(&view->groups[i].gid, &circle)) {
            struct view_group *group = (struct view_group *)(uintptr_t)&view->groups[i];
            relays[0] = relay.peer.sign_pk;
            group->relays = named ? relays : NULL;
            group->relay_count = named;
        }
    offers_review(offers);
}

/* The ids that an end was asked for since, each its last byte. */
static unsigned asked(struct end *end, struct gmm_id out[CHUNKS])
{
    struct session_item item;
    unsigned count = 0;
    while (end_said(end, &item) != 0) {
        struct message_chunk_wants wants;
        struct message_chunk_place place;
        assert_int_equal(item.type, MESSAGE_CHUNK_WANT);
        assert_int_equal(message_chunk_want_decode(&wants, item.payload, item.len), GMM_OK);
        assert_true(wants.count == 1 && id_equal(&wants.gid, &circle) && count < CHUNKS);
        message_chunk_want_at(&wants, 0, &place);
        out[count++] = place.id;
        unsigned at = CHUNKS - place.id.b[0];
        assert_true(at < CHUNKS && place.offset == lens[at] - 1);
    }
    return count;
}

static void answer(const struct gmm_id *id, uint8_t type)
{
    struct buffer out;
    buffer_init(&out, 4096);
    const struct message_chunk_place place = {.id = *id};
    const struct message_chunk part = {
        .gid = circle, .id = *id, .total = 1000, .offset = 999, .data = (const uint8_t *)"x", .data_len = 1};
    if (type == MESSAGE_CHUNK_NONE)
        assert_int_equal(message_chunk_none_encode(&out, &circle, id, 1), GMM_OK);
    else if (type == MESSAGE_CHUNK_WANT)
        assert_int_equal(message_chunk_want_encode(&out, &circle, &place, 1), GMM_OK);
    else
        assert_int_equal(message_chunk_encode(&out, &part), GMM_OK);
    offers_heard(offers, &relay.peer, type, out.p, out.len);
    buffer_close(&out);
}

static void list(unsigned count)
{
    struct gmm_id gid;
    assert_true(offers_due(offers, core.now_ms, &gid) && id_equal(&gid, &circle));
    assert_int_equal(offers_put(offers, core.now_ms, &gid, ids, lens, count), GMM_OK);
    assert_false(offers_due(offers, core.now_ms, &gid));
}

static void begin(unsigned count)
{
    assert_int_equal(offers_open(offers, &relay.peer), GMM_OK);
    assert_int_equal(offers_open(offers, &member.peer), GMM_OK);
    name_relay(true);
    (void)offers_continue(offers, &core);
    list(count);
}

static void a_relay_is_asked_for_each_so_many_at_once(void **state)
{
    (void)state;
    struct gmm_id first[CHUNKS], rest[CHUNKS];
    begin(CHUNKS);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, first), AT_ONCE);
    assert_int_equal(asked(&member, rest), 0);
    assert_true(offers_busy(offers, 1) && !offers_busy(offers, 2));
    for (unsigned i = 0; i < AT_ONCE; i++)
        answer(&first[i], MESSAGE_CHUNK);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, rest), CHUNKS - AT_ONCE);
    for (unsigned i = 0; i < CHUNKS - AT_ONCE; i++)
        for (unsigned k = 0; k < AT_ONCE; k++)
            assert_false(id_equal(&rest[i], &first[k]));
    for (unsigned i = 0; i < CHUNKS - AT_ONCE; i++)
        answer(&rest[i], MESSAGE_CHUNK);
    assert_int_equal(offers_continue(offers, &core), UINT64_MAX);
    assert_int_equal(asked(&relay, rest), 0);
    assert_false(offers_busy(offers, 1));
}

static void who_lacks_one_is_asked_again_ever_more_seldom(void **state)
{
    (void)state;
    struct gmm_id out[CHUNKS];
    begin(2);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, out), 2);
    answer(&ids[0], MESSAGE_CHUNK_NONE);
    answer(&ids[1], MESSAGE_CHUNK);
    uint64_t before = 0;
    for (unsigned round = 0; round < 3; round++) {
        uint64_t again = offers_continue(offers, &core);
        assert_true(again > core.now_ms && again != UINT64_MAX && again - core.now_ms > before);
        before = again - core.now_ms;
        core.now_ms = again - 1;
        (void)offers_continue(offers, &core);
        assert_int_equal(asked(&relay, out), 0);
        core.now_ms = again;
        (void)offers_continue(offers, &core);
        assert_int_equal(asked(&relay, out), 1);
        assert_true(id_equal(&out[0], &ids[0]));
        answer(&ids[0], MESSAGE_CHUNK_NONE);
    }
    answer(&ids[0], MESSAGE_CHUNK_WANT); /* it fetches it */
    assert_int_equal(offers_continue(offers, &core), UINT64_MAX);
}

static void a_new_list_keeps_what_is_known(void **state)
{
    (void)state;
    struct gmm_id out[CHUNKS], gid;
    begin(3);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, out), 3);
    answer(&ids[1], MESSAGE_CHUNK);
    offers_stale(offers, &circle);
    assert_false(offers_due(offers, core.now_ms, &gid)); /* after a while */
    uint64_t due = offers_continue(offers, &core);
    assert_true(due > core.now_ms && due != UINT64_MAX);
    core.now_ms = due;
    list(5);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, out), 2);
    for (unsigned i = 0; i < 2; i++)
        assert_true(id_equal(&out[i], &ids[3]) || id_equal(&out[i], &ids[4]));
}

static void only_who_knows_that_it_relays(void **state)
{
    (void)state;
    struct gmm_id out[CHUNKS], gid;
    assert_int_equal(offers_open(offers, &relay.peer), GMM_OK);
    (void)offers_continue(offers, &core);
    assert_false(offers_due(offers, core.now_ms, &gid)); /* nobody relays */
    const struct run_key key = {.author = w.offices[0].sign_pk, .group = circle};
    struct logs_log *log = logs_get(core.logs, &key);
    assert_non_null(log);
    logs_persist(core.logs, log, &(struct logs_head){.seq = 0}, 7);
    name_relay(true);
    (void)offers_continue(offers, &core);
    list(1);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, out), 0);
    offers_acked(offers, 1, 6);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, out), 0);
    offers_acked(offers, 1, 7);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, out), 1);
    name_relay(false);
    (void)offers_continue(offers, &core);
    assert_false(offers_busy(offers, 1));
    answer(&ids[0], MESSAGE_CHUNK_NONE); /* too late */
    assert_int_equal(offers_continue(offers, &core), UINT64_MAX);
}

static void answers_nobody_asked_for(void **state)
{
    (void)state;
    struct gmm_id out[CHUNKS];
    const struct gmm_id other = {{1, 2, 3}};
    begin(1);
    answer(&ids[0], MESSAGE_CHUNK); /* before it was asked: not believed */
    answer(&other, MESSAGE_CHUNK_NONE);
    offers_heard(offers, &relay.peer, MESSAGE_CHUNK, (const uint8_t *)"\xff\xff", 2);
    offers_heard(offers, &relay.peer, MESSAGE_CHUNK_NONE, NULL, 0);
    (void)offers_continue(offers, &core);
    assert_int_equal(asked(&relay, out), 1);
    offers_gone(offers, 1);
    answer(&ids[0], MESSAGE_CHUNK);
    assert_int_equal(offers_continue(offers, &core), UINT64_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_relay_is_asked_for_each_so_many_at_once), TEST(who_lacks_one_is_asked_again_ever_more_seldom),
        TEST(a_new_list_keeps_what_is_known), TEST(only_who_knows_that_it_relays), TEST(answers_nobody_asked_for)};
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
