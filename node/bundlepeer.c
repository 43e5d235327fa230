#include "node/bundlepeer.h"

#include <stdlib.h>
#include <string.h>

#define NAME "bundle."
#define BYTES_MAX (512u << 20)
#define SYNCED_MS 60000u

static void name_of(char name[STORE_NAME_BYTES], const struct gmm_id *sign_pk)
{
    memcpy(name, NAME, sizeof NAME);
    id_to_hex(sign_pk, name + sizeof NAME - 1);
}

static void drop(struct bundlepeer *peer, size_t index)
{
    free(peer->bundles[index].parts);
    peer->bundle_count--;
    memmove(&peer->bundles[index], &peer->bundles[index + 1], (peer->bundle_count - index) * sizeof *peer->bundles);
}

void bundlepeer_close(struct bundlepeer *peer)
{
    while (peer->bundle_count > 0)
        drop(peer, peer->bundle_count - 1);
    holdings_close(&peer->held);
    holdings_close(&peer->sent);
}

static enum gmm_err get_bundle(struct bundlepeer *peer, struct bytes_in *in)
{
    struct bundlepeer_bundle *b = &peer->bundles[peer->bundle_count];
    *b = (struct bundlepeer_bundle){0};
    b->number = bytes_get_u64(in);
    b->rests = bytes_get_u64(in);
    b->last = bytes_get_u32(in);
    b->part_count = bytes_get_u32(in);
    if (in->failed || b->part_count > LIMIT_BUNDLE_PARTS)
        return GMM_ECORRUPT;
    b->parts = calloc(b->part_count + 1, sizeof *b->parts);
    if (b->parts == NULL)
        return GMM_ENOMEM;
    peer->bundle_count++;
    for (size_t i = 0; i < b->part_count; i++)
        b->parts[i] = bytes_get_u32(in);
    return in->failed ? GMM_ECORRUPT : GMM_OK;
}

static enum gmm_err decode(struct bundlepeer *peer, const uint8_t *bytes, size_t len)
{
    struct bytes_in in;
    bytes_in_init(&in, bytes, len);
    uint8_t version = bytes_get_u8(&in);
    peer->next = bytes_get_u64(&in);
    peer->since = bytes_get_u64(&in);
    peer->heard_ms = bytes_get_u64(&in);
    peer->complete = bytes_get_u64(&in);
    peer->synced_ms = bytes_get_u64(&in);
    uint16_t count = bytes_get_u16(&in);
    enum gmm_err err = in.failed || version != 1 || count > LIMIT_BUNDLES_OPEN ? GMM_ECORRUPT : GMM_OK;
    for (uint16_t i = 0; err == GMM_OK && i < count; i++)
        err = get_bundle(peer, &in);
    if (err == GMM_OK)
        err = holdings_decode(&peer->held, &in);
    if (err == GMM_OK)
        err = holdings_decode(&peer->sent, &in);
    return err == GMM_OK && !bytes_in_done(&in) ? GMM_ECORRUPT : err;
}

enum gmm_err bundlepeer_load(struct bundlepeer *peer, struct store *store, const struct gmm_id *sign_pk)
{
    char name[STORE_NAME_BYTES];
    uint8_t *bytes = NULL;
    size_t len;
    *peer = (struct bundlepeer){.sign_pk = *sign_pk, .next = 1};
    name_of(name, sign_pk);
    enum gmm_err err = store_get(store, name, &bytes, &len);
    if (err == GMM_ENOTFOUND)
        return GMM_OK;
    if (err == GMM_OK)
        err = decode(peer, bytes, len);
    free(bytes);
    if (err != GMM_OK)
        bundlepeer_close(peer);
    return err;
}

enum gmm_err bundlepeer_save(struct bundlepeer *peer, struct store *store, bool durable)
{
    char name[STORE_NAME_BYTES];
    struct buffer out;
    buffer_init(&out, BYTES_MAX);
    buffer_put_u8(&out, 1);
    buffer_put_u64(&out, peer->next);
    buffer_put_u64(&out, peer->since);
    buffer_put_u64(&out, peer->heard_ms);
    buffer_put_u64(&out, peer->complete);
    buffer_put_u64(&out, peer->synced_ms);
    buffer_put_u16(&out, (uint16_t)peer->bundle_count);
    for (size_t i = 0; i < peer->bundle_count; i++) {
        const struct bundlepeer_bundle *b = &peer->bundles[i];
        buffer_put_u64(&out, b->number);
        buffer_put_u64(&out, b->rests);
        buffer_put_u32(&out, b->last);
        buffer_put_u32(&out, (uint32_t)b->part_count);
        for (size_t k = 0; k < b->part_count; k++)
            buffer_put_u32(&out, b->parts[k]);
    }
    holdings_encode(&out, &peer->held);
    holdings_encode(&out, &peer->sent);
    name_of(name, &peer->sign_pk);
    enum gmm_err err = out.failed;
    if (err == GMM_OK)
        err = store_begin(store, durable);
    if (err == GMM_OK)
        err = store_set(store, name, out.p, out.len);
    buffer_close(&out);
    return err;
}

/* The record of a bundle of theirs; NULL: not needed any more (or out of memory, which the caller then meets). The
 * oldest is forgotten when there are too many: what it lacks comes again with a bundle that rests on nothing. */
static struct bundlepeer_bundle *record(struct bundlepeer *peer, const struct bundle_opening *opening)
{
    size_t at = 0;
    if (opening->number <= peer->complete)
        return NULL;
    while (at < peer->bundle_count && peer->bundles[at].number < opening->number)
        at++;
    if (at < peer->bundle_count && peer->bundles[at].number == opening->number)
        return &peer->bundles[at];
    if (peer->bundle_count == LIMIT_BUNDLES_OPEN) {
        if (at == 0)
            return NULL;
        drop(peer, 0);
        at--;
    }
    memmove(&peer->bundles[at + 1], &peer->bundles[at], (peer->bundle_count - at) * sizeof *peer->bundles);
    peer->bundles[at] = (struct bundlepeer_bundle){.number = opening->number, .rests = opening->rests};
    peer->bundle_count++;
    return &peer->bundles[at];
}

static bool is_whole(const struct bundlepeer_bundle *b)
{
    return b->last != 0 && b->part_count == b->last;
}

static const struct bundlepeer_bundle *find(const struct bundlepeer *peer, uint64_t number)
{
    for (size_t i = 0; i < peer->bundle_count; i++)
        if (peer->bundles[i].number == number)
            return &peer->bundles[i];
    return NULL;
}

/* Is it here, with all that it rests on? */
static bool stands(const struct bundlepeer *peer, const struct bundlepeer_bundle *b)
{
    if (!is_whole(b))
        return false;
    uint64_t from = b->rests > peer->complete ? b->rests : peer->complete + 1;
    for (uint64_t n = from; b->rests != 0 && n < b->number; n++) {
        const struct bundlepeer_bundle *earlier = find(peer, n);
        if (earlier == NULL || !is_whole(earlier))
            return false;
    }
    return true;
}

static void settle(struct bundlepeer *peer)
{
    for (size_t i = peer->bundle_count; i > 0; i--) {
        if (!stands(peer, &peer->bundles[i - 1]))
            continue;
        peer->complete = peer->bundles[i - 1].number;
        while (i-- > 0)
            drop(peer, 0);
        return;
    }
}

enum gmm_err bundlepeer_saw(struct bundlepeer *peer, const struct bundle_opening *opening)
{
    (void)record(peer, opening);
    return GMM_OK;
}

enum gmm_err bundlepeer_got(struct bundlepeer *peer, const struct bundle_opening *opening, bool last)
{
    struct bundlepeer_bundle *b = record(peer, opening);
    size_t at = 0;
    if (b == NULL || opening->part > LIMIT_BUNDLE_PARTS)
        return GMM_OK;
    while (at < b->part_count && b->parts[at] < opening->part)
        at++;
    if (at == b->part_count || b->parts[at] != opening->part) {
        uint32_t *parts = realloc(b->parts, (b->part_count + 1) * sizeof *parts);
        if (parts == NULL)
            return GMM_ENOMEM;
        b->parts = parts;
        memmove(&parts[at + 1], &parts[at], (b->part_count - at) * sizeof *parts);
        parts[at] = opening->part;
        b->part_count++;
    }
    if (last)
        b->last = opening->part;
    settle(peer);
    return GMM_OK;
}

static size_t lost_of(const struct bundlepeer_bundle *b, struct cargo_lost *out, size_t max)
{
    size_t count = 0, at = 0;
    uint32_t upto = b->last != 0 ? b->last : b->part_count > 0 ? b->parts[b->part_count - 1] : 0;
    for (uint32_t part = 1; part <= upto && count < max; part++) {
        if (at < b->part_count && b->parts[at] == part)
            at++;
        else
            out[count++] = (struct cargo_lost){b->number, part};
    }
    if (b->last == 0 && count < max)
        out[count++] = (struct cargo_lost){b->number, upto == 0 ? 0 : upto + 1};
    return count;
}

size_t bundlepeer_lost(const struct bundlepeer *peer, struct cargo_lost *out, size_t max)
{
    size_t count = 0;
    uint64_t next = peer->complete + 1;
    for (size_t i = 0; i < peer->bundle_count && count < max; i++) {
        const struct bundlepeer_bundle *b = &peer->bundles[i];
        uint64_t from = b->rests > next ? b->rests : next;
        for (uint64_t n = from; b->rests != 0 && n < b->number && count < max; n++)
            out[count++] = (struct cargo_lost){n, 0};
        count += lost_of(b, out + count, max - count);
        next = b->number + 1;
    }
    return count;
}

enum gmm_err bundlepeer_told(struct bundlepeer *peer, uint64_t made_ms, struct holdings *held, uint64_t complete,
                             bool lost)
{
    if (made_ms <= peer->heard_ms)
        return GMM_OK;
    /* What it lacks goes with the next bundle again; so does all that a restored store has lost. */
    if (lost) {
        struct holdings copy;
        enum gmm_err err = holdings_copy(&copy, held);
        if (err != GMM_OK)
            return err;
        holdings_close(&peer->sent);
        peer->sent = copy;
        peer->since = 0;
    } else if (peer->since != 0 && complete >= peer->since) {
        peer->since = complete + 1 < peer->next ? complete + 1 : 0;
    }
    holdings_close(&peer->held);
    peer->held = *held;
    holdings_init(held);
    peer->heard_ms = made_ms;
    return GMM_OK;
}

static enum gmm_err note_synced(struct bundlepeer *peer, struct node *node, const struct view_office *office,
                                uint64_t now_ms)
{
    struct holdings ours;
    enum gmm_err err = holdings_of(&ours, node, office);
    for (size_t i = 0; err == GMM_OK && i < peer->held.thing_count; i++)
        err = holdings_add_thing(&ours, peer->held.things[i]);
    if (err == GMM_OK) {
        holdings_sort(&ours);
        holdings_close(&peer->held);
        peer->held = ours;
        holdings_init(&ours);
        peer->synced_ms = now_ms;
        /* What it said in a bundle that was made before is older than this. */
        peer->heard_ms = peer->heard_ms > now_ms ? peer->heard_ms : now_ms;
        err = bundlepeer_save(peer, node->store, false);
    }
    holdings_close(&ours);
    return err;
}

enum gmm_err bundlepeer_synced(struct node *node, const struct gmm_id *sign_pk)
{
    struct bundlepeer peer;
    const struct view *view = engine_view(node->engine);
    const struct view_office *office = view == NULL ? NULL : view_office(view, sign_pk);
    uint64_t now_ms = node_now_ms();
    if (office == NULL || node->read_only)
        return GMM_OK;
    enum gmm_err err = bundlepeer_load(&peer, node->store, sign_pk);
    if (err != GMM_OK)
        return err;
    if (peer.synced_ms < node->opened_ms || now_ms >= peer.synced_ms + SYNCED_MS)
        err = note_synced(&peer, node, office, now_ms);
    bundlepeer_close(&peer);
    return err;
}
