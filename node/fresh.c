#include "node/fresh.h"

#include <stdlib.h>
#include <string.h>

#include "keys/seal.h"

struct item {
    struct gmm_id id;
    uint8_t *plain;
    size_t len;
};
struct fresh {
    struct item *items;
    size_t count, capacity, bytes;
    size_t next; /* where the next one that is asked for stands, mostly */
};

static struct item *room(struct fresh *f)
{
    if (f->count == f->capacity) {
        size_t capacity = f->capacity == 0 ? 64 : 2 * f->capacity;
        struct item *items = realloc(f->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        f->items = items;
        f->capacity = capacity;
    }
    return &f->items[f->count];
}

void fresh_keep(struct fresh **fresh, const struct gmm_id *id, const void *plain, size_t len)
{
    if (*fresh == NULL)
        *fresh = calloc(1, sizeof **fresh);
    struct fresh *f = *fresh;
    if (f == NULL || len > FRESH_BYTES - f->bytes)
        return;
    struct item *item = room(f);
    uint8_t *copy = item == NULL ? NULL : malloc(len + 1);
    if (copy == NULL)
        return;
    memcpy(copy, plain, len);
    *item = (struct item){*id, copy, len};
    f->count++;
    f->bytes += len;
}

const uint8_t *fresh_find(struct fresh *f, const struct gmm_id *id, size_t *len)
{
    for (size_t i = 0; f != NULL && i < f->count; i++) {
        size_t at = (f->next + i) % f->count;
        if (!id_equal(&f->items[at].id, id))
            continue;
        f->next = at + 1;
        *len = f->items[at].len;
        return f->items[at].plain;
    }
    return NULL;
}

void fresh_clear(struct fresh **fresh)
{
    struct fresh *f = *fresh;
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->count; i++)
        seal_free(f->items[i].plain, f->items[i].len);
    free(f->items);
    free(f);
    *fresh = NULL;
}
