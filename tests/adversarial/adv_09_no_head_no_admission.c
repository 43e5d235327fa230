/* Adversarial test 9, the gate's half: a run without a signed head is never admitted, and leaves no trace in the
 * tables. Only what run_verify gives can be handed to the gate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/gate.h"
#include "tests/lib/world.h"

static struct world w;
static struct logs *logs;
static struct run_key key;

static int setup(void **state)
{
    (void)state;
    struct gmm_id all;
    world_open(&w, NULL);
    logs = logs_new();
    world_gid_all(&w, &all);
    world_log_of(&w, 0, &all, &key);
    world_join(&w, "iom", IDENTITY_MEMBER);
    for (unsigned i = 0; i < 4; i++)
        world_append(&w, 0, &all, HEADER_DOCUMENT, "a body", 6);
    return logs == NULL;
}

static int teardown(void **state)
{
    (void)state;
    logs_free(logs);
    world_close(&w);
    return 0;
}

/* From the wire through the gate; what does not verify never reaches it. */
static enum gmm_err take_in(const struct run *run)
{
    struct gmm_id prev = {{0}};
    struct run *read = NULL;
    struct verified_run *verified = NULL;
    struct admitted *admitted = NULL;
    struct buffer wire;
    buffer_init(&wire, LIMIT_RUN_BYTES);
    assert_int_equal(run_encode(&wire, run), GMM_OK);
    enum gmm_err err = run_decode(&read, &w.nid, &prev, wire.p, wire.len);
    if (err == GMM_OK)
        err = run_verify(&verified, &read, &w.nid);
    if (err == GMM_OK)
        err = gate_admit(&admitted, &verified, logs, w.directory, w.now_ms);
    admitted_free(admitted);
    verified_run_free(verified);
    run_free(read);
    buffer_close(&wire);
    return err;
}

static void adv_09_without_a_signed_head(void **state)
{
    (void)state;
    struct run *run = world_run(&w, &key, 0, 4);
    uint8_t good[HASH_SIG_BYTES];
    const struct world_entry *last = &w.entries[w.entry_count - 1], *earlier = last - 1;
    memcpy(good, run->sig, sizeof good);
    /* none at all */
    memset(run->sig, 0, sizeof run->sig);
    assert_int_equal(take_in(run), GMM_ESIGNATURE);
    /* by another office, certified and admitted */
    run_head_sign(run->sig, w.offices[1].sign_sk, &w.nid, &key, last->seq, &last->id);
    assert_int_equal(take_in(run), GMM_ESIGNATURE);
    /* of an earlier entry: the tail behind it is unsigned */
    run_head_sign(run->sig, w.offices[0].sign_sk, &w.nid, &key, earlier->seq, &earlier->id);
    assert_int_equal(take_in(run), GMM_ESIGNATURE);
    /* under the number of another entry */
    run_head_sign(run->sig, w.offices[0].sign_sk, &w.nid, &key, earlier->seq, &last->id);
    assert_int_equal(take_in(run), GMM_ESIGNATURE);
    assert_int_equal(logs_count(logs), 0);
    assert_null(logs_find(logs, &key));
    memcpy(run->sig, good, sizeof good);
    assert_int_equal(take_in(run), GMM_OK);
    assert_true(logs_find(logs, &key)->admitted.seq == 3);
    run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(adv_09_without_a_signed_head)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
