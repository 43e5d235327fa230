#include "proto/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"

#define ASKED_OF_ONE 4u         /* chunks at a time of one peer */
#define ASKED_IN_ALL 8u         /* and of all: bounds memory at 8 chunks */
#define PART_BYTES (256u << 10) /* of a chunk, a message */
#define SERVE_MAX 1024u         /* waiting to be served to one peer */
#define QUEUE_BYTES (1u << 20)
#define RETRY_MIN_MS 500u
#define RETRY_MAX_MS 60000u

struct want {
    struct gmm_id gid, id;
    uint32_t conn; /* asked of; 0: nobody */
    uint32_t got, total;
    uint8_t *bytes;
    uint64_t retry_ms;
    uint32_t delay_ms;
    bool storing;
};
struct serve {
    struct gmm_id gid, id;
    uint32_t offset;
    uint64_t ticket;
};
/* A peer's side of it; refused: indexes are not kept, a peer without a chunk is left out until retry. */
struct side {
    struct peer *peer;
    struct serve serves[SERVE_MAX];
    size_t serve_count;
    struct gmm_id refused[64]; /* ring of ids that it has not got, until their retry */
    size_t refused_at;
};
struct fetch {
    struct want *wants;
    size_t count, capacity, turn;
    struct side **sides;
    size_t side_count;
};

struct fetch *fetch_new(void)
{
    return calloc(1, sizeof(struct fetch));
}

void fetch_free(struct fetch *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->count; i++)
        free(f->wants[i].bytes);
    for (size_t i = 0; i < f->side_count; i++)
        free(f->sides[i]);
    free(f->wants);
    free(f->sides);
    free(f);
}

size_t fetch_wanted(const struct fetch *f)
{
    return f->count;
}

static struct want *want_find(const struct fetch *f, const struct gmm_id *gid, const struct gmm_id *id)
{
    for (size_t i = 0; i < f->count; i++)
        if (id_equal(&f->wants[i].id, id) && id_equal(&f->wants[i].gid, gid))
            return &f->wants[i];
    return NULL;
}

enum gmm_err fetch_want(struct fetch *f, const struct gmm_id *gid, const struct gmm_id *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (want_find(f, gid, &ids[i]) != NULL)
            continue;
        if (f->count == f->capacity) {
            size_t capacity = f->capacity == 0 ? 64 : 2 * f->capacity;
            struct want *wants = realloc(f->wants, capacity * sizeof *wants);
            if (wants == NULL)
                return GMM_ENOMEM;
            f->wants = wants;
            f->capacity = capacity;
        }
        f->wants[f->count++] = (struct want){.gid = *gid, .id = ids[i]};
    }
    return GMM_OK;
}

static void want_remove(struct fetch *f, struct want *want)
{
    free(want->bytes);
    *want = f->wants[--f->count];
}

static void want_reset(struct want *want)
{
    free(want->bytes);
    want->bytes = NULL;
    want->conn = want->got = want->total = 0;
}

static struct side *side_of(const struct fetch *f, uint32_t conn)
{
    for (size_t i = 0; i < f->side_count; i++)
        if (f->sides[i]->peer->conn == conn)
            return f->sides[i];
    return NULL;
}

enum gmm_err fetch_open(struct fetch *f, struct peer *peer)
{
    struct side **sides = realloc(f->sides, (f->side_count + 1) * sizeof *sides);
    if (sides == NULL)
        return GMM_ENOMEM;
    f->sides = sides;
    struct side *side = calloc(1, sizeof *side);
    if (side == NULL)
        return GMM_ENOMEM;
    side->peer = peer;
    f->sides[f->side_count++] = side;
    for (size_t i = 0; i < f->count; i++)
        f->wants[i].retry_ms = f->wants[i].delay_ms = 0;
    return GMM_OK;
}

void fetch_gone(struct fetch *f, uint32_t conn)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->wants[i].conn == conn && !f->wants[i].storing)
            want_reset(&f->wants[i]);
    for (size_t i = 0; i < f->side_count; i++) {
        if (f->sides[i]->peer->conn != conn)
            continue;
        free(f->sides[i]);
        f->sides[i] = f->sides[--f->side_count];
        return;
    }
}

static bool may(struct core *core, const struct peer *peer, const struct gmm_id *gid)
{
    const struct view *view = fold_view(core->fold);
    return view != NULL && view_is_member(view, gid, &peer->pid);
}

static void send_none(struct peer *peer, const struct gmm_id *gid, const struct gmm_id *id)
{
    struct buffer out;
    buffer_init(&out, 4096);
    message_chunk_none_encode(&out, gid, id, 1);
    peer_send_buffer(peer, SESSION_CONTROL, MESSAGE_CHUNK_NONE, &out);
}

static enum gmm_err on_want(struct core *core, struct side *side, const uint8_t *payload, size_t len)
{
    struct message_chunk_wants wants;
    enum gmm_err err = message_chunk_want_decode(&wants, payload, len);
    if (err != GMM_OK)
        return err;
    bool allowed = may(core, side->peer, &wants.gid);
    for (size_t i = 0; i < wants.count; i++) {
        struct message_chunk_place place;
        message_chunk_want_at(&wants, i, &place);
        if (!allowed || side->serve_count == SERVE_MAX)
            send_none(side->peer, &wants.gid, &place.id);
        else
            side->serves[side->serve_count++] = (struct serve){wants.gid, place.id, place.offset, 0};
    }
    return GMM_OK;
}

/* A later try, with a growing delay: somebody may hold it by then. */
static void postpone(struct want *want, uint64_t now_ms)
{
    want_reset(want);
    want->delay_ms = want->delay_ms == 0 ? RETRY_MIN_MS : 2 * want->delay_ms;
    if (want->delay_ms > RETRY_MAX_MS)
        want->delay_ms = RETRY_MAX_MS;
    want->retry_ms = now_ms + want->delay_ms;
}

static bool refused_by(const struct side *side, const struct gmm_id *id)
{
    for (size_t i = 0; i < 64; i++)
        if (id_equal(&side->refused[i], id))
            return true;
    return false;
}

/* Another peer that may have it and has not said no; NULL: nobody now. */
static struct side *candidate(struct fetch *f, struct core *core, const struct want *want)
{
    for (size_t i = 0; i < f->side_count; i++) {
        struct side *side = f->sides[(f->turn + i) % f->side_count];
        if (!side->peer->closing && !refused_by(side, &want->id) && may(core, side->peer, &want->gid))
            return side;
    }
    return NULL;
}

static enum gmm_err on_none(struct fetch *f, struct core *core, struct side *side, const uint8_t *payload, size_t len)
{
    struct message_chunk_none none;
    enum gmm_err err = message_chunk_none_decode(&none, payload, len);
    for (size_t i = 0; err == GMM_OK && i < none.count; i++) {
        struct gmm_id id = message_chunk_none_at(&none, i);
        struct want *want = want_find(f, &none.gid, &id);
        if (want == NULL || want->conn != side->peer->conn || want->storing)
            continue;
        side->refused[side->refused_at++ % 64] = id;
        want_reset(want);
        if (candidate(f, core, want) != NULL)
            continue;
        for (size_t k = 0; k < f->side_count; k++)
            for (size_t j = 0; j < 64; j++)
                if (id_equal(&f->sides[k]->refused[j], &id))
                    memset(&f->sides[k]->refused[j], 0, sizeof id);
        postpone(want, core->now_ms);
        struct effect *effect = core_effect(core, EFFECT_CHUNK_NOT);
        if (effect != NULL) {
            effect->as.chunk.gid = none.gid;
            effect->as.chunk.id = id;
        }
    }
    return err;
}

/* All parts are here: only bytes that hash to the id go to the store. */
static enum gmm_err complete(struct core *core, struct want *want)
{
    struct gmm_id id;
    chunk_id(&id, &core->nid, &want->gid, want->bytes, want->total);
    if (!id_equal(&id, &want->id)) {
        want_reset(want);
        return GMM_ESIGNATURE;
    }
    struct effect *store = core_store(core);
    if (store == NULL)
        return GMM_ENOMEM;
    struct engine_store *s = &store->as.store;
    s->has_chunk = true;
    s->chunk_gid = want->gid;
    s->chunk_id = want->id;
    s->chunk = want->bytes;
    s->chunk_len = want->total;
    want->bytes = NULL;
    want->storing = true;
    want->conn = 0;
    return GMM_OK;
}

static enum gmm_err on_chunk(struct fetch *f, struct core *core, struct side *side, const uint8_t *payload, size_t len)
{
    struct message_chunk part;
    enum gmm_err err = message_chunk_decode(&part, payload, len);
    if (err != GMM_OK)
        return err;
    struct want *want = want_find(f, &part.gid, &part.id);
    if (want == NULL || want->conn != side->peer->conn || want->storing)
        return GMM_OK; /* asked of somebody else meanwhile */
    if (want->bytes == NULL) {
        if (part.offset != 0 || (want->bytes = malloc(part.total)) == NULL)
            return part.offset != 0 ? GMM_EFORMAT : GMM_ENOMEM;
        want->total = part.total;
    }
    if (part.total != want->total || part.offset != want->got)
        return GMM_EFORMAT;
    memcpy(want->bytes + want->got, part.data, part.data_len);
    want->got += (uint32_t)part.data_len;
    return want->got == want->total ? complete(core, want) : GMM_OK;
}

enum gmm_err fetch_message(struct fetch *f, struct core *core, struct peer *peer, uint8_t type, const uint8_t *payload,
                           size_t len)
{
    struct side *side = side_of(f, peer->conn);
    if (side == NULL)
        return GMM_ESTATE;
    if (type == MESSAGE_CHUNK_WANT)
        return on_want(core, side, payload, len);
    if (type == MESSAGE_CHUNK)
        return on_chunk(f, core, side, payload, len);
    return on_none(f, core, side, payload, len);
}

bool fetch_loaded(struct fetch *f, struct core *core, uint64_t ticket, const uint8_t *bytes, size_t len, size_t total)
{
    (void)core;
    for (size_t i = 0; i < f->side_count; i++) {
        struct side *side = f->sides[i];
        if (side->serve_count == 0 || side->serves[0].ticket != ticket)
            continue;
        struct serve *serve = &side->serves[0];
        serve->ticket = 0;
        bool ok = len > 0 && total <= LIMIT_CHUNK_SEALED && serve->offset + len <= total;
        if (ok) {
            struct message_chunk part = {.gid = serve->gid,
                                         .id = serve->id,
                                         .total = (uint32_t)total,
                                         .offset = serve->offset,
                                         .data = bytes,
                                         .data_len = len};
            struct buffer out;
            buffer_init(&out, LIMIT_MESSAGE_BYTES);
            message_chunk_encode(&out, &part);
            peer_send_buffer(side->peer, SESSION_CHUNKS, MESSAGE_CHUNK, &out);
            serve->offset += (uint32_t)len;
        } else {
            send_none(side->peer, &serve->gid, &serve->id);
        }
        if (!ok || serve->offset == total) {
            side->serve_count--;
            memmove(&side->serves[0], &side->serves[1], side->serve_count * sizeof *side->serves);
        }
        return true;
    }
    return false;
}

void fetch_persisted(struct fetch *f, struct core *core, const struct gmm_id *gid, const struct gmm_id *id, bool ok)
{
    struct want *want = want_find(f, gid, id);
    if (want == NULL)
        return;
    want->storing = false;
    if (!ok) {
        postpone(want, core->now_ms);
        return;
    }
    want_remove(f, want);
    struct effect *effect = core_effect(core, EFFECT_CHUNK_HERE);
    if (effect != NULL) {
        effect->as.chunk.gid = *gid;
        effect->as.chunk.id = *id;
    }
}

static void serve_next(struct core *core, struct side *side)
{
    if (side->serve_count == 0 || side->serves[0].ticket != 0 || side->peer->closing ||
        session_queued(side->peer->session, SESSION_CHUNKS) >= QUEUE_BYTES)
        return;
    struct effect *effect = core_effect(core, EFFECT_LOAD_CHUNK);
    if (effect == NULL)
        return;
    effect->ticket = side->serves[0].ticket = ++core->next_ticket;
    effect->as.chunk.gid = side->serves[0].gid;
    effect->as.chunk.id = side->serves[0].id;
    effect->as.chunk.offset = side->serves[0].offset;
    effect->as.chunk.max = PART_BYTES;
}

static void ask(struct side *side, struct want *want)
{
    struct message_chunk_place place = {.id = want->id, .offset = 0};
    struct buffer out;
    buffer_init(&out, 4096);
    message_chunk_want_encode(&out, &want->gid, &place, 1);
    peer_send_buffer(side->peer, SESSION_CONTROL, MESSAGE_CHUNK_WANT, &out);
    want->conn = side->peer->conn;
}

static size_t asked_of(const struct fetch *f, uint32_t conn)
{
    size_t count = 0;
    for (size_t i = 0; i < f->count; i++)
        count += f->wants[i].conn != 0 && (conn == 0 || f->wants[i].conn == conn);
    return count;
}

uint64_t fetch_continue(struct fetch *f, struct core *core)
{
    uint64_t next = UINT64_MAX;
    size_t in_all = asked_of(f, 0);
    for (size_t i = 0; i < f->side_count; i++)
        serve_next(core, f->sides[i]);
    for (size_t i = 0; i < f->count && in_all < ASKED_IN_ALL && f->side_count > 0; i++) {
        struct want *want = &f->wants[i];
        if (want->conn != 0 || want->storing)
            continue;
        if (want->retry_ms > core->now_ms) {
            next = want->retry_ms < next ? want->retry_ms : next;
            continue;
        }
        struct side *side = candidate(f, core, want);
        if (side == NULL || asked_of(f, side->peer->conn) >= ASKED_OF_ONE)
            continue;
        ask(side, want);
        f->turn++;
        in_all++;
    }
    return next;
}

bool fetch_busy(const struct fetch *f, uint32_t conn)
{
    const struct side *side = side_of(f, conn);
    return (side != NULL && side->serve_count > 0) || asked_of(f, conn) > 0;
}
