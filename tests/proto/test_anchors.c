#include "proto/anchors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"

static struct anchors *a;
static uint32_t number;
static long fail_at; /* allocation of the next one taken that fails; −1: none */

static int setup(void **state)
{
    (void)state;
    a = anchors_new();
    number = 0;
    fail_at = -1;
    return a == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    anchors_free(a);
    return 0;
}

static struct gmm_id id_of(uint32_t value)
{
    struct gmm_id id = {{0}};
    bytes_store_u32(id.b, value);
    return id;
}

static struct run_key key_of(uint32_t author, uint64_t instance)
{
    return (struct run_key){.author = id_of(author), .instance = instance};
}

static struct header header_of(uint32_t author, uint64_t seq)
{
    return (struct header){
        .type = HEADER_GROUP_ANCHOR, .author = id_of(author), .instance = 1, .seq = seq, .time = (seq + 1) << 16};
}

static enum gmm_err add_body(const struct header *h, uint32_t id, const struct buffer *body)
{
    struct gmm_id name = id_of(id);
    assert_int_equal(body->failed, GMM_OK);
    if (fail_at >= 0)
        failmalloc_at(fail_at);
    return anchors_add(a, h, &name, body->p, body->len);
}

/* Office `author` says at `seq` of its log that it holds the log of `of` up to `at`. */
static enum gmm_err add(uint32_t author, uint64_t seq, uint32_t of, uint64_t at, uint32_t id)
{
    const struct control_anchor_head head = {.author = id_of(of), .instance = 7, .seq = at, .id = id_of(9000)};
    const struct control_anchor_source source = {.heads = &head, .count = 1};
    const struct header h = header_of(author, seq);
    struct buffer body;
    buffer_init(&body, 4096);
    control_anchor_encode(&body, &source);
    enum gmm_err err = add_body(&h, id, &body);
    buffer_close(&body);
    return err;
}

static size_t points(uint32_t of)
{
    struct run_key key = key_of(of, 7);
    const struct anchors_log *log = anchors_find(a, &key);
    size_t live = 0;
    for (size_t i = 0; log != NULL && i < log->point_count; i++)
        live += !log->points[i].record->dropped;
    return live;
}

static void many_logs(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 300; i++)
        for (uint64_t seq = 3; seq > 0; seq--)
            assert_int_equal(add(i, seq, 1000 + i % 150, seq * 10, ++number), GMM_OK);
    for (uint32_t i = 0; i < 150; i++)
        assert_int_equal(points(1000 + i), 6);
    assert_int_equal(points(999), 0);
    assert_int_equal(anchors_log_count(a), 450);
    assert_null(anchors_log_at(a, 450));
    for (uint32_t i = 0; i < 300; i++) {
        struct run_key key = key_of(i, 1);
        const struct anchors_log *log = anchors_find(a, &key);
        assert_int_equal(log->record_count, 3);
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(log->records[k]->seq, k + 1); /* in order, whichever came first */
    }
    struct gmm_id id = id_of(17), none = id_of(5000);
    assert_true(id_equal(&anchors_record(a, &id)->id, &id));
    assert_null(anchors_record(a, &none));
}

static void once(void **state)
{
    (void)state;
    add(1, 4, 50, 3, 77);
    add(1, 4, 50, 3, 77);
    assert_int_equal(points(50), 1);
    struct run_key key = key_of(1, 1);
    assert_int_equal(anchors_find(a, &key)->record_count, 1);
}

static void dropped_and_again(void **state)
{
    (void)state;
    struct run_key key = key_of(1, 1), other = key_of(88, 1);
    for (uint64_t seq = 0; seq < 5; seq++)
        add(1, seq, 50, seq, (uint32_t)(100 + seq));
    anchors_drop(a, &other, 0);
    anchors_drop(a, &key, 3);
    assert_int_equal(points(50), 3);
    struct gmm_id id = id_of(103);
    assert_null(anchors_record(a, &id));
    add(1, 3, 50, 3, 103);
    assert_int_equal(points(50), 4);
    assert_non_null(anchors_record(a, &id));
    assert_int_equal(anchors_find(a, &key)->record_count, 4);
    anchors_drop(a, &key, 0);
    assert_int_equal(points(50), 0);
}

static void holders_and_reports(void **state)
{
    (void)state;
    const struct gmm_id ids[] = {id_of(5), id_of(6)};
    static const uint8_t marks[] = {3};
    const struct control_anchor_source source = {ids, 2, marks, 1, NULL, 0};
    struct header h = header_of(1, 0);
    struct buffer body;
    buffer_init(&body, 4096);
    control_anchor_encode(&body, &source);
    assert_int_equal(add_body(&h, 1, &body), GMM_OK);
    buffer_close(&body);
    const struct anchors_record *r = anchors_record(a, (const struct gmm_id[]){id_of(1)});
    assert_true(r->holder_count == 2 && r->mark_len == 1 && r->marks[0] == 3 && id_equal(&r->holders[1], &ids[1]));
    control_report_encode(&body, ids, 2);
    h.seq = 1;
    assert_int_equal(add_body(&h, 2, &body), GMM_OK);
    r = anchors_record(a, (const struct gmm_id[]){id_of(2)});
    assert_true(r->report_count == 2 && r->holder_count == 0 && id_equal(&r->holders[0], &ids[0]));
    h.seq = 2;
    h.type = HEADER_ANCHOR; /* no report stands in a control log */
    assert_int_equal(add_body(&h, 3, &body), GMM_OK);
    assert_null(anchors_record(a, (const struct gmm_id[]){id_of(3)}));
    body.p[0] = 9;
    h.type = HEADER_GROUP_ANCHOR;
    assert_int_equal(add_body(&h, 4, &body), GMM_OK); /* malformed: kept in the log, says nothing */
    assert_null(anchors_record(a, (const struct gmm_id[]){id_of(4)}));
    buffer_close(&body);
}

/* Changes made only by anchors are not anchored. */
static void the_last_that_is_no_anchor(void **state)
{
    (void)state;
    struct run_key key = key_of(1, 1), other = key_of(2, 1);
    uint64_t seq;
    assert_true(anchors_solid(a, &other, 4, &seq) && seq == 4);
    add(1, 3, 50, 3, 1);
    add(1, 5, 50, 3, 2);
    add(1, 6, 50, 3, 3);
    assert_true(anchors_solid(a, &key, 6, &seq) && seq == 4);
    assert_true(anchors_solid(a, &key, 5, &seq) && seq == 4);
    assert_true(anchors_solid(a, &key, 3, &seq) && seq == 2);
    assert_true(anchors_solid(a, &key, 7, &seq) && seq == 7);
    assert_true(anchors_solid(a, &key, 4, &seq) && seq == 4);
    add(2, 0, 50, 3, 4);
    add(2, 1, 50, 3, 5);
    assert_false(anchors_solid(a, &other, 1, &seq));
}

static void without_memory(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 70; round++)
        for (fail_at = 0;; fail_at++) {
            enum gmm_err err = add(round, 0, 500 + round, 3, 1000 + round);
            if (!failmalloc_off()) {
                assert_int_equal(err, GMM_OK);
                break;
            }
            assert_int_equal(err, GMM_ENOMEM);
            assert_int_equal(points(500 + round), 0);
        }
    failmalloc_at(1);
    struct anchors *none = anchors_new();
    assert_true(failmalloc_off() && none == NULL);
    anchors_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(many_logs),
        TEST(once),
        TEST(dropped_and_again),
        TEST(holders_and_reports),
        TEST(the_last_that_is_no_anchor),
        TEST(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
