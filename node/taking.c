#include "node/taking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/peerlimits.h"

#define PREFIX "take."

static void name_of(char out[STORE_NAME_BYTES], const struct gmm_id *gid)
{
    char hex[GMM_ID_HEX + 1];
    id_to_hex(gid, hex);
    snprintf(out, STORE_NAME_BYTES, PREFIX "%s", hex);
}

enum gmm_err taking_set(struct node *node, const struct gmm_id *gid, uint64_t since_ms)
{
    char name[STORE_NAME_BYTES];
    uint8_t value[8];
    name_of(name, gid);
    bytes_store_u64(value, since_ms);
    if (since_ms != 0)
        return store_set(node->store, name, value, sizeof value);
    enum gmm_err err = store_unset(node->store, name);
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

uint64_t taking_since(struct node *node, const struct gmm_id *gid)
{
    char name[STORE_NAME_BYTES];
    uint8_t *value = NULL;
    size_t len = 0;
    uint64_t since_ms = 0;
    name_of(name, gid);
    if (store_get(node->store, name, &value, &len) == GMM_OK && len == 8)
        since_ms = bytes_load_u64(value);
    free(value);
    return since_ms;
}

static enum gmm_err add_group(struct take *take, const char *name, const uint8_t *value, size_t len)
{
    struct take_group group = {.since_ms = len == 8 ? bytes_load_u64(value) : 0};
    if (len != 8 || strlen(name) != strlen(PREFIX) + GMM_ID_HEX ||
        !id_from_hex(&group.gid, name + strlen(PREFIX), GMM_ID_HEX))
        return GMM_OK;
    struct take_group *groups = realloc(take->groups, (take->group_count + 1) * sizeof *groups);
    if (groups == NULL)
        return GMM_ENOMEM;
    take->groups = groups;
    groups[take->group_count++] = group;
    return GMM_OK;
}

static enum gmm_err read_groups(struct node *node, struct take *take)
{
    char name[STORE_NAME_BYTES] = "", after[STORE_NAME_BYTES] = "";
    uint8_t *value = NULL;
    size_t len = 0;
    enum gmm_err err;
    while ((err = store_next_value(node->store, PREFIX, after, name, &value, &len)) == GMM_OK) {
        err = add_group(take, name, value, len);
        free(value);
        memcpy(after, name, sizeof after);
        if (err != GMM_OK)
            return err;
    }
    return err == GMM_ENOTFOUND ? GMM_OK : err;
}

static enum gmm_err read_metered(struct node *node, struct take *take)
{
    const struct view *view = engine_view(node->engine);
    size_t count = view == NULL ? 0 : view->office_count;
    take->metered = malloc((count + 1) * sizeof *take->metered);
    if (take->metered == NULL)
        return GMM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const struct view_office *office = &view->offices[i];
        struct peerlimits limits;
        if (peerlimits_load(node->store, &office->pid, office->office, &limits) == GMM_OK && limits.metered)
            take->metered[take->metered_count++] = office->sign_pk;
    }
    return GMM_OK;
}

enum gmm_err taking_load(struct node *node)
{
    struct take take = {0};
    if (node->engine == NULL)
        return GMM_OK;
    enum gmm_err err = read_groups(node, &take);
    if (err == GMM_OK)
        err = read_metered(node, &take);
    struct engine_event event = {.kind = ENGINE_TAKE, .as.take = &take};
    if (err == GMM_OK)
        err = node_step(node, &event);
    take_close(&take);
    return err;
}
