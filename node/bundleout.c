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

struct bundleout {
    struct node *node;
    int fd;
    uint64_t max, size; /* of a file; of this one so far */
    uint64_t *sizes;
    uint32_t file_count; /* ended ones */
    /* of the section that is being written */
    const struct view_office *office;
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
    if (out->sizes == NULL) {
        bundleout_free(out);
        return NULL;
    }
    return out;
}

void bundleout_free(struct bundleout *out)
{
    if (out == NULL)
        return;
    bundle_seal_close(&out->seal);
    buffer_close(&out->frame);
    buffer_close(&out->sealed);
    free(out->sizes);
    free(out);
}

static enum gmm_err write_bytes(struct bundleout *out, const void *bytes, size_t len)
{
    enum gmm_err err = sys_write_all(out->fd, bytes, len);
    if (err == GMM_OK)
        out->size += len;
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
        err = bundle_seal_init(&out->seal, nid, &out->office->wrap_pk, eph_sk);
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

/* What we hold, and what of theirs has come: "acknowledgements ride back". */
static enum gmm_err put_state(struct bundleout *out, const struct bundlepeer *peer, const struct holdings *ours)
{
    struct cargo_lost lost[CARGO_LOST_MAX];
    struct buffer payload;
    size_t count = bundlepeer_lost(peer, lost, CARGO_LOST_MAX);
    enum gmm_err err = GMM_OK;
    for (size_t i = 0; err == GMM_OK && i < ours->head_count; i += CARGO_HEADS_MAX) {
        size_t n = ours->head_count - i < CARGO_HEADS_MAX ? ours->head_count - i : CARGO_HEADS_MAX;
        buffer_init(&payload, CARGO_PAYLOAD_MAX);
        cargo_heads_encode(&payload, ours->heads + i, n);
        err = put_buffer(out, CARGO_HEADS, &payload);
    }
    for (size_t i = 0; err == GMM_OK && i < ours->thing_count; i += CARGO_THINGS_MAX) {
        size_t n = ours->thing_count - i < CARGO_THINGS_MAX ? ours->thing_count - i : CARGO_THINGS_MAX;
        buffer_init(&payload, CARGO_PAYLOAD_MAX);
        cargo_things_encode(&payload, ours->things + i, n);
        err = put_buffer(out, CARGO_THINGS, &payload);
    }
    if (err != GMM_OK)
        return err;
    buffer_init(&payload, CARGO_PAYLOAD_MAX);
    cargo_received_encode(&payload, peer->complete, lost, count);
    return put_buffer(out, CARGO_RECEIVED, &payload);
}

static enum gmm_err put_objects(struct bundleout *out, const struct holdings *base)
{
    const struct directory *directory = engine_directory(out->node->engine);
    const struct forks *forks = engine_forks(out->node->engine);
    const struct directory_object **objects = NULL;
    enum gmm_err err = directory_by_need(directory, &objects);
    for (size_t i = 0; err == GMM_OK && i < directory_count(directory); i++) {
        if (holdings_has(base, &objects[i]->hash))
            continue;
        err = put(out, CARGO_OBJECT, objects[i]->bytes, objects[i]->len);
        out->sum->objects++;
    }
    free(objects);
    const struct view *view = engine_view(out->node->engine);
    for (size_t i = 0; err == GMM_OK && i < forks_count(forks); i++) {
        const struct fork_proof *proof = forks_at(forks, i);
        if (!holdings_has(base, &proof->hash) &&
            (id_is_zero(&proof->key.group) ||
             view_office_may_have(view, &proof->key.group, &out->office->sign_pk, &out->office->pid)))
            err = put(out, CARGO_PROOF, proof->bytes, proof->len);
    }
    return err;
}

static enum gmm_err put_log(struct bundleout *out, const struct cargo_head *head, uint64_t from)
{
    const struct logs_log *log = logs_find(engine_logs(out->node->engine), &head->key);
    enum gmm_err err = log == NULL ? GMM_ESTATE : GMM_OK;
    while (err == GMM_OK && from < head->next) {
        struct run *run = NULL;
        struct buffer payload;
        err = store_load_part(out->node->store, &head->key, from, head->next - 1, RUN_BYTES, false,
                              head->next == log->end, &run);
        if (err != GMM_OK)
            break;
        buffer_init(&payload, CARGO_PAYLOAD_MAX);
        run_encode(&payload, run);
        err = put_buffer(out, CARGO_RUN, &payload);
        from = run->first_seq + run->count;
        out->sum->entries += run->count;
        run_free(run);
    }
    return err;
}

/* Control logs first: who may write what rests on them. */
static enum gmm_err put_logs(struct bundleout *out, const struct holdings *ours, const struct holdings *base)
{
    enum gmm_err err = GMM_OK;
    for (unsigned pass = 0; pass < 2; pass++)
        for (size_t i = 0; err == GMM_OK && i < ours->head_count; i++) {
            uint64_t from = holdings_next(base, &ours->heads[i].key);
            if (id_is_zero(&ours->heads[i].key.group) == (pass == 0) && from < ours->heads[i].next)
                err = put_log(out, &ours->heads[i], from);
        }
    return err;
}

struct chunk_walk {
    struct bundleout *out;
    const struct holdings *base;
    const struct view *view;
    uint8_t *bytes; /* gid, then the sealed chunk */
};

static enum gmm_err on_chunk(void *arg, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len)
{
    struct chunk_walk *walk = arg;
    struct bundleout *out = walk->out;
    size_t got = 0, total = 0;
    if (holdings_has(walk->base, id) ||
        !view_office_may_have(walk->view, gid, &out->office->sign_pk, &out->office->pid))
        return GMM_OK;
    enum gmm_err err = chunkfile_read(out->node->chunks, id, 0, walk->bytes + 32, LIMIT_CHUNK_SEALED, &got, &total);
    if (err == GMM_OK && (got != len || total != len))
        err = GMM_ECORRUPT;
    if (err != GMM_OK)
        return err;
    memcpy(walk->bytes, gid->b, 32);
    out->sum->chunks++;
    return put(out, CARGO_CHUNK, walk->bytes, 32 + got);
}

static enum gmm_err put_chunks(struct bundleout *out, const struct holdings *base)
{
    struct chunk_walk walk = {out, base, engine_view(out->node->engine), malloc(LIMIT_CHUNK_SEALED + 32)};
    enum gmm_err err = walk.bytes == NULL ? GMM_ENOMEM : store_each_chunk(out->node->store, on_chunk, &walk);
    free(walk.bytes);
    return err;
}

static enum gmm_err write_bundle(struct bundleout *out, const struct bundlepeer *peer, const struct holdings *ours,
                                 const struct holdings *base)
{
    out->fragmented = 0;
    out->opening.part = 1;
    out->sum->first_file = out->file_count + 1;
    enum gmm_err err = begin_section(out);
    if (err == GMM_OK)
        err = put_state(out, peer, ours);
    if (err == GMM_OK)
        err = put_objects(out, base);
    if (err == GMM_OK)
        err = put_logs(out, ours, base);
    if (err == GMM_OK)
        err = put_chunks(out, base);
    if (err == GMM_OK)
        err = end_section(out, true);
    out->sum->last_file = out->file_count + 1;
    return err;
}

/* The next bundle with --since-last counts on this one. */
static enum gmm_err remember(struct bundleout *out, struct bundlepeer *peer, struct holdings *ours, bool rests)
{
    if (!rests || peer->since == 0)
        peer->since = peer->next;
    peer->next++;
    holdings_close(&peer->sent);
    peer->sent = *ours;
    holdings_init(ours);
    return bundlepeer_save(peer, out->node->store, true);
}

enum gmm_err bundleout_add(struct bundleout *out, const struct view_office *office, enum bundleout_base base,
                           struct bundleout_sum *sum, struct gmm_msg *msg)
{
    struct bundlepeer peer;
    struct holdings ours, nothing;
    holdings_init(&nothing);
    *sum = (struct bundleout_sum){0};
    enum gmm_err err = bundlepeer_load(&peer, out->node->store, &office->sign_pk);
    if (err != GMM_OK)
        return gmm_fail(msg, err, "what was exchanged with %s before cannot be read: %s", office->office,
                        gmm_err_text(err));
    err = holdings_of(&ours, out->node, office, true);
    if (err == GMM_OK) {
        bool rests = base == BUNDLEOUT_SENT && peer.since != 0;
        out->office = office;
        out->sum = sum;
        sum->number = peer.next;
        sum->since = rests ? peer.since : 0;
        out->opening = (struct bundle_opening){.from = out->node->keystore->sign_pk,
                                               .to = office->sign_pk,
                                               .number = peer.next,
                                               .rests = sum->since,
                                               .time_ms = node_now_ms()};
        err = write_bundle(out, &peer, &ours, base == BUNDLEOUT_NOTHING ? &nothing : rests ? &peer.sent : &peer.held);
        if (err == GMM_OK)
            err = remember(out, &peer, &ours, rests);
    }
    holdings_close(&ours);
    bundlepeer_close(&peer);
    return err == GMM_OK ? err : gmm_fail(msg, err, "the bundle cannot be written: %s", gmm_err_text(err));
}

enum gmm_err bundleout_end(struct bundleout *out, const uint64_t **sizes, uint32_t *count)
{
    enum gmm_err err = end_file(out);
    *sizes = out->sizes;
    *count = out->file_count;
    return err;
}
