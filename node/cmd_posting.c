/* post, note. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/answers.h"
#include "node/backlog.h"
#include "node/client.h"
#include "node/cmd_batch.h"
#include "node/commands.h"
#include "node/item.h"
#include "node/next.h"
#include "node/note.h"
#include "node/post.h"
#include "node/render.h"
#include "node/reply.h"
#include "node/times.h"

/* ---- post */

static const char *group_kind(enum epoch_group_kind kind)
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

static json_t *post_json(struct node *node, const struct post_plan *plan, const struct gmm_id *id)
{
    return json_pack("{s:o, s:o, s:I, s:o, s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:b, s:o}", "id", item_id(id),
                     "symbol", item_text(plan->symbol), "version", (json_int_t)plan->version, "group",
                     item_text(plan->audience.name), "group_kind", group_kind(plan->audience.kind), "readers",
                     groups_readers(node, &plan->audience), "offices", (json_int_t)plan->audience.offices, "bytes",
                     (json_int_t)plan->bytes, "marking", item_text(record_marking_text(plan->marking)), "tlp",
                     item_text(record_tlp_text(plan->tlp)), "title", item_text(plan->title), "lang",
                     item_text(plan->lang), "lang_assumed", plan->lang_assumed, "embargo",
                     render_json_time(plan->embargo_ms));
}

/* "Same key, same id": what was posted under this key, as it was then. */
static void reply_again(struct node *node, struct call *call, const struct gmm_id *id)
{
    struct gmm_msg msg = {.text = ""};
    struct projection_item item;
    struct post_plan plan = {.version = 1};
    char hex[GMM_ID_HEX + 1];
    const char *const to = hex;
    enum gmm_err err = projection_get(node->projection, id, &item);
    if (err != GMM_OK) {
        reply_fail(call, err, NULL, NULL);
        return;
    }
    id_to_hex(&item.gid, hex);
    err = groups_resolve(node, &to, 1, &plan.audience, NULL, &msg);
    snprintf(plan.title, sizeof plan.title, "%s", item.title == NULL ? "" : item.title);
    snprintf(plan.symbol, sizeof plan.symbol, "%s", item.symbol == NULL ? "" : item.symbol);
    snprintf(plan.lang, sizeof plan.lang, "%s", item.lang == NULL ? "" : item.lang);
    plan.lang_assumed = call_text(call, "lang") == NULL && id_is_zero(&item.revises);
    plan.version = item.version;
    plan.marking = (enum record_marking)item.marking;
    plan.tlp = (enum record_tlp)item.tlp;
    plan.bytes = item.bytes;
    projection_item_close(&item);
    if (err == GMM_OK)
        call_reply(call, post_json(node, &plan, id));
    else
        reply_fail(call, err, &msg, NULL);
    post_plan_close(&plan);
}

static const char *remedy_of(enum gmm_err err)
{
    if (err == GMM_EEXISTS)
        return N_("gmm show SYMBOL lists what is held");
    return err == GMM_ENOTFOUND ? N_("gmm list, gmm group list and gmm roster show what is known here") : NULL;
}

/* Fails the call, choices stolen. */
static void fail(struct call *call, enum gmm_err err, const struct gmm_msg *msg, json_t *choices)
{
    const char *text = msg->text[0] == '\0' ? gmm_err_text(err) : msg->text;
    call_fail_choices(call, err, text, remedy_of(err), choices);
}

struct files {
    const char *to[LIMIT_PARTICIPANTS];
    struct post_file attachments[LIMIT_ATTACHMENTS];
};

static void read_request(struct call *call, struct post_request *request, struct files *files)
{
    *request = (struct post_request){.to = files->to,
                                     .title = call_text(call, "title"),
                                     .symbol = call_text(call, "symbol"),
                                     .lang = call_text(call, "lang"),
                                     .marking = call_text(call, "marking"),
                                     .revises = call_text_at(call, "revises", 0),
                                     .merges = call_text_at(call, "revises", 1),
                                     .translates = call_text(call, "translates"),
                                     .person = call_person(call),
                                     .attachments = files->attachments,
                                     .attachment_count = call_count(call, "attach")};
    size_t to = call_count(call, "to");
    for (size_t i = 0; i < to && i < LIMIT_PARTICIPANTS; i++)
        files->to[request->to_count++] = call_text_at(call, "to", i);
    request->file.fd = call_file(call, "file", 0, request->file.name);
    for (size_t i = 0; i < request->attachment_count && i < LIMIT_ATTACHMENTS; i++)
        files->attachments[i].fd = call_file(call, "attach", i, files->attachments[i].name);
}

static enum gmm_err read_embargo(struct call *call, struct post_request *request, struct gmm_msg *msg)
{
    const char *text = call_text(call, "embargo");
    uint64_t now_ms = node_now_ms();
    enum gmm_err err = text == NULL ? GMM_OK : times_parse(&request->embargo_ms, text, now_ms, msg);
    if (err == GMM_OK && text != NULL && request->embargo_ms <= now_ms)
        return gmm_fail(msg, GMM_EUSAGE, "--embargo is a date to come: 2014-03-14, or 2014-03-14T17:00+01:00");
    return err;
}

/* A document that follows no other, under no symbol and no key: nothing that is held bears on it. */
static bool stands_alone(const struct call *call)
{
    static const char *const following[] = {"revises", "translates", "symbol", "once", "embargo"};
    for (size_t i = 0; i < sizeof following / sizeof *following; i++)
        if (call_count(call, following[i]) > 0)
            return false;
    return !call_flag(call, "dry-run");
}

/* shares: its commit, with what else is posted now; it is answered then. */
static void post_planned(struct node *node, struct call *call, struct post_request *request, bool shares)
{
    struct gmm_msg msg = {.text = ""};
    struct post_plan plan = {.version = 0};
    struct gmm_id id = {{0}};
    json_t *choices = json_array();
    enum gmm_err err = read_embargo(call, request, &msg);
    if (err == GMM_OK)
        err = post_make_plan(node, request, &plan, choices, &msg);
    if (err == GMM_OK && !call_flag(call, "dry-run"))
        err = post_publish(node, request, &plan, shares, &id, &msg);
    if (err != GMM_OK) {
        fail(call, err, &msg, choices);
    } else {
        json_t *reply = post_json(node, &plan, &id);
        json_decref(choices);
        if (shares)
            answers_hold(node, call, reply);
        else
            call_reply(call, reply);
    }
    post_plan_close(&plan);
}

static void post(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct post_request request;
    struct gmm_id id;
    uint8_t once[32];
    struct files *files = calloc(1, sizeof *files);
    if (files == NULL) {
        call_fail(call, GMM_ENOMEM, NULL, NULL);
        return;
    }
    bool shares = answers_can_wait(node) && stands_alone(call);
    enum gmm_err err = shares ? GMM_OK : backlog_before(node, true, &msg);
    read_request(call, &request, files);
    if (call_text(call, "once") != NULL) {
        post_once_key(node, once, call_text(call, "once"));
        request.once = once;
    }
    if (err != GMM_OK)
        call_fail(call, err, msg.text, NULL);
    else if (call_count(call, "revises") > 2)
        call_fail(call, GMM_EUSAGE, "a version follows one other, or joins two", NULL);
    else if (request.file.fd < 0)
        call_fail(call, GMM_EUSAGE, "no file to post: FILE, \"-\" for standard input, or --batch TABLE", NULL);
    else if (request.once != NULL && store_get_once(node->store, once, &id) == GMM_OK)
        reply_again(node, call, &id);
    else
        post_planned(node, call, &request, shares);
    free(files);
}

/* "On a terminal, `all` or above unclassified asks first." */
static bool confirmed(struct client *client, struct call *call)
{
    unsigned fd_count;
    char question[400];
    json_t *reply = NULL, *args = json_deep_copy(call_args(call));
    const int *fds = call_fds(call, &fd_count);
    if (args == NULL || json_object_set_new(args, "dry-run", json_true()) != 0) {
        json_decref(args);
        return true; /* the post itself will say what is wrong */
    }
    bool asked = client_call(client, "post", args, fds, fd_count, &reply) == GMM_OK;
    const char *marking = reply_text(reply, "marking");
    bool wide = strcmp(reply_text(reply, "group_kind"), "all") == 0;
    bool yes = true;
    if (asked && (wide || (marking[0] != '\0' && strcmp(marking, "unclassified") != 0))) {
        snprintf(question, sizeof question, _("Post to '%.200s', %zu participants, marked %s?"),
                 reply_text(reply, "group"), json_array_size(json_object_get(reply, "readers")), marking);
        yes = client_confirm(client, question);
    }
    json_decref(reply);
    return yes;
}

static void post_local(struct client *client, struct call *call)
{
    if (json_object_get(call_args(call), "batch") != NULL) {
        cmd_batch_local(client, call);
        return;
    }
    bool ask = client_interactive(client) && !call_flag(call, "yes") && !call_flag(call, "dry-run") &&
               json_object_get(call_args(call), "file") != NULL;
    if (ask && !confirmed(client, call))
        call_fail(call, GMM_ECLOSED, "not confirmed: nothing was posted", "--yes posts without asking");
    else
        client_forward(client, call);
}

static void readers_render(const json_t *result, struct render *out)
{
    const json_t *reader;
    size_t i;
    fputs(_("Who can read: "), out->out);
    json_array_foreach(json_object_get(result, "readers"), i, reader)
    {
        fputs(i == 0 ? "" : ", ", out->out);
        render_text(out, json_string_value(reader));
    }
    render_line(out, " (%lld offices now)", (long long)json_integer_value(json_object_get(result, "offices")));
}

static void batch_render(const json_t *result, struct render *out)
{
    const json_t *row;
    size_t i;
    json_array_foreach(result, i, row)
    {
        fprintf(out->out, "%s\t", reply_text(row, "id"));
        render_text(out, reply_text(row, "path"));
        fputc('\n', out->out);
    }
}

static void post_render(const json_t *result, struct render *out)
{
    if (json_is_array(result)) {
        batch_render(result, out);
        return;
    }
    if (json_object_get(result, "documents") != NULL) {
        render_line(out, "Nothing was posted. The table has %lld documents and %lld notes, all in order.",
                    (long long)json_integer_value(json_object_get(result, "documents")),
                    (long long)json_integer_value(json_object_get(result, "notes")));
        return;
    }
    if (reply_text(result, "id")[0] != '\0')
        render_line(out, "%s", reply_text(result, "id"));
    else
        render_line(out, "Nothing was posted (--dry-run).");
    render_field(out, "Title", reply_text(result, "title"));
    if (reply_text(result, "symbol")[0] != '\0')
        render_field(out, "Symbol", reply_text(result, "symbol"));
    render_line(out, "Version: %lld, %s, %lld bytes, %s%s%s",
                (long long)json_integer_value(json_object_get(result, "version")), reply_text(result, "lang"),
                (long long)json_integer_value(json_object_get(result, "bytes")), reply_text(result, "marking"),
                reply_text(result, "tlp")[0] != '\0' ? ", " : "", reply_text(result, "tlp"));
    if (json_is_true(json_object_get(result, "lang_assumed")))
        render_line(out, "Language: %s (assumed; --lang says another)", reply_text(result, "lang"));
    if (json_is_string(json_object_get(result, "embargo"))) {
        fprintf(out->out, _("%s: "), _("Under embargo until"));
        render_time(out, json_object_get(result, "embargo"));
        render_line(out, "; this office must run then, or be opened later, to disclose it.");
    }
    render_field(out, "Group", reply_text(result, "group"));
    readers_render(result, out);
}

/* ---- note */

static void say_held(struct node *node, struct call *call, const struct gmm_id *document)
{
    struct projection_item item;
    char ref[NEXT_REF];
    next_id(ref, document);
    if (projection_get(node->projection, document, &item) == GMM_OK) {
        next_ref(ref, &item);
        projection_item_close(&item);
    }
    call_say(call, "Kept inside, not yet released: gmm release publishes one position of your participant.");
    call_say(call, "Next: gmm release %s", ref);
}

static void note(struct node *node, struct call *call)
{
    struct gmm_msg msg = {.text = ""};
    struct note_posted posted = {0};
    struct projection_item item;
    uint8_t once[32];
    int64_t para = call_int(call, "para", 0);
    struct note_request request = {.ref = call_text(call, "ref"),
                                   .position = call_text(call, "position"),
                                   .text = call_text(call, "text"),
                                   .proposed = call_text(call, "propose"),
                                   .reply_to = call_text(call, "reply-to"),
                                   .person = call_person(call),
                                   .internal = call_flag(call, "internal")};
    json_t *choices = json_array();
    enum gmm_err err = GMM_OK;
    if (para > UINT32_MAX)
        err = gmm_fail(&msg, GMM_EUSAGE, "--para is a paragraph's number");
    request.para = (uint32_t)para;
    if (call_text(call, "once") != NULL) {
        post_once_key(node, once, call_text(call, "once"));
        request.once = once;
    }
    bool again = request.once != NULL && store_get_once(node->store, once, &posted.id) == GMM_OK &&
                 projection_get(node->projection, &posted.id, &item) == GMM_OK;
    if (again) {
        posted.document = item.document;
        posted.gid = item.gid;
        projection_item_close(&item);
    } else if (err == GMM_OK) {
        err = note_post(node, &request, &posted, choices, &msg);
    }
    if (err != GMM_OK) {
        fail(call, err, &msg, choices);
        return;
    }
    json_decref(choices);
    if (posted.held)
        say_held(node, call, &posted.document);
    call_reply(call, json_pack("{s:o, s:o, s:o}", "id", reply_id(&posted.id), "document", reply_id(&posted.document),
                               "group", item_group(node, &posted.gid)));
}

static void note_render(const json_t *result, struct render *out)
{
    render_line(out, "%s", reply_text(result, "id"));
    render_field(out, "Group", reply_text(result, "group"));
}

static const struct command_param post_params[] = {
    {"FILE", COMMAND_IN, 0, NULL, "the file to post, or - for standard input"},
    {"--to", COMMAND_TEXT, COMMAND_REPEATED, "GROUP|ID,…", "who can read: one group, or participants"},
    {"--title", COMMAND_TEXT, 0, "TITLE", "the file's name when not given"},
    {"--symbol", COMMAND_TEXT, 0, "SYMBOL", "the symbol that all its versions and languages share"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "its language; not given: that of what it revises, else the office's"},
    {"--marking", COMMAND_TEXT, 0, "MARKING",
     "unclassified, confidential, strictly-confidential; also TLP:AMBER, …; not given: that of what it revises or "
     "translates, else unclassified"},
    {"--attach", COMMAND_IN, COMMAND_REPEATED, "FILE", "an attachment; may be given again"},
    {"--revises", COMMAND_TEXT, COMMAND_REPEATED, "REF",
     "the document whose next version this is; twice where two heads become one"},
    {"--translates", COMMAND_TEXT, 0, "REF", "the document that this is another language of"},
    {"--embargo", COMMAND_TEXT, 0, "DATE", "nobody else can open it before; this office discloses it then"},
    {"--once", COMMAND_TEXT, 0, "KEY", "the same key gives the same id and no second entry"},
    {"--batch", COMMAND_IN, 0, "TABLE", "many documents and notes from a table, or - for standard input"},
    {"--dry-run", COMMAND_FLAG, 0, NULL, "show readers, marking and bytes; post nothing"},
    {"--yes", COMMAND_FLAG, 0, NULL, "do not ask"},
};
static const struct command_param note_params[] = {
    {"REF", COMMAND_TEXT, COMMAND_REQUIRED, NULL, "the document, or the note that is answered"},
    {"TEXT", COMMAND_WORDS, 0, NULL, "what the note says, or - for standard input"},
    {"--para", COMMAND_INT, 0, "N", "the paragraph that it is about"},
    {"--position", COMMAND_TEXT, 0, "POSITION",
     "support, comment, amendment, concern, reservation, objection, no-comment, no-objection"},
    {"--propose", COMMAND_WORDS, 0, "TEXT", "wording proposed instead, or - for standard input"},
    {"--reply-to", COMMAND_TEXT, 0, "NOTE", "the note that it answers"},
    {"--internal", COMMAND_FLAG, 0, NULL, "for our own offices only"},
    {"--yes", COMMAND_FLAG, 0, NULL, "as for post; a note asks nothing"},
    {"--once", COMMAND_TEXT, 0, "KEY", "the same key gives the same id and no second entry"},
};
static const struct command_param check_params[] = {
    {"--tsv", COMMAND_IN, COMMAND_REQUIRED, "TABLE", "the table"},
    {"--to", COMMAND_TEXT, 0, "GROUP", "for rows without one"},
    {"--lang", COMMAND_TEXT, 0, "LANG", "for rows without one"},
    {"--marking", COMMAND_TEXT, 0, "MARKING", "for rows without one"},
    {"--once", COMMAND_TEXT, 0, "KEY", "for rows without one"},
};
static const struct command_param put_params[] = {
    {"--batch", COMMAND_INT, COMMAND_REQUIRED, "N", "the batch"},
    {"--first", COMMAND_INT, COMMAND_REQUIRED, "ROW", "the first row of the slice"},
    {"--sizes", COMMAND_JSON, COMMAND_REQUIRED, "ARRAY", "bytes of each row"},
    {"--data", COMMAND_IN, COMMAND_REQUIRED, "FILE", "the rows' bytes"},
};
static const struct command_param end_params[] = {
    {"--batch", COMMAND_INT, COMMAND_REQUIRED, "N", "the batch"},
};

#define PARAMS(array) .params = array, .param_count = sizeof array / sizeof array[0]

static const struct command commands[] = {
    {.name = "post",
     PARAMS(post_params),
     .flags = COMMAND_WRITES | COMMAND_JUDGES,
     .right = CONFIG_POST,
     .handler = post,
     .local = post_local,
     .render = post_render,
     .help = "Post a document to a group, or to participants.",
     .details = "A marking tells people what they may do with it; the group is what encryption enforces. A table for "
                "--batch is UTF-8 with tabs; its first line names the columns: path title symbol lang to marking "
                "revises translates once kind id parent anchor position.",
     .example = "gmm post draft.docx --symbol GMG/2014/1 --lang fr --to decent-work"},
    {.name = "note",
     PARAMS(note_params),
     .flags = COMMAND_WRITES,
     .right = CONFIG_NOTE,
     .handler = note,
     .render = note_render,
     .help = "Comment a document, one paragraph of it, or answer a note.",
     .example = "gmm note GMG/2014/1 --para 7 --position amendment --propose -"},
    {.name = "post batch-check",
     PARAMS(check_params),
     .flags = COMMAND_HIDDEN | COMMAND_WRITES,
     .right = CONFIG_POST | CONFIG_NOTE,
     .handler = cmd_batch_check,
     .help = "A step of post --batch."},
    {.name = "post batch-put",
     PARAMS(put_params),
     .flags = COMMAND_HIDDEN | COMMAND_WRITES | COMMAND_BEHIND,
     .right = CONFIG_POST | CONFIG_NOTE,
     .handler = cmd_batch_put,
     .help = "A step of post --batch."},
    {.name = "post batch-end",
     PARAMS(end_params),
     .flags = COMMAND_HIDDEN | COMMAND_WRITES | COMMAND_BEHIND,
     .right = CONFIG_POST | CONFIG_NOTE,
     .handler = cmd_batch_end,
     .help = "A step of post --batch."},
};
const struct command_family command_posting = {commands, sizeof commands / sizeof commands[0]};
