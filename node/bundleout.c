#include "node/bundleout.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/bundlepeer.h"
#include "node/sys.h"

#define FRAME_BYTES (1u << 20) /* items are gathered until a frame has so much */
#define RUN_BYTES (512u << 10) /* of bodies asked of one load */
#define FRAME_OVERHEAD (4u + BUNDLE_TAG_BYTES)
#define END_BYTES (FRAME_OVERHEAD + CARGO_ITEM_HEAD + 1u + 4u)
#define BEGIN_BYTES (BUNDLE_HEAD_BYTES + FRAME_OVERHEAD + BUNDLE_OPENING_BYTES)
#define FRAGMENT_HEAD 12u
#define FRAGMENT_MIN 4096u
#define FILES_MAX 1000u

#define CHUNKS_SEEN 256u /* rows of a step that only looks */
#define HEADS_SEEN 4096u /* logs of such a step */

enum stage {
    GATHERING, /* which chunks we hold */
    HEADS,
    THINGS,
    OBJECTS,
    CONTROL_LOGS,
    LOGS,
    CHUNKS,
    OVER
};

/* What went to one office: remembered when all of it is on the disk. */
struct went {
    struct gmm_id to;
    uint64_t number, heard_ms;
    bool rests;
    struct holdings sent;
};

struct bundleout {
    struct node *node;
    int fd;
    uint64_t max, size; /* of a file; of this one so far */
    uint64_t *sizes;
    uint32_t file_count; /* ended ones */
    uint64_t written;    /* to all of them */
    struct went *went;
    size_t went_count;
    /* of the office whose turn it is */
    enum stage stage;
    enum bundleout_base from;
    struct gmm_id pid, wrap_pk;
    struct bundlepeer peer;
    struct holdings ours, nothing; /* ours: as it was when its bundle began; what comes later waits for the next one */
    const struct holdings *base;
    struct gmm_id *objects; /* their hashes, each behind what it rests on */
    size_t object_count, at;
    uint64_t seq;               /* of the log at `at`: from where */
    struct store_chunk *chunks; /* rows that were looked at, and the last one before them */
    size_t chunk_count, chunk_at;
    struct store_chunk last;
    bool chunks_end;
    uint8_t *chunk_bytes; /* gid, then the sealed chunk */
    /* of the section that is being written */
    struct bundle_opening opening;
    struct bundle_seal seal;
    struct buffer frame, sealed;
    uint32_t fragmented; /* items so far that were cut up */
    struct bundleout_sum *sum;
};

struct bundleout *bundleout_new(struct node *node, int fd, uint64_t file_bytes_max)
{
    struct bundleout *out = calloc(1, sizeof *out);
    if (out == NULL)
        return NULL;
    *out = (struct bundleout){.node = node, .fd = fd, .max = file_bytes_max};
    buffer_init(&out->frame, LIMIT_BUNDLE_FRAME);
    buffer_init(&out->sealed, LIMIT_BUNDLE_FRAME + FRAME_OVERHEAD);
    out->sizes = calloc(FILES_MAX, sizeof *out->sizes);
    out->chunks = calloc(CHUNKS_SEEN, sizeof *out->chunks);
    out->chunk_bytes = malloc(LIMIT_CHUNK_SEALED + 32);
    out->stage = OVER;
    if (out->sizes == NULL || out->chunks == NULL || out->chunk_bytes == NULL) {
        bundleout_free(out);
        return NULL;
    }
    return out;
}

static void close_office(struct bundleout *out)
{
    bundle_seal_close(&out->seal);
    bundlepeer_close(&out->peer);
    holdings_close(&out->ours);
    free(out->objects);
    out->objects = NULL;
    out->stage = OVER;
}

void bundleout_free(struct bundleout *out)
{
    if (out == NULL)
        return;
    close_office(out);
    for (size_t i = 0; i < out->went_count; i++)
        holdings_close(&out->went[i].sent);
    free(out->went);
    buffer_close(&out->frame);
    buffer_close(&out->sealed);
    free(out->chunk_bytes);
    free(out->chunks);
    free(out->sizes);
    free(out);
}

static enum gmm_err write_bytes(struct bundleout *out, const void *bytes, size_t len)
{
    enum gmm_err err = sys_write_all(out->fd, bytes, len);
    if (err == GMM_OK)
        out->size += len, out->written += len;
    return err;
}

static enum gmm_err write_frame(struct bundleout *out, const void *content, size_t len)
{
    enum gmm_err err = bundle_seal_frame(&out->sealed, &out->seal, content, len);
    if (err == GMM_OK)
        err = write_bytes(out, out->sealed.p, out->sealed.len);
    out->sealed.len = 0;
    return err;
}

static enum gmm_err flush_frame(struct bundleout *out)
{
    enum gmm_err err = out->frame.failed;
    if (err == GMM_OK && out->frame.len > 0)
        err = write_frame(out, out->frame.p, out->frame.len);
    out->frame.len = 0;
    return err;
}

static enum gmm_err end_file(struct bundleout *out)
{
    if (out->size == 0)
        return GMM_OK;
    if (out->file_count == FILES_MAX)
        return GMM_ELIMIT;
    out->sizes[out->file_count++] = out->size;
    out->size = 0;
    return GMM_OK;
}

static enum gmm_err begin_section(struct bundleout *out)
{
    uint8_t eph_sk[32], opening[BUNDLE_OPENING_BYTES];
    const struct gmm_id *nid = &engine_view(out->node->engine)->nid;
    enum gmm_err err = GMM_OK;
    if (out->max - out->size < BEGIN_BYTES + END_BYTES + FRAGMENT_MIN)
        err = end_file(out);
    randombytes_buf(eph_sk, sizeof eph_sk);
    if (err == GMM_OK)
        err = bundle_seal_init(&out->seal, nid, &out->wrap_pk, eph_sk);
    sodium_memzero(eph_sk, sizeof eph_sk);
    if (err == GMM_OK)
        err = write_bytes(out, out->seal.head, sizeof out->seal.head);
    if (err != GMM_OK)
        return err;
    bundle_opening_encode(opening, &out->opening, &out->seal, nid, out->node->keystore->sign_sk);
    return write_frame(out, opening, sizeof opening);
}

static enum gmm_err end_section(struct bundleout *out, bool last)
{
    static const uint8_t nothing[4] = {0};
    uint8_t flag = last;
    enum gmm_err err = flush_frame(out);
    if (err != GMM_OK)
        return err;
    cargo_put(&out->frame, CARGO_END, &flag, 1);
    err = flush_frame(out);
    if (err == GMM_OK)
        err = write_bytes(out, nothing, sizeof nothing);
    bundle_seal_close(&out->seal);
    return err;
}

static enum gmm_err next_part(struct bundleout *out)
{
    enum gmm_err err = end_section(out, false);
    if (err == GMM_OK)
        err = end_file(out);
    out->opening.part++;
    return err == GMM_OK ? begin_section(out) : err;
}

/* For items, their heads included, in this file. */
static uint64_t room(const struct bundleout *out)
{
    uint64_t used = out->size + out->frame.len + FRAME_OVERHEAD + END_BYTES;
    return out->max > used ? out->max - used : 0;
}

static enum gmm_err put_fragments(struct bundleout *out, enum cargo_kind kind, const void *payload, size_t len)
{
    struct buffer item;
    struct cargo_fragment f = {.item = out->fragmented++, .total = (uint32_t)len + 1};
    buffer_init(&item, CARGO_PAYLOAD_MAX + 1);
    buffer_put_u8(&item, (uint8_t)kind);
    buffer_put(&item, payload, len);
    enum gmm_err err = item.failed;
    while (err == GMM_OK && f.offset < f.total) {
        struct buffer piece;
        uint64_t left = room(out);
        uint32_t least = f.total - f.offset < FRAGMENT_MIN ? f.total - f.offset : FRAGMENT_MIN;
        if (left < CARGO_ITEM_HEAD + FRAGMENT_HEAD + least) {
            err = next_part(out);
            left = room(out);
        }
        left -= CARGO_ITEM_HEAD + FRAGMENT_HEAD;
        f.data = item.p + f.offset;
        f.data_len = f.total - f.offset < left ? f.total - f.offset : (size_t)left;
        buffer_init(&piece, CARGO_PAYLOAD_MAX + FRAGMENT_HEAD);
        cargo_fragment_encode(&piece, &f);
        if (err == GMM_OK)
            err = piece.failed;
        if (err == GMM_OK)
            cargo_put(&out->frame, CARGO_FRAGMENT, piece.p, piece.len);
        buffer_close(&piece);
        if (err == GMM_OK)
            err = flush_frame(out);
        f.offset += (uint32_t)f.data_len;
    }
    buffer_close(&item);
    return err;
}

static enum gmm_err put(struct bundleout *out, enum cargo_kind kind, const void *payload, size_t len)
{
    enum gmm_err err = GMM_OK;
    uint64_t need = CARGO_ITEM_HEAD + len;
    if (out->frame.len > 0 && out->frame.len + need > FRAME_BYTES)
        err = flush_frame(out);
    if (err == GMM_OK && need > room(out) && need + BEGIN_BYTES + FRAME_OVERHEAD + END_BYTES <= out->max)
        err = next_part(out);
    if (err == GMM_OK && need > room(out))
        return put_fragments(out, kind, payload, len);
    if (err == GMM_OK)
        cargo_put(&out->frame, kind, payload, len);
    return err == GMM_OK ? out->frame.failed : err;
}

static enum gmm_err put_buffer(struct bundleout *out, enum cargo_kind kind, struct buffer *payload)
{
    enum gmm_err err = payload->failed;
    if (err == GMM_OK)
        err = put(out, kind, payload->p, payload->len);
    buffer_close(payload);
    return err;
}

static struct went *went(struct bundleout *out)
{
    return &out->went[out->went_count - 1];
}

static bool may_have(const struct bundleout *out, const struct gmm_id *gid)
{
    return id_is_zero(gid) || view_office_may_have(engine_view(out->node->engine), gid, &out->opening.to, &out->pid);
}

/* The reader has it, or will when this arrives. */
static enum gmm_err note_thing(struct bundleout *out, const struct gmm_id *name)
{
    return holdings_add_thing(&went(out)->sent, cargo_thing(name));
}

/* The next rows of chunks. */
static enum gmm_err look_at_chunks(struct bundleout *out)
{
    out->chunk_at = 0;
    enum gmm_err err = store_some_chunks(out->node->store, &out->last, out->chunks, CHUNKS_SEEN, &out->chunk_count);
    if (out->chunk_count > 0)
        out->last = out->chunks[out->chunk_count - 1];
    out->chunks_end = out->chunk_count < CHUNKS_SEEN;
    return err;
}

static enum gmm_err gather_step(struct bundleout *out)
{
    enum gmm_err err = look_at_chunks(out);
    for (size_t i = 0; err == GMM_OK && i < out->chunk_count; i++) {
        const struct store_chunk *c = &out->chunks[i];
        if (!may_have(out, &c->gid))
            continue;
        if (!holdings_has(out->base, &c->id))
            out->sum->chunk_bytes_of += c->len;
        err = holdings_add_thing(&out->ours, cargo_thing(&c->id));
    }
    if (err != GMM_OK || !out->chunks_end)
        return err;
    holdings_sort(&out->ours);
    out->last = (struct store_chunk){0};
    out->chunk_at = out->chunk_count = 0;
    out->chunks_end = false;
    out->stage = HEADS;
    return begin_section(out);
}

static enum gmm_err heads_step(struct bundleout *out)
{
    struct buffer payload;
    size_t left = out->ours.head_count - out->at, n = left < CARGO_HEADS_MAX ? left : CARGO_HEADS_MAX;
    if (n == 0) {
        out->stage = THINGS;
        out->at = 0;
        return GMM_OK;
    }
    buffer_init(&payload, CARGO_PAYLOAD_MAX);
    cargo_heads_encode(&payload, out->ours.heads + out->at, n);
    out->at += n;
    return put_buffer(out, CARGO_HEADS, &payload);
}

/* What we hold, and what of theirs has come: "acknowledgements ride back". */
static enum gmm_err things_step(struct bundleout *out)
{
    struct cargo_lost lost[CARGO_LOST_MAX];
    struct buffer payload;
    size_t left = out->ours.thing_count - out->at, n = left < CARGO_THINGS_MAX ? left : CARGO_THINGS_MAX;
    buffer_init(&payload, CARGO_PAYLOAD_MAX);
    if (n > 0) {
        cargo_things_encode(&payload, out->ours.things + out->at, n);
        out->at += n;
        return put_buffer(out, CARGO_THINGS, &payload);
    }
    cargo_received_encode(&payload, out->peer.complete, lost, bundlepeer_lost(&out->peer, lost, CARGO_LOST_MAX));
    out->stage = OBJECTS;
    out->at = 0;
    return put_buffer(out, CARGO_RECEIVED, &payload);
}

static enum gmm_err put_proofs(struct bundleout *out)
{
    const struct forks *forks = engine_forks(out->node->engine);
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < forks_count(forks); i++) {
        const struct fork_proof *proof = forks_at(forks, i);
        if (!may_have(out, &proof->key.group))
            continue;
        if (!holdings_has(out->base, &proof->hash))
            err = put(out, CARGO_PROOF, proof->bytes, proof->len);
        if (err == GMM_OK)
            err = note_thing(out, &proof->hash);
    }
    return err;
}

/* Some of the objects, behind the last one the proofs. */
static enum gmm_err objects_step(struct bundleout *out)
{
    enum gmm_err err = GMM_OK;
    for (unsigned n = 0; err == GMM_OK && n < CHUNKS_SEEN && out->at < out->object_count; n++) {
        const struct gmm_id *hash = &out->objects[out->at++];
        const struct directory_object *object = directory_find(engine_directory(out->node->engine), hash);
        if (object == NULL)
            continue;
        if (!holdings_has(out->base, hash)) {
            err = put(out, CARGO_OBJECT, object->bytes, object->len);
            out->sum->objects++;
        }
        if (err == GMM_OK)
            err = note_thing(out, hash);
    }
    if (err != GMM_OK || out->at < out->object_count)
        return err;
    out->stage = CONTROL_LOGS;
    out->at = 0;
    out->seq = UINT64_MAX;
    return put_proofs(out);
}

/* A run of a log, from out->seq on; *end: there is no more of what the log had when the bundle began. It goes to a head
 * that is signed: if the log has grown since, behind that. */
static enum gmm_err put_run(struct bundleout *out, const struct cargo_head *head, bool *end)
{
    const struct logs_log *log = logs_find(engine_logs(out->node->engine), &head->key);
    uint64_t next = log == NULL || log->persisted.seq == LOGS_NO_SEQ ? 0 : log->persisted.seq + 1;
    struct run *run = NULL;
    struct buffer payload;
    if (log != NULL && log->end < next)
        next = log->end;
    /* it was cut back, or the office is no member any more */
    *end = out->seq >= head->next || out->seq >= next || log->cutting || !may_have(out, &head->key.group);
    if (*end)
        return GMM_OK;
    enum gmm_err err =
        store_load_part(out->node->store, &head->key, out->seq, next - 1, RUN_BYTES, false, next == log->end, &run);
    if (err != GMM_OK)
        return err;
    buffer_init(&payload, CARGO_PAYLOAD_MAX);
    run_encode(&payload, run);
    err = put_buffer(out, CARGO_RUN, &payload);
    out->seq = run->first_seq + run->count;
    out->sum->entries += run->count;
    run_free(run);
    return err;
}

/* Control logs first: who may write what rests on them. */
static enum gmm_err logs_step(struct bundleout *out)
{
    enum gmm_err err = GMM_OK;
    for (unsigned seen = 0; err == GMM_OK && seen < HEADS_SEEN && out->at < out->ours.head_count; seen++) {
        const struct cargo_head *head = &out->ours.heads[out->at];
        bool end = id_is_zero(&head->key.group) != (out->stage == CONTROL_LOGS);
        if (end) {
            out->at++;
            continue;
        }
        if (out->seq == UINT64_MAX)
            out->seq = holdings_next(out->base, &head->key);
        err = put_run(out, head, &end);
        if (err != GMM_OK || !end)
            return err;
        if (out->seq > 0)
            err = holdings_add_head(&went(out)->sent, &head->key, out->seq < head->next ? out->seq : head->next);
        out->at++;
        out->seq = UINT64_MAX;
    }
    if (err == GMM_OK && out->at == out->ours.head_count) {
        out->stage++;
        out->at = 0;
    }
    return err;
}

/* *carried: it was. One that came since the bundle began waits for the next; one that has gone is passed over. */
static enum gmm_err put_chunk(struct bundleout *out, const struct store_chunk *c, bool *carried)
{
    size_t got = 0, total = 0;
    uint32_t len;
    *carried = false;
    if (!holdings_has(&out->ours, &c->id) || !may_have(out, &c->gid))
        return GMM_OK;
    if (holdings_has(out->base, &c->id))
        return note_thing(out, &c->id);
    enum gmm_err err = store_has_chunk(out->node->store, &c->gid, &c->id, &len);
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    err = chunkfile_read(out->node->chunks, &c->id, 0, out->chunk_bytes + 32, LIMIT_CHUNK_SEALED, &got, &total);
    if (err == GMM_OK && (got != len || total != len))
        err = GMM_ECORRUPT;
    if (err != GMM_OK)
        return err;
    *carried = true;
    memcpy(out->chunk_bytes, c->gid.b, 32);
    out->sum->chunks++;
    out->sum->chunk_bytes += len;
    err = put(out, CARGO_CHUNK, out->chunk_bytes, 32 + got);
    return err == GMM_OK ? note_thing(out, &c->id) : err;
}

static enum gmm_err chunks_step(struct bundleout *out)
{
    bool carried = false;
    enum gmm_err err = GMM_OK;
    if (out->chunk_at == out->chunk_count && !out->chunks_end)
        err = look_at_chunks(out);
    while (err == GMM_OK && !carried && out->chunk_at < out->chunk_count)
        err = put_chunk(out, &out->chunks[out->chunk_at++], &carried);
    if (err == GMM_OK && out->chunk_at == out->chunk_count && out->chunks_end)
        out->stage = OVER;
    return err;
}

/* The objects by name: what they are is looked up when their turn comes. */
static enum gmm_err note_objects(struct bundleout *out)
{
    const struct directory *directory = engine_directory(out->node->engine);
    const struct directory_object **objects = NULL;
    enum gmm_err err = directory_by_need(directory, &objects);
    out->object_count = err == GMM_OK ? directory_count(directory) : 0;
    out->objects = calloc(out->object_count + 1, sizeof *out->objects);
    if (out->objects == NULL)
        err = GMM_ENOMEM;
    for (size_t i = 0; err == GMM_OK && i < out->object_count; i++)
        out->objects[i] = objects[i]->hash;
    free(objects);
    return err;
}

/* Its parts of what is written are noted from here on. */
static enum gmm_err begin_office(struct bundleout *out, const struct view_office *office)
{
    struct went *grown = realloc(out->went, (out->went_count + 1) * sizeof *grown);
    if (grown == NULL)
        return GMM_ENOMEM;
    out->went = grown;
    bool rests = out->from == BUNDLEOUT_SENT && out->peer.since != 0;
    grown[out->went_count++] =
        (struct went){.to = office->sign_pk, .number = out->peer.next, .heard_ms = out->peer.heard_ms, .rests = rests};
    out->pid = office->pid;
    out->wrap_pk = office->wrap_pk;
    out->base = out->from == BUNDLEOUT_NOTHING ? &out->nothing : rests ? &out->peer.sent : &out->peer.held;
    out->opening = (struct bundle_opening){.from = out->node->keystore->sign_pk,
                                           .to = office->sign_pk,
                                           .number = out->peer.next,
                                           .part = 1,
                                           .rests = rests ? out->peer.since : 0,
                                           .time_ms = node_now_ms()};
    out->sum->to = office->sign_pk;
    out->sum->number = out->opening.number;
    out->sum->since = out->opening.rests;
    out->sum->first_file = out->file_count + 1;
    out->fragmented = 0;
    out->at = 0;
    out->last = (struct store_chunk){0};
    out->stage = GATHERING;
    enum gmm_err err = holdings_of(&out->ours, out->node, office);
    if (err == GMM_OK)
        err = note_objects(out);
    for (size_t i = 0; err == GMM_OK && i < out->ours.head_count; i++) {
        uint64_t from = holdings_next(out->base, &out->ours.heads[i].key), next = out->ours.heads[i].next;
        out->sum->entries_of += next > from ? next - from : 0;
    }
    return err;
}

static enum gmm_err failed(enum gmm_err err, struct gmm_msg *msg)
{
    return gmm_fail(msg, err, "the bundle cannot be written: %s", gmm_err_text(err));
}

enum gmm_err bundleout_office(struct bundleout *out, const struct view_office *office, enum bundleout_base base,
                              struct bundleout_sum *sum, struct gmm_msg *msg)
{
    close_office(out);
    *sum = (struct bundleout_sum){0};
    enum gmm_err err = bundlepeer_load(&out->peer, out->node->store, &office->sign_pk);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "what was exchanged with %s before cannot be read: %s", office->office,
                        gmm_err_text(err));
    out->from = base;
    out->sum = sum;
    err = begin_office(out, office);
    return err == GMM_OK ? err : failed(err, msg);
}

static enum gmm_err step(struct bundleout *out)
{
    switch (out->stage) {
    case GATHERING:
        return gather_step(out);
    case HEADS:
        return heads_step(out);
    case THINGS:
        return things_step(out);
    case OBJECTS:
        return objects_step(out);
    case CONTROL_LOGS:
    case LOGS:
        return logs_step(out);
    case CHUNKS:
        return chunks_step(out);
    case OVER:
        break;
    }
    return GMM_OK;
}

/* A step may come long after the one before: the node may have lost its network, or renewed its keys. */
static bool can_go_on(const struct bundleout *out)
{
    return out->node->engine != NULL && out->node->keystore != NULL && engine_view(out->node->engine) != NULL &&
           id_equal(&out->node->keystore->sign_pk, &out->opening.from);
}

enum gmm_err bundleout_step(struct bundleout *out, bool *done, struct gmm_msg *msg)
{
    enum gmm_err err = can_go_on(out) ? step(out) : GMM_ESTATE;
    *done = err != GMM_OK || out->stage == OVER;
    if (err == GMM_OK && *done) {
        err = end_section(out, true);
        out->sum->last_file = out->file_count + 1;
        holdings_sort(&went(out)->sent);
        close_office(out);
    }
    return err == GMM_OK ? err : failed(err, msg);
}

uint64_t bundleout_written(const struct bundleout *out)
{
    return out->written;
}

enum gmm_err bundleout_end(struct bundleout *out, const uint64_t **sizes, uint32_t *count)
{
    enum gmm_err err = end_file(out);
    *sizes = out->sizes;
    *count = out->file_count;
    return err;
}

/* The next bundle with --since-last counts on this one: unless they have said meanwhile what they hold or lack, which
 * says more. Sessions and imports write of this peer meanwhile: it is looked up anew. */
static enum gmm_err remember(struct bundleout *out, struct went *w)
{
    struct bundlepeer peer;
    enum gmm_err err = bundlepeer_load(&peer, out->node->store, &w->to);
    if (err != GMM_OK)
        return err;
    if (peer.heard_ms == w->heard_ms) {
        if (!w->rests || peer.since == 0)
            peer.since = w->number;
        holdings_close(&peer.sent);
        peer.sent = w->sent;
        holdings_init(&w->sent);
    }
    peer.next = w->number + 1;
    err = bundlepeer_save(&peer, out->node->store, true);
    bundlepeer_close(&peer);
    return err;
}

enum gmm_err bundleout_remember(struct bundleout *out)
{
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < out->went_count; i++)
        err = remember(out, &out->went[i]);
    return err;
}
