#include "proto/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "keys/chunk.h"
#include "keys/text.h"

#define ASKED_OF_ONE 4u   /* chunks at a time of one peer */
#define ASKED_IN_ALL 8u   /* and of all: bounds memory at 8 chunks */
#define BODIES_OF_ONE 16u /* bodies are smaller */
#define BODIES_IN_ALL 32u
#define STORING_MOST (16u << 20) /* bytes of chunks being stored: nothing more is asked for until some are */
#define PART_LEAST (4u << 10)    /* of a piece, a message: a quarter of a second of the link, within these */
#define PART_MOST (128u << 10)
#define SERVE_MAX 1024u        /* waiting to be served to one peer */
#define QUEUE_LEAST (8u << 10) /* sent, and not yet taken by the transport: about a second of it, within these */
#define QUEUE_MOST (1u << 20)
#define SILENT_MS 60000u  /* who sends no piece for so long loses what was asked of it, if another may have it */
#define STALL_MS 1800000u /* and who has not sent it whole for so long, whatever else it sends */
#define STAGE_MS 250u     /* a piece that takes longer is staged as it comes */
#define RETRY_MIN_MS 500u
#define RETRY_MAX_MS 60000u
#define RELAYED_MAX 4096u /* wanted by a relay for others */

struct want {
    struct gmm_id gid, id;
    struct gmm_id hash;   /* of a body */
    struct logs_log *log; /* and where its entry stands */
    bool body, demand;
    bool relayed;  /* a member asked us for it, who relay its group: whether there is such a chunk we cannot know */
    uint32_t conn; /* asked of; 0: nobody */
    uint32_t from; /* being stored: from whom the last part came */
    uint32_t got, total;
    uint8_t *bytes;
    uint32_t staged; /* of got, in the driver's keeping */
    bool looked;     /* what is staged was asked for and is here */
    bool mixed;      /* its bytes are not all from the connection asked now */
    uint64_t ticket; /* of the load of what is staged */
    uint64_t asked_ms, first_ms, retry_ms;
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
    uint64_t heard_ms; /* the last piece, or that it has none */
    size_t asked;      /* wants that are asked of it */
    size_t storing;    /* what came of it and is being stored */
};
struct fetch {
    struct want *wants;
    size_t count, capacity, turn;
    size_t asked; /* of all; and those whose staged part is being loaded */
    size_t storing_bytes;
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

static struct want *want_new(struct fetch *f, const struct gmm_id *gid, const struct gmm_id *id)
{
    if (f->count == f->capacity) {
        size_t capacity = f->capacity == 0 ? 64 : 2 * f->capacity;
        struct want *wants = realloc(f->wants, capacity * sizeof *wants);
        if (wants == NULL)
            return NULL;
        f->wants = wants;
        f->capacity = capacity;
    }
    struct want *want = &f->wants[f->count++];
    *want = (struct want){.gid = *gid, .id = *id};
    return want;
}

enum gmm_err fetch_want(struct fetch *f, struct core *core, const struct engine_event *event)
{
    const struct gmm_id *gid = &event->as.want.gid, *ids = event->as.want.ids, *hashes = event->as.want.hashes;
    for (size_t i = 0; i < event->as.want.count; i++) {
        struct want *have = want_find(f, gid, &ids[i]);
        if (have != NULL && !have->relayed) {
            have->demand = have->demand || event->as.want.demand;
            continue;
        }
        if (have != NULL && (have->storing || have->conn != 0))
            continue;
        struct want *want = have != NULL ? have : want_new(f, gid, &ids[i]);
        if (want == NULL)
            return GMM_ENOMEM;
        want->relayed = false;
        want->demand = event->as.want.demand;
        if (hashes != NULL) {
            want->body = true;
            want->hash = hashes[i];
            want->log = logs_find(core->logs, event->as.want.log);
        }
    }
    return GMM_OK;
}

static struct effect *stage_effect(struct core *core, const struct want *want)
{
    struct effect *effect = core_effect(core, EFFECT_STAGE);
    if (effect == NULL)
        return NULL;
    effect->as.chunk.gid = want->gid;
    effect->as.chunk.id = want->id;
    return effect;
}

/* What came and is not staged yet. A failure costs no more than fetching it again. */
static void stage(struct core *core, struct want *want)
{
    if (want->bytes == NULL || want->got <= want->staged)
        return;
    struct effect *effect = stage_effect(core, want);
    size_t len = want->got - want->staged;
    uint8_t *copy = effect == NULL ? NULL : malloc(len);
    if (copy == NULL)
        return;
    memcpy(copy, want->bytes + want->staged, len);
    effect->bytes = copy;
    effect->len = len;
    effect->as.chunk.offset = want->staged;
    effect->as.chunk.max = want->total;
    want->staged = want->got;
}

static void stage_drop(struct core *core, struct want *want)
{
    if (want->staged > 0)
        (void)stage_effect(core, want);
    want->staged = 0;
}

static void want_remove(struct fetch *f, struct want *want)
{
    free(want->bytes);
    *want = f->wants[--f->count];
}

static struct side *side_of(const struct fetch *f, uint32_t conn)
{
    for (size_t i = 0; i < f->side_count; i++)
        if (f->sides[i]->peer->conn == conn)
            return f->sides[i];
    return NULL;
}

static void asked_count(struct fetch *f, const struct want *want, bool more)
{
    struct side *side = want->conn == 0 ? NULL : side_of(f, want->conn);
    if (want->conn == 0 && want->ticket == 0)
        return;
    f->asked = more ? f->asked + 1 : f->asked - 1;
    if (side != NULL)
        side->asked = more ? side->asked + 1 : side->asked - 1;
}

static void storing_count(struct fetch *f, struct want *want, bool more)
{
    struct side *side = side_of(f, want->from);
    want->storing = more;
    f->storing_bytes = more ? f->storing_bytes + want->total : f->storing_bytes - want->total;
    if (side != NULL)
        side->storing = more ? side->storing + 1 : side->storing - 1;
}

/* Who is asked for it (conn), or that what is staged of it is being loaded (ticket); 0 and 0: neither. */
static void want_ask(struct fetch *f, struct want *want, uint32_t conn, uint64_t ticket)
{
    asked_count(f, want, false);
    want->conn = conn;
    want->ticket = ticket;
    asked_count(f, want, true);
}

/* Nobody is asked for it, and memory holds nothing of it: what came is staged, and loaded before it is asked for anew.
 */
static void want_park(struct fetch *f, struct core *core, struct want *want)
{
    stage(core, want);
    free(want->bytes);
    want->bytes = NULL;
    want->got = want->total = want->staged = 0;
    want->looked = want->mixed = false;
    want_ask(f, want, 0, 0);
}

/* What came of it was not what was asked for: it begins anew. */
static void want_spoil(struct fetch *f, struct core *core, struct want *want)
{
    want->got = want->total = 0;
    stage_drop(core, want);
    want_park(f, core, want);
}

void fetch_forget(struct fetch *f, struct core *core, const struct gmm_id *gid, const struct gmm_id *id)
{
    struct want *want = want_find(f, gid, id);
    if (want == NULL || want->storing)
        return;
    stage_drop(core, want);
    want_ask(f, want, 0, 0);
    want_remove(f, want);
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

void fetch_gone(struct fetch *f, struct core *core, uint32_t conn)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->wants[i].conn == conn && !f->wants[i].storing)
            want_park(f, core, &f->wants[i]);
    for (size_t i = 0; i < f->side_count; i++) {
        if (f->sides[i]->peer->conn != conn)
            continue;
        free(f->sides[i]);
        f->sides[i] = f->sides[--f->side_count];
        return;
    }
}

static bool may(const struct core *core, const struct peer *peer, const struct gmm_id *gid)
{
    const struct view *view = fold_view(core->fold);
    return view != NULL && (view_is_member(view, gid, &peer->pid) || view_is_relay(view, gid, &peer->sign_pk));
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
static void postpone(struct fetch *f, struct core *core, struct want *want)
{
    want_park(f, core, want);
    want->delay_ms = want->delay_ms == 0 ? RETRY_MIN_MS : 2 * want->delay_ms;
    if (want->delay_ms > RETRY_MAX_MS)
        want->delay_ms = RETRY_MAX_MS;
    want->retry_ms = core->now_ms + want->delay_ms;
}

static bool refused_by(const struct side *side, const struct gmm_id *id)
{
    for (size_t i = 0; i < 64; i++)
        if (id_equal(&side->refused[i], id))
            return true;
    return false;
}

/* It may have it and has not said no. */
static bool may_give(const struct core *core, const struct side *side, const struct want *want)
{
    return !side->peer->closing && !refused_by(side, &want->id) && may(core, side->peer, &want->gid) &&
           (want->demand || !take_is_metered(&core->take, &side->peer->sign_pk));
}

/* NULL: nobody now. */
static struct side *candidate(struct fetch *f, const struct core *core, const struct want *want)
{
    for (size_t i = 0; i < f->side_count; i++) {
        struct side *side = f->sides[(f->turn + i) % f->side_count];
        if (may_give(core, side, want))
            return side;
    }
    return NULL;
}

static void refuse(struct side *side, const struct gmm_id *id)
{
    side->refused[side->refused_at++ % 64] = *id;
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
        refuse(side, &id);
        want_park(f, core, want);
        if (candidate(f, core, want) != NULL)
            continue;
        bool in_vain = want->relayed && want->delay_ms == RETRY_MAX_MS;
        for (size_t k = 0; k < f->side_count; k++)
            for (size_t j = 0; j < 64; j++)
                if (id_equal(&f->sides[k]->refused[j], &id))
                    memset(&f->sides[k]->refused[j], 0, sizeof id);
        postpone(f, core, want);
        struct effect *effect = core_effect(core, EFFECT_CHUNK_NOT);
        if (effect != NULL) {
            effect->as.chunk.gid = none.gid;
            effect->as.chunk.id = id;
        }
        if (in_vain)
            fetch_forget(f, core, &none.gid, &id);
    }
    return err;
}

static bool is_asked_for(const struct core *core, const struct want *want)
{
    struct gmm_id found;
    if (want->body)
        header_body_hash(&found, want->bytes, want->total);
    else
        chunk_id(&found, &core->nid, &want->gid, want->bytes, want->total);
    return id_equal(&found, want->body ? &want->hash : &want->id);
}

/* All parts are here: only bytes that hash to what was asked for go to the store. When they came by several connections
 * nobody can be blamed, and it is fetched anew. */
static enum gmm_err complete(struct fetch *f, struct core *core, struct want *want)
{
    bool unchecked = core->checks_chunks && !want->body && !want->relayed;
    if (!unchecked && !is_asked_for(core, want)) {
        bool mixed = want->mixed || want->relayed;
        want_spoil(f, core, want);
        if (want->relayed) /* perhaps it is no chunk at all */
            want_remove(f, want);
        return mixed ? GMM_OK : GMM_ESIGNATURE;
    }
    struct effect *store = core_store(core);
    if (store == NULL)
        return GMM_ENOMEM;
    struct engine_store *s = &store->as.store;
    s->has_chunk = true;
    s->chunk_is_body = want->body;
    s->chunk_staged = want->staged > 0;
    s->chunk_unchecked = unchecked;
    s->chunk_gid = want->gid;
    s->chunk_id = want->id;
    s->chunk = want->bytes;
    s->chunk_len = want->total;
    want->bytes = NULL;
    want->from = want->conn;
    storing_count(f, want, true);
    want_ask(f, want, 0, 0);
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
    side->heard_ms = core->now_ms;
    if (want->bytes != NULL && part.total != want->total) {
        bool mixed = want->mixed;
        want_spoil(f, core, want);
        return mixed ? GMM_OK : GMM_EFORMAT;
    }
    if (part.offset != want->got)
        return GMM_OK; /* of an earlier question */
    if (want->bytes == NULL) {
        if ((want->bytes = malloc(part.total)) == NULL)
            return GMM_ENOMEM;
        want->total = part.total;
        want->first_ms = core->now_ms;
    }
    memcpy(want->bytes + want->got, part.data, part.data_len);
    want->got += (uint32_t)part.data_len;
    if (want->got == want->total)
        return complete(f, core, want);
    if (core->now_ms - want->first_ms >= STAGE_MS)
        stage(core, want);
    return GMM_OK;
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

/* What is staged of a piece, to be gone on with; all of it where it was written and its store never committed. Nothing,
 * or too much: it begins at 0. */
static enum gmm_err staged_loaded(struct fetch *f, struct core *core, struct want *want, const uint8_t *bytes,
                                  size_t len, size_t total)
{
    want_ask(f, want, 0, 0);
    want->looked = true;
    if (len == 0 || len > total || total > LIMIT_CHUNK_SEALED || (want->bytes = malloc(total)) == NULL)
        return GMM_OK;
    memcpy(want->bytes, bytes, len);
    want->got = want->staged = (uint32_t)len;
    want->total = (uint32_t)total;
    want->first_ms = core->now_ms;
    want->mixed = true;
    return len == total ? complete(f, core, want) : GMM_OK;
}

/* Bytes of what is being fetched for others; before its first part comes it may be the largest. */
static uint64_t relayed_under_way(const struct fetch *f)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < f->count; i++) {
        const struct want *want = &f->wants[i];
        if (want->relayed && (want->conn != 0 || want->ticket != 0 || want->storing))
            bytes += want->total > 0 ? want->total : LIMIT_CHUNK_SEALED;
    }
    return bytes;
}

/* A relay cannot open what names the chunks of its groups: it fetches what is asked of it, and holds it from then on.
 */
static void relay_want(struct fetch *f, struct core *core, const struct gmm_id *gid, const struct gmm_id *id)
{
    const struct view *view = fold_view(core->fold);
    const struct view_office *self = view == NULL ? NULL : view_office(view, core_self(core));
    size_t relayed = 0;
    if (self == NULL || view_is_member(view, gid, &self->pid) || !view_is_relay(view, gid, &self->sign_pk) ||
        want_find(f, gid, id) != NULL)
        return;
    for (size_t i = 0; i < f->count; i++)
        relayed += f->wants[i].relayed;
    if (!relayed_room(&core->relayed, gid, 0))
        return;
    struct want *want = relayed == RELAYED_MAX ? NULL : want_new(f, gid, id);
    if (want != NULL)
        want->relayed = true;
}

bool fetch_loaded(struct fetch *f, struct core *core, uint64_t ticket, const uint8_t *bytes, size_t len, size_t total)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->wants[i].ticket == ticket) {
            (void)staged_loaded(f, core, &f->wants[i], bytes, len, total); /* out of memory: asked for again */
            return true;
        }
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
            if (len == 0)
                relay_want(f, core, &serve->gid, &serve->id);
        }
        if (!ok || serve->offset == total) {
            side->serve_count--;
            memmove(&side->serves[0], &side->serves[1], side->serve_count * sizeof *side->serves);
        }
        return true;
    }
    return false;
}

/* Its bytes were others. As in complete: who is alone to blame goes. */
static void stored_wrong(struct fetch *f, struct core *core, struct want *want)
{
    struct side *side = want->mixed ? NULL : side_of(f, want->from);
    want_spoil(f, core, want);
    if (side != NULL)
        peer_close(side->peer, GMM_ESIGNATURE, gmm_err_text(GMM_ESIGNATURE));
}

void fetch_persisted(struct fetch *f, struct core *core, const struct gmm_id *gid, const struct gmm_id *id,
                     enum gmm_err err)
{
    struct want *want = want_find(f, gid, id);
    if (want == NULL)
        return;
    if (want->storing)
        storing_count(f, want, false);
    if (err != GMM_OK) {
        if (err == GMM_ESIGNATURE)
            stored_wrong(f, core, want);
        else
            postpone(f, core, want);
        return;
    }
    bool body = want->body;
    if (!body)
        relayed_add(&core->relayed, gid, want->total);
    if (want->log != NULL && want->log->gaps > 0)
        want->log->gaps--;
    want_ask(f, want, 0, 0); /* it may have come by hand while a peer was asked */
    want_remove(f, want);
    struct effect *effect = core_effect(core, EFFECT_CHUNK_HERE);
    if (effect != NULL) {
        effect->as.chunk.body = body;
        effect->as.chunk.gid = *gid;
        effect->as.chunk.id = *id;
    }
}

static void serve_next(struct core *core, struct side *side)
{
    struct peer *peer = side->peer;
    if (side->serve_count == 0 || side->serves[0].ticket != 0 || peer->closing ||
        session_queued(peer->session, SESSION_CHUNKS) >= peer_share(peer, 2, QUEUE_LEAST, QUEUE_MOST))
        return;
    struct effect *effect = core_effect(core, EFFECT_LOAD_CHUNK);
    if (effect == NULL)
        return;
    effect->ticket = side->serves[0].ticket = ++core->next_ticket;
    effect->as.chunk.gid = side->serves[0].gid;
    effect->as.chunk.id = side->serves[0].id;
    effect->as.chunk.offset = side->serves[0].offset;
    effect->as.chunk.max = (uint32_t)peer_share(peer, 1, 2 * PART_LEAST, 2 * PART_MOST) / 2;
}

/* First what is staged of it is loaded. */
static void load_staged(struct fetch *f, struct core *core, struct want *want)
{
    struct effect *effect = core_effect(core, EFFECT_LOAD_CHUNK);
    if (effect == NULL)
        return;
    effect->ticket = ++core->next_ticket;
    want_ask(f, want, 0, effect->ticket);
    effect->as.chunk.gid = want->gid;
    effect->as.chunk.id = want->id;
    effect->as.chunk.max = LIMIT_CHUNK_SEALED;
    effect->as.chunk.staged = true;
}

static void ask(struct fetch *f, struct core *core, struct side *side, struct want *want)
{
    want_ask(f, want, side->peer->conn, 0);
    want->asked_ms = core->now_ms;
    struct message_chunk_place place = {.id = want->id, .offset = want->got};
    struct buffer out;
    buffer_init(&out, 4096);
    message_chunk_want_encode(&out, &want->gid, &place, 1);
    peer_send_buffer(side->peer, SESSION_CONTROL, MESSAGE_CHUNK_WANT, &out);
}

/* Who was asked and is silent loses it to another. Returns when to look again. */
static uint64_t look_for_silence(struct fetch *f, struct core *core)
{
    uint64_t next = UINT64_MAX;
    for (size_t i = 0; i < f->count && f->side_count > 1; i++) {
        struct want *want = &f->wants[i];
        struct side *side = want->conn == 0 || want->storing ? NULL : side_of(f, want->conn);
        if (side == NULL)
            continue;
        uint64_t due = (side->heard_ms > want->asked_ms ? side->heard_ms : want->asked_ms) + SILENT_MS;
        due = due < want->asked_ms + STALL_MS ? due : want->asked_ms + STALL_MS;
        if (due <= core->now_ms) {
            refuse(side, &want->id);
            if (candidate(f, core, want) != NULL)
                want_park(f, core, want);
            else
                due = core->now_ms + SILENT_MS;
        }
        next = due > core->now_ms && due < next ? due : next;
    }
    return next;
}

/* May anybody be asked for one more? */
static bool may_ask(const struct fetch *f, bool body)
{
    size_t most = body ? BODIES_OF_ONE : ASKED_OF_ONE;
    if (!body && f->storing_bytes >= STORING_MOST)
        return false;
    for (size_t i = 0; i < f->side_count && f->asked < (body ? BODIES_IN_ALL : ASKED_IN_ALL); i++)
        if (f->sides[i]->asked < most)
            return true;
    return false;
}

/* What is asked for next, and of whom: bodies, which are small, before chunks. NULL: nothing now. */
static struct want *choose(struct fetch *f, struct core *core, struct side **of, uint64_t *next)
{
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < f->count && may_ask(f, pass == 0); i++) {
            struct want *want = &f->wants[i];
            if (want->body != (pass == 0) || want->conn != 0 || want->storing || want->ticket != 0)
                continue;
            if (want->retry_ms > core->now_ms) {
                *next = want->retry_ms < *next ? want->retry_ms : *next;
                continue;
            }
            if (want->relayed && !relayed_room(&core->relayed, &want->gid, relayed_under_way(f))) {
                if (relayed_under_way(f) == 0) {
                    stage_drop(core, want);
                    want_remove(f, want);
                    i--; /* another stands there now */
                }
                continue;
            }
            *of = candidate(f, core, want);
            if (*of != NULL && (*of)->asked < (want->body ? BODIES_OF_ONE : ASKED_OF_ONE))
                return want;
        }
    return NULL;
}

uint64_t fetch_continue(struct fetch *f, struct core *core)
{
    for (size_t i = 0; i < f->side_count; i++)
        serve_next(core, f->sides[i]);
    if (f->count == 0 || f->side_count == 0)
        return UINT64_MAX;
    uint64_t next = look_for_silence(f, core);
    struct side *side = NULL;
    struct want *want;
    while ((want = choose(f, core, &side, &next)) != NULL) {
        if (!want->looked) {
            load_staged(f, core, want);
            if (want->ticket == 0)
                break;
            continue;
        }
        ask(f, core, side, want);
        f->turn++;
    }
    return next;
}

bool fetch_busy(const struct fetch *f, uint32_t conn)
{
    const struct side *side = side_of(f, conn);
    return side != NULL && (side->serve_count > 0 || side->asked > 0 || side->storing > 0);
}

bool fetch_hopes(const struct fetch *f, const struct core *core, uint32_t conn)
{
    const struct side *side = side_of(f, conn);
    for (size_t i = 0; side != NULL && i < f->count; i++) {
        const struct want *want = &f->wants[i];
        if (want->conn == conn || want->storing || (want->retry_ms <= core->now_ms && may_give(core, side, want)))
            return true;
    }
    return false;
}

void fetch_progress(const struct fetch *f, uint64_t *got, uint64_t *total)
{
    *got = *total = 0;
    for (size_t i = 0; i < f->count; i++) {
        *got += f->wants[i].got;
        *total += f->wants[i].total;
    }
}
