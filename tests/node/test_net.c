/* Listening at the limit of connections: who comes then waits, and is taken once there is room. */
#include <limits.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/net_state.h"
#include "node/sys.h"
#include "tests/node/office_fixture.h"

#define LIMIT_MS 60000u
#define TURNS 50 /* of the loop, in which nothing may happen */

static uv_loop_t loop;
static struct office ilo;
static struct net *net;
static uint16_t port;

static int make(void **state)
{
    struct gmm_msg msg = {.text = ""};
    char address[256];
    (void)state;
    uv_loop_init(&loop);
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Global Migration Group");
    assert_int_equal(net_open(&net, ilo.node, &loop), GMM_OK);
    if (net_listen(net, "127.0.0.1:0", address, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    port = (uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    net_close(net);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    ilo.node->net = NULL;
    office_drop(&ilo);
    return 0;
}

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)(const void *)&to, sizeof to), 0);
    return fd;
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Turns of the loop, each of which ends soon, until so many connections have been taken in all. */
static bool turns_until(uint32_t taken, int max)
{
    uv_timer_t tick;
    uint64_t until = sys_now_ms() + LIMIT_MS;
    uv_timer_init(&loop, &tick);
    uv_timer_start(&tick, on_tick, 1, 1);
    for (int i = 0; net->next_conn != taken && i < max && sys_now_ms() < until; i++)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    return net->next_conn == taken;
}

static void test_limit_of_connections(void **state)
{
    (void)state;
    int first = dial();
    assert_true(turns_until(1, INT_MAX));
    net->conn_count += LIMIT_CONNECTIONS - 1; /* as if there were so many */
    int second = dial(), third = dial();
    assert_false(turns_until(2, TURNS));
    close(first);
    assert_true(turns_until(2, INT_MAX));
    assert_int_equal(net->conn_count, LIMIT_CONNECTIONS);
    assert_false(turns_until(3, TURNS));
    close(second);
    assert_true(turns_until(3, INT_MAX));
    net->conn_count -= LIMIT_CONNECTIONS - 1;
    int last = dial();
    assert_true(turns_until(4, INT_MAX));
    close(third);
    close(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_limit_of_connections, make, drop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
