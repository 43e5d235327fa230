/* erase. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/args.h"
#include "node/client.h"
#include "node/commands.h"
#include "node/erase.h"
#include "node/render.h"
#include "node/reply.h"

static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    call_fail_choices(call, err, msg->text[0] == '\0' ? gmm_err_text(err) : msg->text,
                      err == GMM_ENOTFOUND ? "gmm list shows what can be read here, gmm erase --status what was erased"
                                           : NULL,
                      choices);
}

static void status(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    json_t *list = NULL;
    enum gmm_err err = erase_list(node, call_text(call, "ref"), &list, &msg);
    if (err != GMM_OK)
        fail(call, err, &msg, NULL);
    else
        call_reply(call, list);
}

static enum gmm_err post(struct node *node, struct call *call, json_t *list, json_t *choices, struct gmm_msg *msg)
{
    struct read_found found;
    struct gmm_id *ids = NULL;
    size_t count = 0;
    enum gmm_err err = read_find(node, call_text(call, "ref"), NULL, &found, choices, msg);
    if (err == GMM_OK)
        err = erase_post(node, &found, call_flag(call, "all"), &ids, &count, msg);
    for (size_t i = 0; i < count && err == GMM_OK; i++)
        json_array_append_new(list, erase_json(node, &ids[i]));
    free(ids);
    read_close(&found);
    return err;
}

static void erase(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    if (call_text(call, "ref") == NULL) {
        call_fail(call, GMM_EUSAGE, "what is to be erased is missing",
                  "gmm erase REF erases, gmm erase --status shows what was erased");
        return;
    }
    json_t *choices = json_array(), *list = json_array();
    enum gmm_err err = post(node, call, list, choices, &msg);
    if (err != GMM_OK) {
        json_decref(list);
        fail(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    call_reply(call, list);
}

static void one_render(const json_t *e, struct render *out)
{
    static const struct render_column columns[] = {{"Participant", "participant", 0},
                                                   {"Office", "office", 0},
                                                   {"State", "word:status", 0},
                                                   {"Confirmed", "when:confirmed", 0}};
    const json_t *by = json_object_get(e, "by");
    char who[160];
    snprintf(who, sizeof who, "%s/%s", reply_text(by, "participant"), reply_text(by, "office"));
    render_line(out, "%s", reply_text(e, "id"));
    render_field(out, "Erased by", who);
    render_field(out, "Time", reply_text(e, "erased"));
    render_field(out, "Group", reply_text(e, "group"));
    render_word(out, "Here", reply_text(e, "state"));
    if (reply_text(e, "reason")[0] != '\0')
        render_field(out, "Reason", reply_text(e, "reason"));
    if (reply_text(e, "deletes")[0] != '\0')
        render_field(out, "Deleted from", reply_text(e, "deletes"));
    if (reply_text(e, "deleted")[0] != '\0')
        render_field(out, "Deleted", reply_text(e, "deleted"));
    render_line(out, "%lld offices have confirmed, %lld have not.",
                (long long)json_integer_value(json_object_get(e, "confirmed")),
                (long long)json_integer_value(json_object_get(e, "waiting")));
    render_table(out, json_object_get(e, "offices"), columns, sizeof columns / sizeof *columns);
}

static void erase_render(const json_t *result, struct render *out)
{
    const json_t *e;
    size_t i;
    if (json_array_size(result) == 0)
        render_line(out, "Nothing was erased.");
    json_array_foreach(result, i, e) one_render(e, out);
}

/* `gmm erase --status [REF]` is `gmm erase status [REF]`. */
static void ask_status(struct client *client, struct call *call)
{
    json_t *reply = NULL, *args = json_object();
    if (call_text(call, "ref") != NULL)
        json_object_set_new(args, "ref", json_string(call_text(call, "ref")));
    enum gmm_err err = client_call(client, "erase status", args, NULL, 0, &reply);
    call_answer(call, err, reply);
}

static void erase_local(struct client *client, struct call *call)
{
    char question[512];
    const char *ref = call_text(call, "ref");
    if (call_flag(call, "status")) {
        ask_status(client, call);
        return;
    }
    snprintf(question, sizeof question,
             _("Erase '%.200s' at every office? Hidden at once and deleted after 72 hours; nothing brings it back. "
               "Copies outside of the nodes stay."),
             ref == NULL ? "" : ref);
    if (ref == NULL || call_flag(call, "yes") || client_args(client)->json || !client_interactive(client) ||
        client_confirm(client, question))
        client_forward(client, call);
    else
        call_fail(call, GMM_ECLOSED, "not confirmed: nothing was erased", "--yes erases without asking");
}

static const struct command_param erase_params[] = {
    {"REF", COMMAND_TEXT, 0, NULL, "the document, note or practice: a symbol, an id, or 8 digits or more of one"},
    {"--all", COMMAND_FLAG, 0, NULL, "every version and language of its symbol"},
    {"--status", COMMAND_FLAG, 0, NULL, "nothing is erased: the same as gmm erase status"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask"},
};
static const struct command_param status_params[] = {
    {"REF", COMMAND_TEXT, 0, NULL, "8 digits or more of the id of what was erased, or of its erasure"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "erase",
     PARAMS(erase_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_POST,
     .handler = erase,
     .local = erase_local,
     .render = erase_render,
     .help = "Erase what was posted, at every office.",
     .details =
         "The participant that posted it may, and who leads its group. It is hidden at once and deleted 72 hours "
         "later; each office confirms that then. What is kept (gmm retain) or states a position in a "
         "consultation stays. Copies outside of the nodes, and offices that have left, are not reached.",
     .example = "gmm erase GMG/2014/1"},
    {.name = "erase status",
     PARAMS(status_params),
     .right = CONFIG_READ,
     .handler = status,
     .render = erase_render,
     .help = "Show what was erased, who has confirmed it, and who has not.",
     .example = "gmm erase status 3f0c9a1e"},
};
const struct command_family command_erase = {commands, sizeof commands / sizeof commands[0]};
