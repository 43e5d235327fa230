#include "node/cmd_history.h"

#include <stdlib.h>

#include "node/groups.h"
#include "node/reply.h"
#include "node/standing.h"

static bool of_roles(uint16_t type)
{
    return type == HEADER_HANDOVER || type == HEADER_ACCEPT || type == HEADER_BALLOT || type == HEADER_LEAD;
}

static const char *id_of(const struct view *view, const struct gmm_id *pid)
{
    const struct view_participant *p = view_participant(view, pid);
    return p == NULL ? "" : p->id;
}

json_t *cmd_history_json(const struct view *view, bool roles)
{
    json_t *array = json_array();
    for (size_t i = 0; i < view->event_count; i++) {
        const struct view_event *e = &view->history[i];
        if (of_roles(e->type) != roles)
            continue;
        json_array_append_new(
            array, json_pack("{s:o, s:s, s:i, s:s, s:s, s:o, s:o}", "time", render_json_time(header_time_ms(e->time)),
                             "what", standing_type_text(e->type), "term", (int)e->term, "participant",
                             id_of(view, &e->subject), "by", id_of(view, &e->by), "text",
                             e->text == NULL ? json_string("") : json_string(e->text), "entry", reply_id(&e->entry)));
    }
    return array;
}

void cmd_history_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {
        {"TIME", "time:time", 0}, {"WHAT", "word:what", 0}, {"PARTICIPANT", "participant", 0}, {"BY", "by", 0},
        {"TERM", "term", 0},      {"TEXT", "text", 40},     {"ENTRY", "id:entry", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

static json_t *group_json(struct node *node, const struct view *view, const struct view_group *group,
                          const struct gmm_id *pid)
{
    char *name = NULL;
    size_t offices = 0;
    json_t *members = json_array();
    if (groups_name(node, &group->gid, &name) != GMM_OK) {
        json_decref(members);
        return NULL;
    }
    for (uint16_t i = 0; i < group->member_count; i++)
        json_array_append_new(members, json_string(id_of(view, &group->members[i])));
    for (size_t i = 0; i < view->office_count; i++)
        offices += view_office_in_group(view, &group->gid, &view->offices[i], node_now_ms());
    json_t *result = json_pack("{s:s, s:o, s:I, s:b}", "name", name, "members", members, "offices", (json_int_t)offices,
                               "member", view_is_member(view, &group->gid, pid));
    free(name);
    return result;
}

/* A circle that a suspended participant is in keeps it as a member of the past. */
static bool is_touched(struct node *node, const struct view *view, const struct view_group *group,
                       const struct gmm_id *pid)
{
    if (group->kind == GROUP_INTERNAL)
        return false;
    if (group->kind == GROUP_CIRCLE && !view_is_member(view, &group->gid, node_pid(node)))
        return false;
    return view_is_member(view, &group->gid, pid) || view_was_member(view, &group->gid, pid);
}

json_t *cmd_history_groups_json(struct node *node, const struct gmm_id *pid)
{
    const struct view *view = engine_view(node->engine);
    json_t *array = json_array();
    for (size_t i = 0; view != NULL && i < view->group_count; i++)
        if (is_touched(node, view, &view->groups[i], pid))
            json_array_append_new(array, group_json(node, view, &view->groups[i], pid));
    return array;
}
