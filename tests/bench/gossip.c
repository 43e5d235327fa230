/* A thousand offices of sixteen participants, as the engines play it: how often a payload comes to an office, over how
 * many hops, how late, and what is left to repair when 30 % of the offices stop at once.
 *
 *   build/test/tests/gossip [SEED [OFFICES [POSTS]]]      (1, 1000, 100)
 *
 * The engines are the real ones, with their sessions; network, disks and the clock are simulated, and one seed draws
 * everything. Every office dials four others at random and is dialled by some. A tenth of the offices hang on 64 kbit/s
 * and 350 ms, a fifth on 1 Mbit/s and 80 ms, the others on 100 Mbit/s and 5 to 40 ms, each way. Standard output: JSON
 * lines.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/engine.h"
#include "tests/lib/world.h"

#define PARTICIPANTS 16u
#define DIALLED 4u /* connections that an office opens by itself */
#define HOPS_MAX 32u

static void *must(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "gossip: out of memory\n");
        exit(1);
    }
    return p;
}

static void must_ok(enum gmm_err err, const char *what)
{
    if (err == GMM_OK)
        return;
    fprintf(stderr, "gossip: %s: %s\n", what, gmm_err_name(err));
    exit(1);
}

/* One seed draws all. */
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return z % below;
}

/* What was ever written: each log once; an office holds the first so many entries of it. */
struct entry {
    uint8_t header[HEADER_BYTES], sig[HASH_SIG_BYTES];
    struct gmm_id id;
    uint8_t *body;
    uint32_t len;
    uint64_t posted_ms;
    bool post;
};
struct log {
    struct run_key key;
    struct entry *entries;
    size_t count;
};
static struct log *logs;
static size_t log_count;

static size_t log_of(const struct run_key *key, bool make)
{
    for (size_t i = 0; i < log_count; i++)
        if (run_key_compare(&logs[i].key, key) == 0)
            return i;
    if (!make)
        return SIZE_MAX;
    logs = must(realloc(logs, (log_count + 1) * sizeof *logs));
    logs[log_count] = (struct log){.key = *key};
    return log_count++;
}

static struct entry *add_entry(size_t log, const uint8_t *header, const struct gmm_id *id, const void *body, size_t len)
{
    struct log *l = &logs[log];
    l->entries = must(realloc(l->entries, (l->count + 1) * sizeof *l->entries));
    struct entry *e = &l->entries[l->count++];
    *e = (struct entry){.id = *id, .len = (uint32_t)len, .body = must(malloc(len + 1))};
    memcpy(e->header, header, HEADER_BYTES);
    memcpy(e->body, body, len);
    return e;
}

/* Offices, connections, and what happens when. */
struct office {
    struct keystore *keystore;
    struct engine *engine; /* NULL: stopped */
    uint32_t latency_ms;
    uint64_t bytes_ms;       /* what its line carries in a millisecond */
    uint64_t up_ms, down_ms; /* until when the line is taken */
    uint64_t *held;          /* by log */
    uint8_t *hops;           /* by log: of its last entry */
    size_t held_count;
    unsigned dialled;
    uint64_t tick_ms, stored_ms;
};
struct wire {
    unsigned ends[2];
    uint64_t arrives_ms[2];
    bool open;
};
enum happening { DELIVER, DRAIN, PERSIST, LOADED, HANG_UP, TICK, DIAL };
struct event {
    uint64_t at_ms, order;
    enum happening what;
    unsigned office;
    uint32_t conn;
    uint8_t *bytes;
    size_t len;
    uint64_t ticket;
    struct run_key key;
    uint64_t from, to;
    bool headers;
};
static struct world w;
static struct office *offices;
static unsigned office_count;
static struct wire *wires;
static size_t wire_count;
static struct event *heap;
static size_t heap_count, heap_capacity;
static uint64_t now_ms, order, bytes_sent;
static uint64_t *latencies;
static size_t latency_count, latency_capacity, post_count;
static uint64_t hop_counts[HOPS_MAX + 1];

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void push(struct event event)
{
    if (heap_count == heap_capacity)
        heap = must(realloc(heap, (heap_capacity = 2 * heap_capacity + 1024) * sizeof *heap));
    event.order = ++order;
    size_t i = heap_count++;
    for (; i > 0 && before(&event, &heap[(i - 1) / 2]); i = (i - 1) / 2)
        heap[i] = heap[(i - 1) / 2];
    heap[i] = event;
}

static struct event pop(void)
{
    struct event top = heap[0], last = heap[--heap_count];
    size_t i = 0;
    for (size_t child = 1; child < heap_count; child = 2 * i + 1) {
        child += child + 1 < heap_count && before(&heap[child + 1], &heap[child]);
        if (!before(&heap[child], &last))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
    return top;
}

static void step(unsigned office, struct engine_event *event, unsigned from);

static void hang_up(uint32_t conn)
{
    struct wire *wire = &wires[conn - 1];
    if (!wire->open)
        return;
    wire->open = false;
    for (unsigned end = 0; end < 2; end++)
        push((struct event){.at_ms = now_ms + 1, .what = HANG_UP, .office = wire->ends[end], .conn = conn});
    offices[wire->ends[0]].dialled--;
    push((struct event){.at_ms = now_ms + 500 + draw(1500), .what = DIAL, .office = wire->ends[0]});
}

static void send_bytes(unsigned office, const struct effect *effect)
{
    struct wire *wire = &wires[effect->conn - 1];
    if (!wire->open)
        return;
    unsigned end = wire->ends[0] == office ? 1 : 0;
    struct office *a = &offices[office], *b = &offices[wire->ends[end]];
    a->up_ms = later(a->up_ms, now_ms) + effect->len / a->bytes_ms;
    b->down_ms = later(b->down_ms, a->up_ms) + effect->len / b->bytes_ms;
    uint64_t at = wire->arrives_ms[end] = later(wire->arrives_ms[end], b->down_ms + a->latency_ms + b->latency_ms);
    bytes_sent += effect->len;
    uint8_t *copy = must(malloc(effect->len));
    memcpy(copy, effect->bytes, effect->len);
    push((struct event){.at_ms = at,
                        .what = DELIVER,
                        .office = wire->ends[end],
                        .conn = effect->conn,
                        .bytes = copy,
                        .len = effect->len});
    push((struct event){.at_ms = a->up_ms, .what = DRAIN, .office = office, .conn = effect->conn});
}

static void note_post(const struct entry *e)
{
    if (!e->post)
        return;
    if (latency_count == latency_capacity)
        latencies = must(realloc(latencies, (latency_capacity = 2 * latency_capacity + 4096) * sizeof *latencies));
    latencies[latency_count++] = now_ms - e->posted_ms;
}

static void store(unsigned office, unsigned from, const struct effect *effect)
{
    struct office *o = &offices[office];
    for (uint32_t i = 0; i < effect->as.store.run_count; i++) {
        const struct admitted *run = effect->as.store.runs[i];
        size_t log = log_of(admitted_key(run), true);
        if (log >= o->held_count) {
            size_t count = log + 256;
            o->held = must(realloc(o->held, count * sizeof *o->held));
            o->hops = must(realloc(o->hops, count * sizeof *o->hops));
            memset(o->held + o->held_count, 0, (count - o->held_count) * sizeof *o->held);
            memset(o->hops + o->held_count, 0, (count - o->held_count) * sizeof *o->hops);
            o->held_count = count;
        }
        o->hops[log] = 0;
        if (from != office)
            o->hops[log] = (uint8_t)((log < offices[from].held_count ? offices[from].hops[log] : 0) + 1);
        for (uint32_t k = 0; k < admitted_count(run); k++) {
            const struct run_entry *entry = admitted_entry(run, k);
            uint64_t seq = bytes_load_u64(entry->header + HEADER_SEQ_AT);
            if (seq == logs[log].count) {
                struct entry *made = add_entry(log, entry->header, &entry->id, entry->body, entry->body_len);
                made->post = bytes_load_u16(entry->header + 2) >= HEADER_DOCUMENT;
                made->posted_ms = now_ms;
                post_count += made->post;
            }
            if (k + 1 == admitted_count(run))
                memcpy(logs[log].entries[seq].sig, admitted_sig(run), HASH_SIG_BYTES);
            if (from != office && logs[log].entries[seq].post)
                hop_counts[o->hops[log] < HOPS_MAX ? o->hops[log] : HOPS_MAX]++;
            if (from != office)
                note_post(&logs[log].entries[seq]);
            o->held[log] = seq + 1;
        }
    }
    o->stored_ms = later(o->stored_ms, now_ms + 1 + draw(4)); /* in order */
    push((struct event){.at_ms = o->stored_ms, .what = PERSIST, .office = office, .ticket = effect->ticket});
}

static void carry_out(unsigned office, const struct effect *effect)
{
    if (effect->kind == EFFECT_SEND) {
        send_bytes(office, effect);
    } else if (effect->kind == EFFECT_CLOSE) {
        hang_up(effect->conn);
    } else if (effect->kind == EFFECT_LOAD) {
        push((struct event){.at_ms = now_ms,
                            .what = LOADED,
                            .office = office,
                            .ticket = effect->ticket,
                            .key = effect->as.load.key,
                            .from = effect->as.load.from_seq,
                            .to = effect->as.load.to_seq,
                            .headers = effect->as.load.headers});
    } else if (effect->kind == EFFECT_TIMER) {
        offices[office].tick_ms = effect->at_ms;
        push((struct event){.at_ms = later(effect->at_ms, now_ms), .what = TICK, .office = office});
    }
}

/* from: the office that this event's bytes came from, or the office itself. */
static void step(unsigned office, struct engine_event *event, unsigned from)
{
    struct effects *effects = must(effects_new());
    event->now_ms = now_ms;
    for (size_t i = 0; i < sizeof event->random; i++)
        event->random[i] = (uint8_t)draw(256);
    if (engine_step(offices[office].engine, event, effects) == GMM_ENOMEM)
        must(NULL);
    for (size_t i = 0; i < effects_count(effects); i++)
        if (effects_at(effects, i)->kind == EFFECT_STORE)
            store(office, from, effects_at(effects, i));
    for (size_t i = 0; i < effects_count(effects); i++)
        carry_out(office, effects_at(effects, i));
    effects_free(effects);
}

static struct run *load(const struct event *event)
{
    struct run_source rows[LIMIT_RUN_ENTRIES];
    static const uint8_t no_sig[HASH_SIG_BYTES];
    size_t log = log_of(&event->key, false);
    const struct office *o = &offices[event->office];
    uint64_t held = log < o->held_count ? o->held[log] : 0, best = UINT64_MAX;
    for (uint64_t end = event->from; end < held && end <= event->to && end / 256 == event->from / 256; end++)
        if (memcmp(logs[log].entries[end].sig, no_sig, sizeof no_sig) != 0)
            best = end;
    if (best == UINT64_MAX)
        return NULL;
    for (uint64_t i = event->from; i <= best; i++) {
        const struct entry *e = &logs[log].entries[i];
        rows[i - event->from] = (struct run_source){e->header, event->headers ? NULL : e->body, e->len};
    }
    struct run *run = NULL;
    must_ok(run_make(&run, rows, (uint32_t)(best - event->from + 1), logs[log].entries[best].sig), "a run");
    return run;
}

static bool connected(unsigned a, unsigned b)
{
    for (size_t i = 0; i < wire_count; i++)
        if (wires[i].open &&
            ((wires[i].ends[0] == a && wires[i].ends[1] == b) || (wires[i].ends[0] == b && wires[i].ends[1] == a)))
            return true;
    return false;
}

/* As a node does: one more at random, as long as it has fewer than it wants. */
static void dial(unsigned office)
{
    struct office *o = &offices[office];
    if (o->engine == NULL || o->dialled >= DIALLED)
        return;
    unsigned other = (unsigned)draw(office_count);
    push((struct event){.at_ms = now_ms + 1000 + draw(2000), .what = DIAL, .office = office});
    if (other == office || offices[other].engine == NULL || connected(office, other))
        return;
    wires = must(realloc(wires, (wire_count + 1) * sizeof *wires));
    wires[wire_count++] = (struct wire){.ends = {office, other}, .open = true};
    o->dialled++;
    for (unsigned end = 0; end < 2; end++) {
        struct engine_event event = {.kind = ENGINE_CONNECTED, .conn = (uint32_t)wire_count};
        event.as.connected.initiator = end == 0;
        event.as.connected.purpose = SESSION_OFFICES;
        event.as.connected.remote_noise_pk = w.offices[other].noise_pk;
        event.as.connected.address = office + 1;
        step(end == 0 ? office : other, &event, end == 0 ? office : other);
    }
}

static void happen(struct event *event)
{
    struct office *o = &offices[event->office];
    struct engine_event e = {.conn = event->conn, .ticket = event->ticket, .bytes = event->bytes, .len = event->len};
    unsigned from = event->office;
    if (event->what == DIAL) {
        dial(event->office);
        return;
    }
    if (o->engine == NULL || (event->what == TICK && o->tick_ms > now_ms) ||
        ((event->what == DELIVER || event->what == DRAIN) && !wires[event->conn - 1].open)) {
        free(event->bytes);
        return;
    }
    if (event->what == TICK)
        o->tick_ms = UINT64_MAX;
    if (event->what == DELIVER)
        from = wires[event->conn - 1].ends[wires[event->conn - 1].ends[0] == event->office ? 1 : 0];
    e.kind = event->what == DELIVER   ? ENGINE_RECEIVED
             : event->what == DRAIN   ? ENGINE_DRAINED
             : event->what == PERSIST ? ENGINE_PERSISTED
             : event->what == LOADED  ? ENGINE_LOADED
             : event->what == TICK    ? ENGINE_TICK
                                      : ENGINE_DISCONNECTED;
    if (event->what == LOADED)
        e.as.loaded = load(event);
    step(event->office, &e, from);
    free(event->bytes);
}

static void run_for(uint64_t ms)
{
    uint64_t until = now_ms + ms;
    while (heap_count > 0 && heap[0].at_ms <= until) {
        struct event event = pop();
        now_ms = later(now_ms, event.at_ms);
        happen(&event);
    }
    now_ms = until;
}

/* The network as everybody knows it at the start. */
static unsigned history(struct gmm_id *all)
{
    unsigned *everybody = must(calloc(office_count, sizeof *everybody));
    world_open(&w, NULL);
    world_gid_all(&w, all);
    for (unsigned p = 1; p < PARTICIPANTS; p++) {
        char id[16];
        snprintf(id, sizeof id, "p%u", p);
        world_join(&w, id, IDENTITY_MEMBER);
    }
    while (w.office_count < office_count) {
        char name[16];
        snprintf(name, sizeof name, "o%u", w.office_count);
        world_certified(&w, w.office_count % PARTICIPANTS, name, 0);
    }
    for (unsigned i = 0; i < office_count; i++)
        everybody[i] = i;
    unsigned epoch = world_epoch(&w, 0, all, 1, NULL, 0, everybody, office_count);
    free(everybody);
    now_ms = w.now_ms + 1000;
    for (unsigned i = 0; i < w.entry_count; i++) {
        const struct world_entry *e = &w.entries[i];
        struct entry *made = add_entry(log_of(&e->log, true), e->header, &e->id, e->body, e->len);
        run_head_sign(made->sig, w.offices[e->office].sign_sk, &w.nid, &e->log, e->seq, &e->id);
    }
    return epoch;
}

static void feed(unsigned office, struct engine_event *event, struct effects *effects)
{
    event->now_ms = now_ms;
    must_ok(engine_step(offices[office].engine, event, effects), "what an office held before");
    effects_reset(effects);
}

static void restore(unsigned office, unsigned epoch, struct effects *effects)
{
    struct office *o = &offices[office];
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < directory_count(w.directory); i++) {
            const struct directory_object *object = directory_at(w.directory, i);
            struct engine_event event = {.kind = ENGINE_RESTORE_OBJECT, .bytes = object->bytes, .len = object->len};
            if ((object->kind == DIRECTORY_CHARTER) == (pass == 0))
                feed(office, &event, effects);
        }
    o->held = must(calloc(log_count, sizeof *o->held));
    o->hops = must(calloc(log_count, sizeof *o->hops));
    o->held_count = log_count;
    for (size_t i = 0; i < log_count; i++) {
        const struct entry *last = &logs[i].entries[logs[i].count - 1];
        struct engine_event event = {.kind = ENGINE_RESTORE_LOG};
        event.as.restore_log.key = logs[i].key;
        event.as.restore_log.arrival = 1;
        event.as.restore_log.head = (struct logs_head){
            .seq = logs[i].count - 1, .id = last->id, .time = bytes_load_u64(last->header + HEADER_TIME_AT)};
        memcpy(event.as.restore_log.head.sig, last->sig, HASH_SIG_BYTES);
        feed(office, &event, effects);
        o->held[i] = logs[i].count;
    }
    for (size_t i = 0; i < log_count; i++)
        for (size_t k = 0; k < logs[i].count; k++) {
            const struct entry *e = &logs[i].entries[k];
            struct engine_event event = {.kind = ENGINE_RESTORE_ENTRY, .as.entry = {e->header, e->id, e->body, e->len}};
            feed(office, &event, effects);
        }
    uint8_t secret[32];
    memset(secret, 1, sizeof secret); /* its generation, as world_epoch has it */
    struct engine_event event = {.kind = ENGINE_RESTORE_SECRET, .as.secret = {w.entries[epoch].id, secret}};
    feed(office, &event, effects);
}

static void boot(unsigned office, unsigned epoch)
{
    struct office *o = &offices[office];
    const struct world_office *keys = &w.offices[office];
    unsigned kind = (unsigned)draw(10);
    struct effects *effects = must(effects_new());
    o->keystore = must(keystore_new());
    memcpy(o->keystore->sign_seed, keys->sign_sk, 32);
    memcpy(o->keystore->noise_sk, keys->noise_sk, 32);
    memcpy(o->keystore->wraps[0].sk, keys->wrap_sk, 32);
    o->keystore->node[0] = (uint8_t)office;
    o->keystore->node[1] = (uint8_t)(office >> 8);
    o->keystore->wraps[0].created_ms = now_ms;
    o->keystore->wrap_count = 1;
    o->keystore->pid = w.participants[keys->participant].pid;
    keystore_derive(o->keystore);
    o->latency_ms = kind == 0 ? 350 : kind < 3 ? 80 : 5 + (uint32_t)draw(36);
    o->bytes_ms = kind == 0 ? 8 : kind < 3 ? 125 : 12500;
    o->tick_ms = UINT64_MAX;
    struct engine_config config = {.keystore = o->keystore, .nid = w.nid};
    bytes_store_u64(config.store_id, office + 1);
    must_ok(engine_new(&o->engine, &config), "an engine");
    restore(office, epoch, effects);
    effects_free(effects);
    struct engine_event start = {.kind = ENGINE_START, .as.floor = 1};
    step(office, &start, office);
    push((struct event){.at_ms = now_ms + draw(60000), .what = DIAL, .office = office});
}

static void post(const struct gmm_id *all)
{
    unsigned office;
    do
        office = (unsigned)draw(office_count);
    while (offices[office].engine == NULL);
    uint8_t text[1000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)draw(256);
    struct engine_event event = {.kind = ENGINE_APPEND,
                                 .request = 1,
                                 .as.append = {.gid = *all, .type = HEADER_DOCUMENT, .body = text, .len = sizeof text}};
    step(office, &event, office);
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static unsigned alive(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < office_count; i++)
        count += offices[i].engine != NULL;
    return count;
}

/* How many (office, post) are lacking. */
static uint64_t lacking(const struct gmm_id *group)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < office_count; i++)
        for (size_t k = 0; k < log_count && offices[i].engine != NULL; k++)
            if (id_equal(&logs[k].key.group, group)) /* of others, only members' offices get them */
                count += logs[k].count - (k < offices[i].held_count ? offices[i].held[k] : 0);
    return count;
}

static void toll(uint64_t *taken, uint64_t *repeated)
{
    *taken = *repeated = 0;
    for (unsigned i = 0; i < office_count; i++) {
        uint64_t t, r;
        if (offices[i].engine == NULL)
            continue;
        engine_toll(offices[i].engine, &t, &r);
        *taken += t;
        *repeated += r;
    }
}

static void play(const char *phase, const struct gmm_id *all, unsigned posts, unsigned settle_s)
{
    uint64_t taken[2], repeated[2], bytes = bytes_sent, start = now_ms;
    toll(&taken[0], &repeated[0]);
    latency_count = 0;
    memset(hop_counts, 0, sizeof hop_counts);
    for (unsigned i = 0; i < posts; i++) {
        post(all);
        run_for(500 + draw(1000));
    }
    uint64_t last_ms = now_ms, rest;
    while ((rest = lacking(all)) > 0 && now_ms - last_ms < settle_s * UINT64_C(1000))
        run_for(100);
    uint64_t repaired_ms = now_ms - last_ms;
    toll(&taken[1], &repeated[1]);
    if (latency_count > 0)
        qsort(latencies, latency_count, sizeof *latencies, by_size);
    unsigned hops = 0, hops99 = 0;
    uint64_t sum = 0;
    for (unsigned i = 0; i <= HOPS_MAX; i++) {
        if (hop_counts[i] > 0)
            hops = i;
        sum += hop_counts[i];
        if (sum * 100 < latency_count * 99)
            hops99 = i + 1;
    }
    uint64_t t = taken[1] - taken[0], r = repeated[1] - repeated[0];
    printf("{\"phase\":\"%s\",\"offices\":%u,\"posts\":%u,\"deliveries\":%zu,\"lacking\":%" PRIu64
           ",\"received_a_payload\":%.3f,\"hops_p99\":%u,\"hops_max\":%u",
           phase, alive(), posts, latency_count, rest, t == 0 ? 0.0 : 1.0 + (double)r / (double)t, hops99, hops);
    if (latency_count > 0)
        printf(",\"ms_p50\":%" PRIu64 ",\"ms_p99\":%" PRIu64 ",\"ms_max\":%" PRIu64, latencies[latency_count / 2],
               latencies[latency_count * 99 / 100], latencies[latency_count - 1]);
    printf(",\"all_there_ms_after_the_last\":%" PRIu64 ",\"bytes_an_office_and_post\":%.0f,\"seconds\":%" PRIu64 "}\n",
           repaired_ms, posts == 0 ? 0.0 : (double)(bytes_sent - bytes) / posts / alive(), (now_ms - start) / 1000);
    fflush(stdout);
}

static void stop(unsigned office)
{
    engine_free(offices[office].engine);
    offices[office].engine = NULL;
    for (size_t i = 0; i < wire_count; i++)
        if (wires[i].open && (wires[i].ends[0] == office || wires[i].ends[1] == office))
            hang_up((uint32_t)(i + 1));
}

int main(int argc, char **argv)
{
    struct gmm_id all;
    random_state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    office_count = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
    unsigned posts = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 100;
    if (office_count < PARTICIPANTS || office_count > LIMIT_OFFICES || posts == 0) {
        fprintf(stderr, "usage: gossip [SEED [OFFICES [POSTS]]], offices %u to %u\n", PARTICIPANTS, LIMIT_OFFICES);
        return 2;
    }
    if (secret_open(SECRET_ALLOW_UNLOCKED, NULL) != GMM_OK)
        return 1;
    offices = must(calloc(office_count, sizeof *offices));
    unsigned epoch = history(&all);
    for (unsigned i = 0; i < office_count; i++)
        boot(i, epoch);
    run_for(120000);
    fprintf(stderr, "%zu connections; lacking %" PRIu64 "\n", wire_count, lacking(&all));
    play("first", &all, posts, 600);
    play("again", &all, posts, 600);
    for (unsigned i = 0; i < office_count * 3 / 10;) {
        unsigned office = (unsigned)draw(office_count);
        if (offices[office].engine == NULL)
            continue;
        stop(office);
        i++;
    }
    play("30 % stopped", &all, posts, 600);
    return lacking(&all) == 0 ? 0 : 1;
}
