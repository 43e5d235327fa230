#include "proto/header.h"

#include <string.h>

#include "keys/labels.h"

void header_encode(uint8_t out[HEADER_BYTES], const struct header *h)
{
    out[0] = h->version;
    out[1] = h->suite;
    bytes_store_u16(out + 2, h->type);
    bytes_store_u32(out + 4, h->flags);
    memcpy(out + 8, h->network.b, GMM_ID_BYTES);
    memcpy(out + 40, h->group.b, GMM_ID_BYTES);
    memcpy(out + 72, h->author.b, GMM_ID_BYTES);
    bytes_store_u64(out + 104, h->instance);
    bytes_store_u64(out + 112, h->seq);
    memcpy(out + 120, h->prev.b, GMM_ID_BYTES);
    bytes_store_u64(out + 152, h->time);
    memcpy(out + 160, h->epoch.b, GMM_ID_BYTES);
    bytes_store_u32(out + 192, h->body_len);
    memcpy(out + 196, h->body_hash.b, GMM_ID_BYTES);
}

static void read_fields(struct header *out, const uint8_t bytes[HEADER_BYTES])
{
    out->version = bytes[0];
    out->suite = bytes[1];
    out->type = bytes_load_u16(bytes + 2);
    out->flags = bytes_load_u32(bytes + 4);
    memcpy(out->network.b, bytes + 8, GMM_ID_BYTES);
    memcpy(out->group.b, bytes + 40, GMM_ID_BYTES);
    memcpy(out->author.b, bytes + 72, GMM_ID_BYTES);
    out->instance = bytes_load_u64(bytes + 104);
    out->seq = bytes_load_u64(bytes + 112);
    memcpy(out->prev.b, bytes + 120, GMM_ID_BYTES);
    out->time = bytes_load_u64(bytes + 152);
    memcpy(out->epoch.b, bytes + 160, GMM_ID_BYTES);
    out->body_len = bytes_load_u32(bytes + 192);
    memcpy(out->body_hash.b, bytes + 196, GMM_ID_BYTES);
}

/* A control type stands in a control log, any other in a group's; a plain body has no epoch, a sealed one has. */
static bool type_fits(const struct header *h)
{
    bool control = id_is_zero(&h->group);
    bool plain = id_is_zero(&h->epoch);
    return h->type != 0 && control == (h->type < HEADER_GROUP) && plain == (h->type < HEADER_DOCUMENT);
}

enum gmm_err header_decode(struct header *out, const uint8_t bytes[HEADER_BYTES])
{
    read_fields(out, bytes);
    if (out->version != HEADER_VERSION || out->suite != HEADER_SUITE)
        return GMM_EVERSION;
    if ((out->flags & ~HEADER_FLAGS_KNOWN) != 0 || !type_fits(out) || out->body_len == 0)
        return GMM_EFORMAT;
    return out->body_len > LIMIT_BODY_BYTES ? GMM_ELIMIT : GMM_OK;
}

void header_id(struct gmm_id *id, const uint8_t bytes[HEADER_BYTES])
{
    hash_h(id, LABEL_ENTRY, bytes, HEADER_BYTES);
}

void header_body_hash(struct gmm_id *out, const void *body, size_t len)
{
    hash_h(out, LABEL_BODY, body, len);
}

void header_log0(struct gmm_id *out, const struct gmm_id *network, const struct gmm_id *group,
                 const struct gmm_id *author, uint64_t instance)
{
    uint8_t number[8];
    bytes_store_u64(number, instance);
    struct hash h;
    hash_init(&h, LABEL_LOG0);
    hash_update(&h, network->b, GMM_ID_BYTES);
    hash_update(&h, group->b, GMM_ID_BYTES);
    hash_update(&h, author->b, GMM_ID_BYTES);
    hash_update(&h, number, sizeof number);
    hash_final(&h, out->b);
}

uint64_t header_time_next(uint64_t previous, uint64_t now_ms)
{
    const uint64_t ms_max = UINT64_MAX >> 16;
    uint64_t now = (now_ms < ms_max ? now_ms : ms_max) << 16;
    if (now > previous)
        return now;
    return previous == UINT64_MAX ? previous : previous + 1;
}

static const struct {
    uint16_t type;
    const char *text;
} types[] = {
    {HEADER_ADMIT, "admit"},
    {HEADER_WRAPKEY, "wrapkey"},
    {HEADER_SUSPEND, "suspend"},
    {HEADER_RESTORE, "restore"},
    {HEADER_EXPEL, "expel"},
    {HEADER_HANDOVER, "handover"},
    {HEADER_ACCEPT, "accept"},
    {HEADER_BALLOT, "ballot"},
    {HEADER_LEAD, "lead"},
    {HEADER_COSIGN, "cosign"},
    {HEADER_VOUCH, "vouch"},
    {HEADER_ANCHOR, "anchor"},
    {HEADER_AMEND, "amend"},
    {HEADER_REPLACE, "replace"},
    {HEADER_GROUP, "group"},
    {HEADER_ADD, "add"},
    {HEADER_REMOVE, "remove"},
    {HEADER_EPOCH, "epoch"},
    {HEADER_WRAP, "wrap"},
    {HEADER_EPOCH_BAD, "epoch-bad"},
    {HEADER_ERASE, "erase"},
    {HEADER_ERASED, "erased"},
    {HEADER_GROUP_ANCHOR, "group-anchor"},
    {HEADER_CUT, "cut"},
    {HEADER_LEFT, "left"},
    {HEADER_RELAY, "relay"},
    {HEADER_DOCUMENT, "document"},
    {HEADER_NOTE, "note"},
    {HEADER_RECEIPT, "receipt"},
    {HEADER_GROUP_NAME, "group-name"},
    {HEADER_CONSULT, "consult"},
    {HEADER_DISPOSITION, "disposition"},
    {HEADER_RELEASE, "release"},
    {HEADER_CLEAR, "clear"},
    {HEADER_PRACTICE, "practice"},
    {HEADER_MARK, "mark"},
    {HEADER_RETAIN, "retain"},
    {HEADER_DISCLOSE, "disclose"},
};

const char *header_type_text(unsigned type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type)
            return types[i].text;
    return NULL;
}

uint16_t header_type_from_text(const char *text)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].text, text) == 0)
            return types[i].type;
    return 0;
}
