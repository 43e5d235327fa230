#include "node/bundlein.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/chunk.h"
#include "node/bundlepark.h"
#include "node/erased.h"
#include "node/project.h"
#include "node/sys.h"

#define FRAME_BYTES (LIMIT_BUNDLE_FRAME + BUNDLE_TAG_BYTES)
#define STEP_BYTES (256u << 10) /* of items, until the loop is looked after again */
#define SETTLE_ROUNDS 64u

enum stage {
    AT_SECTION, /* a section may begin here */
    IN_SECTION,
    PASSING /* a section for somebody else */
};

struct bundlein {
    struct node *node;
    struct bundlein_sum *sum;
    struct bundlepark park;
    uint8_t *frame;
    int fd;
    enum stage stage;
    bool any; /* a section of this file has begun */
    /* what waited before */
    char waiting[STORE_NAME_BYTES];
    unsigned rounds;
    bool progress;
    /* of the section that is being read */
    struct bundle_seal seal;
    struct bundle_opening opening;
    struct bytes_in items; /* of the frame that are still to be taken */
    struct holdings told;
    bool tells, is_whole, is_last, left_out;
    struct gmm_id gid;     /* of the chunks below */
    struct gmm_id *chunks; /* stored in the open transaction */
    size_t chunk_count, chunk_capacity;
};

static enum gmm_err remember(struct bundlein *in);

struct bundlein *bundlein_new(struct node *node, struct bundlein_sum *sum)
{
    struct bundlein *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->node = node;
    in->sum = sum;
    in->fd = -1;
    in->frame = malloc(FRAME_BYTES);
    if (in->frame == NULL || bundlepark_open(&in->park, node) != GMM_OK) {
        bundlein_free(in);
        return NULL;
    }
    return in;
}

void bundlein_free(struct bundlein *in)
{
    if (in == NULL)
        return;
    if (in->stage == IN_SECTION)
        (void)remember(in); /* it was left before its end: what it lacks is named */
    bundle_seal_close(&in->seal);
    holdings_close(&in->told);
    free(in->chunks);
    free(in->frame);
    free(in);
}

/* ---- what came takes its place */

/* All of it durable; then what is derived hears of the chunks. */
static enum gmm_err flush(struct bundlein *in)
{
    enum gmm_err err = node_flush(in->node);
    for (size_t i = 0; err == GMM_OK && i < in->chunk_count; i++)
        err = project_chunk_here(in->node, &in->gid, &in->chunks[i]);
    if (err == GMM_OK && in->chunk_count > 0) {
        struct engine_event came = {.kind = ENGINE_CHUNK_CAME,
                                    .as.want = {.gid = in->gid, .ids = in->chunks, .count = in->chunk_count}};
        err = node_step(in->node, &came);
    }
    in->chunk_count = 0;
    return err;
}

static enum gmm_err store_chunk(struct bundlein *in, const struct gmm_id *gid, const struct gmm_id *id,
                                const uint8_t *sealed, size_t len)
{
    uint32_t held;
    enum gmm_err err = store_has_chunk(in->node->store, gid, id, &held);
    if (err != GMM_ENOTFOUND)
        return err;
    if (!erased_takes_chunk(in->node, gid, id))
        return GMM_OK; /* of what was erased: an older bundle does not bring it back */
    if (in->chunk_count == in->chunk_capacity) {
        size_t capacity = in->chunk_capacity == 0 ? 16 : 2 * in->chunk_capacity;
        struct gmm_id *grown = realloc(in->chunks, capacity * sizeof *grown);
        if (grown == NULL)
            return GMM_ENOMEM;
        in->chunks = grown;
        in->chunk_capacity = capacity;
    }
    err = store_begin(in->node->store, true);
    if (err == GMM_OK)
        err = chunkfile_write(in->node->chunks, id, sealed, len, false);
    if (err == GMM_OK)
        err = store_put_chunk(in->node->store, gid, id, (uint32_t)len);
    if (err == GMM_OK) {
        in->chunks[in->chunk_count++] = *id;
        in->sum->chunks++;
    }
    return err;
}

/* Only of groups that both sides belong to, or relay. GMM_EUNKNOWN: not so, as far as we know yet. */
static enum gmm_err take_chunk(struct bundlein *in, const struct cargo_item *item)
{
    struct gmm_id gid, id;
    const uint8_t *sealed;
    size_t len;
    enum gmm_err err = cargo_chunk_decode(&gid, &sealed, &len, item->payload, item->len);
    if (err != GMM_OK)
        return err;
    if (in->chunk_count > 0 && !id_equal(&gid, &in->gid) && (err = flush(in)) != GMM_OK)
        return err;
    const struct view *view = engine_view(in->node->engine);
    const struct view_office *from = view == NULL ? NULL : view_office(view, &in->opening.from);
    if (from == NULL || !view_office_may_have(view, &gid, &from->sign_pk, &from->pid) ||
        !view_office_may_have(view, &gid, &in->node->keystore->sign_pk, node_pid(in->node)))
        return GMM_EUNKNOWN;
    in->gid = gid;
    chunk_id(&id, &view->nid, &gid, sealed, len);
    return store_chunk(in, &gid, &id, sealed, len);
}

static enum gmm_err take_object(struct bundlein *in, const struct cargo_item *item)
{
    size_t before = directory_count(engine_directory(in->node->engine));
    enum gmm_err err = node_take(in->node, ENGINE_ADD_OBJECT, item->payload, item->len, NULL);
    in->sum->objects += directory_count(engine_directory(in->node->engine)) - before;
    return err;
}

/* What this node's own troubles are, and not the item's. */
static bool is_ours(enum gmm_err err)
{
    return err == GMM_ENOMEM || err == GMM_EIO || err == GMM_EFULL || err == GMM_ECORRUPT || err == GMM_ESTATE ||
           err == GMM_EBUSY;
}

/* GMM_EUNKNOWN: not yet. Other errors of the item itself are counted. */
static enum gmm_err take(struct bundlein *in, const struct cargo_item *item)
{
    enum gmm_err err = GMM_OK;
    if (item->kind == CARGO_OBJECT)
        err = take_object(in, item);
    else if (item->kind == CARGO_PROOF)
        err = node_take(in->node, ENGINE_IMPORT_PROOF, item->payload, item->len, NULL);
    else if (item->kind == CARGO_RUN)
        err = node_take(in->node, ENGINE_IMPORT_RUN, item->payload, item->len, NULL);
    else if (item->kind == CARGO_CHUNK)
        err = take_chunk(in, item);
    if (item->kind == CARGO_RUN && (err == GMM_EORDER || err == GMM_EFUTURE || err == GMM_ELIMIT))
        err = GMM_EUNKNOWN;
    if (err == GMM_OK || err == GMM_EUNKNOWN || is_ours(err))
        return err;
    in->sum->refused++;
    return GMM_OK;
}

/* An item that has to wait is kept; a chunk is not: its part is asked for again. */
static enum gmm_err take_or_park(struct bundlein *in, const struct cargo_item *item)
{
    enum gmm_err err = take(in, item);
    if (err != GMM_EUNKNOWN)
        return err;
    if (item->kind == CARGO_RUN || item->kind == CARGO_OBJECT)
        err = bundlepark_put(&in->park, item);
    if (err == GMM_EUNKNOWN || err == GMM_ELIMIT) {
        in->left_out = true;
        err = GMM_OK;
    }
    return err == GMM_EEXISTS ? GMM_OK : err;
}

static enum gmm_err take_piece(struct bundlein *in, const struct cargo_item *item)
{
    struct cargo_fragment piece;
    struct cargo_item whole;
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum gmm_err err = cargo_fragment_decode(&piece, item->payload, item->len);
    if (err == GMM_OK)
        err = bundlepark_piece(&in->park, &in->opening.from, in->opening.number, &piece, &bytes, &len);
    if (err == GMM_ELIMIT) {
        in->left_out = true;
        return GMM_OK;
    }
    if (err != GMM_OK || bytes == NULL)
        return err;
    bool was_left_out = in->left_out;
    in->left_out = false;
    err = cargo_whole(bytes, len, &whole);
    if (err == GMM_OK)
        err = take_or_park(in, &whole);
    else
        in->sum->refused++;
    free(bytes);
    if (!in->left_out && !is_ours(err))
        err = bundlepark_pieces_drop(&in->park, &in->opening.from, in->opening.number, piece.item);
    in->left_out = in->left_out || was_left_out;
    return err;
}

static enum gmm_err take_heads(struct bundlein *in, const struct cargo_item *item)
{
    struct cargo_list list;
    enum gmm_err err = cargo_heads_decode(&list, item->payload, item->len);
    for (size_t i = 0; err == GMM_OK && i < list.count; i++) {
        struct cargo_head head;
        cargo_heads_at(&list, i, &head);
        err = holdings_add_head(&in->told, &head.key, head.next);
    }
    return err;
}

static enum gmm_err take_things(struct bundlein *in, const struct cargo_item *item)
{
    struct cargo_list list;
    enum gmm_err err = cargo_things_decode(&list, item->payload, item->len);
    for (size_t i = 0; err == GMM_OK && i < list.count; i++)
        err = holdings_add_thing(&in->told, cargo_things_at(&list, i));
    return err;
}

/* The last of a state: now it counts. */
static enum gmm_err take_received(struct bundlein *in, const struct cargo_item *item)
{
    struct cargo_list lost;
    uint64_t complete;
    enum gmm_err err = cargo_received_decode(&complete, &lost, item->payload, item->len);
    if (err != GMM_OK)
        return err;
    struct bundlepeer peer;
    holdings_sort(&in->told);
    err = bundlepeer_load(&peer, in->node->store, &in->opening.from);
    if (err == GMM_OK) {
        err = bundlepeer_told(&peer, in->opening.time_ms, &in->told, complete, lost.count > 0);
        if (err == GMM_OK)
            err = bundlepeer_save(&peer, in->node->store, true);
        bundlepeer_close(&peer);
    }
    holdings_close(&in->told);
    return err;
}

static enum gmm_err take_item(struct bundlein *in, const struct cargo_item *item)
{
    switch (item->kind) {
    case CARGO_HEADS:
        return take_heads(in, item);
    case CARGO_THINGS:
        return take_things(in, item);
    case CARGO_RECEIVED:
        return take_received(in, item);
    case CARGO_FRAGMENT:
        return take_piece(in, item);
    case CARGO_END:
        in->is_whole = true;
        return cargo_end_decode(&in->is_last, item->payload, item->len);
    case CARGO_OBJECT:
    case CARGO_PROOF:
    case CARGO_RUN:
    case CARGO_CHUNK:
        return take_or_park(in, item);
    }
    return GMM_EFORMAT;
}

/* ---- a file */

/* GMM_ECLOSED: the file ends before or within them. */
static enum gmm_err read_bytes(int fd, void *out, size_t len)
{
    uint8_t *p = out;
    while (len > 0) {
        ssize_t n = read(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return sys_err(errno);
        if (n == 0)
            return GMM_ECLOSED;
        p += n;
        len -= (size_t)n;
    }
    return GMM_OK;
}

/* *len 0: the section ends here. */
static enum gmm_err read_frame(struct bundlein *in, uint32_t *len)
{
    uint8_t head[4];
    enum gmm_err err = read_bytes(in->fd, head, sizeof head);
    if (err != GMM_OK)
        return err;
    *len = bytes_load_u32(head);
    return *len > FRAME_BYTES ? GMM_ECORRUPT : read_bytes(in->fd, in->frame, *len);
}

/* Some of the items of the frame, durable when this returns. */
static enum gmm_err take_some(struct bundlein *in)
{
    struct cargo_item item;
    enum gmm_err err = GMM_OK;
    size_t from = in->items.left;
    while (err == GMM_OK && in->items.left > 0 && from - in->items.left < STEP_BYTES) {
        if (in->is_whole || cargo_next(&in->items, &item) != GMM_OK) {
            err = GMM_ECORRUPT;
            break;
        }
        err = take_item(in, &item);
        if (err == GMM_EFORMAT || err == GMM_ELIMIT)
            err = GMM_ECORRUPT; /* its maker sealed it so: nothing else of it is believed */
    }
    enum gmm_err flushed = flush(in);
    return err == GMM_OK ? flushed : err;
}

static void note_from(struct bundlein *in)
{
    struct bundlein_sum *sum = in->sum;
    for (size_t i = 0; i < sum->from_count; i++)
        if (id_equal(&sum->from[i], &in->opening.from))
            return;
    if (sum->from_count < LIMIT_OFFICES)
        sum->from[sum->from_count++] = in->opening.from;
}

static enum gmm_err take_opening(struct bundlein *in, size_t len)
{
    const struct gmm_id *nid = &engine_view(in->node->engine)->nid;
    enum gmm_err err = bundle_opening_decode(&in->opening, &in->seal, nid, in->frame, len);
    if (err == GMM_OK && (!id_equal(&in->opening.to, &in->node->keystore->sign_pk) ||
                          id_equal(&in->opening.from, &in->node->keystore->sign_pk)))
        err = GMM_EFORMAT;
    if (err != GMM_OK)
        return err == GMM_EVERSION ? err : GMM_ECORRUPT;
    holdings_close(&in->told);
    in->is_whole = in->is_last = in->left_out = false;
    bytes_in_init(&in->items, in->frame, 0);
    in->sum->sections++;
    note_from(in);
    return GMM_OK;
}

/* How much of this part is here. Sessions write of this peer meanwhile: it is looked up anew. */
static enum gmm_err remember(struct bundlein *in)
{
    struct bundlepeer peer;
    enum gmm_err err = bundlepeer_load(&peer, in->node->store, &in->opening.from);
    if (err != GMM_OK)
        return err;
    err = in->is_whole && !in->left_out ? bundlepeer_got(&peer, &in->opening, in->is_last)
                                        : bundlepeer_saw(&peer, &in->opening);
    if (err == GMM_OK)
        err = bundlepeer_save(&peer, in->node->store, true);
    bundlepeer_close(&peer);
    return err == GMM_OK ? node_flush(in->node) : err;
}

static enum gmm_err next_frame(struct bundlein *in, bool *ended)
{
    uint32_t sealed = 0;
    size_t len = 0;
    enum gmm_err err = read_frame(in, &sealed);
    *ended = err == GMM_OK && sealed == 0;
    if (err != GMM_OK)
        return err;
    if (sealed == 0)
        return in->is_whole ? GMM_OK : GMM_ECORRUPT;
    if (in->is_whole || bundle_open_frame(&in->seal, in->frame, sealed, &len) != GMM_OK)
        return GMM_ECORRUPT;
    bytes_in_init(&in->items, in->frame, len);
    return GMM_OK;
}

static enum gmm_err section_step(struct bundlein *in)
{
    bool ended = false;
    enum gmm_err err = in->items.left == 0 ? next_frame(in, &ended) : GMM_OK;
    if (err == GMM_OK && !ended)
        err = take_some(in);
    if (err == GMM_OK && !ended)
        return GMM_OK;
    in->stage = AT_SECTION;
    enum gmm_err kept = is_ours(err) && err != GMM_ECORRUPT ? GMM_OK : remember(in);
    bundle_seal_close(&in->seal);
    return err == GMM_OK ? kept : err;
}

static enum gmm_err pass_over(struct bundlein *in)
{
    uint32_t sealed = 0;
    enum gmm_err err = read_frame(in, &sealed);
    if (err == GMM_OK && sealed == 0)
        in->stage = AT_SECTION;
    return err;
}

/* The private wrap key that the head names; NULL: it is for somebody else, or that key is gone. */
static const uint8_t *key_of(const struct bundlein *in, const struct bundle_head *head)
{
    const struct keystore *ks = in->node->keystore;
    for (uint16_t i = 0; i < ks->wrap_count; i++) {
        struct gmm_id wrap_pk;
        uint8_t wrap_id[sizeof head->wrap_id];
        crypto_scalarmult_base(wrap_pk.b, ks->wraps[i].sk);
        epoch_wrap_id(wrap_id, &wrap_pk);
        if (memcmp(wrap_id, head->wrap_id, sizeof wrap_id) == 0)
            return ks->wraps[i].sk;
    }
    return NULL;
}

static enum gmm_err open_section(struct bundlein *in, const uint8_t head_bytes[BUNDLE_HEAD_BYTES])
{
    struct bundle_head head;
    uint32_t sealed = 0;
    size_t len = 0;
    enum gmm_err err = bundle_head_decode(&head, head_bytes);
    if (err != GMM_OK)
        return err;
    const uint8_t *wrap_sk = key_of(in, &head);
    if (wrap_sk == NULL || !id_equal(&head.nid, &engine_view(in->node->engine)->nid)) {
        in->sum->others++;
        in->stage = PASSING;
        return GMM_OK;
    }
    if (bundle_open_init(&in->seal, head_bytes, wrap_sk) != GMM_OK)
        return GMM_ECORRUPT;
    err = read_frame(in, &sealed);
    if (err == GMM_OK)
        err = bundle_open_frame(&in->seal, in->frame, sealed, &len) == GMM_OK ? take_opening(in, len) : GMM_ECORRUPT;
    if (err == GMM_OK)
        in->stage = IN_SECTION;
    else
        bundle_seal_close(&in->seal);
    return err;
}

/* *done: there is no further one. */
static enum gmm_err begin_section(struct bundlein *in, bool *done)
{
    uint8_t head[BUNDLE_HEAD_BYTES];
    ssize_t first = read(in->fd, head, 1);
    *done = first == 0 && in->any;
    if (*done)
        return GMM_OK;
    enum gmm_err err = first == 1   ? read_bytes(in->fd, head + 1, sizeof head - 1)
                       : first == 0 ? GMM_EFORMAT
                                    : sys_err(errno);
    if (err == GMM_ECLOSED && !in->any)
        err = GMM_EFORMAT;
    if (err == GMM_OK)
        err = open_section(in, head);
    if (err == GMM_EFORMAT && in->any)
        err = GMM_ECORRUPT;
    in->any = true;
    return err;
}

void bundlein_file(struct bundlein *in, int fd)
{
    in->fd = fd;
    in->stage = AT_SECTION;
    in->any = false;
}

/* A step may come long after the one before: the node may have lost its network, or a key. */
static bool can_take(const struct bundlein *in)
{
    return in->node->engine != NULL && in->node->keystore != NULL && engine_view(in->node->engine) != NULL;
}

enum gmm_err bundlein_step(struct bundlein *in, bool *done, struct gmm_msg *msg)
{
    uint64_t before = store_entry_count(in->node->store);
    enum gmm_err err = can_take(in) ? GMM_OK : GMM_ESTATE;
    *done = false;
    if (err == GMM_OK && in->stage == AT_SECTION)
        err = begin_section(in, done);
    else if (err == GMM_OK)
        err = in->stage == PASSING ? pass_over(in) : section_step(in);
    if (err == GMM_ECLOSED) {
        in->sum->cut_off = true;
        err = GMM_OK;
        *done = true;
    }
    if (err != GMM_OK)
        *done = true;
    if (*done)
        in->stage = AT_SECTION;
    in->sum->entries += store_entry_count(in->node->store) - before;
    return err == GMM_OK ? err : gmm_fail(msg, err, "%s", gmm_err_text(err));
}

/* The next of what waits. *ended: the round is over. */
static enum gmm_err settle_one(struct bundlein *in, bool *ended)
{
    uint8_t *bytes;
    struct cargo_item item;
    enum gmm_err err = bundlepark_next(&in->park, in->waiting, &bytes, &item);
    *ended = err == GMM_ENOTFOUND;
    if (err != GMM_OK)
        return err == GMM_ENOTFOUND ? GMM_OK : err;
    err = take(in, &item);
    if (err == GMM_OK) {
        err = bundlepark_drop(&in->park, in->waiting, item.len + 1);
        in->progress = true;
    } else if (err == GMM_EUNKNOWN) {
        in->sum->waiting++;
        err = GMM_OK;
    }
    free(bytes);
    enum gmm_err flushed = flush(in);
    return err == GMM_OK ? flushed : err;
}

/* Rounds over what waits, until one brings nothing. */
enum gmm_err bundlein_settle(struct bundlein *in, bool *done)
{
    uint64_t before = store_entry_count(in->node->store);
    bool ended = false;
    if (in->waiting[0] == '\0') {
        in->sum->waiting = 0;
        in->progress = false;
    }
    enum gmm_err err = can_take(in) ? settle_one(in, &ended) : GMM_ESTATE;
    *done = err != GMM_OK;
    if (err == GMM_OK && ended) {
        in->waiting[0] = '\0';
        *done = !in->progress || ++in->rounds == SETTLE_ROUNDS;
    }
    in->sum->entries += store_entry_count(in->node->store) - before;
    return err;
}
