/* group: list, show, create, add, remove, rotate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/cmd_history.h"
#include "node/commands.h"
#include "node/groups.h"
#include "node/joining.h"
#include "node/relays.h"
#include "node/render.h"
#include "node/reply.h"

static const char *kind_text(enum epoch_group_kind kind)
{
    switch (kind) {
    case GROUP_ALL:
        return "all";
    case GROUP_THEMATIC:
        return "thematic";
    case GROUP_CIRCLE:
        return "circle";
    case GROUP_INTERNAL:
        return "internal";
    }
    return "circle";
}

/* Who may change it: a thematic group's lead, a circle's creator; null where the roster decides. */
static json_t *lead_json(const struct view *view, const struct view_group *group)
{
    const struct view_participant *p = NULL;
    for (unsigned i = 0; group->kind == GROUP_THEMATIC && i < LIMIT_THEMATIC; i++)
        if (strcmp(group->name, charter_thematic_name(i)) == 0)
            p = view_participant(view, &view->leads[i]);
    if (group->kind == GROUP_CIRCLE)
        p = view_participant(view, &group->owner);
    return p == NULL ? json_null() : json_string(p->id);
}

/* Of who was a member: who ended that, and when. */
static void put_removed(json_t *result, const struct view *view, const struct view_group *group,
                        const struct gmm_id *pid)
{
    const struct view_absence *removed = view_removed_from(view, &group->gid, pid);
    const struct view_office *office = removed == NULL ? NULL : view_office(view, &removed->log.author);
    const struct view_participant *by = office == NULL ? NULL : view_participant(view, &office->pid);
    if (by != NULL && result != NULL)
        json_object_set_new(result, "removed",
                            json_pack("{s:s, s:o}", "by", by->id, "time", render_json_time(removed->from_ms)));
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* By id, as a table of people would have it. */
static json_t *members_json(const struct view *view, const struct view_group *group)
{
    const char *ids[LIMIT_PARTICIPANTS];
    size_t count = 0;
    for (uint16_t i = 0; i < group->member_count; i++) {
        const struct view_participant *p = view_participant(view, &group->members[i]);
        if (p != NULL && count < LIMIT_PARTICIPANTS)
            ids[count++] = p->id;
    }
    qsort(ids, count, sizeof *ids, compare_texts);
    json_t *members = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(members, json_string(ids[i]));
    return members;
}

static json_t *group_json(struct node *node, const struct view *view, const struct view_group *group)
{
    char *name = NULL;
    size_t offices = 0;
    if (groups_name(node, &group->gid, &name) != GMM_OK)
        return NULL;
    json_t *members = members_json(view, group);
    for (size_t i = 0; i < view->office_count; i++)
        offices += view_office_in_group(view, &group->gid, &view->offices[i], node_now_ms());
    json_t *result =
        json_pack("{s:s, s:s, s:o, s:I, s:o, s:o, s:s, s:o}", "name", name, "kind", kind_text(group->kind), "members",
                  members, "offices", (json_int_t)offices, "id", reply_id(&group->gid), "lead", lead_json(view, group),
                  "history", group->history_full ? "full" : "none", "relays", relays_json(view, group));
    free(name);
    json_t *kept = relays_kept(node, &group->gid);
    if (kept != NULL)
        (void)json_object_set_new(result, "kept", kept);
    put_removed(result, view, group, node_pid(node));
    return result;
}

static const struct view *view_or_fail(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    enum gmm_err err = joining_reading(node, &msg);
    if (view != NULL && err == GMM_OK)
        return view;
    reply_fail(call, err == GMM_OK ? GMM_ENOMEM : err, err == GMM_OK ? NULL : &msg, NULL);
    return NULL;
}

static int compare_groups(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    int order = strcmp(reply_text(x, "kind"), reply_text(y, "kind"));
    return order != 0 ? order : strcmp(reply_text(x, "name"), reply_text(y, "name"));
}

static json_t *sorted_array(json_t **items, size_t count)
{
    json_t *array = json_array();
    qsort(items, count, sizeof *items, compare_groups);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, items[i]);
    return array;
}

/* What concerns us: circles that we are in or relay, our own `internal`, and the groups that everybody knows. */
static bool is_listed(struct node *node, const struct view *view, const struct view_group *group)
{
    if (group->kind == GROUP_INTERNAL)
        return id_equal(&group->owner, node_pid(node));
    return group->kind != GROUP_CIRCLE || view_is_member(view, &group->gid, node_pid(node)) ||
           view_is_relay(view, &group->gid, &node->keystore->sign_pk);
}

static void group_list(struct node *node, struct call *call)
{
    const struct view *view = view_or_fail(node, call);
    if (view == NULL)
        return;
    size_t count = 0;
    json_t **items = calloc(view->group_count + 1, sizeof *items);
    bool complete = items != NULL;
    for (size_t i = 0; complete && i < view->group_count; i++) {
        if (!is_listed(node, view, &view->groups[i]))
            continue;
        items[count] = group_json(node, view, &view->groups[i]);
        complete = items[count] != NULL;
        count += complete;
    }
    json_t *array = items == NULL ? NULL : sorted_array(items, count);
    free(items);
    if (complete) {
        call_reply(call, array);
        return;
    }
    json_decref(array);
    call_fail(call, GMM_ENOMEM, "out of memory", NULL);
}

static void group_list_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"NAME", "name", 40},
                                                   {"KIND", "word:kind", 0},
                                                   {"OFFICES", "offices", 0},
                                                   {"LEAD", "lead", 0},
                                                   {"ID", "id:id", 12}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

static void fail_group(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    if (err == GMM_EAMBIGUOUS) {
        call_fail_choices(call, err, msg->text, "give more digits of the group's id", choices);
        return;
    }
    json_decref(choices);
    reply_fail(call, err, msg, err == GMM_ENOTFOUND ? "gmm group list and gmm roster show what is known here" : NULL);
}

static json_t *group_now(struct node *node, const struct gmm_id *gid)
{
    const struct view *view = engine_view(node->engine);
    const struct view_group *group = view == NULL ? NULL : view_group(view, gid);
    return group == NULL ? NULL : group_json(node, view, group);
}

static void reply_group(struct node *node, struct call *call, const struct gmm_id *gid)
{
    call_reply(call, group_now(node, gid));
}

/* Who could read before goes with who can read now. */
static void reply_changed(struct node *node, struct call *call, const struct gmm_id *gid, json_t *before)
{
    json_t *result = group_now(node, gid);
    if (result != NULL && before != NULL)
        json_object_set_new(result, "before",
                            json_pack("{s:O, s:O}", "members", json_object_get(before, "members"), "offices",
                                      json_object_get(before, "offices")));
    json_decref(before);
    call_reply(call, result);
}

static void group_show(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id gid;
    if (call_text(call, "name") == NULL) {
        group_list(node, call);
        return;
    }
    json_t *choices = json_array();
    enum gmm_err err = groups_find(node, call_text(call, "name"), &gid, choices, &msg);
    if (err != GMM_OK) {
        fail_group(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    reply_group(node, call, &gid);
}

static void relays_render(const json_t *relays, struct render *out)
{
    const json_t *row;
    size_t i;
    json_array_foreach(relays, i, row)
    {
        char name[LIMIT_PARTICIPANT_ID + LIMIT_OFFICE_TEXT + 2];
        snprintf(name, sizeof name, "%s/%s", reply_text(row, "participant"), reply_text(row, "office"));
        render_field(out, json_is_true(json_object_get(row, "relays")) ? "relay" : "relay, not now", name);
    }
    if (json_array_size(relays) > 0)
        render_line(out,
                    "A relay reads nothing; it sees who is in the group, and who writes to it, how much and when.");
}

static void group_render(const json_t *result, struct render *out)
{
    const json_t *item, *before = json_object_get(result, "before");
    size_t i;
    if (before != NULL) {
        cmd_history_readers_render(out, N_("who could read before"), before);
        cmd_history_readers_render(out, N_("who can read now"), result);
    }
    render_field(out, "group", reply_text(result, "name"));
    render_word(out, "kind", reply_text(result, "kind"));
    render_field(out, "id", reply_text(result, "id"));
    render_field(out, "history", reply_text(result, "history"));
    json_array_foreach(json_object_get(result, "members"), i, item)
    {
        render_field(out, "member", json_string_value(item));
    }
    relays_render(json_object_get(result, "relays"), out);
    render_line(out, "offices that read it now: %d", (int)json_integer_value(json_object_get(result, "offices")));
    const json_t *kept = json_object_get(result, "kept");
    if (kept != NULL)
        render_line(out,
                    json_is_true(json_object_get(kept, "full"))
                        ? N_("attachments kept here for its members: %lld bytes; there is no room for more")
                        : N_("attachments kept here for its members: %lld bytes"),
                    (long long)json_integer_value(json_object_get(kept, "bytes")));
    const json_t *removed = json_object_get(result, "removed");
    if (removed != NULL)
        render_line(out, "you were removed by %s on %.10s", reply_text(removed, "by"), reply_text(removed, "time"));
}

static size_t texts(const struct call *call, const char *name, const char **out, size_t max)
{
    size_t count = call_count(call, name);
    for (size_t i = 0; i < count && i < max; i++)
        out[i] = call_text_at(call, name, i);
    return count < max ? count : max;
}

static void group_create(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    const char *with[LIMIT_PARTICIPANTS];
    struct gmm_id gid;
    const char *history = call_text(call, "history");
    size_t count = texts(call, "with", with, LIMIT_PARTICIPANTS);
    enum gmm_err err = GMM_OK;
    if (history != NULL && strcmp(history, "full") != 0 && strcmp(history, "none") != 0)
        err =
            gmm_fail(&msg, GMM_EUSAGE,
                     "--history is full (who is added later reads what was posted before) or none (only what follows)");
    if (err == GMM_OK)
        err =
            groups_create(node, call_text(call, "name"), with, count, history != NULL && history[0] == 'f', &gid, &msg);
    if (err == GMM_OK)
        reply_group(node, call, &gid);
    else
        fail_group(call, err, &msg, NULL);
}

static void group_show_render(const json_t *result, struct render *out)
{
    if (json_is_array(result))
        group_list_render(result, out);
    else
        group_render(result, out);
}

static void group_create_render(const json_t *result, struct render *out)
{
    render_line(out, "Made the circle; only its members learn that it exists.");
    group_render(result, out);
    render_line(out, "Next: gmm post FILE --to NAME.");
}

/* A group was changed, or was not. Takes before and choices. */
static void end_change(struct node *node, struct call *call, const struct gmm_id *gid, json_t *before, enum gmm_err err,
                       const struct gmm_msg *msg, json_t *choices)
{
    if (err != GMM_OK) {
        json_decref(before);
        fail_group(call, err, msg, choices);
        return;
    }
    json_decref(choices);
    reply_changed(node, call, gid, before);
}

static void change(struct node *node, struct call *call, bool add)
{
    struct gmm_msg msg = {.text = ""};
    const char *ids[LIMIT_PARTICIPANTS];
    struct gmm_id gid;
    json_t *choices = json_array();
    size_t count = texts(call, "id", ids, LIMIT_PARTICIPANTS);
    enum gmm_err err = groups_find(node, call_text(call, "name"), &gid, choices, &msg);
    json_t *before = err == GMM_OK ? group_now(node, &gid) : NULL;
    if (err == GMM_OK)
        err = groups_change(node, &gid, add, ids, count, &msg);
    end_change(node, call, &gid, before, err, &msg, choices);
}

static void group_rotate(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id gid;
    json_t *choices = json_array();
    enum gmm_err err = groups_find(node, call_text(call, "name"), &gid, choices, &msg);
    json_t *before = err == GMM_OK ? group_now(node, &gid) : NULL;
    if (err == GMM_OK)
        err = node_ensure_epoch(node, &gid, true, &msg);
    end_change(node, call, &gid, before, err, &msg, choices);
}

static void group_rotate_render(const json_t *result, struct render *out)
{
    render_line(out, "New keys: what is posted from now on is for the offices that read now, and no other.");
    group_render(result, out);
}

static void group_add(struct node *node, struct call *call)
{
    change(node, call, true);
}

static void group_remove(struct node *node, struct call *call)
{
    change(node, call, false);
}

static void change_relay(struct node *node, struct call *call, bool on)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id gid;
    json_t *choices = json_array();
    enum gmm_err err = groups_find(node, call_text(call, "group"), &gid, choices, &msg);
    json_t *before = err == GMM_OK ? group_now(node, &gid) : NULL;
    if (err == GMM_OK)
        err = relays_change(node, &gid, call_text(call, "office"), on, &msg);
    end_change(node, call, &gid, before, err, &msg, choices);
}

static void group_relay_add(struct node *node, struct call *call)
{
    change_relay(node, call, true);
}

static void group_relay_remove(struct node *node, struct call *call)
{
    change_relay(node, call, false);
}

static void group_relay_add_render(const json_t *result, struct render *out)
{
    render_line(out, "Named: it stores and forwards what is posted here, sealed. Who can read stays as it was.");
    group_render(result, out);
}

static void group_relay_remove_render(const json_t *result, struct render *out)
{
    render_line(out, "Taken back: nothing more goes there. What it holds stays sealed there.");
    group_render(result, out);
}

static void group_add_render(const json_t *result, struct render *out)
{
    render_line(out, strcmp(reply_text(result, "history"), "full") == 0
                         ? "Added. A new member reads what was posted before as well."
                         : "Added. A new member reads what is posted from now on.");
    group_render(result, out);
}

static void group_remove_render(const json_t *result, struct render *out)
{
    render_line(out,
                "Removed: nothing that is posted from now on can be read there. What was posted before stays read.");
    group_render(result, out);
}

static const struct command_param show_params[] = {
    {"NAME", COMMAND_TEXT, 0, NULL, "the group's name, or 8 digits or more of its id; all groups when not given"},
};
static const struct command_param create_params[] = {
    {"NAME", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the circle's name; only its members see it"},
    {"--with", COMMAND_TEXT, COMMAND_REQUIRED | COMMAND_REPEATED, "ID[,ID…]", "its other members"},
    {"--history", COMMAND_TEXT, 0, "full|none", "what who is added later reads of before; none when not given"},
};
static const struct command_param rotate_params[] = {
    {"NAME", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the group's name, or 8 digits or more of its id"},
};
static const struct command_param change_params[] = {
    {"NAME", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the group's name, or 8 digits or more of its id"},
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED | COMMAND_REPEATED, NULL, "participants"},
};

static const struct command_param relay_params[] = {
    {"GROUP", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the group's name, or 8 digits or more of its id"},
    {"OFFICE", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "PARTICIPANT/OFFICE, with the role relay"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "group list",
     .right = CONFIG_READ,
     .handler = group_list,
     .render = group_list_render,
     .help = "List the groups: all, the thematic ones, internal, and our circles.",
     .example = "gmm group list"},
    {.name = "group show",
     PARAMS(show_params),
     .right = CONFIG_READ,
     .handler = group_show,
     .render = group_show_render,
     .help = "Show who is in a group.",
     .example = "gmm group show decent-work"},
    {.name = "group create",
     PARAMS(create_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = group_create,
     .render = group_create_render,
     .help = "Make a circle: an audience of its own, of us and the participants named.",
     .example = "gmm group create drafting --with iom,gov-xa"},
    {.name = "group add",
     PARAMS(change_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = group_add,
     .render = group_add_render,
     .help = "Add participants to a circle of ours, or to a thematic group that we lead.",
     .example = "gmm group add drafting unhcr"},
    {.name = "group remove",
     PARAMS(change_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = group_remove,
     .render = group_remove_render,
     .help = "Remove participants from a circle of ours, or from a thematic group that we lead.",
     .example = "gmm group remove drafting unhcr"},
    {.name = "group relay add",
     PARAMS(relay_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = group_relay_add,
     .render = group_relay_add_render,
     .help = "Name an office outside of a group that stores and forwards its data, and cannot open it.",
     .details =
         "Members that nobody can dial meet through it. It sees who is in the group, and who writes, how much and "
         "when. It has the role relay, as the first office of a participant does (gmm office).",
     .example = "gmm group relay add drafting undp/hq"},
    {.name = "group relay remove",
     PARAMS(relay_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = group_relay_remove,
     .render = group_relay_remove_render,
     .help = "Take a relay of a group back: nothing more is forwarded to it.",
     .example = "gmm group relay remove drafting undp/hq"},
    {.name = "group rotate",
     PARAMS(rotate_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = group_rotate,
     .render = group_rotate_render,
     .help = "Give a group new keys now; any member may. They change by themselves when somebody leaves, and every 30 "
             "days.",
     .example = "gmm group rotate drafting"},
};
const struct command_family command_groups = {commands, sizeof commands / sizeof commands[0]};
