#include "node/relays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/log.h"
#include "proto/control_relay.h"

static const struct view_office *find_office(const struct view *view, const char *name, struct gmm_msg *msg)
{
    char id[LIMIT_PARTICIPANT_ID + 1];
    const char *slash = strchr(name, '/');
    if (slash == NULL || (size_t)(slash - name) >= sizeof id) {
        gmm_fail(msg, GMM_EUSAGE, "a relay is one office, not '%s': write it as PARTICIPANT/OFFICE, such as iom/hq",
                 name);
        return NULL;
    }
    memcpy(id, name, (size_t)(slash - name));
    id[slash - name] = '\0';
    const struct view_participant *p = view_participant_by_id(view, id);
    const struct view_office *office = p == NULL ? NULL : view_office_by_name(view, &p->pid, slash + 1);
    if (office == NULL)
        gmm_fail(msg, GMM_ENOTFOUND, "no office '%s' is known here: gmm office lists them", name);
    return office;
}

static bool is_named(const struct view_group *group, const struct gmm_id *sign_pk)
{
    for (uint16_t i = 0; i < group->relay_count; i++)
        if (id_equal(&group->relays[i], sign_pk))
            return true;
    return false;
}

enum gmm_err relays_change(struct node *node, const struct gmm_id *gid, const char *office, bool on,
                           struct gmm_msg *msg)
{
    struct control_relay record = {.on = on};
    struct buffer body;
    struct gmm_id id;
    const struct view *view = engine_view(node->engine);
    const struct view_group *group = view == NULL ? NULL : view_group(view, gid);
    if (group == NULL)
        return gmm_fail(msg, GMM_ENOTFOUND, "the group is not known here");
    const struct view_office *found = find_office(view, office, msg);
    if (found == NULL)
        return strchr(office, '/') == NULL ? GMM_EUSAGE : GMM_ENOTFOUND;
    if (is_named(group, &found->sign_pk) == on)
        return on ? gmm_fail(msg, GMM_EEXISTS, "'%s' is a relay of the group already", office)
                  : gmm_fail(msg, GMM_ENOTFOUND, "'%s' is no relay of the group", office);
    record.sign_pk = found->sign_pk;
    buffer_init(&body, LIMIT_BODY_BYTES);
    enum gmm_err err = control_relay_encode(&body, &record);
    if (err == GMM_OK)
        err = node_append(node, gid, HEADER_RELAY, body.p, body.len, NULL, &id, msg);
    buffer_close(&body);
    return err;
}

json_t *relays_json(const struct view *view, const struct view_group *group)
{
    json_t *array = json_array();
    for (uint16_t i = 0; i < group->relay_count; i++) {
        char hex[GMM_ID_HEX + 1];
        const struct view_office *office = view_office(view, &group->relays[i]);
        const struct view_participant *p = office == NULL ? NULL : view_participant(view, &office->pid);
        id_to_hex(&group->relays[i], hex);
        (void)json_array_append_new(array, json_pack("{s:s, s:s, s:b}", "participant", p == NULL ? "?" : p->id,
                                                     "office", office == NULL ? hex : office->office, "relays",
                                                     (int)view_is_relay(view, &group->gid, &group->relays[i])));
    }
    return array;
}

/* Has it all the groups that we share with the other? */
static bool forwards(struct node *node, const struct view *view, const struct view_office *via,
                     const struct view_office *to)
{
    bool any = false;
    for (size_t i = 0; i < view->group_count; i++) {
        const struct gmm_id *gid = &view->groups[i].gid;
        if (!view_is_member(view, gid, node_pid(node)) || !view_is_member(view, gid, &to->pid))
            continue;
        if (!view_office_may_have(view, gid, &via->sign_pk, &via->pid))
            return false;
        any = true;
    }
    return any;
}

json_t *relays_between(struct node *node, const struct view_office *office, const struct gmm_id *connected,
                       size_t count)
{
    const struct view *view = engine_view(node->engine);
    json_t *array = json_array();
    for (size_t i = 0; view != NULL && i < count; i++) {
        const struct view_office *via = view_office(view, &connected[i]);
        const struct view_participant *p = via == NULL ? NULL : view_participant(view, &via->pid);
        if (p == NULL || !forwards(node, view, via, office))
            continue;
        char name[LIMIT_PARTICIPANT_ID + LIMIT_OFFICE_TEXT + 2];
        snprintf(name, sizeof name, "%s/%s", p->id, via->office);
        (void)json_array_append_new(array, json_string(name));
    }
    return array;
}

/* ---- chunks */

struct listing {
    struct gmm_id gid, *ids;
    uint32_t *lens;
    size_t count, capacity;
};

static enum gmm_err on_chunk(void *arg, const struct gmm_id *gid, const struct gmm_id *id, uint32_t len)
{
    struct listing *l = arg;
    if (!id_equal(gid, &l->gid))
        return GMM_OK;
    if (l->count == l->capacity) {
        size_t capacity = l->capacity == 0 ? 64 : 2 * l->capacity;
        struct gmm_id *ids = realloc(l->ids, capacity * sizeof *ids);
        l->ids = ids == NULL ? l->ids : ids;
        uint32_t *lens = ids == NULL ? NULL : realloc(l->lens, capacity * sizeof *lens);
        l->lens = lens == NULL ? l->lens : lens;
        if (lens == NULL)
            return GMM_ENOMEM;
        l->capacity = capacity;
    }
    l->ids[l->count] = *id;
    l->lens[l->count++] = len;
    return GMM_OK;
}

static enum gmm_err tell(struct node *node, const struct gmm_id *gid)
{
    struct listing l = {.gid = *gid};
    enum gmm_err err = store_each_chunk(node->store, on_chunk, &l);
    struct engine_event event = {.kind = ENGINE_CHUNKS_HELD, .as.held = {*gid, l.ids, l.lens, l.count}};
    if (err == GMM_OK)
        err = node_step(node, &event);
    free(l.ids);
    free(l.lens);
    return err;
}

size_t relays_full(struct node *node)
{
    const struct relayed *r = node->engine == NULL ? NULL : engine_relayed(node->engine);
    size_t full = 0;
    for (size_t i = 0; r != NULL && i < r->count; i++)
        full += r->groups[i].full;
    return full;
}

void relays_settle(struct node *node)
{
    struct gmm_id gid;
    enum gmm_err err = GMM_OK;
    if (node->engine == NULL || node->read_only || node->net == NULL)
        return;
    while (err == GMM_OK && engine_lists_chunks(node->engine, &gid))
        err = tell(node, &gid);
    if (err != GMM_OK)
        log_warning("attachments kept for others: %s", gmm_err_text(err));
    size_t full = relays_full(node);
    if (full > node->relayed_full)
        log_warning("as a relay this office keeps no further attachments of %zu groups: their room is used up "
                    "(gmm.conf, [relay])",
                    full);
    node->relayed_full = full;
}

json_t *relays_kept(struct node *node, const struct gmm_id *gid)
{
    const struct view *view = engine_view(node->engine);
    const struct relayed_group *kept = relayed_find(engine_relayed(node->engine), gid);
    if (view == NULL || kept == NULL || !view_is_relay(view, gid, &node->keystore->sign_pk))
        return NULL;
    return json_pack("{s:I, s:I, s:b}", "bytes", (json_int_t)kept->bytes, "most",
                     (json_int_t)node->config.relay_group_most, "full", (int)kept->full);
}
