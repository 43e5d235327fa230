#include "proto/take.h"

#include <stdlib.h>
#include <string.h>

enum gmm_err take_set(struct take *take, const struct take_group *groups, size_t group_count,
                      const struct gmm_id *metered, size_t metered_count)
{
    struct take made = {.groups = malloc((group_count + 1) * sizeof *made.groups),
                        .group_count = group_count,
                        .metered = malloc((metered_count + 1) * sizeof *made.metered),
                        .metered_count = metered_count};
    if (made.groups == NULL || made.metered == NULL) {
        take_close(&made);
        return GMM_ENOMEM;
    }
    if (group_count > 0)
        memcpy(made.groups, groups, group_count * sizeof *groups);
    if (metered_count > 0)
        memcpy(made.metered, metered, metered_count * sizeof *metered);
    take_close(take);
    *take = made;
    return GMM_OK;
}

void take_close(struct take *take)
{
    free(take->groups);
    free(take->metered);
    *take = (struct take){0};
}

uint64_t take_since(const struct take *take, const struct gmm_id *gid)
{
    for (size_t i = 0; i < take->group_count; i++)
        if (id_equal(&take->groups[i].gid, gid))
            return take->groups[i].since_ms;
    return 0;
}

bool take_is_metered(const struct take *take, const struct gmm_id *sign_pk)
{
    for (size_t i = 0; i < take->metered_count; i++)
        if (id_equal(&take->metered[i], sign_pk))
            return true;
    return false;
}
