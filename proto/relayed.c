#include "proto/relayed.h"

#include <stdlib.h>

#include "keys/limits.h"

void relayed_close(struct relayed *r)
{
    free(r->groups);
    r->groups = NULL;
    r->count = r->capacity = 0;
}

static struct relayed_group *find(const struct relayed *r, const struct gmm_id *gid)
{
    for (size_t i = 0; i < r->count; i++)
        if (id_equal(&r->groups[i].gid, gid))
            return &r->groups[i];
    return NULL;
}

const struct relayed_group *relayed_find(const struct relayed *r, const struct gmm_id *gid)
{
    return find(r, gid);
}

enum gmm_err relayed_put(struct relayed *r, const struct gmm_id *gid, uint64_t bytes)
{
    struct relayed_group *group = find(r, gid);
    if (group == NULL && r->count == r->capacity) {
        size_t capacity = r->capacity == 0 ? 8 : 2 * r->capacity;
        struct relayed_group *groups = realloc(r->groups, capacity * sizeof *groups);
        if (groups == NULL)
            return GMM_ENOMEM;
        r->groups = groups;
        r->capacity = capacity;
    }
    if (group == NULL)
        group = &r->groups[r->count++];
    *group = (struct relayed_group){.gid = *gid, .bytes = bytes};
    return GMM_OK;
}

void relayed_add(struct relayed *r, const struct gmm_id *gid, uint64_t bytes)
{
    struct relayed_group *group = find(r, gid);
    if (group != NULL)
        group->bytes += bytes;
}

static bool fits(uint64_t held, uint64_t under_way, uint64_t most)
{
    return most >= LIMIT_CHUNK_SEALED && under_way <= most - LIMIT_CHUNK_SEALED &&
           held <= most - LIMIT_CHUNK_SEALED - under_way;
}

bool relayed_room(struct relayed *r, const struct gmm_id *gid, uint64_t under_way)
{
    if (!r->limited)
        return true;
    struct relayed_group *group = find(r, gid);
    uint64_t all = 0;
    if (group == NULL)
        return false;
    for (size_t i = 0; i < r->count; i++)
        all += r->groups[i].bytes;
    bool room = fits(group->bytes, under_way, r->group_most) && fits(all, under_way, r->most);
    if (room || under_way == 0)
        group->full = !room;
    return room;
}
