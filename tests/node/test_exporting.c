/* Exports step by step: the test itself makes the steps, and other things happen in between. */
#include "node/bundlepeer.h"
#include "node/call.h"
#include "node/commands.h"
#include "node/content.h"
#include "node/dispatch.h"
#include "node/exporting.h"
#include "node/net.h"
#include "node/stepwise.h"

#include "tests/node/carrying_fixture.h"

#define STEPS_MAX 100000u
#define ATTACHED 3000000u

static struct office ilo, iom;
static uv_loop_t loop;
static struct net *net;
static struct {
    unsigned answers;
    enum gmm_err err;
    size_t offices;
    uint64_t entries, chunks;
} heard, other;

static void on_event(void *arg, json_t *event)
{
    (void)arg;
    (void)event;
}

static void on_done(void *arg, enum gmm_err err, json_t *reply)
{
    (void)arg;
    (void)reply;
    other.answers++;
    other.err = err;
}

static const struct call_ops ops = {on_event, on_done};

/* Answered as a command would; what it says is kept. */
static void on_exported(struct node *node, struct call *call, enum gmm_err err, const struct exporting_result *result,
                        const struct gmm_msg *msg)
{
    (void)node;
    (void)msg;
    heard.answers++;
    heard.err = err;
    heard.offices = result->count;
    heard.entries = result->count == 0 ? 0 : result->sums[0].entries;
    heard.chunks = result->count == 0 ? 0 : result->sums[0].chunks;
    call_reply(call, json_true());
}

static int make(void **state)
{
    (void)state;
    carrying_clock(CARRYING_START_MS);
    memset(&heard, 0, sizeof heard);
    memset(&other, 0, sizeof other);
    office_init(&ilo, "ilo", "hq", IDENTITY_MEMBER);
    office_init(&iom, "iom", "hq", IDENTITY_MEMBER);
    office_found(&ilo, "Test Group");
    office_admit(&ilo, &iom, NULL);
    uv_loop_init(&loop);
    assert_int_equal(net_open(&net, ilo.node, &loop), GMM_OK);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    net_close(net);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    ilo.node->net = NULL;
    office_drop(&iom);
    office_drop(&ilo);
    return 0;
}

/* The file of the export stays the test's. */
static struct call *begin(int fd, enum bundleout_base base)
{
    const struct gmm_id to = iom.node->keystore->sign_pk;
    int own = dup(fd);
    struct call *call = call_new("bundle export", json_pack("{s:{s:i,s:s}}", "file", "fd", 0, "name", "61"), &own, 1,
                                 "amina", CONFIG_ADMIN, &ops, NULL);
    assert_non_null(call);
    exporting_start(ilo.node, call, &to, 1, base, UINT64_C(1) << 40, on_exported);
    return call;
}

/* A step; where the disk is waited for, the loop goes round. False: there is nothing more to do. */
static bool step(void)
{
    while (ilo.node->stepwise != NULL && ilo.node->stepwise->waits)
        uv_run(&loop, UV_RUN_ONCE);
    return ilo.node->stepwise != NULL && (stepwise_slice(ilo.node) || ilo.node->stepwise != NULL);
}

static unsigned to_its_end(void)
{
    unsigned steps = 0;
    while (step())
        assert_true(++steps < STEPS_MAX);
    return steps;
}

static struct gmm_id post(unsigned n)
{
    char text[64];
    snprintf(text, sizeof text, "paper %u\n", n);
    return posting_post(&ilo, text, NULL, NULL, NULL, NULL);
}

static struct gmm_id post_attached(void)
{
    uint8_t *bytes = malloc(ATTACHED);
    assert_non_null(bytes);
    for (size_t i = 0; i < ATTACHED; i++)
        bytes[i] = (uint8_t)((i * 2654435761u) >> 13);
    struct post_file attachment = {.fd = posting_file(bytes, ATTACHED), .name = "big.bin"};
    struct gmm_id id =
        posting_publish(&ilo, (struct post_request){.attachments = &attachment, .attachment_count = 1}, "with more\n");
    close(attachment.fd);
    free(bytes);
    return id;
}

static bool has(struct office *o, const struct gmm_id *id)
{
    struct projection_item item;
    if (projection_get(o->node->projection, id, &item) != GMM_OK)
        return false;
    projection_item_close(&item);
    return true;
}

static uint64_t next_number(void)
{
    struct bundlepeer peer;
    assert_int_equal(bundlepeer_load(&peer, ilo.node->store, &iom.node->keystore->sign_pk), GMM_OK);
    uint64_t next = peer.next;
    bundlepeer_close(&peer);
    return next;
}

/* Between any two steps a command is answered and something is posted: the bundle is that of its beginning, whole for
 * its reader; the next one has the rest. */
static void test_between_steps(void **state)
{
    struct bundlein_sum sum = {.entries = 0};
    struct gmm_id first[40], later[STEPS_MAX / 1000u];
    unsigned steps = 0, count = 0;
    int fd = posting_file("", 0);
    (void)state;
    for (unsigned n = 0; n < 40; n++)
        first[n] = post(n);
    struct gmm_id attached = post_attached();
    (void)begin(fd, BUNDLEOUT_HELD);
    assert_int_equal(heard.answers, 0);
    assert_int_equal(next_number(), 1);
    for (; step(); steps++) {
        assert_int_equal(heard.answers, 0);
        assert_int_equal(next_number(), 1); /* nothing counts before all is on the disk */
        dispatch_call(ilo.node, call_new("list", json_pack("{s:i}", "limit", 5), NULL, 0, "amina",
                                         CONFIG_READ | CONFIG_ADMIN, &ops, NULL));
        assert_int_equal(other.answers, steps + 1);
        assert_int_equal(other.err, GMM_OK);
        if (count < sizeof later / sizeof later[0])
            later[count++] = post(100 + steps);
    }
    assert_int_equal(heard.answers, 1);
    assert_int_equal(heard.err, GMM_OK);
    assert_int_equal(next_number(), 2);
    assert_true(steps > heard.chunks && heard.chunks > 0);
    carrying_take(&iom, fd, &sum);
    assert_int_equal(sum.waiting, 0);
    assert_int_equal(sum.cut_off, 0);
    assert_int_equal(sum.chunks, heard.chunks);
    for (unsigned n = 0; n < 40; n++)
        assert_true(has(&iom, &first[n]));
    assert_true(has(&iom, &attached));
    assert_false(has(&iom, &later[count - 1]));
    /* With --since-last: what the first one had is not carried again, what came meanwhile is. */
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    (void)begin(fd, BUNDLEOUT_SENT);
    (void)to_its_end();
    assert_int_equal(heard.answers, 2);
    assert_int_equal(heard.chunks, 0);
    assert_true(heard.entries >= 1 && heard.entries < 40 + count);
    sum = (struct bundlein_sum){.entries = 0};
    carrying_take(&iom, fd, &sum);
    assert_int_equal(sum.waiting, 0);
    for (unsigned n = 0; n < count; n++)
        assert_true(has(&iom, &later[n]));
    close(fd);
}

/* After each number of steps the client goes: nothing is remembered, and what stands in the file brings no harm. */
static void test_client_gone(void **state)
{
    (void)state;
    struct gmm_id id = post(1), attached = post_attached();
    unsigned all = 0;
    for (unsigned steps = 0; steps == 0 || all == 0; steps += 3) {
        struct bundlein_sum sum = {.entries = 0};
        int fd = posting_file("", 0);
        struct call *call = begin(fd, BUNDLEOUT_SENT);
        unsigned n = 0;
        while (n < steps && step())
            n++;
        if (n < steps) { /* it was over before */
            all = n;
            close(fd);
            break;
        }
        call_abandon(call);
        (void)to_its_end();
        assert_null(ilo.node->stepwise);
        assert_int_equal(next_number(), 1);
        if (lseek(fd, 0, SEEK_END) > 0)
            carrying_take(&iom, fd, &sum);
        close(fd);
    }
    assert_true(all > 3);
    assert_int_equal(next_number(), 2);
    assert_int_equal(heard.err, GMM_OK);
    carrying_bundle(&ilo, &iom);
    assert_true(has(&iom, &id));
    assert_true(has(&iom, &attached));
}

/* Who stops the node is told; a second export waits its turn. */
static void test_closing(void **state)
{
    int fd = posting_file("", 0);
    (void)state;
    (void)post(1);
    (void)begin(fd, BUNDLEOUT_HELD);
    (void)begin(fd, BUNDLEOUT_HELD);
    assert_true(step());
    assert_int_equal(heard.answers, 0);
    stepwise_close(ilo.node);
    assert_int_equal(heard.answers, 2);
    assert_int_equal(heard.err, GMM_ECLOSED);
    assert_int_equal(next_number(), 1);
    close(fd);
}

int main(void)
{
    commands_use();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_between_steps, make, drop),
        cmocka_unit_test_setup_teardown(test_client_gone, make, drop),
        cmocka_unit_test_setup_teardown(test_closing, make, drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
