#include "tests/sim/sim.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"
#include "keys/secret.h"
#include "keys/wrapkeys.h"

#define START_MS UINT64_C(1800000000000)
#define YEAR_MS (UINT64_C(366) * 86400000)

struct office {
    struct keystore *keystore;
    struct engine *engine; /* NULL: down */
    struct effects *effects;
    struct disk *disk;
    uint64_t generation; /* of the process: events of an earlier one are dropped */
    uint64_t tick_ms, restart_ms, stored_ms, next_request;
    struct gmm_id pid;
    uint8_t *certificate, *charter;
    size_t certificate_len, charter_len;
    uint8_t join_signature[HASH_SIG_BYTES];
    bool clone; /* its keystore is another's */
};
struct wire { /* one connection */
    uint32_t conn;
    unsigned ends[2]; /* ends[0] dialled */
    uint64_t generations[2];
    uint32_t latency_ms;
    uint64_t arrives_ms[2]; /* of the last bytes towards end i: order is kept within a connection */
    bool open;
};
struct link { /* a pair that keeps connecting */
    unsigned a, b;
    uint32_t latency_ms;
    uint64_t retry_ms;
};
enum happening { DELIVER, DRAIN, PERSIST, LOADED, KEYS_SAVED, BREAK, CRASH, HANG_UP };
struct event {
    uint64_t at_ms, order;
    enum happening what;
    unsigned office;
    uint64_t generation;
    uint32_t conn;
    uint8_t *bytes;
    size_t len;
    uint64_t ticket;
    size_t place;
    bool durable;
    struct run_key key;
    uint64_t from, to;
    bool headers, exact;
};
struct post {
    unsigned office;
    uint64_t generation, request;
    struct gmm_id gid, id;
    bool appended;
};
struct acknowledged {
    struct gmm_id id, gid;
    unsigned office;
};
struct sim {
    struct sim_options options;
    uint64_t random, now_ms, order, bytes;
    struct office offices[SIM_OFFICES];
    struct gmm_id nid, circle;
    struct wire *wires;
    size_t wire_count;
    uint32_t next_conn;
    struct link *links;
    size_t link_count;
    struct event *heap;
    size_t heap_count, heap_capacity;
    struct post *posts;
    size_t post_count;
    struct acknowledged *acknowledged;
    size_t acknowledged_count;
    uint64_t side; /* offices with their bit set are cut off from the others */
    bool failures;
};

static void *must(void *p)
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

static void random_bytes(struct sim *sim, uint8_t *out, size_t n)
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
        sim->heap = must(realloc(sim->heap, sim->heap_capacity * sizeof *sim->heap));
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
    return top;
}

static void step(struct sim *sim, unsigned office, struct engine_event *event);

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
        uint8_t *copy = must(malloc(to - from));
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
    struct office *o = &sim->offices[office];
    size_t place = disk_write(o->disk, o->engine, effect);
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
                must(realloc(sim->acknowledged, (sim->acknowledged_count + 1) * sizeof *sim->acknowledged));
            sim->acknowledged[sim->acknowledged_count++] = (struct acknowledged){effect->id, copy.gid, office};
            return;
        }
        copy.appended = true;
        copy.request = ++sim->offices[office].next_request;
        sim->posts = must(realloc(sim->posts, (sim->post_count + 1) * sizeof *sim->posts));
        sim->posts[sim->post_count++] = copy;
        uint8_t text[200];
        random_bytes(sim, text, sizeof text);
        struct engine_event event = {.kind = ENGINE_APPEND,
                                     .request = copy.request,
                                     .as.append = {.gid = copy.gid,
                                                   .type = HEADER_DOCUMENT,
                                                   .body = text,
                                                   .len = 1 + (size_t)sim_random(sim, sizeof text)}};
        step(sim, office, &event);
        return;
    }
}

static void carry_out(struct sim *sim, unsigned office, const struct effect *effect)
{
    struct office *o = &sim->offices[office];
    struct wire *wire;
    if (getenv("GMM_SIM_TRACE") != NULL)
        fprintf(stderr, "%" PRIu64 " office %u effect %d conn %u err %d %s peer %d\n", sim->now_ms - START_MS, office,
                effect->kind, effect->conn, effect->err, effect->text,
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
    } else if (effect->kind == EFFECT_TIMER) {
        o->tick_ms = effect->at_ms;
    } else if (effect->kind == EFFECT_WRAP_KEYS) {
        /* The keystore is a file of its own, saved at once; the engine hears of it a little later. */
        uint8_t sk[32];
        random_bytes(sim, sk, sizeof sk);
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
static void step(struct sim *sim, unsigned office, struct engine_event *event)
{
    struct office *o = &sim->offices[office];
    struct effects *effects = effects_new();
    if (o->engine == NULL || effects == NULL) {
        effects_free(effects);
        return;
    }
    event->now_ms = sim->now_ms;
    random_bytes(sim, event->random, sizeof event->random);
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
}

static void boot(struct sim *sim, unsigned office)
{
    struct office *o = &sim->offices[office];
    struct engine_config config = {.keystore = o->keystore,
                                   .nid = sim->nid,
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
    step(sim, office, &start);
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

static void dial(struct sim *sim, struct link *link)
{
    struct office *a = &sim->offices[link->a], *b = &sim->offices[link->b];
    link->retry_ms = sim->now_ms + 200 + sim_random(sim, 800);
    if (a->engine == NULL || b->engine == NULL || cut(sim, link->a, link->b))
        return;
    for (size_t i = 0; i < sim->wire_count; i++)
        if (sim->wires[i].open && sim->wires[i].ends[0] == link->a && sim->wires[i].ends[1] == link->b)
            return;
    struct wire wire = {.conn = ++sim->next_conn,
                        .ends = {link->a, link->b},
                        .generations = {a->generation, b->generation},
                        .latency_ms = link->latency_ms,
                        .open = true};
    size_t at = 0;
    while (at < sim->wire_count && sim->wires[at].open)
        at++;
    if (at == sim->wire_count)
        sim->wires = must(realloc(sim->wires, ++sim->wire_count * sizeof *sim->wires));
    sim->wires[at] = wire;
    for (unsigned end = 0; end < 2; end++) {
        struct engine_event event = {.kind = ENGINE_CONNECTED, .conn = wire.conn};
        event.as.connected.initiator = end == 0;
        event.as.connected.purpose = SESSION_OFFICES;
        event.as.connected.remote_noise_pk = b->keystore->noise_pk;
        event.as.connected.address = link->a + 1;
        step(sim, end == 0 ? link->a : link->b, &event);
    }
}

static void plan_failure(struct sim *sim, enum happening what, uint32_t every_ms)
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
        plan_failure(sim, CRASH, sim->options.crash_every_ms);
        return;
    }
    if (sim->wire_count > 0)
        hang_up(sim, &sim->wires[sim_random(sim, sim->wire_count)]);
    plan_failure(sim, BREAK, sim->options.break_every_ms);
}

static void happen(struct sim *sim, struct event *event)
{
    if (event->what == BREAK || event->what == CRASH) {
        fail_something(sim, event);
        return;
    }
    struct office *o = &sim->offices[event->office];
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
            e.as.loaded = run = disk_load(o->disk, &event->key, event->from, event->to, event->headers, event->exact);
        bool stale = (event->what == DELIVER || event->what == DRAIN) && wire_of(sim, event->conn) == NULL;
        if (!stale)
            step(sim, event->office, &e);
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
            boot(sim, i);
        } else if (o->engine != NULL && o->tick_ms <= sim->now_ms) {
            o->tick_ms = UINT64_MAX;
            step(sim, i, &tick);
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
        if (sim->offices[i].engine == NULL || !engine_idle(sim->offices[i].engine))
            return false;
    for (size_t i = 0; i < sim->link_count; i++) {
        bool open = false;
        for (size_t k = 0; k < sim->wire_count; k++)
            open = open || (sim->wires[k].open && sim->wires[k].ends[0] == sim->links[i].a &&
                            sim->wires[k].ends[1] == sim->links[i].b);
        if (!open)
            return false;
    }
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
        if (sim->offices[i].engine == NULL)
            sim->offices[i].restart_ms = sim->now_ms;
}

/* Founding */

static void make_keys(struct sim *sim, unsigned i)
{
    struct office *o = &sim->offices[i];
    struct gmm_id next_pk;
    o->keystore = must(keystore_new());
    struct keystore *ks = o->keystore;
    random_bytes(sim, ks->node, 32);
    random_bytes(sim, ks->sign_seed, 32);
    random_bytes(sim, ks->noise_sk, 32);
    random_bytes(sim, ks->root_seed, 32);
    random_bytes(sim, ks->next_root_seed, 32);
    random_bytes(sim, ks->wraps[0].sk, 32);
    ks->wraps[0].created_ms = START_MS;
    ks->wrap_count = 1;
    ks->root_held = ks->next_root_held = true;
    uint8_t *sk = must(secret_alloc(64));
    identity_pair(&next_pk, sk, ks->next_root_seed);
    secret_free(sk);
    keystore_derive(ks);
    identity_next_commit(&ks->next_commit, &next_pk);
    identity_pid(&ks->pid, &ks->root_pk, &ks->next_commit);
    o->pid = ks->pid;
    o->disk = disk_new();
    o->effects = must(effects_new());
}

static void certify(struct sim *sim, unsigned i)
{
    struct office *o = &sim->offices[i];
    struct certificate c = {.nid = sim->nid,
                            .pid = o->pid,
                            .root_pk = o->keystore->root_pk,
                            .next_commit = o->keystore->next_commit,
                            .sign_pk = o->keystore->sign_pk,
                            .noise_pk = o->keystore->noise_pk,
                            .serial = 1,
                            .not_before_ms = START_MS - 1,
                            .not_after_ms = START_MS + 3 * YEAR_MS,
                            .level = IDENTITY_HQ,
                            .roles = CERTIFICATE_ROLES_ALL,
                            .office = "hq"};
    struct buffer out;
    crypto_scalarmult_base(c.wrap_pk.b, o->keystore->wraps[0].sk);
    buffer_init(&out, 8192);
    buffer_put_u8(&out, DIRECTORY_CERTIFICATE);
    if (certificate_make(&out, &c, o->keystore->root_sk) != GMM_OK ||
        buffer_take(&out, &o->certificate, &o->certificate_len) != GMM_OK)
        abort();
    hash_sign(o->join_signature, o->keystore->sign_sk, LABEL_JOIN, &sim->nid, o->pid.b, sizeof o->pid.b);
}

static void add_object(struct sim *sim, unsigned office, const uint8_t *bytes, size_t len)
{
    struct engine_event event = {
        .kind = ENGINE_ADD_OBJECT, .bytes = bytes, .len = len, .request = ++sim->offices[office].next_request};
    step(sim, office, &event);
}

static void found(struct sim *sim)
{
    struct office *o = &sim->offices[0];
    struct charter charter = {.time_ms = START_MS - 1,
                              .term_until_ms = START_MS + YEAR_MS,
                              .name = "Simulated network",
                              .founder_id = "p0",
                              .founder_name = "Participant 0",
                              .founder_kind = IDENTITY_MEMBER,
                              .admission = CHARTER_BY_CHAIR,
                              .thematic = CHARTER_THEMATIC_OPEN,
                              .founder_root_pk = o->keystore->root_pk,
                              .founder_next_commit = o->keystore->next_commit};
    struct buffer out;
    random_bytes(sim, charter.random, sizeof charter.random);
    buffer_init(&out, 8192);
    buffer_put_u8(&out, DIRECTORY_CHARTER);
    if (charter_make(&out, &charter, o->keystore->root_sk) != GMM_OK ||
        buffer_take(&out, &o->charter, &o->charter_len) != GMM_OK)
        abort();
    sim->nid = charter.nid;
}

static void admit(struct sim *sim, unsigned i)
{
    struct office *o = &sim->offices[i];
    struct control_admit admission = {.pid = o->pid,
                                      .root_pk = o->keystore->root_pk,
                                      .next_commit = o->keystore->next_commit,
                                      .sign_pk = o->keystore->sign_pk,
                                      .noise_pk = o->keystore->noise_pk,
                                      .kind = IDENTITY_MEMBER};
    struct buffer body;
    snprintf(admission.id, sizeof admission.id, "p%u", i);
    snprintf(admission.name, sizeof admission.name, "Participant %u", i);
    memcpy(admission.join_signature, o->join_signature, HASH_SIG_BYTES);
    add_object(sim, 0, o->certificate, o->certificate_len);
    buffer_init(&body, 4096);
    if (control_admit_encode(&body, &admission) != GMM_OK)
        abort();
    struct engine_event event = {.kind = ENGINE_APPEND,
                                 .request = ++sim->offices[0].next_request,
                                 .as.append = {.type = HEADER_ADMIT, .body = body.p, .len = body.len}};
    step(sim, 0, &event);
    buffer_close(&body);
}

static void add_link(struct sim *sim, unsigned a, unsigned b)
{
    sim->links = must(realloc(sim->links, (sim->link_count + 1) * sizeof *sim->links));
    sim->links[sim->link_count++] =
        (struct link){a, b, 1 + (uint32_t)sim_random(sim, sim->options.latency_ms_max), sim->now_ms};
}

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = must(calloc(1, sizeof *sim));
    sim->options = *options;
    sim->random = options->seed;
    sim->now_ms = START_MS;
    printf("seed %" PRIu64 "\n", options->seed);
    for (unsigned i = 0; i < options->offices; i++)
        make_keys(sim, i);
    found(sim);
    for (unsigned i = 0; i < options->offices; i++) {
        certify(sim, i);
        boot(sim, i);
        add_object(sim, i, sim->offices[0].charter, sim->offices[0].charter_len);
        add_object(sim, i, sim->offices[i].certificate, sim->offices[i].certificate_len);
    }
    sim_run(sim, 100);
    for (unsigned i = 1; i < options->offices; i++)
        admit(sim, i);
    sim_run(sim, 100);
    for (unsigned i = 1; i < options->offices; i++)
        add_link(sim, i, 0);
    for (unsigned i = 0; i < options->links; i++) {
        unsigned a = (unsigned)sim_random(sim, options->offices), b = (unsigned)sim_random(sim, options->offices);
        if (a != b)
            add_link(sim, a, b);
    }
    sim->failures = true;
    plan_failure(sim, BREAK, options->break_every_ms);
    plan_failure(sim, CRASH, options->crash_every_ms);
    return sim;
}

void sim_link(struct sim *sim, unsigned a, unsigned b)
{
    add_link(sim, a, b);
}

unsigned sim_clone(struct sim *sim, unsigned office)
{
    unsigned made = sim->options.offices++;
    struct office *o = &sim->offices[made];
    if (made == SIM_OFFICES)
        abort();
    *o = (struct office){.keystore = sim->offices[office].keystore, .pid = sim->offices[office].pid, .clone = true};
    o->disk = disk_copy(sim->offices[office].disk);
    o->effects = must(effects_new());
    boot(sim, made);
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
    free(sim);
}

bool sim_post(struct sim *sim, unsigned office, const struct gmm_id *gid)
{
    struct office *o = &sim->offices[office];
    if (o->engine == NULL)
        return false;
    sim->posts = must(realloc(sim->posts, (sim->post_count + 1) * sizeof *sim->posts));
    struct post post = {.office = office, .generation = o->generation, .request = ++o->next_request, .gid = *gid};
    sim->posts[sim->post_count++] = post;
    struct engine_event event = {.kind = ENGINE_ENSURE_EPOCH, .request = post.request, .as.epoch = {*gid, false}};
    step(sim, office, &event);
    return true;
}

void sim_group_all(const struct sim *sim, struct gmm_id *gid)
{
    struct gmm_id nobody = {{0}};
    epoch_group_id(gid, &sim->nid, GROUP_ALL, &nobody, "all", 3);
}

void sim_circle(struct sim *sim, unsigned members, struct gmm_id *gid)
{
    struct office *o = &sim->offices[0];
    struct control_group group = {.kind = GROUP_CIRCLE, .member_count = (uint16_t)members};
    struct buffer body;
    random_bytes(sim, group.random, sizeof group.random);
    for (unsigned i = 0; i < members; i++)
        group.members[i] = sim->offices[i].pid;
    epoch_group_id(gid, &sim->nid, GROUP_CIRCLE, &o->pid, group.random, sizeof group.random);
    sim->circle = *gid;
    buffer_init(&body, 65536);
    if (control_group_encode(&body, &group) != GMM_OK)
        abort();
    struct engine_event event = {.kind = ENGINE_APPEND,
                                 .request = ++o->next_request,
                                 .as.append = {.gid = *gid, .type = HEADER_GROUP, .body = body.p, .len = body.len}};
    step(sim, 0, &event);
    buffer_close(&body);
    sim_run(sim, 50);
}

/* Invariants */

static bool same_logs(const struct sim *sim, unsigned a, unsigned b)
{
    const struct disk *x = sim->offices[a].disk, *y = sim->offices[b].disk;
    for (size_t i = 0; i < disk_logs(x); i++) {
        uint64_t xs, ys;
        size_t other;
        const struct run_key *key = disk_log_key(x, i, &xs);
        if (!disk_find_log(y, key, &other))
            continue;
        disk_log_key(y, other, &ys);
        for (uint64_t seq = 0; seq < xs && seq < ys; seq++)
            if (!id_equal(disk_entry_id(x, i, seq), disk_entry_id(y, other, seq))) {
                printf("seed %" PRIu64 ": offices %u and %u differ at seq %" PRIu64 "\n", sim->options.seed, a, b, seq);
                return false;
            }
    }
    return true;
}

bool sim_check_safety(const struct sim *sim)
{
    for (unsigned a = 0; a < sim->options.offices; a++)
        for (unsigned b = a + 1; b < sim->options.offices; b++)
            if (!same_logs(sim, a, b))
                return false;
    for (size_t i = 0; i < sim->acknowledged_count; i++)
        if (!disk_holds(sim->offices[sim->acknowledged[i].office].disk, &sim->acknowledged[i].id)) {
            printf("seed %" PRIu64 ": office %u lost an acknowledged post\n", sim->options.seed,
                   sim->acknowledged[i].office);
            return false;
        }
    return true;
}

static bool has_and_opens(struct sim *sim, unsigned office, const struct acknowledged *post)
{
    const struct disk *disk = sim->offices[office].disk;
    for (size_t i = 0; i < disk_logs(disk); i++) {
        uint64_t count;
        disk_log_key(disk, i, &count);
        for (uint64_t seq = 0; seq < count; seq++) {
            if (!id_equal(disk_entry_id(disk, i, seq), &post->id))
                continue;
            struct gmm_id epoch;
            memcpy(epoch.b, disk_entry_header(disk, i, seq) + 160, sizeof epoch.b);
            if (engine_secret(sim->offices[office].engine, &epoch) != NULL)
                return true;
            printf("seed %" PRIu64 ": office %u cannot open a post of office %u\n", sim->options.seed, office,
                   post->office);
            return false;
        }
    }
    printf("seed %" PRIu64 ": office %u lacks a post of office %u\n", sim->options.seed, office, post->office);
    return false;
}

bool sim_check_converged(struct sim *sim)
{
    for (unsigned office = 0; office < sim->options.offices; office++) {
        const struct view *view = engine_view(sim->offices[office].engine);
        for (size_t i = 0; i < sim->acknowledged_count; i++) {
            const struct acknowledged *post = &sim->acknowledged[i];
            if (view == NULL ||
                (!view_is_member(view, &post->gid, &sim->offices[office].pid) && !id_equal(&post->gid, &sim->circle))) {
                printf("seed %" PRIu64 ": office %u is not a member\n", sim->options.seed, office);
                return false;
            }
            if (view_is_member(view, &post->gid, &sim->offices[office].pid) && !has_and_opens(sim, office, post))
                return false;
        }
    }
    return true;
}

bool sim_check_outsiders(const struct sim *sim)
{
    const struct view *view = engine_view(sim->offices[0].engine);
    for (unsigned office = 0; view != NULL && office < sim->options.offices; office++)
        for (size_t i = 0; i < disk_logs(sim->offices[office].disk); i++) {
            uint64_t count;
            const struct run_key *key = disk_log_key(sim->offices[office].disk, i, &count);
            if (id_is_zero(&key->group) || view_is_member(view, &key->group, &sim->offices[office].pid))
                continue;
            printf("seed %" PRIu64 ": office %u holds a log of a group it is no member of\n", sim->options.seed,
                   office);
            return false;
        }
    return true;
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
