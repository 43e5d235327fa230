/* Adversarial test 10: a head's signature replayed for another group, instance or network fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/run.h"
#include "tests/lib/world.h"

static struct world w;
static struct run_key key;
static struct gmm_id all, other_group;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    world_gid_all(&w, &all);
    world_gid_thematic(&w, "capacity", &other_group);
    world_log_of(&w, 0, &all, &key);
    for (unsigned i = 0; i < 2; i++)
        world_append(&w, 0, &all, HEADER_DOCUMENT, "a body", 6);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* The bare signature, next to the entry that it was made for. */
static void adv_10_the_head_alone(void **state)
{
    (void)state;
    uint8_t sig[HASH_SIG_BYTES];
    const struct gmm_id *id = &w.entries[1].id;
    struct gmm_id other_network = w.nid;
    struct run_key other = key;
    run_head_sign(sig, w.offices[0].sign_sk, &w.nid, &key, 1, id);
    assert_int_equal(run_head_verify(sig, &w.nid, &key, 1, id), GMM_OK);
    other_network.b[31] ^= 1;
    assert_int_equal(run_head_verify(sig, &other_network, &key, 1, id), GMM_ESIGNATURE);
    other.group = other_group;
    assert_int_equal(run_head_verify(sig, &w.nid, &other, 1, id), GMM_ESIGNATURE);
    memset(&other.group, 0, sizeof other.group);
    assert_int_equal(run_head_verify(sig, &w.nid, &other, 1, id), GMM_ESIGNATURE);
    other = key;
    other.instance++;
    assert_int_equal(run_head_verify(sig, &w.nid, &other, 1, id), GMM_ESIGNATURE);
    assert_int_equal(run_head_verify(sig, &w.nid, &key, 0, id), GMM_ESIGNATURE);
    assert_int_equal(run_head_verify(sig, &w.nid, &key, 1, &w.entries[0].id), GMM_ESIGNATURE);
}

/* Whoever carries the run writes another log's name before it: the chain is rebuilt well, the signature is not for it.
 */
static void adv_10_the_run_under_another_name(void **state)
{
    (void)state;
    struct run *run = world_run(&w, &key, 0, 2), *read;
    struct verified_run *verified;
    struct gmm_id prev = {{0}}, other_network = w.nid;
    struct buffer wire;
    other_network.b[0] ^= 0x80;
    for (unsigned what = 0; what < 4; what++) {
        const struct gmm_id *nid = &w.nid;
        struct run_key named = key;
        if (what == 1)
            named.group = other_group;
        else if (what == 2)
            named.instance ^= 1;
        else if (what == 3)
            nid = &other_network;
        run->key = named;
        buffer_init(&wire, LIMIT_RUN_BYTES);
        assert_int_equal(run_encode(&wire, run), GMM_OK);
        assert_int_equal(run_decode(&read, nid, &prev, wire.p, wire.len), GMM_OK);
        assert_int_equal(run_verify(&verified, &read, nid), what == 0 ? GMM_OK : GMM_ESIGNATURE);
        verified_run_free(verified);
        run_free(read);
        buffer_close(&wire);
    }
    run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adv_10_the_head_alone),
        cmocka_unit_test(adv_10_the_run_under_another_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
