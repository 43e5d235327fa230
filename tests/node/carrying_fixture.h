/* Offices that hand each other bundles, and the clock that they all go by. */
#ifndef GMM_TESTS_CARRYING_FIXTURE_H
#define GMM_TESTS_CARRYING_FIXTURE_H

#include "node/bundlein.h"
#include "node/bundleout.h"
#include "tests/node/posting_fixture.h"

#define CARRYING_START_MS UINT64_C(1395144000000) /* 18 March 2014 */

/* Set before the first office is made, and only forwards. It goes on from there. */
static inline void carrying_clock(uint64_t ms)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)ms);
    setenv("GMM_TEST_CLOCK", text, 1);
}

/* What stands in this file, from its beginning, is taken in: *sum. */
static inline void carrying_take(struct office *to, int fd, struct bundlein_sum *sum)
{
    struct gmm_msg msg = {.text = ""};
    enum gmm_err err = GMM_OK;
    struct bundlein *in = bundlein_new(to->node, sum);
    assert_true(in != NULL);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    bundlein_file(in, fd);
    for (bool done = false; err == GMM_OK && !done;)
        err = bundlein_step(in, &done, &msg);
    for (bool done = false; err == GMM_OK && !done;)
        err = bundlein_settle(in, &done);
    if (err != GMM_OK)
        fail_msg("%s: %s", gmm_err_name(err), msg.text);
    assert_int_equal(sum->refused, 0);
    bundlein_free(in);
}

/* All that `from` has and `to` may have. */
static inline void carrying_bundle(struct office *from, struct office *to)
{
    struct gmm_msg msg = {.text = ""};
    struct bundleout_sum out_sum;
    struct bundlein_sum in_sum = {.entries = 0};
    const uint64_t *sizes;
    uint32_t files;
    int fd = posting_file("", 0);
    const struct view_office *office = view_office(engine_view(from->node->engine), &to->node->keystore->sign_pk);
    struct bundleout *out = bundleout_new(from->node, fd, UINT64_C(1) << 40);
    assert_true(office != NULL && out != NULL);
    enum gmm_err err = bundleout_office(out, office, BUNDLEOUT_NOTHING, &out_sum, &msg);
    for (bool done = false; err == GMM_OK && !done;)
        err = bundleout_step(out, &done, &msg);
    if (err == GMM_OK)
        err = bundleout_end(out, &sizes, &files);
    if (err == GMM_OK)
        err = bundleout_remember(out);
    if (err == GMM_OK)
        err = node_flush(from->node);
    if (err != GMM_OK)
        fail_msg("%s: %s", gmm_err_name(err), msg.text);
    carrying_take(to, fd, &in_sum);
    bundleout_free(out);
    close(fd);
}

/* A TICK: what is due. */
static inline void carrying_tick(struct office *o)
{
    struct engine_event tick = {.kind = ENGINE_TICK};
    assert_int_equal(node_step(o->node, &tick), GMM_OK);
    assert_int_equal(node_flush(o->node), GMM_OK);
}

#endif
