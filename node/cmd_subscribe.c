/* subscribe. */
#include <string.h>

#include "node/commands.h"
#include "node/groups.h"
#include "node/joining.h"
#include "node/project.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/taking.h"

/* Before the first sync of a newcomer only `all` and the thematic groups are known: their ids follow from the
 * network's. */
static enum gmm_err find_group(struct node *node, const char *name, struct gmm_id *gid, json_t *choices,
                               struct gmm_msg *msg)
{
    static const char *const thematic[] = {"data-research", "rights-gender", "mainstreaming", "decent-work",
                                           "capacity"};
    struct joining_report report;
    const struct view *view = node->engine == NULL ? NULL : engine_view(node->engine);
    joining_report(node, &report);
    if (view != NULL && engine_self(node->engine) != NULL)
        return groups_find(node, name, gid, choices, msg);
    if (report.invite == NULL && view == NULL)
        return gmm_fail(msg, GMM_ESTATE, "this home is in no network yet: gmm join first");
    const struct gmm_id *nid = view == NULL ? &report.invite->nid : &view->nid;
    static const struct gmm_id nobody;
    if (strcmp(name, "all") == 0) {
        epoch_group_id(gid, nid, GROUP_ALL, &nobody, name, strlen(name));
        return GMM_OK;
    }
    for (size_t i = 0; i < sizeof thematic / sizeof thematic[0]; i++)
        if (strcmp(name, thematic[i]) == 0) {
            epoch_group_id(gid, nid, GROUP_THEMATIC, &nobody, name, strlen(name));
            return GMM_OK;
        }
    return gmm_fail(msg, GMM_ENOTFOUND,
                    "no group '%s': before the first gmm sync only all and the thematic ones are known", name);
}

static void answer(struct node *node, struct call *call, const struct gmm_id *gid)
{
    uint64_t since_ms = taking_since(node, gid);
    const char *takes = since_ms == 0 ? "all" : since_ms == TAKE_NOTHING ? "none" : "since";
    json_t *since = since_ms == 0 || since_ms == TAKE_NOTHING ? json_null() : render_json_time(since_ms);
    call_reply(call, json_pack("{s:s, s:s, s:o}", "group", call_text(call, "group"), "takes", takes, "since", since));
}

static void subscribe(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct gmm_id gid;
    int64_t since = call_int(call, "since", -1);
    unsigned given = (unsigned)call_flag(call, "all") + (unsigned)call_flag(call, "none") + (unsigned)(since >= 0);
    json_t *choices = json_array();
    enum gmm_err err = given > 1 ? gmm_fail(&msg, GMM_EUSAGE, "one of --all, --since and --none") : GMM_OK;
    if (err == GMM_OK)
        err = find_group(node, call_text(call, "group"), &gid, choices, &msg);
    if (err != GMM_OK) {
        call_fail_choices(call, err, msg.text[0] == '\0' ? NULL : msg.text, NULL, choices);
        return;
    }
    json_decref(choices);
    uint64_t wanted = call_flag(call, "none") ? TAKE_NOTHING : since > 0 ? (uint64_t)since : 0;
    uint64_t before = taking_since(node, &gid);
    if (given == 1) {
        err = store_begin(node->store, true);
        if (err == GMM_OK)
            err = taking_set(node, &gid, wanted);
        if (err == GMM_OK)
            err = node_flush(node);
        if (err == GMM_OK)
            err = taking_load(node);
        if (err == GMM_OK && wanted < before && node->engine != NULL)
            err = project_want_bodies(node, &gid);
        if (err == GMM_OK)
            err = node_flush(node);
    }
    if (err == GMM_OK)
        answer(node, call, &gid);
    else
        reply_fail(call, err, &msg, NULL);
}

static void subscribe_render(const json_t *result, struct render *out)
{
    render_field(out, "group", reply_text(result, "group"));
    render_field(out, "takes", reply_text(result, "takes"));
    if (json_is_string(json_object_get(result, "since")))
        render_field(out, "since", reply_text(result, "since"));
}

static const struct command_param params[] = {
    {"GROUP", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the group; gmm group list names them"},
    {"--all", COMMAND_FLAG, 0, NULL, "take everything (as at first)"},
    {"--since", COMMAND_TIME, 0, "T", "take what is posted from then on; of what is older headers only"},
    {"--none", COMMAND_FLAG, 0, NULL, "take headers only"},
};

static const struct command commands[] = {
    {.name = "subscribe",
     .params = params,
     .param_count = sizeof params / sizeof params[0],
     .flags = COMMAND_WRITES | COMMAND_UNJOINED,
     .right = CONFIG_ADMIN,
     .handler = subscribe,
     .render = subscribe_render,
     .help = "Say what this office takes of a group by itself; without an option, show it.",
     .details =
         "Headers always come: order, authors and signatures of everything are checked, and what is not here is "
         "fetched "
         "by gmm get with its id. What is here already stays. A newcomer does this between join and the first sync.",
     .example = "gmm subscribe decent-work --since 2014-05-01"},
};
const struct command_family command_subscribe = {commands, sizeof commands / sizeof commands[0]};
