/* The newcomer's way over loopback: two offices on one loop. */
#include "node/net.h"
#include "node/sys.h"

#include "tests/node/office_fixture.h"

#define LIMIT_MS 60000u

static uv_loop_t loop;
static struct office ilo, iom;
static struct net *ilo_net, *iom_net;
static char address[256];
static struct invites_entry invite;

static void on_walk(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static int make(void **state)
{
    struct gmm_msg msg = {.text = ""};
    (void)state;
    uv_loop_init(&loop);
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Global Migration Group");
    assert_int_equal(net_open(&ilo_net, ilo.node, &loop), GMM_OK);
    assert_int_equal(net_open(&iom_net, iom.node, &loop), GMM_OK);
    if (net_listen(ilo_net, "127.0.0.1:0", address, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    invites_entry_close(&invite);
    net_close(ilo_net);
    net_close(iom_net);
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_walk(&loop, on_walk, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    uv_loop_close(&loop);
    ilo.node->net = iom.node->net = NULL;
    office_drop(&iom);
    office_drop(&ilo);
    return 0;
}

static void invite_here(const char *at)
{
    struct gmm_msg msg = {.text = ""};
    const char *const addresses[] = {at};
    const struct invites_terms terms = {.valid_ms = INVITES_VALID_MS, .address_count = 1, .addresses = addresses};
    if (invites_make(ilo.node, &terms, &invite, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
}

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Runs the loop until this is true. */
static bool run_until(bool (*done)(void))
{
    uv_timer_t tick;
    uint64_t until = sys_now_ms() + LIMIT_MS;
    uv_timer_init(&loop, &tick);
    uv_timer_start(&tick, on_tick, 10, 10);
    while (!done() && sys_now_ms() < until)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&tick, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    return done();
}

static unsigned answers_seen;

static bool is_answered(void)
{
    struct joining_report report;
    joining_report(iom.node, &report);
    return report.state == JOINING_NONE || report.answers > answers_seen || report.state == JOINING_REFUSED;
}

static bool is_active(void)
{
    struct joining_report report;
    joining_report(iom.node, &report);
    return report.state == JOINING_NONE && node_is_active(iom.node);
}

static bool is_synced(void)
{
    struct net_peer peers[4];
    size_t count = net_peers(iom_net, peers, 4);
    return count > 0 && peers[0].state == NET_CONNECTED && peers[0].synced && engine_idle(iom.node->engine);
}

static bool is_closed(void)
{
    struct net_join joins[1];
    return net_joins(iom_net, joins, 1) == 1 && joins[0].state == NET_JOIN_CLOSED;
}

static void ask(void)
{
    struct gmm_msg msg = {.text = ""};
    size_t dialled = 0;
    if (joining_start(iom.node, &invite.invite, "Amina", &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    assert_int_equal(joining_ask(iom.node, &dialled), GMM_OK);
    assert_int_equal(dialled, 1);
}

static void test_the_way(void **state)
{
    (void)state;
    struct requests_list list;
    struct requests_judged judged;
    struct gmm_msg msg = {.text = ""};
    invite_here(address);
    answers_seen = 0;
    ask();
    assert_true(run_until(is_answered));
    assert_int_equal(requests_pending(ilo.node, &list), GMM_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(requests_judge(ilo.node, list.rows[0].bytes, list.rows[0].len, &judged, NULL, &msg), GMM_OK);
    if (requests_admit(ilo.node, list.rows[0].bytes, list.rows[0].len, &judged, NULL, &msg) != GMM_OK)
        fail_msg("%s", msg.text);
    requests_judged_close(&judged);
    requests_list_close(&list);
    ask();
    assert_true(run_until(is_active));
    assert_true(run_until(is_synced));
    assert_int_equal(engine_view(iom.node->engine)->participant_count, 2);
    assert_false(iom.node->keystore->root_provisional);
}

static void test_nobody_there(void **state)
{
    (void)state;
    invite_here("127.0.0.1:1");
    ask();
    assert_true(run_until(is_closed));
    struct net_join join;
    assert_int_equal(net_joins(iom_net, &join, 1), 1);
    assert_true(join.why[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_way, make, drop),
        cmocka_unit_test_setup_teardown(test_nobody_there, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
