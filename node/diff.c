#include "node/diff.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PLACES_MAX 4000u

/* ---- Myers */

struct course {
    const uint64_t *a, *b;
    size_t n, m;
    int32_t **rows; /* furthest x on each diagonal, a row a number of changes; row d has 2d + 1 */
    size_t row_count;
    struct diff_run *runs; /* from the end */
    size_t count, capacity;
};

static enum gmm_err put(struct course *c, enum diff_kind kind, size_t n)
{
    if (n == 0)
        return GMM_OK;
    if (c->count > 0 && c->runs[c->count - 1].kind == kind) {
        c->runs[c->count - 1].count += n;
        return GMM_OK;
    }
    if (c->count == c->capacity) {
        size_t capacity = c->capacity == 0 ? 32 : 2 * c->capacity;
        struct diff_run *more = realloc(c->runs, capacity * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        c->runs = more;
        c->capacity = capacity;
    }
    c->runs[c->count++] = (struct diff_run){kind, n};
    return GMM_OK;
}

/* x on diagonal k of row d; −1 outside. */
static int32_t reached(const struct course *c, size_t d, int64_t k)
{
    int64_t at = k + (int64_t)d;
    return at < 0 || at > 2 * (int64_t)d ? -1 : c->rows[d][at];
}

/* Where one more change leads on diagonal k: down (a new element) or right (an old one). */
static int32_t step(const struct course *c, size_t d, int64_t k, bool *down)
{
    int32_t above = reached(c, d - 1, k + 1), left = reached(c, d - 1, k - 1);
    *down = above >= 0 && (left < 0 || above > left);
    return *down ? above : left + 1;
}

/* GMM_ELIMIT: more changes than are looked for. */
static enum gmm_err search(struct course *c)
{
    for (size_t d = 0; d <= PLACES_MAX; d++) {
        c->rows[d] = malloc((2 * d + 1) * sizeof *c->rows[d]);
        if (c->rows[d] == NULL)
            return GMM_ENOMEM;
        c->row_count = d + 1;
        for (size_t i = 0; i <= 2 * d; i++)
            c->rows[d][i] = -1;
        for (int64_t k = -(int64_t)d; k <= (int64_t)d; k += 2) {
            bool down;
            int64_t x = d == 0 ? 0 : step(c, d, k, &down), y = x - k;
            if (x < 0 || y < 0 || x > (int64_t)c->n || y > (int64_t)c->m)
                continue;
            while (x < (int64_t)c->n && y < (int64_t)c->m && c->a[x] == c->b[y]) {
                x++;
                y++;
            }
            c->rows[d][k + (int64_t)d] = (int32_t)x;
            if (x == (int64_t)c->n && y == (int64_t)c->m)
                return GMM_OK;
        }
    }
    return GMM_ELIMIT;
}

static enum gmm_err trace(struct course *c)
{
    int64_t x = (int64_t)c->n, y = (int64_t)c->m;
    enum gmm_err err = GMM_OK;
    for (size_t d = c->row_count - 1; d > 0 && err == GMM_OK; d--) {
        bool down;
        int64_t k = x - y, from = step(c, d, k, &down);
        err = put(c, DIFF_SAME, (size_t)(x - from));
        if (err == GMM_OK)
            err = put(c, down ? DIFF_NEW : DIFF_OLD, 1);
        x = down ? from : from - 1;
        y = down ? from - k - 1 : from - k;
    }
    return err == GMM_OK ? put(c, DIFF_SAME, (size_t)x) : err;
}

static void reverse(struct course *c)
{
    for (size_t i = 0; i < c->count / 2; i++) {
        struct diff_run run = c->runs[i];
        c->runs[i] = c->runs[c->count - 1 - i];
        c->runs[c->count - 1 - i] = run;
    }
}

enum gmm_err diff_make(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count, struct diff_run **runs,
                       size_t *count)
{
    size_t head = 0, tail = 0;
    while (head < a_count && head < b_count && a[head] == b[head])
        head++;
    while (tail < a_count - head && tail < b_count - head && a[a_count - 1 - tail] == b[b_count - 1 - tail])
        tail++;
    struct course c = {.a = a + head, .b = b + head, .n = a_count - head - tail, .m = b_count - head - tail};
    c.rows = calloc(PLACES_MAX + 1, sizeof(int32_t *));
    enum gmm_err err = c.rows == NULL ? GMM_ENOMEM : put(&c, DIFF_SAME, tail);
    if (err == GMM_OK)
        err = c.n > INT32_MAX || c.m > INT32_MAX ? GMM_ELIMIT : search(&c);
    if (err == GMM_ELIMIT) {
        err = put(&c, DIFF_NEW, c.m);
        if (err == GMM_OK)
            err = put(&c, DIFF_OLD, c.n);
    } else if (err == GMM_OK) {
        err = trace(&c);
    }
    if (err == GMM_OK)
        err = put(&c, DIFF_SAME, head);
    for (size_t i = 0; i < c.row_count; i++)
        free(c.rows[i]);
    free(c.rows);
    if (err != GMM_OK) {
        free(c.runs);
        return err;
    }
    reverse(&c);
    *runs = c.runs;
    *count = c.count;
    return GMM_OK;
}

/* ---- words */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Thai to Burmese and Khmer, Chinese, Japanese: written without spaces. */
static bool is_alone(const unsigned char *p, size_t left)
{
    if (left >= 3 && p[0] == 0xe0 && p[1] >= 0xb8)
        return true;
    if (left >= 3 && p[0] == 0xe1 && (p[1] <= 0x82 || p[1] == 0x9e || p[1] == 0x9f))
        return true;
    return (left >= 3 && ((p[0] == 0xe2 && p[1] >= 0xba) || (p[0] >= 0xe3 && p[0] <= 0xe9))) || p[0] >= 0xf0;
}

static size_t word_length(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = 0;
    if (is_alone(p, len)) {
        n = p[0] >= 0xf0 ? 4 : 3;
        n = n < len ? n : len;
    } else {
        while (n < len && !is_space(text[n]) && !is_alone(p + n, len - n))
            n++;
    }
    while (n < len && is_space(text[n]))
        n++;
    return n;
}

static uint64_t hash_word(const char *text, size_t len)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t number;
    while (len > 0 && is_space(text[len - 1]))
        len--;
    crypto_shorthash(out, (const uint8_t *)text, len, key);
    memcpy(&number, out, sizeof number);
    return number;
}

enum gmm_err diff_words_make(struct diff_words *out, const char *text, size_t len)
{
    size_t count = 0;
    *out = (struct diff_words){0};
    for (size_t at = 0; at < len; at += word_length(text + at, len - at))
        count++;
    out->hashes = calloc(count + 1, sizeof *out->hashes);
    out->list = calloc(count + 1, sizeof *out->list);
    if (out->hashes == NULL || out->list == NULL) {
        diff_words_close(out);
        return GMM_ENOMEM;
    }
    for (size_t at = 0; at < len;) {
        size_t n = word_length(text + at, len - at);
        out->hashes[out->count] = hash_word(text + at, n);
        out->list[out->count].text = text + at;
        out->list[out->count++].len = n;
        at += n;
    }
    return GMM_OK;
}

void diff_words_close(struct diff_words *w)
{
    free(w->hashes);
    free(w->list);
    *w = (struct diff_words){0};
}
