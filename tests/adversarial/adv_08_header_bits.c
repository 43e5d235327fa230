/* Adversarial test 8: flipping any bit of a header's 228 bytes invalidates its run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/run.h"
#include "tests/lib/world.h"

#define ENTRIES 3

static struct world w;
static struct run_key key;

static int setup(void **state)
{
    (void)state;
    struct gmm_id all;
    world_open(&w, NULL);
    world_gid_all(&w, &all);
    world_log_of(&w, 0, &all, &key);
    for (unsigned i = 0; i < ENTRIES; i++)
        world_append(&w, 0, &all, (uint16_t)(HEADER_DOCUMENT + i), "a body", 6);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* A run made of stored rows, one header changed: refused when it is made or when it is verified. */
static bool stands(const struct run_source *rows, const uint8_t *sig)
{
    struct run *run;
    struct verified_run *verified = NULL;
    if (run_make(&run, rows, ENTRIES, sig) == GMM_OK)
        run_verify(&verified, &run, &w.nid);
    bool stood = verified != NULL;
    verified_run_free(verified);
    run_free(run);
    return stood;
}

static void adv_08_any_bit_of_a_header(void **state)
{
    (void)state;
    struct run *good = world_run(&w, &key, 0, ENTRIES);
    struct run_source rows[ENTRIES];
    uint8_t header[HEADER_BYTES];
    for (unsigned i = 0; i < ENTRIES; i++)
        rows[i] = (struct run_source){w.entries[i].header, w.entries[i].body, w.entries[i].len};
    assert_true(stands(rows, good->sig));
    for (unsigned i = 0; i < ENTRIES; i++) {
        rows[i].header = header;
        for (unsigned bit = 0; bit < 8 * HEADER_BYTES; bit++) {
            memcpy(header, w.entries[i].header, HEADER_BYTES);
            header[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(stands(rows, good->sig));
        }
        rows[i].header = w.entries[i].header;
    }
    assert_true(stands(rows, good->sig));
    run_free(good);
}

/* The same on the wire, where most of a header is left out: nothing that is there may change, nor what is implied. */
static bool arrives(const uint8_t *wire, size_t len, const struct gmm_id *nid)
{
    struct run *run;
    struct verified_run *verified = NULL;
    struct gmm_id prev = {{0}};
    if (run_decode(&run, nid, &prev, wire, len) == GMM_OK)
        run_verify(&verified, &run, nid);
    bool stood = verified != NULL;
    verified_run_free(verified);
    run_free(run);
    return stood;
}

static void adv_08_any_bit_on_the_wire(void **state)
{
    (void)state;
    struct run *good = world_run(&w, &key, 0, ENTRIES);
    struct gmm_id nid = w.nid;
    struct buffer wire;
    buffer_init(&wire, LIMIT_RUN_BYTES);
    assert_int_equal(run_encode(&wire, good), GMM_OK);
    assert_true(arrives(wire.p, wire.len, &nid));
    for (size_t bit = 0; bit < 8 * wire.len; bit++) {
        wire.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(arrives(wire.p, wire.len, &nid));
        wire.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned bit = 0; bit < 256; bit++) {
        nid.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(arrives(wire.p, wire.len, &nid));
        nid.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_close(&wire);
    run_free(good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adv_08_any_bit_of_a_header),
        cmocka_unit_test(adv_08_any_bit_on_the_wire),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
