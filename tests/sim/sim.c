#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/wrapkeys.h"
#include "tests/sim/sim_state.h"

void *sim_must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

uint64_t sim_random(struct sim *sim, uint64_t below)
{
    uint64_t z = sim->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return below == 0 ? z : z % below;
}

void sim_random_bytes(struct sim *sim, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)sim_random(sim, 256);
}

uint64_t sim_now(const struct sim *sim)
{
    return sim->now_ms;
}

/* The queue of what happens: a binary heap by time, then by order of making. */

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void push(struct sim *sim, struct event event)
{
    if (sim->heap_count == sim->heap_capacity) {
        sim->heap_capacity = sim->heap_capacity == 0 ? 256 : 2 * sim->heap_capacity;
        sim->heap = sim_must(realloc(sim->heap, sim->heap_capacity * sizeof *sim->heap));
    }
    event.order = ++sim->order;
    size_t i = sim->heap_count++;
    while (i > 0 && before(&event, &sim->heap[(i - 1) / 2])) {
        sim->heap[i] = sim->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    sim->heap[i] = event;
}

static struct event pop(struct sim *sim)
{
    struct event top = sim->heap[0], last = sim->heap[--sim->heap_count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= sim->heap_count)
            break;
        if (child + 1 < sim->heap_count && before(&sim->heap[child + 1], &sim->heap[child]))
            child++;
        if (!before(&sim->heap[child], &last))
            break;
        sim->heap[i] = sim->heap[child];
        i = child;
    }
    sim->heap[i] = last;
    sim->heap[sim->heap_count].bytes = NULL; /* moved */
    return top;
}

static struct wire *wire_of(struct sim *sim, uint32_t conn)
{
    for (size_t i = 0; i < sim->wire_count; i++)
        if (sim->wires[i].conn == conn && sim->wires[i].open)
            return &sim->wires[i];
    return NULL;
}

static void hang_up(struct sim *sim, struct wire *wire)
{
    if (!wire->open)
        return;
    wire->open = false;
    for (unsigned end = 0; end < 2; end++)
        push(sim, (struct event){.at_ms = sim->now_ms + 1,
                                 .what = HANG_UP,
                                 .office = wire->ends[end],
                                 .generation = wire->generations[end],
                                 .conn = wire->conn});
}

static void send_bytes(struct sim *sim, unsigned office, const struct effect *effect)
{
    struct wire *wire = wire_of(sim, effect->conn);
    if (wire == NULL)
        return;
    unsigned end = wire->ends[0] == office ? 1 : 0;
    uint64_t at = sim->now_ms + wire->latency_ms;
    if (at < wire->arrives_ms[end])
        at = wire->arrives_ms[end];
    wire->arrives_ms[end] = at;
    sim->bytes += effect->len;
    /* In two parts, cut anywhere. */
    size_t cut = (size_t)sim_random(sim, effect->len + 1);
    for (unsigned part = 0; part < 2; part++) {
        size_t from = part == 0 ? 0 : cut, to = part == 0 ? cut : effect->len;
        if (from == to)
            continue;
        uint8_t *copy = sim_must(malloc(to - from));
        memcpy(copy, effect->bytes + from, to - from);
        push(sim, (struct event){.at_ms = at,
                                 .what = DELIVER,
                                 .office = wire->ends[end],
                                 .generation = wire->generations[end],
                                 .conn = wire->conn,
                                 .bytes = copy,
                                 .len = to - from});
    }
    push(sim, (struct event){.at_ms = at,
                             .what = DRAIN,
                             .office = office,
                             .generation = wire->generations[1 - end],
                             .conn = wire->conn});
}

static void store(struct sim *sim, unsigned office, const struct effect *effect)
{
    sim_check_sealed(sim, office, effect);
    struct office *o = &sim->offices[office];
    size_t place = disk_write(o->disk, o->engine, effect);
    if (effect->as.store.has_chunk)
        sim_chunk_stored(sim, office, &effect->as.store.chunk_gid, &effect->as.store.chunk_id, effect->as.store.chunk,
                         effect->as.store.chunk_len);
    /* Stores are carried out in order. */
    uint64_t at = sim->now_ms + 1 + sim_random(sim, 10);
    o->stored_ms = at > o->stored_ms ? at : o->stored_ms;
    push(sim, (struct event){.at_ms = o->stored_ms,
                             .what = PERSIST,
                             .office = office,
                             .generation = o->generation,
                             .ticket = effect->ticket,
                             .place = place,
                             .durable = effect->as.store.durable});
}

static void post_done(struct sim *sim, unsigned office, const struct effect *effect)
{
    for (size_t i = 0; i < sim->post_count; i++) {
        struct post *post = &sim->posts[i];
        if (post->office != office || post->generation != sim->offices[office].generation ||
            post->request != effect->request)
            continue;
        struct post copy = *post;
        *post = sim->posts[--sim->post_count];
        if (effect->err != GMM_OK)
            return;
        if (copy.appended) {
            sim->acknowledged =
                sim_must(realloc(sim->acknowledged, (sim->acknowledged_count + 1) * sizeof *sim->acknowledged));
            sim->acknowledged[sim->acknowledged_count++] = (struct acknowledged){effect->id, copy.gid, office};
            return;
        }
        copy.appended = true;
        copy.request = ++sim->offices[office].next_request;
        sim->posts = sim_must(realloc(sim->posts, (sim->post_count + 1) * sizeof *sim->posts));
        sim->posts[sim->post_count++] = copy;
        uint8_t text[200];
        sim_random_bytes(sim, text, sizeof text);
        struct engine_event event = {.kind = ENGINE_APPEND,
                                     .request = copy.request,
                                     .as.append = {.gid = copy.gid,
                                                   .type = HEADER_DOCUMENT,
                                                   .body = text,
                                                   .len = 1 + (size_t)sim_random(sim, sizeof text)}};
        sim_step(sim, office, &event);
        return;
    }
}

static void carry_out(struct sim *sim, unsigned office, const struct effect *effect)
{
    struct office *o = &sim->offices[office];
    struct wire *wire;
    if (getenv("GMM_SIM_TRACE") != NULL)
        fprintf(stderr, "%" PRIu64 " office %u effect %d conn %u err %d %s peer %d\n", sim->now_ms - SIM_START_MS,
                office, effect->kind, effect->conn, effect->err, effect->text,
                effect->kind == EFFECT_PEER ? (int)effect->as.peer.state : 0);
    if (effect->kind == EFFECT_SEND) {
        send_bytes(sim, office, effect);
    } else if (effect->kind == EFFECT_CLOSE) {
        if ((wire = wire_of(sim, effect->conn)) != NULL)
            hang_up(sim, wire);
    } else if (effect->kind == EFFECT_LOAD) {
        push(sim, (struct event){.at_ms = sim->now_ms + sim_random(sim, 3),
                                 .what = LOADED,
                                 .office = office,
                                 .generation = o->generation,
                                 .ticket = effect->ticket,
                                 .key = effect->as.load.key,
                                 .from = effect->as.load.from_seq,
                                 .to = effect->as.load.to_seq,
                                 .headers = effect->as.load.headers,
                                 .exact = effect->as.load.exact});
    } else if (effect->kind == EFFECT_LOAD_CHUNK) {
        push(sim, (struct event){.at_ms = sim->now_ms + sim_random(sim, 3),
                                 .what = CHUNK_LOADED,
                                 .office = office,
                                 .generation = o->generation,
                                 .ticket = effect->ticket,
                                 .gid = effect->as.chunk.gid,
                                 .id = effect->as.chunk.id,
                                 .offset = effect->as.chunk.offset,
                                 .max = effect->as.chunk.staged ? 0 : effect->as.chunk.max});
    } else if (effect->kind == EFFECT_ASSIGNED && effect->request == sim->append_request) {
        sim->append_assigned = true;
        sim->append_id = effect->id;
    } else if (effect->kind == EFFECT_TIMER) {
        o->tick_ms = effect->at_ms;
    } else if (effect->kind == EFFECT_WRAP_KEYS) {
        /* The keystore is a file of its own, saved at once; the engine hears of it a little later. */
        uint8_t sk[32];
        sim_random_bytes(sim, sk, sizeof sk);
        wrapkeys_retire(o->keystore, effect->as.outdated, sim->now_ms);
        wrapkeys_expire(o->keystore, sim->now_ms);
        wrapkeys_renew(o->keystore, sk, sim->now_ms);
        push(sim, (struct event){.at_ms = sim->now_ms + 1 + sim_random(sim, 20),
                                 .what = KEYS_SAVED,
                                 .office = office,
                                 .generation = o->generation});
    }
}

/* One step; stores are noted at once (the engine's tables are still those of the effect), the rest afterwards. */
void sim_step(struct sim *sim, unsigned office, struct engine_event *event)
{
    struct office *o = &sim->offices[office];
    struct effects *effects = effects_new();
    if (o->engine == NULL || effects == NULL) {
        effects_free(effects);
        return;
    }
    event->now_ms = sim->now_ms;
    sim_random_bytes(sim, event->random, sizeof event->random);
    enum gmm_err err = engine_step(o->engine, event, effects);
    if (err == GMM_ENOMEM)
        abort();
    for (size_t i = 0; i < effects_count(effects); i++)
        if (effects_at(effects, i)->kind == EFFECT_STORE)
            store(sim, office, effects_at(effects, i));
    for (size_t i = 0; i < effects_count(effects); i++)
        carry_out(sim, office, effects_at(effects, i));
    for (size_t i = 0; i < effects_count(effects) && o->engine != NULL; i++)
        if (effects_at(effects, i)->kind == EFFECT_DONE)
            post_done(sim, office, effects_at(effects, i));
    effects_free(effects);
    sim_chunks_list(sim, office);
}

void sim_boot(struct sim *sim, unsigned office)
{
    struct office *o = &sim->offices[office];
    struct engine_config config = {.keystore = o->keystore,
                                   .nid = sim->nid,
                                   .relays_within = sim->options.relays_within,
                                   .relay_most = sim->options.relay_most,
                                   .relay_group_most = sim->options.relay_group_most,
                                   .heads_only = (sim->options.heads_only >> office & 1) != 0,
                                   .pinned = office != 0,
                                   .pinned_noise_pk = sim->offices[0].keystore->noise_pk};
    config.store_id[0] = (uint8_t)(office + 1);
    if (engine_new(&o->engine, &config) != GMM_OK)
        abort();
    o->tick_ms = UINT64_MAX;
    o->restart_ms = 0;
    o->generation++;
    disk_restore(o->disk, o->engine, o->effects, sim->now_ms);
    struct engine_event start = {.kind = ENGINE_START, .as.floor = disk_floor(o->disk)};
    sim_step(sim, office, &start);
}

void sim_crash(struct sim *sim, unsigned office)
{
    struct office *o = &sim->offices[office];
    if (o->engine == NULL)
        return;
    engine_free(o->engine);
    o->engine = NULL;
    size_t synced = disk_synced(o->disk), length = disk_length(o->disk);
    disk_crash(o->disk, synced + (size_t)sim_random(sim, length - synced + 1));
    o->generation++;
    o->restart_ms = sim->now_ms + 10 + sim_random(sim, 2000);
    for (size_t i = 0; i < sim->wire_count; i++)
        if (sim->wires[i].ends[0] == office || sim->wires[i].ends[1] == office)
            hang_up(sim, &sim->wires[i]);
    for (size_t i = sim->post_count; i > 0; i--)
        if (sim->posts[i - 1].office == office)
            sim->posts[i - 1] = sim->posts[--sim->post_count];
}

void sim_retire(struct sim *sim, unsigned office)
{
    size_t kept = 0;
    sim_crash(sim, office);
    sim->offices[office].retired = true;
    sim->offices[office].restart_ms = UINT64_MAX;
    for (size_t i = 0; i < sim->link_count; i++)
        if (sim->links[i].a != office && sim->links[i].b != office)
            sim->links[kept++] = sim->links[i];
    sim->link_count = kept;
}

static bool cut(const struct sim *sim, unsigned a, unsigned b)
{
    return ((sim->side >> a ^ sim->side >> b) & 1u) != 0;
}

void sim_partition(struct sim *sim, unsigned first)
{
    sim_split(sim, first == 0 ? 0 : UINT64_MAX >> (SIM_OFFICES - first));
}

void sim_split(struct sim *sim, uint64_t side)
{
    sim->side = side;
    for (size_t i = 0; i < sim->wire_count; i++)
        if (cut(sim, sim->wires[i].ends[0], sim->wires[i].ends[1]))
            hang_up(sim, &sim->wires[i]);
}

size_t sim_wires(const struct sim *sim, unsigned a, unsigned b)
{
    size_t count = 0;
    for (size_t i = 0; i < sim->wire_count; i++)
        count += sim->wires[i].open && sim->wires[i].ends[0] == a && sim->wires[i].ends[1] == b;
    return count;
}

void sim_dial(struct sim *sim, unsigned from, unsigned to, uint32_t latency_ms)
{
    struct office *a = &sim->offices[from], *b = &sim->offices[to];
    struct wire wire = {.conn = ++sim->next_conn,
                        .ends = {from, to},
                        .generations = {a->generation, b->generation},
                        .latency_ms = latency_ms,
                        .open = true};
    size_t at = 0;
    while (at < sim->wire_count && sim->wires[at].open)
        at++;
    if (at == sim->wire_count)
        sim->wires = sim_must(realloc(sim->wires, ++sim->wire_count * sizeof *sim->wires));
    sim->wires[at] = wire;
    for (unsigned end = 0; end < 2; end++) {
        struct engine_event event = {.kind = ENGINE_CONNECTED, .conn = wire.conn};
        event.as.connected.initiator = end == 0;
        event.as.connected.purpose = SESSION_OFFICES;
        event.as.connected.remote_noise_pk = b->keystore->noise_pk;
        event.as.connected.address = from + 1;
        sim_step(sim, end == 0 ? from : to, &event);
    }
}

/* As a node does: not whom it has a session with, whoever dialled. */
static void dial(struct sim *sim, struct link *link)
{
    link->retry_ms = sim->now_ms + 200 + sim_random(sim, 800);
    if (sim->offices[link->a].engine != NULL && sim->offices[link->b].engine != NULL && !cut(sim, link->a, link->b) &&
        sim_wires(sim, link->a, link->b) + sim_wires(sim, link->b, link->a) == 0)
        sim_dial(sim, link->a, link->b, link->latency_ms);
}

void sim_plan_failure(struct sim *sim, enum happening what, uint32_t every_ms)
{
    if (every_ms != 0)
        push(sim, (struct event){.at_ms = sim->now_ms + 1 + sim_random(sim, 2ull * every_ms), .what = what});
}

static void fail_something(struct sim *sim, const struct event *event)
{
    if (!sim->failures)
        return;
    if (event->what == CRASH) {
        sim_crash(sim, (unsigned)sim_random(sim, sim->options.offices));
        sim_plan_failure(sim, CRASH, sim->options.crash_every_ms);
        return;
    }
    if (sim->wire_count > 0)
        hang_up(sim, &sim->wires[sim_random(sim, sim->wire_count)]);
    sim_plan_failure(sim, BREAK, sim->options.break_every_ms);
}

static bool withholds(const struct office *o, const struct run_key *key)
{
    return o->withholds && memcmp(key, &o->withheld, sizeof *key) == 0;
}

static void happen(struct sim *sim, struct event *event)
{
    if (event->what == BREAK || event->what == CRASH) {
        fail_something(sim, event);
        return;
    }
    struct office *o = &sim->offices[event->office];
    if (event->what == CHUNK_LOADED) {
        if (o->engine != NULL && o->generation == event->generation)
            sim_chunk_load(sim, event->office, event->ticket, &event->gid, &event->id, event->offset, event->max);
        return;
    }
    struct engine_event e = {.conn = event->conn, .ticket = event->ticket, .bytes = event->bytes, .len = event->len};
    if (o->engine != NULL && o->generation == event->generation) {
        struct run *run = NULL;
        e.kind = event->what == DELIVER      ? ENGINE_RECEIVED
                 : event->what == DRAIN      ? ENGINE_DRAINED
                 : event->what == PERSIST    ? ENGINE_PERSISTED
                 : event->what == LOADED     ? ENGINE_LOADED
                 : event->what == KEYS_SAVED ? ENGINE_WRAP_KEYS
                                             : ENGINE_DISCONNECTED;
        if (event->what == PERSIST && event->durable)
            disk_sync(o->disk, event->place);
        if (event->what == LOADED)
            e.as.loaded = run =
                o->lost && withholds(o, &event->key)
                    ? NULL
                    : disk_load(o->disk, &event->key, event->from, event->to, event->headers, event->exact);
        bool stale = (event->what == DELIVER || event->what == DRAIN) && wire_of(sim, event->conn) == NULL;
        bool silent = event->what == LOADED && !o->lost && withholds(o, &event->key);
        if (!stale && !silent)
            sim_step(sim, event->office, &e);
        run_free(run);
    }
    free(event->bytes);
}

/* The next moment at which anything is due. */
static uint64_t next_ms(const struct sim *sim)
{
    uint64_t next = sim->heap_count > 0 ? sim->heap[0].at_ms : UINT64_MAX;
    for (unsigned i = 0; i < sim->options.offices; i++) {
        const struct office *o = &sim->offices[i];
        uint64_t due = o->engine == NULL ? o->restart_ms : o->tick_ms;
        next = due < next ? due : next;
    }
    for (size_t i = 0; i < sim->link_count; i++)
        next = sim->links[i].retry_ms < next ? sim->links[i].retry_ms : next;
    return next;
}

static void advance(struct sim *sim)
{
    uint64_t next = next_ms(sim);
    sim->now_ms = next > sim->now_ms ? next : sim->now_ms;
    while (sim->heap_count > 0 && sim->heap[0].at_ms <= sim->now_ms) {
        struct event event = pop(sim);
        happen(sim, &event);
    }
    for (unsigned i = 0; i < sim->options.offices; i++) {
        struct office *o = &sim->offices[i];
        struct engine_event tick = {.kind = ENGINE_TICK};
        if (o->engine == NULL && o->restart_ms <= sim->now_ms) {
            sim_boot(sim, i);
        } else if (o->engine != NULL && o->tick_ms <= sim->now_ms) {
            o->tick_ms = UINT64_MAX;
            sim_step(sim, i, &tick);
        }
    }
    for (size_t i = 0; i < sim->link_count; i++)
        if (sim->links[i].retry_ms <= sim->now_ms)
            dial(sim, &sim->links[i]);
}

void sim_run(struct sim *sim, uint64_t ms)
{
    uint64_t end = sim->now_ms + ms;
    while (next_ms(sim) <= end)
        advance(sim);
    sim->now_ms = end;
}

static bool settled(struct sim *sim)
{
    if (sim->post_count > 0)
        return false;
    for (unsigned i = 0; i < sim->options.offices; i++)
        if (!sim->offices[i].retired && (sim->offices[i].engine == NULL || !engine_idle(sim->offices[i].engine)))
            return false;
    for (size_t i = 0; i < sim->link_count; i++)
        if (sim_wires(sim, sim->links[i].a, sim->links[i].b) + sim_wires(sim, sim->links[i].b, sim->links[i].a) == 0)
            return false;
    return true;
}

bool sim_settle(struct sim *sim, uint64_t ms)
{
    uint64_t end = sim->now_ms + ms;
    while (sim->now_ms < end) {
        sim_run(sim, 500);
        if (!settled(sim))
            continue;
        sim_run(sim, 15000); /* epochs that wait for their rank */
        if (settled(sim))
            return true;
    }
    printf("seed %" PRIu64 ": not settled\n", sim->options.seed);
    return false;
}

void sim_heal(struct sim *sim)
{
    sim->failures = false;
    sim->side = 0;
    for (unsigned i = 0; i < sim->options.offices; i++)
        if (sim->offices[i].engine == NULL && !sim->offices[i].retired)
            sim->offices[i].restart_ms = sim->now_ms;
}

void sim_link(struct sim *sim, unsigned a, unsigned b)
{
    sim->links = sim_must(realloc(sim->links, (sim->link_count + 1) * sizeof *sim->links));
    sim->links[sim->link_count++] =
        (struct link){a, b, 1 + (uint32_t)sim_random(sim, sim->options.latency_ms_max), sim->now_ms};
}

void sim_unlink(struct sim *sim, unsigned a, unsigned b)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim->link_count; i++) {
        const struct link *link = &sim->links[i];
        if (!((link->a == a && link->b == b) || (link->a == b && link->b == a)))
            sim->links[kept++] = *link;
    }
    sim->link_count = kept;
}

unsigned sim_clone(struct sim *sim, unsigned office)
{
    unsigned made = sim->options.offices++;
    struct office *o = &sim->offices[made];
    if (made == SIM_OFFICES)
        abort();
    *o = (struct office){.keystore = sim->offices[office].keystore, .pid = sim->offices[office].pid, .clone = true};
    o->disk = disk_copy(sim->offices[office].disk);
    o->effects = sim_must(effects_new());
    sim_boot(sim, made);
    return made;
}

void sim_free(struct sim *sim)
{
    if (sim == NULL)
        return;
    while (sim->heap_count > 0)
        free(pop(sim).bytes);
    for (unsigned i = 0; i < sim->options.offices; i++) {
        struct office *o = &sim->offices[i];
        engine_free(o->engine);
        effects_free(o->effects);
        disk_free(o->disk);
        sim_chunks_free(sim, i);
        if (!o->clone)
            keystore_free(o->keystore);
        free(o->certificate);
        free(o->charter);
    }
    free(sim->heap);
    free(sim->wires);
    free(sim->links);
    free(sim->posts);
    free(sim->acknowledged);
    free(sim->sealed);
    free(sim);
}

const struct gmm_id *sim_acknowledged_at(const struct sim *sim, size_t index, struct gmm_id *gid)
{
    *gid = sim->acknowledged[index].gid;
    return &sim->acknowledged[index].id;
}

void sim_urgent(struct sim *sim, unsigned office, const struct run_key *log)
{
    struct engine_event event = {.kind = ENGINE_URGENT, .as.urgent = {log, 1}};
    sim_step(sim, office, &event);
}

void sim_behind(struct sim *sim, unsigned office, bool behind)
{
    struct engine_event event = {.kind = ENGINE_BEHIND, .as.behind = behind};
    sim_step(sim, office, &event);
}

void sim_withhold(struct sim *sim, unsigned office, const struct run_key *log)
{
    sim->offices[office].withholds = true;
    sim->offices[office].withheld = *log;
}

void sim_lose(struct sim *sim, unsigned office, const struct run_key *log)
{
    sim_withhold(sim, office, log);
    sim->offices[office].lost = true;
}

const struct keystore *sim_keystore(const struct sim *sim, unsigned office)
{
    return sim->offices[office].keystore;
}

const struct gmm_id *sim_nid(const struct sim *sim)
{
    return &sim->nid;
}

size_t sim_acknowledged(const struct sim *sim)
{
    return sim->acknowledged_count;
}

struct engine *sim_engine(struct sim *sim, unsigned office)
{
    return sim->offices[office].engine;
}

const struct disk *sim_disk(const struct sim *sim, unsigned office)
{
    return sim->offices[office].disk;
}

uint64_t sim_bytes(const struct sim *sim)
{
    return sim->bytes;
}
