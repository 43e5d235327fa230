#include "proto/chunker.h"

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/labels.h"
#include "keys/limits.h"

#define WINDOW 64u
#define TOP_BITS(n) (UINT64_MAX << (64 - (n)))
#define MASK_BEFORE_AVG TOP_BITS(22)
#define MASK_AFTER_AVG TOP_BITS(18)

static_assert(WINDOW < LIMIT_CHUNK_MIN && LIMIT_CHUNK_MIN < LIMIT_CHUNK_AVG && LIMIT_CHUNK_AVG < LIMIT_CHUNK_MAX,
              "the stretches of a chunk stand in this order");

void chunker_init(struct chunker *c, const uint8_t conv[32])
{
    uint8_t digest[32];
    for (unsigned i = 0; i < 256; i++) {
        uint8_t index = (uint8_t)i;
        hash_k(digest, conv, LABEL_CHUNKER, &index, 1);
        c->gear[i] = bytes_load_u64(digest);
    }
    sodium_memzero(digest, sizeof digest);
    c->hash = 0;
    c->length = 0;
}

void chunker_close(struct chunker *c)
{
    sodium_memzero(c, sizeof *c);
}

/* How many of len bytes lie before the chunk's length `end`. */
static size_t until(const struct chunker *c, size_t end, size_t len)
{
    if (c->length >= end)
        return 0;
    return end - c->length < len ? end - c->length : len;
}

/* Hashes n bytes that may not end a chunk. */
static size_t warm(struct chunker *c, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c->hash = (c->hash << 1) + c->gear[data[i]];
    c->length += n;
    return n;
}

/* Hashes n bytes, or fewer when one of them leaves no bit of mask set. */
static size_t roll(struct chunker *c, const uint8_t *data, size_t n, uint64_t mask, bool *cut)
{
    uint64_t hash = c->hash;
    size_t i = 0;
    /* Two bytes a step, with one shift and one sum between them and those before: what a step waits for is the last
     * one. */
    for (; n - i >= 2; i += 2) {
        uint64_t first = c->gear[data[i]], both = (first << 1) + c->gear[data[i + 1]];
        uint64_t next = (hash << 2) + both;
        if ((((hash << 1) + first) & mask) == 0 || (next & mask) == 0)
            break;
        hash = next;
    }
    for (bool found = false; i < n && !found; *cut = found) {
        hash = (hash << 1) + c->gear[data[i++]];
        found = (hash & mask) == 0;
    }
    c->hash = hash;
    c->length += i;
    return i;
}

size_t chunker_feed(struct chunker *c, const uint8_t *data, size_t len, bool *cut)
{
    *cut = false;
    size_t used = until(c, LIMIT_CHUNK_MIN - WINDOW, len);
    c->length += used;
    used += warm(c, data + used, until(c, LIMIT_CHUNK_MIN - 1, len - used));
    used += roll(c, data + used, until(c, LIMIT_CHUNK_AVG - 1, len - used), MASK_BEFORE_AVG, cut);
    if (!*cut)
        used += roll(c, data + used, until(c, LIMIT_CHUNK_MAX, len - used), MASK_AFTER_AVG, cut);
    if (c->length == LIMIT_CHUNK_MAX)
        *cut = true;
    if (*cut) {
        c->hash = 0;
        c->length = 0;
    }
    return used;
}
