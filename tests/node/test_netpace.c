#include "node/netpace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/peer.h"

#define NO_SOCKET (-1) /* the kernel says nothing of it */

static void test_no_limit(void **state)
{
    struct netpace p;
    uint64_t again = 0;
    (void)state;
    netpace_init(&p, NO_SOCKET);
    assert_int_equal(p.room, PEER_ROOM_FIRST);
    for (unsigned i = 0; i < 1000; i++) {
        size_t n = netpace_out(&p, NO_SOCKET, 5, &again);
        assert_true(n >= PEER_ROOM_FIRST);
        netpace_wrote(&p, n);
        assert_int_equal(netpace_read(&p, 1u << 20, 5), 0);
    }
    assert_int_equal(again, 0);
}

/* Over ten seconds no more goes than the rate and one burst; and no less than nearly the rate, whenever it is asked. */
static void test_out(void **state)
{
    struct netpace p;
    uint64_t now = 1000, end = 11000, sent = 0;
    (void)state;
    netpace_init(&p, NO_SOCKET);
    netpace_limit(&p, 8000, 0, now);
    while (now < end) {
        uint64_t again = 0;
        size_t n = netpace_out(&p, NO_SOCKET, now, &again);
        if (n == 0) {
            assert_true(again > now && again < now + 1000);
            now = again;
            continue;
        }
        assert_true(n <= 2000);
        netpace_wrote(&p, n);
        sent += n;
    }
    assert_in_range(sent, 75000, 84000);
    assert_int_equal(netpace_room(&p, NO_SOCKET, now), 4000);
    netpace_limit(&p, 0, 0, now);
    assert_true(netpace_out(&p, NO_SOCKET, now, &now) > 0);
}

static void test_in(void **state)
{
    struct netpace p;
    uint64_t now = 1000, end = 21000, got = 0;
    (void)state;
    netpace_init(&p, NO_SOCKET);
    netpace_limit(&p, 0, 100000, now);
    while (now < end) {
        got += 65536; /* whatever lies there is read whole */
        uint64_t again = netpace_read(&p, 65536, now);
        assert_true(again == 0 || again > now);
        now = again == 0 ? now : again;
    }
    assert_in_range(got, 1900000, 2200000);
}

/* After a pause no more than one burst has been saved up, and a clock that stands still gives nothing. */
static void test_pause(void **state)
{
    struct netpace p;
    uint64_t again = 0;
    (void)state;
    netpace_init(&p, NO_SOCKET);
    netpace_limit(&p, 40000, 0, 0);
    size_t n = netpace_out(&p, NO_SOCKET, 1000000, &again);
    assert_in_range(n, 1, 10000);
    netpace_wrote(&p, n);
    assert_int_equal(netpace_out(&p, NO_SOCKET, 1000000, &again), 0);
    assert_true(again > 1000000);
}

static void test_memory(void **state)
{
    static struct netpace_memory memory;
    struct netpace p, q;
    struct gmm_id office = {{1}};
    (void)state;
    netpace_init(&p, NO_SOCKET);
    assert_false(netpace_recall(&memory, &office, &p));
    netpace_keep(&memory, &office, &p); /* nothing says that it is slow */
    assert_false(netpace_recall(&memory, &office, &p));
    netpace_limit(&p, 6000, 0, 0);
    assert_int_equal(netpace_room(&p, NO_SOCKET, 1), 3000);
    netpace_keep(&memory, &office, &p);
    netpace_init(&q, NO_SOCKET);
    assert_true(netpace_recall(&memory, &office, &q));
    assert_int_equal(q.room, 3000);
    for (uint8_t other = 2; other < 2 + NETPACE_KEPT; other++) {
        assert_true(netpace_recall(&memory, &office, &q));
        netpace_keep(&memory, &(struct gmm_id){{other}}, &p);
    }
    assert_false(netpace_recall(&memory, &office, &q)); /* the oldest goes first */
    office.b[0] = 3;
    netpace_init(&q, NO_SOCKET);
    netpace_keep(&memory, &office, &q); /* it is fast by now */
    assert_false(netpace_recall(&memory, &office, &q));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_no_limit), cmocka_unit_test(test_out),
                                       cmocka_unit_test(test_in), cmocka_unit_test(test_pause),
                                       cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
