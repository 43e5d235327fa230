#include "node/catalogue.h"

#include <string.h>

#define HEADER_BYTES 28u
#define MAGIC 0x950412deu

static uint32_t load(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool has_table(const struct catalogue *c, uint32_t at)
{
    return at <= c->len && c->count <= (c->len - at) / 8;
}

/* The text of a table's row: NULL when it is not inside, or does not end with a NUL. */
static const char *row_text(const struct catalogue *c, uint32_t table, uint32_t row, size_t *len)
{
    const uint8_t *pair = c->p + table + 8 * (size_t)row;
    size_t n = load(pair), at = load(pair + 4);
    if (at >= c->len || n >= c->len - at || c->p[at + n] != '\0')
        return NULL;
    *len = n;
    return (const char *)c->p + at;
}

enum gmm_err catalogue_open(struct catalogue *out, const void *bytes, size_t len)
{
    struct catalogue c = {.p = bytes, .len = len};
    const char *before = NULL;
    *out = (struct catalogue){0};
    if (len < HEADER_BYTES || load(c.p) != MAGIC || load(c.p + 4) >> 16 > 1)
        return GMM_EFORMAT;
    c.count = load(c.p + 8);
    c.originals = load(c.p + 12);
    c.translations = load(c.p + 16);
    if (!has_table(&c, c.originals) || !has_table(&c, c.translations))
        return GMM_EFORMAT;
    for (uint32_t i = 0; i < c.count; i++) {
        size_t n;
        const char *original = row_text(&c, c.originals, i, &n);
        if (original == NULL || row_text(&c, c.translations, i, &n) == NULL ||
            (before != NULL && strcmp(before, original) >= 0))
            return GMM_EFORMAT;
        before = original;
    }
    *out = c;
    return GMM_OK;
}

static const char *take_form(const char *text, size_t len, unsigned form)
{
    const char *end = text + len;
    for (; form > 0; form--) {
        const char *next = text + strlen(text) + 1;
        if (next > end)
            break;
        text = next;
    }
    return text;
}

const char *catalogue_find(const struct catalogue *c, const char *original, unsigned form)
{
    uint32_t low = 0, high = c->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        size_t len;
        const char *text = row_text(c, c->originals, middle, &len);
        int order = text != NULL ? strcmp(original, text) : -1;
        if (order == 0) {
            text = row_text(c, c->translations, middle, &len);
            return text != NULL && text[0] != '\0' ? take_form(text, len, form) : NULL;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool catalogue_at(const struct catalogue *c, uint32_t i, const char **original, const char **translation)
{
    size_t len;
    *original = row_text(c, c->originals, i, &len);
    *translation = row_text(c, c->translations, i, &len);
    return *original != NULL && *translation != NULL && (*translation)[0] != '\0';
}
