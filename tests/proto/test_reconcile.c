/* Two sides that compare by ranges both hold the union at the end, for a bounded price, and a peer that lies gets no
 * more out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/reconcile.h"
#include "tests/lib/comparison.h"
#include "tests/lib/failmalloc.h"

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static void draw_salt(uint8_t salt[MESSAGE_RANGES_SALT])
{
    for (size_t i = 0; i < MESSAGE_RANGES_SALT; i++)
        salt[i] = (uint8_t)draw(256);
}

static void make_different(struct comparison_log *log)
{
    unsigned side = (unsigned)draw(2);
    switch (draw(4)) {
    case 0:
        log->next[side] = 0;
        break;
    case 1:
        log->next[side] += 1 + draw(1000);
        break;
    case 2:
        log->branch[side] = (uint8_t)(log->branch[1 - side] + 1);
        break;
    default:
        log->branch[side] = (uint8_t)(log->branch[1 - side] + 1);
        log->next[side] += draw(5);
    }
}

/* Whoever holds more has told it; of two branches of one length both have. */
static bool all_told(const struct comparison *before, const struct comparison *after)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct comparison_log *was = &before->logs[i], *is = &after->logs[i];
        bool fork = was->next[0] == was->next[1] && was->branch[0] != was->branch[1] && was->next[0] > 0;
        if ((was->next[0] > was->next[1] || fork) && !is->told[0])
            return false;
        if ((was->next[1] > was->next[0] || fork) && !is->told[1])
            return false;
        if (is->next[0] != is->next[1])
            return false;
    }
    return true;
}

/* How often sets of so many are split before lists come. */
static size_t levels(size_t count)
{
    size_t n = 1;
    for (; count > MESSAGE_RANGES_LIST; count /= MESSAGE_RANGES_PARTS)
        n++;
    return n;
}

static void play_at_random(size_t most, size_t differences)
{
    struct comparison c, before;
    struct comparison_cost cost;
    uint8_t salt[MESSAGE_RANGES_SALT];
    draw_salt(salt);
    comparison_new(&c, draw(most + 1), 1 + draw(20), 1 + draw(1000), draw(UINT64_MAX));
    for (size_t i = 0; i < differences && c.count > 0; i++)
        make_different(&c.logs[draw(c.count)]);
    before = c;
    before.logs = malloc((c.count + 1) * sizeof *c.logs);
    assert_non_null(before.logs);
    memcpy(before.logs, c.logs, c.count * sizeof *c.logs);
    size_t apart = comparison_differences(&c);
    comparison_play(&c, salt, draw(2) == 0, &cost);
    assert_true(all_told(&before, &c));
    assert_true(cost.heads <= 2 * apart);
    assert_true(cost.rounds <= levels(c.count) + 5);
    assert_true(cost.bytes <= 1000 + apart * (levels(c.count) * MESSAGE_RANGES_RANGE_MAX + 300));
    comparison_free(&c);
    comparison_free(&before);
}

static void test_both_hold_the_union(void **state)
{
    (void)state;
    random_state = 1;
    for (unsigned i = 0; i < 200; i++)
        play_at_random(i < 100 ? 100 : 3000, draw(2) == 0 ? draw(4) : draw(300));
}

static void test_one_side_is_empty(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {1};
    for (unsigned empty = 0; empty < 2; empty++) {
        struct comparison c;
        struct comparison_cost cost;
        comparison_new(&c, 500, 5, 3, 1);
        for (size_t i = 0; i < c.count; i++)
            c.logs[i].next[empty] = 0;
        comparison_play(&c, salt, false, &cost);
        assert_int_equal(comparison_differences(&c), 0);
        assert_int_equal(cost.heads, 500);
        assert_true(cost.rounds <= 3);
        comparison_free(&c);
    }
}

/* A whole group that one side has just come to: little more than its heads. */
static void test_a_group_that_one_side_lacks(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {2};
    struct comparison c;
    struct comparison_cost cost;
    comparison_new(&c, 5000, 12, 3, 1);
    size_t lacking = 0;
    for (size_t i = 0; i < c.count; i++)
        if (id_equal(&c.logs[i].key.group, &c.logs[0].key.group)) {
            c.logs[i].next[1] = 0;
            lacking++;
        }
    comparison_play(&c, salt, false, &cost);
    assert_int_equal(cost.heads, lacking);
    assert_int_equal(comparison_differences(&c), 0);
    assert_true(cost.bytes < 3000);
    comparison_free(&c);
}

static void cost_of(size_t count, uint64_t entries, size_t differences, bool whole, struct comparison_cost *cost)
{
    struct comparison c;
    uint8_t salt[MESSAGE_RANGES_SALT] = {3};
    comparison_new(&c, count, 10, entries, 7);
    for (size_t i = 0; i < differences; i++)
        c.logs[i * (count / differences)].next[0]++;
    comparison_play(&c, salt, whole, cost);
    assert_int_equal(comparison_differences(&c), 0);
    comparison_free(&c);
}

static void test_what_the_price_depends_on(void **state)
{
    (void)state;
    struct comparison_cost small, large;
    /* not on history */
    cost_of(1000, 1, 10, false, &small);
    cost_of(1000, 100000000, 10, false, &large);
    assert_int_equal(small.bytes, large.bytes);
    assert_int_equal(small.rounds, large.rounds);
    /* of the same sets, not on their size */
    cost_of(100, 1, 0, true, &small);
    cost_of(10000, 1, 0, true, &large);
    assert_int_equal(small.bytes, large.bytes);
    assert_int_equal(large.rounds, 2);
    assert_true(large.bytes < 100);
    assert_int_equal(large.heads, 0);
    /* little on the number of logs */
    cost_of(1000, 1, 10, false, &small);
    cost_of(16000, 1, 10, false, &large);
    assert_true(large.bytes < small.bytes + 10u * (MESSAGE_RANGES_RANGE_MAX + 200));
    assert_true(large.bytes + large.head_bytes < comparison_head_bytes(16000) / 100);
}

/* Hostile peers */

struct victim {
    struct reconcile *r;
    struct buffer said; /* its last round */
    size_t bytes, told, messages;
    uint32_t asked; /* ranges that its last round asks for */
};

static void on_send(void *context, struct buffer *payload)
{
    struct victim *v = context;
    assert_int_equal(payload->failed, GMM_OK);
    v->bytes += payload->len;
    v->messages++;
    buffer_put_u32(&v->said, (uint32_t)payload->len);
    buffer_put(&v->said, payload->p, payload->len);
    assert_int_equal(v->said.failed, GMM_OK);
    buffer_close(payload);
}

static void on_tell(void *context, size_t ref, bool asked)
{
    (void)ref;
    (void)asked;
    ((struct victim *)context)->told++;
}

static void victim_open(struct victim *v, size_t logs, const uint8_t salt[MESSAGE_RANGES_SALT])
{
    struct comparison c;
    const struct reconcile_sink sink = {v, on_send, on_tell};
    memset(v, 0, sizeof *v);
    comparison_new(&c, logs, 4, 2, 11);
    v->r = comparison_side(&c, 0, salt);
    comparison_free(&c);
    buffer_init(&v->said, SIZE_MAX);
    reconcile_open(v->r, false, &sink);
}

static void victim_close(struct victim *v)
{
    buffer_close(&v->said);
    reconcile_free(v->r);
}

static enum gmm_err hear(struct victim *v, const struct buffer *payload)
{
    const struct reconcile_sink sink = {v, on_send, on_tell};
    struct message_ranges message;
    enum gmm_err err = message_ranges_decode(&message, payload->p, payload->len);
    assert_int_equal(err, GMM_OK);
    assert_true(reconcile_expects(v->r, &message));
    return reconcile_take(v->r, &message, &sink);
}

/* What a liar says: messages of up to 1,024 ranges. */
struct liar {
    struct victim *victim;
    uint8_t round;
    const uint8_t *salt;
    struct buffer out;
    uint16_t count;
};

static void lie(struct liar *l, const struct message_range *range)
{
    if (l->count == MESSAGE_RANGES_MAX) {
        message_ranges_end(&l->out, l->count, false);
        assert_int_equal(hear(l->victim, &l->out), GMM_OK);
        buffer_close(&l->out);
        message_ranges_begin(&l->out, l->round, l->salt);
        l->count = 0;
    }
    message_ranges_put(&l->out, range);
    l->count++;
}

/* As finely as it may, with sums out of the air. */
static void lie_split(struct liar *l, uint32_t from, uint32_t upto)
{
    uint8_t parts[MESSAGE_RANGES_PARTS * MESSAGE_RANGES_PART];
    struct message_range split = {MESSAGE_RANGE_SPLIT, from, upto, 0, parts};
    uint64_t width = (uint64_t)upto - from + 1;
    for (uint64_t i = 0; i < MESSAGE_RANGES_PARTS; i++) {
        uint64_t end = from + width * (i + 1) / MESSAGE_RANGES_PARTS;
        if (width < MESSAGE_RANGES_PARTS && i + 1 < MESSAGE_RANGES_PARTS)
            continue;
        uint8_t *part = parts + split.count++ * MESSAGE_RANGES_PART;
        for (size_t k = 0; k < MESSAGE_RANGES_PART; k++)
            part[k] = (uint8_t)draw(256);
        bytes_store_u32(part, (uint32_t)(end - 1));
    }
    lie(l, &split);
}

static void lie_need(struct liar *l, uint32_t from, uint32_t upto)
{
    uint8_t mark[MESSAGE_RANGES_MARK];
    for (size_t k = 0; k < sizeof mark; k++)
        mark[k] = (uint8_t)draw(256);
    struct message_range need = {MESSAGE_RANGE_NEED, from, upto, 1, mark};
    lie(l, &need);
}

/* A lie for everything that the victim's round asks. */
static void lie_round(struct victim *v, uint8_t round, const uint8_t *salt)
{
    struct liar l = {.victim = v, .round = round, .salt = salt};
    struct buffer said = v->said;
    struct bytes_in in;
    buffer_init(&v->said, SIZE_MAX);
    buffer_init(&l.out, MESSAGE_RANGES_BYTES_MAX);
    message_ranges_begin(&l.out, round, salt);
    bytes_in_init(&in, said.p, said.len);
    while (in.left > 0) {
        uint32_t len = bytes_get_u32(&in);
        struct message_ranges message;
        struct message_range range;
        assert_int_equal(message_ranges_decode(&message, bytes_take(&in, len), len), GMM_OK);
        while (message_ranges_next(&message, &range)) {
            uint32_t from = range.from, upto = range.upto;
            if (range.kind == MESSAGE_RANGE_LIST)
                lie_need(&l, from, upto);
            for (size_t i = 0; range.kind == MESSAGE_RANGE_SPLIT && i < range.count; i++, from = upto + 1) {
                message_range_part(&range, i, &upto);
                lie_split(&l, from, upto);
            }
        }
    }
    buffer_close(&said);
    message_ranges_end(&l.out, l.count, true);
    assert_int_equal(hear(v, &l.out), GMM_OK);
    buffer_close(&l.out);
}

static void test_endless_lies_end(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {4};
    const size_t logs = 2000;
    struct victim v;
    random_state = 2;
    victim_open(&v, logs, salt);
    unsigned rounds = 0;
    for (uint8_t round = 1; !reconcile_done(v.r); round += 2, rounds++) {
        assert_true(round <= MESSAGE_RANGES_ROUND_MAX);
        lie_round(&v, round, salt);
    }
    assert_true(rounds <= levels(logs) + 2);
    assert_true(v.told <= logs);
    assert_true(v.bytes < logs * 1000);
    victim_close(&v);
}

static void begin(struct buffer *out, uint8_t round, const uint8_t *salt)
{
    buffer_init(out, MESSAGE_RANGES_BYTES_MAX);
    message_ranges_begin(out, round, salt);
}

static void test_more_ranges_than_were_asked_for(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {5};
    struct victim v;
    struct buffer out;
    victim_open(&v, 500, salt); /* asks for 16 */
    begin(&out, 1, salt);
    for (uint32_t i = 0; i < 16; i++) {
        struct message_range list = {MESSAGE_RANGE_LIST, 10 * i, 10 * i + 1, 0, (const uint8_t *)""};
        message_ranges_put(&out, &list);
    }
    message_ranges_end(&out, 16, false);
    assert_int_equal(hear(&v, &out), GMM_OK);
    buffer_close(&out);
    begin(&out, 1, salt);
    struct message_range list = {MESSAGE_RANGE_LIST, 1000, UINT32_MAX, 0, (const uint8_t *)""};
    message_ranges_put(&out, &list);
    message_ranges_end(&out, 1, true);
    size_t told = v.told;
    assert_int_equal(hear(&v, &out), GMM_EFORMAT);
    assert_int_equal(v.told, told);
    buffer_close(&out);
    victim_close(&v);
}

/* A list is not answered by a finer question: that could go on as long as there are places. */
static void test_a_list_is_answered_by_needs(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {5}, part[MESSAGE_RANGES_PART] = {0xff, 0xff, 0xff, 0xff, 1};
    struct victim v;
    struct buffer out;
    victim_open(&v, 20, salt);
    begin(&out, 1, salt);
    struct message_range split = {MESSAGE_RANGE_SPLIT, 0, UINT32_MAX, 1, part};
    message_ranges_put(&out, &split);
    message_ranges_end(&out, 1, true);
    assert_int_equal(hear(&v, &out), GMM_EFORMAT);
    buffer_close(&out);
    victim_close(&v);
}

static void test_ranges_that_fall_back(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {6};
    struct victim v;
    struct buffer out;
    victim_open(&v, 500, salt);
    for (unsigned i = 0; i < 2; i++) {
        begin(&out, 1, salt);
        struct message_range list = {MESSAGE_RANGE_LIST, 10, 20, 0, (const uint8_t *)""};
        message_ranges_put(&out, &list);
        message_ranges_end(&out, 1, false);
        assert_int_equal(hear(&v, &out), i == 0 ? GMM_OK : GMM_EFORMAT);
        buffer_close(&out);
    }
    victim_close(&v);
}

/* Marks that nobody made are asked for, and nothing of ours is told for them twice. */
static void test_a_list_of_lies(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {7}, marks[2 * MESSAGE_RANGES_MARK] = {1};
    struct victim v;
    struct buffer out;
    marks[MESSAGE_RANGES_MARK] = 2;
    victim_open(&v, 500, salt);
    begin(&out, 1, salt);
    struct message_range list = {MESSAGE_RANGE_LIST, 0, UINT32_MAX, 2, marks};
    message_ranges_put(&out, &list);
    message_ranges_end(&out, 1, true);
    buffer_cut(&v.said, 0);
    assert_int_equal(hear(&v, &out), GMM_OK);
    assert_int_equal(v.told, 500);
    buffer_close(&out);
    struct message_ranges message;
    struct message_range need;
    assert_int_equal(message_ranges_decode(&message, v.said.p + 4, v.said.len - 4), GMM_OK);
    assert_int_equal(message.round, 2);
    assert_true(message_ranges_next(&message, &need));
    assert_int_equal(need.kind, MESSAGE_RANGE_NEED);
    assert_int_equal(need.count, 2);
    /* the same again in its next round is more than was asked for */
    begin(&out, 3, salt);
    message_ranges_put(&out, &list);
    message_ranges_end(&out, 1, true);
    assert_int_equal(hear(&v, &out), GMM_EFORMAT);
    assert_int_equal(v.told, 500);
    buffer_close(&out);
    victim_close(&v);
}

static void test_what_belongs_to_another_comparison(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {8}, other[MESSAGE_RANGES_SALT] = {9};
    struct victim v;
    struct buffer out;
    struct message_ranges message;
    victim_open(&v, 50, salt);
    assert_true(reconcile_unanswered(v.r));
    begin(&out, 1, other);
    message_ranges_end(&out, 0, true);
    assert_int_equal(message_ranges_decode(&message, out.p, out.len), GMM_OK);
    assert_false(reconcile_expects(v.r, &message));
    buffer_close(&out);
    begin(&out, 3, salt);
    message_ranges_end(&out, 0, true);
    assert_int_equal(message_ranges_decode(&message, out.p, out.len), GMM_OK);
    assert_false(reconcile_expects(v.r, &message));
    buffer_close(&out);
    begin(&out, 1, salt);
    message_ranges_end(&out, 0, true);
    assert_int_equal(hear(&v, &out), GMM_OK);
    assert_true(reconcile_done(v.r));
    buffer_close(&out);
    victim_close(&v);
}

static void test_no_memory(void **state)
{
    (void)state;
    uint8_t salt[MESSAGE_RANGES_SALT] = {10};
    struct run_key key = {.instance = 1};
    struct gmm_id id = {{1}};
    failmalloc_at(0);
    assert_null(reconcile_new(salt));
    failmalloc_off();
    struct reconcile *r = reconcile_new(salt);
    assert_non_null(r);
    failmalloc_at(0);
    assert_int_equal(reconcile_add(r, &key, 0, &id, 0), GMM_ENOMEM);
    failmalloc_off();
    assert_int_equal(reconcile_add(r, &key, 0, &id, 0), GMM_OK);
    assert_int_equal(reconcile_count(r), 1);
    reconcile_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_hold_the_union),
        cmocka_unit_test(test_one_side_is_empty),
        cmocka_unit_test(test_a_group_that_one_side_lacks),
        cmocka_unit_test(test_what_the_price_depends_on),
        cmocka_unit_test(test_endless_lies_end),
        cmocka_unit_test(test_more_ranges_than_were_asked_for),
        cmocka_unit_test(test_a_list_is_answered_by_needs),
        cmocka_unit_test(test_ranges_that_fall_back),
        cmocka_unit_test(test_a_list_of_lies),
        cmocka_unit_test(test_what_belongs_to_another_comparison),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
