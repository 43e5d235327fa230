#include "proto/clocks.h"

#include <stdlib.h>
#include <string.h>

#define DAY_MS UINT64_C(86400000)
#define MOVED_MS 60000                          /* less than this is drift, and the time that a hello travels */
#define CLOCK_MS_MAX ((UINT64_C(1) << 48) - 1u) /* as a header's time */
#define ROW_BYTES 56u

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static bool is_small(int64_t ms)
{
    return ms < MOVED_MS && ms > -MOVED_MS;
}

static void forget(struct clocks *clocks, size_t index)
{
    clocks->count--;
    memmove(&clocks->rows[index], &clocks->rows[index + 1], (clocks->count - index) * sizeof *clocks->rows);
}

/* The last row and an earlier one moved alike: what was heard before both did no longer holds. */
static void follow_our_own(struct clocks *clocks)
{
    int64_t moved = clocks->rows[clocks->count - 1].moved_ms;
    size_t other = 0;
    while (other + 1 < clocks->count &&
           (clocks->rows[other].moved_ms == 0 || !is_small(clocks->rows[other].moved_ms - moved)))
        other++;
    if (moved == 0 || other + 1 == clocks->count)
        return;
    for (size_t i = 0; i < other; i++)
        forget(clocks, 0);
    for (size_t i = 0; i < clocks->count; i++)
        clocks->rows[i].moved_ms = 0;
}

void clocks_hear(struct clocks *clocks, const struct gmm_id *pid, uint64_t clock_ms, uint64_t now_ms)
{
    uint64_t now = now_ms > CLOCK_MS_MAX ? CLOCK_MS_MAX : now_ms;
    struct clocks_row row = {
        .pid = *pid,
        .ahead_ms = (int64_t)now - (int64_t)(clock_ms > CLOCK_MS_MAX ? CLOCK_MS_MAX : clock_ms),
        .heard_ms = now,
    };
    for (size_t i = 0; i < clocks->count; i++) {
        if (!id_equal(&clocks->rows[i].pid, pid))
            continue;
        int64_t moved = row.ahead_ms - clocks->rows[i].ahead_ms;
        row.moved_ms = is_small(moved) ? 0 : moved;
        forget(clocks, i);
        break;
    }
    if (clocks->count == LIMIT_PARTICIPANTS)
        forget(clocks, 0);
    clocks->rows[clocks->count++] = row;
    follow_our_own(clocks);
}

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

size_t clocks_median(const struct clocks *clocks, uint64_t now_ms, int64_t *ahead_ms)
{
    int64_t values[LIMIT_PARTICIPANTS];
    size_t n = 0;
    *ahead_ms = 0;
    for (size_t i = 0; i < clocks->count; i++)
        if (distance(clocks->rows[i].heard_ms, now_ms) <= DAY_MS)
            values[n++] = clocks->rows[i].ahead_ms;
    if (n == 0)
        return 0;
    qsort(values, n, sizeof *values, by_value);
    *ahead_ms = n % 2 == 1 ? values[n / 2] : values[n / 2 - 1] + (values[n / 2] - values[n / 2 - 1]) / 2;
    return n;
}

bool clocks_refuse(const struct clocks *clocks, uint64_t now_ms, int64_t *ahead_ms)
{
    size_t count = clocks_median(clocks, now_ms, ahead_ms);
    return count >= LIMIT_CLOCK_PARTICIPANTS &&
           (*ahead_ms > (int64_t)LIMIT_FUTURE_MS || *ahead_ms < -(int64_t)LIMIT_FUTURE_MS);
}

enum gmm_err clocks_encode(struct buffer *out, const struct clocks *clocks)
{
    for (size_t i = 0; i < clocks->count; i++) {
        const struct clocks_row *row = &clocks->rows[i];
        buffer_put_id(out, &row->pid);
        buffer_put_u64(out, (uint64_t)row->ahead_ms);
        buffer_put_u64(out, (uint64_t)row->moved_ms);
        buffer_put_u64(out, row->heard_ms);
    }
    return out->failed;
}

/* The number that was cast to u64; false: beyond what two clocks can differ by. */
static bool take_signed(struct bytes_in *in, int64_t *out)
{
    uint64_t v = bytes_get_u64(in);
    if (v <= 2 * CLOCK_MS_MAX)
        *out = (int64_t)v;
    else if (UINT64_MAX - v < 2 * CLOCK_MS_MAX)
        *out = -(int64_t)(UINT64_MAX - v) - 1;
    else
        return false;
    return true;
}

enum gmm_err clocks_decode(struct clocks *clocks, const void *bytes, size_t len)
{
    struct bytes_in in;
    memset(clocks, 0, sizeof *clocks);
    if (len % ROW_BYTES != 0 || len > CLOCKS_BYTES_MAX)
        return GMM_EFORMAT;
    bytes_in_init(&in, bytes, len);
    for (size_t i = 0; i < len / ROW_BYTES; i++) {
        struct clocks_row *row = &clocks->rows[i];
        bytes_get_id(&in, &row->pid);
        bool fits = take_signed(&in, &row->ahead_ms);
        fits = take_signed(&in, &row->moved_ms) && fits;
        row->heard_ms = bytes_get_u64(&in);
        if (!fits || row->heard_ms > CLOCK_MS_MAX) {
            clocks->count = 0;
            return GMM_EFORMAT;
        }
        clocks->count = i + 1;
    }
    return GMM_OK;
}
