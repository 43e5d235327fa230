#include "node/paragraphs.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/diff.h"

/* ---- splitting */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* "12. ", "12) ": the number and how long it is with what follows; 0: none. */
static uint32_t leading_number(const char *text, size_t len, size_t *skip)
{
    uint32_t number = 0;
    size_t n = 0;
    while (n < len && n < 6 && isdigit((unsigned char)text[n]))
        number = number * 10 + (uint32_t)(text[n++] - '0');
    if (n == 0 || n == len || (text[n] != '.' && text[n] != ')') || (n + 1 < len && !is_space(text[n + 1])))
        return 0;
    *skip = n + 1;
    return number;
}

/* Space and case do not make another paragraph. */
static uint64_t hash_words(const char *text, size_t len)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t *folded = malloc(len + 1), out[crypto_shorthash_BYTES];
    uint64_t number;
    size_t n = 0;
    if (folded == NULL)
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = is_space(text[i]) ? ' ' : text[i];
        if (c != ' ' || (n > 0 && folded[n - 1] != ' '))
            folded[n++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    crypto_shorthash(out, folded, n, key);
    memcpy(&number, out, sizeof number);
    free(folded);
    return number;
}

static enum gmm_err add(struct paragraphs *p, size_t *capacity, const char *text, size_t len)
{
    size_t skip = 0;
    while (len > 0 && is_space(text[len - 1]))
        len--;
    while (len > 0 && is_space(text[0])) {
        text++;
        len--;
    }
    if (len == 0)
        return GMM_OK;
    if (p->count == *capacity) {
        size_t wanted = *capacity == 0 ? 32 : 2 * *capacity;
        struct paragraph *more = realloc(p->list, wanted * sizeof *more);
        if (more == NULL)
            return GMM_ENOMEM;
        p->list = more;
        *capacity = wanted;
    }
    uint32_t number = leading_number(text, len, &skip);
    while (skip < len && is_space(text[skip]))
        skip++;
    text += skip;
    len -= skip;
    p->list[p->count++] = (struct paragraph){number, text, len, hash_words(text, len)};
    return GMM_OK;
}

/* Their own numbers count when there are two or more and they rise. */
static void settle_numbers(struct paragraphs *p)
{
    size_t found = 0;
    uint32_t last = 0;
    bool rising = true;
    for (size_t i = 0; i < p->count; i++) {
        if (p->list[i].number == 0)
            continue;
        rising = rising && p->list[i].number > last;
        last = p->list[i].number;
        found++;
    }
    for (size_t i = 0; (found < 2 || !rising) && i < p->count; i++)
        p->list[i].number = (uint32_t)i + 1;
}

static bool is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_space(line[i]))
            return false;
    return true;
}

enum gmm_err paragraphs_split(struct paragraphs *out, const char *text, size_t len, bool by_line)
{
    size_t capacity = 0, start = 0, skip;
    *out = (struct paragraphs){0};
    if (len == 0)
        return GMM_OK;
    enum gmm_err err = GMM_OK;
    for (size_t at = 0; at < len && err == GMM_OK;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t next = end == NULL ? len : (size_t)(end - text) + 1;
        bool parts = by_line || is_blank(text + at, next - at) || leading_number(text + at, next - at, &skip) > 0;
        if (parts) {
            err = add(out, &capacity, text + start, at - start);
            start = at;
        }
        at = next;
    }
    if (err == GMM_OK)
        err = add(out, &capacity, text + start, len - start);
    if (err != GMM_OK)
        paragraphs_close(out);
    else
        settle_numbers(out);
    return err;
}

void paragraphs_close(struct paragraphs *p)
{
    free(p->list);
    *p = (struct paragraphs){0};
}

/* ---- comparing */

static uint64_t *hashes_of(const struct paragraphs *p)
{
    uint64_t *hashes = calloc(p->count + 1, sizeof *hashes);
    for (size_t i = 0; hashes != NULL && i < p->count; i++)
        hashes[i] = p->list[i].hash;
    return hashes;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Shared words in thousandths of all. */
static enum gmm_err likeness(const struct paragraph *a, const struct paragraph *b, unsigned *out)
{
    struct diff_words x, y = {0};
    size_t shared = 0, i = 0, k = 0;
    enum gmm_err err = diff_words_make(&x, a->text, a->len);
    if (err == GMM_OK)
        err = diff_words_make(&y, b->text, b->len);
    if (err == GMM_OK) {
        qsort(x.hashes, x.count, sizeof *x.hashes, by_value);
        qsort(y.hashes, y.count, sizeof *y.hashes, by_value);
        while (i < x.count && k < y.count) {
            bool same = x.hashes[i] == y.hashes[k];
            shared += same;
            size_t move_x = same || x.hashes[i] < y.hashes[k], move_y = same || x.hashes[i] > y.hashes[k];
            i += move_x;
            k += move_y;
        }
        *out = x.count + y.count == 0 ? 0 : (unsigned)(2000 * shared / (x.count + y.count));
    }
    diff_words_close(&x);
    diff_words_close(&y);
    return err;
}

struct steps {
    struct paragraphs_step *list;
    size_t count;
};

static void put(struct steps *s, size_t old_at, size_t new_at, bool same)
{
    s->list[s->count++] = (struct paragraphs_step){old_at, new_at, same};
}

#define LOOK_AHEAD 8u /* how far a changed paragraph is looked for */

/* Between two paragraphs that are the same: old ones and new ones, paired where they are alike, in order. */
static enum gmm_err pair(const struct paragraphs *o, const struct paragraphs *n, size_t old_at, size_t old_end,
                         size_t new_at, size_t new_end, struct steps *s)
{
    for (; old_at < old_end; old_at++) {
        size_t best = PARAGRAPHS_NONE;
        unsigned most = 499;
        for (size_t k = new_at; k < new_end && k < new_at + LOOK_AHEAD; k++) {
            unsigned alike = 0;
            enum gmm_err err = likeness(&o->list[old_at], &n->list[k], &alike);
            if (err != GMM_OK)
                return err;
            if (alike > most) {
                most = alike;
                best = k;
            }
        }
        while (best != PARAGRAPHS_NONE && new_at < best)
            put(s, PARAGRAPHS_NONE, new_at++, false);
        put(s, old_at, best, false);
        if (best != PARAGRAPHS_NONE)
            new_at = best + 1;
    }
    while (new_at < new_end)
        put(s, PARAGRAPHS_NONE, new_at++, false);
    return GMM_OK;
}

enum gmm_err paragraphs_compare(const struct paragraphs *old_text, const struct paragraphs *new_text,
                                struct paragraphs_step **steps, size_t *count)
{
    struct steps s = {calloc(old_text->count + new_text->count + 1, sizeof *s.list), 0};
    uint64_t *a = hashes_of(old_text), *b = hashes_of(new_text);
    struct diff_run *runs = NULL;
    size_t run_count = 0, old_at = 0, new_at = 0, old_end = 0, new_end = 0;
    enum gmm_err err = s.list == NULL || a == NULL || b == NULL
                           ? GMM_ENOMEM
                           : diff_make(a, old_text->count, b, new_text->count, &runs, &run_count);
    for (size_t i = 0; i <= run_count && err == GMM_OK; i++) {
        bool same = i < run_count && runs[i].kind == DIFF_SAME;
        if (i == run_count || same) {
            err = pair(old_text, new_text, old_at, old_end, new_at, new_end, &s);
            old_at = old_end;
            new_at = new_end;
        }
        for (size_t k = 0; same && err == GMM_OK && k < runs[i].count; k++)
            put(&s, old_at++, new_at++, true);
        if (same) {
            old_end = old_at;
            new_end = new_at;
        } else if (i < run_count && runs[i].kind == DIFF_OLD) {
            old_end += runs[i].count;
        } else if (i < run_count) {
            new_end += runs[i].count;
        }
    }
    free(runs);
    free(a);
    free(b);
    if (err != GMM_OK) {
        free(s.list);
        return err;
    }
    *steps = s.list;
    *count = s.count;
    return GMM_OK;
}

size_t paragraphs_follow(const struct paragraphs *old_text, const struct paragraphs_step *steps, size_t count,
                         uint32_t number)
{
    for (size_t i = 0; i < count; i++)
        if (steps[i].old_at != PARAGRAPHS_NONE && old_text->list[steps[i].old_at].number == number)
            return steps[i].new_at;
    return PARAGRAPHS_NONE;
}
