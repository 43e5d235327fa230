#include "tests/lib/comparison.h"

#include <stdlib.h>
#include <string.h>

#include "proto/message.h"

static void *must(void *p)
{
    if (p == NULL)
        abort();
    return p;
}

static void must_ok(enum gmm_err err)
{
    if (err != GMM_OK)
        abort();
}

static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void draw_id(uint64_t *state, struct gmm_id *id)
{
    for (size_t i = 0; i < sizeof id->b; i += 8)
        bytes_store_u64(id->b + i, draw(state));
}

void comparison_new(struct comparison *c, size_t count, size_t groups, uint64_t entries, uint64_t seed)
{
    struct gmm_id *gids = must(calloc(groups, sizeof *gids));
    for (size_t i = 0; i < groups; i++)
        draw_id(&seed, &gids[i]);
    c->logs = must(calloc(count + 1, sizeof *c->logs));
    c->count = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t a = draw(&seed) % groups, b = draw(&seed) % groups;
        c->logs[i].key.group = gids[a < b ? a : b];
        draw_id(&seed, &c->logs[i].key.author);
        c->logs[i].key.instance = draw(&seed);
        c->logs[i].next[0] = c->logs[i].next[1] = entries;
    }
    free(gids);
}

void comparison_free(struct comparison *c)
{
    free(c->logs);
}

static void id_of(const struct comparison_log *log, unsigned side, struct gmm_id *id)
{
    *id = log->key.author;
    bytes_store_u64(id->b, log->next[side]);
    id->b[8] = log->branch[side];
}

struct reconcile *comparison_side(const struct comparison *c, unsigned side, const uint8_t salt[MESSAGE_RANGES_SALT])
{
    struct reconcile *r = must(reconcile_new(salt));
    for (size_t i = 0; i < c->count; i++) {
        struct gmm_id id;
        id_of(&c->logs[i], side, &id);
        if (c->logs[i].next[side] > 0)
            must_ok(reconcile_add(r, &c->logs[i].key, c->logs[i].next[side] - 1, &id, i));
    }
    return r;
}

struct end {
    struct comparison *c;
    struct comparison_cost *cost;
    unsigned side;
    struct buffer waiting; /* what the other is sent: length u32, payload */
    size_t batch;          /* heads told since the last RANGES */
};

static void flush(struct end *end)
{
    end->cost->head_bytes += end->batch > 0 ? comparison_head_bytes(end->batch) : 0;
    end->batch = 0;
}

static void on_send(void *context, struct buffer *payload)
{
    struct end *end = context;
    flush(end);
    must_ok(payload->failed);
    buffer_put_u32(&end->waiting, (uint32_t)payload->len);
    buffer_put(&end->waiting, payload->p, payload->len);
    must_ok(end->waiting.failed);
    end->cost->messages++;
    end->cost->bytes += payload->len + 1;
    buffer_close(payload);
}

static void on_tell(void *context, size_t ref, bool asked)
{
    struct end *end = context;
    struct comparison_log *log = &end->c->logs[ref];
    if (asked && log->said_next > log->next[end->side])
        return;
    if (log->told[end->side])
        abort();
    log->told[end->side] = true;
    if (log->said_next < log->next[end->side])
        log->said_next = log->next[end->side];
    end->cost->heads++;
    end->batch++;
}

/* All that waits for the other side. */
static void deliver(struct end *from, struct end *to, struct reconcile *r)
{
    const struct reconcile_sink sink = {to, on_send, on_tell};
    struct buffer payloads = from->waiting;
    struct bytes_in in;
    buffer_init(&from->waiting, SIZE_MAX);
    bytes_in_init(&in, payloads.p, payloads.len);
    while (in.left > 0) {
        uint32_t len = bytes_get_u32(&in);
        struct message_ranges message;
        must_ok(message_ranges_decode(&message, bytes_take(&in, len), len));
        if (!reconcile_expects(r, &message))
            abort();
        must_ok(reconcile_take(r, &message, &sink));
    }
    flush(to);
    buffer_close(&payloads);
}

void comparison_play(struct comparison *c, const uint8_t salt[MESSAGE_RANGES_SALT], bool whole,
                     struct comparison_cost *cost)
{
    struct reconcile *sides[2] = {comparison_side(c, 0, salt), comparison_side(c, 1, salt)};
    struct end ends[2] = {{c, cost, 0, {0}, 0}, {c, cost, 1, {0}, 0}};
    const struct reconcile_sink sink = {&ends[0], on_send, on_tell};
    *cost = (struct comparison_cost){0};
    for (size_t i = 0; i < c->count; i++) {
        c->logs[i].told[0] = c->logs[i].told[1] = false;
        c->logs[i].said_next = 0;
    }
    buffer_init(&ends[0].waiting, SIZE_MAX);
    buffer_init(&ends[1].waiting, SIZE_MAX);
    reconcile_answer(sides[1]);
    reconcile_open(sides[0], whole, &sink);
    for (unsigned from = 0; ends[from].waiting.len > 0; from = 1 - from) {
        cost->rounds++;
        deliver(&ends[from], &ends[1 - from], sides[1 - from]);
    }
    for (unsigned s = 0; s < 2; s++) {
        if (!reconcile_done(sides[s]))
            abort();
        buffer_close(&ends[s].waiting);
        reconcile_free(sides[s]);
    }
    for (size_t i = 0; i < c->count; i++)
        for (unsigned s = 0; s < 2; s++)
            if (c->logs[i].told[s] && c->logs[i].next[1 - s] < c->logs[i].next[s])
                c->logs[i].next[1 - s] = c->logs[i].next[s];
}

size_t comparison_differences(const struct comparison *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++)
        count += c->logs[i].next[0] != c->logs[i].next[1] ||
                 (c->logs[i].next[0] > 0 && c->logs[i].branch[0] != c->logs[i].branch[1]);
    return count;
}

size_t comparison_head_bytes(size_t heads)
{
    size_t each = 32 + 32 + 8 + 8 + 32 + HASH_SIG_BYTES;
    size_t messages = (heads + MESSAGE_HEADS_MAX - 1) / MESSAGE_HEADS_MAX;
    return heads * each + messages * (1 + 1 + 1 + 2);
}
