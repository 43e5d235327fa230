#include "node/cmd_history.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
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

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
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
    const char *ids[LIMIT_PARTICIPANTS];
    size_t count = 0;
    for (uint16_t i = 0; i < group->member_count && count < LIMIT_PARTICIPANTS; i++)
        ids[count++] = id_of(view, &group->members[i]);
    qsort(ids, count, sizeof *ids, compare_texts);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(members, json_string(ids[i]));
    for (size_t i = 0; i < view->office_count; i++)
        offices += view_office_in_group(view, &group->gid, &view->offices[i], node_now_ms());
    json_t *result =
        json_pack("{s:s, s:o, s:o, s:I, s:b}", "name", name, "id", reply_id(&group->gid), "members", members, "offices",
                  (json_int_t)offices, "member", pid != NULL && view_is_member(view, &group->gid, pid));
    free(name);
    return result;
}

/* Circles of ours, our own `internal`, and the groups that everybody knows. */
static bool is_shown(struct node *node, const struct view *view, const struct view_group *group)
{
    if (group->kind == GROUP_INTERNAL)
        return id_equal(&group->owner, node_pid(node));
    return group->kind != GROUP_CIRCLE || view_is_member(view, &group->gid, node_pid(node));
}

/* A circle that a suspended participant is in keeps it as a member of the past. */
static bool is_touched(const struct view *view, const struct view_group *group, const struct gmm_id *pid)
{
    return view_is_member(view, &group->gid, pid) || view_was_member(view, &group->gid, pid);
}

/* pid NULL: all. */
static json_t *groups_json(struct node *node, const struct gmm_id *pid)
{
    const struct view *view = engine_view(node->engine);
    json_t *array = json_array();
    for (size_t i = 0; view != NULL && i < view->group_count; i++)
        if (is_shown(node, view, &view->groups[i]) && (pid == NULL || is_touched(view, &view->groups[i], pid)))
            json_array_append_new(array, group_json(node, view, &view->groups[i], pid));
    return array;
}

json_t *cmd_history_groups_json(struct node *node, const struct gmm_id *pid)
{
    return groups_json(node, pid);
}

json_t *cmd_history_all_json(struct node *node)
{
    return groups_json(node, NULL);
}

static const json_t *same_group(const json_t *groups, const char *id)
{
    const json_t *group;
    size_t i;
    json_array_foreach(groups, i, group)
    {
        if (strcmp(reply_text(group, "id"), id) == 0)
            return group;
    }
    return NULL;
}

json_t *cmd_history_changed_json(struct node *node, const struct gmm_id *pid, json_t *before)
{
    json_t *array = cmd_history_groups_json(node, pid), *group;
    size_t i;
    json_array_foreach(array, i, group)
    {
        const json_t *then = same_group(before, reply_text(group, "id"));
        if (then != NULL)
            json_object_set_new(group, "before",
                                json_pack("{s:O, s:O}", "members", json_object_get(then, "members"), "offices",
                                          json_object_get(then, "offices")));
    }
    json_decref(before);
    return array;
}

void cmd_history_readers_render(struct render *out, const char *when, const json_t *group)
{
    const json_t *item;
    size_t i;
    fprintf(out->out, _("%s (%lld offices):"), text_tr(when),
            (long long)json_integer_value(json_object_get(group, "offices")));
    json_array_foreach(json_object_get(group, "members"), i, item)
    {
        fputs(i == 0 ? " " : ", ", out->out);
        render_text(out, json_string_value(item));
    }
    fputc('\n', out->out);
}

static bool same_readers(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "members"), json_object_get(b, "members")) &&
           json_equal(json_object_get(a, "before"), json_object_get(b, "before"));
}

/* Groups with the same readers, before and now, share their lines. */
void cmd_history_changed_render(const json_t *groups, struct render *out)
{
    size_t count = json_array_size(groups);
    for (size_t i = 0; i < count; i++) {
        const json_t *group = json_array_get(groups, i);
        size_t first = 0;
        while (!same_readers(json_array_get(groups, first), group))
            first++;
        if (first < i)
            continue;
        fputs(_("in "), out->out);
        for (size_t k = i; k < count; k++) {
            if (!same_readers(json_array_get(groups, k), group))
                continue;
            fputs(k == i ? "" : ", ", out->out);
            render_text(out, reply_text(json_array_get(groups, k), "name"));
        }
        fputs(":\n", out->out);
        cmd_history_readers_render(out, N_("  who could read before"), json_object_get(group, "before"));
        cmd_history_readers_render(out, N_("  who can read now"), group);
    }
}

static json_t *ids_json(const struct view *view, const struct gmm_id *pids, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, json_string(id_of(view, &pids[i])));
    return array;
}

json_t *cmd_history_proposal_json(const struct view *view, const struct view_proposal *p)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:o, s:s, s:o, s:i, s:i}", "subject", reply_id(&p->subject), "what",
                     standing_type_text(p->type), "participant", p->id, "by", id_of(view, &p->by), "time",
                     render_json_time(header_time_ms(p->time)), "text", p->text == NULL ? "" : p->text, "support",
                     ids_json(view, p->supporters, p->support), "have", (int)p->support, "need", (int)p->need);
}

bool cmd_history_waits_render(const json_t *result, struct render *out)
{
    const json_t *waits = json_object_get(result, "waits");
    if (!json_is_object(waits))
        return false;
    render_line(out, "Proposed, not yet in effect: %lld of %lld participants support it.",
                (long long)json_integer_value(json_object_get(waits, "have")),
                (long long)json_integer_value(json_object_get(waits, "need")));
    render_field(out, "subject", reply_text(waits, "subject"));
    render_line(out, "Next, at the others: gmm roster cosign %s.", reply_text(waits, "participant"));
    return true;
}
