/* A section of a bundle: what anybody can write on a medium (head, frames), what a maker could have sealed (an
 * opening), and the items inside: the whole input is each in turn. What is accepted encodes to the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "keys/bundle.h"
#include "proto/cargo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct gmm_id nid = {{7}};
static const uint8_t wrap_sk[32] = {0x70};

static void fuzz_section(const uint8_t *data, size_t size)
{
    struct bundle_seal seal;
    struct bundle_opening opening;
    size_t len, at = BUNDLE_HEAD_BYTES;
    if (size < BUNDLE_HEAD_BYTES || bundle_open_init(&seal, data, wrap_sk) != GMM_OK)
        return;
    while (size - at >= 4 && bytes_load_u32(data + at) <= size - at - 4) {
        uint32_t n = bytes_load_u32(data + at);
        uint8_t *copy = malloc(n + 1u);
        if (copy == NULL)
            return;
        memcpy(copy, data + at + 4, n);
        bool first = seal.frame == 0;
        if (bundle_open_frame(&seal, copy, n, &len) == GMM_OK && first)
            (void)bundle_opening_decode(&opening, &seal, &nid, copy, len);
        free(copy);
        at += 4u + n;
    }
    (void)bundle_opening_decode(&opening, &seal, &nid, data, size);
}

static void expect_same(struct buffer *out, const struct cargo_item *item)
{
    if (out->failed != GMM_OK || out->len != item->len || memcmp(out->p, item->payload, item->len) != 0)
        abort();
}

static void fuzz_heads(struct buffer *out, const struct cargo_item *item)
{
    static struct cargo_head heads[CARGO_HEADS_MAX];
    struct cargo_list list;
    if (cargo_heads_decode(&list, item->payload, item->len) != GMM_OK)
        return;
    for (size_t i = 0; i < list.count; i++)
        cargo_heads_at(&list, i, &heads[i]);
    cargo_heads_encode(out, heads, list.count);
    expect_same(out, item);
}

static void fuzz_things(struct buffer *out, const struct cargo_item *item)
{
    static uint64_t things[CARGO_THINGS_MAX];
    struct cargo_list list;
    if (cargo_things_decode(&list, item->payload, item->len) != GMM_OK)
        return;
    for (size_t i = 0; i < list.count; i++)
        things[i] = cargo_things_at(&list, i);
    cargo_things_encode(out, things, list.count);
    expect_same(out, item);
}

static void fuzz_received(struct buffer *out, const struct cargo_item *item)
{
    static struct cargo_lost lost[CARGO_LOST_MAX];
    struct cargo_list list;
    uint64_t complete;
    if (cargo_received_decode(&complete, &list, item->payload, item->len) != GMM_OK)
        return;
    for (size_t i = 0; i < list.count; i++)
        cargo_lost_at(&list, i, &lost[i]);
    cargo_received_encode(out, complete, lost, list.count);
    expect_same(out, item);
}

static void fuzz_fragment(struct buffer *out, const struct cargo_item *item)
{
    struct cargo_fragment fragment;
    if (cargo_fragment_decode(&fragment, item->payload, item->len) != GMM_OK)
        return;
    cargo_fragment_encode(out, &fragment);
    expect_same(out, item);
}

static void fuzz_item(const struct cargo_item *item)
{
    struct gmm_id gid;
    const uint8_t *sealed;
    size_t len;
    bool last;
    struct buffer out;
    buffer_init(&out, CARGO_PAYLOAD_MAX);
    if (item->kind == CARGO_HEADS)
        fuzz_heads(&out, item);
    else if (item->kind == CARGO_THINGS)
        fuzz_things(&out, item);
    else if (item->kind == CARGO_RECEIVED)
        fuzz_received(&out, item);
    else if (item->kind == CARGO_FRAGMENT)
        fuzz_fragment(&out, item);
    else if (item->kind == CARGO_CHUNK)
        (void)cargo_chunk_decode(&gid, &sealed, &len, item->payload, item->len);
    else if (item->kind == CARGO_END)
        (void)cargo_end_decode(&last, item->payload, item->len);
    buffer_close(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes_in in;
    struct cargo_item item;
    fuzz_section(data, size);
    bytes_in_init(&in, data, size);
    while (in.left > 0 && cargo_next(&in, &item) == GMM_OK)
        fuzz_item(&item);
    (void)cargo_whole(data, size, &item);
    return 0;
}
