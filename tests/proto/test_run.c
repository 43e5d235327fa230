#include "proto/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/failmalloc.h"
#include "tests/lib/world.h"

/* Where things stand in the wire form. */
#define AT_FIRST_SEQ 72
#define AT_COUNT 80
#define AT_ENTRIES 82

static struct world w;
static struct run_key log_of_ilo;
static struct gmm_id gid;

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    world_gid_all(&w, &gid);
    world_log_of(&w, 0, &gid, &log_of_ilo);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

/* Sealed entries with bodies of rising length. */
static void write_entries(unsigned count)
{
    uint8_t body[600];
    for (unsigned i = 0; i < count; i++) {
        memset(body, (int)(i + 1), sizeof body);
        world_append(&w, 0, &gid, (uint16_t)(HEADER_DOCUMENT + i / 3), body, 1 + i % sizeof body);
    }
}

static struct buffer wire_of(const struct run *run)
{
    struct buffer wire;
    buffer_init(&wire, LIMIT_RUN_BYTES);
    assert_int_equal(run_encode(&wire, run), GMM_OK);
    return wire;
}

static enum gmm_err decode(const struct buffer *wire, struct run **run)
{
    return run_decode(run, &w.nid, &w.entries[0].id, wire->p, wire->len);
}

/* What a changed wire form decodes to. */
static enum gmm_err decoded(const struct buffer *wire)
{
    struct run *run;
    enum gmm_err err = decode(wire, &run);
    run_free(run);
    return err;
}

static void keys_compare(void **state)
{
    (void)state;
    struct run_key a = log_of_ilo, b = log_of_ilo;
    assert_int_equal(run_key_compare(&a, &b), 0);
    b.instance++;
    assert_true(run_key_compare(&a, &b) < 0 && run_key_compare(&b, &a) > 0);
    a.author.b[0] = 0xff;
    b.author.b[0] = 0;
    assert_true(run_key_compare(&a, &b) > 0);
    a.group.b[0] = 0;
    b.group.b[0] = 1;
    assert_true(run_key_compare(&a, &b) < 0);
}

static void rooms(void **state)
{
    (void)state;
    assert_int_equal(run_room(0), 256);
    assert_int_equal(run_room(1), 255);
    assert_int_equal(run_room(255), 1);
    assert_int_equal(run_room(256), 256);
    assert_int_equal(run_room(UINT64_MAX), 1);
}

static void heads(void **state)
{
    (void)state;
    uint8_t sig[HASH_SIG_BYTES], head[RUN_HEAD_BYTES];
    struct gmm_id id = w.nid;
    run_head_bytes(head, &log_of_ilo, 7, &id);
    assert_memory_equal(head, gid.b, 32);
    assert_memory_equal(head + 32, log_of_ilo.author.b, 32);
    assert_true(bytes_load_u64(head + 64) == WORLD_INSTANCE && bytes_load_u64(head + 72) == 7);
    assert_memory_equal(head + 80, id.b, 32);
    run_head_sign(sig, w.offices[0].sign_sk, &w.nid, &log_of_ilo, 7, &id);
    assert_int_equal(run_head_verify(sig, &w.nid, &log_of_ilo, 7, &id), GMM_OK);
    assert_int_equal(run_head_verify(sig, &w.nid, &log_of_ilo, 8, &id), GMM_ESIGNATURE);
    for (unsigned bit = 0; bit < 8 * sizeof sig; bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(run_head_verify(sig, &w.nid, &log_of_ilo, 7, &id), GMM_ESIGNATURE);
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void round_trip(void **state)
{
    (void)state;
    write_entries(256);
    struct run *made = world_run(&w, &log_of_ilo, 0, 256), *read;
    struct buffer wire = wire_of(made), again;
    struct run_key key;
    uint64_t first;
    uint32_t count;
    assert_int_equal(run_peek(&key, &first, &count, wire.p, wire.len), GMM_OK);
    assert_true(run_key_compare(&key, &log_of_ilo) == 0 && first == 0 && count == 256);
    assert_int_equal(decode(&wire, &read), GMM_OK);
    assert_true(run_key_compare(&read->key, &made->key) == 0 && read->first_seq == 0 && read->count == 256);
    for (unsigned i = 0; i < 256; i++) {
        const struct run_entry *e = &read->entries[i];
        assert_memory_equal(e->header, w.entries[i].header, HEADER_BYTES);
        assert_true(id_equal(&e->id, &w.entries[i].id) && id_equal(&made->entries[i].id, &e->id));
        assert_int_equal(e->body_len, w.entries[i].len);
        assert_memory_equal(e->body, w.entries[i].body, e->body_len);
    }
    again = wire_of(read);
    assert_int_equal(again.len, wire.len);
    assert_memory_equal(again.p, wire.p, wire.len);
    buffer_close(&again);
    buffer_close(&wire);
    run_free(read);

    struct verified_run *verified;
    assert_int_equal(run_verify(&verified, &made, &w.nid), GMM_OK);
    assert_null(made);
    assert_int_equal(verified_run_view(verified)->count, 256);
    verified_run_free(verified);
    verified_run_free(NULL);
    run_free(NULL);
}

/* A run from the middle of a log, its bodies left out: prev and hashes come from elsewhere. */
static void without_bodies(void **state)
{
    (void)state;
    write_entries(6);
    struct run *run = world_run(&w, &log_of_ilo, 2, 4), *read, *changed;
    for (unsigned i = 0; i < run->count; i++)
        run->entries[i].body = i == 1 ? run->entries[i].body : NULL;
    struct buffer wire = wire_of(run);
    struct verified_run *verified;
    assert_int_equal(run_decode(&read, &w.nid, &w.entries[1].id, wire.p, wire.len), GMM_OK);
    assert_null(read->entries[0].body);
    assert_int_equal(read->entries[3].body_len, 6);
    assert_memory_equal(read->entries[0].header, w.entries[2].header, HEADER_BYTES);
    assert_int_equal(run_verify(&verified, &read, &w.nid), GMM_OK);
    verified_run_free(verified);
    /* behind another entry it is another chain, and the head is not that chain's */
    assert_int_equal(run_decode(&changed, &w.nid, &w.entries[0].id, wire.p, wire.len), GMM_OK);
    assert_int_equal(run_verify(&verified, &changed, &w.nid), GMM_ESIGNATURE);
    assert_null(verified);
    assert_non_null(changed);
    run_free(changed);
    buffer_close(&wire);
    run_free(run);
}

static void rows_that_are_no_run(void **state)
{
    (void)state;
    uint8_t sig[HASH_SIG_BYTES] = {0}, bad[HEADER_BYTES];
    struct run_source rows[3];
    struct run *run;
    write_entries(3);
    for (unsigned i = 0; i < 3; i++)
        rows[i] = (struct run_source){w.entries[i].header, w.entries[i].body, w.entries[i].len};
    assert_int_equal(run_make(&run, rows, 0, sig), GMM_EFORMAT);
    assert_null(run);
    assert_int_equal(run_make(&run, rows, 257, sig), GMM_EFORMAT);
    rows[1].body_len++;
    assert_int_equal(run_make(&run, rows, 3, sig), GMM_EFORMAT);
    rows[1].body_len--;
    struct run_source gap[2] = {rows[0], rows[2]};
    assert_int_equal(run_make(&run, gap, 2, sig), GMM_EFORMAT);
    memcpy(bad, rows[1].header, sizeof bad);
    bad[104] ^= 1; /* the instance: another log */
    rows[1].header = bad;
    assert_int_equal(run_make(&run, rows, 3, sig), GMM_EFORMAT);
    bad[104] ^= 1;
    bad[0] = 9;
    assert_int_equal(run_make(&run, rows, 3, sig), GMM_EVERSION);
}

/* An entry with this seq and a body of len bytes, or none. */
static void row_at(struct run_source *row, uint8_t header[HEADER_BYTES], uint64_t seq, const uint8_t *body,
                   uint32_t len)
{
    struct header h;
    header_decode(&h, w.entries[0].header);
    h.seq = seq;
    h.time += seq;
    h.body_len = len;
    header_encode(header, &h);
    *row = (struct run_source){header, body, len};
}

static void blocks_and_sizes(void **state)
{
    (void)state;
    uint8_t headers[3][HEADER_BYTES], sig[HASH_SIG_BYTES] = {0};
    struct run_source rows[3];
    struct run *run;
    uint8_t *large = calloc(1, LIMIT_BODY_BYTES);
    assert_non_null(large);
    write_entries(1);
    /* 254 and 255 are one run; 255 and 256 are not, and no entry is numbered like an empty log */
    row_at(&rows[0], headers[0], 254, NULL, 1);
    row_at(&rows[1], headers[1], 255, NULL, 1);
    row_at(&rows[2], headers[2], 256, NULL, 1);
    assert_int_equal(run_make(&run, rows, 2, sig), GMM_OK);
    run_free(run);
    assert_int_equal(run_make(&run, rows + 1, 2, sig), GMM_EFORMAT);
    row_at(&rows[0], headers[0], UINT64_MAX, NULL, 1);
    assert_int_equal(run_make(&run, rows, 1, sig), GMM_EFORMAT);
    /* one largest body fits, two do not unless one is absent */
    row_at(&rows[0], headers[0], 0, large, LIMIT_BODY_BYTES);
    row_at(&rows[1], headers[1], 1, large, LIMIT_BODY_BYTES);
    assert_int_equal(run_make(&run, rows, 1, sig), GMM_OK);
    run_free(run);
    assert_int_equal(run_make(&run, rows, 2, sig), GMM_ELIMIT);
    rows[1].body = NULL;
    assert_int_equal(run_make(&run, rows, 2, sig), GMM_OK);
    run_free(run);
    free(large);
}

static void wire_is_strict(void **state)
{
    (void)state;
    write_entries(4);
    struct run *run = world_run(&w, &log_of_ilo, 0, 4);
    struct buffer wire = wire_of(run);
    uint8_t *p = wire.p;
    assert_int_equal(decoded(&wire), GMM_OK);
    for (size_t n = 0; n < wire.len; n++) {
        struct buffer cut = wire;
        cut.len = n;
        assert_int_equal(decoded(&cut), GMM_EFORMAT);
    }
    buffer_put_u8(&wire, 0);
    assert_int_equal(decoded(&wire), GMM_EFORMAT);
    wire.len--;
    p = wire.p;
    static const uint8_t first_tags[] = {0, 1, 2, 3 | 8, 3 | 128};
    for (size_t i = 0; i < sizeof first_tags; i++) {
        p[AT_ENTRIES] = first_tags[i];
        assert_int_equal(decoded(&wire), GMM_EFORMAT);
    }
    p[AT_ENTRIES] = 3;
    p[AT_COUNT + 1] = 0; /* no entries */
    assert_int_equal(decoded(&wire), GMM_EFORMAT);
    p[AT_COUNT] = 1; /* 256, far more than there are bytes for */
    assert_int_equal(decoded(&wire), GMM_EFORMAT);
    p[AT_COUNT + 1] = 1; /* 257 */
    assert_int_equal(decoded(&wire), GMM_EFORMAT);
    p[AT_COUNT] = 0;
    p[AT_COUNT + 1] = 4;
    p[AT_FIRST_SEQ + 7] = 253; /* 253 to 256 */
    assert_int_equal(decoded(&wire), GMM_EFORMAT);
    p[AT_FIRST_SEQ + 7] = 252;
    assert_int_equal(decoded(&wire), GMM_OK);
    memset(p + AT_FIRST_SEQ, 0xff, 8);
    assert_int_equal(decoded(&wire), GMM_EFORMAT);
    buffer_close(&wire);
    run_free(run);
}

/* A set bit of the tag that repeats the value before is another form of the same run. */
static void repeats_are_refused(void **state)
{
    (void)state;
    uint8_t body = 7;
    for (unsigned i = 0; i < 2; i++)
        world_append(&w, 0, &gid, HEADER_NOTE, &body, 1);
    struct run *run = world_run(&w, &log_of_ilo, 0, 2);
    struct buffer wire = wire_of(run), longer;
    const size_t second = AT_ENTRIES + 1 + 2 + 4 + 8 + 32 + 4 + 1;
    assert_int_equal(wire.p[second], 0);
    for (unsigned tag = 1; tag <= 2; tag++) {
        buffer_init(&longer, LIMIT_RUN_BYTES);
        buffer_put(&longer, wire.p, second);
        buffer_put_u8(&longer, (uint8_t)tag);
        if (tag == 1)
            buffer_put(&longer, wire.p + AT_ENTRIES + 1, 6);
        buffer_put(&longer, wire.p + second + 1, 8);
        if (tag == 2)
            buffer_put(&longer, wire.p + AT_ENTRIES + 15, 32);
        buffer_put(&longer, wire.p + second + 9, wire.len - second - 9);
        assert_int_equal(decoded(&longer), GMM_EFORMAT);
        buffer_close(&longer);
    }
    buffer_close(&wire);
    run_free(run);
}

static void too_long_a_wire(void **state)
{
    (void)state;
    struct run *run;
    uint8_t *bytes = calloc(1, LIMIT_RUN_BYTES + 1);
    assert_non_null(bytes);
    failmalloc_count();
    assert_int_equal(run_decode(&run, &w.nid, &w.nid, bytes, LIMIT_RUN_BYTES + 1), GMM_ELIMIT);
    bytes[AT_COUNT] = 1; /* 256 entries in 200 bytes: refused before anything is allocated */
    assert_int_equal(run_decode(&run, &w.nid, &w.nid, bytes, 200), GMM_EFORMAT);
    failmalloc_off();
    assert_int_equal(failmalloc_calls(), 0);
    free(bytes);
}

static void peek_is_strict(void **state)
{
    (void)state;
    write_entries(1);
    struct run *run = world_run(&w, &log_of_ilo, 0, 1);
    struct buffer wire = wire_of(run);
    struct run_key key;
    uint64_t first;
    uint32_t count;
    for (size_t n = 0; n < AT_ENTRIES; n++)
        assert_int_equal(run_peek(&key, &first, &count, wire.p, n), GMM_EFORMAT);
    assert_int_equal(run_peek(&key, &first, &count, wire.p, AT_ENTRIES), GMM_OK);
    wire.p[AT_COUNT + 1] = 0;
    assert_int_equal(run_peek(&key, &first, &count, wire.p, wire.len), GMM_EFORMAT);
    buffer_close(&wire);
    run_free(run);
}

/* Makes a run of the first three entries with entry i's header as edit leaves it, chain and head made anew: only what
 * the edit breaks is wrong. */
static enum gmm_err verify_edited(unsigned i, void (*edit)(struct header *h), const struct gmm_id *nid)
{
    uint8_t headers[3][HEADER_BYTES], sig[HASH_SIG_BYTES];
    struct run_source rows[3];
    struct gmm_id prev;
    struct run *run;
    struct verified_run *verified;
    for (unsigned k = 0; k < 3; k++) {
        struct header h;
        header_decode(&h, w.entries[k].header);
        if (k > 0)
            h.prev = prev;
        if (k == i && edit != NULL)
            edit(&h);
        header_encode(headers[k], &h);
        header_id(&prev, headers[k]);
        rows[k] = (struct run_source){headers[k], w.entries[k].body, w.entries[k].len};
    }
    run_head_sign(sig, w.offices[0].sign_sk, nid, &log_of_ilo, 2, &prev);
    enum gmm_err err = run_make(&run, rows, 3, sig);
    assert_int_equal(err, GMM_OK);
    err = run_verify(&verified, &run, nid);
    verified_run_free(verified);
    run_free(run);
    return err;
}

static void same_time(struct header *h)
{
    header_decode(h, w.entries[0].header);
    h->seq = 1;
    h->prev = w.entries[0].id;
    h->body_len = w.entries[1].len;
    header_body_hash(&h->body_hash, w.entries[1].body, w.entries[1].len);
}

static void end_of_time(struct header *h)
{
    h->time = UINT64_MAX;
}

static void other_prev(struct header *h)
{
    h->prev.b[5] ^= 1;
}

static void other_network(struct header *h)
{
    h->network.b[5] ^= 1;
}

static void other_body(struct header *h)
{
    h->body_hash.b[5] ^= 1;
}

static void verify_errors(void **state)
{
    (void)state;
    write_entries(3);
    struct gmm_id elsewhere = w.nid;
    elsewhere.b[0] ^= 1;
    assert_int_equal(verify_edited(0, NULL, &w.nid), GMM_OK);
    assert_int_equal(verify_edited(0, NULL, &elsewhere), GMM_ENETWORK);
    assert_int_equal(verify_edited(1, same_time, &w.nid), GMM_EORDER);
    assert_int_equal(verify_edited(2, end_of_time, &w.nid), GMM_EORDER);
    assert_int_equal(verify_edited(0, other_prev, &w.nid), GMM_EORDER);
    assert_int_equal(verify_edited(1, other_prev, &w.nid), GMM_EORDER);
    assert_int_equal(verify_edited(2, other_network, &w.nid), GMM_ENETWORK);
    assert_int_equal(verify_edited(1, other_body, &w.nid), GMM_EFORMAT);
}

static void signature_is_needed(void **state)
{
    (void)state;
    write_entries(3);
    struct verified_run *verified;
    struct run *run = world_run(&w, &log_of_ilo, 0, 3);
    run->sig[63] ^= 1;
    assert_int_equal(run_verify(&verified, &run, &w.nid), GMM_ESIGNATURE);
    assert_non_null(run);
    memset(run->sig, 0, sizeof run->sig);
    assert_int_equal(run_verify(&verified, &run, &w.nid), GMM_ESIGNATURE);
    /* the head of an earlier entry proves nothing behind it */
    run_head_sign(run->sig, w.offices[0].sign_sk, &w.nid, &log_of_ilo, 1, &w.entries[1].id);
    assert_int_equal(run_verify(&verified, &run, &w.nid), GMM_ESIGNATURE);
    run_free(run);
}

static void memory_ends(void **state)
{
    (void)state;
    write_entries(3);
    struct run *run = world_run(&w, &log_of_ilo, 0, 3), *read;
    struct buffer wire = wire_of(run);
    struct verified_run *verified;
    long i = 0;
    for (;; i++) {
        failmalloc_at(i);
        enum gmm_err err = decode(&wire, &read);
        if (!failmalloc_off()) {
            assert_int_equal(err, GMM_OK);
            break;
        }
        assert_int_equal(err, GMM_ENOMEM);
        assert_null(read);
    }
    assert_true(i > 0);
    failmalloc_at(0);
    assert_int_equal(run_verify(&verified, &read, &w.nid), GMM_ENOMEM);
    assert_true(failmalloc_off());
    assert_non_null(read);
    run_free(read);

    struct run_source rows[3];
    for (unsigned k = 0; k < 3; k++)
        rows[k] = (struct run_source){w.entries[k].header, w.entries[k].body, w.entries[k].len};
    failmalloc_at(0);
    assert_int_equal(run_make(&read, rows, 3, run->sig), GMM_ENOMEM);
    assert_true(failmalloc_off());
    struct buffer small;
    buffer_init(&small, 100);
    assert_int_equal(run_encode(&small, run), GMM_ELIMIT);
    buffer_close(&small);
    buffer_close(&wire);
    run_free(run);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(keys_compare),        TEST(rooms),          TEST(heads),
        TEST(round_trip),          TEST(without_bodies), TEST(rows_that_are_no_run),
        TEST(blocks_and_sizes),    TEST(wire_is_strict), TEST(repeats_are_refused),
        TEST(too_long_a_wire),     TEST(peek_is_strict), TEST(verify_errors),
        TEST(signature_is_needed), TEST(memory_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
