/* Pieces asked for, taken and served: one office, its peers, and what goes over the wire between them. */
#include "proto/fetch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/chunk.h"
#include "keys/secret.h"
#include "tests/proto/ends_fixture.h"

#define PIECE_BYTES 10000u
#define SILENT_MS 60000u
#define STALL_MS 1800000u
#define PEERS 3u

static struct world w;
static struct core core;
static struct fetch *fetch;
static struct gmm_id all;
static struct end ends[PEERS]; /* 0: iom, 1: wb, 2: unu, which is in no circle */
static uint8_t piece[PIECE_BYTES];
static struct gmm_id piece_id;

static struct keystore self; /* ours: ilo */

static int setup(void **state)
{
    (void)state;
    world_open(&w, NULL);
    const unsigned offices[PEERS] = {world_join(&w, "iom", IDENTITY_MEMBER), world_join(&w, "wb", IDENTITY_MEMBER),
                                     world_join(&w, "unu", IDENTITY_OBSERVER)};
    world_gid_all(&w, &all);
    self.sign_pk = w.offices[0].sign_pk;
    core = (struct core){.keystore = &self,
                         .nid = w.nid,
                         .fold = w.fold,
                         .logs = logs_new(),
                         .effects = effects_new(),
                         .now_ms = w.now_ms};
    fetch = fetch_new();
    assert_true(core.logs != NULL && core.effects != NULL && fetch != NULL);
    for (uint32_t i = 0; i < PEERS; i++)
        end_open(&ends[i], &w, i + 1, offices[i]);
    for (size_t i = 0; i < sizeof piece; i++)
        piece[i] = (uint8_t)(i * 7 + i / 256);
    chunk_id(&piece_id, &w.nid, &all, piece, sizeof piece);
    assert_non_null(world_view(&w));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fetch_free(fetch);
    for (size_t i = 0; i < PEERS; i++)
        end_close(&ends[i]);
    logs_free(core.logs);
    take_close(&core.take);
    effects_free(core.effects);
    world_close(&w);
    return 0;
}

/* ---- what the driver and the peers do */

static struct effect *effect_of(enum effect_kind kind)
{
    for (size_t i = 0; i < effects_count(core.effects); i++)
        if (effects_at(core.effects, i)->kind == kind)
            return effects_at(core.effects, i);
    return NULL;
}

/* A step: what came out of the one before is gone. */
static uint64_t go_on(void)
{
    effects_reset(core.effects);
    return fetch_continue(fetch, &core);
}

static void want_in(const struct gmm_id *gid, const struct gmm_id *id, bool demand)
{
    const struct engine_event event = {.as.want = {.gid = *gid, .ids = id, .count = 1, .demand = demand}};
    assert_int_equal(fetch_want(fetch, &core, &event), GMM_OK);
}

/* What is staged of it is asked for first: nothing, or the beginning. */
static void staged(size_t len)
{
    const struct effect *load = effect_of(EFFECT_LOAD_CHUNK);
    assert_true(load != NULL && load->as.chunk.staged);
    assert_true(fetch_loaded(fetch, &core, load->ticket, len == 0 ? NULL : piece, len, len == 0 ? 0 : PIECE_BYTES));
    go_on();
}

/* Was this peer asked for the piece, from an offset? */
static void assert_asked(struct end *end, uint32_t offset)
{
    struct session_item item;
    struct message_chunk_wants wants;
    struct message_chunk_place place;
    assert_int_equal(end_said(end, &item), MESSAGE_CHUNK_WANT);
    assert_int_equal(message_chunk_want_decode(&wants, item.payload, item.len), GMM_OK);
    assert_true(wants.count == 1 && id_equal(&wants.gid, &all));
    message_chunk_want_at(&wants, 0, &place);
    assert_true(id_equal(&place.id, &piece_id));
    assert_int_equal(place.offset, offset);
}

static bool is_silent(struct end *end)
{
    struct session_item item;
    return end_said(end, &item) == 0;
}

static enum gmm_err answer(struct end *end, const uint8_t *bytes, uint32_t total, uint32_t offset, size_t len)
{
    const struct message_chunk part = {
        .gid = all, .id = piece_id, .total = total, .offset = offset, .data = bytes + offset, .data_len = len};
    struct buffer out;
    buffer_init(&out, LIMIT_MESSAGE_BYTES);
    assert_int_equal(message_chunk_encode(&out, &part), GMM_OK);
    enum gmm_err err = fetch_message(fetch, &core, &end->peer, MESSAGE_CHUNK, out.p, out.len);
    buffer_close(&out);
    return err;
}

static enum gmm_err answer_none(struct end *end)
{
    struct buffer out;
    buffer_init(&out, 4096);
    assert_int_equal(message_chunk_none_encode(&out, &all, &piece_id, 1), GMM_OK);
    enum gmm_err err = fetch_message(fetch, &core, &end->peer, MESSAGE_CHUNK_NONE, out.p, out.len);
    buffer_close(&out);
    return err;
}

static enum gmm_err asks_us(struct end *end, const struct gmm_id *gid, const struct gmm_id *id, uint32_t offset)
{
    const struct message_chunk_place place = {*id, offset};
    struct buffer out;
    buffer_init(&out, 4096);
    assert_int_equal(message_chunk_want_encode(&out, gid, &place, 1), GMM_OK);
    enum gmm_err err = fetch_message(fetch, &core, &end->peer, MESSAGE_CHUNK_WANT, out.p, out.len);
    buffer_close(&out);
    return err;
}

static void assert_told_none(struct end *end, const struct gmm_id *id)
{
    struct session_item item;
    struct message_chunk_none none;
    assert_int_equal(end_said(end, &item), MESSAGE_CHUNK_NONE);
    assert_int_equal(message_chunk_none_decode(&none, item.payload, item.len), GMM_OK);
    const struct gmm_id told = message_chunk_none_at(&none, 0);
    assert_true(none.count == 1 && id_equal(&told, id));
}

/* Wanted, nothing staged, asked of iom alone. */
static void ask_iom(void)
{
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    want_in(&all, &piece_id, false);
    go_on();
    staged(0);
    assert_asked(&ends[0], 0);
}

/* ---- asking and taking */

static void taken_in_parts_and_stored(void **state)
{
    (void)state;
    uint64_t got, total;
    ask_iom();
    effects_reset(core.effects);
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 0, 4000), GMM_OK);
    assert_null(effect_of(EFFECT_STORE));
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 0, 4000), GMM_OK); /* said twice, it counts once */
    fetch_progress(fetch, &got, &total);
    assert_true(got == 4000 && total == PIECE_BYTES && fetch_busy(fetch, 1));
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 4000, 6000), GMM_OK);
    const struct effect *store = effect_of(EFFECT_STORE);
    assert_non_null(store);
    assert_true(store->as.store.has_chunk && !store->as.store.chunk_is_body && !store->as.store.chunk_staged);
    assert_true(store->as.store.chunk_len == PIECE_BYTES && id_equal(&store->as.store.chunk_id, &piece_id));
    assert_memory_equal(store->as.store.chunk, piece, PIECE_BYTES);
    assert_false(store->as.store.chunk_unchecked);
    effects_reset(core.effects);
    assert_true(fetch_wanted(fetch) == 1 && fetch_busy(fetch, 1)); /* until it is persisted */
    fetch_persisted(fetch, &core, &all, &piece_id, GMM_OK);
    assert_true(fetch_wanted(fetch) == 0 && !fetch_busy(fetch, 1));
    assert_true(effect_of(EFFECT_CHUNK_HERE) != NULL && !effect_of(EFFECT_CHUNK_HERE)->as.chunk.body);
}

static void bytes_of_another_piece_are_not_taken(void **state)
{
    (void)state;
    uint8_t other[PIECE_BYTES];
    memcpy(other, piece, sizeof other);
    other[PIECE_BYTES - 1] ^= 1;
    ask_iom();
    effects_reset(core.effects);
    assert_int_equal(answer(&ends[0], other, PIECE_BYTES, 0, PIECE_BYTES), GMM_ESIGNATURE);
    assert_null(effect_of(EFFECT_STORE));
    assert_int_equal(fetch_wanted(fetch), 1);
}

static void its_size_does_not_change(void **state)
{
    (void)state;
    ask_iom();
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 0, 4000), GMM_OK);
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES - 1, 4000, 1000), GMM_EFORMAT);
}

static void only_what_was_asked_of_it(void **state)
{
    (void)state;
    ask_iom();
    assert_int_equal(fetch_open(fetch, &ends[1].peer), GMM_OK);
    effects_reset(core.effects);
    assert_int_equal(answer(&ends[1], piece, PIECE_BYTES, 0, PIECE_BYTES), GMM_OK); /* nobody asked wb */
    assert_null(effect_of(EFFECT_STORE));
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 4000, 6000), GMM_OK); /* the beginning is missing */
    assert_null(effect_of(EFFECT_STORE));
    assert_int_equal(answer(&ends[2], piece, PIECE_BYTES, 0, 1), GMM_ESTATE); /* no session */
}

static void goes_on_from_what_was_staged(void **state)
{
    (void)state;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    want_in(&all, &piece_id, false);
    go_on();
    staged(3000);
    assert_asked(&ends[0], 3000);
    effects_reset(core.effects);
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 3000, 7000), GMM_OK);
    assert_true(effect_of(EFFECT_STORE) != NULL && effect_of(EFFECT_STORE)->as.store.chunk_staged);
}

/* What came by several connections and does not fit is nobody's fault; it begins anew. */
static void staged_bytes_that_do_not_fit(void **state)
{
    (void)state;
    uint8_t other[PIECE_BYTES];
    memcpy(other, piece, sizeof other);
    other[PIECE_BYTES - 1] ^= 1;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    want_in(&all, &piece_id, false);
    go_on();
    staged(3000);
    assert_asked(&ends[0], 3000);
    effects_reset(core.effects);
    assert_int_equal(answer(&ends[0], other, PIECE_BYTES, 3000, 7000), GMM_OK);
    const struct effect *dropped = effect_of(EFFECT_STAGE);
    assert_true(dropped != NULL && dropped->bytes == NULL && effect_of(EFFECT_STORE) == NULL);
    go_on();
    staged(0);
    assert_asked(&ends[0], 0);
}

static void staged_whole(void)
{
    const struct effect *load = effect_of(EFFECT_LOAD_CHUNK);
    assert_true(load != NULL && load->as.chunk.staged);
    assert_true(fetch_loaded(fetch, &core, load->ticket, piece, PIECE_BYTES, PIECE_BYTES));
}

/* It was written down, and the process was killed before its store was committed: nobody is asked for it. */
static void goes_on_from_all_of_it(void **state)
{
    (void)state;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    want_in(&all, &piece_id, false);
    go_on();
    staged_whole();
    const struct effect *store = effect_of(EFFECT_STORE);
    assert_true(store != NULL && store->as.store.has_chunk && store->as.store.chunk_len == PIECE_BYTES);
    assert_memory_equal(store->as.store.chunk, piece, PIECE_BYTES);
    assert_true(is_silent(&ends[0]));
    fetch_persisted(fetch, &core, &all, &piece_id, GMM_OK);
    assert_int_equal(fetch_wanted(fetch), 0);
}

/* A loss of power left a file of other bytes: it goes, and all is asked for. */
static void all_of_it_may_be_wrong(void **state)
{
    (void)state;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    want_in(&all, &piece_id, false);
    piece[5] ^= 1;
    go_on();
    staged_whole();
    piece[5] ^= 1;
    const struct effect *dropped = effect_of(EFFECT_STAGE);
    assert_true(dropped != NULL && dropped->bytes == NULL && effect_of(EFFECT_STORE) == NULL);
    go_on();
    staged(0);
    assert_asked(&ends[0], 0);
}

static void a_connection_that_ends_leaves_what_came(void **state)
{
    (void)state;
    ask_iom();
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 0, 4000), GMM_OK);
    effects_reset(core.effects);
    fetch_gone(fetch, &core, 1);
    const struct effect *kept = effect_of(EFFECT_STAGE);
    assert_true(kept != NULL && kept->len == 4000 && kept->as.chunk.offset == 0 && kept->as.chunk.max == PIECE_BYTES);
    assert_memory_equal(kept->bytes, piece, 4000);
    assert_false(fetch_busy(fetch, 1) || fetch_hopes(fetch, &core, 1));
    assert_int_equal(fetch_open(fetch, &ends[1].peer), GMM_OK);
    go_on();
    staged(4000);
    assert_asked(&ends[1], 4000);
}

static void who_has_none_is_left_out_until_later(void **state)
{
    (void)state;
    ask_iom();
    assert_int_equal(fetch_open(fetch, &ends[1].peer), GMM_OK);
    effects_reset(core.effects);
    assert_int_equal(answer_none(&ends[0]), GMM_OK);
    assert_null(effect_of(EFFECT_CHUNK_NOT)); /* wb may have it */
    go_on();
    staged(0);
    assert_asked(&ends[1], 0);
    effects_reset(core.effects);
    assert_int_equal(answer_none(&ends[1]), GMM_OK);
    assert_non_null(effect_of(EFFECT_CHUNK_NOT));
    uint64_t again = go_on();
    assert_true(again > core.now_ms && again < core.now_ms + 60000);
    assert_null(effect_of(EFFECT_LOAD_CHUNK));
    core.now_ms = again;
    go_on();
    assert_non_null(effect_of(EFFECT_LOAD_CHUNK)); /* tried again */
    /* and at once when another comes */
    assert_true(fetch_hopes(fetch, &core, 1));
}

static void who_is_silent_loses_it(void **state)
{
    (void)state;
    ask_iom();
    assert_int_equal(fetch_open(fetch, &ends[1].peer), GMM_OK);
    assert_int_equal(go_on(), core.now_ms + SILENT_MS);
    core.now_ms += SILENT_MS - 1;
    go_on();
    assert_true(is_silent(&ends[1]) && effect_of(EFFECT_LOAD_CHUNK) == NULL);
    core.now_ms += 1;
    go_on();
    staged(0);
    assert_asked(&ends[1], 0);
}

/* A byte now and then does not keep a piece from whom another would give it. */
static void who_trickles_loses_it(void **state)
{
    (void)state;
    const uint32_t drops = STALL_MS / (SILENT_MS - 1000) + 1;
    ask_iom();
    assert_int_equal(fetch_open(fetch, &ends[1].peer), GMM_OK);
    for (uint32_t sent = 0; sent < drops; sent++) {
        assert_true(is_silent(&ends[1]));
        assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, sent, 1), GMM_OK);
        core.now_ms += SILENT_MS - 1000;
        go_on();
    }
    staged(drops);
    assert_asked(&ends[1], drops);
}

static void nobody_outside_the_group_is_asked(void **state)
{
    (void)state;
    struct gmm_id circle;
    world_circle(&w, 0, 1, false, (const unsigned[]){w.offices[1].participant}, 1, &circle);
    assert_non_null(world_view(&w));
    assert_int_equal(fetch_open(fetch, &ends[2].peer), GMM_OK); /* unu */
    want_in(&circle, &piece_id, true);
    go_on();
    assert_null(effect_of(EFFECT_LOAD_CHUNK));
    assert_true(is_silent(&ends[2]));
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    go_on();
    assert_non_null(effect_of(EFFECT_LOAD_CHUNK));
}

static void metered_links_only_on_demand(void **state)
{
    (void)state;
    assert_int_equal(take_set(&core.take, NULL, 0, &ends[0].peer.sign_pk, 1), GMM_OK);
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    want_in(&all, &piece_id, false);
    go_on();
    assert_null(effect_of(EFFECT_LOAD_CHUNK));
    want_in(&all, &piece_id, true); /* somebody waits for it now */
    assert_int_equal(fetch_wanted(fetch), 1);
    go_on();
    staged(0);
    assert_asked(&ends[0], 0);
}

static void a_bounded_number_at_a_time(void **state)
{
    (void)state;
    unsigned loads = 0;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    assert_int_equal(fetch_open(fetch, &ends[1].peer), GMM_OK);
    for (uint8_t i = 0; i < 100; i++)
        want_in(&all, &(struct gmm_id){{i, 1}}, false);
    go_on();
    for (size_t i = 0; i < effects_count(core.effects); i++)
        loads += effects_at(core.effects, i)->kind == EFFECT_LOAD_CHUNK;
    assert_int_equal(loads, 8); /* of 100: memory stays bounded */
}

static void forgotten_when_it_is_erased(void **state)
{
    (void)state;
    ask_iom();
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 0, 4000), GMM_OK);
    core.now_ms += 1000;
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 4000, 1000), GMM_OK); /* it takes long: staged */
    effects_reset(core.effects);
    fetch_forget(fetch, &core, &all, &piece_id);
    assert_int_equal(fetch_wanted(fetch), 0);
    assert_false(fetch_busy(fetch, 1));
    assert_true(effect_of(EFFECT_STAGE) != NULL && effect_of(EFFECT_STAGE)->bytes == NULL);
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 5000, 5000), GMM_OK); /* too late */
    assert_null(effect_of(EFFECT_STORE));
}

static void a_store_that_fails(void **state)
{
    (void)state;
    ask_iom();
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 0, PIECE_BYTES), GMM_OK);
    fetch_forget(fetch, &core, &all, &piece_id); /* it is on its way: it stays wanted until that is done */
    assert_int_equal(fetch_wanted(fetch), 1);
    effects_reset(core.effects);
    fetch_persisted(fetch, &core, &all, &piece_id, GMM_EFULL);
    assert_null(effect_of(EFFECT_CHUNK_HERE));
    assert_int_equal(fetch_wanted(fetch), 1);
    core.now_ms = go_on();
    go_on();
    assert_non_null(effect_of(EFFECT_LOAD_CHUNK));
}

/* The driver holds the bytes against the id: until it has said so, nobody is blamed. */
static void checked_by_the_driver(void **state)
{
    (void)state;
    uint8_t other[PIECE_BYTES];
    memcpy(other, piece, sizeof other);
    other[PIECE_BYTES - 1] ^= 1;
    core.checks_chunks = true;
    ask_iom();
    effects_reset(core.effects);
    assert_int_equal(answer(&ends[0], other, PIECE_BYTES, 0, PIECE_BYTES), GMM_OK);
    assert_true(effect_of(EFFECT_STORE) != NULL && effect_of(EFFECT_STORE)->as.store.chunk_unchecked);
    assert_false(ends[0].peer.closing);
    fetch_persisted(fetch, &core, &all, &piece_id, GMM_ESIGNATURE);
    assert_true(ends[0].peer.closing && ends[0].peer.close_err == GMM_ESIGNATURE);
    assert_null(effect_of(EFFECT_CHUNK_HERE));
    assert_true(fetch_wanted(fetch) == 1 && !fetch_busy(fetch, 1));
}

/* What came by several connections is nobody's fault here either. */
static void staged_bytes_checked_by_the_driver(void **state)
{
    (void)state;
    uint8_t other[PIECE_BYTES];
    memcpy(other, piece, sizeof other);
    other[PIECE_BYTES - 1] ^= 1;
    core.checks_chunks = true;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    want_in(&all, &piece_id, false);
    go_on();
    staged(3000);
    assert_asked(&ends[0], 3000);
    assert_int_equal(answer(&ends[0], other, PIECE_BYTES, 3000, 7000), GMM_OK);
    effects_reset(core.effects);
    fetch_persisted(fetch, &core, &all, &piece_id, GMM_ESIGNATURE);
    const struct effect *dropped = effect_of(EFFECT_STAGE);
    assert_true(dropped != NULL && dropped->bytes == NULL && !ends[0].peer.closing);
    go_on();
    staged(0);
    assert_asked(&ends[0], 0);
}

static void who_sent_other_bytes_may_be_gone(void **state)
{
    (void)state;
    core.checks_chunks = true;
    ask_iom();
    assert_int_equal(answer(&ends[0], piece, PIECE_BYTES, 0, PIECE_BYTES), GMM_OK);
    fetch_gone(fetch, &core, 1);
    fetch_persisted(fetch, &core, &all, &piece_id, GMM_ESIGNATURE);
    assert_true(fetch_wanted(fetch) == 1 && !ends[0].peer.closing);
}

/* Nothing more is asked for while 16 MiB are being stored. */
static void what_is_being_stored_is_bounded(void **state)
{
    (void)state;
    enum { LARGE = 4u << 20, PART = 128u << 10 };
    uint8_t *large = calloc(1, LARGE);
    assert_non_null(large);
    core.checks_chunks = true;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    for (uint8_t i = 0; i < 4; i++) {
        piece_id = (struct gmm_id){{i, 9}};
        want_in(&all, &piece_id, false);
        go_on();
        staged(0);
        assert_asked(&ends[0], 0);
        for (uint32_t at = 0; at < LARGE; at += PART)
            assert_int_equal(answer(&ends[0], large, LARGE, at, PART), GMM_OK);
        assert_non_null(effect_of(EFFECT_STORE));
    }
    want_in(&all, &(struct gmm_id){{5, 9}}, false);
    go_on();
    assert_null(effect_of(EFFECT_LOAD_CHUNK));
    effects_reset(core.effects);
    fetch_persisted(fetch, &core, &all, &piece_id, GMM_OK);
    go_on();
    assert_non_null(effect_of(EFFECT_LOAD_CHUNK));
    free(large);
}

static void bodies_by_the_hash_of_their_header(void **state)
{
    (void)state;
    const struct world_entry *entry = &w.entries[w.entry_count - 1];
    struct header h;
    assert_int_equal(header_decode(&h, entry->header), GMM_OK);
    struct logs_log *log = logs_get(core.logs, &entry->log);
    log->gaps = 2;
    const struct engine_event event = {
        .as.want = {.gid = all, .ids = &entry->id, .count = 1, .hashes = &h.body_hash, .log = &entry->log}};
    assert_int_equal(fetch_want(fetch, &core, &event), GMM_OK);
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    go_on();
    assert_true(fetch_loaded(fetch, &core, effect_of(EFFECT_LOAD_CHUNK)->ticket, NULL, 0, 0));
    go_on();
    piece_id = entry->id;
    assert_asked(&ends[0], 0);
    effects_reset(core.effects);
    assert_int_equal(answer(&ends[0], entry->body, entry->len, 0, entry->len), GMM_OK);
    assert_true(effect_of(EFFECT_STORE) != NULL && effect_of(EFFECT_STORE)->as.store.chunk_is_body);
    fetch_persisted(fetch, &core, &all, &entry->id, GMM_OK);
    assert_int_equal(log->gaps, 1);
    assert_true(effect_of(EFFECT_CHUNK_HERE)->as.chunk.body);
}

/* ---- serving */

static void served_in_parts_from_where_it_was_asked(void **state)
{
    (void)state;
    struct session_item item;
    struct message_chunk part;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    assert_int_equal(asks_us(&ends[0], &all, &piece_id, 1000), GMM_OK);
    assert_true(fetch_busy(fetch, 1));
    go_on();
    const struct effect *load = effect_of(EFFECT_LOAD_CHUNK);
    assert_true(load != NULL && !load->as.chunk.staged && load->as.chunk.offset == 1000);
    assert_true(fetch_loaded(fetch, &core, load->ticket, piece + 1000, 4000, PIECE_BYTES));
    assert_int_equal(end_said(&ends[0], &item), MESSAGE_CHUNK);
    assert_int_equal(message_chunk_decode(&part, item.payload, item.len), GMM_OK);
    assert_true(part.offset == 1000 && part.total == PIECE_BYTES && part.data_len == 4000);
    assert_memory_equal(part.data, piece + 1000, 4000);
    go_on();
    load = effect_of(EFFECT_LOAD_CHUNK);
    assert_true(load != NULL && load->as.chunk.offset == 5000);
    assert_true(fetch_loaded(fetch, &core, load->ticket, piece + 5000, 5000, PIECE_BYTES));
    assert_int_equal(end_said(&ends[0], &item), MESSAGE_CHUNK);
    assert_false(fetch_busy(fetch, 1));
    assert_false(fetch_loaded(fetch, &core, load->ticket, piece, 1, 1)); /* not ours any more */
}

/* "unknown, forbidden and absent answer alike" */
static void unknown_and_forbidden_answer_alike(void **state)
{
    (void)state;
    struct gmm_id circle, unknown = {{3}};
    world_circle(&w, 0, 1, false, (const unsigned[]){w.offices[1].participant}, 1, &circle);
    assert_non_null(world_view(&w));
    for (size_t i = 0; i < PEERS; i++)
        assert_int_equal(fetch_open(fetch, &ends[i].peer), GMM_OK);
    assert_int_equal(asks_us(&ends[2], &circle, &piece_id, 0), GMM_OK); /* unu is no member */
    assert_told_none(&ends[2], &piece_id);
    assert_int_equal(asks_us(&ends[2], &unknown, &piece_id, 0), GMM_OK);
    assert_told_none(&ends[2], &piece_id);
    go_on();
    assert_null(effect_of(EFFECT_LOAD_CHUNK)); /* the store was not even asked */
    assert_int_equal(asks_us(&ends[0], &circle, &piece_id, 0), GMM_OK);
    go_on();
    const struct effect *load = effect_of(EFFECT_LOAD_CHUNK);
    assert_non_null(load);
    assert_true(fetch_loaded(fetch, &core, load->ticket, NULL, 0, 0)); /* not held */
    assert_told_none(&ends[0], &piece_id);
    assert_int_equal(asks_us(&ends[0], &all, &piece_id, PIECE_BYTES), GMM_OK); /* behind its end */
    go_on();
    load = effect_of(EFFECT_LOAD_CHUNK);
    assert_true(fetch_loaded(fetch, &core, load->ticket, piece, 1, PIECE_BYTES));
    assert_told_none(&ends[0], &piece_id);
}

static void what_waits_to_be_served_is_bounded(void **state)
{
    (void)state;
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    for (unsigned i = 0; i < 1024; i++)
        assert_int_equal(asks_us(&ends[0], &all, &piece_id, 0), GMM_OK);
    assert_true(is_silent(&ends[0]));
    assert_int_equal(asks_us(&ends[0], &all, &piece_id, 0), GMM_OK);
    assert_told_none(&ends[0], &piece_id);
}

static void messages_out_of_form(void **state)
{
    (void)state;
    static const uint8_t types[] = {MESSAGE_CHUNK_WANT, MESSAGE_CHUNK, MESSAGE_CHUNK_NONE};
    assert_int_equal(fetch_open(fetch, &ends[0].peer), GMM_OK);
    for (size_t i = 0; i < sizeof types; i++)
        assert_int_equal(fetch_message(fetch, &core, &ends[0].peer, types[i], (const uint8_t *)"x", 1), GMM_EFORMAT);
}

static int start(void **state)
{
    (void)state;
    return secret_open(SECRET_ALLOW_UNLOCKED, NULL) == GMM_OK ? 0 : 1;
}

static int end(void **state)
{
    (void)state;
    size_t left = secret_in_use();
    secret_close();
    return left != 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(taken_in_parts_and_stored),
        TEST(bytes_of_another_piece_are_not_taken),
        TEST(its_size_does_not_change),
        TEST(only_what_was_asked_of_it),
        TEST(goes_on_from_what_was_staged),
        TEST(goes_on_from_all_of_it),
        TEST(all_of_it_may_be_wrong),
        TEST(staged_bytes_that_do_not_fit),
        TEST(a_connection_that_ends_leaves_what_came),
        TEST(who_has_none_is_left_out_until_later),
        TEST(who_is_silent_loses_it),
        TEST(who_trickles_loses_it),
        TEST(nobody_outside_the_group_is_asked),
        TEST(metered_links_only_on_demand),
        TEST(a_bounded_number_at_a_time),
        TEST(forgotten_when_it_is_erased),
        TEST(a_store_that_fails),
        TEST(checked_by_the_driver),
        TEST(staged_bytes_checked_by_the_driver),
        TEST(who_sent_other_bytes_may_be_gone),
        TEST(what_is_being_stored_is_bounded),
        TEST(bodies_by_the_hash_of_their_header),
        TEST(served_in_parts_from_where_it_was_asked),
        TEST(unknown_and_forbidden_answer_alike),
        TEST(what_waits_to_be_served_is_bounded),
        TEST(messages_out_of_form),
    };
    return cmocka_run_group_tests(tests, start, end);
}
