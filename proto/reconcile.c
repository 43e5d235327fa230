#include "proto/reconcile.h"

#include <stdlib.h>
#include <string.h>

#include "keys/labels.h"

#define LOG_BITS 20u /* of a place */
#define KEY_BYTES 72u

struct sum { /* modulo 2^128 */
    uint64_t high, low;
};
struct item {
    struct sum mark, before; /* before: of all marks in front of it */
    size_t ref;
    uint32_t place;
    bool told;
};
/* A SPLIT is answered by a SPLIT or a LIST for each part, a LIST by a NEED: so a round is never larger than our set. */
struct allowance {
    uint64_t ranges, needs;
};
struct reconcile {
    uint8_t salt[MESSAGE_RANGES_SALT];
    struct item *items;
    size_t count, capacity;
    struct sum total;
    bool opener, done;
    uint8_t due;              /* the peer's next round */
    struct allowance allowed; /* what it may still have */
    uint64_t upto;            /* of its last range; UINT64_MAX: none in this round */
    bool heard;               /* a range in this round */
    struct allowance asked;   /* what our answer allows the round after */
    bool said;                /* a range of ours in this round */
    uint16_t in_block;        /* ranges of the message being made */
    struct buffer block;
};

struct reconcile *reconcile_new(const uint8_t salt[MESSAGE_RANGES_SALT])
{
    struct reconcile *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    memcpy(r->salt, salt, sizeof r->salt);
    r->allowed.ranges = 1;
    r->upto = UINT64_MAX;
    buffer_init(&r->block, MESSAGE_RANGES_BYTES_MAX);
    return r;
}

void reconcile_free(struct reconcile *r)
{
    if (r == NULL)
        return;
    buffer_close(&r->block);
    free(r->items);
    free(r);
}

static struct sum sum_add(struct sum a, struct sum b)
{
    struct sum sum = {a.high + b.high, a.low + b.low};
    sum.high += sum.low < a.low;
    return sum;
}

static struct sum sum_less(struct sum a, struct sum b)
{
    return (struct sum){a.high - b.high - (a.low < b.low), a.low - b.low};
}

static void sum_store(uint8_t out[MESSAGE_RANGES_SUM], struct sum sum)
{
    bytes_store_u64(out, sum.high);
    bytes_store_u64(out + 8, sum.low);
}

/* "place = 12 bits of K(salt, range-group, group) ‖ 20 bits": what differs of one group lies
 * together. */
static uint32_t place_of(const struct reconcile *r, const uint8_t key[KEY_BYTES])
{
    uint8_t group[32], log[32];
    hash_k(group, r->salt, LABEL_RANGE_GROUP, key, 32);
    hash_k(log, r->salt, LABEL_RANGE_LOG, key, KEY_BYTES);
    return bytes_load_u32(group) >> LOG_BITS << LOG_BITS | bytes_load_u32(log) >> (32 - LOG_BITS);
}

enum gmm_err reconcile_add(struct reconcile *r, const struct run_key *key, uint64_t seq, const struct gmm_id *id,
                           size_t ref)
{
    if (r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 128 : 2 * r->capacity;
        struct item *items = realloc(r->items, capacity * sizeof *items);
        if (items == NULL)
            return GMM_ENOMEM;
        r->items = items;
        r->capacity = capacity;
    }
    uint8_t head[RUN_HEAD_BYTES], mark[32];
    run_head_bytes(head, key, seq, id);
    hash_k(mark, r->salt, LABEL_RANGE_MARK, head, sizeof head);
    r->items[r->count++] =
        (struct item){.mark = {bytes_load_u64(mark), bytes_load_u64(mark + 8)}, .ref = ref, .place = place_of(r, head)};
    return GMM_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct item *left = a, *right = b;
    return left->place < right->place ? -1 : left->place > right->place;
}

static void arrange(struct reconcile *r)
{
    if (r->count > 1)
        qsort(r->items, r->count, sizeof *r->items, compare_places);
    for (size_t i = 0; i < r->count; i++) {
        r->items[i].before = r->total;
        r->total = sum_add(r->total, r->items[i].mark);
    }
}

/* The first item at or behind a place. */
static size_t index_of(const struct reconcile *r, uint64_t place)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->items[middle].place < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct sum before(const struct reconcile *r, size_t index)
{
    return index < r->count ? r->items[index].before : r->total;
}

static void begin_block(struct reconcile *r, uint8_t round)
{
    buffer_close(&r->block);
    buffer_init(&r->block, MESSAGE_RANGES_BYTES_MAX);
    message_ranges_begin(&r->block, round, r->salt);
    r->in_block = 0;
}

static void end_block(struct reconcile *r, bool last, const struct reconcile_sink *sink)
{
    struct buffer payload = r->block;
    message_ranges_end(&payload, r->in_block, last);
    buffer_init(&r->block, MESSAGE_RANGES_BYTES_MAX);
    sink->send(sink->context, &payload);
}

static void say(struct reconcile *r, const struct message_range *range, const struct reconcile_sink *sink)
{
    if (r->in_block == MESSAGE_RANGES_MAX) {
        end_block(r, false, sink);
        begin_block(r, (uint8_t)(r->due + 1));
    }
    message_ranges_put(&r->block, range);
    r->in_block++;
    r->said = true;
    if (range->kind == MESSAGE_RANGE_SPLIT)
        r->asked.ranges += range->count;
    else if (range->kind == MESSAGE_RANGE_LIST)
        r->asked.needs++;
}

static void tell(struct item *item, bool asked, const struct reconcile_sink *sink)
{
    if (item->told)
        return;
    item->told = true;
    sink->tell(sink->context, item->ref, asked);
}

static int compare_marks(const void *a, const void *b)
{
    return memcmp(a, b, MESSAGE_RANGES_MARK);
}

/* At most MESSAGE_RANGES_LIST items. */
static void say_list(struct reconcile *r, uint32_t from, uint32_t upto, size_t first, size_t end,
                     const struct reconcile_sink *sink)
{
    uint8_t marks[MESSAGE_RANGES_LIST][MESSAGE_RANGES_MARK];
    size_t count = 0;
    for (size_t i = first; i < end; i++)
        bytes_store_u64(marks[count++], r->items[i].mark.high);
    if (count > 1)
        qsort(marks, count, sizeof marks[0], compare_marks);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_marks(marks[kept - 1], marks[i]) != 0)
            memmove(marks[kept++], marks[i], sizeof marks[0]);
    struct message_range list = {MESSAGE_RANGE_LIST, from, upto, (uint8_t)kept, marks[0]};
    say(r, &list, sink);
}

/* In parts of as many heads each; a part ends where a place does. Returns how many. */
static uint8_t cut(const struct reconcile *r, uint32_t upto, size_t first, size_t end, size_t wished,
                   uint8_t parts[MESSAGE_RANGES_PARTS * MESSAGE_RANGES_PART])
{
    uint8_t count = 0;
    size_t at = first;
    for (size_t i = 1; i <= wished; i++) {
        size_t next = i == wished ? end : index_of(r, r->items[first + (end - first) * i / wished].place);
        if (i < wished && next == at)
            continue;
        uint8_t *part = parts + count++ * MESSAGE_RANGES_PART;
        bytes_store_u32(part, i == wished ? upto : r->items[next].place - 1);
        sum_store(part + 4, sum_less(before(r, next), before(r, at)));
        at = next;
    }
    return count;
}

/* Sums of [from, upto] are not the same on both sides. */
static void refine(struct reconcile *r, uint32_t from, uint32_t upto, const struct reconcile_sink *sink)
{
    size_t first = index_of(r, from), end = index_of(r, (uint64_t)upto + 1);
    uint8_t parts[MESSAGE_RANGES_PARTS * MESSAGE_RANGES_PART];
    if (end - first > MESSAGE_RANGES_LIST) {
        struct message_range split = {MESSAGE_RANGE_SPLIT, from, upto,
                                      cut(r, upto, first, end, MESSAGE_RANGES_PARTS, parts), parts};
        if (split.count > 1) {
            say(r, &split, sink);
            return;
        }
    }
    if (end - first > MESSAGE_RANGES_LIST) {
        /* All in one place: both sides tell all that they have there. */
        for (size_t i = first; i < end; i++)
            tell(&r->items[i], false, sink);
        first = end;
    }
    say_list(r, from, upto, first, end, sink);
}

static void on_split(struct reconcile *r, const struct message_range *split, const struct reconcile_sink *sink)
{
    static const uint8_t nothing[MESSAGE_RANGES_SUM] = {0};
    uint32_t from = split->from, upto;
    for (size_t i = 0; i < split->count; i++, from = upto + 1) {
        const uint8_t *theirs = message_range_part(split, i, &upto);
        size_t first = index_of(r, from), end = index_of(r, (uint64_t)upto + 1);
        uint8_t ours[MESSAGE_RANGES_SUM];
        sum_store(ours, sum_less(before(r, end), before(r, first)));
        if (memcmp(ours, theirs, sizeof ours) == 0)
            continue;
        if (memcmp(theirs, nothing, sizeof nothing) != 0)
            refine(r, from, upto, sink);
        else
            for (size_t k = first; k < end; k++)
                tell(&r->items[k], false, sink);
    }
}

/* The place of a mark in a list, or its count. */
static size_t listed(const struct message_range *list, const uint8_t mark[MESSAGE_RANGES_MARK])
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_marks(message_range_mark(list, middle), mark);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return list->count;
}

static void on_list(struct reconcile *r, const struct message_range *list, const struct reconcile_sink *sink)
{
    bool held[MESSAGE_RANGES_LIST] = {false};
    uint8_t marks[MESSAGE_RANGES_LIST * MESSAGE_RANGES_MARK], mark[MESSAGE_RANGES_MARK];
    size_t end = index_of(r, (uint64_t)list->upto + 1);
    for (size_t i = index_of(r, list->from); i < end; i++) {
        bytes_store_u64(mark, r->items[i].mark.high);
        size_t at = listed(list, mark);
        if (at < list->count)
            held[at] = true;
        else
            tell(&r->items[i], false, sink);
    }
    struct message_range need = {MESSAGE_RANGE_NEED, list->from, list->upto, 0, marks};
    for (size_t i = 0; i < list->count; i++)
        if (!held[i])
            memcpy(marks + need.count++ * MESSAGE_RANGES_MARK, message_range_mark(list, i), MESSAGE_RANGES_MARK);
    if (need.count > 0)
        say(r, &need, sink);
}

static void on_need(struct reconcile *r, const struct message_range *need, const struct reconcile_sink *sink)
{
    uint8_t mark[MESSAGE_RANGES_MARK];
    size_t end = index_of(r, (uint64_t)need->upto + 1);
    for (size_t i = index_of(r, need->from); i < end; i++) {
        bytes_store_u64(mark, r->items[i].mark.high);
        if (listed(need, mark) < need->count)
            tell(&r->items[i], true, sink);
    }
}

void reconcile_answer(struct reconcile *r)
{
    arrange(r);
}

void reconcile_open(struct reconcile *r, bool whole, const struct reconcile_sink *sink)
{
    uint8_t parts[MESSAGE_RANGES_PARTS * MESSAGE_RANGES_PART];
    arrange(r);
    begin_block(r, 0);
    r->opener = true;
    if (!whole && r->count <= MESSAGE_RANGES_LIST) {
        say_list(r, 0, UINT32_MAX, 0, r->count, sink);
    } else {
        size_t wished = whole ? 1 : MESSAGE_RANGES_PARTS;
        struct message_range split = {MESSAGE_RANGE_SPLIT, 0, UINT32_MAX,
                                      cut(r, UINT32_MAX, 0, r->count, wished, parts), parts};
        say(r, &split, sink);
    }
    end_block(r, true, sink);
    r->due = 1;
    r->allowed = r->asked;
    r->asked = (struct allowance){0};
    r->said = false;
}

bool reconcile_expects(const struct reconcile *r, const struct message_ranges *message)
{
    return !r->done && message->round == r->due && memcmp(message->salt, r->salt, MESSAGE_RANGES_NAME) == 0;
}

static void on_range(struct reconcile *r, const struct message_range *range, const struct reconcile_sink *sink)
{
    switch (range->kind) {
    case MESSAGE_RANGE_SPLIT:
        on_split(r, range, sink);
        break;
    case MESSAGE_RANGE_LIST:
        on_list(r, range, sink);
        break;
    case MESSAGE_RANGE_NEED:
        on_need(r, range, sink);
        break;
    }
}

/* The peer's round is complete: ours goes out, unless neither has anything more to say. */
static void end_round(struct reconcile *r, const struct reconcile_sink *sink)
{
    r->done = !r->heard || !r->said;
    if (r->heard)
        end_block(r, true, sink);
    r->due = (uint8_t)(r->due + 2);
    r->allowed = r->asked;
    r->upto = UINT64_MAX;
    r->asked = (struct allowance){0};
    r->heard = r->said = false;
    buffer_close(&r->block);
}

enum gmm_err reconcile_take(struct reconcile *r, const struct message_ranges *message,
                            const struct reconcile_sink *sink)
{
    struct message_ranges ranges = *message;
    struct message_range range;
    if (!r->heard)
        begin_block(r, (uint8_t)(r->due + 1));
    while (message_ranges_next(&ranges, &range)) {
        uint64_t *allowed = range.kind == MESSAGE_RANGE_NEED ? &r->allowed.needs : &r->allowed.ranges;
        if (*allowed == 0 || (r->upto != UINT64_MAX && range.from <= r->upto))
            return GMM_EFORMAT;
        --*allowed;
        r->upto = range.upto;
        r->heard = true;
        on_range(r, &range, sink);
    }
    if (ranges.last)
        end_round(r, sink);
    return GMM_OK;
}

bool reconcile_done(const struct reconcile *r)
{
    return r->done;
}

bool reconcile_unanswered(const struct reconcile *r)
{
    return r->opener && r->due == 1 && !r->heard;
}

size_t reconcile_count(const struct reconcile *r)
{
    return r->count;
}

bool reconcile_same(const struct reconcile *r, size_t index, size_t *ref)
{
    *ref = r->items[index].ref;
    return !r->items[index].told;
}
