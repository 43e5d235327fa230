#include "node/textmap.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static size_t place_of(const struct textmap_slot *slots, size_t capacity, const char *text)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t hash[crypto_shorthash_BYTES];
    uint64_t number;
    crypto_shorthash(hash, (const uint8_t *)text, strlen(text), key);
    memcpy(&number, hash, sizeof number);
    size_t i = (size_t)number & (capacity - 1);
    while (slots[i].text != NULL && strcmp(slots[i].text, text) != 0)
        i = (i + 1) & (capacity - 1);
    return i;
}

static enum gmm_err grow(struct textmap *map)
{
    size_t capacity = map->capacity == 0 ? 64 : 2 * map->capacity;
    struct textmap_slot *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].text != NULL)
            slots[place_of(slots, capacity, map->slots[i].text)] = map->slots[i];
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
    return GMM_OK;
}

enum gmm_err textmap_put(struct textmap *map, const char *text, uint32_t value)
{
    if (2 * map->count >= map->capacity && grow(map) != GMM_OK)
        return GMM_ENOMEM;
    struct textmap_slot *slot = &map->slots[place_of(map->slots, map->capacity, text)];
    map->count += slot->text == NULL;
    *slot = (struct textmap_slot){text, value};
    return GMM_OK;
}

bool textmap_get(const struct textmap *map, const char *text, uint32_t *value)
{
    if (map->count == 0)
        return false;
    const struct textmap_slot *slot = &map->slots[place_of(map->slots, map->capacity, text)];
    if (slot->text == NULL)
        return false;
    *value = slot->value;
    return true;
}

void textmap_close(struct textmap *map)
{
    free(map->slots);
    *map = (struct textmap){0};
}
