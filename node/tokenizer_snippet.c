#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

#include "node/tokenizer.h"
#include "node/utf8.h"
#include "node/words.h"

/* Tokens of one typed word that are compared, and positions that are remembered: a bit each. */
#define NEEDLE_MAX 64u
/* How far an end of a snippet moves for a space to cut at; farther off, words are not what spaces part. */
#define ALIGN_MAX 24u
#define REPLACEMENT 0xfffd

/* Tokens are compared by a number: a chance match shows another stretch of the same text. */
struct needle {
    size_t count;
    uint64_t tokens[NEEDLE_MAX];
    uint64_t now, before; /* bit j: tokens 0..j stand in a row up to this position; up to the one before */
};

struct search {
    struct needle *needles;
    size_t count;
    size_t position;
    size_t starts[NEEDLE_MAX]; /* where the tokens of the last positions begin */
    size_t match, match_end;
};

static uint64_t token_number(const struct words_token *token)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < token->len; i++)
        h = (h ^ (uint8_t)token->p[i]) * 1099511628211u;
    return h;
}

static int needle_add(void *arg, const struct words_token *token)
{
    struct needle *needle = arg;
    if (needle->count == NEEDLE_MAX)
        return 1;
    needle->tokens[needle->count++] = token_number(token);
    return 0;
}

static void needles_make(struct search *s, struct words *w, const char *text)
{
    const char *word;
    size_t len = strlen(text), at = 0, word_len;
    while (s->count < TOKENIZER_QUERY_WORDS && words_typed(text, len, &at, &word, &word_len)) {
        struct needle *needle = &s->needles[s->count];
        (void)words_scan(w, WORDS_QUERY, word, word_len, needle_add, needle);
        if (needle->count > 0)
            s->count++;
    }
}

/* True when the token ends the needle's row. */
static bool needle_step(struct needle *needle, uint64_t number, bool colocated)
{
    if (!colocated) {
        needle->before = needle->now;
        needle->now = 0;
    }
    uint64_t possible = needle->before << 1 | 1u;
    for (size_t j = 0; j < needle->count; j++)
        if (needle->tokens[j] == number)
            needle->now |= possible & (uint64_t)1 << j;
    return (needle->now >> (needle->count - 1) & 1u) != 0;
}

static int match_token(void *arg, const struct words_token *token)
{
    struct search *s = arg;
    uint64_t number = token_number(token);
    if (!token->colocated)
        s->starts[++s->position % NEEDLE_MAX] = token->start;
    for (size_t i = 0; i < s->count; i++) {
        struct needle *needle = &s->needles[i];
        if (!needle_step(needle, number, token->colocated))
            continue;
        s->match = s->starts[(s->position - (needle->count - 1)) % NEEDLE_MAX];
        s->match_end = token->end;
        return 1;
    }
    return 0;
}

/* A stretch of text that is being chosen. */
struct window {
    const char *text;
    size_t len, start, end;
};

static size_t step_back(const char *text, size_t at)
{
    size_t start = at - 1;
    while (start > 0 && at - start < UTF8_BYTES_MAX && ((uint8_t)text[start] & 0xc0) == 0x80)
        start--;
    size_t end = start;
    (void)utf8_next(text, at, &end);
    return end == at ? start : at - 1;
}

static int32_t point_at(const struct window *w, size_t at)
{
    return at < w->len ? utf8_next(w->text, w->len, &at) : -1;
}

static bool is_space(int32_t c)
{
    return c >= 0 && (u_isUWhiteSpace(c) || u_charType(c) == U_CONTROL_CHAR);
}

/* Signs that belong to the letter before them. */
static bool is_attached(int32_t c)
{
    if (c < 0)
        return false;
    int8_t type = u_charType(c);
    return type == U_NON_SPACING_MARK || type == U_COMBINING_SPACING_MARK || type == U_ENCLOSING_MARK || c == 0x200d;
}

/* The window opens max / 4 characters before the match, earlier when the text ends soon behind it. */
static void window_open(struct window *w, size_t match, size_t max)
{
    size_t behind = 0, at = match;
    for (; at < w->len && behind < max; behind++)
        (void)utf8_next(w->text, w->len, &at);
    size_t ahead = max - behind > max / 4 ? max - behind : max / 4;
    w->start = match;
    for (; w->start > 0 && ahead > 0; ahead--)
        w->start = step_back(w->text, w->start);
    w->end = w->start;
    for (size_t n = 0; w->end < w->len && n < max; n++)
        (void)utf8_next(w->text, w->len, &w->end);
}

/* Moves a start inside the text behind the next white space before the match, or at least off a mark. */
static void window_align_start(struct window *w, size_t match)
{
    if (w->start == 0 || is_space(point_at(w, step_back(w->text, w->start))))
        return;
    size_t at = w->start;
    for (unsigned n = 0; n < ALIGN_MAX && at < match; n++) {
        bool space = is_space(utf8_next(w->text, w->len, &at));
        if (space) {
            w->start = at;
            return;
        }
    }
    while (w->start < match && is_attached(point_at(w, w->start)))
        (void)utf8_next(w->text, w->len, &w->start);
}

static void window_align_end(struct window *w, size_t match_end)
{
    if (w->end == w->len || is_space(point_at(w, w->end)))
        return;
    size_t at = w->end;
    for (unsigned n = 0; n < ALIGN_MAX && at > match_end && at > w->start; n++) {
        at = step_back(w->text, at);
        if (is_space(point_at(w, at))) {
            w->end = at;
            return;
        }
    }
    while (w->end > w->start && is_attached(point_at(w, w->end)))
        w->end = step_back(w->text, w->end);
}

/* Embeddings, overrides and isolates of writing direction, whose ends the cut may have lost; byte order marks. */
static bool is_dropped(int32_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

static void put_point(struct buffer *out, int32_t c)
{
    char bytes[UTF8_BYTES_MAX];
    buffer_put(out, bytes, utf8_put(bytes, c));
}

static void window_put(struct buffer *out, const struct window *w)
{
    bool space = false, any = false;
    if (w->start > 0)
        put_point(out, 0x2026);
    for (size_t at = w->start; at < w->end;) {
        int32_t c = utf8_next(w->text, w->len, &at);
        if (is_space(c)) {
            space = any;
            continue;
        }
        if (is_dropped(c))
            continue;
        if (space)
            put_point(out, ' ');
        put_point(out, c < 0 ? REPLACEMENT : c);
        space = false;
        any = true;
    }
    if (w->end < w->len)
        put_point(out, 0x2026);
}

enum gmm_err tokenizer_snippet(struct buffer *out, const char *text, size_t len, const char *words, size_t max_chars)
{
    struct search search = {.count = 0};
    struct words *w = words_new();
    search.needles = calloc(TOKENIZER_QUERY_WORDS, sizeof *search.needles);
    enum gmm_err err = GMM_ENOMEM;
    if (w == NULL || search.needles == NULL)
        goto done;
    needles_make(&search, w, words);
    (void)words_scan(w, WORDS_DOCUMENT, text, len, match_token, &search);
    struct window window = {.text = text, .len = len};
    window_open(&window, search.match, max_chars);
    window_align_start(&window, search.match);
    window_align_end(&window, search.match_end);
    window_put(out, &window);
    err = out->failed;
done:
    free(search.needles);
    words_free(w);
    return err;
}
