/* roster suspend, restore, expel, amend, replace, cosign, proposals, history, at. */
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/args.h"
#include "node/client.h"
#include "node/cmd_history.h"
#include "node/cmd_roster.h"
#include "node/commands.h"
#include "node/joining.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/requests.h"
#include "node/standing.h"

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

/* ---- proposals */

static void proposals(struct node *node, struct call *call)
{
    const struct view *view = view_or_fail(node, call);
    if (view == NULL)
        return;
    json_t *array = json_array();
    for (size_t i = 0; i < view->proposal_count; i++)
        json_array_append_new(array, cmd_history_proposal_json(view, &view->proposals[i]));
    call_reply(call, array);
}

static void proposals_render(const json_t *result, struct render *out)
{
    static const struct render_column columns[] = {{"WHAT", "word:what", 0}, {"PARTICIPANT", "participant", 0},
                                                   {"BY", "by", 0},          {"SINCE", "time:time", 0},
                                                   {"HAVE", "have", 0},      {"NEED", "need", 0},
                                                   {"TEXT", "text", 40},     {"SUBJECT", "id:subject", 0}};
    render_table(out, result, columns, sizeof columns / sizeof columns[0]);
}

/* ---- changes */

/* The participant as it stands now, and the proposal while it needs more support. */
static void reply_done(struct node *node, struct call *call, const struct standing_done *done, json_t *before)
{
    const struct view *view = engine_view(node->engine);
    const struct view_participant *p = view == NULL ? NULL : view_participant(view, &done->pid);
    const struct view_proposal *waits = view == NULL ? NULL : standing_waits(view, done);
    if (p != NULL && done->type == HEADER_REPLACE && waits == NULL)
        p = view_participant_by_id(view, p->id); /* who goes on under the id */
    json_t *result = p == NULL ? json_object() : cmd_roster_participant_json(view, p);
    if (view != NULL && result != NULL) {
        json_object_set_new(result, "what", json_string(standing_type_text(done->type)));
        json_object_set_new(result, "entry", reply_id(&done->entry));
        json_object_set_new(result, "logs", json_integer((json_int_t)done->logs));
        json_object_set_new(result, "waits", waits == NULL ? json_null() : cmd_history_proposal_json(view, waits));
        json_object_set_new(result, "groups", cmd_history_changed_json(node, &done->pid, json_incref(before)));
    }
    json_decref(before);
    call_reply(call, result);
}

static void answer(struct node *node, struct call *call, enum gmm_err err, const struct standing_done *done,
                   json_t *before, const struct gmm_msg *msg)
{
    if (err == GMM_OK) {
        reply_done(node, call, done, before);
        return;
    }
    json_decref(before);
    reply_fail(call, err, msg, err == GMM_ENOTFOUND ? "gmm roster lists the participants" : NULL);
}

typedef enum gmm_err act_fn(struct node *node, const char *id, const char *reason, struct standing_done *out,
                            struct gmm_msg *msg);

static void act(struct node *node, struct call *call, act_fn *fn)
{
    struct gmm_msg msg = {.text = ""};
    struct standing_done done;
    if (view_or_fail(node, call) == NULL)
        return;
    json_t *before = cmd_history_all_json(node);
    answer(node, call, fn(node, call_text(call, "id"), call_text(call, "reason"), &done, &msg), &done, before, &msg);
}

static void suspend(struct node *node, struct call *call)
{
    act(node, call, standing_suspend);
}

static void restore(struct node *node, struct call *call)
{
    act(node, call, standing_restore);
}

static void expel(struct node *node, struct call *call)
{
    act(node, call, standing_expel);
}

static void amend(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct standing_done done;
    if (view_or_fail(node, call) == NULL)
        return;
    json_t *before = cmd_history_all_json(node);
    answer(node, call,
           standing_amend(node, call_text(call, "id"), call_text(call, "name"), call_text(call, "kind"), &done, &msg),
           &done, before, &msg);
}

static void cosign(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct standing_done done;
    if (view_or_fail(node, call) == NULL)
        return;
    json_t *choices = json_array(), *before = cmd_history_all_json(node);
    enum gmm_err err = standing_cosign(node, call_text(call, "ref"), &done, choices, &msg);
    if (err == GMM_EAMBIGUOUS) {
        json_decref(before);
        call_fail_choices(call, err, msg.text, "give 8 digits or more of the subject: gmm roster proposals", choices);
        return;
    }
    json_decref(choices);
    answer(node, call, err, &done, before, &msg);
}

static void replace_by(struct node *node, struct call *call, const void *bytes, size_t len,
                       const struct requests_judged *judged)
{
    struct gmm_msg msg = {.text = ""};
    struct standing_done done;
    json_t *before = cmd_history_all_json(node);
    answer(node, call, requests_replace(node, bytes, len, judged, &done, &msg), &done, before, &msg);
}

static void replace(struct node *node, struct call *call)
{
    if (view_or_fail(node, call) != NULL)
        cmd_roster_with_request(node, call, replace_by);
}

static void render_groups(const json_t *result, struct render *out)
{
    cmd_history_changed_render(json_object_get(result, "groups"), out);
}

static void render_participant(const json_t *result, struct render *out)
{
    render_field(out, "participant", reply_text(result, "participant"));
    render_field(out, "name", reply_text(result, "name"));
    render_word(out, "kind", reply_text(result, "kind"));
    render_word(out, "status", reply_text(result, "status"));
}

static void removal_render(const json_t *result, struct render *out)
{
    bool waits = cmd_history_waits_render(result, out);
    if (!waits)
        render_line(out, "%s is %s: what is posted from now on it cannot read; what it read before it keeps.",
                    reply_text(result, "participant"), lang_word(reply_text(result, "status")));
    render_line(out, "What it wrote up to what is held here stands (%lld logs named).",
                (long long)json_integer_value(json_object_get(result, "logs")));
    if (!waits)
        render_groups(result, out);
}

static void change_render(const json_t *result, struct render *out)
{
    if (json_is_true(json_object_get(result, "welcome")))
        render_line(out, "Next: give them the welcome file; there: gmm join @WELCOME.");
    else if (!cmd_history_waits_render(result, out))
        render_line(out, "Done: %s.", lang_word(reply_text(result, "what")));
    render_participant(result, out);
    render_groups(result, out);
}

static void ask(struct client *client, struct call *call, const char *question)
{
    if (!client_interactive(client) || client_args(client)->json || call_flag(call, "yes") ||
        client_confirm(client, question))
        client_forward(client, call);
    else
        call_fail(call, GMM_ESTATE, "nothing was changed", "gmm sync first: what is held here of it stands");
}

static void suspend_local(struct client *client, struct call *call)
{
    char question[512];
    snprintf(
        question, sizeof question,
        _("Suspend '%.200s'? It leaves every group until it is restored. What it wrote that is not held here has no "
          "effect."),
        call_text(call, "id"));
    ask(client, call, question);
}

static void expel_local(struct client *client, struct call *call)
{
    char question[512];
    snprintf(question, sizeof question,
             _("Propose to expel '%.200s'? With two thirds behind it, nobody talks to its offices any more."),
             call_text(call, "id"));
    ask(client, call, question);
}

/* ---- history */

static void history(struct node *node, struct call *call)
{
    const struct view *view = view_or_fail(node, call);
    if (view != NULL)
        call_reply(call, cmd_history_json(view, false));
}

static void at(struct node *node, struct call *call)
{
    struct fold_past *past = NULL;
    const struct charter *charter;
    uint64_t ms = (uint64_t)call_int(call, "date", 0);
    if (view_or_fail(node, call) == NULL)
        return;
    charter = directory_charter(engine_directory(node->engine));
    if (charter != NULL && ms < charter->time_ms) {
        call_fail(call, GMM_ENOTFOUND, "the network had not been founded by then", "gmm network show says when it was");
        return;
    }
    enum gmm_err err = fold_view_at(engine_fold(node->engine), ms, &past);
    if (err != GMM_OK) {
        reply_fail(call, err, NULL, NULL);
        return;
    }
    call_reply(call, cmd_roster_participants_json(fold_past_view(past)));
    fold_past_free(past);
}

/* ---- the table */

static const struct command_param removal_params[] = {
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the participant"},
    {"--reason", COMMAND_TEXT, 0, "TEXT", "why, for everybody to read"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask"},
};
static const struct command_param restore_params[] = {
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the participant"},
    {"--reason", COMMAND_TEXT, 0, "TEXT", "why, for everybody to read"},
};
static const struct command_param amend_params[] = {
    {"ID", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the participant"},
    {"--name", COMMAND_TEXT, 0, "TEXT", "its name for people"},
    {"--kind", COMMAND_TEXT, 0, "KIND", "member, government, employers, workers, civil-society, intl-org, observer"},
};
static const struct command_param replace_params[] = {
    {"ID", COMMAND_TEXT, 0, NULL, "the participant; its request under a new root waits here"},
    {"--card", COMMAND_IN, 0, "FILE", "the request that gmm join --offline wrote, instead of ID"},
    {"--fingerprint", COMMAND_TEXT, 0, "DIGITS", "as heard by phone: refuse any other card"},
    {"-o", COMMAND_OUT, 0, "WELCOME", "once it has effect: write the welcome file for an office without network"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask whether the fingerprint is right"},
};
static const struct command_param cosign_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "whom the proposal is about, or 8 digits or more of its subject"},
};
static const struct command_param at_params[] = {
    {"DATE", COMMAND_TIME, COMMAND_REQUIRED, NULL, "a date, or a time with a zone"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "roster suspend",
     PARAMS(removal_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = suspend,
     .local = suspend_local,
     .render = removal_render,
     .help = "Take a participant out of all groups for a time; the chair does.",
     .details = "Its sessions go on and it may still vote, but no new key of a group is for it. What it wrote stands "
                "as far as this home holds it.",
     .example = "gmm roster suspend unu --reason 'office closed until May'"},
    {.name = "roster restore",
     PARAMS(restore_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = restore,
     .render = change_render,
     .help = "Let a participant back in: the chair whom it suspended, two thirds anybody.",
     .example = "gmm roster restore unu"},
    {.name = "roster expel",
     PARAMS(removal_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = expel,
     .local = expel_local,
     .render = removal_render,
     .help = "Propose to expel a participant; two thirds of the others decide.",
     .details = "The others support it by gmm roster cosign ID. Once enough do, nobody opens a session with its "
                "offices, and of what it wrote only that stands which this home holds now.",
     .example = "gmm roster expel unu --reason 'left the group'"},
    {.name = "roster amend",
     PARAMS(amend_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = amend,
     .render = change_render,
     .help = "Change a participant's name or kind, as from observer to member; the chair does.",
     .example = "gmm roster amend unu --kind member"},
    {.name = "roster replace",
     PARAMS(replace_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = replace,
     .local = cmd_roster_add_local,
     .render = change_render,
     .help = "Propose that a participant whose root is lost goes on under a new one; two thirds decide.",
     .details = "It makes a new home with gmm init and asks with an invite made by gmm invite --for ID --replace. The "
                "others support it by gmm roster cosign ID. Its groups and its seat go on; its old keys are out. "
                "Without a network: --card CARD proposes it, and in effect --card CARD -o WELCOME makes the welcome.",
     .example = "gmm roster replace undp"},
    {.name = "roster cosign",
     PARAMS(cosign_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_ADMIN,
     .handler = cosign,
     .render = change_render,
     .help = "Support a proposal for our participant.",
     .example = "gmm roster cosign unu"},
    {.name = "roster proposals",
     .right = CONFIG_READ,
     .handler = proposals,
     .render = proposals_render,
     .help = "List what waits for the support of more participants.",
     .example = "gmm roster proposals"},
    {.name = "roster history",
     .right = CONFIG_READ,
     .handler = history,
     .render = cmd_history_render,
     .help = "List who was admitted, suspended, restored, expelled, amended, replaced, and by whom.",
     .example = "gmm roster history"},
    {.name = "roster at",
     PARAMS(at_params),
     .right = CONFIG_READ,
     .handler = at,
     .render = cmd_roster_list_render,
     .help = "Show the roster as it was at a date, judged by all that is known now.",
     .example = "gmm roster at 2014-06-30"},
};
const struct command_family command_standing = {commands, sizeof commands / sizeof commands[0]};
