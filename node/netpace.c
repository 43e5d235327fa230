#include "node/netpace.h"

#include "node/linkrate.h"
#include "proto/peer.h"

#define BURST_MS 250u /* of a limit, that may go at once */
#define BURST_LEAST 1500
/* The handshake's packets took less: nothing that is slow is so near. (At 64 kbit/s one of 60 bytes takes 7.) */
#define NEAR_MS 2u
#define HELD_MS 50u      /* until the kernel is asked again */
#define HELD_FIRST_MS 2u /* while the rate is not known */
#define ON_THE_WAY_MS 500u
#define ON_THE_WAY_LEAST (6u << 10)
#define WRITE_LEAST (1u << 10) /* at a time, when that much less than full is on the way */
#define SAMPLE_MS 200u
#define SAMPLE_FIRST_MS 50u
#define UNSENT_LEAST (8u << 10)

static int64_t burst(const struct netpace_bucket *bucket)
{
    int64_t bytes = (int64_t)(bucket->rate * BURST_MS / 1000u);
    return bytes < BURST_LEAST ? BURST_LEAST : bytes;
}

static void refill(struct netpace_bucket *bucket, uint64_t now_ms)
{
    uint64_t passed = now_ms - bucket->last_ms;
    int64_t more = passed > 60000u ? burst(bucket) : (int64_t)(bucket->rate * passed / 1000u);
    if (more == 0)
        return; /* less than a byte: the time is not over */
    bucket->last_ms = now_ms;
    bucket->tokens += more;
    if (bucket->tokens > burst(bucket))
        bucket->tokens = burst(bucket);
}

/* When there will be half a burst. */
static uint64_t ready_ms(const struct netpace_bucket *bucket, uint64_t now_ms)
{
    uint64_t lacking = (uint64_t)(burst(bucket) / 2 - bucket->tokens);
    return now_ms + lacking * 1000u / bucket->rate + 1u;
}

static void limit(struct netpace_bucket *bucket, uint64_t rate, uint64_t now_ms)
{
    if (bucket->rate == rate)
        return;
    *bucket = (struct netpace_bucket){.rate = rate, .last_ms = now_ms};
}

static void tell_kernel(struct netpace *p, int fd)
{
    size_t unsent = p->room < UNSENT_LEAST ? UNSENT_LEAST : p->room;
    if (unsent < 2 * p->unsent && 2 * unsent > p->unsent)
        return;
    linkrate_unsent_most(fd, unsent);
    p->unsent = unsent;
}

void netpace_init(struct netpace *p, int fd)
{
    struct linkrate link;
    *p = (struct netpace){.room = PEER_ROOM_FIRST};
    p->near = linkrate_get(fd, &link) && link.rtt_known && link.min_rtt_ms < NEAR_MS;
    tell_kernel(p, fd);
}

void netpace_limit(struct netpace *p, uint64_t out, uint64_t in, uint64_t now_ms)
{
    limit(&p->out, out, now_ms);
    limit(&p->in, in, now_ms);
}

static uint64_t delivered(const struct netpace *p, const struct linkrate *link)
{
    return p->written > link->outstanding ? p->written - link->outstanding : 0;
}

/* One that was not blocked may be faster than it was. */
static void measure(struct netpace *p, const struct linkrate *link, uint64_t now_ms)
{
    if (!p->blocked) {
        p->since_ms = 0;
        p->rate = p->rate < PEER_ROOM_MOST ? 2 * p->rate : 0;
    } else if (p->since_ms != 0 && now_ms - p->since_ms >= (p->rate == 0 ? SAMPLE_FIRST_MS : SAMPLE_MS)) {
        uint64_t bytes = delivered(p, link);
        uint64_t rate = (bytes > p->since_bytes ? bytes - p->since_bytes : 1u) * 1000u / (now_ms - p->since_ms);
        p->rate =
            p->rate == 0 || rate < p->rate ? rate : p->rate + (rate - p->rate) / 4; /* what was held up comes at once */
        p->since_ms = now_ms;
        p->since_bytes = bytes;
    }
    p->blocked = false;
}

/* The lower of what was counted and what the kernel says; 0: neither is known. */
static uint64_t rate_of(const struct netpace *p, const struct linkrate *link)
{
    return p->rate == 0 || (link->bytes_s > 0 && link->bytes_s < p->rate) ? link->bytes_s : p->rate;
}

size_t netpace_room(struct netpace *p, int fd, uint64_t now_ms)
{
    struct linkrate link;
    if (linkrate_get(fd, &link)) {
        /* A tunnel is near, too, and may end in a slow link: the first bytes must have arrived. */
        bool fast = p->near && !p->blocked && p->rate == 0 && p->written > 0 && link.outstanding < p->room / 2;
        measure(p, &link, now_ms);
        uint64_t room = rate_of(p, &link) / 2;
        /* Upwards only as far as what was written has arrived: the kernel may have taken it without that. */
        size_t most = p->rate != 0 ? PEER_ROOM_MOST : link.outstanding < p->room / 2 ? 2 * p->room : p->room;
        if (room > 0)
            p->room = room > most ? most : (size_t)room;
        if (fast) {
            p->room = PEER_ROOM_MOST;
            p->near = false;
        }
    }
    if (p->out.rate > 0 && p->room > p->out.rate / 2)
        p->room = (size_t)(p->out.rate / 2);
    if (p->room < PEER_ROOM_LEAST)
        p->room = PEER_ROOM_LEAST;
    if (p->room > PEER_ROOM_MOST)
        p->room = PEER_ROOM_MOST;
    tell_kernel(p, fd);
    return p->room;
}

/* How much more may be on its way: not more than takes half a second beside a round trip. What is there when the link
 * is cut was sent in vain, and it no longer gives way to what is urgent. */
static size_t space(const struct netpace *p, int fd)
{
    struct linkrate link;
    if (p->room >= PEER_ROOM_MOST || !linkrate_get(fd, &link))
        return SIZE_MAX;
    uint64_t most = p->rate == 0 ? 2 * p->room : rate_of(p, &link) * (link.min_rtt_ms + ON_THE_WAY_MS) / 1000u;
    if (p->rate != 0 && most < ON_THE_WAY_LEAST)
        most = ON_THE_WAY_LEAST;
    return link.outstanding + WRITE_LEAST > most ? 0 : (size_t)most - link.outstanding;
}

void netpace_blocked(struct netpace *p, int fd, uint64_t now_ms)
{
    struct linkrate link;
    p->blocked = true;
    if (p->since_ms != 0 || !linkrate_get(fd, &link))
        return;
    p->since_ms = now_ms;
    p->since_bytes = delivered(p, &link);
}

size_t netpace_out(struct netpace *p, int fd, uint64_t now_ms, uint64_t *again_ms)
{
    size_t most = space(p, fd);
    if (most == 0) {
        netpace_blocked(p, fd, now_ms);
        *again_ms = now_ms + (p->rate == 0 ? HELD_FIRST_MS : HELD_MS);
        return 0;
    }
    if (p->out.rate == 0)
        return most < p->room || p->room >= PEER_ROOM_MOST ? most : p->room;
    refill(&p->out, now_ms);
    if (p->out.tokens > 0)
        return (size_t)p->out.tokens < most ? (size_t)p->out.tokens : most;
    *again_ms = ready_ms(&p->out, now_ms);
    return 0;
}

void netpace_wrote(struct netpace *p, size_t bytes)
{
    p->written += bytes;
    if (p->out.rate > 0)
        p->out.tokens -= (int64_t)bytes;
}

uint64_t netpace_read(struct netpace *p, size_t bytes, uint64_t now_ms)
{
    if (p->in.rate == 0)
        return 0;
    refill(&p->in, now_ms);
    p->in.tokens -= (int64_t)bytes;
    return p->in.tokens >= 0 ? 0 : ready_ms(&p->in, now_ms);
}

static size_t kept(const struct netpace_memory *memory, const struct gmm_id *office)
{
    size_t at = 0;
    while (at < NETPACE_KEPT && (memory->links[at].room == 0 || !id_equal(&memory->links[at].office, office)))
        at++;
    return at;
}

void netpace_keep(struct netpace_memory *memory, const struct gmm_id *office, const struct netpace *p)
{
    size_t at = kept(memory, office);
    if (p->room >= PEER_ROOM_FIRST) {
        if (at < NETPACE_KEPT)
            memory->links[at].room = 0;
        return;
    }
    if (at == NETPACE_KEPT)
        at = memory->next++ % NETPACE_KEPT;
    memory->links[at].office = *office;
    memory->links[at].room = p->room;
}

bool netpace_recall(const struct netpace_memory *memory, const struct gmm_id *office, struct netpace *p)
{
    size_t at = kept(memory, office);
    if (at == NETPACE_KEPT)
        return false;
    p->room = memory->links[at].room;
    p->rate = 2 * p->room;
    p->blocked = true; /* it is not taken to be faster before it was tried */
    return true;
}
